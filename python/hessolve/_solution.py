# SPDX-License-Identifier: BSD-3-Clause
"""What a solve returns besides x: `Solution`, `Plan`, `Reason`, the errors and the warning.

`raise_for` is the one place where an outcome of the compiled module becomes an exception, a warning or a field.
"""

import math
import os
import sys
import warnings
from collections import Counter
from dataclasses import dataclass, field
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core
from ._reasons import ConvergenceError, IllConditionedWarning, NotPositiveDefiniteError, Reason, SingularMatrixError

__all__ = [
    "ConvergenceError",
    "IllConditionedWarning",
    "NotPositiveDefiniteError",
    "Plan",
    "Reason",
    "SingularMatrixError",
    "Solution",
]


_METHODS = np.array(_core.METHODS)
_STRUCTURES = np.array(_core.STRUCTURES)
_REASONS = np.array([Reason[name] for name in _core.REASONS], dtype=np.object_)
_FINE = np.array([name in ("ok", "converged") for name in _core.REASONS])
_BY_GRAVITY = [Reason.stopped, Reason.singular, Reason.not_positive_definite, Reason.ill_conditioned]
_BY_GRAVITY += [reason for reason in Reason if reason not in ("ok", "converged", *_BY_GRAVITY)]
_REGIMES = {
    0: "pseudo-inverse, by the SVD",
    1: "square, well posed",
    2: "tall, full rank",
    3: "wide, full rank: minimum norm",
    4: "rank deficient, found by pivoting",
    5: "nearly singular",
    6: "iterative",
    7: "sketched",
}


@dataclass(frozen=True, eq=False, repr=False)
class Solution:
    """The answer of a solver and the evidence for it.

    One value per system (the worst over right-hand sides); for a batch, arrays of the batch shape. None: not computed.

    Attributes
    ----------
    x : ndarray
        The answer, shaped as ``numpy.linalg`` would.
    regime : int
        1 square with rcond >= eps; 2 tall and 3 wide of full rank; 4 rank found deficient by pivoting; 0 answered by
        the SVD; 5 nearly singular, rank not decided; 6 iterative; 7 sketched.
    method, structure : str
        What answered, and what A was found to be.
    rank : int or None
        Where it was decided; -1 in a batch where it was not.
    rcond : float
        Reciprocal condition number in the 1-norm, after equilibration.
    effective_condition : float or None
        Largest over smallest singular value that counts.
    backward_error : float or None
        ``||b - A x|| / (||A|| ||x|| + ||b||)`` in the infinity norm; for least squares an estimate of the optimal one.
    forward_error : float or None
        Upper bound of ``||x - x_true|| / ||x||``: proven where ``error_kind`` is "bound", else an "estimate".
    error_kind : str or None
    residual_norm : float or None
        ``||b - A x||``, 2-norm.
    iterations, refinements : int
    converged : bool
    reason : Reason
    history : ndarray or None
        Residual norms of an iteration.
    seconds : float
        Wall time in the compiled solver, of the whole batch.
    singular_values : ndarray or None
        Of A, descending, where the SVD answered a least squares problem.
    """

    x: NDArray[Any]
    regime: Any
    method: Any
    structure: Any
    rank: Any
    rcond: Any
    effective_condition: Any
    backward_error: Any
    forward_error: Any
    error_kind: Any
    residual_norm: Any
    iterations: Any
    refinements: Any
    converged: Any
    reason: Any
    history: NDArray[np.float64] | None
    seconds: float
    singular_values: NDArray[Any] | None = None

    def __str__(self) -> str:
        rows = self._rows()
        width = max(len(name) for name, _ in rows)
        return "\n".join([f"Solution: {self._title()}", *(f"  {name:<{width}}  {text}" for name, text in rows)])

    __repr__ = __str__

    def _repr_html_(self) -> str:
        rows = "".join(
            f"<tr><th style='text-align:left'>{escape(n)}</th><td>{escape(t)}</td></tr>" for n, t in self._rows()
        )
        return f"<table><caption>Solution: {escape(self._title())}</caption>{rows}</table>"

    def plot(self, ax: Any = None) -> Any:
        """Draw the convergence of an iteration, or the spectrum that the SVD found and the rank decided on it.

        Parameters
        ----------
        ax : matplotlib.axes.Axes, optional
            Where to draw; a new figure by default.

        Returns
        -------
        ax : matplotlib.axes.Axes

        Raises
        ------
        ValueError
            If there is neither.
        ImportError
            If matplotlib is missing.
        """
        from . import plot

        return plot.solution(self, ax=ax)

    def _title(self) -> str:
        return f"x {self.x.shape} {self.x.dtype}"

    def _rows(self) -> list[tuple[str, str]]:
        kind = f" ({self.error_kind})" if isinstance(self.error_kind, str) else ""
        rows = [
            ("reason", _counted(self.reason)),
            ("regime", _counted(self.regime, lambda r: f"{r} ({_REGIMES[int(r)]})")),
            ("method", _counted(self.method)),
            ("structure", _counted(self.structure)),
            ("rank", _counted(self.rank, lambda r: "undecided" if r < 0 else str(r))),
            ("rcond", _ranged(self.rcond)),
            ("effective condition", _ranged(self.effective_condition)),
            ("backward error", _ranged(self.backward_error)),
            ("forward error", _ranged(self.forward_error, "<= ") + kind),
            ("residual norm", _ranged(self.residual_norm)),
            ("iterations", _ranged(self.iterations) if np.any(self.iterations) else ""),
            ("refinements", _ranged(self.refinements) if np.any(self.refinements) else ""),
            ("seconds", f"{self.seconds:.2g}"),
        ]
        return [(name, text) for name, text in rows if text]


