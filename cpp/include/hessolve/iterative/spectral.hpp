// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/iterative/operator.hpp>

namespace hessolve {

/// The ends of a real spectrum, from inside: lowest rises, highest falls short, by less than the tolerance where
/// `converged`.
struct Extremes {
  double lowest = 0;
  double highest = 0;
  bool converged = false;
  Index steps = 0;
};

/// Smallest and largest eigenvalue of M A (of A where M is null), A Hermitian, M Hermitian positive definite, by
/// Lanczos' method in the inner product of M. Three vectors; at most `most` products.  [Golub & Van Loan, 10.1;
/// Parlett, The Symmetric Eigenvalue Problem, 13]
template <class T>
[[nodiscard]] Extremes extreme_eigenvalues(const Operator<T>& A, const Operator<T>* M, double tolerance, Index most,
                                           std::uint64_t seed = 0, const Stop& stop = {});

struct RadiusEstimate {
  double value = 0;
  bool converged = false;
  Index products = 0;
};

/// The largest modulus of an eigenvalue of the n x n map y := G x, by Arnoldi's method, restarted with the Ritz vector
/// that belongs to it. `slack`: the residual of that vector may be slack (|1 - value| + floor).  [Saad, Numerical
/// Methods for Large Eigenvalue Problems, 6.2-6.4]
template <class T>
[[nodiscard]] RadiusEstimate spectral_radius_of(Index n, const std::function<void(const T* x, T* y)>& G, double slack,
                                                double floor, std::uint64_t seed = 0, const Stop& stop = {});

/// The spectral radius of a square A: Lanczos where A is known to be Hermitian, Arnoldi else.
template <class T>
[[nodiscard]] RadiusEstimate spectral_radius(const Operator<T>& A, std::uint64_t seed = 0, const Stop& stop = {});

}  // namespace hessolve
