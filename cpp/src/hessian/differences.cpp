// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/hessian/differences.hpp>

#include <cmath>
#include <limits>

namespace hessolve {

void extrapolate(In<double> values, In<double> rounding, int p, double* best, double* error) {
  const Index levels = values.rows;
  Matrix<double> table(levels, levels);  // T(k, m): m times extrapolated, from the steps k - m ... k
  Matrix<double> noise(levels, levels);  // and how far rounding may have moved it
  const ColMajor<double> T = table.view();
  const ColMajor<double> N = noise.view();
  for (Index i = 0; i < values.cols; ++i) {
    for (Index k = 0; k < levels; ++k) {
      T(k, 0) = values(k, i);
      N(k, 0) = rounding(k, i);
      double weight = 1;
      for (Index m = 1; m <= k; ++m) {
        weight *= static_cast<double>(Index(1) << p);  // 2^(p m)
        T(k, m) = T(k, m - 1) + (T(k, m - 1) - T(k - 1, m - 1)) / (weight - 1);
        N(k, m) = (weight * N(k, m - 1) + N(k - 1, m - 1)) / (weight - 1);
      }
    }
    best[i] = T(levels - 1, 0);
    error[i] = std::numeric_limits<double>::infinity();
    for (Index k = 1; k < levels; ++k) {
      for (Index m = 1; m <= k; ++m) {
        double distance = std::fmax(std::abs(T(k, m) - T(k, m - 1)), std::abs(T(k, m) - T(k - 1, m - 1)));
        if (m < k) {
          distance = std::fmax(distance, std::abs(T(k, m) - T(k - 1, m)));
        }
        for (Index finer = k + 1; finer < levels; ++finer) {  // neighbours that agree by chance are found out here
          distance = std::fmax(distance, std::abs(T(finer, m) - T(k, m)) - N(finer, m));
        }
        if (distance + N(k, m) < error[i]) {
          best[i] = T(k, m);
          error[i] = distance + N(k, m);
        }
      }
    }
  }
}

}  // namespace hessolve