@dataclass(frozen=True)
class Plan:
    """What `hessolve.backslash` and `hessolve.solve` would do with a matrix.

    Attributes
    ----------
    structure : str
        What A was found to be.
    regime : int
        As in `Solution`, before anything is known about the condition.
    method : str
        What is tried first.
    methods : tuple of str
        All that may be tried, in this order, until one succeeds.
    flops : float
        Floating-point operations of the first method, for one system of a batch.
    reason : str
        Why this method.
    lower_bandwidth, upper_bandwidth : int
        Number of non-zero diagonals below and above the main one.
    """

    structure: str
    regime: int
    method: str
    methods: tuple[str, ...]
    flops: float
    reason: str
    lower_bandwidth: int
    upper_bandwidth: int

    def __str__(self) -> str:
        rows = [
            ("structure", f"{self.structure}, bandwidths {self.lower_bandwidth} below, {self.upper_bandwidth} above"),
            ("regime", f"{self.regime} ({_REGIMES[self.regime]})"),
            ("method", self.method + "".join(f", then {name}" for name in self.methods[1:])),
            ("cost", f"{self.flops:.2g} flops"),
            ("reason", self.reason),
        ]
        return "\n".join(["Plan", *(f"  {name:<9}  {text}" for name, text in rows)])


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
    solution: Solution | None = None  # for ConvergenceError
    retry: str = "hs.solve(A, b) without method and assume_a"  # where A is not positive definite
    renamed: dict[str, str] = field(default_factory=dict)  # arguments to which the compiled module gives other names

    @property
    def eps(self) -> float:
        return float(np.finfo(self.dtype).eps)

    @property
    def matrix(self) -> str:
        return f"`A` {self.shapes['A']}"


def solution_of(x: NDArray[Any], report: _core.Report, singular_values: NDArray[Any] | None = None) -> Solution:
    """Return the `Solution` of x and what the compiled solver found."""
    forward = _known(report.forward_error)
    return Solution(
        x=x,
        regime=_plain(report.regime),
        method=_plain(_METHODS[report.method]),
        structure=_plain(_STRUCTURES[report.structure]),
        rank=None if report.rank.ndim == 0 and report.rank < 0 else _plain(report.rank),
        rcond=_known(report.rcond),
        effective_condition=_known(report.effective_condition),
        backward_error=_known(report.backward_error),
        forward_error=forward,
        error_kind=_plain(np.where(report.proven, "bound", "estimate")) if forward is not None else None,
        residual_norm=_known(report.residual_norm),
        iterations=_plain(np.zeros_like(report.refinements)),
        refinements=_plain(report.refinements),
        converged=_plain(_FINE[report.reason]),
        reason=_REASONS[report.reason],
        history=None,
        seconds=report.seconds,
        singular_values=singular_values,
    )


def raise_for(report: _core.Report, context: Context) -> None:
    """Raise the error or give the warning that the outcome of a call deserves; return where it is in order."""
    codes = np.asarray(report.reason)
    if report.non_finite is not None:
        raise ValueError(_non_finite_message(codes, report.non_finite, context))
    if codes.any() and not _FINE[codes].all():
        _judge(codes, report, context)
    elif context.as_solution:
        worst = np.nanmax(report.forward_error, initial=0.0)
        if worst > context.eps**0.25:
            kind = "proven bound" if report.proven.all() else "estimate"
            size = f"the relative error of {context.answer} may reach {worst:.1e} ({kind})"
            known = report.rcond[~np.isnan(report.rcond)]
            rcond = f" (rcond {known.min():.1e})" if known.size else ""
            warn(f"{context.matrix} is ill-conditioned{rcond}: {size}; {_digits_text(worst, context)}.")


