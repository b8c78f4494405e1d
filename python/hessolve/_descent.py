# SPDX-License-Identifier: BSD-3-Clause
"""The iterations behind `hessolve.minimize`: Newton, trust region, BFGS, gradient; each of them says why it ended."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, _hessian
from ._derivatives import NotSmoothError
from ._differences import NonFiniteError
from ._iteration import reason_of
from ._line_search import EPS, Point, along, backtrack, wolfe
from ._lowest import negative_curvature
from ._objective import Objective, Result, Watcher
from ._reasons import Reason
from ._strategies import LearntInverse
from ._trust_region import advanced, in_ball, steihaug
from .decompositions import eigh
from .quasi_newton import QuasiNewton

Array = NDArray[np.float64]
DONE, LIMIT, PRECISION, UNBOUNDED, STOPPED = 0, 1, 2, 3, 99  # SciPy's numbers, but for unbounded functions


@dataclass
class Options:
    """What the iterations may do."""

    gtol: float
    xtol: float
    maxiter: int
    modify: str = "auto"
    step: str = "line-search"
    radius: float | None = None
    largest_radius: float = np.inf


@dataclass
class Descent:
    """A minimisation on its way: the point reached, and why it ended there."""

    objective: Objective
    options: Options
    watcher: Watcher
    at: Point
    nit: int = 0
    status: int = -1
    message: str = ""
    extra: dict[str, Any] = field(default_factory=dict)
    first: float = field(init=False)

    def __post_init__(self) -> None:
        self.first = self.at.f

    @property
    def size(self) -> float:
        return float(np.abs(self.at.g).max(initial=0.0))

    def end(self, status: int, message: str) -> bool:
        self.status, self.message = status, message
        return True

    def reached(self) -> bool:
        return self.size <= self.options.gtol

    def ended(self) -> bool:
        """Tell whether the gradient is small enough, or iterations are used up."""
        if self.reached():
            return self.end(DONE, f"The largest element of the gradient, {self.size:.2g}, is within gtol.")
        return self.used_up()

    def used_up(self) -> bool:
        if self.at.f < -1e30 * max(1.0, abs(self.first)):
            return self.end(UNBOUNDED, f"f fell to {self.at.f:.3g}: it seems to have no lower bound.")
        if self.nit < self.options.maxiter:
            return False
        return self.end(
            LIMIT,
            f"The limit of {self.options.maxiter} iterations was reached; the largest element of the gradient is "
            f"{self.size:.2g}. Allow more by maxiter.",
        )

    def moved(self, to: Point) -> bool:
        """Take a step, and tell whether the callback asked to stop."""
        self.at = to
        self.nit += 1
        if self.watcher.stops(to.x, to.f):
            self.extra.pop("hess", None)  # it is that of the point before
            return self.end(STOPPED, "`callback` raised `StopIteration`.")
        return False

    def stuck(self, p: Array, sure: bool = False) -> bool:
        """End where no step along p helps; ``sure``: p, from a positive definite Hessian, tells the error of x."""
        if sure and self.settled(p):
            return True
        return self.end(
            PRECISION,
            "Desired error not necessarily achieved due to precision loss: no step lowers f, and the largest element "
            f"of the gradient, {self.size:.2g}, is above gtol = {self.options.gtol:.2g}.",
        )

    def settled(self, p: Array) -> bool:
        """Tell whether a Newton step is within xtol of every variable."""
        if not (np.abs(p) <= self.options.xtol * np.abs(self.at.x)).all():
            return False
        return self.end(
            DONE,
            f"The Newton step is within xtol = {self.options.xtol:.2g} of x in every variable; the largest element of "
            f"the gradient, {self.size:.2g}, is above gtol by rounding.",
        )

    def result(self) -> Result:
        objective = self.objective
        result = Result(x=self.at.x, success=self.status == DONE, status=self.status, message=self.message)
        result |= {"fun": self.at.f, "jac": self.at.g, "nit": self.nit, "nfev": objective.nfev, "njev": objective.njev}
        return Result(result | {"nhev": objective.nhev} | self.extra)


def newton(run: Descent) -> None:
    """Newton steps from the repaired Hessian, each shortened until f falls."""
    if run.objective.by_products:
        return newton_by_products(run)
    from .newton import newton_step

    while True:
        H = run.objective.hessian(run.at.x)
        if not (_hessian.is_dense(H) or hasattr(H, "tocsr")):
            return newton_by_products(run)
        run.extra["hess"] = H
        if run.reached():
            away = _downhill(run, H)
            if away is None or run.used_up():
                if run.status < 0:
                    run.ended()
                return None
            if run.moved(away):
                return None
            continue
        if run.used_up():
            return None
        step = newton_step(H, run.at.g, modify=run.options.modify, full_output=True)
        p = step.step
        definite = step.modification == 0
        if definite and run.settled(p):
            return None
        to = backtrack(run.objective, run.at, p, float(run.at.g @ p))
        if to is None and not definite:
            to = backtrack(run.objective, run.at, -run.at.g, -float(run.at.g @ run.at.g))
        if to is None:
            run.stuck(p, definite)
            return None
        if run.moved(to):
            return None


def _downhill(run: Descent, H: Any) -> Point | None:
    """Return a lower point along negative curvature, where a stationary point has some; None where it is a minimum."""
    if run.objective.learnt is not None:  # its curvatures are no facts
        return None
    if not _hessian.is_dense(H):
        return _away(run, H.__matmul__)
    (code, _), *_ = _core.newton_step(H, run.at.g, "auto", False)
    if reason_of(code) is Reason.ok:  # it has a Cholesky factor
        return None
    w, V = eigh(H)
    if w[0] >= -np.sqrt(EPS) * max(abs(w[0]), abs(w[-1])):
        return None
    return _lower(run, float(w[0]), V[:, 0])


def _away(run: Descent, products: Any) -> Point | None:
    """Return what `_downhill` does, of a Hessian known by its products."""
    try:
        found = negative_curvature(products, run.objective.n)
    except (NonFiniteError, NotSmoothError):
        return None
    return None if found is None else _lower(run, *found)


def _lower(run: Descent, curvature: float, v: Array) -> Point | None:
    v = v * (-1.0 if run.at.g @ v > 0 else 1.0)
    t = max(1.0, float(np.abs(run.at.x).max()))
    while t > 1e-8:
        for sign in (1.0, -1.0):
            x = run.at.x + sign * t * v
            f = run.objective.value(x)
            if f < run.at.f + 1e-4 * t * t * curvature:
                g = run.objective.gradient_or_none(x)
                if g is not None:
                    return Point(x, f, g)
        t /= 4
    return None


def _leaves(run: Descent, products: Any) -> bool:
    """Leave a stationary point along negative curvature; False where the run is over."""
    away = None if products is None else _away(run, products)
    if away is None or run.used_up():
        if run.status < 0:
            run.ended()
        return False
    return not run.moved(away)


def newton_by_products(run: Descent) -> None:
    """Newton steps by conjugate gradients, stopped early; along negative curvature where it is met."""
    limit = max(20, 2 * run.objective.n)
    while True:
        products = run.objective.products(run.at.x)
        if run.reached():
            if not _leaves(run, products):
                return
            continue
        if run.used_up():
            return
        p, bent = along(products, run.at.g, limit)
        slope = float(run.at.g @ p)
        if not slope < 0:
            p, slope = -run.at.g, -float(run.at.g @ run.at.g)
        to = wolfe(run.objective, run.at, p, slope, 1.0) if bent else backtrack(run.objective, run.at, p, slope)
        if to is None:
            run.stuck(p)
            return
        if run.moved(to):
            return


def trust_region(run: Descent) -> None:
    """Minima of the model within a ball; its radius grows where the model predicts well, and shrinks where not."""
    options, objective = run.options, run.objective
    radius = 0.0
    fresh = True
    products: Any = None
    w = V = np.zeros(0)
    while True:
        if fresh:
            H = None if objective.by_products else objective.hessian(run.at.x)
            if H is not None and _hessian.is_dense(H):
                run.extra["hess"] = H
                w, V = eigh(H)
            elif H is not None and hasattr(H, "tocsr"):
                run.extra["hess"] = H
                products = H.__matmul__
            else:
                products = objective.products(run.at.x)
            if not radius:
                g = run.at.g
                radius = options.radius or _first_radius(run, np.asarray(H) @ g if products is None else products(g))
        saddle = (
            products is None
            and objective.learnt is None
            and len(w) > 0
            and w[0] < -np.sqrt(EPS) * max(abs(w[0]), abs(w[-1]))
        )
        if run.reached() and not (saddle and radius > 1e-8):
            if not _leaves(run, products):
                return
            fresh = True
            continue
        if run.used_up():
            return
        if products is None:
            p, edge = in_ball(w, V, run.at.g, radius)
            turned = V.T @ p
            predicted = -float(run.at.g @ p + turned @ (w * turned) / 2)
            if w[0] > 0 and not edge and run.settled(p):
                return
        else:
            p, predicted, edge = steihaug(products, run.at.g, radius, max(20, 2 * objective.n))
        if np.array_equal(run.at.x + p, run.at.x):
            run.stuck(p, products is None and w[0] > 0 and not edge)
            return
        to, radius = advanced(objective, run.at, p, predicted, radius, edge, options.largest_radius)
        fresh = to is not None
        if to is None:
            run.nit += 1
        elif run.moved(to):
            return


def _first_radius(run: Descent, product: Any) -> float:
    """Return the length of the step to the minimum of the model along -g; the size of x where there is none."""
    g = run.at.g
    length = float(_core.optimal_step(g, np.ascontiguousarray(product))[0]) * float(np.linalg.norm(g))
    return length if 0 < length < np.inf else max(1.0, float(np.linalg.norm(run.at.x)))


def bfgs(run: Descent) -> None:
    """Steps from an inverse Hessian that learns, with Wolfe's conditions."""
    B = _learner(run.objective)
    while not run.ended():
        p = -B.dot(run.at.g) if B.updates else -run.at.g
        slope = float(run.at.g @ p)
        first = 1.0 if B.updates else min(1.0, 1.0 / float(np.abs(run.at.g).sum()))
        to = wolfe(run.objective, run.at, p, slope, first) if slope < 0 else None
        if to is None and B.updates:  # what was learnt does not help here: begin anew
            B = _learner(run.objective)
            continue
        if to is None:
            run.stuck(p)
            break
        B.update(to.x - run.at.x, to.g - run.at.g)
        if run.moved(to):
            break
    run.extra["hess_inv"] = B.matrix if B.updates else np.eye(run.objective.n)


