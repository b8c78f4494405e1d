// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "solve/elimination.hpp"

#include <utility>

namespace hessolve {

/// Where the factor of P A P^T = L L^H of a sparse Hermitian A has entries. Columns that share their rows below are one
/// supernode: a dense panel of its own columns and those rows. Children come before their parents.
struct CholeskyPattern {
  Index n = 0;
  double cost = 0;              // multiply-adds of the factorisation, and 240 for each entry of L, as costly as those
  Positions order;              // position -> column of A
  Positions first;              // of the columns of each supernode; one more at the end
  Positions parent;             // supernode, or -1
  Positions child;              // the first of each supernode, or -1
  Positions sibling;            // the next child of the same parent, or -1
  std::vector<Index> rows_at;   // of each supernode in `rows`; one more at the end
  Positions rows;               // positions below the own columns, rising
  std::vector<Index> panel_at;  // of each supernode among the values of L, by columns of width + rows; one more
  std::vector<double> work;     // multiply-adds of the subtree

  /// The tree cut by work: subtrees, first and last supernode, in groups that threads take whole, and those above them.
  std::vector<std::pair<Position, Position>> subtrees;
  Positions groups;  // first subtree of each; one more at the end
  Positions tops;

  /// What is added where: a value of A, or its conjugate where it comes from above the diagonal, to one of L.
  struct Entry {
    Index place;  // among the values of A; -1 - that where the conjugate is meant
    Index target;

    [[nodiscard]] bool conjugated() const { return place < 0; }
    [[nodiscard]] Index source() const { return place < 0 ? -1 - place : place; }
  };
  std::vector<Entry> entries;     // by supernodes
  std::vector<Index> entries_at;  // of each supernode; one more at the end

  [[nodiscard]] Index supernodes() const { return static_cast<Index>(parent.size()); }
  [[nodiscard]] Index width(Index s) const { return first[at(s) + 1] - first[at(s)]; }
  [[nodiscard]] Index below(Index s) const { return rows_at[at(s) + 1] - rows_at[at(s)]; }
  [[nodiscard]] const Position* rows_of(Index s) const { return rows.data() + rows_at[at(s)]; }
  [[nodiscard]] Index group_count() const { return static_cast<Index>(groups.size()) - 1; }
  /// visit(t) for the subtrees of one group
  template <class Visit>
  void for_each_in(Index group, Visit&& visit) const {
    for (Index t = groups[at(group)]; t < groups[at(group) + 1]; ++t) {
      visit(t);
    }
  }
  [[nodiscard]] double total_work() const {
    double total = 0;
    for (Index s = 0; s < supernodes(); ++s) {
      total += parent[at(s)] < 0 ? work[at(s)] : 0;
    }
    return total;
  }
};

/// The pattern for an n x n matrix by columns, of which the lower triangle is read. Where it costs more than `most`,
/// that alone is told. Supernodes that share nearly all rows are taken together: Ashcraft & Grimes 1989.
template <class I>
[[nodiscard]] CholeskyPattern cholesky_pattern(Index n, const I* indptr, const I* indices, double most);

}  // namespace hessolve
