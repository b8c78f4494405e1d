// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/dense/banded.hpp>

#include "kernel/dot.hpp"
#include "kernel/team.hpp"

namespace hessolve {

template <class T>
Outcome banded_lu_in_place(const Band& shape, ColMajor<T> band, Index* pivots) {
  const Index d = shape.diagonal();
  Index zero_pivot = -1;
  Index reach = 0;  // last column touched by the exchanges so far
  for (Index k = 0; k < shape.n; ++k) {
    T* column = band.col(k) + d;  // column[i] = A(k + i, k)
    const Index below = std::min(shape.lower, shape.n - 1 - k);
    Index p = 0;
    for (Index i = 1; i <= below; ++i) {
      p = cheap_abs(column[i]) > cheap_abs(column[p]) ? i : p;
    }
    pivots[k] = k + p;
    if (column[p] == T(0)) {
      zero_pivot = zero_pivot < 0 ? k : zero_pivot;
      continue;
    }
    reach = std::max(reach, std::min(k + shape.upper + p, shape.n - 1));
    if (p != 0) {
      for (Index j = k; j <= reach; ++j) {  // A(k, j) <-> A(k + p, j)
        std::swap(band(d + k - j, j), band(d + k + p - j, j));
      }
    }
    for (Index i = 1; i <= below; ++i) {
      column[i] /= column[0];
    }
    for (Index j = k + 1; j <= reach; ++j) {
      subtract_multiple<T>(below, band(d + k - j, j), column + 1, band.col(j) + d + k - j + 1);
    }
  }
  return zero_pivot < 0 ? Outcome{} : Outcome{Reason::singular, zero_pivot};
}

template <class T>
void banded_lu_solve(const Band& shape, InColMajor<T> band, const Index* pivots, ColMajor<T> B, Trans trans) {
  const Index n = shape.n;
  const Index d = shape.diagonal();
  parallel_for(B.cols, n * B.cols * shape.height() > 500'000, [&](Index c) {
    T* b = B.col(c);
    const auto below = [&](Index k) { return std::min(shape.lower, n - 1 - k); };
    const auto above = [&](Index k) { return std::min(d, k); };  // nonzeros of U above its diagonal
    if (trans == Trans::none) {
      for (Index k = 0; k < n; ++k) {
        std::swap(b[k], b[pivots[k]]);
        subtract_multiple<T>(below(k), b[k], band.col(k) + d + 1, b + k + 1);
      }
      for (Index k = n - 1; k >= 0; --k) {
        b[k] /= band(d, k);
        subtract_multiple<T>(above(k), b[k], band.col(k) + d - above(k), b + k - above(k));
      }
      return;
    }
    const bool adjoint = trans == Trans::adjoint;
    const auto product = [&](const T* a, const T* x, Index count) {
      return adjoint ? dot<true, T>(a, x, count) : dot<false, T>(a, x, count);
    };
    for (Index k = 0; k < n; ++k) {
      b[k] -= product(band.col(k) + d - above(k), b + k - above(k), above(k));
      b[k] /= adjoint ? conjugate(band(d, k)) : band(d, k);
    }
    for (Index k = n - 1; k >= 0; --k) {
      b[k] -= product(band.col(k) + d + 1, b + k + 1, below(k));
      std::swap(b[k], b[pivots[k]]);
    }
  });
}

#define INSTANTIATE(T)                                                      \
  template Outcome banded_lu_in_place<T>(const Band&, ColMajor<T>, Index*); \
  template void banded_lu_solve<T>(const Band&, InColMajor<T>, const Index*, ColMajor<T>, Trans);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
