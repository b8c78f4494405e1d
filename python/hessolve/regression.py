# SPDX-License-Identifier: BSD-3-Clause
"""Regression with one penalty: ridge, lasso, elastic_net; and the solution of least 1-norm: basis_pursuit."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _design, _operands, _solution, _sparse
from ._reasons import ConvergenceError, Reason, SingularMatrixError
from ._solution import Context, Solution
from .paths import descend, gap_tolerance

_DENSE = ("auto", "cholesky", "augmented", "svd", "dual")
_SPARSE = ("auto", "cholesky", "cg")


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Coefficients of a regression and how they were found. One value per target where y has targets, (m, t).

    Attributes
    ----------
    coef : (n,) or (n, t) ndarray
    intercept : float or (t,) ndarray
        0 where none was asked for.
    alpha : float or (t,) ndarray
        The penalty.
    method : str
        What answered.
    dof : float or (t,) ndarray, or None
        Degrees of freedom of the fit, one of them the intercept's: the trace of the matrix that makes the fitted values
        of y for ridge, the number of nonzero coefficients for the lasso; None for the elastic net.
    duality_gap : float or (t,) ndarray, or None
        The objective is at most this far above its minimum. None for ridge, which is solved directly.
    reason : Reason
    iterations : int or (t,) ndarray
        0 for direct methods.
    """

    coef: NDArray[Any]
    intercept: Any
    alpha: Any
    method: str
    dof: Any
    duality_gap: Any
    reason: Reason
    iterations: Any


@dataclass(frozen=True, eq=False, repr=False)
class MinimumL1Solution(Solution):
    """What `basis_pursuit` found, and the certificate that no other solution has a smaller 1-norm.

    Attributes
    ----------
    dual : (m,) ndarray
        ``||A^T dual||_inf <= 1``, so that ``b^T dual <= ||x||_1`` for every x with ``A x = b``.
    duality_gap : float
        ``||x||_1 - b^T dual``: at most so much is ``||x||_1`` above the least.
    """

    dual: NDArray[Any] | None = None
    duality_gap: float = float("nan")


