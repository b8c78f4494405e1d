# SPDX-License-Identifier: BSD-3-Clause
"""What `factor` returns: Factor."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _solution
from ._arrays import check_finite
from ._operands import as_columns, cast, check_triangular, normal
from ._reasons import SingularMatrixError
from ._solution import Context
from .determinant import SlogdetResult, number_of
from .linear import operation
from .updates import KEPT, ChangeContext, change, is_for

_PINV = "Use hs.pinv(A) for the pseudo-inverse."


class Factor:
    """The factors of one matrix ``A``, (m, n), from `factor`. Pickles; a copy is independent.

    What needs ``A^-1`` raises `SingularMatrixError` where a pivot is exactly zero, and warns with an
    `IllConditionedWarning` where ``rcond < eps``. Arrays are converted to the precision of the factors.

    Attributes
    ----------
    kind : str
        "diagonal", "tridiagonal", "banded", "triangular", "cholesky", "ldlt", "lu", "qr", "qr-pivoted", "svd", "eigh".
    shape : tuple of int
    dtype : numpy.dtype
    rank : int or None
        Decided by "qr-pivoted", "svd" and "eigh"; else min(m, n), or None where a pivot is exactly zero.
    rcond : float
        Reciprocal condition number: in the 1-norm after equilibration for square kinds, smallest over largest singular
        value that counts for "svd" and "eigh", an estimate from R for "qr" and "qr-pivoted".
    keeps_matrix : bool

    Examples
    --------
    >>> import hessolve as hs
    >>> print(hs.factor([[2.0, 1.0], [0.0, 4.0]]))
    Factor: A (2, 2) float64
      kind    triangular
      rank    2
      rcond   0.4
      matrix  not kept
    """

    __module__ = "hessolve"
    __slots__ = ("_factors",)

    def __init__(self, factors: _core.Factor) -> None:
        self._factors = factors

    @property
    def kind(self) -> str:
        return self._factors.kind

    @property
    def shape(self) -> tuple[int, int]:
        return self._factors.shape

    @property
    def dtype(self) -> np.dtype[Any]:
        return np.dtype(self._factors.dtype)

    @property
    def rank(self) -> int | None:
        rank = self._factors.rank
        return None if rank < 0 else rank

    @property
    def rcond(self) -> float:
        return self._factors.rcond

    @property
    def keeps_matrix(self) -> bool:
        return self._factors.keeps_matrix

    def __repr__(self) -> str:
        return f"<hessolve.Factor {self.kind} of A {self.shape} {self.dtype}, rcond {self.rcond:.2g}>"

    def __str__(self) -> str:
        rows = [
            ("kind", self.kind),
            ("rank", "undecided: a pivot is zero" if self.rank is None else str(self.rank)),
            ("rcond", f"{self.rcond:.2g}"),
            ("matrix", "kept" if self.keeps_matrix else "not kept"),
        ]
        return "\n".join([f"Factor: A {self.shape} {self.dtype}", *(f"  {name:<6}  {text}" for name, text in rows)])

    def __reduce__(self) -> tuple[Any, ...]:
        return _restored, (self._factors.state(),)

    def solve(self, b: ArrayLike, trans: str | int = "N") -> NDArray[Any]:
        """Solve ``A x = b``; for "qr", "qr-pivoted" and "svd" in the least squares sense.

        Parameters
        ----------
        b : (m,) or (m, k) array_like
            (n,) or (n, k) unless ``trans`` is "N". A complex ``b`` is solved in two halves where ``A`` is real.
        trans : {"N", "T", "C"} or {0, 1, 2}
            Solve with A, its transpose, or its conjugate transpose ("H" is "C").

        Returns
        -------
        x : (n,) or (n, k) ndarray
            (m,) or (m, k) unless ``trans`` is "N".

        Raises
        ------
        SingularMatrixError
            If a pivot is exactly zero, and the kind does not decide the rank.
        ValueError
            For shapes that do not fit, NaN or infinity.

        Warns
        -----
        IllConditionedWarning
            If ``rcond < eps``, or refinement leaves the backward error above n eps.
        """
        if type(b) is np.ndarray and trans == "N":
            short = self._factors.solve_vector(b)
            if short is not None:
                return short
        how = operation(trans)
        columns = as_columns(b, "b", self.dtype, self.shape[0 if how == "N" else 1], self.shape)
        X, report = self._factors.solve(columns.array, how)
        _solution.raise_for(report, self._context(b=columns.shape))
        return columns.restored(X)

    def inv(self) -> NDArray[Any]:
        """Return ``A^-1``, (n, n).

        Raises
        ------
        SingularMatrixError
            If ``A`` has no inverse.
        ValueError
            If ``A`` is not square.

        Warns
        -----
        IllConditionedWarning
            If ``rcond < eps``.
        """
        self._needs_inverse("the inverse", verdict=False)
        X, report = self._factors.inv()
        _solution.raise_for(report, self._context(advice=_PINV, answer="the inverse"))
        return self._finite(X, "the inverse")

    def det(self) -> Any:
        """Return the determinant, a number of the dtype of ``A``.

        Raises
        ------
        ValueError
            If ``A`` is not square.

        Warns
        -----
        RuntimeWarning
            If it overflows or underflows; `slogdet` does not.
        """
        self._needs_square("the determinant", "hs.svd(A) for the singular values")
        return number_of(self._factors.det(), self._factors.slogdet()[1], self.dtype, self.shape)

    def slogdet(self) -> SlogdetResult:
        """Return the sign of the determinant (its phase if complex) and the logarithm of its modulus.

        Returns
        -------
        sign : number
            Of the dtype of ``A``; 0 where ``A`` is singular.
        logabsdet : float
            -inf where ``A`` is singular.

        Raises
        ------
        ValueError
            If ``A`` is not square.
        """
        self._needs_square("the determinant", "hs.svd(A) for the singular values")
        sign, logabsdet = self._factors.slogdet()
        number, real = self.dtype.type, np.finfo(self.dtype).dtype.type
        return SlogdetResult(number(sign if self.dtype.kind == "c" else sign.real), real(logabsdet))

    def refactor(self, values: ArrayLike) -> "Factor":
        """Factor another matrix of the same shape by the same kind, into the same memory.

        Parameters
        ----------
        values : (m, n) array_like

        Returns
        -------
        f : Factor
            This one, with the new factors. After an error it has the old ones.

        Raises
        ------
        SingularMatrixError, NotPositiveDefiniteError
            If the new matrix cannot be factored.
        ValueError
            For another shape, NaN or infinity.
        TypeError
            For complex values where the factors are real.
        """
        matrix = _arrays.as_matrix(values, "values")
        if matrix.shape != self.shape:
            text = f"`values` {matrix.shape} does not fit the factors of `A` {self.shape}; hs.factor takes any shape."
            raise ValueError(text)
        check_finite(matrix, "values")
        if self.kind == "triangular":
            check_triangular(matrix, "values")
        if matrix.dtype != self.dtype:
            matrix = cast(matrix, "values", self.dtype, matrix.shape)
        report = self._factors.refactor(matrix)
        if not is_for(report, "ill_conditioned"):
            advice, retry = f"Use hs.pinv(A); {KEPT}.", f"hs.factor(A); {KEPT}"
            context = ChangeContext({"A": self.shape}, self.dtype, advice, retry=retry, changed="`values`")
            _solution.raise_for(report, context)
        return self

    def update(self, u: ArrayLike, v: ArrayLike | None = None) -> "Factor":
        """Factor ``A + u v^H`` from the factors of ``A``, in place.

        Parameters
        ----------
        u : (m,) or (m, k) array_like
            k columns: an update of rank k.
        v : (n,) or (n, k) array_like, optional
            ``u`` by default; "cholesky" takes nothing else.

        Returns
        -------
        f : Factor
            This one. After an error it has the factors it had.

        Raises
        ------
        SingularMatrixError
            If the result is singular.
        ValueError
            For shapes that do not fit, NaN or infinity, or another v than u where the kind is "cholesky".
        TypeError
            For complex values where the factors are real.

        Notes
        -----
        ``4 n^2`` flops a rank. "cholesky" and "ldlt" change their factors where ``v`` is ``u``; other square kinds keep
        the update beside them, and factor again where that would lose digits or has grown long. Rectangular ones always
        factor again. Reference: Gill, Golub, Murray & Saunders 1974, doi 10.1090/S0025-5718-1974-0343558-6; Bennett
        1965, doi 10.1007/BF01436076; Golub & Van Loan, Matrix Computations, 4th ed., 2.1.4, 6.5.
        """
        change(self._factors, u, v, downdate=False)
        return self

    def downdate(self, u: ArrayLike, v: ArrayLike | None = None) -> "Factor":
        """Factor ``A - u v^H`` from the factors of ``A``, in place; otherwise as `update`.

        Raises
        ------
        NotPositiveDefiniteError
            If the kind is "cholesky" and the result is not positive definite; the factors are then as they were.
        """
        change(self._factors, u, v, downdate=True)
        return self

    def inverse_quadratic(self, w: ArrayLike) -> Any:
        """Return ``w^H A^-1 w`` without ``A^-1``: a number for (n,), (k,) for the k columns of (n, k).

        Raises
        ------
        SingularMatrixError
            If ``A`` has no inverse.
        ValueError
            If ``A`` is not square, or for shapes that do not fit, NaN or infinity.

        Warns
        -----
        IllConditionedWarning
            If ``rcond < eps``.
        """
        self._needs_inverse("inverse_quadratic(w)")
        columns = as_columns(w, "w", self.dtype, self.shape[0], self.shape)
        if columns.split and not self._factors.hermitian:
            rows = np.asarray(w, dtype=np.result_type(self.dtype, np.complex64))
            return (rows.conj() * self.solve(w)).sum(axis=0)
        values = self._finite(self._factors.inverse_quadratic(columns.array), "w^H A^-1 w")
        values = values.real if self._factors.hermitian else values
        if columns.split:  # w^H A^-1 w = x^T A^-1 x + y^T A^-1 y for w = x + i y
            values = values[: len(values) // 2] + values[len(values) // 2 :]
        return values[0] if columns.vector else values

    def inverse_diagonal(self) -> NDArray[Any]:
        """Return the diagonal of ``A^-1``, (n,), without ``A^-1``. Errors and warnings as in `inverse_quadratic`."""
        self._needs_inverse("inverse_diagonal()")
        return self._finite(self._factors.inverse_diagonal(), "the diagonal of the inverse")

    def whiten(self, b: ArrayLike) -> NDArray[Any]:
        """Return ``L^-1 b`` for ``A = L L^H``: white noise where b is noise of covariance A.

        Parameters
        ----------
        b : (n,) or (n, k) array_like

        Raises
        ------
        ValueError
            If the kind is not "cholesky", or for shapes that do not fit, NaN or infinity.
        """
        self._needs_cholesky("whiten(b)")
        columns = as_columns(b, "b", self.dtype, self.shape[0], self.shape)
        return columns.restored(self._finite(self._factors.whiten(columns.array), "L^-1 b"))

    def sample(self, rng: Any = None, size: int | None = None) -> NDArray[Any]:
        """Draw from the normal distribution with mean 0 and covariance ``A``: ``L z`` for ``A = L L^H``.

        Parameters
        ----------
        rng : numpy.random.Generator or seed, optional
            The same seed gives the same bits.
        size : int >= 0, optional
            Number of draws.

        Returns
        -------
        x : (size, n) ndarray
            (n,) for None. Complex draws are circular: real and imaginary part of ``z`` have variance 1/2 each.

        Raises
        ------
        ValueError
            If the kind is not "cholesky", or ``size`` is negative.
        TypeError
            If ``size`` is no integer.
        """
        self._needs_cholesky("sample(rng, size)")
        if size is not None and (isinstance(size, (bool, np.bool_)) or not isinstance(size, (int, np.integer))):
            raise TypeError(f"size={_arrays.shown(size)} is not valid; it is an integer >= 0, or None.")
        if size is not None and size < 0:
            raise ValueError(f"size={size} is not valid; it is an integer >= 0, or None.")
        count = 1 if size is None else int(size)
        z = normal(np.random.default_rng(rng), (count, self.shape[0]), self.dtype)
        x = np.ascontiguousarray(self._factors.color(z.T).T)
        return x[0] if size is None else x

    def _context(self, *, b: tuple[int, ...] = (), advice: str = "", answer: str = "x") -> Context:
        advice = advice or "Use hs.backslash(A, b) for the minimum-norm answer."
        return Context({"A": self.shape, "b": b}, self.dtype, advice, answer=answer)

    def _finite(self, X: NDArray[Any], answer: str) -> NDArray[Any]:
        if not np.isfinite(X).all():
            text = f"{answer} for `A` {self.shape} has a NaN or infinity, by overflow; scale the data."
            _solution.warn(text, RuntimeWarning)
        return X

    def _needs_square(self, what: str, instead: str) -> None:
        if self.shape[0] != self.shape[1]:
            raise ValueError(f"`A` {self.shape} is not square, as {what} needs it; use {instead}.")

    def _needs_inverse(self, what: str, *, verdict: bool = True) -> None:
        """Raise unless A is square and of full rank; warn where ``rcond < eps``."""
        self._needs_square(what, "hs.pinv(A)")
        if verdict:
            report = self._factors.solve(np.empty((self.shape[0], 0), dtype=self.dtype), "N")[1]
            _solution.raise_for(report, self._context(advice=_PINV, answer=what))
        if self.rank is not None and self.rank < self.shape[0]:
            raise SingularMatrixError(f"`A` {self.shape} is singular: its rank is {self.rank}. {_PINV}")

    def _needs_cholesky(self, what: str) -> None:
        if self.kind != "cholesky":
            text = f"the factors of `A` {self.shape} are of kind {self.kind!r}, and {what} needs A = L L^H"
            raise ValueError(f"{text}; use hs.factor(A, kind='cholesky').")


def _restored(state: tuple[Any, ...]) -> Factor:
    return Factor(_core.factor_from_state(state))
