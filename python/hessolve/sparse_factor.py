# SPDX-License-Identifier: BSD-3-Clause
"""Direct methods for sparse matrices: factors, and what solve, backslash and explain do with sparse ``A``."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _iteration, _operators, _solution, _sparse
from ._outcome import IterationContext, Outcome, raise_for
from ._reasons import Reason, SingularMatrixError
from ._solution import Context, Plan, Solution

KINDS = ("auto", "cholesky", "ldlt", "lu", "qr")
_DENSE_ENTRIES = 4_000_000  # up to so many a matrix without full rank is decomposed as a dense one
_WORTH_ITERATING = 10_000  # rows from which cg is tried where a tolerance is given
_STEPS = 8_000.0  # multiply-adds of a factor that cost what cg does for an entry of A and a column of b: some 100 steps
_ASSUMED = {"positive definite": "cholesky", "general": "lu"}


class SparseFactor:
    """A factored sparse matrix, kept for many right-hand sides; made by `hessolve.factor`.

    Attributes
    ----------
    kind : str
        "cholesky", "ldlt", "lu" or "qr": what "auto" has become.
    shape : tuple of int
    dtype : numpy.dtype
    rank : int
        Of "qr"; full for the others.
    rcond : float
        Reciprocal condition number in the 1-norm, rows and columns scaled to 1; of "qr" that of its triangle, 0 where
        rank was lost. An estimate.
    """

    def __init__(self, A: Any, kind: str) -> None:
        _arrays.choice(kind, "kind", KINDS)
        self._part = _sparse.compressed(A)
        self._sorted = len(self._part.data) == A.nnz and getattr(A, "format", "") in ("csr", "csc")
        self._data = self._part.data.copy()  # refinement reads A, and A may change
        self._factor = _factored(self._part._replace(data=self._data), kind, check=True)

    kind = property(lambda self: str(self._factor.kind))
    shape = property(lambda self: self._part.shape)
    dtype = property(lambda self: self._data.dtype)
    rank = property(lambda self: int(self._factor.rank))

    @property
    def rcond(self) -> float:
        return float(self._factor.rcond)

    def __repr__(self) -> str:
        return f"SparseFactor({self.kind!r}, shape={self.shape}, dtype={self.dtype})"

    def solve(self, b: ArrayLike, trans: str = "N") -> NDArray[Any]:
        """Solve ``A x = b``, or with "T" or "H" the transposed system, refined to a backward error of n eps.

        With "qr": least squares for tall ``A`` and minimum norm for wide, of full rank.

        Raises
        ------
        SingularMatrixError, NotPositiveDefiniteError
            If the factorisation has failed, after `refactor`.
        ValueError
            For shapes that do not fit, NaN or infinity, an invalid ``trans``.
        """
        if trans not in ("N", "T", "C", "H"):
            raise ValueError(f"trans={_arrays.shown(trans)} is not valid; valid: 'N', 'T', 'C', 'H'.")
        if trans != "N" and self.kind == "qr":
            raise ValueError(f"trans={trans!r} is not valid for kind='qr', which solves with A alone; use kind='lu'.")
        x, report, context = _solved(self._factor, self._part.shape, b, self.dtype, "C" if trans == "H" else trans)
        _solution.raise_for(report, context)
        return x

    def refactor(self, values: Any) -> "SparseFactor":
        """Factor a matrix with the same pattern and other values, without looking for an ordering again.

        Parameters
        ----------
        values : (nnz,) array_like, or a sparse matrix of the same format and pattern
            In the order of the ``data`` of the matrix given first.

        Returns
        -------
        factor : SparseFactor
            This one.

        Raises
        ------
        SingularMatrixError, NotPositiveDefiniteError
            If the new matrix cannot be factored; this factor is then of no use until it is refactored.
        ValueError
            If there are too few or too many values, or NaN or infinity among them; the factor is as it was.
        """
        if _sparse.is_sparse(values):
            other = _sparse.compressed(values)
            same = other.shape == self.shape and other.by_rows == self._part.by_rows
            if not same or not all(map(np.array_equal, other[2:4], self._part[2:4])):
                raise ValueError(f"`values` {other.shape} has another format or pattern; use hs.factor(values).")
            values = other.data
        elif not self._sorted:
            raise ValueError("`values` need the order of CSR or CSC data without repetitions; pass the whole matrix.")
        new = _arrays.as_array(values, "values")
        if new.shape != self._data.shape:
            raise ValueError(f"`values` {new.shape} do not fit the pattern; {self._data.shape} are needed.")
        if not np.can_cast(new.dtype, self.dtype, "same_kind"):
            raise ValueError(f"`values` are {new.dtype} and the factor {self.dtype}; use hs.factor on the new matrix.")
        if not np.isfinite(new).all():
            at = int(np.argmin(np.isfinite(new)))
            raise ValueError(f"`values` {new.shape} has a NaN or infinity at position {at}; clean the data first.")
        self._data[...] = new
        _check_outcome(self._factor.refactor(), self.shape, self.dtype)
        return self

    def slogdet(self) -> tuple[Any, float]:
        """Return ``det A / |det A|`` and ``log |det A|`` of a square matrix, as ``numpy.linalg.slogdet``."""
        if self.shape[0] != self.shape[1]:
            raise ValueError(f"`A` {self.shape} is not square, and has no determinant.")
        sign, logarithm = self._factor.log_determinant()
        return self.dtype.type(sign), float(logarithm)

    def det(self) -> Any:
        """Return the determinant of a square matrix; infinity where it is too large to be represented."""
        sign, logarithm = self.slogdet()
        with np.errstate(over="ignore"):
            return self.dtype.type(sign * np.exp(logarithm))

    def inv(self) -> None:
        """Refuse: the inverse of a sparse matrix is dense."""
        raise ValueError("the inverse of a sparse matrix is dense; use solve(b) instead, or hs.inv(A.toarray()).")


def factor_sparse(A: Any, kind: str = "auto", keep_matrix: bool = False) -> SparseFactor:
    """Factor a sparse matrix; the factor keeps the matrix in any case, since it refines with it.

    Parameters
    ----------
    A : (m, n) sparse matrix
    kind : {"auto", "cholesky", "ldlt", "lu", "qr"}
        "auto": Cholesky for symmetric ``A`` with a positive diagonal, LU where that fails and for other square ``A``,
        QR for rectangular. "ldlt" has no pivoting and is for definite matrices.
    keep_matrix : bool
        Accepted for the sake of `hessolve.factor`.
    """
    _arrays.flag(keep_matrix, "keep_matrix")
    return SparseFactor(A, kind)


def solve_sparse(
    A: Any,
    b: ArrayLike,
    *,
    assume: str,
    method: str,
    on_singular: str,
    trans: str,
    check_finite: bool,
    full_output: bool,
) -> NDArray[Any] | Solution:
    """Answer `hessolve.solve` for sparse ``A``; keywords as there, checked."""
    kind = _kind(method if method != "auto" else _ASSUMED.get(assume, "auto"))
    part, right, dtype = _prepared(A, b)
    m, n = part.shape
    if m != n:
        raise ValueError(f"`A` {part.shape} is not square, as hs.solve needs it; use hs.backslash(A, b).")
    factor = _factored(part, kind, check=False, finite=check_finite)
    x, report, context = _solved(factor, part.shape, right, dtype, trans, finite=check_finite)
    context.on_singular, context.as_solution = on_singular, full_output
    if on_singular == "min-norm" and _reason(report) in (Reason.singular, Reason.ill_conditioned):
        solution = _of_minimum_norm(A if trans == "N" else A.T if trans == "T" else A.conj().T, right)
        return solution if full_output else solution.x
    _solution.raise_for(report, context)
    return _solution.solution_of(x, report) if full_output else x


def backslash_sparse(A: Any, b: ArrayLike, *, method: str, rtol: float | None) -> Solution:
    """Answer `hessolve.backslash` for sparse ``A``; keywords as there, checked."""
    kind = _kind(method)
    part, right, dtype = _prepared(A, b)
    m, n = part.shape
    if kind in ("cholesky", "ldlt", "lu") and m != n:
        raise ValueError(f"method={method!r} is not valid for `A` {part.shape}, not square; valid: 'auto', 'qr'.")
    factor = None
    if rtol is not None and kind == "auto" and m == n and n >= _WORTH_ITERATING:
        columns = 1 if right.ndim == 1 else right.shape[1]
        factor = _factor_below(part, kind, _STEPS * len(part.data) * columns)
        solution = _iterated(A, right, rtol) if factor is None else None
        if solution is not None:
            return solution
    if factor is None:
        factor = _factored(part, kind, check=False)
    if kind in ("auto", "qr") and factor.rank < min(m, n):
        return _of_minimum_norm(A, right)
    x, report, context = _solved(factor, part.shape, right, dtype, "N")
    context.on_singular, context.as_solution = "warn", True
    if kind in ("auto", "qr") and _reason(report) in (Reason.singular, Reason.ill_conditioned):
        return _of_minimum_norm(A, right)
    _solution.raise_for(report, context)
    return _solution.solution_of(x, report)


def explain_sparse(A: Any, b: Any) -> Plan:
    """Answer `hessolve.explain` for sparse ``A``."""
    part = _sparse.compressed(A)
    m, n = part.shape
    op = _core.sparse_operator(*part.shape, part.indptr, part.indices, part.data, part.by_rows)
    _operators.check_entries(op, "A")
    columns = 1 if b is None else _operators.vectors(b, "b", m, "rows", part.data.dtype).reshape(m, -1).shape[1]
    structure = op.structure() if m == n else "general"
    if m != n:
        methods: tuple[str, ...] = ("qr",)
        why = "QR for least squares" if m > n else "QR of the adjoint for the minimum norm"
    elif structure == "positive definite candidate":
        methods, why = ("cholesky", "lu"), "Hermitian with a positive diagonal, so Cholesky is tried first"
    elif structure in ("hermitian", "symmetric"):
        methods, why = ("lu",), "indefinite, and LDL^T does not pivot, so LU"
    else:
        methods, why = ("lu",), "LU with threshold pivoting"
    lines = np.repeat(np.arange(len(part.indptr) - 1), np.diff(part.indptr))
    below = (lines - part.indices[: len(lines)]) * (1 if part.by_rows else -1)
    return Plan(
        structure=structure,
        regime=1 if m == n else 2 if m > n else 3,
        method=methods[0],
        methods=methods,
        flops=2.0 * len(part.data) * columns,
        reason=f"sparse, {len(part.data)} stored entries (the cost is that of one pass; fill comes on top); {why}",
        lower_bandwidth=int(max(below.max(initial=0), 0)),
        upper_bandwidth=int(max((-below).max(initial=0), 0)),
    )


def _kind(method: str) -> str:
    if method not in KINDS:
        valid = ", ".join(map(repr, KINDS))
        raise ValueError(f"method={method!r} is not valid for sparse `A`; valid: {valid}; or pass A.toarray().")
    return method


def _prepared(A: Any, b: ArrayLike) -> tuple[_sparse.Compressed, NDArray[Any], np.dtype[Any]]:
    """Return A and b in one dtype."""
    right = _arrays.as_array(b, "b")
    part = _sparse.compressed(A, right.dtype)
    if right.ndim not in (1, 2) or len(right) != part.shape[0]:
        rows = f"`b` needs {part.shape[0]} rows and one or two dimensions"
        raise ValueError(f"`A` {part.shape} and `b` {right.shape} do not fit: {rows}.")
    return part, right.astype(part.data.dtype, copy=False), part.data.dtype


def _factored(part: _sparse.Compressed, kind: str, *, check: bool, finite: bool = True) -> _core.SparseFactor:
    """Factor; with ``check`` a failure is an error."""
    factor = _factor_below(part, kind, np.inf, finite=finite)
    assert factor is not None  # nothing costs more than that
    if check:
        _check_outcome(factor.outcome, part.shape, part.data.dtype)
    return factor


def _factor_below(
    part: _sparse.Compressed, kind: str, most: float, *, finite: bool = True
) -> _core.SparseFactor | None:
    """Factor, unless that is by Cholesky and costs more than ``most``."""
    if finite and not np.isfinite(part.data).all():
        op = _core.sparse_operator(*part.shape, part.indptr, part.indices, part.data, part.by_rows)
        _operators.check_entries(op, "A")
    if kind in ("cholesky", "ldlt", "lu") and part.shape[0] != part.shape[1]:
        raise ValueError(f"`A` {part.shape} is not square, as kind={kind!r} needs it; use kind='qr'.")
    return _core.factor_sparse(*part.shape, part.indptr, part.indices, part.data, part.by_rows, kind, most)


def _check_outcome(outcome: tuple[int, int], shape: tuple[int, int], dtype: np.dtype[Any]) -> None:
    advice = "Use hs.backslash(A, b) for the minimum-norm answer."
    raise_for(Outcome(outcome), Context({"A": shape}, dtype, advice, retry="kind='lu'", reordered=True))


def _solved(
    factor: _core.SparseFactor, shape: tuple[int, int], b: Any, dtype: np.dtype[Any], trans: str, *, finite: bool = True
) -> tuple[NDArray[Any], _core.Report, Context]:
    right = _arrays.as_array(b, "b")
    rows = shape[0] if trans == "N" else shape[1]
    if right.ndim not in (1, 2) or len(right) != rows:
        raise ValueError(f"`A` {shape} and `b` {right.shape} do not fit: `b` needs {rows} rows, not {right.shape[:1]}.")
    if finite:
        right = _operators.vectors(right, "b", rows, "rows", right.dtype)
    columns = right[:, np.newaxis] if right.ndim == 1 else right
    advice = "Use hs.backslash(A, b) for the minimum-norm answer."
    shapes = {"A": shape, "b": right.shape}
    context = Context(shapes, dtype, advice, keyword=True, retry="method='lu'", reordered=True)
    if right.dtype.kind == "c" and dtype.kind != "c":  # a real factor, a complex right-hand side
        both = np.concatenate([columns.real, columns.imag], axis=1).astype(dtype)
        x, report = factor.solve(both, trans)
        x = x[:, : columns.shape[1]] + 1j * x[:, columns.shape[1] :]
    else:
        x, report = factor.solve(columns.astype(dtype, copy=False), trans)
    return (x[:, 0] if right.ndim == 1 else x), report, context


def _reason(report: _core.Report) -> Reason:
    return _iteration.reason_of(int(report.reason))


def _of_minimum_norm(A: Any, b: NDArray[Any]) -> Solution:
    """Return the minimum-norm least squares answer of a matrix that has lost rank; warn where it is not done."""
    from .iterative import iterate
    from .linear import backslash

    if A.shape[0] * A.shape[1] <= _DENSE_ENTRIES:
        return backslash(A.toarray(), b)
    dtype = np.dtype(np.result_type(A.dtype, b.dtype))
    rtol = 100 * float(np.finfo(dtype).eps)
    solution = iterate(A, b, method="lsmr", rtol=rtol, full_output=True)
    more = "go on with hs.iterate(A, b, method='lsmr', x0=x)."
    context = IterationContext(
        {"A": A.shape, "b": b.shape},
        dtype,
        f"`A` has lost rank, and x is not yet its minimum-norm answer; {more}",
        solution=solution,
        method="lsmr",
        target=rtol * float(np.linalg.norm(b, axis=0).max(initial=0.0)),
        fatal=False,
    )
    raise_for(Outcome((_core.REASONS.index(solution.reason), -1)), context)
    return solution


def _iterated(A: Any, b: NDArray[Any], rtol: float) -> Solution | None:
    """Return the answer of preconditioned conjugate gradients where they are made for A and converge, else None."""
    from .iterative import iterate
    from .preconditioning import preconditioner

    op = _operators.matrix_of(A, square="hs.backslash with rtol")
    if op.structure() != "positive definite candidate":
        return None
    diagonal = A.diagonal().real
    try:  # blocks pay where the diagonal varies, else plain steps do
        M = preconditioner(A, "block-jacobi") if diagonal.max() > 4 * diagonal.min() else None
    except SingularMatrixError:
        return None  # not positive definite
    solution = iterate(A, b, method="cg", M=M, rtol=rtol, maxiter=3000, full_output=True)
    return solution if solution.converged else None
