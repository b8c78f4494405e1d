// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/analysis.hpp>

#include <hessolve/core/buffer.hpp>

#include "dense/tridiagonal.hpp"
#include "kernel/dot.hpp"
#include "kernel/need.hpp"
#include "kernel/random.hpp"

#include <cmath>

namespace hessolve {
namespace {

/// A vector of random signs.
template <class R>
void random_signs(std::uint64_t seed, Index sample, Index n, R* z) {
  RandomStream random(seed, static_cast<std::uint64_t>(sample));
  for (Index i = 0; i < n; ++i) {
    z[i] = (random.bits() >> 63) != 0 ? R(1) : R(-1);
  }
}

template <class R>
bool finite(const R* x, Index n) {
  R sum = 0;
  for (Index i = 0; i < n; ++i) {
    sum += x[i] * R(0);
  }
  return sum == R(0);
}

/// Lanczos from the first column of Q on; @return the order of T, less than `steps` where the space is invariant, or
/// -1 where a product is not finite.
template <class R>
Index lanczos(const Operator<R>& A, Index steps, ColMajor<R> Q, R* d, R* e) {
  const Index n = A.rows();
  const Buffer<R> w(n);
  R size = 0;
  for (Index k = 0; k < steps; ++k) {
    A.apply(Q.col(k), w.data());
    if (!finite(w.data(), n)) {
      return -1;
    }
    d[k] = long_dot<false, R>(Q.col(k), w.data(), n);
    for (int pass = 0; pass < 2; ++pass) {  // against all that came before, twice: orthogonal to rounding
      for (Index j = k; j >= 0; --j) {
        subtract_multiple<R>(n, long_dot<false, R>(Q.col(j), w.data(), n), Q.col(j), w.data());
      }
    }
    const R length = std::sqrt(long_dot<false, R>(w.data(), w.data(), n));
    size = std::max({size, std::abs(d[k]), length});
    if (k + 1 == steps) {
      break;
    }
    if (!(length > static_cast<R>(n) * epsilon<R> * size)) {
      return k + 1;
    }
    e[k] = length;
    for (Index i = 0; i < n; ++i) {
      Q(i, k + 1) = w[i] / length;
    }
  }
  return steps;
}

}  // namespace

template <class R>
Outcome spectral_density(const Operator<R>& A, Index samples, Index steps, std::uint64_t seed, R* nodes, R* weights,
                         const Stop& stop) {
  const Index n = A.rows();
  need(A.cols() == n && steps >= 1 && steps <= n && samples >= 1,
       "A must be square, with at least one sample and 1 ... n steps");
  const Matrix<R> Q(n, steps);
  const Buffer<R> d(steps);
  const Buffer<R> e(steps);
  const Matrix<R> Z(steps, steps);
  for (Index s = 0; s < samples; ++s) {
    if (stop.requested()) {
      return {Reason::stopped};
    }
    random_signs<R>(seed, s, n, Q.view().col(0));
    const R length = std::sqrt(static_cast<R>(n));
    for (Index i = 0; i < n; ++i) {
      Q(i, 0) /= length;
    }
    const Index order = lanczos<R>(A, steps, Q.view(), d.data(), e.data());
    if (order < 0) {
      return {Reason::non_finite};
    }
    if (const Outcome outcome = tridiagonal_ql<R>(order, d.data(), e.data(), Z.view().block(0, 0, order, order));
        !outcome.ok()) {
      return outcome;
    }
    for (Index k = 0; k < steps; ++k) {
      nodes[s * steps + k] = d[std::min(k, order - 1)];
      weights[s * steps + k] = k < order ? Z(0, k) * Z(0, k) : R(0);
    }
  }
  return {};
}

template <class R>
Outcome estimate_trace(const Operator<R>& A, Index samples, std::uint64_t seed, R* estimates, const Stop& stop) {
  const Index n = A.rows();
  need(A.cols() == n, "A must be square");
  const Buffer<R> z(n);
  const Buffer<R> y(n);
  for (Index s = 0; s < samples; ++s) {
    if (stop.requested()) {
      return {Reason::stopped};
    }
    random_signs<R>(seed, s, n, z.data());
    A.apply(z.data(), y.data());
    if (!finite(y.data(), n)) {
      return {Reason::non_finite};
    }
    estimates[s] = long_dot<false, R>(z.data(), y.data(), n);
  }
  return {};
}

template <class R>
Outcome estimate_diagonal(const Operator<R>& A, Index samples, std::uint64_t seed, R* diagonal, R* errors,
                          const Stop& stop) {
  const Index n = A.rows();
  need(A.cols() == n && samples >= 1, "A must be square, with at least one sample");
  const Buffer<R> z(n);
  const Buffer<R> y(n);
  std::fill_n(diagonal, n, R(0));
  std::fill_n(errors, n, R(0));  // sums of squares about the mean  [Welford 1962, doi 10.1080/00401706.1962.10490022]
  for (Index s = 0; s < samples; ++s) {
    if (stop.requested()) {
      return {Reason::stopped};
    }
    random_signs<R>(seed, s, n, z.data());
    A.apply(z.data(), y.data());
    if (!finite(y.data(), n)) {
      return {Reason::non_finite};
    }
    for (Index i = 0; i < n; ++i) {
      const R value = z[i] * y[i];
      const R away = value - diagonal[i];
      diagonal[i] += away / static_cast<R>(s + 1);
      errors[i] += away * (value - diagonal[i]);
    }
  }
  for (Index i = 0; i < n; ++i) {
    const R freedom = static_cast<R>(samples) * static_cast<R>(std::max<Index>(samples - 1, 1));
    errors[i] = samples > 1 ? std::sqrt(std::max(R(0), errors[i]) / freedom) : std::numeric_limits<R>::infinity();
  }
  return {};
}

#define INSTANTIATE(R)                                                                                        \
  template Outcome spectral_density<R>(const Operator<R>&, Index, Index, std::uint64_t, R*, R*, const Stop&); \
  template Outcome estimate_trace<R>(const Operator<R>&, Index, std::uint64_t, R*, const Stop&);              \
  template Outcome estimate_diagonal<R>(const Operator<R>&, Index, std::uint64_t, R*, R*, const Stop&);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
