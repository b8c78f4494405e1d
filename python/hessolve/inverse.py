# SPDX-License-Identifier: BSD-3-Clause
"""Inverses and condition numbers: inv, pinv, cond, rcond."""

from numbers import Real
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _solution
from ._solution import Context
from .linear import assumed


def inv(
    A: ArrayLike,
    *,
    method: str = "auto",
    assume_a: str | None = None,
    overwrite_a: bool = False,
    check_finite: bool = True,
) -> NDArray[Any]:
    """Invert a square matrix, or say that it has no useful inverse.

    Parameters
    ----------
    A : (..., n, n) array_like
        As in `solve`.
    method : {"auto", "lu", "gauss-jordan", "cholesky", "qr", "svd"}
        "auto" chooses by structure. "cholesky" needs a positive definite ``A``.
    assume_a : str, optional
        As in `solve`.
    overwrite_a : bool
        Write the inverse over ``A``, which must be a writeable ndarray of one of the four dtypes.
    check_finite : bool
        Refuse NaN and infinity.

    Returns
    -------
    X : (..., n, n) ndarray
        The inverse; it is never truncated to a pseudo-inverse.

    Raises
    ------
    SingularMatrixError
        If a pivot is exactly zero; with ``overwrite_a`` also if ``rcond < eps``.
    NotPositiveDefiniteError
        If ``A`` was said to be positive definite and is not.
    ValueError
        If ``A`` is not square, has NaN or infinity, or a keyword is invalid.
    TypeError
        For a dtype that cannot be solved in, or a flag that is neither True nor False.

    Warns
    -----
    IllConditionedWarning
        If ``rcond < eps``.
    RuntimeWarning
        If the inverse has a NaN or infinity, by overflow or from the data that ``check_finite=False`` let pass.

    See Also
    --------
    pinv : of any shape and rank.
    solve : better than ``inv(A) @ b`` in time and in accuracy.

    Notes
    -----
    ``2 n^3`` flops by LU and Gauss-Jordan, ``n^3`` by Cholesky; QR takes about twice, the SVD ten times as long as LU.
    Reference: Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., ch. 14. Equivalent:
    ``scipy.linalg.inv``, ``numpy.linalg.inv``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.inv([[2.0, 0.0], [0.0, 4.0]])
    array([[0.5 , 0.  ],
           [0.  , 0.25]])
    """
    _arrays.choice(method, "method", ("auto", "lu", "gauss-jordan", "cholesky", "qr", "svd"))
    overwrite_a, check_finite = _arrays.flag(overwrite_a, "overwrite_a"), _arrays.flag(check_finite, "check_finite")
    matrix = _arrays.as_matrix(A, square="hs.inv", instead="hs.pinv(A)")
    if overwrite_a:
        _arrays.check_overwrite(A, matrix, "A")
    what = assumed(assume_a, method, matrix.dtype)
    X, report = _core.inv(matrix, method=method, assume_a=what, overwrite_a=overwrite_a, check_finite=check_finite)
    advice = f"Use hs.pinv(A){_arrays.fresh_copies(overwrite_a)} for the pseudo-inverse."
    context = Context(
        {"A": matrix.shape},
        matrix.dtype,
        advice,
        retry="hs.inv(A) without method and assume_a",
        answer="the inverse",
        overwritten=overwrite_a,
        keyword=True,
    )
    _solution.raise_for(report, context)
    return X


# fmt: off
@overload
def pinv(
    A: ArrayLike, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False,
    return_rank: Literal[False] = False, check_finite: bool = True,
) -> NDArray[Any]: ...
@overload
def pinv(
    A: ArrayLike, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False,
    return_rank: Literal[True], check_finite: bool = True,
) -> tuple[NDArray[Any], Any]: ...
@overload
def pinv(
    A: ArrayLike, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False,
    return_rank: bool, check_finite: bool = True,
) -> NDArray[Any] | tuple[NDArray[Any], Any]: ...
def pinv(
    A: ArrayLike, *, atol: float | None = None, rtol: float | None = None, hermitian: bool = False,
    return_rank: bool = False, check_finite: bool = True,
) -> NDArray[Any] | tuple[NDArray[Any], Any]:
    # fmt: on
    """Return the Moore-Penrose pseudo-inverse, by the SVD.

    Parameters
    ----------
    A : (..., m, n) array_like
        As in `solve`.
    atol, rtol : float >= 0, optional
        Singular values up to ``atol + rtol * largest`` count as zero; 0 and ``max(m, n) eps`` by default.
    hermitian : bool
        ``A`` is Hermitian: eigenvalues of its lower triangle are used instead.
    return_rank : bool
        Return the number of singular values that count as well.
    check_finite : bool
        Refuse NaN and infinity.

    Returns
    -------
    X : (..., n, m) ndarray
    rank : int, or (...) ndarray of int64
        Only with ``return_rank``.

    Raises
    ------
    ValueError
        For NaN or infinity, a negative tolerance, or ``hermitian`` with a matrix that is not square.
    TypeError
        For a dtype that cannot be solved in, a tolerance that is no real number, or a flag that is neither True nor
        False.

    Warns
    -----
    RuntimeWarning
        If the pseudo-inverse has a NaN or infinity: by overflow, from the data that ``check_finite=False`` let pass, or
        because the SVD failed.

    Notes
    -----
    About ``20 m n^2`` flops for m >= n. Reference: Golub & Van Loan, Matrix Computations, 4th ed., 5.5.2. Equivalent:
    ``scipy.linalg.pinv``, ``numpy.linalg.pinv``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.pinv([[2.0, 0.0], [0.0, 0.0]])
    array([[0.5, 0. ],
           [0. , 0. ]])
    """
    hermitian, return_rank = _arrays.flag(hermitian, "hermitian"), _arrays.flag(return_rank, "return_rank")
    check_finite = _arrays.flag(check_finite, "check_finite")
    absolute = 0.0 if atol is None else _tolerance(atol, "atol")
    relative = -1.0 if rtol is None else _tolerance(rtol, "rtol")
    matrix = _arrays.as_matrix(A)
    if hermitian and matrix.shape[-1] != matrix.shape[-2]:
        raise ValueError(f"`A` {matrix.shape} is not square, as hermitian=True needs it.")
    X, report = _core.pinv(matrix, atol=absolute, rtol=relative, hermitian=hermitian, check_finite=check_finite)
    answer = "the pseudo-inverse"
    context = Context({"A": matrix.shape}, matrix.dtype, "", answer=answer, on_singular="warn", keyword=True)
    _solution.raise_for(report, context)
    return (X, report.rank.item() if report.rank.ndim == 0 else report.rank) if return_rank else X


