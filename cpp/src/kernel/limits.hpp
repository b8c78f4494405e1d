// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

namespace hessolve {

/// The machine's own limits, measured on the threads in force, for benchmarks to be held against.
/// flop/s of C -= A B with our tiles, float64, n x n x 128 updates repeated for about `seconds`.
[[nodiscard]] double measured_gemm_rate(Index n, double seconds);

/// bytes/s of summing an array far larger than the caches.
[[nodiscard]] double measured_memory_bandwidth(double seconds);

}  // namespace hessolve
