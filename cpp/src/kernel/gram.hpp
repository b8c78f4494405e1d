// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/block_sizes.hpp"
#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/packed_syrk.hpp"
#include "kernel/source.hpp"

#include <hessolve/core/buffer.hpp>

#include <cmath>

/// Products A^H W A of a tall matrix with itself, in one pass over A and without copying it.
namespace hessolve {

/// Columns of A up to which threads take rows of it, with sums of their own; beyond, threads take columns.
inline constexpr Index widest_in_parts = 512;
inline constexpr Index gram_depth = 256;  // rows taken at once: they stay in the second-level cache

/// What rows are before they enter a product: sqrt(weights[i]) (A(i, j) - column_shift[j] - row_shift[i]). Null: none.
template <class T>
struct RowChange {
  const Real<T>* weights = nullptr;
  const T* column_shift = nullptr;
  const T* row_shift = nullptr;

  [[nodiscard]] bool none() const { return weights == nullptr && column_shift == nullptr && row_shift == nullptr; }
};

/// The transposes of blocks of rows of A: rows that are contiguous where they are, others through a buffer.
template <class T>
class RowPanels {
 public:
  RowPanels(const Source<T>& A, const RowChange<T>& change)
      : A_(A),
        change_(change),
        direct_(change.none() && A.part == Part::full && A.view.col_stride == 1 && A.view.row_stride >= A.cols() &&
                !(is_complex<T> && A.conjugated)),
        stride_(padded_stride<T>(A.cols())) {}

  [[nodiscard]] Index buffer_size() const { return direct_ ? 0 : stride_ * gram_depth; }
  /// Rows are read where they are, one after the other.
  [[nodiscard]] bool streams() const { return direct_ && A_.view.row_stride < A_.cols() + 64; }

  /// The same for a wide A, its rows brought into the buffer by several threads.
  ColMajor<const T> in_parallel(Index first, Index count, T* buffer) const {
    if (direct_) {
      return (*this)(first, count, buffer);
    }
    constexpr Index rows = source_tile * 2;
    parallel_for((count + rows - 1) / rows, A_.cols() > widest_in_parts, [&](Index block) {
      const Index begin = block * rows;
      (*this)(first + begin, std::min(rows, count - begin), buffer + begin * stride_);
    });
    return {buffer, A_.cols(), count, stride_};
  }

  /// Rows first ... first + count - 1, transposed: n x count.
  ColMajor<const T> operator()(Index first, Index count, T* buffer) const {
    const Index n = A_.cols();
    if (direct_) {
      return {&A_.view(first, 0), n, count, A_.view.row_stride};
    }
    const Source<T> transposed{A_.view.transposed(), mirrored(A_.part), A_.conjugated};
    for (Index k = 0; k < count; k += source_tile) {
      for (Index j = 0; j < n; j += source_tile) {
        if (A_.view.row_stride == 1 && j + source_tile < n) {
          simd::prefetch_columns<T>(&A_.view(first + k, j + source_tile), std::min(source_tile, count - k),
                                    std::min(source_tile, n - j - source_tile), A_.view.col_stride);
        }
        read_tile<T>(transposed, j, first + k, std::min(source_tile, n - j), std::min(source_tile, count - k),
                     buffer + j + k * stride_, stride_);
      }
    }
    for (Index k = 0; k < count && !change_.none(); ++k) {
      T* row = buffer + k * stride_;
      const Real<T> root = change_.weights != nullptr ? std::sqrt(change_.weights[first + k]) : Real<T>(1);
      const T shift = change_.row_shift != nullptr ? change_.row_shift[first + k] : T(0);
      if (change_.column_shift != nullptr) {
        for (Index j = 0; j < n; ++j) {
          row[j] = root * (row[j] - change_.column_shift[j] - shift);
        }
      } else {
        for (Index j = 0; j < n; ++j) {
          row[j] = root * (row[j] - shift);
        }
      }
    }
    return {buffer, n, count, stride_};
  }

 private:
  static Part mirrored(Part part) {
    return part == Part::lower ? Part::upper : part == Part::upper ? Part::lower : part;
  }

