// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "solve/square.hpp"

namespace hessolve {

/// X := A^-1; X may be A's own memory. Outcomes as solve_square; rcond is computed, no residual.
template <class T>
[[nodiscard]] Outcome invert(const Source<T>& A, MatrixView<T> X, const SolveOptions& options, Certificate& certificate,
                             Diagnosis& diagnosis);

/// X := A^+ by the SVD, singular values at or below atol + rtol sigma_1 taken as zero; certificate.rank is their
/// complement.
template <class T>
[[nodiscard]] Outcome pseudo_inverse(const Source<T>& A, MatrixView<T> X, double atol, double rtol, bool check_finite,
                                     Certificate& certificate, Diagnosis& diagnosis, const Stop& stop = {});

/// The singular values of A, descending; NaN where an element of A is not finite.
template <class T>
Outcome singular_values_of(In<T> A, Real<T>* s, const Stop& stop = {});

}  // namespace hessolve
