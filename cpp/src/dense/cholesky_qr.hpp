// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/source.hpp"

/// QR of tall matrices by Cholesky factors of Gram matrices: all of the work is in products, and rows are read in
/// blocks, once for each product.
namespace hessolve {

/// Q := A L^-H, row block by row block; Q may lie where A does. m n^2 flops.
template <class T>
void divide_by_adjoint(const Source<T>& A, InColMajor<T> L, MatrixView<T> Q);

/// A = Q R with the signs of Householder's reflections, by Cholesky QR done twice. False, with Q and R spoiled, where
/// that loses orthogonality: if A^H A is not safely definite, or what the first pass leaves is no longer close to
/// orthonormal, ||Q^H Q - I|| > 1/8, so that the second could not make it so. 4 m n^2 flops, Q is the only m x n array.
/// [Yamamoto, Nakatsukasa, Yanagisawa and Fukaya 2015, etna 44, 306-326; signs: Ballard et al. 2015, doi
/// 10.1016/j.jpdc.2015.06.003]
template <class T>
[[nodiscard]] bool cholesky_qr_twice(const Source<T>& A, MatrixView<T> Q, MatrixView<T> R);

}  // namespace hessolve
