// SPDX-License-Identifier: BSD-3-Clause
// Every factorisation: backward stable, inside its memory, reading only the triangle it says, over sizes around the
// block limits, all scalars, and solves with A, A^T and A^H.
#include "check.hpp"

#include <cstring>
#include <limits>

namespace hs = hessolve;
using hs::Index;
using hs::Trans;
using problems::backward_error;
using problems::bar;
using problems::Dense;

namespace {

constexpr Trans directions[] = {Trans::none, Trans::transpose, Trans::adjoint};

/// The strict upper triangle of a Hermitian matrix is neither to be read nor written.
template <class T>
void mark_upper(Dense<T>& A) {
  for (Index j = 0; j < A.cols(); ++j) {
    for (Index i = 0; i < j; ++i) {
      A(i, j) = T(55);
    }
  }
}

template <class T>
bool upper_is_marked(const Dense<T>& A) {
  for (Index j = 0; j < A.cols(); ++j) {
    for (Index i = 0; i < j; ++i) {
      if (A(i, j) != T(55)) {
        return false;
      }
    }
  }
  return true;
}

template <class T>
void lu(Index n) {
  const auto A = Dense<T>::random(n, n, 1);
  auto F = A;
  std::vector<Index> pivots(static_cast<std::size_t>(n + 1));
  CHECK(hs::lu_in_place<T>(F.view(), pivots.data()).ok());
  CHECK(F.gaps_untouched());
  for (Index k = 0; k < n; ++k) {
    CHECK(pivots[static_cast<std::size_t>(k)] >= k && pivots[static_cast<std::size_t>(k)] < n);
    for (Index i = k + 1; i < n; ++i) {
      CHECK(std::abs(F(i, k)) <= 1.5);  // partial pivoting (the cheap modulus is within sqrt(2) of the true one)
    }
  }
  const auto B = Dense<T>::random(n, 3, 2);
  for (const Trans trans : directions) {
    auto X = B;
    hs::lu_solve<T>(F.view(), pivots.data(), X.view(), trans);
    CHECK_FOR(backward_error(A, X, B, trans) <= 4 * bar<T>(n),
              "n = " + std::to_string(n));  // unrefined, random: growth is small
    CHECK(X.gaps_untouched());
  }
}

template <class T>
void cholesky(Index n) {
  const auto A = Dense<T>::hermitian(n, 3, 4.0);
  auto F = A;
  mark_upper(F);
  CHECK(hs::cholesky_in_place<T>(F.view()).ok());
  CHECK(F.gaps_untouched());
  CHECK(upper_is_marked(F));
  const auto B = Dense<T>::random(n, 3, 4);
  for (const Trans trans : directions) {
    auto X = B;
    hs::cholesky_solve<T>(F.view(), X.view(), trans);
    CHECK_FOR(backward_error(A, X, B, trans) <= bar<T>(n), "n = " + std::to_string(n));
  }
}

template <class T>
void cholesky_says_where_it_stopped(Index n) {
  for (Index bad : {Index(0), n / 2, n - 1}) {
    auto A = Dense<T>::hermitian(n, 5, 4.0);
    A(bad, bad) = T(-1);
    const hs::Outcome outcome = hs::cholesky_in_place<T>(A.view());
    CHECK(outcome.reason == hs::Reason::not_positive_definite);
    CHECK_FOR(outcome.where == bad, "n = " + std::to_string(n));
  }
  auto A = Dense<T>::hermitian(n, 5, 4.0);
  A(n - 1, 0) = std::numeric_limits<hs::Real<T>>::quiet_NaN();
  CHECK(!hs::cholesky_in_place<T>(A.view()).ok() || n == 1);
}

template <class T>
void ldlt(Index n) {
  for (const bool zero_diagonal : {false, true}) {
    auto A = Dense<T>::hermitian(n, 6, 0.0);
    for (Index i = 0; i < n && zero_diagonal && n > 1; ++i) {
      A(i, i) = T(0);  // 2x2 blocks, mostly
    }
    auto F = A;
    mark_upper(F);
    std::vector<Index> exchanges(static_cast<std::size_t>(n + 1));
    std::vector<T> subdiagonal(static_cast<std::size_t>(n + 1));
    const hs::Outcome outcome = hs::ldlt_in_place<T>(F.view(), exchanges.data(), subdiagonal.data());
    if (zero_diagonal && n == 3) {
      continue;  // may be singular by chance of structure; larger ones are not
    }
    CHECK(outcome.ok());
    CHECK(F.gaps_untouched());
    CHECK(upper_is_marked(F));
    const auto B = Dense<T>::random(n, 3, 7);
    for (const Trans trans : directions) {
      auto X = B;
      hs::ldlt_solve<T>(F.view(), exchanges.data(), subdiagonal.data(), X.view(), trans);
      CHECK_FOR(backward_error(A, X, B, trans) <= 10 * bar<T>(n), "n = " + std::to_string(n));  // unrefined
    }
  }
}

template <class T>
void triangular(Index n) {
  for (const auto triangle : {hs::Triangle::lower, hs::Triangle::upper}) {
    for (const auto diagonal : {hs::Diagonal::general, hs::Diagonal::unit}) {
      auto A = Dense<T>::random(n, n, 8);
      auto full = A;  // what A stands for
      for (Index j = 0; j < n; ++j) {
        for (Index i = 0; i < n; ++i) {
          const bool inside = triangle == hs::Triangle::lower ? i > j : i < j;
          A(i, j) *= static_cast<hs::Real<T>>(1.0 / static_cast<double>(n));
          full(i, j) = inside                                     ? A(i, j)
                       : i == j && diagonal == hs::Diagonal::unit ? T(1)
                       : i == j                                   ? A(i, j) = T(2) + A(i, j)
                                                                  : T(0);
        }
      }
      for (const Index columns : {1, 5, 70}) {
        const auto B = Dense<T>::random(n, columns, 9);
        for (const Trans trans : directions) {
          auto X = B;
          hs::triangular_solve<T>(A.view(), triangle, diagonal, trans, X.view());
          CHECK_FOR(backward_error(full, X, B, trans) <= bar<T>(n), "n = " + std::to_string(n));
          CHECK(X.gaps_untouched());
        }
      }
    }
  }
}

template <class T>
void banded(Index n) {
  for (const auto& [lower, upper] : {std::pair<Index, Index>{0, 0}, {1, 1}, {3, 1}, {0, 4}, {5, 0}, {2, 7}}) {
    if (n <= std::max(lower, upper)) {
      continue;
    }
    auto A = Dense<T>::random(n, n, 10);
    const hs::Band shape{n, lower, upper};
    Dense<T> band(shape.height(), n);
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < shape.height(); ++i) {
        band(i, j) = T(0);
      }
      if (lower == 0 || upper == 0) {
        A(j, j) += T(4);  // a random triangle has a condition number that grows like 2^n
      }
      for (Index i = 0; i < n; ++i) {
        if (i - j > lower || j - i > upper) {
          A(i, j) = T(0);
        } else {
          band(i - j + lower + upper, j) = A(i, j);
        }
      }
    }
    std::vector<Index> pivots(static_cast<std::size_t>(n));
    CHECK(hs::banded_lu_in_place<T>(shape, band.view(), pivots.data()).ok());
    CHECK(band.gaps_untouched());
    const auto B = Dense<T>::random(n, 2, 11);
    for (const Trans trans : directions) {
      auto X = B;
      hs::banded_lu_solve<T>(shape, band.view(), pivots.data(), X.view(), trans);
      CHECK_FOR(backward_error(A, X, B, trans) <= 10 * bar<T>(n), "n = " + std::to_string(n));  // unrefined
    }
  }
}

