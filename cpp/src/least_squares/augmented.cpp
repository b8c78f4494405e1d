// SPDX-License-Identifier: BSD-3-Clause
#include "least_squares/augmented.hpp"
#include "kernel/fill.hpp"

#include "certify/residual.hpp"
#include "kernel/scaling.hpp"
#include "least_squares/orthogonal.hpp"

#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/triangular.hpp>

#include <cmath>

namespace hessolve {
namespace {

/// Solves the augmented system with A D = Q R in precision F, D powers of two that equilibrate the columns.
template <class T, class F>
class Augmented {
 public:
  explicit Augmented(const Source<T>& A) : m_(A.rows()), n_(A.cols()), W_(m_, n_), tau_(n_), exponent_(n_) {
    Buffer<Real<T>> norm(n_);
    std::fill_n(norm.data(), n_, Real<T>(0));
    visit_tiles<T>(A, 0, m_, [&](Index, Index j, ColMajor<const T> tile) {
      for (Index c = 0; c < tile.cols; ++c) {
        norm[j + c] = std::hypot(norm[j + c], norm2(tile.col(c), tile.rows));
      }
    });
    for (Index j = 0; j < n_; ++j) {
      const int e = exponent_of(norm[j]);
      exponent_[j] = e == no_exponent ? 0 : -e;
    }
    visit_tiles<T>(A, 0, m_, [&](Index i, Index j, ColMajor<const T> tile) {
      for (Index c = 0; c < tile.cols; ++c) {
        for (Index r = 0; r < tile.rows; ++r) {
          W_(i + r, j + c) = static_cast<F>(shift(tile(r, c), exponent_[j + c]));
        }
      }
    });
    qr_in_place<F>(W_.view(), tau_.data());
  }

  [[nodiscard]] double rcond() const {
    const double condition = condition_of_triangle<F>(triangle());
    return std::isfinite(condition) ? 1 / condition : 0.0;
  }

  /// [f; g] := [dr; dx] with dr + A dx = f and A^H dr = g; f is m x k, g n x k.
  void solve(ColMajor<T> f, ColMajor<T> g) const {
    const Index k = f.cols;
    Matrix<F> low(m_, k);
    Matrix<F> h(n_, k);
    Buffer<int> common(k);
    for (Index j = 0; j < k; ++j) {  // each right-hand side near 1: F may have a narrow range
      int e = no_exponent;
      for (Index i = 0; i < m_; ++i) {
        e = std::max(e, exponent_of(cheap_abs(f(i, j))));
      }
      for (Index i = 0; i < n_; ++i) {
        const int eg = exponent_of(cheap_abs(g(i, j)));
        e = eg == no_exponent ? e : std::max(e, eg + exponent_[i]);
      }
      common[j] = e == no_exponent ? 0 : e;
      for (Index i = 0; i < m_; ++i) {
        low(i, j) = static_cast<F>(shift(f(i, j), -common[j]));
      }
      for (Index i = 0; i < n_; ++i) {
        h(i, j) = static_cast<F>(shift(g(i, j), exponent_[i] - common[j]));
      }
    }
    triangular_solve<F>(triangle(), Triangle::upper, Diagonal::general, Trans::adjoint, h.view());  // R^-H D g
    apply_q<F>(W_.view(), tau_.data(), n_, Trans::adjoint, low.view());                             // [d1; d2] = Q^H f
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < n_; ++i) {
        const F d1 = low(i, j);
        low(i, j) = h(i, j);
        h(i, j) = d1 - h(i, j);
      }
    }
    triangular_solve<F>(triangle(), Triangle::upper, Diagonal::general, Trans::none, h.view());
    apply_q<F>(W_.view(), tau_.data(), n_, Trans::none, low.view());  // dr = Q [h; d2]
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < m_; ++i) {
        f(i, j) = shift(static_cast<T>(low(i, j)), common[j]);
      }
      for (Index i = 0; i < n_; ++i) {
        g(i, j) = shift(static_cast<T>(h(i, j)), common[j] + exponent_[i]);
      }
    }
  }

 private:
  [[nodiscard]] ColMajor<const F> triangle() const { return W_.view().block(0, 0, n_, n_); }

  Index m_;
  Index n_;
  Matrix<F> W_;
  Buffer<F> tau_;
  Buffer<int> exponent_;
};

