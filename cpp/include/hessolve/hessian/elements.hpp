// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/core/csr.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/dense/batch.hpp>

#include <cstdint>
#include <utility>

/// Sums of small matrices, each over a few degrees of freedom, into one sparse matrix whose pattern is found once.
namespace hessolve {

/// What becomes of the negative eigenvalues of a block.
enum class Projection : signed char {
  none,
  clamp,  ///< zero: the nearest positive semidefinite block
  abs,    ///< their moduli
};

[[nodiscard]] const char* name(Projection projection);

/// The first dof outside 0 ... n - 1 as (element, position), or (-1, -1).
template <class I>
[[nodiscard]] std::pair<Index, Index> find_stray_dof(Index n, MatrixView<const I> dofs);

/// out[e] := blocks[e], made positive semidefinite; those that are so already are copied as they are. The lower
/// triangle decides. out may be blocks.
/// @return ok; non_finite, stagnated, or breakdown for a block that is not symmetric, with the first such element;
/// stopped.
/// About 10 k^3 flops an element, across SIMD lanes up to k = 32.  [Teran, Sifakis, Irving and Fedkiw 2005,
/// doi 10.1145/1073368.1073394; Chen et al. 2024, doi 10.1145/3641519.3657433]
template <class R>
[[nodiscard]] Outcome project_blocks(InBatch<R> blocks, Projection projection, Batch<R> out, const Stop& stop = {});

/// K := sum of P_e^T B_e P_e: element e adds its block (k x k) to the rows and columns dofs(e, :). The pattern has the
/// diagonal and every pair of dofs that share an element. A dof that an element names twice gets both shares.
template <class I>
class ElementAssembler {
 public:
  /// dofs is elements x k, each 0 ... n - 1. @throws std::invalid_argument where one is not, std::length_error where I
  /// is too narrow for the number of entries. Memory: 9 bytes a dof of an element and 1 a block entry (4 where a row
  /// has more than 256 entries), beside the pattern.
  ElementAssembler(Index n, MatrixView<const I> dofs);

  [[nodiscard]] Index size() const { return n_; }
  [[nodiscard]] Index elements() const { return elements_; }
  [[nodiscard]] Index dofs() const { return k_; }
  [[nodiscard]] Index nonzeros() const { return indptr_[n_]; }
  /// The pattern, rows sorted; it lives as long as the assembler.
  [[nodiscard]] const I* indptr() const { return indptr_.data(); }
  [[nodiscard]] const I* indices() const { return indices_.data(); }

  /// values := the entries of K. fixed: null, or n flags; rows and columns of flagged dofs become those of the unit
  /// matrix. One pass over the blocks, each row summed by one thread in the order of the elements: the same bits
  /// always.
  /// @return ok; non_finite with the first row that has an entry which is not finite; stopped.
  template <class R>
  [[nodiscard]] Outcome assemble(Batch<const R> blocks, const unsigned char* fixed, R* values,
                                 const Stop& stop = {}) const;

 private:
  void find_pattern(MatrixView<const I> dofs);
  template <class R, class P>
  void add_rows(const Batch<const R>& blocks, const P* positions, Index begin, Index end, R* values) const;
  template <int K, class R, class P>
  void add_row(const Batch<const R>& blocks, const P* positions, Index i, R* row) const;

  Index n_;
  Index elements_;
  Index k_;
  Buffer<I> indptr_;
  Buffer<I> indices_;
  Buffer<Index> starts_;                  // of the rows, into sources_
  Buffer<Index> sources_;                 // element * k + row of its block, rising in each row of K
  Buffer<std::uint8_t> positions_;        // in the row of K, of each entry of a block's row; empty where rows are long,
  Buffer<std::uint32_t> long_positions_;  // and these are used
};

}  // namespace hessolve
