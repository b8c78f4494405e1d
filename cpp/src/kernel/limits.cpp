// SPDX-License-Identifier: BSD-3-Clause
#include "kernel/limits.hpp"

#include "kernel/dot.hpp"
#include "kernel/gemm.hpp"
#include "kernel/team.hpp"

#include <hessolve/core/buffer.hpp>

#include <chrono>

namespace hessolve {
namespace {

/// The best rate of `work`, which does `amount` of something, in about `seconds`.
template <class Work>
double best_rate(double amount, double seconds, Work&& work) {
  using Clock = std::chrono::steady_clock;
  const auto since = [](Clock::time_point start) {
    return std::chrono::duration<double>(Clock::now() - start).count();
  };
  const auto begin = Clock::now();
  double best = 0;
  do {
    const auto start = Clock::now();
    work();
    best = std::max(best, amount / since(start));
  } while (since(begin) < seconds);
  return best;
}

}  // namespace

double measured_gemm_rate(Index n, double seconds) {
  constexpr Index depth = 128;
  constexpr Index strip = 64;
  Matrix<double> A(n, depth);
  Matrix<double> B(depth, n);
  Matrix<double> C(n, n);
  Buffer<double> packed(packed_size<double>(n, depth));
  for (Index j = 0; j < n; ++j) {
    std::fill_n(C.view().col(j), n, 0.0);
    std::fill_n(B.view().col(j), depth, 1e-3);
  }
  for (Index k = 0; k < depth; ++k) {
    std::fill_n(A.view().col(k), n, 1e-3);
  }
  pack_rows<double>(A.view(), 0, (n + tile_rows<double> - 1) / tile_rows<double>, packed.data());
  const double flops = 2.0 * static_cast<double>(n) * static_cast<double>(n) * depth;
  return best_rate(flops, seconds, [&] {
    parallel_for((n + strip - 1) / strip, true, [&](Index s) {
      const Index j = s * strip;
      const Index w = std::min(strip, n - j);
      gemm_minus<Right::plain, double>(C.view().block(0, j, n, w), PackedRows<double>{packed.data(), A.view()},
                                       B.view().block(0, j, depth, w));
    });
  });
}

double measured_memory_bandwidth(double seconds) {
  constexpr Index pieces = 64;
  constexpr Index length = 1 << 17;  // 1 MiB each
  Buffer<double> data(pieces * length);
  Buffer<double> sums(pieces);
  std::fill_n(data.data(), data.size(), 1.0);
  return best_rate(static_cast<double>(data.size()) * sizeof(double), seconds, [&] {
    parallel_for(pieces, true, [&](Index p) {
      sums[p] = dot<false, double>(data.data() + p * length, data.data() + p * length, length);
    });
  });
}

}  // namespace hessolve
