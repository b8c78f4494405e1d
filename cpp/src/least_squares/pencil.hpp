// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "least_squares/design.hpp"

/// What makes the normal equations of ridge diagonal, for every penalty at once.
namespace hessolve {

/// The columns of S that diagonalise both forms, S^T G S = diag(mu) and S^T P S = diag(nu): then
/// (G + alpha P)^-1 = S diag(1 / (mu + alpha nu)) S^T.
template <class T>
struct Pencil {
  Matrix<T> S;
  Buffer<T> mu;
  Buffer<T> nu;
};

/// Of G and I: eigenvectors of G, which is overwritten.
template <class T>
[[nodiscard]] Outcome diagonalise(Matrix<T>& G, Pencil<T>& pencil);

/// Of G and any P >= 0: eigenvectors of G relative to B = G + tau P, which is definite where the problem is. mu and
/// nu = (1 - mu) / tau.  @return singular where B is not definite.
template <class T>
[[nodiscard]] Outcome diagonalise(Matrix<T>& G, InColMajor<T> P, Pencil<T>& pencil);

/// Whether eigenvalues of a Gram matrix, off by eps times the largest, leave less than half of the digits of mu +
/// alpha.
template <class T>
[[nodiscard]] bool loses_half(const Pencil<T>& pencil, double alpha);

/// The pencil of X^T X and I from the singular values of X itself, by its triangular factor, which is put together from
/// blocks of rows: X = Q R, R = U diag(s) V^T, mu = s^2, S = V. SC := V^T X^T y. 2 m n^2 flops.
template <class T>
[[nodiscard]] Outcome take_singular_values(const Design<T>& design, Pencil<T>& pencil, ColMajor<T> SC);

}  // namespace hessolve
