// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/gemm.hpp"
#include "kernel/unit_lower.hpp"

#include <cmath>
#include <limits>

/// LU of a tall panel on one thread: leaves of a few columns, left-looking, joined by recursion.
namespace hessolve {

/// Columns of a leaf: a whole number of packets, few enough for their multipliers to stay in registers.
template <class T>
inline constexpr int leaf_columns = simd::width<T> > 8 ? simd::width<T> : 8;

/// Exchange row k with row pivots[k], k = 0 ... count - 1, in every column of B.
template <class T>
void exchange_rows(ColMajor<T> B, const Index* pivots, Index count) {
  for (Index j = 0; j < B.cols; ++j) {
    T* b = B.col(j);
    for (Index k = 0; k < count; ++k) {
      const T moved = b[k];
      b[k] = b[pivots[k]];
      b[pivots[k]] = moved;
    }
  }
}

namespace detail {

/// Bring column C of a leaf up to date with columns 0 ... C - 1 and find its pivot, in one pass over the rows; column C
/// - 1 is scaled to its multipliers on the way. Returns the row of the largest modulus among rows C ... rows - 1.
template <class T, int C>
HESSOLVE_INLINE Index leaf_column(ColMajor<T> A, T scale) {
  using Packet = simd::Packet<T>;
  constexpr Index W = simd::width<T>;
  T* a = A.col(C);
  T u[C > 0 ? C : 1];
  for (int i = 0; i < C; ++i) {  // U(0:C, C) := L(0:C, 0:C)^-1 A(0:C, C)
    T s = a[i];
    for (int k = 0; k < i; ++k) {
      s -= A(i, k) * u[k];
    }
    u[i] = s;
    a[i] = s;
  }
  Packet multiplier[C > 0 ? C : 1];
  for (int k = 0; k < C; ++k) {
    multiplier[k] = simd::broadcast<T>(u[k]);
  }
  const Packet scales = simd::broadcast<T>(scale);
  Packet largest = simd::zero<T>();
  const auto step = [&](Index i, auto&& get, auto&& put) {
    Packet x = get(a + i);
    for (int k = 0; k < C - 1; ++k) {
      x = simd::negative_multiply_add(get(A.col(k) + i), multiplier[k], x);
    }
    if constexpr (C > 0) {
      const Packet l = simd::multiply(get(A.col(C - 1) + i), scales);
      put(A.col(C - 1) + i, l);
      x = simd::negative_multiply_add(l, multiplier[C - 1], x);
      put(a + i, x);
    }
    if constexpr (!is_complex<T>) {
      largest = simd::maximum(largest, simd::absolute(x));
    }
  };
  Index i = C;
  for (; i + W <= A.rows; i += W) {
    step(i, [](const T* p) { return simd::load<T>(p); }, [](T* p, const Packet& v) { simd::store<T>(p, v); });
  }
  if (const Index r = A.rows - i; r > 0) {
    step(
        i, [r](const T* p) { return simd::load_partial<T>(p, r); },
        [r](T* p, const Packet& v) { simd::store_partial<T>(p, v, r); });
  }
  Real<T> peak{};
  if constexpr (is_complex<T>) {
    for (Index k = C; k < A.rows; ++k) {
      peak = cheap_abs(a[k]) > peak ? cheap_abs(a[k]) : peak;
    }
  } else {
    peak = simd::largest_lane(largest);
  }
  return C + simd::find_modulus<T>(a + C, A.rows - C, peak);
}

template <class T, int C>
Index leaf_column_of(int column, ColMajor<T> A, T scale) {
  if constexpr (C < leaf_columns<T>) {
    return column == C ? leaf_column<T, C>(A, scale) : leaf_column_of<T, C + 1>(column, A, scale);
  } else {
    return 0;
  }
}

/// A leaf of at most leaf_columns columns, rows >= cols. Returns the first column with a zero pivot, or -1.
template <class T>
Index lu_leaf(ColMajor<T> A, Index* pivots, T* inverses) {
  constexpr Index W = simd::width<T>;
  const auto columns = static_cast<int>(A.cols);
  Index zero_pivot = -1;
  T scale(1);
  for (int c = 0; c < columns; ++c) {
    T* a = A.col(c);
    for (int k = 0; k < c; ++k) {
      std::swap(a[k], a[pivots[k]]);
    }
    const Index row = leaf_column_of<T, 0>(c, A, scale);
    pivots[c] = row;
    if (row != c) {
      for (int k = 0; k <= c; ++k) {
        std::swap(A(c, k), A(row, k));
      }
    }
    const T pivot = A(c, c);
    scale = T(1);
    if (pivot == T(0)) {
      zero_pivot = zero_pivot < 0 ? c : zero_pivot;
    } else if (cheap_abs(pivot) > 1 / std::numeric_limits<Real<T>>::max() * 4) {
      scale = T(1) / pivot;
    } else {  // the reciprocal would overflow
      for (Index i = c + 1; i < A.rows; ++i) {
        a[i] /= pivot;
      }
    }
  }
  T* a = A.col(columns - 1);
  for (Index i = columns; i < A.rows; ++i) {
    a[i] *= scale;
  }
  for (Index i = 0; i < columns; i += W) {
    const Index r = std::min<Index>(W, columns - i);
    invert_unit_lower<T>(&A(i, i), A.stride, r, inverses + i * W);
  }
  return zero_pivot;
}

}  // namespace detail

/// P A = L U of a panel, rows >= cols, on the calling thread. pivots are relative to the panel's first row; inverses
/// (cols rounded up to the packet width, times the width) receives the inverted diagonal blocks of L for
/// unit_lower_solve. Returns the first column with an exactly zero pivot, or -1.
template <class T>
Index lu_panel(ColMajor<T> A, Index* pivots, T* inverses) {
  constexpr Index leaf = leaf_columns<T>;
  const Index n = A.cols;
  if (n <= leaf) {
    return n == 0 ? -1 : detail::lu_leaf<T>(A, pivots, inverses);
  }
  const Index n1 = (n / 2 + leaf - 1) / leaf * leaf;  // [A1 A2], A1 of n1 columns
  const Index n2 = n - n1;
  const ColMajor<T> A1 = A.block(0, 0, A.rows, n1);
  const Index zero1 = lu_panel<T>(A1, pivots, inverses);
  exchange_rows(A.block(0, n1, A.rows, n2), pivots, n1);
  const ColMajor<T> A12 = A.block(0, n1, n1, n2);
  const ColMajor<T> A22 = A.block(n1, n1, A.rows - n1, n2);
  unit_lower_solve<T>(A.block(0, 0, n1, n1), inverses, A12);               // U12 = L11^-1 A12
  gemm_minus<Right::plain, T>(A22, A.block(n1, 0, A.rows - n1, n1), A12);  // A22 - L21 U12
  const Index zero2 = lu_panel<T>(A22, pivots + n1, inverses + n1 * simd::width<T>);
  exchange_rows(A.block(n1, 0, A.rows - n1, n1), pivots + n1, n2);
  for (Index k = n1; k < n; ++k) {
    pivots[k] += n1;
  }
  return zero1 >= 0 ? zero1 : zero2 >= 0 ? zero2 + n1 : -1;
}

}  // namespace hessolve
