// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "iterative/compressed.hpp"

#include <atomic>

/// Sweeps over compressed rows.  [Young, Iterative Solution of Large Linear Systems; Saad, Iterative Methods, 4.1]
namespace hessolve {

/// Row i of a sweep. The entry of the row computed just before (column `last`) is kept apart: the new x_i then hangs on
/// the one before by one product and one difference only, and not by the whole row and a division.
template <bool Relaxed, class T, class I>
HESSOLVE_INLINE bool relax_row(CsrView<T, I> A, Index i, Index last, Real<T> omega, const T* b, T* x, T& x_last) {
  T sum = b[i];
  T d(0);
  T a(0);
  for (I k = A.indptr[i], end = A.indptr[i + 1]; k < end; ++k) {
    const Index j = static_cast<Index>(A.indices[k]);
    const T value = A.values[k];
    if (j == i) {
      d += value;
    } else if (j == last) {
      a += value;
    } else {
      sum -= value * x[j];
    }
  }
  const T inverse = T(1) / d;
  if constexpr (Relaxed) {
    x_last = ((T(1) - T(omega)) * x[i] + omega * (sum * inverse)) - omega * (a * inverse) * x_last;
  } else {
    x_last = sum * inverse - (a * inverse) * x_last;
  }
  x[i] = x_last;
  return d != T(0);
}

/// Rows begin, begin + step, ... in turn. @return the first with a zero diagonal, or -1.
template <bool Relaxed, int Step, class T, class I>
Index relax_range(CsrView<T, I> A, Index begin, Index count, Real<T> omega, const T* b, T* x) {
  T x_last = begin - Step >= 0 && begin - Step < A.rows ? x[begin - Step] : T(0);
  for (Index c = 0, i = begin; c < count; ++c, i += Step) {
    if (!relax_row<Relaxed>(A, i, i - Step, omega, b, x, x_last)) {
      return i;
    }
  }
  return -1;
}

template <bool Relaxed, class T, class I>
Index relax_groups(CsrView<T, I> A, const RowOrder& rows, Real<T> omega, const T* b, T* x) {
  std::atomic<Index> zero{-1};
  for (Index g = 0; g < rows.groups && zero < 0; ++g) {
    const Index group = rows.backward ? rows.groups - 1 - g : g;
    const Index start = rows.starts[group];
    const Index size = rows.starts[group + 1] - start;
    constexpr Index chunk = 4096;
    parallel_for((size + chunk - 1) / chunk, size >= 4 * chunk, [&](Index c) {
      for (Index k = start + c * chunk, end = std::min(start + size, k + chunk); k < end; ++k) {
        T unused(0);
        const Index i = rows.order[k];
        if (!relax_row<Relaxed>(A, i, -1, omega, b, x, unused)) {
          Index none = -1;
          zero.compare_exchange_strong(none, i);
          return;
        }
      }
    });
  }
  return zero;
}

template <class T, class I>
Index relax_rows(CsrView<T, I> A, const RowOrder& rows, Real<T> omega, const T* b, T* x) {
  const bool relaxed = omega != Real<T>(1);
  if (rows.order != nullptr) {
    return relaxed ? relax_groups<true>(A, rows, omega, b, x) : relax_groups<false>(A, rows, omega, b, x);
  }
  if (rows.backward) {
    return relaxed ? relax_range<true, -1>(A, A.rows - 1, A.rows, omega, b, x)
                   : relax_range<false, -1>(A, A.rows - 1, A.rows, omega, b, x);
  }
  return relaxed ? relax_range<true, 1>(A, 0, A.rows, omega, b, x) : relax_range<false, 1>(A, 0, A.rows, omega, b, x);
}

template <class T, class I>
Index jacobi_rows(CsrView<T, I> A, Real<T> omega, const T* b, const T* x, T* y) {
  std::atomic<Index> zero{A.rows};
  for_line_blocks(A, [&](Index begin, Index end) {
    for (Index i = begin; i < end; ++i) {
      T sum = b[i];
      T d(0);
      for (I k = A.indptr[i], stop = A.indptr[i + 1]; k < stop; ++k) {
        const Index j = static_cast<Index>(A.indices[k]);
        sum -= A.values[k] * x[j];
        d = j == i ? d + A.values[k] : d;
      }
      if (d == T(0)) {
        Index before = zero;
        while (i < before && !zero.compare_exchange_weak(before, i)) {
        }
        return;
      }
      y[i] = x[i] + omega * (sum / d);
    }
  });
  return zero < A.rows ? zero.load() : -1;
}

template <class T, class I>
void kaczmarz_rows(CsrView<T, I> A, const Real<T>* squared_norms, const Index* drawn, Real<T> omega, const T* b, T* x) {
  for (Index c = 0; c < A.rows; ++c) {
    const Index i = drawn != nullptr ? drawn[c] : c;
    if (!(squared_norms[i] > 0)) {
      continue;  // an empty row says nothing about x
    }
    const T step = omega * (b[i] - line_dot<false>(A, i, x)) / squared_norms[i];
    for (I k = A.indptr[i]; k < A.indptr[i + 1]; ++k) {
      x[A.indices[k]] += step * conjugate(A.values[k]);
    }
  }
}

}  // namespace hessolve
