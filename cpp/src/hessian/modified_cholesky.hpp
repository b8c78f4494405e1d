// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

/// Factorisations of H + E found while E is chosen. Each takes a symmetric matrix with both triangles set, destroys it,
/// and says what E is.
namespace hessolve {

/// E(i, i) of the modified Cholesky factorisation with diagonal pivoting of Gill, Murray and Wright.
/// n^3 / 3 flops.  [Practical Optimization, 4.4.2.2]
template <class R>
void gill_murray_wright(ColMajor<R> A, R* e);

/// The same of the revised algorithm of Schnabel and Eskow: plain Cholesky as long as it is safe, then Gerschgorin
/// bounds. n^3 / 3 flops.  [1999, doi 10.1137/S105262349833266X]
template <class R>
void schnabel_eskow(ColMajor<R> A, R* e);

/// A := the E of P (A + E) P^T = L (D + F) L^T, where L D L^T is the factorisation with the pivoting of Ashcraft,
/// Grimes and Lewis, which bounds L, and F raises the eigenvalues of D to delta. n^3 / 3 flops and n^3 for E.
/// [Cheng and Higham 1998, doi 10.1137/S0895479896302898]
template <class R>
void cheng_higham(ColMajor<R> A, R delta);

}  // namespace hessolve
