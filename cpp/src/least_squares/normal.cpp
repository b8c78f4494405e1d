// SPDX-License-Identifier: BSD-3-Clause
#include "least_squares/normal.hpp"

#include "certify/norm_estimate.hpp"
#include "kernel/gram.hpp"
#include "kernel/scaling.hpp"

#include <hessolve/dense/cholesky.hpp>
#include <hessolve/dense/triangular.hpp>

#include <cmath>

namespace hessolve {

template <class T>
NormalEquations<T>::NormalEquations(const Source<T>& A, In<T> B)
    : A_(A),
      B_(B),
      n_(A.cols()),
      L_(n_, n_),
      C_(n_, B.cols),
      scale_(n_) {
  const ColMajor<T> L = L_.view();
  gram<T>(A, {}, B, L, C_.view());
  for (Index j = 0; j < n_; ++j) {
    const R d = real_part(L(j, j));
    finite_ = finite_ && std::isfinite(d);
    constexpr R tiny = std::numeric_limits<R>::min() / epsilon<T>;
    if (!(d >= tiny)) {  // a column of zeros, or squares that underflow
      return;
    }
    scale_[j] = std::ldexp(R(1), -exponent_of(d) / 2);
    for (Index c = 0; c < B.cols; ++c) {
      finite_ = finite_ && std::isfinite(cheap_abs(C_(j, c)));
    }
  }
  if (!finite_) {
    return;
  }
  for (Index j = 0; j < n_; ++j) {
    for (Index i = j; i < n_; ++i) {
      L(i, j) *= scale_[i] * scale_[j];
    }
  }
  definite_ = cholesky_in_place<T>(L).ok();
  if (!definite_) {
    return;
  }
  R one_norm = 0;  // of R = L^H and, below, of its inverse: ||M||_2^2 <= ||M||_1 ||M||_inf
  R inf_norm = 0;
  Buffer<R> row(n_);
  std::fill_n(row.data(), n_, R(0));
  for (Index j = 0; j < n_; ++j) {
    R sum = 0;
    for (Index i = j; i < n_; ++i) {
      sum += cheap_abs(L(i, j));
      row[i] += cheap_abs(L(i, j));
    }
    inf_norm = std::max(inf_norm, sum);
  }
  for (Index i = 0; i < n_; ++i) {
    one_norm = std::max(one_norm, row[i]);
  }
  const auto plain = [&](ColMajor<T> X) { triangular_solve<T>(L, Triangle::lower, Diagonal::general, Trans::none, X); };
  const auto adjoint = [&](ColMajor<T> X) {
    triangular_solve<T>(L, Triangle::lower, Diagonal::general, Trans::adjoint, X);
  };
  const double inverse_one = estimate_one_norm<T>(n_, plain, adjoint);
  const double inverse_inf = estimate_one_norm<T>(n_, adjoint, plain);
  condition_ = std::sqrt(static_cast<double>(one_norm) * static_cast<double>(inf_norm) * inverse_one * inverse_inf);
}

template <class T>
bool NormalEquations<T>::safe() const {
  const double kappa = 3 * condition_;
  return finite_ && definite_ && kappa * kappa * static_cast<double>(n_) * static_cast<double>(epsilon<T>) < 1e-3;
}

template <class T>
void NormalEquations<T>::apply_inverse(ColMajor<T> X) const {
  const auto scale = [&] {
    for (Index j = 0; j < X.cols; ++j) {
      for (Index i = 0; i < n_; ++i) {
        X(i, j) *= scale_[i];
      }
    }
  };
  scale();
  cholesky_solve<T>(L_.view(), X);
  scale();
}

template <class T>
int NormalEquations<T>::solve(ColMajor<T> X, R* squares) const {
  constexpr int most = 4;
  const Index k = X.cols;
  copy_into<T>(MatrixView<const T>(C_.view()), X);
  apply_inverse(X);
  Matrix<T> gradient(n_, k);
  Matrix<T> correction(n_, k);
  for (int step = 1;; ++step) {
    gram_residual<T>(A_, {}, X, B_, gradient.view(), squares);
    copy_into<T>(MatrixView<const T>(gradient.view()), correction.view());
    apply_inverse(correction.view());
    double change = 0;
    bool settled = true;  // the correction says little about ||r||
    for (Index j = 0; j < k; ++j) {
      const auto x = static_cast<double>(norm2(X.col(j), n_));
      const auto d = static_cast<double>(norm2(correction.view().col(j), n_));
      change = std::max(change, d == 0 ? 0 : d / x);
      R descent = 0;  // ||b - A (x + dx)||^2 = ||r||^2 - dx^H A^H r, as dx^H A^H A dx = dx^H A^H r
      for (Index i = 0; i < n_; ++i) {
        descent += real_part(conjugate(correction(i, j)) * gradient(i, j));
        X(i, j) += correction(i, j);
      }
      settled = settled && std::abs(descent) <= R(1e-3) * squares[j];
      squares[j] = std::max(R(0), squares[j] - descent);
    }
    if (step == most || (settled && !(change > std::sqrt(static_cast<double>(epsilon<T>)) * 1e-2))) {
      return step;
    }
  }
}

template class NormalEquations<float>;
template class NormalEquations<double>;
template class NormalEquations<std::complex<float>>;
template class NormalEquations<std::complex<double>>;

}  // namespace hessolve
