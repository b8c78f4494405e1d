// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/gemm.hpp"

#include <cmath>

/// Cholesky of a tall panel on one thread, and the symmetric product under it. The strict upper triangle is never
/// written.
namespace hessolve {

/// What is above the diagonal of a block, at most N columns wide, is after this as it was before.
template <class T, Index N>
class KeepAbove {
 public:
  explicit KeepAbove(ColMajor<T> C) : C_(C) {
    for (Index c = 1; c < C_.cols; ++c) {
      std::copy(C_.col(c), C_.col(c) + c, above_ + c * N);
    }
  }
  ~KeepAbove() {
    for (Index c = 1; c < C_.cols; ++c) {
      std::copy(above_ + c * N, above_ + c * N + c, C_.col(c));
    }
  }
  KeepAbove(const KeepAbove&) = delete;
  KeepAbove& operator=(const KeepAbove&) = delete;

 private:
  ColMajor<T> C_;
  T above_[N * N];
};

/// C -= A B^H on and below the diagonal of C (rows >= cols), where row j of B belongs to column j of C.
/// The little triangles that register tiles would spill above the diagonal are saved and put back.
template <class T>
void subtract_lower_product(ColMajor<T> C, InColMajor<T> A, InColMajor<T> B) {
  constexpr Index N = has_microkernel<T> ? simd::tile_columns : 16;
  for (Index j = 0; j < C.cols; j += N) {
    const Index w = std::min(N, C.cols - j);
    const ColMajor<T> strip = C.block(j, j, C.rows - j, w);
    const KeepAbove<T, N> keep(strip);
    gemm_minus<Right::transposed, T>(strip, A.block(j, 0, C.rows - j, A.cols), B.block(j, 0, w, B.cols));
  }
}

namespace detail {

inline constexpr int cholesky_leaf = 8;

/// Rows below the top of a leaf: X := X L^-H, all columns in one pass. Row i of X is x; x(c) = (a(c) - x(:c) L(c,:c)^H)
/// / L(c,c).
template <class T, int C>
void leaf_rows(ColMajor<T> A) {
  using Packet = simd::Packet<T>;
  constexpr Index W = simd::width<T>;
  T factor[C][C];  // conj(L(c, k)) for k < c, 1 / L(c, c) on the diagonal
  for (int c = 0; c < C; ++c) {
    for (int k = 0; k < c; ++k) {
      factor[c][k] = conjugate(A(c, k));
    }
    factor[c][c] = T(1) / A(c, c);
  }
  for (Index i = C; i < A.rows; i += W) {
    const Index r = A.rows - i;
    Packet x[C];
    for (int c = 0; c < C; ++c) {
      Packet s = simd::load_upto<T>(A.col(c) + i, r);
      for (int k = 0; k < c; ++k) {
        s = simd::negative_multiply_add(x[k], simd::broadcast<T>(factor[c][k]), s);
      }
      x[c] = simd::multiply(s, simd::broadcast<T>(factor[c][c]));
      simd::store_upto<T>(A.col(c) + i, x[c], r);
    }
  }
}

template <class T, int C>
void leaf_rows_of(int columns, ColMajor<T> A) {
  if constexpr (C > 0) {
    if (columns == C) {
      leaf_rows<T, C>(A);
    } else {
      leaf_rows_of<T, C - 1>(columns, A);
    }
  }
}

template <class T>
Index cholesky_leaf_panel(ColMajor<T> A) {
  const auto n = static_cast<int>(A.cols);
  for (int k = 0; k < n; ++k) {  // the top block, column by column
    Real<T> d = real_part(A(k, k));
    for (int j = 0; j < k; ++j) {
      d -= real_part(A(k, j) * conjugate(A(k, j)));
    }
    if (!(d > Real<T>(0)) || !(d <= std::numeric_limits<Real<T>>::max())) {  // also for NaN
      return k;
    }
    d = std::sqrt(d);
    A(k, k) = d;
    for (int i = k + 1; i < n; ++i) {
      T s = A(i, k);
      for (int j = 0; j < k; ++j) {
        s -= A(i, j) * conjugate(A(k, j));
      }
      A(i, k) = s / d;
    }
  }
  leaf_rows_of<T, cholesky_leaf>(n, A);
  return -1;
}

}  // namespace detail

/// A = L L^H for the first cols columns of a panel with rows >= cols, on the calling thread.
/// Returns the column whose pivot is not positive, or -1.
template <class T>
Index cholesky_panel(ColMajor<T> A) {
  constexpr Index leaf = detail::cholesky_leaf;
  const Index n = A.cols;
  if (n <= leaf) {
    return n == 0 ? -1 : detail::cholesky_leaf_panel<T>(A);
  }
  const Index n1 = (n / 2 + leaf - 1) / leaf * leaf;
  const ColMajor<T> A1 = A.block(0, 0, A.rows, n1);
  if (const Index stop = cholesky_panel<T>(A1); stop >= 0) {
    return stop;
  }
  const ColMajor<T> A2 = A.block(n1, n1, A.rows - n1, n - n1);
  const ColMajor<T> L2 = A.block(n1, 0, A.rows - n1, n1);
  subtract_lower_product<T>(A2, L2, L2);  // A22 - L21 L21^H
  const Index stop = cholesky_panel<T>(A2);
  return stop >= 0 ? stop + n1 : -1;
}

}  // namespace hessolve
