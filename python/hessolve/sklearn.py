# SPDX-License-Identifier: BSD-3-Clause
"""Estimators for scikit-learn: LinearRegression, Ridge, RidgeCV, Lasso, ElasticNet, LassoCV.

Thin layers over hs.lstsq, hs.ridge, hs.ridge_path, hs.lasso, hs.elastic_net and hs.lasso_path, with the names,
objectives and shapes of ``sklearn.linear_model``. Parameters of theirs that steer an algorithm which is not run here
(``copy_X``, ``n_jobs``, ``precompute``, ``random_state``, ``selection``, ``solver``, ``tol``) are
accepted and have no effect; ``warm_start=True`` is refused, ``positive=True`` but for Lasso and ElasticNet. X is dense.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

try:
    from sklearn.base import BaseEstimator, MultiOutputMixin, RegressorMixin
    from sklearn.model_selection import check_cv
    from sklearn.utils.validation import check_is_fitted, column_or_1d, validate_data
except ImportError as error:
    raise ImportError("hessolve.sklearn needs scikit-learn >= 1.6: pip install scikit-learn.") from error

__all__ = ["ElasticNet", "Lasso", "LassoCV", "LinearRegression", "Ridge", "RidgeCV"]


class _Linear(MultiOutputMixin, RegressorMixin, BaseEstimator):  # type: ignore[misc]
    """What all have in common: reading X and y, predicting, and the shapes of scikit-learn."""

    fit_intercept: bool
    _refused: tuple[str, ...] = ("positive", "warm_start")
    _one_target_is_flat = True  # coef_ of y (m, 1) is (n,), not (1, n)

    def predict(self, X: Any) -> NDArray[Any]:
        """Return ``X coef_ + intercept_``, (m,) or (m, targets)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False, dtype=[np.float64, np.float32])
        return np.asarray(X @ self.coef_.T + self.intercept_)

    def _read(self, X: Any, y: Any, sample_weight: Any, *, targets: bool = True) -> tuple[Any, Any, Any]:
        for name in self._refused:
            if getattr(self, name, False):
                text = f"{name}=True is not supported by hessolve.sklearn.{type(self).__name__}"
                raise ValueError(f"{text}; use sklearn.linear_model.{type(self).__name__}.")
        X, y = validate_data(
            self, X, y, dtype=[np.float64, np.float32], y_numeric=True, multi_output=targets, estimator=self
        )
        y = np.asarray(y if targets else column_or_1d(y, warn=True), dtype=X.dtype)
        return X, y, None if sample_weight is None else _weights(sample_weight, X)

    def _take(self, coef: NDArray[Any], intercept: Any, y: NDArray[Any]) -> None:
        """Store coefficients, (n,) or (n, t), as scikit-learn has them: (n,) or (t, n)."""
        self.coef_ = np.ascontiguousarray(coef.T)
        if self._one_target_is_flat and y.ndim == 2 and y.shape[1] == 1:
            self.coef_ = self.coef_[0]
        if not self.fit_intercept:
            self.intercept_: Any = 0.0
        else:
            self.intercept_ = float(intercept) if y.ndim == 1 else np.asarray(intercept)

    def _errors(self, path: Any, alphas: NDArray[Any], X: NDArray[Any], y: NDArray[Any], weight: Any) -> NDArray[Any]:
        """Return the mean squared error of each penalty, which descend, on each fold, (k, folds)."""
        folds = []
        for train, test in check_cv(self.cv).split(X, y):
            part, left_out = (None, None) if weight is None else (weight[train], weight[test])
            fitted = path(X[train], y[train], alphas, sample_weight=part, fit_intercept=self.fit_intercept)
            predicted = np.tensordot(X[test], fitted.coefs, axes=1) + np.asarray(fitted.intercepts)
            squares = (y[test][..., np.newaxis] - predicted) ** 2  # (m, k) or (m, t, k)
            error = np.average(squares, axis=0, weights=left_out)
            folds.append(error.mean(axis=0) if error.ndim == 2 else error)
        return np.stack(folds, axis=1)


class LinearRegression(_Linear):
    """Least squares, as ``sklearn.linear_model.LinearRegression``, by hs.lstsq.

    Parameters
    ----------
    fit_intercept : bool
    copy_X, tol, n_jobs : no effect
    positive : False

    Attributes
    ----------
    coef_ : (n_features,) or (n_targets, n_features) ndarray
        Of least norm where many minimise.
    intercept_ : float or (n_targets,) ndarray
    rank_ : int
        Of the centred X, decided after equilibrating its columns.

    Examples
    --------
    >>> from hessolve.sklearn import LinearRegression
    >>> model = LinearRegression().fit([[0.0], [1.0], [2.0]], [1.0, 3.0, 5.0])
    >>> model.coef_.round(12), round(model.intercept_, 12)
    (array([2.]), 1.0)
    """

    _one_target_is_flat = False

    def __init__(
        self,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-6,
        n_jobs: int | None = None,
        positive: bool = False,
    ) -> None:
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.n_jobs = n_jobs
        self.positive = positive

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LinearRegression":
        """Fit to X, (m, n), and y, (m,) or (m, t), with weights (m,) or none."""
        X, y, weight = self._read(X, y, sample_weight)
        x_mean, y_mean = np.zeros(X.shape[1], dtype=X.dtype), np.zeros(y.shape[1:], dtype=X.dtype)
        if self.fit_intercept:
            x_mean, y_mean = (np.average(part, axis=0, weights=weight) for part in (X, y))
            X, y_centred = X - x_mean, y - y_mean
        else:
            y_centred = y
        coef, _, self.rank_, _ = hs.lstsq(X, y_centred, sample_weight=weight)
        self._take(coef, y_mean - x_mean @ coef, y)
        return self


