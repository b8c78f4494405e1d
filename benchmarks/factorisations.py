# SPDX-License-Identifier: BSD-3-Clause
"""inv, inv-spd, qr, qr-pivoted, pinv, eigh, svd: one dense matrix in float64, factored or inverted as a whole."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

import hessolve as hs

from . import yardsticks
from .harness import Array, Call, Case, Contest, Row, peer_module
from .solve import EPS, NEEDS, positive_definite

Function = Callable[[Array], Any]

SIZES = (64, 128, 256, 512, 1024, 2048)
TALL = (20_000, 200)


@dataclass(frozen=True)
class Work:
    """What a row compares. hessolve and NumPy get C order; SciPy Fortran order, which saves it a transposition."""

    ours: Function
    numpy: Function | None
    scipy: Mapping[str, Function]
    error: Callable[[Array, Any], float]
    flops: Callable[[int, int], float]  # of an m x n matrix, by the count of the textbook, whatever a side does


def general(m: int, n: int, count: int) -> list[Array]:
    """Make random matrices in C order."""
    rng = np.random.default_rng(m + n)
    return [rng.standard_normal((m, n)) for _ in range(count)]


def symmetric(m: int, n: int, count: int) -> list[Array]:
    """Make random symmetric matrices in C order."""
    return [(G + G.T) / 2 for G in general(m, n, count)]


def definite(m: int, n: int, count: int) -> list[Array]:
    """Make random symmetric positive definite matrices in C order, of a condition number of a few tens."""
    return [A for A, _ in positive_definite(n, count)]


def _square(targets: Mapping[tuple[int, ...], float]) -> dict[tuple[int, int], float]:
    return {(n, n): target for sizes, target in targets.items() for n in sizes}


def _call(name: str, function: Function, matrices: list[Array], work: Work) -> Call:
    """Make a side that is timed on the first matrix and whose accuracy is the typical one over all of them."""
    A = matrices[0]
    return Call(name, lambda: function(A), lambda: statistics.median(work.error(A, function(A)) for A in matrices))


def _cases(
    work: Work,
    targets: Mapping[tuple[int, int], float],
    quick: bool,
    make: Callable[[int, int, int], list[Array]] = general,
) -> Iterator[Case]:
    for (m, n), target in targets.items():
        if quick and m == n > 128:
            continue
        rows = m // 10 if quick and m > n else m
        matrices = make(rows, n, 1 if m > 256 or quick else 11)
        fortran = [np.asfortranarray(A) for A in matrices]
        peers = [_call("numpy", work.numpy, matrices, work)] if work.numpy else []
        peers += [_call(f"scipy {name}", function, fortran, work) for name, function in work.scipy.items()]
        yield Case(
            f"n = {n}" if m == n else f"{rows} x {n}", "C", _call("hessolve", work.ours, matrices, work),
            (Contest(target, tuple(peers)),), flops=work.flops(rows, n), negligible_error=n * EPS / 10,
        )  # fmt: skip


def inv(quick: bool) -> Iterator[Case]:
    """Invert general matrices: 2 n^3 flops."""
    linalg = peer_module("scipy.linalg")
    theirs = {"inv": lambda A: linalg.inv(A, check_finite=False)}
    work = Work(hs.inv, np.linalg.inv, theirs, yardsticks.inverse, lambda m, n: 2.0 * n**3)
    yield from _cases(work, _square({(*SIZES, 4096): 1.7}), quick)


def inv_spd(quick: bool) -> Iterator[Case]:
    """Invert positive definite matrices, of which every side knows that they are: n^3 flops."""
    linalg = peer_module("scipy.linalg")

    def solved(A: Array) -> Any:
        factor = linalg.cho_factor(A, check_finite=False)
        return linalg.cho_solve(factor, np.eye(len(A), order="F"), overwrite_b=True, check_finite=False)

    def potri(A: Array) -> Any:
        L, _ = linalg.lapack.dpotrf(A, lower=1)  # with zeros above the diagonal, where dpotri leaves them
        X, _ = linalg.lapack.dpotri(L, lower=1, overwrite_c=1)
        return X + np.tril(X, -1).T

    theirs = {
        "inv": lambda A: linalg.inv(A, check_finite=False),
        "cho_solve": solved,
        "dpotri": potri,
    }
    ours = lambda A: hs.inv(A, assume_a="pos")  # noqa: E731
    work = Work(ours, np.linalg.inv, theirs, yardsticks.inverse, lambda m, n: float(n) ** 3)
    yield from _cases(work, _square({(*SIZES, 4096): 1.7}), quick, definite)


def _qr_flops(m: int, n: int) -> float:
    """Count R and as much for Q [Golub & Van Loan, 5.2.9]."""
    return 4.0 * m * n**2 - 4 / 3 * n**3


def qr(quick: bool) -> Iterator[Case]:
    """Compute Q and R, min(m, n) columns of Q."""
    linalg = peer_module("scipy.linalg")
    theirs = {"qr": lambda A: linalg.qr(A, mode="economic", check_finite=False)}
    work = Work(hs.qr, np.linalg.qr, theirs, yardsticks.qr, _qr_flops)
    yield from _cases(work, {**_square({SIZES: 1.3}), TALL: 5.0}, quick)


def qr_pivoted(quick: bool) -> Iterator[Case]:
    """Compute Q, R and the order of the columns."""
    linalg = peer_module("scipy.linalg")
    theirs = {"qr": lambda A: linalg.qr(A, mode="economic", pivoting=True, check_finite=False)}
    work = Work(lambda A: hs.qr(A, pivoting=True), None, theirs, yardsticks.qr, _qr_flops)
    yield from _cases(work, {**_square({SIZES: 1.3}), TALL: 1.3}, quick)


def _svd_flops(m: int, n: int) -> float:
    """Count U, s and V by Golub-Reinsch, or after a QR factorisation where that is less [Golub & Van Loan, 8.6.3]."""
    return min(14.0 * m * n**2 + 8.0 * n**3, 6.0 * m * n**2 + 20.0 * n**3)


def pinv(quick: bool) -> Iterator[Case]:
    """Compute pseudo-inverses; the flops are those of the SVD, and of the product V U^T."""
    linalg = peer_module("scipy.linalg")
    theirs = {"pinv": lambda A: linalg.pinv(A, check_finite=False)}
    flops = lambda m, n: _svd_flops(m, n) + 2.0 * m * n**2  # noqa: E731
    work = Work(hs.pinv, np.linalg.pinv, theirs, yardsticks.pseudo_inverse, flops)
    yield from _cases(work, {**_square({SIZES: 1.3}), TALL: 1.3}, quick)


def eigh(quick: bool) -> Iterator[Case]:
    """Compute eigenvalues and eigenvectors: 9 n^3 flops [Golub & Van Loan, 8.3]."""
    linalg = peer_module("scipy.linalg")
    theirs = {
        "eigh": lambda A: linalg.eigh(A, check_finite=False),
        "eigh evd": lambda A: linalg.eigh(A, driver="evd", check_finite=False),
    }
    work = Work(hs.eigh, np.linalg.eigh, theirs, yardsticks.eigh, lambda m, n: 9.0 * n**3)
    yield from _cases(work, _square({SIZES[:4]: 1.2, SIZES[4:]: 1.0}), quick, symmetric)


def svd(quick: bool) -> Iterator[Case]:
    """Compute min(m, n) singular triples."""
    linalg = peer_module("scipy.linalg")
    theirs = {"svd": lambda A: linalg.svd(A, full_matrices=False, check_finite=False)}
    work = Work(
        lambda A: hs.svd(A, full_matrices=False), lambda A: np.linalg.svd(A, full_matrices=False), theirs,
        yardsticks.svd, _svd_flops,
    )  # fmt: skip
    yield from _cases(work, {**_square({SIZES[:4]: 1.2, SIZES[4:]: 1.0}), TALL: 1.2}, quick)


ROWS = (
    Row("inv", inv, NEEDS),
    Row("inv-spd", inv_spd, NEEDS),
    Row("qr", qr, NEEDS),
    Row("qr-pivoted", qr_pivoted, NEEDS),
    Row("pinv", pinv, NEEDS),
    Row("eigh", eigh, NEEDS),
    Row("svd", svd, NEEDS),
)
