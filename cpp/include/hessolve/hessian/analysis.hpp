// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/hessian/modify.hpp>
#include <hessolve/iterative/operator.hpp>

#include <cstdint>

/// What a Hessian says about a point: which way the function bends, how surely, and how long a step may be.
namespace hessolve {

enum class Definiteness : signed char {
  positive_definite,
  positive_semidefinite,  ///< no eigenvalue below zero, some within rounding of it
  negative_definite,
  negative_semidefinite,
  indefinite,
  zero,
};

enum class PointKind : signed char {
  minimum,
  maximum,
  saddle,
  degenerate,      ///< an eigenvalue is zero to rounding, and no two have opposite signs
  undecided,       ///< the error of H is larger than an eigenvalue that matters
  not_stationary,  ///< the gradient is not zero
};

[[nodiscard]] const char* name(Definiteness definiteness);
[[nodiscard]] const char* name(PointKind kind);

template <class R>
struct CurvatureReport {
  Inertia inertia;
  Index rank = 0;
  Index sure_positive = 0;    ///< eigenvalues beyond rounding and the error of H together
  Index sure_negative = 0;
  R condition = 0;            ///< largest over smallest modulus; infinite where an eigenvalue is zero to rounding
  R effective_condition = 0;  ///< the same over the eigenvalues that are not zero to rounding; NaN where all are
  R spectral_radius = 0;
  R rounding = 0;     ///< what eigenvalues are uncertain by, from arithmetic: n eps ||H||
  R uncertainty = 0;  ///< and together with the error of H
  R step_bound = 0;   ///< 1 / lambda_max, gradient steps up to twice which descend; infinite where lambda_max <= 0
  Definiteness definiteness = Definiteness::zero;
};

/// H V = M V diag(w), w ascending, V^T M V = I, and what follows from w. H is symmetric and real, its lower triangle is
/// read; M is null (the unit matrix) or positive definite. V may be null. `error`: ||H - the true Hessian||, as far as
/// known.
/// @return ok; not_positive_definite with the column where M is not; non_finite with the row; stagnated.
/// 9 n^3 flops with vectors, 4 n^3 / 3 without, 2 n^3 more with M.  [Golub & Van Loan, 8.1, 8.7.2]
template <class R>
[[nodiscard]] Outcome curvature(MatrixView<const R> H, MatrixView<const R> M, R error, R* w, MatrixView<R> V,
                                CurvatureReport<R>& report);

/// The report from eigenvalues alone, in any order.
template <class R>
[[nodiscard]] CurvatureReport<R> judge_curvature(const R* w, Index n, R error);

/// Which kind of point this is where the gradient has norm `gradient`, taken to be zero up to `tolerance`.
template <class R>
[[nodiscard]] PointKind kind_of_point(const CurvatureReport<R>& report, R gradient, R tolerance);

/// Nodes and weights (samples x steps, row by row) of the measure sum of (v_i^T z)^2 delta(lambda_i), for random
/// directions z of length 1: their mean estimates the spectral density of A. Lanczos with full reorthogonalisation,
/// `steps` products each; an invariant subspace found early leaves weights 0 at the end of a row.
/// @return ok; non_finite where a product was; stagnated; stopped.
/// [Golub and Meurant, Matrices, Moments and Quadrature; Lin, Saad and Yang 2016, doi 10.1137/130934283]
template <class R>
[[nodiscard]] Outcome spectral_density(const Operator<R>& A, Index samples, Index steps, std::uint64_t seed, R* nodes,
                                       R* weights, const Stop& stop = {});

/// Estimates of trace(A) from z^T A z with random signs z, one a sample.  [Hutchinson 1990, doi
/// 10.1080/03610919008812866]
template <class R>
[[nodiscard]] Outcome estimate_trace(const Operator<R>& A, Index samples, std::uint64_t seed, R* estimates,
                                     const Stop& stop = {});

/// diagonal := the mean of z * (A z) over random signs z; errors := the standard error of each element.
/// [Bekas, Kokiopoulou and Saad 2007, doi 10.1016/j.apnum.2007.01.003]
template <class R>
[[nodiscard]] Outcome estimate_diagonal(const Operator<R>& A, Index samples, std::uint64_t seed, R* diagonal, R* errors,
                                        const Stop& stop = {});

/// The minimum of the quadratic model along -g.
template <class R>
struct OptimalStep {
  R step = 0;       ///< g^T g / g^T H g; infinite where the model has no minimum along -g, 0 where g = 0
  R decrease = 0;   ///< (g^T g)^2 / (2 g^T H g)
  R curvature = 0;  ///< g^T H g / g^T g
};

/// From g and H g.
template <class R>
[[nodiscard]] OptimalStep<R> optimal_step(VectorView<const R> g, VectorView<const R> Hg);

}  // namespace hessolve
