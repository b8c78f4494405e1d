// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/lu.hpp>

namespace hessolve {

/// What the other triangle of a matrix is: the mirror image, conjugated or not. The same for real matrices.
enum class Symmetry : signed char { hermitian, symmetric };

/// Factor P A P^T = L D L^H in place, A Hermitian and perhaps indefinite, with the pivoting of Bunch and Kaufman: L
/// unit lower, D of 1x1 and 2x2 blocks on the diagonal; P A P^T = L D L^T for a complex symmetric A. Reads and writes
/// the lower triangle only. Row and column k were exchanged with exchanges[k] >= k. A holds L below and D's diagonal on
/// the diagonal; subdiagonal[k] is D(k+1, k), nonzero exactly where a 2x2 block starts at k.
/// @return ok; singular with the first column (of P A P^T) whose pivot is exactly zero; or stopped.
/// n^3 / 3 flops; products on several threads, with the same bits; allocates n x 48 elements.
/// [Bunch & Kaufman 1977, doi 10.1090/S0025-5718-1977-0428694-0; Golub & Van Loan, 4.4]
template <class T>
[[nodiscard]] Outcome ldlt_in_place(ColMajor<T> A, Index* exchanges, T* subdiagonal, const Stop& stop = {},
                                    Symmetry symmetry = Symmetry::hermitian);

/// B := D^-1 B. n flops a column.
template <class T>
void ldlt_divide(InColMajor<T> LD, const T* subdiagonal, MatrixView<T> B, Symmetry symmetry = Symmetry::hermitian);

/// B := op(A)^-1 B from the factors. 2 n^2 flops a column.
template <class T>
void ldlt_solve(InColMajor<T> LD, const Index* exchanges, const T* subdiagonal, ColMajor<T> B,
                Trans trans = Trans::none, Symmetry symmetry = Symmetry::hermitian);

}  // namespace hessolve
