// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/hessian/tape.hpp>

namespace hessolve {

/// Columns of a sparse symmetric matrix in groups, such that the products of the matrix with the sums of the unit
/// vectors of each group hold every entry by itself: a Hessian of n variables from as many products as there are
/// groups.
struct StarColoring {
  std::vector<Index> color;  ///< of each column
  Index colors = 0;
  std::vector<Index> from;  ///< where in the products, row major (n, colors), the entries of the pattern stand in turn
};

/// A star colouring of a symmetric pattern with its diagonal: neighbours differ, and no path of four columns has only
/// two colours. Entry (i, j) is then product(i, color(j)), or else product(j, color(i)).
/// The smallest colours first, columns of many neighbours before others. O(sum of squared degrees).
/// [Gebremedhin, Manne & Pothen, What color is your Jacobian?, SIAM Review 47 (2005), 629-705, algorithm 4.1 and 4.5,
/// doi 10.1137/S0036144504444711]
[[nodiscard]] StarColoring star_coloring(const Pattern& pattern);

}  // namespace hessolve
