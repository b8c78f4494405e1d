# SPDX-License-Identifier: BSD-3-Clause
"""Least squares over rows that come in pieces, and go again: RegressionState."""

from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _design, _operands, _solution
from ._design import Design
from ._reasons import NotPositiveDefiniteError, Reason, SingularMatrixError

_LEFT = "the state is left as it was"


class StateFit(NamedTuple):
    """What `RegressionState.solve` finds."""

    coef: NDArray[Any]  # (n,), or (n, t) for t > 1 targets
    squares: Any  # ||y - X w||^2 over all rows seen, weighted: a float, or (t,)
    rank: int


class RegressionState:
    """All that least squares needs to know of the rows seen so far: the triangle R of ``[X y] = Q R``.

    ``(n + t)^2`` numbers, however many rows. ``X^T X`` is never formed, so that nothing is lost of the digits that a
    QR of all rows together would give.

    Parameters
    ----------
    n_features : int >= 1
        Columns n of ``X``. For an intercept let one of them be ones.
    n_targets : int >= 1
        Columns t of ``y``. With 1, coefficients are (n,), and ``y`` may be (m,) or (m, 1).
    dtype : "float64" or "float32"
        Of the state; data are cast to it.

    Raises
    ------
    ValueError
        If a number is below 1, or the dtype another.
    TypeError
        If a number is no integer.

    Examples
    --------
    >>> import hessolve as hs
    >>> s = hs.RegressionState(2)
    >>> s.update([[1.0, 0.0], [1.0, 1.0]], [1.0, 3.0])
    >>> s.update([[1.0, 2.0]], [5.0])
    >>> s.solve().round(12)
    array([1., 2.])
    """

    def __init__(self, n_features: int, n_targets: int = 1, *, dtype: str = "float64") -> None:
        n, t = _operands.integer(n_features, "n_features", 1), _operands.integer(n_targets, "n_targets", 1)
        try:
            name = np.dtype(dtype).name
        except TypeError:
            name = ""
        if name not in ("float64", "float32"):
            raise ValueError(f"dtype={_arrays.shown(dtype)} is not valid; valid: 'float64', 'float32'.")
        self._state = _core.RegressionState(n, t, name)

    @property
    def n_features(self) -> int:
        """Columns of X."""
        return self._state.n

    @property
    def n_targets(self) -> int:
        """Columns of y."""
        return self._state.t

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the state and of what it returns."""
        return np.dtype(self._state.dtype)

    @property
    def count(self) -> float:
        """Rows seen less rows taken out, or the sum of their weights."""
        return self._state.count

    def update(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Add rows.

        Parameters
        ----------
        X : (m, n) array_like, or (n,) for one row
            Any memory order; memory-mapped arrays are read where they are.
        y : (m,) or (m, t) array_like, or a number or (t,) for one row
        sample_weight : (m,) array_like, >= 0, optional

        Raises
        ------
        ValueError
            For shapes that do not fit, weights that are negative or all zero, NaN or infinity; the state is left as it
            was.
        TypeError
            For complex data, or a dtype that cannot be worked in.

        Notes
        -----
        ``2 m (n + t)^2`` flops.
        """
        design = self._rows(X, y, sample_weight)
        if design is not None:
            self._judge(self._state.update(design.X, design.Y, design.weights), design)

    def downdate(self, X: ArrayLike, y: ArrayLike, sample_weight: ArrayLike | None = None) -> None:
        """Take rows out that were added before; arguments as for `update`.

        Raises
        ------
        NotPositiveDefiniteError
            If these rows were not in it, or so much of it depends on them that no digits are left; the state is left
            as it was.

        Notes
        -----
        Each row by hyperbolic rotations. Where much goes, digits go with it: begin anew with what stays.
        """
        design = self._rows(X, y, sample_weight)
        if design is None:
            return
        report = self._state.downdate(design.X, design.Y, design.weights)
        if _core.REASONS[int(report.reason)] == Reason.not_positive_definite:
            row = f", row {int(report.where)}," if int(report.where) >= 0 else ""
            text = f"`X` {design.shapes['X']}{row} cannot be taken out: it was never in, or no digits would be left"
            raise NotPositiveDefiniteError(
                f"{text}. {_LEFT.capitalize()}; use a new state and update it with what stays."
            )
        self._judge(report, design)

    def merge(self, other: "RegressionState") -> None:
        """Add the rows of another state of the same numbers of columns and dtype; the other one does not change.

        Raises
        ------
        ValueError
            If features, targets or dtype differ.
        TypeError
            If ``other`` is no RegressionState.
        """
        if not isinstance(other, RegressionState):
            raise TypeError(f"`other` is of type {type(other).__name__}; a RegressionState is needed.")
        if self._kind != other._kind:
            raise ValueError(f"`other` has {other._kind}, and this state {self._kind}; only equal ones merge.")
        self._state.merge(other._state)

    # fmt: off
    @overload
    def solve(
        self, alpha: Any = 0.0, *, penalty: ArrayLike | None = None, full_output: Literal[False] = False
    ) -> NDArray[Any]: ...
    @overload
    def solve(
        self, alpha: Any = 0.0, *, penalty: ArrayLike | None = None, full_output: Literal[True]
    ) -> StateFit: ...
    def solve(
        self, alpha: Any = 0.0, *, penalty: ArrayLike | None = None, full_output: bool = False
    ) -> NDArray[Any] | StateFit:
        # fmt: on
        """Minimise ``||y - X w||^2 + alpha ||w||^2`` over all rows seen.

        Parameters
        ----------
        alpha : float or (t,) array_like, >= 0
            0: least squares, of least norm where many w minimise.
        penalty : (n,) or (p, n) array_like, optional
            ``alpha ||L w||^2`` instead of the second term.
        full_output : bool
            Return ``squares``, which are ``||y - X w||^2``, and the rank as well, as a named tuple.

        Returns
        -------
        coef : (n,) or (n, t) ndarray
            Zeros before any row was seen.

        Raises
        ------
        ValueError
            If ``alpha`` is negative, or shapes do not fit.

        Warns
        -----
        IllConditionedWarning
            If few digits of the coefficients can be trusted.

        Notes
        -----
        ``O(n^3)`` flops, however many rows.
        """
        full_output = _arrays.flag(full_output, "full_output")
        n, t = self.n_features, self.n_targets
        alphas = _design.alpha_for(alpha, t)
        L = _design.as_penalty(penalty, n, self.dtype, "RegressionState.solve")
        L = np.diag(L) if L is not None and L.ndim == 1 else L
        coef, squares, rank, report = self._state.solve(np.broadcast_to(alphas, t).copy(), L)
        context = _design.FitContext(
            {"X": (n, n)}, self.dtype, "Use a larger alpha.", "coef", "warn", blamed=f"R ({n}, {n})"
        )
        _solution.raise_for(report, context)
        single = t == 1
        coef = coef[:, 0] if single else coef
        return StateFit(coef, float(squares[0]) if single else squares, int(rank)) if full_output else coef

    def standard_errors(self) -> NDArray[Any]:
        """Return the standard errors of the coefficients of ``solve()``, (n,), or (n, t) for t > 1 targets.

        Raises
        ------
        ValueError
            If no more rows than features were seen.
        SingularMatrixError
            If the rank is less than n: the coefficients are not determined.

        Notes
        -----
        ``sqrt(diag((X^T X)^-1) ||y - X w||^2 / (count - n))``, from R. Reference: Golub & Van Loan, Matrix
        Computations, 4th ed., 5.3.
        """
        n, text = self.n_features, "the standard errors are not determined"
        if not self.count > n:
            raise ValueError(f"count={self.count:g} is not above n_features={n}; {text}. Update with more rows.")
        errors = self._state.standard_errors()
        if np.isnan(errors).any():
            rank = self.solve(full_output=True).rank
            raise SingularMatrixError(f"The rows seen have rank {rank} of {n}; {text}. Leave out dependent columns.")
        return errors[:, 0] if self.n_targets == 1 else errors

    def __reduce__(self) -> tuple[Any, tuple[Any, ...]]:
        return _restored, (self._state.state(),)

    def __repr__(self) -> str:
        return f"RegressionState({self._kind}, count {self.count:g})"

    @property
    def _kind(self) -> str:
        return f"{self.n_features} features, {self.n_targets} targets, {self.dtype}"

    def _rows(self, X: Any, y: Any, sample_weight: Any) -> Design | None:
        """Return rows in the dtype of the state; None for no rows."""
        matrix, target = _arrays.as_array(X, "X"), _arrays.as_array(y, "y")
        if matrix.ndim == 1:
            matrix = matrix[np.newaxis]
            target = target.reshape(1, -1) if target.ndim <= 1 else target
        if matrix.ndim != 2 or matrix.shape[1] != self.n_features:
            raise ValueError(f"`X` {matrix.shape} does not fit; (m, {self.n_features}) is needed.")
        columns = target[:, np.newaxis] if target.ndim == 1 else target
        if columns.ndim != 2 or columns.shape != (len(matrix), self.n_targets):
            one = f"({len(matrix)},) or " if self.n_targets == 1 else ""
            needed = f"{one}({len(matrix)}, {self.n_targets}) is needed"
            raise ValueError(f"`X` {matrix.shape} and `y` {target.shape} do not fit: {needed}.")
        if not len(matrix):
            return None
        for name, array in (("X", matrix), ("y", columns)):
            _design.refuse_complex(array, name, "hs.RegressionState")
        shapes = {"X": matrix.shape, "y": target.shape}
        weights = None if sample_weight is None else self._cast(
            _design.as_weights(sample_weight, matrix.shape, "X"), "sample_weight"
        )  # fmt: skip
        return Design(self._cast(matrix, "X"), self._cast(columns, "y"), target.ndim == 1, weights, shapes)

    def _cast(self, array: NDArray[Any], name: str) -> NDArray[Any]:
        if array.dtype == self.dtype:
            return array
        with np.errstate(over="ignore"):
            cast = array.astype(self.dtype)
        if not np.isfinite(cast).all() and np.isfinite(array).all():
            raise ValueError(f"`{name}` {array.shape} overflows in {self.dtype}, the dtype of the state; use float64.")
        return cast

    def _judge(self, report: _core.Report, design: Design) -> None:
        _solution.raise_for(report, _design.context(design))


def _restored(state: tuple[Any, ...]) -> RegressionState:
    restored = RegressionState.__new__(RegressionState)
    restored._state = _core.regression_state_from(state)
    return restored
