// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

#include <functional>

namespace hessolve {

/// Whether the memory spans of two views meet; views that interleave without sharing an element count as meeting.
template <class T>
[[nodiscard]] bool overlap(In<T> a, In<T> b) {
  if (a.rows == 0 || a.cols == 0 || b.rows == 0 || b.cols == 0) {
    return false;
  }
  const auto first = [](const In<T>& v) {
    return v.data + (v.row_stride < 0 ? (v.rows - 1) * v.row_stride : 0) +
           (v.col_stride < 0 ? (v.cols - 1) * v.col_stride : 0);
  };
  const auto last = [](const In<T>& v) {
    return v.data + (v.row_stride > 0 ? (v.rows - 1) * v.row_stride : 0) +
           (v.col_stride > 0 ? (v.cols - 1) * v.col_stride : 0);
  };
  const std::less_equal<const T*> not_after;
  return not_after(first(a), last(b)) && not_after(first(b), last(a));
}

}  // namespace hessolve
