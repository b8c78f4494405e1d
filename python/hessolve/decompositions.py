# SPDX-License-Identifier: BSD-3-Clause
"""The factors themselves, of one matrix or a stack: lu, cholesky, ldlt, qr, svd, eigh."""

from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _solution
from ._reasons import ConvergenceError
from ._solution import Context


class LUResult(NamedTuple):
    """``A = P L U``."""

    P: NDArray[Any]
    L: NDArray[Any]
    U: NDArray[Any]


class LDLTResult(NamedTuple):
    """``A = L D L^H``; ``L[perm]`` is unit lower triangular."""

    L: NDArray[Any]
    D: NDArray[Any]
    perm: NDArray[np.int64]


class QRResult(NamedTuple):
    """``A = Q R``."""

    Q: NDArray[Any]
    R: NDArray[Any]


class QRPivotedResult(NamedTuple):
    """``A[:, P] = Q R``."""

    Q: NDArray[Any]
    R: NDArray[Any]
    P: NDArray[np.int64]


class SVDResult(NamedTuple):
    """``A = U diag(S) Vh``."""

    U: NDArray[Any]
    S: NDArray[Any]
    Vh: NDArray[Any]


class EighResult(NamedTuple):
    """``A = V diag(w) V^H``, w ascending."""

    eigenvalues: NDArray[Any]
    eigenvectors: NDArray[Any]


def lu(A: ArrayLike) -> LUResult:
    """Factor ``A = P L U`` by Gaussian elimination with partial pivoting.

    Parameters
    ----------
    A : (..., m, n) array_like
        As in `solve`; any shape and rank.

    Returns
    -------
    P : (..., m, m) ndarray, real
        A permutation matrix.
    L : (..., m, r) ndarray
        Unit lower triangular or trapezoidal, entries of modulus at most 1, r = min(m, n).
    U : (..., r, n) ndarray
        Upper triangular or trapezoidal.

    Raises
    ------
    ValueError
        If ``A`` has fewer than two dimensions, NaN or infinity.
    TypeError
        For a dtype that cannot be factored in.

    See Also
    --------
    factor : to solve with the factors.

    Notes
    -----
    ``2/3 n^3`` flops for m = n. Reference: Golub & Van Loan, Matrix Computations, 4th ed., 3.4. Equivalent:
    ``scipy.linalg.lu``.

    Examples
    --------
    >>> import hessolve as hs
    >>> P, L, U = hs.lu([[1.0, 2.0], [4.0, 4.0]])
    >>> L
    array([[1.  , 0.  ],
           [0.25, 1.  ]])
    >>> U
    array([[4., 4.],
           [0., 1.]])
    """
    matrix = _finite(A)
    perm, L, U = _core.lu(matrix)
    P = np.zeros((*perm.shape, perm.shape[-1]), dtype=matrix.real.dtype)
    np.put_along_axis(P, perm[..., np.newaxis, :], 1, axis=-2)  # row perm[i] of A is row i of L U
    return LUResult(P, L, U)


def cholesky(A: ArrayLike, *, upper: bool = False) -> NDArray[Any]:
    """Factor a Hermitian positive definite ``A = L L^H``.

    Parameters
    ----------
    A : (..., n, n) array_like
        As in `solve`. Only the lower triangle is read (the upper one with ``upper``).
    upper : bool
        Return ``U = L^H`` instead.

    Returns
    -------
    L : (..., n, n) ndarray
        Lower triangular with a positive diagonal, zeros above it; or U, upper triangular.

    Raises
    ------
    NotPositiveDefiniteError
        If ``A`` is not positive definite.
    ValueError
        If ``A`` is not square, or has NaN or infinity in the triangle that is read.
    TypeError
        For a dtype that cannot be factored in, or an ``upper`` that is neither True nor False.

    Notes
    -----
    ``1/3 n^3`` flops. Reference: Golub & Van Loan, Matrix Computations, 4th ed., 4.2. Equivalent:
    ``numpy.linalg.cholesky``, ``scipy.linalg.cholesky(lower=True)``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.cholesky([[4.0, 2.0], [2.0, 5.0]])
    array([[2., 0.],
           [1., 2.]])
    """
    upper = _arrays.flag(upper, "upper")
    matrix = _arrays.as_matrix(A, square="hs.cholesky", instead="hs.lu(A) or hs.qr(A)")
    # The upper triangle of A is the lower one of A^T = conj(A) = conj(L) L^T, and L^H = (conj(L))^T.
    L, report = _core.cholesky(matrix.swapaxes(-1, -2) if upper else matrix, check_finite=True)
    context = Context({"A": matrix.shape}, matrix.dtype, "", answer="the factor", retry="hs.ldlt(A) or hs.eigh(A)")
    _solution.raise_for(report, context)
    return L.swapaxes(-1, -2) if upper else L


