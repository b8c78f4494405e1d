# SPDX-License-Identifier: BSD-3-Clause
"""One line for each kind of system that hessolve tells apart so far."""

from __future__ import annotations

import importlib
import math
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

from . import Stage, heard

TITLE = "what was detected, and what answered"

Array = NDArray[Any]
CALLS = 5  # the best of so many


class System(NamedTuple):
    """A problem with a known answer: ``b = A x``, and ``x`` the shortest of all answers."""

    regime: int
    name: str
    A: Array
    x: Array
    solve: Callable[[Array, Array], hs.Solution]
    digits: float  # fewer are a failure
    alarm: bool = False  # hessolve must warn


def play(stage: Stage) -> None:
    """Solve every system, by hessolve and by SciPy (NumPy where SciPy is missing), and check the answers."""
    library, peer_solve, peer_lstsq = _peer()
    stage.say(f"  {'regime  matrix':<38} {'detected':<27} {'method':<12} digits    ms  {library:>5} ms")
    right, told = True, True
    reports = []
    for system in _systems():
        b = system.A @ system.x
        with heard() as warnings:
            s = system.solve(system.A, b)
        found = _digits(s.x, system.x)
        reports.append(f"{system.name}\n{s}\n")
        right &= s.regime == system.regime and found >= system.digits
        told &= bool(warnings) == system.alarm
        ours = _milliseconds(system.solve, system.A, b)
        theirs = _milliseconds(peer_solve if system.regime in (1, 5) else peer_lstsq, system.A, b)
        stage.say(
            f"  {s.regime}       {system.name:<30} {s.structure:<27} {s.method:<12} {found:>6.1f} {ours:>5.2f}"
            f"  {theirs:>{max(len(library), 5) + 3}.2f}" + ("  warned" if warnings else "")
        )
    stage.claim("every regime is the expected one, with the digits that its condition number leaves", right)
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


def _digits(x: Array, true: Array) -> float:
    error = float(np.linalg.norm(x - true) / np.linalg.norm(true))
    return 16.0 if error == 0 else max(0.0, min(16.0, -math.log10(error)))


def _milliseconds(call: Callable[[Array, Array], Any], A: Array, b: Array) -> float:
    """Time the best of some calls; a first impression, where ``hessolve bench`` measures."""
    best = math.inf
    with heard():
        for _ in range(CALLS):
            start = time.perf_counter()
            call(A, b)
            best = min(best, time.perf_counter() - start)
    return 1e3 * best


def _peer() -> tuple[str, Callable[[Array, Array], Any], Callable[[Array, Array], Any]]:
    """Find the other library: its name, its solver for square systems and its least squares."""
    try:
        linalg = importlib.import_module("scipy.linalg")
    except ImportError:
        return "numpy", np.linalg.solve, lambda A, b: np.linalg.lstsq(A, b, rcond=None)
    return "scipy", linalg.solve, linalg.lstsq
