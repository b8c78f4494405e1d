# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives from values: differences extrapolated to step 0, with an error estimate for each entry; complex steps."""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core

Array = NDArray[Any]
LEVELS = 7  # each with half the step of the one before
RETRIES = 4  # with smaller steps, where nobody chose them and they do not resolve a function
_BLOCK = 1 << 24  # numbers in the points of one call
_NEXT = 32.0  # by how much a derivative may exceed the one before, where nothing measures it
_TYPICAL = 1.0  # where |x| is smaller, steps do not shrink with it


class NonFiniteError(ValueError):
    """A function returned NaN or infinity, where the coordinates ``moved`` (n,) were not those of x."""

    moved: Array | None = None


class Function:
    """A caller's function, with what it returns held against shape, dtype and NaN, and its calls counted.

    ``scalar``: what it should return is one number; else ``size`` numbers, or any where that is None.
    """

    def __init__(
        self, f: Callable[[Any], Any], x: Array, name: str, *, vectorized: bool = False, scalar: bool = False,
        size: int | None = None,
    ) -> None:  # fmt: skip
        if vectorized and x.ndim != 1:
            raise ValueError(f"vectorized=True needs `x` (n,), not {x.shape}: `{name}` is called with (n, k).")
        self.f, self.x, self.name, self.vectorized, self.scalar, self.size = f, x, name, vectorized, scalar, size
        self.evaluations = 0
        self.unresolved = np.zeros(0, dtype=bool)  # where the steps of the last differences were too long, or f bends
        self.eps = float(np.finfo(np.float64).eps)  # of what the function computes in

    def __call__(self, points: Array) -> Array:
        """Return the values at the points (k, n), as (k, m).

        What NumPy warns of on the way, a logarithm of a negative number say, shows in the values: these are judged.
        """
        self.evaluations += len(points)
        with np.errstate(all="ignore"):
            rows = self._values(points)
        bad = ~np.isfinite(rows).all(axis=1)
        if bad.any():
            k = int(np.argmax(bad))
            value = rows[k][~np.isfinite(rows[k])][0].real
            at = np.array2string(points[k].real.reshape(self.x.shape), threshold=8)
            distance = np.abs(points[k] - self.x.ravel())
            why = (
                f", a stencil point {distance.max():.1e} from x; pass a smaller step="
                if distance.any() and points.dtype.kind != "c"
                else ""
            )
            error = NonFiniteError(f"`{self.name}` returned {value} at x = {at}{why}.")
            error.moved = distance > 0
            raise error
        return rows

    def _values(self, points: Array) -> Array:
        if self.vectorized:
            values = self._array(self.f(np.ascontiguousarray(points.T)), points.dtype)
            fits = values.shape == (len(points),) if self.scalar else values.shape[-1:] == (len(points),)
            if not fits or (self.size is not None and values.size != self.size * len(points)):
                first = "" if self.scalar else "m, " if self.size is None else f"{self.size}, "
                needed = f"({first}{len(points)}{',' if self.scalar else ''})"
                raise ValueError(
                    f"`{self.name}` returned shape {values.shape} for points {points.T.shape}; "
                    f"with vectorized=True {needed} is needed."
                )
            return values.reshape(-1, len(points)).T
        rows = []
        for point in points:
            rows.append(self._row(point))
            if not np.isfinite(rows[-1]).all():  # enough is known
                break
        return np.array(rows)

    def _row(self, point: Array) -> Array:
        values = self._array(self.f(point.reshape(self.x.shape).copy()), point.dtype)
        if self.scalar and values.size != 1:
            raise ValueError(
                f"`{self.name}` returned shape {values.shape} for x {self.x.shape}; one number is needed. "
                "Use hs.jacobian for a function of several values."
            )
        if self.size is None:
            self.size = values.size
        if values.size != self.size:
            raise ValueError(
                f"`{self.name}` returned shape {values.shape} for x {self.x.shape}; {self.size} numbers are needed."
            )
        return values.reshape(-1)

    def _array(self, value: Any, dtype: np.dtype[Any]) -> Array:
        try:
            array = np.asarray(value)
        except ValueError as error:
            raise ValueError(f"`{self.name}` returned a ragged {type(value).__name__}; an array is needed.") from error
        if array.dtype.kind == "O":
            try:
                if any(entry is None for entry in array.ravel()):  # NumPy would make it NaN
                    raise TypeError
                array = array.astype(dtype)
            except (TypeError, ValueError):
                kind = type(value).__name__
                raise TypeError(f"`{self.name}` returned a {kind}; numbers are needed.") from None
        if array.dtype.kind not in ("fiub" if dtype.kind == "f" else "fiubc"):
            raise TypeError(f"`{self.name}` returned {array.dtype} for {dtype} x; real numbers are needed.")
        if array.dtype.kind in "fc":
            self.eps = max(self.eps, float(np.finfo(array.dtype).eps))
        return array

    def at(self, base: Array, parts: list[tuple[Array, Array]]) -> Array:
        """Return the values at ``base`` moved, in row k, by ``by[k]`` along coordinate ``i[k]`` for each (i, by)."""
        count = len(parts[0][0])
        block = max(1, _BLOCK // max(base.size, 1))
        rows = []
        for start in range(0, count, block):
            part = slice(start, min(count, start + block))
            points = np.repeat(base.reshape(1, -1), part.stop - start, axis=0)
            for i, by in parts if base.size else []:
                points[np.arange(len(points)), i[part]] += by[part]
            rows.append(self(points))
        return np.concatenate(rows) if rows else np.zeros((0, self.size or 1))


def steps_of(step: Any, x: Array, default: float) -> Array:
    """Return the largest step of every coordinate: as given, or ``default`` times max(|x|, 1)."""
    if step is None:
        scaled = default * np.maximum(np.abs(x).ravel(), _TYPICAL)
        return np.exp2(np.round(np.log2(scaled)))  # powers of two: x + h - x is h more often
    steps = _arrays.as_array(step, "step")
    if steps.dtype.kind == "c":
        raise TypeError(f"`step` has dtype {steps.dtype}; real steps are needed.")
    if steps.shape not in ((), (1,), x.shape):
        raise ValueError(f"`step` {steps.shape} does not fit `x` {x.shape}; one step, or one for each coordinate.")
    full = np.broadcast_to(steps.astype(np.float64), x.shape) if steps.shape != (1,) else np.full(x.shape, steps[0])
    flat = full.ravel()
    wrong = ~(np.isfinite(flat) & (flat != 0))
    wrong |= (x.ravel() + flat / 2 ** (LEVELS - 1) == x.ravel()) & ~wrong
    if wrong.any():
        k = int(np.argmax(wrong))
        raise ValueError(
            f"`step` is {flat[k]} for coordinate {k}, x = {x.ravel()[k]}; finite steps that change x are needed."
        )
    return np.abs(flat)


def shrinking(step: Any, x: Array, default: float, compute: Callable[[Array], Any]) -> Any:
    """Return compute(steps); where nobody chose them and a point left the domain, once more with smaller ones."""
    steps = steps_of(step, x, default)
    for _ in range(0 if step is not None else 2 * x.size + 6):
        try:
            return compute(steps)
        except NonFiniteError as error:
            if error.moved is None or len(error.moved) != len(steps) or not error.moved.any():
                raise
            steps = np.where(error.moved, steps / 16, steps)
            if (steps < 1e-12 * np.maximum(np.abs(x.ravel()), np.finfo(float).tiny)).any():
                raise
    return compute(steps)


def unsettled(sizes: Array, noise: Array, ratio: float) -> Array:
    """Return the last of ``sizes`` (levels, ...), 0 where they fall as they do once steps resolve a function.

    They should fall by ``ratio`` or more from step to step, the longest step apart; what is not much above ``noise`` is
    let off. So many steps are asked since a function that swings within each of them falls now and then by chance.
    """
    first = min(2, len(sizes) - 1)
    slow = (sizes[first:] > ratio * sizes[first - 1 : -1]) & (sizes[first:] > 20 * noise[first:])
    return np.asarray(np.where(slow.any(axis=0), sizes[-2:].max(axis=0), 0.0))


def directional(F: Function, V: Array, method: str, levels: int) -> tuple[Array, Array]:
    """Return the derivatives (m, k) of F at x along the columns of V (n, k), which hold the steps, and their errors."""
    x = F.x.ravel()
    centre = F(x[np.newaxis])[0]
    m, k = len(centre), V.shape[1]
    scales = 0.5 ** np.arange(levels)
    signs = (1.0, -1.0) if method == "3-point" else (1.0,)
    moves = np.concatenate([sign * scale * V.T for scale in scales for sign in signs])  # (levels signs k, n)
    block = max(1, _BLOCK // max(x.size, 1))
    rows = [F(x + moves[start : start + block]) for start in range(0, len(moves), block)]
    values = np.concatenate(rows).reshape(levels, len(signs), k, m) if k else np.zeros((levels, len(signs), 0, m))
    ends = (values[:, 0], values[:, 1] if len(signs) == 2 else np.broadcast_to(centre, values[:, 0].shape))
    width = len(signs) * scales[:, np.newaxis, np.newaxis]
    D = (ends[0] - ends[1]) / width
    moved = np.abs(V).max(axis=0, initial=0.0) if k else np.zeros(0)
    carried = np.array([np.max(np.abs(x[V[:, c] != 0]), initial=0.0) for c in range(k)]) / np.where(moved > 0, moved, 1)
    rounding = F.eps * (np.abs(ends[0]) + np.abs(ends[1]) + np.abs(centre)) / width
    rounding += np.finfo(np.float64).eps * np.abs(D) * carried[:, np.newaxis] / width
    if levels == 1:  # nothing to compare with: the next derivative is taken to be at most _NEXT times as large
        ratio = np.max(np.abs(D[0]), initial=0.0) / max(float(moved.max(initial=0.0)), 1e-300)
        error = rounding[0] + _NEXT * ratio * moved[:, np.newaxis] ** 2
        return D[0].T, error.T
    if len(signs) == 2:  # how far f is from a straight line over each step, in units of a derivative
        bent = np.abs(ends[0] - 2 * centre + ends[1])
        noise = width * rounding + F.eps * np.abs(centre)
        doubt = unsettled(bent, noise, 0.4) / width[-1]
    else:
        doubt = unsettled(np.abs(np.diff(D, axis=0)), rounding[1:], 0.8)
    F.unresolved = (doubt > 0).any(axis=1)
    best, error = _core.extrapolate(D.reshape(levels, -1), rounding.reshape(levels, -1), len(signs))
    return best.reshape(k, m).T, np.maximum(error.reshape(k, m), doubt).T


def second(f: Function, steps: Array, rows: Array, cols: Array, method: str) -> tuple[Array, Array]:
    """Return the entries (rows[k], cols[k]), rows <= cols, of the Hessian of f at x, and their errors."""
    x, n = f.x.ravel(), f.x.size
    used = np.union1d(rows, cols)
    place = np.zeros(n, dtype=np.intp)
    place[used] = np.arange(len(used))
    mixed = rows != cols
    I, J = rows[mixed], cols[mixed]  # noqa: E741
    scales = 0.5 ** np.arange(LEVELS)
    zero = np.zeros(0, dtype=np.intp)
    index, by, other, by_other = (
        [np.zeros(1, dtype=np.intp)],
        [np.zeros(1)],
        [np.zeros(1, dtype=np.intp)],
        [np.zeros(1)],
    )
    central = method == "3-point"
    for scale in scales:
        h = steps * scale
        for sign in (1.0, -1.0 if central else 2.0):
            index += [used, I if sign != 2 else zero]
            by += [sign * h[used], sign * h[I] if sign != 2 else np.zeros(0)]
            other += [used, J if sign != 2 else zero]
            by_other += [np.zeros(len(used)), sign * h[J] if sign != 2 else np.zeros(0)]
    parts = [(np.concatenate(index), np.concatenate(by)), (np.concatenate(other), np.concatenate(by_other))]
    values = f.at(x, parts)[:, 0]
    f0, values = values[0], values[1:].reshape(LEVELS, -1)
    u, p = len(used), len(I)
    plus, plus_both = values[:, :u], values[:, u : u + p]
    minus, minus_both = values[:, u + p : 2 * u + p], values[:, 2 * u + p :]  # forward: at twice the step, and nothing
    D, rounding = np.empty((LEVELS, len(rows))), np.empty((LEVELS, len(rows)))
    slope = (np.abs(plus - f0) + np.abs(minus - f0)) / 2  # times 1 / h: what an error in x does
    i, j, d = place[I], place[J], place[rows[~mixed]]
    area = steps[I] * steps[J] * scales[:, np.newaxis] ** 2
    square = steps[used[d]] ** 2 * scales[:, np.newaxis] ** 2
    if central:
        D[:, ~mixed] = (plus[:, d] - 2 * f0 + minus[:, d]) / square
        D[:, mixed] = (plus_both + minus_both - plus[:, i] - minus[:, i] - plus[:, j] - minus[:, j] + 2 * f0) / (
            2 * area
        )
        sizes = np.abs(plus_both) + np.abs(minus_both) + sum(np.abs(v[:, k]) for v in (plus, minus) for k in (i, j))
        rounding[:, mixed] = f.eps * (sizes + 2 * abs(f0)) / (2 * area)
    else:
        D[:, ~mixed] = (minus[:, d] - 2 * plus[:, d] + f0) / square
        D[:, mixed] = (plus_both - plus[:, i] - plus[:, j] + f0) / area
        sizes = np.abs(plus_both) + np.abs(plus[:, i]) + np.abs(plus[:, j]) + abs(f0)
        rounding[:, mixed] = f.eps * sizes / area
    rounding[:, ~mixed] = f.eps * (np.abs(plus[:, d]) + 2 * abs(f0) + np.abs(minus[:, d])) / square
    eps = np.finfo(np.float64).eps
    relative = eps * np.abs(x[used]) / (steps[used] * scales[:, np.newaxis])  # an ulp of x in steps
    rounding[:, ~mixed] += (relative * slope)[:, d] / square
    rounding[:, mixed] += ((relative * slope)[:, i] + (relative * slope)[:, j]) / area
    best, error = _core.extrapolate(D, rounding, 2 if central else 1)
    doubt = unsettled(np.abs(np.diff(D, axis=0)), rounding[1:], 0.4 if central else 0.8)
    area = scales[:, np.newaxis] ** 2
    doubt = np.maximum(doubt, unsettled(np.abs(D) * area, rounding * area, 0.4) / area[-1])
    f.unresolved = doubt > 0
    return best, np.maximum(error, doubt)


def complex_step(F: Function, x: Array) -> Array:
    """Return the Jacobian (m, n) at x (n,) of a function that is analytic: Im F(x + i h e) / h, without cancellation.

    [Squire & Trapp, SIAM Review 40 (1998), 110-112, doi 10.1137/S003614459631241X]
    """
    h = np.where(np.abs(x) > 1e-150, 1e-20 * np.abs(x), 1e-20)
    values = F.at(x.astype(np.complex128), [(np.arange(len(x)), 1j * h)])
    if x.size and values.dtype.kind != "c":
        raise TypeError(
            f"`{F.name}` returned {values.dtype} for complex x: it loses imaginary parts. Use method='3-point'."
        )
    return (values.imag / h[:, np.newaxis]).T
