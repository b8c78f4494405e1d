# SPDX-License-Identifier: BSD-3-Clause
"""scipy.linalg by hessolve: ``from hessolve.compat import scipy_linalg as linalg``.

Names, signatures, defaults, return types and errors are SciPy's. What hessolve has no kernel for (generalised
eigenproblems, banded storage, every name that is not here) is SciPy's own; it is imported when first needed. What
differs: bad scaling alone does not bring a ``LinAlgWarning``, since the condition is that after equilibration; booleans
become float64 everywhere; P of `lu` is always real. ``overwrite_a`` and ``overwrite_b`` are accepted and not used.
"""

import warnings
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from .. import _arrays, _core
from ._scipy import (
    TRANS,
    assumed,
    common,
    exchanges,
    halved,
    matrix,
    peer,
    read,
    refuse_indefinite,
    square,
    told,
)
from ._shared import refuse_nan, solved


def __getattr__(name: str) -> Any:
    if name.startswith("__") and name != "__all__":
        raise AttributeError(name)
    value = getattr(peer(), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *peer().__all__})


def solve(
    a: Any,
    b: Any,
    lower: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    assume_a: str | None = None,
    transposed: bool = False,
) -> Any:
    """As ``scipy.linalg.solve``."""
    A, B = common(np.atleast_2d(read(a, check_finite)), np.atleast_1d(read(b, check_finite)))
    square(A)
    if A.dtype.kind == "c" and transposed:
        raise NotImplementedError("a^T x = b is not solved for complex a; pass a.T.")
    A, what = assumed(A, assume_a, lower)
    if A.size == 1 and B.size:
        if A.item() == 0:
            raise LinAlgError("A singular matrix detected.")
        return B / (A if B.ndim > 1 else A.ravel())
    x, report = solved(A, B, what, "T" if transposed else "N")
    told(report)
    return x


def inv(
    a: Any, overwrite_a: bool = False, check_finite: bool = True, *, assume_a: str | None = None, lower: bool = False
) -> Any:
    """As ``scipy.linalg.inv``."""
    A, what = assumed(square(matrix(read(a, check_finite))), assume_a, lower)
    X, report = _core.inv(A, method="auto", assume_a=what, overwrite_a=False, check_finite=False)
    told(report)
    return X


