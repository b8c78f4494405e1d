# SPDX-License-Identifier: BSD-3-Clause
"""Hessians of the losses of generalised linear models, whole, by products or chunk by chunk; Gauss-Newton matrices."""

from typing import Any, NamedTuple, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _design, _losses, _sparse


def glm_hessian(
    X: Any,
    y: ArrayLike | None,
    coef: ArrayLike,
    *,
    family: str,
    delta: float = 1.0,
    sample_weight: ArrayLike | None = None,
    alpha: float = 0.0,
    fit_intercept: bool = False,
    reduction: str = "sum",
) -> NDArray[Any]:
    """Compute the Hessian of the loss of a generalised linear model, ``X^T W X + alpha I``, in one pass over ``X``.

    Parameters
    ----------
    X : (m, n) array_like or sparse matrix
        float32 or float64, in which everything is computed; other real dtypes become float64. Read where it is, also
        memory-mapped; CSR without a copy.
    y : (m,) array_like or None
        "huber" needs numbers and "squared-hinge" labels 0 and 1, or -1 and 1. The other Hessians do not depend on
        ``y``: None, or labels that are only checked ("logistic": as above; "poisson": >= 0; "softmax": integers
        0 ... K - 1).
    coef : (n,) or (n + 1,) array_like; for "softmax" (K, n) or (K, n + 1)
        Where the Hessian is taken; with ``fit_intercept`` the intercept is the last entry.
    family : str
        The loss of a row with ``eta = x^T coef``, and what stands in W. "gaussian": ``(y - eta)^2 / 2``, 1.
        "logistic": ``log(1 + exp(eta)) - y eta``, ``p (1 - p)``. "poisson": ``exp(eta) - y eta``, ``exp(eta)``.
        "huber": half the square up to ``delta`` and linear beyond, 1 or 0. "squared-hinge": ``max(0, 1 - y eta)^2``,
        2 or 0. "softmax": ``log(sum(exp(eta_k))) - eta_y``, ``diag(p) - p p^T``.
    delta : float, > 0
        Of "huber", in units of ``y``: residuals of exactly this size count as inside.
    sample_weight : (m,) array_like, optional
        Finite, >= 0, not all zero, in the range of X's dtype.
    alpha : float, >= 0
        Of the penalty ``alpha / 2 ||coef||^2``, in which intercepts have no part. ``reduction`` leaves it alone.
    fit_intercept : bool
        Whether ``coef`` has an intercept.
    reduction : str
        "sum" of the losses, or their weighted "mean", scikit-learn's convention.

    Returns
    -------
    H : (p, p) ndarray
        Symmetric, of X's dtype; p = n, or n + 1 with an intercept. "softmax": p = K n or K (n + 1), and variable j of
        class k is row ``j K + k``: that of ``coef.ravel(order="F")``, as in scikit-learn.

    Raises
    ------
    ValueError
        For shapes that do not fit, labels outside the family's range, a negative or missing weight, NaN or infinity,
        or where ``exp(eta)`` overflows; the message names the row.
    TypeError
        For complex numbers.

    Notes
    -----
    ``m p^2`` flops; weights are computed panel by panel while the rows are in the cache, and no weighted copy of X is
    made. The same bits for any number of threads. Where a loss has a kink ("huber", "squared-hinge") this is a
    generalised Hessian. Equivalent: ``sklearn.linear_model._linear_loss.LinearModelLoss.gradient_hessian``
    (``reduction="mean"``, ``l2_reg_strength=alpha``). Reference: McCullagh and Nelder, Generalized Linear Models, 2.5.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> hs.glm_hessian(X, None, [0.0, 0.0], family="logistic")
    array([[0.75, 0.75],
           [0.75, 1.25]])
    """
    problem = _losses.problem_of(X, y, coef, family, delta, sample_weight, alpha, fit_intercept, reduction)
    H, outcome = _core.glm_hessian(problem.X, problem.loss)
    problem.raise_for(outcome)
    return H


