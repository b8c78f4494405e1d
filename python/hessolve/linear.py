# SPDX-License-Identifier: BSD-3-Clause
"""Linear systems: solve, backslash, explain."""

from typing import TYPE_CHECKING, Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _solution, _sparse
from ._solution import Context, Plan, Solution

METHODS = ("auto", "lu", "cholesky", "ldlt", "qr", "qr-pivoted", "svd")
_SQUARE_METHODS = ("lu", "cholesky", "ldlt")
_ASSUME = {  # SciPy's names, long and short -> long
    "general": "general",
    "gen": "general",
    "diagonal": "diagonal",
    "tridiagonal": "tridiagonal",
    "banded": "banded",
    "upper triangular": "upper triangular",
    "lower triangular": "lower triangular",
    "symmetric": "symmetric",
    "sym": "symmetric",
    "hermitian": "hermitian",
    "her": "hermitian",
    "positive definite": "positive definite",
    "pos": "positive definite",
}
_ASSUMED_BY = {"cholesky": ("hermitian", "positive definite"), "ldlt": ("symmetric", "hermitian", "positive definite")}
PRECISIONS = ("working", "mixed", "extended")
_TRANS = {"N": "N", "T": "T", "C": "C", "H": "C", 0: "N", 1: "T", 2: "C"}
_WHY = {
    "zero": "every entry is zero",
    "diagonal": "only the diagonal is not zero",
    "tridiagonal": "only three diagonals are not zero",
    "banded": "few diagonals are not zero",
    "upper triangular": "nothing below the diagonal",
    "lower triangular": "nothing above the diagonal",
    "permuted triangular": "triangular after its rows and columns are reordered",
    "symmetric": "A equals its transpose",
    "hermitian": "A equals its conjugate transpose",
    "positive definite candidate": "Hermitian with a positive diagonal, so Cholesky is tried first",
    "general": "nothing to exploit",
}


