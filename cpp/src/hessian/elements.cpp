// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/hessian/elements.hpp>

#include "kernel/need.hpp"
#include "kernel/simd.hpp"
#include "kernel/team.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace hessolve {

namespace {

constexpr Index pieces = 16;  // of the rows, while the pattern is found
constexpr Index strip = 512;  // rows at a time: what they have become stays in the cache

template <class R>
bool all_finite(const R* values, Index count) {
  constexpr Index W = simd::width<R>;
  const simd::Packet<R> zero = simd::zero<R>();
  simd::Packet<R> check[2] = {zero, zero};  // zero, or NaN
  Index i = 0;
  for (; i + 2 * W <= count; i += 2 * W) {
    check[0] = simd::multiply_add(simd::load<R>(values + i), zero, check[0]);
    check[1] = simd::multiply_add(simd::load<R>(values + i + W), zero, check[1]);
  }
  R rest = Eigen::internal::predux(simd::add(check[0], check[1]));
  for (; i < count; ++i) {
    rest += values[i] * R(0);
  }
  return rest == R(0);
}

}  // namespace

template <class I>
std::pair<Index, Index> find_stray_dof(Index n, MatrixView<const I> dofs) {
  for (Index e = 0; e < dofs.rows; ++e) {
    for (Index a = 0; a < dofs.cols; ++a) {
      if (dofs(e, a) < 0 || static_cast<Index>(dofs(e, a)) >= n) {
        return {e, a};
      }
    }
  }
  return {-1, -1};
}

template <class I>
ElementAssembler<I>::ElementAssembler(Index n, MatrixView<const I> dofs)
    : n_(n),
      elements_(dofs.rows),
      k_(dofs.cols),
      indptr_(n + 1),
      starts_(n + 1),
      sources_(dofs.rows * dofs.cols) {
  need(find_stray_dof<I>(n, dofs).first < 0, "dofs must be 0 ... n - 1");
  std::fill_n(starts_.data(), n + 1, Index(0));
  for (Index e = 0; e < elements_; ++e) {
    for (Index a = 0; a < k_; ++a) {
      ++starts_[static_cast<Index>(dofs(e, a)) + 1];
    }
  }
  for (Index i = 0; i < n; ++i) {
    starts_[i + 1] += starts_[i];
  }
  Buffer<Index> next(n);
  std::copy_n(starts_.data(), n, next.data());
  for (Index e = 0; e < elements_; ++e) {
    for (Index a = 0; a < k_; ++a) {
      sources_[next[static_cast<Index>(dofs(e, a))]++] = e * k_ + a;
    }
  }
  find_pattern(dofs);
}

/// Two passes over the rows: how many columns each has, then which, and where a block's entries go.
template <class I>
void ElementAssembler<I>::find_pattern(MatrixView<const I> dofs) {
  const Index piece = (n_ + pieces - 1) / pieces;
  Buffer<Index> lengths(n_);
  const auto columns_of = [&](Index i, I* mark, auto&& each) {  // visits each column of row i once; mark[j] == i: seen
    mark[i] = static_cast<I>(i);
    each(static_cast<I>(i));
    for (Index s = starts_[i]; s < starts_[i + 1]; ++s) {
      for (Index b = 0; b < k_; ++b) {
        const I j = dofs(sources_[s] / k_, b);
        if (mark[j] != static_cast<I>(i)) {
          mark[j] = static_cast<I>(i);
          each(j);
        }
      }
    }
  };
  const auto in_pieces = [&](auto&& work) {
    parallel_for(pieces, elements_ * k_ > 10'000, [&](Index q) {
      Buffer<I> mark(n_);
      std::fill_n(mark.data(), n_, I(-1));
      work(q * piece, std::min(n_, (q + 1) * piece), mark.data());
    });
  };
  in_pieces([&](Index first, Index last, I* mark) {
    for (Index i = first; i < last; ++i) {
      lengths[i] = 0;
      columns_of(i, mark, [&](I) { ++lengths[i]; });
    }
  });
  Index total = 0;
  Index longest = 0;
  for (Index i = 0; i < n_; ++i) {
    indptr_[i] = static_cast<I>(total);
    total += lengths[i];
    longest = std::max(longest, lengths[i]);
    if (total > static_cast<Index>(std::numeric_limits<I>::max())) {
      throw std::length_error("the pattern has more entries than its indices can count");
    }
  }
  indptr_[n_] = static_cast<I>(total);
  indices_ = Buffer<I>(total);
  const Index entries = sources_.size() * k_;
  positions_ = Buffer<std::uint8_t>(longest <= 256 ? entries : 0);
  long_positions_ = Buffer<std::uint32_t>(longest <= 256 ? 0 : entries);
  in_pieces([&](Index first, Index last, I* mark) {
    Buffer<I> place(n_);
    for (Index i = first; i < last; ++i) {
      I* row = indices_.data() + indptr_[i];
      I* end = row;
      columns_of(i, mark, [&](I j) { *end++ = j; });
      std::sort(row, end);
      for (I* p = row; p < end; ++p) {
        place[*p] = static_cast<I>(p - row);
      }
      for (Index s = starts_[i]; s < starts_[i + 1]; ++s) {
        for (Index b = 0; b < k_; ++b) {
          const I at = place[dofs(sources_[s] / k_, b)];
          if (longest <= 256) {
            positions_[s * k_ + b] = static_cast<std::uint8_t>(at);
          } else {
            long_positions_[s * k_ + b] = static_cast<std::uint32_t>(at);
          }
        }
      }
    }
  });
}

