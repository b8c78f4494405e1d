# SPDX-License-Identifier: BSD-3-Clause
"""The ways to a Hessian: exact or by differences, from a function or its gradient, dense or sparse."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _differences
from ._derivatives import (
    EPS,
    OF_GRADIENT,
    SECOND,
    HessianResult,
    check_analytic,
    finite,
    nodes,
    rounded,
    rounding_of,
    traced,
    with_fallback,
)
from ._differences import Function, NonFiniteError
from ._star_coloring import StarColoring

Array = NDArray[Any]
_ASYMMETRY = 1e-8  # of the largest entry, besides what the error estimates allow


def hessian_of(
    f: Any, grad: Any, x: Array, method: str, step: Any, vectorized: bool, sparsity: Any, estimate: bool
) -> HessianResult:  # fmt: skip
    """Return the Hessian at x, by the method that was chosen; without ``estimate`` no error of an exact one."""
    coloring = _coloring(sparsity, x)
    if grad is None:

        def exact() -> HessianResult:
            return _exact(f, x, coloring, vectorized, estimate)

        def differences(method: str, reason: str) -> HessianResult:
            return _by_values(f, x, method, step, vectorized, coloring, reason)
    else:

        def exact() -> HessianResult:
            return _exact_from_gradient(grad, x, coloring, vectorized, estimate)

        def differences(method: str, reason: str) -> HessianResult:
            return _by_gradients(grad, x, method, step, vectorized, coloring, reason)

    result: HessianResult = with_fallback(method, exact, differences)
    return result


def in_dtype(result: HessianResult, dtype: np.dtype[Any]) -> HessianResult:
    """Return the result with its Hessian in another dtype."""
    H = result.hessian
    if isinstance(H, np.ndarray):
        H = rounded(H, dtype)
    else:
        H = H.copy()
        H.data = rounded(H.data, dtype)
    return HessianResult(H, *list(vars(result).values())[1:])


def _coloring(sparsity: Any, x: Array) -> StarColoring | str | None:
    if sparsity is None:
        return None
    if isinstance(sparsity, str):
        if sparsity == "detect":
            return sparsity
        raise ValueError(
            f"sparsity={_arrays.shown(sparsity)} is not valid; valid: 'detect', a pattern, a StarColoring."
        )
    coloring = sparsity if isinstance(sparsity, StarColoring) else StarColoring(sparsity)
    if coloring.n != x.size:
        shape = (coloring.n, coloring.n)
        raise ValueError(f"`sparsity` {shape} does not fit `x` {x.shape}: ({x.size}, {x.size}) is needed.")
    return coloring


def _probe(n: int) -> Array:
    """Return a vector without structure, the same every time."""
    return np.asarray(np.cos(np.arange(1, n + 1) ** 1.5))


def _check_pattern(H: Any, v: Array, Hv: Array, error: Array) -> None:
    """Hold a sparse Hessian against one product with the true one."""
    reach = abs(H) @ np.abs(v)
    wrong = np.abs(H @ v - Hv) > 10 * error + 1e-8 * reach
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"`sparsity` {H.shape} leaves out entries that are not zero: a product with a vector differs in row {row}."
            " Pass sparsity='detect', or a pattern that holds them."
        )


def _rounding(H: Any, coloring: StarColoring | None = None) -> Any:
    """Return what rounding may have done to an exact Hessian: relative to the largest of row and of column."""
    if coloring is None:
        largest = np.sqrt(np.abs(H).max(axis=1, initial=0.0))
        return 8 * EPS * np.multiply.outer(largest, largest)
    rows = np.repeat(np.arange(coloring.n), np.diff(coloring.indptr))
    largest = np.sqrt(np.maximum.reduceat(np.abs(H.data), coloring.indptr[:-1])) if coloring.n else np.zeros(0)
    return coloring.matrix(8 * EPS * largest[rows] * largest[coloring.indices])


def _exact(f: Any, x: Array, coloring: StarColoring | str | None, vectorized: bool, estimate: bool) -> HessianResult:
    tape, y = traced(f, x, "f", vectorized=vectorized)
    out = int(nodes(tape, y, "f", x, scalar=True).reshape(()))
    reason = "f is made of operations that are differentiated exactly"
    if coloring is None:
        H = finite(tape.hessian(out), "Hessian", "f", x)
        return HessianResult(H, _rounding(H) if estimate else None, 1, "dual", reason)
    detected = isinstance(coloring, str)
    if isinstance(coloring, str):
        indptr, indices = tape.pattern(out)
        coloring = StarColoring.from_rows(indptr, indices)
    v = _probe(x.size)
    products = finite(tape.products(out, np.column_stack([coloring.seeds(), v])), "Hessian", "f", x)
    H = coloring.recover(products[:, :-1])
    if not detected:
        _check_pattern(H, v, products[:, -1], np.zeros(x.size))
    return HessianResult(H, _rounding(H, coloring) if estimate else None, 1, "dual", reason, coloring)


def _exact_from_gradient(grad: Any, x: Array, coloring: Any, vectorized: bool, estimate: bool) -> HessianResult:
    if isinstance(coloring, str):  # what the operations of a gradient depend on is its own dense pattern
        coloring = _detected(None, grad, x, vectorized)
    v = _probe(x.size)
    S = None if coloring is None else np.column_stack([coloring.seeds(), v])
    if S is None:
        tape, y = traced(grad, x, "grad", vectorized=vectorized)
    else:
        start, seeds = (x[:, np.newaxis] if vectorized else x), S

        def moved(t: Any) -> Any:
            return grad(start + (seeds @ t).reshape(start.shape))

        tape, y = traced(moved, np.zeros(S.shape[1]), "grad", vectorized=vectorized)
    out = nodes(tape, y, "grad", x, scalar=False)
    if out.size != x.size:
        raise ValueError(f"`grad` returned shape {out.shape} for x {x.shape}; the shape of x is needed.")
    J = finite(tape.jacobian(out.ravel()), "derivative", "grad", x)
    reason = "grad is made of operations that are differentiated exactly"
    if coloring is None:
        H, error = _symmetric(J, _rounding(J))
        return HessianResult(H, error, 1, "dual", reason)
    H = coloring.recover(J[:, :-1])
    _check_pattern(H, v, J[:, -1], np.zeros(x.size))
    return HessianResult(H, _rounding(H, coloring) if estimate else None, 1, "dual", reason, coloring)


def _symmetric(J: Array, error: Array) -> tuple[Array, Array]:
    """Return the mean of J and its transpose, if they agree as they must where J comes from a gradient."""
    apart = np.abs(J - J.T)
    allowed = 10 * (error + error.T) + _ASYMMETRY * np.abs(J).max(initial=0.0)
    if (apart > allowed).any():
        i, j = (int(k) for k in np.unravel_index(np.argmax(apart - allowed), apart.shape))
        raise ValueError(
            f"`grad` is not the gradient of a function: its derivatives ({i}, {j}) and ({j}, {i}) are {J[i, j]:.6g} "
            f"and {J[j, i]:.6g}. Use hs.jacobian for a map that is no gradient."
        )
    return J / 2 + J.T / 2, np.maximum(np.maximum(error, error.T), apart / 2)


def _by_values(
    f: Any, x: Array, method: str, step: Any, vectorized: bool, coloring: Any, reason: str
) -> HessianResult:  # fmt: skip
    F = Function(f, x, "f", vectorized=vectorized, scalar=True, size=1)
    if isinstance(coloring, str):
        coloring = _detected(F, None, x, vectorized)
    if method == "complex":

        def grad(z: Array) -> Array:
            return _differences.complex_step(F, z.ravel()).ravel()

        check_analytic(F, x, _differences.complex_step(F, x.ravel()))
        result = _by_gradients(grad, x, "3-point", step, False, coloring, reason, levels=_differences.LEVELS)
        return HessianResult(result.hessian, result.error, F.evaluations, "complex", reason, result.coloring)
    if coloring is None:
        rows, cols = np.triu_indices(x.size)
    else:
        lines = np.repeat(np.arange(coloring.n), np.diff(coloring.indptr))
        upper = lines <= coloring.indices
        rows, cols = lines[upper], coloring.indices[upper]

    def compute(steps: Array) -> tuple[Array, Array, Array]:
        return *_differences.second(F, steps, rows, cols, method), steps

    values, errors, steps = _differences.shrinking(step, x, SECOND[method], compute)
    doubt = F.unresolved
    for _ in range(_differences.RETRIES if step is None else 0):
        if not doubt.any():
            break
        pure = doubt & (rows == cols)
        blamed = np.unique(np.concatenate([rows[pure], cols[pure]] if pure.any() else [rows[doubt], cols[doubt]]))
        steps[blamed] /= 32
        again = np.flatnonzero(doubt & (np.isin(rows, blamed) | np.isin(cols, blamed)))
        D, bound = _differences.second(F, steps, rows[again], cols[again], method)
        settled = ~F.unresolved
        found, rest = again[settled], again[~settled]  # the rest keep what long steps gave: f is noisy, or bends at x
        errors[rest] = np.maximum(errors[rest], np.abs(values[rest] - D[~settled]))
        values[found], errors[found] = D[settled], bound[settled]
        doubt[found] = False
    if coloring is None:
        H, error = np.zeros((x.size, x.size)), np.zeros((x.size, x.size))
        for full, entries in ((H, values), (error, errors)):
            full[rows, cols] = full[cols, rows] = entries
        return HessianResult(H, error, F.evaluations, method, reason)
    H, error = (coloring.spread(rows, cols, entries) for entries in (values, errors))
    _check_curvature(F, x, H, error)
    return HessianResult(H, error, F.evaluations, method, reason, coloring)


def _check_curvature(F: Function, x: Array, H: Any, error: Any) -> None:
    """Hold a sparse Hessian against the curvature of f along one direction."""
    if x.size == 0:
        return
    v = _probe(x.size)
    line = Function(lambda t: F(x.ravel()[np.newaxis] + float(t[0]) * v)[0], np.zeros(1), F.name, scalar=True, size=1)
    zero = np.zeros(1, dtype=np.intp)
    scale = float(np.maximum(np.abs(x), 1).max())

    def compute(steps: Array) -> tuple[Array, Array]:
        return _differences.second(line, steps, zero, zero, "3-point")

    found, bound = _differences.shrinking(None, np.zeros(1), SECOND["3-point"] * scale, compute)
    expected = v @ (H @ v)
    allowed = 10 * (bound[0] + np.abs(v) @ (error @ np.abs(v))) + 1e-6 * (np.abs(v) @ (abs(H) @ np.abs(v)))
    if abs(found[0] - expected) > allowed:
        raise ValueError(
            f"`sparsity` {H.shape} leaves out entries that are not zero: along one direction the second derivative is "
            f"{found[0]:.6g}, by these entries {expected:.6g}. Pass sparsity='detect', or a pattern that holds them."
        )


def _by_gradients(
    grad: Callable[[Any], Any], x: Array, method: str, step: Any, vectorized: bool, coloring: Any, reason: str,
    *, levels: int | None = None,
) -> HessianResult:  # fmt: skip
    G = Function(grad, x, "grad", vectorized=vectorized, size=x.size)
    if isinstance(coloring, str):
        coloring = _detected(None, grad, x, vectorized)
    v = _probe(x.size)
    S = np.eye(x.size) if coloring is None else np.column_stack([coloring.seeds(), v])
    if method == "complex":
        J = _differences.complex_step(G, x.ravel()) if coloring is None else None
        if J is None:
            J = _complex_products(G, x, S)
        else:
            check_analytic(G, x, J)
        products, error = J, rounding_of(J)
        steps = np.ones(x.size)
    else:
        own, default = OF_GRADIENT[method]
        count, default = (own, default) if levels is None else (levels, 2.0**-3)

        def compute(steps: Array) -> tuple[Array, Array, Array]:
            V = S * steps[:, np.newaxis]
            return *_differences.directional(G, V, method, count), steps

        products, error, steps = _differences.shrinking(step, x, default, compute)
    if coloring is None:
        H, error = _symmetric(products / steps, error / steps)
        return HessianResult(H, error, G.evaluations, method, reason)
    H = coloring.recover(products[:, :-1], steps)
    bounds = coloring.recover(error[:, :-1], steps)
    _check_pattern(H, v * steps, products[:, -1], error[:, -1] + bounds @ np.abs(v * steps))
    return HessianResult(H, bounds, G.evaluations, method, reason, coloring)


def _complex_products(G: Function, x: Array, S: Array) -> Array:
    line = Function(lambda t: G((x.ravel() + S @ t)[np.newaxis])[0], np.zeros(S.shape[1]), "grad", size=x.size)
    return _differences.complex_step(line, np.zeros(S.shape[1]))


def _detected(F: Function | None, grad: Any, x: Array, vectorized: bool) -> StarColoring:
    """Find the pattern from a whole Hessian near x, by differences: what exceeds its own error."""
    shift = 0.01 * np.maximum(np.abs(x), 1) * _probe(x.size).reshape(x.shape)
    for at in (x + shift, x - shift / 8, x):
        try:
            if F is None:
                found = _by_gradients(grad, at, "3-point", None, vectorized, None, "")
            else:
                found = _by_values(F.f, at, "3-point", None, vectorized, None, "")
                F.evaluations += found.evaluations
            break
        except NonFiniteError:
            if at is x:
                raise
    return StarColoring(np.abs(found.hessian) > 4 * found.error)
