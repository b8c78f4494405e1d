# SPDX-License-Identifier: BSD-3-Clause
"""Newton's method for equations, and Levenberg and Marquardt's where the Jacobian is singular or no step helps."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from ._line_search import EPS
from ._objective import Equations, Result, Watcher, not_there

Array = NDArray[np.float64]


def solve(equations: Equations, x: Array, xtol: float, ftol: float, maxiter: int, watcher: Watcher) -> Result:
    """Return a root near x, or the best point found, and why."""
    F = equations.values(x)
    if not np.isfinite(F).all():
        i = int(np.flatnonzero(~np.isfinite(F))[0])
        raise ValueError(f"`F` returned {F[i]} at [{i}], for x0 = {x}; start where it is finite.")
    J = equations.jacobian(x)
    zero = max(ftol, EPS * min(1.0, float(np.abs(F).max(initial=0.0))))
    damping = 0.0
    nit = 0

    def ended(status: int, success: bool, message: str) -> Result:
        counts = {"nfev": equations.nfev, "njev": equations.njev, "nit": nit}
        return Result(x=x, success=success, status=status, message=message, fun=F, jac=J, **counts)

    while True:
        size = float(np.abs(F).max(initial=0.0))
        if size == 0 or (nit and size <= zero) or size <= ftol:
            return ended(1, True, f"The solution converged: the largest element of F is {size:.2g}.")
        if nit >= maxiter:
            return ended(
                2, False, f"The limit of {maxiter} iterations was reached; the largest element of F is {size:.2g}."
            )
        p, newton = _step(J, F, damping)
        slope = float((J.T @ F) @ p)  # of ||F||^2 / 2
        found = _shortened(equations, x, F, p, slope, 1e-3 if newton else 1.0)
        if newton and found is None and np.linalg.norm(p) <= xtol * np.linalg.norm(x):
            return ended(
                1, True, f"The solution converged: the last Newton step is rounding of x, and F is {size:.2g}."
            )
        if found is None and bool((np.abs(F) <= 4 * len(x) * EPS * (np.abs(J) @ np.abs(x))).all()):
            return ended(1, True, f"The solution converged: F, {size:.2g}, is within its rounding at x.")
        if found is None:
            damping = max(1e-3, 10 * damping)
            if damping > 1e16:
                return ended(5, False, _stationary(J, F, size))
            nit += 1
            continue
        small = newton and found[3] == 1.0 and bool((np.abs(p) <= xtol * np.abs(found[0])).all())
        x, F, J = found[:3]
        damping = damping / 10 if damping > 1e-8 else 0.0
        nit += 1
        if watcher.stops(x, F):
            return ended(99, False, "`callback` raised `StopIteration`.")
        if small:
            size = float(np.abs(F).max(initial=0.0))
            message = f"The solution converged: the last Newton step was within {xtol:.2g} of x, and F is {size:.2g}."
            return ended(1, True, message)


def _stationary(J: Array, F: Array, size: float) -> str:
    lengths = np.linalg.norm(J, axis=0) * np.linalg.norm(F)
    cosine = float(np.max(np.abs(J.T @ F) / np.where(lengths > 0, lengths, 1.0), initial=0.0))
    return (
        f"No step lowers ||F||, whose largest element is {size:.2g}: F is within {cosine:.1g} of orthogonal to the "
        "columns of the Jacobian. This is a minimum of ||F|| that is no root, or the rounding of F; start elsewhere."
    )


def _step(J: Array, F: Array, damping: float) -> tuple[Array, bool]:
    """Return the Newton step and True; with damping, or a singular J, a Levenberg-Marquardt step and False."""
    from .factorization import factor
    from .least_squares import lstsq

    if damping == 0:
        lu = factor(J, "lu")
        if lu.rcond > EPS:
            p = np.asarray(lu.solve(-F))
            if np.isfinite(p).all():
                return p, True
    scale = np.linalg.norm(J, axis=0)
    scale[scale == 0] = max(float(scale.max(initial=0.0)), 1.0)
    D = np.diag(np.sqrt(max(damping, EPS)) * scale)
    return np.asarray(lstsq(np.vstack([J, D]), np.r_[-F, np.zeros(len(F))], method="qr")[0]), False


def _shortened(
    equations: Equations, x: Array, F: Array, p: Array, slope: float, shortest: float
) -> tuple[Array, Array, Array, float] | None:
    """Return the first point along p where ||F|| is smaller by enough, with F, the Jacobian and the length."""
    before = float(F @ F) / 2
    t = 1.0
    while t >= shortest:
        to = x + t * p
        if np.array_equal(to, x):
            return None
        value: Any = equations.values(to)
        with np.errstate(over="ignore", invalid="ignore"):
            after = float(value @ value) / 2
        if after <= before + 1e-4 * t * min(slope, 0.0) and after < before:
            try:
                return to, value, equations.jacobian(to), t
            except ValueError as error:
                if not not_there(error):
                    raise
        t = t * float(np.clip(before / (before + after), 0.1, 0.5)) if np.isfinite(after) else t / 4
    return None
