# SPDX-License-Identifier: BSD-3-Clause
"""A matrix factored once and used many times: factor."""

from typing import Any

from numpy.typing import ArrayLike

from . import _arrays, _core, _solution
from ._factor import Factor
from ._operands import check_triangular
from ._solution import Context
from .updates import is_for

_SQUARE = ("lu", "cholesky", "ldlt", "eigh", "banded", "triangular")
_ANY = ("qr", "qr-pivoted", "svd")
_KINDS = ("auto", *_SQUARE, *_ANY)

__all__ = ["Factor", "factor"]


def factor(A: ArrayLike, kind: str = "auto", keep_matrix: bool = False) -> Any:
    """Factor a matrix once, to solve with it, invert it or update it many times.

    Parameters
    ----------
    A : (m, n) array_like or sparse matrix
        As in `solve`; one matrix, not a stack. It is copied: what happens to it afterwards does not matter.
    kind : str
        "auto" chooses by structure. Of square matrices: "lu", "cholesky", "ldlt", "eigh", "banded",
        "triangular"; "cholesky", "ldlt" and "eigh" read the lower triangle only. Of any: "qr",
        "qr-pivoted", "svd", which solve in the least squares sense, the last two with minimum norm. Of sparse
        matrices: "lu", "cholesky", "ldlt", "qr".
    keep_matrix : bool
        Keep a copy of ``A`` as well, with which each solve is checked and refined.

    Returns
    -------
    f : Factor

    Raises
    ------
    NotPositiveDefiniteError
        If ``kind="cholesky"`` and ``A`` is not positive definite.
    ValueError
        If ``A`` is a stack, not square for a kind that needs it, has NaN or infinity, or a keyword is invalid.
    TypeError
        For a dtype that cannot be factored in, or a ``keep_matrix`` that is neither True nor False.

    See Also
    --------
    solve : one system, with its certificate.
    lu, cholesky, ldlt, qr, svd, eigh : the factors themselves.

    Notes
    -----
    ``2/3 n^3`` flops by LU, ``1/3 n^3`` by Cholesky, ``2 m n^2 - 2/3 n^3`` by QR; then ``2 n^2`` for each right-hand
    side. A singular ``A`` can be factored, and has a determinant; what needs its inverse raises `SingularMatrixError`.
    Reference: Golub & Van Loan, Matrix Computations, 4th ed., ch. 3-5. Equivalents: ``scipy.linalg.lu_factor`` with
    ``lu_solve``, ``cho_factor`` with ``cho_solve``, ``scipy.sparse.linalg.splu``.

    Examples
    --------
    >>> import hessolve as hs
    >>> f = hs.factor([[4.0, 2.0], [2.0, 5.0]])
    >>> f.kind, f.solve([8.0, 8.0])
    ('cholesky', array([1.5, 1. ]))
    >>> f.update([0.0, 1.0]).solve([8.0, 8.0])
    array([1.6, 0.8])
    """
    _arrays.choice(kind, "kind", _KINDS)
    keep_matrix = _arrays.flag(keep_matrix, "keep_matrix")
    if hasattr(A, "tocsr") and hasattr(A, "format"):
        from . import sparse_factor

        return sparse_factor.factor_sparse(A, kind, keep_matrix)
    matrix = _arrays.as_matrix(A)
    if matrix.ndim > 2:
        instead = "factor its slices one by one, or use hs.solve(A, b)"
        raise ValueError(f"`A` {matrix.shape} is a stack, and hs.factor takes one matrix; {instead}.")
    if kind in _SQUARE and matrix.shape[0] != matrix.shape[1]:
        instead = f"use kind={', '.join(map(repr, _ANY[:-1]))} or {_ANY[-1]!r}"
        raise ValueError(f"`A` {matrix.shape} is not square, as kind={kind!r} needs it; {instead}.")
    if kind == "triangular":
        check_triangular(matrix, "A")
    factors, report = _core.factor(matrix, kind=kind, keep_matrix=keep_matrix)
    if not is_for(report, "singular", "ill_conditioned"):  # these are told where they matter
        context = Context({"A": matrix.shape}, matrix.dtype, "", retry="hs.factor(A) without kind")
        _solution.raise_for(report, context)
    return Factor(factors)
