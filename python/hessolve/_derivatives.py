# SPDX-License-Identifier: BSD-3-Clause
"""What all derivatives share: the argument checked, the function followed or sampled, and the results."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _differences
from ._differences import Function
from ._dual import Dual, NotCarriedError, Trace, ids_of
from ._star_coloring import StarColoring

Array = NDArray[Any]
METHODS = ("auto", "dual", "complex", "3-point", "2-point")
FIRST = 2.0**-3  # largest step of first derivatives, for |x| <= 1
SECOND = {"3-point": 2.0**-1, "2-point": 2.0**-4}
OF_GRADIENT = {"3-point": (3, 2.0**-6), "2-point": (1, 2.0**-26)}  # levels, largest step
EPS = float(np.finfo(np.float64).eps)


@dataclass(frozen=True, eq=False)
class GradientResult:
    """A gradient, and how it was found."""

    gradient: Array  # the shape of x
    error: Array  # an estimate for every entry
    evaluations: int
    method: str
    reason: str


@dataclass(frozen=True, eq=False)
class JacobianResult:
    """A Jacobian, and how it was found."""

    jacobian: Array  # (m, n)
    error: Array
    evaluations: int
    method: str
    reason: str


@dataclass(frozen=True, eq=False)
class HessianResult:
    """A Hessian, and how it was found."""

    hessian: Any  # (n, n), or scipy.sparse.csr_array
    error: Any  # the same
    evaluations: int  # of f, or of its gradient
    method: str
    reason: str
    coloring: StarColoring | None = None  # of a sparse Hessian, for the next one


def point(x: Any, name: str = "x") -> tuple[Array, np.dtype[Any]]:
    """Return x as finite float64, and the dtype of the answer."""
    array = _arrays.as_array(x, name)
    if array.dtype.kind == "c":
        raise TypeError(f"`{name}` {array.shape} has dtype {array.dtype}; derivatives are taken over real numbers.")
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"`{name}` {array.shape} has a NaN or infinity at {index}; clean the data first.")
    return array.astype(np.float64), array.dtype


def chosen(f: Any, name: str, method: str, step: Any, vectorized: Any) -> str:
    if not callable(f):
        raise TypeError(f"`{name}` is {_arrays.shown(f)}; a function of x is needed.")
    _arrays.flag(vectorized, "vectorized")
    if _arrays.choice(method, "method", METHODS) == "auto":
        return "auto" if step is None else "3-point"
    if step is not None and method in ("dual", "complex"):
        raise ValueError(f"method={method!r} takes no step; leave step out, or use method='3-point'.")
    return method


def traced(f: Callable[[Any], Any], x: Array, name: str, *, vectorized: bool = False) -> tuple[Trace, Any]:
    """Call f with numbers that are followed; raise NotCarriedError where they cannot be."""
    tape = Trace(x.ravel())
    ids = np.arange(1, x.size + 1).reshape(x.shape)
    try:
        y = f(Dual(tape, ids[:, np.newaxis] if vectorized else ids))
        if isinstance(y, list | tuple):
            y = np.array(y)
        if isinstance(y, np.ndarray) and y.dtype == object:
            y = Dual(tape, ids_of(tape, y))
    except Exception as error:
        what = tape.refused or f"{type(error).__name__}: {error}"
        if "dtype('O')" in what:
            what += " (np.stack of numbers, instead of np.array, gives an array that can be followed)."
        advice = "Use method='auto' or '3-point', or NumPy functions that are carried."
        raise NotCarriedError(f"`{name}` cannot be differentiated with method='dual': {what} {advice}") from error
    if not isinstance(y, Dual) and tape.read:
        raise NotCarriedError(
            f"`{name}` cannot be differentiated with method='dual': it looked at values and returned plain numbers, "
            "which may depend on x all the same. Use method='auto' or '3-point'."
        )
    if vectorized and isinstance(y, Dual) and (y.ndim == 0 or y.shape[-1] != 1):
        raise ValueError(
            f"`{name}` returned shape {y.shape} for one point {(x.size, 1)}; with vectorized=True it must return one "
            "column for each point."
        )
    return tape, y


def nodes(tape: Trace, y: Any, name: str, x: Array, *, scalar: bool) -> NDArray[np.int64]:
    """Return the nodes of what a traced function returned, finite; of something constant, new ones."""
    if not isinstance(y, Dual):
        y = np.asarray(y)
        if y.dtype.kind not in "fiub":
            kind = f"a {type(y.item()).__name__}" if y.dtype == object and y.ndim == 0 else y.dtype
            raise TypeError(f"`{name}` returned {kind}; real numbers are needed.")
    ids = ids_of(tape, y)
    if scalar and ids.size != 1:
        raise ValueError(
            f"`{name}` returned shape {ids.shape} for x {x.shape}; one number is needed. "
            "Use hs.jacobian for a function of several values."
        )
    values = tape.values(ids)
    if not np.isfinite(values).all():
        at = np.array2string(x, threshold=8)
        raise _differences.NonFiniteError(f"`{name}` returned {values[~np.isfinite(values)][0]} at x = {at}.")
    return ids


class NotSmoothError(ValueError):
    """A derivative does not exist at a point."""


def finite(D: Array, what: str, name: str, x: Array) -> Array:
    """Raise where a derivative does not exist: at 0 that of sqrt, of a norm, of log of what is rounded to 0."""
    if not np.isfinite(D).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(D))[0])
        at = np.array2string(x, threshold=8)
        where = f" at {index if len(index) != 1 else index[0]}" if index else ""
        raise NotSmoothError(
            f"the {what} of `{name}` is {D[index]}{where}, for x = {at}: `{name}` is not smooth there."
        )
    return D


def rounding_of(D: Array) -> Array:
    """Return what rounding may have done to an exact gradient (n,) or to the rows of an exact Jacobian (m, n)."""
    return np.broadcast_to(8 * EPS * np.abs(D).max(axis=-1, initial=0.0, keepdims=True), D.shape).copy()


def with_fallback(method: str, exact: Callable[[], Any], differences: Callable[[str, str], Any]) -> Any:
    """Return exact() for "dual", differences(method, reason) for the others; for "auto" these where that fails."""
    if method not in ("auto", "dual"):
        return differences(method, "asked for")
    try:
        return exact()
    except NotCarriedError as error:
        if method == "dual":
            raise
        return differences("3-point", str(error))


def rounded(D: Array, dtype: np.dtype[Any]) -> Array:
    with np.errstate(over="ignore"):
        narrow = D.astype(dtype)
    if not np.isfinite(narrow).all():
        raise ValueError(f"a derivative of size {np.abs(D).max():.1e} does not fit into {dtype}; pass x as float64.")
    return narrow


def first(F: Function, x: Array, method: str, step: Any) -> tuple[Array, Array]:
    """Return the Jacobian (m, n) of F by differences or complex steps, and its error."""
    if method == "complex":
        J = _differences.complex_step(F, x.ravel())
        check_analytic(F, x, J)
        return J, rounding_of(J)

    def compute(steps: Array) -> tuple[Array, Array, Array]:
        J, error = _differences.directional(F, np.diag(steps), method, _differences.LEVELS)
        return J / steps, error / steps, steps

    J, error, steps = _differences.shrinking(step, x, FIRST, compute)
    doubt = F.unresolved
    for _ in range(_differences.RETRIES if step is None else 0):
        if not doubt.any():
            break
        columns = np.flatnonzero(doubt)
        steps[columns] /= 64
        D, bound = _differences.directional(F, np.diag(steps)[:, columns], method, _differences.LEVELS)
        settled = ~F.unresolved
        found, rest = (
            columns[settled],
            columns[~settled],
        )  # the rest keep what long steps gave: f is noisy, or bends at x
        error[:, rest] = np.maximum(error[:, rest], np.abs(J[:, rest] - D[:, ~settled] / steps[rest]))
        J[:, found], error[:, found] = D[:, settled] / steps[found], bound[:, settled] / steps[found]
        doubt[found] = False
    return J, error


def check_analytic(F: Function, x: Array, J: Array) -> None:
    """Compare with differences along one direction: abs, max or .real lose imaginary parts without a word."""
    if x.size == 0:
        return
    signs = np.where(np.arange(x.size) % 3 == 1, -1.0, 1.0)

    def compute(steps: Array) -> None:
        v = steps * signs * np.linspace(0.5, 1.0, x.size)
        D, error = _differences.directional(F, v[:, np.newaxis], "3-point", _differences.LEVELS)
        expected = J @ v
        scale = np.abs(J) @ np.abs(v)
        wrong = np.abs(D[:, 0] - expected) > 100 * error[:, 0] + 1e-6 * scale + 1e-12
        if wrong.any():
            raise ValueError(
                f"method='complex' and differences disagree for `{F.name}` ({expected[wrong][0]:.6g} against "
                f"{D[wrong, 0][0]:.6g} along one direction): it is not analytic, as with abs, maximum or .real. "
                "Use method='3-point' or 'dual'."
            )

    _differences.shrinking(None, x, FIRST, compute)


def jacobian_of(F: Any, at: Array, name: str, method: str, step: Any, vectorized: bool) -> JacobianResult:
    def exact() -> JacobianResult:
        tape, y = traced(F, at, name, vectorized=vectorized)
        J = finite(tape.jacobian(nodes(tape, y, name, at, scalar=False).ravel()), "Jacobian", name, at)
        reason = f"{name} is made of operations that are differentiated exactly"
        return JacobianResult(J, rounding_of(J), 1, "dual", reason)

    def differences(method: str, reason: str) -> JacobianResult:
        G = Function(F, at, name, vectorized=vectorized)
        J, error = first(G, at, method, step)
        return JacobianResult(J, error, G.evaluations, method, reason)

    result: JacobianResult = with_fallback(method, exact, differences)
    return result


def along(grad: Callable[[Any], Any], x: Array, v: Array) -> Array:
    """Return the derivative of grad along v."""
    chosen(grad, "grad", "auto", None, False)

    def line(t: Any) -> Any:
        return grad(x + t * v) if isinstance(t, Dual) else grad(x + float(np.asarray(t)) * v)

    size = float(np.abs(v).max(initial=0.0))
    if size == 0:
        return np.zeros(x.shape)
    result = jacobian_of(line, np.zeros(()), "grad", "auto", max(1.0, float(np.abs(x).max())) * FIRST / size, False)
    if result.jacobian.size != x.size:
        raise ValueError(f"`grad` returned {result.jacobian.size} numbers for x {x.shape}; its shape is needed.")
    return result.jacobian.reshape(x.shape)
