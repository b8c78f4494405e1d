// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/tape.hpp>

#include <algorithm>
#include <set>
#include <utility>

namespace hessolve {
namespace {

using Set = std::vector<std::int32_t>;  // rising

Set merged(const Set& a, const Set& b) {
  Set both;
  both.reserve(a.size() + b.size());
  std::set_union(a.begin(), a.end(), b.begin(), b.end(), std::back_inserter(both));
  return both;
}

void sort_unique(Set& row) {
  std::sort(row.begin(), row.end());
  row.erase(std::unique(row.begin(), row.end()), row.end());
}

/// Rows that take every index as often as it comes, and are tidied when they have doubled.
class Rows {
 public:
  explicit Rows(Index n) : rows_(static_cast<std::size_t>(n)), tidy_(static_cast<std::size_t>(n), 16) {}
  void add(std::int32_t i, const Set& indices) {
    Set& row = rows_[static_cast<std::size_t>(i)];
    row.insert(row.end(), indices.begin(), indices.end());
    if (std::size_t& limit = tidy_[static_cast<std::size_t>(i)]; row.size() > 2 * limit) {
      sort_unique(row);
      limit = std::max<std::size_t>(16, row.size());
    }
  }
  Pattern pattern() {
    Pattern result;
    result.indptr.push_back(0);
    for (Set& row : rows_) {
      sort_unique(row);
      result.indices.insert(result.indices.end(), row.begin(), row.end());
      result.indptr.push_back(static_cast<Index>(result.indices.size()));
    }
    return result;
  }

 private:
  std::vector<Set> rows_;
  std::vector<std::size_t> tidy_;
};

}  // namespace

Pattern Tape::pattern(Id out) const {
  const auto live = this->live(&out, 1);
  const auto get = [](const auto& v, Index i) { return v[static_cast<std::size_t>(i)]; };

  // Only what a live curve joins matters, and what that is made of: the variables of a plain sum need no set.
  std::vector<char> needed(value_.size(), 0);
  for (Index k = size() - 1; k > variables_; --k) {
    if (get(live, k) != 0) {
      for (Index c = get(first_curve_, k); c < get(first_curve_, k + 1); ++c) {
        needed[static_cast<std::size_t>(get(curve_a_, c))] = needed[static_cast<std::size_t>(get(curve_b_, c))] = 1;
      }
      for (Index e = get(first_edge_, k); e < get(first_edge_, k + 1) && get(needed, k) != 0; ++e) {
        needed[static_cast<std::size_t>(get(edge_, e))] = 1;
      }
    }
  }

  // Variables each needed node depends on, as the number of a set: a node made of one other shares its set.
  std::vector<Set> sets(1);
  std::vector<std::int32_t> set_of(value_.size(), 0);
  for (Index j = 1; j <= variables_; ++j) {
    set_of[static_cast<std::size_t>(j)] = static_cast<std::int32_t>(sets.size());
    sets.push_back({static_cast<std::int32_t>(j - 1)});
  }
  for (Index k = variables_ + 1; k < size(); ++k) {
    if (get(needed, k) == 0) {
      continue;
    }
    std::int32_t found = 0;
    Set united;  // where more than one set is met
    const Index end = get(first_edge_, k + 1);
    for (Index e = get(first_edge_, k); e < end; ++e) {
      const std::int32_t other = get(set_of, get(edge_, e));
      if (other == found || other == 0) {
        continue;
      }
      if (found == 0) {
        found = other;
        continue;
      }
      if (united.empty()) {
        united = sets[static_cast<std::size_t>(found)];
      }
      const Set& more = sets[static_cast<std::size_t>(other)];
      if (end - get(first_edge_, k) > 2) {  // long sums: all at once below
        united.insert(united.end(), more.begin(), more.end());
      } else {
        united = merged(united, more);
      }
    }
    if (!united.empty()) {
      sort_unique(united);
      found = static_cast<std::int32_t>(sets.size());
      sets.push_back(std::move(united));
    }
    set_of[static_cast<std::size_t>(k)] = found;
  }

  Rows rows(variables_);
  std::set<std::pair<std::int32_t, std::int32_t>> seen;
  for (Index k = variables_ + 1; k < size(); ++k) {
    for (Index c = get(live, k) != 0 ? get(first_curve_, k) : get(first_curve_, k + 1); c < get(first_curve_, k + 1);
         ++c) {
      const auto both = std::minmax({get(set_of, get(curve_a_, c)), get(set_of, get(curve_b_, c))});
      if (both.first == 0 || !seen.insert(both).second) {
        continue;
      }
      const Set& a = sets[static_cast<std::size_t>(both.first)];
      const Set& b = sets[static_cast<std::size_t>(both.second)];
      for (const std::int32_t i : a) {
        rows.add(i, b);
      }
      for (const std::int32_t i : b) {
        if (both.first != both.second) {
          rows.add(i, a);
        }
      }
    }
  }
  return rows.pattern();
}

}  // namespace hessolve
