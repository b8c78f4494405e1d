// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/simd.hpp"
#include "kernel/team.hpp"
#include "kernel/transpose_tile.hpp"

#include <hessolve/core/buffer.hpp>

#include <algorithm>
#include <cmath>

/// Reading the caller's matrix: in place, in any memory order, and only the part of it that stands for A.
namespace hessolve {

/// Which elements of the caller's array are read; the others are taken to be zero or, for the symmetric parts,
/// mirrored.
enum class Part : signed char { full, diagonal, tridiagonal, lower, upper, hermitian_lower, symmetric_lower };

/// A as an array, a part of it, and perhaps the conjugate of that.
template <class T>
struct Source {
  MatrixView<const T> view;
  Part part = Part::full;
  bool conjugated = false;

  [[nodiscard]] Index rows() const { return view.rows; }
  [[nodiscard]] Index cols() const { return view.cols; }
  /// Columns can be read where they are.
  [[nodiscard]] bool in_place() const {
    return part == Part::full && view.row_stride == 1 && !(is_complex<T> && conjugated);
  }

  [[nodiscard]] T operator()(Index i, Index j) const {
    const T value = element(i, j);
    return conjugated ? conjugate(value) : value;
  }

 private:
  [[nodiscard]] T element(Index i, Index j) const {
    switch (part) {
      case Part::full: return view(i, j);
      case Part::diagonal: return i == j ? view(i, j) : T(0);
      case Part::tridiagonal: return i - j <= 1 && j - i <= 1 ? view(i, j) : T(0);
      case Part::lower: return i >= j ? view(i, j) : T(0);
      case Part::upper: return i <= j ? view(i, j) : T(0);
      case Part::hermitian_lower: return i > j ? view(i, j) : i < j ? conjugate(view(j, i)) : T(real_part(view(i, i)));
      case Part::symmetric_lower: return i >= j ? view(i, j) : view(j, i);
    }
    return T(0);
  }
};

inline constexpr Index source_tile = 64;

/// out := A(i : i + m, j : j + n), contiguous columns of stride ldo.
template <class T>
void read_tile(const Source<T>& A, Index i, Index j, Index m, Index n, T* out, Index ldo) {
  const MatrixView<const T> block = A.view.block(i, j, m, n);
  if (A.in_place()) {
    for (Index c = 0; c < n; ++c) {
      std::copy_n(block.data + c * block.col_stride, m, out + c * ldo);
    }
  } else if (A.part == Part::full && block.col_stride == 1 && !(is_complex<T> && A.conjugated)) {
    detail::transpose_tile<T>(block.data, block.row_stride, m, n, out, ldo);
  } else {
    for (Index c = 0; c < n; ++c) {
      for (Index r = 0; r < m; ++r) {
        out[r + c * ldo] = A(i + r, j + c);
      }
    }
  }
}

/// visit(i, j, tile) for the tiles of rows first ... last - 1, from left to right within 64 rows; the tiles are read in
/// place where they can be. The order of everything is the same for every memory order.
template <class T, class Visit>
void visit_tiles(const Source<T>& A, Index first, Index last, Visit&& visit) {
  alignas(64) T copy[source_tile * source_tile];
  for (Index i = first; i < last; i += source_tile) {
    const Index m = std::min(source_tile, last - i);
    for (Index j = 0; j < A.cols(); j += source_tile) {
      const Index n = std::min(source_tile, A.cols() - j);
      if (A.in_place()) {
        visit(i, j, ColMajor<const T>{&A.view(i, j), m, n, A.view.col_stride});
      } else {
        read_tile<T>(A, i, j, m, n, copy, source_tile);
        visit(i, j, ColMajor<const T>{copy, m, n, source_tile});
      }
    }
  }
}

/// Sizes of a matrix, gathered while it is read. For complex T every modulus is the cheap one, |re| + |im|.
template <class R>
struct Magnitudes {
  explicit Magnitudes(Index rows, Index cols) : row_sum(rows), row_max(rows), col_sum(cols), col_max(cols) {}
  Scratch<R, 64> row_sum;
  Scratch<R, 64> row_max;
  Scratch<R, 64> col_sum;
  Scratch<R, 64> col_max;
  R one_norm = 0;
  R inf_norm = 0;
  bool finite = true;
};

namespace detail {

/// Add a tile's moduli to sums and maxima of its rows and columns.
template <class T, class R>
void measure_tile(ColMajor<const T> A, R* row_sum, R* row_max, R* col_sum, R* col_max) {
  constexpr Index W = simd::width<R>;
  for (Index j = 0; j < A.cols; ++j) {
    const T* a = A.col(j);
    if constexpr (is_complex<T>) {
      R sum = 0;
      R top = 0;
      for (Index i = 0; i < A.rows; ++i) {
        const R size = cheap_abs(a[i]);
        row_sum[i] += size;
        row_max[i] = std::max(row_max[i], size);
        sum += size;
        top = std::max(top, size);
      }
      col_sum[j] += sum;
      col_max[j] = std::max(col_max[j], top);
    } else {
      simd::Packet<R> sum = simd::zero<R>();
      simd::Packet<R> top = simd::zero<R>();
      Index i = 0;
      for (; i < A.rows; i += W) {
        const Index r = A.rows - i;
        const simd::Packet<R> size = simd::absolute(simd::load_upto<R>(a + i, r));
        simd::store_upto<R>(row_sum + i, simd::add(simd::load_upto<R>(row_sum + i, r), size), r);
        simd::store_upto<R>(row_max + i, simd::maximum(simd::load_upto<R>(row_max + i, r), size), r);
        sum = simd::add(sum, size);
        top = simd::maximum(top, size);
      }
      col_sum[j] += Eigen::internal::predux(sum);
      col_max[j] = std::max(col_max[j], R(simd::largest_lane(top)));
    }
  }
}

}  // namespace detail

/// Copy A into `out` (or only read it where out.data is null) and measure it, in one pass over memory.
template <class T>
void absorb(const Source<T>& A, ColMajor<T> out, Magnitudes<Real<T>>& size) {
  using R = Real<T>;
  const Index m = A.rows();
  const Index n = A.cols();
  const Index strips = (n + source_tile - 1) / source_tile;
  Scratch<R, 128> partial(2 * m * strips);  // sums and maxima of the rows within each strip of columns
  std::fill_n(partial.data(), 2 * m * strips, R(0));
  std::fill_n(size.col_sum.data(), n, R(0));
  std::fill_n(size.col_max.data(), n, R(0));
  parallel_for(strips, m * n > 100'000, [&](Index s) {
    const Index j = s * source_tile;
    const Index w = std::min(source_tile, n - j);
    R* sums = partial.data() + 2 * m * s;
    alignas(64) T copy[source_tile * source_tile];
    for (Index i = 0; i < m; i += source_tile) {
      const Index h = std::min(source_tile, m - i);
      ColMajor<const T> tile{copy, h, w, source_tile};
      if (out.data != nullptr) {
        read_tile<T>(A, i, j, h, w, &out(i, j), out.stride);
        tile = out.block(i, j, h, w);
      } else if (A.in_place()) {
        tile = {&A.view(i, j), h, w, A.view.col_stride};
      } else {
        read_tile<T>(A, i, j, h, w, copy, source_tile);
      }
      detail::measure_tile<T, R>(tile, sums + i, sums + m + i, size.col_sum.data() + j, size.col_max.data() + j);
    }
  });
  R total = 0;
  for (Index i = 0; i < m; ++i) {
    R sum = 0;
    R top = 0;
    for (Index s = 0; s < strips; ++s) {
      sum += partial[2 * m * s + i];
      top = std::max(top, partial[2 * m * s + m + i]);
    }
    size.row_sum[i] = sum;
    size.row_max[i] = top;
    size.inf_norm = std::max(size.inf_norm, sum);
    total += sum - sum;  // NaN as soon as one sum is not finite
  }
  for (Index j = 0; j < n; ++j) {
    size.one_norm = std::max(size.one_norm, size.col_sum[j]);
  }
  size.finite = total == R(0);
}