def ridge(
    X: Any,
    y: ArrayLike,
    alpha: Any = 1.0,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = False,
    penalty: ArrayLike | None = None,
    prior_covariance: ArrayLike | None = None,
    method: str = "auto",
) -> LinearFit:
    """Minimise ``||y - X w||^2 + alpha ||w||^2``.

    Parameters
    ----------
    X : (m, n) array_like or sparse matrix
        float32 or float64; bool and integers become float64, float16 float32. Any memory order; CSR without a copy.
    y : (m,) or (m, t) array_like
        One target, or t of them.
    alpha : float or (t,) array_like, >= 0
        Penalty, in squared units of ``X``; one for all targets or one each. 0: least squares of least norm.
    sample_weight : (m,) array_like, >= 0, optional
        ``sum(sample_weight * (y - X w)**2)`` instead of the first term. At least one weight is positive.
    fit_intercept : bool
        Add a constant to the model, which is not penalised.
    penalty : (n,) or (p, n) array_like, optional
        ``alpha ||L w||^2`` instead of the second term, L a matrix or the diagonal of one. Dense ``X`` only.
    prior_covariance : (n, n) array_like, optional
        ``alpha w^T C^-1 w`` instead of the second term, C symmetric positive definite. Dense ``X`` only.
    method : str
        Of dense ``X``: "cholesky" of ``X^T X + alpha I``, "dual", Cholesky of ``X X^T + alpha I``, "augmented", QR of
        ``[X; sqrt(alpha) I]``, "svd". Of sparse ``X``: "cholesky", "cg". "auto": the cheapest that keeps the digits.

    Returns
    -------
    fit : LinearFit

    Raises
    ------
    ValueError
        If ``alpha`` or a weight is negative, shapes do not fit, there are no rows, ``penalty`` and ``prior_covariance``
        are both given, a keyword is invalid, or there are NaN or infinity.
    TypeError
        For complex data, or a dtype that cannot be solved in.
    NotPositiveDefiniteError
        If ``prior_covariance`` is not positive definite.

    Warns
    -----
    IllConditionedWarning
        If few digits of the coefficients can be trusted.

    See Also
    --------
    ridge_path, select_alpha : many penalties from one factorisation, and a choice among them.
    lstsq : without a penalty.

    Notes
    -----
    ``m n min(m, n)`` flops and one pass over ``X`` by Cholesky; the SVD where that loses more than half of the digits.
    With ``sample_weight`` and ``fit_intercept`` nothing is copied either. Reference: Golub & Van Loan, Matrix
    Computations, 4th ed., 6.1.4. Equivalent: ``sklearn.linear_model.Ridge``.

    Examples
    --------
    >>> import hessolve as hs
    >>> fit = hs.ridge([[1.0, 0.0], [0.0, 2.0]], [2.0, 5.0], alpha=1.0)
    >>> fit.coef.round(12), round(fit.dof, 12)
    (array([1., 2.]), 1.3)
    """
    fit_intercept = _arrays.flag(fit_intercept, "fit_intercept")
    sparse = _sparse.is_sparse(X)
    _arrays.choice(method, "method", (*_DENSE, "cg"))
    if method not in (_SPARSE if sparse else _DENSE):
        kind, instead = ("dense", "X.toarray()") if sparse else ("sparse", "scipy.sparse.csr_array(X)")
        raise ValueError(f"method={method!r} is for {kind} `X`; use method='auto', or pass {instead}.")
    if sparse and (penalty is not None or prior_covariance is not None):
        name = "penalty" if penalty is not None else "prior_covariance"
        raise ValueError(f"`{name}` needs dense `X`; pass X.toarray().")
    design = _design.read(X, y, sample_weight, "hs.ridge", sparse=True)
    alphas = _design.alpha_for(alpha, design.targets)
    if sparse:
        data, indices, indptr, rows, columns = design.X
        coef, intercept, dof, answered, report = _core.ridge_sparse(
            data, indices, indptr, rows, columns, design.Y, alphas,
            weights=design.weights, intercept=fit_intercept, method=method,
        )  # fmt: skip
    else:
        L, C = _design.regulariser(design, penalty, prior_covariance, "hs.ridge")
        coef, intercept, dof, answered, report = _core.ridge(
            design.X, design.Y, alphas,
            weights=design.weights, intercept=fit_intercept, penalty=L, prior=C, method=method,
        )  # fmt: skip
    _solution.raise_for(report, _design.ridge_context(design, prior_covariance is not None))
    found = Reason[_core.REASONS[int(report.reason)]]
    steps = int(report.refinements) if answered == "cg" else 0
    return LinearFit(
        coef=coef[:, 0] if design.flat else coef,
        intercept=_design.plain(design, intercept),
        alpha=_design.plain(design, np.broadcast_to(alphas, design.targets)) if np.ndim(alpha) else float(alphas[0]),
        method=answered,
        dof=_design.plain(design, dof),
        duality_gap=None,
        reason=found,
        iterations=steps,
    )


def lasso(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = False,
    tol: float | None = None,
    max_iter: int = 10_000,
    positive: bool = False,
) -> LinearFit:
    """Minimise ``||y - X w||^2 / (2 m) + alpha ||w||_1``.

    Parameters
    ----------
    X : (m, n) array_like
        float32 or float64; bool and integers become float64, float16 float32. Any memory order.
    y : (m,) or (m, t) array_like
        One target, or t of them, each fitted by itself.
    alpha : float > 0
        Penalty. From ``max(abs(X^T y)) / m`` on all coefficients are zero.
    sample_weight, fit_intercept, tol, max_iter, positive : as for `elastic_net`

    Returns
    -------
    fit : LinearFit

    Raises
    ------
    ValueError, TypeError
        As for `elastic_net`.

    Warns
    -----
    RuntimeWarning
        As for `elastic_net`.

    See Also
    --------
    lasso_path : many penalties, each begun where the one before ended.
    basis_pursuit : the limit for ``alpha`` to 0 where ``X w = y`` has solutions.

    Notes
    -----
    Cost and method as for `elastic_net` with ``l1_ratio=1``. Reference: Tibshirani 1996, doi
    10.1111/j.2517-6161.1996.tb02080.x. Equivalent: ``sklearn.linear_model.Lasso``.

    Examples
    --------
    >>> import hessolve as hs
    >>> fit = hs.lasso([[2.0, 0.0], [0.0, 2.0]], [2.0, 0.1], alpha=1.0)
    >>> fit.coef.round(12), fit.dof
    (array([0.5, 0. ]), 1.0)
    """
    return _sparse_fit("hs.lasso", X, y, alpha, 1.0, sample_weight, fit_intercept, tol, max_iter, positive)


