// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/iterative/preconditioner.hpp>
#include <hessolve/iterative/spectral.hpp>

#include <algorithm>
#include <cmath>

namespace hessolve {

/// The spectrum of D^-1 A for Hermitian A with a positive diagonal: that of Jacobi's method is 1 minus it.
struct JacobiSpectrum {
  Extremes scaled;
  [[nodiscard]] double radius() const { return std::max(std::abs(1 - scaled.lowest), std::abs(1 - scaled.highest)); }
};

template <class T>
[[nodiscard]] JacobiSpectrum jacobi_spectrum(const Entries<T>& A, const Stop& stop) {
  Outcome outcome;
  const auto D = preconditioner(A, PreconditionerKind::jacobi, outcome);
  return {extreme_eigenvalues<T>(A, D.get(), 1e-3, 3000, 0, stop)};
}

}  // namespace hessolve