# fmt: off
@overload
def solve(
    A: ArrayLike, b: ArrayLike, *, assume_a: str | None = None, method: str = "auto", on_singular: str = "raise",
    precision: str = "working", trans: str | int = "N", overwrite_a: bool = False, overwrite_b: bool = False,
    check_finite: bool = True, full_output: Literal[False] = False,
) -> NDArray[Any]: ...
@overload
def solve(
    A: ArrayLike, b: ArrayLike, *, assume_a: str | None = None, method: str = "auto", on_singular: str = "raise",
    precision: str = "working", trans: str | int = "N", overwrite_a: bool = False, overwrite_b: bool = False,
    check_finite: bool = True, full_output: Literal[True],
) -> Solution: ...
@overload
def solve(
    A: ArrayLike, b: ArrayLike, *, assume_a: str | None = None, method: str = "auto", on_singular: str = "raise",
    precision: str = "working", trans: str | int = "N", overwrite_a: bool = False, overwrite_b: bool = False,
    check_finite: bool = True, full_output: bool,
) -> NDArray[Any] | Solution: ...
def solve(
    A: ArrayLike, b: ArrayLike, *, assume_a: str | None = None, method: str = "auto", on_singular: str = "raise",
    precision: str = "working", trans: str | int = "N", overwrite_a: bool = False, overwrite_b: bool = False,
    check_finite: bool = True, full_output: bool = False,
) -> NDArray[Any] | Solution:
    # fmt: on
    """Solve ``A x = b`` for square ``A``, using whatever structure ``A`` has, and check the answer.

    Parameters
    ----------
    A : (..., n, n) array_like or sparse matrix
        float32, float64, complex64 or complex128; bool and integers become float64, float16 float32. Any memory order.
    b : (n,) or (..., n, k) array_like
        One vector if 1-D, else a matrix or a stack of matrices; leading axes broadcast with those of ``A``.
    assume_a : str, optional
        What ``A`` is, instead of finding out: "general", "diagonal", "tridiagonal", "banded", "upper triangular",
        "lower triangular", "symmetric", "hermitian", "positive definite", or "gen", "sym", "her", "pos". Only the lower
        triangle of a symmetric, Hermitian or positive definite ``A`` is then read.
    method : {"auto", "lu", "cholesky", "ldlt", "qr", "qr-pivoted", "svd"}
        "auto" chooses by structure; see `explain`. For sparse ``A``: "auto", "cholesky", "ldlt" (definite ``A``),
        "lu", "qr".
    on_singular : {"raise", "warn", "min-norm"}
        "raise": an exactly zero pivot is an error, ``rcond < eps`` a warning. "warn": both are warnings, and x is NaN
        for a zero pivot. "min-norm": both give the minimum-norm least squares answer.
    precision : {"working", "mixed", "extended"}
        "working": everything in the dtype. "mixed": factors in single precision, refined to the backward error of
        the dtype, and factored again in the dtype where that fails. "extended": residuals in twice the precision, so
        that x is right to nearly all digits unless ``cond(A) eps`` exceeds 1. The last two need ``A`` as it was.
    trans : {"N", "T", "C"} or {0, 1, 2}
        Solve with A, its transpose, or its conjugate transpose ("H" is "C").
    overwrite_a, overwrite_b : bool
        Let ``A`` hold the factors, ``b`` the answer. The array must be a writeable ndarray of the dtype of the answer.
    check_finite : bool
        Refuse NaN and infinity.
    full_output : bool
        Return a `Solution`, with certificates.

    Returns
    -------
    x : (n,) or (..., n, k) ndarray
        Or a `Solution` if ``full_output``.

    Raises
    ------
    SingularMatrixError
        If a pivot is exactly zero; with ``overwrite_a`` also if ``rcond < eps``.
    NotPositiveDefiniteError
        If ``A`` was said to be positive definite and is not.
    ValueError
        For shapes that do not fit, NaN or infinity, an invalid or contradictory keyword, an array that cannot be
        overwritten.
    TypeError
        For a dtype that cannot be solved in, or a flag that is neither True nor False.

    Warns
    -----
    IllConditionedWarning
        If ``rcond < eps``, or refinement leaves the backward error above n eps; with ``full_output`` also if
        ``forward_error > eps**0.25``.
    RuntimeWarning
        If x has a NaN or infinity, by overflow or from the data that ``check_finite=False`` let pass.

    See Also
    --------
    backslash : any shape and rank.
    lstsq : least squares.

    Notes
    -----
    ``2/3 n^3`` flops by LU, ``1/3 n^3`` by Cholesky, and n^2 for the checks; one copy of ``A``, none with
    ``overwrite_a``. Reference: Golub & Van Loan, Matrix Computations, 4th ed., 3.4-3.5, 4.2-4.4. Equivalent:
    ``scipy.linalg.solve``, ``numpy.linalg.solve``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.solve([[2.0, 1.0], [0.0, 4.0]], [4.0, 8.0])
    array([1., 2.])
    >>> s = hs.solve([[2.0, 1.0], [0.0, 4.0]], [4.0, 8.0], full_output=True)
    >>> s.structure, s.rank, str(s.reason)
    ('upper triangular', 2, 'ok')
    """
    _arrays.choice(method, "method", METHODS)
    _arrays.choice(on_singular, "on_singular", ("raise", "warn", "min-norm"))
    _arrays.choice(precision, "precision", PRECISIONS)
    how = operation(trans)
    overwrite_a, overwrite_b = _arrays.flag(overwrite_a, "overwrite_a"), _arrays.flag(overwrite_b, "overwrite_b")
    check_finite, full_output = _arrays.flag(check_finite, "check_finite"), _arrays.flag(full_output, "full_output")
    if overwrite_a and on_singular == "min-norm":
        raise ValueError("on_singular='min-norm' needs `A` as it was; leave out overwrite_a=True.")
    if overwrite_a and precision != "working":
        raise ValueError(f"precision={precision!r} needs `A` as it was; leave out overwrite_a=True.")
    if _sparse.is_sparse(A):
        if overwrite_a or overwrite_b:
            raise ValueError("overwrite_a=True and overwrite_b=True are not valid for sparse `A`; leave them out.")
        _needs_working(precision)
        from .sparse_factor import solve_sparse  # not loaded for dense matrices

        return solve_sparse(
            A, b, assume=assumed(assume_a, method, np.dtype(np.float64)), method=method, on_singular=on_singular,
            trans=how, check_finite=check_finite, full_output=full_output,
        )  # fmt: skip
    advice = "hs.backslash(A, b) or hs.lstsq(A, b)"
    system = _arrays.as_system(
        A, b, square="hs.solve", instead=advice, overwrite_a=overwrite_a, overwrite_b=overwrite_b
    )
    x, report = _core.solve(
        system.A,
        system.b,
        method=method,
        assume_a=assumed(assume_a, method, system.A.dtype),
        precision=precision,
        trans=how,
        min_norm=on_singular == "min-norm",
        overwrite_a=overwrite_a,
        overwrite_b=overwrite_b,
        check_finite=check_finite,
        certify=full_output,
    )
    context = Context(
        system.shapes,
        system.A.dtype,
        f"Use hs.backslash(A, b){_arrays.fresh_copies(overwrite_a, overwrite_b)} for the minimum-norm answer.",
        on_singular=on_singular,
        as_solution=full_output,
        overwritten=overwrite_a,
        keyword=True,
    )
    _solution.raise_for(report, context)
    x = x[..., 0] if system.vector else x
    return _solution.solution_of(x, report) if full_output else x


