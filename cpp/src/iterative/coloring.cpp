// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/iterative/coloring.hpp>

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace hessolve {
namespace {

template <class Visit>
void for_neighbours(const Graph& graph, Index i, Visit&& visit) {
  const auto at = static_cast<std::size_t>(i);
  for (Index k = graph.starts[at]; k < graph.starts[at + 1]; ++k) {
    visit(graph.ends[static_cast<std::size_t>(k)]);
  }
}

/// mark[j] for every row, along the edges: where an unmarked row is met, expected(i, j) is its mark, and every edge
/// must agree with it. @return the first edge that does not, or (-1, -1).
template <class Expected>
std::pair<Index, Index> propagate(const Graph& graph, Index n, std::vector<Index>& mark, Expected&& expected) {
  constexpr Index unmarked = std::numeric_limits<Index>::min();
  mark.assign(static_cast<std::size_t>(n), unmarked);
  std::vector<Index> queue;
  std::pair<Index, Index> conflict{-1, -1};
  for (Index root = 0; root < n && conflict.first < 0; ++root) {
    if (mark[static_cast<std::size_t>(root)] != unmarked) {
      continue;
    }
    mark[static_cast<std::size_t>(root)] = 0;
    queue.assign(1, root);
    for (std::size_t head = 0; head < queue.size() && conflict.first < 0; ++head) {
      const Index i = queue[head];
      for_neighbours(graph, i, [&](Index j) {
        const Index wanted = expected(mark[static_cast<std::size_t>(i)], i, j);
        Index& found = mark[static_cast<std::size_t>(j)];
        if (found == unmarked) {
          found = wanted;
          queue.push_back(j);
        } else if (found != wanted && conflict.first < 0) {
          conflict = {i, j};
        }
      });
    }
  }
  return conflict;
}

std::vector<Index> two_colors(const Graph& graph, Index n) {
  std::vector<Index> group;
  const auto conflict = propagate(graph, n, group, [](Index mark, Index, Index) { return 1 - mark; });
  if (conflict.first >= 0) {
    throw std::invalid_argument("ordering='red-black' needs rows of two colours, but rows " +
                                std::to_string(std::min(conflict.first, conflict.second)) + " and " +
                                std::to_string(std::max(conflict.first, conflict.second)) +
                                " lie on an odd cycle; use ordering='multicolor'.");
  }
  return group;
}

/// The smallest colour that no neighbour before has.
std::vector<Index> greedy_colors(const Graph& graph, Index n) {
  std::vector<Index> group(static_cast<std::size_t>(n), -1);
  std::vector<Index> taken_by(1, -1);
  for (Index i = 0; i < n; ++i) {
    for_neighbours(graph, i, [&](Index j) {
      if (const Index c = group[static_cast<std::size_t>(j)]; c >= 0) {
        taken_by[static_cast<std::size_t>(c)] = i;
      }
    });
    Index c = 0;
    while (c < static_cast<Index>(taken_by.size()) && taken_by[static_cast<std::size_t>(c)] == i) {
      ++c;
    }
    if (c == static_cast<Index>(taken_by.size())) {
      taken_by.push_back(-1);
    }
    group[static_cast<std::size_t>(i)] = c;
  }
  return group;
}

/// One more than the largest level of the neighbours before: a row waits for just those.
std::vector<Index> levels(const Graph& graph, Index n) {
  std::vector<Index> group(static_cast<std::size_t>(n), 0);
  for (Index i = 0; i < n; ++i) {
    for_neighbours(graph, i, [&](Index j) {
      if (j < i) {
        group[static_cast<std::size_t>(i)] =
            std::max(group[static_cast<std::size_t>(i)], group[static_cast<std::size_t>(j)] + 1);
      }
    });
  }
  return group;
}

/// The rows of each group together, rising.
template <class Group>
Coloring grouped(const std::vector<Group>& group) {
  Coloring coloring;
  const Index groups = group.empty() ? 0 : static_cast<Index>(*std::max_element(group.begin(), group.end())) + 1;
  std::vector<Index> next(static_cast<std::size_t>(groups + 1), 0);
  for (const Group g : group) {
    ++next[static_cast<std::size_t>(g) + 1];
  }
  for (std::size_t g = 0; g < static_cast<std::size_t>(groups); ++g) {
    next[g + 1] += next[g];
  }
  coloring.starts = next;
  coloring.order.resize(group.size());
  for (std::size_t i = 0; i < group.size(); ++i) {
    coloring.order[static_cast<std::size_t>(next[static_cast<std::size_t>(group[i])]++)] = static_cast<Index>(i);
  }
  return coloring;
}

}  // namespace

Coloring color(const Graph& graph, Ordering ordering) {
  const auto n = static_cast<Index>(graph.starts.size()) - 1;
  return ordering == Ordering::natural      ? Coloring{}
         : ordering == Ordering::red_black  ? grouped(two_colors(graph, n))
         : ordering == Ordering::multicolor ? grouped(greedy_colors(graph, n))
                                            : grouped(levels(graph, n));
}

template <class T>
Coloring color(const Entries<T>& A, Ordering ordering) {
  if (ordering == Ordering::red_black) {
    if (const std::vector<signed char> colors = A.two_colors(); !colors.empty()) {
      return grouped(colors);
    }
  }
  return ordering == Ordering::natural ? Coloring{} : color(A.graph(), ordering);
}

#define INSTANTIATE(T) template Coloring color<T>(const Entries<T>&, Ordering);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

bool consistently_ordered(const Graph& graph, const std::vector<Index>& order) {
  const auto n = static_cast<Index>(graph.starts.size()) - 1;
  std::vector<Index> position(static_cast<std::size_t>(n));
  for (Index k = 0; k < n; ++k) {
    position[static_cast<std::size_t>(order.empty() ? k : order[static_cast<std::size_t>(k)])] = k;
  }
  std::vector<Index> mark;
  const auto conflict = propagate(graph, n, mark, [&](Index at, Index i, Index j) {
    return position[static_cast<std::size_t>(i)] < position[static_cast<std::size_t>(j)] ? at + 1 : at - 1;
  });
  return conflict.first < 0;
}

double young_omega(double jacobi_radius) { return 2 / (1 + std::sqrt(1 - jacobi_radius * jacobi_radius)); }

}  // namespace hessolve
