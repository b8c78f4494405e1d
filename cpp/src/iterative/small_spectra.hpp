// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

#include <complex>
#include <vector>

namespace hessolve {

/// All eigenvalues, rising, of the symmetric tridiagonal matrix with this diagonal and first subdiagonal.
[[nodiscard]] std::vector<double> tridiagonal_eigenvalues(const std::vector<double>& diagonal,
                                                          const std::vector<double>& below);

/// The eigenvalue of largest modulus of a k x k matrix (column by column) and its eigenvector of norm one.
[[nodiscard]] std::complex<double> dominant_eigenpair(Index k, const std::vector<std::complex<double>>& H,
                                                      std::vector<std::complex<double>>& vector);

}  // namespace hessolve
