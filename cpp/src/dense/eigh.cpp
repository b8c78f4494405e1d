// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/eigh.hpp>

#include "kernel/eigen_setup.hpp"
#include "kernel/scaling.hpp"

#include <Eigen/Eigenvalues>

#include <limits>

namespace hessolve {
namespace {

/// Tridiagonal form and implicit QR, on the matrix scaled near 1 by a power of two, so that no square of an element
/// leaves the range.
template <class T>
Outcome decompose(ColMajor<T> A, Real<T>* w, bool vectors) {
  const Index n = A.rows;
  Real<T> largest = 0;
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i) {
      largest = max_or_nan(largest, cheap_abs(A(i, j)));
    }
  }
  const int e = exponent_of(largest) == no_exponent ? 0 : exponent_of(largest);
  for (Index j = 0; j < n && e != 0; ++j) {
    for (Index i = j; i < n; ++i) {
      A(i, j) = shift(A(i, j), -e);
    }
  }
  using Solver = Eigen::SelfAdjointEigenSolver<EigenMatrix<T>>;
  bool converged = std::isfinite(largest);
  if (converged && n > 0) {
    Solver solver(n);
    solver.compute(as_eigen(A), vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
    converged = solver.info() == Eigen::Success;
    for (Index i = 0; i < n && converged; ++i) {
      w[i] = shift(solver.eigenvalues()[i], e);
    }
    if (converged && vectors) {
      as_eigen(A) = solver.eigenvectors();
      for (Index j = 0; j < n; ++j) {  // many rotations have worn the lengths
        const Real<T> length = norm2(A.col(j), n);
        for (Index i = 0; i < n; ++i) {
          A(i, j) /= length;
        }
      }
    }
  }
  if (!converged) {
    constexpr auto nan = std::numeric_limits<Real<T>>::quiet_NaN();
    std::fill_n(w, n, nan);
    as_eigen(A).setConstant(T(nan));
    return {Reason::stagnated};
  }
  return {};
}

}  // namespace

template <class T>
Outcome eigh_in_place(ColMajor<T> A, Real<T>* w) {
  return decompose<T>(A, w, true);
}

template <class T>
Outcome eigvalsh_in_place(ColMajor<T> A, Real<T>* w) {
  return decompose<T>(A, w, false);
}

#define INSTANTIATE(T)                                      \
  template Outcome eigh_in_place<T>(ColMajor<T>, Real<T>*); \
  template Outcome eigvalsh_in_place<T>(ColMajor<T>, Real<T>*);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
