# SPDX-License-Identifier: BSD-3-Clause
"""Systems from files, for the command line: Matrix Market and NumPy's own formats, read into dense arrays."""

from __future__ import annotations

import importlib
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

SPARSE_LIMIT = 5000  # a sparse file is solved as a dense matrix up to this many rows or columns
_MATRIX_MARKET = (".mtx", ".mtx.gz")
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, OverflowError, zipfile.BadZipFile, zlib.error)


class InputError(Exception):
    """A file or argument that the command line cannot use; the message is one line, the exit status 2."""


def one_line(problem: object) -> str:
    """Take the line breaks out of the message of an exception or warning."""
    return " ".join(str(problem).split())


def read_matrix(path: str) -> Array:
    """Read the matrix ``A`` of a file; a sparse one is made dense, up to `SPARSE_LIMIT`."""
    return _read(path, wanted="A")["A"]


def read_system(a_path: str, b_path: str | None) -> tuple[Array, Array, str]:
    """Read ``A``, ``b`` and a few words on where ``b`` came from.

    ``b`` is taken from its own file, else from an ``.npz`` that holds both, else it is ``A @ ones``.
    """
    arrays = _read(a_path, wanted="A")
    A = arrays["A"]
    if b_path is not None:
        b, origin = _read(b_path, wanted="b")["b"], f"b from {b_path}"
    elif "b" in arrays:
        b, origin = arrays["b"], f"b from {a_path}"
    elif A.ndim < 2:
        raise InputError(f"{a_path}: A has the shape {A.shape}; a matrix needs two dimensions")
    else:
        b, origin = _row_sums(A), "no b given: b = A @ ones"
    rows = b.shape[0] if b.ndim == 1 else b.shape[-2] if b.ndim > 1 else 0
    if A.ndim >= 2 and rows != A.shape[-2]:
        raise InputError(f"{b_path or a_path}: b has the shape {b.shape} and does not fit A of {a_path}, {A.shape}")
    return A, b, origin


def _row_sums(A: Array) -> Array:
    """Form ``A @ ones`` as a right-hand side: a vector, or one column each for a stack of matrices."""
    with np.errstate(invalid="ignore", over="ignore"):  # solvers tell of NaN and infinity
        return np.asarray(A.sum(axis=-1, keepdims=A.ndim > 2))


def _read(path: str, *, wanted: str) -> dict[str, Array]:
    """Read the arrays of a file by name: ``wanted`` always, the other one of "A" and "b" where an .npz has it."""
    name = path.lower()
    if not Path(path).exists():
        raise InputError(f"{path}: no such file")
    try:
        if name.endswith(_MATRIX_MARKET):
            return {wanted: _read_matrix_market(path, wanted)}
        if name.endswith(".npy"):
            return {wanted: _numbers(path, wanted, np.load(path, allow_pickle=False))}
        if name.endswith(".npz"):
            return _read_npz(path, wanted)
    except MemoryError:
        raise InputError(f"{path}: needs more memory than there is") from None
    except _UNREADABLE as problem:
        raise InputError(f"{path}: cannot be read: {_cause(problem)}") from None
    raise InputError(f"{path}: is of no known format (.mtx, .mtx.gz, .npy, .npz)")


def _cause(problem: Exception) -> str:
    """Say what is wrong with a file; not NumPy's advice to load it unsafely."""
    text = one_line(problem) or type(problem).__name__
    if "allow_pickle" not in text:
        return text
    return "it holds Python objects, not numbers" if "Object arrays" in text else "it is not in NumPy's format"


def _numbers(path: str, name: str, array: Any) -> Array:
    """Return what NumPy has read if it is an array of numbers: an archive may hold other files, and be misnamed."""
    if not isinstance(array, np.ndarray):
        raise InputError(f"{path}: cannot be read: {name} is not in NumPy's format")
    if array.dtype.kind not in "biufc":
        raise InputError(f"{path}: {name} has the dtype {array.dtype}; numbers are needed")
    return array


def _read_matrix_market(path: str, wanted: str) -> Array:
    io = _scipy("io", path)
    rows, columns, _, form, *_ = io.mminfo(path)
    if form == "coordinate" and wanted == "A":
        _refuse_large(path, rows, columns)
    matrix = io.mmread(path)
    dense: Array = matrix if isinstance(matrix, np.ndarray) else matrix.toarray()
    return dense[:, 0] if wanted == "b" and dense.ndim == 2 and dense.shape[1] == 1 else dense


def _read_npz(path: str, wanted: str) -> dict[str, Array]:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        raise InputError(f"{path}: cannot be read: it is one array, a .npy file by another name")
    with loaded as archive:
        names = list(archive)
        if {"format", "shape", "data"} <= set(names):  # written by scipy.sparse.save_npz
            if wanted == "A":
                _refuse_large(path, *archive["shape"].tolist())
            return {wanted: _scipy("sparse", path).load_npz(path).toarray()}
        if wanted in names:
            return {name: _numbers(path, name, archive[name]) for name in ("A", "b") if name in names}
        if len(names) == 1:
            return {wanted: _numbers(path, wanted, archive[names[0]])}
    raise InputError(f"{path}: holds the arrays {', '.join(names) or 'none'}; one must be named {wanted}")


def _refuse_large(path: str, *shape: int) -> None:
    if max(shape, default=0) > SPARSE_LIMIT:
        size = " x ".join(map(str, shape))
        raise InputError(f"{path}: sparse, {size}; sparse files are solved as dense ones, up to {SPARSE_LIMIT} so far")


def _scipy(part: str, path: str) -> Any:
    try:
        return importlib.import_module(f"scipy.{part}")
    except ImportError:
        raise InputError(f"{path}: reading this format needs SciPy: pip install 'hessolve[cli]'") from None
