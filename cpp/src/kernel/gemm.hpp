// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

/// C -= A B on one thread, over register tiles of 3 packets x tile_columns. Every element of C is one chain of fused
/// multiply-adds over the inner index followed by one subtraction, wherever the tile borders fall: the bits of C do not
/// depend on how a caller cuts its work. Complex scalars go through Eigen's product.
namespace hessolve {

/// How the right factor lies in memory: B(k, j) at data[k + j stride] or (transposed) at data[j + k stride], taken
/// conjugated where it is complex unless said otherwise.
enum class Right { plain, transposed, unconjugated };

template <class T>
inline constexpr bool has_microkernel = !is_complex<T>;

/// Rows of a register tile.
template <class T>
inline constexpr Index tile_rows = 3 * simd::width<T>;

/// What a product asks memory for while it runs, a line in every step over the inner index: every `step` elements from
/// `line` on, and from `then` on in the second half. Asked for all at once, lines keep the product from what it needs.
template <class T>
struct Ahead {
  const T* line;
  const T* then;
  Index step;
};
struct Nothing {};

namespace detail {

/// step(integral_constant) for 0, ..., N - 1, written out: an index that a loop leaves variable would keep an array of
/// registers in memory.
template <int... I, class Step>
HESSOLVE_INLINE void write_out(std::integer_sequence<int, I...>, Step&& step) {
  (step(std::integral_constant<int, I>{}), ...);
}

/// C(V packets x N) -= A B over depth K. Whole: the last packet is; else it has `last` rows.
template <class T, int V, int N, Right R, bool Whole, class Wanted>
HESSOLVE_INLINE void microkernel(Index K, const T* A, Index lda, const T* B, Index ldb, T* C, Index ldc, Index last,
                                 Wanted ahead) {
  constexpr int W = simd::width<T>;
  constexpr auto columns = std::make_integer_sequence<int, N>{};
  constexpr auto packets = std::make_integer_sequence<int, V>{};
  simd::Packet<T> sum[V][N];
  write_out(columns, [&](auto j) {
    write_out(packets, [&](auto v) {
      sum[v][j] = simd::zero<T>();
      Eigen::internal::prefetch(C + j * ldc + v * W);
    });
  });
  for (Index k = 0; k < K; ++k) {
    simd::Packet<T> a[V];
    if constexpr (std::is_same_v<Wanted, Ahead<T>>) {
      ahead.line = 2 * k == K - K % 2 ? ahead.then : ahead.line;
      simd::prefetch_to_second_level(ahead.line);
      ahead.line += ahead.step;
    }
    write_out(packets, [&](auto v) {
      if constexpr (Whole || v < V - 1) {
        a[v] = simd::load<T>(A + v * W);
      } else {
        a[v] = simd::load_partial<T>(A + v * W, last);
      }
    });
    write_out(columns, [&](auto j) {
      const simd::Packet<T> b = simd::broadcast<T>(R == Right::plain ? B[j * ldb] : B[j]);
      write_out(packets, [&](auto v) { sum[v][j] = simd::multiply_add(a[v], b, sum[v][j]); });
    });
    A += lda;
    B += R == Right::plain ? 1 : ldb;
  }
  write_out(columns, [&](auto j) {
    write_out(packets, [&](auto v) {
      T* c = C + j * ldc + v * W;
      if constexpr (Whole || v < V - 1) {
        simd::store<T>(c, simd::subtract(simd::load<T>(c), sum[v][j]));
      } else {
        simd::store_partial<T>(c, simd::subtract(simd::load_partial<T>(c, last), sum[v][j]), last);
      }
    });
  });
}

/// The rows below the last whole register tile: V packets, the last of `last` rows.
template <class T, int V, int N, Right R, class Wanted>
void last_tile(Index K, const T* A, Index lda, const T* B, Index ldb, T* C, Index ldc, Index last, Wanted ahead) {
  if (last == simd::width<T>) {
    microkernel<T, V, N, R, true>(K, A, lda, B, ldb, C, ldc, last, ahead);
  } else {
    microkernel<T, V, N, R, false>(K, A, lda, B, ldb, C, ldc, last, ahead);
  }
}

/// All rows of C for N columns. A is a plain column-major block, or packed by pack_rows (lda == tile_rows, `packed`).
template <class T, int N, Right R, class Wanted = Nothing>
void tile_column(Index m, Index K, const T* A, Index lda, bool packed, const T* B, Index ldb, T* C, Index ldc,
                 Wanted ahead = {}) {
  constexpr Index W = simd::width<T>;
  constexpr Index M = tile_rows<T>;
  Index i = 0;
  for (; i + M <= m; i += M) {
    microkernel<T, 3, N, R, true>(K, packed ? A + i * K : A + i, lda, B, ldb, C + i, ldc, W, ahead);
  }
  const Index rest = m - i;
  const T* a = packed ? A + i * K : A + i;
  if (rest > 2 * W) {
    last_tile<T, 3, N, R>(K, a, lda, B, ldb, C + i, ldc, rest - 2 * W, ahead);
  } else if (rest > W) {
    last_tile<T, 2, N, R>(K, a, lda, B, ldb, C + i, ldc, rest - W, ahead);
  } else if (rest > 0) {
    last_tile<T, 1, N, R>(K, a, lda, B, ldb, C + i, ldc, rest, ahead);
  }
}

template <class T, Right R, int N>
void last_columns(int n, Index m, Index K, const T* A, Index lda, bool packed, const T* B, Index ldb, T* C, Index ldc) {
  if constexpr (N > 0) {
    if (n == N) {
      tile_column<T, N, R>(m, K, A, lda, packed, B, ldb, C, ldc);
    } else {
      last_columns<T, R, N - 1>(n, m, K, A, lda, packed, B, ldb, C, ldc);
    }
  }
}

template <class T, Right R>
void gemm_minus(Index m, Index n, Index K, const T* A, Index lda, bool packed, const T* B, Index ldb, T* C, Index ldc) {
  constexpr int N = simd::tile_columns;
  constexpr Index rows = 10 * tile_rows<T>;  // of A, at once: with K <= 128 they stay in the second-level cache
  for (Index i = 0; i < m; i += rows) {
    const Index height = std::min(rows, m - i);
    const T* a = packed ? A + i * K : A + i;
    Index j = 0;
    for (; j + N <= n; j += N) {
      tile_column<T, N, R>(height, K, a, lda, packed, R == Right::plain ? B + j * ldb : B + j, ldb, C + i + j * ldc,
                           ldc);
    }
    last_columns<T, R, N - 1>(static_cast<int>(n - j), height, K, a, lda, packed,
                              R == Right::plain ? B + j * ldb : B + j, ldb, C + i + j * ldc, ldc);
  }
}

}  // namespace detail

/// The left factor of many products, rearranged so that each register tile reads it in one stream.
template <class T>
struct PackedRows {
  const T* data = nullptr;   // tile_rows x depth panels, one after the other
  ColMajor<const T> source;  // what was packed
};

/// Elements that packing m x K needs.
template <class T>
[[nodiscard]] constexpr Index packed_size(Index m, Index K) {
  return (m + tile_rows<T> - 1) / tile_rows<T> * tile_rows<T> * K;
}

/// Pack panels first ... last - 1 (of tile_rows rows each) of A; rows past the end are zero.
template <class T>
void pack_rows(ColMajor<const T> A, Index first, Index last, T* packed) {
  constexpr Index W = simd::width<T>;
  constexpr Index M = tile_rows<T>;
  for (Index q = first; q < last; ++q) {
    const Index i = q * M;
    const Index rows = std::min(M, A.rows - i);
    T* p = packed + i * A.cols;
    for (Index k = 0; k < A.cols; ++k, p += M) {
      const T* a = A.data + i + k * A.stride;
      if (rows == M) {
        simd::store<T>(p, simd::load<T>(a));
        simd::store<T>(p + W, simd::load<T>(a + W));
        simd::store<T>(p + 2 * W, simd::load<T>(a + 2 * W));
      } else {
        for (Index w = 0; w < M; w += W) {
          simd::store<T>(p + w, rows > w ? simd::load_upto<T>(a + w, rows - w) : simd::zero<T>());
        }
      }
    }
  }
}

/// C -= A B; C -= A B^H for Right::transposed; C -= A B^T for Right::unconjugated.
template <Right R = Right::plain, class T>
void gemm_minus(ColMajor<T> C, InColMajor<T> A, InColMajor<T> B) {
  if (C.rows == 0 || C.cols == 0 || A.cols == 0) {
    return;
  }
  if constexpr (has_microkernel<T>) {
    constexpr Right real = R == Right::plain ? Right::plain : Right::transposed;
    detail::gemm_minus<T, real>(C.rows, C.cols, A.cols, A.data, A.stride, false, B.data, B.stride, C.data, C.stride);
  } else if constexpr (R == Right::plain) {
    as_eigen(C).noalias() -= as_eigen(A) * as_eigen(B);
  } else if constexpr (R == Right::unconjugated) {
    as_eigen(C).noalias() -= as_eigen(A) * as_eigen(B).transpose();
  } else {
    as_eigen(C).noalias() -= as_eigen(A) * as_eigen(B).adjoint();
  }
}

/// The same with A packed, from its row `first_row` on (a multiple of tile_rows).
template <Right R = Right::plain, class T>
void gemm_minus(ColMajor<T> C, const PackedRows<T>& A, InColMajor<T> B, Index first_row = 0) {
  if (C.rows == 0 || C.cols == 0) {
    return;
  }
  const Index K = A.source.cols;
  if constexpr (has_microkernel<T>) {
    detail::gemm_minus<T, R>(C.rows, C.cols, K, A.data + first_row * K, tile_rows<T>, true, B.data, B.stride, C.data,
                             C.stride);
  } else {
    gemm_minus<R, T>(C, A.source.block(first_row, 0, C.rows, K), B);
  }
}

}  // namespace hessolve
