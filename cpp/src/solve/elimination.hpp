// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

#include <cstdint>
#include <vector>

/// Which columns of a sparse Cholesky factor depend on which, before any number is known.
namespace hessolve {

using Position = std::int32_t;
using Positions = std::vector<Position>;

constexpr std::size_t at(Index i) { return static_cast<std::size_t>(i); }

/// The graph of a symmetric matrix: neighbours of j at list[start[j]] ..., each once, none of them j.
struct AdjacencyGraph {
  Positions start;
  Positions list;

  template <class Visit>
  void for_each(Index j, Visit&& visit) const {
    for (Position k = start[at(j)]; k < start[at(j) + 1]; ++k) {
      visit(list[at(k)]);
    }
  }
};

/// Of an n x n matrix by columns, of which the lower triangle is read.
/// @throws std::length_error where positions could not count what an order takes to find.
template <class I>
[[nodiscard]] AdjacencyGraph graph_of(Index n, const I* indptr, const I* indices);

/// Columns in an order of little fill, children before parents, every subtree a range.
struct Elimination {
  Positions order;     // position -> column of A
  Positions position;  // column of A -> position
  Positions parent;    // the first row below the diagonal that a column of L has, or -1
  Positions count;     // entries of each column of L
};

/// By approximate minimum degree. Amestoy, Davis & Duff 1996 (order); Liu 1990 (tree); Gilbert, Ng & Peyton 1994
/// (counts).
[[nodiscard]] Elimination eliminate(const AdjacencyGraph& graph);

}  // namespace hessolve
