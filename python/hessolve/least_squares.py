# SPDX-License-Identifier: BSD-3-Clause
"""Least squares, weighted and constrained on request: lstsq."""

from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _solution
from ._design import as_weights
from ._reasons import SingularMatrixError
from ._solution import Context, Solution
from .linear import PRECISIONS

METHODS = ("auto", "qr", "qr-pivoted", "svd", "cholesky-qr", "mgs", "normal", "sketch")


class LstsqResult(NamedTuple):
    """The answer of `lstsq`, in the order and with the names of NumPy and SciPy."""

    x: NDArray[Any]
    residuals: NDArray[Any]
    rank: Any
    s: NDArray[Any] | None


# fmt: off
@overload
def lstsq(
    A: ArrayLike, b: ArrayLike, *, method: str = "auto", rcond: float | None = None, precision: str = "working",
    sample_weight: ArrayLike | None = None, constraints: tuple[ArrayLike, ArrayLike] | None = None,
    full_output: Literal[False] = False,
) -> LstsqResult: ...
@overload
def lstsq(
    A: ArrayLike, b: ArrayLike, *, method: str = "auto", rcond: float | None = None, precision: str = "working",
    sample_weight: ArrayLike | None = None, constraints: tuple[ArrayLike, ArrayLike] | None = None,
    full_output: Literal[True],
) -> Solution: ...
@overload
def lstsq(
    A: ArrayLike, b: ArrayLike, *, method: str = "auto", rcond: float | None = None, precision: str = "working",
    sample_weight: ArrayLike | None = None, constraints: tuple[ArrayLike, ArrayLike] | None = None,
    full_output: bool,
) -> LstsqResult | Solution: ...
def lstsq(
    A: ArrayLike, b: ArrayLike, *, method: str = "auto", rcond: float | None = None, precision: str = "working",
    sample_weight: ArrayLike | None = None, constraints: tuple[ArrayLike, ArrayLike] | None = None,
    full_output: bool = False,
) -> LstsqResult | Solution:
    # fmt: on
    """Minimise ``||b - A x||``; where many x do, take the one of least norm.

    Parameters
    ----------
    A : (..., m, n) array_like
        float32, float64, complex64 or complex128; bool and integers become float64, float16 float32. Any memory order.
    b : (m,) or (..., m, k) array_like
        One vector if 1-D, else a matrix or a stack of matrices; leading axes broadcast with those of ``A``.
    method : str
        "auto": QR where the rank is full, else pivoted QR or the SVD. Or one of these: "qr", "qr-pivoted", "svd". For
        tall ``A`` of full rank also "normal", equations by Cholesky; "cholesky-qr", done twice; "mgs", modified
        Gram-Schmidt; "sketch", iterations preconditioned by a random sketch: each answers only where it can be trusted,
        else the methods of "auto" do, which a `Solution` tells.
    rcond : float < 1, optional
        Singular values (diagonal entries of R for pivoted QR) below ``rcond`` times the largest count as zero;
        ``max(m, n) eps`` by default, eps if negative.
    precision : {"working", "mixed", "extended"}
        As in `solve`; "extended" refines x and the residual together.
    sample_weight : (m,) or (..., m) array_like, >= 0, optional
        Minimise ``sum(sample_weight * abs(b - A x)**2)`` instead. At least one weight is positive.
    constraints : (C, d), optional
        Only x with ``C x = d`` are considered: C (p, n), d (p,) or (p, k); ``A`` is then one matrix, not a stack. Rows
        of C may depend on each other where d agrees.
    full_output : bool
        Return a `Solution`, with certificates.

    Returns
    -------
    x : (n,) or (..., n, k) ndarray
    residuals : (k,) or (..., k) ndarray, real
        Sums of (weighted) squared residuals, k = 1 for 1-D ``b``. Empty if m <= n or the rank is less than n; in a
        batch NaN where the rank is less than n. With constraints empty only if x is not unique.
    rank : int, or (...) ndarray of int64
        With constraints of ``[C; A]``.
    s : (min(m, n),) or (..., min(m, n)) ndarray, or None
        Singular values of ``A``, None unless the SVD was used.

        All four as a named tuple, or a `Solution` if ``full_output``.

    Raises
    ------
    SingularMatrixError
        If the constraints contradict each other; the message names the row.
    ValueError
        For shapes that do not fit, NaN or infinity, an invalid keyword, or weights that are negative or all zero.
    TypeError
        For a dtype that cannot be solved in, an ``rcond`` that is no real number, or a ``full_output`` that is neither
        True nor False.

    Warns
    -----
    IllConditionedWarning
        With ``full_output``, if ``forward_error > eps**0.25``.
    RuntimeWarning
        If x has a NaN or infinity: by overflow, or because the SVD failed.

    See Also
    --------
    backslash : the same for any matrix, square ones solved as such.

    Notes
    -----
    ``2 m n^2 - 2/3 n^3`` flops by QR for m >= n; one copy of ``A``. Rows are not scaled, columns are, for the decision
    on the rank. Reference: Golub & Van Loan, Matrix Computations, 4th ed., 5.3-5.5. Equivalent: ``numpy.linalg.lstsq``,
    ``scipy.linalg.lstsq``.

    Examples
    --------
    >>> import hessolve as hs
    >>> x, residuals, rank, s = hs.lstsq([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]], [1.0, 3.0, 5.0])
    >>> x.round(12), rank
    (array([1., 2.]), 2)
    """
    _arrays.choice(method, "method", METHODS)
    _arrays.choice(precision, "precision", PRECISIONS)
    full_output = _arrays.flag(full_output, "full_output")
    system = _arrays.as_system(A, b)
    matrix, columns, shapes = system.A, system.b, system.shapes
    if sample_weight is not None:
        root = np.sqrt(as_weights(sample_weight, matrix.shape, "A")).astype(matrix.real.dtype)[..., np.newaxis]
        matrix, columns = matrix * root, columns * root
    limit = _tolerance(rcond, matrix)
    if constraints is None:
        x, residuals, s, report = _core.lstsq(
            matrix, columns, method=method, rcond=limit, precision=precision, certify=full_output
        )
    else:
        matrix, columns, C, d = _constrained(matrix, columns, constraints)
        shapes = shapes | {"C": C.shape, "d": d.shape}
        x, residuals, s, report = _core.lstsq_constrained(
            matrix, columns, C, d, method=method, rcond=limit, precision=precision, certify=full_output
        )
        if _solution.is_singular(report):
            text = f"`constraints` contradict each other: row {int(report.where)} of `C` {C.shape} depends on others,"
            raise SingularMatrixError(f"{text} and `d` does not agree. Leave it out, or weigh these rows in hs.lstsq.")
    advice = "Use method='auto' for the minimum-norm answer."
    _solution.raise_for(report, Context(shapes, matrix.dtype, advice, on_singular="warn", as_solution=full_output))
    x = x[..., 0] if system.vector else x
    if full_output:
        return _solution.solution_of(x, report, s)
    m, n = matrix.shape[-2:]
    rank, single = report.rank, report.rank.ndim == 0
    if (m <= n and constraints is None) or (single and rank < n):
        residuals = residuals.flatten()[:0]
    elif not single:
        residuals = np.where((rank < n)[..., np.newaxis], np.nan, residuals)
    return LstsqResult(x, residuals.astype(matrix.real.dtype, copy=False), rank.item() if single else rank, s)