def ldlt(A: ArrayLike, *, hermitian: bool = True) -> LDLTResult:
    """Factor a Hermitian ``A = L D L^H``, or a symmetric ``A = L D L^T``, with pivoting.

    Parameters
    ----------
    A : (..., n, n) array_like
        As in `solve`; perhaps indefinite or singular. Only the lower triangle is read.
    hermitian : bool
        False: a complex ``A`` is symmetric instead.

    Returns
    -------
    L : (..., n, n) ndarray
        Unit lower triangular after its rows are permuted: ``L[perm]``.
    D : (..., n, n) ndarray
        Blocks of order 1 and 2 on the diagonal.
    perm : (..., n) ndarray of int64

    Raises
    ------
    ValueError
        If ``A`` is not square, or has NaN or infinity in its lower triangle.
    TypeError
        For a dtype that cannot be factored in, or a ``hermitian`` that is neither True nor False.

    Notes
    -----
    ``1/3 n^3`` flops. The signs of D's eigenvalues are those of A's. Reference: Bunch & Kaufman 1977, doi
    10.1090/S0025-5718-1977-0428694-0; Golub & Van Loan, Matrix Computations, 4th ed., 4.4. Equivalent:
    ``scipy.linalg.ldl``.

    Examples
    --------
    >>> import hessolve as hs
    >>> L, D, perm = hs.ldlt([[4.0, 2.0], [2.0, -1.0]])
    >>> L
    array([[1. , 0. ],
           [0.5, 1. ]])
    >>> D
    array([[ 4.,  0.],
           [ 0., -2.]])
    """
    hermitian = _arrays.flag(hermitian, "hermitian")
    matrix = _arrays.as_matrix(A, square="hs.ldlt", instead="hs.lu(A) or hs.qr(A)")
    L, D, perm, report = _core.ldlt(matrix, hermitian=hermitian)
    if not _solution.is_singular(report).any():  # a zero pivot spoils nothing but a solve
        _solution.raise_for(report, Context({"A": matrix.shape}, matrix.dtype, "", answer="the factor"))
    return LDLTResult(L, D, perm)


# fmt: off
@overload
def qr(
    A: ArrayLike, mode: Literal["reduced", "complete"] = "reduced", pivoting: Literal[False] = False
) -> QRResult: ...
@overload
def qr(
    A: ArrayLike, mode: Literal["reduced", "complete"] = "reduced", *, pivoting: Literal[True]
) -> QRPivotedResult: ...
@overload
def qr(A: ArrayLike, mode: str = "reduced", pivoting: bool = False) -> Any: ...
def qr(A: ArrayLike, mode: str = "reduced", pivoting: bool = False) -> Any:
    # fmt: on
    """Factor ``A = Q R``, Q with orthonormal columns, by Householder reflections.

    Parameters
    ----------
    A : (..., m, n) array_like
        As in `solve`; any shape and rank.
    mode : {"reduced", "complete", "r", "raw"}
        r = min(m, n) columns of Q, or all m; R alone; the reflections themselves.
    pivoting : bool
        Factor ``A[:, P] = Q R`` instead, with falling moduli on the diagonal of R.

    Returns
    -------
    Q : (..., m, r) ndarray
        (..., m, m) for "complete".
    R : (..., r, n) ndarray
        Upper triangular or trapezoidal; (..., m, n) for "complete".
    P : (..., n) ndarray of int64
        Only with ``pivoting``.

        A named tuple; for "r" R alone, or the tuple (R, P); for "raw" the tuple (h, tau) or (h, tau, P): ``h``, (...,
        n, m), holds R^T and the vectors of the reflections, ``tau``, (..., r), their factors.

    Raises
    ------
    ValueError
        If ``A`` has fewer than two dimensions, NaN or infinity, or ``mode`` is invalid.
    TypeError
        For a dtype that cannot be factored in, or a ``pivoting`` that is neither True nor False.

    Notes
    -----
    ``2 m n^2 - 2/3 n^3`` flops for R and as many for Q (m >= n). Reference: Golub & Van Loan, Matrix Computations, 4th
    ed., 5.2, 5.4. Equivalent: ``numpy.linalg.qr``; with pivoting ``scipy.linalg.qr``.

    Examples
    --------
    >>> import hessolve as hs
    >>> Q, R = hs.qr([[3.0, 1.0], [4.0, 2.0]])
    >>> abs(R).round(12)
    array([[5. , 2.2],
           [0. , 0.4]])
    """
    _arrays.choice(mode, "mode", ("reduced", "complete", "r", "raw"))
    pivoting = _arrays.flag(pivoting, "pivoting")
    Q, R, P = _core.qr(_finite(A), mode=mode, pivoting=pivoting)
    if Q is None:
        return (R, P) if pivoting else R
    if mode == "raw":
        return (Q, R, P) if pivoting else (Q, R)
    return QRResult(Q, R) if P is None else QRPivotedResult(Q, R, P)


