// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/hessian/dual.hpp>
#include <hessolve/hessian/modify.hpp>

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

/// Newton's method: the step from a Hessian, repaired where it is not positive definite, and minima of templated
/// functors by such steps.
namespace hessolve {

struct NewtonOptions {
  bool repair = true;  ///< whether a Hessian that is not positive definite may be changed
  Modification modify = Modification::automatic;
  NegativeCurvature negative = NegativeCurvature::reflect;
};

/// What a step was made from.
template <class R>
struct NewtonReport {
  Modification method = Modification::automatic;  ///< `automatic` where H was positive definite: E = 0
  bool modified = false;
  R E_norm = 0;    ///< ||E||_2
  R shift = 0;     ///< as in ModifyReport
  R slope = 0;     ///< g^T p, below zero unless g = 0
  R decrease = 0;  ///< of the model g^T p + p^T (H + E) p / 2, which is -g^T p / 2
};

/// p := the solution of (H + E) p = -g, with E = 0 where H is positive definite beyond rounding: each pivot of its
/// Cholesky factorisation above 8 n eps times the diagonal element that it began as. H is symmetric, its lower
/// triangle is read; p may be g.
/// @return ok; not_positive_definite with the column where E would be needed and is not allowed, or (max_element) was
/// not enough; breakdown and stagnated as modify_hessian; non_finite with the row of H or g, or -1 where p overflows.
/// n^3 / 3 flops where E = 0, else as modify_hessian.  [Nocedal and Wright, 3.4]
template <class R>
[[nodiscard]] Outcome newton_step(MatrixView<const R> H, VectorView<const R> g, VectorView<R> p,
                                  const NewtonOptions& options, NewtonReport<R>& report);

struct MinimizeOptions {
  NewtonOptions step;
  double gradient_tolerance = 1e-8;  ///< of the largest element
  Index max_iterations = 200;
};

template <class R>
struct MinimizeReport {
  R value = 0;
  R gradient_norm = 0;    ///< the largest element
  Index iterations = 0;   ///< Newton steps taken
  Index evaluations = 0;  ///< of f alone; gradient and Hessian come once an iteration
  Index repaired = 0;     ///< steps for which the Hessian was changed
};

namespace detail {

template <class R>
[[nodiscard]] R largest_element(const std::vector<R>& v) {
  R largest = 0;
  for (const R entry : v) {
    largest = std::max(largest, std::abs(entry));
  }
  return largest;
}

}  // namespace detail

/// x := a local minimum of the functor f (as in hessian), from x0 by Newton steps with exact derivatives, each halved
/// until f falls by 1e-4 of what its slope promises; a saddle only where x0 leads exactly there. x and x0 are n x 1 and
/// may be the same.
/// @return converged; max_iterations; stagnated where no step along p lowers f though the gradient is above the
/// tolerance (rounding); non_finite where f at x0, or a derivative at a point reached, is not finite; others as
/// newton_step. Allocates n^2 elements. [Nocedal and Wright, 3.1, 3.4]
template <class F, class R>
[[nodiscard]] Outcome minimize(F&& f, In<R> x0, MatrixView<R> x, const MinimizeOptions& options,
                               MinimizeReport<R>& report) {
  const Index n = x0.rows;
  const auto count = static_cast<std::size_t>(n);
  std::vector<R> at(count);
  std::vector<R> trial(count);
  std::vector<R> g(count);
  std::vector<R> p(count);
  std::vector<R> h(count * count);
  const auto value = [&](const std::vector<R>& point) {
    ++report.evaluations;
    return f(Arguments<R>(point.data(), n));
  };
  const auto finish = [&](Outcome outcome) {
    for (Index i = 0; i < n; ++i) {
      x(i, 0) = at[static_cast<std::size_t>(i)];
    }
    return outcome;
  };
  for (Index i = 0; i < n; ++i) {
    at[static_cast<std::size_t>(i)] = x0(i, 0);
  }
  report = {};
  report.value = value(at);
  if (!std::isfinite(report.value)) {
    return finish({Reason::non_finite});
  }
  bool hidden = false;  // the last step was too short to be seen in f, and taken for the gradient's sake
  for (;; ++report.iterations) {
    const R norm = report.gradient_norm;
    const Outcome slope = gradient(f, column(at.data(), n), column(g.data(), n));
    if (!slope.ok()) {
      return finish(slope);
    }
    report.gradient_norm = detail::largest_element(g);
    if (report.gradient_norm <= static_cast<R>(options.gradient_tolerance)) {
      return finish({Reason::converged});
    }
    if (hidden && !(report.gradient_norm < R(0.95) * norm)) {
      return finish({Reason::stagnated});
    }
    if (report.iterations == options.max_iterations) {
      return finish({Reason::max_iterations});
    }
    NewtonReport<R> step;
    Outcome outcome = hessian(f, column(at.data(), n), row_major(h.data(), n, n));
    if (outcome.ok()) {
      outcome = newton_step<R>(row_major(h.data(), n, n), VectorView<const R>{g.data(), n, 1},
                               VectorView<R>{p.data(), n, 1}, options.step, step);
    }
    if (!outcome.ok()) {
      return finish(outcome);
    }
    report.repaired += step.modified ? 1 : 0;
    const R unseen = 8 * std::numeric_limits<R>::epsilon() * std::abs(report.value);
    for (R t = 1;; t /= 2) {
      bool moved = false;
      for (std::size_t i = 0; i < count; ++i) {
        trial[i] = at[i] + t * p[i];
        moved = moved || trial[i] != at[i];
      }
      if (!moved) {
        return finish({Reason::stagnated});
      }
      const R after = value(trial);
      hidden = t == 1 && step.decrease <= unseen && after <= report.value + unseen;
      if (hidden || after <= report.value + R(1e-4) * t * step.slope) {  // false for NaN
        report.value = after;
        at = trial;
        break;
      }
    }
  }
}

}  // namespace hessolve
