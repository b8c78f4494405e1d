// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/newton.hpp>

#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/cholesky.hpp>

#include "kernel/need.hpp"

#include <algorithm>

namespace hessolve {

namespace {

template <class R>
bool all_finite(ColMajor<R> p) {
  for (Index i = 0; i < p.rows; ++i) {
    if (!std::isfinite(p(i, 0))) {
      return false;
    }
  }
  return true;
}

/// L := the Cholesky factor of H. @return the column whose pivot is not above rounding, else -1.
template <class R>
Index factor(MatrixView<const R> H, ColMajor<R> L) {
  const Index n = H.rows;
  for (Index j = 0; j < n; ++j) {
    for (Index i = j; i < n; ++i) {
      L(i, j) = H(i, j);
    }
  }
  const Outcome outcome = cholesky_in_place<R>(L);
  if (!outcome.ok()) {
    return std::max<Index>(outcome.where, 0);
  }
  for (Index i = 0; i < n; ++i) {
    const R least = 8 * static_cast<R>(n) * std::numeric_limits<R>::epsilon() * H(i, i);
    if (!(L(i, i) * L(i, i) > least)) {  // a pivot is what is left of a diagonal element
      return i;
    }
  }
  return -1;
}

/// p := -(L L^T)^-1 g
template <class R>
bool solve_with(InColMajor<R> L, VectorView<const R> g, ColMajor<R> p) {
  for (Index i = 0; i < g.size; ++i) {
    p(i, 0) = -g[i];
  }
  cholesky_solve<R>(L, p);
  return all_finite(p);
}

}  // namespace

template <class R>
Outcome newton_step(MatrixView<const R> H, VectorView<const R> g, VectorView<R> p, const NewtonOptions& options,
                    NewtonReport<R>& report) {
  need(H.rows == H.cols && H.rows == g.size && H.rows == p.size, "newton_step: H is n x n, g and p have n elements");
  report = {};
  const Index n = H.rows;
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j <= i; ++j) {
      if (!std::isfinite(H(i, j))) {
        return {Reason::non_finite, i};
      }
    }
    if (!std::isfinite(g[i])) {
      return {Reason::non_finite, i};
    }
  }
  if (n == 0) {
    return {};
  }
  const Matrix<R> L(n, n);
  const Matrix<R> x(n, 1);
  const Index column = factor<R>(H, L.view());
  if (column >= 0 || !solve_with<R>(L.view(), g, x.view())) {
    if (!options.repair) {
      return column >= 0 ? Outcome{Reason::not_positive_definite, column} : Outcome{Reason::non_finite};
    }
    ModifyOptions modify;
    modify.method = options.modify;
    modify.negative = options.negative;
    modify.inertia = false;
    if (modify.method == Modification::automatic) {  // which changes nothing where only rounding makes H definite
      modify.method = n <= 512 ? Modification::eigenvalue : Modification::se99;
    }
    const Matrix<R> G(n, n);
    ModifyReport<R> done;
    Outcome outcome = modify_hessian<R>(H, G.view(), modify, done);
    report.method = done.method;
    report.modified = true;
    report.E_norm = done.E_norm;
    report.shift = done.shift;
    if (!outcome.ok()) {
      return outcome;
    }
    for (Index j = 0; j < n; ++j) {
      std::copy(G.view().col(j) + j, G.view().col(j) + n, L.view().col(j) + j);
    }
    outcome = cholesky_in_place<R>(L.view());
    if (!outcome.ok()) {
      return outcome;
    }
    if (!solve_with<R>(L.view(), g, x.view())) {
      return {Reason::non_finite};
    }
  }
  for (Index i = 0; i < n; ++i) {
    report.slope += g[i] * x(i, 0);
  }
  report.decrease = -report.slope / 2;
  for (Index i = 0; i < n; ++i) {
    p[i] = x(i, 0);
  }
  return {};
}

#define HESSOLVE_INSTANTIATE(R)                                                                                  \
  template Outcome newton_step<R>(MatrixView<const R>, VectorView<const R>, VectorView<R>, const NewtonOptions&, \
                                  NewtonReport<R>&);
HESSOLVE_INSTANTIATE(float)
HESSOLVE_INSTANTIATE(double)
#undef HESSOLVE_INSTANTIATE

}  // namespace hessolve
