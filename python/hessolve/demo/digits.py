# SPDX-License-Identifier: BSD-3-Clause
"""Two regressions with coefficients certified to 15 digits, and how many of them each library finds."""

from __future__ import annotations

import math
from collections.abc import Callable
from importlib import resources
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

from . import Stage, heard, installed

TITLE = "digits correct, of the coefficients that NIST certifies"

Array = NDArray[np.float64]
CERTIFIED_DIGITS = 15.0  # NIST gives no more
DATASETS = ("longley", "pontius")


class Dataset(NamedTuple):
    """A regression: ``design`` (m, n) with a first column of ones, ``y`` (m,), ``certified`` coefficients (n,)."""

    name: str
    design: Array
    y: Array
    certified: Array


def load(name: str) -> Dataset:
    """Read one of `DATASETS`: a table with y first, after comment lines that hold source, model and coefficients."""
    text = resources.files(__package__).joinpath("data", f"{name}.csv").read_text(encoding="utf-8")
    comments = [line[1:].strip() for line in text.splitlines() if line.startswith("#")]
    header, *rows = [line for line in text.splitlines() if line and not line.startswith("#")]
    table = np.array([[float(entry) for entry in row.split(",")] for row in rows])
    y, *columns = table.T
    if header == "y,x":  # a polynomial: its degree follows from the number of coefficients
        columns = [columns[0] ** k for k in range(1, sum(c.startswith("certified") for c in comments))]
    certified = np.array([float(c.split("=")[1]) for c in comments if c.startswith("certified")])
    return Dataset(name.capitalize(), np.column_stack([np.ones_like(y), *columns]), y, certified)


def digits(found: Array, certified: Array) -> float:
    """Count the fewest correct digits over all coefficients: ``-log10`` of the largest relative error, from 0 to 15."""
    error = float(np.max(np.abs(found - certified) / np.abs(certified)))
    return CERTIFIED_DIGITS if error == 0 else max(0.0, min(CERTIFIED_DIGITS, -math.log10(error)))


def play(stage: Stage) -> None:
    """Fit each dataset with everything that is installed and compare."""
    data = [load(name) for name in DATASETS]
    found = {name: [_digits_of(fit, d) for d in data] for name, fit in _fits().items()}
    stage.say(f"  {'':<34}" + "".join(f"{d.name + ' ' + str(d.design.shape):>18}" for d in data))
    for name, row in found.items():
        stage.say(f"  {name:<34}" + "".join(f"{value:>18.1f}" for value in row))
    *others, ours = found.values()
    for k, d in enumerate(data):
        best = max(round(row[k], 1) for row in others)
        stage.claim(
            f"{d.name}: hs.lstsq finds at least as many digits as the best of the others ({best})",
            round(ours[k], 1) >= best,
        )
        s = hs.lstsq(d.design, d.y, full_output=True)
        stage.path(f"{d.name.lower()}.txt").write_text(f"NIST {d.name}: {s.x}\n\n{s}\n", encoding="utf-8")
        np.savez(stage.path(f"{d.name.lower()}.npz"), A=d.design, b=d.y)


def _digits_of(fit: Callable[[Array, Array], Any], data: Dataset) -> float:
    with heard():
        try:
            return digits(np.asarray(fit(data.design, data.y)), data.certified)
        except np.linalg.LinAlgError:
            return 0.0


def _fits() -> dict[str, Callable[[Array, Array], Any]]:
    """Everything that can fit, under its name; hessolve last."""
    fits: dict[str, Callable[[Array, Array], Any]] = {
        "numpy.linalg.lstsq": lambda X, y: np.linalg.lstsq(X, y, rcond=None)[0],
        "normal equations (numpy)": lambda X, y: np.linalg.solve(X.T @ X, X.T @ y),
    }
    scipy_linalg = installed("scipy.linalg")
    if scipy_linalg is not None:
        fits["scipy.linalg.lstsq (gelsd)"] = lambda X, y: scipy_linalg.lstsq(X, y)[0]
        fits["scipy.linalg.lstsq (gelsy)"] = lambda X, y: scipy_linalg.lstsq(X, y, lapack_driver="gelsy")[0]
    linear_model = installed("sklearn.linear_model")
    if linear_model is not None:

        def scikit_learn(X: Array, y: Array) -> Array:
            model = linear_model.LinearRegression().fit(X[:, 1:], y)  # it adds the constant by itself, by centring
            return np.array([model.intercept_, *model.coef_])

        fits["scikit-learn LinearRegression"] = scikit_learn
    fits["hessolve hs.lstsq"] = lambda X, y: hs.lstsq(X, y).x
    return fits
