// SPDX-License-Identifier: BSD-3-Clause
#include "solve/sparse_cholesky.hpp"

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/packed_syrk.hpp"
#include "kernel/team.hpp"

#include <atomic>

namespace hessolve {
namespace {

/// Multiply-adds from which on a front is large, and threads are worth starting.
constexpr double large = 2e6;

/// Columns of L that are subtracted from an update at once.
constexpr Index deepest = 256;

/// The columns of L of one front, and the update that is left, on the calling thread.
template <class T>
Index factor_front(ColMajor<T> panel, ColMajor<T> update) {
  const Index stop = cholesky_panel<T>(panel);
  const Index k = panel.cols;
  if (stop < 0) {
    for (Index d = 0; d < k; d += deepest) {
      const InColMajor<T> below = panel.block(k, d, update.rows, std::min(deepest, k - d));
      subtract_lower_product<T>(update, below, below);
    }
  }
  return stop;
}

/// The same for large ones, a few columns after the other, on several threads if `share`.
template <class T>
Index factor_large_front(ColMajor<T> panel, ColMajor<T> update, bool share) {
  constexpr Index block = 64;
  constexpr Index strip = syrk_strip<T>;
  const Index k = panel.cols;
  const Index height = panel.rows;
  const Buffer<T> packed(has_microkernel<T> ? packed_size<T>(height, deepest) : 0);
  const auto subtract = [&](ColMajor<T> C, InColMajor<T> A) {  // the lower triangle of A A^H, as far as C has columns
    if (C.cols == 0) {
      return;
    }
    if constexpr (has_microkernel<T>) {
      const Index tiles = (A.rows + tile_rows<T> - 1) / tile_rows<T>;
      parallel_for((tiles + 3) / 4, share,
                   [&](Index t) { pack_rows<T>(A, t * 4, std::min(tiles, t * 4 + 4), packed.data()); });
    }
    const Index strips = (C.cols + strip - 1) / strip;
    parallel_for(strips, share, [&](Index s) {
      subtract_lower_strip<T>(C, {packed.data(), A}, s * strip, std::min(C.cols, (s + 1) * strip));
    });
  };
  for (Index j = 0; j < k; j += block) {
    const Index w = std::min(block, k - j);
    if (const Index stop = cholesky_panel<T>(panel.block(j, j, height - j, w)); stop >= 0) {
      return j + stop;
    }
    const Index rest = k - j - w;
    subtract(panel.block(j + w, j + w, height - j - w, rest), panel.block(j + w, j, height - j - w, w));
  }
  for (Index d = 0; d < k; d += deepest) {
    subtract(update, panel.block(k, d, update.rows, std::min(deepest, k - d)));
  }
  return -1;
}

}  // namespace

template <class T>
class SparseCholesky<T>::Fronts {
 public:
  Fronts(const SparseCholesky& L, const T* values)
      : L_(L),
        p_(L.pattern_),
        values_(values),
        updates_(at(p_.supernodes())),
        prepared_(at(p_.supernodes()), 0),
        stop_(at(p_.supernodes()), -1),
        failed_(p_.supernodes()) {}

  /// The column of A without a positive pivot, or -1. What subtrees pass on is added before it grows large.
  Index run() {
    const Index together = 4 * get_num_threads();  // groups: bits do not depend on them
    for (Index begin = 0; begin < p_.group_count(); begin += together) {
      const Index end = std::min(begin + together, p_.group_count());
      parallel_for(end - begin, p_.total_work() > large,
                   [&](Index g) { p_.for_each_in(begin + g, [&](Index t) { factor_subtree(t); }); });
      for (Index g = begin; g < end; ++g) {
        p_.for_each_in(g, [&](Index t) { pass_on(p_.subtrees[at(t)].second); });
      }
    }
    for (const Position s : p_.tops) {
      factor(s, true);
      pass_on(s);
    }
    return failed_ < p_.supernodes() ? p_.order[at(p_.first[at(failed_)] + stop_[at(failed_)])] : -1;
  }

 private:
  void factor_subtree(Index t) {
    const auto [first, root] = p_.subtrees[at(t)];
    for (Index s = first; s <= root; ++s) {
      factor(s, false);
      if (s < root) {
        pass_on(s);
      }
    }
  }

