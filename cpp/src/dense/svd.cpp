// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/svd.hpp>

#include <hessolve/dense/qr.hpp>

#include "dense/bidiagonal.hpp"
#include "kernel/fill.hpp"
#include "kernel/scaling.hpp"
#include "kernel/team.hpp"

#include <algorithm>
#include <functional>
#include <limits>
#include <vector>

namespace hessolve {
namespace {

/// A matrix with at least as many rows as columns, scaled near 1 by a power of two, on the way to its bidiagonal form.
template <class T>
class Reduction {
 public:
  using R = Real<T>;
  /// Of A, or of A^H where that is the taller one.
  explicit Reduction(InColMajor<T> A)
      : flipped_(A.rows < A.cols),
        m_(std::max(A.rows, A.cols)),
        n_(std::min(A.rows, A.cols)),
        W_(m_, n_) {
    R largest = 0;
    for (Index j = 0; j < A.cols; ++j) {
      for (Index i = 0; i < A.rows; ++i) {
        largest = max_or_nan(largest, cheap_abs(A(i, j)));
      }
    }
    finite_ = std::isfinite(largest);
    exponent_ = exponent_of(largest) == no_exponent ? 0 : exponent_of(largest);
    const R half = std::ldexp(R(1), -exponent_ / 2);  // the whole might itself leave the range
    const R other = std::ldexp(R(1), -exponent_ + exponent_ / 2);
    for (Index j = 0; j < n_; ++j) {
      for (Index i = 0; i < m_; ++i) {
        W_(i, j) = (flipped_ ? conjugate(A(j, i)) : A(i, j)) * half * other;
      }
    }
  }

  [[nodiscard]] bool finite() const { return finite_; }
  [[nodiscard]] int exponent() const { return exponent_; }
  [[nodiscard]] bool flipped() const { return flipped_; }

  /// W = Q B P^H
  [[nodiscard]] Outcome run(R* d, R* e, const Stop& stop) {
    if (m_ > n_) {
      tau_ = Buffer<T>(n_);
      qr_in_place<T>(W_.view(), tau_.data());
      square_ = Matrix<T>(n_, n_);
      for (Index j = 0; j < n_; ++j) {
        std::copy_n(W_.view().col(j), j + 1, square_.view().col(j));
        std::fill(square_.view().col(j) + j + 1, square_.view().col(j) + n_, T(0));
      }
    } else {
      square_ = std::move(W_);
    }
    right_ = Matrix<T>(n_, n_);
    tau_q_ = Buffer<T>(n_);
    tau_p_ = Buffer<T>(n_);
    return bidiagonalize<T>(square_.view(), right_.view(), d, e, tau_q_.data(), tau_p_.data(), stop);
  }

  /// U := Q U_B (m x n), V := P V_B
  void back(InColMajor<R> U_B, InColMajor<R> V_B, ColMajor<T> U, ColMajor<T> V) const {
    const ColMajor<T> top = U.block(0, 0, n_, n_);
    parallel_for(n_, n_ > 256, [&](Index j) {
      std::copy_n(U_B.col(j), n_, top.col(j));
      std::copy_n(V_B.col(j), n_, V.col(j));
    });
    apply_q<T>(square_.view(), tau_q_.data(), n_, Trans::none, top);
    if (n_ > 1) {
      apply_q<T>(right_.view().block(1, 0, n_ - 1, n_ - 1), tau_p_.data(), n_ - 1, Trans::none,
                 V.block(1, 0, n_ - 1, n_));
    }
    if (m_ > n_) {
      clear<T>(U.block(n_, 0, m_ - n_, n_));
      apply_q<T>(W_.view(), tau_.data(), n_, Trans::none, U);
    }
  }

