// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

#include <cstdint>

namespace hessolve {

/// SplitMix64: the next number of a stream, and the state it leaves.  [Steele, Lea & Flood 2014, doi
/// 10.1145/2714064.2660195]
[[nodiscard]] inline std::uint64_t next_random(std::uint64_t& state) {
  state += 0x9E3779B97F4A7C15ULL;
  std::uint64_t z = state;
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

/// Uniform in [0, 1).
[[nodiscard]] inline double next_uniform(std::uint64_t& state) {
  return static_cast<double>(next_random(state) >> 11) * 0x1p-53;
}

/// Uniform parts in [-1, 1): a start vector that no eigenvector is orthogonal to but by bad luck.
template <class T>
void fill_random(Index n, T* x, std::uint64_t seed) {
  for (Index i = 0; i < n; ++i) {
    const auto re = static_cast<Real<T>>(2 * next_uniform(seed) - 1);
    if constexpr (is_complex<T>) {
      x[i] = {re, static_cast<Real<T>>(2 * next_uniform(seed) - 1)};
    } else {
      x[i] = re;
    }
  }
}

}  // namespace hessolve