def elastic_net(
    X: ArrayLike,
    y: ArrayLike,
    alpha: float,
    l1_ratio: float = 0.5,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = False,
    tol: float | None = None,
    max_iter: int = 10_000,
    positive: bool = False,
) -> LinearFit:
    """Minimise ``||y - X w||^2 / (2 m) + alpha (l1_ratio ||w||_1 + (1 - l1_ratio) ||w||^2 / 2)``.

    Parameters
    ----------
    X : (m, n) array_like
        float32 or float64; bool and integers become float64, float16 float32. Any memory order.
    y : (m,) or (m, t) array_like
        One target, or t of them, each fitted by itself.
    alpha : float > 0
        Penalty.
    l1_ratio : float in [0, 1]
        1: the lasso; 0: ridge with the penalty ``m alpha``.
    sample_weight : (m,) array_like, >= 0, optional
        Weights of the squares, normalised to the sum m. At least one is positive.
    fit_intercept : bool
        Add a constant to the model, which is not penalised.
    tol : float > 0, optional
        Done when the duality gap is at most ``tol ||y||^2 / m`` (y centred and weighted); ``sqrt(eps)`` by default.
    max_iter : int >= 1
        Most sweeps over the coefficients.
    positive : bool
        Admit coefficients >= 0 only.

    Returns
    -------
    fit : LinearFit
        Its ``duality_gap`` is the certificate.

    Raises
    ------
    ValueError
        If ``alpha`` is not positive, a weight is negative, shapes do not fit, there are no rows, a keyword is out of
        range, or there are NaN or infinity.
    TypeError
        For complex data, or a dtype that cannot be solved in.

    Warns
    -----
    RuntimeWarning
        If ``max_iter`` sweeps did not suffice; ``reason`` says so as well.

    See Also
    --------
    lasso_path : many penalties, each begun where the one before ended.

    Notes
    -----
    Coordinate descent over the columns that cannot be excluded by their part in the dual: ``2 m`` flops for each of
    them in a sweep. Reference: Zou & Hastie 2005, doi 10.1111/j.1467-9868.2005.00503.x; screening: Ndiaye, Fercoq,
    Gramfort & Salmon 2017, JMLR 18(128). Equivalent: ``sklearn.linear_model.ElasticNet``.

    Examples
    --------
    >>> import hessolve as hs
    >>> fit = hs.elastic_net([[2.0, 0.0], [0.0, 2.0]], [2.0, 0.1], alpha=1.0, l1_ratio=0.5)
    >>> fit.coef.round(6)
    array([0.6, 0. ])
    """
    return _sparse_fit("hs.elastic_net", X, y, alpha, l1_ratio, sample_weight, fit_intercept, tol, max_iter, positive)


