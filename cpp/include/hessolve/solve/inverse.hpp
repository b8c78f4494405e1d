// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/solve/factors.hpp>
#include <hessolve/solve/options.hpp>

namespace hessolve {

/// X := A^-1 by LU, or by Cholesky or LDL^T where A is symmetric. X may be A's own memory.
/// @return ok, ill_conditioned (X holds an answer), singular, not_positive_definite, non_finite (X is NaN) or stopped.
/// @throws std::invalid_argument where shapes disagree.
template <class T>
[[nodiscard]] Outcome inv(In<T> A, MatrixView<T> X, const SolveOptions& options = {},
                          Certificate* certificate = nullptr);

/// X (n x m) := A^+ by the SVD, singular values at or below atol + rtol sigma_1 taken as zero; negative rtol: max(m, n)
/// eps. `rank`, where not null, receives their complement.  [Golub & Van Loan, 5.5.2]
template <class T>
[[nodiscard]] Outcome pinv(In<T> A, MatrixView<T> X, double atol = 0, double rtol = -1, Index* rank = nullptr);

/// det A of a square A, by the factorisation its structure calls for; 0 where a pivot is exactly zero, NaN where A is
/// not finite. det is slogdet(A).value().
template <class T>
[[nodiscard]] Determinant<T> slogdet(In<T> A);
template <class T>
[[nodiscard]] T det(In<T> A);

/// The reciprocal 1-norm condition number of a square A after equilibration; 0 where A is singular. Estimated above n
/// = 64.
template <class T>
[[nodiscard]] double rcond(In<T> A);

}  // namespace hessolve
