# SPDX-License-Identifier: BSD-3-Clause
"""Systems from files, for the command line: Matrix Market and the formats of NumPy and SciPy, dense and sparse."""

from __future__ import annotations

import importlib
import zipfile
import zlib
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]

_MATRIX_MARKET = (".mtx", ".mtx.gz")
_UNREADABLE = (OSError, ValueError, EOFError, KeyError, TypeError, OverflowError, zipfile.BadZipFile, zlib.error)


class InputError(Exception):
    """A file or argument that the command line cannot use; the message is one line, the exit status 2."""


def one_line(problem: object) -> str:
    """Take the line breaks out of the message of an exception or warning."""
    return " ".join(str(problem).split())


def read_matrix(path: str) -> Any:
    """Read the matrix ``A`` of a file: an ndarray, or a ``scipy.sparse.csr_array`` where the file is sparse."""
    return _read(path, wanted="A")["A"]


def read_system(a_path: str, b_path: str | None) -> tuple[Any, Array, str]:
    """Read ``A`` as `read_matrix`, ``b`` as an ndarray, and a few words on where ``b`` came from.

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


def _row_sums(A: Any) -> Array:
    """Form ``A @ ones`` as a right-hand side: a vector, or one column each for a stack of matrices."""
    with np.errstate(invalid="ignore", over="ignore"):  # solvers tell of NaN and infinity
        return np.asarray(A.sum(axis=-1) if A.ndim == 2 else A.sum(axis=-1, keepdims=True))


def _read(path: str, *, wanted: str) -> dict[str, Any]:
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


def _read_matrix_market(path: str, wanted: str) -> Any:
    matrix = _scipy("io", path).mmread(path)
    if not isinstance(matrix, np.ndarray):
        return _sparse(path, wanted, matrix)
    return _right_hand_side(matrix) if wanted == "b" else matrix


def _read_npz(path: str, wanted: str) -> dict[str, Any]:
    loaded = np.load(path, allow_pickle=False)
    if isinstance(loaded, np.ndarray):
        raise InputError(f"{path}: cannot be read: it is one array, a .npy file by another name")
    with loaded as archive:
        names = list(archive)
        if {"format", "shape", "data"} <= set(names):  # written by scipy.sparse.save_npz
            return {wanted: _sparse(path, wanted, _scipy("sparse", path).load_npz(path))}
        if wanted in names:
            return {name: _numbers(path, name, archive[name]) for name in ("A", "b") if name in names}
        if len(names) == 1:
            return {wanted: _numbers(path, wanted, archive[names[0]])}
    raise InputError(f"{path}: holds the arrays {', '.join(names) or 'none'}; one must be named {wanted}")


def _sparse(path: str, name: str, matrix: Any) -> Any:
    """Return a sparse matrix as CSR, a right-hand side as a dense array, once its indices are known to be in range."""
    _numbers(path, name, matrix.data)
    if hasattr(matrix, "check_format"):  # compressed formats, whose indices nothing has looked at yet
        matrix.check_format(full_check=True)
    return _right_hand_side(matrix.toarray()) if name == "b" else _scipy("sparse", path).csr_array(matrix)


def _right_hand_side(matrix: Array) -> Array:
    """Return one column as a vector, from a format that knows matrices only."""
    return matrix[:, 0] if matrix.ndim == 2 and matrix.shape[1] == 1 else matrix


def _scipy(part: str, path: str) -> Any:
    try:
        return importlib.import_module(f"scipy.{part}")
    except ImportError:
        raise InputError(f"{path}: reading this format needs SciPy: pip install 'hessolve[cli]'") from None
