// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/iterative/operator.hpp>

/// Krylov methods for A x = b, one right-hand side, from the x given. b has A.rows() elements, x A.cols(), both
/// contiguous. M, where not null, is an operator close to A^-1. options.maxiter must be set. Each verifies the true
/// residual ||b - A x|| <= max(rtol ||b||, atol) before it reports convergence, and begins anew from it where the
/// recurrence was too optimistic.
/// @return converged, max_iterations, stagnated, diverged, breakdown or stopped; x holds the last iterate.
namespace hessolve {

/// Conjugate gradients for Hermitian positive definite A and M; a direction without positive curvature is a breakdown.
/// One product and five vectors a step.  [Hestenes & Stiefel 1952; Saad, 6.7 and 9.2]
template <class T>
[[nodiscard]] Outcome cg(const Operator<T>& A, const T* b, T* x, const Operator<T>* M, const IterateOptions& options,
                         const Observer<T>& observer, IterateReport& report);

/// Minimal residuals for Hermitian A, indefinite or singular too; M must be positive definite.
/// [Paige & Saunders 1975, doi 10.1137/0712047]
template <class T>
[[nodiscard]] Outcome minres(const Operator<T>& A, const T* b, T* x, const Operator<T>* M,
                             const IterateOptions& options, const Observer<T>& observer, IterateReport& report);

/// Generalised minimal residuals for any square A, restarted; M on the right, so that the residuals are the true ones.
/// [Saad & Schultz 1986, doi 10.1137/0907058; twice is enough: Giraud, Langou & Rozloznik 2005]
template <class T>
[[nodiscard]] Outcome gmres(const Operator<T>& A, const T* b, T* x, const Operator<T>* M, const IterateOptions& options,
                            const Observer<T>& observer, IterateReport& report);

/// Least squares by Golub-Kahan bidiagonalisation, any shape; ends also where ||A^H r|| <= rtol ||A||_F ||r||.
/// [Paige & Saunders 1982, doi 10.1145/355984.355989]
template <class T>
[[nodiscard]] Outcome lsqr(const Operator<T>& A, const T* b, T* x, const IterateOptions& options,
                           const Observer<T>& observer, IterateReport& report);

/// The same with a monotone ||A^H r||.  [Fong & Saunders 2011, doi 10.1137/10079687X]
template <class T>
[[nodiscard]] Outcome lsmr(const Operator<T>& A, const T* b, T* x, const IterateOptions& options,
                           const Observer<T>& observer, IterateReport& report);

}  // namespace hessolve
