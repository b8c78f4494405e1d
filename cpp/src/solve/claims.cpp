// SPDX-License-Identifier: BSD-3-Clause
#include "solve/square.hpp"

namespace hessolve {

template <class T>
Source<T> source_for(In<T> A, const SolveOptions& options) {
  Source<T> source{A};
  switch (options.assume) {
    case Assume::diagonal: source.part = Part::diagonal; break;
    case Assume::tridiagonal: source.part = Part::tridiagonal; break;
    case Assume::upper_triangular: source.part = Part::upper; break;
    case Assume::lower_triangular: source.part = Part::lower; break;
    case Assume::symmetric: source.part = Part::symmetric_lower; break;
    case Assume::hermitian:
    case Assume::positive_definite: source.part = Part::hermitian_lower; break;
    default: break;
  }
  if (options.assume == Assume::nothing && (options.method == Method::cholesky || options.method == Method::ldlt)) {
    source.part = Part::hermitian_lower;  // the method is a claim as well
  }
  if (options.trans == Trans::none) {
    return source;
  }
  const bool adjoint = options.trans == Trans::adjoint;
  if (source.part == Part::hermitian_lower) {  // A^H = A, A^T = conj(A)
    source.conjugated = !adjoint;
    return source;
  }
  source.conjugated = adjoint;
  if (source.part != Part::symmetric_lower) {
    source.view = A.transposed();
    source.part = source.part == Part::lower ? Part::upper : source.part == Part::upper ? Part::lower : source.part;
  }
  return source;
}

#define INSTANTIATE(T) template Source<T> source_for<T>(In<T>, const SolveOptions&);
HESSOLVE_FOR_EACH_SCALAR(INSTANTIATE)
#undef INSTANTIATE

}  // namespace hessolve
