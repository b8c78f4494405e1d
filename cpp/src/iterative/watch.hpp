// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include "iterative/vectors.hpp"

#include <hessolve/iterative/operator.hpp>

#include <chrono>

namespace hessolve {

/// What every iteration has in common: its target, its history, and the reasons to end it.
template <class T>
class Watch {
  using Clock = std::chrono::steady_clock;

 public:
  /// `window`: so many iterations must lower the smallest residual by one part in a million, or it has stagnated;
  /// 0: never.
  Watch(const Operator<T>& A, const T* b, const IterateOptions& options, const Observer<T>& observer,
        IterateReport& report, Index window)
      : A_(A),
        b_(b),
        options_(options),
        observer_(observer),
        report_(report),
        window_(window) {
    norm_b_ = static_cast<double>(vectors::norm(A.rows(), b));
    target_ = std::max(options.rtol * norm_b_, options.atol);
  }

  /// r := b - A x, its norm; the beginning of the history.
  double start(const T* x, T* r) {
    const double norm = true_residual(x, r);
    first_ = norm;
    best_ = at_checkpoint_ = norm;
    report_.history.assign(1, norm);
    report_.iterations = 0;
    return norm;
  }
  double true_residual(const T* x, T* r) const {
    A_.residual(b_, x, r);
    return static_cast<double>(vectors::norm(A_.rows(), r));
  }
  [[nodiscard]] bool met(double residual) const { return residual <= target_; }
  [[nodiscard]] double target() const { return target_; }
  [[nodiscard]] Index limit() const { return options_.maxiter; }
  [[nodiscard]] Index iterations() const { return report_.iterations; }
  [[nodiscard]] Outcome outcome() const { return outcome_; }
  Outcome end(Reason reason) { return outcome_ = {reason, -1}; }

  /// One more iteration is done. `iterate()` gives x where someone looks at it; `measure` falls as x improves.
  /// @return whether to go on.
  template <class Iterate>
  bool next(double residual, double measure, Iterate&& iterate) {
    const Index k = ++report_.iterations;
    report_.history.push_back(residual);
    if (!(residual <= std::numeric_limits<double>::max())) {
      return over(Reason::diverged, false);
    }
    if (const double grown = 1e3 / std::sqrt(static_cast<double>(epsilon<T>));
        residual > grown * std::max(first_, norm_b_)) {
      return over(Reason::diverged, false);
    }
    if (observer_.wants(k) && observer_.call(k, residual, iterate())) {
      return over(Reason::stopped, false);
    }
    if (const auto now = Clock::now(); now - asked_ > std::chrono::milliseconds(20)) {
      asked_ = now;
      if (options_.stop.requested()) {
        return over(Reason::stopped, false);
      }
    }
    best_ = std::min(best_, measure);
    if (met(residual)) {
      return true;
    }
    if (window_ > 0 && k - checkpoint_ >= window_) {
      if (!(best_ < at_checkpoint_ * (1 - 1e-6))) {
        return over(Reason::stagnated, false);
      }
      checkpoint_ = k;
      at_checkpoint_ = best_;
    }
    if (k >= options_.maxiter) {
      return over(Reason::max_iterations, false);
    }
    return true;
  }
  template <class Iterate>
  bool next(double residual, Iterate&& iterate) {
    return next(residual, residual, std::forward<Iterate>(iterate));
  }

  /// The recurrence says that the target is met; `norm` is the true residual's. @return whether that is the end:
  /// converged, or the second time that rounding has spoilt what the recurrence promised.
  bool verified(double norm) {
    if (met(norm)) {
      return over(Reason::converged, true);
    }
    if (report_.iterations >= options_.maxiter) {
      return over(Reason::max_iterations, true);
    }
    if (!(norm < promised_ / 2)) {
      return over(Reason::stagnated, true);
    }
    promised_ = norm;
    return false;
  }

 private:
  bool over(Reason reason, bool answer) {
    outcome_ = {reason, -1};
    return answer;
  }

  const Operator<T>& A_;
  const T* b_;
  const IterateOptions& options_;
  const Observer<T>& observer_;
  IterateReport& report_;
  Index window_;
  Outcome outcome_{Reason::max_iterations, -1};
  double norm_b_ = 0;
  double target_ = 0;
  double first_ = 0;
  double best_ = 0;
  double at_checkpoint_ = 0;
  Index checkpoint_ = 0;
  double promised_ = std::numeric_limits<double>::infinity();
  Clock::time_point asked_ = Clock::now();
};

}  // namespace hessolve
