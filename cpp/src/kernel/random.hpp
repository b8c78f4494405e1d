// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

#include <cmath>
#include <cstdint>

/// Random numbers by counter: the k-th number of a stream is a function of (seed, stream, k) alone, so that any thread
/// can make any of them.
namespace hessolve {

/// The finaliser of SplitMix64, a bijection whose outputs pass the usual tests  [Steele, Lea & Flood 2014, doi
/// 10.1145/2660193.2660195].
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t z) {
  z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31);
}

class RandomStream {
 public:
  RandomStream(std::uint64_t seed, std::uint64_t stream)
      : state_(mix(mix(seed + 0x9E3779B97F4A7C15ULL) ^ (stream * 0xD1B54A32D192ED03ULL + 0x8CB92BA72F3D8DD7ULL))) {}

  [[nodiscard]] std::uint64_t bits() { return mix(state_ += 0x9E3779B97F4A7C15ULL); }
  /// In (0, 1).
  [[nodiscard]] double uniform() { return (static_cast<double>(bits() >> 11) + 0.5) * 0x1p-53; }
  /// In 0 ... n - 1.
  [[nodiscard]] Index below(Index n) {
    return static_cast<Index>(uniform() * static_cast<double>(n));  // uniform() < 1, and n is far below 2^53
  }
  /// Normal with mean 0 and variance 1  [Box & Muller 1958].
  [[nodiscard]] double normal() {
    if (spare_) {
      spare_ = false;
      return other_;
    }
    const double radius = std::sqrt(-2 * std::log(uniform()));
    const double angle = 6.283185307179586 * uniform();
    other_ = radius * std::sin(angle);
    spare_ = true;
    return radius * std::cos(angle);
  }

 private:
  std::uint64_t state_;
  double other_ = 0;
  bool spare_ = false;
};

}  // namespace hessolve
