# SPDX-License-Identifier: BSD-3-Clause
"""numpy.linalg by hessolve: ``from hessolve.compat import numpy_linalg as linalg``.

As in NumPy: single precision is computed in double and rounded, NaN in gives NaN out, nothing warns of ill-conditioned
matrices, and an exactly zero pivot is a ``LinAlgError``. Names that are not here are NumPy's own.
"""

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import ArrayLike, NDArray

from .. import _arrays, _core, _solution
from ..decompositions import EighResult, QRResult, SVDResult
from ..determinant import SlogdetResult
from ..inverse import cond as _cond
from ._shared import refuse_nan, solved

__all__ = list(np.linalg.__all__)

_UNSET: Any = object()
_Wrap = Callable[[Any], Any]


def __getattr__(name: str) -> Any:
    return getattr(np.linalg, name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


def solve(a: ArrayLike, b: ArrayLike) -> Any:
    """As ``numpy.linalg.solve``."""
    A, a_type, _ = _matrices(a, square=True)
    B, b_type, wrap = _operand(b)
    x, report = solved(A, B)
    _refuse_singular(report)
    return wrap(_cast(x, np.result_type(a_type, b_type)))


def inv(a: ArrayLike) -> Any:
    """As ``numpy.linalg.inv``."""
    A, dtype, wrap = _matrices(a, square=True)
    X, report = _core.inv(A, method="auto", assume_a="", overwrite_a=False, check_finite=False)
    _refuse_singular(report)
    return wrap(_cast(X, dtype))


def det(a: ArrayLike) -> Any:
    """As ``numpy.linalg.det``."""
    A, dtype, _ = _matrices(a, square=True)
    return _cast(_core.det(A), dtype)[()]


def slogdet(a: ArrayLike) -> SlogdetResult:
    """As ``numpy.linalg.slogdet``."""
    A, dtype, _ = _matrices(a, square=True)
    sign, logabsdet = _core.slogdet(A)
    return SlogdetResult(_cast(sign, dtype)[()], _cast(logabsdet, _real(dtype))[()])


def cholesky(a: ArrayLike, /, *, upper: bool = False) -> Any:
    """As ``numpy.linalg.cholesky``."""
    A, dtype, wrap = _matrices(a, square=True)
    L, report = _core.cholesky(A.swapaxes(-1, -2) if upper else A, check_finite=False)
    if np.isin(report.reason, [_core.REASONS.index("not_positive_definite"), _core.REASONS.index("singular")]).any():
        raise LinAlgError("Matrix is not positive definite")
    return wrap(_cast(L.swapaxes(-1, -2) if upper else L, dtype))


def qr(a: ArrayLike, mode: str = "reduced") -> Any:
    """As ``numpy.linalg.qr``."""
    if mode not in ("reduced", "complete", "r", "raw"):
        return np.linalg.qr(a, mode)  # type: ignore[call-overload]  # deprecated names, and the error for any other
    A, dtype, wrap = _matrices(a)
    Q, R, _ = _core.qr(A, mode=mode, pivoting=False)
    if Q is None:
        return wrap(_cast(R, dtype))
    if mode == "raw":
        return wrap(_cast(Q, dtype)), _cast(R, dtype)
    return QRResult(wrap(_cast(Q, dtype)), wrap(_cast(R, dtype)))


def svd(a: ArrayLike, full_matrices: bool = True, compute_uv: bool = True, hermitian: bool = False) -> Any:
    """As ``numpy.linalg.svd``."""
    A, dtype, wrap = _matrices(a, square=hermitian)
    real = _real(dtype)
    if hermitian:
        w, V = _core.eigh(A, vectors=compute_uv)
        refuse_nan(w, "Eigenvalues did not converge")
        order = np.argsort(abs(w), axis=-1)[..., ::-1]
        w = np.take_along_axis(w, order, axis=-1)
        if V is None:
            return _cast(abs(w), real)
        U = np.take_along_axis(V, order[..., np.newaxis, :], axis=-1)
        signs = np.where(w < 0, -1.0, 1.0)[..., np.newaxis, :]
        Vh = (U * signs).conj().swapaxes(-1, -2)
        return SVDResult(wrap(_cast(U, dtype)), _cast(abs(w), real), wrap(_cast(Vh, dtype)))
    Q, s, Wh = _core.svd(A, full_matrices=bool(full_matrices), compute_uv=bool(compute_uv))
    refuse_nan(s, "SVD did not converge")
    if Q is None:
        return _cast(s, real)
    return SVDResult(wrap(_cast(Q, dtype)), _cast(s, real), wrap(_cast(np.asarray(Wh), dtype)))


def svdvals(x: ArrayLike, /) -> Any:
    """As ``numpy.linalg.svdvals``."""
    return svd(x, compute_uv=False)


def eigh(a: ArrayLike, UPLO: str = "L") -> EighResult:
    """As ``numpy.linalg.eigh``."""
    A, dtype, wrap = _triangle(a, UPLO)
    w, V = _core.eigh(A, vectors=True)
    refuse_nan(w, "Eigenvalues did not converge")
    return EighResult(_cast(w, _real(dtype)), wrap(_cast(np.asarray(V), dtype)))


def eigvalsh(a: ArrayLike, UPLO: str = "L") -> Any:
    """As ``numpy.linalg.eigvalsh``."""
    A, dtype, _ = _triangle(a, UPLO)
    w = _core.eigh(A, vectors=False)[0]
    refuse_nan(w, "Eigenvalues did not converge")
    return _cast(w, _real(dtype))


def lstsq(a: ArrayLike, b: ArrayLike, rcond: Any = None) -> tuple[Any, Any, Any, Any]:
    """As ``numpy.linalg.lstsq``."""
    A, a_type, _ = _matrices(a, two=True)
    B, b_type, wrap = _operand(b)
    if B.ndim not in (1, 2):
        raise LinAlgError(f"{B.ndim}-dimensional array given. Array must be one- or two-dimensional")
    m, n = A.shape
    if B.shape[0] != m:
        raise LinAlgError("Incompatible dimensions")
    dtype = np.result_type(a_type, b_type)
    eps = float(np.finfo(dtype).eps)
    threshold = eps * max(m, n) if rcond is None else float(rcond)
    system = _arrays.as_system(A, B)
    limit = eps / 2 if threshold < 0 else threshold
    x, squares, s, report = _core.lstsq(
        system.A, system.b, method="svd", rcond=limit, precision="working", certify=False
    )
    if s is None:
        s = np.zeros(0)
    refuse_nan(s, "SVD did not converge in Linear Least Squares")
    rank = np.int32(report.rank.item())
    residuals = squares if rank == n and m > n else squares[:0]
    answer = x[..., 0] if system.vector else x
    real = _real(dtype)
    return wrap(_cast(answer, dtype)), wrap(_cast(residuals, real)), rank, _cast(s, real)


def pinv(a: ArrayLike, rcond: Any = None, hermitian: bool = False, *, rtol: Any = _UNSET) -> Any:
    """As ``numpy.linalg.pinv``; one ``rcond`` for each matrix of a stack is handed to NumPy."""
    if rcond is not None and rtol is not _UNSET:
        raise ValueError("`rtol` and `rcond` can't be both set.")
    given = rcond if rtol is _UNSET else rtol
    if np.ndim(given):
        return np.linalg.pinv(np.asarray(a), given, hermitian)
    A, dtype, wrap = _matrices(a, square=hermitian)
    if 0 in A.shape[-2:]:  # NumPy keeps the dtype of empty matrices
        return wrap(np.empty((*A.shape[:-2], A.shape[-1], A.shape[-2]), np.asarray(a).dtype))
    relative = float(given) if given is not None else 1e-15 if rtol is _UNSET else _default(A, dtype)
    X, report = _core.pinv(A, atol=0.0, rtol=max(relative, 0.0), hermitian=hermitian, check_finite=False)
    if (report.rank < 0).any() or (np.isnan(X).any() and X.size):
        raise LinAlgError("SVD did not converge")
    return wrap(_cast(X, dtype))


def matrix_rank(A: ArrayLike, tol: Any = None, hermitian: bool = False, *, rtol: Any = None) -> Any:
    """As ``numpy.linalg.matrix_rank``."""
    if rtol is not None and tol is not None:
        raise ValueError("`tol` and `rtol` can't be both set.")
    array = np.asarray(A)
    if array.ndim < 2:
        return int(not np.all(array == 0))
    S = svd(array, compute_uv=False, hermitian=hermitian)
    if tol is None:
        relative = max(array.shape[-2:]) * np.finfo(S.dtype).eps if rtol is None else np.asarray(rtol)[..., np.newaxis]
        bound = S.max(axis=-1, keepdims=True, initial=0) * relative
    else:
        bound = np.asarray(tol)[..., np.newaxis]
    return np.count_nonzero(bound < S, axis=-1)


def cond(x: ArrayLike, p: Any = None) -> Any:
    """As ``numpy.linalg.cond``."""
    if np.size(np.asarray(x)) == 0:
        raise LinAlgError("cond is not defined on empty arrays")
    if p is not None and not isinstance(p, str) and abs(p) == 2:
        p = int(p)
    A, dtype, _ = _matrices(x, square=p not in (None, 2, -2))
    return _cast(np.asarray(_cond(A, p)), _real(dtype))[()]


def _operand(a: Any) -> tuple[NDArray[Any], np.dtype[Any], _Wrap]:
    """Return an array in double precision, the dtype of the answer, and what makes the answer an array of a's class."""
    array = np.asarray(a)
    kind, char = array.dtype.kind, array.dtype.char
    if kind not in "iub" and char not in "fdFD":
        raise TypeError(f"array type {array.dtype.name} is unsupported in linalg")
    dtype = np.dtype(np.float64) if kind in "iub" else array.dtype.newbyteorder("=")
    double = array.astype(np.complex128 if kind == "c" else np.float64, copy=False)
    return _arrays.as_array(double, "a"), dtype, getattr(a, "__array_wrap__", array.__array_wrap__)


def _matrices(a: Any, *, square: bool = False, two: bool = False) -> tuple[NDArray[Any], np.dtype[Any], _Wrap]:
    array, dtype, wrap = _operand(a)
    if two and array.ndim != 2:
        raise LinAlgError(f"{array.ndim}-dimensional array given. Array must be two-dimensional")
    if array.ndim < 2:
        raise LinAlgError(f"{array.ndim}-dimensional array given. Array must be at least two-dimensional")
    if square and array.shape[-1] != array.shape[-2]:
        raise LinAlgError("Last 2 dimensions of the array must be square")
    return array, dtype, wrap


def _triangle(a: Any, UPLO: str) -> tuple[NDArray[Any], np.dtype[Any], _Wrap]:
    """Return a matrix whose lower triangle says what the triangle UPLO of ``a`` does."""
    side = UPLO.upper()
    if side not in ("L", "U"):
        raise ValueError("UPLO argument must be 'L' or 'U'")
    A, dtype, wrap = _matrices(a, square=True)
    return (A if side == "L" else A.conj().swapaxes(-1, -2)), dtype, wrap


def _real(dtype: np.dtype[Any]) -> np.dtype[Any]:
    return np.finfo(dtype).dtype


def _cast(array: NDArray[Any], dtype: np.dtype[Any]) -> NDArray[Any]:
    return array.astype(dtype, copy=False)


def _default(A: NDArray[Any], dtype: np.dtype[Any]) -> float:
    return float(max(A.shape[-2:]) * np.finfo(dtype).eps)


def _refuse_singular(report: _core.Report) -> None:
    if _solution.is_singular(report).any():
        raise LinAlgError("Singular matrix")
