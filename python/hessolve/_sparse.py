# SPDX-License-Identifier: BSD-3-Clause
"""Sparse matrices, linear operators and functions become operators of the compiled module, here and nowhere else."""

from collections.abc import Callable
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core

Product = Callable[[NDArray[Any]], Any]


class Compressed(NamedTuple):
    """The arrays of a CSR or CSC matrix, checked; the caller's own where they are fit for the compiled module."""

    shape: tuple[int, int]
    by_rows: bool
    indptr: NDArray[Any]
    indices: NDArray[Any]
    data: NDArray[Any]


def is_sparse(value: Any) -> bool:
    """Tell whether ``value`` is a ``scipy.sparse`` matrix or array, by its attributes: SciPy need not be there."""
    return hasattr(value, "tocsr") and hasattr(value, "format")


def is_operator(value: Any) -> bool:
    """Tell whether ``value`` has a shape and products, but no entries."""
    if hasattr(value, "__array__") or is_sparse(value) or not hasattr(value, "shape"):
        return False
    return callable(getattr(value, "matvec", None)) or hasattr(type(value), "__matmul__")


def compressed(A: Any, dtype: np.dtype[Any] | None = None, name: str = "A", *, order: bool = True) -> Compressed:
    """Return a sparse matrix as checked CSR or CSC arrays; other formats are converted to CSR.

    ``order``: rows whose indices are not sorted or appear twice are sorted and summed, in a copy.
    """
    if len(A.shape) != 2:
        raise ValueError(
            f"`{name}` {A.shape} is a sparse array of {len(A.shape)} dimensions; a matrix (m, n) is needed."
        )
    matrix = A if A.format in ("csr", "csc") else _by_rows(A, name)
    shape = (int(A.shape[0]), int(A.shape[1]))
    by_rows = matrix.format == "csr"
    lines, across = shape if by_rows else shape[::-1]
    data = _arrays.as_array(matrix.data, name)
    data = np.ascontiguousarray(data, dtype=data.dtype if dtype is None else np.promote_types(dtype, data.dtype))
    indptr, indices = np.asarray(matrix.indptr), np.asarray(matrix.indices)
    if indptr.ndim != 1 or indptr.size != lines + 1:
        raise ValueError(f"`{name}` {shape}: indptr has shape {indptr.shape}; ({lines + 1},) is needed.")
    if data.ndim != 1 or indices.ndim != 1 or len(data) < len(indices):
        raise ValueError(f"`{name}` {shape}: data {data.shape} is shorter than indices {indices.shape}.")
    index = np.dtype(np.int32 if indptr.dtype == indices.dtype == np.int32 else np.int64)
    indptr, indices = np.ascontiguousarray(indptr, dtype=index), np.ascontiguousarray(indices, dtype=index)
    fault, line, position = _core.inspect_indices(lines, across, indptr, indices, order)
    line_name, across_name = ("row", "column") if by_rows else ("column", "row")
    if fault == "indptr":
        at = f"{line_name} {line} has indptr {indptr[line]} to {indptr[line + 1]}" if lines else f"indptr is {indptr}"
        raise ValueError(f"`{name}` {shape}: {at}; indptr must rise from 0 to at most {len(indices)} indices.")
    if fault == "out of range":
        value = f"{line_name} {line} has {across_name} index {indices[position]} (indices[{position}])"
        raise ValueError(f"`{name}` {shape}: {value}, out of range; {across_name}s are 0 to {across - 1}.")
    if fault:
        indptr, indices, data = _core.sort_rows(lines, across, indptr, indices, data)
    return Compressed(shape, by_rows, indptr, indices, data)


def _by_rows(A: Any, name: str) -> Any:
    """Return a matrix of another format as CSR, once its indices are known to be in range: SciPy does not look."""
    if A.format == "coo":
        for axis, size, coords in zip(("row", "column"), A.shape, (A.row, A.col), strict=True):
            wrong = (coords < 0) | (coords >= size)
            if wrong.any():
                k = int(np.argmax(wrong))
                found = f"entry {k} has {axis} index {coords[k]}, out of range; {axis}s are 0 to {size - 1}"
                raise ValueError(f"`{name}` {tuple(A.shape)}: {found}.")
    elif A.format == "bsr":
        try:
            A.check_format(full_check=True)
        except ValueError as error:
            raise ValueError(f"`{name}` {tuple(A.shape)}: its block indices are broken: {error}.") from error
    return A.tocsr()


