// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/solve/options.hpp>
#include <hessolve/solve/plan.hpp>

namespace hessolve {

/// X := op(A)^-1 B, A square: look at A, choose a method, factor a copy, solve, refine where needed.
/// A is n x n, B and X are n x k in any memory order; X must not overlap A or B. `certificate`, where not null,
/// receives the evidence (and costs its computation); without it only what the outcome rests on is computed.
/// @return ok; ill_conditioned (X holds an answer, no digit of which need be right); stagnated (its backward error
/// stayed
///         above n eps); singular, not_positive_definite or
///         non_finite (X is NaN, or overflowed); stopped.
/// @throws std::invalid_argument where shapes disagree or X overlaps A or B.
/// About 2 n^3 / 3 flops for a general A; one working copy of A.
template <class T>
[[nodiscard]] Outcome solve(In<T> A, In<T> B, MatrixView<T> X, const SolveOptions& options = {},
                            Certificate* certificate = nullptr);

/// The answer for any shape and rank: the plain solution where A is square and well-posed, least squares where it is
/// tall, minimum norm where it is wide or rank-deficient. certificate->regime says which.
template <class T>
[[nodiscard]] Outcome backslash(In<T> A, In<T> B, MatrixView<T> X, const SolveOptions& options = {},
                                Certificate* certificate = nullptr);

/// min ||x|| over the minimisers of ||B - A X||: A is m x n, B m x k, X n x k. QR where A has full rank, pivoted QR or
/// the SVD else. options.method: none, qr, qr_pivoted or svd.
template <class T>
[[nodiscard]] Outcome lstsq(In<T> A, In<T> B, MatrixView<T> X, const SolveOptions& options = {},
                            Certificate* certificate = nullptr);

// Deduction of T from the last argument: solve(row_major(a, n, n), column(b, n), column(x, n)) works for const input as
// well.

}  // namespace hessolve
