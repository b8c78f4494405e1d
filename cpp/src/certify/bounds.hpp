// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "solve/square_factor.hpp"

#include <functional>

namespace hessolve {

/// Fill in backward_error, residual_norm, forward_error and proven for the computed X of A X = B.
/// `inverse`: the explicit inverse of the equilibrated matrix (n <= small_size), as SquareFactor::rcond left it.
template <class T>
void certify_solution(const Source<T>& A, const SquareFactor<T>& factor, const T* inverse, InColMajor<T> X, In<T> B,
                      Certificate& certificate);

/// op(A)^-1 X in place, from whatever factors there are.
template <class T>
using Apply = std::function<void(ColMajor<T> X, Trans trans)>;

/// The same for a matrix that is only known by its norm (infinity) and by solves, which may be of less precision: the
/// forward error is an estimate.
template <class T>
void certify_large(const Source<T>& A, double norm, const Apply<T>& solve, InColMajor<T> X, In<T> B,
                   Certificate& certificate);

}  // namespace hessolve