def _learner(objective: Objective) -> Any:
    return QuasiNewton(objective.n) if objective.learnt is None else LearntInverse(objective.learnt.rule, objective.n)


def gradient(run: Descent) -> None:
    """Steepest descent: by the minimum of the model, by 1 / lambda_max, or by a line search."""
    last = min(1.0, 1.0 / max(float(np.abs(run.at.g).sum()), EPS))
    while not run.ended():
        g = run.at.g
        t = _natural_length(run)
        if np.isfinite(t):
            to = backtrack(run.objective, run.at, -t * g, -t * float(g @ g))
        else:
            to = wolfe(run.objective, run.at, -g, -float(g @ g), last, 0.1)
            if to is not None:
                last = float(np.linalg.norm(to.x - run.at.x) / np.linalg.norm(g))
        if to is None:
            run.stuck(-g)
            return
        if run.moved(to):
            return


def _natural_length(run: Descent) -> float:
    """Return the length that "exact" and "bounded" mean, infinite where f does not bend up, or none is meant."""
    if run.options.step == "line-search":
        return float(np.inf)
    g = run.at.g
    if run.options.step == "exact":
        product = np.ascontiguousarray(run.objective.products(run.at.x)(g))
        return float(_core.optimal_step(g, product)[0])
    from .analysis import optimal_step

    H = run.objective.products(run.at.x) if run.objective.by_products else run.objective.hessian(run.at.x)
    return optimal_step(g, H).lower_bound


METHODS = {"newton": newton, "trust-region": trust_region, "bfgs": bfgs, "gradient": gradient}
