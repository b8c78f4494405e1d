// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/dense/structure.hpp>

#include <cstdint>
#include <functional>
#include <limits>
#include <string>
#include <vector>

namespace hessolve {

/// How a system is iterated. The splittings A = S - T first, then polynomial and row methods, then Krylov's.
enum class Iteration : signed char {
  automatic,  ///< as a wish: chosen by structure
  richardson,
  jacobi,
  gauss_seidel,
  gauss_seidel_backward,
  gauss_seidel_symmetric,
  sor,
  ssor,
  block_jacobi,
  chebyshev,
  kaczmarz,
  cg,
  minres,
  gmres,
  lsqr,
  lsmr,
};

/// "auto", "richardson", "jacobi", "gauss-seidel", ...
[[nodiscard]] const char* name(Iteration method);

/// The order in which Gauss-Seidel, SOR and SSOR visit the rows.
enum class Ordering : signed char {
  natural,
  red_black,   ///< two colours; no row refers to a row of its own colour
  multicolor,  ///< as many colours as a greedy colouring needs
  level,       ///< natural order's own result, rows that do not wait for each other at once
};

/// "natural", "red-black", "multicolor", "level"
[[nodiscard]] const char* name(Ordering ordering);

/// Methods that visit the rows one after the other, so that their order matters.
[[nodiscard]] constexpr bool is_ordered(Iteration method) {
  return method >= Iteration::gauss_seidel && method <= Iteration::ssor;
}
/// Methods made of sweeps over the entries of A.
[[nodiscard]] constexpr bool is_sweep(Iteration method) {
  return (method >= Iteration::richardson && method <= Iteration::block_jacobi) || method == Iteration::kaczmarz;
}
/// Methods that a preconditioner M can be given to.
[[nodiscard]] constexpr bool takes_preconditioner(Iteration method) {
  return method == Iteration::richardson || method == Iteration::chebyshev || method == Iteration::cg ||
         method == Iteration::minres || method == Iteration::gmres;
}
/// Methods whose theory needs a Hermitian A.
[[nodiscard]] constexpr bool needs_hermitian(Iteration method) {
  return method == Iteration::cg || method == Iteration::minres || method == Iteration::chebyshev;
}
/// Methods for any shape of A.
[[nodiscard]] constexpr bool is_rectangular(Iteration method) {
  return method == Iteration::lsqr || method == Iteration::lsmr || method == Iteration::kaczmarz;
}

/// Rows of a block of block-jacobi.
inline constexpr Index jacobi_block = 8;

struct IterateOptions {
  static constexpr double automatic = std::numeric_limits<double>::quiet_NaN();

  Iteration method = Iteration::automatic;
  Ordering ordering = Ordering::natural;
  double rtol = 1e-8;
  double atol = 0;
  Index maxiter = -1;        ///< -1: 10 n, at least 100 and at most 100000
  double omega = automatic;  ///< relaxation; automatic: Young's where his theory holds, else as the report says
  Index restart = 0;         ///< of gmres; 0: 100, less where 100 vectors would take more than half a gigabyte
  bool random_rows = false;  ///< kaczmarz draws rows in proportion to their squared norms instead of in turn
  std::uint64_t seed = 0;    ///< of random rows and of start vectors
  Stop stop = {};
};

/// Called with the iteration, the residual norm and the iterate every `every` iterations; true ends the iteration.
/// It may throw.
template <class T>
struct Observer {
  Index every = 0;
  std::function<bool(Index iteration, double residual_norm, const T* x)> call = {};

  [[nodiscard]] bool wants(Index iteration) const { return call && every > 0 && iteration % every == 0; }
};

/// How an iteration went.
struct IterateReport {
  static constexpr double unknown = std::numeric_limits<double>::quiet_NaN();

  Iteration method = Iteration::automatic;
  Index iterations = 0;
  double residual_norm = unknown;   ///< the true one, ||b - A x||_2; infinity where x is not finite
  double backward_error = unknown;  ///< ||r|| / (||A|| ||x|| + ||b||), infinity norms, where the entries of A are
                                    ///< known; of lsqr and lsmr, where r did not become small, the perturbation of A
                                    ///< that makes x a minimiser, relative to ||A||_F
  double omega = unknown;           ///< where the method has one
  Index colors = 0;                 ///< of a coloured ordering, or levels
  std::string why;                  ///< of automatic choices, in words
  Kind structure = Kind::general;   ///< what was seen of A: general, Hermitian, or a candidate for cg
  std::vector<double> history;      ///< residual norms, of x0 first
};

}  // namespace hessolve
