// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/fill.hpp"
#include "kernel/gemm.hpp"
#include "kernel/team.hpp"

#include <vector>

namespace hessolve {

/// Which rows of a column are not zero: those of the upper half, the lower, or both.
enum class Extent : unsigned char { upper, both, lower };

/// Multiply-adds above which a step of divide and conquer is shared by threads.
inline constexpr Index worth_a_merge_team = 400'000;

/// Y := -X(:, chosen) S, where columns of X have halves of zeros: first the columns are put in an order in which each
/// half of the product is one product of matrices.
template <class R>
class PartedProduct {
 public:
  /// extent[c] is what column c of X is like; the chosen columns in the order of the rows that S would have.
  PartedProduct(const std::vector<Index>& chosen, const std::vector<Extent>& extent) {
    for (const Extent wanted : {Extent::upper, Extent::both, Extent::lower}) {
      for (std::size_t i = 0; i < chosen.size(); ++i) {
        if (extent[static_cast<std::size_t>(chosen[i])] == wanted) {
          columns_.push_back(chosen[i]);
          place_.push_back(static_cast<Index>(i));
        }
      }
      (wanted == Extent::upper  ? upper_
       : wanted == Extent::both ? both_
                                : lower_) = static_cast<Index>(columns_.size());  // where each kind ends
    }
  }

  /// Row i of S must be what belongs to chosen[place()[i]].
  [[nodiscard]] const std::vector<Index>& place() const { return place_; }

  /// Elements of `packed` for X with n columns, cut after row n1.
  [[nodiscard]] static constexpr Index workspace(Index n) { return n * (n + 2 * tile_rows<R>); }

  void multiply(InColMajor<R> X, Index n1, InColMajor<R> S, ColMajor<R> Y, R* packed) const {
    const auto k = static_cast<Index>(columns_.size());
    const Index n2 = X.rows - n1;
    const Index up = both_;              // columns with something in the upper half
    const Index down = lower_ - upper_;  // and in the lower
    const bool worth = X.rows * k * k > 2 * worth_a_merge_team;
    parallel_for(k, worth, [&](Index c) {  // Y is free until the product: a place to put the columns in order
      const R* x = X.col(columns_[c]);
      if (c < both_) {
        std::copy_n(x, n1, Y.col(c));
      }
      if (c >= upper_) {
        std::copy_n(x + n1, n2, Y.col(c - upper_) + n1);
      }
    });
    R* const second = packed + packed_size<R>(n1, up);
    pack(Y.block(0, 0, n1, up), packed, worth);
    pack(Y.block(n1, 0, n2, down), second, worth);
    constexpr Index strip = 32;
    parallel_for((k + strip - 1) / strip, worth, [&](Index s) {
      const Index j = s * strip;
      const Index cols = std::min(strip, k - j);
      multiply_half(Y.block(0, j, n1, cols), packed, up, S.block(0, j, up, cols));
      multiply_half(Y.block(n1, j, n2, cols), second, down, S.block(upper_, j, down, cols));
    });
  }

 private:
  static constexpr Index depth = 256;  // inner length of one product

  /// Pieces of at most `depth` columns, one after the other.
  static void pack(InColMajor<R> A, R* packed, bool worth) {
    constexpr Index chunk = 4;
    const Index panels = (A.rows + tile_rows<R> - 1) / tile_rows<R>;
    const Index chunks = (panels + chunk - 1) / chunk;
    const Index pieces = (A.cols + depth - 1) / depth;
    parallel_for(pieces * chunks, worth, [&](Index t) {
      const Index first = t / chunks * depth;
      const Index q = t % chunks * chunk;
      pack_rows<R>(A.block(0, first, A.rows, std::min(depth, A.cols - first)), q, std::min(q + chunk, panels),
                   packed + packed_size<R>(A.rows, first));
    });
  }

  static void multiply_half(ColMajor<R> C, const R* packed, Index inner, InColMajor<R> B) {
    clear<R>(C);
    for (Index first = 0; first < inner; first += depth) {
      const Index count = std::min(depth, inner - first);
      const PackedRows<R> left{packed + packed_size<R>(C.rows, first), {nullptr, C.rows, count, 0}};
      gemm_minus<Right::plain, R>(C, left, B.block(first, 0, count, C.cols));
    }
  }

  std::vector<Index> columns_;
  std::vector<Index> place_;
  Index upper_ = 0;
  Index both_ = 0;
  Index lower_ = 0;
};

}  // namespace hessolve
