// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>

#include "kernel/source.hpp"

namespace hessolve {

/// The triangular factor of A^H A on equilibrated columns, A D = Q R: everything about a tall A but Q.
template <class T>
class NormalEquations {
 public:
  using R = Real<T>;

  /// Forms A^H A and A^H B in one pass, and factors. m n (n + 2 k) flops.
  NormalEquations(const Source<T>& A, In<T> B);

  [[nodiscard]] bool finite() const { return finite_; }      ///< A and B are, as far as their products show
  [[nodiscard]] bool definite() const { return definite_; }  ///< Cholesky went through
  [[nodiscard]] double condition() const {
    return condition_;
  }  ///< an estimate of kappa(A D) from above, where definite
  /// kappa^2 n eps < 1e-3 with room for the estimate: refinement then converges at once, to what QR would give.
  [[nodiscard]] bool safe() const;
  /// X := A^+ B with refinement, squares[j] := ||b_j - A x_j||^2. Returns the number of refinements.
  int solve(ColMajor<T> X, R* squares) const;
  /// X := (A^H A)^-1 X
  void apply_inverse(ColMajor<T> X) const;

 private:
  const Source<T>& A_;
  In<T> B_;
  Index n_;
  Matrix<T> L_;  // R^H
  Matrix<T> C_;  // A^H B
  Buffer<R> scale_;
  bool finite_ = true;
  bool definite_ = false;
  double condition_ = 0;
};

}  // namespace hessolve
