// SPDX-License-Identifier: BSD-3-Clause
// Dual numbers, tapes, star colouring and grids: against formulas, against each other, and on polynomials.
#include "check.hpp"

#include <cmath>

namespace {

using namespace hessolve;

/// Every entry of its Hessian is known: sum x_i^2 x_(i+1) + exp(x_0 x_(n-1)).
struct Chain {
  template <class X>
  auto operator()(const X& x) const {
    using std::exp;
    auto sum = exp(x[0] * x[x.size() - 1]);
    for (Index i = 0; i + 1 < x.size(); ++i) {
      sum += x[i] * x[i] * x[i + 1];
    }
    return sum;
  }
};

template <class T>
void chain_hessian(const std::vector<T>& x, MatrixView<T> H) {
  const Index n = H.rows;
  const auto at = [&](Index i) { return x[static_cast<std::size_t>(i)]; };
  for (Index i = 0; i < n; ++i) {
    for (Index j = 0; j < n; ++j) {
      H(i, j) = 0;
    }
  }
  for (Index i = 0; i + 1 < n; ++i) {
    H(i, i) += 2 * at(i + 1);
    H(i, i + 1) += 2 * at(i);
    H(i + 1, i) += 2 * at(i);
  }
  const T e = std::exp(at(0) * at(n - 1));
  if (n == 1) {
    H(0, 0) += e * (2 + 4 * at(0) * at(0));
    return;
  }
  H(0, 0) += e * at(n - 1) * at(n - 1);
  H(n - 1, n - 1) += e * at(0) * at(0);
  H(0, n - 1) += e * (1 + at(0) * at(n - 1));
  H(n - 1, 0) += e * (1 + at(0) * at(n - 1));
}

template <class T>
void test_dual(Index n) {
  std::vector<T> x(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) {
    x[static_cast<std::size_t>(i)] = static_cast<T>(0.3) - static_cast<T>(i % 5) / 4;
  }
  const auto square = static_cast<std::size_t>(n * n);
  std::vector<T> h(square);
  std::vector<T> expected(square);
  const auto H = row_major(h.data(), n, n);
  const auto E = row_major(expected.data(), n, n);
  chain_hessian(x, E);
  CHECK(hessian(Chain{}, column(x.data(), n), H).ok());
  const T bound = 16 * epsilon<T>;
  for (std::size_t k = 0; k < square; ++k) {
    CHECK(std::abs(h[k] - expected[k]) <= bound * (1 + std::abs(expected[k])));
  }
  std::vector<T> v(x.size());
  std::vector<T> p(x.size());
  for (std::size_t i = 0; i < v.size(); ++i) {
    v[i] = static_cast<T>(1) / static_cast<T>(i + 1);
  }
  CHECK(hvp(Chain{}, column(x.data(), n), column(v.data(), n), column(p.data(), n)).ok());
  for (Index i = 0; i < n; ++i) {
    T sum = 0;
    for (Index j = 0; j < n; ++j) {
      sum += E(i, j) * v[static_cast<std::size_t>(j)];
    }
    CHECK(std::abs(p[static_cast<std::size_t>(i)] - sum) <= 8 * bound);
  }
  // The gradient is the Jacobian of one value.
  std::vector<T> g(x.size());
  std::vector<T> j(x.size());
  CHECK(gradient(Chain{}, column(x.data(), n), column(g.data(), n)).ok());
  const auto as_map = [](const auto& at, auto* y) { y[0] = Chain{}(at); };
  CHECK(jacobian(as_map, column(x.data(), n), row_major(j.data(), 1, n)).ok());
  CHECK(g == j);
}

void test_static() {
  const double x[3] = {0.3, -0.2, 0.7};
  double h[9];
  double dynamic[9];
  double g[3];
  double value = 0;
  CHECK(hessian<3>(Chain{}, column(x, 3), row_major(h, 3, 3), &value, column(g, 3)).ok());
  CHECK(hessian(Chain{}, column(x, 3), row_major(dynamic, 3, 3)).ok());
  for (int k = 0; k < 9; ++k) {
    CHECK(h[k] == dynamic[k]);
  }
  CHECK(value == Chain{}(Arguments<double>(x, 3)));
  const double at_zero[1] = {0};
  const auto root = [](const auto& t) { return sqrt(t[0]); };
  const Outcome outcome = hessian(root, column(at_zero, 1), row_major(h, 1, 1));
  CHECK(outcome.reason == Reason::non_finite && outcome.where == 0);
}

/// Every function of a dual number against differences of its own derivatives.
void test_functions() {
  const auto check = [](auto&& f, double at) {
    const auto derivatives = [&](double t) {
      double h[1];
      double g[1];
      CHECK(hessian<1>(f, column(&t, 1), row_major(h, 1, 1), nullptr, column(g, 1)).ok());
      return std::pair<double, double>(g[0], h[0]);
    };
    const double step = 1e-5;
    const double estimate = (derivatives(at + step).first - derivatives(at - step).first) / (2 * step);
    const double second = derivatives(at).second;
    CHECK(std::abs(estimate - second) <= 1e-7 * (1 + std::abs(second)));
  };
#define CHECK_FUNCTION(body, at) \
  check(                         \
      [](const auto& x) {        \
        const auto& t = x[0];    \
        return body;             \
      },                         \
      at)
  CHECK_FUNCTION(exp(t) + exp2(t) + expm1(t), 0.4);
  CHECK_FUNCTION(log(t) + log2(t) + log10(t) + log1p(t), 0.4);
  CHECK_FUNCTION(sqrt(t) + cbrt(t) + abs(t) + fabs(-t), 0.4);
  CHECK_FUNCTION(sin(t) * cos(t) + tan(t), 0.4);
  CHECK_FUNCTION(asin(t) + acos(t) * atan(t), 0.4);
  CHECK_FUNCTION(sinh(t) + cosh(t) * tanh(t), 0.4);
  CHECK_FUNCTION(asinh(t) + atanh(t) + acosh(t + 1), 0.4);
  CHECK_FUNCTION(erf(t) + erfc(t) * t, 0.4);
  CHECK_FUNCTION(pow(t, 3) + pow(t, 0.5) + pow(t, t), 0.4);
  CHECK_FUNCTION(atan2(t, 1 - t) + hypot(t, 2 * t * t), 0.4);
  CHECK_FUNCTION(max(t, t * t) + min(t, 3 / t) + (t < 1 ? +t : t / 2), 0.4);
#undef CHECK_FUNCTION
}

/// A tape of the same function gives the same derivatives.
void test_tape(Index n) {
  std::vector<double> x(static_cast<std::size_t>(n));
  for (Index i = 0; i < n; ++i) {
    x[static_cast<std::size_t>(i)] = 0.3 - static_cast<double>(i % 5) / 4;
  }
  Tape tape;
  tape.variables(x.data(), n);
  const Index one = 1;
  std::vector<Tape::Id> terms(static_cast<std::size_t>(n));
  for (Index i = 0; i + 1 < n; ++i) {
    const Tape::Id id = i + 1;
    const Tape::Id next = i + 2;
    Tape::Id squared = 0;
    tape.unary(Unary::square, {}, {&id, nullptr, nullptr}, &squared);
    tape.binary(Binary::multiply, {}, {&squared, nullptr, nullptr}, {&next, nullptr, nullptr},
                &terms[static_cast<std::size_t>(i)]);
  }
  const Tape::Id ends[2] = {1, n};
  Tape::Id product = 0;
  tape.binary(Binary::multiply, {}, {&ends[0], nullptr, nullptr}, {&ends[1], nullptr, nullptr}, &product);
  tape.unary(Unary::exp, {}, {&product, nullptr, nullptr}, &terms[static_cast<std::size_t>(n - 1)]);
  const double unit = 1;
  const Index still = 0;
  Tape::Id sum = 0;
  tape.row_dot({&n, 1}, {terms.data(), nullptr, &one}, {nullptr, &unit, &still}, &sum);
  CHECK(std::abs(tape.value(sum) - Chain{}(Arguments<double>(x.data(), n))) <= 1e-13 * static_cast<double>(n));

  std::vector<double> h(static_cast<std::size_t>(n * n));
  std::vector<double> expected(h.size());
  tape.hessian(sum, row_major(h.data(), n, n));
  chain_hessian(x, row_major(expected.data(), n, n));
  for (std::size_t k = 0; k < h.size(); ++k) {
    CHECK(std::abs(h[k] - expected[k]) <= 1e-14);
  }
  std::vector<double> g(x.size());
  std::vector<double> j(x.size());
  tape.gradient(sum, g.data());
  tape.jacobian(&sum, 1, row_major(j.data(), 1, n));
  for (std::size_t i = 0; i < g.size(); ++i) {
    CHECK(std::abs(g[i] - j[i]) <= 1e-14);
  }

  // The pattern holds what is not zero, and the colouring brings it back.
  const Pattern pattern = tape.pattern(sum);
  const StarColoring coloring = star_coloring(pattern);
  std::vector<double> seeds(static_cast<std::size_t>(n * coloring.colors), 0.0);
  std::vector<double> products(seeds.size());
  for (Index i = 0; i < n; ++i) {
    seeds[static_cast<std::size_t>(i * coloring.colors + coloring.color[static_cast<std::size_t>(i)])] = 1;
  }
  tape.products(sum, row_major(seeds.data(), n, coloring.colors), row_major(products.data(), n, coloring.colors));
  std::vector<double> recovered(h.size(), 0.0);
  for (Index i = 0; i < n; ++i) {
    for (Index k = pattern.indptr[static_cast<std::size_t>(i)]; k < pattern.indptr[static_cast<std::size_t>(i + 1)];
         ++k) {
      const auto at = static_cast<std::size_t>(i * n + pattern.indices[static_cast<std::size_t>(k)]);
      recovered[at] = products[static_cast<std::size_t>(coloring.from[static_cast<std::size_t>(k)])];
    }
  }
  for (std::size_t k = 0; k < h.size(); ++k) {
    CHECK(std::abs(recovered[k] - h[k]) <= 1e-14);
  }
  CHECK(coloring.colors <= 5);
}

/// Differences on a grid are exact for quadratics, at the border as well.
template <class T>
void test_grid() {
  const Index shape[3] = {4, 5, 6};
  const Index strides[3] = {1, 4, 20};
  const double spacing[3] = {0.5, -2, 1};
  std::vector<T> values(120);
  for (Index i = 0; i < 120; ++i) {
    const auto x = static_cast<Real<T>>(0.5 * static_cast<double>(i % 4));
    const auto y = static_cast<Real<T>>(-2.0 * static_cast<double>(i / 4 % 5));
    const auto z = static_cast<Real<T>>(i / 20);
    values[static_cast<std::size_t>(i)] = T(x * x + 3 * x * y - y * z + 2 * z * z);
  }
  const Real<T> expected[9] = {2, 3, 0, 3, 0, -1, 0, -1, 4};
  std::vector<T> H(120 * 9);
  hessian_grid<T>(values.data(), shape, strides, 3, spacing, H.data());
  for (std::size_t k = 0; k < H.size(); ++k) {
    CHECK(std::abs(H[k] - expected[k % 9]) <= 2000 * epsilon<T>);
  }
}

void test_difference_hessian() {
  const double x[3] = {0.3, -0.2, 0.7};
  double exact[9];
  double h[9];
  double error[9];
  CHECK(hessian(Chain{}, column(x, 3), row_major(exact, 3, 3)).ok());
  Index calls = 0;
  const auto counted = [&](const auto& at) {
    ++calls;
    return Chain{}(at);
  };
  CHECK(difference_hessian(counted, column(x, 3), row_major(h, 3, 3), row_major(error, 3, 3)).ok());
  CHECK(calls == 7 * 9 + 7 * 3 + 1);
  for (int k = 0; k < 9; ++k) {
    CHECK(std::abs(h[k] - exact[k]) <= error[k] && error[k] < 1e-9);
  }
  const auto ends = [](const auto& at) { return at[0] < 0.5 ? at[0] : std::nan(""); };
  CHECK(difference_hessian(ends, column(x, 3), row_major(h, 3, 3), row_major(error, 3, 3)).reason ==
        Reason::non_finite);
}

void test_local_models() {
  const double x[2] = {0.5, -0.25};
  double g[2];
  double h[4];
  TaylorModel<double> model;
  const auto f = [](const auto& t) { return exp(t[0]) * t[1] + 1.0; };
  const auto F = [](const auto& t, auto* y) {
    y[0] = t[0] * t[0] - t[1] * t[1];
    y[1] = 2 * t[0] * t[1];
  };
  const auto value = [&](const auto& t) {
    using std::exp;
    return exp(t[0]) * t[1] + 1.0;
  };
  CHECK(taylor(value, column(x, 2), column(g, 2), row_major(h, 2, 2), model).ok());
  const double near[2] = {0.501, -0.251};
  CHECK(std::abs(model(column(near, 2)) - value(near)) < 1e-8);
  CHECK(std::abs(model(column(x, 2)) - value(x)) == 0);
  double of_f[4];
  CHECK(hessian(f, column(x, 2), row_major(of_f, 2, 2)).ok());
  CHECK(of_f[0] == h[0] && of_f[1] == h[1] && of_f[3] == h[3]);

  double j[4];
  LocalMap<double> local;
  CHECK(local_map(F, column(x, 2), row_major(j, 2, 2), local).ok());
  CHECK(local.invertible && local.orientation == Orientation::kept);
  CHECK(std::abs(local.determinant - 4 * (0.25 + 0.0625)) < 1e-15 && std::abs(local.scale - local.determinant) < 1e-15);
  CHECK(std::abs(local.rcond - 1) < 1e-15);
  const double zero[2] = {0, 0};
  CHECK(local_map(F, column(zero, 2), row_major(j, 2, 2), local).ok());
  CHECK(!local.invertible && local.orientation == Orientation::lost && local.determinant == 0 && local.scale == 0);
  const auto swapped = [](const auto& t, auto* y) {
    y[0] = t[1];
    y[1] = t[0];
  };
  CHECK(local_map(swapped, column(x, 2), row_major(j, 2, 2), local).ok());
  CHECK(local.orientation == Orientation::reversed && std::abs(local.determinant + 1) < 1e-15);
  const auto shrunk = [](const auto& t, auto* y) {
    y[0] = 1e-200 * t[0];
    y[1] = 1e-200 * t[1];
  };
  CHECK(local_map(shrunk, column(x, 2), row_major(j, 2, 2), local).ok());
  CHECK(local.orientation == Orientation::kept && local.determinant == 0 && local.scale == 0);
  CHECK(std::abs(local.log_scale + 400 * std::log(10.0)) < 1e-12);

  const double points[6] = {0, 0, 1, 0.5, -1, 2};
  const auto convex = [](const auto& t) {
    using std::exp;
    return exp(t[0]) + t[1] * t[1];
  };
  const auto saddle = [](const auto& t) { return t[0] * t[0] - t[1] * t[1]; };
  Convexity<double> found;
  CHECK(check_convexity(convex, row_major(points, 3, 2), found).ok() && found.kind == Counterexample::none);
  CHECK(check_convexity(saddle, row_major(points, 3, 2), found).ok() && found.kind == Counterexample::midpoint);
  CHECK(found.excess > 0);
  double direction[2];
  CHECK(check_convexity(saddle, row_major(points, 1, 2), found, column(direction, 2)).ok());
  CHECK(found.kind == Counterexample::curvature && found.excess == -2 && std::abs(std::abs(direction[1]) - 1) < 1e-15);
}

void test_extrapolation() {
  // (exp(h) - exp(-h)) / 2h for six halved steps
  double values[6];
  const double rounding[6] = {1e-16, 2e-16, 4e-16, 8e-16, 16e-16, 32e-16};
  for (int k = 0; k < 6; ++k) {
    const double step = std::ldexp(1.0, -k);
    values[k] = std::sinh(step) / step;
  }
  double best = 0;
  double error = 0;
  extrapolate(column(values, 6), column(rounding, 6), 2, &best, &error);
  CHECK(std::abs(best - 1) <= error && error <= 1e-12);
}

}  // namespace

int main() {
  for (const Index n : {1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 33}) {
    test_dual<double>(n);
    test_dual<float>(n);
    if (n > 1) {
      test_tape(n);
    }
  }
  test_static();
  test_functions();
  problems::for_each_scalar([](auto t) { test_grid<decltype(t)>(); });
  test_extrapolation();
  test_difference_hessian();
  test_local_models();
  return check::report();
}
