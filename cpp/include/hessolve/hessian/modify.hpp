// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>

/// Hessians that are not positive definite, made so by a change E that is as small as the method knows how.
namespace hessolve {

enum class Modification : signed char {
  automatic,     ///< nothing where H is positive definite; else eigenvalue, or se99 where H is large
  max_element,   ///< E = I / max(H), which need not be enough
  shift,         ///< E = tau I with the smallest tau
  eigenvalue,    ///< eigenvalues below a small positive number raised to it, or reflected
  gmw,           ///< a diagonal E by the modified Cholesky factorisation of Gill, Murray and Wright
  se99,          ///< a diagonal E by the revised one of Schnabel and Eskow
  cheng_higham,  ///< E from the blocks of P H P^T = L D L^T
};

/// What becomes of a negative eigenvalue.
enum class NegativeCurvature : signed char {
  reflect,  ///< its modulus: a long step where the curvature is small
  clamp,    ///< a small positive number: E is the smallest in the 2-norm and in Frobenius'
};

/// Numbers of eigenvalues above, below and within rounding of zero: n eps ||H||.
struct Inertia {
  Index positive = 0;
  Index negative = 0;
  Index zero = 0;
};

[[nodiscard]] const char* name(Modification method);

struct ModifyOptions {
  Modification method = Modification::automatic;
  NegativeCurvature negative = NegativeCurvature::reflect;
  bool inertia = true;  ///< find it also where the method does not need the eigenvalues: 4 n^3 / 3 flops
};

/// What was done.
template <class R>
struct ModifyReport {
  Modification method = Modification::automatic;  ///< `automatic` only where nothing had to be done
  R E_norm = 0;                                   ///< ||E||_2
  R shift = 0;                                    ///< tau where E = tau I, else the largest E(i, i)
  R lowest = 0;                                   ///< the smallest eigenvalue of H, NaN where it was not asked for
  R highest = 0;
  Inertia before;
  bool inertia_known = false;
  bool definite = false;  ///< the result has a Cholesky factorisation; only max_element may fail
};

/// G := H + E, positive definite; H is symmetric and real, its lower triangle is read. G may be H. Eigenvalues of G
/// are at least sqrt(eps) ||H|| by shift and eigenvalue, and as the papers say by the others.
/// @return ok; not_positive_definite where max_element was not enough (G holds the result all the same); breakdown
/// where max(H) <= 0, so that I / max(H) means nothing; non_finite with the row; stagnated where eigenvalues did not
/// converge. n^3 / 3 flops for the modified factorisations, 4 n^3 / 3 for the eigenvalues, 9 n^3 with their vectors.
/// [Gill, Murray and Wright, Practical Optimization, 4.4.2.2; Schnabel and Eskow 1999, doi 10.1137/S105262349833266X;
/// Cheng and Higham 1998, doi 10.1137/S0895479896302898; Nocedal and Wright, 3.4]
template <class R>
[[nodiscard]] Outcome modify_hessian(MatrixView<const R> H, MatrixView<R> G, const ModifyOptions& options,
                                     ModifyReport<R>& report);

}  // namespace hessolve
