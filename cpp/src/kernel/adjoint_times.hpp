// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/gemm.hpp"
#include "kernel/team.hpp"

/// A^H B for two matrices of many rows and few columns.
namespace hessolve {

namespace detail {

/// W(P x Q) += A^H B over rows of both, for real T.
template <class T, int P, int Q>
HESSOLVE_INLINE void dot_tile(Index rows, const T* A, Index lda, const T* B, Index ldb, T* W, Index ldw) {
  constexpr Index width = simd::width<T>;
  simd::Packet<T> sum[P][Q];
  for (int p = 0; p < P; ++p) {
    for (int q = 0; q < Q; ++q) {
      sum[p][q] = simd::zero<T>();
    }
  }
  const auto step = [&](auto&& get) {
    simd::Packet<T> b[Q];
    for (int q = 0; q < Q; ++q) {
      b[q] = get(B + q * ldb);
    }
    for (int p = 0; p < P; ++p) {
      const simd::Packet<T> a = get(A + p * lda);
      for (int q = 0; q < Q; ++q) {
        sum[p][q] = simd::multiply_add(a, b[q], sum[p][q]);
      }
    }
  };
  Index i = 0;
  for (; i + width <= rows; i += width) {
    step([i](const T* x) { return simd::load<T>(x + i); });
  }
  if (const Index r = rows - i; r > 0) {
    step([i, r](const T* x) { return simd::load_partial<T>(x + i, r); });
  }
  for (int q = 0; q < Q; ++q) {
    for (int p = 0; p < P; ++p) {
      W[p + q * ldw] += Eigen::internal::predux(sum[p][q]);
    }
  }
}

/// dot_tile<P, Q> with P = p and Q = q at run time.
template <class T, int P, int Q>
void dot_tile_upto(Index p, Index q, Index rows, const T* A, Index lda, const T* B, Index ldb, T* W, Index ldw) {
  if constexpr (P > 0 && Q > 0) {
    if (p >= P && q >= Q) {
      dot_tile<T, P, Q>(rows, A, lda, B, ldb, W, ldw);
    } else if (p < P) {
      dot_tile_upto<T, P - 1, Q>(p, q, rows, A, lda, B, ldb, W, ldw);
    } else {
      dot_tile_upto<T, P, Q - 1>(p, q, rows, A, lda, B, ldb, W, ldw);
    }
  }
}

/// W += A^H B
template <class T>
void add_adjoint_times(InColMajor<T> A, InColMajor<T> B, ColMajor<T> W) {
  if constexpr (is_complex<T>) {
    as_eigen(W).noalias() += as_eigen(A).adjoint() * as_eigen(B);
  } else {
    constexpr Index P = simd::tile_columns / 2;
    constexpr Index Q = 4;
    for (Index k = 0; k < A.rows; k += plain_sum) {
      const Index rows = std::min(plain_sum, A.rows - k);
      for (Index j = 0; j < W.cols; j += Q) {
        for (Index i = 0; i < W.rows; i += P) {
          dot_tile_upto<T, P, Q>(std::min(P, W.rows - i), std::min(Q, W.cols - j), rows, A.col(i) + k, A.stride,
                                 B.col(j) + k, B.stride, W.col(j) + i, W.stride);
        }
      }
    }
  }
}

}  // namespace detail

/// Rows that one thread takes at a time where a matrix is tall.
inline constexpr Index tall_part = 4096;

/// body(part, first, count) for parts of tall_part rows, on several threads where there are many.
template <class Body>
void for_each_part(Index rows, Body&& body) {
  parallel_for((rows + tall_part - 1) / tall_part, rows >= 4 * tall_part,
               [&](Index part) { body(part, part * tall_part, std::min(tall_part, rows - part * tall_part)); });
}

/// W := A^H B for A and B of many rows and few columns. Rows are taken in parts of a fixed size, whose sums are put
/// together in order, so that the bits do not depend on threads and the rounding does not grow with the length.
template <class T>
void adjoint_times(InColMajor<T> A, InColMajor<T> B, ColMajor<T> W) {
  clear<T>(W);
  if (A.rows <= tall_part) {
    if (A.rows > 0) {
      detail::add_adjoint_times<T>(A, B, W);
    }
    return;
  }
  const Index size = W.rows * W.cols;
  const Index parts = (A.rows + tall_part - 1) / tall_part;
  Buffer<T> sums(parts * size);
  for_each_part(A.rows, [&](Index part, Index first, Index count) {
    const ColMajor<T> sum{sums.data() + part * size, W.rows, W.cols, W.rows};
    clear<T>(sum);
    detail::add_adjoint_times<T>(A.block(first, 0, count, A.cols), B.block(first, 0, count, B.cols), sum);
  });
  for (Index j = 0; j < W.cols; ++j) {
    for (Index i = 0; i < W.rows; ++i) {
      CompensatedSum<T> total;
      for (Index part = 0; part < parts; ++part) {
        total.add(sums[part * size + i + j * W.rows]);
      }
      W(i, j) = total.value();
    }
  }
}

}  // namespace hessolve
