// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/least_squares/state.hpp>

#include "kernel/archive.hpp"
#include "kernel/fill.hpp"
#include "kernel/need.hpp"
#include "kernel/scaling.hpp"
#include "least_squares/core.hpp"

#include <cmath>
#include <limits>
#include <stdexcept>

namespace hessolve {
namespace {

constexpr Index row_block = 1024;

template <class T>
void copy_matrix(const Matrix<T>& from, Matrix<T>& to) {
  to = Matrix<T>(from.view().rows, from.view().cols);
  copy_into<T>(MatrixView<const T>(from.view()), to.view());
}

}  // namespace

template <class T>
RegressionState<T>::RegressionState(Index n_features, Index n_targets)
    : n_(n_features),
      t_(n_targets),
      R_(n_features, n_features + n_targets),
      residual_(n_targets),
      peak_(n_features) {
  need(n_ >= 0 && t_ >= 0, "the numbers of features and targets cannot be negative");
  clear<T>(R_.view());
  std::fill_n(residual_.data(), t_, 0.0);
  std::fill_n(peak_.data(), n_, 0.0);
}

/// W = [R Z; X Y] with `rows` new rows: triangular again.
template <class T>
void RegressionState<T>::absorb_rows(ColMajor<T> W, Index rows) {
  const Index height = n_ + rows;
  const ColMajor<T> left = W.block(0, 0, height, n_);
  const ColMajor<T> right = W.block(0, n_, height, t_);
  Buffer<T> scale(n_);
  equilibrate_columns<T>(left, scale.data());  // squares inside the factorisation stay in range
  if (n_ > 0) {
    Buffer<T> tau(n_);
    qr_in_place<T>(left, tau.data());
    apply_q<T>(left, tau.data(), n_, Trans::adjoint, right);
  }
  for (Index j = 0; j < n_; ++j) {
    for (Index i = 0; i <= j; ++i) {
      R_(i, j) = left(i, j) / scale[j];
    }
    peak_[j] = std::max(peak_[j], static_cast<double>(norm2(R_.view().col(j), j + 1)));
  }
  for (Index j = 0; j < t_; ++j) {
    std::copy_n(right.col(j), n_, R_.view().col(n_ + j));
    const auto rest = static_cast<double>(norm2(right.col(j) + n_, rows));
    residual_[j] = std::hypot(residual_[j], rest);
  }
}

template <class T>
Outcome RegressionState<T>::update(In<T> X, In<T> Y, VectorView<const T> weights) {
  const Index m = X.rows;
  need(X.cols == n_ && Y.cols == t_ && Y.rows == m, "X must be m x n and Y m x t");
  need(weights.data == nullptr || weights.size == m, "one weight for each row");
  for (const In<T>& A : {X, Y}) {
    if (const auto [i, j] = check_finite<T>(Source<T>{A}); i >= 0) {
      return {Reason::non_finite, i};
    }
  }
  const Index block = std::max(row_block, 2 * n_);
  Matrix<T> W(n_ + std::min(block, m), n_ + t_);
  for (Index first = 0; first < m; first += block) {
    const Index rows = std::min(block, m - first);
    copy_into<T>(MatrixView<const T>(R_.view()), W.view().block(0, 0, n_, n_ + t_));
    read_tile<T>(Source<T>{X}, first, 0, rows, n_, W.view().data + n_, W.view().stride);
    copy_into<T>(Y.block(first, 0, rows, t_), W.view().block(n_, n_, rows, t_));
    for (Index i = 0; i < rows && weights.data != nullptr; ++i) {
      const T root = std::sqrt(weights[first + i]);
      for (Index j = 0; j < n_ + t_; ++j) {
        W(n_ + i, j) *= root;
      }
      count_ += static_cast<double>(weights[first + i]);
    }
    count_ += weights.data == nullptr ? static_cast<double>(rows) : 0.0;
    absorb_rows(W.view(), rows);
  }
  return {};
}

template <class T>
Outcome RegressionState<T>::downdate(In<T> X, In<T> Y, VectorView<const T> weights) {
  const Index m = X.rows;
  need(X.cols == n_ && Y.cols == t_ && Y.rows == m, "X must be m x n and Y m x t");
  need(weights.data == nullptr || weights.size == m, "one weight for each row");
  for (const In<T>& A : {X, Y}) {
    if (const auto [i, j] = check_finite<T>(Source<T>{A}); i >= 0) {
      return {Reason::non_finite, i};
    }
  }
  Matrix<T> L(n_ + t_, n_);  // [R Z]^T: the rotations then run along columns
  for (Index j = 0; j < n_; ++j) {
    for (Index i = 0; i < n_ + t_; ++i) {
      L(i, j) = i >= j ? R_(j, i) : T(0);
    }
  }
  Buffer<double> residual(t_);
  std::copy_n(residual_.data(), t_, residual.data());
  double count = count_;
  Buffer<T> x(n_ + t_);
  Buffer<T> p(n_);
  Buffer<T> c(n_);
  Buffer<T> carried(n_);
  for (Index row = 0; row < m; ++row) {
    const T root = weights.data != nullptr ? std::sqrt(weights[row]) : T(1);
    for (Index j = 0; j < n_ + t_; ++j) {
      x[j] = root * (j < n_ ? X(row, j) : Y(row, j - n_));
    }
    std::copy_n(x.data(), n_, p.data());
    if (n_ > 0) {
      triangular_solve<T>(L.view().block(0, 0, n_, n_), Triangle::lower, Diagonal::general, Trans::none,
                          {p.data(), n_, 1, n_});  // p = R^-T x
    }
    const T size = norm2(p.data(), n_);
    if (!(size < 1)) {  // also for NaN, where R is singular
      return {Reason::not_positive_definite, row};
    }
    T alpha = std::sqrt((1 - size) * (1 + size));
    for (Index k = n_ - 1; k >= 0; --k) {  // rotations that turn [p; alpha] into e_(n+1)
      const T r = std::hypot(alpha, p[k]);
      c[k] = alpha / r;
      p[k] /= r;
      alpha = r;
    }
    std::fill_n(carried.data(), n_, T(0));
    for (Index k = n_ - 1; k >= 0; --k) {
      T* l = L.view().col(k);
      for (Index i = k; i < n_; ++i) {
        const T before = carried[i];
        carried[i] = c[k] * before + p[k] * l[i];
        l[i] = c[k] * l[i] - p[k] * before;
      }
    }
    for (Index k = 0; k < n_; ++k) {  // the square of an element is off by some eps times that of the largest norm
      const double left = static_cast<double>(std::abs(L(k, k))) / peak_[k];
      if (!(left * left > 8 * static_cast<double>(n_) * static_cast<double>(epsilon<T>))) {
        return {Reason::not_positive_definite, row};
      }
    }
    for (Index j = 0; j < t_; ++j) {  // the same rotations on Z, of which the result y is known and not the start
      T y = x[n_ + j];
      for (Index k = 0; k < n_; ++k) {
        T& z = L(n_ + j, k);
        const T start = (y - p[k] * z) / c[k];
        z = c[k] * z - p[k] * start;
        y = start;
      }
      const auto rest = std::abs(static_cast<double>(y));
      const double whole = residual[j];
      const double slack = std::sqrt(static_cast<double>(epsilon<T>)) * std::max(residual_[j], rest);
      if (!(rest <= whole + slack)) {
        return {Reason::not_positive_definite, row};
      }
      residual[j] = rest < whole ? std::sqrt(whole - rest) * std::sqrt(whole + rest) : 0.0;
    }
    count -= weights.data != nullptr ? static_cast<double>(weights[row]) : 1.0;
  }
  for (Index j = 0; j < n_; ++j) {
    for (Index i = j; i < n_ + t_; ++i) {
      R_(j, i) = L(i, j);
    }
  }
  std::copy_n(residual.data(), t_, residual_.data());
  count_ = count;
  return {};
}

template <class T>
void RegressionState<T>::merge(const RegressionState& other) {
  need(other.n_ == n_ && other.t_ == t_, "both states must have the same numbers of features and targets");
  Matrix<T> W(2 * n_, n_ + t_);
  copy_into<T>(MatrixView<const T>(R_.view()), W.view().block(0, 0, n_, n_ + t_));
  copy_into<T>(MatrixView<const T>(other.R_.view()), W.view().block(n_, 0, n_, n_ + t_));
  absorb_rows(W.view(), n_);
  for (Index j = 0; j < t_; ++j) {
    residual_[j] = std::hypot(residual_[j], other.residual_[j]);
  }
  for (Index j = 0; j < n_; ++j) {
    peak_[j] = std::max(peak_[j], other.peak_[j]);
  }
  count_ += other.count_;
}

template <class T>
Outcome RegressionState<T>::solve(const double* alpha, In<T> penalty, MatrixView<T> coef, double* squares,
                                  Index& rank) const {
  need(coef.rows == n_ && coef.cols == t_, "coef must be n x t");
  need(penalty.data == nullptr || penalty.cols == n_, "the penalty must have n columns");
  rank = n_;
  for (Index j = 0; j < t_; ++j) {
    const Index p = alpha[j] > 0 ? (penalty.data != nullptr ? penalty.rows : n_) : 0;
    Matrix<T> W(n_ + p, n_);
    Matrix<T> b(n_ + p, 1);
    const T root = std::sqrt(static_cast<T>(alpha[j]));
    for (Index c = 0; c < n_; ++c) {
      for (Index i = 0; i < n_; ++i) {
        W(i, c) = R_(i, c);
      }
      for (Index i = 0; i < p; ++i) {
        W(n_ + i, c) = root * (penalty.data != nullptr ? penalty(i, c) : T(i == c ? 1 : 0));
      }
    }
    std::copy_n(R_.view().col(n_ + j), n_, b.view().col(0));
    std::fill(b.view().col(0) + n_, b.view().col(0) + n_ + p, T(0));
    LeastSquaresOptions options;
    options.certify = false;
    options.check_finite = false;
    Certificate certificate;
    Diagnosis diagnosis;
    const MatrixView<T> w = coef.block(0, j, n_, 1);
    const Outcome outcome = least_squares<T>(Source<T>{W.view()}, b.view(), w, options, certificate, diagnosis);
    if (!outcome.ok()) {
      return outcome;
    }
    rank = std::min(rank, certificate.rank);
    double rest = residual_[j];
    for (Index i = 0; i < n_; ++i) {
      double e = static_cast<double>(R_(i, n_ + j));
      for (Index c = i; c < n_; ++c) {
        e -= static_cast<double>(R_(i, c)) * static_cast<double>(w(c, 0));
      }
      rest = std::hypot(rest, e);
    }
    squares[j] = rest * rest;
  }
  return {};
}

template <class T>
void RegressionState<T>::standard_errors(MatrixView<T> errors) const {
  need(errors.rows == n_ && errors.cols == t_, "errors must be n x t");
  constexpr T nan = std::numeric_limits<T>::quiet_NaN();
  T largest = 0;
  T smallest = std::numeric_limits<T>::infinity();
  for (Index j = 0; j < n_; ++j) {
    const T column = norm2(R_.view().col(j), j + 1);
    largest = std::max(largest, column > 0 ? std::abs(R_(j, j)) / column : T(0));
    smallest = std::min(smallest, column > 0 ? std::abs(R_(j, j)) / column : T(0));
  }
  const double freedom = count_ - static_cast<double>(n_);
  const bool known = freedom > 0 && smallest > 10 * static_cast<T>(n_) * epsilon<T> * largest;
  Matrix<T> inverse(n_, n_);  // R^-1: the row norms are the square roots of diag((X^T X)^-1)
  set_identity<T>(inverse.view());
  if (known) {
    triangular_solve<T>(R_.view().block(0, 0, n_, n_), Triangle::upper, Diagonal::general, Trans::none, inverse.view());
  }
  for (Index i = 0; i < n_; ++i) {
    double sum = 0;
    for (Index j = i; j < n_; ++j) {
      sum += static_cast<double>(inverse(i, j)) * static_cast<double>(inverse(i, j));
    }
    for (Index j = 0; j < t_; ++j) {
      errors(i, j) = known ? static_cast<T>(residual_[j] * std::sqrt(sum / freedom)) : nan;
    }
  }
}

template <class T>
std::vector<unsigned char> RegressionState<T>::save() const {
  Writer out;
  out(n_);
  out(t_);
  out(count_);
  out(R_.view().data, R_.view().stride * R_.view().cols);
  out(residual_.data(), t_);
  out(peak_.data(), n_);
  return out.bytes();
}

template <class T>
RegressionState<T> RegressionState<T>::load(const unsigned char* bytes, std::size_t size) {
  Reader in(bytes, size);
  Index n = 0;
  Index t = 0;
  in(n);
  in(t);
  const auto limit = static_cast<Index>(size);
  need(n >= 0 && t >= 0 && n <= limit && t <= limit, "the saved state is damaged");
  RegressionState state(n, t);
  in(state.count_);
  in(state.R_.view().data, state.R_.view().stride * state.R_.view().cols);
  in(state.residual_.data(), t);
  in(state.peak_.data(), n);
  bool sound = in.left() == 0 && state.count_ >= 0 && std::isfinite(state.count_);
  for (Index j = 0; j < t; ++j) {
    sound = sound && state.residual_[j] >= 0 && std::isfinite(state.residual_[j]);
  }
  for (Index j = 0; j < n; ++j) {
    sound = sound && state.peak_[j] >= 0 && std::isfinite(state.peak_[j]);
  }
  need(sound, "the saved state is damaged");
  return state;
}

template class RegressionState<float>;
template class RegressionState<double>;

}  // namespace hessolve
