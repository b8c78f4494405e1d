// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/eigh.hpp>

#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/qr.hpp>

#include "dense/tridiagonal.hpp"
#include "kernel/eigen_setup.hpp"
#include "kernel/scaling.hpp"
#include "kernel/team.hpp"

#include <Eigen/Eigenvalues>

#include <limits>

namespace hessolve {
namespace {

/// Order up to which one thread does it all in its first-level cache.
constexpr Index tiny = 16;

/// A = V diag(w) V^H or w alone, A of moderate size.
template <class T>
Outcome with_tridiagonal_form(ColMajor<T> A, Real<T>* w, bool vectors, const Stop& stop) {
  using R = Real<T>;
  const Index n = A.rows;
  const Buffer<R> e(n);
  const Buffer<T> tau(n);
  Outcome outcome = tridiagonalize<T>(A, w, e.data(), tau.data(), stop);
  if (outcome.ok() && !vectors) {
    return tridiagonal_eigvalsh<R>(n, w, e.data());
  }
  if (!outcome.ok()) {
    return outcome;
  }
  const Matrix<R> Z(n, n);
  outcome = tridiagonal_eigh<R>(n, w, e.data(), Z.view(), stop);
  if (outcome.ok() && stop.requested()) {
    outcome = {Reason::stopped};
  }
  if (!outcome.ok()) {
    return outcome;
  }
  const auto back = [&](ColMajor<T> V) {
    apply_q<T>(A.block(1, 0, n - 1, n - 1), tau.data(), n - 1, Trans::none, V.block(1, 0, n - 1, n));
    parallel_for(n, n > 512, [&](Index j) { std::copy_n(V.col(j), n, A.col(j)); });
  };
  if constexpr (is_complex<T>) {
    const Matrix<T> V(n, n);
    as_eigen(V.view()) = as_eigen(Z.view()).template cast<T>();
    back(V.view());
  } else {
    back(Z.view());
  }
  return {};
}

/// The same by Eigen's iteration on the whole matrix.
template <class T>
Outcome with_qr_iteration(ColMajor<T> A, Real<T>* w, bool vectors) {
  Eigen::SelfAdjointEigenSolver<EigenMatrix<T>> solver(A.rows);
  solver.compute(as_eigen(A), vectors ? Eigen::ComputeEigenvectors : Eigen::EigenvaluesOnly);
  std::copy_n(solver.eigenvalues().data(), A.rows, w);
  if (vectors) {
    as_eigen(A) = solver.eigenvectors();
  }
  return {solver.info() == Eigen::Success ? Reason::ok : Reason::stagnated};
}

/// On the matrix scaled near 1 by a power of two, so that no square of an element leaves the range.
template <class T>
Outcome decompose(ColMajor<T> A, Real<T>* w, bool vectors, const Stop& stop) {
  const Index n = A.rows;
  Real<T> largest = 0;
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i) {
      largest = max_or_nan(largest, cheap_abs(A(i, j)));
    }
  }
  const int e = exponent_of(largest) == no_exponent ? 0 : exponent_of(largest);
  const Real<T> half = std::ldexp(Real<T>(1), -e / 2);  // the whole might itself leave the range
  const Real<T> other = std::ldexp(Real<T>(1), -e + e / 2);
  for (Index j = 0; j < n && e != 0; ++j) {
    for (Index i = j; i < n; ++i) {
      A(i, j) = A(i, j) * half * other;
    }
  }
  Outcome outcome{std::isfinite(largest) ? Reason::ok : Reason::stagnated};
  if (outcome.ok() && n > 0) {
    outcome = n <= tiny ? with_qr_iteration<T>(A, w, vectors) : with_tridiagonal_form<T>(A, w, vectors, stop);
  }
  for (Index i = 0; i < n && outcome.ok(); ++i) {
    w[i] = shift(w[i], e);
  }
  if (!outcome.ok()) {
    constexpr auto nan = std::numeric_limits<Real<T>>::quiet_NaN();
    std::fill_n(w, n, nan);
    as_eigen(A).setConstant(T(nan));
  }
  return outcome;
}

}  // namespace

template <class T>
Outcome eigh_in_place(ColMajor<T> A, Real<T>* w, const Stop& stop) {
  return decompose<T>(A, w, true, stop);
}

template <class T>
Outcome eigvalsh_in_place(ColMajor<T> A, Real<T>* w, const Stop& stop) {
  return decompose<T>(A, w, false, stop);
}

#define INSTANTIATE(T)                                                   \
  template Outcome eigh_in_place<T>(ColMajor<T>, Real<T>*, const Stop&); \
  template Outcome eigvalsh_in_place<T>(ColMajor<T>, Real<T>*, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
