// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/view.hpp>

#include "kernel/transpose_tile.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

/// Scaling by powers of two, which changes no digit.
namespace hessolve {

/// 2^-e where 2^e <= size < 2^(e+1); 1 for 0, and never so extreme that scaling could itself overflow.
template <class R>
[[nodiscard]] R power_of_two_inverse(R size) {
  if (!(size > 0) || !std::isfinite(size)) {
    return 1;
  }
  constexpr int limit = std::numeric_limits<R>::max_exponent - 4;
  return std::ldexp(R(1), -std::clamp(std::ilogb(size), -limit, limit));
}

/// value 2^exponent, rounded once.
template <class T>
[[nodiscard]] T shift(T value, int exponent) {
  if constexpr (is_complex<T>) {
    return {std::ldexp(value.real(), exponent), std::ldexp(value.imag(), exponent)};
  } else {
    return std::ldexp(value, exponent);
  }
}

/// Below every exponent of a nonzero number, and far enough from the limits of int to add a few of them.
inline constexpr int no_exponent = -100'000;

/// e with 2^e <= size < 2^(e+1); no_exponent for 0 and for what is not finite.
template <class R>
[[nodiscard]] int exponent_of(R size) {
  return size > 0 && std::isfinite(size) ? std::ilogb(size) : no_exponent;
}

/// The larger one, and NaN if either is: a maximum that hides nothing.
template <class R>
[[nodiscard]] constexpr R max_or_nan(R a, R b) {
  return b > a || b != b ? b : a;
}

/// ||x||_2 without overflow or harmful underflow.
template <class T>
[[nodiscard]] Real<T> norm2(const T* x, Index n) {
  Real<T> largest = 0;
  for (Index i = 0; i < n; ++i) {
    largest = max_or_nan(largest, cheap_abs(x[i]));
  }
  if (!(largest > 0) || !std::isfinite(largest)) {
    return largest;
  }
  const Real<T> scale = power_of_two_inverse(largest);
  Real<T> sum = 0;
  for (Index i = 0; i < n; ++i) {
    sum += std::norm(x[i] * scale);
  }
  return std::sqrt(sum) / scale;
}

/// Scale every column to a norm in [1, 2); scale[j] is what column j was multiplied by.
template <class T>
void equilibrate_columns(ColMajor<T> A, Real<T>* scale) {
  for (Index j = 0; j < A.cols; ++j) {
    scale[j] = power_of_two_inverse(norm2(A.col(j), A.rows));
    for (Index i = 0; i < A.rows; ++i) {
      A(i, j) *= scale[j];
    }
  }
}

/// r / (a x + b), also where a x overflows or a itself did; NaN where r is.
[[nodiscard]] inline double relative_residual(double r, double a, double x, double b) {
  constexpr double down = 1e-20;
  if (std::isfinite(a * x + b)) {
    return r / (a * x + b);
  }
  constexpr double huge = std::numeric_limits<double>::max();
  return r * down / (std::min(a, huge) * down * x + b * down);
}

template <class T>
void copy_view(MatrixView<const T> from, MatrixView<T> to) {
  if (from.row_stride == 1 && to.col_stride == 1) {  // from columns to rows: in tiles, which stay in the cache
    constexpr Index tile = 32;
    for (Index i = 0; i < to.rows; i += tile) {
      for (Index j = 0; j < to.cols; j += tile) {
        detail::transpose_tile<T>(&from(i, j), from.col_stride, std::min(tile, to.cols - j),
                                  std::min(tile, to.rows - i), &to(i, j), to.row_stride);
      }
    }
    return;
  }
  for (Index j = 0; j < to.cols; ++j) {
    for (Index i = 0; i < to.rows; ++i) {
      to(i, j) = from(i, j);
    }
  }
}

template <class T>
void copy_into(MatrixView<const T> from, ColMajor<T> to) {
  copy_view<T>(from, to);
}

template <class T>
void copy_out(ColMajor<const T> from, MatrixView<T> to) {
  copy_view<T>(from, to);
}

}  // namespace hessolve