class Ridge(_Linear):
    """``||y - X w||^2 + alpha ||w||^2``, as ``sklearn.linear_model.Ridge``, by hs.ridge.

    Parameters
    ----------
    alpha : float or (n_targets,) array_like, >= 0
    fit_intercept : bool
        The intercept is not penalised.
    copy_X, tol, solver, random_state : no effect
    positive : False

    Attributes
    ----------
    coef_ : (n_features,) or (n_targets, n_features) ndarray
    intercept_ : float or (n_targets,) ndarray

    Examples
    --------
    >>> from hessolve.sklearn import Ridge
    >>> Ridge(alpha=1.0, fit_intercept=False).fit([[1.0], [2.0]], [2.0, 4.0]).coef_.round(12)
    array([1.66666667])
    """

    def __init__(
        self,
        alpha: Any = 1.0,
        *,
        fit_intercept: bool = True,
        copy_X: bool = True,
        tol: float = 1e-4,
        solver: str = "auto",
        positive: bool = False,
        random_state: Any = None,
    ) -> None:
        self.alpha = alpha
        self.fit_intercept = fit_intercept
        self.copy_X = copy_X
        self.tol = tol
        self.solver = solver
        self.positive = positive
        self.random_state = random_state

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "Ridge":
        """Fit to X, (m, n), and y, (m,) or (m, t), with weights (m,) or none."""
        X, y, weight = self._read(X, y, sample_weight)
        fit = hs.ridge(X, y, self.alpha, sample_weight=weight, fit_intercept=self.fit_intercept)
        self._take(fit.coef, fit.intercept, y)
        return self


class RidgeCV(_Linear):
    """Ridge with the penalty of least leave-one-out error, as ``sklearn.linear_model.RidgeCV``, by hs.ridge_path.

    Parameters
    ----------
    alphas : (k,) array_like, > 0
    fit_intercept : bool
    scoring : None
        The squared error.
    cv : int, splitter or iterable, optional
        Folds as in scikit-learn; by default each row is left out alone.
    gcv_mode : no effect

    Attributes
    ----------
    alpha_ : float
    best_score_ : float
        Minus the mean squared error of what was left out.
    coef_ : (n_features,) or (n_targets, n_features) ndarray
    intercept_ : float or (n_targets,) ndarray
    """

    def __init__(
        self,
        alphas: Any = (0.1, 1.0, 10.0),
        *,
        fit_intercept: bool = True,
        scoring: Any = None,
        cv: Any = None,
        gcv_mode: str | None = None,
    ) -> None:
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.scoring = scoring
        self.cv = cv
        self.gcv_mode = gcv_mode

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "RidgeCV":
        """Fit to X, (m, n), and y, (m,) or (m, t), with weights (m,) or none."""
        if self.scoring is not None:
            raise ValueError("scoring must be None: the squared error decides; use sklearn.linear_model.RidgeCV.")
        X, y, weight = self._read(X, y, sample_weight)
        alphas = np.unique(np.asarray(self.alphas, dtype=np.float64))[::-1]
        if self.cv is not None:
            errors = self._errors(hs.ridge_path, alphas, X, y, weight).mean(axis=1)
        else:
            path = hs.ridge_path(X, y, alphas, sample_weight=weight, fit_intercept=self.fit_intercept)
            errors = np.atleast_2d(np.asarray(path.loo)).mean(axis=0)  # over targets
        best = int(np.argmin(errors))
        self.alpha_, self.best_score_ = float(alphas[best]), -float(errors[best])
        fit = hs.ridge(X, y, self.alpha_, sample_weight=weight, fit_intercept=self.fit_intercept)
        self._take(fit.coef, fit.intercept, y)
        return self


