// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/outcome.hpp>
#include <hessolve/core/stop.hpp>
#include <hessolve/core/view.hpp>

namespace hessolve {

struct BasisPursuitOptions {
  double tol = 1e-8;  ///< of the duality gap, relative to ||x||_1
  Index max_iterations = 100;
  Stop stop{};
};

struct BasisPursuitReport {
  double gap = 0;        ///< ||x||_1 - b^T y: ||x||_1 is at most this far above its minimum
  Index iterations = 0;  ///< factorisations of an r x r matrix, r the rank of A
};

/// Minimise ||x||_1 subject to A x = b, T real, A m x n, b m x 1: x n x 1, and y m x 1, the dual vector with
/// ||A^T y||_inf <= 1. The linear programme of [Chen, Donoho & Saunders 2001, doi 10.1137/S003614450037906X] by the
/// predictor-corrector method of [Mehrotra 1992, doi 10.1137/0802028], in double whatever T. Dependent rows that agree
/// with the others are left out.
/// @return converged; max_iterations, x then satisfies A x = b and gap says how far it is; singular where no x
/// satisfies A x = b; non_finite with the row; stopped. @throws std::invalid_argument where shapes disagree.
template <class T>
[[nodiscard]] Outcome basis_pursuit(In<T> A, In<T> b, MatrixView<T> x, MatrixView<T> y,
                                    const BasisPursuitOptions& options = {}, BasisPursuitReport* report = nullptr);

}  // namespace hessolve
