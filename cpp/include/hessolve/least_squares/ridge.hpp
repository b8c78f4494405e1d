// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

namespace hessolve {

/// How a ridge problem is solved. `none`: by shape, cholesky where m >= n, dual else.
enum class RidgeMethod : signed char {
  none,
  cholesky,   ///< of X^T X + alpha P, n x n
  augmented,  ///< QR of [X; sqrt(alpha) L]
  svd,        ///< of X, or of R where it is tall
  dual,       ///< Cholesky of X X^T + alpha I, m x m
};
[[nodiscard]] const char* name(RidgeMethod method);

/// What there is besides X, y and alpha. Views without memory are absent.
template <class T>
struct RidgeOptions {
  RidgeMethod method = RidgeMethod::none;
  bool intercept = false;         ///< fit an unpenalised constant
  VectorView<const T> weights{};  ///< one >= 0 for each row; their sum is positive
  MatrixView<const T> penalty{};  ///< L, p x n: the penalty is alpha ||L w||^2 instead of alpha ||w||^2
  MatrixView<const T> prior{};    ///< C, n x n, positive definite: the penalty is alpha w^T C^-1 w; not with `penalty`
  Stop stop{};
};

/// Minimise ||y - X w - b 1||^2_W + alpha ||w||^2 for each column of Y (m x t), T real: coef n x t, intercepts t (zeros
/// without one), dof t: the trace of the hat matrix. alpha[j] >= 0 for target j. X is read in place and never copied by
/// cholesky and dual. `answered` receives what did: where Cholesky would lose more than half of the digits, augmented,
/// or svd (minimum norm) where even alpha > 0 does not make the problem definite.
/// @return ok; not_positive_definite where the prior is not (its column); non_finite (the row; `where` -1: the answer).
/// @throws std::invalid_argument where shapes disagree. m n min(m, n) flops, one pass over X (two with an intercept).
template <class T>
[[nodiscard]] Outcome ridge(In<T> X, In<T> Y, const double* alpha, MatrixView<T> coef, T* intercepts, double* dof,
                            const RidgeOptions<T>& options = {}, RidgeMethod* answered = nullptr);

/// Where a path of ridge solutions goes; views without memory are not wanted.
template <class T>
struct RidgePath {
  T* coefs = nullptr;       ///< n x t x k, C order
  T* intercepts = nullptr;  ///< t x k
  double* dof = nullptr;    ///< k
  double* gcv =
      nullptr;  ///< t x k: m ||e||^2 / (m - dof)^2  [Golub, Heath & Wahba 1979, doi 10.1080/00401706.1979.10489751]
  double* loo = nullptr;  ///< t x k: mean of (e_i / (1 - h_ii))^2, the squared error of leaving one out
  // gcv and loo are infinite where a fit leaves no freedom to judge it by
  double* residual_norm = nullptr;  ///< t x k: ||e||
  double* solution_norm = nullptr;  ///< t x k: ||w||, or ||L w||
};

/// Ridge for k penalties alpha from one eigenvalue decomposition of X^T X or X X^T, whichever is smaller; with a
/// penalty or prior of the pencil (X^T X, P). method is not used. @return as ridge, or stagnated where the eigenvalues
/// failed.
template <class T>
[[nodiscard]] Outcome ridge_path(In<T> X, In<T> Y, const double* alpha, Index k, const RidgePath<T>& path,
                                 const RidgeOptions<T>& options = {});

/// The range penalties for a grid are taken from: sigma_1^2 and max(sigma_r^2, eps sigma_1^2) of X after centring and
/// weights, estimated from X^T X's trace and shape: {largest, smallest}.
template <class T>
[[nodiscard]] Outcome ridge_alpha_range(In<T> X, const RidgeOptions<T>& options, double& smallest, double& largest);

}  // namespace hessolve
