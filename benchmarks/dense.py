# SPDX-License-Identifier: BSD-3-Clause
"""factor-reuse, lstsq-tall: a factor used again, tall data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import hessolve as hs

from .harness import Array, Call, Case, Contest, Row, peer_module
from .solve import EPS, NEEDS


def factor_reuse(quick: bool) -> Iterator[Case]:
    """Factor once, then solve for a thousand vectors one after the other."""
    scipy_linalg = peer_module("scipy.linalg")
    n, count = 200, 50 if quick else 1000
    rng = np.random.default_rng(n)
    A, vectors = rng.standard_normal((n, n)), rng.standard_normal((count, n))

    def ours() -> list[Array]:
        f = hs.factor(A)
        return [f.solve(b) for b in vectors]

    def theirs() -> list[Array]:
        lu = scipy_linalg.lu_factor(A)
        return [scipy_linalg.lu_solve(lu, b) for b in vectors]

    def error(xs: list[Array]) -> float:
        return float(np.median([np.abs(A @ x - b).max() for x, b in zip(xs, vectors, strict=True)]) / np.abs(A).sum())

    contest = Contest(3.0, (Call("scipy lu_factor, lu_solve", theirs, lambda: error(theirs())),))
    side = Call("hessolve", ours, lambda: error(ours()))
    yield Case(f"n = {n}, {count} solves", "C", side, (contest,), negligible_error=n * EPS)


def lstsq_tall(quick: bool) -> Iterator[Case]:
    """Random columns and noise; the error is the gradient left, over that at zero."""
    scipy_lstsq = peer_module("scipy.linalg").lstsq
    for m, n, target in ((100_000, 20, 12.0), (200_000, 100, 12.0), (20_000, 200, 7.0), (4_000, 1000, 4.0)):
        rows = max(m // 10, 4 * n) if quick else m
        rng = np.random.default_rng(m + n)
        A = rng.standard_normal((rows, n))
        b = A @ rng.standard_normal(n) + rng.standard_normal(rows)

        def error(x: Array, A: Array = A, b: Array = b) -> float:
            return float(np.linalg.norm(A.T @ (b - A @ x)) / np.linalg.norm(A.T @ b))

        def call(name: str, solve: Callable[[Array, Array], Any], A: Array = A, b: Array = b) -> Call:
            return Call(name, lambda: solve(A, b), lambda: error(solve(A, b)[0], A, b))

        peers = (
            call("numpy.linalg.lstsq", lambda A, b: np.linalg.lstsq(A, b, rcond=None)),
            call("scipy gelsd", lambda A, b: scipy_lstsq(A, b, lapack_driver="gelsd")),
            call("scipy gelsy", lambda A, b: scipy_lstsq(A, b, lapack_driver="gelsy")),
        )
        yield Case(
            f"{rows} x {n}", "C", call("hessolve", hs.lstsq), (Contest(target, peers),),
            flops=float(rows) * n * n, negligible_error=n * EPS,
        )  # fmt: skip


ROWS = (
    Row("factor-reuse", factor_reuse, NEEDS),
    Row("lstsq-tall", lstsq_tall, NEEDS),
)
