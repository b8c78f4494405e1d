# SPDX-License-Identifier: BSD-3-Clause
"""Least squares: lstsq."""

from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _solution
from ._solution import Context, Solution
from .linear import PRECISIONS


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
    method : {"auto", "qr", "qr-pivoted", "svd"}
        "auto": QR where the rank is full, else pivoted QR or the SVD.
    rcond : float < 1, optional
        Singular values (diagonal entries of R for pivoted QR) below ``rcond`` times the largest count as zero;
        ``max(m, n) eps`` by default, eps if negative.
    precision : {"working", "mixed", "extended"}
        As in `solve`; "extended" refines x and the residual together.
    sample_weight : (m,) or (..., m) array_like, >= 0, optional
        Minimise ``sum(sample_weight * abs(b - A x)**2)`` instead. At least one weight is positive.
    constraints : None
        Reserved for linear equality constraints.
    full_output : bool
        Return a `Solution`, with certificates.

    Returns
    -------
    x : (n,) or (..., n, k) ndarray
    residuals : (k,) or (..., k) ndarray, real
        Sums of (weighted) squared residuals, k = 1 for 1-D ``b``. Empty if m <= n or the rank is less than n; in a
        batch NaN where the rank is less than n.
    rank : int, or (...) ndarray of int64
    s : (min(m, n),) or (..., min(m, n)) ndarray, or None
        Singular values of ``A``, None unless the SVD was used.

        All four as a named tuple, or a `Solution` if ``full_output``.

    Raises
    ------
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
    _arrays.choice(method, "method", ("auto", "qr", "qr-pivoted", "svd"))
    _arrays.choice(precision, "precision", PRECISIONS)
    full_output = _arrays.flag(full_output, "full_output")
    if constraints is not None:
        raise ValueError("constraints must be None: equality constraints are not supported yet.")
    system = _arrays.as_system(A, b)
    matrix, columns = system.A, system.b
    if sample_weight is not None:
        matrix, columns = _weighted(system, sample_weight)
    x, residuals, s, report = _core.lstsq(
        matrix, columns, method=method, rcond=_tolerance(rcond, matrix), precision=precision, certify=full_output
    )
    advice = "Use method='auto' for the minimum-norm answer."
    _solution.raise_for(
        report, Context(system.shapes, matrix.dtype, advice, on_singular="warn", as_solution=full_output)
    )
    x = x[..., 0] if system.vector else x
    if full_output:
        return _solution.solution_of(x, report)
    m, n = matrix.shape[-2:]
    rank, single = report.rank, report.rank.ndim == 0
    if m <= n or (single and rank < n):
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


def _weighted(system: _arrays.System, sample_weight: Any) -> tuple[NDArray[Any], NDArray[Any]]:
    """Return A and b with their rows scaled by the roots of the weights."""
    weight = _arrays.as_array(sample_weight, "sample_weight")
    batch, m = system.A.shape[:-2], system.A.shape[-2]
    if weight.shape not in ((m,), (*batch, m)):
        needed = f"{(m,)} or {(*batch, m)}" if batch else f"{(m,)}"
        fits = f"does not fit `A` {system.shapes['A']}"
        raise ValueError(f"`sample_weight` {weight.shape} {fits}; shape {needed} is needed.")
    if weight.dtype.kind == "c":
        raise TypeError("`sample_weight` is complex; weights are real numbers >= 0.")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("`sample_weight` has a negative, NaN or infinite entry; weights are finite numbers >= 0.")
    if m and not (weight.max(axis=-1) > 0).all():
        raise ValueError("`sample_weight` is all zero; at least one weight must be positive.")
    root = np.sqrt(weight).astype(system.A.real.dtype)[..., np.newaxis]
    return system.A * root, system.b * root
