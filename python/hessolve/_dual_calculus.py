# SPDX-License-Identifier: BSD-3-Clause
"""Differences, running sums, interpolation and medians of arrays that are being differentiated."""

from typing import Any

import numpy as np

from ._dual import Dual, GeneralWay, value_of
from ._dual_linalg import in_rows


def piecewise(x: Any, condlist: Any, funclist: Any, *args: Any, **kwargs: Any) -> Any:
    conditions = [np.asarray(value_of(c)) for c in (condlist if isinstance(condlist, list | tuple) else [condlist])]
    if len(funclist) == len(conditions) + 1:
        conditions.append(~np.any(conditions, axis=0))
    y = np.zeros_like(x)
    for condition, function in zip(conditions, funclist, strict=True):
        y[condition] = function(x[condition], *args, **kwargs) if callable(function) else function
    return y


def interp(x: Any, xp: Any, fp: Any, left: Any = None, right: Any = None, period: Any = None) -> Any:
    if isinstance(xp, Dual) or period is not None or not isinstance(x, Dual | np.ndarray | float):
        raise GeneralWay
    at = np.asarray(xp, dtype=np.float64)
    value = value_of(x)
    k = np.clip(np.searchsorted(at, value, side="right") - 1, 0, len(at) - 2)
    heights: Any = fp if isinstance(fp, Dual) else np.asarray(fp, dtype=np.float64)
    inside: Any = heights[k] + (x - at[k]) * ((heights[k + 1] - heights[k]) / (at[k + 1] - at[k]))
    below, above = heights[0] if left is None else left, heights[-1] if right is None else right
    return np.where(value < at[0], below, np.where(value > at[-1], above, inside))


def diff(a: Any, n: int = 1, axis: int = -1, prepend: Any = None, append: Any = None) -> Any:
    if prepend is not None or append is not None:
        raise GeneralWay
    b = np.moveaxis(a, axis, -1)
    for _ in range(n):
        b = b[..., 1:] - b[..., :-1]
    return np.moveaxis(b, -1, axis)


def cumsum(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    if out is not None:
        raise GeneralWay
    b = a.ravel() if axis is None else np.moveaxis(a, axis, -1)
    columns = [b[..., k] for k in range(b.shape[-1])]
    for k in range(1, len(columns)):
        columns[k] = columns[k - 1] + columns[k]
    sums = np.stack(columns, axis=-1) if columns else b
    return sums if axis is None else np.moveaxis(sums, -1, axis)


def cumprod(a: Any, axis: Any = None, dtype: Any = None, out: Any = None) -> Any:
    if out is not None:
        raise GeneralWay
    b = a.ravel() if axis is None else np.moveaxis(a, axis, -1)
    columns = [b[..., k] for k in range(b.shape[-1])]
    for k in range(1, len(columns)):
        columns[k] = columns[k - 1] * columns[k]
    products = np.stack(columns, axis=-1) if columns else b
    return products if axis is None else np.moveaxis(products, -1, axis)


def gradient(f: Any, *spacing: Any, axis: Any = None, edge_order: int = 1) -> Any:
    if axis is not None or f.ndim != 1 or len(spacing) > 1 or np.ndim(spacing[0] if spacing else 1.0):
        raise GeneralWay
    h = spacing[0] if spacing else 1.0
    inside = (f[2:] - f[:-2]) / 2.0
    if edge_order == 1:
        first, last = f[1] - f[0], f[-1] - f[-2]
    else:
        first, last = -1.5 * f[0] + 2.0 * f[1] - 0.5 * f[2], 1.5 * f[-1] - 2.0 * f[-2] + 0.5 * f[-3]
    return np.concatenate([first.reshape(1), inside, last.reshape(1)]) / h


def median(a: Any, axis: Any = None, out: Any = None, overwrite_input: Any = False, keepdims: Any = False) -> Any:
    if out is not None or a.size == 0:
        raise GeneralWay
    rows, shape = in_rows(a, axis, bool(keepdims))
    order = np.argsort(rows.value, axis=-1, kind="stable")
    n = rows.shape[-1]
    middle: Any = np.take_along_axis(rows, order[..., (n - 1) // 2 : n // 2 + 1], axis=-1)
    return np.mean(middle, axis=-1).reshape(shape)


def logaddexp_reduce(a: Any, axis: Any = 0, keepdims: Any = False, where: Any = True, **kwargs: Any) -> Any:
    if where is not True or kwargs:
        raise GeneralWay
    rows, shape = in_rows(a, axis, bool(keepdims))
    top = rows.value.max(axis=-1, keepdims=True)  # a constant here: it cancels
    return (np.log(np.sum(np.exp(rows - top), axis=-1)) + top[..., 0]).reshape(shape)
