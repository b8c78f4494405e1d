# SPDX-License-Identifier: BSD-3-Clause
"""Spectra, traces and diagonals of Hessians known only by their products, from random directions."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _hessian, _operands, _operators
from ._iteration import reason_of
from ._reasons import ConvergenceError, Reason


@dataclass(frozen=True, eq=False)
class SpectralDensity:
    """A spectral density known by Lanczos quadrature: its mean over the samples is the estimate."""

    nodes: NDArray[Any]  #: (samples, steps), Ritz values
    weights: NDArray[Any]  #: (samples, steps), of sum 1 over each row
    size: int  #: n, the number of eigenvalues the density stands for

    @property
    def lowest(self) -> float:
        """Return the lowest Ritz value: lambda_min is at most this."""
        return float(self.nodes[self.weights > 0].min())

    @property
    def highest(self) -> float:
        """Return the highest Ritz value: lambda_max is at least this."""
        return float(self.nodes[self.weights > 0].max())

    @property
    def trace(self) -> float:
        """Return the estimate of the trace."""
        return self.size * float((self.nodes * self.weights).sum(axis=1).mean())

    def count(self, lowest: float, highest: float) -> float:
        """Return the estimated number of eigenvalues in [lowest, highest]."""
        inside = (self.nodes >= lowest) & (self.nodes <= highest)
        return self.size * float((self.weights * inside).sum(axis=1).mean())

    def density(self, x: ArrayLike, width: float | None = None) -> NDArray[np.float64]:
        """Return the density at ``x``, of integral 1: each node is a normal curve of standard deviation ``width``."""
        points = np.asarray(x, dtype=np.float64)
        spread = (self.highest - self.lowest) or max(abs(self.highest), 1.0)
        sigma = spread / 100
        if width is not None:
            sigma = _arrays.real(width, "width", "it is a number > 0", lambda v: v > 0 and np.isfinite(v))
        away = (points[..., np.newaxis, np.newaxis] - self.nodes) / sigma
        bell = np.exp(-0.5 * away * away) / (sigma * np.sqrt(2 * np.pi))
        return np.asarray((bell * self.weights).sum(axis=-1).mean(axis=-1))


def spectral_density(
    hvp: Any, n: int | None = None, *, rng: Any = None, samples: int = 10, steps: int = 80, dtype: Any = None
) -> SpectralDensity:
    """Estimate the distribution of the eigenvalues of a Hessian known only by its products.

    Parameters
    ----------
    hvp : function ``v -> H v``, operator, sparse matrix or (n, n) array_like
        Symmetric and real.
    n : int, optional
        The number of variables; needed where ``hvp`` is a function.
    rng : numpy.random.Generator or seed, optional
        The same seed gives the same bits.
    samples : int, >= 1
        Random directions; the error falls with the root of their number.
    steps : int, >= 1
        Products for each; at most n are taken. k of them reproduce the first 2 k - 1 moments.
    dtype : float32 or float64, optional
        Of the vectors; by default that of ``hvp`` where it has one, else float64.

    Returns
    -------
    d : SpectralDensity
        ``.nodes`` and ``.weights`` (samples, steps); ``.density(x, width)``, ``.count(a, b)``, ``.trace``,
        ``.lowest``, ``.highest``.

    Raises
    ------
    ValueError
        If a product is not finite, has the wrong shape, or a number is out of its range.
    TypeError
        For complex numbers, or a function whose ``n`` was not given.

    Notes
    -----
    ``samples * steps`` products and ``2 steps^2 n`` flops a sample: Lanczos' method with full reorthogonalisation.
    References: Golub and Meurant, Matrices, Moments and Quadrature with Applications; Lin, Saad and Yang 2016,
    doi 10.1137/130934283.

    Examples
    --------
    >>> import hessolve as hs
    >>> d = hs.spectral_density(lambda v: 3 * v, 100, rng=0)
    >>> round(d.lowest, 6), round(d.highest, 6)
    (3.0, 3.0)
    """
    op = _operator_for(hvp, n, dtype)
    count = _operators.count(samples, "samples", 1)
    most = min(_operators.count(steps, "steps", 1), op.shape[0])
    if op.shape[0] == 0:
        raise ValueError("n=0 is not valid: a spectrum has at least one eigenvalue.")
    nodes, weights = lanczos(op, count, most, _operands.seed_of(rng))
    return SpectralDensity(nodes, weights, int(op.shape[0]))


class Estimate(NamedTuple):
    """A random estimate and its standard error."""

    value: Any
    standard_error: Any


def estimate_trace(
    hvp: Any, n: int | None = None, *, rng: Any = None, samples: int = 30, dtype: Any = None
) -> Estimate:
    """Estimate the trace of a matrix known by its products.

    Parameters
    ----------
    hvp, n : function, operator or matrix, and its size
        As for `spectral_density`.
    rng, dtype : optional
        As for `spectral_density`.
    samples : int, >= 2
        Products, one each.

    Returns
    -------
    value, standard_error : floats

    Raises
    ------
    ValueError, TypeError
        As for `spectral_density`.

    Notes
    -----
    The mean of ``z^T H z`` over random signs z, whose variance is ``2 (||H||_F^2 - sum h_ii^2)``.
    Reference: Hutchinson 1990, doi 10.1080/03610919008812866.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.estimate_trace(lambda v: 2 * v, 5, rng=0)
    Estimate(value=10.0, standard_error=0.0)
    """
    op = _operator_for(hvp, n, dtype)
    count = _operators.count(samples, "samples", 2)
    outcome, values, _ = _core.estimate(op, count, _operands.seed_of(rng), False)
    _check_products(outcome, op)
    return Estimate(float(values.mean()), float(values.std(ddof=1) / np.sqrt(count)))


def estimate_diagonal(
    hvp: Any, n: int | None = None, *, rng: Any = None, samples: int = 30, dtype: Any = None
) -> Estimate:
    """Estimate the diagonal of a matrix known by its products.

    Parameters
    ----------
    hvp, n : function, operator or matrix, and its size
        As for `spectral_density`.
    rng, dtype : optional
        As for `spectral_density`.
    samples : int, >= 2
        Products, one each.

    Returns
    -------
    value, standard_error : (n,) ndarrays

    Raises
    ------
    ValueError, TypeError
        As for `spectral_density`.

    Notes
    -----
    The mean of ``z * (H z)`` over random signs z. Reference: Bekas, Kokiopoulou and Saad 2007,
    doi 10.1016/j.apnum.2007.01.003.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.estimate_diagonal([[2.0, 0.0], [0.0, 3.0]], rng=0).value
    array([2., 3.])
    """
    op = _operator_for(hvp, n, dtype)
    count = _operators.count(samples, "samples", 2)
    outcome, values, errors = _core.estimate(op, count, _operands.seed_of(rng), True)
    _check_products(outcome, op)
    return Estimate(values, errors)


def _operator_for(hvp: Any, n: int | None, dtype: Any) -> _core.Operator:
    size = None if n is None else _operators.count(n, "n", 0)
    if size is not None and size > 2**40:
        raise ValueError(f"n={size} is not valid: vectors of n numbers would not fit in any memory.")
    if dtype is not None and np.dtype(dtype) not in (np.dtype(np.float32), np.dtype(np.float64)):
        raise TypeError(f"dtype={dtype!r} is not valid; float32 and float64 are.")
    if size is None and callable(hvp) and not hasattr(hvp, "shape"):
        raise TypeError("`hvp` is a function, whose size is not known; pass n, the number of variables.")
    return _hessian.operator(hvp, size, dtype, "hvp")


def lanczos(op: _core.Operator, samples: int, steps: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    outcome, nodes, weights = _core.spectral_density(op, samples, steps, seed)
    _check_products(outcome, op)
    return nodes, weights


def _check_products(outcome: tuple[int, int], op: _core.Operator) -> None:
    reason = reason_of(outcome[0])
    if reason is Reason.non_finite:
        raise ValueError(f"a product of the operator {op.shape} with a finite vector has a NaN or infinity.")
    if reason is not Reason.ok:
        raise ConvergenceError(f"the eigenvalues of a projection of the operator {op.shape} did not converge.")
