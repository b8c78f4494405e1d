// SPDX-License-Identifier: BSD-3-Clause
// Hessians analysed, made positive definite, learnt: the calls on views, on matrices with gaps and in both orders.
#include "check.hpp"

#include <cmath>
#include <limits>

namespace hs = hessolve;
using hs::Index;

namespace {

/// A symmetric matrix in rows with a gap between them.
struct Symmetric {
  explicit Symmetric(Index size, unsigned seed) : n(size), data(static_cast<std::size_t>(size * (size + 2)), 77.0) {
    std::mt19937 generator(seed);
    for (Index i = 0; i < n; ++i) {
      for (Index j = 0; j <= i; ++j) {
        at(i, j) = at(j, i) = problems::normal<double>(generator);
      }
    }
  }
  double& at(Index i, Index j) { return data[static_cast<std::size_t>(i * (n + 2) + j)]; }
  hs::MatrixView<double> view() { return {data.data(), n, n, n + 2, 1}; }

  Index n;
  std::vector<double> data;
};

double largest(hs::MatrixView<double> A) {
  double size = 0;
  for (Index j = 0; j < A.cols; ++j) {
    for (Index i = 0; i < A.rows; ++i) {
      size = std::max(size, std::abs(A(i, j)));
    }
  }
  return size;
}

void test_curvature(Index n) {
  Symmetric H(n, 7);
  std::vector<double> w(static_cast<std::size_t>(n));
  problems::Dense<double> V(n, n);
  hs::CurvatureReport<double> report;
  const hs::Outcome outcome = hs::curvature<double>(H.view(), {}, 0.0, w.data(), V.view(), report);
  CHECK(outcome.ok());
  double worst = 0;
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < n; ++i) {
      double sum = -w[static_cast<std::size_t>(j)] * V.view()(i, j);
      for (Index k = 0; k < n; ++k) {
        sum += H.at(i, k) * V.view()(k, j);
      }
      worst = std::max(worst, std::abs(sum));
    }
  }
  CHECK(worst <= 20 * static_cast<double>(n) * hs::epsilon<double> * report.spectral_radius);
  CHECK(report.inertia.positive + report.inertia.negative + report.inertia.zero == n);
  CHECK(hs::kind_of_point<double>(report, 1.0, 0.5) == hs::PointKind::not_stationary);
  if (n > 2) {
    CHECK(report.definiteness == hs::Definiteness::indefinite);
    CHECK(hs::kind_of_point<double>(report, 0.0, 0.0) == hs::PointKind::saddle);
  }
  H.at(n - 1, 0) = H.at(0, n - 1) = std::numeric_limits<double>::quiet_NaN();
  CHECK(hs::curvature<double>(H.view(), {}, 0.0, w.data(), {}, report).reason == hs::Reason::non_finite);
}

void test_modifications(Index n) {
  for (const hs::Modification method :
       {hs::Modification::automatic, hs::Modification::shift, hs::Modification::eigenvalue, hs::Modification::gmw,
        hs::Modification::se99, hs::Modification::cheng_higham}) {
    Symmetric H(n, 3);
    problems::Dense<double> G(n, n);
    hs::ModifyOptions options;
    options.method = method;
    hs::ModifyReport<double> report;
    CHECK_FOR(hs::modify_hessian<double>(H.view(), G.view(), options, report).ok(), std::string(hs::name(method)));
    CHECK(report.definite);
    problems::Dense<double> L(n, n);
    for (Index j = 0; j < n; ++j) {
      for (Index i = 0; i < n; ++i) {
        L.view()(i, j) = G.view()(i, j);
      }
    }
    CHECK_FOR(hs::cholesky_in_place<double>({L.view().data, n, n, L.view().stride}).ok(),
              std::string(hs::name(method)));
    (void)hs::modify_hessian<double>(H.view(), H.view(), options, report);  // in place
    CHECK(largest(H.view()) == largest(G.view()));
  }
  Symmetric H(2, 1);
  H.at(0, 0) = H.at(1, 1) = H.at(0, 1) = H.at(1, 0) = -1;
  hs::ModifyOptions options;
  options.method = hs::Modification::max_element;
  hs::ModifyReport<double> report;
  CHECK(hs::modify_hessian<double>(H.view(), H.view(), options, report).reason == hs::Reason::breakdown);
}

/// After an update the matrix takes y to s, or s to y.
void test_quasi_newton(Index n) {
  std::mt19937 generator(5);
  const auto size = static_cast<std::size_t>(n);
  hs::QuasiNewton<double> H(n);
  hs::FactoredBfgs<double> B(n);
  std::vector<double> s(size);
  std::vector<double> y(size);
  std::vector<double> out(size);
  for (int step = 0; step < 5; ++step) {
    double scale = 0;
    for (std::size_t i = 0; i < size; ++i) {
      s[i] = problems::normal<double>(generator);
      y[i] = (1.0 + static_cast<double>(i % 3)) * s[i];
      scale = std::max(scale, std::abs(s[i]));
    }
    CHECK(H.update({s.data(), n, 1}, {y.data(), n, 1}) == hs::UpdateResult::updated);
    CHECK(B.update({s.data(), n, 1}, {y.data(), n, 1}) == hs::UpdateResult::updated);
    H.dot(y.data(), out.data());
    double worst = 0;
    for (std::size_t i = 0; i < size; ++i) {
      worst = std::max(worst, std::abs(out[i] - s[i]));
    }
    CHECK(worst <= 1e-12 * scale * static_cast<double>(n));
    B.dot(s.data(), out.data());
    worst = 0;
    for (std::size_t i = 0; i < size; ++i) {
      worst = std::max(worst, std::abs(out[i] - y[i]));
    }
    CHECK(worst <= 1e-12 * scale * static_cast<double>(n));
  }
  std::fill(s.begin(), s.end(), 0.0);
  CHECK(H.update({s.data(), n, 1}, {y.data(), n, 1}) == hs::UpdateResult::no_step);
}

void test_steps() {
  const double g[2] = {2, 0};
  const double Hg[2] = {8, 0};
  const hs::OptimalStep<double> found = hs::optimal_step<double>({g, 2, 1}, {Hg, 2, 1});
  CHECK(found.step == 0.25);
  CHECK(found.decrease == 0.5);
  const double up[2] = {-8, 0};
  CHECK(std::isinf(hs::optimal_step<double>({g, 2, 1}, {up, 2, 1}).step));
}

}  // namespace

int main() {
  for (const Index n : {1, 2, 5, 33, 70, 130}) {
    test_curvature(n);
    test_modifications(n);
    test_quasi_newton(n);
  }
  test_steps();
  return check::report();
}
