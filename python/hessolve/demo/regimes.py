# SPDX-License-Identifier: BSD-3-Clause
"""The eight regimes: one line for each kind of system that hessolve tells apart."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

from . import Stage, heard, installed

TITLE = "what was detected, and what answered"

Array = NDArray[Any]
Solver = Callable[[Any, Array], Any]
CALLS = 5  # the best of so many
RTOL = 1e-10  # of the iteration


class System(NamedTuple):
    """A problem with a known answer: ``b = A x``, and ``x`` the shortest of all answers."""

    regime: int
    name: str
    A: Any  # an array, or a sparse matrix in regime 6
    x: Array
    solve: Callable[[Any, Array], hs.Solution]
    digits: float  # fewer are a failure
    alarm: bool = False  # hessolve must warn


class Peer(NamedTuple):
    """The other library: its name, and what it has for square systems, least squares and sparse matrices."""

    name: str
    solve: Solver
    lstsq: Solver
    iterate: Solver

    def for_regime(self, regime: int) -> Solver:
        return self.solve if regime in (1, 5) else self.iterate if regime == 6 else self.lstsq


def play(stage: Stage) -> None:
    """Solve every system, by hessolve and by SciPy (NumPy where SciPy is missing), and check the answers."""
    sparse = installed("scipy.sparse")
    peer = _peer()
    stage.say(f"  {'regime  matrix':<38} {'detected':<27} {'method':<12} digits     ms  {peer.name:>5} ms")
    right, told = True, True
    reports, regimes = [], set()
    for system in _systems() + ([] if sparse is None else [_large(sparse)]) + [_huge()]:
        b = system.A @ system.x
        with heard() as warnings:
            s = system.solve(system.A, b)
        found = _digits(s.x, system.x)
        reports.append(f"{system.name}\n{s}\n")
        regimes.add(s.regime)
        right &= s.regime == system.regime and found >= system.digits
        told &= bool(warnings) == system.alarm
        ours = _milliseconds(system.solve, system.A, b)
        theirs = _milliseconds(peer.for_regime(system.regime), system.A, b)
        method = s.method.split(":")[0]  # an iteration says why it was chosen as well
        stage.say(
            f"  {s.regime}       {system.name:<30} {s.structure:<27} {method:<12} {found:>6.1f} {ours:>6.2f}"
            f"  {theirs:>{max(len(peer.name), 5) + 3}.2f}" + ("  warned" if warnings else "")
        )
    if sparse is None:
        stage.say("  6       is left out: sparse matrices need SciPy, pip install scipy")
    met, text = (set(range(8)), "") if sparse is not None else (set(range(8)) - {6}, " but for the one left out")
    stage.claim(f"all regimes from 0 to 7 are met{text}", regimes == met)
    stage.claim("each is the expected one, with the digits that its condition number leaves", right)
    stage.claim("the Hilbert matrix, and nothing else, brings a warning", told)
    stage.path("regimes.txt").write_text("\n".join(reports), encoding="utf-8")


def _systems() -> list[System]:
    rng = np.random.default_rng(7)

    def orthonormal(m: int, n: int) -> Array:
        return np.linalg.qr(rng.standard_normal((m, n)))[0]

    def of_rank(m: int, n: int, r: int) -> tuple[Array, Array]:
        """Make a matrix of rank r and condition 100, and a vector of its row space."""
        row_space = orthonormal(n, r)
        return (orthonormal(m, r) * np.geomspace(1, 0.01, r)) @ row_space.T, row_space @ rng.standard_normal(r)

    n = 300
    x = rng.standard_normal(n)
    general = rng.standard_normal((n, n))
    symmetric = general + general.T
    covariance = symmetric @ symmetric / n + np.eye(n)
    covariance = (covariance + covariance.T) / 2
    differences = 2 * np.eye(n) - np.eye(n, k=1) - np.eye(n, k=-1)
    shuffled = (np.eye(n) + np.triu(general, 1) / n)[rng.permutation(n)]
    hilbert = 1.0 / (np.arange(14)[:, None] + np.arange(14) + 1.0)
    return [
        System(
            0,
            "400 x 80, rank 60, by the SVD",
            *of_rank(400, 80, 60),
            solve=lambda A, b: hs.backslash(A, b, method="svd"),
            digits=11,
        ),
        System(1, "300 x 300, random", general, x, hs.backslash, 9),
        System(1, "300 x 300, symmetric", symmetric, x, hs.backslash, 9),
        System(1, "300 x 300, covariance", covariance, x, hs.backslash, 9),
        System(1, "300 x 300, second difference", differences, x, hs.backslash, 9),
        System(1, "300 x 300, mixed-up triangle", shuffled, x, hs.backslash, 9),
        System(2, "4000 x 50", *of_rank(4000, 50, 50), solve=hs.backslash, digits=11),
        System(3, "50 x 400", *of_rank(50, 400, 50), solve=hs.backslash, digits=11),
        System(4, "400 x 80, rank 60", *of_rank(400, 80, 60), solve=hs.backslash, digits=11),
        System(
            5, "14 x 14, Hilbert", hilbert, np.ones(14), lambda A, b: hs.solve(A, b, full_output=True), 0, alarm=True
        ),
    ]


def _large(sparse: Any) -> System:
    """Make Poisson's equation on a grid of 22^3 points: its factor fills. cond(A) is about 200: 6 digits are left."""
    k = 22
    line = sparse.diags_array([-np.ones(k - 1), 2 * np.ones(k), -np.ones(k - 1)], offsets=[-1, 0, 1])
    A = sparse.csr_array(sparse.kronsum(sparse.kronsum(line, line), line))
    x = np.random.default_rng(8).standard_normal(k**3)
    return System(6, f"{k**3} x {k**3}, sparse", A, x, lambda A, b: hs.backslash(A, b, rtol=RTOL), 6)


def _huge() -> System:
    """Make a tall system, to be solved through a random sketch of it."""
    rng = np.random.default_rng(9)
    A, x = rng.standard_normal((20000, 50)), rng.standard_normal(50)
    return System(7, "20000 x 50", A, x, lambda A, b: hs.lstsq(A, b, method="sketch", full_output=True), 11)


def _digits(x: Array, true: Array) -> float:
    error = float(np.linalg.norm(x - true) / np.linalg.norm(true))
    return 16.0 if error == 0 else max(0.0, min(16.0, -math.log10(error)))


def _milliseconds(call: Solver, A: Any, b: Array) -> float:
    """Time the best of some calls; a first impression, where ``hessolve bench`` measures."""
    best = math.inf
    with heard():
        for _ in range(CALLS):
            start = time.perf_counter()
            call(A, b)
            best = min(best, time.perf_counter() - start)
    return 1e3 * best


def _peer() -> Peer:
    linalg, iterative = installed("scipy.linalg"), installed("scipy.sparse.linalg")
    if linalg is None or iterative is None:
        return Peer("numpy", np.linalg.solve, lambda A, b: np.linalg.lstsq(A, b, rcond=None), np.linalg.solve)
    return Peer("scipy", linalg.solve, linalg.lstsq, lambda A, b: iterative.cg(A, b, rtol=RTOL))