def _tolerance(rcond: float | None, A: NDArray[Any]) -> float:
    """Return what the compiled module takes: negative for the default."""
    if rcond is None:
        return -1.0
    value = _arrays.real(rcond, "rcond", "it is a number less than 1, or None", lambda number: number < 1.0)
    return float(np.finfo(A.dtype).eps) if value < 0 else value


def _constrained(A: NDArray[Any], b: NDArray[Any], constraints: Any) -> list[NDArray[Any]]:
    """Return A (m, n), b (m, k), C (p, n) and d (p, k) in one dtype."""
    if A.ndim > 2:
        raise ValueError(f"`A` {A.shape} is a stack, and constraints are for one matrix; pass its slices in turn.")
    if not isinstance(constraints, (tuple, list)) or len(constraints) != 2:
        text = f"constraints={_arrays.shown(constraints)} is not valid"
        raise ValueError(f"{text}; it is a pair (C, d), or None.")
    C, d = _arrays.as_array(constraints[0], "C"), _arrays.as_array(constraints[1], "d")
    if C.ndim != 2 or C.shape[1] != A.shape[1]:
        raise ValueError(f"`C` {C.shape} does not fit `A` {A.shape}; (p, {A.shape[1]}) is needed.")
    if d.ndim not in (1, 2) or len(d) != len(C) or (d.ndim == 2 and d.shape[1] != b.shape[1]):
        needed = f"({len(C)},) or ({len(C)}, {b.shape[1]}) is needed"
        raise ValueError(f"`C` {C.shape} and `d` {d.shape} do not fit: {needed}.")
    for name, array in (("C", C), ("d", d)):
        _arrays.check_finite(array, name)
    d = np.broadcast_to(d[:, np.newaxis], (len(C), b.shape[1])) if d.ndim == 1 else d
    dtype = np.result_type(A, b, C, d)
    return [array.astype(dtype, copy=False) for array in (A, b, C, d)]
