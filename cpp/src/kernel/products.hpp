// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/fill.hpp"
#include "kernel/gram.hpp"

/// A X and A^H Y for a few columns and an A that is read where it lies. The bits do not depend on threads or memory
/// order.
namespace hessolve {

/// Y := A X. 2 m n k flops, one pass over A.
template <class T>
void product(const Source<T>& A, InColMajor<T> X, ColMajor<T> Y) {
  const Index m = A.rows();
  const Index n = A.cols();
  const Index k = X.cols;
  Matrix<T> minus_X(k, n);  // the transpose, since the rows of A are the columns of what is read
  for (Index j = 0; j < n; ++j) {
    for (Index i = 0; i < k; ++i) {
      minus_X(i, j) = -X(j, i);
    }
  }
  const RowPanels<T> panels(A, {});
  const bool rearrange = has_microkernel<T> && k >= tile_rows<T>;  // depth after depth, for all rows of A
  const Buffer<T> packed(rearrange ? packed_size<T>(k, n) : 0);
  if constexpr (has_microkernel<T>) {
    parallel_for(rearrange ? (n + gram_depth - 1) / gram_depth : 0, n * k > 100'000, [&](Index s) {
      const Index d = s * gram_depth;
      pack_rows<T>(minus_X.view().block(0, d, k, std::min(gram_depth, n - d)), 0, (k + tile_rows<T> - 1) / tile_rows<T>,
                   packed.data() + packed_size<T>(k, d));
    });
  }
  constexpr Index rows = 64;
  parallel_for((m + rows - 1) / rows, m * n * k > 500'000, [&](Index s) {
    const Index first = s * rows;
    const Index count = std::min(rows, m - first);
    Buffer<T> buffer(panels.buffer_size());
    const ColMajor<const T> P = panels(first, count, buffer.data());
    Matrix<T> out(k, count);
    for (Index i = 0; i < count; ++i) {
      std::fill_n(out.view().col(i), k, T(0));
    }
    for (Index d = 0; d < n; d += gram_depth) {
      const Index depth = std::min(gram_depth, n - d);
      const ColMajor<const T> left = minus_X.view().block(0, d, k, depth);
      constexpr Index few = has_microkernel<T> ? simd::tile_columns : rows;  // of A, while the next are on their way
      for (Index i = 0; i < count; i += few) {
        const Index w = std::min(few, count - i);
        if (i + w < count) {
          simd::prefetch_columns<T>(P.col(i + w) + d, depth, std::min(w, count - i - w), P.stride);
        }
        const ColMajor<T> target = out.view().block(0, i, k, w);
        if (rearrange) {
          gemm_minus<Right::plain, T>(target, PackedRows<T>{packed.data() + packed_size<T>(k, d), left},
                                      P.block(d, i, depth, w));
        } else {
          gemm_minus<Right::plain, T>(target, left, P.block(d, i, depth, w));
        }
      }
    }
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < count; ++i) {
        Y(first + i, j) = out(j, i);
      }
    }
  });
}