def _judge(codes: NDArray[Any], report: _core.Report, context: Context) -> None:
    """Raise or warn for the gravest reason met, naming the first slice that has it."""
    reason = next(r for r in _BY_GRAVITY if (codes == _code(r)).any())
    if reason is Reason.stopped:
        raise KeyboardInterrupt
    slices = np.argwhere(codes == _code(reason))
    index = tuple(int(i) for i in slices[0])
    message = _message(reason, index, len(slices), codes, report, context)
    quiet = context.as_solution and codes.ndim > 0  # each slice has its own reason
    if reason in (Reason.singular, Reason.ill_conditioned):
        fatal = context.overwritten if reason is Reason.ill_conditioned else context.on_singular == "raise"
        if fatal and not quiet:
            raise SingularMatrixError(message)
        warn(message)
    elif reason is Reason.stagnated and context.solution is None:  # a direct method: there is an answer
        warn(message)
    elif quiet or reason is Reason.non_finite:
        warn(message, RuntimeWarning)
    elif reason is Reason.not_positive_definite:
        raise NotPositiveDefiniteError(message)
    else:
        raise ConvergenceError(message, context.solution)


def _message(
    reason: Reason, index: tuple[int, ...], count: int, codes: NDArray[Any], report: _core.Report, context: Context
) -> str:
    where = int(report.where[index])
    place = _arrays.slice_text(index, " in slice {}") + (f" and {count - 1} more" if count > 1 else "")
    if reason is Reason.not_positive_definite:
        column = f": the leading minor of order {where + 1} (column {where}) is not positive" if where >= 0 else ""
        advice = f"Use {context.retry}{_arrays.fresh_copies(context.overwritten)}."
        return f"{context.matrix} is not positive definite{place}{column}. {advice}"
    if reason is Reason.non_finite:
        cause = "by overflow or from the data; scale or clean the data"
        return f"{context.answer} for {context.matrix} has a NaN or infinity{place}, {cause}."
    if reason is Reason.stagnated and context.solution is None:
        error = f"backward error {float(report.backward_error[index]):.1e}, above n eps"
        return f"{context.answer} for {context.matrix}{place} has the {error}. {reason.advice}"
    if reason not in (Reason.singular, Reason.ill_conditioned):
        return f"{context.matrix}{place}: {reason}. {reason.advice}"
    blamed = np.argwhere((codes == _code(Reason.singular)) | (codes == _code(Reason.ill_conditioned)))[0]
    columns = report.dependent if tuple(blamed) == index else []
    cause = _dependence(columns, where, reason)
    if reason is Reason.singular:
        return f"{context.matrix} is singular{place}{cause}. {context.advice}"
    rcond = float(report.rcond[index])
    bound = float(report.forward_error[index])
    trust = _digits_text(context.eps / rcond if math.isnan(bound) and rcond > 0 else bound, context)
    verdict = f"is singular to working precision{place} (rcond {rcond:.1e})"
    return f"{context.matrix} {verdict}{cause}; {trust}. {context.advice}"


def _dependence(columns: list[int], where: int, reason: Reason) -> str:
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


def _plain(values: NDArray[Any]) -> Any:
    """Return the Python scalar of one system, or the array of a batch."""
    return values.item() if np.ndim(values) == 0 else np.asarray(values)


def _known(values: NDArray[np.float64]) -> Any:
    """Return None where nothing was computed, which the compiled module writes as NaN."""
    return None if values.size and np.isnan(values).all() else _plain(values)


def _counted(values: Any, text: Any = str) -> str:
    if values is None:
        return ""
    if np.ndim(values) == 0:
        return str(text(values))
    return ", ".join(f"{text(value)}: {count}" for value, count in Counter(np.ravel(values).tolist()).most_common())


def _ranged(values: Any, sign: str = "") -> str:
    if values is None or np.size(values) == 0:
        return ""
    form = "d" if np.asarray(values).dtype.kind == "i" else ".2g"
    low, high = np.nanmin(values), np.nanmax(values)
    if np.ndim(values) == 0 or low == high:
        return sign + format(high, form)
    return f"{sign}{format(low, form)} ... {format(high, form)}"
