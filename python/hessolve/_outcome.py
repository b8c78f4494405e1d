# SPDX-License-Identifier: BSD-3-Clause
"""Outcomes of the compiled module become an exception, a warning or a field in `raise_for`, and nowhere else."""

import math
import os
import sys
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core
from ._reasons import ConvergenceError, IllConditionedWarning, NotPositiveDefiniteError, Reason, SingularMatrixError

if TYPE_CHECKING:
    from ._solution import Solution

FINE = np.array([name in ("ok", "converged") for name in _core.REASONS])
_BY_GRAVITY = [Reason.stopped, Reason.singular, Reason.not_positive_definite, Reason.ill_conditioned]
_BY_GRAVITY += [reason for reason in Reason if reason not in ("ok", "converged", *_BY_GRAVITY)]
_BREAKDOWN = {
    "cg": "`A` or `M` is not positive definite. Use method='minres' without M, or method='gmres'.",
    "minres": "`M` is not positive definite. Leave it out or use method='gmres'.",
    "chebyshev": "`A` has an eigenvalue that is not positive. Use method='minres' or method='gmres'.",
}
_DIVIDED_BY_ZERO = "it divided by zero. Use method='gmres'."
_ITERATION_ADVICE = {
    Reason.max_iterations: "Allow more with maxiter, give a preconditioner (hs.preconditioner(A, kind)), "
    "or use a direct method (hs.solve(A, b)).",
    Reason.stagnated: "The residual no longer falls: A may be singular (method='lsmr' gives a least squares answer), "
    "or rtol is below what rounding allows.",
    Reason.diverged: "The residual grew without bound; hs.predict_convergence(A, method) tells beforehand. "
    "Use method='auto' or a smaller omega.",
}


@dataclass
class Context:
    """What `raise_for` has to know about the call whose outcome it judges."""

    shapes: dict[str, tuple[int, ...]]  # of the arguments as the caller passed them; "A" first
    dtype: np.dtype[Any]
    advice: str  # the call to try next where A is singular
    answer: str = "x"
    on_singular: str = "raise"  # "raise", "warn"; where the solver itself takes the minimum norm it reports ok
    as_solution: bool = False  # a Solution carries the reasons: a batch does not raise, and forward_error is judged
    overwritten: bool = False
    keyword: bool = False  # the function has check_finite
    solution: "Solution | None" = None  # of an iteration: its last iterate, for ConvergenceError
    retry: str = "hs.solve(A, b) without method and assume_a"  # where A is not positive definite
    renamed: dict[str, str] = field(default_factory=dict)  # arguments to which the compiled module gives other names
    reordered: bool = False  # columns were eliminated in an order of their own: no leading minor can be named

    @property
    def eps(self) -> float:
        return float(np.finfo(self.dtype).eps)

    @property
    def matrix(self) -> str:
        return f"`A` {self.shapes['A']}"

    def text(self, reason: Reason, where: int) -> str | None:
        """Return what to say of an outcome, None for the usual sentence."""
        return None


