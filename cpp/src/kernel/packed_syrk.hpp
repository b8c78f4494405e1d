// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/cholesky_panel.hpp"
#include "kernel/upcoming.hpp"

namespace hessolve {

/// Columns of a product of a matrix with itself that one thread takes at a time; a multiple of tile_rows.
template <class T>
inline constexpr Index syrk_strip = has_microkernel<T> ? (64 + tile_rows<T> - 1) / tile_rows<T> * tile_rows<T> : 64;

/// The columns of a register tile lie within one packed panel: both factors of a product can be packed rows.
template <class T>
inline constexpr bool packs_both = has_microkernel<T> && tile_rows<T> % simd::tile_columns == 0;

/// G -= P P^T, the lower triangle, and C -= P B^T, P of depth K packed; tile by tile of its rows, which stay in the
/// first-level cache. What comes next is on its way meanwhile.
template <class T>
void subtract_lower_packed(ColMajor<T> G, ColMajor<T> C, const T* packed, InColMajor<T> B, Upcoming<T> next) {
  constexpr Index M = tile_rows<T>;
  constexpr Index N = simd::tile_columns;
  const Index n = G.rows;
  const Index K = B.cols;
  const Index tiles = (n / M + 1) * (n / N + 1) / 2;                                 // about
  const Index most = std::max<Index>(1, next.length() / std::max<Index>(1, K / 2));  // half of a tile, one run at most
  const Index step = std::min({cache_line<T>, next.size() / (tiles * K) + 1, most});
  for (Index i = 0; i < n; i += M) {
    const Index height = std::min(M, n - i);
    for (Index j = 0; j < std::min(n, i + M); j += N) {
      const Index from = std::max(i, j);
      const Index rows = i + height - from;
      const Index w = std::min(N, n - j);
      const T* left = packed + i * K + from - i;
      const T* right = packed + j / M * M * K + j % M;
      const ColMajor<T> tile = G.block(from, j, rows, w);
      const KeepAbove<T, N> keep(j >= i ? tile : G.block(from, j, 0, 0));
      if (w < N) {
        detail::last_columns<T, Right::transposed, N - 1>(static_cast<int>(w), rows, K, left, M, true, right, M,
                                                          tile.data, G.stride);
        continue;
      }
      const T* line = next.take(K / 2 * step);
      const T* then = next.take(K / 2 * step);
      const Ahead<T> ahead = then != nullptr ? Ahead<T>{line, then, step} : Ahead<T>{packed, packed, 0};
      detail::tile_column<T, N, Right::transposed>(rows, K, left, M, true, right, M, tile.data, G.stride, ahead);
    }
    gemm_minus<Right::transposed, T>(C.block(i, 0, height, C.cols),
                                     PackedRows<T>{packed + i * K, {nullptr, height, K, M}}, B);
  }
}

/// Columns from ... end - 1 of C -= A A^H, the lower triangle, A packed.
template <class T>
void subtract_lower_strip(ColMajor<T> C, const PackedRows<T>& A, Index from, Index end) {
  const InColMajor<T> source = A.source;
  const Index w = end - from;
  const Index m = C.rows;
  subtract_lower_product<T>(C.block(from, from, w, w), source.block(from, 0, w, source.cols),
                            source.block(from, 0, w, source.cols));
  if constexpr (packs_both<T>) {
    constexpr Index N = simd::tile_columns;
    constexpr Index M = tile_rows<T>;
    if (from % N == 0 && end % M == 0) {  // the right factor is packed as well: N columns lie within one packed panel
      constexpr Index rows = 10 * M;
      for (Index i = end; i < m; i += rows) {
        for (Index c = from; c < end; c += N) {
          const T* panel = A.data + c / M * M * source.cols + c % M;
          const Index columns = std::min(N, end - c);
          gemm_minus<Right::transposed, T>(C.block(i, c, std::min(rows, m - i), columns), A,
                                           ColMajor<const T>{panel, columns, source.cols, M}, i);
        }
      }
      return;
    }
  }
  const InColMajor<T> right = source.block(from, 0, w, source.cols);
  const Index whole = std::min(m, (end + tile_rows<T> - 1) / tile_rows<T> * tile_rows<T>);  // where packed rows begin
  gemm_minus<Right::transposed, T>(C.block(end, from, whole - end, w), source.block(end, 0, whole - end, source.cols),
                                   right);
  gemm_minus<Right::transposed, T>(C.block(whole, from, m - whole, w), A, right, whole);
}

}  // namespace hessolve
