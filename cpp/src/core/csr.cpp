// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/csr.hpp>

#include "kernel/team.hpp"

#include <hessolve/core/buffer.hpp>

#include <algorithm>
#include <type_traits>
#include <vector>

namespace hessolve {
namespace {

constexpr Index block = 1 << 15;

/// The first of n indices that is not below `cols`, or n. Negative ones are huge as unsigned numbers.
template <class I>
Index first_out_of_range(const I* indices, Index n, Index cols) {
  using U = std::make_unsigned_t<I>;
  const Index most = static_cast<Index>(std::numeric_limits<I>::max());
  const U limit = static_cast<U>(std::min(cols, most));  // an I is never above `most`
  U bad = 0;
  for (Index k = 0; k < n; ++k) {
    bad |= static_cast<U>(static_cast<U>(indices[k]) >= limit);
  }
  if (bad == 0 || cols > most) {
    return n;
  }
  return std::find_if(indices, indices + n, [&](I j) { return static_cast<U>(j) >= limit; }) - indices;
}

template <class I>
IndexReport first_disorder(Index begin, Index end, const I* indptr, const I* indices, std::vector<I>& seen) {
  for (Index i = begin; i < end; ++i) {
    bool rises = true;
    for (I k = indptr[i] + 1; k < indptr[i + 1]; ++k) {
      rises = rises && indices[k - 1] < indices[k];
    }
    if (rises) {
      continue;
    }
    seen.assign(indices + indptr[i], indices + indptr[i + 1]);
    std::sort(seen.begin(), seen.end());
    if (const auto twice = std::adjacent_find(seen.begin(), seen.end()); twice != seen.end()) {
      const I* first = std::find(indices + indptr[i], indices + indptr[i + 1], *twice);
      return {IndexFault::duplicate, i, std::find(first + 1, indices + indptr[i + 1], *twice) - indices};
    }
    const I* fall = std::is_sorted_until(indices + indptr[i], indices + indptr[i + 1]);
    return {IndexFault::unsorted, i, fall - indices};
  }
  return {};
}

}  // namespace

template <class I>
IndexReport inspect_indices(Index rows, Index cols, const I* indptr, const I* indices, Index stored, bool order) {
  if (indptr[0] != 0) {
    return {IndexFault::indptr, 0, 0};
  }
  bool falls = static_cast<Index>(indptr[rows]) > stored;
  for (Index i = 0; i < rows; ++i) {
    falls |= indptr[i + 1] < indptr[i];
  }
  for (Index i = 0; i < rows && falls; ++i) {
    if (indptr[i + 1] < indptr[i] || static_cast<Index>(indptr[i + 1]) > stored) {
      return {IndexFault::indptr, i, static_cast<Index>(indptr[i])};
    }
  }
  const Index used = static_cast<Index>(indptr[rows]);
  const Index count = (used + block - 1) / block;
  std::atomic<Index> first{used};
  parallel_for(count, used > 4 * block, [&](Index c) {
    const Index start = c * block;
    const Index length = std::min(block, used - start);
    const Index at = first_out_of_range(indices + start, length, cols);
    if (at < length) {
      Index before = first.load();
      while (start + at < before && !first.compare_exchange_weak(before, start + at)) {
      }
    }
  });
  if (const Index at = first.load(); at < used) {
    const I* row = std::upper_bound(indptr, indptr + rows + 1, static_cast<I>(at));
    return {IndexFault::out_of_range, row - indptr - 1, at};
  }
  if (!order) {
    return {};
  }
  const Index chunks = (rows + block - 1) / block;
  std::vector<IndexReport> found(static_cast<std::size_t>(chunks));
  parallel_for(chunks, used > 4 * block, [&](Index c) {
    std::vector<I> seen;
    found[static_cast<std::size_t>(c)] =
        first_disorder(c * block, std::min(rows, (c + 1) * block), indptr, indices, seen);
  });
  for (const IndexReport& part : found) {
    if (part.fault != IndexFault::none) {
      return part;
    }
  }
  return {};
}

template <class T, class I>
Index sort_rows(CsrView<T, I> A, I* out_indptr, I* out_indices, T* out_values) {
  std::vector<Index> order;
  Index out = 0;
  out_indptr[0] = 0;
  for (Index i = 0; i < A.rows; ++i) {
    const Index begin = static_cast<Index>(A.indptr[i]);
    const Index end = static_cast<Index>(A.indptr[i + 1]);
    order.resize(static_cast<std::size_t>(end - begin));
    for (Index k = begin; k < end; ++k) {
      order[static_cast<std::size_t>(k - begin)] = k;
    }
    std::sort(order.begin(), order.end(),
              [&](Index a, Index b) { return A.indices[a] != A.indices[b] ? A.indices[a] < A.indices[b] : a < b; });
    const Index start = out;
    for (const Index k : order) {
      if (out > start && out_indices[out - 1] == A.indices[k]) {
        out_values[out - 1] += A.values[k];
      } else {
        out_indices[out] = A.indices[k];
        out_values[out++] = A.values[k];
      }
    }
    out_indptr[i + 1] = static_cast<I>(out);
  }
  return out;
}

#define INSTANTIATE_INDEX(T, I) template Index sort_rows<T, I>(CsrView<T, I>, I*, I*, T*);
#define INSTANTIATE(T) HESSOLVE_FOR_EACH_INDEX(INSTANTIATE_INDEX, T)
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE
#undef INSTANTIATE_INDEX
template IndexReport inspect_indices<std::int32_t>(Index, Index, const std::int32_t*, const std::int32_t*, Index, bool);
template IndexReport inspect_indices<std::int64_t>(Index, Index, const std::int64_t*, const std::int64_t*, Index, bool);

}  // namespace hessolve
