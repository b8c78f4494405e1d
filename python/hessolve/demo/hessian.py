# SPDX-License-Identifier: BSD-3-Clause
"""From a function to its Hessian, its rank, a lambda that repairs it, and the ridge regression that this amounts to."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

from . import Stage, heard
from .penalty import NAMES, standardized

TITLE = "a Hessian without inverse, repaired, and the ridge regression behind it (Longley, and a column too many)"

Array = NDArray[np.float64]
SUM = (2, 3)  # the last column is the sum of these: unemployed and armed forces
COLUMNS = (*NAMES, "unemployed + armed forces")


def play(stage: Stage) -> None:
    """Differentiate a loss, judge its Hessian, repair it, and find the same answer by ridge regression."""
    X, y = with_dependent_column()
    target = y - y.mean()

    def loss(w: Any) -> Any:
        return np.sum((X @ w - target) ** 2) / 2

    origin = np.zeros(X.shape[1])
    found = hs.hessian(loss, origin, full_output=True)
    H, g = found.hessian, hs.gradient(loss, origin)
    report = hs.curvature(H)
    repaired = hs.modify_hessian(H, "max-element")
    after = hs.curvature(repaired.H)
    alpha = repaired.shift
    stage.say(
        f"  f(w) = ||X w - y||^2 / 2 with {X.shape[1]} columns; Hessian by method={found.method!r}, one call of f"
    )
    stage.say(f"  {'':<24} {'rank':>5} {'lowest eigenvalue':>18} {'highest':>9} {'condition':>10}")
    for name, r in (("H", report), (f"H + I / max(H) = H + {alpha:.3g} I", after)):
        stage.say(f"  {name:<24} {r.rank:>5} {r.eigenvalues[0]:>18.2g} {r.eigenvalues[-1]:>9.3g} {r.condition:>10.2g}")
    off = float(np.abs(H - X.T @ X).max() / np.abs(H).max())
    stage.claim(f"the Hessian is X^T X (to {off:.0e})", found.method == "dual" and off < 1e-13)
    at_fault = [COLUMNS[i] for i in report.null_variables]
    stage.claim(
        f"its rank is {report.rank} of {len(H)}, and the columns to blame are: {', '.join(at_fault)}",
        report.rank == len(H) - 1 and report.null_variables == [*SUM, len(H) - 1],
    )
    stage.claim("without a repair there is no Newton step, and hs.newton_step says so", _refused(H, g))
    chosen = hs.select_alpha(X, y, criterion="max-element", fit_intercept=True)
    off = abs(float(after.eigenvalues[0]) / alpha - 1)
    stage.claim(
        f"lambda = 1 / max(H) = {alpha:.3g} makes it definite: the lowest eigenvalue is lambda (to {off:.0e})",
        repaired.definite and abs(alpha * H.max() - 1) < 1e-12 and off < 1e-9,
    )
    step = repaired.factorization.solve(-g)
    fit = hs.ridge(X, y, alpha, fit_intercept=True)
    off = float(np.abs(fit.coef - step).max() / np.abs(step).max())
    stage.claim(
        f"the Newton step from 0 with it is hs.ridge with alpha = lambda (to {off:.0e}), as hs.select_alpha chooses",
        off < 1e-7 and abs(chosen / alpha - 1) < 1e-12,
    )
    _warn_of_saddles(stage)
    stage.picture("hessian.png", lambda axes: _draw(axes, report, after, X, y, alpha), columns=2)


def with_dependent_column() -> tuple[Array, Array]:
    """Return Longley's standardized columns and a seventh that two of them add up to."""
    X, y = standardized()
    return np.column_stack([X, X[:, SUM[0]] + X[:, SUM[1]]]), y


def _refused(H: Array, g: Array) -> bool:
    try:
        hs.newton_step(H, g, modify=None)
    except hs.NotPositiveDefiniteError:
        return True
    return False


def _warn_of_saddles(stage: Stage) -> None:
    """Show that H + I / max(H) is no cure for negative curvature, and that a shift is."""
    H = hs.hessian(lambda x: 2 * x[0] ** 2 - x[1] ** 2, [0.0, 0.0])
    with heard() as said:
        recipe = hs.modify_hessian(H, "max-element")
    shifted = hs.modify_hessian(H, "shift")
    stage.claim(
        f"of 2 x^2 - y^2 the same recipe leaves an eigenvalue {np.linalg.eigvalsh(recipe.H)[0]:.3g}, with a warning; "
        f"a shift of {shifted.shift:.3g} is the least that is enough",
        not recipe.definite and len(said) == 1 and shifted.definite and abs(shifted.shift - 2) < 1e-6,
    )


def _draw(axes: Any, report: Any, after: Any, X: Array, y: Array, alpha: float) -> None:
    left, right = axes
    order = np.arange(1, len(report.eigenvalues) + 1)
    floor = np.maximum(np.abs(report.eigenvalues), report.uncertainty)
    left.semilogy(order, floor, "o", label="H")
    left.semilogy(order, after.eigenvalues, "x", label="H + lambda I")
    left.axhspan(report.uncertainty / 10, report.uncertainty, color="0.85", label="zero, to rounding")
    left.axhline(alpha, linestyle=":", color="grey", label=f"lambda = {alpha:.2g}")
    left.set(xlabel="index", ylabel="eigenvalue", title="the spectrum, before and after")
    left.legend(fontsize="small")
    hs.ridge_path(X, y, np.geomspace(1e4, 1e-6, 81), fit_intercept=True).plot(right)
    for line, name in zip(right.get_lines(), COLUMNS, strict=True):
        line.set_label(name)
    right.axvline(alpha, linestyle=":", color="grey", label=f"alpha = lambda = {alpha:.2g}")
    right.set(ylabel="thousand jobs per standard deviation", title="coefficients of ridge regression")
    right.legend(fontsize="small")
