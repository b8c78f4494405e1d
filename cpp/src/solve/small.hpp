// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

namespace hessolve {

/// The largest system solve_small takes.
template <class T>
[[nodiscard]] Index small_limit();

/// x := A^-1 b for one small real system, all of it in registers and on the stack: LU with partial pivoting, x, the
/// explicit inverse for rcond, and the residual. True only where nothing needs a second look: every pivot nonzero,
/// rcond >= eps, backward error <= n eps, x finite. False: x is of no use, and nothing is said about A; the general
/// path decides.
template <class T>
[[nodiscard]] bool solve_small(MatrixView<const T> A, MatrixView<const T> b, T* x);

}  // namespace hessolve