class GlmOperator:
    """The Hessian of `glm_hessian` as products ``H @ v``; made by `glm_operator`. Usable wherever operators are."""

    def __init__(self, operator: _core.Operator) -> None:
        self._operator = operator
        self.shape: tuple[int, int] = operator.shape
        self.dtype: np.dtype[Any] = operator.dtype

    def matvec(self, v: ArrayLike) -> NDArray[Any]:
        """Return ``H v``, (p,); one pass over X. Raises ValueError for a shape that does not fit, NaN or infinity."""
        vector = _arrays.as_array(v, "v")
        if vector.shape not in ((self.shape[1],), (self.shape[1], 1)):
            raise ValueError(f"`v` {vector.shape} does not fit: a vector ({self.shape[1]},) is needed.")
        _losses.refuse_complex(vector, "v")
        _arrays.check_finite(vector, "v")
        flat = np.ascontiguousarray(_losses.cast(vector.reshape(-1), "v", self.dtype))
        product = self._operator.apply(flat)
        if not np.isfinite(product).all():
            raise ValueError(f"the product with `v` {vector.shape} overflows in {self.dtype}; scale `v`.")
        return product

    rmatvec = matvec

    def __matmul__(self, v: ArrayLike) -> NDArray[Any]:
        """Return the products with a vector (p,), or with the columns of a matrix (p, k)."""
        vectors = _arrays.as_array(v, "v")
        if vectors.ndim != 2:
            return self.matvec(vectors)
        columns = [self.matvec(column) for column in vectors.T]
        return np.stack(columns, axis=1) if columns else np.zeros((self.shape[0], 0), dtype=self.dtype)

    def __repr__(self) -> str:
        return f"GlmOperator(shape={self.shape}, dtype={self.dtype})"


def glm_operator(
    X: Any,
    y: ArrayLike | None,
    coef: ArrayLike,
    *,
    family: str,
    delta: float = 1.0,
    sample_weight: ArrayLike | None = None,
    alpha: float = 0.0,
    fit_intercept: bool = False,
    reduction: str = "sum",
) -> GlmOperator:
    """Return the Hessian of `glm_hessian` by its products, without forming it.

    Parameters
    ----------
    X, y, coef : as in `glm_hessian`
        ``X`` must not be changed while the operator is in use.
    family, delta, sample_weight, alpha, fit_intercept, reduction : as in `glm_hessian`

    Returns
    -------
    H : GlmOperator
        ``.shape`` (p, p), ``.dtype``, ``.matvec(v)``, ``H @ v``; for `spectral_density`, `estimate_trace`, `iterate`,
        and, as it has the attributes of a linear operator, for SciPy.

    Raises
    ------
    ValueError, TypeError
        As in `glm_hessian`.

    Notes
    -----
    The weights are computed once, one number a row (K for "softmax"); a product takes one pass over ``X`` and
    ``4 m p`` flops.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> X = np.array([[1.0, 0.0], [1.0, 1.0], [1.0, 2.0]])
    >>> H = hs.glm_operator(X, None, [0.0, 0.0], family="logistic")
    >>> H @ [1.0, 1.0]
    array([1.5, 2. ])
    """
    problem = _losses.problem_of(X, y, coef, family, delta, sample_weight, alpha, fit_intercept, reduction)
    operator, outcome = _core.glm_operator(problem.X, problem.loss)
    problem.raise_for(outcome)
    assert operator is not None
    return GlmOperator(operator)


