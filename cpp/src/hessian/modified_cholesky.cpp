// SPDX-License-Identifier: BSD-3-Clause
#include "hessian/modified_cholesky.hpp"

#include <hessolve/core/buffer.hpp>

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/gemm.hpp"

#include <numeric>
#include <utility>
#include <vector>

namespace hessolve {
namespace {

/// Exchange rows and columns p and q of a symmetric matrix with both triangles set.
template <class R>
void exchange(ColMajor<R> A, Index p, Index q) {
  if (p == q) {
    return;
  }
  std::swap_ranges(A.col(p), A.col(p) + A.rows, A.col(q));
  for (Index j = 0; j < A.cols; ++j) {
    std::swap(A(p, j), A(q, j));
  }
}

/// One step of Cholesky: A(j+1:, j+1:) -= a a^T / pivot with a = A(j+1:, j), both triangles.
template <class R>
void eliminate(ColMajor<R> A, Index j, R pivot) {
  const Index n = A.rows;
  const R* a = A.col(j);
  for (Index k = j + 1; k < n; ++k) {
    subtract_multiple<R>(n - j - 1, a[k] / pivot, a + j + 1, A.col(k) + j + 1);
  }
}

template <class R>
Index largest_diagonal(ColMajor<R> A, Index from, bool modulus) {
  Index best = from;
  for (Index i = from + 1; i < A.rows; ++i) {
    const R a = modulus ? std::abs(A(i, i)) : A(i, i);
    const R b = modulus ? std::abs(A(best, best)) : A(best, best);
    best = a > b ? i : best;
  }
  return best;
}

template <class R>
std::vector<Index> identity_order(Index n) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index(0));
  return order;
}

/// The eigenvalues of [a b; b c], the lower first.
template <class R>
std::pair<R, R> eigenvalues(R a, R b, R c) {
  const R mean = a / 2 + c / 2;
  const R radius = std::hypot(a / 2 - c / 2, b);
  return {mean - radius, mean + radius};
}

/// The second phase of Schnabel and Eskow, from column k on.
template <class R>
class SecondPhase {
 public:
  SecondPhase(ColMajor<R> A, R* e, std::vector<Index>& order, R gamma)
      : A_(A),
        n_(A.rows),
        e_(e),
        order_(order),
        floor_(std::pow(epsilon<R>, R(2) / 3) * gamma),
        bound_(static_cast<std::size_t>(n_)) {}

  void run(Index k) {
    const R tau = std::cbrt(epsilon<R>);
    if (k == n_ - 1) {
      const R a = A_(k, k);
      e_[order_[k]] = -a + std::max(-tau * a / (1 - tau), floor_);
      return;
    }
    for (Index i = k; i < n_; ++i) {  // lower ends of Gerschgorin's intervals
      R sum = 0;
      for (Index j = k; j < n_; ++j) {
        sum += j == i ? R(0) : std::abs(A_(i, j));
      }
      bound_[i] = A_(i, i) - sum;
    }
    R last = 0;
    for (Index j = k; j < n_ - 2; ++j) {
      const Index p = std::max_element(bound_.begin() + j, bound_.end()) - bound_.begin();
      exchange(A_, j, p);
      std::swap(order_[j], order_[p]);
      std::swap(bound_[j], bound_[p]);
      R radius = 0;
      for (Index i = j + 1; i < n_; ++i) {
        radius += std::abs(A_(i, j));
      }
      const R delta = std::max({R(0), -A_(j, j) + std::max(radius, floor_), last});
      if (delta > 0) {
        A_(j, j) += delta;
        last = delta;
      }
      e_[order_[j]] = delta;
      if (A_(j, j) != radius) {
        const R share = 1 - radius / A_(j, j);
        for (Index i = j + 1; i < n_; ++i) {
          bound_[i] += std::abs(A_(i, j)) * share;
        }
      }
      eliminate(A_, j, A_(j, j));
    }
    const auto [low, high] = eigenvalues(A_(n_ - 2, n_ - 2), A_(n_ - 1, n_ - 2), A_(n_ - 1, n_ - 1));
    const R delta = std::max({R(0), -low + std::max(tau * (high - low) / (1 - tau), floor_), last});
    e_[order_[n_ - 2]] = e_[order_[n_ - 1]] = delta;
  }