@dataclass
class IterationContext(Context):
    """Of an iteration; without ``solution`` of a splitting, preconditioner or prediction for a matrix."""

    method: str = ""  # as the message names it
    target: float = 0.0  # the residual norm that was asked for
    fatal: bool = True  # an iteration that did not converge is an error; else a warning, and `advice` says what to do

    def text(self, reason: Reason, where: int) -> str | None:
        if reason is Reason.zero_diagonal:
            zero = f"has a zero on its diagonal in row {where}, which {self.method} divides by"
            return f"{self.matrix} {zero}; reorder the rows."
        if reason is Reason.singular:
            return f"{self.matrix}: the diagonal block of {self.method} with row {where} is singular; reorder the rows."
        if reason is Reason.not_positive_definite:
            row = f": no positive pivot in row {where}" if where >= 0 else ""
            return f"{self.matrix} is not positive definite{row}, as {self.method} needs it."
        if self.solution is None:
            return None
        after = f"after {self.solution.iterations} iterations"
        left = f"the residual is {self.solution.residual_norm:.1e}, and {self.target:.1e} was asked for"
        if reason is Reason.non_finite:
            found = f"x for {self.matrix} has a NaN or infinity {after} of {self.method}"
            return f"{found}, by overflow; scale `A` and `b`."
        if reason is Reason.stopped:
            return f"{self.matrix}: the callback stopped the iteration {after} of {self.method}; {left}."
        if reason is Reason.breakdown:
            return f"{self.matrix}: {self.method} broke down {after}: {_BREAKDOWN.get(self.method, _DIVIDED_BY_ZERO)}"
        advice = _ITERATION_ADVICE.get(reason, reason.advice) if self.fatal else self.advice
        return f"{self.matrix}: {reason} {after} of {self.method}: {left}. {advice}"


class Outcome:
    """What a compiled call says that returns no report: the reason, and the row or column to blame or -1."""

    non_finite = None
    dependent: tuple[int, ...] = ()
    rcond = forward_error = backward_error = np.asarray(np.nan)
    proven = np.asarray(False)

    def __init__(self, found: tuple[int, int]) -> None:
        self.reason, self.where = np.asarray(found[0]), np.asarray(found[1])


def raise_for(report: "_core.Report | Outcome", context: Context) -> None:
    """Raise the error or give the warning that the outcome of a call deserves; return where it is in order."""
    codes = np.asarray(report.reason)
    if report.non_finite is not None:
        raise ValueError(_non_finite_message(codes, report.non_finite, context))
    if codes.any() and not FINE[codes].all():
        _judge(codes, report, context)
    elif context.as_solution:
        worst = np.nanmax(report.forward_error, initial=0.0)
        if worst > context.eps**0.25:
            kind = "proven bound" if report.proven.all() else "estimate"
            size = f"the relative error of {context.answer} may reach {worst:.1e} ({kind})"
            known = report.rcond[~np.isnan(report.rcond)]
            rcond = f" (rcond {known.min():.1e})" if known.size else ""
            warn(f"{context.matrix} is ill-conditioned{rcond}: {size}; {_digits_text(worst, context)}.")


def _judge(codes: NDArray[Any], report: "_core.Report | Outcome", context: Context) -> None:
    """Raise or warn for the gravest reason met, naming the first slice that has it."""
    reason = next(r for r in _BY_GRAVITY if (codes == _code(r)).any())
    if reason is Reason.stopped and context.solution is None:
        raise KeyboardInterrupt
    slices = np.argwhere(codes == _code(reason))
    index = tuple(int(i) for i in slices[0])
    message = _message(reason, index, len(slices), codes, report, context)
    quiet = context.as_solution and codes.ndim > 0  # each slice has its own reason
    if isinstance(context, IterationContext) and context.solution is not None:
        if context.fatal:
            raise ConvergenceError(message, context.solution)
        warn(message)
        return
    if reason in (Reason.singular, Reason.ill_conditioned):
        fatal = context.overwritten if reason is Reason.ill_conditioned else context.on_singular == "raise"
        if fatal and not quiet:
            raise SingularMatrixError(message)
        warn(message)
    elif reason is Reason.stagnated:  # a direct method: there is an answer
        warn(message)
    elif quiet or reason is Reason.non_finite:
        warn(message, RuntimeWarning)
    elif reason is Reason.not_positive_definite:
        raise NotPositiveDefiniteError(message)
    elif reason is Reason.zero_diagonal:
        raise SingularMatrixError(message)
    else:
        raise ConvergenceError(message)


