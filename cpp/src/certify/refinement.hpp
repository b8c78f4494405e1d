// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "certify/residual.hpp"
#include "kernel/scaling.hpp"

#include <hessolve/core/buffer.hpp>
#include <hessolve/solve/options.hpp>

#include <cmath>
#include <limits>

namespace hessolve {

inline constexpr int most_refinements = 5;

template <class T>
[[nodiscard]] Real<T> largest_modulus(const T* x, Index n) {
  Real<T> largest = 0;
  for (Index i = 0; i < n; ++i) {
    const Real<T> size = cheap_abs(x[i]);
    largest = size > largest || std::isnan(size) ? size : largest;
  }
  return largest;
}

/// ||r|| / (||A|| ||x|| + ||b||) in infinity norms, the largest over the columns.
template <class T>
[[nodiscard]] double backward_error_of(double norm_A, InColMajor<T> X, In<T> B, InColMajor<T> residual) {
  double worst = 0;
  for (Index j = 0; j < X.cols; ++j) {
    const auto r = static_cast<double>(largest_modulus(residual.col(j), X.rows));
    double b = 0;
    for (Index i = 0; i < X.rows; ++i) {
      b = std::max(b, static_cast<double>(cheap_abs(B(i, j))));
    }
    const auto x = static_cast<double>(largest_modulus(X.col(j), X.rows));
    worst = max_or_nan(worst, r == 0 ? 0 : relative_residual(r, norm_A, x, b));
  }
  return worst;
}

/// Refine the columns of X, solutions of a square system A X = B, until the backward error is at most `bar` or gains
/// less than a factor of two; never makes it worse. correct(R) overwrites R by A^-1 R. Returns the backward error.
/// [Higham, Accuracy and Stability, 12.1]
template <class T, class Correct>
[[nodiscard]] double refine(const Source<T>& A, double norm_A, double bar, ColMajor<T> X, In<T> B, int& refinements,
                            Correct&& correct) {
  const Index n = X.rows;
  Scratch<T, 64> memory(n * X.cols);
  const ColMajor<T> R{memory.data(), n, X.cols, n};
  residual<T>(A, X, B, R);
  double error = backward_error_of<T>(norm_A, X, B, R);
  if (!(error > bar) || !std::isfinite(error)) {  // A x itself may have overflowed
    return error;
  }
  Matrix<T> before(n, X.cols);
  for (int i = 0; i < most_refinements && error > bar; ++i) {
    correct(R);
    for (Index j = 0; j < X.cols; ++j) {
      std::copy_n(X.col(j), n, before.view().col(j));
      for (Index l = 0; l < n; ++l) {
        X(l, j) += R(l, j);
      }
    }
    residual<T>(A, X, B, R);
    const double now = backward_error_of<T>(norm_A, X, B, R);
    if (!(now < error)) {  // no better: keep what was
      copy_into<T>(MatrixView<const T>(before.view()), X);
      break;
    }
    ++refinements;
    const bool slow = now > error / 2;
    error = now;
    if (slow) {
      break;
    }
  }
  return error;
}

/// How a refinement with residuals of twice the precision went.
struct Refinement {
  int steps = 0;                                           ///< that were kept
  double error = std::numeric_limits<double>::infinity();  ///< what is left, relative to x: an estimate
};

/// What is left when a step that changed x by `change`, relative to x, was the last: each multiplies the error by at
/// most a half, so that it is no more than the change, here enlarged tenfold, and the rounding of x.
template <class T>
[[nodiscard]] double error_after(double change) {
  return 10 * change + 2 * static_cast<double>(epsilon<T>);
}

/// The error of a refined x takes the place of what its residual tells, which is at least cond(A) eps, as x is rounded.
/// Not where that leaves no digit: the steps then tell nothing.
inline void tighten(const Refinement& refinement, Certificate& certificate) {
  if (certificate.forward_error < 0.1 && refinement.error < certificate.forward_error) {
    certificate.forward_error = refinement.error;
    certificate.proven = false;
  }
}

/// Refine with residuals of twice the precision until X changes no more than its rounding, or less than halves: the
/// limit is A^-1 B rounded, as long as cond(A) eps < 1.  [Demmel et al. 2006, doi 10.1145/1141885.1141894]
template <class T, class Correct>
Refinement refine_extended(const Source<T>& A, ColMajor<T> X, In<T> B, Correct&& correct) {
  constexpr int most = 20;
  const Index n = X.rows;
  Matrix<T> R(A.rows(), X.cols);
  Matrix<T> D(n, X.cols);
  double before = std::numeric_limits<double>::infinity();
  for (int step = 0; step < most; ++step) {
    compensated_residual<T>(A, X, B, R.view());
    correct(R.view(), D.view());
    double change = 0;
    for (Index j = 0; j < X.cols; ++j) {
      const auto x = static_cast<double>(largest_modulus(X.col(j), n));
      const auto d = static_cast<double>(largest_modulus(D.view().col(j), n));
      change = max_or_nan(change, d == 0 ? 0 : d / x);
    }
    if (!(change <= before / 2)) {  // also for NaN
      return {step};
    }
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < n; ++i) {
        X(i, j) += D(i, j);
      }
    }
    if (change <= static_cast<double>(epsilon<T>) / 2) {
      return {step + 1, error_after<T>(change)};
    }
    before = change;
  }
  return {most};
}

}  // namespace hessolve