 private:
  ColMajor<R> A_;
  Index n_;
  R* e_;
  std::vector<Index>& order_;
  R floor_;
  std::vector<R> bound_;
};

}  // namespace

template <class R>
void gill_murray_wright(ColMajor<R> A, R* e) {
  const Index n = A.rows;
  R gamma = 0;
  R xi = 0;
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      R& largest = i == j ? gamma : xi;
      largest = std::max(largest, std::abs(A(i, j)));
    }
  }
  const R root = std::sqrt(std::max(R(1), static_cast<R>(n) * static_cast<R>(n) - 1));
  const R beta2 = std::max({gamma, xi / root, epsilon<R>});
  const R delta = epsilon<R> * std::max(gamma + xi, R(1));
  std::vector<Index> order = identity_order<R>(n);
  for (Index j = 0; j < n; ++j) {
    const Index p = largest_diagonal(A, j, true);
    exchange(A, j, p);
    std::swap(order[j], order[p]);
    R theta = 0;
    for (Index i = j + 1; i < n; ++i) {
      theta = std::max(theta, std::abs(A(i, j)));
    }
    const R d = std::max({delta, std::abs(A(j, j)), theta * theta / beta2});
    e[order[j]] = d - A(j, j);
    eliminate(A, j, d);
  }
}

template <class R>
void schnabel_eskow(ColMajor<R> A, R* e) {
  constexpr R relaxation = R(0.1);
  const Index n = A.rows;
  std::vector<Index> order = identity_order<R>(n);
  std::fill_n(e, n, R(0));
  const R gamma = std::abs(A(largest_diagonal(A, 0, true), largest_diagonal(A, 0, true)));
  const R floor = std::pow(epsilon<R>, R(2) / 3) * gamma;
  for (Index j = 0; j < n; ++j) {
    const Index p = largest_diagonal(A, j, false);
    R smallest = A(j, j);
    for (Index i = j + 1; i < n; ++i) {
      smallest = std::min(smallest, A(i, i));
    }
    const bool safe = A(p, p) >= floor && A(p, p) > 0 && smallest >= -relaxation * A(p, p);
    if (safe) {
      exchange(A, j, p);
      std::swap(order[j], order[p]);
    }
    R next = 0;
    for (Index i = j + 1; i < n && safe; ++i) {
      next = std::min(next, A(i, i) - A(i, j) / A(j, j) * A(i, j));
    }
    if (!safe || next < -relaxation * gamma) {
      SecondPhase<R>(A, e, order, gamma > 0 ? gamma : R(1)).run(j);
      return;
    }
    eliminate(A, j, A(j, j));
  }
}

namespace {

/// The largest modulus of column k beside the diagonal within rows and columns from j on, and its row.
template <class R>
std::pair<R, Index> largest_beside(ColMajor<R> A, Index j, Index k) {
  std::pair<R, Index> found{0, k};
  for (Index i = j; i < A.rows; ++i) {
    if (i != k && std::abs(A(i, k)) > found.first) {
      found = {std::abs(A(i, k)), i};
    }
  }
  return found;
}

/// The pivot for step j by the bounded Bunch-Kaufman search: one index, or two for a 2 x 2 block.
/// [Ashcraft, Grimes and Lewis 1998, doi 10.1137/S0895479896296921]
template <class R>
std::pair<Index, Index> bounded_pivot(ColMajor<R> A, Index j) {
  constexpr R alpha = R(0.6403882032022076);  // (1 + sqrt(17)) / 8
  Index i = j;
  auto [size, r] = largest_beside(A, j, i);
  if (size == 0 || std::abs(A(i, i)) >= alpha * size) {
    return {i, -1};
  }
  for (;;) {
    const auto [next, s] = largest_beside(A, j, r);
    if (std::abs(A(r, r)) >= alpha * next) {
      return {r, -1};
    }
    if (next <= size) {
      return {i, r};
    }
    i = r;
    size = next;
    r = s;
  }
}

}  // namespace

