// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include "certify/refinement.hpp"
#include "kernel/source.hpp"

namespace hessolve {

/// Refine X, minimisers of ||b - A x|| for a tall A of full rank, by the augmented system
///   [I A; A^H 0] [r; x] = [b; 0]
/// with residuals of twice the precision. Its error is A's condition number times eps, not the square of it, and each
/// step multiplies it by about that: the limit is the exact solution rounded, as long as the condition number of the
/// equilibrated A is below 1 / eps. Costs one QR and 8 m n flops a step and column.
/// X is as it was where the first step already diverges.
/// [Bjorck 1967, doi 10.1007/BF01933265; Demmel, Hida, Li & Riedy 2009, doi 10.1145/1462173.1462177]
template <class T>
Refinement refine_augmented(const Source<T>& A, In<T> B, ColMajor<T> X);

/// The same from X = 0 with a QR factorisation in half the precision: the solution to the accuracy of the working
/// precision. False where T is single precision, or steps do not halve the change; X is then of no use.
/// `rcond` receives the reciprocal condition number of the equilibrated A.
template <class T>
[[nodiscard]] bool solve_augmented_mixed(const Source<T>& A, In<T> B, ColMajor<T> X, double& rcond, int& steps);

}  // namespace hessolve
