// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/analysis.hpp>

#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/eigh.hpp>
#include <hessolve/dense/triangular.hpp>

#include "kernel/need.hpp"
#include "kernel/scaling.hpp"

#include <limits>

namespace hessolve {

const char* name(Definiteness definiteness) {
  switch (definiteness) {
    case Definiteness::positive_definite: return "positive definite";
    case Definiteness::positive_semidefinite: return "positive semidefinite";
    case Definiteness::negative_definite: return "negative definite";
    case Definiteness::negative_semidefinite: return "negative semidefinite";
    case Definiteness::indefinite: return "indefinite";
    case Definiteness::zero: return "zero";
  }
  return "";
}

const char* name(PointKind kind) {
  switch (kind) {
    case PointKind::minimum: return "minimum";
    case PointKind::maximum: return "maximum";
    case PointKind::saddle: return "saddle";
    case PointKind::degenerate: return "degenerate";
    case PointKind::undecided: return "undecided";
    case PointKind::not_stationary: return "not stationary";
  }
  return "";
}

namespace {

/// A symmetric copy from the lower triangle; the first row with an element that is not finite, or -1.
template <class R>
Index copy_symmetric(MatrixView<const R> A, ColMajor<R> out) {
  Index bad = -1;
  for (Index j = 0; j < A.cols; ++j) {
    for (Index i = j; i < A.rows; ++i) {
      out(i, j) = out(j, i) = A(i, j);
      bad = bad < 0 && !std::isfinite(A(i, j)) ? i : bad;
    }
  }
  return bad;
}

template <class R>
void transpose_in_place(ColMajor<R> A) {
  for (Index j = 0; j < A.cols; ++j) {
    for (Index i = 0; i < j; ++i) {
      std::swap(A(i, j), A(j, i));
    }
  }
}

Definiteness definiteness_of(const Inertia& inertia) {
  const auto [positive, negative, zero] = inertia;
  if (positive > 0 && negative > 0) {
    return Definiteness::indefinite;
  }
  if (positive > 0) {
    return zero > 0 ? Definiteness::positive_semidefinite : Definiteness::positive_definite;
  }
  if (negative > 0) {
    return zero > 0 ? Definiteness::negative_semidefinite : Definiteness::negative_definite;
  }
  return zero > 0 ? Definiteness::zero : Definiteness::positive_definite;  // vacuously, where there is no variable
}

}  // namespace

template <class R>
CurvatureReport<R> judge_curvature(const R* w, Index n, R error) {
  constexpr R infinity = std::numeric_limits<R>::infinity();
  CurvatureReport<R> report;
  R smallest = infinity;
  R highest = -infinity;
  for (Index i = 0; i < n; ++i) {
    report.spectral_radius = std::max(report.spectral_radius, std::abs(w[i]));
    smallest = std::min(smallest, std::abs(w[i]));
    highest = std::max(highest, w[i]);
  }
  report.rounding = static_cast<R>(n) * epsilon<R> * report.spectral_radius;
  report.uncertainty = report.rounding + error;
  R smallest_sure = infinity;
  for (Index i = 0; i < n; ++i) {
    if (std::abs(w[i]) <= report.rounding) {
      ++report.inertia.zero;
      continue;
    }
    ++(w[i] > 0 ? report.inertia.positive : report.inertia.negative);
    smallest_sure = std::min(smallest_sure, std::abs(w[i]));
    report.sure_positive += w[i] > report.uncertainty ? 1 : 0;
    report.sure_negative += w[i] < -report.uncertainty ? 1 : 0;
  }
  report.rank = n - report.inertia.zero;
  report.condition = report.inertia.zero > 0 ? infinity : n > 0 ? report.spectral_radius / smallest : R(1);
  report.effective_condition =
      report.rank > 0 ? report.spectral_radius / smallest_sure : std::numeric_limits<R>::quiet_NaN();
  report.step_bound = highest > report.rounding ? 1 / highest : infinity;
  report.definiteness = definiteness_of(report.inertia);
  return report;
}

template <class R>
PointKind kind_of_point(const CurvatureReport<R>& report, R gradient, R tolerance) {
  if (!(gradient <= tolerance)) {
    return PointKind::not_stationary;
  }
  if (report.sure_positive > 0 && report.sure_negative > 0) {
    return PointKind::saddle;
  }
  const auto [positive, negative, zero] = report.inertia;
  if (positive + negative > report.sure_positive + report.sure_negative) {
    return PointKind::undecided;
  }
  if (zero > 0) {
    return PointKind::degenerate;
  }
  return negative > 0 ? PointKind::maximum : PointKind::minimum;
}

template <class R>
Outcome curvature(MatrixView<const R> H, MatrixView<const R> M, R error, R* w, MatrixView<R> V,
                  CurvatureReport<R>& report) {
  const Index n = H.rows;
  const bool metric = M.data != nullptr;
  const bool vectors = V.data != nullptr;
  need(H.cols == n && (!metric || (M.rows == n && M.cols == n)) && (!vectors || (V.rows == n && V.cols == n)),
       "H, M and V must be square and of one size");
  const Matrix<R> A(n, n);
  if (const Index bad = copy_symmetric<R>(H, A.view()); bad >= 0) {
    return {Reason::non_finite, bad};
  }
  Matrix<R> L;
  if (metric) {
    L = Matrix<R>(n, n);
    if (const Index bad = copy_symmetric<R>(M, L.view()); bad >= 0) {
      return {Reason::non_finite, bad};
    }
    if (const Outcome outcome = cholesky_in_place<R>(L.view()); !outcome.ok()) {
      return outcome;
    }
    for (int side = 0; side < 2; ++side) {  // L^-1 H L^-T
      triangular_solve<R>(L.view(), Triangle::lower, Diagonal::general, Trans::none, A.view());
      transpose_in_place<R>(A.view());
    }
  }
  const Outcome outcome = vectors ? eigh_in_place<R>(A.view(), w) : eigvalsh_in_place<R>(A.view(), w);
  if (!outcome.ok()) {
    return outcome;
  }
  if (vectors) {
    if (metric) {
      triangular_solve<R>(L.view(), Triangle::lower, Diagonal::general, Trans::adjoint, A.view());
    }
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) {
        V(i, j) = A(i, j);
      }
    }
  }
  report = judge_curvature<R>(w, n, error);
  return {};
}

