# SPDX-License-Identifier: BSD-3-Clause
"""How an iteration ended: its `Solution`, the error where it did not converge, and what is shown while it runs."""

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, _solution
from ._reasons import ConvergenceError, NotPositiveDefiniteError, Reason, SingularMatrixError

Callback = Callable[[int, float, NDArray[Any]], object]


def solution_of(
    x: NDArray[Any], report: _core.Report, details: dict[str, Any], shape: tuple[int, ...]
) -> _solution.Solution:
    """Return the `Solution` of an iteration; its method says why it was chosen."""
    method = details["method"] + (f": {details['why']}" if details["why"] else "")
    plain = _solution.solution_of(x, report)
    return replace(
        plain, method=method, iterations=details["iterations"], history=details["history"], rank=None, rcond=None
    )


def reason_of(code: int) -> Reason:
    """Return the reason that the compiled module means by a number."""
    return Reason[_core.REASONS[code]]


def raise_unless_converged(
    solution: _solution.Solution, report: _core.Report, matrix: str, method: str, target: str
) -> None:
    """Raise ConvergenceError, with the last iterate, unless the iteration has converged."""
    reason = solution.reason
    if reason is Reason.converged:
        return
    row = int(report.where)
    after = f"after {solution.iterations} iterations of {method}"
    left = f"the residual is {solution.residual_norm:.1e}, and {target} was asked for"
    if reason is Reason.stopped:
        text = f"{matrix}: the callback stopped the iteration {after}; {left}."
    elif reason in (Reason.zero_diagonal, Reason.singular):
        text = singular_text(reason, row, matrix, method)
    elif reason is Reason.breakdown:
        text = f"{matrix}: {method} broke down after {solution.iterations} iterations: {_BREAKDOWN.get(method, _OTHER)}"
    else:
        text = f"{matrix}: {reason} {after}: {left}. {_ADVICE[reason]}"
    raise ConvergenceError(text, solution)


_OTHER = "it divided by zero. Use method='gmres'."
_BREAKDOWN = {
    "cg": "`A` or `M` is not positive definite. Use method='minres' without M, or method='gmres'.",
    "minres": "`M` is not positive definite. Leave it out or use method='gmres'.",
    "chebyshev": "`A` has an eigenvalue that is not positive. Use method='minres' or method='gmres'.",
}
_ADVICE = {
    Reason.max_iterations: "Allow more with maxiter, give a preconditioner (hs.preconditioner(A, kind)), "
    "or use a direct method (hs.solve(A, b)).",
    Reason.stagnated: "The residual no longer falls: A may be singular (method='lsmr' gives a least squares answer), "
    "or rtol is below what rounding allows.",
    Reason.diverged: "The residual grew without bound; hs.predict_convergence(A, method) tells beforehand. "
    "Use method='auto' or a smaller omega.",
}


def singular_text(reason: Reason, row: int, matrix: str, method: str) -> str:
    """Say which row a splitting cannot divide by."""
    if reason is Reason.zero_diagonal:
        return f"{matrix} has a zero on its diagonal in row {row}, which {method} divides by; reorder the rows."
    return f"{matrix}: the diagonal block of {method} with row {row} is singular; reorder the rows."


def raise_for_splitting(outcome: tuple[int, int], matrix: str, method: str) -> None:
    """Raise the error for a splitting, preconditioner or prediction that does not exist for a matrix."""
    reason, row = reason_of(outcome[0]), outcome[1]
    if reason in (Reason.zero_diagonal, Reason.singular):
        raise SingularMatrixError(singular_text(reason, row, matrix, method))
    if reason is Reason.not_positive_definite:
        where = f": no positive pivot in row {row}" if row >= 0 else ""
        raise NotPositiveDefiniteError(f"{matrix} is not positive definite{where}, as {method} needs it.")


class Progress:
    """A line on the standard error stream that says how far the residual has fallen."""

    def __init__(self, method: str, target: float) -> None:
        self._title, self._target, self._status = method, target, None
        try:
            console = import_module("rich.console").Console(stderr=True)
            self._status = console.status(f"{method} ...")
        except ImportError:  # plain text will do
            pass

    def __enter__(self) -> "Progress":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()
        else:
            print(file=sys.stderr)

    def show(self, iteration: int, residual: float) -> None:
        text = f"{self._title}: iteration {iteration}, residual {residual:.2e}, wanted {self._target:.2e}"
        if self._status is not None:
            self._status.update(text)
        else:
            print(f"\r{text}", end="", file=sys.stderr, flush=True)


def observer(callback: Callback | None, progress: Progress | None) -> Callable[..., bool] | None:
    """Return what the compiled module calls every few iterations; True ends the iteration."""
    if callback is None and progress is None:
        return None

    def observe(iteration: int, residual: float, x: NDArray[Any] | None) -> bool:
        if progress is not None:
            progress.show(iteration, residual)
        answer = callback(iteration, residual, x) if callback is not None and x is not None else None
        return answer is True or (isinstance(answer, np.bool_) and bool(answer))

    return observe
