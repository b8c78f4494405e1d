// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>
#include <hessolve/dense/ldlt.hpp>

/// The classical decompositions with their factors written out, for those who want to look at them; in place and
/// faster: lu.hpp, cholesky.hpp, ldlt.hpp, qr.hpp, svd.hpp, eigh.hpp. A is only read; a view without memory (data ==
/// nullptr) is not written. All @throw std::invalid_argument where shapes disagree.
namespace hessolve {

/// A(permutation[i], :) = (L U)(i, :): A is m x n, L m x r unit lower trapezoidal, U r x n, r = min(m, n).
/// @return ok, or singular with the first column without pivot; the factors are complete all the same.
template <class T>
[[nodiscard]] Outcome lu(In<T> A, Index* permutation, MatrixView<T> L, MatrixView<T> U);

/// A = L L^H; the lower triangle is read, zeros are written above L. @return as cholesky_in_place; L is then NaN.
template <class T>
[[nodiscard]] Outcome cholesky(In<T> A, MatrixView<T> L);

/// A = L D L^H, or L D L^T for Symmetry::symmetric; the lower triangle is read. Row i of the unit lower factor is row
/// permutation[i] of L; D has 1x1 and 2x2 blocks. @return ok, or singular.
template <class T>
[[nodiscard]] Outcome ldlt(In<T> A, MatrixView<T> L, MatrixView<T> D, Index* permutation,
                           Symmetry symmetry = Symmetry::hermitian);

/// A = Q R, or A P = Q R where permutation is not null: column j of A P is column permutation[j] of A. Q is m x r or m
/// x m, R has as many rows as Q columns (r or m where Q is not wanted), r = min(m, n).
template <class T>
[[nodiscard]] Outcome qr(In<T> A, MatrixView<T> Q, MatrixView<T> R, Index* permutation = nullptr);

/// The reflections of qr as LAPACK's geqrf and geqp3 leave them: R in the upper triangle of H, below it the vectors of
/// Q = H_1 ... H_r, H_k = I - tau[k] v v^H.
template <class T>
[[nodiscard]] Outcome qr_raw(In<T> A, MatrixView<T> H, T* tau, Index* permutation = nullptr);

/// A = U diag(s) V^H: U m x r or m x m, V^H r x n or n x n, s descending, r = min(m, n).
/// @return ok, stagnated where the iteration failed, or stopped: everything is then NaN.
template <class T>
[[nodiscard]] Outcome svd(In<T> A, MatrixView<T> U, Real<T>* s, MatrixView<T> Vh, const Stop& stop = {});

/// A = V diag(w) V^H, A Hermitian (the lower triangle is read), w ascending. @return as eigh_in_place.
template <class T>
[[nodiscard]] Outcome eigh(In<T> A, Real<T>* w, MatrixView<T> V, const Stop& stop = {});

}  // namespace hessolve
