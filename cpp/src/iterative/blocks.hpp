// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "iterative/vectors.hpp"

#include <hessolve/iterative/operator.hpp>

/// Diagonal blocks of jacobi_block rows (the last may be smaller), inverted; each is stored column by column.
namespace hessolve {

/// X := X^-1 for a k x k block with stride jacobi_block, by Gauss-Jordan with partial pivoting.
/// @return the row of the block where no pivot is left, or -1.
template <class T>
Index invert_block(Index k, T* X) {
  constexpr Index B = jacobi_block;
  Index pivots[B];
  const auto at = [&](Index i, Index j) -> T& { return X[i + j * B]; };
  for (Index p = 0; p < k; ++p) {
    Index best = p;
    for (Index i = p + 1; i < k; ++i) {
      best = cheap_abs(at(i, p)) > cheap_abs(at(best, p)) ? i : best;
    }
    pivots[p] = best;
    if (!(cheap_abs(at(best, p)) > 0)) {
      return p;
    }
    for (Index j = 0; j < k; ++j) {
      std::swap(at(p, j), at(best, j));
    }
    const T inverse = T(1) / at(p, p);
    at(p, p) = T(1);
    for (Index j = 0; j < k; ++j) {
      at(p, j) *= inverse;
    }
    for (Index i = 0; i < k; ++i) {
      if (i != p) {
        const T factor = at(i, p);
        at(i, p) = T(0);
        for (Index j = 0; j < k; ++j) {
          at(i, j) -= factor * at(p, j);
        }
      }
    }
  }
  for (Index p = k; p-- > 0;) {  // the row exchanges of A are column exchanges of its inverse, undone backwards
    for (Index i = 0; i < k && pivots[p] != p; ++i) {
      std::swap(at(i, p), at(i, pivots[p]));
    }
  }
  return -1;
}

/// All blocks of A. @return ok, or singular with a row of the first block that has no inverse.
template <class T>
Outcome invert_diagonal_blocks(const Entries<T>& A, std::vector<T>& blocks) {
  constexpr Index B = jacobi_block;
  const auto rows = A.by_rows();
  const Index n = A.rows();
  const Index count = (n + B - 1) / B;
  blocks.assign(static_cast<std::size_t>(count * B * B), T(0));
  for (Index c = 0; c < count; ++c) {
    const Index begin = c * B;
    const Index k = std::min(B, n - begin);
    T* block = blocks.data() + c * B * B;
    for (Index i = begin; i < begin + k; ++i) {
      for (Index e = rows.indptr[static_cast<std::size_t>(i)]; e < rows.indptr[static_cast<std::size_t>(i + 1)]; ++e) {
        const Index j = rows.indices[static_cast<std::size_t>(e)] - begin;
        if (j >= 0 && j < k) {
          block[(i - begin) + j * B] = rows.values[static_cast<std::size_t>(e)];
        }
      }
    }
    if (const Index row = invert_block(k, block); row >= 0) {
      return {Reason::singular, begin + row};
    }
  }
  return {};
}

/// y := y + omega S^-1 r with the inverted blocks.
template <class T>
void add_block_products(Index n, Real<T> omega, const T* blocks, const T* r, T* y) {
  constexpr Index B = jacobi_block;
  static_assert(vectors::block % B == 0, "a block must not be cut");
  vectors::for_blocks(n, [&](Index first, Index last) {
    for (Index begin = first; begin < last; begin += B) {
      const Index k = std::min(B, last - begin);
      const T* block = blocks + begin * B;
      T sum[B] = {};
      for (Index j = 0; j < k; ++j) {
        for (Index i = 0; i < k; ++i) {
          sum[i] += block[i + j * B] * r[begin + j];
        }
      }
      for (Index i = 0; i < k; ++i) {
        y[begin + i] += omega * sum[i];
      }
    }
  });
}

}  // namespace hessolve
