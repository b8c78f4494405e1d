# SPDX-License-Identifier: BSD-3-Clause
"""solve-batch, inv-batch, factor-reuse, lstsq-tall: stacks of small matrices, a factor used again, tall data."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import hessolve as hs

from .harness import Array, Call, Case, Contest, Row, peer_module

NEEDS = ("scipy.linalg", "threadpoolctl")
EPS = float(np.finfo(np.float64).eps)
STACKS = ((100_000, 4), (50_000, 8), (20_000, 16), (5_000, 32))


def _stack(count: int, n: int, quick: bool) -> Array:
    return np.random.default_rng(n).standard_normal((count // 100 if quick else count, n, n))


def _residual(A: Array, X: Array, B: Array) -> float:
    """The median over the stack of ||B - A X|| / (||A|| ||X|| + ||B||), infinity norms."""
    size = np.abs(A).sum(axis=2).max(axis=1) * np.abs(X).max(axis=(1, 2)) + np.abs(B).max(axis=(1, 2))
    return float(np.median(np.abs(B - A @ X).max(axis=(1, 2)) / size))


def _against(
    name: str, label: str, ours: Callable[[], Any], theirs: Callable[[], Any], error: Callable[[Any], float],
    target: float, n: int,
) -> Case:  # fmt: skip
    contest = Contest(target, (Call(name, theirs, lambda: error(theirs())),))
    return Case(label, "C", Call("hessolve", ours, lambda: error(ours())), (contest,), negligible_error=n * EPS)


def solve_batch(quick: bool) -> Iterator[Case]:
    """One right-hand side each, with the check of every slice."""
    for (count, n), target in zip(STACKS, (18.0, 12.0, 6.0, 3.0), strict=True):
        A = _stack(count, n, quick)
        b = np.ones((*A.shape[:2], 1))
        yield _against(
            "numpy.linalg.solve", f"{len(A)} x {n} x {n}",
            lambda A=A, b=b: hs.solve(A, b), lambda A=A, b=b: np.linalg.solve(A, b),
            lambda x, A=A, b=b: _residual(A, x, b), target, n,
        )  # fmt: skip


def inv_batch(quick: bool) -> Iterator[Case]:
    """Inverses of the same stacks."""
    for (count, n), target in zip(STACKS, (20.0, 8.0, 8.0, 3.0), strict=True):
        A = _stack(count, n, quick)
        unit = np.broadcast_to(np.eye(n), A.shape)
        yield _against(
            "numpy.linalg.inv", f"{len(A)} x {n} x {n}",
            lambda A=A: hs.inv(A), lambda A=A: np.linalg.inv(A),
            lambda x, A=A, unit=unit: _residual(A, x, unit), target, n,
        )  # fmt: skip


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

    yield _against("scipy lu_factor, lu_solve", f"n = {n}, {count} solves", ours, theirs, error, 3.0, n)


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
    Row("solve-batch", solve_batch, NEEDS),
    Row("inv-batch", inv_batch, NEEDS),
    Row("factor-reuse", factor_reuse, NEEDS),
    Row("lstsq-tall", lstsq_tall, NEEDS),
)
