// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

/// The two halves of an SVD: A = Q B P^H, and B = U diag(s) V^T.
namespace hessolve {

/// A = Q B P^H for a square A, with B real and upper bidiagonal: d[n] its diagonal, e[n - 1] above it. Q is left in A
/// as the reflections of a QR factorisation with tau_q[n], P in `right` (n x n) as those of one of right.block(1, 0, n
/// - 1, n - 1) with tau_p[n - 1], as apply_q takes them. 8 n^3 / 3 flops, half of them in products of a panel, half in
/// products with a vector. @return ok, or stopped.  [Dongarra, Sorensen and Hammarling 1989,
/// doi 10.1016/0377-0427(89)90367-1]
template <class T>
[[nodiscard]] Outcome bidiagonalize(ColMajor<T> A, ColMajor<T> right, Real<T>* d, Real<T>* e, T* tau_q, T* tau_p,
                                    const Stop& stop = {});

/// The SVD of an upper bidiagonal n x n matrix by the implicit QR iteration: d becomes s, in any order, nonnegative; U
/// and V (whose columns are multiplied by the rotations) may be null. e[n - 1] is destroyed. 12 n^3 flops with both, 30
/// n^2 without. Elements up to `floor`, and up to eps^2 times the largest, count as zero.
/// @return ok, or stagnated.  [Golub & Van Loan, 8.6.2; LINPACK's dsvdc]
template <class R>
[[nodiscard]] Outcome bidiagonal_qr(Index n, R* d, R* e, ColMajor<R> U, ColMajor<R> V, R floor = 0);

/// An upper bidiagonal n x (n + 1) matrix, e[n - 1] in its last column, loses that column by rotations of columns,
/// which V (n + 1 columns) takes part in.
template <class R>
void drop_last_column(Index n, R* d, R* e, ColMajor<R> V);

/// The SVD of an upper bidiagonal matrix by divide and conquer: d becomes s, descending; U and V are set. At most 8 n^3
/// / 3 flops in matrix products. B should be scaled near 1.
/// @return ok, stagnated where the iteration on a small block did not converge, or stopped.
/// [Gu and Eisenstat 1995, doi 10.1137/S0895479892242232]
template <class R>
[[nodiscard]] Outcome bidiagonal_svd(Index n, R* d, R* e, ColMajor<R> U, ColMajor<R> V, const Stop& stop = {});

}  // namespace hessolve
