// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "solve/square_factor.hpp"

namespace hessolve {

/// Fill in backward_error, residual_norm, forward_error and proven for the computed X of A X = B.
/// `inverse`: the explicit inverse of the equilibrated matrix (n <= small_size), as SquareFactor::rcond left it.
template <class T>
void certify_solution(const Source<T>& A, const SquareFactor<T>& factor, const T* inverse, InColMajor<T> X, In<T> B,
                      Certificate& certificate);

}  // namespace hessolve
