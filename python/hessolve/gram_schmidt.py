# SPDX-License-Identifier: BSD-3-Clause
"""An orthonormal basis of the columns of a matrix: orthonormalize."""

from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _operands, _solution
from .decompositions import QRResult
from .updates import ChangeContext

_METHODS = ("cgs", "mgs", "cgs2", "householder", "cholesky-qr2", "cholesky-qr3", "randomized")
_TALL = ("cholesky-qr2", "cholesky-qr3", "randomized")


class PivotedBasis(NamedTuple):
    """``A[:, perm] = Q R``."""

    Q: NDArray[Any]
    R: NDArray[Any]
    perm: NDArray[np.int64]


class OrthonormalBasis(NamedTuple):
    """``A[:, perm] = Q R``, and how far Q is from orthonormal."""

    Q: NDArray[Any]  # (m, rank)
    R: NDArray[Any]  # (rank, n)
    perm: NDArray[np.int64] | None  # (n,); None without pivoting
    rank: int
    loss: float  # ||Q^H Q - I||_2, measured
    bound: float  # what theory lets expect of it
    condition: float  # of A after scaling its columns to one length, estimated from R


# fmt: off
@overload
def orthonormalize(
    A: ArrayLike, *, method: str = "cgs2", pivoting: Literal[False] = False, rtol: float | None = None,
    rng: Any = None, full_output: Literal[False] = False,
) -> QRResult: ...
@overload
def orthonormalize(
    A: ArrayLike, *, method: str = "cgs2", pivoting: Literal[True], rtol: float | None = None, rng: Any = None,
    full_output: Literal[False] = False,
) -> PivotedBasis: ...
@overload
def orthonormalize(
    A: ArrayLike, *, method: str = "cgs2", pivoting: bool = False, rtol: float | None = None, rng: Any = None,
    full_output: Literal[True],
) -> OrthonormalBasis: ...
@overload
def orthonormalize(
    A: ArrayLike, *, method: str = "cgs2", pivoting: bool = False, rtol: float | None = None, rng: Any = None,
    full_output: bool = False,
) -> QRResult | PivotedBasis | OrthonormalBasis: ...
def orthonormalize(
    A: ArrayLike, *, method: str = "cgs2", pivoting: bool = False, rtol: float | None = None, rng: Any = None,
    full_output: bool = False,
) -> QRResult | PivotedBasis | OrthonormalBasis:
    # fmt: on
    """Find orthonormal columns Q that span what the columns of ``A`` span, ``A = Q R``.

    Parameters
    ----------
    A : (m, n) array_like
        float32, float64, complex64 or complex128; bool and integers become float64, float16 float32. Any memory order.
    method : str
        With what it loses of orthogonality, kappa being the condition of ``A`` with columns of one length: "cgs",
        classical Gram-Schmidt, ``kappa^2 eps``; "mgs", modified, ``kappa eps``; "cgs2", classical twice, "householder",
        "cholesky-qr3" and "randomized" (by the QR of a sketch), eps while ``kappa eps < 1``; "cholesky-qr2", eps while
        ``kappa^2 eps < 1``. The last three need m >= n.
    pivoting : bool
        Take the columns in the order of what is left of them.
    rtol : float in [0, 1), optional
        A column of which at most ``rtol`` times its norm is left depends on those before; n eps by default.
    rng : numpy.random.Generator or seed, optional
        Of "randomized".
    full_output : bool
        Measure the loss of orthogonality, and return it with its bound.

    Returns
    -------
    Q : (m, rank) ndarray
    R : (rank, n) ndarray
        Upper triangular; a staircase where columns depend on those before them. Without pivoting "householder" and the
        last three methods keep every column, min(m, n) of them.
    perm : (n,) ndarray of int64
        ``A[:, perm] = Q R``. With pivoting only.

        A named tuple; with ``full_output`` also ``rank, loss, bound, condition``, and perm None without pivoting.

    Raises
    ------
    NotPositiveDefiniteError
        If "cholesky-qr2", "cholesky-qr3" or "randomized" cannot cope with the condition.
    ValueError
        For a stack, NaN or infinity, an invalid keyword, or m < n where m >= n is needed.
    TypeError
        For a dtype that cannot be worked in, or a keyword of a wrong type.

    Warns
    -----
    IllConditionedWarning
        If Q may be far from orthonormal: the bound of "cgs" or "mgs" is 1 or more.

    See Also
    --------
    qr : all of the factors, by Householder's reflections.

    Notes
    -----
    ``2 m n^2`` flops by "cgs" and "mgs", ``6 m n^2`` by "cholesky-qr3" and "randomized", ``4 m n^2`` by the others.
    Reference: Golub & Van Loan, Matrix Computations, 4th ed., 5.2.7-5.2.9; Giraud, Langou, Rozloznik & van den Eshof
    2005, doi 10.1007/s00211-005-0615-4; Fukaya, Kannan, Nakatsukasa, Yamamoto & Yanagisawa 2020, doi
    10.1137/18M1218212. Equivalent: ``scipy.linalg.orth``, whose basis is another.

    Examples
    --------
    >>> import hessolve as hs
    >>> Q, R = hs.orthonormalize([[3.0, 1.0], [4.0, 3.0]])
    >>> Q.round(12)
    array([[ 0.6, -0.8],
           [ 0.8,  0.6]])
    >>> hs.orthonormalize([[1.0, 2.0], [2.0, 4.0]], full_output=True).rank
    1
    """
    _arrays.choice(method, "method", _METHODS)
    pivoting, full_output = _arrays.flag(pivoting, "pivoting"), _arrays.flag(full_output, "full_output")
    limit = -1.0
    if rtol is not None:
        limit = _arrays.real(rtol, "rtol", "it is a number in [0, 1), or None", lambda value: 0.0 <= value < 1.0)
    seed = _operands.seed_of(rng)
    matrix = _operands.one_matrix(A, "A", "hs.orthonormalize")
    m, n = matrix.shape
    if method in _TALL and m < n:
        needs = f"method={method!r} needs at least as many rows as columns"
        raise ValueError(f"`A` {matrix.shape} is wide, and {needs}; use method='cgs2' or 'householder'.")
    Q, R, perm, found, report = _core.orthonormalize(
        matrix, method=method, pivoting=pivoting, rtol=limit, measure=full_output, seed=seed
    )
    retry = "hs.orthonormalize(A, method='cgs2')"
    gram = f"A^H A of `A` {matrix.shape}"
    _solution.raise_for(report, ChangeContext({"A": matrix.shape}, matrix.dtype, "", retry=retry, changed=gram))
    if found["bound"] >= 1:
        bound = f"the bound on ||Q^H Q - I|| is {found['bound']:.1e} at condition {found['condition']:.1e}"
        _solution.warn(f"`A` {matrix.shape}: Q of method={method!r} may be far from orthonormal, {bound}. Use {retry}.")
    if full_output:
        return OrthonormalBasis(
            Q, R, perm, int(found["rank"]), float(found["loss"]), float(found["bound"]), float(found["condition"])
        )
    return QRResult(Q, R) if perm is None else PivotedBasis(Q, R, perm)