/// Row and column of the first element (by columns) that is a NaN or an infinity; {-1, -1} if there is none.
template <class T>
[[nodiscard]] std::pair<Index, Index> find_non_finite(const Source<T>& A) {
  for (Index j = 0; j < A.cols(); ++j) {
    for (Index i = 0; i < A.rows(); ++i) {
      const T value = A(i, j);
      if (!std::isfinite(real_part(value)) || !std::isfinite(cheap_abs(value) * Real<T>(0))) {
        return {i, j};
      }
    }
  }
  return {-1, -1};
}

namespace detail {

/// Whether n contiguous elements are finite: a product with zero is NaN where one is not.
template <class R>
bool all_finite(const R* x, Index n) {
  constexpr Index W = simd::width<R>;
  constexpr int N = 4;
  const simd::Packet<R> zero = simd::zero<R>();
  simd::Packet<R> sum[N] = {zero, zero, zero, zero};
  Index i = 0;
  for (; i + N * W <= n; i += N * W) {
    for (int k = 0; k < N; ++k) {
      sum[k] = simd::multiply_add(simd::load<R>(x + i + k * W), zero, sum[k]);
    }
  }
  R rest = 0;
  for (; i < n; ++i) {
    rest += x[i] * R(0);
  }
  return Eigen::internal::predux(simd::add(simd::add(sum[0], sum[1]), simd::add(sum[2], sum[3]))) + rest == R(0);
}

}  // namespace detail

/// The same, by a fast pass that only reads where every element is finite.
template <class T>
[[nodiscard]] std::pair<Index, Index> check_finite(const Source<T>& A) {
  const bool by_rows = A.view.col_stride == 1;
  bool finite = true;
  if (A.part == Part::full && (by_rows || A.view.row_stride == 1)) {  // conjugates are finite where the numbers are
    const MatrixView<const T> view = by_rows ? A.view.transposed() : A.view;  // columns are contiguous
    constexpr Index piece = 16'384;
    const Index pieces = (view.rows + piece - 1) / piece;
    const Index together = std::max<Index>(1, piece / std::max<Index>(1, view.rows));  // columns in one step
    const Index groups = (view.cols + together - 1) / together;
    std::atomic<bool> all{true};
    parallel_for(pieces * groups, view.rows * view.cols > 100'000, [&](Index s) {
      const Index first = s % pieces * piece;
      const Index count = std::min(piece, view.rows - first);
      for (Index j = s / pieces * together; j < std::min(view.cols, (s / pieces + 1) * together); ++j) {
        constexpr Index parts = static_cast<Index>(sizeof(T) / sizeof(Real<T>));
        if (!detail::all_finite<Real<T>>(reinterpret_cast<const Real<T>*>(&view(first, j)), parts * count)) {
          all = false;
        }
      }
    });
    finite = all;
  } else {
    Magnitudes<Real<T>> size(A.rows(), A.cols());
    absorb<T>(A, ColMajor<T>{nullptr, A.rows(), A.cols(), A.rows()}, size);
    finite = size.finite;
  }
  return finite ? std::pair<Index, Index>{-1, -1} : find_non_finite<T>(A);
}

}  // namespace hessolve
