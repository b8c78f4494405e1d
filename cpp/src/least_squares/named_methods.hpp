// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/solve/options.hpp>

#include "kernel/source.hpp"

namespace hessolve {

/// Minimisers X of ||b - A x|| for a tall A of full rank by one of
///   cholesky_qr  x = R^-1 Q^H b with Cholesky QR, twice
///   mgs          modified Gram-Schmidt on [A b], which is backward stable although Q is not orthogonal [Bjorck 1967]
///   sketch       conjugate gradients on A R_s^-1, R_s of a sketch, from the solution of the sketched problem, twice
///                [Rokhlin & Tygert 2008, doi 10.1073/pnas.0804869105; Epperly, Meier & Nakatsukasa 2024, arXiv
///                2406.03468]
/// each with one step of refinement with residuals of twice the precision. `condition` receives an estimate of kappa on
/// equilibrated columns. False where A is not of full rank to working precision, or the method cannot answer; X is then
/// of no use.
template <class T>
[[nodiscard]] bool solve_by_name(Method method, const Source<T>& A, In<T> B, ColMajor<T> X, double& condition,
                                 int& refinements);

}  // namespace hessolve
