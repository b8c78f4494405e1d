// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/products.hpp"
#include "kernel/scaling.hpp"

#include <hessolve/least_squares/ridge.hpp>

#include <stdexcept>

namespace hessolve {

/// X and Y as a regression sees them: rows weighted, columns centred where there is an intercept. Nothing is copied but
/// the weights.
template <class T>
class Design {
 public:
  Design(In<T> X, In<T> Y, const VectorView<const T>& weights, bool intercept)
      : X_{X},
        Y_(Y),
        m_(X.rows),
        n_(X.cols),
        t_(Y.cols),
        weights_(weights.data != nullptr ? m_ : 0),
        x_mean_(n_),
        y_mean_(t_) {
    if (Y.rows != m_ || (weights.data != nullptr && weights.size != m_)) {
      throw std::invalid_argument("X, Y and the weights must have the same number of rows");
    }
    for (Index i = 0; i < weights_.size(); ++i) {
      weights_[i] = weights[i];
      total_ += weights[i];
    }
    total_ = weights_.empty() ? static_cast<T>(m_) : total_;
    std::fill_n(x_mean_.data(), n_, T(0));
    std::fill_n(y_mean_.data(), t_, T(0));
    if (intercept && m_ > 0) {
      take_means(X, x_mean_.data());
      take_means(Y, y_mean_.data());
      centred_ = true;
    }
  }

  [[nodiscard]] const Source<T>& X() const { return X_; }
  [[nodiscard]] In<T> Y() const { return Y_; }
  [[nodiscard]] Index rows() const { return m_; }
  [[nodiscard]] Index cols() const { return n_; }
  [[nodiscard]] Index targets() const { return t_; }
  [[nodiscard]] bool centred() const { return centred_; }
  [[nodiscard]] const T* x_mean() const { return x_mean_.data(); }
  [[nodiscard]] const T* y_mean() const { return y_mean_.data(); }
  [[nodiscard]] const T* weights() const { return weights_.empty() ? nullptr : weights_.data(); }
  [[nodiscard]] T weight(Index i) const { return weights_.empty() ? T(1) : weights_[i]; }
  [[nodiscard]] T total_weight() const { return total_; }

  [[nodiscard]] RowChange<T> change_of_X() const { return {weights(), centred_ ? x_mean() : nullptr}; }
  [[nodiscard]] RowChange<T> change_of_Y() const { return {weights(), centred_ ? y_mean() : nullptr}; }
  [[nodiscard]] RowPanels<T> panels() const { return {X_, change_of_X()}; }

  /// Element (i, j) of the weighted, centred matrices.
  [[nodiscard]] T x(Index i, Index j) const { return std::sqrt(weight(i)) * (X_(i, j) - x_mean_[j]); }
  [[nodiscard]] T y(Index i, Index j) const { return std::sqrt(weight(i)) * (Y_(i, j) - y_mean_[j]); }

  /// K := D (X - 1 mean^T) (X - 1 mean^T)^T D with D the roots of the weights, lower triangle.
  void dual_gram(ColMajor<T> K) const {
    const Source<T> turned{X_.view.transposed()};
    gram<T>(turned, {nullptr, nullptr, centred_ ? x_mean() : nullptr}, In<T>{}, K, ColMajor<T>{nullptr, m_, 0, m_});
    for (Index j = 0; j < m_ && !weights_.empty(); ++j) {
      for (Index i = j; i < m_; ++i) {
        K(i, j) *= std::sqrt(weight(i)) * std::sqrt(weight(j));
      }
    }
  }
  /// W := (X - 1 mean^T)^T a
  void transposed_times(InColMajor<T> a, ColMajor<T> W) const {
    adjoint_product<T>(X_, a, W, {nullptr, centred_ ? x_mean() : nullptr});
  }

  /// The same, its rows one after the other: Wt is the transpose.
  void transposed_times_by_rows(InColMajor<T> a, ColMajor<T> Wt) const {
    adjoint_product_by_rows<T>(X_, a, Wt, {nullptr, centred_ ? x_mean() : nullptr});
  }

  /// b = mean(y) - mean(x) w, for the same number of w for each target, one target after the other.
  void intercepts(MatrixView<const T> coef, T* out) const {
    const Index repeats = t_ > 0 ? coef.cols / t_ : 0;
    for (Index c = 0; c < coef.cols; ++c) {
      out[c] = y_mean_[c / repeats];
    }
    for (Index i = 0; i < n_ && centred_; ++i) {
      for (Index c = 0; c < coef.cols; ++c) {
        out[c] -= x_mean_[i] * coef(i, c);
      }
    }
  }

 private:
  /// Weighted means of the columns, in blocks of rows and then over the blocks: little rounding, the same bits always.
  void take_means(In<T> A, T* mean) const {
    const Source<T> source{A};
    const RowPanels<T> panels(source, {});
    const Index blocks = (m_ + gram_depth - 1) / gram_depth;
    Buffer<T> sums(blocks * A.cols);
    parallel_for(blocks, m_ * A.cols > 200'000, [&](Index s) {
      const Index first = s * gram_depth;
      const Index count = std::min(gram_depth, m_ - first);
      Buffer<T> buffer(panels.buffer_size());
      const ColMajor<const T> P = panels(first, count, buffer.data());
      T* sum = sums.data() + s * A.cols;
      std::fill_n(sum, A.cols, T(0));
      for (Index i = 0; i < count; ++i) {
        subtract_multiple<T>(A.cols, -weight(first + i), P.col(i), sum);
      }
    });
    for (Index j = 0; j < A.cols; ++j) {
      double total = 0;
      for (Index s = 0; s < blocks; ++s) {
        total += static_cast<double>(sums[s * A.cols + j]);
      }
      mean[j] = static_cast<T>(total / static_cast<double>(total_));
    }
  }

  Source<T> X_;
  In<T> Y_;
  Index m_;
  Index n_;
  Index t_;
  Buffer<T> weights_;
  Buffer<T> x_mean_;
  Buffer<T> y_mean_;
  T total_ = 0;
  bool centred_ = false;
};

/// P = L^T L, C^-1 or I, n x n, lower triangle set. False where the prior is not positive definite, at `where`.
template <class T>
[[nodiscard]] bool penalty_matrix(Index n, const RidgeOptions<T>& options, ColMajor<T> P, Index& where);

}  // namespace hessolve
