// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include "kernel/source.hpp"

#include <memory>

namespace hessolve {

/// Unpivoted QR of a full-rank A on equilibrated columns (of A^H on equilibrated rows, where A is wide).
/// Where a tall A has a constant column, the other columns are centred first: A = [c 1, 1 mean^T + W], and W is
/// factored. That is the exact elimination of the intercept, and it takes the size of the means out of the condition
/// number.
template <class T>
class FullRank {
 public:
  using R = Real<T>;
  explicit FullRank(const Source<T>& A);

  /// X := A^+ B
  void solve(In<T> B, ColMajor<T> X) const;
  /// Estimate of the reciprocal condition number of the equilibrated A; 0 where R is singular.
  [[nodiscard]] R rcond() const;

  /// ||x|| times the backward error of x (tall A), from the residual: ||P [r; 0]||, P the projector on the range of
  /// [A; (||r|| / ||x||) I].  [Karlson & Walden 1997, doi 10.1007/BF02510180; Gratton, Jimenez & Titley-Peloquin 2012]
  [[nodiscard]] double karlson_walden(const T* residual, double x_norm) const;
  /// First-order bound of max |x - x_true| / max |x| when every column and b carry relative perturbations `size`:
  /// |A^+| |E| |x| + |(A^H A)^-1| |E^H r|, with norms of the rows of R^-1.  [Higham, Accuracy and Stability, 20.1]
  [[nodiscard]] double forward_estimate(const T* x, R residual_norm, const R* column_norm, double size) const;

 private:
  [[nodiscard]] bool centred() const { return constant_ >= 0; }
  [[nodiscard]] Index unknown(Index column) const { return centred() && column >= constant_ ? column + 1 : column; }
  void solve_wide(In<T> B, ColMajor<T> X) const;
  void form_triangle();

  Index m_;
  Index n_;
  bool wide_;
  Index constant_ = -1;  // the constant column, or -1
  T constant_value_{};
  Matrix<T> W_;  // reflections and R
  Buffer<T> tau_;
  Buffer<R> scale_;     // of W's columns
  Buffer<T> mean_;      // of A's columns, where centred
  R shrinkage_ = 1;     // smallest ||centred column|| / ||column||
  Matrix<T> triangle_;  // R of A itself, unscaled, the constant column first (tall A)
};

/// What pivoted QR of n equilibrated columns takes for zero, relative to the largest diagonal element of R: above what
/// rounding leaves of dependent columns, some eps each whatever their length, and far below 1000 n eps.
template <class T>
[[nodiscard]] constexpr Real<T> rank_tolerance(Index n) {
  return 8 * static_cast<Real<T>>(n > 5 ? n : 5) * epsilon<T>;
}

/// sigma_1 / sigma_n of an upper triangle; above n = 256 from 1-norm estimates.
template <class T>
[[nodiscard]] double condition_of_triangle(InColMajor<T> triangle);

/// ||A^H r|| / ||r||: the size of the perturbation -r r^H A / ||r||^2, which makes x an exact minimiser.  [Stewart
/// 1977]
template <class T>
[[nodiscard]] double gradient_over_residual(const Source<T>& A, const T* residual, double residual_norm);

}  // namespace hessolve
