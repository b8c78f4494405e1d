// SPDX-License-Identifier: BSD-3-Clause
// Iterations on a matrix by compressed rows in one's own arrays: Gauss-Seidel, and conjugate gradients with a
// preconditioner.
#include <hessolve/hessolve.hpp>

#include <cstdio>
#include <vector>

namespace hs = hessolve;

int main() {
  const int k = 20;  // -u'' - u'' = 1 on a k x k grid, five points
  std::vector<int> indptr{0};
  std::vector<int> indices;
  std::vector<double> values;
  for (int i = 0; i < k; ++i) {
    for (int j = 0; j < k; ++j) {
      const auto add = [&](int row, int col, double value) {
        if (row >= 0 && row < k && col >= 0 && col < k) {
          indices.push_back(row * k + col);
          values.push_back(value);
        }
      };
      add(i - 1, j, -1);
      add(i, j - 1, -1);
      add(i, j, 4);
      add(i, j + 1, -1);
      add(i + 1, j, -1);
      indptr.push_back(static_cast<int>(indices.size()));
    }
  }
  const hs::Index n = k * k;
  const std::vector<double> b(static_cast<std::size_t>(n), 1.0);
  std::vector<double> x(static_cast<std::size_t>(n), 0.0);  // where to start, and the answer
  const hs::CsrView<double, int> A{n, n, indptr.data(), indices.data(), values.data()};

  hs::IterateReport report;
  hs::Outcome outcome = hs::gauss_seidel(A, hs::column(b.data(), n), hs::column(x.data(), n), {}, &report);
  std::printf("gauss-seidel: %s after %td sweeps, backward error %.0e\n", hs::name(outcome.reason), report.iterations,
              report.backward_error);

  const auto matrix = hs::csr_operator(A);  // for everything that is not about compressed rows
  const auto M = hs::preconditioner(*matrix, hs::PreconditionerKind::ic0, outcome);
  hs::IterateOptions options;
  options.method = hs::Iteration::cg;
  options.rtol = 1e-12;
  std::vector<double> y(static_cast<std::size_t>(n), 0.0);
  outcome =
      hs::iterate<double>(*matrix, hs::column(b.data(), n), hs::column(y.data(), n), M.get(), options, {}, &report);
  double difference = 0;
  for (std::size_t i = 0; i < y.size(); ++i) {
    difference = std::max(difference, std::abs(x[i] - y[i]));
  }
  std::printf("%s: %s after %td steps; the answers differ by less than 1e-4: %s\n", hs::name(report.method),
              hs::name(outcome.reason), report.iterations, difference < 1e-4 ? "yes" : "no");
  return outcome.ok() ? 0 : 1;
}
