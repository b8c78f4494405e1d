// SPDX-License-Identifier: BSD-3-Clause
#include "iterative/small_spectra.hpp"

#include "kernel/eigen_setup.hpp"

#include <Eigen/Eigenvalues>

namespace hessolve {

std::vector<double> tridiagonal_eigenvalues(const std::vector<double>& diagonal, const std::vector<double>& below) {
  const auto k = static_cast<Index>(diagonal.size());
  if (k == 1) {
    return diagonal;
  }
  Eigen::SelfAdjointEigenSolver<EigenMatrix<double>> solver;
  solver.computeFromTridiagonal(Eigen::Map<const Eigen::VectorXd>(diagonal.data(), k),
                                Eigen::Map<const Eigen::VectorXd>(below.data(), k - 1), Eigen::EigenvaluesOnly);
  const auto& values = solver.eigenvalues();
  return {values.data(), values.data() + k};
}

std::complex<double> dominant_eigenpair(Index k, const std::vector<std::complex<double>>& H,
                                        std::vector<std::complex<double>>& vector) {
  using Matrix = EigenMatrix<std::complex<double>>;
  const Eigen::ComplexEigenSolver<Matrix> solver(Eigen::Map<const Matrix>(H.data(), k, k));
  Index best = 0;
  for (Index i = 1; i < k; ++i) {
    best = std::abs(solver.eigenvalues()[i]) > std::abs(solver.eigenvalues()[best]) ? i : best;
  }
  const auto column = solver.eigenvectors().col(best);
  vector.assign(column.data(), column.data() + k);
  return solver.eigenvalues()[best];
}

}  // namespace hessolve
