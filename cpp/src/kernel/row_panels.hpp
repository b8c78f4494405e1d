// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/gemm.hpp"
#include "kernel/source.hpp"
#include "kernel/upcoming.hpp"

#include <cmath>

/// Blocks of rows of a tall matrix as products read them: changed as a regression asks, contiguous, perhaps packed.
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
        contiguous_(A.part == Part::full && A.view.col_stride == 1 && A.view.row_stride >= A.cols() &&
                    !(is_complex<T> && A.conjugated)),
        direct_(contiguous_ && change.none()),
        stride_(padded_stride<T>(A.cols())) {}

  [[nodiscard]] Index buffer_size() const { return direct_ ? 0 : stride_ * gram_depth; }
  /// Rows are read where they are.
  [[nodiscard]] bool direct() const { return direct_; }
  /// Where rows first ... first + count - 1 lie.
  [[nodiscard]] Upcoming<T> upcoming(Index first, Index count) const {
    if (count <= 0) {
      return {};
    }
    const MatrixView<const T>& view = A_.view;
    if (contiguous_) {
      return view.row_stride < view.cols + 64
                 ? Upcoming<T>{&view(first, 0), (count - 1) * view.row_stride + view.cols, 1, 0}
                 : Upcoming<T>{&view(first, 0), view.cols, count, view.row_stride};
    }
    return A_.in_place() ? Upcoming<T>{&view(first, 0), count, view.cols, view.col_stride} : Upcoming<T>{};
  }

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
    read(first, count, 0, n, buffer, stride_);
    return {buffer, n, count, stride_};
  }

  /// Columns begin ... begin + width - 1 of those rows, transposed: width x count.
  void read(Index first, Index count, Index begin, Index width, T* out, Index stride) const {
    const Source<T> transposed{A_.view.transposed(), mirrored(A_.part), A_.conjugated};
    const Index height = width <= source_tile ? std::max<Index>(count, 1) : source_tile;
    for (Index k = 0; k < count; k += height) {
      const Index rows = std::min(height, count - k);
      for (Index j = 0; j < width; j += source_tile) {
        if (A_.view.row_stride == 1 && j + source_tile < width) {
          simd::prefetch_columns<T>(&A_.view(first + k, begin + j + source_tile), rows,
                                    std::min(source_tile, width - j - source_tile), A_.view.col_stride);
        }
        read_tile<T>(transposed, begin + j, first + k, std::min(source_tile, width - j), rows, out + j + k * stride,
                     stride);
      }
      for (Index i = k; i < k + rows && !change_.none(); ++i) {
        change_row(first + i, begin, width, out + i * stride);
      }
    }
  }

  /// Those rows as pack_rows packs them, register tiles from ... end - 1 of the columns, for real T.
  void pack(Index first, Index count, Index from, Index end, T* packed) const {
    constexpr Index M = tile_rows<T>;
    const Index n = A_.cols();
    if (direct_) {
      pack_rows<T>({&A_.view(first, 0), n, count, A_.view.row_stride}, from, end, packed);
      return;
    }
    for (Index tile = from; tile < end; ++tile) {
      const Index width = std::min(M, n - tile * M);
      T* out = packed + tile * M * count;
      read(first, count, tile * M, width, out, M);
      for (Index k = 0; k < count && width < M; ++k) {
        std::fill(out + k * M + width, out + (k + 1) * M, T(0));
      }
    }
  }

 private:
  static Part mirrored(Part part) {
    return part == Part::lower ? Part::upper : part == Part::upper ? Part::lower : part;
  }

  /// Columns begin ... of row i of A, at `row`, become what enters the product.
  void change_row(Index i, Index begin, Index width, T* row) const {
    const Real<T> root = change_.weights != nullptr ? std::sqrt(change_.weights[i]) : Real<T>(1);
    const T shift = change_.row_shift != nullptr ? change_.row_shift[i] : T(0);
    const T* column_shift = change_.column_shift != nullptr ? change_.column_shift + begin : nullptr;
    if constexpr (is_complex<T>) {
      for (Index j = 0; j < width; ++j) {
        row[j] = root * (row[j] - (column_shift != nullptr ? column_shift[j] : T(0)) - shift);
      }
    } else {
      const simd::Packet<T> roots = simd::broadcast<T>(root);
      const simd::Packet<T> shifts = simd::broadcast<T>(shift);
      for (Index j = 0; j < width; j += simd::width<T>) {
        simd::Packet<T> v = simd::load_upto<T>(row + j, width - j);
        if (column_shift != nullptr) {
          v = simd::subtract(v, simd::load_upto<T>(column_shift + j, width - j));
        }
        simd::store_upto<T>(row + j, simd::multiply(roots, simd::subtract(v, shifts)), width - j);
      }
    }
  }

  const Source<T>& A_;
  RowChange<T> change_;
  bool contiguous_;
  bool direct_;
  Index stride_;
};

}  // namespace hessolve
