// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

#include <algorithm>
#include <utility>

namespace hessolve {

/// The memory of A as columns, for a solve that may destroy it: a C-ordered square matrix is transposed in place.
template <class T>
struct Overwritten {
  explicit Overwritten(MatrixView<T> A, bool wanted) : view(A) {
    if (!wanted) {
      return;
    }
    if (A.row_stride != 1 && A.col_stride == 1) {
      flip();
      view = A.transposed();
      flipped = true;
    }
    if (view.row_stride == 1 && view.col_stride >= view.rows) {
      columns = {view.data, view.rows, view.cols, view.col_stride};
    }
  }
  /// Transpose in place, in blocks that stay in cache.
  void flip() const {
    constexpr Index block = 32;
    for (Index j = 0; j < view.cols; j += block) {
      for (Index i = 0; i <= j; i += block) {
        for (Index c = j; c < std::min(j + block, view.cols); ++c) {
          for (Index r = i; r < std::min(i + block, c); ++r) {
            std::swap(view(r, c), view(c, r));
          }
        }
      }
    }
  }
  /// A refused matrix goes back as it was.
  void put_back() const {
    if (flipped) {
      flip();
    }
  }

  MatrixView<T> view;
  ColMajor<T> columns{};
  bool flipped = false;
};

}  // namespace hessolve
