// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "iterative/compressed.hpp"

/// Sweeps over compressed columns, which carry the residual along: what row i sees of the newest x is r_i itself.
namespace hessolve {

/// r := b - A x for the columns in `A`, and the diagonal.
template <class T, class I>
void residual_of_columns(CsrView<T, I> A, const T* b, const T* x, T* r, T* d) {
  std::copy_n(b, A.cols, r);
  std::fill_n(d, A.rows, T(0));
  for (Index j = 0; j < A.rows; ++j) {
    const T factor = x[j];
    for (I k = A.indptr[j]; k < A.indptr[j + 1]; ++k) {
      const Index i = static_cast<Index>(A.indices[k]);
      r[i] -= A.values[k] * factor;
      d[j] = i == j ? d[j] + A.values[k] : d[j];
    }
  }
}

template <class T, class I>
Index relax_columns(CsrView<T, I> A, const RowOrder& rows, Real<T> omega, const T* b, T* x) {
  const Index n = A.rows;
  Buffer<T> r(n);
  Buffer<T> d(n);
  residual_of_columns(A, b, x, r.data(), d.data());
  for (Index c = 0; c < n; ++c) {
    const Index at = rows.backward ? n - 1 - c : c;
    const Index i = rows.order != nullptr ? rows.order[at] : at;
    if (d[i] == T(0)) {
      return i;
    }
    const T step = omega * (r[i] / d[i]);  // x_i += step, r -= A(:, i) step
    x[i] += step;
    for (I k = A.indptr[i]; k < A.indptr[i + 1]; ++k) {
      r[A.indices[k]] -= A.values[k] * step;
    }
  }
  return -1;
}

template <class T, class I>
Index jacobi_columns(CsrView<T, I> A, Real<T> omega, const T* b, const T* x, T* y) {
  const Index n = A.rows;
  Buffer<T> d(n);
  residual_of_columns(A, b, x, y, d.data());
  for (Index i = 0; i < n; ++i) {
    if (d[i] == T(0)) {
      return i;
    }
    y[i] = x[i] + omega * (y[i] / d[i]);
  }
  return -1;
}

}  // namespace hessolve
