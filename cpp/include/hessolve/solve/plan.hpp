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
  double flops = 0;  ///< of the first method, all right-hand sides included

  void then(Method method) { methods[count++] = method; }
};

/// What backslash does with a matrix of this structure. A pure function.
[[nodiscard]] Plan plan(const Structure& structure, Method wish = Method::none, Index right_hand_sides = 1);

/// Whether a method asked for (or the plan's own choice) can answer where the rank is lost: then backslash lets it.
[[nodiscard]] constexpr bool may_lose_rank(Method wish) {
  return wish == Method::none || wish == Method::qr || wish == Method::qr_pivoted || wish == Method::svd;
}

/// The structure a claim stands for; `seen` where nothing is claimed.
[[nodiscard]] Kind assumed_kind(Assume assume, Kind seen);

}  // namespace hessolve
