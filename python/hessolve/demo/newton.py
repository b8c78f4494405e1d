# SPDX-License-Identifier: BSD-3-Clause
"""Gradient descent against Newton's method on a logistic regression: the steps each needs, told beforehand."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

from . import Stage, installed
from .penalty import standardized

TITLE = "gradient descent against Newton on a logistic regression: steps predicted, then counted"

Array = NDArray[np.float64]
ALPHA = 1e-4  # of the penalty alpha ||w||^2 / 2
GTOL = 1e-7


class Logistic:
    """mean log(1 + exp(-t x^T w)) + alpha ||w||^2 / 2 over rows x with signs t, and its derivatives."""

    def __init__(self, X: Array, signs: Array, alpha: float = ALPHA) -> None:
        self.X, self.signs, self.alpha = X, signs, alpha

    def value(self, w: Any) -> Any:
        """Written with NumPy alone, so that its derivatives are exact."""
        return np.mean(np.logaddexp(0.0, -self.signs * (self.X @ w))) + self.alpha * np.sum(w * w) / 2

    def probabilities(self, w: Array) -> Array:
        return 1 / (1 + np.exp(-np.clip(self.X @ w, -500, 500)))

    def gradient(self, w: Array) -> Array:
        return self.X.T @ (self.probabilities(w) - (self.signs > 0)) / len(self.X) + self.alpha * w

    def hessian(self, w: Array) -> Array:
        p = self.probabilities(w)
        H = (self.X.T * (p * (1 - p))) @ self.X / len(self.X)
        return H + self.alpha * np.eye(len(w))


class Run(NamedTuple):
    """A minimisation with all of its points."""

    points: Array
    values: Array
    result: Any


def play(stage: Stage) -> None:
    """Minimise twice, and hold the steps taken against those that the Hessian at the minimum predicts."""
    name, X, signs = data()
    loss = Logistic(X, signs)
    origin = np.zeros(X.shape[1])
    newton = _run(loss, origin, method="newton", gtol=1e-12)
    descent = _run(loss, origin, method="gradient", step="bounded", gtol=GTOL, maxiter=50_000)
    best = newton.result
    report: Any = hs.curvature(loss.hessian(best.x), loss.gradient(best.x))
    rate = 1 - 1 / report.condition
    predicted = _steps_of_descent(report, descent.points, best.x)
    stage.say(f"  {name}: {X.shape[0]} rows, {X.shape[1]} columns; condition of the Hessian {report.condition:.3g}")
    stage.say(f"  {'':<28} {'steps predicted':>16} {'steps taken':>12} {'largest |gradient|':>19}")
    doublings = _steps_of_newton(newton.points, best.x)
    for title, steps, run in (("gradient, 1 / lambda_max", predicted, descent), ("Newton", doublings, newton)):
        size = np.abs(run.result.jac).max()
        stage.say(f"  {title:<28} {steps:>16} {run.result.nit:>12} {size:>19.1e}")

    H, g = hs.hessian(loss.value, best.x / 2), hs.gradient(loss.value, best.x / 2)
    off = max(_difference(H, loss.hessian(best.x / 2)), _difference(g, loss.gradient(best.x / 2)))
    stage.claim(f"exact derivatives of the loss equal the formulas p - y and p (1 - p) (to {off:.0e})", off < 1e-12)
    stage.claim(
        f"both end at the minimum (hs.curvature: {report.kind})",
        report.kind == "minimum" and descent.result.success and best.success and _same(descent, newton),
    )
    observed = _observed_rate(descent, best.x, report.eigenvectors[:, 0])
    stage.claim(
        f"along the flattest direction a gradient step leaves 1 - 1 / condition = {rate:.5f}; observed {observed:.5f}",
        abs(math.log(observed) / math.log(rate) - 1) < 0.05,
    )
    stage.claim(
        f"that predicts its steps to 5 %: {predicted} against {descent.result.nit}",
        abs(descent.result.nit / predicted - 1) < 0.05,
    )
    stage.claim(
        f"Newton's errors square, so that {doublings} steps are predicted, to within 1: {newton.result.nit}",
        abs(newton.result.nit - doublings) <= 1,
    )
    scaled = _in_other_units(loss)
    again = _run(scaled, origin, method="newton", gtol=1e-12, xtol=1e-10)
    kappa = hs.curvature(scaled.hessian(again.result.x)).condition
    stage.claim(
        f"in other units the condition is {kappa:.1e}; Newton takes {again.result.nit} steps, where it took "
        f"{newton.result.nit}",
        abs(again.result.nit - newton.result.nit) <= 1 and kappa > 1e3 * report.condition,
    )
    stage.picture("newton.png", lambda axes: _draw(axes, newton, descent, rate, loss), columns=2)


def data() -> tuple[str, Array, Array]:
    """Return scikit-learn's tumours where they are installed, else Longley's years; columns standardized, signs +-1."""
    datasets = installed("sklearn.datasets")
    if datasets is None:
        X, y = standardized()
        return "jobs above their median (Longley)", X, np.where(y > np.median(y), 1.0, -1.0)
    X, y = datasets.load_breast_cancer(return_X_y=True)
    return "benign tumours (Wisconsin, scikit-learn)", (X - X.mean(axis=0)) / X.std(axis=0), np.where(y > 0, 1.0, -1.0)


class _Scaled(Logistic):
    """The same loss over v, w = D v."""

    def __init__(self, loss: Logistic, scale: Array) -> None:
        super().__init__(loss.X, loss.signs, loss.alpha)
        self.scale = scale

    def value(self, v: Any) -> Any:
        return super().value(self.scale * v)

    def gradient(self, v: Array) -> Array:
        return self.scale * super().gradient(self.scale * v)

    def hessian(self, v: Array) -> Array:
        return self.scale[:, np.newaxis] * super().hessian(self.scale * v) * self.scale


def _in_other_units(loss: Logistic) -> Logistic:
    """Every variable in a unit of its own, from 1/100 to 100."""
    return _Scaled(loss, np.geomspace(1e-2, 1e2, loss.X.shape[1]))


def _run(loss: Logistic, start: Array, **how: Any) -> Run:
    points = [start]
    result = hs.minimize(
        loss.value, start, jac=loss.gradient, hess=loss.hessian, callback=lambda xk: points.append(xk), **how
    )
    return Run(np.array(points), np.array([float(loss.value(point)) for point in points]), result)


def _steps_of_descent(report: Any, points: Array, best: Array) -> int:
    """Predict the steps from the first point within 10 % of the minimum: until the gradient of the model is GTOL."""
    errors = np.linalg.norm(points - best, axis=1)
    start = int(np.argmax(errors < 0.1 * errors[0]))
    w, V = report.eigenvalues, report.eigenvectors
    parts = w * (V.T @ (points[start] - best))

    def size(steps: int) -> float:
        return float(np.abs(V @ (parts * (1 - w / w[-1]) ** steps)).max())

    return start + _first(lambda k: size(k) <= GTOL, limit=10_000_000)


def _first(holds: Callable[[int], bool], limit: int) -> int:
    """Return the least number for which a condition holds that holds from there on."""
    low, high = 0, 1
    while not holds(high) and high < limit:
        low, high = high, 2 * high
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _steps_of_newton(points: Array, best: Array) -> int:
    """Predict the steps from the second half way: the constant of e' = C e^2 is taken where e is 0.1 to 1e-4 of w."""
    errors = np.linalg.norm(points - best, axis=1) / np.linalg.norm(best)
    k = int(np.argmax(errors < 0.1))
    constant = errors[k] / errors[k - 1] ** 2
    e, steps = float(errors[k]), k
    while e > 1e-13 and steps < 100:
        e, steps = constant * e * e, steps + 1
    return steps


