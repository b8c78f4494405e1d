// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/reflections.hpp"

#include <limits>

/// What reductions to tridiagonal and bidiagonal form do with one column of a panel.
namespace hessolve {

/// result := A^H x
template <class T>
void adjoint_product(InColMajor<T> A, const T* x, T* result) {
  for (Index c = 0; c < A.cols; c += narrow_panel) {
    detail::dots_upto<T>(A.block(0, c, A.rows, std::min(narrow_panel, A.cols - c)), x, result + c);
  }
}

/// (I - tau v v^H) a = beta e_1 with a := v, v_0 = 1. The matrix has been scaled near 1: beside that, an a whose square
/// leaves the range has too few digits for a reflection, and counts as zero.
template <class T>
[[nodiscard]] Reflector<T> reflect(Index m, T* a) {
  using R = Real<T>;
  R tail = real_part(dot<true, T>(a + 1, a + 1, m - 1));
  if (!(std::norm(a[0]) + tail > std::numeric_limits<R>::min() / epsilon<R>)) {
    std::fill_n(a, m, T(0));
    tail = 0;
  }
  const Reflector<T> H = reflector_for<T>(a[0], tail, a + 1, m - 1);
  if (H.tau != T(0)) {
    divide<T>(m - 1, H.pivot, a + 1);
  }
  a[0] = T(1);
  return H;
}

}  // namespace hessolve
