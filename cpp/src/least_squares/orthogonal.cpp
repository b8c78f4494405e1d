// SPDX-License-Identifier: BSD-3-Clause
#include "least_squares/orthogonal.hpp"
#include "kernel/fill.hpp"

#include "certify/norm_estimate.hpp"
#include "kernel/dot.hpp"
#include "kernel/scaling.hpp"

#include <hessolve/dense/qr.hpp>
#include <hessolve/dense/svd.hpp>
#include <hessolve/dense/triangular.hpp>

#include <cmath>

namespace hessolve {
namespace {

/// A sum carried in twice the precision  [Knuth, TAOCP 2, 4.2.2].
template <class T>
class Sum {
 public:
  void add(T value) {
    const T next = high_ + value;
    const T part = next - high_;
    low_ += (high_ - (next - part)) + (value - part);
    high_ = next;
  }
  [[nodiscard]] T value() const { return high_ + low_; }

 private:
  T high_{};
  T low_{};
};

template <class T>
T mean(const T* x, Index n) {
  Sum<T> sum;
  for (Index i = 0; i < n; ++i) {
    sum.add(x[i]);
  }
  return sum.value() / static_cast<Real<T>>(n);
}

/// The column whose elements are all the same nonzero number, or -1.
template <class T>
Index find_constant(InColMajor<T> A) {
  for (Index j = 0; j < A.cols; ++j) {
    const T* a = A.col(j);
    if (a[0] != T(0) && std::all_of(a, a + A.rows, [&](const T& value) { return value == a[0]; })) {
      return j;
    }
  }
  return -1;
}

}  // namespace

template <class T>
FullRank<T>::FullRank(const Source<T>& A) : m_(A.rows()),
                                            n_(A.cols()),
                                            wide_(m_ < n_) {
  Magnitudes<R> size(std::max(m_, n_), std::min(m_, n_));  // of W: A or A^H
  if (wide_) {
    W_ = Matrix<T>(n_, m_);
    absorb<T>(Source<T>{A.view.transposed(), Part::full, !A.conjugated}, W_.view(), size);
  } else {
    W_ = Matrix<T>(m_, n_);
    absorb<T>(A, W_.view(), size);
    constant_ = m_ > n_ && n_ > 1 ? find_constant<T>(W_.view()) : -1;
  }
  ColMajor<T> W = W_.view();
  if (centred()) {
    constant_value_ = W(0, constant_);
    for (Index j = constant_; j + 1 < n_; ++j) {
      std::copy_n(W.col(j + 1), m_, W.col(j));
    }
    W.cols = n_ - 1;
    mean_ = Buffer<T>(W.cols);
    for (Index j = 0; j < W.cols; ++j) {
      const R before = norm2(W.col(j), m_);
      mean_[j] = mean(W.col(j), m_);
      for (Index i = 0; i < m_; ++i) {
        W(i, j) -= mean_[j];
      }
      shrinkage_ = std::min(shrinkage_, norm2(W.col(j), m_) / before);
    }
  }
  scale_ = Buffer<R>(W.cols);
  equilibrate_columns<T>(W, scale_.data());
  tau_ = Buffer<T>(W.cols);
  qr_in_place<T>(W, tau_.data());
  if (!wide_) {
    form_triangle();
  }
}

template <class T>
void FullRank<T>::form_triangle() {
  triangle_ = Matrix<T>(n_, n_);
  const Index first = centred() ? 1 : 0;
  const R root = std::sqrt(static_cast<R>(m_));
  for (Index j = 0; j < n_; ++j) {
    std::fill_n(triangle_.view().col(j), n_, T(0));
    for (Index i = first; i <= j; ++i) {
      triangle_(i, j) = W_(i - first, j - first) / scale_[j - first];
    }
    if (centred()) {
      triangle_(0, j) = root * (j == 0 ? constant_value_ : mean_[j - 1]);
    }
  }
}

template <class T>
void FullRank<T>::solve_wide(In<T> B, ColMajor<T> X) const {
  const ColMajor<T> W = W_.view();
  for (Index j = 0; j < B.cols; ++j) {
    for (Index i = 0; i < m_; ++i) {
      X(i, j) = B(i, j) * scale_[i];
    }
    std::fill(X.col(j) + m_, X.col(j) + n_, T(0));
  }
  triangular_solve<T>(W.block(0, 0, m_, m_), Triangle::upper, Diagonal::general, Trans::adjoint,
                      X.block(0, 0, m_, B.cols));
  apply_q<T>(W, tau_.data(), m_, Trans::none, X);
}

template <class T>
void FullRank<T>::solve(In<T> B, ColMajor<T> X) const {
  if (wide_) {
    solve_wide(B, X);
    return;
  }
  const Index w = scale_.size();
  Matrix<T> C(m_, B.cols);
  copy_into(MatrixView<const T>(B), C.view());
  Buffer<T> b_mean(B.cols);
  for (Index j = 0; j < B.cols && centred(); ++j) {
    b_mean[j] = mean(C.view().col(j), m_);
    for (Index i = 0; i < m_; ++i) {
      C(i, j) -= b_mean[j];
    }
  }
  ColMajor<T> W = W_.view();
  W.cols = w;
  apply_q<T>(W, tau_.data(), w, Trans::adjoint, C.view());
  const ColMajor<T> top = C.view().block(0, 0, w, B.cols);
  triangular_solve<T>(W.block(0, 0, w, w), Triangle::upper, Diagonal::general, Trans::none, top);
  for (Index j = 0; j < B.cols; ++j) {
    for (Index i = 0; i < w; ++i) {
      X(unknown(i), j) = top(i, j) * scale_[i];
    }
    if (centred()) {
      Sum<T> intercept;
      intercept.add(b_mean[j]);
      for (Index i = 0; i < w; ++i) {
        intercept.add(-mean_[i] * X(unknown(i), j));
      }
      X(constant_, j) = intercept.value() / constant_value_;
    }
  }
}

template <class T>
Real<T> FullRank<T>::rcond() const {
  const Index w = scale_.size();
  if (w == 0) {
    return 1;
  }
  const ColMajor<T> top = W_.view().block(0, 0, w, w);
  R norm = 0;
  for (Index j = 0; j < w; ++j) {
    R sum = 0;
    for (Index i = 0; i <= j; ++i) {
      sum += cheap_abs(top(i, j));
    }
    norm = std::max(norm, sum);
    if (top(j, j) == T(0)) {
      return 0;
    }
  }
  const auto solve = [&](ColMajor<T> X, Trans trans) {
    triangular_solve<T>(top, Triangle::upper, Diagonal::general, trans, X);
  };
  const R inverse_norm = estimate_one_norm<T>(
      w, [&](ColMajor<T> X) { solve(X, Trans::none); }, [&](ColMajor<T> X) { solve(X, Trans::adjoint); });
  const R result = shrinkage_ / norm / inverse_norm;
  return std::isfinite(result) ? result : R(0);
}

template <class T>
double FullRank<T>::karlson_walden(const T* residual, double x_norm) const {
  const auto r_norm = static_cast<double>(norm2(residual, m_));
  if (r_norm == 0) {
    return 0;
  }
  Matrix<T> C(m_, 1);  // Q^H r
  std::copy_n(residual, m_, C.view().col(0));
  T average{};
  if (centred()) {
    average = mean(residual, m_);
    for (Index i = 0; i < m_; ++i) {
      C(i, 0) -= average;
    }
  }
  ColMajor<T> W = W_.view();
  W.cols = scale_.size();
  apply_q<T>(W, tau_.data(), W.cols, Trans::adjoint, C.view());
  Matrix<T> K(2 * n_, n_);
  Matrix<T> rhs(2 * n_, 1);
  R largest = static_cast<R>(r_norm / x_norm);
  for (Index j = 0; j < n_; ++j) {
    largest = std::max(largest, norm2(triangle_.view().col(j), j + 1));
  }
  const int common = -exponent_of(largest);  // the projector does not depend on the scale of K
  const int rhs_common = -exponent_of(r_norm);
  const R eta = shift(static_cast<R>(r_norm / x_norm), common);
  for (Index j = 0; j < n_; ++j) {
    for (Index i = 0; i < n_; ++i) {
      K(i, j) = shift(triangle_(i, j), common);
    }
    std::fill_n(K.view().col(j) + n_, n_, T(0));
    K(n_ + j, j) = eta;
    rhs(n_ + j, 0) = T(0);
  }
  const Index first = centred() ? 1 : 0;
  if (centred()) {
    rhs(0, 0) = shift(average * std::sqrt(static_cast<R>(m_)), rhs_common);
  }
  for (Index i = first; i < n_; ++i) {
    rhs(i, 0) = shift(C(i - first, 0), rhs_common);
  }
  Buffer<T> tau(n_);
  qr_in_place<T>(K.view(), tau.data());
  apply_q<T>(K.view(), tau.data(), n_, Trans::adjoint, rhs.view());
  return std::ldexp(static_cast<double>(norm2(rhs.view().col(0), n_)), -rhs_common);
}

template <class T>
double FullRank<T>::forward_estimate(const T* x, R residual_norm, const R* column_norm, double size) const {
  const Index first = centred() ? 1 : 0;
  const auto original = [&](Index i) { return i < first ? constant_ : unknown(i - first); };
  Matrix<T> inverse(n_, n_);
  set_identity<T>(inverse.view());
  triangular_solve<T>(triangle_.view(), Triangle::upper, Diagonal::general, Trans::none, inverse.view());
  Buffer<double> row_norm(n_);
  double perturbation = residual_norm;  // of b, whose norm is at most ||r|| + sum ||a_j|| |x_j|
  double gradient = 0;                  // sum ||row_j|| |(E^H r)_j|
  double largest = 0;
  for (Index i = 0; i < n_; ++i) {
    row_norm[i] = 0;
    for (Index j = i; j < n_; ++j) {
      row_norm[i] = std::hypot(row_norm[i], static_cast<double>(std::abs(inverse(i, j))));
    }
    const Index c = original(i);
    perturbation += static_cast<double>(column_norm[c]) * static_cast<double>(std::abs(x[c]));
    gradient += row_norm[i] * static_cast<double>(column_norm[c]) * static_cast<double>(residual_norm);
    largest = std::max(largest, static_cast<double>(std::abs(x[c])));
  }
  double worst = 0;
  for (Index i = 0; i < n_; ++i) {
    worst = max_or_nan(worst, row_norm[i] * (perturbation + gradient));
  }
  return largest > 0 ? size * worst / largest + static_cast<double>(epsilon<T>) : 0;
}

template <class T>
double condition_of_triangle(InColMajor<T> triangle) {
  const Index n = triangle.rows;
  if (n == 0) {
    return 1;
  }
  if (n <= 256) {
    Matrix<T> copy(n, n);
    for (Index j = 0; j < n; ++j) {
      std::copy_n(triangle.col(j), j + 1, copy.view().col(j));
      std::fill(copy.view().col(j) + j + 1, copy.view().col(j) + n, T(0));
    }
    Buffer<Real<T>> s(n);
    (void)singular_values<T>(copy.view(), s.data());
    return static_cast<double>(s[0]) / static_cast<double>(s[n - 1]);
  }
  double norm = 0;
  for (Index j = 0; j < n; ++j) {
    double sum = 0;
    for (Index i = 0; i <= j; ++i) {
      sum += static_cast<double>(std::abs(triangle(i, j)));
    }
    norm = std::max(norm, sum);
  }
  const auto solve = [&](ColMajor<T> X, Trans trans) {
    triangular_solve<T>(triangle, Triangle::upper, Diagonal::general, trans, X);
  };
  return norm *
         static_cast<double>(estimate_one_norm<T>(
             n, [&](ColMajor<T> X) { solve(X, Trans::none); }, [&](ColMajor<T> X) { solve(X, Trans::adjoint); }));
}

template <class T>
double gradient_over_residual(const Source<T>& A, const T* residual, double residual_norm) {
  if (residual_norm == 0) {
    return 0;
  }
  Buffer<T> product(A.cols());
  std::fill_n(product.data(), A.cols(), T(0));
  visit_tiles<T>(A, 0, A.rows(), [&](Index i, Index j, ColMajor<const T> tile) {
    for (Index c = 0; c < tile.cols; ++c) {
      product[j + c] += dot<true, T>(tile.col(c), residual + i, tile.rows);
    }
  });
  return static_cast<double>(norm2(product.data(), A.cols())) / residual_norm;
}

#define INSTANTIATE(T)                                     \
  template class FullRank<T>;                              \
  template double condition_of_triangle<T>(InColMajor<T>); \
  template double gradient_over_residual<T>(const Source<T>&, const T*, double);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
