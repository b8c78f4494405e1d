// SPDX-License-Identifier: BSD-3-Clause
// Newton steps and minima on views: a definite Hessian is left alone, others are repaired, functors are minimised.
#include "check.hpp"

#include <cmath>

namespace {

using namespace hessolve;

template <class T>
void test_step(Index n) {
  std::vector<T> h(static_cast<std::size_t>(n * n));
  std::vector<T> g(static_cast<std::size_t>(n));
  std::vector<T> p(static_cast<std::size_t>(n));
  const auto H = row_major(h.data(), n, n);
  for (const bool definite : {true, false}) {
    for (Index i = 0; i < n; ++i) {
      g[static_cast<std::size_t>(i)] = static_cast<T>(1 + i % 3);
      for (Index j = 0; j < n; ++j) {
        H(i, j) = i == j ? static_cast<T>(!definite && i % 2 == 0 ? -2 : 3) : T(1) / static_cast<T>(n);
      }
    }
    NewtonReport<T> report;
    CHECK(newton_step<T>(H, {g.data(), n}, {p.data(), n}, {}, report).ok());
    CHECK(report.modified == !definite);
    CHECK((report.E_norm > 0) == !definite);
    CHECK(report.slope < 0 && report.decrease == -report.slope / 2);
    if (definite) {
      for (Index i = 0; i < n; ++i) {
        T sum = g[static_cast<std::size_t>(i)];
        for (Index j = 0; j < n; ++j) {
          sum += H(i, j) * p[static_cast<std::size_t>(j)];
        }
        CHECK(std::abs(sum) < 200 * std::numeric_limits<T>::epsilon());
      }
    } else {
      NewtonOptions options;
      options.repair = false;
      CHECK(newton_step<T>(H, {g.data(), n}, {p.data(), n}, options, report).reason == Reason::not_positive_definite);
      CHECK(newton_step<T>(H, {g.data(), n}, {g.data(), n}, {}, report).ok());  // in place
    }
  }
  H(n - 1, 0) = std::numeric_limits<T>::quiet_NaN();
  NewtonReport<T> report;
  const Outcome outcome = newton_step<T>(H, {g.data(), n}, {p.data(), n}, {}, report);
  CHECK(outcome.reason == Reason::non_finite && outcome.where == n - 1);
}

struct Rosenbrock {
  template <class X>
  auto operator()(const X& x) const {
    auto sum = 0 * x[0];
    for (Index i = 0; i + 1 < x.size(); ++i) {
      const auto valley = x[i + 1] - x[i] * x[i];
      sum += 100 * valley * valley + (1 - x[i]) * (1 - x[i]);
    }
    return sum;
  }
};

void test_minimize() {
  for (const Index n : {2, 5, 12}) {
    std::vector<double> x0(static_cast<std::size_t>(n), -1.2);
    std::vector<double> x(x0.size());
    MinimizeReport<double> report;
    CHECK(minimize(Rosenbrock{}, column(x0.data(), n), column(x.data(), n), {}, report).reason == Reason::converged);
    CHECK(x0[0] == -1.2 && report.gradient_norm <= 1e-8 && report.value < 1e-12);
    CHECK(report.iterations > 3 && report.evaluations > report.iterations);
    MinimizeOptions few;
    few.max_iterations = 2;
    CHECK(minimize(Rosenbrock{}, column(x0.data(), n), column(x.data(), n), few, report).reason ==
          Reason::max_iterations);
    CHECK(report.iterations == 2);
  }
  const auto barrier = [](const auto& x) {
    using std::log;
    return x[0] - log(x[0]);  // no number for x < 0: steps are shortened
  };
  double x = 8;
  MinimizeReport<double> report;
  CHECK(minimize(barrier, column(&x, 1), column(&x, 1), {}, report).ok());
  CHECK(std::abs(x - 1) < 1e-8);
  x = -1;
  CHECK(minimize(barrier, column(&x, 1), column(&x, 1), {}, report).reason == Reason::non_finite);
  const auto raised = [](const auto& y) { return 1e9 + (y[0] - 1) * (y[0] - 1); };  // all rounding near 1
  x = 3;
  MinimizeOptions fine;
  fine.gradient_tolerance = 0;
  const Outcome last = minimize(raised, column(&x, 1), column(&x, 1), fine, report);
  CHECK(last.reason == Reason::converged || last.reason == Reason::stagnated);
  CHECK(std::abs(x - 1) < 1e-15 && report.value == 1e9);
  const auto valley = [](const auto& y) { return y[0] * y[0] * y[0] * y[0] - 2 * y[0] * y[0]; };  // bends down at 0.1
  x = 0.1;
  CHECK(minimize(valley, column(&x, 1), column(&x, 1), {}, report).ok());
  CHECK(std::abs(std::abs(x) - 1) < 1e-8 && report.repaired > 0);
}

}  // namespace

int main() {
  for (const Index n : {1, 2, 7, 40, 150}) {
    test_step<float>(n);
    test_step<double>(n);
  }
  test_minimize();
  return check::report();
}