class GlmHessian:
    """The Hessian of `glm_hessian` summed over chunks of rows that need not be in memory together.

    Parameters
    ----------
    coef, family, delta, alpha, fit_intercept, reduction : as in `glm_hessian`

    Raises
    ------
    ValueError, TypeError
        As in `glm_hessian`; an `update` that fails leaves the sum as it was. The weights of one chunk may all be zero.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> state = hs.GlmHessian([0.0, 0.0], family="logistic")
    >>> for X in (np.array([[1.0, 0.0], [1.0, 1.0]]), np.array([[1.0, 2.0]])):
    ...     state.update(X)
    >>> state.matrix
    array([[0.75, 0.75],
           [0.75, 1.25]])
    """

    def __init__(
        self,
        coef: ArrayLike,
        *,
        family: str,
        delta: float = 1.0,
        alpha: float = 0.0,
        fit_intercept: bool = False,
        reduction: str = "sum",
    ) -> None:
        self._coef = np.array(_arrays.as_array(coef, "coef"))
        self._delta = _losses.delta_of(delta)
        self._intercept = _arrays.flag(fit_intercept, "fit_intercept")
        self._alpha = _design.one_alpha(alpha)
        self._mean = _arrays.choice(reduction, "reduction", ("sum", "mean")) == "mean"
        self._family = _arrays.choice(family, "family", _losses.FAMILIES)
        axes = 2 if self._family == "softmax" else 1
        if self._coef.ndim != axes or self._coef.size == 0 or (axes == 2 and len(self._coef) < 2):
            needed = "(K, n) or (K, n + 1) with K >= 2" if axes == 2 else "(n,) or (n + 1,)"
            raise ValueError(f"`coef` {self._coef.shape} does not fit family={family!r}; {needed} is needed.")
        _losses.refuse_complex(self._coef, "coef")
        _arrays.check_finite(self._coef, "coef")
        self._penalised = self._coef.shape[-1] - int(self._intercept)
        self._sum = np.zeros((self._coef.size, self._coef.size))
        self.total_weight = 0.0  #: the sum of the weights so far; of rows, where there are none
        self.rows = 0  #: rows so far

    def update(self, X: Any, y: ArrayLike | None = None, sample_weight: ArrayLike | None = None) -> None:
        """Add the rows of a chunk, (m, n), with their labels and weights, (m,), which may all be zero."""
        problem = _losses.problem_of(
            X, y, self._coef, self._family, self._delta, sample_weight, 0.0, self._intercept, "sum", zero_weights=True
        )
        H, outcome = _core.glm_hessian(problem.X, problem.loss)
        problem.raise_for(outcome)
        rows = problem.shape[0]
        weight = rows if sample_weight is None else _losses.total_of(_arrays.as_array(sample_weight, "sample_weight"))
        with np.errstate(over="ignore"):
            total = self._sum + H
        if not np.isfinite(total).all() or not np.isfinite(self.total_weight + weight):
            raise ValueError(
                f"the sum over {self.rows + rows} rows overflows in float64 with `X` {problem.shape}; scale its "
                "columns, or the weights."
            )
        self._sum = total
        self.total_weight += float(weight)
        self.rows += rows

    @property
    def matrix(self) -> NDArray[np.float64]:
        """Return the Hessian over all rows so far, (p, p), float64."""
        if self._mean and self.total_weight == 0:
            what = "weights other than zero" if self.rows else "rows"
            raise ValueError(f"there are no {what} yet, and so no mean; call update(X, y) first.")
        with np.errstate(over="ignore"):
            H = self._sum / self.total_weight if self._mean else self._sum.copy()
        penalised = self._penalised * (self._coef.shape[0] if self._coef.ndim == 2 else 1)
        H[np.arange(penalised), np.arange(penalised)] += self._alpha
        if not np.isfinite(H).all():
            raise ValueError(f"the Hessian over {self.rows} rows overflows in float64; scale the weights, or alpha.")
        return H

    def __repr__(self) -> str:
        return f"GlmHessian(family={self._family!r}, coef={self._coef.shape}, rows={self.rows})"


class GaussNewton(NamedTuple):
    """What `gauss_newton` returns where there is a residual."""

    H: NDArray[Any]  #: (n, n), J^T W J + damping I
    gradient: NDArray[Any]  #: (n,), J^T W r
    step: NDArray[Any]  #: (n,), minimises ||r + J step||^2 (weighted) + damping ||step||^2


