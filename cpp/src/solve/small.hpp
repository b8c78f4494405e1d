// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/dense/batch.hpp>

namespace hessolve {

/// The largest matrix that solve_small and invert_small take.
template <class T>
[[nodiscard]] Index small_limit();

/// x := A^-1 b for one small real system, all of it in registers and on the stack: LU with partial pivoting, x, a bound
/// of the condition number or, where that does not suffice, the explicit inverse, and the residual. True only where
/// nothing needs a second look: every pivot nonzero, rcond >= eps, backward error <= n eps, x finite. False: x is of no
/// use, and nothing is said about A; the general path decides.
template <class T>
[[nodiscard]] bool solve_small(MatrixView<const T> A, MatrixView<const T> b, T* x);

/// The same, with the same bits, for `count` systems of one shape, no larger than lane_limit; clean[i]: whether it is
/// true of the i-th, whose X is written then. run: the memory of A[0] and all that follows without a gap and is read
/// soon.
template <class T>
void solve_small(const MatrixView<const T>* A, const MatrixView<const T>* B, const MatrixView<T>* X, Index count,
                 bool* clean, Following<T> run = {});

/// X := A^-1 for one small real matrix, and its rcond in the 1-norm; X may be A's memory. False, with X untouched,
/// where A is not finite, its rows or columns are so different in size that scaling them saves digits, a pivot is zero
/// or rcond < eps.
template <class T>
[[nodiscard]] bool invert_small(MatrixView<const T> A, MatrixView<T> X, T& rcond);

}  // namespace hessolve
