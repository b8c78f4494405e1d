// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/solve/options.hpp>

namespace hessolve {

/// An ordered list of methods: the first is tried first, the next where it fails (Cholesky on a matrix that is not
/// positive definite) or where its answer cannot be trusted.
struct Plan {
  Method methods[5] = {};
  int count = 0;
  int regime = 1;
  double flops = 0;  ///< of the first method, one right-hand side included

  void then(Method method) { methods[count++] = method; }
};

/// What backslash does with a matrix of this structure. A pure function.
[[nodiscard]] Plan plan(const Structure& structure, Method wish = Method::none, Index right_hand_sides = 1);

/// The structure a claim stands for; `seen` where nothing is claimed.
[[nodiscard]] Kind assumed_kind(Assume assume, Kind seen);

}  // namespace hessolve
