// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/buffer.hpp>
#include <hessolve/dense/lu.hpp>
#include <hessolve/dense/triangular.hpp>
#include <hessolve/dense/update.hpp>

#include "kernel/dot.hpp"
#include "kernel/fill.hpp"
#include "kernel/gemm.hpp"
#include "kernel/need.hpp"
#include "kernel/scaling.hpp"

#include <cmath>
#include <stdexcept>

namespace hessolve {

template <class T>
void cholesky_update(ColMajor<T> L, T* u) {
  using R = Real<T>;
  const Index n = L.rows;
  for (Index k = 0; k < n; ++k) {  // rotate [L(k:, k) u] so that u(k) becomes 0
    const R d = real_part(L(k, k));
    const R r = std::hypot(d, std::abs(u[k]));
    const R c = d / r;
    const T s = u[k] / r;
    L(k, k) = r;
    T* l = L.col(k);
    for (Index i = k + 1; i < n; ++i) {
      const T li = l[i];
      l[i] = c * li + conjugate(s) * u[i];
      u[i] = c * u[i] - s * li;
    }
  }
}

template <class T>
Outcome cholesky_downdate(ColMajor<T> L, T* u) {
  using R = Real<T>;
  const Index n = L.rows;
  triangular_solve<T>(L, Triangle::lower, Diagonal::general, Trans::none, {u, n, 1, n});  // p = L^-1 u
  const R size = norm2(u, n);
  if (!(size < R(1))) {  // also for NaN
    Index where = 0;     // the first leading minor that is not positive
    R sum = 0;
    while (where + 1 < n && !((sum += std::norm(u[where])) >= R(1))) {
      ++where;
    }
    return {Reason::not_positive_definite, where};
  }
  R alpha = std::sqrt((1 - size) * (1 + size));
  Buffer<R> c(n);
  for (Index k = n - 1; k >= 0; --k) {  // rotations that turn [p; alpha] into e_(n+1)
    const R r = std::hypot(alpha, std::abs(u[k]));
    c[k] = alpha / r;
    u[k] /= r;
    alpha = r;
  }
  Buffer<T> carried(n);
  std::fill_n(carried.data(), n, T(0));
  for (Index k = n - 1; k >= 0; --k) {
    T* l = L.col(k);
    for (Index i = k; i < n; ++i) {
      const T x = carried[i];
      carried[i] = c[k] * x + u[k] * l[i];
      l[i] = c[k] * l[i] - conjugate(u[k]) * x;
    }
    L(k, k) = real_part(L(k, k));
  }
  return {};
}

template <class T>
Outcome ldlt_update(ColMajor<T> LD, T* subdiagonal, Real<T> sigma, T* u, Real<T>& growth, Symmetry symmetry) {
  const Index n = LD.rows;
  const bool hermitian = symmetry == Symmetry::hermitian;
  const auto mirror = [=](T value) { return hermitian ? conjugate(value) : value; };
  const auto on_diagonal = [=](T value) { return hermitian ? T(real_part(value)) : value; };
  growth = 0;
  T s = T(sigma);  // what is left is L D L^H + s u u^H
  for (Index k = 0; k < n;) {
    const bool pair = subdiagonal[k] != T(0);
    if (!pair) {
      const T z = u[k];
      const T d = on_diagonal(LD(k, k) + s * (z * mirror(z)));
      if (d == T(0)) {
        return {Reason::singular, k};
      }
      const T beta = s * mirror(z) / d;
      s = on_diagonal(s * (LD(k, k) / d));  // s - s^2 |z|^2 / d
      LD(k, k) = d;
      T* l = LD.col(k);
      for (Index i = k + 1; i < n; ++i) {  // u := u - l z, l := l + u beta
        u[i] -= l[i] * z;
        l[i] += u[i] * beta;
        growth = max_or_nan(growth, cheap_abs(l[i]));
      }
      ++k;
      continue;
    }
    const T z1 = u[k];
    const T z2 = u[k + 1];
    const T d11 = on_diagonal(LD(k, k) + s * (z1 * mirror(z1)));
    const T d22 = on_diagonal(LD(k + 1, k + 1) + s * (z2 * mirror(z2)));
    const T d21 = subdiagonal[k] + s * (z2 * mirror(z1));
    const T determinant = on_diagonal(d11 * d22 - d21 * mirror(d21));
    if (determinant == T(0)) {
      return {Reason::singular, k};
    }
    // [b1 b2] = s z^H D'^-1
    const T b1 = s * (mirror(z1) * d22 - mirror(z2) * d21) / determinant;
    const T b2 = s * (mirror(z2) * d11 - mirror(z1) * mirror(d21)) / determinant;
    s = on_diagonal(s - s * (b1 * z1 + b2 * z2));
    LD(k, k) = d11;
    LD(k + 1, k + 1) = d22;
    subdiagonal[k] = d21;
    T* l1 = LD.col(k);
    T* l2 = LD.col(k + 1);
    for (Index i = k + 2; i < n; ++i) {
      u[i] -= l1[i] * z1 + l2[i] * z2;
      l1[i] += u[i] * b1;
      l2[i] += u[i] * b2;
      growth = max_or_nan(growth, max_or_nan(cheap_abs(l1[i]), cheap_abs(l2[i])));
    }
    if (d21 == T(0)) {  // a pair without coupling is two single pivots
      if (d11 == T(0) || d22 == T(0)) {
        return {Reason::singular, d11 == T(0) ? k : k + 1};
      }
    }
    k += 2;
  }
  return {};
}

template <class T>
Outcome sherman_morrison_in_place(ColMajor<T> X, const T* u, const T* v) {
  const Index n = X.rows;
  Buffer<T> y(n);  // A^-1 u
  Buffer<T> w(n);  // (v^H A^-1)^T
  std::fill_n(y.data(), n, T(0));
  for (Index j = 0; j < n; ++j) {
    subtract_multiple<T>(n, -u[j], X.col(j), y.data());
    w[j] = dot<true, T>(v, X.col(j), n);
  }
  const T product = dot<true, T>(v, y.data(), n);
  const T capacity = T(1) + product;
  if (capacity == T(0)) {
    return {Reason::singular};
  }
  for (Index j = 0; j < n; ++j) {
    subtract_multiple<T>(n, w[j] / capacity, y.data(), X.col(j));
  }
  const bool cancelled = cheap_abs(capacity) <= std::sqrt(epsilon<T>) * (1 + cheap_abs(product));
  return cancelled ? Outcome{Reason::ill_conditioned} : Outcome{};
}

template <class T>
Outcome woodbury_in_place(ColMajor<T> X, In<T> U, In<T> C, In<T> V) {
  const Index n = X.rows;
  const Index k = U.cols;
  if (k == 0 || n == 0) {
    return {};
  }
  const auto negated = [](In<T> from) {
    Matrix<T> result(from.rows, from.cols);
    for (Index j = 0; j < from.cols; ++j) {
      for (Index i = 0; i < from.rows; ++i) {
        result(i, j) = -from(i, j);
      }
    }
    return result;
  };
  const auto zero = [](Index rows, Index cols) {
    Matrix<T> result(rows, cols);
    clear<T>(result.view());
    return result;
  };
  const Matrix<T> minus_U = negated(U);
  const Matrix<T> minus_C = negated(C);
  Matrix<T> VX = zero(k, n);  // V A^-1
  Matrix<T> plain_V(k, n);
  copy_into<T>(V, plain_V.view());
  const Matrix<T> minus_X = negated(X);
  gemm_minus<Right::plain, T>(VX.view(), plain_V.view(), minus_X.view());
  Matrix<T> XU = zero(n, k);  // A^-1 U
  gemm_minus<Right::plain, T>(XU.view(), X, minus_U.view());
  Matrix<T> CVX = zero(k, n);  // C V A^-1
  gemm_minus<Right::plain, T>(CVX.view(), minus_C.view(), VX.view());
  Matrix<T> capacity = zero(k, k);  // I + C V A^-1 U
  gemm_minus<Right::plain, T>(capacity.view(), CVX.view(), minus_U.view());
  Real<T> size = 1;
  for (Index j = 0; j < k; ++j) {
    for (Index i = 0; i < k; ++i) {
      size = max_or_nan(size, cheap_abs(capacity(i, j)));
    }
    capacity(j, j) += T(1);
  }
  Buffer<Index> pivots(k);
  if (const Outcome outcome = lu_in_place<T>(capacity.view(), pivots.data()); !outcome.ok()) {
    return outcome;
  }
  Real<T> smallest = size;
  for (Index j = 0; j < k; ++j) {
    smallest = std::min(smallest, cheap_abs(capacity(j, j)));
  }
  lu_solve<T>(capacity.view(), pivots.data(), CVX.view());
  gemm_minus<Right::plain, T>(X, XU.view(), CVX.view());
  return smallest <= std::sqrt(epsilon<T>) * size ? Outcome{Reason::ill_conditioned} : Outcome{};
}

template <class T>
Outcome sherman_morrison(In<T> A_inverse, In<T> u, In<T> v, MatrixView<T> X) {
  const Index n = A_inverse.rows;
  need(A_inverse.cols == n && X.rows == n && X.cols == n, "A^-1 must be square, and X of its shape");
  need(u.rows == n && u.cols == 1 && v.rows == n && v.cols == 1, "u and v must be n x 1");
  Matrix<T> work(n, n);
  Buffer<T> vectors(2 * n);
  copy_into<T>(A_inverse, work.view());
  copy_into<T>(u, ColMajor<T>{vectors.data(), n, 1, n});
  copy_into<T>(v, ColMajor<T>{vectors.data() + n, n, 1, n});
  const Outcome outcome = sherman_morrison_in_place<T>(work.view(), vectors.data(), vectors.data() + n);
  copy_out<T>(work.view(), X);
  return outcome;
}

template <class T>
Outcome woodbury(In<T> A_inverse, In<T> U, In<T> C, In<T> V, MatrixView<T> X) {
  const Index n = A_inverse.rows;
  const Index k = U.cols;
  need(A_inverse.cols == n && X.rows == n && X.cols == n, "A^-1 must be square, and X of its shape");
  need(U.rows == n && C.rows == k && C.cols == k && V.rows == k && V.cols == n, "U must be n x k, C k x k and V k x n");
  Matrix<T> work(n, n);
  copy_into<T>(A_inverse, work.view());
  const Outcome outcome = woodbury_in_place<T>(work.view(), U, C, V);
  copy_out<T>(work.view(), X);
  return outcome;
}

#define INSTANTIATE(T)                                                               \
  template void cholesky_update<T>(ColMajor<T>, T*);                                 \
  template Outcome cholesky_downdate<T>(ColMajor<T>, T*);                            \
  template Outcome ldlt_update<T>(ColMajor<T>, T*, Real<T>, T*, Real<T>&, Symmetry); \
  template Outcome sherman_morrison_in_place<T>(ColMajor<T>, const T*, const T*);    \
  template Outcome woodbury_in_place<T>(ColMajor<T>, In<T>, In<T>, In<T>);           \
  template Outcome sherman_morrison<T>(In<T>, In<T>, In<T>, MatrixView<T>);          \
  template Outcome woodbury<T>(In<T>, In<T>, In<T>, In<T>, MatrixView<T>);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
