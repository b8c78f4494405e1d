// SPDX-License-Identifier: BSD-3-Clause
// A function written once, as a template, and minimised by Newton's method: exact derivatives, and hessolve's solver
// for the step.
#include <hessolve/hessolve.hpp>

#include <cmath>
#include <cstdio>
#include <vector>

namespace hs = hessolve;

int main() {
  const auto rosenbrock = [](const auto& x) {
    auto sum = 0 * x[0];
    for (hs::Index i = 0; i + 1 < x.size(); ++i) {
      const auto valley = x[i + 1] - x[i] * x[i];
      const auto slope = 1 - x[i];
      sum += 100 * valley * valley + slope * slope;
    }
    return sum;
  };

  const hs::Index n = 6;
  std::vector<double> x(static_cast<std::size_t>(n), -1.2);
  std::vector<double> g(x.size());
  std::vector<double> step(x.size());
  std::vector<double> h(x.size() * x.size());
  const auto X = hs::column(x.data(), n);
  const auto G = hs::column(g.data(), n);
  const auto H = hs::row_major(h.data(), n, n);
  const auto value = [&] { return rosenbrock(hs::Arguments<double>(x.data(), n)); };

  hs::SolveOptions options;
  options.assume = hs::Assume::hermitian;  // Cholesky where it succeeds, else LDL^T
  double norm = 1;
  int iterations = 0;
  for (; iterations < 100 && norm > 1e-10; ++iterations) {
    if (!hs::gradient(rosenbrock, X, G).ok() || !hs::hessian(rosenbrock, X, H).ok() ||
        !hs::solve(H, G, hs::column(step.data(), n), options).ok()) {
      return 1;
    }
    double slope = 0;  // along the step; a Hessian that is not positive definite may point uphill
    for (std::size_t i = 0; i < x.size(); ++i) {
      slope += g[i] * step[i];
    }
    const double before = value();
    const std::vector<double> start = x;
    for (double t = slope > 0 ? 1 : -1; std::abs(t) > 1e-10; t /= 2) {  // halve until f falls
      for (std::size_t i = 0; i < x.size(); ++i) {
        x[i] = start[i] - t * step[i];
      }
      if (value() <= before - 1e-4 * std::abs(t * slope)) {
        break;
      }
    }
    norm = 0;
    if (!hs::gradient(rosenbrock, X, G).ok()) {
      return 1;
    }
    for (const double entry : g) {
      norm = std::hypot(norm, entry);
    }
  }
  std::printf("f = %.1e, |gradient| below 1e-10: %s, in fewer than 50 steps: %s\n", value(),
              norm <= 1e-10 ? "yes" : "no", iterations < 50 ? "yes" : "no");
  std::printf("x = %.6f %.6f ... %.6f\n", x[0], x[1], x[x.size() - 1]);
  return norm <= 1e-10 ? 0 : 1;
}
