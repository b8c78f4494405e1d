# SPDX-License-Identifier: BSD-3-Clause
"""What the twin of scipy.linalg needs beside its functions: reading arguments, solving, telling outcomes."""

import warnings
from importlib import import_module
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray

from .. import _arrays, _core, _solution
from .._reasons import Reason
from ._shared import solved

TRANS = {0: "N", 1: "T", 2: "C", "N": "N", "T": "T", "C": "C"}
HALF = {  # what is read of one triangle
    "sym": "symmetric",
    "symmetric": "symmetric",
    "her": "hermitian",
    "hermitian": "hermitian",
    "pos": "positive definite",
    "positive definite": "positive definite",
}
WHOLE = {
    None: "",
    "gen": "general",
    "general": "general",
    "diagonal": "diagonal",
    "tridiagonal": "tridiagonal",
    "banded": "banded",
    "upper triangular": "upper triangular",
    "lower triangular": "lower triangular",
}


def peer() -> Any:
    try:
        return import_module("scipy.linalg")
    except ImportError as error:
        text = "hessolve.compat.scipy_linalg needs SciPy for this: pip install scipy."
        raise ImportError(text) from error


def read(a: Any, check_finite: bool) -> NDArray[Any]:
    """Return an array of one of the four types, as SciPy would read ``a``."""
    if hasattr(a, "tocsr") and hasattr(a, "format"):
        raise ValueError("Sparse arrays and matrices are not supported by this function; pass a.toarray().")
    if isinstance(a, np.ma.MaskedArray):
        raise ValueError("masked arrays are not supported")
    array = np.asarray_chkfinite(a) if check_finite else np.asarray(a)
    if array.dtype.kind == "O":
        raise ValueError("object arrays are not supported")
    kind, char = array.dtype.kind, array.dtype.char
    narrow = char in "efF"
    wanted: Any = np.complex64 if kind == "c" else np.float32
    if not narrow:
        wanted = np.complex128 if kind == "c" else np.float64
    return _arrays.as_array(array.astype(wanted, copy=False), "a")


def common(A: NDArray[Any], B: NDArray[Any]) -> tuple[NDArray[Any], NDArray[Any]]:
    dtype = np.result_type(A, B)
    return A.astype(dtype, copy=False), B.astype(dtype, copy=False)


def matrix(A: NDArray[Any]) -> NDArray[Any]:
    if A.ndim < 2:
        raise ValueError(f"The input array must be at least two-dimensional; it has shape {A.shape}.")
    return A


def square(A: NDArray[Any]) -> NDArray[Any]:
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise ValueError(f"Expected square matrix; the shape is {A.shape}.")
    return A


def assumed(A: NDArray[Any], assume_a: Any, lower: bool) -> tuple[NDArray[Any], str]:
    """Return A, its lower triangle being the one that counts, and hessolve's name for what it is."""
    if assume_a in HALF:
        what = HALF[assume_a]
        if not lower:
            A = A.swapaxes(-1, -2) if what == "symmetric" else A.conj().swapaxes(-1, -2)
        return A, what
    if assume_a not in WHOLE:
        raise ValueError(f"{assume_a} is not a recognized matrix structure")
    return A, WHOLE[assume_a]


def halved(A: NDArray[Any], side: str, trans: str, B: NDArray[Any]) -> NDArray[Any]:
    """Return op(A)^-1 B for a triangle of A, in silence about its condition."""
    return solved(A, B, f"{side} triangular", trans)[0]


def exchanges(perm: NDArray[np.int64], count: int) -> NDArray[np.int32]:
    """Return the row exchanges, one after another, that make a permutation."""
    place, at = np.arange(len(perm)), np.arange(len(perm))  # row -> where it is; where -> row
    piv = np.empty(count, dtype=np.int32)
    for i in range(count):
        j = place[perm[i]]
        piv[i] = j
        place[at[i]], place[at[j]] = j, i
        at[i], at[j] = at[j], at[i]
    return piv


def told(report: _core.Report) -> None:
    """Raise or warn as SciPy does for what is singular, indefinite or ill-conditioned."""
    refuse_indefinite(report)
    singular = np.flatnonzero(_solution.is_singular(report))
    if len(singular):
        raise LinAlgError(f"A singular matrix detected: slice(s) {singular.tolist()} are singular.")
    doubtful = np.flatnonzero(report.reason == _core.REASONS.index(Reason.ill_conditioned))
    if len(doubtful):
        listed = ",".join(f"slice {i} has rcond = {report.rcond.flat[i]}" for i in doubtful)
        warnings.warn(f"An ill-conditioned matrix detected: {listed}.", peer().LinAlgWarning, stacklevel=3)


def refuse_indefinite(report: _core.Report) -> None:
    failed = np.flatnonzero(report.reason == _core.REASONS.index(Reason.not_positive_definite))
    if len(failed):
        raise LinAlgError(f"{report.where.flat[failed[0]] + 1}-th leading minor not positive definite")