namespace detail {

/// work(from, end, make) for parts of the columns of Z^T, Z := A^T Y, where make(out) writes them to out, for real T
/// and a Y that is worth packing: every element of A is read once, where it lies if nothing changes it.
template <class T, class Work>
void packed_adjoint_product(const Source<T>& A, InColMajor<T> Y, const RowChange<T>& change, Work&& work) {
  constexpr Index N = simd::tile_columns;
  constexpr Index M = tile_rows<T>;
  constexpr Index together = 12 * N;  // columns of A that are brought into a buffer where they must be
  const Index m = A.rows();
  const Index n = A.cols();
  const Index k = Y.cols;
  const Index part = std::clamp<Index>(n / 4 / N * N, 2 * N, 5 * together);
  const Source<T> right{Y};
  const RowPanels<T> rows_of_Y(right, {});
  const RowPanels<T> panels(A, change);
  const bool plain = A.in_place() && change.none();
  parallel_for((n + part - 1) / part, n * m * k > 200'000, [&](Index s) {
    const Index first = s * part;
    const Index end = std::min(n, first + part);
    work(first, end, [&](ColMajor<T> out) {
      clear<T>(out);
      const Buffer<T> packed(packed_size<T>(k, gram_depth));
      const Buffer<T> buffer(panels.direct() || plain ? 0 : together * gram_depth);
      for (Index d = 0; d < m; d += gram_depth) {
        const Index count = std::min(gram_depth, m - d);
        rows_of_Y.pack(d, count, 0, (k + M - 1) / M, packed.data());
        const PackedRows<T> left{packed.data(), {nullptr, k, count, k}};
        if (plain) {
          gemm_minus<Right::plain, T>(out, left, {&A.view(d, first), count, end - first, A.view.col_stride});
          continue;
        }
        for (Index i = first; i < end; i += together) {
          const Index w = std::min(together, end - i);
          ColMajor<const T> P{buffer.data(), w, count, together};
          if (panels.direct()) {
            P = {&A.view(d, i), w, count, A.view.row_stride};
          } else {
            panels.read(d, count, i, w, buffer.data(), together);
          }
          const ColMajor<T> target = out.block(0, i - first, k, w);
          Index j = 0;
          for (; j + N <= w; j += N) {
            const T* ahead = P.data + j;  // of what is two tiles further on
            if (panels.direct() && i + j + 3 * N <= end) {
              ahead += 2 * N;
            } else if (panels.direct() && d + count + gram_depth <= m) {
              ahead = &A.view(d + count, std::min(first + j + 2 * N - w, end - N));
            }
            tile_column<T, N, Right::transposed>(k, count, left.data, M, true, P.data + j, P.stride, target.col(j),
                                                 target.stride,
                                                 Ahead<T>{ahead, ahead + count / 2 * P.stride, P.stride});
          }
          gemm_minus<Right::transposed, T>(target.block(0, j, k, w - j), left, P.block(j, 0, w - j, count));
        }
      }
      for (Index i = 0; i < out.cols; ++i) {
        for (Index j = 0; j < k; ++j) {
          out(j, i) = T(0) - out(j, i);  // a zero stays one without sign
        }
      }
    });
  });
}

}  // namespace detail

/// Z := A^H Y, the rows of A changed as said. 2 m n k flops, one pass over A.
template <class T>
void adjoint_product(const Source<T>& A, InColMajor<T> Y, ColMajor<T> Z, const RowChange<T>& change = {}) {
  const Index m = A.rows();
  const Index n = A.cols();
  const Index k = Y.cols;
  if constexpr (has_microkernel<T>) {
    if (k > simd::tile_columns) {  // else every element of A is read once without that
      detail::packed_adjoint_product<T>(A, Y, change, [&](Index from, Index end, auto&& make) {
        const Matrix<T> Zt(k, end - from);
        make(Zt.view());
        detail::transpose_tile<T>(Zt.view().data, Zt.view().stride, end - from, k, Z.data + from, Z.stride);
      });
      return;
    }
  }
  clear<T>(Z);
  const RowPanels<T> panels(A, change);
  Matrix<T> right(m, k);  // minus the conjugate of Y: the panels hold A^T
  for (Index j = 0; j < k; ++j) {
    for (Index i = 0; i < m; ++i) {
      right(i, j) = -conjugate(Y(i, j));
    }
  }
  constexpr Index part = 96;
  constexpr Index strip = 5 * part;
  parallel_for((n + strip - 1) / strip, n * m * k > 200'000, [&](Index s) {
    const Index end = std::min(n, (s + 1) * strip);
    Buffer<T> buffer(panels.direct() ? 0 : part * gram_depth);
    for (Index first = 0; first < m; first += gram_depth) {
      const Index count = std::min(gram_depth, m - first);
      for (Index i = s * strip; i < end; i += part) {
        const Index w = std::min(part, end - i);
        ColMajor<const T> P{buffer.data(), w, count, part};
        if (panels.direct()) {
          P = {&A.view(first, i), w, count, A.view.row_stride};
          if (i + part < end) {
            simd::prefetch_columns<T>(P.data + part, std::min(part, end - i - part), count, P.stride);
          }
        } else {
          panels.read(first, count, i, w, buffer.data(), part);
        }
        gemm_minus<Right::plain, T>(Z.block(i, 0, w, k), P, InColMajor<T>(right.view().block(first, 0, count, k)));
      }
    }
  });
  for (Index j = 0; j < k && is_complex<T>; ++j) {
    for (Index i = 0; i < n; ++i) {
      Z(i, j) = conjugate(Z(i, j));
    }
  }
}

/// Z^T := (A^T Y)^T, k x n, for real T: each row of Z by itself, as results lie whose last index is the column of Y.
template <class T>
void adjoint_product_by_rows(const Source<T>& A, InColMajor<T> Y, ColMajor<T> Zt, const RowChange<T>& change = {}) {
  static_assert(has_microkernel<T>);
  detail::packed_adjoint_product<T>(
      A, Y, change, [&](Index from, Index end, auto&& make) { make(Zt.block(0, from, Y.cols, end - from)); });
}

}  // namespace hessolve
