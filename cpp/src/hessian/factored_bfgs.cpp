// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/update.hpp>
#include <hessolve/hessian/quasi_newton.hpp>

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/need.hpp"

namespace hessolve {
namespace {

/// out := L^T v
template <class R>
void adjoint_times(InColMajor<R> L, const R* v, R* out) {
  for (Index j = 0; j < L.cols; ++j) {
    out[j] = long_dot<false, R>(L.col(j) + j, v + j, L.rows - j);
  }
}

}  // namespace

template <class R>
FactoredBfgs<R>::FactoredBfgs(Index n, const QuasiNewtonOptions& options)
    : n_(n),
      options_(options),
      L_(n, n),
      t_(n),
      z_(n),
      Bs_(n) {
  need(n >= 0, "a matrix has n >= 0 rows");
  if (options_.min_curvature < 0) {
    options_.min_curvature = options_.exception == CurvatureException::skip ? 1e-8 : 0.2;
  }
  set_identity<R>(L_.view());
}

template <class R>
void FactoredBfgs<R>::set_scale(R scale) {
  need(scale > 0, "a scale is positive");
  clear<R>(L_.view());
  for (Index i = 0; i < n_; ++i) {
    L_(i, i) = std::sqrt(scale);
  }
  fresh_ = false;
}

template <class R>
void FactoredBfgs<R>::restore(MatrixView<const R> L, bool fresh, Index updates) {
  need(L.rows == n_ && L.cols == n_, "L must be n x n");
  for (Index j = 0; j < n_; ++j) {
    for (Index i = j; i < n_; ++i) {
      L_(i, j) = L(i, j);
    }
  }
  fresh_ = fresh;
  updates_ = updates;
}

template <class R>
void FactoredBfgs<R>::times(const R* v, R* out) const {
  std::fill_n(out, n_, R(0));
  for (Index j = 0; j < n_; ++j) {
    subtract_multiple<R>(n_ - j, -v[j], L_.view().col(j) + j, out + j);
  }
}

template <class R>
void FactoredBfgs<R>::dot(const R* v, R* out) const {
  const Buffer<R> t(n_);
  adjoint_times<R>(L_.view(), v, t.data());
  times(t.data(), out);
}

template <class R>
void FactoredBfgs<R>::solve(R* x) const {
  cholesky_solve<R>(L_.view(), ColMajor<R>{x, n_, 1, n_});
}

template <class R>
UpdateResult FactoredBfgs<R>::update(VectorView<const R> s, VectorView<const R> y) {
  need(s.size == n_ && y.size == n_, "s and y must have n elements");
  R finite = 0;
  R ss = 0;
  R yy = 0;
  R ys = 0;
  const Buffer<R> step(n_);
  for (Index i = 0; i < n_; ++i) {
    step[i] = s[i];
    z_[i] = y[i];
    finite += s[i] * R(0) + y[i] * R(0);
    ss += s[i] * s[i];
    yy += y[i] * y[i];
    ys += s[i] * y[i];
  }
  if (finite != R(0)) {
    return UpdateResult::non_finite;
  }
  if (ss == 0) {
    return UpdateResult::no_step;
  }
  if (yy == 0) {
    return UpdateResult::no_difference;
  }
  if (fresh_) {
    set_scale(ys == 0 ? R(1) : yy / std::abs(ys));
  }
  adjoint_times<R>(L_.view(), step.data(), t_.data());
  times(t_.data(), Bs_.data());
  const R sBs = long_dot<false, R>(t_.data(), t_.data(), n_);
  const R least = static_cast<R>(options_.min_curvature);
  UpdateResult result = UpdateResult::updated;
  if (!(ys > least * sBs)) {
    if (options_.exception == CurvatureException::skip || !(sBs > 0)) {
      return UpdateResult::skipped;
    }
    const R share = (1 - least) / (1 - ys / sBs);
    for (Index i = 0; i < n_; ++i) {
      z_[i] = share * z_[i] + (1 - share) * Bs_[i];
    }
    ys = long_dot<false, R>(step.data(), z_.data(), n_);
    result = UpdateResult::damped;
  }
  const R up = 1 / std::sqrt(ys);
  const R down = 1 / std::sqrt(sBs);
  for (Index i = 0; i < n_; ++i) {
    t_[i] = z_[i] * up;
    Bs_[i] *= down;
  }
  cholesky_update<R>(L_.view(), t_.data());
  if (!cholesky_downdate<R>(L_.view(), Bs_.data()).ok()) {  // take the update back, as far as rounding lets
    for (Index i = 0; i < n_; ++i) {
      t_[i] = z_[i] * up;
    }
    (void)cholesky_downdate<R>(L_.view(), t_.data());
    return UpdateResult::skipped;
  }
  ++updates_;
  return result;
}

template class FactoredBfgs<float>;
template class FactoredBfgs<double>;

}  // namespace hessolve
