// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/buffer.hpp>
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/view.hpp>

#include <vector>

namespace hessolve {

/// A regression of t targets on n features that sees its rows in portions and keeps only
///   Q^T [X Y] = [R Z; 0 *],  and the squared norms of what is left of each target:
/// (n + t) n numbers, by orthogonal transformations, never X^T X. T real.
/// [Golub & Van Loan, 6.5; Bjorck, Numerical Methods for Least Squares Problems, ch. 3]
template <class T>
class RegressionState {
 public:
  RegressionState(Index n_features, Index n_targets);
  RegressionState(RegressionState&&) noexcept = default;
  RegressionState& operator=(RegressionState&&) noexcept = default;

  [[nodiscard]] Index features() const { return n_; }
  [[nodiscard]] Index targets() const { return t_; }
  [[nodiscard]] double count() const { return count_; }  ///< rows seen, or the sum of their weights

  /// Take rows in: X m x n, Y m x t, weights m values >= 0 or without memory. 2 m n (n + t) flops, in blocks of rows.
  /// @return ok, or non_finite with the row: the state is then as it was.
  [[nodiscard]] Outcome update(In<T> X, In<T> Y, VectorView<const T> weights = {});
  /// Take rows out that were taken in. 4 m n (n + t) flops.
  /// @return ok; not_positive_definite with the row that cannot have been in, or whose loss leaves no full rank: the
  /// state is then as it was; non_finite.
  [[nodiscard]] Outcome downdate(In<T> X, In<T> Y, VectorView<const T> weights = {});
  /// As if this one had seen the rows of the other as well. 4 n^2 (n + t) / 3 flops.
  void merge(const RegressionState& other);

  /// Minimise ||y_j - X w||^2 + alpha[j] ||L w||^2 for each target: coef n x t; L p x n, the identity without memory.
  /// squares[j] := ||y_j - X w||^2. `rank` receives the rank found; where it is deficient the minimum norm is taken.
  [[nodiscard]] Outcome solve(const double* alpha, In<T> penalty, MatrixView<T> coef, double* squares,
                              Index& rank) const;
  /// Standard errors of the unpenalised coefficients, n x t: sqrt(s^2 diag((X^T X)^-1)), s^2 = ||e||^2 / (count - n).
  /// NaN where the rank is deficient or count <= n.
  void standard_errors(MatrixView<T> errors) const;

  [[nodiscard]] std::vector<unsigned char> save() const;
  [[nodiscard]] static RegressionState load(const unsigned char* bytes, std::size_t size);

 private:
  void absorb_rows(ColMajor<T> W, Index rows);

  Index n_;
  Index t_;
  double count_ = 0;
  Matrix<T> R_;              // [R Z], n x (n + t); zeros below the diagonal
  Buffer<double> residual_;  // norm of what is left of each target
  Buffer<double> peak_;      // largest norm that each column has had: R is off by eps times that, however small it gets
};

}  // namespace hessolve
