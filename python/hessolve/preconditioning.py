# SPDX-License-Identifier: BSD-3-Clause
"""Preconditioners: operators close to the inverse of a matrix."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _iteration, _operators

_KINDS = ("jacobi", "ssor", "block-jacobi", "ic0", "chebyshev")


class Preconditioner:
    """An operator P close to the inverse of a matrix: ``P @ r`` approximates ``A^-1 r``.

    Use it as ``M`` of `hessolve.iterate` or of SciPy's solvers, and wherever an operator is taken.

    Attributes
    ----------
    kind : str
    shape : tuple of int
    dtype : numpy.dtype
    shift : float
        Of "ic0": what was factored is ``A + shift diag(A)``; 0 where A itself could be.
    """

    def __init__(self, compiled: _core.Operator, kind: str, shift: float) -> None:
        self._operator = compiled
        self.kind, self.shift = kind, shift

    @property
    def shape(self) -> tuple[int, int]:
        rows, cols = self._operator.shape
        return int(rows), int(cols)

    @property
    def dtype(self) -> np.dtype[Any]:
        return self._operator.dtype

    def matvec(self, r: ArrayLike) -> NDArray[Any]:
        """Return ``P r`` for r of shape (n,), (n, 1) or (n, k)."""
        return self._product(r, self._operator.apply)

    def rmatvec(self, r: ArrayLike) -> NDArray[Any]:
        """Return ``P^H r``."""
        if not self._operator.has_adjoint:
            raise ValueError(f"{self!r} of a matrix that is not symmetric has no products with its adjoint.")
        return self._product(r, self._operator.apply_adjoint)

    solve = matvec
    __matmul__ = matvec

    def __repr__(self) -> str:
        shifted = f", shift={self.shift:.3g}" if self.shift else ""
        return f"Preconditioner({self.kind!r}, shape={self.shape}, dtype={self.dtype}{shifted})"

    def _product(self, r: ArrayLike, apply: Any) -> NDArray[Any]:
        array = _arrays.as_array(r, "r")
        if array.ndim not in (1, 2) or len(array) != self.shape[0]:
            raise ValueError(f"`r` {array.shape} does not fit {self!r}; ({self.shape[0]},) is needed.")
        if array.dtype.kind == "c" and self.dtype.kind != "c":
            return np.asarray(self._product(array.real, apply) + 1j * self._product(array.imag, apply))
        columns = np.array(array.T if array.ndim == 2 else array[np.newaxis], dtype=self.dtype, order="C")
        products = [apply(column) for column in columns]
        return np.stack(products, axis=1).reshape(array.shape) if products else np.zeros(array.shape, self.dtype)


def preconditioner(A: Any, kind: str) -> Preconditioner:
    """Make an operator close to the inverse of ``A``.

    Parameters
    ----------
    A : (n, n) array_like or sparse matrix
        "ssor" and "chebyshev" go on reading it: leave it as it is while the preconditioner is used.
    kind : {"jacobi", "ssor", "block-jacobi", "ic0", "chebyshev"}
        "jacobi": the diagonal. "ssor": one symmetric Gauss-Seidel sweep. "block-jacobi": diagonal blocks of 8 rows.
        "ic0": incomplete Cholesky on the pattern of ``A``; where it breaks down, of ``A + shift diag(A)`` with the
        smallest shift of 1e-3, 2e-3, 4e-3, ... that does not. "chebyshev": four Chebyshev steps on the upper part of
        the spectrum. The last two need symmetric ``A`` with a positive diagonal.

    Returns
    -------
    preconditioner : Preconditioner
        With ``shape``, ``dtype``, ``@``, ``matvec``, ``solve``, ``kind`` and ``shift``.

    Raises
    ------
    SingularMatrixError
        If a diagonal entry is zero, or a diagonal block singular; the message names the row.
    NotPositiveDefiniteError
        If "ic0" or "chebyshev" meets a diagonal entry that is not positive.
    ValueError
        For ``A`` that is not square, or not symmetric where it must be, NaN or infinity, or an invalid kind.
    TypeError
        For a dtype that cannot be computed in, or an operator, whose entries are not known.

    Notes
    -----
    O(entries), but for "ic0": entries times entries of a row. Reference: Saad, Iterative Methods for Sparse Linear
    Systems, 2nd ed., 10. Equivalent: ``scipy.sparse.linalg.spilu`` plays the same part.

    Examples
    --------
    >>> import hessolve as hs
    >>> P = hs.preconditioner([[4.0, 1.0], [1.0, 3.0]], "ic0")
    >>> (P @ [5.0, 4.0]).round(12)
    array([1., 1.])
    """
    _arrays.choice(kind, "kind", _KINDS)
    op = _operators.matrix_of(A, square=f"kind={kind!r}")
    _operators.check_entries(op, "A")
    made, outcome, shift, _, _ = _core.preconditioner(op, kind)
    _iteration.raise_for_splitting(outcome, op.shape, f"kind={kind!r}")
    assert made is not None  # or there was an outcome to raise for
    return Preconditioner(made, kind, shift)