if not TYPE_CHECKING:
    solve = _core.with_fast_path(solve)  # one small ndarray system with default keywords does not come to Python


def backslash(
    A: ArrayLike, b: ArrayLike, *, method: str = "auto", precision: str = "working", rtol: float | None = None
) -> Solution:
    """Solve ``A x = b`` for any shape and rank of ``A``: exactly, in the least squares sense, or with minimum norm.

    Parameters
    ----------
    A : (..., m, n) array_like or sparse matrix
        As in `solve`.
    b : (m,) or (..., m, k) array_like
        As in `solve`.
    method : {"auto", "lu", "cholesky", "ldlt", "qr", "qr-pivoted", "svd"}
        "auto" begins with what the structure suggests and climbs to pivoted QR and the SVD where the rank demands it.
        The first three after "auto" need square ``A``. The last three give the minimum-norm answer and the rank of a
        singular square ``A`` as well: "svd" in regime 0, "qr-pivoted", and "qr" by climbing to it, in regime 4.
    precision : {"working", "mixed", "extended"}
        As in `solve`.
    rtol : float in (0, 1), optional
        The relative residual that is good enough. Sparse symmetric ``A`` with a positive diagonal and 10000 rows or
        more, whose Cholesky factor would cost more than some 100 steps, are then solved by preconditioned conjugate
        gradients; direct methods go to working precision in any case.

    Returns
    -------
    solution : Solution
        x of shape (n,) or (..., n, k), the regime found, the method that answered, and the evidence.

    Raises
    ------
    ValueError
        For shapes that do not fit, NaN or infinity, or an invalid keyword; a method that needs square ``A`` is invalid
        for any other.
    TypeError
        For a dtype that cannot be solved in, or an ``rtol`` that is no real number.
    NotPositiveDefiniteError
        If ``method="cholesky"`` and ``A`` is not positive definite.

    Warns
    -----
    IllConditionedWarning
        If ``forward_error > eps**0.25``, if refinement leaves the backward error above n eps, if a method was asked
        for that cannot cope with the rank, or if the iteration for a large sparse ``A`` without full rank is not done.
    RuntimeWarning
        If x has a NaN or infinity, by overflow.

    See Also
    --------
    explain : what would be done, without doing it.

    Notes
    -----
    As `solve` for square ``A`` of full rank; ``2 m n^2 - 2/3 n^3`` flops by QR for tall ones. Reference: Golub & Van
    Loan, Matrix Computations, 4th ed., 5.3-5.6. Equivalent: ``scipy.linalg.solve`` or ``scipy.linalg.lstsq``, whichever
    fits.

    Examples
    --------
    >>> import hessolve as hs
    >>> s = hs.backslash([[1.0, 1.0], [1.0, 1.0]], [2.0, 2.0])
    >>> s.x.round(12), s.rank
    (array([1., 1.]), 1)
    """
    _arrays.choice(method, "method", METHODS)
    _arrays.choice(precision, "precision", PRECISIONS)
    if rtol is not None:
        _arrays.real(rtol, "rtol", "it is a number between 0 and 1, or None", lambda value: 0.0 < value < 1.0)
    if _sparse.is_sparse(A):
        _needs_working(precision)
        from .sparse_factor import backslash_sparse

        return backslash_sparse(A, b, method=method, rtol=rtol)
    system = _arrays.as_system(A, b)
    if method in _SQUARE_METHODS and system.A.shape[-1] != system.A.shape[-2]:
        valid = ", ".join(repr(name) for name in METHODS if name not in _SQUARE_METHODS)
        raise ValueError(f"method={method!r} is not valid for `A` {system.shapes['A']}, not square; valid: {valid}.")
    x, report = _core.backslash(system.A, system.b, method=method, precision=precision)
    advice, retry = "Use method='auto' for the minimum-norm answer.", "hs.backslash(A, b) without method"
    context = Context(system.shapes, system.A.dtype, advice, on_singular="warn", as_solution=True, retry=retry)
    _solution.raise_for(report, context)
    return _solution.solution_of(x[..., 0] if system.vector else x, report)