template <class T>
void qr(Index m, Index n) {
  const auto A = Dense<T>::random(m, n, 12);
  const Index r = std::min(m, n);
  for (const bool pivoted : {false, true}) {
    auto F = A;
    std::vector<T> tau(static_cast<std::size_t>(r + 1));
    std::vector<Index> permutation(static_cast<std::size_t>(n + 1));
    for (Index j = 0; j < n; ++j) {
      permutation[static_cast<std::size_t>(j)] = j;
    }
    if (pivoted) {
      hs::qr_pivoted_in_place<T>(F.view(), tau.data(), permutation.data());
    } else {
      hs::qr_in_place<T>(F.view(), tau.data());
    }
    CHECK(F.gaps_untouched());
    Dense<T> R(m, n);  // Q R must give A P back
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < m; ++i) {
        R(i, j) = i <= j ? F(i, j) : T(0);
      }
      CHECK(!pivoted || j == 0 || j >= r ||
            std::abs(F(j, j)) <= std::abs(F(j - 1, j - 1)) * (1 + 100 * hs::epsilon<T>));
    }
    hs::apply_q<T>(F.view(), tau.data(), r, Trans::none, R.view());
    double worst = 0;
    double size = 0;
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < m; ++i) {
        worst = std::max<double>(worst, std::abs(R(i, j) - A(i, permutation[static_cast<std::size_t>(j)])));
        size = std::max<double>(size, std::abs(A(i, j)));
      }
    }
    CHECK(worst <= bar<T>(std::max(m, n)) * size * 4);
    auto X = A;  // Q Q^H is the identity
    hs::apply_q<T>(F.view(), tau.data(), r, Trans::adjoint, X.view());
    hs::apply_q<T>(F.view(), tau.data(), r, Trans::none, X.view());
    double defect = 0;
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < m; ++i) {
        defect = std::max<double>(defect, std::abs(X(i, j) - A(i, j)));
      }
    }
    CHECK(defect <= bar<T>(std::max(m, n)) * size * 4);
  }
}

