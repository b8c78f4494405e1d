// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/cholesky_panel.hpp"

namespace hessolve {

/// Columns of a product of a matrix with itself that one thread takes at a time; a multiple of tile_rows.
template <class T>
inline constexpr Index syrk_strip = has_microkernel<T> ? (64 + tile_rows<T> - 1) / tile_rows<T> * tile_rows<T> : 64;

/// Columns from ... end - 1 of C -= A A^H, the lower triangle, A packed.
template <class T>
void subtract_lower_strip(ColMajor<T> C, const PackedRows<T>& A, Index from, Index end) {
  const InColMajor<T> source = A.source;
  const Index w = end - from;
  const Index m = C.rows;
  subtract_lower_product<T>(C.block(from, from, w, w), source.block(from, 0, w, source.cols),
                            source.block(from, 0, w, source.cols));
  if constexpr (has_microkernel<T> && tile_rows<T> % simd::tile_columns == 0) {
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
  gemm_minus<Right::transposed, T>(C.block(end, from, m - end, w), A, source.block(from, 0, w, source.cols), end);
}

}  // namespace hessolve
