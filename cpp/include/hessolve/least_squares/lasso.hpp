// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

#include <cstdint>

namespace hessolve {

/// What there is besides X, y and the penalties. Views without memory are absent.
template <class T>
struct LassoOptions {
  double l1_ratio = 1;            ///< 1: the lasso, 0: ridge
  bool intercept = false;         ///< fit an unpenalised constant
  bool positive = false;          ///< w >= 0
  VectorView<const T> weights{};  ///< one >= 0 for each row; only their ratios matter
  MatrixView<const T> start{};    ///< n x t, where the first penalty begins; zero by default
  double tol = 1e-8;              ///< of the duality gap, relative to ||y||^2 / m
  Index max_iterations = 10'000;  ///< sweeps for each penalty and target
  Stop stop{};
};

/// Where a path goes; nothing may be missing.
template <class T>
struct LassoPath {
  T* coefs = nullptr;                  ///< n x t x k, C order
  T* intercepts = nullptr;             ///< t x k
  double* gaps = nullptr;              ///< t x k: the objective is at most this far above its minimum
  std::int64_t* iterations = nullptr;  ///< t x k
  bool* converged = nullptr;           ///< t x k
};

/// Minimise  ||y - X w - b 1||^2_W / (2 m) + alpha l1_ratio ||w||_1 + alpha (1 - l1_ratio) / 2 ||w||^2  for each column
/// of Y (m x t) and each of k penalties alpha > 0, each begun where the one before ended; the weights W have the sum m.
/// Coordinate descent [Friedman, Hastie & Tibshirani 2010, doi 10.18637/jss.v033.i01] over the columns that the strong
/// rule [Tibshirani et al. 2012, doi 10.1111/j.1467-9868.2011.01004.x] keeps and those that then violate the optimality
/// conditions, until the gap to a feasible point of the dual is small. Updates go to X^T (y - X w) by columns of X^T X,
/// formed once, where X is tall with at most 2000 columns; else to y - X w by columns of a copy of X.
/// @return converged; max_iterations where a gap stayed above the tolerance; non_finite with the row; stopped.
/// @throws std::invalid_argument where shapes disagree.
template <class T>
[[nodiscard]] Outcome lasso_path(In<T> X, In<T> Y, const double* alpha, Index k, const LassoPath<T>& path,
                                 const LassoOptions<T>& options = {});

/// The least alpha for which all coefficients of all targets are zero: max |X^T W y| / (m l1_ratio), X and y centred
/// where there is an intercept; the spacing of numbers at 1 where that is 0. One pass over X.
template <class T>
[[nodiscard]] Outcome lasso_alpha_max(In<T> X, In<T> Y, const LassoOptions<T>& options, double& largest);

}  // namespace hessolve
