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

/// Z := A^H Y, the rows of A changed as said. 2 m n k flops, one pass over A.
template <class T>
void adjoint_product(const Source<T>& A, InColMajor<T> Y, ColMajor<T> Z, const RowChange<T>& change = {}) {
  const Index m = A.rows();
  const Index n = A.cols();
  const Index k = Y.cols;
  clear<T>(Z);
  const RowPanels<T> panels(A, change);
  Buffer<T> buffer(panels.buffer_size());
  const bool rearrange = has_microkernel<T> && k > simd::tile_columns;  // else every element of A is read once
  constexpr Index part = 96;
  constexpr Index strip = 5 * part;
  Matrix<T> right(gram_depth, k);  // minus the conjugate of Y: the panels hold A^T
  for (Index first = 0; first < m; first += gram_depth) {
    const Index count = std::min(gram_depth, m - first);
    const ColMajor<const T> P = panels(first, count, buffer.data());
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < count; ++i) {
        right(i, j) = -conjugate(Y(first + i, j));
      }
    }
    const ColMajor<const T> R = right.view().block(0, 0, count, k);
    parallel_for((n + strip - 1) / strip, n * count * k > 200'000, [&](Index s) {
      const Index end = std::min(n, (s + 1) * strip);
      const Buffer<T> packed(rearrange ? packed_size<T>(part, count) : 0);
      for (Index i = s * strip; i < end; i += part) {
        const Index w = std::min(part, end - i);
        if (i + part < end) {
          simd::prefetch_columns<T>(P.col(0) + i + part, std::min(part, end - i - part), count, P.stride);
        }
        const ColMajor<const T> block = P.block(i, 0, w, count);
        if constexpr (has_microkernel<T>) {
          if (rearrange) {
            pack_rows<T>(block, 0, (w + tile_rows<T> - 1) / tile_rows<T>, packed.data());
            gemm_minus<Right::plain, T>(Z.block(i, 0, w, k), PackedRows<T>{packed.data(), block}, R);
            continue;
          }
        }
        gemm_minus<Right::plain, T>(Z.block(i, 0, w, k), block, R);
      }
    });
  }
  for (Index j = 0; j < k && is_complex<T>; ++j) {
    for (Index i = 0; i < n; ++i) {
      Z(i, j) = conjugate(Z(i, j));
    }
  }
}

}  // namespace hessolve
