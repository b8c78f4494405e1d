# SPDX-License-Identifier: BSD-3-Clause
"""Determinants and rank: det, slogdet, matrix_rank."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _solution
from ._reasons import ConvergenceError


class SlogdetResult(NamedTuple):
    """Sign (or phase) and logarithm of the modulus of a determinant, as NumPy names them."""

    sign: Any
    logabsdet: Any


def det(A: ArrayLike) -> Any:
    """Return the determinant.

    Parameters
    ----------
    A : (..., n, n) array_like
        As in `solve`.

    Returns
    -------
    d : number, or (...) ndarray
        In the dtype of ``A``; exactly 0 where a pivot is zero, 1 for n = 0.

    Raises
    ------
    ValueError
        If ``A`` is not square, or has NaN or infinity.
    TypeError
        For a dtype that cannot be factored in.

    Warns
    -----
    RuntimeWarning
        If the determinant overflows to infinity or underflows to 0.

    See Also
    --------
    slogdet : neither overflows nor underflows.

    Notes
    -----
    LU, ``2/3 n^3`` flops. A small determinant does not say that a matrix is nearly singular; `rcond` does. Reference:
    Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., 14.6. Equivalent: ``numpy.linalg.det``,
    ``scipy.linalg.det``.

    Examples
    --------
    >>> import hessolve as hs
    >>> float(hs.det([[2.0, 1.0], [1.0, 3.0]]).round(12))
    5.0
    """
    matrix = _arrays.as_matrix(A, square="hs.det", instead="hs.svd(A) for the singular values")
    _arrays.check_finite(matrix, "A")
    d = _core.det(matrix)
    lost = ~np.isfinite(d)
    if lost.any():
        _warn_of_range(lost, "overflows", "A", matrix.shape)
    elif (d == 0).any():
        vanished = (d == 0) & np.isfinite(_core.slogdet(matrix)[1])
        if vanished.any():
            _warn_of_range(vanished, "underflows", "A", matrix.shape)
    return d[()]


def slogdet(A: ArrayLike) -> SlogdetResult:
    """Return the sign of the determinant and the logarithm of its modulus, which cannot overflow.

    Parameters
    ----------
    A : (..., n, n) array_like
        As in `solve`.

    Returns
    -------
    sign : number, or (...) ndarray
        In the dtype of ``A``: 1, -1, or a complex number of modulus 1; 0 where a pivot is exactly zero.
    logabsdet : real number, or (...) ndarray
        -inf where a pivot is exactly zero.

    Raises
    ------
    ValueError
        If ``A`` is not square, or has NaN or infinity.
    TypeError
        For a dtype that cannot be factored in.

    Notes
    -----
    LU, ``2/3 n^3`` flops. Equivalent: ``numpy.linalg.slogdet``.

    Examples
    --------
    >>> import hessolve as hs
    >>> sign, logabsdet = hs.slogdet([[0.0, 1e300], [1e300, 0.0]])
    >>> float(sign), float(logabsdet.round(9))
    (-1.0, 1381.551055796)
    """
    matrix = _arrays.as_matrix(A, square="hs.slogdet", instead="hs.svd(A) for the singular values")
    _arrays.check_finite(matrix, "A")
    sign, logabsdet = _core.slogdet(matrix)
    return SlogdetResult(sign[()], logabsdet[()])


def matrix_rank(A: ArrayLike, *, rtol: float | None = None) -> Any:
    """Return the number of singular values above ``rtol`` times the largest.

    Parameters
    ----------
    A : (...,) or (..., m, n) array_like
        As in `solve`. A vector or a number counts 1 unless it is zero.
    rtol : float >= 0, optional
        ``max(m, n) eps`` of the dtype by default.

    Returns
    -------
    rank : int, or (...) ndarray of int64

    Raises
    ------
    ValueError
        For NaN or infinity, or a negative ``rtol``.
    TypeError
        For a dtype that cannot be solved in, or an ``rtol`` that is no real number.
    ConvergenceError
        If the SVD fails.

    See Also
    --------
    lstsq : decides the rank after equilibrating the columns, so that units do not matter.

    Notes
    -----
    One SVD without vectors; columns are not scaled. Reference: Golub & Van Loan, Matrix Computations, 4th ed., 5.5.8.
    Equivalent: ``numpy.linalg.matrix_rank``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.matrix_rank([[1.0, 2.0], [2.0, 4.0]])
    1
    """
    relative = None
    if rtol is not None:
        relative = _arrays.real(rtol, "rtol", "it is a number >= 0, or None", lambda number: number >= 0)
    array = _arrays.as_array(A, "A")
    if array.ndim < 2:
        if not np.isfinite(array).all():
            raise ValueError(f"`A` {array.shape} has a NaN or infinity; clean the data first.")
        return int((array != 0).any())
    _arrays.check_finite(array, "A")
    m, n = array.shape[-2:]
    if relative is None:
        relative = max(m, n) * float(np.finfo(array.dtype).eps)
    s = _core.singular_values(array)
    if np.isnan(s).any():
        raise ConvergenceError(
            f"The SVD of `A` {array.shape} did not converge. hs.qr(A, pivoting=True) shows the rank as well."
        )
    rank = np.count_nonzero(s > relative * s.max(axis=-1, keepdims=True, initial=0), axis=-1)
    return rank if array.ndim > 2 else int(rank)


def number_of(value: complex, logabsdet: float, dtype: np.dtype[Any], shape: tuple[int, ...]) -> Any:
    """Return a determinant in the dtype of its matrix, with a warning where it left the number range."""
    d = dtype.type(value if dtype.kind == "c" else value.real)
    if not np.isfinite(d) or (d == 0 and np.isfinite(logabsdet)):
        _warn_of_range(np.array(True), "underflows" if d == 0 else "overflows", "A", shape)
    return d


def _warn_of_range(lost: NDArray[Any], verb: str, name: str, shape: tuple[int, ...]) -> None:
    place = _arrays.slice_text(tuple(int(i) for i in np.argwhere(lost)[0]), " in slice {}")
    _solution.warn(f"The determinant of `{name}` {shape} {verb}{place}; hs.slogdet(A) does not.", RuntimeWarning)
