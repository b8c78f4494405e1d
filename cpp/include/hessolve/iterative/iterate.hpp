// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/iterative/krylov.hpp>
#include <hessolve/iterative/splitting.hpp>

namespace hessolve {

/// Solve A X = B column by column from the X given, by options.method, or by what the structure of A suggests: cg where
/// A is Hermitian with a positive diagonal (minres, should it turn out indefinite), minres for other Hermitian A, gmres
/// for square, lsmr for rectangular A. M, where not null, is close to A^-1.
/// @return converged where every column has met ||b - A x|| <= max(rtol ||b||, atol) in the true residual; else how the
///         first that has not ended: max_iterations, stagnated, diverged, breakdown, zero_diagonal (row), singular (a
///         row of the diagonal block), non_finite (row of A, of B where A is finite, or -1 where X overflowed) or
///         stopped. X holds the last iterates. The report is that of the column that took longest; norms are the
///         largest.
/// @throws std::invalid_argument for shapes that disagree and options that do not go together.
template <class T>
[[nodiscard]] Outcome iterate(const Operator<T>& A, In<T> B, MatrixView<T> X, const Operator<T>* M = nullptr,
                              const IterateOptions& options = {}, const Observer<T>& observer = {},
                              IterateReport* report = nullptr);

/// Gauss-Seidel sweeps on a CSR matrix until the residual is small enough.
template <class T, class I>
[[nodiscard]] Outcome gauss_seidel(CsrView<T, I> A, In<T> b, MatrixView<T> x, IterateOptions options = {},
                                   IterateReport* report = nullptr) {
  options.method = Iteration::gauss_seidel;
  return iterate<T>(*csr_operator(A), b, x, nullptr, options, {}, report);
}

/// Conjugate gradients on a CSR matrix.
template <class T, class I>
[[nodiscard]] Outcome conjugate_gradients(CsrView<T, I> A, In<T> b, MatrixView<T> x, IterateOptions options = {},
                                          IterateReport* report = nullptr) {
  options.method = Iteration::cg;
  return iterate<T>(*csr_operator(A), b, x, nullptr, options, {}, report);
}

/// The omega that "automatic" stands for, and why. 1 where nothing is known.
struct Relaxation {
  double omega = 1;
  std::string why;
};

/// sor, ssor: from the spectral radius rho of Jacobi's method where A is Hermitian with a positive diagonal and rho <
/// 1; Young's for sor, his bound 2 / (1 + sqrt(2 (1 - rho))) for ssor. richardson: 2 / (lowest + highest eigenvalue)
/// where A is Hermitian positive definite, else 1 / (a norm or the spectral radius). 1 for all others.
template <class T>
[[nodiscard]] Relaxation automatic_omega(const Operator<T>& A, const Operator<T>* M, Iteration method,
                                         Ordering ordering, const Stop& stop = {});

}  // namespace hessolve