 private:
  bool flipped_;
  Index m_;
  Index n_;
  Matrix<T> W_;
  Matrix<T> square_;
  Matrix<T> right_;
  Buffer<T> tau_;
  Buffer<T> tau_q_;
  Buffer<T> tau_p_;
  int exponent_ = 0;
  bool finite_ = true;
};

/// The QR iteration on the whole of B, and its triplets in order.
template <class R>
Outcome by_iteration(Index n, R* d, R* e, ColMajor<R> U, ColMajor<R> V) {
  set_identity<R>(U);
  set_identity<R>(V);
  const Outcome found = bidiagonal_qr<R>(n, d, e, U, V);
  for (Index i = 0; i + 1 < n && found.ok(); ++i) {
    const Index largest = std::max_element(d + i, d + n) - d;
    if (largest != i) {
      std::swap(d[i], d[largest]);
      std::swap_ranges(U.col(i), U.col(i) + n, U.col(largest));
      std::swap_ranges(V.col(i), V.col(i) + n, V.col(largest));
    }
  }
  return found;
}

}  // namespace

template <class T>
Svd<T> svd(InColMajor<T> A, const Stop& stop) {
  using R = Real<T>;
  const Index m = std::max(A.rows, A.cols);
  const Index n = std::min(A.rows, A.cols);
  Matrix<T> U(m, n);
  Matrix<T> V(n, n);
  Buffer<R> s(n);
  Reduction<T> reduction(A);
  Outcome found{reduction.finite() ? Reason::ok : Reason::stagnated};
  const Buffer<R> e(n);
  if (found.ok() && n > 0) {
    found = reduction.run(s.data(), e.data(), stop);
  }
  if (found.ok() && n > 0) {
    const Matrix<R> U_B(n, n);
    const Matrix<R> V_B(n, n);
    const std::vector<R> diagonal(s.data(), s.data() + n);
    const std::vector<R> above(e.data(), e.data() + n);
    found = bidiagonal_svd<R>(n, s.data(), e.data(), U_B.view(), V_B.view(), stop);
    if (found.reason == Reason::stagnated) {  // a block that does not converge by itself may do so with its neighbours
      std::copy_n(diagonal.data(), n, s.data());
      std::copy_n(above.data(), n, e.data());
      found = by_iteration<R>(n, s.data(), e.data(), U_B.view(), V_B.view());
    }
    if (found.ok() && stop.requested()) {
      found = {Reason::stopped};
    }
    if (found.ok()) {
      reduction.back(U_B.view(), V_B.view(), U.view(), V.view());
    }
    for (Index i = 0; i < n && found.ok(); ++i) {
      s[i] = shift(s[i], reduction.exponent());
    }
  }
  if (!found.ok()) {  // not finite, no convergence, or stopped: never a value that looks like an answer
    constexpr R nan = std::numeric_limits<R>::quiet_NaN();
    std::fill_n(s.data(), n, nan);
    fill<T>(MatrixView<T>(U.view()), T(nan));
    fill<T>(MatrixView<T>(V.view()), T(nan));
  }
  return reduction.flipped() ? Svd<T>{std::move(V), std::move(U), std::move(s), found}
                             : Svd<T>{std::move(U), std::move(V), std::move(s), found};
}

template <class T>
Outcome singular_values(InColMajor<T> A, Real<T>* s, const Stop& stop) {
  using R = Real<T>;
  const Index n = std::min(A.rows, A.cols);
  Reduction<T> reduction(A);
  Outcome found{reduction.finite() ? Reason::ok : Reason::stagnated};
  const Buffer<R> e(n);
  if (found.ok() && n > 0) {
    found = reduction.run(s, e.data(), stop);
  }
  if (found.ok() && n > 0) {
    found = bidiagonal_qr<R>(n, s, e.data(), {}, {});
    std::sort(s, s + n, std::greater<>());
    for (Index i = 0; i < n; ++i) {
      s[i] = shift(s[i], reduction.exponent());
    }
  }
  if (!found.ok()) {
    std::fill_n(s, n, std::numeric_limits<R>::quiet_NaN());
  }
  return n == 0 ? Outcome{} : found;
}

#define INSTANTIATE(T)                                \
  template Svd<T> svd<T>(InColMajor<T>, const Stop&); \
  template Outcome singular_values<T>(InColMajor<T>, Real<T>*, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
