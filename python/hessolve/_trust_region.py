# SPDX-License-Identifier: BSD-3-Clause
"""Minima of quadratic models within a ball, and trust-region iterations made of them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ._line_search import EPS, Point, rounding
from ._objective import Objective

Array = NDArray[np.float64]


def in_ball(w: Array, V: Array, g: Array, radius: float) -> tuple[Array, bool]:
    """Return the minimum of g^T p + p^T H p / 2 over ||p|| <= radius, H = V diag(w) V^T, and whether ||p|| = radius.

    The multiplier is -w[0] + mu, or mu where w[0] > 0, with mu found by Newton's method on 1 / ||p(mu)||, inside a
    bracket. Hard case: g has no part along the lowest eigenvectors, and one of them is added.
    [Moré and Sorensen 1983, doi 10.1137/0904038; Conn, Gould and Toint, Trust-Region Methods, 7.3]
    """
    c = V.T @ g
    if w[0] > 0:
        p = -c / w
        if np.linalg.norm(p) <= radius:
            return V @ p, False
    gaps = w - min(w[0], 0.0)  # >= 0, exactly 0 where the curvature is lowest
    size = float(np.linalg.norm(c))
    least = EPS * len(w) * max(abs(float(w[0])), abs(float(w[-1])))
    lowest = gaps <= least
    if w[0] <= 0 and np.linalg.norm(c[lowest]) <= EPS * len(w) * size:
        p = np.zeros_like(c)
        rest = ~lowest
        p[rest] = -c[rest] / gaps[rest]
        short = radius**2 - float(p @ p)
        if short >= 0:  # the hard case
            if w[0] < -least:
                p[0] += np.copysign(np.sqrt(short), -c[0])
                return V @ p, True
            return V @ p, False
    low, high = 0.0, size / radius
    mu = high
    for _ in range(100):
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            q = c / (gaps + mu)
            norm = float(np.linalg.norm(q))
            if abs(norm - radius) <= 1e-3 * radius or high - low <= 4 * EPS * high:
                break
            low, high = (mu, high) if norm > radius else (low, mu)
            slope = float((q * q / (gaps + mu)).sum())
            mu += (norm * norm / slope) * (norm - radius) / radius
        if not low < mu < high:
            mu = max(np.sqrt(low * high), 1e-3 * high) if low > 0 or high > 0 else 0.0
            if not low < mu < high:
                mu = low + (high - low) / 2
    p = -c / (gaps + mu)
    return V @ (p * min(1.0, radius / float(np.linalg.norm(p)))), True


def steihaug(products: Callable[[Array], Array], g: Array, radius: float, limit: int) -> tuple[Array, float, bool]:
    """Return a step within the ball by conjugate gradients, the decrease of the model, and whether it is on the sphere.

    Followed to the sphere where the curvature is not positive, or where it leaves the ball.
    [Steihaug 1983, doi 10.1137/0720042]
    """
    size = float(np.linalg.norm(g))
    target = min(0.5, np.sqrt(size)) * size
    p, Hp = np.zeros_like(g), np.zeros_like(g)
    r, d = g.copy(), -g
    square = size * size
    edge = False
    for _ in range(limit):
        Hd = products(d)
        bend = float(d @ Hd)
        alpha = square / bend if bend > 0 else np.inf
        if not np.isfinite(alpha) or np.linalg.norm(p + alpha * d) >= radius:
            a, b, c = float(d @ d), float(p @ d), float(p @ p) - radius**2
            alpha = (-b + np.sqrt(max(b * b - a * c, 0.0))) / a
            edge = True
        p, Hp = p + alpha * d, Hp + alpha * Hd
        if edge:
            break
        r = r + alpha * Hd
        before, square = square, float(r @ r)
        if np.sqrt(square) <= target:
            break
        d = -r + (square / before) * d
    return p, -float(g @ p + p @ Hp / 2), edge


def advanced(
    objective: Objective, at: Point, p: Array, predicted: float, radius: float, edge: bool, largest: float
) -> tuple[Point | None, float]:
    """Return the new point, or None where the step is refused, and the radius for the next step."""
    x = at.x + p
    f = objective.value(x)
    hidden = predicted <= 4 * rounding(at.f)
    g = objective.gradient_or_none(x) if f < at.f or (hidden and f <= at.f + rounding(at.f)) else None
    length = float(np.linalg.norm(p))
    if g is None:
        return None, length / 4
    if hidden:  # f is all rounding: the gradient decides
        better = np.abs(g).max() < 0.95 * np.abs(at.g).max()
        return (Point(x, f, g), radius) if better else (None, length / 4)
    ratio = (at.f - f) / predicted
    if ratio < 0.25:
        radius = length / 4
    elif ratio > 0.75 and edge:
        radius = min(2 * radius, largest)
    return (Point(x, f, g) if ratio > 1e-4 else None), radius
