// SPDX-License-Identifier: BSD-3-Clause
#include "solve/sparse_cholesky.hpp"

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/packed_syrk.hpp"
#include "kernel/team.hpp"

#include <atomic>

namespace hessolve {
namespace {

using Position = CholeskyPattern::Position;

constexpr auto at = &CholeskyPattern::at;

/// Multiply-adds of a front from which on threads share it, and of subtrees that one thread takes.
constexpr double worth_a_team = 2e6;

/// The columns of L of one front, and the update that is left, on the calling thread.
template <class T>
Index factor_front(ColMajor<T> panel, ColMajor<T> update) {
  const Index stop = cholesky_panel<T>(panel);
  const Index k = panel.cols;
  if (stop < 0) {
    const InColMajor<T> below = panel.block(k, 0, update.rows, k);
    for (Index d = 0; d < k; d += 256) {
      const InColMajor<T> part = below.block(0, d, update.rows, std::min<Index>(256, k - d));
      subtract_lower_product<T>(update, part, part);
    }
  }
  return stop;
}

/// The same on several threads, a few columns after the other.
template <class T>
Index factor_large_front(ColMajor<T> panel, ColMajor<T> update) {
  constexpr Index block = 64;
  constexpr Index strip = syrk_strip<T>;
  const Index k = panel.cols;
  const Index height = panel.rows;
  const Buffer<T> packed(has_microkernel<T> ? packed_size<T>(height, block) : 0);
  const auto subtract = [&](ColMajor<T> C, InColMajor<T> A) {  // the lower triangle of A A^H, as far as C has columns
    if constexpr (has_microkernel<T>) {
      const Index tiles = (A.rows + tile_rows<T> - 1) / tile_rows<T>;
      parallel_for((tiles + 3) / 4, true,
                   [&](Index t) { pack_rows<T>(A, t * 4, std::min(tiles, t * 4 + 4), packed.data()); });
    }
    const Index strips = (C.cols + strip - 1) / strip;
    parallel_for(strips, true, [&](Index s) {
      subtract_lower_strip<T>(C, {packed.data(), A}, s * strip, std::min(C.cols, (s + 1) * strip));
    });
  };
  for (Index j = 0; j < k; j += block) {
    const Index w = std::min(block, k - j);
    if (const Index stop = cholesky_panel<T>(panel.block(j, j, height - j, w)); stop >= 0) {
      return j + stop;
    }
    const Index rest = k - j - w;
    if (rest > 0) {
      subtract(panel.block(j + w, j + w, height - j - w, rest), panel.block(j + w, j, height - j - w, w));
    }
    if (update.rows > 0) {
      subtract(update, panel.block(k, j, update.rows, w));
    }
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
        updates_(at(p_.supernodes())) {}

  /// The column of A without a positive pivot, or -1.
  Index run() {
    choose_subtrees();
    std::atomic<Index> failed{p_.supernodes()};  // the first supernode that has
    std::vector<Index> stop(at(p_.supernodes()), -1);
    const auto factor = [&](Index s, bool share) {
      if (s < failed && (stop[at(s)] = front(s, share)) >= 0) {
        Index first = failed;
        while (s < first && !failed.compare_exchange_weak(first, s)) {
        }
      }
    };
    parallel_for(static_cast<Index>(subtrees_.size()), total_ > worth_a_team, [&](Index t) {
      for (Index s = subtrees_[at(t)].first; s <= subtrees_[at(t)].second; ++s) {
        factor(s, false);
      }
    });
    for (const Index s : tops_) {
      factor(s, own_work(s) > worth_a_team);
    }
    return failed < p_.supernodes() ? p_.order[at(p_.first[at(failed)] + stop[at(failed)])] : -1;
  }

 private:
  [[nodiscard]] double own_work(Index s) const {
    double work = p_.work[at(s)];
    for (Position c = p_.child[at(s)]; c >= 0; c = p_.sibling[at(c)]) {
      work -= p_.work[at(c)];
    }
    return work;
  }

  /// Cut the tree: subtrees that are small parts of the work, and what is above them.
  void choose_subtrees() {
    const Index size = p_.supernodes();
    for (Index s = 0; s < size; ++s) {
      total_ += p_.parent[at(s)] < 0 ? p_.work[at(s)] : 0;
    }
    const double most = std::max(total_ / 32, worth_a_team / 16);
    Index first = 0;
    for (Index s = 0; s < size; ++s) {
      const Position p = p_.parent[at(s)];
      if (p_.work[at(s)] > most) {
        tops_.push_back(s);
        first = s + 1;
      } else if (p < 0 || p_.work[at(p)] > most) {
        subtrees_.emplace_back(first, s);
        first = s + 1;
      }
    }
  }

  Index front(Index s, bool share) {
    const Index r = p_.below(s);
    const ColMajor<T> panel = L_.panel(s);
    std::fill_n(panel.data, panel.rows * panel.cols, T(0));
    for (Index e = p_.entries_at[at(s)]; e < p_.entries_at[at(s) + 1]; ++e) {
      const CholeskyPattern::Entry& entry = p_.entries[at(e)];
      const T value = values_[entry.source];
      L_.values_[entry.target] += entry.conjugated ? conjugate(value) : value;
    }
    updates_[at(s)] = Buffer<T>(r * r);
    const ColMajor<T> update{updates_[at(s)].data(), r, r, r};
    clear_lower<T>(update);
    for (Position c = p_.child[at(s)]; c >= 0; c = p_.sibling[at(c)]) {
      add_child(s, c, panel, update);
      updates_[at(c)] = {};
    }
    return share ? factor_large_front<T>(panel, update) : factor_front<T>(panel, update);
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
  std::vector<Buffer<T>> updates_;                 // r x r, the lower triangle
  std::vector<std::pair<Index, Index>> subtrees_;  // first and last supernode
  std::vector<Index> tops_;
  double total_ = 0;
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
  const Index n = pattern_.n;
  Index tallest = 0;
  for (Index s = 0; s < pattern_.supernodes(); ++s) {
    tallest = std::max(tallest, pattern_.width(s) + pattern_.below(s));
  }
  parallel_for(B.cols, pattern_.panel_at.back() * B.cols > 100'000, [&](Index c) {
    const Buffer<T> x(n);
    const Buffer<T> work(tallest);
    for (Index i = 0; i < n; ++i) {
      x[i] = B(pattern_.order[at(i)], c);
    }
    forward(x.data(), work.data());
    backward(x.data(), work.data());
    for (Index i = 0; i < n; ++i) {
      X(pattern_.order[at(i)], c) = x[i];
    }
  });
}

template <class T>
void SparseCholesky<T>::forward(T* x, T* work) const {
  for (Index s = 0; s < pattern_.supernodes(); ++s) {
    const ColMajor<T> L = panel(s);
    const Index k = L.cols;
    const Index r = L.rows - k;
    T* own = x + pattern_.first[at(s)];
    const Position* rows = pattern_.rows_of(s);
    std::copy_n(own, k, work);
    std::fill_n(work + k, r, T(0));
    for (Index j = 0; j < k; ++j) {
      work[j] /= L(j, j);
      subtract_multiple<T>(L.rows - j - 1, work[j], L.col(j) + j + 1, work + j + 1);
    }
    std::copy_n(work, k, own);
    for (Index i = 0; i < r; ++i) {
      x[rows[i]] += work[k + i];
    }
  }
}

template <class T>
void SparseCholesky<T>::backward(T* x, T* work) const {
  for (Index s = pattern_.supernodes() - 1; s >= 0; --s) {
    const ColMajor<T> L = panel(s);
    const Index k = L.cols;
    const Index r = L.rows - k;
    T* own = x + pattern_.first[at(s)];
    const Position* rows = pattern_.rows_of(s);
    std::copy_n(own, k, work);
    for (Index i = 0; i < r; ++i) {
      work[k + i] = x[rows[i]];
    }
    for (Index j = k - 1; j >= 0; --j) {
      work[j] = (work[j] - dot<true, T>(L.col(j) + j + 1, work + j + 1, L.rows - j - 1)) / L(j, j);
    }
    std::copy_n(work, k, own);
  }
}

#define INSTANTIATE(T) template class SparseCholesky<T>;
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
