// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/eigh.hpp>
#include <hessolve/least_squares/select_alpha.hpp>

#include "least_squares/design.hpp"

#include <cmath>
#include <limits>
#include <vector>

namespace hessolve {

const char* name(AlphaCriterion criterion) {
  switch (criterion) {
    case AlphaCriterion::loo: return "loo";
    case AlphaCriterion::gcv: return "gcv";
    case AlphaCriterion::l_curve: return "l-curve";
    case AlphaCriterion::discrepancy: return "discrepancy";
    case AlphaCriterion::max_element: return "max-element";
  }
  return "unknown";
}

namespace {

/// Sums over the targets of a t x k table, or of its squares.
std::vector<double> summed(const double* table, Index t, Index k, bool squares) {
  std::vector<double> sums(static_cast<std::size_t>(k), 0.0);
  for (Index j = 0; j < t; ++j) {
    for (Index a = 0; a < k; ++a) {
      const double value = table[j * k + a];
      sums[static_cast<std::size_t>(a)] += squares ? value * value : value;
    }
  }
  return sums;
}

/// The first of the least; NaN (no degrees of freedom left) counts as large.
Index least(const std::vector<double>& values) {
  std::size_t best = 0;
  for (std::size_t a = 1; a < values.size(); ++a) {
    if (values[a] < values[best] || (std::isnan(values[best]) && !std::isnan(values[a]))) {
      best = a;
    }
  }
  return static_cast<Index>(best);
}

/// Where three neighbours of the curve lie on the smallest circle that turns from "||e|| falls" to "||w|| grows"; -1
/// where none do. Points that hardly move say nothing about its shape.
Index corner(const std::vector<double>& residual, const std::vector<double>& solution) {
  const std::size_t k = residual.size();
  const auto logarithm = [](double square) { return std::log(std::max(square, 1e-300)) / 2; };
  const double extent = std::hypot(logarithm(residual[0]) - logarithm(residual[k - 1]),
                                   logarithm(solution[0]) - logarithm(solution[k - 1]));
  double largest = 0;
  Index best = -1;
  for (std::size_t a = 1; a + 1 < k; ++a) {
    const double x1 = logarithm(residual[a]) - logarithm(residual[a - 1]);
    const double y1 = logarithm(solution[a]) - logarithm(solution[a - 1]);
    const double x2 = logarithm(residual[a + 1]) - logarithm(residual[a]);
    const double y2 = logarithm(solution[a + 1]) - logarithm(solution[a]);
    const double first = std::hypot(x1, y1);
    const double second = std::hypot(x2, y2);
    constexpr double visible = 1e-4;
    if (std::min(first, second) > visible * extent) {
      const double curvature = 2 * (x2 * y1 - x1 * y2) / (first * second * std::hypot(x1 + x2, y1 + y2));
      if (curvature > largest) {
        largest = curvature;
        best = static_cast<Index>(a);
      }
    }
  }
  return best;
}

/// The alpha with ||e|| = goal, between bounds that are widened first and narrowed then.
template <class T>
Outcome search(In<T> X, In<T> Y, double high, double low, double goal, const RidgeOptions<T>& options, double& chosen) {
  constexpr Index points = 33;
  constexpr double step = 1e3;
  constexpr double most = 1e30;
  const Index n = X.cols;
  const Index t = Y.cols;
  Buffer<T> coefs(n * t * points);
  Buffer<T> intercepts(t * points);
  Buffer<double> dof(points);
  Buffer<double> residual(t * points);
  RidgePath<T> path;
  path.coefs = coefs.data();
  path.intercepts = intercepts.data();
  path.dof = dof.data();
  path.residual_norm = residual.data();
  const double top = high * most;
  const double bottom = low / most;
  for (bool bracketed = false; high > low * (1 + 1e-6) || !bracketed;) {
    std::vector<double> grid;
    for (Index i = 0; i < points; ++i) {
      grid.push_back(high * std::pow(low / high, static_cast<double>(i) / static_cast<double>(points - 1)));
    }
    const Outcome outcome = ridge_path<T>(X, Y, grid.data(), points, path, options);
    if (!outcome.ok()) {
      return outcome;
    }
    if (options.stop.requested()) {
      return {Reason::stopped};
    }
    const std::vector<double> square = summed(residual.data(), t, points, true);
    if (!bracketed && (square.front() < goal * goal || square.back() > goal * goal)) {
      const bool up = square.front() < goal * goal;
      (up ? low : high) = up ? high : low;
      (up ? high : low) *= up ? step * step : 1 / (step * step);
      if (!(high <= top && low >= bottom)) {
        chosen = std::numeric_limits<double>::quiet_NaN();
        return {};
      }
      continue;
    }
    bracketed = true;
    std::size_t i = 1;
    while (i + 1 < square.size() && square[i] > goal * goal) {
      ++i;
    }
    high = grid[i - 1];
    low = grid[i];
  }
  chosen = std::sqrt(high * low);
  return {};
}

}  // namespace

template <class T>
Outcome select_alpha(In<T> X, In<T> Y, const double* alpha, Index k, AlphaCriterion criterion, double noise,
                     double& chosen, const RidgePath<T>& path, const RidgeOptions<T>& options) {
  if (criterion == AlphaCriterion::max_element) {
    if (const auto [i, j] = check_finite<T>(Source<T>{X}); i >= 0) {
      return {Reason::non_finite, i};
    }
    const Design<T> design(X, Y, options.weights, options.intercept);
    double largest = 0;  // |G(i, j)|^2 <= G(i, i) G(j, j): the largest entry is on the diagonal
    for (Index j = 0; j < X.cols; ++j) {
      double square = 0;
      for (Index i = 0; i < X.rows; ++i) {
        const auto value = static_cast<double>(design.x(i, j));
        square += value * value;
      }
      largest = std::max(largest, square);
    }
    chosen = largest > 0 ? 1 / largest : std::numeric_limits<double>::quiet_NaN();
    return {};
  }
  if (k < 1) {
    throw std::invalid_argument("at least one penalty is needed");
  }
  const Outcome outcome = ridge_path<T>(X, Y, alpha, k, path, options);
  if (!outcome.ok()) {
    return outcome;
  }
  const Index t = Y.cols;
  if (criterion == AlphaCriterion::discrepancy) {
    const double goal = noise * std::sqrt(static_cast<double>(X.rows) * static_cast<double>(t));
    const double high = alpha[0] > 0 ? alpha[0] : 1.0;
    const double low = alpha[k - 1] > 0 ? alpha[k - 1] : high * static_cast<double>(epsilon<T>);
    return search<T>(X, Y, high, std::min(low, high / 2), goal, options, chosen);
  }
  Index best = -1;
  if (criterion == AlphaCriterion::l_curve && k > 2) {
    best = corner(summed(path.residual_norm, t, k, true), summed(path.solution_norm, t, k, true));
  }
  if (best < 0) {
    best = least(summed(criterion == AlphaCriterion::loo ? path.loo : path.gcv, t, k, false));
  }
  chosen = alpha[best];
  return {};
}

template <class T>
Outcome ridge_alpha_range(In<T> X, const RidgeOptions<T>& options, double& smallest, double& largest) {
  if (const auto [i, j] = check_finite<T>(Source<T>{X}); i >= 0) {
    return {Reason::non_finite, i};
  }
  const Index r = std::min(X.rows, X.cols);
  const bool tall = X.rows >= X.cols;
  const Design<T> design(X, In<T>{nullptr, X.rows, 0, 0, 0}, options.weights, options.intercept);
  Matrix<T> G(r, r);
  const ColMajor<T> none{nullptr, r, 0, r};
  if (tall) {
    gram<T>(design.X(), design.change_of_X(), In<T>{}, G.view(), none);
  } else {
    design.dual_gram(G.view());
  }
  Buffer<T> values(r);
  if (r > 0) {
    if (const Outcome outcome = eigvalsh_in_place<T>(G.view(), values.data()); !outcome.ok()) {
      return outcome;
    }
  }
  largest = r > 0 && values[r - 1] > 0 ? static_cast<double>(values[r - 1]) : 1.0;
  smallest = largest * static_cast<double>(epsilon<T>);
  for (Index i = 0; i < r; ++i) {
    if (static_cast<double>(values[i]) > smallest) {
      smallest = static_cast<double>(values[i]);
      break;
    }
  }
  return {};
}

#define INSTANTIATE(T)                                                                                  \
  template Outcome ridge_alpha_range<T>(In<T>, const RidgeOptions<T>&, double&, double&);               \
  template Outcome select_alpha<T>(In<T>, In<T>, const double*, Index, AlphaCriterion, double, double&, \
                                   const RidgePath<T>&, const RidgeOptions<T>&);
INSTANTIATE(float)
INSTANTIATE(double)
#undef INSTANTIATE

}  // namespace hessolve
