# SPDX-License-Identifier: BSD-3-Clause
"""A singular matrix that NumPy inverts without a word."""

from __future__ import annotations

import textwrap
from collections.abc import Callable
from typing import Any

import numpy as np

import hessolve as hs

from . import Stage, heard

TITLE = "a matrix that has no inverse (column 2 is column 0 + column 1)"

A = np.array([[2.0, 4.0, 6.0], [2.0, 0.0, 2.0], [6.0, 8.0, 14.0]])
b = A @ np.ones(3)


def play(stage: Stage) -> None:
    """Compare what each library says about ``A``, then answer with the minimum-norm solution."""
    stage.say("  A = [[2 4 6] [2 0 2] [6 8 14]]   b = A @ [1 1 1]")
    stage.say(f"  numpy.linalg.inv(A)   {_peer(np.linalg.inv)}")
    try:
        from scipy.linalg import inv as scipy_inv
    except ImportError:
        pass
    else:
        stage.say(f"  scipy.linalg.inv(A)   {_peer(scipy_inv)}")

    for name, call in (("hs.inv(A)", lambda: hs.inv(A)), ("hs.solve(A, b)", lambda: hs.solve(A, b))):
        told = _alarm(call)
        lines = textwrap.wrap(told or "nothing", 92)
        stage.say(f"  {name:<15} {lines[0]}")
        for line in lines[1:]:
            stage.say(f"  {'':<15} {line}")
        stage.claim(
            f"{name} raises or warns, names column 2 and the call to make instead", "column 2" in told and "hs." in told
        )

    with heard() as warnings:
        s = hs.backslash(A, b)
    _, singular_values, rows = np.linalg.svd(A)
    nearest = np.ones(3) - rows[2] * (rows[2] @ np.ones(3))  # [1 1 1] without its part in the null space of A
    stage.say(
        f"  hs.backslash(A, b)    x = {np.array2string(s.x, precision=6)}, rank {s.rank}, method {s.method}"
        + "".join(f"; warns: {w}" for w in warnings)
    )
    stage.claim("hs.backslash finds rank 2 and says so (regime 4)", s.rank == 2 and s.regime == 4)
    stage.claim(
        "its x is the shortest of all solutions", bool(np.abs(s.x - nearest).max() < 1e-14 * singular_values[0])
    )
    stage.claim(
        "hs.pinv(A) agrees with numpy.linalg.pinv to 13 digits",
        bool(np.abs(hs.pinv(A) - np.linalg.pinv(A, rcond=1e-13)).max() < 1e-13),
    )
    stage.path("silence.txt").write_text(f"A x = b with A of rank 2\n\n{s}\n", encoding="utf-8")


def _peer(inverse: Callable[[Any], Any]) -> str:
    """Tell what another library answers: its largest entry, and whatever it says along with it."""
    with heard() as warnings:
        try:
            largest = f"largest entry {np.abs(inverse(A)).max():.0e}"
        except np.linalg.LinAlgError as problem:
            return f"raises: {problem}"
    return f"{largest}, {'warns: ' + textwrap.shorten(warnings[0], 60) if warnings else 'without a word'}"


def _alarm(call: Callable[[], Any]) -> str:
    """Catch the error or the warning that a call ends with, as one line; empty where it was silent."""
    with heard() as warnings:
        try:
            call()
        except hs.SingularMatrixError as problem:
            return f"{type(problem).__name__}: {' '.join(str(problem).split())}"
    return f"warning: {warnings[0]}" if warnings else ""
