// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/solve/options.hpp>

namespace hessolve {

/// Minimise ||b - A x|| subject to C x = d, the minimiser of least norm: A m x n, B m x k, C p x n, D p x k, X n x k.
/// By the null space method: C^H = Q [R; 0], x = Q_1 R^-H d + Q_2 y with y from an unconstrained problem, whose method
/// options.method names. Dependent constraints are left out where they agree with the others. rcond >= 0: its cutoff
/// for singular values.
/// @return as lstsq; singular with the row of C that contradicts others; non_finite of A, B, C or D.
/// @throws std::invalid_argument where shapes disagree. 2 m n (n - p) + 2 n p^2 flops.
/// [Golub & Van Loan, 6.2.3; Bjorck, Numerical Methods for Least Squares Problems, 5.1.3]
template <class T>
[[nodiscard]] Outcome lstsq_constrained(In<T> A, In<T> B, In<T> C, In<T> D, MatrixView<T> X,
                                        const SolveOptions& options = {}, Certificate* certificate = nullptr,
                                        double* residual_squares = nullptr, double rcond = -1);

}  // namespace hessolve
