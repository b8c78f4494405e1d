# SPDX-License-Identifier: BSD-3-Clause
"""solve-batch, inv-batch, cholesky-batch, eigvalsh-batch: stacks of small matrices in float64, against numpy.linalg."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np

import hessolve as hs
from hessolve.compat import numpy_linalg

from .harness import Array, Call, Case, Contest, Row
from .solve import EPS, NEEDS

STACKS = ((100_000, 3), (100_000, 4), (50_000, 8), (20_000, 16), (5_000, 32))


def _stacks(targets: Sequence[float], quick: bool) -> Iterator[tuple[Array, float]]:
    """Make random matrices, and give the target of each stack; the largest matrices are left out where it has none."""
    for (count, n), target in zip(STACKS, targets, strict=False):
        yield np.random.default_rng(n).standard_normal((count // 100 if quick else count, n, n)), target


def _case(
    name: str, operands: tuple[Array, ...], ours: Callable[..., Any], error: Callable[[Any], float], target: float,
    flops: float,
) -> Case:  # fmt: skip
    """``flops`` are those of one matrix."""
    theirs = getattr(np.linalg, name)
    count, n, _ = operands[0].shape
    peer = Call(f"numpy.linalg.{name}", lambda: theirs(*operands), lambda: error(theirs(*operands)))
    return Case(
        f"{count} x {n} x {n}", "C", Call("hessolve", lambda: ours(*operands), lambda: error(ours(*operands))),
        (Contest(target, (peer,)),), flops=count * flops, negligible_error=n * EPS,
    )  # fmt: skip


def _residual(A: Array, B: Array, X: Array) -> float:
    """Measure the median over the stack of ||B - A X|| / (||A|| ||X|| + ||B||), infinity norms, in long double."""
    size = np.abs(A).sum(axis=2).max(axis=1) * np.abs(X).max(axis=(1, 2)) + np.abs(B).max(axis=(1, 2))
    worst = np.abs(B - A.astype(np.longdouble) @ X.astype(np.longdouble)).max(axis=(1, 2))
    return float(np.median(worst / size))


def solve_batch(quick: bool) -> Iterator[Case]:
    """One right-hand side each, with the check of every slice."""
    for A, target in _stacks((18.0, 18.0, 12.0, 6.0, 3.0), quick):
        n = A.shape[-1]
        b = np.ones((*A.shape[:2], 1))
        yield _case("solve", (A, b), hs.solve, partial(_residual, A, b), target, 2 / 3 * n**3 + 2 * n**2)


def inv_batch(quick: bool) -> Iterator[Case]:
    """Inverses of the same stacks."""
    for A, target in _stacks((20.0, 20.0, 8.0, 8.0, 3.0), quick):
        n = A.shape[-1]
        unit = np.broadcast_to(np.eye(n), A.shape)
        yield _case("inv", (A,), hs.inv, partial(_residual, A, unit), target, 2.0 * n**3)


def _factor_residual(A: Array, L: Array) -> float:
    """Measure the median over the stack of ||A - L L^T|| / ||A||, Frobenius norms, in long double."""
    long = L.astype(np.longdouble)
    squares = ((A - long @ long.swapaxes(1, 2)) ** 2).sum(axis=(1, 2))
    return float(np.median(np.sqrt(squares) / np.linalg.norm(A, axis=(1, 2))))


def cholesky_batch(quick: bool) -> Iterator[Case]:
    """Factors of positive definite matrices."""
    for G, target in _stacks((20.0, 20.0, 8.0, 8.0), quick):
        n = G.shape[-1]
        A = G @ G.swapaxes(1, 2) / n + 0.1 * np.eye(n)
        yield _case("cholesky", (A,), hs.cholesky, partial(_factor_residual, A), target, n**3 / 3)


def _eigenvalues(A: Array) -> Array:
    """Compute eigenvalues in long double: the error of a Rayleigh quotient is the square of that of its vector."""
    V = np.linalg.eigh(A)[1].astype(np.longdouble)
    w: Array = (V * (A.astype(np.longdouble) @ V)).sum(axis=1) / (V * V).sum(axis=1)
    return w


def _largest_error(truth: Array, w: Array) -> float:
    """Measure the median over the stack of the largest error of an eigenvalue, over ||A||_2."""
    return float(np.median(np.abs(w - truth).max(axis=1) / np.abs(truth).max(axis=1)))


def eigvalsh_batch(quick: bool) -> Iterator[Case]:
    """Eigenvalues of symmetric matrices: 4/3 n^3 flops each [Golub & Van Loan, 8.3]."""
    for G, target in _stacks((20.0, 20.0, 8.0, 8.0), quick):
        A = (G + G.swapaxes(1, 2)) / 2
        error = partial(_largest_error, _eigenvalues(A))
        yield _case("eigvalsh", (A,), numpy_linalg.eigvalsh, error, target, 4 / 3 * A.shape[-1] ** 3)


ROWS = (
    Row("solve-batch", solve_batch, NEEDS),
    Row("inv-batch", inv_batch, NEEDS),
    Row("cholesky-batch", cholesky_batch, NEEDS),
    Row("eigvalsh-batch", eigvalsh_batch, NEEDS),
)
