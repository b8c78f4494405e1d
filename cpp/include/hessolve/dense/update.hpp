// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/ldlt.hpp>

namespace hessolve {

/// L L^H := L L^H + u u^H by plane rotations, in place; u (contiguous, n elements) is destroyed. Never fails for finite
/// input. 4 n^2 flops, backward stable.  [Golub & Van Loan, 6.5.4]
template <class T>
void cholesky_update(ColMajor<T> L, T* u);

/// L L^H := L L^H - u u^H, in place; u is destroyed.
/// @return ok, or not_positive_definite where the result would not be: L is then as it was.
/// 5 n^2 flops, backward stable in the mixed sense.  [Gill, Golub, Murray & Saunders 1974, doi
/// 10.1090/S0025-5718-1974-0343558-6; LINPACK's dchdd]
template <class T>
[[nodiscard]] Outcome cholesky_downdate(ColMajor<T> L, T* u);

/// L D L^H := L D L^H + sigma u u^H (L D L^T + sigma u u^T for Symmetry::symmetric) on the factors of ldlt_in_place, in
/// place; the pivots stay where they are. u, in the order of the factored matrix's rows (exchanges applied), is
/// destroyed. `growth` receives the largest modulus in the new L, the measure of what the missing pivoting cost.
/// @return ok, or singular with the first column of a singular pivot: the factors are then of no use.
/// 4 n^2 flops.  [Bennett 1965, doi 10.1007/BF01436076, by blocks of D]
template <class T>
[[nodiscard]] Outcome ldlt_update(ColMajor<T> LD, T* subdiagonal, Real<T> sigma, T* u, Real<T>& growth,
                                  Symmetry symmetry = Symmetry::hermitian);

/// X := (A + u v^H)^-1 from X = A^-1, in place; u and v contiguous. 4 n^2 flops.
/// @return ok; ill_conditioned where 1 + v^H A^-1 u is so small that digits are lost in it; singular where it is zero,
/// X then being as it was.  [Sherman & Morrison 1950, doi 10.1214/aoms/1177729893]
template <class T>
[[nodiscard]] Outcome sherman_morrison_in_place(ColMajor<T> X, const T* u, const T* v);

/// X := (A + U C V)^-1 from X = A^-1, in place: U n x k, C k x k, V k x n. As X - X U (I + C V X U)^-1 C V X, so that C
/// need not be invertible. 4 n^2 k flops.
/// @return as sherman_morrison_in_place, for the capacity matrix.  [Woodbury 1950; Golub & Van Loan, 2.1.4]
template <class T>
[[nodiscard]] Outcome woodbury_in_place(ColMajor<T> X, In<T> U, In<T> C, In<T> V);

/// X := (A + u v^H)^-1 and X := (A + U C V)^-1 from A^-1, which is only read; u and v are n x 1. X must not overlap the
/// rest. @throws std::invalid_argument where shapes disagree.
template <class T>
[[nodiscard]] Outcome sherman_morrison(In<T> A_inverse, In<T> u, In<T> v, MatrixView<T> X);
template <class T>
[[nodiscard]] Outcome woodbury(In<T> A_inverse, In<T> U, In<T> C, In<T> V, MatrixView<T> X);

}  // namespace hessolve