def _needs_working(precision: str) -> None:
    if precision != "working":
        raise ValueError(f"precision={precision!r} is not valid for sparse `A`; leave it out.")


def explain(A: ArrayLike, b: ArrayLike | None = None) -> Plan:
    """Tell what `backslash` and `solve` would do with ``A``, and why; solve nothing.

    Parameters
    ----------
    A : (..., m, n) array_like
        As in `solve`. The first matrix of a stack stands for all, but NaN and infinity are looked for in each.
    b : (m,) or (..., m, k) array_like, optional
        Only its number of columns matters, for the cost.

    Returns
    -------
    plan : Plan
        Structure, regime, methods in the order in which they are tried, expected cost, reason; ``str(plan)`` reads
        well.

    Raises
    ------
    ValueError
        For shapes that do not fit, an empty stack, NaN or infinity.
    TypeError
        For a dtype that cannot be solved in.

    Notes
    -----
    One pass over ``A``, whose tests stop early; no copy. `solve` spends no time on this for small real systems (n up to
    64) of which only x is wanted: they go straight through LU.

    Examples
    --------
    >>> import hessolve as hs
    >>> plan = hs.explain([[4.0, 1.0], [1.0, 3.0]])
    >>> plan.structure, plan.method
    ('positive definite candidate', 'cholesky')
    """
    if _sparse.is_sparse(A):
        from .sparse_factor import explain_sparse

        return explain_sparse(A, b)
    matrix = _arrays.as_matrix(A)
    n_rhs = 1 if b is None else _arrays.as_right_hand_side(b, matrix)[0].shape[-1]
    if 0 in matrix.shape[:-2]:
        raise ValueError(f"`A` {matrix.shape} is an empty stack; there is no matrix in it to explain.")
    if matrix.ndim > 2:
        _arrays.check_finite(matrix, "A")
    found = _core.explain(matrix, n_rhs)
    bad = found["non_finite"]
    if bad is not None:
        raise ValueError(_arrays.non_finite_text("A", matrix.shape, bad[0], bad[1], ()))
    m, n = matrix.shape[-2:]
    shape = "square" if m == n else "tall, so least squares" if m > n else "wide, so minimum norm"
    structure, methods = str(found["structure"]), tuple(found["methods"])
    ladder = "; the later methods are tried where the first does not succeed" if len(methods) > 1 else ""
    return Plan(
        structure=structure,
        regime=found["regime"],
        method=methods[0],
        methods=methods,
        flops=found["flops"],
        reason=f"{shape}; {_WHY[structure]}{ladder}",
        lower_bandwidth=found["lower_bandwidth"],
        upper_bandwidth=found["upper_bandwidth"],
    )


def operation(trans: Any) -> str:
    """Return "N", "T" or "C" for what ``trans`` may be."""
    try:
        operation = None if isinstance(trans, (bool, np.bool_)) else _TRANS.get(trans)
    except TypeError:  # a list, an array: not hashable
        operation = None
    if operation is None:
        raise ValueError(f"trans={_arrays.shown(trans)} is not valid; valid: 'N', 'T', 'C' and 0, 1, 2.")
    return operation


def assumed(assume_a: str | None, method: str, dtype: np.dtype[Any]) -> str:
    """Return the long name of ``assume_a``, "" for None, unless ``method`` contradicts it."""
    if assume_a is None:
        return ""
    name = _ASSUME[_arrays.choice(assume_a, "assume_a", _ASSUME)]
    kind = "hermitian" if name == "symmetric" and dtype.kind != "c" else name
    if method != "auto" and kind not in _ASSUMED_BY.get(method, ("general",)):
        raise ValueError(f"method={method!r} and assume_a={assume_a!r} contradict each other; leave one of them out.")
    return name
