// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

namespace hessolve {

/// What a solve is done with: A, its transpose or its conjugate transpose.
enum class Trans : signed char { none, transpose, adjoint };

/// Factor P A = L U in place, square A, partial pivoting: L unit lower, U upper. Row k was exchanged with row pivots[k]
/// >= k.
/// @return ok; singular with the first column whose pivot is exactly zero (the factorisation is complete all the same);
///         or stopped, A then being of no use.
/// 2 n^3 / 3 flops; on several threads from n = 200 on, with the same bits; allocates n x 128 elements for packing.
/// [Golub & Van Loan, 3.4; recursion: Toledo 1997, doi 10.1137/S0895479896297744]
template <class T>
[[nodiscard]] Outcome lu_in_place(ColMajor<T> A, Index* pivots, const Stop& stop = {});

/// B := op(A)^-1 B from the factors. 2 n^2 flops a column, nothing allocated for a few columns.
template <class T>
void lu_solve(InColMajor<T> LU, const Index* pivots, ColMajor<T> B, Trans trans = Trans::none);

/// X := A^-1 from the factors; X may not overlap them. 4 n^3 / 3 flops.
template <class T>
void lu_inverse(InColMajor<T> LU, const Index* pivots, ColMajor<T> X);

}  // namespace hessolve
