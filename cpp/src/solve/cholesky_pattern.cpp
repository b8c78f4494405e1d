// SPDX-License-Identifier: BSD-3-Clause
#include "solve/cholesky_pattern.hpp"

#include "kernel/eigen_setup.hpp"

#include <Eigen/OrderingMethods>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace hessolve {
namespace {

using Position = CholeskyPattern::Position;
using Positions = std::vector<Position>;

constexpr auto at = &CholeskyPattern::at;

/// The graph of a symmetric matrix: neighbours of j at list[start[j]] ..., each once, none of them j.
struct Graph {
  std::vector<Position> start;
  Positions list;

  template <class Visit>
  void for_each(Index j, Visit&& visit) const {
    for (Position k = start[at(j)]; k < start[at(j) + 1]; ++k) {
      visit(list[at(k)]);
    }
  }
};

template <class I>
Graph graph_of(Index n, const I* indptr, const I* indices) {
  Graph graph;
  std::vector<Index> start(at(n) + 1, 0);
  const auto each = [&](auto&& visit) {
    for (Index j = 0; j < n; ++j) {
      for (I k = indptr[j]; k < indptr[j + 1]; ++k) {
        if (const auto i = static_cast<Index>(indices[k]); i > j) {
          visit(i, j);
        }
      }
    }
  };
  each([&](Index i, Index j) {
    ++start[at(i) + 1];
    ++start[at(j) + 1];
  });
  std::partial_sum(start.begin(), start.end(), start.begin());
  if (start.back() + start.back() / 5 + 4 * n > std::numeric_limits<Position>::max()) {  // with room to find an order
    throw std::length_error("more entries than an order can be found for");
  }
  graph.list.resize(at(start.back()));
  std::vector<Index> next(start.begin(), start.end() - 1);
  each([&](Index i, Index j) {
    graph.list[at(next[at(i)]++)] = static_cast<Position>(j);
    graph.list[at(next[at(j)]++)] = static_cast<Position>(i);
  });
  Positions seen(at(n), -1);  // what is stored twice counts once
  graph.start.assign(at(n) + 1, 0);
  Index kept = 0;
  for (Index j = 0; j < n; ++j) {
    for (Index k = start[at(j)]; k < start[at(j) + 1]; ++k) {
      const Position i = graph.list[at(k)];
      if (seen[at(i)] != j) {
        seen[at(i)] = static_cast<Position>(j);
        graph.list[at(kept++)] = i;
      }
    }
    graph.start[at(j) + 1] = static_cast<Position>(kept);
  }
  graph.list.resize(at(kept));
  return graph;
}

/// position -> column, by approximate minimum degree.
Positions minimum_degree(const Graph& graph) {
  const auto n = static_cast<Position>(graph.start.size()) - 1;
  Eigen::SparseMatrix<signed char, Eigen::ColMajor, Position> C(n, n);  // with the diagonal, as Eigen needs it
  C.resizeNonZeros(n + static_cast<Index>(graph.list.size()));
  for (Position j = 0; j < n; ++j) {
    Position* out = C.innerIndexPtr() + graph.start[at(j)] + j;
    C.outerIndexPtr()[j] = graph.start[at(j)] + j;
    *out++ = j;
    std::copy(graph.list.begin() + graph.start[at(j)], graph.list.begin() + graph.start[at(j) + 1], out);
  }
  C.outerIndexPtr()[n] = graph.start[at(n)] + n;
  Eigen::PermutationMatrix<Eigen::Dynamic, Eigen::Dynamic, Position> order;
  Eigen::internal::minimum_degree_ordering(C, order);
  return {order.indices().data(), order.indices().data() + n};
}

Positions inverse(const Positions& order) {
  Positions position(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    position[at(order[k])] = static_cast<Position>(k);
  }
  return position;
}

/// The elimination tree: the first row below the diagonal that column j of L has, or -1.  [Liu 1990]
Positions elimination_tree(const Graph& graph, const Positions& order, const Positions& position) {
  Positions parent(order.size(), -1);
  Positions ancestor(order.size(), -1);
  for (std::size_t k = 0; k < order.size(); ++k) {
    const auto self = static_cast<Position>(k);
    graph.for_each(order[k], [&](Position neighbour) {
      Position i = position[at(neighbour)];
      while (i >= 0 && i < self) {
        const Position next = ancestor[at(i)];
        ancestor[at(i)] = self;  // the path is short from now on
        if (next < 0) {
          parent[at(i)] = self;
        }
        i = next;
      }
    });
  }
  return parent;
}

/// Children before parents, and every subtree a range: rank -> node.
Positions postorder(const Positions& parent) {
  const auto n = static_cast<Position>(parent.size());
  Positions child(parent.size(), -1);
  Positions sibling(parent.size(), -1);
  Positions stack;
  for (Position j = n - 1; j >= 0; --j) {
    if (const Position p = parent[at(j)]; p >= 0) {
      sibling[at(j)] = child[at(p)];
      child[at(p)] = j;
    } else {
      stack.push_back(j);
    }
  }
  Positions order;
  order.reserve(parent.size());
  while (!stack.empty()) {
    const Position j = stack.back();
    if (const Position c = child[at(j)]; c >= 0) {
      child[at(j)] = sibling[at(c)];
      stack.push_back(c);
    } else {
      order.push_back(j);
      stack.pop_back();
    }
  }
  return order;
}

/// Entries in each column of L, by the leaves of its row subtrees, in time nearly proportional to those of A.
Positions column_counts(const Graph& graph, const Positions& order, const Positions& position,
                        const Positions& parent) {
  const auto n = static_cast<Position>(order.size());
  Positions count(order.size(), 0);
  Positions descendant(order.size(), -1);  // the first of each subtree
  Positions newest(order.size(), -1);      // the first descendant of the last leaf that row i has had
  Positions leaf(order.size(), -1);        // that leaf
  Positions ancestor(order.size());
  std::iota(ancestor.begin(), ancestor.end(), 0);
  for (Position k = 0; k < n; ++k) {
    count[at(k)] = descendant[at(k)] < 0 ? 1 : 0;
    for (Position j = k; j >= 0 && descendant[at(j)] < 0; j = parent[at(j)]) {
      descendant[at(j)] = k;
    }
  }
  for (Position j = 0; j < n; ++j) {
    if (parent[at(j)] >= 0) {
      --count[at(parent[at(j)])];
    }
    graph.for_each(order[at(j)], [&](Position neighbour) {
      const Position i = position[at(neighbour)];
      if (i <= j || descendant[at(j)] <= newest[at(i)]) {
        return;  // column j is no leaf of the subtree of row i
      }
      newest[at(i)] = descendant[at(j)];
      ++count[at(j)];
      if (const Position before = leaf[at(i)]; before >= 0) {  // paths of two leaves are counted once where they meet
        Position root = before;
        while (root != ancestor[at(root)]) {
          root = ancestor[at(root)];
        }
        for (Position step = before; step != root;) {
          const Position next = ancestor[at(step)];
          ancestor[at(step)] = root;
          step = next;
        }
        --count[at(root)];
      }
      leaf[at(i)] = j;
    });
    if (parent[at(j)] >= 0) {
      ancestor[at(j)] = parent[at(j)];
    }
  }
  for (Position j = 0; j < n; ++j) {
    if (parent[at(j)] >= 0) {
      count[at(parent[at(j)])] += count[at(j)];
    }
  }
  return count;
}

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
void find_rows(const Graph& graph, const Positions& position, const Positions& count, CholeskyPattern& pattern) {
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

}  // namespace

template <class I>
CholeskyPattern cholesky_pattern(Index n, const I* indptr, const I* indices, double most) {
  const Graph graph = graph_of(n, indptr, indices);
  CholeskyPattern pattern;
  pattern.n = n;
  pattern.order = minimum_degree(graph);
  Positions parent = elimination_tree(graph, pattern.order, inverse(pattern.order));
  const Positions rank = postorder(parent);
  const Positions renamed = inverse(rank);
  Positions order(at(n));
  Positions tree(at(n));
  for (std::size_t k = 0; k < order.size(); ++k) {
    order[k] = pattern.order[at(rank[k])];
    const Position above = parent[at(rank[k])];
    tree[k] = above < 0 ? -1 : renamed[at(above)];
  }
  pattern.order = std::move(order);
  const Positions position = inverse(pattern.order);
  const Positions count = column_counts(graph, pattern.order, position, tree);
  pattern.first = supernodes(tree, count);

  const auto size = static_cast<Index>(pattern.first.size()) - 1;
  const auto work = [](double width, double below) {
    return width * (width * width / 6 + width * below / 2 + below * below / 2);
  };
  for (Index s = 0; s < size; ++s) {
    const double width = pattern.first[at(s) + 1] - pattern.first[at(s)];
    const double below = count[at(pattern.first[at(s) + 1] - 1)] - 1;
    pattern.cost += work(width, below) + 240 * width * (width + below);
  }
  if (pattern.cost > most) {
    return pattern;
  }
  pattern.parent.assign(at(size), -1);
  pattern.child.assign(at(size), -1);
  pattern.sibling.assign(at(size), -1);
  for (Index s = size - 1; s >= 0; --s) {
    if (const Position above = tree[at(pattern.first[at(s) + 1] - 1)]; above >= 0) {
      const auto p = std::upper_bound(pattern.first.begin(), pattern.first.end(), above) - pattern.first.begin() - 1;
      pattern.parent[at(s)] = static_cast<Position>(p);
      pattern.sibling[at(s)] = pattern.child[at(p)];
      pattern.child[at(p)] = static_cast<Position>(s);
    }
  }
  find_rows(graph, position, count, pattern);
  pattern.panel_at.assign(at(size) + 1, 0);
  pattern.work.assign(at(size), 0);
  for (Index s = 0; s < size; ++s) {
    pattern.panel_at[at(s) + 1] = pattern.panel_at[at(s)] + pattern.width(s) * (pattern.width(s) + pattern.below(s));
    pattern.work[at(s)] += work(static_cast<double>(pattern.width(s)), static_cast<double>(pattern.below(s)));
    if (const Position p = pattern.parent[at(s)]; p >= 0) {
      pattern.work[at(p)] += pattern.work[at(s)];
    }
  }
  cut_into_subtrees(pattern);
  place_entries(indptr, indices, position, pattern);
  return pattern;
}

template CholeskyPattern cholesky_pattern<std::int32_t>(Index, const std::int32_t*, const std::int32_t*, double);
template CholeskyPattern cholesky_pattern<std::int64_t>(Index, const std::int64_t*, const std::int64_t*, double);

}  // namespace hessolve
