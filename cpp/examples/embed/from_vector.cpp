// SPDX-License-Identifier: BSD-3-Clause
// Solve A x = b from std::vector, without Eigen: views in, views out, an outcome back.
#include <hessolve/hessolve.hpp>

#include <cstdio>
#include <vector>

namespace hs = hessolve;

int main() {
  const std::vector<double> a = {4, 1, 0,  // row by row
                                 1, 3, 1,  //
                                 0, 1, 2};
  const std::vector<double> b = {6, 10, 8};  // A (1, 2, 3)
  std::vector<double> x(3);

  hs::Certificate certificate;
  const hs::Outcome outcome =
      hs::solve(hs::row_major(a.data(), 3, 3), hs::column(b.data(), 3), hs::column(x.data(), 3), {}, &certificate);
  if (!outcome.ok()) {
    std::printf("%s: %s\n", hs::name(outcome.reason), hs::advice(outcome.reason));
    return 1;
  }
  std::printf("x = %.15g %.15g %.15g by %s, relative error at most %.1e (%s)\n", x[0], x[1], x[2],
              hs::name(certificate.method), certificate.forward_error, certificate.proven ? "proven" : "estimated");

  // One factorisation, many right-hand sides.
  const hs::LU<double> lu(hs::row_major(a.data(), 3, 3));
  for (int i = 0; i < 3; ++i) {
    std::vector<double> e(3, 0.0);
    e[static_cast<std::size_t>(i)] = 1;
    if (!lu.solve(hs::column(e.data(), 3), hs::column(x.data(), 3)).ok()) {
      return 1;
    }
    std::printf("column %d of the inverse: %9.6f %9.6f %9.6f\n", i, x[0], x[1], x[2]);
  }
  return 0;
}