template <class R>
OptimalStep<R> optimal_step(VectorView<const R> g, VectorView<const R> Hg) {
  need(g.size == Hg.size, "g and H g must have the same length");
  R largest = 0;
  for (Index i = 0; i < g.size; ++i) {
    largest = max_or_nan(largest, std::abs(g[i]));
  }
  const R scale = power_of_two_inverse(largest);
  R square = 0;  // of the scaled gradient
  R curvature = 0;
  for (Index i = 0; i < g.size; ++i) {
    square += (g[i] * scale) * (g[i] * scale);
    curvature += (g[i] * scale) * (Hg[i] * scale);
  }
  OptimalStep<R> result;
  if (square == 0) {
    return result;
  }
  result.curvature = curvature / square;
  if (result.curvature > 0) {
    result.step = 1 / result.curvature;
    result.decrease = square / scale / scale / (2 * result.curvature);
  } else {
    result.step = result.decrease = std::numeric_limits<R>::infinity();
    if (result.curvature == 0) {
      result.curvature = 0;
    }
  }
  return result;
}

#define INSTANTIATE(R)                                                                                                \
  template CurvatureReport<R> judge_curvature<R>(const R*, Index, R);                                                 \
  template PointKind kind_of_point<R>(const CurvatureReport<R>&, R, R);                                               \
  template Outcome curvature<R>(MatrixView<const R>, MatrixView<const R>, R, R*, MatrixView<R>, CurvatureReport<R>&); \
  template OptimalStep<R> optimal_step<R>(VectorView<const R>, VectorView<const R>);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
