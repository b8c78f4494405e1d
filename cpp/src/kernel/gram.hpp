// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/block_sizes.hpp"
#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/packed_syrk.hpp"
#include "kernel/row_panels.hpp"

#include <hessolve/core/buffer.hpp>

/// Products A^H W A of a tall matrix with itself, in one pass over A and without copying it.
namespace hessolve {

/// Columns below which packing costs what it gains.
template <class T>
inline constexpr Index narrowest_packed = std::is_same_v<T, float> ? 192 : 64;

namespace detail {

/// G -= P P^H (lower triangle) and C -= P b^H for one panel P = A(rows, :)^T. What comes next is on its way meanwhile:
/// products with a panel that comes from memory leave the bus idle but for their first strip.
template <class T>
void subtract_panel(InColMajor<T> P, InColMajor<T> b, ColMajor<T> G, ColMajor<T> C, Upcoming<T> next) {
  const Index n = P.rows;
  constexpr Index N = has_microkernel<T> ? simd::tile_columns : 16;
  const Index share = (next.size() / std::max<Index>(n, 1) + 1) * N / cache_line<T> + 1;  // lines
  for (Index j = 0; j < n; j += N) {
    const Index w = std::min(N, n - j);
    for (Index e = 0; e < share; ++e) {
      const T* wanted = next.take(cache_line<T>);
      simd::prefetch_to_second_level(wanted != nullptr ? wanted : P.data);
    }
    subtract_lower_product<T>(G.block(j, j, n - j, w), P.block(j, 0, n - j, P.cols), P.block(j, 0, w, P.cols));
  }
  gemm_minus<Right::transposed, T>(C, P, b);
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
  const bool packs = packs_both<T> && narrow && n >= narrowest_packed<T>;
  constexpr Index cache = 98'304 / static_cast<Index>(sizeof(T));  // a panel that is read n / 8 times stays close
  const Index depth =
      n < serial_below && !packs ? std::clamp<Index>(cache / std::max<Index>(n, 1), 32, gram_depth) : gram_depth;
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
    Buffer<T> buffer(packs ? packed_size<T>(n, gram_depth) : panels.buffer_size());
    Buffer<T> right_buffer(k > 0 ? right.buffer_size() : 0);
    for (Index first = c * chunk; first < std::min(m, (c + 1) * chunk); first += depth) {
      const Index count = std::min(depth, std::min(m, (c + 1) * chunk) - first);
      const ColMajor<const T> Q =
          k > 0 ? right(first, count, right_buffer.data()) : ColMajor<const T>{nullptr, 0, count, 1};
      const Index left = std::min(depth, std::min(m, (c + 1) * chunk) - first - count);
      const Upcoming<T> next = panels.upcoming(first + count, left);
      if constexpr (packs_both<T>) {
        if (packs) {
          panels.pack(first, count, 0, (n + tile_rows<T> - 1) / tile_rows<T>, buffer.data());
          subtract_lower_packed<T>(G_part, C_part, buffer.data(), Q, next);
          continue;
        }
      }
      const ColMajor<const T> P =
          narrow ? panels(first, count, buffer.data()) : panels.in_parallel(first, count, buffer.data());
      if (narrow) {
        detail::subtract_panel<T>(P, Q, G_part, C_part, next);
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
