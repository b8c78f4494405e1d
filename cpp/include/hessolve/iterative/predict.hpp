// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/iterative/iterate.hpp>

namespace hessolve {

/// What is to be expected of an iteration before it is run.
struct Prediction {
  double spectral_radius = 0;  ///< of S^-1 T; of chebyshev and cg the factor their theory bounds the error by
  double iterations = 0;       ///< until the error has fallen by rtol; infinity where it does not
  double seconds = 0;          ///< iterations times the time measured for one
  double omega = 1;
  std::string reason;

  [[nodiscard]] bool converges() const { return spectral_radius < 1; }
};

/// Predict `method` with its automatic omega on a square A. Hermitian matrices with a positive diagonal: from the ends
/// of the spectrum of D^-1 A, by Young's theory where they are consistently ordered. Triangular ones: exactly. All
/// others: Arnoldi's method on x := S^-1 T x, which is a sweep with b = 0.
/// @return ok, zero_diagonal or singular (the row), not_positive_definite (chebyshev and cg), or stopped.
/// @throws std::invalid_argument for a method without such a theory: minres, gmres, lsqr, lsmr.
template <class T>
[[nodiscard]] Outcome predict_convergence(const Entries<T>& A, Iteration method, double rtol, Prediction& prediction,
                                          const Stop& stop = {});

/// The spectral radius of S^-1 T for a splitting with its automatic omega, without timing anything.
template <class T>
[[nodiscard]] Outcome iteration_radius(const Entries<T>& A, Iteration method, Prediction& prediction,
                                       const Stop& stop = {});

}  // namespace hessolve
