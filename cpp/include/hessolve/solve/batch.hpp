// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/dense/batch.hpp>
#include <hessolve/solve/factors.hpp>
#include <hessolve/solve/inverse.hpp>
#include <hessolve/solve/solve.hpp>

/// The functions of one matrix for `count` of them in one call. Matrices of at most lane_limit columns are worked on
/// across SIMD lanes; what does not come out clean there, and every larger one, goes through the function of one
/// matrix, several at once where they are small. A step of 0 gives every slice the same A or B. Slices of X may lie
/// between slices of A and B, as in an array of structs, but each must be memory of its own.
/// The bits of a slice depend neither on its place, nor on the count, nor on the number of threads; those of small
/// slices may differ from what the function of one matrix gives.
///
/// All @return ok where every slice is; else the reason of the first that is not, `where` being its number. `outcomes`,
/// where not null, receives one Outcome a slice, with the meanings of the function of one matrix; stopped where `stop`
/// ended the work before the slice was done. All @throw std::invalid_argument where shapes or counts disagree, or X
/// overlaps A or B.
namespace hessolve {

/// X[k] := op(A[k])^-1 B[k]; X[k] is NaN where there is no answer.
template <class T>
[[nodiscard]] Outcome solve(InBatch<T> A, InBatch<T> B, Batch<T> X, Outcome* outcomes,
                            const SolveOptions& options = {});

/// X[k] minimises ||B[k] - A[k] X[k]||, the shortest of all minimisers. options.method: none, qr, qr_pivoted or svd.
template <class T>
[[nodiscard]] Outcome lstsq(InBatch<T> A, InBatch<T> B, Batch<T> X, Outcome* outcomes,
                            const SolveOptions& options = {});

/// X[k] := A[k]^-1
template <class T>
[[nodiscard]] Outcome inv(InBatch<T> A, Batch<T> X, Outcome* outcomes, const SolveOptions& options = {});

/// A[k] = L[k] L[k]^H; the lower triangle is read, zeros are written above L. L[k] is NaN where A[k] is not positive
/// definite.
template <class T>
[[nodiscard]] Outcome cholesky(InBatch<T> A, Batch<T> L, Outcome* outcomes, const Stop& stop = {});

/// A[k] = V[k] diag(w[n k], ..., w[n k + n - 1]) V[k]^H, ascending; the lower triangle is read. No vectors where V has
/// no memory (data == nullptr).
template <class T>
[[nodiscard]] Outcome eigh(InBatch<T> A, Real<T>* w, Batch<T> V, Outcome* outcomes, const Stop& stop = {});

/// determinants[k] := det A[k], which cannot overflow; 0 is ok, NaN is non_finite.
template <class T>
[[nodiscard]] Outcome slogdet(InBatch<T> A, Determinant<T>* determinants, Outcome* outcomes, const Stop& stop = {});
/// The values, which may.
template <class T>
[[nodiscard]] Outcome det(InBatch<T> A, T* determinants, Outcome* outcomes, const Stop& stop = {});

}  // namespace hessolve
