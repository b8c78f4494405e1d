// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "iterative/watch.hpp"

#include <hessolve/iterative/iterate.hpp>
#include <hessolve/iterative/spectral.hpp>

/// Iterations with fixed coefficients: sweeps, Richardson's with a preconditioner, Chebyshev's.
namespace hessolve {

/// Sweeps until the true residual, computed after each, is small enough.
template <class T>
Outcome iterate_sweeps(const Operator<T>& A, Sweeper<T>& sweeper, const T* b, T* x, const IterateOptions& options,
                       const Observer<T>& observer, IterateReport& report) {
  Watch<T> watch(A, b, options, observer, report, 200);
  Buffer<T> r(A.rows());
  double norm = watch.start(x, r.data());
  while (true) {
    if (watch.met(norm)) {
      return watch.end(Reason::converged);
    }
    if (watch.limit() <= watch.iterations()) {
      return watch.end(Reason::max_iterations);
    }
    if (const Outcome outcome = sweeper(b, x); !outcome.ok()) {
      return outcome;
    }
    norm = watch.true_residual(x, r.data());
    if (!watch.next(norm, [&] { return x; })) {
      return watch.outcome();
    }
  }
}

/// x := x + omega M (b - A x)
template <class T>
Outcome richardson(const Operator<T>& A, const T* b, T* x, const Operator<T>* M, double omega,
                   const IterateOptions& options, const Observer<T>& observer, IterateReport& report) {
  const Index n = A.rows();
  Watch<T> watch(A, b, options, observer, report, 200);
  Buffer<T> r(n);
  Buffer<T> z(M != nullptr ? n : 0);
  double norm = watch.start(x, r.data());
  while (true) {
    if (watch.met(norm)) {
      return watch.end(Reason::converged);
    }
    if (watch.limit() <= watch.iterations()) {
      return watch.end(Reason::max_iterations);
    }
    if (M != nullptr) {
      M->apply(r.data(), z.data());
    }
    vectors::add_multiple(n, T(static_cast<Real<T>>(omega)), M != nullptr ? z.data() : r.data(), x);
    norm = watch.true_residual(x, r.data());
    if (!watch.next(norm, [&] { return x; })) {
      return watch.outcome();
    }
  }
}

/// Chebyshev's iteration over the spectrum [low, high] of M A: x_k by a three-term recurrence.  [Saad, 12.3.2]
template <class T>
Outcome chebyshev(const Operator<T>& A, const T* b, T* x, const Operator<T>* M, Extremes spectrum,
                  const IterateOptions& options, const Observer<T>& observer, IterateReport& report) {
  using R = Real<T>;
  const Index n = A.rows();
  if (!(spectrum.lowest > 0)) {
    report.history.clear();
    return {Reason::breakdown, -1};  // A has an eigenvalue that is not positive
  }
  const auto high = static_cast<R>(1.01 * spectrum.highest);  // found from inside: a little more is safe
  const auto low = static_cast<R>(spectrum.lowest);
  const R middle = (high + low) / 2;
  const R half = (high - low) / 2;
  Watch<T> watch(A, b, options, observer, report, 1000);
  Buffer<T> memory((M != nullptr ? 3 : 2) * n);
  T* r = memory.data();
  T* d = r + n;
  T* z = M != nullptr ? d + n : r;
  double norm = watch.start(x, r);
  R rho = 0;
  bool first = true;
  while (true) {
    if (watch.met(norm)) {
      return watch.end(Reason::converged);
    }
    if (watch.limit() <= watch.iterations()) {
      return watch.end(Reason::max_iterations);
    }
    if (M != nullptr) {
      M->apply(r, z);
    }
    const R next = first ? half / middle : half / (2 * middle - rho * half);
    const R back = first ? R(0) : next * rho;
    const R along = first ? 1 / middle : 2 / (2 * middle - rho * half);
    vectors::for_blocks(n, [&](Index i, Index end) {
      for (; i < end; ++i) {
        d[i] = (first ? T(0) : back * d[i]) + along * z[i];
        x[i] += d[i];
      }
    });
    rho = next;
    first = false;
    norm = watch.true_residual(x, r);
    if (!watch.next(norm, [&] { return x; })) {
      return watch.outcome();
    }
  }
}

}  // namespace hessolve
