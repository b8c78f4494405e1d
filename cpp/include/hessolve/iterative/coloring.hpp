// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/iterative/operator.hpp>

namespace hessolve {

/// Rows in groups: none refers to another of its own group, so that each group may be swept on all threads at once,
/// with the same result in every order.
struct Coloring {
  std::vector<Index> order;   ///< every row once, group by group
  std::vector<Index> starts;  ///< where the groups begin in `order`, and its size
  bool consistent = false;    ///< Young's property: see consistently_ordered

  [[nodiscard]] Index groups() const { return starts.empty() ? 0 : static_cast<Index>(starts.size()) - 1; }
  [[nodiscard]] RowOrder rows(bool backward) const { return {order.data(), starts.data(), groups(), backward}; }
};

/// The groups of an ordering of the n rows of a square matrix with this graph. Natural order needs none.
/// @throws std::invalid_argument for red-black where some rows refer to each other around an odd cycle; it names two.
/// O(n + edges).  [Saad, Iterative Methods for Sparse Linear Systems, 3.3.3 and 11.6]
[[nodiscard]] Coloring color(const Graph& graph, Ordering ordering);
/// The same for a matrix, without its graph where two colours are found at once.
template <class T>
[[nodiscard]] Coloring color(const Entries<T>& A, Ordering ordering);

/// Whether there are numbers g with g_j = g_i + 1 for every edge whose end j comes later than i: then the eigenvalues
/// of SOR and of Jacobi's method belong together as (lambda + omega - 1)^2 = lambda omega^2 mu^2. [Young, Iterative
/// Solution of Large Linear Systems, 5.3]
[[nodiscard]] bool consistently_ordered(const Graph& graph, const std::vector<Index>& order);

/// Young's best omega of SOR for the spectral radius of Jacobi's method, below 1: 2 / (1 + sqrt(1 - rho^2)).
[[nodiscard]] double young_omega(double jacobi_radius);

}  // namespace hessolve