def cond(A: ArrayLike, p: float | str | None = 2) -> Any:
    """Return the condition number ``||A|| ||A^-1||`` in a norm of choice.

    Parameters
    ----------
    A : (..., m, n) array_like
        As in `solve`; square unless ``p`` is None, 2 or -2.
    p : {None, 2, -2, 1, -1, inf, -inf, "fro", "nuc"}
        None and 2: largest over smallest singular value; -2: the inverse of that; the rest as in ``numpy.linalg.norm``.

    Returns
    -------
    c : real floating-point number, or (...) ndarray of them
        For a singular matrix inf, or 0 if ``p`` is -2 (but inf if ``A`` is zero), where rounding does not hide it; nan
        where ``A`` has NaN or the SVD fails, else inf where it has infinity.

    Raises
    ------
    ValueError
        If ``p`` is not valid, or ``A`` not square where it must be, or empty.
    TypeError
        For a dtype that cannot be solved in.

    See Also
    --------
    rcond : its reciprocal after equilibration, at a third of the cost or less.

    Notes
    -----
    One SVD without vectors (``8/3 n^3`` flops), or one inverse. Equivalent: ``numpy.linalg.cond``.

    Examples
    --------
    >>> import hessolve as hs
    >>> float(hs.cond([[2.0, 0.0], [0.0, 0.5]]))
    4.0
    """
    valid: tuple[Any, ...] = (None, 2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc")
    order = _arrays.scalar(p)
    if order is not None and (not isinstance(order, (str, Real)) or isinstance(order, bool) or order not in valid):
        raise ValueError(f"p={_arrays.shown(p)} is not valid; valid: {', '.join(map(repr, valid))}.")
    spectral = order in (None, 2, -2)
    matrix = _arrays.as_matrix(A) if spectral else _arrays.as_matrix(A, square="hs.cond", instead="p=2")
    if matrix.shape[-1] == 0 or matrix.shape[-2] == 0:
        raise ValueError(f"`A` {matrix.shape} is empty; its condition number is not defined.")
    nan = np.isnan(matrix).any(axis=(-2, -1))
    bad = ~np.isfinite(matrix).all(axis=(-2, -1))
    clean = np.where(bad[..., np.newaxis, np.newaxis], 0, matrix) if bad.any() else matrix
    with np.errstate(all="ignore"):
        if spectral:
            s = _core.singular_values(clean)
            nan |= np.isnan(s).any(axis=-1)
            c = s[..., -1] / s[..., 0] if order == -2 else s[..., 0] / s[..., -1]
        else:
            X, report = _core.inv(clean, method="auto", assume_a="", overwrite_a=False, check_finite=False)
            singular = _solution.is_singular(report)
            X = np.where(singular[..., np.newaxis, np.newaxis], 0, X)
            c = np.where(singular, np.inf, _norm(clean, order) * _norm(X, order))
    c = np.where(np.isnan(c) | bad, np.inf, c)  # 0 / 0 for A = 0, and infinite entries
    return np.where(nan, np.nan, c).astype(matrix.real.dtype)[()]


def rcond(A: ArrayLike) -> Any:
    """Return the reciprocal condition number in the 1-norm, after equilibration by powers of two.

    Parameters
    ----------
    A : (..., n, n) array_like
        As in `solve`.

    Returns
    -------
    r : float, or (...) ndarray of float64
        1 for the identity, 0 for a singular matrix; below eps of the dtype, few digits of a solution can be trusted, or
        none.

    Raises
    ------
    ValueError
        If ``A`` is not square, or has NaN or infinity.
    TypeError
        For a dtype that cannot be solved in.

    Notes
    -----
    LU and a norm estimate of the inverse (exact up to n = 64): ``2/3 n^3`` flops. Reference: Higham, Accuracy and
    Stability of Numerical Algorithms, 2nd ed., ch. 15. Equivalent: ``scipy.linalg.lapack.dgecon``, which does not
    equilibrate.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.rcond([[1.0, 0.0], [0.0, 1.0]])
    1.0
    """
    matrix = _arrays.as_matrix(A, square="hs.rcond", instead="hs.cond(A)")
    _arrays.check_finite(matrix, "A")
    value = _core.rcond(matrix)
    return float(value) if np.ndim(value) == 0 else value


def _tolerance(value: object, name: str) -> float:
    return _arrays.real(value, name, "it is a number >= 0, or None", lambda number: number >= 0)


def _norm(A: NDArray[Any], p: Any) -> NDArray[Any]:
    if p == "nuc":
        return np.asarray(_core.singular_values(A).sum(axis=-1))
    return np.asarray(np.linalg.norm(A, p, axis=(-2, -1)))