  const Source<T>& A_;
  RowChange<T> change_;
  bool direct_;
  Index stride_;
};

namespace detail {

/// Ask for memory that is wanted soon, but not before what the first-level cache holds.
template <class T>
HESSOLVE_INLINE void prefetch_to_second_level(const T* p) {
#if defined(__GNUC__)
  __builtin_prefetch(p, 0, 2);
#else
  Eigen::internal::prefetch(p);
#endif
}

/// G -= P P^H (lower triangle) and C -= P b^H for one panel P = A(rows, :)^T. The `size` elements at `next` are on
/// their way meanwhile: products with a panel that comes from memory leave the bus idle but for their first strip.
template <class T>
void subtract_panel(InColMajor<T> P, InColMajor<T> b, ColMajor<T> G, ColMajor<T> C, const T* next, Index size) {
  const Index n = P.rows;
  constexpr Index N = has_microkernel<T> ? simd::tile_columns : 16;
  constexpr Index line = 64 / static_cast<Index>(sizeof(T));
  const Index share = (size / std::max<Index>(n, 1) + 1) * N;
  for (Index j = 0; j < n; j += N) {
    const Index w = std::min(N, n - j);
    for (Index e = j / N * share, end = std::min(size, e + share); e < end; e += line) {
      prefetch_to_second_level(next + e);
    }
    subtract_lower_product<T>(G.block(j, j, n - j, w), P.block(j, 0, n - j, P.cols), P.block(j, 0, w, P.cols));
  }
  if (C.cols > 0) {
    gemm_minus<Right::transposed, T>(C, P, b);
  }
}

}  // namespace detail

/// G := A^H A (the lower triangle; the other is not touched) and C := A^H B, the rows of A and B changed as said; C may
/// have no columns. m n^2 + 2 m n k flops on several threads, with the same bits: rows are cut by size, and parts
/// summed in order.
template <class T>
void gram(const Source<T>& A, const RowChange<T>& change, In<T> B, ColMajor<T> G, ColMajor<T> C,
          const RowChange<T>& change_of_B = {}) {
  const Index m = A.rows();
  const Index n = A.cols();
  const Index k = C.cols;
  const RowPanels<T> panels(A, change);
  const Source<T> b{B};
  const RowPanels<T> right(b, change_of_B);
  const bool narrow = n <= widest_in_parts;
  constexpr Index cache = 98'304 / static_cast<Index>(sizeof(T));  // a panel that is read n / 8 times stays close
  const Index depth = n < serial_below ? std::clamp<Index>(cache / std::max<Index>(n, 1), 32, gram_depth) : gram_depth;
  constexpr Index room = 4'000'000;  // elements of all parts together
  const Index most = std::clamp<Index>(room / std::max<Index>(n * (n + k), 1), 4, 64);
  const Index chunk = narrow ? std::max<Index>(gram_depth * 8, (m + most - 1) / most) : m;
  const Index chunks = m == 0 ? 1 : (m + chunk - 1) / chunk;
  Buffer<T> parts(chunks > 1 ? chunks * n * (n + k) : 0);
  Buffer<T> packed(has_microkernel<T> && !narrow ? packed_size<T>(n, gram_depth) : 0);
  parallel_for(chunks, narrow && chunks > 1 && m * n * (n + k) > 1'000'000, [&](Index c) {
    const ColMajor<T> G_part = chunks > 1 ? ColMajor<T>{parts.data() + c * n * (n + k), n, n, n} : G;
    const ColMajor<T> C_part = chunks > 1 ? ColMajor<T>{parts.data() + c * n * (n + k) + n * n, n, k, n} : C;
    clear_lower<T>(G_part);
    clear<T>(C_part);
    Buffer<T> buffer(panels.buffer_size());
    Buffer<T> right_buffer(k > 0 ? right.buffer_size() : 0);
    for (Index first = c * chunk; first < std::min(m, (c + 1) * chunk); first += depth) {
      const Index count = std::min(depth, std::min(m, (c + 1) * chunk) - first);
      const ColMajor<const T> P =
          narrow ? panels(first, count, buffer.data()) : panels.in_parallel(first, count, buffer.data());
      const ColMajor<const T> Q = k > 0 ? right(first, count, right_buffer.data()) : ColMajor<const T>{};
      if (narrow) {
        const Index left = std::min(depth, std::min(m, (c + 1) * chunk) - first - count);
        const bool more = left > 0 && panels.streams();
        detail::subtract_panel<T>(P, Q, G_part, C_part, more ? &A.view(first + count, 0) : nullptr,
                                  more ? left * A.view.row_stride : 0);
        continue;
      }
      if constexpr (has_microkernel<T>) {
        constexpr Index together = 4;
        const Index tiles = (n + tile_rows<T> - 1) / tile_rows<T>;
        parallel_for((tiles + together - 1) / together, true, [&](Index t) {
          pack_rows<T>(P, t * together, std::min(tiles, (t + 1) * together), packed.data());
        });
      }
      constexpr Index strip = syrk_strip<T>;
      const Index strips = (n + strip - 1) / strip;
      parallel_for(strips + (k > 0 ? 1 : 0), true, [&](Index s) {
        if (s == strips) {
          gemm_minus<Right::transposed, T>(C_part, PackedRows<T>{packed.data(), P}, Q);
          return;
        }
        subtract_lower_strip<T>(G_part, {packed.data(), P}, s * strip, std::min(n, (s + 1) * strip));
      });
    }
  });
  if (chunks > 1) {
    clear_lower<T>(G);
    clear<T>(C);
  }
  for (Index c = 0; c < chunks && chunks > 1; ++c) {
    const T* part = parts.data() + c * n * (n + k);
    for (Index j = 0; j < n; ++j) {
      for (Index i = j; i < n; ++i) {
        G(i, j) += part[i + j * n];
      }
    }
    for (Index j = 0; j < k; ++j) {
      for (Index i = 0; i < n; ++i) {
        C(i, j) += part[i + (n + j) * n];
      }
    }
  }
  for (Index j = 0; j < n; ++j) {  // the panels held A^T, not A^H, and were subtracted
    for (Index i = j; i < n; ++i) {
      G(i, j) = -conjugate(G(i, j));
    }
  }
  for (Index j = 0; j < k; ++j) {
    for (Index i = 0; i < n; ++i) {
      C(i, j) = -conjugate(C(i, j));
    }
  }
}

/// g := A^H (B - A X), and squares[j] := ||b_j - A x_j||^2, the rows of A and B changed as said, in one pass over A.
template <class T>
void gram_residual(const Source<T>& A, const RowChange<T>& change, InColMajor<T> X, In<T> B, ColMajor<T> g,
                   Real<T>* squares, const RowChange<T>& change_of_B = {}) {
  using R = Real<T>;
  const Index m = A.rows();
  const Index n = A.cols();
  const Index k = X.cols;
  const RowPanels<T> panels(A, change);
  const Source<T> b{B};
  const RowPanels<T> right(b, change_of_B);
  const Index chunk = std::max<Index>(gram_depth * 2, (m + 63) / 64);
  const Index chunks = m == 0 ? 0 : (m + chunk - 1) / chunk;
  Buffer<T> parts(chunks * n * k);
  Buffer<R> part_squares(chunks * k);
  parallel_for(chunks, m * n * k > 100'000, [&](Index c) {
    Scratch<T, 256> part(n * k);  // not in `parts`, where threads would write to the same lines of the cache
    std::fill_n(part.data(), n * k, T(0));
    Scratch<R, 64> sums(k);
    std::fill_n(sums.data(), k, R(0));
    Buffer<T> buffer(panels.buffer_size());
    Buffer<T> right_buffer(right.buffer_size());
    for (Index first = c * chunk; first < std::min(m, (c + 1) * chunk); first += gram_depth) {
      const Index count = std::min(gram_depth, std::min(m, (c + 1) * chunk) - first);
      const ColMajor<const T> P = panels(first, count, buffer.data());
      const ColMajor<const T> Q = right(first, count, right_buffer.data());
      for (Index j = 0; j < k; ++j) {
        constexpr int together = 8;
        T r[together];
        R sum = 0;
        Index i = 0;
        for (; i + together <= count; i += together) {
          dots<false, together, T>(P.col(i), P.stride, X.col(j), n, r);
          for (int q = 0; q < together; ++q) {
            r[q] = Q(j, i + q) - r[q];
            sum += std::norm(r[q]);
            r[q] = conjugate(r[q]);
          }
          subtract_multiples<together, T>(n, r, P.col(i), P.stride, part.data() + j * n);  // the conjugate of -A^H r
        }
        for (; i < count; ++i) {
          r[0] = Q(j, i) - dot<false, T>(P.col(i), X.col(j), n);
          sum += std::norm(r[0]);
          subtract_multiple<T>(n, conjugate(r[0]), P.col(i), part.data() + j * n);
        }
        sums[j] += sum;
      }
    }
    std::copy_n(part.data(), n * k, parts.data() + c * n * k);
    std::copy_n(sums.data(), k, part_squares.data() + c * k);
  });
  for (Index j = 0; j < k; ++j) {
    std::fill_n(g.col(j), n, T(0));
    squares[j] = 0;
    for (Index c = 0; c < chunks; ++c) {
      squares[j] += part_squares[c * k + j];
      const T* part = parts.data() + c * n * k + j * n;
      for (Index i = 0; i < n; ++i) {
        g(i, j) -= conjugate(part[i]);
      }
    }
  }
}

}  // namespace hessolve