def basis_pursuit(A: ArrayLike, b: ArrayLike, *, tol: float | None = None, max_iter: int = 10_000) -> MinimumL1Solution:
    """Find the x of least ``||x||_1`` among those with ``A x = b``.

    Parameters
    ----------
    A : (m, n) array_like
        float32 or float64; bool and integers become float64, float16 float32. Any memory order, shape and rank.
    b : (m,) array_like
        In the range of ``A``.
    tol : float > 0, optional
        Done when the duality gap is at most ``tol ||x||_1``; ``sqrt(eps)`` by default.
    max_iter : int >= 1
        Most iterations.

    Returns
    -------
    s : MinimumL1Solution
        A `Solution` with a dual certificate and the gap that is left.

    Raises
    ------
    SingularMatrixError
        If no x satisfies ``A x = b``.
    ConvergenceError
        If ``max_iter`` iterations did not suffice; its ``solution`` is the last iterate.
    ValueError
        For shapes that do not fit, a keyword out of range, NaN or infinity.
    TypeError
        For complex data, or a dtype that cannot be solved in.

    See Also
    --------
    lasso : where ``A x = b`` need not hold exactly.
    lstsq : the x of least 2-norm.

    Notes
    -----
    A linear programme, solved by a primal-dual method whose iterations take ``m^2 n`` flops at most. Reference: Chen,
    Donoho & Saunders 2001, doi 10.1137/S003614450037906X.

    Examples
    --------
    >>> import hessolve as hs
    >>> s = hs.basis_pursuit([[1.0, 0.0, 1.0], [0.0, 1.0, 1.0]], [1.0, 1.0])
    >>> s.x.round(6) + 0.0
    array([0., 0., 1.])
    """
    matrix = _operands.one_matrix(A, "A", "hs.basis_pursuit")
    system = _arrays.as_system(matrix, b)
    for name, array in (("A", system.A), ("b", system.b)):
        _design.refuse_complex(array, name, "hs.basis_pursuit")
    if system.b.shape[1:] != (1,):
        raise ValueError(f"`b` {system.shapes['b']} is not one vector; hs.basis_pursuit solves for one b at a time.")
    limit, most = gap_tolerance(tol, system.A.dtype), _operands.integer(max_iter, "max_iter", 1)
    x, y, gap, iterations, report = _core.basis_pursuit(system.A, system.b, tol=limit, max_iterations=most)
    if _solution.is_singular(report):
        text = f"`A` {system.shapes['A']} and `b`: no x satisfies A x = b"
        raise SingularMatrixError(f"{text}. Use hs.lasso(A, b, alpha) or hs.lstsq(A, b), which need no exact solution.")
    plain = vars(_solution.solution_of(x[:, 0] if system.vector else x, report))
    (m, n), left = system.A.shape, float(np.linalg.norm(system.b - system.A @ x))
    own = {"method": "basis-pursuit", "iterations": int(iterations), "dual": y[:, 0], "duality_gap": float(gap)}
    own |= {"regime": 3 if m < n else 2 if m > n else 1, "residual_norm": left}
    found = MinimumL1Solution(**plain | own)
    if found.reason == Reason.max_iterations:
        text = f"`A` {system.shapes['A']}: the duality gap is still {gap:.1e} after {iterations} iterations"
        raise ConvergenceError(f"{text}. Use a larger max_iter or tol.", found)
    _solution.raise_for(report, Context(system.shapes, system.A.dtype, "Use hs.lstsq(A, b).", on_singular="warn"))
    return found


def _sparse_fit(
    function: str, X: ArrayLike, y: ArrayLike, alpha: float, l1_ratio: float, sample_weight: ArrayLike | None,
    fit_intercept: bool, tol: float | None, max_iter: int, positive: bool,
) -> LinearFit:  # fmt: skip
    """Return the path of one penalty as a fit."""
    penalty = _design.one_alpha(alpha, positive=True)
    design, found = descend(
        function, X, y, np.array([penalty]), l1_ratio,
        sample_weight=sample_weight, fit_intercept=fit_intercept, tol=tol, max_iter=max_iter, positive=positive,
    )  # fmt: skip
    coef = found["coefs"][..., 0]
    return LinearFit(
        coef=coef[:, 0] if design.flat else coef,
        intercept=_design.plain(design, found["intercepts"][:, 0]),
        alpha=penalty,
        method="coordinate-descent",
        dof=_design.plain(design, np.count_nonzero(coef, axis=0) + float(fit_intercept)) if l1_ratio == 1 else None,
        duality_gap=_design.plain(design, found["gaps"][:, 0]),
        reason=Reason.converged if found["converged"].all() else Reason.max_iterations,
        iterations=_design.plain(design, found["iterations"][:, 0]),
    )
