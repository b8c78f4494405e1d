// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "kernel/gemm.hpp"
#include "kernel/source.hpp"

/// b - A x, read from the caller's own A. The bits are the same for every memory order and number of threads.
namespace hessolve {

/// R := B - A X in working precision. 2 m n flops a column, one pass over A.
template <class T>
void residual(const Source<T>& A, InColMajor<T> X, In<T> B, ColMajor<T> R);

/// R := B - A X as if computed in twice the working precision and rounded once: |error| <= eps |R| + (n + 2)^2 eps^2
/// (|A| |X| + |B|). [Ogita, Rump & Oishi 2005, doi 10.1137/030601818]
template <class T>
void compensated_residual(const Source<T>& A, InColMajor<T> X, In<T> B, ColMajor<T> R);

/// product := |A| |X| + |B|, elementwise with the cheap modulus where T is complex; product is m x X.cols.
template <class T>
void absolute_product(const Source<T>& A, InColMajor<T> X, In<T> B, ColMajor<Real<T>> product);

}  // namespace hessolve