@overload
def gauss_newton(
    J: Any, residual: None = None, *, weights: ArrayLike | None = None, damping: float = 0.0
) -> NDArray[Any]: ...
@overload
def gauss_newton(
    J: Any, residual: ArrayLike, *, weights: ArrayLike | None = None, damping: float = 0.0
) -> GaussNewton: ...
def gauss_newton(
    J: Any, residual: ArrayLike | None = None, *, weights: ArrayLike | None = None, damping: float = 0.0
) -> NDArray[Any] | GaussNewton:
    """Compute the Gauss-Newton matrix ``J^T W J + damping I`` of ``||r(x)||^2 / 2``, and with a residual the step.

    Parameters
    ----------
    J : (m, n) array_like or sparse matrix
        The Jacobian of the residuals, float32 or float64.
    residual : (m,) array_like, optional
        r at the same point.
    weights : (m,) array_like, optional
        Of the squares of the residuals: finite, >= 0, not all zero, in the range of J's dtype.
    damping : float, >= 0
        Levenberg's parameter.

    Returns
    -------
    H : (n, n) ndarray
        Where no residual is given; symmetric.
    g : GaussNewton
        Where one is: ``(H, gradient, step)``. The step is a descent direction, and comes from ``J`` (QR; of the
        smallest norm where columns depend on each other), not from ``H``, so that the condition is not squared.

    Raises
    ------
    ValueError
        For shapes that do not fit, a negative weight or damping, NaN or infinity, also where products overflow.
    TypeError
        For complex numbers.

    Notes
    -----
    ``m n^2`` flops for H, ``2 m n^2`` more for the step, which is that of `lstsq`, or of `ridge` where damping > 0; a
    sparse ``J`` goes through `backslash`. Equivalent: the step of ``scipy.optimize.least_squares``, unbounded.
    Reference: Nocedal and Wright, Numerical Optimization, 10.3.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> g = hs.gauss_newton([[1.0, 0.0], [0.0, 2.0]], [3.0, 4.0])
    >>> g.H
    array([[1., 0.],
           [0., 4.]])
    >>> g.step
    array([-3., -2.])
    """
    matrix, data = _losses.real_matrix(J, "J")
    shape = matrix.shape
    lam = _design.one_alpha(damping, "damping")
    w = _losses.row_weights(weights, shape[0], "weights", "J", data.dtype)
    r = None if residual is None else _losses.residual_of(residual, shape, data.dtype)
    if isinstance(matrix, _design.Csr):
        zeros = np.zeros((1, shape[1]), dtype=data.dtype)
        loss = _core.GlmLoss(zeros, None, w, "gaussian", 1.0, False, lam, False)
        H, outcome = _core.glm_hessian((matrix.indptr, matrix.indices, matrix.data, matrix.columns), loss)
    else:
        H, outcome = _core.gauss_newton(matrix, w, lam)
    if outcome[0] != _losses.OK:
        if outcome[1] >= 0 and isinstance(matrix, np.ndarray):
            column = int(np.argmin(np.isfinite(matrix[outcome[1]])))
            raise ValueError(_arrays.non_finite_text("J", shape, outcome[1], column, ()))
        raise ValueError(f"J^T W J overflows in {data.dtype} for `J` {shape}; scale its columns.")
    if r is None:
        return H
    A = (
        _sparse.csr_array((matrix.indptr, matrix.indices, matrix.data), shape)
        if isinstance(matrix, _design.Csr)
        else None
    )
    with np.errstate(over="ignore", invalid="ignore"):
        weighted = r if w is None else w * r
        gradient = np.asarray((matrix if A is None else A).T @ weighted)
    if not np.isfinite(gradient).all():
        raise ValueError(
            f"J^T W r overflows in {data.dtype} for `J` {shape} and `residual` {r.shape}, as large as "
            f"{abs(r).max():.2g}; scale the residuals and the rows of `J`, or the weights."
        )
    step = _dense_step(matrix, r, w, lam) if A is None else _sparse_step(A, r, w, lam)
    if not np.isfinite(step).all():
        raise ValueError(f"the step for `J` {shape} overflows in {data.dtype}; scale its columns, or the residuals.")
    return GaussNewton(H, gradient, step)


def _dense_step(J: NDArray[Any], r: NDArray[Any], w: NDArray[Any] | None, damping: float) -> NDArray[Any]:
    if damping > 0:
        from .regression import ridge

        return np.asarray(ridge(J, -r, damping, sample_weight=w).coef)
    from .least_squares import lstsq

    return np.asarray(lstsq(J, -r, sample_weight=w)[0])


def _sparse_step(J: Any, r: NDArray[Any], w: NDArray[Any] | None, damping: float) -> NDArray[Any]:
    if damping > 0:
        from .regression import ridge

        return np.asarray(ridge(J, -r, damping, sample_weight=w).coef)
    from .linear import backslash

    if w is not None:
        root = np.sqrt(w)
        scaled = J.data * np.repeat(root, np.diff(J.indptr))
        J, r = _sparse.csr_array((J.indptr, J.indices, scaled), J.shape), root * r
    return np.asarray(backslash(J, -r).x)