/// a + b - sum exactly, sum being a + b rounded  [Knuth, TAOCP 2, 4.2.2].
template <class T>
T rounding_of_sum(T a, T b, T sum) {
  const T part = sum - a;
  return (a - (sum - part)) + (b - part);
}

/// Steps of refinement from X until it changes by no more than `goal`; what is left is then told. Without `error` a
/// step did not halve the change before that.
template <class T, class F>
Refinement iterate(const Augmented<T, F>& factor, const Source<T>& A, In<T> B, ColMajor<T> X, double goal) {
  constexpr int most = 40;
  const Index m = A.rows();
  const Index n = A.cols();
  const Index k = X.cols;
  const Source<T> A_adjoint{A.view.transposed(), Part::full, !A.conjugated};
  Matrix<T> r(m, k);  // r + low: the residual in twice the precision
  Matrix<T> low(m, k);
  Matrix<T> shifted(m, k);
  Matrix<T> f(m, k);
  Matrix<T> g(n, k);
  Matrix<T> g_low(n, k);
  Buffer<T> zeros(n);
  std::fill_n(zeros.data(), n, T(0));
  const MatrixView<const T> zero{zeros.data(), n, k, 1, 0};
  compensated_residual<T>(A, X, B, r.view());
  clear<T>(low.view());
  Buffer<double> before(k);
  std::fill_n(before.data(), k, std::numeric_limits<double>::infinity());
  for (int steps = 0; steps < most; ++steps) {
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < m; ++i) {
        shifted(i, j) = B(i, j) - r(i, j);
      }
    }
    compensated_residual<T>(A, X, shifted.view(), f.view());  // small: nothing of it is lost in rounding
    compensated_residual<T>(A_adjoint, r.view(), zero, g_low.view());
    residual<T>(A_adjoint, low.view(), g_low.view(), g.view());  // -A^H (r + low)
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < m; ++i) {
        f(i, j) += rounding_of_sum(B(i, j), T(-r(i, j)), shifted(i, j)) - low(i, j);
      }
    }
    factor.solve(f.view(), g.view());
    bool done = true;
    bool shrinking = true;
    for (Index j = 0; j < k; ++j) {
      const auto x = static_cast<double>(norm2(X.col(j), n));
      const auto d = static_cast<double>(norm2(g.view().col(j), n));
      const double change = d == 0 ? 0 : d / x;
      shrinking = shrinking && (change <= goal || change <= before[j] / 2);
      done = done && change <= goal;
      before[j] = change;
    }
    if (!shrinking) {
      return {steps};
    }
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < n; ++i) {
        X(i, j) += g(i, j);
      }
      for (Index i = 0; i < m; ++i) {
        const T added = low(i, j) + f(i, j);
        const T sum = r(i, j) + added;
        low(i, j) = rounding_of_sum(r(i, j), added, sum);
        r(i, j) = sum;
      }
    }
    if (done) {
      return {steps + 1, error_after<T>(*std::max_element(before.data(), before.data() + k))};
    }
  }
  return {most};
}

}  // namespace

template <class T>
Refinement refine_augmented(const Source<T>& A, In<T> B, ColMajor<T> X) {
  const Augmented<T, T> factor(A);
  return iterate<T, T>(factor, A, B, X, static_cast<double>(epsilon<T>) / 2);
}

template <class T>
bool solve_augmented_mixed(const Source<T>& A, In<T> B, ColMajor<T> X, double& rcond, int& steps) {
  using F = Half<T>;
  if constexpr (std::is_same_v<F, T>) {
    return false;
  } else {
    const Augmented<T, F> factor(A);
    rcond = factor.rcond();
    if (!(rcond >= 8 * static_cast<double>(epsilon<F>))) {
      return false;
    }
    Matrix<T> r(A.rows(), X.cols);
    copy_into<T>(B, r.view());
    clear<T>(X);
    factor.solve(r.view(), X);
    const Refinement done = iterate<T, F>(factor, A, B, X, 4 * static_cast<double>(epsilon<T>));
    steps = done.steps;
    return std::isfinite(done.error);
  }
}

#define INSTANTIATE(T)                                                           \
  template Refinement refine_augmented<T>(const Source<T>&, In<T>, ColMajor<T>); \
  template bool solve_augmented_mixed<T>(const Source<T>&, In<T>, ColMajor<T>, double&, int&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
