// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/star_coloring.hpp>

#include <algorithm>
#include <numeric>

namespace hessolve {
namespace {

Index at(const std::vector<Index>& v, Index i) { return v[static_cast<std::size_t>(i)]; }

template <class Visit>
void for_neighbours(const Pattern& pattern, Index v, Visit&& visit) {
  for (Index k = at(pattern.indptr, v); k < at(pattern.indptr, v + 1); ++k) {
    if (const Index w = at(pattern.indices, k); w != v) {
      visit(w);
    }
  }
}

/// Columns of many neighbours first.
std::vector<Index> by_degree(const Pattern& pattern, Index n) {
  std::vector<Index> order(static_cast<std::size_t>(n));
  std::iota(order.begin(), order.end(), Index(0));
  const auto degree = [&](Index v) { return at(pattern.indptr, v + 1) - at(pattern.indptr, v); };
  std::stable_sort(order.begin(), order.end(), [&](Index a, Index b) { return degree(a) > degree(b); });
  return order;
}

}  // namespace

StarColoring star_coloring(const Pattern& pattern) {
  const auto n = static_cast<Index>(pattern.indptr.size()) - 1;
  StarColoring result;
  std::vector<Index>& color = result.color;
  color.assign(static_cast<std::size_t>(n), -1);
  std::vector<Index> forbidden;  // forbidden[c] == v: column v must not get colour c
  const auto forbid = [&](Index c, Index v) { forbidden[static_cast<std::size_t>(c)] = v; };

  for (const Index v : by_degree(pattern, n)) {
    for_neighbours(pattern, v, [&](Index w) {
      if (at(color, w) >= 0) {
        forbid(at(color, w), v);
      }
      for_neighbours(pattern, w, [&](Index x) {
        if (x == v || at(color, x) < 0) {
          return;
        }
        if (at(color, w) < 0) {
          forbid(at(color, x), v);  // v - w - x: w may get any colour later
          return;
        }
        for_neighbours(pattern, x, [&](Index y) {  // v - w - x - y with w and y alike: v must differ from x
          if (y != w && at(color, y) == at(color, w)) {
            forbid(at(color, x), v);
          }
        });
      });
    });
    Index c = 0;
    while (c < static_cast<Index>(forbidden.size()) && at(forbidden, c) == v) {
      ++c;
    }
    if (c == static_cast<Index>(forbidden.size())) {
      forbidden.push_back(-1);
    }
    color[static_cast<std::size_t>(v)] = c;
    result.colors = std::max(result.colors, c + 1);
  }

  // Entry (i, j) stands alone in row i of the product of color(j) where no other column of that colour meets row i.
  std::vector<Index> met(static_cast<std::size_t>(result.colors), 0);
  result.from.resize(pattern.indices.size());
  std::vector<char> alone(pattern.indices.size(), 0);
  for (Index i = 0; i < n; ++i) {
    const Index start = at(pattern.indptr, i);
    const Index end = at(pattern.indptr, i + 1);
    for (Index k = start; k < end; ++k) {
      ++met[static_cast<std::size_t>(at(color, at(pattern.indices, k)))];
    }
    for (Index k = start; k < end; ++k) {
      alone[static_cast<std::size_t>(k)] = at(met, at(color, at(pattern.indices, k))) == 1 ? 1 : 0;
    }
    for (Index k = start; k < end; ++k) {
      met[static_cast<std::size_t>(at(color, at(pattern.indices, k)))] = 0;
    }
  }
  for (Index i = 0; i < n; ++i) {
    for (Index k = at(pattern.indptr, i); k < at(pattern.indptr, i + 1); ++k) {
      const Index j = at(pattern.indices, k);
      const Index own = i * result.colors + at(color, j);
      result.from[static_cast<std::size_t>(k)] =
          alone[static_cast<std::size_t>(k)] != 0 ? own : j * result.colors + at(color, i);
    }
  }
  // Of a pair (i, j), (j, i) both take the same product, so that the matrix is symmetric to the bit.
  for (Index i = 0; i < n; ++i) {
    for (Index k = at(pattern.indptr, i); k < at(pattern.indptr, i + 1); ++k) {
      const Index j = at(pattern.indices, k);
      if (j < i) {
        const auto begin = pattern.indices.begin() + at(pattern.indptr, j);
        const auto found = std::lower_bound(begin, pattern.indices.begin() + at(pattern.indptr, j + 1), i);
        result.from[static_cast<std::size_t>(k)] =
            result.from[static_cast<std::size_t>(found - pattern.indices.begin())];
      }
    }
  }
  return result;
}

}  // namespace hessolve