template <class T>
void singular_values(Index m, Index n) {
  const auto A = Dense<T>::random(m, n, 13);
  const hs::Svd<T> d = hs::svd<T>(A.view());
  const Index r = std::min(m, n);
  std::vector<hs::Real<T>> s(static_cast<std::size_t>(r));
  (void)hs::singular_values<T>(A.view(), s.data());
  double worst = 0;
  // Two algorithms, each with a backward error of at most about n eps ||A||, and so with such errors of every value.
  const hs::Real<T> apart = static_cast<hs::Real<T>>(std::max<Index>(20, r)) * hs::epsilon<T> * d.s[0];
  for (Index k = 0; k < r; ++k) {
    CHECK(d.s[k] >= 0 && (k == 0 || d.s[k] <= d.s[k - 1]));
    CHECK(std::abs(d.s[k] - s[static_cast<std::size_t>(k)]) <= apart);
  }
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < m; ++i) {
      problems::Wide sum = problems::wide(A(i, j));
      for (Index k = 0; k < r; ++k) {
        sum -= problems::wide(d.U(i, k)) * static_cast<long double>(d.s[k]) * std::conj(problems::wide(d.V(j, k)));
      }
      worst = std::max(worst, static_cast<double>(std::abs(sum)));
    }
  }
  CHECK(r == 0 || worst <= bar<T>(std::max(m, n)) * static_cast<double>(d.s[0]));
}

template <class T>
void singular_matrices_are_told() {
  for (const Index n : {1, 2, 8, 33, 64, 130, 260}) {
    for (const Index zero : {Index(0), n / 2, n - 1}) {
      auto A = Dense<T>::random(n, n, 14);
      for (Index i = 0; i < n; ++i) {
        A(i, zero) = T(0);
      }
      std::vector<Index> pivots(static_cast<std::size_t>(n));
      const hs::Outcome outcome = hs::lu_in_place<T>(A.view(), pivots.data());
      CHECK(outcome.reason == hs::Reason::singular);
      CHECK_FOR(outcome.where == zero, "n = " + std::to_string(n));
    }
  }
}

}  // namespace

/// A wish to stop is obeyed whenever it comes, leaves NaN alone, and is asked for all along the way.
template <class T>
void decompositions_stop(Index n) {
  const auto A = Dense<T>::random(n, n, 4);
  const auto run = [&](auto&& decompose) {
    int polls = 0;
    for (int allowed = 0; allowed < 1000; ++allowed) {
      int left = allowed;
      const hs::Stop stop{[](void* rest) { return --*static_cast<int*>(rest) < 0; }, &left};
      hs::Matrix<T> W(n, n);
      for (Index j = 0; j < n; ++j) {
        for (Index i = 0; i < n; ++i) {
          W(i, j) = A(i, j);
        }
      }
      const auto [outcome, first] = decompose(W.view(), stop);
      if (outcome.ok()) {
        CHECK(std::isfinite(first));
        break;
      }
      CHECK(outcome.reason == hs::Reason::stopped);
      CHECK(std::isnan(first));
      ++polls;
    }
    CHECK(polls >= static_cast<int>(n / 32));
  };
  using R = hs::Real<T>;
  std::vector<R> w(static_cast<std::size_t>(n));
  run([&](auto W, const hs::Stop& stop) { return std::pair{hs::eigh_in_place<T>(W, w.data(), stop), w[0]}; });
  run([&](auto W, const hs::Stop& stop) { return std::pair{hs::eigvalsh_in_place<T>(W, w.data(), stop), w[0]}; });
  run([&](auto W, const hs::Stop& stop) { return std::pair{hs::singular_values<T>(W, w.data(), stop), w[0]}; });
  run([&](auto W, const hs::Stop& stop) {
    const hs::Svd<T> d = hs::svd<T>(W, stop);
    return std::pair{d.outcome, d.s[0]};
  });
}

int main() {
  problems::for_each_scalar([](auto t) {
    using T = decltype(t);
    for (const Index n : problems::sizes) {
      lu<T>(n);
      cholesky<T>(n);
      ldlt<T>(n);
      if (n > 0) {
        cholesky_says_where_it_stopped<T>(n);
        triangular<T>(n);
        banded<T>(n);
      }
    }
    for (const auto& [m, n] :
         {std::pair<Index, Index>{1, 1}, {5, 3}, {3, 5}, {40, 40}, {150, 20}, {20, 90}, {130, 100}}) {
      qr<T>(m, n);
      singular_values<T>(m, n);
    }
    singular_matrices_are_told<T>();
    decompositions_stop<T>(200);
  });
  return check::report();
}
