// SPDX-License-Identifier: BSD-3-Clause
#include "solve/cholesky_pattern.hpp"

#include <algorithm>
#include <numeric>

namespace hessolve {
namespace {

/// Zeros that a supernode of `width` columns may hold, as a share of its entries: small ones cost more time than zeros.
double tolerated_zeros(Index width) { return width <= 4 ? 1.0 : width <= 16 ? 0.8 : width <= 48 ? 0.1 : 0.05; }

/// First columns of supernodes: columns with the same rows below, and chains of such that share nearly all.
Positions supernodes(const Positions& parent, const Positions& count) {
  struct Node {
    Position first;
    Position last;
    double zeros;
  };
  std::vector<Node> nodes;
  const auto n = static_cast<Position>(parent.size());
  const auto entries = [](double width, double height) { return width * (height - (width - 1) / 2); };
  for (Position j = 0; j < n;) {
    Node node{j, j, 0};
    while (node.last + 1 < n && parent[at(node.last)] == node.last + 1 &&
           count[at(node.last)] == count[at(node.last + 1)] + 1) {
      ++node.last;
    }
    j = node.last + 1;
    while (!nodes.empty()) {  // the last child lies just before its parent
      const Node& child = nodes.back();
      if (parent[at(child.last)] < node.first || parent[at(child.last)] > node.last) {
        break;
      }
      const double width = node.last - node.first + 1;
      const double child_width = child.last - child.first + 1;
      const double below = count[at(node.last)] - 1;
      const double together = entries(width + child_width, width + child_width + below);
      const double zeros = node.zeros + child.zeros + together - entries(width, width + below) -
                           entries(child_width, child_width + count[at(child.last)] - 1);
      if (zeros > tolerated_zeros(static_cast<Index>(width + child_width)) * together) {
        break;
      }
      node.first = child.first;
      node.zeros = zeros;
      nodes.pop_back();
    }
    nodes.push_back(node);
  }
  Positions first;
  first.reserve(nodes.size() + 1);
  for (const Node& node : nodes) {
    first.push_back(node.first);
  }
  first.push_back(n);
  return first;
}

/// Rows below each supernode: those of A and of its children.
void find_rows(const AdjacencyGraph& graph, const Positions& position, const Positions& count,
               CholeskyPattern& pattern) {
  const Index supernodes = pattern.supernodes();
  pattern.rows_at.assign(at(supernodes) + 1, 0);
  for (Index s = 0; s < supernodes; ++s) {
    pattern.rows_at[at(s) + 1] = pattern.rows_at[at(s)] + count[at(pattern.first[at(s) + 1] - 1)] - 1;
  }
  pattern.rows.resize(at(pattern.rows_at.back()));
  Positions seen(at(pattern.n), -1);
  for (Index s = 0; s < supernodes; ++s) {
    Position* out = pattern.rows.data() + pattern.rows_at[at(s)];
    const Position end = pattern.first[at(s) + 1];
    const auto add = [&](Position i) {
      if (i >= end && seen[at(i)] != s) {
        seen[at(i)] = static_cast<Position>(s);
        *out++ = i;
      }
    };
    for (Position j = pattern.first[at(s)]; j < end; ++j) {
      graph.for_each(pattern.order[at(j)], [&](Position neighbour) { add(position[at(neighbour)]); });
    }
    for (Position c = pattern.child[at(s)]; c >= 0; c = pattern.sibling[at(c)]) {
      std::for_each(pattern.rows_of(c), pattern.rows_of(c) + pattern.below(c), add);
    }
    std::sort(pattern.rows.data() + pattern.rows_at[at(s)], out);
  }
}

/// Where each entry of the lower triangle of A goes in L.
template <class I>
void place_entries(const I* indptr, const I* indices, const Positions& position, CholeskyPattern& pattern) {
  const Index n = pattern.n;
  const Index supernodes = pattern.supernodes();
  Positions supernode(at(n));
  for (Index s = 0; s < supernodes; ++s) {
    std::fill(supernode.begin() + pattern.first[at(s)], supernode.begin() + pattern.first[at(s) + 1],
              static_cast<Position>(s));
  }
  const auto each = [&](auto&& visit) {
    for (Index j = 0; j < n; ++j) {
      for (I k = indptr[j]; k < indptr[j + 1]; ++k) {
        if (const auto i = static_cast<Index>(indices[k]); i >= j) {
          const Position p = position[at(i)];
          const Position q = position[at(j)];
          visit(static_cast<Index>(k), std::max(p, q), std::min(p, q), p < q);
        }
      }
    }
  };
  pattern.entries_at.assign(at(supernodes) + 1, 0);
  each([&](Index, Position, Position j, bool) { ++pattern.entries_at[at(supernode[at(j)]) + 1]; });
  std::partial_sum(pattern.entries_at.begin(), pattern.entries_at.end(), pattern.entries_at.begin());
  pattern.entries.resize(at(pattern.entries_at.back()));
  std::vector<Index> next(pattern.entries_at.begin(), pattern.entries_at.end() - 1);
  each([&](Index source, Position i, Position j, bool conjugated) {
    const Position s = supernode[at(j)];
    const Position begin = pattern.first[at(s)];
    const Position end = pattern.first[at(s) + 1];
    const Position* rows = pattern.rows_of(s);
    const Index row = i < end ? i - begin : end - begin + (std::lower_bound(rows, rows + pattern.below(s), i) - rows);
    const Index height = end - begin + pattern.below(s);
    pattern.entries[at(next[at(s)]++)] = {conjugated ? -1 - source : source,
                                          pattern.panel_at[at(s)] + row + (j - begin) * height};
  });
}

/// Subtrees that are small parts of the work, in groups of some size, and the supernodes above them.
void cut_into_subtrees(CholeskyPattern& pattern) {
  constexpr double smallest = 1e5;  // multiply-adds that are worth handing to a thread
  const double most = std::max(pattern.total_work() / 32, smallest);
  pattern.groups.push_back(0);
  double work = 0;
  Position first = 0;
  for (Position s = 0; s < pattern.supernodes(); ++s) {
    const Position p = pattern.parent[at(s)];
    if (pattern.work[at(s)] > most) {
      pattern.tops.push_back(s);
      first = s + 1;
    } else if (p < 0 || pattern.work[at(p)] > most) {
      pattern.subtrees.emplace_back(first, s);
      first = s + 1;
      work += pattern.work[at(s)];
      if (work > most / 4) {
        pattern.groups.push_back(static_cast<Position>(pattern.subtrees.size()));
        work = 0;
      }
    }
  }
  if (const auto size = static_cast<Position>(pattern.subtrees.size()); pattern.groups.back() != size) {
    pattern.groups.push_back(size);
  }
}

/// Multiply-adds of one supernode, and what an entry of L takes in their place.
double work_of(double width, double below) {
  return width * (width * width / 6 + width * below / 2 + below * below / 2);
}
constexpr double work_of_an_entry = 240;

/// Multiply-adds of the whole factorisation, and what its entries cost in their place.
double cost_of(const Positions& first, const Positions& count) {
  double cost = 0;
  for (std::size_t s = 0; s + 1 < first.size(); ++s) {
    const double width = first[s + 1] - first[s];
    const double below = count[at(first[s + 1] - 1)] - 1;
    cost += work_of(width, below) + work_of_an_entry * width * (width + below);
  }
  return cost;
}

/// The tree of supernodes from that of columns.
void link_supernodes(const Positions& tree, CholeskyPattern& pattern) {
  const Positions& first = pattern.first;
  const std::size_t size = first.size() - 1;
  pattern.parent.assign(size, -1);
  pattern.child.assign(size, -1);
  pattern.sibling.assign(size, -1);
  for (Index s = static_cast<Index>(size) - 1; s >= 0; --s) {
    if (const Position above = tree[at(first[at(s) + 1] - 1)]; above >= 0) {
      const auto p = std::upper_bound(first.begin(), first.end(), above) - first.begin() - 1;
      pattern.parent[at(s)] = static_cast<Position>(p);
      pattern.sibling[at(s)] = pattern.child[at(p)];
      pattern.child[at(p)] = static_cast<Position>(s);
    }
  }
}

}  // namespace

template <class I>
CholeskyPattern cholesky_pattern(Index n, const I* indptr, const I* indices, double most) {
  const AdjacencyGraph graph = graph_of(n, indptr, indices);
  Elimination columns = eliminate(graph);
  CholeskyPattern pattern;
  pattern.n = n;
  pattern.first = supernodes(columns.parent, columns.count);
  pattern.cost = cost_of(pattern.first, columns.count);
  if (pattern.cost > most) {
    return pattern;
  }
  pattern.order = std::move(columns.order);
  link_supernodes(columns.parent, pattern);
  find_rows(graph, columns.position, columns.count, pattern);
  const Index size = pattern.supernodes();
  pattern.panel_at.assign(at(size) + 1, 0);
  pattern.work.assign(at(size), 0);
  for (Index s = 0; s < size; ++s) {
    pattern.panel_at[at(s) + 1] = pattern.panel_at[at(s)] + pattern.width(s) * (pattern.width(s) + pattern.below(s));
    pattern.work[at(s)] += work_of(static_cast<double>(pattern.width(s)), static_cast<double>(pattern.below(s)));
    if (const Position p = pattern.parent[at(s)]; p >= 0) {
      pattern.work[at(p)] += pattern.work[at(s)];
    }
  }
  cut_into_subtrees(pattern);
  place_entries(indptr, indices, columns.position, pattern);
  return pattern;
}

template CholeskyPattern cholesky_pattern<std::int32_t>(Index, const std::int32_t*, const std::int32_t*, double);
template CholeskyPattern cholesky_pattern<std::int64_t>(Index, const std::int64_t*, const std::int64_t*, double);

}  // namespace hessolve