/// row := the sum of the blocks' rows that belong to row i of K. K > 0: the size of a block, known when compiled.
template <class I>
template <int K, class R, class P>
void ElementAssembler<I>::add_row(const Batch<const R>& blocks, const P* positions, Index i, R* row) const {
  const Index k = K > 0 ? K : k_;
  const MatrixView<const R>& first = blocks.first;
  std::fill_n(row, indptr_[i + 1] - indptr_[i], R(0));
  const Index last = starts_[i + 1];
  for (Index s = starts_[i]; s < last; ++s) {
    const P* at = positions + s * k;
    const Index source = sources_[s];
    if (K > 0) {                   // contiguous
      constexpr Index ahead = 16;  // rows of blocks lie apart: no stream that a processor foresees
      const R* next = first.data + sources_[std::min(s + ahead, sources_.size() - 1)] * k;
      simd::prefetch_columns<R>(next, 1, 2, k - 1);
      const R* p = first.data + source * k;
      for (Index b = 0; b < k; ++b) {
        row[at[b]] += p[b];
      }
    } else {
      const R* p = first.data + source / k * blocks.step + source % k * first.row_stride;
      for (Index b = 0; b < k; ++b) {
        row[at[b]] += p[b * first.col_stride];
      }
    }
  }
}

template <class I>
template <class R, class P>
void ElementAssembler<I>::add_rows(const Batch<const R>& blocks, const P* positions, Index begin, Index end,
                                   R* values) const {
  const bool contiguous = blocks.first.col_stride == 1 && blocks.first.row_stride == k_ && blocks.step == k_ * k_;
  const auto each = [&](auto add) {
    for (Index i = begin; i < end; ++i) {
      add(i, values + indptr_[i]);
    }
  };
  switch (contiguous ? k_ : 0) {
#define HESSOLVE_BLOCK(K) \
  case K: each([&](Index i, R* row) { add_row<K, R>(blocks, positions, i, row); }); break;
    HESSOLVE_BLOCK(3)   // triangles, linear
    HESSOLVE_BLOCK(4)   // tetrahedra and quadrilaterals
    HESSOLVE_BLOCK(6)   // triangles, quadratic or with two displacements a corner
    HESSOLVE_BLOCK(8)   // hexahedra; quadrilaterals with two displacements
    HESSOLVE_BLOCK(10)  // tetrahedra, quadratic
    HESSOLVE_BLOCK(12)  // tetrahedra with three displacements a corner
#undef HESSOLVE_BLOCK
    default: each([&](Index i, R* row) { add_row<0, R>(blocks, positions, i, row); });
  }
}

template <class I>
template <class R>
Outcome ElementAssembler<I>::assemble(Batch<const R> blocks, const unsigned char* fixed, R* values,
                                      const Stop& stop) const {
  need(blocks.count == elements_ && blocks.first.rows == k_ && blocks.first.cols == k_, "one k x k block an element");
  std::atomic<Index> bad{n_};
  std::atomic<bool> stopped{false};
  parallel_for((n_ + strip - 1) / strip, sources_.size() * k_ > 50'000, [&](Index q) {
    if (stopped || (q % 64 == 0 && Team::rank() == 0 && stop.requested())) {
      stopped = true;
      return;
    }
    const Index end = std::min(n_, (q + 1) * strip);
    if (positions_.empty()) {
      add_rows<R>(blocks, long_positions_.data(), q * strip, end, values);
    } else {
      add_rows<R>(blocks, positions_.data(), q * strip, end, values);
    }
    if (!all_finite<R>(values + indptr_[q * strip], indptr_[end] - indptr_[q * strip])) {
      Index i = q * strip;
      while (all_finite<R>(values + indptr_[i], indptr_[i + 1] - indptr_[i])) {
        ++i;
      }
      Index now = bad;
      while (i < now && !bad.compare_exchange_weak(now, i)) {
      }
    }
    for (Index i = q * strip; i < end && fixed != nullptr; ++i) {
      for (Index p = indptr_[i]; p < indptr_[i + 1]; ++p) {
        if (fixed[i] != 0 || fixed[indices_[p]] != 0) {
          values[p] = static_cast<Index>(indices_[p]) == i ? R(1) : R(0);
        }
      }
    }
  });
  return stopped ? Outcome{Reason::stopped} : bad < n_ ? Outcome{Reason::non_finite, bad} : Outcome{};
}

#define INSTANTIATE(R, I) \
  template Outcome ElementAssembler<I>::assemble<R>(Batch<const R>, const unsigned char*, R*, const Stop&) const;
#define INSTANTIATE_INDEX(unused, I)                                              \
  template class ElementAssembler<I>;                                             \
  template std::pair<Index, Index> find_stray_dof<I>(Index, MatrixView<const I>); \
  INSTANTIATE(float, I)                                                           \
  INSTANTIATE(double, I)
HESSOLVE_FOR_EACH_INDEX(INSTANTIATE_INDEX, )
#undef INSTANTIATE_INDEX
#undef INSTANTIATE

}  // namespace hessolve
