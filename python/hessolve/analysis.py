# SPDX-License-Identifier: BSD-3-Clause
"""What a Hessian says: eigenvalues, inertia, the kind of a point, safe step lengths."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _hessian, _sparse
from ._iteration import reason_of
from ._reasons import ConvergenceError, NotPositiveDefiniteError, Reason
from .spectra import lanczos

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
        nodes = lanczos(op, 1, min(n, 200), 0)[0] if n else np.zeros((1, 1), dtype=dtype)
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