def _observed_rate(run: Run, best: Array, direction: Array) -> float:
    """Return the factor by which a step reduces the error along a direction, over the second half of the run."""
    errors = np.abs((run.points - best) @ direction)
    half = len(errors) // 2
    return float((errors[-1] / errors[half]) ** (1 / (len(errors) - 1 - half)))


def _same(a: Run, b: Run) -> bool:
    return _difference(a.result.x, b.result.x) < 1e-3


def _difference(found: Array, expected: Array) -> float:
    return float(np.abs(found - expected).max() / np.abs(expected).max())


def _draw(axes: Any, newton: Run, descent: Run, rate: float, loss: Logistic) -> None:
    left, right = axes
    for run, label in ((descent, "gradient"), (newton, "Newton")):
        over = run.values - newton.values[-1]
        left.semilogy(np.flatnonzero(over > 0), over[over > 0], label=f"{label}, {run.result.nit} steps")
    steps = np.arange(len(descent.values))
    last = max(float(descent.values[-1] - newton.values[-1]), 1e-16)
    left.semilogy(
        steps, last * rate ** (2.0 * (steps - steps[-1])), ":", color="grey", label="(1 - 1 / condition)^(2 k)"
    )
    left.set_ylim(1e-16, 2 * float(descent.values[0]))
    left.set(xlabel="step", ylabel="f - minimum", title="the whole regression")
    left.legend(fontsize="small")
    small = Logistic(loss.X[:, :2] @ np.array([[1.0, 1.0], [0.0, 0.5]]), loss.signs, 1e-3)  # two columns that overlap
    paths = {
        "gradient": _run(small, np.zeros(2), method="gradient", step="exact", maxiter=2000).points,
        "Newton": _run(small, np.zeros(2), method="newton").points,
    }
    hs.plot.descent(small.value, paths, ax=right)
    right.set_title("two of its columns, exact gradient steps")
