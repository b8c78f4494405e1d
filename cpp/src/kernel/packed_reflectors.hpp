// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/reflections.hpp"

namespace hessolve {

/// A block of reflectors rearranged for many columns: rows of V^H and of V, each in the order in which register tiles
/// read them.
template <class T>
class PackedReflectors {
 public:
  static constexpr Index chunk_rows = 4 * tile_rows<T>;
  /// Columns of C worked on at once.
  static constexpr Index strip = 32;

  PackedReflectors(Index rows, Index width)
      : adjoint_(has_microkernel<T> ? rows * width : 0),
        packed_(has_microkernel<T> ? packed_size<T>(rows, width) : 0),
        plain_(has_microkernel<T> ? 0 : rows * width),
        top_(width * width + width * tile_rows<T>) {}

  /// Begin with V; pack(i) for every chunk must follow, in any order.
  void begin(InColMajor<T> V) {
    V_ = V;
    const Index p = V.cols;
    const Index height = std::min(V.rows, (p + tile_rows<T> - 1) / tile_rows<T> * tile_rows<T>);
    head_ = {top_.data(), height, p, height};  // explicit ones and zeros
    for (Index j = 0; j < p; ++j) {
      for (Index i = 0; i < height; ++i) {
        head_(i, j) = i > j ? V(i, j) : T(i == j ? 1 : 0);
      }
    }
  }
  [[nodiscard]] Index chunks() const { return (V_.rows + chunk_rows - 1) / chunk_rows; }
  void pack(Index chunk) {
    const Index first = chunk * chunk_rows;
    const Index last = std::min(V_.rows, first + chunk_rows);
    const Index p = V_.cols;
    if constexpr (has_microkernel<T>) {
      constexpr Index M = tile_rows<T>;
      for (Index i = first; i < last; i += M) {
        const bool inside = i < head_.rows;
        const ColMajor<const T> from = inside ? ColMajor<const T>(head_) : ColMajor<const T>(V_);
        const Index end = std::min(last, i + M);
        pack_rows<T>({from.data, end, p, from.stride}, i / M, i / M + 1, packed_.data());
        for (Index k = i; k < end; ++k) {
          for (Index j = 0; j < p; ++j) {
            adjoint_[j + k * p] = from(k, j);
          }
        }
      }
    } else {
      for (Index j = 0; j < p; ++j) {
        for (Index i = first; i < last; ++i) {
          plain_[i + j * V_.rows] = i < head_.rows ? head_(i, j) : V_(i, j);
        }
      }
    }
  }

  /// C := (I - V S V^H) C or (I - V S^H V^H) C for at most `strip` columns.
  void apply(InColMajor<T> S, bool adjoint, ColMajor<T> C) const {
    const Index p = V_.cols;
    Scratch<T, 64 * strip> memory(p * C.cols);
    const ColMajor<T> W{memory.data(), p, C.cols, p};
    if constexpr (has_microkernel<T>) {
      constexpr Index depth = 256;
      std::fill_n(W.data, p * C.cols, T(0));
      for (Index k = 0; k < C.rows; k += depth) {
        const Index rows = std::min(depth, C.rows - k);
        gemm_minus<Right::plain, T>(W, ColMajor<const T>{adjoint_.data() + k * p, p, rows, p},
                                    C.block(k, 0, rows, C.cols));
      }
      multiply_by_minus<T>(S, adjoint, W);
      gemm_minus<Right::plain, T>(C, PackedRows<T>{packed_.data(), {nullptr, C.rows, p, 0}}, W);
    } else {
      const ColMajor<const T> V{plain_.data(), V_.rows, p, V_.rows};
      as_eigen(W).noalias() = as_eigen(V).adjoint() * as_eigen(C);
      multiply_by_minus<T>(S, adjoint, W);
      as_eigen(C).noalias() += as_eigen(V) * as_eigen(W);
    }
  }

 private:
  ColMajor<const T> V_;
  ColMajor<T> head_;
  Buffer<T> adjoint_;
  Buffer<T> packed_;
  Buffer<T> plain_;
  Buffer<T> top_;
};

}  // namespace hessolve
