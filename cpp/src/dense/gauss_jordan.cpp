// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/gauss_jordan.hpp>

#include "kernel/block_sizes.hpp"
#include "kernel/dot.hpp"
#include "kernel/gemm.hpp"
#include "kernel/scaling.hpp"
#include "kernel/team.hpp"

namespace hessolve {
namespace {

constexpr Index panel_columns = 64;

/// Row of the largest modulus in x[first], ..., x[n - 1]; -1 if all are zero.
template <class T>
Index pivot_row(const T* x, Index first, Index n) {
  Index row = -1;
  Real<T> size = 0;
  for (Index i = first; i < n; ++i) {
    if (!(cheap_abs(x[i]) <= size)) {  // also for NaN
      size = cheap_abs(x[i]);
      row = i;
    }
  }
  return row;
}

/// Columns k ... k + w - 1 by themselves: they become those of the product of all elimination matrices of the panel.
/// Row k + c was exchanged with pivots[c]. Returns the column without pivot, or -1.
template <class T>
Index eliminate_panel(ColMajor<T> P, Index k, Index* pivots, T* column) {
  const Index n = P.rows;
  for (Index c = 0; c < P.cols; ++c) {
    const Index row = k + c;
    const Index pivot = pivot_row(P.col(c), row, n);
    if (pivot < 0) {
      return row;
    }
    pivots[c] = pivot;
    for (Index j = 0; j < P.cols; ++j) {
      std::swap(P(row, j), P(pivot, j));
    }
    const T d = P(row, c);
    std::copy_n(P.col(c), n, column);
    column[row] = T(0);
    std::fill_n(P.col(c), n, T(0));
    P(row, c) = T(1);
    for (Index j = 0; j < P.cols; ++j) {  // row := row / d, every other row -= its element in column c times that
      const T t = P(row, j) / d;
      subtract_multiple<T>(n, t, column, P.col(j));
      P(row, j) = t;
    }
  }
  return -1;
}

}  // namespace

template <class T>
Outcome gauss_jordan_in_place(ColMajor<T> A, const Stop& stop) {
  const Index n = A.rows;
  Buffer<Index> pivots(n);
  Buffer<T> column(n);
  constexpr Index strip = 48;
  for (Index k = 0; k < n; k += panel_columns) {
    if (stop.requested()) {
      return {Reason::stopped};
    }
    const Index w = std::min(panel_columns, n - k);
    const ColMajor<T> P = A.block(0, k, n, w);
    if (const Index zero = eliminate_panel<T>(P, k, pivots.data() + k, column.data()); zero >= 0) {
      return {Reason::singular, zero};
    }
    const Index strips = (n - w + strip - 1) / strip;
    parallel_for(strips, n > serial_below, [&](Index s) {  // what is left and right of the panel, A := G A
      const Index first = s * strip;
      const Index count = std::min(strip, n - w - first);
      T rows[panel_columns * strip];
      const ColMajor<T> minus_R{rows, w, count, panel_columns};
      for (Index c = 0; c < count; ++c) {
        const Index j = first + c < k ? first + c : first + c + w;
        T* a = A.col(j);
        for (Index i = 0; i < w; ++i) {
          std::swap(a[k + i], a[pivots[k + i]]);
        }
        for (Index i = 0; i < w; ++i) {
          minus_R(i, c) = -a[k + i];
          a[k + i] = T(0);
        }
      }
      const Index before = std::clamp<Index>(k - first, 0, count);  // columns of the strip left of the panel
      gemm_minus<Right::plain, T>(A.block(0, first, n, before), P, minus_R.block(0, 0, w, before));
      gemm_minus<Right::plain, T>(A.block(0, first + before + w, n, count - before), P,
                                  minus_R.block(0, before, w, count - before));
    });
  }
  for (Index k = n - 1; k >= 0; --k) {
    if (pivots[k] != k) {
      std::swap_ranges(A.col(k), A.col(k) + n, A.col(pivots[k]));
    }
  }
  return {};
}

template <class T>
GaussJordanSteps<T>::GaussJordanSteps(MatrixView<const T> A) : n_(A.rows),
                                                               W_(A.rows, 2 * A.rows) {
  copy_into<T>(A, W_.view().block(0, 0, n_, n_));
  for (Index j = 0; j < n_; ++j) {
    std::fill_n(W_.view().col(n_ + j), n_, T(0));
    W_(j, n_ + j) = T(1);
  }
}

template <class T>
bool GaussJordanSteps<T>::next(Step& step) {
  const ColMajor<T> W = W_.view();
  for (; column_ < n_ && singular_ < 0; row_ = -2, ++column_) {
    const Index k = column_;
    if (row_ == -2) {
      row_ = -1;
      const Index pivot = pivot_row(W.col(k), k, n_);
      if (pivot < 0) {
        singular_ = k;
        return false;
      }
      if (pivot != k) {
        for (Index j = 0; j < 2 * n_; ++j) {
          std::swap(W(k, j), W(pivot, j));
        }
        step = {RowOperation::exchange, k, pivot, T(1)};
        return true;
      }
    }
    if (row_ == -1) {
      row_ = 0;
      if (W(k, k) != T(1)) {
        const T factor = T(1) / W(k, k);
        for (Index j = 0; j < 2 * n_; ++j) {
          W(k, j) *= factor;
        }
        W(k, k) = T(1);
        step = {RowOperation::scale, k, k, factor};
        return true;
      }
    }
    while (row_ < n_) {
      const Index i = row_++;
      if (i == k || W(i, k) == T(0)) {
        continue;
      }
      const T factor = -W(i, k);
      for (Index j = 0; j < 2 * n_; ++j) {
        W(i, j) += factor * W(k, j);
      }
      W(i, k) = T(0);
      step = {RowOperation::add, i, k, factor};
      return true;
    }
  }
  return false;
}

#define INSTANTIATE(T)                                                 \
  template Outcome gauss_jordan_in_place<T>(ColMajor<T>, const Stop&); \
  template class GaussJordanSteps<T>;
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
