# SPDX-License-Identifier: BSD-3-Clause
"""What a Hessian says: eigenvalues, inertia, the kind of a point, safe step lengths, spectra known only by products."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _hessian, _operands, _operators, _sparse
from ._iteration import reason_of
from ._reasons import ConvergenceError, NotPositiveDefiniteError, Reason

_LARGEST_DENSE = 4096  # order up to which a sparse matrix or an operator is written out


@dataclass(frozen=True, eq=False)
class Curvature:
    """The spectrum of a Hessian and what follows from it."""

    eigenvalues: NDArray[Any]  #: (n,), ascending, of H v = lambda M v
    eigenvectors: NDArray[Any] | None  #: (n, n), a column each, V^T M V = I
    inertia: tuple[int, int, int]  #: above, below, within rounding of zero
    rank: int
    condition: float  #: largest over smallest modulus; inf where an eigenvalue is zero to rounding
    effective_condition: float  #: the same over the eigenvalues that are not
    definiteness: str  #: "positive definite", "positive semidefinite", ..., "indefinite", "zero"
    spectral_radius: float
    step_bound: float  #: 1 / lambda_max: gradient steps below twice this descend; inf where lambda_max <= 0
    uncertainty: float  #: what each eigenvalue is uncertain by: n eps ||H||, and the error of H where known
    kind: str | None  #: of the point, where a gradient was given

    @property
    def null_vectors(self) -> NDArray[Any]:
        """Return the directions (n, n - rank) along which the function does not bend, to rounding."""
        if self.eigenvectors is None:
            raise ValueError("the eigenvectors were not asked for: hs.curvature(..., vectors=True)")
        small = np.argsort(np.abs(self.eigenvalues), kind="stable")[: self.inertia[2]]
        return self.eigenvectors[:, np.sort(small)]

    @property
    def null_variables(self) -> list[int]:
        """Return the variables that take part in the directions without curvature: where rank is lost."""
        weight = np.linalg.norm(self.null_vectors, axis=1)
        top = float(weight.max()) if weight.size else 0.0
        return [int(i) for i in np.flatnonzero(weight > 1e-3 * top)] if top > 0 else []

    def plot(self, ax: Any = None) -> Any:
        """Draw the spectrum with the band in which an eigenvalue counts as zero; return the Axes."""
        from . import plot

        return plot.curvature(self, ax)

    def __repr__(self) -> str:
        point = "" if self.kind is None else f", kind={self.kind!r}"
        return (
            f"Curvature({self.definiteness}, inertia={self.inertia}, rank={self.rank}, condition={self.condition:.3g}, "
            f"step_bound={self.step_bound:.3g}{point})"
        )


def curvature(
    H: Any,
    gradient: ArrayLike | None = None,
    M: ArrayLike | None = None,
    *,
    error: float = 0.0,
    gtol: float = 1e-5,
    vectors: bool = True,
) -> Curvature:
    """Analyse a Hessian: which way its function bends, how surely, and how long a step may be.

    Parameters
    ----------
    H : (n, n) array_like, sparse matrix, or operator with ``.shape``
        Symmetric and real. What is not dense is written out up to n = 4096. A function ``v -> H v`` will do where
        ``gradient`` tells n.
    gradient : (n,) array_like, optional
        The gradient at the point, which then is of a kind: see ``.kind``.
    M : (n, n) array_like, optional
        The metric of ``H v = lambda M v``: symmetric positive definite.
    error : float, >= 0
        A bound of ``||H - the true Hessian||_2``, as from differences; eigenvalues within it have no sure sign.
    gtol : float, >= 0
        Up to this largest modulus a gradient counts as zero.
    vectors : bool
        Whether eigenvectors are wanted.

    Returns
    -------
    r : Curvature
        ``.eigenvalues``, ``.eigenvectors``, ``.inertia``, ``.rank``, ``.condition``, ``.effective_condition``,
        ``.definiteness``, ``.spectral_radius``, ``.step_bound``, ``.uncertainty``, ``.null_vectors``,
        ``.null_variables``, ``.plot()`` and ``.kind``: "minimum", "maximum", "saddle", "degenerate" (an eigenvalue is
        zero to rounding, and no two have opposite signs), "undecided" (``error`` is larger than an eigenvalue that
        matters), "not stationary" or, without a gradient, None.

    Raises
    ------
    ValueError
        If ``H`` is not square or not symmetric, shapes do not fit, or for NaN or infinity.
    NotPositiveDefiniteError
        If ``M`` is not positive definite.
    TypeError
        For complex numbers, a dtype that cannot be computed in, or a function whose size is not known.

    Notes
    -----
    ``9 n^3`` flops with eigenvectors, ``4 n^3 / 3`` without. Computed eigenvalues are off by at most about
    ``n eps ||H||``. With ``M`` that grows with the condition of ``M``. Reference: Golub and Van Loan, 8.1, 8.7.2.
    Equivalent: ``scipy.linalg.eigh(H, M)``.

    Examples
    --------
    >>> import hessolve as hs
    >>> r = hs.curvature([[2.0, 0.0], [0.0, -1.0]], gradient=[0.0, 0.0])
    >>> r.kind, r.inertia, r.step_bound
    ('saddle', (1, 1, 0), 0.5)
    """
    bound = _arrays.real(error, "error", "it is a number >= 0", lambda v: v >= 0 and np.isfinite(v))
    tolerance = _arrays.real(gtol, "gtol", "it is a number >= 0", lambda v: v >= 0)
    _arrays.flag(vectors, "vectors")
    g = None if gradient is None else _hessian.gradient(gradient, None)
    matrix, asymmetry = _hessian.symmetric(_written_out(H, None if g is None else len(g)))
    n = len(matrix)
    if g is not None and len(g) != n:
        raise ValueError(f"`gradient` {g.shape} does not fit `H` {matrix.shape}: a vector ({n},) is needed.")
    metric = None
    if M is not None:
        metric = _hessian.symmetric(M, "M").matrix
        if metric.shape != matrix.shape:
            raise ValueError(f"`M` {metric.shape} does not fit `H` {matrix.shape}.")
        dtype = np.result_type(matrix.dtype, metric.dtype)
        matrix, metric = matrix.astype(dtype, copy=False), metric.astype(dtype, copy=False)
    size = float(np.abs(g).max()) if g is not None and g.size else 0.0
    (code, where), w, V, found, kind = _core.curvature(
        matrix, metric, bound + n * asymmetry / 2, size, tolerance, vectors
    )
    reason = reason_of(code)
    if reason is Reason.not_positive_definite:
        raise NotPositiveDefiniteError(
            f"`M` {matrix.shape} is not positive definite: Cholesky stopped at column {where}. A metric has only "
            "positive eigenvalues; hs.modify_hessian(M) makes one."
        )
    if reason is not Reason.ok:
        raise ConvergenceError(f"the eigenvalues of `H` {matrix.shape} did not converge.")
    return Curvature(
        eigenvalues=w,
        eigenvectors=V,
        inertia=found["inertia"],
        rank=found["rank"],
        condition=found["condition"],
        effective_condition=found["effective_condition"],
        definiteness=found["definiteness"],
        spectral_radius=found["spectral_radius"],
        step_bound=found["step_bound"],
        uncertainty=found["uncertainty"],
        kind=None if g is None else kind,
    )


class OptimalStep(NamedTuple):
    """The minimum of ``f - t g^T g + t^2 g^T H g / 2`` over t."""

    step: float  #: g^T g / g^T H g; inf where the model falls for ever, 0 where g = 0
    decrease: float  #: predicted by the model: (g^T g)^2 / (2 g^T H g)
    lower_bound: float  #: 1 / lambda_max, no longer than any such step; inf where lambda_max <= 0
    reason: str


def optimal_step(g: ArrayLike, H: Any) -> OptimalStep:
    """Return the step length of steepest descent that minimises the quadratic model along ``-g``.

    Parameters
    ----------
    g : (n,) array_like
        The gradient.
    H : (n, n) array_like, sparse matrix, operator, or function ``v -> H v``
        The Hessian, symmetric.

    Returns
    -------
    step, decrease, lower_bound, reason : OptimalStep
        ``step`` is ``g^T g / g^T H g``, and infinite where ``g^T H g <= 0``: along ``-g`` the model has no minimum.
        ``lower_bound`` is ``1 / lambda_max(H)``: a step safe for every gradient.

    Raises
    ------
    ValueError
        If shapes do not fit, or for NaN or infinity.
    TypeError
        For complex numbers or a dtype that cannot be computed in.

    Notes
    -----
    One product with ``H``, and ``4 n^3 / 3`` flops or, where ``H`` is not dense, at most 200 products for
    ``lambda_max``, which Lanczos' method then gives to about 1e-3 from below. Reference: Nocedal and Wright, 3.3.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.optimal_step([2.0, 0.0], [[4.0, 0.0], [0.0, 1.0]])[:3]
    (0.25, 0.5, 0.25)
    """
    vector = _hessian.gradient(g, None, name="g")
    n = len(vector)
    if _hessian.is_dense(H):
        matrix = _hessian.symmetric(H).matrix
        if len(matrix) != n:
            raise ValueError(f"`g` {vector.shape} does not fit `H` {matrix.shape}.")
        dtype = np.result_type(vector.dtype, matrix.dtype)
        product = matrix.astype(dtype, copy=False) @ vector.astype(dtype, copy=False)
        top = _core.curvature(matrix, None, 0.0, 0.0, 0.0, False)[3]["step_bound"] if n else float("inf")
    else:
        op = _hessian.operator(H, n)
        dtype = op.dtype
        product = op.apply(vector.astype(dtype, copy=False))
        nodes = _lanczos(op, 1, min(n, 200), 0)[0] if n else np.zeros((1, 1), dtype=dtype)
        highest = float(nodes.max())
        top = 1 / highest if highest > 0 else float("inf")
    if not np.isfinite(product).all():
        raise ValueError(f"the product of `H` with `g` {vector.shape} has a NaN or infinity.")
    step, decrease, bend = _core.optimal_step(vector.astype(dtype, copy=False), np.ascontiguousarray(product))
    if step == 0:
        why = "the gradient is zero: nothing to gain along it"
    elif np.isinf(step):
        why = f"no minimum along -g: g^T H g / g^T g is {bend:.3g}"
    else:
        why = f"the minimum of the model along -g, where the curvature is {bend:.3g}"
    return OptimalStep(float(step), float(decrease), float(top), why)


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
    nodes, weights = _lanczos(op, count, most, _operands.seed_of(rng))
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


def _lanczos(op: _core.Operator, samples: int, steps: int, seed: int) -> tuple[NDArray[Any], NDArray[Any]]:
    outcome, nodes, weights = _core.spectral_density(op, samples, steps, seed)
    _check_products(outcome, op)
    return nodes, weights


def _check_products(outcome: tuple[int, int], op: _core.Operator) -> None:
    reason = reason_of(outcome[0])
    if reason is Reason.non_finite:
        raise ValueError(f"a product of the operator {op.shape} with a finite vector has a NaN or infinity.")
    if reason is not Reason.ok:
        raise ConvergenceError(f"the eigenvalues of a projection of the operator {op.shape} did not converge.")


def _written_out(H: Any, size: int | None) -> Any:
    """Return H as an array, from its entries or from its products with the unit vectors."""
    if _hessian.is_dense(H):
        return H
    op = _hessian.operator(H, size)
    n = op.shape[0]
    if n > _LARGEST_DENSE:
        raise ValueError(
            f"`H` {op.shape} is too large to be written out (at most {_LARGEST_DENSE} rows); "
            "hs.spectral_density(H) and hs.optimal_step(g, H) need its products only."
        )
    if _sparse.is_sparse(H):
        return H.toarray()
    unit = np.eye(n, dtype=op.dtype)
    return np.stack([op.apply(unit[i]) for i in range(n)], axis=1) if n else unit
