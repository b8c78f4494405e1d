# SPDX-License-Identifier: BSD-3-Clause
"""Columns that say nearly the same, a penalty for them, and how much of it: Longley's regression once more."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

from . import Stage
from .digits import load

TITLE = "how much penalty, where columns say nearly the same (Longley: jobs in the USA, 1947-1962)"

Array = NDArray[np.float64]
NAMES = ("price deflator", "national product", "unemployed", "armed forces", "population", "year")
ALPHAS = np.geomspace(1e4, 1e-6, 161)  # descending, as in a path
SHOWN = (1e-4, 1.0, 100.0, 1e4)  # besides the one that is chosen


def play(stage: Stage) -> None:
    """Follow the coefficients over the penalty and choose one; hold all of it against the definitions."""
    X, y = standardized()
    path = hs.ridge_path(X, y, ALPHAS, fit_intercept=True)
    chosen = hs.select_alpha(X, y, ALPHAS, fit_intercept=True)
    by_gcv = hs.select_alpha(X, y, ALPHAS, criterion="gcv", fit_intercept=True)
    inflation = hs.factor(X.T @ X / len(y)).inverse_diagonal()

    stage.say("  variance inflation: " + ", ".join(f"{n} {v:.0f}" for n, v in zip(NAMES, inflation, strict=True)))
    stage.say("  coefficients in thousand jobs per standard deviation; errors are root mean squares, in thousand jobs")
    stage.say(
        f"  {'alpha':<12} {'degrees of freedom':>18} {'norm of coefficients':>21} {'error of a year left out':>25}"
    )
    for k in (int(np.argmin(abs(np.log(ALPHAS / alpha)))) for alpha in sorted((*SHOWN, chosen))):
        stage.say(
            f"  {ALPHAS[k]:<12.5g} {_of(path.dof, k):>18.2f} {_of(path.solution_norm, k):>21.0f}"
            f" {math.sqrt(_of(path.loo, k)):>25.0f}" + ("  least" if ALPHAS[k] == chosen else "")
        )
    _check(stage, X, y, path, inflation)
    stage.claim(
        f"hs.select_alpha takes the least error of years left out ({chosen:.2g}), or the least GCV ({by_gcv:.2g})",
        chosen == _least(path.loo) and by_gcv == _least(path.gcv),
    )
    stage.picture("penalty.png", lambda axes: _draw(axes, path, chosen), columns=2)


def standardized() -> tuple[Array, Array]:
    """Return Longley's columns with mean 0 and standard deviation 1, and the jobs in thousands."""
    data = load("longley")
    columns = data.design[:, 1:]
    return (columns - columns.mean(axis=0)) / columns.std(axis=0), data.y


def _check(stage: Stage, X: Array, y: Array, path: Any, inflation: Array) -> None:
    m, n = X.shape
    off = _difference(inflation, np.array([_inflation(X, j) for j in range(n)]))
    stage.claim(f"variance inflation is 1 / (1 - R^2) of each column on the others (to {off:.0e})", off < 1e-10)

    off = _difference(path.loo, np.array([_left_out(X, y, alpha) for alpha in ALPHAS]))
    fits = m * len(ALPHAS)
    stage.claim(f"one factorisation gives the errors that {fits} fits without one year give (to {off:.0e})", off < 1e-8)

    squares = np.linalg.svd(X, compute_uv=False) ** 2
    dof = 1 + (squares / (squares + ALPHAS[:, np.newaxis])).sum(axis=1)
    residuals = y[:, np.newaxis] - X @ path.coefs - path.intercepts
    off = max(_difference(path.dof, dof), _difference(path.gcv, m * (residuals**2).sum(axis=0) / (m - dof) ** 2))
    stage.claim(f"degrees of freedom and GCV agree with their definitions (to {off:.0e})", off < 1e-10)
    falls = bool((np.diff(path.dof) > 0).all() and (np.diff(path.solution_norm) > 0).all())
    stage.claim("both degrees of freedom, from 7 to 1, and the norm of the coefficients fall as alpha grows", falls)

    w = hs.lstsq(np.column_stack([np.ones(m), X]), y).x[1:]
    away = np.linalg.norm(path.coefs - w[:, np.newaxis], axis=0) / np.linalg.norm(w)
    stage.claim(
        "as alpha goes to 0 they tend to least squares: off by at most alpha / (alpha + sigma_min^2)",
        bool((away <= ALPHAS / (ALPHAS + squares[-1])).all()),
    )


def _inflation(X: Array, j: int) -> float:
    """Return 1 / (1 - R^2) for the regression of column j on the others; all have mean 0."""
    residuals = hs.lstsq(np.delete(X, j, axis=1), X[:, j]).residuals
    return float(X[:, j] @ X[:, j] / residuals[0])


def _left_out(X: Array, y: Array, alpha: float) -> float:
    """Return the mean squared error of each row as a fit to the other rows predicts it."""
    total = 0.0
    for i in range(len(y)):
        fit = hs.ridge(np.delete(X, i, axis=0), np.delete(y, i), alpha, fit_intercept=True)
        total += float(y[i] - fit.intercept - X[i] @ fit.coef) ** 2
    return total / len(y)


def _difference(found: Any, expected: Array) -> float:
    """Return the largest relative difference."""
    return float(np.max(np.abs(found - expected) / np.abs(expected)))


def _least(errors: Any) -> float:
    return float(ALPHAS[np.argmin(errors)])


def _of(values: Any, k: int) -> float:
    return float(values[k])


def _draw(axes: Any, path: Any, chosen: float) -> None:
    left, right = axes
    path.plot(left)
    for line, name in zip(left.get_lines(), NAMES, strict=True):
        line.set_label(name)
    left.axvline(chosen, linestyle=":", color="grey", label=f"chosen, alpha = {chosen:.2g}")
    left.set(ylabel="thousand jobs per standard deviation", title="coefficients of ridge regression")
    left.legend(fontsize="small")
    path.plot(right, kind="loo")
    right.set(ylabel="mean squared error, (thousand jobs)²", title="the error of a year left out")
