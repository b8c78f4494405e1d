# SPDX-License-Identifier: BSD-3-Clause
"""Vectors and matrices that meet factors of a given dtype: cast to it, checked, and given back in their own shape."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core


class Columns(NamedTuple):
    """An argument (m,) or (m, k) as the columns that factors take."""

    array: NDArray[Any]  # (m, k), or (m, 2 k) if split
    vector: bool  # it came as (m,)
    split: bool  # complex where the factors are real: k columns of real parts, then k of imaginary parts
    shape: tuple[int, ...]  # as it was passed

    def joined(self, results: NDArray[Any]) -> NDArray[Any]:
        """Return results, their last axis over the columns, as complex ones where the columns were split."""
        if not self.split:
            return results
        k = results.shape[-1] // 2
        joined = np.empty((*results.shape[:-1], k), dtype=np.result_type(results.dtype, np.complex64))
        joined.real, joined.imag = results[..., :k], results[..., k:]
        return joined

    def restored(self, X: NDArray[Any]) -> NDArray[Any]:
        """Return X as a vector where a vector came."""
        X = self.joined(X)
        return X[:, 0] if self.vector else X


def as_columns(value: Any, name: str, dtype: np.dtype[Any], rows: int, fits: tuple[int, int]) -> Columns:
    """Return ``value`` as columns of ``rows`` rows in ``dtype``, or in two halves if complex where ``dtype`` is not.

    NaN and infinity are refused; ``fits`` is the shape of the matrix that a message names.
    """
    array = _arrays.as_array(value, name)
    if array.ndim not in (1, 2):
        raise ValueError(
            f"`{name}` {array.shape} has {array.ndim} dimensions; a vector (m,) or a matrix (m, k) is needed."
        )
    if array.shape[0] != rows:
        raise ValueError(
            f"`A` {fits} and `{name}` {array.shape} do not fit: `{name}` needs {rows} rows, not {array.shape[0]}."
        )
    columns = array[:, np.newaxis] if array.ndim == 1 else array
    split = array.dtype.kind == "c" and dtype.kind != "c"
    _arrays.check_finite(array, name)
    if split:
        columns = np.concatenate([columns.real, columns.imag], axis=1)
    return Columns(cast(columns, name, dtype, array.shape), array.ndim == 1, split, array.shape)


def check_triangular(A: NDArray[Any], name: str) -> None:
    """Raise ValueError unless A is triangular, perhaps after its rows and columns are reordered."""
    structure = _core.explain(A, 1)["structure"]
    if structure not in ("zero", "diagonal") and "triangular" not in structure:
        text = (
            f"`{name}` {A.shape} is not triangular, in no order of its rows and columns, as kind='triangular' needs it"
        )
        raise ValueError(f"{text}; use kind='auto'.")


def cast(array: NDArray[Any], name: str, dtype: np.dtype[Any], shape: tuple[int, ...]) -> NDArray[Any]:
    """Return finite values in ``dtype``, real ones as complex ones if need be; refuse what it cannot hold."""
    if array.dtype == dtype:
        return array
    if array.dtype.kind == "c" and dtype.kind != "c":
        complex_, real = np.promote_types(dtype, np.complex64), f"`{name}` is complex, and the factors are {dtype}"
        raise TypeError(f"{real}; factor A.astype(np.{complex_}).")
    with np.errstate(over="ignore"):
        result = array.astype(dtype)
    if not np.isfinite(result).all():
        wider = np.promote_types(dtype, array.dtype)
        raise ValueError(f"`{name}` {shape} overflows in {dtype}, the dtype of the factors; factor A in {wider}.")
    return result


def normal(rng: np.random.Generator, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return standard normal numbers; complex ones have real and imaginary parts of variance 1/2."""
    real = np.float32 if dtype.char in "fF" else np.float64
    if dtype.kind != "c":
        return rng.standard_normal(shape, dtype=real)
    z = np.empty(shape, dtype=dtype)
    z.real, z.imag = rng.standard_normal(shape, dtype=real), rng.standard_normal(shape, dtype=real)
    return z * real(np.sqrt(0.5))


def one_matrix(value: Any, name: str, function: str) -> NDArray[Any]:
    """Return ``value`` as one matrix (m, n); a stack is refused on behalf of ``function``."""
    matrix = _arrays.as_matrix(value, name)
    if matrix.ndim > 2:
        raise ValueError(
            f"`{name}` {matrix.shape} is a stack, and {function} takes one matrix; pass its slices in turn."
        )
    return matrix


def integer(value: Any, name: str, low: int, high: int | None = None) -> int:
    """Return ``value`` if it is an integer of the range; ``high`` None: no upper end."""
    number = _arrays.scalar(value)
    valid = f"it is an integer >= {low}" if high is None else f"it is an integer from {low} to {high}"
    if isinstance(number, (bool, np.bool_)) or not isinstance(number, (int, np.integer)):
        raise TypeError(f"{name}={_arrays.shown(value)} is not valid; {valid}.")
    if number < low or (high is not None and number > high):
        raise ValueError(f"{name}={_arrays.shown(value)} is not valid; {valid}.")
    return int(number)


def seed_of(rng: Any) -> int:
    """Return the 63 bits that seed a compiled random function, drawn from a Generator or from a seed."""
    try:
        return int(np.random.default_rng(rng).integers(2**63, dtype=np.uint64))
    except (TypeError, ValueError):
        kinds = "a numpy.random.Generator, a seed (an integer >= 0), or None"
        raise TypeError(f"rng={_arrays.shown(rng)} is not valid; it is {kinds}.") from None