# fmt: off
@overload
def svd(A: ArrayLike, full_matrices: bool = True, compute_uv: Literal[True] = True) -> SVDResult: ...
@overload
def svd(A: ArrayLike, full_matrices: bool = True, *, compute_uv: Literal[False]) -> NDArray[Any]: ...
@overload
def svd(A: ArrayLike, full_matrices: bool = True, compute_uv: bool = True) -> SVDResult | NDArray[Any]: ...
def svd(A: ArrayLike, full_matrices: bool = True, compute_uv: bool = True) -> SVDResult | NDArray[Any]:
    # fmt: on
    """Return the singular value decomposition ``A = U diag(S) Vh``.

    Parameters
    ----------
    A : (..., m, n) array_like
        As in `solve`; any shape and rank.
    full_matrices : bool
        All m columns of U and n rows of Vh, or r = min(m, n) of each.
    compute_uv : bool
        False: S alone.

    Returns
    -------
    U : (..., m, m) or (..., m, r) ndarray
        Orthonormal columns.
    S : (..., r) ndarray, real
        Singular values, descending.
    Vh : (..., n, n) or (..., r, n) ndarray
        Orthonormal rows.

    Raises
    ------
    ConvergenceError
        If the iteration fails.
    ValueError
        If ``A`` has fewer than two dimensions, NaN or infinity.
    TypeError
        For a dtype that cannot be decomposed in, or a flag that is neither True nor False.

    Notes
    -----
    About ``20 n^3`` flops for m = n, ``8/3 n^3`` for S alone. Reference: Golub & Van Loan, Matrix Computations, 4th
    ed., 8.6. Equivalent: ``numpy.linalg.svd``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.svd([[0.0, 2.0], [3.0, 0.0]]).S
    array([3., 2.])
    """
    full_matrices, compute_uv = _arrays.flag(full_matrices, "full_matrices"), _arrays.flag(compute_uv, "compute_uv")
    matrix = _finite(A)
    U, S, Vh = _core.svd(matrix, full_matrices=full_matrices, compute_uv=compute_uv)
    _check_converged(S, matrix, "SVD")
    return S if U is None or Vh is None else SVDResult(U, S, Vh)


def eigh(A: ArrayLike) -> EighResult:
    """Return the eigenvalues and eigenvectors of a Hermitian matrix.

    Parameters
    ----------
    A : (..., n, n) array_like
        As in `solve`. Only the lower triangle is read.

    Returns
    -------
    eigenvalues : (..., n) ndarray, real
        Ascending.
    eigenvectors : (..., n, n) ndarray
        Orthonormal columns: ``A V = V diag(w)``.

    Raises
    ------
    ConvergenceError
        If the iteration fails.
    ValueError
        If ``A`` is not square, or has NaN or infinity.
    TypeError
        For a dtype that cannot be decomposed in.

    Notes
    -----
    About ``9 n^3`` flops. Reference: Golub & Van Loan, Matrix Computations, 4th ed., 8.3. Equivalent:
    ``numpy.linalg.eigh``.

    Examples
    --------
    >>> import hessolve as hs
    >>> w, V = hs.eigh([[2.0, 1.0], [1.0, 2.0]])
    >>> w.round(12)
    array([1., 3.])
    """
    matrix = _arrays.as_matrix(A, square="hs.eigh", instead="hs.svd(A)")
    _arrays.check_finite(matrix, "A")
    w, V = _core.eigh(matrix, vectors=True)
    _check_converged(w, matrix, "eigenvalue iteration")
    return EighResult(w, np.asarray(V))


def _finite(A: ArrayLike) -> NDArray[Any]:
    matrix = _arrays.as_matrix(A)
    _arrays.check_finite(matrix, "A")
    return matrix


def _check_converged(values: NDArray[Any], A: NDArray[Any], what: str) -> None:
    failed = np.argwhere(np.isnan(values).any(axis=-1))
    if len(failed):
        place = _arrays.slice_text(tuple(int(i) for i in failed[0]), " in slice {}")
        raise ConvergenceError(f"The {what} of `A` {A.shape} did not converge{place}. Scale A to moderate size.")
