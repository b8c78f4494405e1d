// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/lu.hpp>

namespace hessolve {

/// Factor A = L L^H in place, A Hermitian. Reads and writes the lower triangle only.
/// @return ok; not_positive_definite with the column where it stopped, the lower triangle then being of no use; or
/// stopped. n^3 / 3 flops; on several threads from n = 200 on, with the same bits; allocates n x 128 elements for
/// packing. [Golub & Van Loan, 4.2.5]
template <class T>
[[nodiscard]] Outcome cholesky_in_place(ColMajor<T> A, const Stop& stop = {});

/// B := A^-1 B from L (A^-T B for Trans::transpose). 2 n^2 flops a column.
template <class T>
void cholesky_solve(InColMajor<T> L, ColMajor<T> B, Trans trans = Trans::none);

/// X := (L L^H)^-1 for the L of a factored A, both triangles. n^3 flops with those of the factorisation.
/// [Higham 2002, 14.3]
template <class T>
void cholesky_inverse(InColMajor<T> L, ColMajor<T> X);

}  // namespace hessolve