def det(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """As ``scipy.linalg.det``: in double precision, whatever the precision of ``a``."""
    A = square(matrix(read(a, check_finite)))
    return _core.det(A.astype(np.complex128 if A.dtype.kind == "c" else np.float64, copy=False))[()]


def lu(
    a: Any,
    permute_l: bool = False,
    overwrite_a: bool = False,
    check_finite: bool = True,
    p_indices: bool = False,
) -> Any:
    """As ``scipy.linalg.lu``."""
    A = matrix(read(a, check_finite))
    perm, L, U = _core.lu(A)
    rows = np.argsort(perm, axis=-1)  # A = (L U)[rows]
    if permute_l:
        return np.take_along_axis(L, rows[..., np.newaxis], axis=-2), U
    if p_indices:
        return rows.astype(np.int32), L, U
    P = np.zeros((*perm.shape, perm.shape[-1]), dtype=A.real.dtype)
    np.put_along_axis(P, perm[..., np.newaxis, :], 1, axis=-2)
    return P, L, U


def lu_factor(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """As ``scipy.linalg.lu_factor``; `hessolve.factor` keeps its factors ready for use."""
    A = read(a, check_finite)
    if A.ndim != 2 or 0 in A.shape:
        return peer().lu_factor(a, check_finite=check_finite)
    perm, L, U = _core.lu(A)
    r = min(A.shape)
    packed = np.zeros(A.shape, dtype=A.dtype, order="F")
    packed[:, :r] += np.tril(L, -1)
    packed[:r] += U
    zero = np.flatnonzero(np.diag(U) == 0)
    if len(zero):
        text = f"Diagonal number {zero[0] + 1} is exactly zero. Singular matrix."
        warnings.warn(text, peer().LinAlgWarning, stacklevel=2)
    return packed, exchanges(perm, r)


def lu_solve(lu_and_piv: Any, b: Any, trans: int = 0, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """As ``scipy.linalg.lu_solve``."""
    packed, piv = lu_and_piv
    F, B = read(packed, check_finite), read(b, check_finite)
    fits = F.ndim == 2 and F.shape[0] == F.shape[1] and B.ndim in (1, 2) and len(B) == len(F) and trans in (0, 1, 2)
    if not fits or F.size == 0 or B.size == 0 or (np.diag(F) == 0).any():
        return peer().lu_solve(lu_and_piv, b, trans=trans, check_finite=check_finite)
    F, B = common(F, B)
    rows = np.arange(len(F))
    for i, p in enumerate(piv):
        rows[[i, p]] = rows[[p, i]]
    L = np.tril(F, -1)
    np.fill_diagonal(L, 1)
    if trans == 0:
        return halved(F, "upper", "N", halved(L, "lower", "N", B[rows]))
    how = TRANS[trans]
    x = np.empty_like(B)
    x[rows] = halved(L, "lower", how, halved(F, "upper", how, B))
    return x


def cholesky(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """As ``scipy.linalg.cholesky``."""
    A = square(matrix(read(a, check_finite)))
    L, report = _core.cholesky(A if lower else A.swapaxes(-1, -2), check_finite=False)
    refuse_indefinite(report)
    return L if lower else L.swapaxes(-1, -2)


def cho_factor(a: Any, lower: bool = False, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """As ``scipy.linalg.cho_factor``; the other triangle is zero."""
    return cholesky(a, lower, check_finite=check_finite), lower


def cho_solve(c_and_lower: Any, b: Any, overwrite_b: bool = False, check_finite: bool = True) -> Any:
    """As ``scipy.linalg.cho_solve``."""
    c, lower = c_and_lower
    F, B = read(c, check_finite), read(b, check_finite)
    fits = F.ndim == 2 and F.shape[0] == F.shape[1] and B.ndim in (1, 2) and len(B) == len(F)
    if not fits or B.size == 0 or (np.diag(F) == 0).any():
        return peer().cho_solve(c_and_lower, b, check_finite=check_finite)
    F, B = common(F, B)
    side, first, second = ("lower", "N", "C") if lower else ("upper", "C", "N")
    return halved(F, side, second, halved(F, side, first, B))


def ldl(
    A: Any, lower: bool = True, hermitian: bool = True, overwrite_a: bool = False, check_finite: bool = True
) -> Any:
    """As ``scipy.linalg.ldl``; with ``lower=False`` SciPy's own."""
    if not lower:
        return peer().ldl(A, lower=lower, hermitian=hermitian, check_finite=check_finite)
    L, D, perm, _ = _core.ldlt(square(matrix(read(A, check_finite))), hermitian=bool(hermitian))
    return L, D, perm


def qr(
    a: Any,
    overwrite_a: bool = False,
    lwork: Any = None,
    mode: str = "full",
    pivoting: bool = False,
    check_finite: bool = True,
) -> Any:
    """As ``scipy.linalg.qr``; with ``mode="raw"`` SciPy's own."""
    if mode not in ("full", "r", "economic"):
        return peer().qr(a, mode=mode, pivoting=pivoting, check_finite=check_finite)
    A = matrix(read(a, check_finite))
    asked = {"full": "complete", "r": "r", "economic": "reduced"}[mode]
    Q, R, P = _core.qr(A, mode=asked, pivoting=bool(pivoting))
    missing = A.shape[-2] - R.shape[-2]
    if mode == "r" and missing > 0:
        R = np.concatenate([R, np.zeros((*R.shape[:-2], missing, R.shape[-1]), dtype=R.dtype)], axis=-2)
    factors = (R,) if Q is None else (Q, R)
    return factors if P is None else (*factors, P.astype(np.int32))


def svd(
    a: Any,
    full_matrices: bool = True,
    compute_uv: bool = True,
    overwrite_a: bool = False,
    check_finite: bool = True,
    lapack_driver: str = "gesdd",
) -> Any:
    """As ``scipy.linalg.svd``; the driver is checked, and makes no difference."""
    if not isinstance(lapack_driver, str):
        raise TypeError("lapack_driver must be a string")
    if lapack_driver not in ("gesdd", "gesvd"):
        raise ValueError(f'lapack_driver must be "gesdd" or "gesvd", not "{lapack_driver}"')
    A = matrix(read(a, check_finite))
    U, s, Vh = _core.svd(A, full_matrices=bool(full_matrices), compute_uv=bool(compute_uv))
    refuse_nan(s, "SVD did not converge")
    return s if U is None else (U, s, Vh)


def svdvals(a: Any, overwrite_a: bool = False, check_finite: bool = True) -> Any:
    """As ``scipy.linalg.svdvals``."""
    return svd(a, compute_uv=False, check_finite=check_finite)


def eigh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    eigvals_only: bool = False,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """As ``scipy.linalg.eigh``; with ``b``, a subset or a driver SciPy's own."""
    if b is not None or subset_by_index is not None or subset_by_value is not None or driver is not None or type != 1:
        options = {"type": type, "subset_by_index": subset_by_index, "subset_by_value": subset_by_value}
        flags = {"lower": lower, "eigvals_only": eigvals_only, "check_finite": check_finite, "driver": driver}
        return peer().eigh(a, b, **flags, **options)
    A = square(matrix(read(a, check_finite)))
    w, V = _core.eigh(A if lower else A.conj().swapaxes(-1, -2), vectors=not eigvals_only)
    refuse_nan(w, "The eigenvalues did not converge")
    return w if V is None else (w, V)


def eigvalsh(
    a: Any,
    b: Any = None,
    *,
    lower: bool = True,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    type: int = 1,
    check_finite: bool = True,
    subset_by_index: Any = None,
    subset_by_value: Any = None,
    driver: str | None = None,
) -> Any:
    """As ``scipy.linalg.eigvalsh``; with ``b``, a subset or a driver SciPy's own."""
    options = {"type": type, "subset_by_index": subset_by_index, "subset_by_value": subset_by_value}
    flags: dict[str, Any] = {"lower": lower, "check_finite": check_finite, "driver": driver}
    return eigh(a, b, eigvals_only=True, **flags, **options)


def lstsq(
    a: Any,
    b: Any,
    cond: float | None = None,
    overwrite_a: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
    lapack_driver: str | None = None,
) -> Any:
    """As ``scipy.linalg.lstsq``: "gelsy" is pivoted QR, the other drivers are the SVD."""
    if lapack_driver not in (None, "gelsd", "gelsy", "gelss"):
        raise ValueError(f'LAPACK driver "{lapack_driver}" is not found')
    A, B = common(read(a, check_finite), read(b, check_finite))
    if A.ndim != 2 or B.ndim not in (1, 2) or 0 in A.shape or B.size == 0:
        return peer().lstsq(a, b, cond, check_finite=check_finite, lapack_driver=lapack_driver)
    m, n = A.shape
    if len(B) != m:
        raise ValueError(f"Shape mismatch: a and b should have the same number of rows ({m} != {len(B)}).")
    method = "qr-pivoted" if lapack_driver == "gelsy" else "svd"
    limit = float(np.finfo(A.dtype).eps) if cond is None else float(cond)
    system = _arrays.as_system(A, B)
    x, squares, s, report = _core.lstsq(
        system.A, system.b, method=method, rcond=max(limit, 0.0), precision="working", certify=False
    )
    if s is not None:
        refuse_nan(s, "SVD did not converge in Linear Least Squares")
    rank = report.rank.item()
    real = A.real.dtype
    residuals: Any = np.asarray([], dtype=A.dtype)
    if method == "svd" and rank == n and m > n:
        residuals = squares.astype(real)
        residuals = residuals[0] if system.vector else residuals
    values = s.astype(real) if s is not None and method == "svd" else None
    return x[..., 0] if system.vector else x, residuals, rank, values


def pinv(
    a: Any,
    *,
    atol: float | None = None,
    rtol: float | None = None,
    return_rank: bool = False,
    check_finite: bool = True,
) -> Any:
    """As ``scipy.linalg.pinv``."""
    A = matrix(read(a, check_finite))
    absolute, relative = 0.0 if atol is None else float(atol), -1.0 if rtol is None else float(rtol)
    if absolute < 0 or (rtol is not None and relative < 0):
        raise ValueError("atol and rtol values must be positive.")
    if atol is not None and rtol is None:
        relative = 0.0 if absolute > 0 else -1.0
    X, report = _core.pinv(A, atol=absolute, rtol=relative, hermitian=False, check_finite=False)
    refuse_nan(X, "SVD did not converge")
    rank = report.rank.item() if report.rank.ndim == 0 else report.rank
    return (X, rank) if return_rank else X


def solve_triangular(
    a: Any,
    b: Any,
    trans: Any = 0,
    lower: bool = False,
    unit_diagonal: bool = False,
    overwrite_b: bool = False,
    check_finite: bool = True,
) -> Any:
    """As ``scipy.linalg.solve_triangular``."""
    A, B = common(square(matrix(read(a, check_finite))), read(b, check_finite))
    if B.ndim == 0 or (A.shape[-1] != (B.shape[0] if B.ndim == 1 else B.shape[-2])):
        raise ValueError(f"shapes of a {A.shape} and b {B.shape} are incompatible")
    if trans not in TRANS:
        raise ValueError(f"trans={trans!r} is not one of 0, 1, 2, 'N', 'T', 'C'")
    if unit_diagonal:
        A = A.copy()
        A[..., range(A.shape[-1]), range(A.shape[-1])] = 1
    zero = np.argwhere(np.diagonal(A, axis1=-2, axis2=-1) == 0)
    if len(zero):
        raise LinAlgError(f"singular matrix: resolution failed at diagonal {zero[0][-1]}")
    return halved(A, "lower" if lower else "upper", TRANS[trans], B)
