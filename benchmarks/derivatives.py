# SPDX-License-Identifier: BSD-3-Clause
"""hessian-function: the Hessian of Rosenbrock's function written with NumPy, against numdifftools and SciPy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import hessolve as hs

from .harness import Array, Call, Case, Contest, Row, peer_module


def rosenbrock(x: Any) -> Any:
    """Sum over the first axis: of one point, or of a column a point."""
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2, axis=0)


def _error(H: Array, x: Array) -> float:
    """Measure the largest error against the formula in long double, over the largest entry."""
    t = x.astype(np.longdouble)
    diagonal = np.zeros_like(t)
    diagonal[:-1] += 1200 * t[:-1] ** 2 - 400 * t[1:] + 2
    diagonal[1:] += 200
    exact = np.diag(diagonal) + np.diag(-400 * t[:-1], 1) + np.diag(-400 * t[:-1], -1)
    return float(np.abs(H - exact).max() / np.abs(exact).max())


def hessian_function(quick: bool) -> Iterator[Case]:
    """Compare "dual" with both peers; "3-point", all points in one call, with the peer that makes such calls too."""
    numdifftools, differentiate = peer_module("numdifftools"), peer_module("scipy.differentiate")
    for n in (5,) if quick else (5, 20):
        x = np.linspace(-1.0, 1.2, n)
        of_numdifftools = numdifftools.Hessian(rosenbrock)

        def call(name: str, run: Callable[[], Array], x: Array = x) -> Call:
            return Call(name, run, lambda: _error(run(), x))

        scipy = call("scipy.differentiate", lambda x=x: differentiate.hessian(rosenbrock, x).ddf)
        both = (call("numdifftools", lambda f=of_numdifftools, x=x: f(x)), scipy)
        dual = call("dual", lambda x=x: hs.hessian(rosenbrock, x, method="dual"))
        points = call("3-point", lambda x=x: hs.hessian(rosenbrock, x, method="3-point", vectorized=True))
        yield Case(f"n = {n}, dual", "", dual, (Contest(20.0, both),))
        yield Case(f"n = {n}, 3-point", "", points, (Contest(20.0, (scipy,)),))


ROWS = (Row("hessian-function", hessian_function, ("numdifftools", "scipy.differentiate"), threaded=False),)
