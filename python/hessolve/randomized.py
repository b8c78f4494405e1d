# SPDX-License-Identifier: BSD-3-Clause
"""What random products and samples say of a large matrix: randomized_svd, range_finder, sketch, sample_rows, ..."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _operands, _solution
from ._reasons import Reason
from ._solution import Context
from .decompositions import SVDResult

_KINDS = ("gaussian", "sparse-sign")


class BoundedSVD(NamedTuple):
    """``A`` is ``U diag(S) Vh`` but for what the bound says."""

    U: NDArray[Any]
    S: NDArray[Any]
    Vh: NDArray[Any]
    error_bound: float  # ||A - Q Q^H A||_2 is below it with probability 1 - 1e-10, Q the basis that was sampled


class RangeBasis(NamedTuple):
    """Orthonormal columns that hold the range of a matrix up to a bound."""

    Q: NDArray[Any]
    error_bound: float  # ||A - Q Q^H A||_2 is below it with probability 1 - 1e-10


class Sample(NamedTuple):
    """Rows or columns drawn from a matrix, with replacement, and scaled by ``1 / sqrt(k probability)``."""

    S: NDArray[Any]
    indices: NDArray[np.int64]  # (k,): where they come from
    probabilities: NDArray[np.float64]  # (k,): with which each was drawn


# fmt: off
@overload
def randomized_svd(
    A: ArrayLike, rank: int, *, rng: Any = None, oversampling: int = 10, power_iterations: int | None = None,
    full_output: Literal[False] = False,
) -> SVDResult: ...
@overload
def randomized_svd(
    A: ArrayLike, rank: int, *, rng: Any = None, oversampling: int = 10, power_iterations: int | None = None,
    full_output: Literal[True],
) -> BoundedSVD: ...
@overload
def randomized_svd(
    A: ArrayLike, rank: int, *, rng: Any = None, oversampling: int = 10, power_iterations: int | None = None,
    full_output: bool,
) -> SVDResult | BoundedSVD: ...
def randomized_svd(
    A: ArrayLike, rank: int, *, rng: Any = None, oversampling: int = 10, power_iterations: int | None = None,
    full_output: bool = False,
) -> SVDResult | BoundedSVD:
    # fmt: on
    """Find the largest singular values and their vectors from products with random vectors.

    Parameters
    ----------
    A : (m, n) array_like
        float32, float64, complex64 or complex128; bool and integers become float64, float16 float32. Any memory order.
    rank : int in [1, min(m, n)]
        How many singular values.
    rng : numpy.random.Generator or seed, optional
        The same seed gives the same bits.
    oversampling : int >= 0
        Columns sampled beyond ``rank``.
    power_iterations : int >= 0, optional
        Products with ``A A^H`` before the basis is taken: more where the singular values decay slowly. By default 7
        where ``rank`` is below a tenth of min(m, n), else 4.
    full_output : bool
        Return a bound of the error as well, at the cost of ten more columns.

    Returns
    -------
    U : (m, rank) ndarray
    S : (rank,) ndarray, real
        Descending.
    Vh : (rank, n) ndarray

        A named tuple; with ``full_output`` also ``error_bound``.

    Raises
    ------
    ValueError
        For a stack, NaN or infinity, or a number out of range.
    TypeError
        For a dtype that cannot be worked in, or a keyword of a wrong type.

    See Also
    --------
    svd : all of them, to working precision.

    Notes
    -----
    ``4 m n (rank + oversampling)`` flops for each power iteration and for the rest. Reference: Halko, Martinsson &
    Tropp 2011, doi 10.1137/090771806. Equivalent: ``sklearn.utils.extmath.randomized_svd``.

    Examples
    --------
    >>> import hessolve as hs
    >>> U, S, Vh = hs.randomized_svd([[3.0, 0.0, 0.0], [0.0, 2.0, 0.0], [0.0, 0.0, 1.0]], 2, rng=0)
    >>> S.round(12)
    array([3., 2.])
    """
    full_output = _arrays.flag(full_output, "full_output")
    matrix = _operands.one_matrix(A, "A", "hs.randomized_svd")
    rank = _operands.integer(rank, "rank", 1, max(1, min(matrix.shape)))
    if 0 in matrix.shape:
        raise ValueError(f"`A` {matrix.shape} is empty; it has no singular values.")
    oversampling = _operands.integer(oversampling, "oversampling", 0)
    powers = -1 if power_iterations is None else _operands.integer(power_iterations, "power_iterations", 0)
    seed = _operands.seed_of(rng)
    U, S, Vh, bound, report = _core.randomized_svd(
        matrix, rank, oversampling=oversampling, power_iterations=powers, seed=seed, measure=full_output
    )
    _solution.raise_for(report, Context({"A": matrix.shape}, matrix.dtype, "", answer="the decomposition"))
    return BoundedSVD(U, S, Vh, float(bound)) if full_output else SVDResult(U, S, Vh)


def range_finder(A: ArrayLike, tolerance: float, *, most: int | None = None, rng: Any = None) -> RangeBasis:
    """Find orthonormal columns Q with ``||A - Q Q^H A||_2 <= tolerance``, block by block until they suffice.

    Parameters
    ----------
    A : (m, n) array_like
        float32, float64, complex64 or complex128; bool and integers become float64, float16 float32. Any memory order.
    tolerance : float > 0
        In units of ``A``.
    most : int in [1, min(m, n)], optional
        Stop at that many columns; min(m, n) by default.
    rng : numpy.random.Generator or seed, optional
        The same seed gives the same bits.

    Returns
    -------
    Q : (m, k) ndarray
    error_bound : float
        ``||A - Q Q^H A||_2`` is below it with probability ``1 - 1e-10``.

        A named tuple.

    Raises
    ------
    ValueError
        For a stack, NaN or infinity, or a number out of range.
    TypeError
        For a dtype that cannot be worked in, or a keyword of a wrong type.

    Warns
    -----
    RuntimeWarning
        If ``most`` columns do not reach the tolerance; Q and its bound are returned all the same.

    See Also
    --------
    randomized_svd : for a rank that is known.

    Notes
    -----
    ``4 m n k`` flops, k the columns found. Reference: Halko, Martinsson & Tropp 2011, doi 10.1137/090771806, algorithm
    4.2, by blocks.

    Examples
    --------
    >>> import hessolve as hs
    >>> Q, error_bound = hs.range_finder([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]], 1e-8, rng=0)
    >>> error_bound < 1e-8
    True
    """
    matrix = _operands.one_matrix(A, "A", "hs.range_finder")
    limit = _arrays.real(tolerance, "tolerance", "it is a finite number > 0", lambda value: 0.0 < value < np.inf)
    r = min(matrix.shape)
    count = r if most is None else _operands.integer(most, "most", 1, max(1, r))
    if r == 0:
        return RangeBasis(np.zeros((matrix.shape[0], 0), dtype=matrix.dtype), 0.0)
    Q, bound, report = _core.range_finder(matrix, limit, count, seed=_operands.seed_of(rng))
    if _reason(report) == Reason.max_iterations:
        text = f"`A` {matrix.shape}: {count} columns leave a bound of {bound:.1e}, above the tolerance {limit:.1e}"
        _solution.warn(f"{text}. Use a larger `most` or tolerance.", RuntimeWarning)
    else:
        _solution.raise_for(report, Context({"A": matrix.shape}, matrix.dtype, "", answer="Q"))
    return RangeBasis(Q, float(bound))


def sketch(A: ArrayLike, size: int, kind: str = "sparse-sign", rng: Any = None) -> NDArray[Any]:
    """Multiply ``A`` from the left by a random matrix S with ``E[S^H S] = I``: few rows that stand for many.

    Parameters
    ----------
    A : (m, n) array_like
        float32, float64, complex64 or complex128; bool and integers become float64, float16 float32. Any memory order.
    size : int >= 1
        Rows of S; 2 n to 4 n for least squares.
    kind : {"sparse-sign", "gaussian"}
        Entries of S: eight signs in each column, or independent normal numbers.
    rng : numpy.random.Generator or seed, optional
        The same seed gives the same bits.

    Returns
    -------
    SA : (size, n) ndarray

    Raises
    ------
    ValueError
        For a stack, NaN or infinity, an invalid ``kind``, or a size below 1.
    TypeError
        For a dtype that cannot be worked in, or a keyword of a wrong type.

    Warns
    -----
    RuntimeWarning
        If a sum overflows.

    See Also
    --------
    lstsq : its method "sketch" solves to working precision.

    Notes
    -----
    One pass over ``A``: ``16 m n`` flops by sparse signs, ``2 m n size`` by normal numbers. Reference: Martinsson &
    Tropp 2020, doi 10.1017/S0962492920000021. Equivalent: ``scipy.linalg.clarkson_woodruff_transform``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.sketch([[1.0, 2.0]] * 100, 8, rng=0).shape
    (8, 2)
    """
    _arrays.choice(kind, "kind", _KINDS)
    matrix = _operands.one_matrix(A, "A", "hs.sketch")
    size = _operands.integer(size, "size", 1)
    SA = _core.sketch(matrix, size, kind=kind, seed=_operands.seed_of(rng))
    if not np.isfinite(SA).all():
        _arrays.check_finite(matrix, "A")
        _solution.warn(f"The sketch of `A` {matrix.shape} has a NaN or infinity, by overflow; scale A.", RuntimeWarning)
    return SA


def sample_rows(A: ArrayLike, k: int, rng: Any = None) -> Sample:
    """Draw k rows with replacement, each in proportion to its squared norm, and scale them: ``E[S^H S] = A^H A``.

    Parameters
    ----------
    A : (m, n) array_like
        float32, float64, complex64 or complex128; bool and integers become float64, float16 float32. Any memory order.
    k : int >= 1
        How many.
    rng : numpy.random.Generator or seed, optional
        The same seed gives the same bits.

    Returns
    -------
    S : (k, n) ndarray
        Row j is row ``indices[j]`` of ``A`` over ``sqrt(k probabilities[j])``.
    indices : (k,) ndarray of int64
    probabilities : (k,) ndarray of float64

        A named tuple.

    Raises
    ------
    ValueError
        For a stack, NaN or infinity, k below 1, or ``A`` zero or empty.
    TypeError
        For a dtype that cannot be worked in, or a keyword of a wrong type.

    Notes
    -----
    Two passes over ``A``. Reference: Frieze, Kannan & Vempala 2004, doi 10.1145/1039488.1039494.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.sample_rows([[0.0, 0.0], [3.0, 4.0]], 2, rng=0).indices
    array([1, 1])
    """
    return _sample(A, k, rng, "rows", _core.sample_rows)


def sample_columns(A: ArrayLike, k: int, rng: Any = None) -> Sample:
    """Draw k columns with replacement, each in proportion to its squared norm, and scale them: ``E[S S^H] = A A^H``.

    Parameters
    ----------
    A : (m, n) array_like
        float32, float64, complex64 or complex128; bool and integers become float64, float16 float32. Any memory order.
    k : int >= 1
        How many.
    rng : numpy.random.Generator or seed, optional
        The same seed gives the same bits.

    Returns
    -------
    S : (m, k) ndarray
        Column j is column ``indices[j]`` of ``A`` over ``sqrt(k probabilities[j])``.
    indices : (k,) ndarray of int64
    probabilities : (k,) ndarray of float64

        A named tuple.

    Raises
    ------
    ValueError
        For a stack, NaN or infinity, k below 1, or ``A`` zero or empty.
    TypeError
        For a dtype that cannot be worked in, or a keyword of a wrong type.

    Notes
    -----
    Two passes over ``A``. Reference: Frieze, Kannan & Vempala 2004, doi 10.1145/1039488.1039494.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.sample_columns([[0.0, 3.0], [0.0, 4.0]], 2, rng=0).indices
    array([1, 1])
    """
    return _sample(A, k, rng, "columns", _core.sample_columns)


def _sample(A: ArrayLike, k: int, rng: Any, lines: str, draw: Callable[..., tuple[Any, Any, Any, Any]]) -> Sample:
    matrix = _operands.one_matrix(A, "A", f"hs.sample_{lines}")
    count, seed = _operands.integer(k, "k", 1), _operands.seed_of(rng)
    if matrix.size == 0:
        raise ValueError(f"`A` {matrix.shape} is empty; it has no {lines} to draw.")
    S, indices, probabilities, report = draw(matrix, count, seed=seed)
    if _reason(report) == Reason.breakdown:
        raise ValueError(f"`A` {matrix.shape} is zero; its {lines} cannot be drawn in proportion to their norms.")
    _solution.raise_for(report, Context({"A": matrix.shape}, matrix.dtype, "", answer="the sample"))
    return Sample(S, indices, probabilities)


def _reason(report: _core.Report) -> str:
    return _core.REASONS[int(report.reason)]
