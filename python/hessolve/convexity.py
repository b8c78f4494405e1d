# SPDX-License-Identifier: BSD-3-Clause
"""Is a function convex? check_convexity looks for a proof that it is not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays
from ._derivatives import EPS, chosen
from ._differences import Function
from .decompositions import eigh
from .differentiate import hessian

Array = NDArray[Any]
_MOST_PAIRS = 2000


@dataclass(frozen=True, eq=False)
class ConvexityReport:
    """A counterexample to convexity, as far as f is accurate, or that none was found, which proves nothing."""

    counterexample: bool
    kind: str  # "midpoint", "curvature", "none"
    points: Array  # (2, n): f is above its chord half way between them; (1, n): where the curvature is negative
    direction: Array | None  # (n,), of length 1: along it f bends down
    excess: float  # f(middle) less the mean of the ends; the curvature along the direction, < 0
    error: float  # how far rounding and differences may have moved it
    checked: int  # points
    pairs: int
    reason: str

    def __bool__(self) -> bool:
        """Whether there is no counterexample."""
        return not self.counterexample


def check_convexity(f: Callable[[Any], Any], points: ArrayLike) -> ConvexityReport:
    """Look for a counterexample to the convexity of a function.

    Parameters
    ----------
    f : callable
        ``f(x)`` is one real number, x an array (n,).
    points : (k, n) array_like
        Where to look: at the points, and half way between pairs of them.

    Returns
    -------
    report : ConvexityReport
        ``counterexample``; ``kind`` "midpoint": ``points`` (2, n) with f half way above the mean of its ends by
        ``excess``; "curvature": ``points`` (1, n) and a ``direction`` along which the second derivative is ``excess``,
        below zero; "none". ``error`` estimates what rounding did to ``excess``, for values of f that are right to a
        few eps: a function that loses digits on its way, as ``log(1 + exp(x))`` does far below 0 (``logaddexp`` does
        not), may be told to bend down by its rounding. It is true where none was found.

    Raises
    ------
    ValueError
        For points that are not (k, n) or not finite, and as in `hessian`.
    TypeError
        As in `hessian`.

    Notes
    -----
    First the midpoints of all pairs, of at most 2000 spread over them; then the smallest eigenvalue of the Hessian at
    each point. That none is found does not prove convexity. Costs k Hessians and their eigenvalues. Reference: Boyd &
    Vandenberghe, Convex Optimization, 3.1.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> report = hs.check_convexity(lambda x: x[0] ** 2 - x[1] ** 2, [[0.0, 0.0], [1.0, 0.0]])
    >>> report.kind, report.excess
    ('curvature', -2.0)
    >>> bool(hs.check_convexity(lambda x: np.sum(np.exp(x)), [[0.0, 0.0], [1.0, -1.0]]))
    True
    """
    chosen(f, "f", "auto", None, False)
    array = _arrays.as_array(points, "points")
    if array.ndim != 2 or array.size == 0:
        raise ValueError(f"`points` {array.shape} is not (k, n), a row a point.")
    if array.dtype.kind == "c":
        raise TypeError(f"`points` {array.shape} has dtype {array.dtype}; real points are needed.")
    _arrays.check_finite(array, "points")
    at = array.astype(np.float64)
    F = Function(f, at[0], "f", scalar=True, size=1)
    a, b = _pairs(len(at))
    values = F(at)[:, 0]
    middles = F(at[a] / 2 + at[b] / 2)[:, 0] if len(a) else np.zeros(0)
    excess = middles - (values[a] / 2 + values[b] / 2)
    # the middle is rounded as well: half an ulp of x, times the slope along the pair
    distance = np.abs(at[a] - at[b]).max(axis=1, initial=0.0)
    size = np.maximum(np.abs(at[a]), np.abs(at[b])).max(axis=1, initial=0.0)
    slope = (np.abs(values[a] - values[b]) + np.abs(excess)) / np.where(distance > 0, distance, 1)
    error = 8 * F.eps * (np.abs(values[a]) + np.abs(values[b]) + np.abs(middles)) + 8 * EPS * size * slope
    if len(a) and (excess > error).any():
        k = int(np.argmax(excess - error))
        text = f"f half way between points {a[k]} and {b[k]} is above the mean of its ends by {excess[k]:.3g}"
        ends = at[[a[k], b[k]]]
        return ConvexityReport(True, "midpoint", ends, None, float(excess[k]), float(error[k]), len(at), len(a), text)
    for k, x in enumerate(at):
        found = hessian(f, x, full_output=True)
        eigenvalues, vectors = eigh(found.hessian)
        bound = float(np.linalg.norm(found.error)) + 8 * len(x) * EPS * float(np.abs(eigenvalues).max())
        if eigenvalues[0] < -bound:
            text = f"the Hessian at point {k} has the eigenvalue {eigenvalues[0]:.3g}, below -{bound:.1e}"
            return ConvexityReport(
                True, "curvature", x[np.newaxis], vectors[:, 0], float(eigenvalues[0]), bound, k + 1, len(a), text
            )
    text = f"no counterexample at {len(at)} points and half way between {len(a)} pairs; that proves nothing"
    return ConvexityReport(False, "none", at[:0], None, 0.0, 0.0, len(at), len(a), text)


def _pairs(k: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of different points, all of them or as many as are worth it."""
    if k * (k - 1) // 2 <= _MOST_PAIRS:
        return np.triu_indices(k, 1)
    ahead = np.unique(np.geomspace(1, k // 2, max(1, _MOST_PAIRS // k)).astype(np.intp))
    a = np.tile(np.arange(k), len(ahead))
    return a, (a + np.repeat(ahead, k)) % k
