# SPDX-License-Identifier: BSD-3-Clause
"""quasi-newton: BFGS updates of a Hessian and of an inverse Hessian, against ``scipy.optimize.BFGS``."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .harness import Array, Call, Case, Contest, Row, peer_module

PAIRS = 8  # one call makes as many updates, each of the matrix that the last one left


def _pairs(n: int) -> list[tuple[Array, Array]]:
    """Make steps, and what they change of the gradient of a quadratic with eigenvalues from 1 to 100."""
    rng = np.random.default_rng(n)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    A = (Q * np.geomspace(1.0, 100.0, n)) @ Q.T
    steps = rng.standard_normal((PAIRS, n)) / np.sqrt(n)
    return [(s, A @ s) for s in steps]


def _exact(pairs: list[tuple[Array, Array]], inverse: bool) -> Array:
    """Return the matrix after all updates, by the formula in long double, from the scale that both sides begin with."""
    n = len(pairs[0][0])
    B: Any = None
    for s, y in ((p.astype(np.longdouble), q.astype(np.longdouble)) for p, q in pairs):
        a, b = (y, s) if inverse else (s, y)  # an inverse is updated by DFP's formula with s and y exchanged
        if B is None:
            B = np.eye(n, dtype=np.longdouble) * ((s @ y) / (y @ y) if inverse else (y @ y) / (s @ y))
        Ba = B @ a
        if inverse:
            B = B - (np.outer(b, Ba) + np.outer(Ba, b)) / (a @ b) + (1 + (a @ Ba) / (a @ b)) * np.outer(b, b) / (a @ b)
        else:
            B = B - np.outer(Ba, Ba) / (a @ Ba) + np.outer(b, b) / (a @ b)
    return np.asarray(B)


def quasi_newton(quick: bool) -> Iterator[Case]:
    """Update in place, with the same pairs on both sides; accuracy is the matrix against the formula."""
    optimize = peer_module("scipy.optimize")
    from hessolve.compat import scipy_optimize as ours

    n = 200 if quick else 1000
    pairs = _pairs(n)
    for kind in ("hess", "inv_hess"):
        exact = _exact(pairs, kind == "inv_hess")

        def updated(make: Callable[[], Any], kind: str = kind) -> Any:
            strategy = make()
            strategy.initialize(n, kind)
            for s, y in pairs:
                strategy.update(s, y)
            return strategy

        def call(name: str, make: Callable[[], Any], exact: Array = exact, updated: Any = updated) -> Call:
            strategy = updated(make)

            def run() -> None:
                for s, y in pairs:
                    strategy.update(s, y)

            def error() -> float:
                return float(np.abs(updated(make).get_matrix() - exact).max() / np.abs(exact).max())

            return Call(name, run, error)

        yield Case(
            f"n = {n}, {kind}, {PAIRS} updates",
            "",
            call("BFGS", ours.BFGS),
            (Contest(3.0, (call("SciPy", optimize.BFGS),)),),
            flops=7.0 * n * n * PAIRS,
            bytes=8.0 * n * n * PAIRS,  # the lower triangle read and written once
            negligible_error=n * float(np.finfo(np.float64).eps) / 10,
        )


ROWS = (Row("quasi-newton", quasi_newton, ("scipy.optimize",)),)
