// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "iterative/vectors.hpp"

#include <hessolve/iterative/operator.hpp>

namespace hessolve {

/// ||A^H r|| / ||r||, zero where r is the residual of a minimiser; 0 for r = 0, NaN where r is not finite. r becomes
/// r / ||r||; `gradient` has room for A.cols() elements, and receives A^H r / ||r||.
template <class T>
[[nodiscard]] double gradient_over_residual(const Operator<T>& A, T* r, T* gradient) {
  const Index m = A.rows();
  const Real<T> size = vectors::norm(m, r);
  if (size == 0) {
    return 0;
  }
  vectors::for_blocks(m, [&](Index i, Index end) {
    for (; i < end; ++i) {
      r[i] /= size;
    }
  });
  A.apply_adjoint(r, gradient);
  return static_cast<double>(vectors::norm(A.cols(), gradient));
}

}  // namespace hessolve
