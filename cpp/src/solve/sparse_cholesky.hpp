// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "solve/cholesky_pattern.hpp"

#include <hessolve/core/buffer.hpp>
#include <hessolve/core/csr.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>

#include <algorithm>

namespace hessolve {

/// P A P^T = L L^H of a sparse Hermitian A by the multifrontal method: each supernode gathers the updates of its
/// children in a small dense matrix, takes its columns of L out of it and passes on what is left, all by dense kernels.
/// Bits do not depend on the number of threads.  [Duff & Reid 1983; Liu 1992]
template <class T>
class SparseCholesky {
 public:
  /// The pattern of A, by columns, of which the lower triangle is read. Where cost() exceeds `most` nothing can follow.
  template <class I>
  SparseCholesky(Index n, const I* indptr, const I* indices, double most)
      : pattern_(cholesky_pattern(n, indptr, indices, most)) {
    for (Index s = 0; s < pattern_.supernodes(); ++s) {
      tallest_ = std::max(tallest_, pattern_.width(s) + pattern_.below(s));
    }
  }

  [[nodiscard]] double cost() const { return pattern_.cost; }

  /// L for the values that belong to those indices. not_positive_definite names the column of A without a positive
  /// pivot.
  Outcome factor(const T* values);

  /// X := A^-1 B; X may be B.
  void solve(InColMajor<T> B, ColMajor<T> X) const;

  /// visit(L(j, j)) for every column.
  template <class Visit>
  void for_each_pivot(Visit&& visit) const {
    for (Index s = 0; s < pattern_.supernodes(); ++s) {
      const ColMajor<T> L = panel(s);
      for (Index j = 0; j < L.cols; ++j) {
        visit(L(j, j));
      }
    }
  }

 private:
  class Fronts;

  [[nodiscard]] ColMajor<T> panel(Index s) const {
    const Index height = pattern_.width(s) + pattern_.below(s);
    return {values_.data() + pattern_.panel_at[at(s)], height, pattern_.width(s), height};
  }
  void solve_column(T* x, bool share) const;
  void forward_subtree(Index t, T* x, T* sums, T* work) const;
  void forward(Index s, T* x, T* work) const;
  void backward(Index s, T* x, T* work) const;

  CholeskyPattern pattern_;
  Index tallest_ = 0;  // panel
  Buffer<T> values_;
};

}  // namespace hessolve