def _message(
    reason: Reason,
    index: tuple[int, ...],
    count: int,
    codes: NDArray[Any],
    report: "_core.Report | Outcome",
    context: Context,
) -> str:
    where = int(report.where[index])
    own = context.text(reason, where)
    if own is not None:
        return own
    place = _arrays.slice_text(index, " in slice {}") + (f" and {count - 1} more" if count > 1 else "")
    if reason is Reason.not_positive_definite:
        minor = f"the leading minor of order {where + 1} (column {where}) is not positive"
        pivot = f"no positive pivot is left in column {where}"
        column = f": {pivot if context.reordered else minor}" if where >= 0 else ""
        advice = f"Use {context.retry}{_arrays.fresh_copies(context.overwritten)}."
        return f"{context.matrix} is not positive definite{place}{column}. {advice}"
    if reason is Reason.non_finite:
        cause = "by overflow or from the data; scale or clean the data"
        return f"{context.answer} for {context.matrix} has a NaN or infinity{place}, {cause}."
    if reason is Reason.stagnated:
        error = f"backward error {float(report.backward_error[index]):.1e}, above n eps"
        return f"{context.answer} for {context.matrix}{place} has the {error}. {reason.advice}"
    if reason not in (Reason.singular, Reason.ill_conditioned):
        return f"{context.matrix}{place}: {reason}. {reason.advice}"
    blamed = np.argwhere((codes == _code(Reason.singular)) | (codes == _code(Reason.ill_conditioned)))[0]
    columns: Sequence[int] = report.dependent if tuple(blamed) == index else ()
    cause = _dependence(columns, where, reason)
    if reason is Reason.singular:
        return f"{context.matrix} is singular{place}{cause}. {context.advice}"
    rcond = float(report.rcond[index])
    bound = float(report.forward_error[index])
    trust = _digits_text(context.eps / rcond if math.isnan(bound) and rcond > 0 else bound, context)
    verdict = f"is singular to working precision{place} (rcond {rcond:.1e})"
    return f"{context.matrix} {verdict}{cause}; {trust}. {context.advice}"


def _dependence(columns: Sequence[int], where: int, reason: Reason) -> str:
    if not columns:
        return f": no pivot is left in column {where}" if where >= 0 and reason is Reason.singular else ""
    *others, last = columns
    if not others:
        return f": column {last} is {'zero' if reason is Reason.singular else 'negligible'}"
    listed = ", ".join(map(str, others[:6])) + (f" and {len(others) - 6} more" if len(others) > 6 else "")
    return f": column {last} depends on column{'s' if len(others) > 1 else ''} {listed}"


def _digits_text(error: float, context: Context) -> str:
    digits = round(-math.log10(context.eps))
    left = digits if error <= 0 else math.floor(-math.log10(error)) if error < 1 else 0  # NaN is 0 as well
    return f"about {min(left, digits)} of {digits} digits of {context.answer} can be trusted"


def _non_finite_message(codes: NDArray[Any], found: tuple[str, int, int], context: Context) -> str:
    name, row, column = context.renamed.get(found[0], found[0]), *found[1:]
    at = np.argwhere(codes == _code(Reason.non_finite))
    shape = context.shapes[name]
    batch = tuple(int(i) for i in at[0]) if len(at) and len(shape) > 2 and codes.shape == shape[:-2] else ()
    return _arrays.non_finite_text(name, shape, row, column, batch, context.keyword)


def warn(message: str, category: type[Warning] = IllConditionedWarning) -> None:
    """Warn at the line of the caller's code that called into the package."""
    inside, level, frame = os.path.dirname(__file__) + os.sep, 1, sys._getframe()
    while frame.f_back is not None and frame.f_code.co_filename.startswith(inside):
        level, frame = level + 1, frame.f_back
    warnings.warn(message, category, stacklevel=level)


def is_singular(report: _core.Report) -> NDArray[np.bool_]:
    """Tell which systems met an exactly zero pivot."""
    return np.asarray(report.reason == _code(Reason.singular))


def _code(reason: Reason) -> int:
    return _core.REASONS.index(reason.value)