  /// The columns of L of supernode s, unless one before has failed.
  void factor(Index s, bool share) {
    if (s >= failed_) {
      return;
    }
    prepare(s);
    double work = p_.work[at(s)];
    for (Position c = p_.child[at(s)]; c >= 0; c = p_.sibling[at(c)]) {
      work -= p_.work[at(c)];
    }
    const Index stop =
        work > large ? factor_large_front<T>(L_.panel(s), update(s), share) : factor_front<T>(L_.panel(s), update(s));
    if (stop >= 0) {
      stop_[at(s)] = stop;
      Index first = failed_;
      while (s < first && !failed_.compare_exchange_weak(first, s)) {
      }
    }
  }

  /// What is left of the front of s goes to its parent.
  void pass_on(Index s) {
    const Position p = p_.parent[at(s)];
    if (p >= 0 && s < failed_) {
      prepare(p);
      add_child(p, s, L_.panel(p), update(p));
    }
    updates_[at(s)] = {};
  }

  /// The front of s, with what A has there, when it is first needed.
  void prepare(Index s) {
    if (prepared_[at(s)] != 0) {
      return;
    }
    prepared_[at(s)] = 1;
    const ColMajor<T> panel = L_.panel(s);
    std::fill_n(panel.data, panel.rows * panel.cols, T(0));
    for (Index e = p_.entries_at[at(s)]; e < p_.entries_at[at(s) + 1]; ++e) {
      const CholeskyPattern::Entry& entry = p_.entries[at(e)];
      const T value = values_[entry.source()];
      L_.values_[entry.target] += entry.conjugated() ? conjugate(value) : value;
    }
    updates_[at(s)] = Buffer<T>(p_.below(s) * p_.below(s));
    clear_lower<T>(update(s));
  }

  [[nodiscard]] ColMajor<T> update(Index s) const {
    const Index r = p_.below(s);
    return {updates_[at(s)].data(), r, r, r};
  }

  /// Add what child c has passed on.
  void add_child(Index s, Index c, ColMajor<T> panel, ColMajor<T> update) const {
    const Index size = p_.below(c);
    const Index k = panel.cols;
    const Position begin = p_.first[at(s)];
    const Position* rows = p_.rows_of(s);
    const Position* theirs = p_.rows_of(c);
    Scratch<Position, 256> row(size);  // in the front of s
    Index own = 0;
    for (Index i = 0; i < size; ++i) {
      if (theirs[i] < begin + k) {
        row[i] = theirs[i] - begin;
      } else {
        while (rows[own] < theirs[i]) {
          ++own;
        }
        row[i] = static_cast<Position>(k + own);
      }
    }
    for (Index j = 0; j < size; ++j) {
      const T* from = updates_[at(c)].data() + j * size;
      if (row[j] < k) {
        T* to = panel.col(row[j]);
        for (Index i = j; i < size; ++i) {
          to[row[i]] += from[i];
        }
      } else {
        T* to = update.col(row[j] - k);
        for (Index i = j; i < size; ++i) {
          to[row[i] - k] += from[i];
        }
      }
    }
  }

