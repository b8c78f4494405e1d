// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/least_squares/ridge.hpp>

namespace hessolve {

/// How the penalty of ridge is chosen.
enum class AlphaCriterion : signed char {
  loo,          ///< least mean squared error of leaving one row out
  gcv,          ///< least generalised cross-validation
  l_curve,      ///< the corner of (log ||e||, log ||w||): largest curvature [Hansen 1992, doi 10.1137/1034115]; where
                ///< there are fewer than three penalties, or no corner, least gcv
  discrepancy,  ///< ||e|| = noise sqrt(m) [Morozov 1966]; need not be one of the penalties given
  max_element,  ///< 1 / max(X^T X); looks at neither y nor the penalties
};
[[nodiscard]] const char* name(AlphaCriterion criterion);

/// One penalty for all targets, from k >= 1 that descend; sums over the targets are compared. `path` receives what
/// ridge_path says of them and may lack nothing (max_element: not touched). `chosen` is NaN where no penalty leaves a
/// residual of the size of the noise, or X is zero (max_element). ||e|| grows with alpha, so that discrepancy searches
/// by grids, each between two neighbours of the one before: about six decompositions instead of one.
/// @return as ridge_path.
template <class T>
[[nodiscard]] Outcome select_alpha(In<T> X, In<T> Y, const double* alpha, Index k, AlphaCriterion criterion,
                                   double noise, double& chosen, const RidgePath<T>& path,
                                   const RidgeOptions<T>& options = {});

}  // namespace hessolve
