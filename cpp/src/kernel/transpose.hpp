// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/source.hpp"
#include "kernel/team.hpp"

/// Square matrices turned or mirrored where they lie, tile by tile.
namespace hessolve {

namespace detail {

inline constexpr Index turned_tile = 64;

/// visit(i, j, m, n) for the m x n tiles on and below the diagonal, rows of them on several threads.
template <class Visit>
void for_lower_tiles(Index n, Visit&& visit) {
  const Index tiles = (n + turned_tile - 1) / turned_tile;
  parallel_for(tiles, n > 512, [&](Index s) {
    const Index i = (tiles - 1 - s) * turned_tile;  // the longest row first
    for (Index j = 0; j <= i; j += turned_tile) {
      visit(i, j, std::min(turned_tile, n - i), std::min(turned_tile, n - j));
    }
  });
}

}  // namespace detail

/// A := A^T, A square.
template <class T>
void transpose_in_place(ColMajor<T> A) {
  detail::for_lower_tiles(A.rows, [&](Index i, Index j, Index m, Index n) {
    alignas(64) T turned[detail::turned_tile * detail::turned_tile];
    detail::transpose_tile<T>(A.col(j) + i, A.stride, n, m, turned, n);  // n x m
    if (i != j) {
      detail::transpose_tile<T>(A.col(i) + j, A.stride, m, n, A.col(j) + i, A.stride);
    }
    for (Index c = 0; c < m; ++c) {
      std::copy_n(turned + c * n, n, A.col(i + c) + j);
    }
  });
}

/// What is above the diagonal := the conjugate of what is below; the diagonal becomes real.
template <class T>
void mirror_lower(ColMajor<T> A) {
  detail::for_lower_tiles(A.rows, [&](Index i, Index j, Index m, Index n) {
    if (i == j) {
      for (Index c = 0; c < n; ++c) {
        A(j + c, j + c) = T(real_part(A(j + c, j + c)));
        for (Index r = c + 1; r < n; ++r) {
          A(j + c, j + r) = conjugate(A(j + r, j + c));
        }
      }
      return;
    }
    detail::transpose_tile<T>(A.col(j) + i, A.stride, n, m, A.col(i) + j, A.stride);
    if constexpr (is_complex<T>) {
      for (Index c = 0; c < m; ++c) {
        for (Index r = 0; r < n; ++r) {
          A(j + r, i + c) = conjugate(A(j + r, i + c));
        }
      }
    }
  });
}

}  // namespace hessolve
