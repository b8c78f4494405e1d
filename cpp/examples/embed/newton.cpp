// SPDX-License-Identifier: BSD-3-Clause
// A function written once, as a template, and minimised by Newton's method with exact derivatives; then one step by
// itself, from a Hessian that has to be repaired.
#include <hessolve/hessolve.hpp>

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
  const auto X = hs::column(x.data(), n);
  hs::MinimizeOptions options;
  options.gradient_tolerance = 1e-10;
  hs::MinimizeReport<double> report;
  const hs::Outcome outcome = hs::minimize(rosenbrock, X, X, options, report);
  std::printf("f = %.1e, |gradient| below 1e-10: %s, in fewer than 50 steps: %s\n", report.value,
              report.gradient_norm <= 1e-10 ? "yes" : "no", report.iterations < 50 ? "yes" : "no");
  std::printf("x = %.6f %.6f ... %.6f\n", x[0], x[1], x[x.size() - 1]);

  const std::vector<double> h = {2, 0, 0, -4};  // a saddle
  const std::vector<double> g = {2, 4};
  std::vector<double> p(2);
  hs::NewtonReport<double> step;
  const hs::Outcome stepped =
      hs::newton_step<double>(hs::row_major(h.data(), 2, 2), {g.data(), 2}, {p.data(), 2}, hs::NewtonOptions{}, step);
  std::printf("step %g %g from a Hessian repaired by %s, ||E|| = %g\n", p[0], p[1], hs::name(step.method), step.E_norm);
  return outcome.ok() && stepped.ok() ? 0 : 1;
}