class ElasticNet(_Linear):
    """``||y - X w||^2 / (2 m) + alpha (l1_ratio ||w||_1 + (1 - l1_ratio) ||w||^2 / 2)``, by hs.elastic_net.

    Parameters
    ----------
    alpha : float > 0
    l1_ratio : float in [0, 1]
    fit_intercept : bool
        The intercept is not penalised.
    max_iter : int
        Most sweeps over the coefficients.
    tol : float
        Done when the duality gap is at most ``min(tol, 1e-8) ||y||^2 / m``.
    precompute, copy_X, random_state, selection : no effect
    warm_start : False
    positive : bool
        Admit coefficients >= 0 only.

    Attributes
    ----------
    coef_ : (n_features,) or (n_targets, n_features) ndarray
    intercept_ : float or (n_targets,) ndarray
    dual_gap_ : float or (n_targets,) ndarray
        Of the objective above: how far from the minimum it may be.
    n_iter_ : int
    """

    _refused = ("warm_start",)

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        l1_ratio: float = 0.5,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        self.alpha = alpha
        self.l1_ratio = l1_ratio
        self.fit_intercept = fit_intercept
        self.precompute = precompute
        self.max_iter = max_iter
        self.copy_X = copy_X
        self.tol = tol
        self.warm_start = warm_start
        self.positive = positive
        self.random_state = random_state
        self.selection = selection

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "ElasticNet":
        """Fit to X, (m, n), and y, (m,) or (m, t), with weights (m,) or none."""
        X, y, weight = self._read(X, y, sample_weight)
        fit = hs.elastic_net(
            X, y, self.alpha, self.l1_ratio,
            sample_weight=weight, fit_intercept=self.fit_intercept, tol=min(self.tol, 1e-8), max_iter=self.max_iter,
            positive=self.positive,
        )  # fmt: skip
        self._take(fit.coef, fit.intercept, y)
        self.dual_gap_, self.n_iter_ = fit.duality_gap, max(int(np.max(fit.iterations)), 1)
        return self


class Lasso(ElasticNet):
    """``||y - X w||^2 / (2 m) + alpha ||w||_1``, as ``sklearn.linear_model.Lasso``, by hs.elastic_net.

    Parameters, attributes: as `ElasticNet`, whose ``l1_ratio`` is 1 here.
    """

    def __init__(
        self,
        alpha: float = 1.0,
        *,
        fit_intercept: bool = True,
        precompute: Any = False,
        max_iter: int = 1000,
        copy_X: bool = True,
        tol: float = 1e-4,
        warm_start: bool = False,
        positive: bool = False,
        random_state: Any = None,
        selection: str = "cyclic",
    ) -> None:
        super().__init__(
            alpha, l1_ratio=1.0, fit_intercept=fit_intercept, precompute=precompute, max_iter=max_iter, copy_X=copy_X,
            tol=tol, warm_start=warm_start, positive=positive, random_state=random_state, selection=selection,
        )  # fmt: skip


class LassoCV(_Linear):
    """Lasso with the penalty of least cross-validated error, as ``sklearn.linear_model.LassoCV``, by hs.lasso_path.

    Parameters
    ----------
    eps : float
        Smallest over largest penalty, where ``alphas`` is a number.
    alphas : int or (k,) array_like, > 0
        That many penalties down from the one that makes all coefficients zero, or the penalties themselves.
    fit_intercept : bool
    cv : int, splitter or iterable, optional
        As in scikit-learn; 5 folds by default.

    Attributes
    ----------
    alpha_ : float
    alphas_ : (k,) ndarray
        Descending.
    mse_path_ : (k, folds) ndarray
    coef_ : (n_features,) ndarray
    intercept_ : float
    """

    def __init__(self, *, eps: float = 1e-3, alphas: Any = 100, fit_intercept: bool = True, cv: Any = None) -> None:
        self.eps = eps
        self.alphas = alphas
        self.fit_intercept = fit_intercept
        self.cv = cv

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> "LassoCV":
        """Fit to X, (m, n), and y, (m,), with weights (m,) or none."""
        X, y, weight = self._read(X, y, sample_weight, targets=False)
        self.alphas_ = self._penalties(X, y, weight)
        self.mse_path_ = self._errors(hs.lasso_path, self.alphas_, X, y, weight)
        self.alpha_ = float(self.alphas_[np.argmin(self.mse_path_.mean(axis=1))])
        fit = hs.lasso(X, y, self.alpha_, sample_weight=weight, fit_intercept=self.fit_intercept)
        self._take(fit.coef, fit.intercept, y)
        return self

    def _penalties(self, X: NDArray[Any], y: NDArray[Any], weight: Any) -> NDArray[Any]:
        if np.ndim(self.alphas):
            return np.unique(np.asarray(self.alphas, dtype=np.float64))[::-1]
        path = hs.lasso_path(X, y, n_alphas=1, sample_weight=weight, fit_intercept=self.fit_intercept)
        largest = max(float(path.alphas[0]), float(np.finfo(X.dtype).tiny ** 0.5))
        return np.geomspace(largest, largest * self.eps, self.alphas)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = False
        return tags


def _weights(sample_weight: Any, X: NDArray[Any]) -> NDArray[Any]:
    weight = np.asarray(sample_weight, dtype=X.dtype)
    weight = np.full(len(X), weight) if weight.ndim == 0 else weight
    if weight.ndim != 1:
        raise ValueError("Sample weights must be 1D array or scalar")
    if len(weight) != len(X):
        raise ValueError(f"sample_weight.shape == {weight.shape}, expected {(len(X),)}!")
    if not weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return weight
