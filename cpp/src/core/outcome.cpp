// SPDX-License-Identifier: BSD-3-Clause
#include <hessolve/core/outcome.hpp>

namespace hessolve {

const char* name(Reason reason) {
  switch (reason) {
    case Reason::ok: return "ok";
    case Reason::converged: return "converged";
    case Reason::singular: return "singular";
    case Reason::not_positive_definite: return "not_positive_definite";
    case Reason::ill_conditioned: return "ill_conditioned";
    case Reason::zero_diagonal: return "zero_diagonal";
    case Reason::max_iterations: return "max_iterations";
    case Reason::stagnated: return "stagnated";
    case Reason::diverged: return "diverged";
    case Reason::breakdown: return "breakdown";
    case Reason::non_finite: return "non_finite";
    case Reason::stopped: return "stopped";
  }
  return "unknown";
}

const char* advice(Reason reason) {
  switch (reason) {
    case Reason::ok: return "Solved.";
    case Reason::converged: return "The tolerance was met.";
    case Reason::singular: return "The matrix is singular; backslash gives the minimum-norm answer.";
    case Reason::not_positive_definite: return "The matrix is not positive definite; assume it symmetric instead.";
    case Reason::ill_conditioned: return "No digit of x need be right; backslash decides the rank.";
    case Reason::zero_diagonal: return "A splitting needs a nonzero diagonal; reorder the rows.";
    case Reason::max_iterations: return "More iterations or a better preconditioner are needed.";
    case Reason::stagnated: return "The residual no longer falls, and the tolerance is not met.";
    case Reason::diverged: return "The iteration diverges for this matrix; use another method.";
    case Reason::breakdown: return "The iteration divided by zero; use another method or start.";
    case Reason::non_finite: return "A NaN or an infinity in the input, or an answer too large to be represented.";
    case Reason::stopped: return "Stopped on request.";
  }
  return "";
}

}  // namespace hessolve
