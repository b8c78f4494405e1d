# SPDX-License-Identifier: BSD-3-Clause
"""Regression with many penalties at once: ridge_path, lasso_path, select_alpha."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _design, _operands, _solution
from ._design import Design
from ._reasons import Reason

_CRITERIA = ("loo", "gcv", "l-curve", "discrepancy", "max-element")
_PICTURES = ("coefficients", "loo", "l-curve")


@dataclass(frozen=True, eq=False)
class Path:
    """Regressions for k penalties. None: not computed for this kind. The axis (t,) is missing where y came as (m,).

    Attributes
    ----------
    kind : str
        "ridge", "lasso" or "elastic net".
    alphas : (k,) ndarray
        Descending.
    coefs : (n, k) or (n, t, k) ndarray
    intercepts : (k,) or (t, k) ndarray
        Zeros where none was asked for.
    dof : (k,) ndarray or None
        Degrees of freedom, one of them the intercept's. Of ridge.
    gcv, loo : (k,) or (t, k) ndarray, or None
        Generalised cross-validation; (weighted) mean squared error of each row as the others predict it. Of ridge.
    residual_norm, solution_norm : (k,) or (t, k) ndarray, or None
        ``||y - X w||`` and ``||w||``: the L-curve. Of ridge.
    duality_gap : (k,) or (t, k) ndarray, or None
        The objective is at most this far above its minimum. Of lasso and elastic net.
    iterations : (k,) or (t, k) ndarray of int64, or None
        Sweeps. Of lasso and elastic net.
    converged : (k,) or (t, k) ndarray of bool, or None
        Of lasso and elastic net.
    """

    kind: str
    alphas: NDArray[np.float64]
    coefs: NDArray[Any]
    intercepts: NDArray[Any]
    dof: NDArray[np.float64] | None = None
    gcv: NDArray[Any] | None = None
    loo: NDArray[Any] | None = None
    residual_norm: NDArray[Any] | None = None
    solution_norm: NDArray[Any] | None = None
    duality_gap: NDArray[Any] | None = None
    iterations: NDArray[np.int64] | None = None
    converged: NDArray[np.bool_] | None = None

    def plot(self, ax: Any = None, *, kind: str = "coefficients") -> Any:
        """Draw the coefficients over the penalty, or of ridge the leave-one-out error ("loo") or the "l-curve".

        Takes matplotlib axes, a new figure's by default, and returns them; ImportError if matplotlib is missing.
        """
        _arrays.choice(kind, "kind", _PICTURES)
        from . import plot

        draw = {"coefficients": plot.coefficients, "loo": plot.leave_one_out, "l-curve": plot.l_curve}[kind]
        return draw(self, ax=ax)


def ridge_path(
    X: ArrayLike,
    y: ArrayLike,
    alphas: ArrayLike | None = None,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = False,
    penalty: ArrayLike | None = None,
    prior_covariance: ArrayLike | None = None,
) -> Path:
    """Minimise ``||y - X w||^2 + alpha ||w||^2`` for many penalties, from one factorisation.

    Parameters
    ----------
    X : (m, n) array_like
        float32 or float64; bool and integers become float64, float16 float32. Any memory order.
    y : (m,) or (m, t) array_like
        One target, or t of them.
    alphas : (k,) array_like, >= 0, optional
        Penalties in any order; they are sorted to descend, and equal ones kept. By default a geometric grid over the
        squares of the singular values of ``X``.
    sample_weight, fit_intercept, penalty, prior_covariance : as for `ridge`

    Returns
    -------
    path : Path
        Coefficients, and for each penalty the degrees of freedom, generalised cross-validation, leave-one-out error and
        the norms of the L-curve.

    Raises
    ------
    ValueError
        If a penalty or a weight is negative, shapes do not fit, there are no rows, ``penalty`` and ``prior_covariance``
        are both given, or there are NaN or infinity.
    TypeError
        For complex or sparse data, or a dtype that cannot be solved in.
    NotPositiveDefiniteError
        If ``prior_covariance`` is not positive definite.

    See Also
    --------
    select_alpha : the best penalty by one of these criteria.

    Notes
    -----
    One eigendecomposition or SVD, then ``2 n^2`` flops for each penalty and target. Reference: Golub, Heath & Wahba
    1979, doi 10.1080/00401706.1979.10489751. Equivalent: ``sklearn.linear_model.RidgeCV``.

    Examples
    --------
    >>> import hessolve as hs
    >>> path = hs.ridge_path([[1.0, 0.0], [0.0, 2.0]], [2.0, 5.0], [1.0, 4.0])
    >>> path.alphas
    array([4., 1.])
    >>> path.coefs.round(12)
    array([[0.4 , 1.  ],
           [1.25, 2.  ]])
    """
    fit_intercept = _arrays.flag(fit_intercept, "fit_intercept")
    design = _design.read(X, y, sample_weight, "hs.ridge_path")
    L, C = _design.regulariser(design, penalty, prior_covariance, "hs.ridge_path")
    found = _core.ridge_path(
        design.X, design.Y, _design.alphas_of(alphas),
        weights=design.weights, intercept=fit_intercept, penalty=L, prior=C,
    )  # fmt: skip
    _solution.raise_for(found["report"], _design.ridge_context(design, prior_covariance is not None))
    return Path(
        kind="ridge",
        dof=found["dof"],
        **_of_targets(design, found, "gcv", "loo", "residual_norm", "solution_norm"),
    )


def lasso_path(
    X: ArrayLike,
    y: ArrayLike,
    alphas: ArrayLike | None = None,
    l1_ratio: float = 1.0,
    *,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = False,
    n_alphas: int = 100,
    eps: float = 1e-3,
    tol: float | None = None,
    max_iter: int = 10_000,
    positive: bool = False,
) -> Path:
    """Minimise the objective of `elastic_net` for many penalties, each begun where the one before ended.

    Parameters
    ----------
    X : (m, n) array_like
        float32 or float64; bool and integers become float64, float16 float32. Any memory order.
    y : (m,) or (m, t) array_like
        One target, or t of them, each fitted by itself.
    alphas : (k,) array_like, > 0, optional
        Penalties in any order; they are sorted to descend, and equal ones kept. By default ``n_alphas`` in equal ratios
        from the one that makes all coefficients zero down to ``eps`` times that.
    l1_ratio : float in [0, 1]
        1: the lasso. 0, ridge, needs ``alphas``.
    sample_weight, fit_intercept, tol, max_iter, positive : as for `elastic_net`
    n_alphas : int >= 1
    eps : float in (0, 1)

    Returns
    -------
    path : Path

    Raises
    ------
    ValueError
        If a penalty is not positive, a weight is negative, shapes do not fit, there are no rows, a keyword is out of
        range, or there are NaN or infinity.
    TypeError
        For complex or sparse data, or a dtype that cannot be solved in.

    Warns
    -----
    RuntimeWarning
        If ``max_iter`` sweeps did not suffice for a penalty; ``converged`` says for which.

    Notes
    -----
    As for `elastic_net`. Reference: Friedman, Hastie & Tibshirani 2010, doi 10.18637/jss.v033.i01. Equivalent:
    ``sklearn.linear_model.lasso_path``, ``enet_path``.

    Examples
    --------
    >>> import hessolve as hs
    >>> path = hs.lasso_path([[2.0, 0.0], [0.0, 2.0]], [2.0, 1.0], [1.0, 0.5])
    >>> path.coefs.round(12)
    array([[0.5 , 0.75],
           [0.  , 0.25]])
    """
    design, found = descend(
        "hs.lasso_path", X, y, _design.alphas_of(alphas, positive=True), l1_ratio,
        sample_weight=sample_weight, fit_intercept=fit_intercept, tol=tol, max_iter=max_iter, positive=positive,
        n_alphas=n_alphas, eps=eps,
    )  # fmt: skip
    found["duality_gap"] = found["gaps"]
    kind = "lasso" if l1_ratio == 1 else "elastic net"
    return Path(kind=kind, **_of_targets(design, found, "duality_gap", "iterations", "converged"))


def select_alpha(
    X: ArrayLike,
    y: ArrayLike,
    alphas: ArrayLike | None = None,
    *,
    criterion: str = "loo",
    noise: float | None = None,
    sample_weight: ArrayLike | None = None,
    fit_intercept: bool = False,
) -> float:
    """Choose the penalty of `ridge` from the data.

    Parameters
    ----------
    X : (m, n) array_like
        float32 or float64; bool and integers become float64, float16 float32. Any memory order.
    y : (m,) or (m, t) array_like
        One target, or t of them, for which one penalty is chosen.
    alphas : (k,) array_like, >= 0, optional
        The penalties to choose from; by default those of `ridge_path`. Not for "max-element".
    criterion : {"loo", "gcv", "l-curve", "discrepancy", "max-element"}
        Least leave-one-out error, least generalised cross-validation, the corner of the L-curve, a residual of the size
        of the noise, or 1 over the largest entry of ``X^T X``.
    noise : float > 0, optional
        Standard deviation of the errors of y; "discrepancy" needs it, the others do without.
    sample_weight, fit_intercept : as for `ridge`

    Returns
    -------
    alpha : float

    Raises
    ------
    ValueError
        If ``noise`` is missing, unneeded, or no penalty leaves a residual of its size; and as for `ridge_path`.
    TypeError
        For complex or sparse data, or a dtype that cannot be solved in.

    See Also
    --------
    ridge_path : all of the criteria for each penalty.

    Notes
    -----
    One factorisation. Reference: Golub, Heath & Wahba 1979, doi 10.1080/00401706.1979.10489751 (gcv); Hansen 1992, doi
    10.1137/1034115 (L-curve); Morozov 1966 (discrepancy). Equivalent: ``sklearn.linear_model.RidgeCV`` for "loo".

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.select_alpha([[1.0, 0.0], [0.0, 2.0]], [2.0, 5.0], criterion="max-element")
    0.25
    """
    _arrays.choice(criterion, "criterion", _CRITERIA)
    fit_intercept = _arrays.flag(fit_intercept, "fit_intercept")
    level = None if noise is None else _arrays.real(noise, "noise", "it is a finite number > 0, or None", _is_positive)
    if (level is not None) != (criterion == "discrepancy"):
        verb = "needs `noise`" if level is None else "takes no `noise`"
        raise ValueError(f"criterion={criterion!r} {verb}, the standard deviation of the errors of y.")
    if criterion == "max-element" and alphas is not None:
        raise ValueError("criterion='max-element' takes no `alphas`; it does not choose among them.")
    design = _design.read(X, y, sample_weight, "hs.select_alpha")
    alpha, found = _core.select_alpha(
        design.X, design.Y, _design.alphas_of(alphas),
        criterion=criterion, noise=level or 0.0, weights=design.weights, intercept=fit_intercept,
    )  # fmt: skip
    if "report" in found:
        _solution.raise_for(found["report"], _design.ridge_context(design, False))
    if not np.isfinite(alpha):
        if criterion == "discrepancy":
            raise ValueError(f"noise={level:g} is not attained: no penalty leaves a residual of that size.")
        raise ValueError(f"`X` {design.shapes['X']} is zero; criterion={criterion!r} finds no penalty for it.")
    return float(alpha)


def descend(
    function: str,
    X: Any,
    y: Any,
    alphas: NDArray[np.float64] | None,
    l1_ratio: float,
    *,
    sample_weight: Any,
    fit_intercept: bool,
    tol: float | None,
    max_iter: int,
    positive: bool,
    n_alphas: int = 1,
    eps: float = 1e-3,
) -> tuple[Design, dict[str, Any]]:
    """Return checked data and the compiled path over the penalties, with a warning where it did not converge."""
    fit_intercept, positive = _arrays.flag(fit_intercept, "fit_intercept"), _arrays.flag(positive, "positive")
    l1_ratio = _arrays.real(l1_ratio, "l1_ratio", "it is a number from 0 to 1", lambda value: 0.0 <= value <= 1.0)
    if alphas is None and l1_ratio == 0:
        raise ValueError("l1_ratio=0 needs `alphas`: no penalty makes all coefficients of ridge regression zero.")
    n_alphas, max_iter = _operands.integer(n_alphas, "n_alphas", 1), _operands.integer(max_iter, "max_iter", 1)
    eps = _arrays.real(eps, "eps", "it is a number between 0 and 1", lambda value: 0.0 < value < 1.0)
    design = _design.read(X, y, sample_weight, function)
    found = _core.lasso_path(
        design.X, design.Y, alphas, l1_ratio=l1_ratio, weights=design.weights, intercept=fit_intercept,
        tol=gap_tolerance(tol, design.dtype), max_iterations=max_iter, n_alphas=n_alphas, eps=eps, coef0=None,
        positive=positive,
    )  # fmt: skip
    report = found["report"]
    if _core.REASONS[int(report.reason)] != Reason.max_iterations:  # told below, for each penalty
        _solution.raise_for(report, _design.context(design))
    missed = np.argwhere(~found["converged"])
    if len(missed):
        target, k = missed[0]
        gap, penalty = found["gaps"][target, k], found["alphas"][k]
        more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
        text = f"`X` {design.shapes['X']}: at alpha={penalty:.3g}{more} the duality gap is still {gap:.1e} after"
        _solution.warn(f"{text} {max_iter} sweeps. Use a larger max_iter, tol or alpha.", RuntimeWarning)
    return design, found


def gap_tolerance(tol: float | None, dtype: np.dtype[Any]) -> float:
    """Return the tolerance of a duality gap: ``sqrt(eps)`` by default."""
    if tol is None:
        return float(np.sqrt(np.finfo(dtype).eps))
    return _arrays.real(tol, "tol", "it is a finite number > 0, or None", _is_positive)


def _is_positive(value: float) -> bool:
    return 0.0 < value < np.inf


def _of_targets(design: Design, found: dict[str, Any], *names: str) -> dict[str, Any]:
    """Return what a path has in common and what is named, without the axis of targets where y came as (m,)."""
    coefs = found["coefs"]
    values = {name: found[name][0] if design.flat else found[name] for name in ("intercepts", *names)}
    return {"alphas": found["alphas"], "coefs": coefs[:, 0] if design.flat else coefs, **values}
