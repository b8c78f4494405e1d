# SPDX-License-Identifier: BSD-3-Clause
"""What a solve returns besides x: `Solution`, `Plan`, `Reason`, the errors and the warning."""

from collections import Counter
from dataclasses import dataclass
from html import escape
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core
from ._outcome import FINE
from ._outcome import Context as Context
from ._outcome import is_singular as is_singular
from ._outcome import raise_for as raise_for
from ._outcome import warn as warn
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
        converged=_plain(FINE[report.reason]),
        reason=_REASONS[report.reason],
        history=None,
        seconds=report.seconds,
        singular_values=singular_values,
    )


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
