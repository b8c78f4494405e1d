// SPDX-License-Identifier: BSD-3-Clause
// A line through measurements, with the evidence that its coefficients are right; then the same line for many
// instruments in one call.
#include <hessolve/hessolve.hpp>

#include <cstdio>
#include <vector>

namespace hs = hessolve;

namespace {

constexpr int m = 12;  // measurements of one instrument
constexpr int n = 2;   // intercept and slope

/// Rows (1, t) of the design and y = 3 + slope t, with deviations whose sum and moment vanish: the line is exact.
struct Instrument {
  double design[m * n];
  double y[m];
  double line[n];
};

Instrument measured(double slope) {
  Instrument one{};
  for (int i = 0; i < m; ++i) {
    const double deviation = i % 4 == 0 || i % 4 == 3 ? 0.25 : -0.25;
    one.design[i * n] = 1;
    one.design[i * n + 1] = i;
    one.y[i] = 3 + slope * i + deviation;
  }
  return one;
}

}  // namespace

int main() {
  Instrument one = measured(0.5);
  hs::Certificate certificate;
  const hs::Outcome outcome =
      hs::lstsq(hs::row_major(one.design, m, n), hs::column(one.y, m), hs::column(one.line, n), {}, &certificate);
  if (!outcome.ok()) {
    std::printf("%s: %s\n", hs::name(outcome.reason), hs::advice(outcome.reason));
    return 1;
  }
  std::printf("y = %.6f + %.6f t by %s, rank %td, rcond %.2f\n", one.line[0], one.line[1], hs::name(certificate.method),
              certificate.rank, certificate.rcond);
  std::printf("residual %.6f, backward error below 1e-15: %s, relative error below 1e-13: %s\n",
              certificate.residual_norm, certificate.backward_error < 1e-15 ? "yes" : "no",
              certificate.forward_error < 1e-13 ? "yes" : "no");

  // Many at once: views of the first, and the distance from one to the next.
  std::vector<Instrument> many;
  for (int k = 0; k < 1000; ++k) {
    many.push_back(measured(0.001 * k));
  }
  const auto batch = [&](hs::MatrixView<double> first) {
    return hs::Batch<double>{first, static_cast<hs::Index>(many.size()), sizeof(Instrument) / sizeof(double)};
  };
  std::vector<hs::Outcome> outcomes(many.size());
  const hs::Outcome all = hs::lstsq(batch(hs::row_major(many[0].design, m, n)), batch(hs::column(many[0].y, m)),
                                    batch(hs::column(many[0].line, n)), outcomes.data());
  std::printf("%zu lines: %s; the last: y = %.6f + %.6f t\n", many.size(), hs::name(all.reason), many.back().line[0],
              many.back().line[1]);
  return all.ok() ? 0 : 1;
}
