// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

/// The two halves of a Hermitian eigenproblem: A = Q T Q^H, and T = Z diag(w) Z^T.
namespace hessolve {

/// A = Q T Q^H with T real, symmetric and tridiagonal: d[n] its diagonal, e[n - 1] beside it. Reads the lower triangle;
/// Q is left as the reflections of a QR factorisation of A.block(1, 0, n - 1, n - 1) with tau[n - 1], as apply_q takes
/// it. 4 n^3 / 3 flops, half of them in products of a panel, half in Hermitian products with a vector, which read the
/// triangle once. @return ok, or stopped.  [Dongarra, Sorensen and Hammarling 1989, doi 10.1016/0377-0427(89)90367-1]
template <class T>
[[nodiscard]] Outcome tridiagonalize(ColMajor<T> A, Real<T>* d, Real<T>* e, T* tau, const Stop& stop = {});

/// T = Z diag(w) Z^T by divide and conquer: d[n] becomes w, ascending; e[n - 1] is destroyed. At most 4 n^3 / 3 flops,
/// in matrix products; less where eigenvalues are close together. Allocates 3.5 n^2 elements. T should be scaled
/// near 1.
/// @return ok, stagnated where the iteration on a small block did not converge, or stopped.
/// [Cuppen 1981, doi 10.1007/BF01396757; Gu and Eisenstat 1995, doi 10.1137/S0895479892241287]
template <class R>
[[nodiscard]] Outcome tridiagonal_eigh(Index n, R* d, R* e, ColMajor<R> Z, const Stop& stop = {});

/// The same for a few rows by the implicit QL iteration. Z may not be null; 6 n^3 flops.
/// [Golub & Van Loan, 8.3.5]
template <class R>
[[nodiscard]] Outcome tridiagonal_ql(Index n, R* d, R* e, ColMajor<R> Z);

/// The eigenvalues alone: d becomes w, ascending; e is destroyed. About 20 n^2 flops, one after the other.
/// [Pal, Walker and Kahan; Parlett, The Symmetric Eigenvalue Problem, 8.15]
template <class R>
[[nodiscard]] Outcome tridiagonal_eigvalsh(Index n, R* d, R* e);

}  // namespace hessolve
