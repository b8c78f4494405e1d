// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/lu.hpp>

namespace hessolve {

/// Factor A = Q R in place by Householder reflections: R in the upper triangle, the reflections below it and in
/// tau[min(rows, cols)]. 2 n^2 (m - n / 3) flops.  [Golub & Van Loan, 5.2]
template <class T>
void qr_in_place(ColMajor<T> A, T* tau);

/// Factor A P = Q R with column pivoting: column j of A P is column permutation[j] of A, and |R(j, j)| does not
/// increase. 4 m n min(m, n) flops at most.  [Businger & Golub 1965, doi 10.1007/BF01436084]
template <class T>
void qr_pivoted_in_place(ColMajor<T> A, T* tau, Index* permutation);

/// B := Q B or, for Trans::adjoint, Q^H B, with the first `reflections` reflections of a factored A.
template <class T>
void apply_q(InColMajor<T> QR, const T* tau, Index reflections, Trans trans, ColMajor<T> B);

/// Q := the first Q.cols columns of the orthogonal factor, at least min(rows, cols) and at most rows of them.
/// 2 n^2 (m - n / 3) flops for n columns.
template <class T>
void form_q(InColMajor<T> QR, const T* tau, ColMajor<T> Q);

}  // namespace hessolve
