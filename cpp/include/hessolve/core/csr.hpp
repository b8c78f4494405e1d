// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

#include <cstdint>

/// Index types that sparse matrices come with, at one place; APPLY(T, I).
#define HESSOLVE_FOR_EACH_INDEX(APPLY, T) \
  APPLY(T, std::int32_t)                  \
  APPLY(T, std::int64_t)

namespace hessolve {

/// A rows x cols matrix by compressed rows, in anyone's memory: row i holds values[k] in column indices[k] for
/// indptr[i] <= k < indptr[i + 1]. What is not stored is zero; an entry stored twice counts as the sum.
template <class T, class I>
struct CsrView {
  Index rows = 0;
  Index cols = 0;
  const I* indptr = nullptr;
  const I* indices = nullptr;
  const T* values = nullptr;

  [[nodiscard]] Index nonzeros() const { return rows > 0 ? static_cast<Index>(indptr[rows]) : 0; }
};

/// The same by compressed columns: column j holds values[k] in row indices[k] for indptr[j] <= k < indptr[j + 1].
template <class T, class I>
struct CscView {
  Index rows = 0;
  Index cols = 0;
  const I* indptr = nullptr;
  const I* indices = nullptr;
  const T* values = nullptr;

  [[nodiscard]] Index nonzeros() const { return cols > 0 ? static_cast<Index>(indptr[cols]) : 0; }
  /// The same memory read as compressed rows is the transpose.
  [[nodiscard]] CsrView<T, I> transposed() const { return {cols, rows, indptr, indices, values}; }
};

/// What is wrong with the index arrays of a compressed matrix, or worth knowing about them.
enum class IndexFault : signed char {
  none,
  indptr,        ///< indptr does not start at 0, falls, or ends beyond the indices
  out_of_range,  ///< an index is negative or too large
  unsorted,      ///< the indices of a row do not rise
  duplicate,     ///< an index appears twice in a row
};

struct IndexReport {
  IndexFault fault = IndexFault::none;
  Index row = -1;       ///< the first row (of a CSC matrix: column) that has the fault
  Index position = -1;  ///< into indices
};

/// Look at index arrays before anything trusts them: `rows` compressed rows, indices below `cols`, `stored` of them.
/// With `order`, unsorted and repeated indices are faults as well. One pass over the indices.
template <class I>
[[nodiscard]] IndexReport inspect_indices(Index rows, Index cols, const I* indptr, const I* indices, Index stored,
                                          bool order);

/// Sort every row and sum what appears twice: out_indptr (rows + 1), out_indices and out_values (as many as stored)
/// are written; @return the number of entries left.
template <class T, class I>
Index sort_rows(CsrView<T, I> A, I* out_indptr, I* out_indices, T* out_values);

}  // namespace hessolve
