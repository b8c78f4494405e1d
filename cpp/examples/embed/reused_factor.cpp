// SPDX-License-Identifier: BSD-3-Clause
// A factor kept over a loop: a stiffness matrix is solved with, stiffened spring by spring by updates of rank one, and
// solved with again, without being factored again.
#include <hessolve/hessolve.hpp>

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <vector>

namespace hs = hessolve;

int main() {
  const hs::Index n = 50;  // masses in a row, springs between neighbours, the ends fixed
  std::vector<double> k(static_cast<std::size_t>(n * n), 0.0);
  const auto K = hs::row_major(k.data(), n, n);
  for (hs::Index i = 0; i < n; ++i) {
    K(i, i) = 2;
    if (i + 1 < n) {
      K(i, i + 1) = K(i + 1, i) = -1;
    }
  }
  const std::vector<double> load(static_cast<std::size_t>(n), 1.0);
  std::vector<double> x(static_cast<std::size_t>(n));
  std::vector<double> u(static_cast<std::size_t>(n));

  hs::Cholesky<double> factor(K);
  if (!factor.usable()) {
    std::printf("%s: %s\n", hs::name(factor.outcome().reason), hs::advice(factor.outcome().reason));
    return 1;
  }
  const auto b = hs::column(load.data(), n);
  const auto deepest = [&] {
    if (!factor.solve(b, hs::column(x.data(), n)).ok()) {
      return -1.0;
    }
    return x[static_cast<std::size_t>(n / 2)];
  };
  const double before = deepest();
  for (hs::Index spring = 0; spring + 1 < n; ++spring) {  // K := K + u u^T, u = e_i - e_(i + 1): twice as stiff
    u.assign(static_cast<std::size_t>(n), 0.0);
    u[static_cast<std::size_t>(spring)] = 1;
    u[static_cast<std::size_t>(spring + 1)] = -1;
    const auto change = hs::column(u.data(), n);
    if (!factor.update(change, change).ok()) {
      return 1;
    }
    for (hs::Index i = spring; i < spring + 2; ++i) {
      for (hs::Index j = spring; j < spring + 2; ++j) {
        K(i, j) += i == j ? 1 : -1;
      }
    }
  }
  const double after = deepest();

  // The answer of the updated factor against one from scratch.
  std::vector<double> fresh(static_cast<std::size_t>(n));
  hs::Certificate certificate;
  if (!hs::solve(K, b, hs::column(fresh.data(), n), {}, &certificate).ok()) {
    return 1;
  }
  double difference = 0;
  for (std::size_t i = 0; i < fresh.size(); ++i) {
    difference = std::max(difference, std::abs(x[i] - fresh[i]));
  }
  std::printf("deflection %.1f, with stiffer springs %.4f; rcond %.1e\n", before, after, factor.rcond());
  std::printf("updated and factored anew agree to 1e-10: %s (relative error of the latter at most %.0e)\n",
              difference <= 1e-10 * std::abs(after) ? "yes" : "no", certificate.forward_error);
  return difference <= 1e-10 * std::abs(after) ? 0 : 1;
}
