# SPDX-License-Identifier: BSD-3-Clause
"""How fast an iteration will converge, told beforehand, and how fast it then does."""

from __future__ import annotations

import math
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

from . import Stage, installed

TITLE = "convergence predicted, then observed (the states of the USA and their neighbours)"

Array = NDArray[np.float64]
RHO = 0.95  # how much of the mean of its neighbours a state takes over
RTOL = 1e-10
METHODS = ("jacobi", "gauss-seidel", "sor", "ssor", "chebyshev")


class Run(NamedTuple):
    """One method: what was predicted, and what happened."""

    method: str
    predicted: hs.splittings.Prediction
    x: Array
    history: Array

    @property
    def iterations(self) -> int:
        return len(self.history) - 1

    @property
    def observed(self) -> float:
        """The factor by which a step reduces the residual, over the second half of the iteration."""
        half = len(self.history) // 2
        return float((self.history[-1] / self.history[half]) ** (1 / (self.iterations - half)))

    @property
    def difference(self) -> float:
        """Of the rates, relative: of the logarithms of the factors, to which the iterations needed are reciprocal."""
        return abs(math.log(self.observed) / math.log(self.predicted.spectral_radius) - 1)


def play(stage: Stage) -> None:
    """Predict each method, run it, and compare."""
    sparse = installed("scipy.sparse")
    states, A, W = precision_matrix()
    maine = np.eye(len(states))[states.index("ME")]
    runs = [_run(A, maine, method) for method in METHODS]

    stage.say(f"  A = D - {RHO} W, W the {int(W.sum()) // 2} borders between {len(states)} states, D their numbers")
    stage.say(f"  {'':<13} {'factor of a step':^22} {'rates':>8}   {f'iterations to {RTOL:.0e}':>22}")
    stage.say(f"  {'method':<13} {'predicted':>11}{'observed':>11} {'differ':>8}   {'predicted':>11}{'observed':>11}")
    for run in runs:
        stage.say(
            f"  {run.method:<13} {run.predicted.spectral_radius:>11.4f}{run.observed:>11.4f} {run.difference:>8.2%}"
            f"   {run.predicted.iterations:>11.0f}{run.iterations:>11}"
        )
    x = hs.solve(A, maine)
    near = ", ".join(f"{states[i]} {x[i]:.2f}" for i in np.argsort(-x)[:4])
    stage.say(f"  x = the covariance of each state with Maine: {near}, ..., {states[int(np.argmin(x))]} {x.min():.0e}")
    _check(stage, runs, x, float(np.linalg.cond(np.diag(W.sum(axis=1)) - RHO * W)))
    stage.picture("splitting.png", lambda ax: _draw(ax, runs))
    if sparse is not None:
        sparse.save_npz(stage.path("splitting.npz"), A)


def borders() -> list[tuple[str, str]]:
    """Read the pairs of states that share a border."""
    text = resources.files(__package__).joinpath("data", "states.csv").read_text(encoding="utf-8")
    _, *rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    return [(state, neighbour) for state, neighbour in (row.split(",") for row in rows)]


def adjacency(pairs: list[tuple[str, str]]) -> tuple[list[str], Array]:
    """Return the states in alphabetical order, and W (n, n) with a one for each pair of neighbours."""
    states = sorted({state for pair in pairs for state in pair})
    place = {state: i for i, state in enumerate(states)}
    W = np.zeros((len(states), len(states)))
    for a, b in pairs:
        W[place[a], place[b]] = W[place[b], place[a]] = 1.0
    return states, W


def precision_matrix() -> tuple[list[str], Any, Array]:
    """Return the states, ``A = D - RHO W``, and W; A is sparse where SciPy is installed.

    A is the inverse of a covariance: given all others, a state has the mean ``RHO`` times the mean of its neighbours,
    and the variance 1 / d for d neighbours. Reference: Besag 1974, doi 10.1111/j.2517-6161.1974.tb00999.x.
    """
    states, W = adjacency(borders())
    A = np.diag(W.sum(axis=1)) - RHO * W
    sparse = installed("scipy.sparse")
    return states, A if sparse is None else sparse.csr_array(A), W


def _run(A: Any, b: Array, method: str) -> Run:
    predicted = hs.predict_convergence(A, method, rtol=RTOL)
    s = hs.iterate(A, b, method=method, rtol=RTOL, full_output=True)
    return Run(method, predicted, s.x, np.asarray(s.history))


def _check(stage: Stage, runs: list[Run], x: Array, condition: float) -> None:
    worst = max(run.difference for run in runs)
    stage.claim(f"after the transient the rates agree within 5 % (worst: {worst:.1%})", worst < 0.05)
    share = [run.iterations / run.predicted.iterations for run in runs]
    stage.claim(
        f"no method needs more iterations than predicted, or less than 90 % of them (least: {min(share):.0%})",
        min(share) >= 0.9 and max(share) <= 1,
    )
    jacobi, seidel, *_ = (run.predicted.spectral_radius for run in runs)
    stage.claim(
        f"Jacobi's factor is {RHO}, since the rows of W / D sum to 1; Gauss-Seidel's is less [Stein, Rosenberg 1948]",
        abs(jacobi - RHO) < 1e-6 and seidel < jacobi,
    )
    error = max(float(np.linalg.norm(run.x - x) / np.linalg.norm(x)) for run in runs)
    stage.claim(
        f"every x is that of hs.solve, to cond(A) times the tolerance (worst: {error:.0e})", error <= condition * RTOL
    )


def _draw(ax: Any, runs: list[Run]) -> None:
    """Draw all histories into one picture: the observed solid, the predicted slopes dashed, in one colour a method."""
    for k, run in enumerate(runs):
        hs.plot.convergence(run.history, rate=run.predicted.spectral_radius, ax=ax)
        observed, predicted = ax.get_lines()[-2:]
        observed.set(color=f"C{k}", label=f"{run.method}, {run.predicted.spectral_radius:.3f} a step")
        predicted.set(color=f"C{k}", label="predicted" if run is runs[-1] else None)
    ax.set(
        xlabel="iteration",
        ylabel="relative residual ||b - A x|| / ||b||",
        title="observed (solid) and predicted (dashed)",
    )
    ax.set_ylim(RTOL / 3, 3)
    ax.legend(fontsize="small")
