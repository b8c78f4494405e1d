// SPDX-License-Identifier: BSD-3-Clause
#pragma once
#include <hessolve/core/scalars.hpp>

#include <stdexcept>
#include <string>

namespace hessolve {

/// How a computation ended. Numerical outcomes are values; only a caller's mistake (a wrong shape) is an exception.
enum class Reason : signed char {
  ok,                     ///< solved as asked
  converged,              ///< an iteration met its tolerance
  singular,               ///< an exactly zero pivot; `where` is its column
  not_positive_definite,  ///< Cholesky met a pivot that is not positive; `where` is its column
  ill_conditioned,        ///< solved, but the reciprocal condition number is below eps: no digit need be right
  zero_diagonal,          ///< a splitting needs a nonzero diagonal; `where` is the row
  max_iterations,
  stagnated,  ///< refinement or an iteration makes no more progress; there is an answer, short of the tolerance
  diverged,
  breakdown,
  non_finite,  ///< a NaN or infinity in the input; `where` is its row
  stopped,     ///< the caller's stop request
};

/// A reason and the row or column it points to (-1: none).
struct [[nodiscard]] Outcome {
  Reason reason = Reason::ok;
  Index where = -1;

  /// x holds an answer that may be trusted as far as the certificate says.
  [[nodiscard]] bool ok() const { return reason == Reason::ok || reason == Reason::converged; }
  explicit operator bool() const { return ok(); }
};

/// "singular", "not_positive_definite", ...
[[nodiscard]] const char* name(Reason reason);
/// One sentence of advice for each reason.
[[nodiscard]] const char* advice(Reason reason);

/// What the convenience layers throw where there is no answer; the views-in, views-out functions never do.
class NumericalError : public std::runtime_error {
 public:
  explicit NumericalError(Outcome why)
      : std::runtime_error(std::string(name(why.reason)) + (why.where < 0 ? "" : " at " + std::to_string(why.where)) +
                           ": " + advice(why.reason)),
        outcome_(why) {}
  [[nodiscard]] Outcome outcome() const { return outcome_; }

 private:
  Outcome outcome_;
};

}  // namespace hessolve
