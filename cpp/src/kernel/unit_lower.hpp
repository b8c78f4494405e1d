// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

#include <algorithm>

/// Triangular tiles in registers. The diagonal blocks, one packet wide, are inverted once; solving with one is then a
/// short product whose multiplications do not wait for each other. With |l| <= 1 this is as stable as substitution in
/// practice [Du Croz & Higham 1992, doi 10.1093/imanum/12.1.1].
namespace hessolve {

/// inverse (width x width, column-major) := L^-1 of the unit lower r x r block at L; the identity beyond r.
template <class T>
void invert_unit_lower(const T* L, Index stride, Index r, T* inverse) {
  constexpr Index W = simd::width<T>;
  std::fill(inverse, inverse + W * W, T(0));
  for (Index j = 0; j < W; ++j) {
    T* x = inverse + j * W;
    x[j] = T(1);
    for (Index k = j; k < r; ++k) {  // x := L^-1 e_j, column by column of L
      const T xk = x[k];
      for (Index i = k + 1; i < r; ++i) {
        x[i] -= L[i + k * stride] * xk;
      }
    }
  }
}

namespace detail {

/// B(i : i + r, 0 : N) := L_ii^-1 (B(i : i + r, :) - L(i : i + r, 0 : i) B(0 : i, :))
template <class T, int N>
HESSOLVE_INLINE void unit_lower_rows(Index i, Index r, const T* L, Index ldl, const T* inverse, T* B, Index ldb) {
  constexpr Index W = simd::width<T>;
  simd::Packet<T> x[N];
  for (int j = 0; j < N; ++j) {
    x[j] = simd::load_upto<T>(B + i + j * ldb, r);
  }
  const bool whole = r >= W;
  for (Index k = 0; k < i; ++k) {
    const T* l = L + i + k * ldl;
    const simd::Packet<T> lk = whole ? simd::load<T>(l) : simd::load_partial<T>(l, r);
    for (int j = 0; j < N; ++j) {
      x[j] = simd::negative_multiply_add(lk, simd::broadcast<T>(B[k + j * ldb]), x[j]);
    }
  }
  simd::Packet<T> y[N];
  alignas(64) T lanes[N][W];
  for (int j = 0; j < N; ++j) {
    simd::store<T>(lanes[j], x[j]);
    y[j] = simd::zero<T>();
  }
  for (Index k = 0; k < W; ++k) {
    const simd::Packet<T> column = simd::load<T>(inverse + k * W);
    for (int j = 0; j < N; ++j) {
      y[j] = simd::multiply_add(column, simd::broadcast<T>(lanes[j][k]), y[j]);
    }
  }
  for (int j = 0; j < N; ++j) {
    simd::store_upto<T>(B + i + j * ldb, y[j], r);
  }
}

template <class T, int N>
void unit_lower_columns(Index n, const T* L, Index ldl, const T* inverses, T* B, Index ldb) {
  constexpr Index W = simd::width<T>;
  for (Index i = 0; i < n; i += W) {
    unit_lower_rows<T, N>(i, std::min(W, n - i), L, ldl, inverses + i * W, B, ldb);
  }
}

template <class T, int N>
void unit_lower_last(int columns, Index n, const T* L, Index ldl, const T* inverses, T* B, Index ldb) {
  if constexpr (N > 0) {
    if (columns == N) {
      unit_lower_columns<T, N>(n, L, ldl, inverses, B, ldb);
    } else {
      unit_lower_last<T, N - 1>(columns, n, L, ldl, inverses, B, ldb);
    }
  }
}

}  // namespace detail

/// B := L^-1 B, L unit lower with the inverses of its diagonal blocks (block i / width at inverses + i width).
/// n^2 flops a column, meant for n up to a few hundred: L should stay in cache.
template <class T>
void unit_lower_solve(InColMajor<T> L, const T* inverses, ColMajor<T> B) {
  constexpr int N = simd::tile_columns;
  Index j = 0;
  for (; j + N <= B.cols; j += N) {
    detail::unit_lower_columns<T, N>(L.rows, L.data, L.stride, inverses, B.col(j), B.stride);
  }
  detail::unit_lower_last<T, N - 1>(static_cast<int>(B.cols - j), L.rows, L.data, L.stride, inverses, B.col(j),
                                    B.stride);
}

}  // namespace hessolve
