// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"

/// Substitution with many right-hand sides that lie in rows: each row of the solution is a combination of rows already
/// known, so every operation runs along contiguous memory with one multiplier of the triangle.
namespace hessolve {

namespace detail {

/// x_i := (x_i - sum_k coefficient(i, k) x_k) / divisor(i) over the known rows k, for N packets of columns.
template <class T, int N, class Coefficient, class Divisor>
void substitute_strip(T* rows, Index ld, Index n, bool forward, const Coefficient& coefficient,
                      const Divisor& divisor) {
  constexpr Index W = simd::width<T>;
  for (Index step = 0; step < n; ++step) {
    const Index i = forward ? step : n - 1 - step;
    T* x = rows + i * ld;
    simd::Packet<T> sum[N];
    for (int c = 0; c < N; ++c) {
      sum[c] = simd::load<T>(x + c * W);
    }
    const Index first = forward ? 0 : i + 1;
    const Index last = forward ? i : n;
    for (Index k = first; k < last; ++k) {
      const simd::Packet<T> factor = simd::broadcast<T>(coefficient(i, k));
      const T* known = rows + k * ld;
      for (int c = 0; c < N; ++c) {
        sum[c] = simd::negative_multiply_add(simd::load<T>(known + c * W), factor, sum[c]);
      }
    }
    const simd::Packet<T> inverse = simd::broadcast<T>(T(1) / divisor(i));
    for (int c = 0; c < N; ++c) {
      simd::store<T>(x + c * W, simd::multiply(sum[c], inverse));
    }
  }
}

template <class T, int N, class Coefficient, class Divisor>
void substitute_last(Index packets, T* rows, Index ld, Index n, bool forward, const Coefficient& coefficient,
                     const Divisor& divisor) {
  if constexpr (N > 0) {
    if (packets == N) {
      substitute_strip<T, N>(rows, ld, n, forward, coefficient, divisor);
    } else {
      substitute_last<T, N - 1>(packets, rows, ld, n, forward, coefficient, divisor);
    }
  }
}

}  // namespace detail

/// Solve with one triangle for the n x ld matrix `rows` (row i at rows + i ld; ld a multiple of the packet width), in
/// place. forward: a lower triangle, rows from the first on; else an upper one, from the last. n^2 ld flops.
template <class T, class Coefficient, class Divisor>
void substitute_rows(T* rows, Index ld, Index n, bool forward, const Coefficient& coefficient, const Divisor& divisor) {
  constexpr Index W = simd::width<T>;
  constexpr int N = 8;
  Index c = 0;
  for (; c + N * W <= ld; c += N * W) {
    detail::substitute_strip<T, N>(rows + c, ld, n, forward, coefficient, divisor);
  }
  detail::substitute_last<T, N - 1>((ld - c) / W, rows + c, ld, n, forward, coefficient, divisor);
}

}  // namespace hessolve
