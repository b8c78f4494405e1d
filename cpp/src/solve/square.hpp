// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "least_squares/core.hpp"
#include "solve/square_factor.hpp"

namespace hessolve {

/// One square system. A is read through `A`; where `overwrite` has memory (A's own, with contiguous columns) it is
/// destroyed.
template <class T>
struct SquareProblem {
  Source<T> A;
  ColMajor<T> overwrite;
  In<T> B;
  MatrixView<T> X;
  bool refine = true;    ///< compute a residual, and act on it
  bool inverse = false;  ///< B is the unit matrix
};

/// Solve, compute rcond and one residual, refine where the backward error exceeds n eps, and climb the ladder where
/// options.min_norm allows it. certify: compensated residual, forward error and all other fields.
/// @return ok, ill_conditioned or stagnated (X holds an answer, not to be trusted), singular, not_positive_definite,
/// non_finite (of `diagnosis.argument`, or of
///         X, which overflowed, where that is null) or stopped; X is NaN where there is no answer.
template <class T>
[[nodiscard]] Outcome solve_square(const SquareProblem<T>& problem, const SolveOptions& options, bool certify,
                                   Certificate& certificate, Diagnosis& diagnosis);

/// The part of the caller's memory that a claim leaves to be read, already transposed as options.trans wants it.
template <class T>
[[nodiscard]] Source<T> source_for(In<T> A, const SolveOptions& options);

/// The columns a nearly null vector involves, largest index last; empty if z is null.
template <class T>
[[nodiscard]] std::vector<Index> involved_columns(const T* z, Index n);

}  // namespace hessolve
