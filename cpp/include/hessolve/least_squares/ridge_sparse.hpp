// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/csr.hpp>
#include <hessolve/least_squares/ridge.hpp>

namespace hessolve {

/// How a sparse ridge problem is solved. `none`: cholesky up to 2000 columns, cg beyond.
enum class SparseRidgeMethod : signed char {
  none,
  cholesky,  ///< of X^T X + alpha I, dense
  cg,        ///< conjugate gradients on the normal equations, by products with X and X^T alone
};
[[nodiscard]] const char* name(SparseRidgeMethod method);

/// ridge() for X by compressed rows; penalty and prior of the options are not used. The columns are centred without
/// being stored so. Works in double whatever T. dof is NaN after cg, which cannot know it. `iterations` receives the
/// most that a target took.  [Björck 1996, 7.4: CGLS]
/// @return ok; max_iterations where cg did not reach working precision; non_finite with the row of X or Y; stopped.
template <class T, class I>
[[nodiscard]] Outcome ridge_sparse(CsrView<T, I> X, In<T> Y, const double* alpha, MatrixView<T> coef, T* intercepts,
                                   double* dof, const RidgeOptions<T>& options, SparseRidgeMethod method,
                                   SparseRidgeMethod* answered = nullptr, Index* iterations = nullptr);

}  // namespace hessolve
