// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

namespace hessolve {

/// A = V diag(w) V^H of a Hermitian A: reads its lower triangle, overwrites A by V and w by the eigenvalues, ascending.
/// @return ok, stagnated where the iteration did not converge, or stopped; V and w are then NaN.
/// About 9 n^3 flops; allocates n^2 elements.  [Golub & Van Loan, 8.3]
template <class T>
[[nodiscard]] Outcome eigh_in_place(ColMajor<T> A, Real<T>* w, const Stop& stop = {});

/// The eigenvalues alone, ascending; A is destroyed. 4 n^3 / 3 flops.
template <class T>
[[nodiscard]] Outcome eigvalsh_in_place(ColMajor<T> A, Real<T>* w, const Stop& stop = {});

}  // namespace hessolve
