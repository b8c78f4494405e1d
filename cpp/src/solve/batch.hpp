// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/team.hpp"

namespace hessolve {

/// solve_slice(i, stop), which returns an Outcome, for every slice of a stack of n x n systems: small ones spread over
/// threads, large ones one after the other, each with its own team. The caller's thread alone polls `stop`; slices left
/// when it asks are not solved, and the function returns false.
template <class Solve>
bool for_each_slice(Index count, Index n, const Stop& stop, Solve&& solve_slice) {
  std::atomic<bool> stopped{false};
  constexpr double worth = 1e5;  // flops
  const auto size = static_cast<double>(n);
  const bool spread = count > 1 && n <= serial_below && static_cast<double>(count) * size * size * (size + 10) > worth;
  parallel_for(count, spread, [&](Index i) {
    if (stopped) {
      return;
    }
    const bool caller = !spread || Team::rank() == 0;
    if (caller && i % 64 == 0 && stop.requested()) {
      stopped = true;
    } else if (solve_slice(i, caller ? stop : Stop{}).reason == Reason::stopped) {
      stopped = true;
    }
  });
  return !stopped;
}

/// A stack worked on across SIMD lanes: work(first, count, clean) for groups of `lanes` slices spread over threads.
/// clean receives one entry a slice. False where `stop` asked to end, which the caller's thread polls.
template <class Work>
bool for_each_group(Index count, Index lanes, Index n, const Stop& stop, bool* clean, Work&& work) {
  const Index groups = (count + lanes - 1) / lanes;
  const Index chunk = std::max<Index>(1, 4096 / (n * n + 1));  // groups that are worth handing out at once
  std::atomic<bool> stopped{false};
  const bool spread = groups > 2 * chunk;
  parallel_for((groups + chunk - 1) / chunk, spread, [&](Index c) {
    if (stopped) {
      return;
    }
    if ((!spread || Team::rank() == 0) && stop.requested()) {
      stopped = true;
      return;
    }
    for (Index g = c * chunk; g < std::min(groups, (c + 1) * chunk); ++g) {
      work(g * lanes, std::min(lanes, count - g * lanes), clean + g * lanes);
    }
  });
  return !stopped;
}

}  // namespace hessolve
