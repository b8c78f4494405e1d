// SPDX-License-Identifier: BSD-3-Clause
#include "iterative/jacobi_spectrum.hpp"

#include <hessolve/iterative/iterate.hpp>

#include <cstdio>

namespace hessolve {
namespace {

std::string digits(const char* before, double value, const char* after) {
  char text[32];
  std::snprintf(text, sizeof text, "%.6g", value);
  return before + std::string(text) + after;
}

}  // namespace

template <class T>
Relaxation automatic_omega(const Operator<T>& A, const Operator<T>* M, Iteration method, Ordering ordering,
                           const Stop& stop) {
  const Entries<T>* matrix = A.entries();
  if (method == Iteration::richardson) {
    if (matrix == nullptr || matrix->facts().hermitian) {
      const Extremes found = extreme_eigenvalues<T>(A, M, 1e-2, 200, 0, stop);
      if (matrix != nullptr && found.lowest > 0) {
        return {2 / (found.lowest + found.highest), "omega = 2 / (lowest + highest eigenvalue)"};
      }
      if (matrix == nullptr && std::isfinite(found.highest)) {
        const double most = std::max(std::abs(found.lowest), std::abs(found.highest));
        return {most > 0 ? 1 / most : 1, "omega = 1 / (an estimate of the largest eigenvalue)"};
      }
    }
    if (M == nullptr && matrix != nullptr) {
      const auto norm = static_cast<double>(matrix->infinity_norm());
      return {norm > 0 ? 1 / norm : 1, "omega = 1 / ||A||, since A is not Hermitian positive definite"};
    }
    return {1, "omega = 1, since nothing is known of the spectrum of M A"};
  }
  if (method != Iteration::sor && method != Iteration::ssor) {
    return {1, ""};
  }
  const MatrixFacts facts = matrix->facts();
  if (!facts.hermitian || !facts.positive_diagonal) {
    return {1, "omega = 1, since A is not Hermitian with a positive diagonal"};
  }
  const double rho = jacobi_spectrum(*matrix, stop).radius();
  if (!(rho < 1)) {
    return {1, digits("omega = 1, since the spectral radius of Jacobi's method is ", rho, "")};
  }
  if (method == Iteration::ssor) {
    const double omega = 2 / (1 + std::sqrt(2 * (1 - rho)));
    return {omega,
            digits("omega = ", omega, " = 2 / (1 + sqrt(2 (1 - rho))), rho the spectral radius of Jacobi's method")};
  }
  const Graph graph = matrix->graph();
  const bool consistent = consistently_ordered(graph, color(*matrix, ordering).order);
  const double omega = young_omega(rho);
  return {omega, digits("omega = ", omega,
                        consistent ? " by Young's theory, A being consistently ordered"
                                   : " by Young's formula, though A is not consistently ordered")};
}

#define INSTANTIATE(T) \
  template Relaxation automatic_omega<T>(const Operator<T>&, const Operator<T>*, Iteration, Ordering, const Stop&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
