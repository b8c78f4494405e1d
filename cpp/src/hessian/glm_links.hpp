// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/dot.hpp"
#include "kernel/gram.hpp"
#include "kernel/need.hpp"

#include <hessolve/hessian/glm.hpp>

namespace hessolve::glm {

/// Lower a shared index to i.
inline void lower_to(std::atomic<Index>& least, Index i) {
  Index now = least;
  while (i < now && !least.compare_exchange_weak(now, i)) {
  }
}

/// The coefficients and the second derivative of one row's loss. Its state is what later sums need of a row: the
/// weight, or the probabilities of the classes.
template <class R>
class Links {
 public:
  Links(Index rows, Index columns, In<R> coef, const GlmOptions<R>& options)
      : options_(options),
        n_(columns),
        classes_(options.family == Family::softmax ? options.classes : 1),
        stride_(columns + 1),
        beta_(classes_ * stride_) {
    const Index variables = n_ + (options.intercept ? 1 : 0);
    need(coef.rows == classes_ && coef.cols == variables, "coef must be classes x columns (one more: intercept)");
    need(options.sample_weight.data == nullptr || options.sample_weight.size == rows, "a weight for each row of X");
    const bool labels = options.family == Family::huber || options.family == Family::squared_hinge;
    need(!labels || (options.y.data != nullptr && options.y.size == rows), "this family needs y, one for each row");
    for (Index k = 0; k < classes_; ++k) {
      for (Index j = 0; j < variables; ++j) {
        beta_[k * stride_ + j] = coef(k, j);
      }
    }
  }

  [[nodiscard]] Index columns() const { return n_; }
  [[nodiscard]] Index classes() const { return classes_; }
  [[nodiscard]] bool intercept() const { return options_.intercept; }
  [[nodiscard]] Index variables() const { return n_ + (options_.intercept ? 1 : 0); }  // of one class
  [[nodiscard]] Index size() const { return classes_ * variables(); }
  /// Pairs of classes (k, l), k >= l, in the order (0, 0), (1, 0), (1, 1), ...
  [[nodiscard]] Index pairs() const { return classes_ * (classes_ + 1) / 2; }
  [[nodiscard]] const R* beta(Index k) const { return beta_.data() + k * stride_; }
  [[nodiscard]] R shift(Index k) const { return options_.intercept ? beta_[k * stride_ + n_] : R(0); }
  [[nodiscard]] R weight(Index i) const {
    return options_.sample_weight.data != nullptr ? options_.sample_weight[i] : R(1);
  }

  /// state := that of row i from its etas, which it takes the place of. False where something is not finite.
  [[nodiscard]] bool take(Index i, R* state) const {
    for (Index k = 0; k < classes_; ++k) {
      if (!std::isfinite(state[k])) {
        return false;
      }
    }
    if (options_.family != Family::softmax) {
      state[0] = weight(i) * second_derivative(state[0], options_.y.data != nullptr ? options_.y[i] : R(0));
      return std::isfinite(state[0]);
    }
    const R largest = *std::max_element(state, state + classes_);
    R sum = 0;
    for (Index k = 0; k < classes_; ++k) {
      state[k] = std::exp(state[k] - largest);
      sum += state[k];
    }
    for (Index k = 0; k < classes_; ++k) {
      state[k] /= sum;
    }
    return std::isfinite(weight(i));
  }

  /// |w| of a pair of classes for row i; w is positive where k = l and negative elsewhere.
  [[nodiscard]] R pair_weight(Index i, const R* state, Index k, Index l) const {
    if (options_.family != Family::softmax) {
      return state[0];
    }
    R others = state[l];
    if (k == l) {
      others = 0;  // 1 - p_k without cancellation
      for (Index c = 0; c < classes_; ++c) {
        others += c != k ? state[c] : R(0);
      }
    }
    return weight(i) * state[k] * others;
  }

  /// t := W t for row i, t one number a class.
  void times(Index i, const R* state, R* t) const {
    if (options_.family != Family::softmax) {
      t[0] *= state[0];
      return;
    }
    R mean = 0;
    for (Index k = 0; k < classes_; ++k) {
      mean += state[k] * t[k];
    }
    for (Index k = 0; k < classes_; ++k) {
      t[k] = weight(i) * state[k] * (t[k] - mean);
    }
  }

  /// What sums over the rows are multiplied by; R may not hold it.
  [[nodiscard]] double scale(Index rows) const {
    if (!options_.mean) {
      return 1;
    }
    double total = static_cast<double>(rows);
    if (options_.sample_weight.data != nullptr) {
      CompensatedSum<double> sum;
      for (Index i = 0; i < rows; ++i) {
        sum.add(static_cast<double>(options_.sample_weight[i]));
      }
      total = sum.value();
    }
    return 1 / total;
  }
  [[nodiscard]] R alpha() const { return options_.alpha; }

 private:
  [[nodiscard]] R second_derivative(R eta, R y) const {
    switch (options_.family) {
      case Family::gaussian: return 1;
      case Family::logistic: {
        const R e = std::exp(-std::abs(eta));
        return e / ((1 + e) * (1 + e));  // p (1 - p)
      }
      case Family::poisson: return std::exp(eta);
      case Family::huber: return std::abs(y - eta) <= options_.delta ? R(1) : R(0);
      case Family::squared_hinge: return y * eta < 1 ? R(2) : R(0);
      case Family::softmax: break;
    }
    return 0;
  }

  GlmOptions<R> options_;
  Index n_;
  Index classes_;
  Index stride_;
  Buffer<R> beta_;
};

/// Rows of a dense X, contiguous where they are or through a buffer.
template <class R>
class DenseRows {
 public:
  explicit DenseRows(In<R> X) : X_{X}, panels_(X_, {}) {}
  DenseRows(const DenseRows&) = delete;
  DenseRows& operator=(const DenseRows&) = delete;

  [[nodiscard]] Index rows() const { return X_.rows(); }
  [[nodiscard]] Index cols() const { return X_.cols(); }
  [[nodiscard]] Index buffer_size() const { return panels_.buffer_size(); }
  /// Rows as columns; blocks of one panel may be brought in turn, at their places in the buffer.
  ColMajor<const R> operator()(Index first, Index count, R* buffer, Index at = 0) const {
    return panels_(first, count, buffer + at * (panels_.buffer_size() / gram_depth));
  }
  ColMajor<const R> loaded(Index first, Index count, const R* buffer) const {
    const Index stride = panels_.buffer_size() / gram_depth;
    return stride == 0 ? panels_(first, count, nullptr) : ColMajor<const R>{buffer, cols(), count, stride};
  }

 private:
  Source<R> X_;
  RowPanels<R> panels_;
};

/// state := the etas of one contiguous row.
template <class R>
void etas_of_row(const Links<R>& links, const R* x, R* state) {
  for (Index k = 0; k < links.classes(); ++k) {
    state[k] = dot<false, R>(x, links.beta(k), links.columns()) + links.shift(k);
  }
}

template <class R, class I>
void etas_of_row(const Links<R>& links, const CsrView<R, I>& X, Index i, R* state) {
  for (Index k = 0; k < links.classes(); ++k) {
    R sum = links.shift(k);
    for (I q = X.indptr[i]; q < X.indptr[i + 1]; ++q) {
      sum += X.values[q] * links.beta(k)[X.indices[q]];
    }
    state[k] = sum;
  }
}

}  // namespace hessolve::glm
