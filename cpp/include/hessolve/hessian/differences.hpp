// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/hessian/dual.hpp>

namespace hessolve {

/// Extrapolate differences to step 0, each entry by itself. Row k of `values` (levels x entries) has steps 2^-k of the
/// first row, and errors c_1 h^p + c_2 h^2p + ...; `rounding` says how far rounding may have moved them. best[i] is
/// what of the tableau has the smallest estimated error, error[i]: the distance from its neighbours and from what finer
/// steps say, plus rounding, carried through the tableau. levels >= 2 gives an estimate of truncation. [Ridders,
/// Accurate computation of F'(x) and F'(x) F''(x), Adv. Eng. Software 4 (1982), doi 10.1016/S0141-1195(82)80057-0]
void extrapolate(In<double> values, In<double> rounding, int p, double* best, double* error);

/// H := the Hessian at x (n x 1) of any function f of n doubles (Arguments<double>), n x n, by 3-point differences with
/// steps max(|x|, 1) / 2 and six halvings of them, extrapolated; error: an estimate for every entry.
/// @return ok; non_finite where f returned no number at a point of the stencil, with a coordinate that was moved.
/// 7 (n^2 + n) + 1 calls of f.
template <class F>
[[nodiscard]] Outcome difference_hessian(F&& f, In<double> x, MatrixView<double> H, MatrixView<double> error) {
  constexpr Index levels = 7;
  const Index n = x.rows;
  Buffer<double> at(n);
  Buffer<double> step(n);
  Matrix<double> plus(n, levels);   // f(x + h e_i)
  Matrix<double> minus(n, levels);  // f(x - h e_i)
  for (Index i = 0; i < n; ++i) {
    at[i] = x(i, 0);
    step[i] = std::exp2(std::round(std::log2(std::fmax(std::abs(at[i]), 1.0) / 2)));
  }
  const auto value = [&](Index i, double by_i, Index j, double by_j) {
    at[i] += by_i;
    at[j] += by_j;
    const double y = f(Arguments<double>(at.data(), n));
    at[i] = x(i, 0);
    at[j] = x(j, 0);
    return y;
  };
  const double centre = n > 0 ? value(0, 0, 0, 0) : 0.0;
  Outcome outcome = std::isfinite(centre) ? Outcome{} : Outcome{Reason::non_finite, -1};
  for (Index i = 0; i < n && outcome.ok(); ++i) {
    for (Index j = i; j >= 0 && outcome.ok(); --j) {
      double D[levels];
      double rounding[levels];
      for (Index k = 0; k < levels; ++k) {
        const double h = std::ldexp(step[i], static_cast<int>(-k));
        const double g = std::ldexp(step[j], static_cast<int>(-k));
        if (i == j) {
          plus(i, k) = value(i, h, i, 0);
          minus(i, k) = value(i, -h, i, 0);
        }
        const double p = plus(i, k);
        const double m = minus(i, k);
        const double q = plus(j, k);
        const double r = minus(j, k);
        double sum = std::abs(p) + std::abs(m) + 2 * std::abs(centre);
        const double moved = std::abs(at[i]) / h * std::abs(p - m) + std::abs(at[j]) / g * std::abs(q - r);
        if (i == j) {
          D[k] = (p - 2 * centre + m) / (h * h);
        } else {
          const double both = value(i, h, j, g);
          const double neither = value(i, -h, j, -g);
          D[k] = (both + neither - p - m - q - r + 2 * centre) / (2 * h * g);
          sum += std::abs(both) + std::abs(neither) + std::abs(q) + std::abs(r);
        }
        rounding[k] = epsilon<double> * (sum + moved) / (h * g);
        if (!std::isfinite(D[k])) {
          outcome = {Reason::non_finite, i};
        }
      }
      extrapolate(column(D, levels), column(rounding, levels), 2, &H(i, j), &error(i, j));
      H(j, i) = H(i, j);
      error(j, i) = error(i, j);
    }
  }
  return outcome;
}

}  // namespace hessolve