def scalar_type(value: Any, name: str) -> np.dtype[Any] | None:
    """Return the dtype in which the products with a matrix or operator are computed, None where nothing says it."""
    if is_sparse(value):
        return _arrays.as_array(np.zeros(0, dtype=value.dtype), name).dtype
    if isinstance(value, _core.Operator):
        return value.dtype
    if is_operator(value):
        dtype = getattr(value, "dtype", None)
        return None if dtype is None else _arrays.as_array(np.zeros(0, dtype=dtype), name).dtype
    return None if callable(value) and not hasattr(value, "__array__") else _arrays.as_array(value, name).dtype


def operator_of(
    value: Any, dtype: np.dtype[Any], name: str = "A", *, size: int | None = None, order: bool = True
) -> _core.Operator:
    """Return a matrix, operator or function as an operator of the compiled module for vectors of ``dtype``.

    ``size``: the number of rows and columns of what is only a function.
    """
    inner = getattr(value, "_operator", None)  # of a Preconditioner
    if isinstance(inner, _core.Operator) and inner.dtype == dtype:
        return inner
    if is_sparse(value):
        part = compressed(value, dtype, name, order=order)
        return _core.sparse_operator(*part.shape, part.indptr, part.indices, part.data, part.by_rows)
    if is_operator(value):
        rows, cols = _shape(value, name)
        apply = getattr(value, "matvec", None) or value.__matmul__
        adjoint = getattr(value, "rmatvec", None)
        like = np.zeros(0, dtype=dtype)
        forward = _checked(apply, rows, dtype, f"`{name}`")
        backward = _checked(adjoint, cols, dtype, f"`{name}`.rmatvec") if callable(adjoint) else None
        return _core.python_operator(rows, cols, forward, backward, like)
    if callable(value) and not hasattr(value, "__array__"):
        if size is None:
            raise TypeError(f"`{name}` is a function, whose size is not known; wrap it in an object with a shape.")
        return _core.python_operator(
            size, size, _checked(value, size, dtype, f"`{name}`"), None, np.zeros(0, dtype=dtype)
        )
    matrix = _arrays.as_matrix(value, name)
    if matrix.ndim != 2:
        raise ValueError(f"`{name}` {matrix.shape} is a stack; one matrix (m, n) at a time is iterated with.")
    return _core.dense_operator(matrix.astype(dtype, copy=False))


def csr_array(rows: tuple[NDArray[Any], ...], shape: tuple[int, int]) -> Any:
    """Return (indptr, indices, values) as a ``scipy.sparse.csr_array``."""
    try:
        sparse = import_module("scipy.sparse")
    except ImportError as error:
        raise ImportError("a sparse result needs SciPy: pip install scipy.") from error
    indptr, indices, values = rows
    return sparse.csr_array((values, indices, indptr), shape=shape)


def _shape(value: Any, name: str) -> tuple[int, int]:
    shape = tuple(value.shape)
    if len(shape) != 2:
        raise ValueError(f"`{name}` has shape {shape}; an operator (m, n) is needed.")
    return int(shape[0]), int(shape[1])


def _checked(function: Product, size: int, dtype: np.dtype[Any], name: str) -> Product:
    """Return ``function`` with what it returns held against the length and dtype that are needed, and against NaN."""

    def product(x: NDArray[Any]) -> NDArray[Any]:
        y = np.asarray(function(x))
        if y.shape not in ((size,), (size, 1)):
            raise ValueError(f"{name} returned shape {y.shape} for a vector of length {len(x)}; ({size},) is needed.")
        if y.dtype.kind == "c" and dtype.kind != "c":
            raise TypeError(f"{name} returned {y.dtype} where {dtype} is iterated in; make b complex.")
        y = np.ascontiguousarray(y.reshape(size), dtype=dtype)
        finite = np.isfinite(y)
        if not finite.all() and np.isfinite(x).all():
            raise ValueError(f"{name} returned a NaN or infinity at row {int(np.argmin(finite))} for a finite vector.")
        return y

    return product