template <class R>
void cheng_higham(ColMajor<R> A, R delta) {
  const Index n = A.rows;
  std::vector<Index> order = identity_order<R>(n);
  const Matrix<R> L(n, n);
  const Matrix<R> LF(n, n);  // minus L F
  set_identity<R>(L.view());
  clear<R>(LF.view());
  struct Block {
    R f11 = 0, f21 = 0, f22 = 0;
  };
  std::vector<Block> change(static_cast<std::size_t>(n));
  std::vector<bool> pair(static_cast<std::size_t>(n), false);
  const auto bring = [&](Index to, Index from) {
    exchange(A, to, from);
    std::swap(order[to], order[from]);
    for (Index c = 0; c < to; ++c) {
      std::swap(L(to, c), L(from, c));
    }
  };
  for (Index j = 0; j < n;) {
    const auto [p, q] = bounded_pivot(A, j);
    bring(j, p);
    if (q < 0) {
      const R d = A(j, j);
      change[j].f11 = d >= delta ? R(0) : delta - d;
      if (d != 0) {
        for (Index i = j + 1; i < n; ++i) {
          L(i, j) = A(i, j) / d;
        }
        eliminate(A, j, d);
      }
      ++j;
      continue;
    }
    bring(j + 1, q == j ? p : q);
    pair[j] = true;
    const R a = A(j, j);
    const R b = A(j + 1, j);
    const R c = A(j + 1, j + 1);
    const auto [low, high] = eigenvalues(a, b, c);
    // the eigenvector of `high`, from the longer of two formulas; that of `low` is perpendicular
    R x = high - c;
    R y = b;
    if (std::abs(a - high) > std::abs(x)) {
      x = b;
      y = high - a;
    }
    const R length = std::hypot(x, y);
    x /= length;
    y /= length;
    const R up = std::max(R(0), delta - high);
    const R down = std::max(R(0), delta - low);
    change[j] = {up * x * x + down * y * y, (up - down) * x * y, up * y * y + down * x * x};
    const R scale = 1 / b;  // |b| is the largest: no overflow where the inverse is formed with it
    const R determinant = (a * scale) * (c * scale) - 1;
    for (Index i = j + 2; i < n; ++i) {
      const R u = A(i, j) * scale;
      const R v = A(i, j + 1) * scale;
      L(i, j) = ((c * scale) * u - v) / determinant;
      L(i, j + 1) = ((a * scale) * v - u) / determinant;
    }
    for (Index k = j + 2; k < n; ++k) {
      subtract_multiple<R>(n - j - 2, L(k, j), A.col(j) + j + 2, A.col(k) + j + 2);
      subtract_multiple<R>(n - j - 2, L(k, j + 1), A.col(j + 1) + j + 2, A.col(k) + j + 2);
    }
    j += 2;
  }
  for (Index j = 0; j < n; ++j) {
    const Block& f = change[j];
    subtract_multiple<R>(n, f.f11, L.view().col(j), LF.view().col(j));
    if (pair[j]) {
      subtract_multiple<R>(n, f.f21, L.view().col(j + 1), LF.view().col(j));
      subtract_multiple<R>(n, f.f21, L.view().col(j), LF.view().col(j + 1));
      subtract_multiple<R>(n, f.f22, L.view().col(j + 1), LF.view().col(j + 1));
      ++j;
    }
  }
  const Matrix<R> E(n, n);  // in the order of the pivots
  clear<R>(E.view());
  gemm_minus<Right::transposed, R>(E.view(), LF.view(), L.view());
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i) {
      A(order[i], order[j]) = A(order[j], order[i]) = E(i, j);
    }
  }
}

#define INSTANTIATE(R)                                  \
  template void gill_murray_wright<R>(ColMajor<R>, R*); \
  template void schnabel_eskow<R>(ColMajor<R>, R*);     \
  template void cheng_higham<R>(ColMajor<R>, R);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
