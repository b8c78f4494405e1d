# SPDX-License-Identifier: BSD-3-Clause
"""What iterations are called with: matrices or products, vectors that fit them, numbers in their range."""

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core, _sparse

_RELAXED = ("richardson", "jacobi", "sor", "ssor", "block-jacobi", "kaczmarz")


def is_product(value: Any) -> bool:
    """Tell whether a matrix is known by its products only."""
    sparse_or_array = _sparse.is_sparse(value) or hasattr(value, "__array__")
    return not sparse_or_array and (_sparse.is_operator(value) or callable(value))


def matrix_of(A: Any, *, square: str) -> _core.Operator:
    """Return a matrix, dense or sparse, as an operator whose entries are known."""
    if is_product(A):
        raise TypeError(f"`A`, a {type(A).__name__}, is known by its products only; a matrix is needed.")
    dtype = _sparse.scalar_type(A, "A")
    op = _sparse.operator_of(A, np.dtype(np.float64) if dtype is None else dtype)
    if square:
        check_square(op, square)
    return op


def check_square(op: _core.Operator, needed_by: str) -> None:
    if op.shape[0] != op.shape[1]:
        raise ValueError(f"`A` {op.shape} is not square, as {needed_by} needs it; use hs.iterate(A, b, method='lsmr').")


def check_entries(op: _core.Operator, name: str) -> None:
    row, column = op.find_non_finite()
    if row >= 0:
        raise ValueError(_arrays.non_finite_text(name, op.shape, row, column, ()))


def system(
    A: Any, b: Any, x: Any, M: Any, *, order: bool = True
) -> tuple[_core.Operator, tuple[int, int], NDArray[Any], bool]:
    """Return A as an operator, its shape, b as (m, k) in the dtype of all arguments, and whether b was a vector."""
    right = _arrays.as_array(b, "b")
    if right.ndim not in (1, 2):
        raise ValueError(f"`b` {right.shape} has {right.ndim} dimensions; a vector (m,) or a matrix (m, k) is needed.")
    types = [_sparse.scalar_type(A, "A"), right.dtype, None if M is None else _sparse.scalar_type(M, "M")]
    types.append(None if x is None else _arrays.as_array(x, "x0").dtype)
    dtype = np.result_type(*[t for t in types if t is not None])
    op = _sparse.operator_of(A, dtype, size=len(right), order=order)
    shape = (int(op.shape[0]), int(op.shape[1]))
    if len(right) != shape[0]:
        rows = f"`b` needs {shape[0]} rows, not {len(right)}"
        raise ValueError(f"`A` {shape} and `b` {right.shape} do not fit: {rows}.")
    columns = vectors(right, "b", shape[0], "rows", dtype)
    return op, shape, columns[:, np.newaxis] if right.ndim == 1 else columns, right.ndim == 1


def vectors(value: Any, name: str, size: int, side: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return finite vectors of the given length in the given dtype."""
    array = _arrays.as_array(value, name)
    if array.ndim not in (1, 2) or len(array) != size:
        raise ValueError(f"`{name}` {array.shape} does not fit: `A` has {size} {side}.")
    finite = np.isfinite(array)
    if not finite.all():
        row, *column = (int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(_arrays.non_finite_text(name, array.shape, row, column[0] if column else 0, ()))
    return array.astype(dtype, copy=False)


def count(value: Any, name: str, least: int) -> int:
    try:
        number = operator.index(value) if not isinstance(value, (bool, np.bool_)) else None
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name}={_arrays.shown(value)} is not valid; it is an integer >= {least}.")
    if number < least:
        raise ValueError(f"{name}={_arrays.shown(value)} is not valid; it is an integer >= {least}.")
    return number


def omega_of(value: Any, method: str, *, automatic: bool = True) -> float:
    """Return omega as a number, NaN for "auto"."""
    if automatic and isinstance(value, str) and value == "auto":
        return float("nan")
    bounded = method in ("sor", "ssor", "kaczmarz")
    valid = "it is a number between 0 and 2" if bounded else "it is a finite number other than 0"
    if automatic:
        valid += ", or 'auto'"
    number = _arrays.real(value, "omega", valid, lambda w: 0 < w < 2 if bounded else bool(np.isfinite(w)) and w != 0)
    if method not in _RELAXED and number != 1:
        have = ", ".join(map(repr, _RELAXED))
        raise ValueError(f"omega={value!r} is not valid: method={method!r} has no omega; these have: {have}.")
    return number
