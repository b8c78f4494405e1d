# SPDX-License-Identifier: BSD-3-Clause
"""The reasons a solver can give, each with a paragraph of advice; the errors and the warning made from them."""

from enum import StrEnum
from typing import Any

import numpy as np


class Reason(StrEnum):
    """Why a solver stopped. A member is a string (``s.reason == "ok"``); its ``advice`` says what to do about it."""

    advice: str

    def __new__(cls, value: str, advice: str) -> "Reason":
        member = str.__new__(cls, value)
        member._value_ = value
        member.advice = member.__doc__ = " ".join(advice.split())
        return member

    ok = "ok", "A direct method answered, and what was checked was in order. Nothing to do."
    converged = "converged", "An iteration reached its tolerance in the true residual. Nothing to do."
    singular = (
        "singular",
        """A pivot is exactly zero: A has no inverse, and A x = b has no solution or infinitely many. Some column is a
        combination of the others; the message names it. Leave it out, or take the minimum-norm answer of
        hs.backslash.""",
    )
    not_positive_definite = (
        "not_positive_definite",
        """A Cholesky factorisation met a pivot that is not positive, though A was said to be positive definite. Leave
        out assume_a and method, or use method="ldlt", which needs symmetry alone. A covariance that should be positive
        definite often has dependent or repeated variables.""",
    )
    ill_conditioned = (
        "ill_conditioned",
        """The reciprocal condition number is below the rounding unit even after equilibration: A is singular to working
        precision, and few digits of x can be trusted, if any. hs.backslash decides the rank and gives the minimum-norm
        answer; the message names the column that all but depends on others.""",
    )
    zero_diagonal = (
        "zero_diagonal",
        """An iteration divides by the diagonal of A, which has a zero. Reorder the rows, or use a direct method.""",
    )
    max_iterations = (
        "max_iterations",
        """The number of iterations was used up before the tolerance was met. Allow more of them, ask for less, or use a
        direct method.""",
    )
    stagnated = (
        "stagnated",
        """The residual stopped falling above the tolerance (n eps where a direct method refines): rounding errors,
        numbers near the ends of the number range, or a tolerance below what the condition of A admits. Scale A and b;
        of an iteration ask for less, or use a direct method.""",
    )
    diverged = (
        "diverged",
        """The residual grew without bound: the iteration does not converge for this matrix. Use another method.""",
    )
    breakdown = (
        "breakdown",
        """A quantity that the method divides by vanished, which its theory excludes only for the matrices that it is
        made for. Use a method for general matrices.""",
    )
    non_finite = (
        "non_finite",
        """NaN or infinity, in the data where check_finite=False let it pass, or by overflow on the way. Clean the data,
        or scale it to moderate size.""",
    )
    stopped = "stopped", "A keyboard interrupt or a callback stopped the work before it was done; there is no answer."


class SingularMatrixError(np.linalg.LinAlgError):
    """A matrix has no inverse, or none in working precision where nothing is left to check the answer with."""

    __module__ = "hessolve"


class NotPositiveDefiniteError(np.linalg.LinAlgError):
    """A matrix that was said to be positive definite is not."""

    __module__ = "hessolve"


class ConvergenceError(np.linalg.LinAlgError):
    """An iteration ended without an answer of the quality asked for; ``solution`` holds its last iterate, or None."""

    __module__ = "hessolve"

    def __init__(self, message: str, solution: Any = None) -> None:
        super().__init__(message)
        self.solution = solution


class IllConditionedWarning(RuntimeWarning):
    """An answer was returned of which few digits can be trusted, or none."""

    __module__ = "hessolve"
