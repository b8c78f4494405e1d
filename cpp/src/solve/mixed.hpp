// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "solve/square.hpp"

namespace hessolve {

/// Solve with factors of half the working precision and refine to the working backward error. False where that cannot
/// be had (T is single already, n small, A too ill-conditioned, or refinement that does not halve the error): nothing
/// but X and the certificate has then been touched, and the caller goes the long way. A must be finite and `kind`
/// general or a candidate for Cholesky; X has contiguous columns. [Langou et al. 2006, doi 10.1145/1188455.1188573;
/// Higham, Accuracy and Stability, 12.1]
template <class T>
[[nodiscard]] bool solve_mixed(const Source<T>& A, Kind kind, In<T> B, ColMajor<T> X, const SolveOptions& options,
                               bool certify, Certificate& certificate, Outcome& outcome);

}  // namespace hessolve
