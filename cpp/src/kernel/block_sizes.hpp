// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

#include <algorithm>

/// Sizes at which methods change gear. Measured on two cores with AVX-512; they depend on n alone, so bits never depend
/// on the machine's load or the number of threads.
namespace hessolve {

/// Below this a factorisation is one recursion on one thread: starting a team costs more than it saves.
inline constexpr Index serial_below = 200;

inline constexpr Index widest_panel = 128;

/// Panel width where `rest` columns are left: wide enough for the product to run at speed, narrow enough for the panel,
/// which one thread factors, not to be waited for.
constexpr Index panel_width(Index rest) {
  const Index width = rest > 768 ? widest_panel : rest > 192 ? 64 : 32;
  return std::min(width, rest);
}

/// Householder reflections taken together: a multiple of the rows of a register tile, for every scalar.
inline constexpr Index reflector_block = 48;

/// Threads worth starting for the factorisation of an n x n matrix.
constexpr int threads_for(Index n, int available) {
  return static_cast<int>(std::min<Index>(available, std::max<Index>(n / 100, 1)));
}

}  // namespace hessolve
