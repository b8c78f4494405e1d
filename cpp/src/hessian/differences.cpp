// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/differences.hpp>

#include <cmath>
#include <limits>
#include <vector>

namespace hessolve {

void extrapolate(In<double> values, In<double> rounding, int p, double* best, double* error) {
  const Index levels = values.rows;
  std::vector<double> row(static_cast<std::size_t>(levels));    // T(k, 0 ... k) of the level at hand
  std::vector<double> noise(static_cast<std::size_t>(levels));  // and how far rounding may have moved them
  for (Index i = 0; i < values.cols; ++i) {
    best[i] = values(0, i);
    error[i] = levels > 1 ? std::numeric_limits<double>::infinity() : rounding(0, i);
    for (Index k = 0; k < levels; ++k) {
      double before = values(k, i);  // T(k, m - 1)
      double before_noise = rounding(k, i);
      double above = row[0];  // T(k - 1, m - 1)
      double above_noise = noise[0];
      row[0] = before;
      noise[0] = before_noise;
      double weight = 1;
      for (Index m = 1; m <= k; ++m) {
        weight *= static_cast<double>(Index(1) << p);  // 2^(p m)
        const double entry = before + (before - above) / (weight - 1);
        const double entry_noise = (weight * before_noise + above_noise) / (weight - 1);
        const double estimate = std::fmax(std::abs(entry - before), std::abs(entry - above)) + entry_noise;
        if (estimate < error[i]) {
          best[i] = entry;
          error[i] = estimate;
        }
        above = row[static_cast<std::size_t>(m)];
        above_noise = noise[static_cast<std::size_t>(m)];
        row[static_cast<std::size_t>(m)] = before = entry;
        noise[static_cast<std::size_t>(m)] = before_noise = entry_noise;
      }
    }
  }
}

}  // namespace hessolve
