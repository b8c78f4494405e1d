// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/dense/lu.hpp>
#include <hessolve/dense/structure.hpp>

#include <limits>

namespace hessolve {

/// How a system is solved. `none`: the plan chooses (as a wish), or nothing was needed (as an answer).
enum class Method : signed char {
  none,
  diagonal,
  tridiagonal,
  banded,
  triangular,
  cholesky,
  ldlt,
  lu,
  qr,
  qr_pivoted,
  svd,
  eigh,
  gauss_jordan,
  lu_mixed,        ///< LU in half the working precision, refined
  cholesky_mixed,  ///< Cholesky in half the working precision, refined
  cholesky_qr,
  mgs,     ///< modified Gram-Schmidt
  normal,  ///< the normal equations
  sketch,
};
inline constexpr int method_count = static_cast<int>(Method::sketch) + 1;

/// "none", "diagonal", ..., "qr", "qr-pivoted", ..., "sketch".
[[nodiscard]] const char* name(Method method);

/// What the caller knows of A. Only the part of A that the claim leaves is read: one triangle of a symmetric matrix
/// (the lower), the diagonals of a tridiagonal one.
enum class Assume : signed char {
  nothing,
  general,
  diagonal,
  tridiagonal,
  banded,
  upper_triangular,
  lower_triangular,
  symmetric,
  hermitian,
  positive_definite,
};

/// working: factor and solve in the scalar type given. mixed: factor in half of it, refine to the working backward
/// error, and fall back to `working` where that does not converge. extended: refine with residuals of twice the
/// precision, until x is as good as the scalar type can say it.
enum class Precision : signed char { working, mixed, extended };

struct SolveOptions {
  Method method = Method::none;
  Assume assume = Assume::nothing;
  Trans trans = Trans::none;
  Precision precision = Precision::working;
  bool min_norm = false;     ///< where A is singular or rcond < eps: the minimum-norm answer instead of the plain one
  bool check_finite = true;  ///< refuse NaN and infinities in A and b
  Stop stop = {};
};

/// The evidence for an answer. Quantities that were not computed are NaN (rank: -1).
struct Certificate {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  Method method = Method::none;
  Kind structure = Kind::general;
  int regime = 1;
  Index rank = -1;
  double rcond = unknown;                ///< reciprocal 1-norm condition number, after equilibration
  double effective_condition = unknown;  ///< sigma_1 / sigma_rank, where a rank was decided
  double backward_error =
      unknown;  ///< ||b - A x|| / (||A|| ||x|| + ||b||), infinity norms; the largest over right-hand sides
  double forward_error = unknown;  ///< upper bound (proven) or estimate of ||x - x_true|| / ||x||
  bool proven = false;             ///< forward_error is a bound, not an estimate
  double residual_norm = unknown;  ///< ||b - A x||_2
  int refinements = 0;
};

}  // namespace hessolve
