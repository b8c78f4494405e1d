# SPDX-License-Identifier: BSD-3-Clause
"""How far to go along a direction: backtracking for steps with a natural length, Wolfe's conditions for others."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from ._objective import Objective

Array = NDArray[np.float64]
EPS = float(np.finfo(np.float64).eps)
ARMIJO = 1e-4  # share of the decrease that the slope promises


class Point(NamedTuple):
    """A point with what is known there."""

    x: Array
    f: float
    g: Array


def rounding(f: float) -> float:
    """Return what cannot be seen of a change of f."""
    return 8 * EPS * abs(f)


def backtrack(objective: Objective, at: Point, p: Array, slope: float, longest: float = 1.0) -> Point | None:
    """Return the first of the points x + t p, t = longest and shorter, that lowers f enough; None where none does.

    Where the decrease is too small to be seen in f, the gradient must become smaller instead. Shortened by the minimum
    of the parabola through f, f' and the last value, within [0.1, 0.5].  [Nocedal and Wright, 3.5]
    """
    t = longest
    hidden = -slope * t <= 4 * rounding(at.f)
    while True:
        x = at.x + t * p
        if np.array_equal(x, at.x):
            return None
        f = objective.value(x)
        falls = f <= at.f + ARMIJO * t * slope
        if falls or (hidden and f <= at.f + rounding(at.f)):
            g = objective.gradient_or_none(x)
            if g is not None and (not hidden or np.abs(g).max() < 0.95 * np.abs(at.g).max()):
                return Point(x, f, g)
            if g is not None and hidden:
                return None
        shorter = 0.5
        if np.isfinite(f) and f > at.f + t * slope:
            shorter = float(np.clip(-slope * t / (2 * (f - at.f - slope * t)), 0.1, 0.5))
        t *= shorter


def wolfe(objective: Objective, at: Point, p: Array, slope: float, t: float, left: float = 0.9) -> Point | None:
    """Return a point x + t p that satisfies the strong Wolfe conditions, or lowers f at least; None where none does.

    ``left`` is the share of the slope that may be left. An interval that holds such a point is enlarged, then shrunk by
    cubic interpolation. In the rounding of f its conditions are those of Hager and Zhang 2005, doi 10.1137/030601880.
    [Nocedal and Wright, 3.5]
    """
    low, f_low, d_low = 0.0, at.f, slope
    high, f_high, d_high = np.inf, np.inf, np.nan
    best: Point | None = None
    for _ in range(60):
        x = at.x + t * p
        if np.array_equal(x, at.x):
            if low > 0 or np.isfinite(high):
                break
            t *= 16  # a gradient in tiny units
            continue
        f = objective.value(x)
        visible = f <= at.f + ARMIJO * t * slope
        g = objective.gradient_or_none(x) if visible or f <= at.f + rounding(at.f) else None
        d = np.nan if g is None else float(g @ p)
        if g is None or not (visible or d <= (2 * ARMIJO - 1) * slope) or f > f_low + rounding(at.f):
            high, f_high, d_high = t, f, d
        elif abs(d) <= left * abs(slope):
            return Point(x, f, g)
        elif d < 0:
            low, f_low, d_low, best = t, f, d, Point(x, f, g)
        else:
            high, f_high, d_high = t, f, d
            if best is None or f < best.f:
                best = Point(x, f, g)
        if np.isfinite(high) and high - low <= 1e-12 * high:
            break
        t = 4 * t if np.isinf(high) else _between(low, f_low, d_low, high, f_high, d_high)
        if t > 1e100:  # f falls for ever
            break
    return best if best is not None and best.f < at.f - rounding(at.f) else None


def _between(a: float, fa: float, da: float, b: float, fb: float, db: float) -> float:
    """Return a point inside [a, b]: the minimum of the cubic or parabola through what is known, kept off the ends."""
    middle = a + (b - a) / 2
    t = middle
    with np.errstate(all="ignore"):
        if np.isfinite(fb) and np.isfinite(db):
            theta = 3 * (fa - fb) / (b - a) + da + db
            gamma = np.sqrt(max(theta * theta - da * db, 0.0))
            t = b - (b - a) * (db + gamma - theta) / (db - da + 2 * gamma)
        elif np.isfinite(fb):
            t = a - da * (b - a) ** 2 / (2 * (fb - fa - da * (b - a)))
    if not np.isfinite(t):
        return middle
    return float(np.clip(t, a + 0.1 * (b - a), b - 0.1 * (b - a)))


def along(products: Callable[[Array], Array], g: Array, limit: int) -> tuple[Array, bool]:
    """Return a direction of descent from H p = -g by conjugate gradients, stopped early, and whether H bent down.

    [Nocedal and Wright, algorithm 7.1; forcing term min(1/2, sqrt||g||)]
    """
    size = float(np.linalg.norm(g))
    target = min(0.5, np.sqrt(size)) * size
    p = np.zeros_like(g)
    r = g.copy()
    d = -g
    square = float(r @ r)
    for k in range(limit):
        Hd = products(d)
        bend = float(d @ Hd)
        if bend <= EPS * float(d @ d):
            if k:
                return p, True
            return -g * (square / abs(bend) if abs(bend) > EPS * square else 1.0), True
        alpha = square / bend
        p += alpha * d
        r += alpha * Hd
        before, square = square, float(r @ r)
        if np.sqrt(square) <= target:
            break
        d = -r + (square / before) * d
    return p, False