  const SparseCholesky& L_;
  const CholeskyPattern& p_;
  const T* values_;
  std::vector<Buffer<T>> updates_;  // r x r, the lower triangle, from the first child on until the parent has it
  std::vector<char> prepared_;
  std::vector<Index> stop_;    // the column without a pivot
  std::atomic<Index> failed_;  // the first supernode that has one
};

template <class T>
Outcome SparseCholesky<T>::factor(const T* values) {
  if (values_.size() == 0) {
    values_ = Buffer<T>(pattern_.panel_at.back());
  }
  const Index column = Fronts(*this, values).run();
  return column < 0 ? Outcome{} : Outcome{Reason::not_positive_definite, column};
}

template <class T>
void SparseCholesky<T>::solve(InColMajor<T> B, ColMajor<T> X) const {
  constexpr Index many = 4;  // columns: then each by one thread
  const Index n = pattern_.n;
  const bool worth = pattern_.panel_at.back() > 100'000;
  parallel_for(B.cols, worth && B.cols >= many, [&](Index c) {
    const Buffer<T> x(n);
    for (Index i = 0; i < n; ++i) {
      x[i] = B(pattern_.order[at(i)], c);
    }
    solve_column(x.data(), worth && B.cols < many);
    for (Index i = 0; i < n; ++i) {
      X(pattern_.order[at(i)], c) = x[i];
    }
  });
}

/// L L^H x = b, in place. Subtrees gather what they add to unknowns above them, which is then added in their order.
template <class T>
void SparseCholesky<T>::solve_column(T* x, bool share) const {
  const auto trees = static_cast<Index>(pattern_.subtrees.size());
  std::vector<Index> sums_at(at(trees) + 1, 0);
  for (Index t = 0; t < trees; ++t) {
    sums_at[at(t) + 1] = sums_at[at(t)] + pattern_.below(pattern_.subtrees[at(t)].second);
  }
  const Buffer<T> sums(sums_at.back());
  std::fill_n(sums.data(), sums_at.back(), T(0));
  const auto scatter = [&](Index s, const T* work) {
    const Position* rows = pattern_.rows_of(s);
    for (Index i = 0; i < pattern_.below(s); ++i) {
      x[rows[i]] += work[i];
    }
  };
  parallel_for(pattern_.group_count(), share, [&](Index group) {
    const Buffer<T> work(tallest_);
    pattern_.for_each_in(group, [&](Index t) { forward_subtree(t, x, sums.data() + sums_at[at(t)], work.data()); });
  });
  for (Index t = 0; t < trees; ++t) {
    scatter(pattern_.subtrees[at(t)].second, sums.data() + sums_at[at(t)]);
  }
  const Buffer<T> work(tallest_);
  for (const Position s : pattern_.tops) {
    forward(s, x, work.data());
    scatter(s, work.data() + pattern_.width(s));
  }
  for (auto s = pattern_.tops.rbegin(); s != pattern_.tops.rend(); ++s) {
    backward(*s, x, work.data());
  }
  parallel_for(pattern_.group_count(), share, [&](Index group) {
    const Buffer<T> own(tallest_);
    pattern_.for_each_in(group, [&](Index t) {
      for (Index s = pattern_.subtrees[at(t)].second; s >= pattern_.subtrees[at(t)].first; --s) {
        backward(s, x, own.data());
      }
    });
  });
}

/// The unknowns of a subtree; sums: what is to be added to the rows of its root, which are all that it has outside.
template <class T>
void SparseCholesky<T>::forward_subtree(Index t, T* x, T* sums, T* work) const {
  const auto [first, root] = pattern_.subtrees[at(t)];
  const Position above = pattern_.first[at(root) + 1];
  const Position* const outside = pattern_.rows_of(root);
  const Position* const end = outside + pattern_.below(root);
  for (Index s = first; s <= root; ++s) {
    forward(s, x, work);
    const Position* rows = pattern_.rows_of(s);
    const T* update = work + pattern_.width(s);
    const Index r = pattern_.below(s);
    Index i = 0;
    for (; i < r && rows[i] < above; ++i) {
      x[rows[i]] += update[i];
    }
    for (const Position* to = outside; i < r; ++i) {
      to = std::lower_bound(to, end, rows[i]);
      sums[to - outside] += update[i];
    }
  }
}

/// The unknowns of supernode s; behind them in `work` what is to be added to those below.
template <class T>
void SparseCholesky<T>::forward(Index s, T* x, T* work) const {
  const ColMajor<T> L = panel(s);
  const Index k = L.cols;
  T* own = x + pattern_.first[at(s)];
  std::copy_n(own, k, work);
  std::fill_n(work + k, L.rows - k, T(0));
  for (Index j = 0; j < k; ++j) {
    work[j] /= L(j, j);
    subtract_multiple<T>(L.rows - j - 1, work[j], L.col(j) + j + 1, work + j + 1);
  }
  std::copy_n(work, k, own);
}

template <class T>
void SparseCholesky<T>::backward(Index s, T* x, T* work) const {
  const ColMajor<T> L = panel(s);
  const Index k = L.cols;
  const Position* rows = pattern_.rows_of(s);
  T* own = x + pattern_.first[at(s)];
  std::copy_n(own, k, work);
  for (Index i = 0; i < L.rows - k; ++i) {
    work[k + i] = x[rows[i]];
  }
  for (Index j = k - 1; j >= 0; --j) {
    work[j] = (work[j] - dot<true, T>(L.col(j) + j + 1, work + j + 1, L.rows - j - 1)) / L(j, j);
  }
  std::copy_n(work, k, own);
}

#define INSTANTIATE(T) template class SparseCholesky<T>;
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
