// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/iterative/operator.hpp>

#include "iterative/vectors.hpp"

#include <stdexcept>

namespace hessolve {

template <class T>
void Operator<T>::apply_adjoint(const T*, T*) const {
  throw std::invalid_argument("products with the adjoint of this operator are not known");
}

template <class T>
T Operator<T>::apply_dot(const T* x, T* y) const {
  apply(x, y);
  return vectors::dot(rows_, x, y);
}

template <class T>
void Operator<T>::residual(const T* b, const T* x, T* r) const {
  apply(x, r);
  vectors::for_blocks(rows_, [&](Index i, Index end) {
    for (; i < end; ++i) {
      r[i] = b[i] - r[i];
    }
  });
}

#define INSTANTIATE(T) template class Operator<T>;
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

const char* name(Iteration method) {
  static constexpr const char* names[] = {"auto",
                                          "richardson",
                                          "jacobi",
                                          "gauss-seidel",
                                          "gauss-seidel-backward",
                                          "gauss-seidel-symmetric",
                                          "sor",
                                          "ssor",
                                          "block-jacobi",
                                          "chebyshev",
                                          "kaczmarz",
                                          "cg",
                                          "minres",
                                          "gmres",
                                          "lsqr",
                                          "lsmr"};
  return names[static_cast<int>(method)];
}

const char* name(Ordering ordering) {
  static constexpr const char* names[] = {"natural", "red-black", "multicolor", "level"};
  return names[static_cast<int>(ordering)];
}

}  // namespace hessolve
