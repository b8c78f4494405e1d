// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <algorithm>
#include <cmath>

/// What norms alone tell of a least squares answer: r = b - A x, 2-norms and the Frobenius norm of A.
namespace hessolve {

/// The smaller of two perturbations of A, over ||A||_F: r x^H / ||x||^2 makes x exact, -r r^H A / ||r||^2 makes it a
/// minimiser.  [Stewart 1977] `gradient` is ||A^H r|| / ||r||; infinity where x need not be a minimiser. NaN where the
/// residual is.
[[nodiscard]] inline double least_squares_backward_error(double residual, double x, double gradient, double frobenius) {
  if (residual == 0) {
    return 0;
  }
  if (std::isnan(residual) || std::isnan(x)) {
    return residual + x;
  }
  const double smaller = std::min(x > 0 ? residual / x : gradient, gradient);
  return smaller == 0 ? 0 : smaller / frobenius;
}

/// First-order estimate of ||x - x_true|| / ||x||, enlarged tenfold: A^+ and its derivative make it
/// kappa (1 + kappa ||r|| / (||A|| ||x||)) times the backward error, which is taken to be that of n roundings of random
/// sign where the residual is not one of rounding.  [Golub & Van Loan, 5.3.7]
[[nodiscard]] inline double least_squares_forward_error(double backward, double eps, double n, double kappa,
                                                        double residual, double x, double frobenius) {
  const double rounding = eps * std::max(1.0, std::sqrt(n) / 4);
  return 10 * std::max(backward < 10 * eps * n ? backward : eps, rounding) * kappa *
         (1 + kappa * residual / (frobenius * x));
}

}  // namespace hessolve
