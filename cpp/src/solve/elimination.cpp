// SPDX-License-Identifier: BSD-3-Clause
#include "solve/elimination.hpp"

#include "kernel/eigen_setup.hpp"

#include <Eigen/OrderingMethods>

#include <algorithm>
#include <limits>
#include <numeric>
#include <stdexcept>

namespace hessolve {

template <class I>
AdjacencyGraph graph_of(Index n, const I* indptr, const I* indices) {
  AdjacencyGraph graph;
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

template AdjacencyGraph graph_of<std::int32_t>(Index, const std::int32_t*, const std::int32_t*);
template AdjacencyGraph graph_of<std::int64_t>(Index, const std::int64_t*, const std::int64_t*);

namespace {

Positions inverse(const Positions& order) {
  Positions position(order.size());
  for (std::size_t k = 0; k < order.size(); ++k) {
    position[at(order[k])] = static_cast<Position>(k);
  }
  return position;
}

/// position -> column, by approximate minimum degree.
Positions minimum_degree(const AdjacencyGraph& graph) {
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

/// The elimination tree: the first row below the diagonal that column j of L has, or -1.  [Liu 1990]
Positions elimination_tree(const AdjacencyGraph& graph, const Positions& order, const Positions& position) {
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
Positions column_counts(const AdjacencyGraph& graph, const Positions& order, const Positions& position,
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

}  // namespace

Elimination eliminate(const AdjacencyGraph& graph) {
  const Positions order = minimum_degree(graph);
  const Positions parent = elimination_tree(graph, order, inverse(order));
  const Positions rank = postorder(parent);
  const Positions renamed = inverse(rank);
  Elimination found{Positions(order.size()), {}, Positions(order.size()), {}};
  for (std::size_t k = 0; k < order.size(); ++k) {
    found.order[k] = order[at(rank[k])];
    const Position above = parent[at(rank[k])];
    found.parent[k] = above < 0 ? -1 : renamed[at(above)];
  }
  found.position = inverse(found.order);
  found.count = column_counts(graph, found.order, found.position, found.parent);
  return found;
}

}  // namespace hessolve
