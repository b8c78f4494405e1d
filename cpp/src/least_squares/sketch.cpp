// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/least_squares/sketch.hpp>

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/gemm.hpp"
#include "kernel/random.hpp"
#include "kernel/scaling.hpp"
#include "kernel/source.hpp"

#include <stdexcept>

namespace hessolve {
namespace {

constexpr Index row_block = 256;

/// A block of rows of A as contiguous rows: where they are, or in `buffer` (count x n).
template <class T>
const T* contiguous_rows(In<T> A, Index first, Index count, T* buffer, Index& stride) {
  if (A.col_stride == 1) {
    stride = A.row_stride;
    return &A(first, 0);
  }
  stride = A.cols;
  const Source<T> transposed{A.transposed()};
  for (Index k = 0; k < count; k += source_tile) {
    for (Index j = 0; j < A.cols; j += source_tile) {
      read_tile<T>(transposed, j, first + k, std::min(source_tile, A.cols - j), std::min(source_tile, count - k),
                   buffer + j + k * stride, stride);
    }
  }
  return buffer;
}

/// Rows of S A gathered: each row of A is added, with a sign, to a few rows of the result, which lies by rows so that
/// all this runs along contiguous memory. Work is cut by columns: each strip belongs to one thread.
template <class T>
void sparse_sign(In<T> A, MatrixView<T> SA, std::uint64_t seed) {
  const Index m = A.rows;
  const Index n = A.cols;
  const Index size = SA.rows;
  const Index nonzeros = std::min(sketch_nonzeros, size);
  const Real<T> weight = 1 / std::sqrt(static_cast<Real<T>>(nonzeros));
  Buffer<T> rows(size * n);  // S A by rows
  std::fill_n(rows.data(), size * n, T(0));
  constexpr Index strip = 256;
  const Index strips = (n + strip - 1) / strip;
  const Index halves = strips == 1 && n >= 16 ? 2 : 1;  // a narrow A is cut in two all the same
  const Index width = strips == 1 ? (n + halves - 1) / halves : strip;
  parallel_for(strips * halves, m * n > 100'000, [&](Index s) {
    const Index j = s * width;
    const Index w = std::min(width, n - j);
    if (w <= 0) {
      return;
    }
    Buffer<T> buffer(A.col_stride == 1 ? 0 : row_block * w);
    for (Index first = 0; first < m; first += row_block) {
      const Index count = std::min(row_block, m - first);
      Index stride = 0;
      const T* a = contiguous_rows<T>(A.block(0, j, m, w), first, count, buffer.data(), stride);
      for (Index i = 0; i < count; ++i, a += stride) {
        RandomStream random(seed, static_cast<std::uint64_t>(first + i));
        Index chosen[sketch_nonzeros];
        for (Index q = 0; q < nonzeros; ++q) {  // distinct rows
          Index row = random.below(size);
          while (std::find(chosen, chosen + q, row) != chosen + q) {
            row = (row + 1) % size;
          }
          chosen[q] = row;
          const Real<T> sign = random.bits() >> 63 != 0 ? weight : -weight;
          subtract_multiple<T>(w, T(sign), a, rows.data() + row * n + j);
        }
      }
    }
  });
  copy_view<T>(row_major(static_cast<const T*>(rows.data()), size, n), SA);
}

template <class T>
void gaussian(In<T> A, MatrixView<T> SA, std::uint64_t seed) {
  const Index m = A.rows;
  const Index n = A.cols;
  const Index size = SA.rows;
  const auto weight = static_cast<Real<T>>(1 / std::sqrt(static_cast<double>(size)));
  Matrix<T> result(size, n);
  clear<T>(result.view());
  Matrix<T> S(size, std::min(m, row_block));
  constexpr Index strip = 64;
  for (Index first = 0; first < m; first += row_block) {
    const Index count = std::min(row_block, m - first);
    parallel_for(count, count * size > 5'000, [&](Index k) {  // column k of minus S
      RandomStream random(seed, static_cast<std::uint64_t>(first + k));
      for (Index i = 0; i < size; ++i) {
        if constexpr (is_complex<T>) {
          const auto re = static_cast<Real<T>>(random.normal() * 0.7071067811865476);
          S(i, k) = -weight * T(re, static_cast<Real<T>>(random.normal() * 0.7071067811865476));
        } else {
          S(i, k) = -weight * static_cast<T>(random.normal());
        }
      }
    });
    parallel_for((n + strip - 1) / strip, size * n * count > 1'000'000, [&](Index s) {
      const Index j = s * strip;
      const Index w = std::min(strip, n - j);
      Buffer<T> block(count * w);
      const ColMajor<T> columns{block.data(), count, w, count};
      copy_into<T>(A.block(first, j, count, w), columns);
      gemm_minus<Right::plain, T>(result.view().block(0, j, size, w), S.view().block(0, 0, size, count), columns);
    });
  }
  copy_out<T>(result.view(), SA);
}

}  // namespace

template <class T>
void sketch(In<T> A, MatrixView<T> SA, Sketch kind, std::uint64_t seed) {
  if (SA.cols != A.cols) {
    throw std::invalid_argument("S A must have as many columns as A");
  }
  if (SA.rows == 0 || SA.cols == 0) {
    return;
  }
  if (kind == Sketch::gaussian) {
    gaussian<T>(A, SA, seed);
  } else {
    sparse_sign<T>(A, SA, seed);
  }
}

#define INSTANTIATE(T) template void sketch<T>(In<T>, MatrixView<T>, Sketch, std::uint64_t);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
