# SPDX-License-Identifier: BSD-3-Clause
"""hessolve.sklearn: scikit-learn's own checks of estimators, and agreement with sklearn.linear_model."""

import doctest
import inspect

import numpy as np
import pytest

pytest.importorskip("sklearn", reason="scikit-learn is not installed")

from sklearn import linear_model
from sklearn.utils.estimator_checks import parametrize_with_checks

from hessolve import sklearn as ours

NAMES = ["LinearRegression", "Ridge", "RidgeCV", "Lasso", "ElasticNet", "LassoCV"]
pytestmark = pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@parametrize_with_checks([getattr(ours, name)() for name in NAMES])
def test_checks_of_scikit_learn(estimator, check):
    check(estimator)


def data(targets=None, m=60, n=5, seed=0):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n)) + 3
    w = rng.standard_normal(n if targets is None else (n, targets))
    return X, X @ w + 2 + 0.1 * rng.standard_normal(m if targets is None else (m, targets)), rng.random(m) + 0.1


def pair(name, **keywords):
    theirs = dict(keywords)
    if name in ("Lasso", "ElasticNet", "LassoCV"):
        theirs |= {"tol": 1e-12, "max_iter": 100_000}
    return getattr(ours, name)(**keywords), getattr(linear_model, name)(**theirs)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("fit_intercept", [False, True])
@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("name", NAMES)
def test_agreement_with_scikit_learn(name, targets, fit_intercept, weighted):
    if name == "LassoCV" and targets is not None:
        pytest.skip("one target only, as in scikit-learn")
    X, y, weight = data(targets)
    keywords = {"fit_intercept": fit_intercept}
    if name in ("Lasso", "ElasticNet"):
        keywords["alpha"] = 0.05
    if name == "LassoCV":
        keywords["alphas"] = np.geomspace(1, 1e-3, 10)
    mine, peer = pair(name, **keywords)
    if name in ("Lasso", "ElasticNet"):  # its own stops where coefficients are still 1e-4 away
        peer.set_params(tol=1e-12, max_iter=100_000)
        mine.set_params(tol=1e-12)
    w = weight if weighted else None
    mine.fit(X, y, sample_weight=w)
    peer.fit(X, y, sample_weight=w)
    assert np.shape(mine.coef_) == np.shape(peer.coef_)
    assert np.shape(mine.intercept_) == np.shape(peer.intercept_)
    np.testing.assert_allclose(mine.coef_, peer.coef_, atol=1e-5)
    np.testing.assert_allclose(mine.intercept_, peer.intercept_, atol=1e-5)
    np.testing.assert_allclose(mine.predict(X), peer.predict(X), atol=1e-5)
    assert mine.predict(X).shape == peer.predict(X).shape
    if name.endswith("CV"):
        assert mine.alpha_ == pytest.approx(peer.alpha_)
    if name == "LassoCV":
        np.testing.assert_allclose(mine.alphas_, peer.alphas_)
        np.testing.assert_allclose(mine.mse_path_, peer.mse_path_, atol=1e-5)


@pytest.mark.parametrize("name", NAMES)
def test_parameters_are_those_of_scikit_learn(name):
    mine, peer = (inspect.signature(getattr(module, name)).parameters for module in (ours, linear_model))
    assert set(mine) <= set(peer)
    for parameter in mine:
        assert mine[parameter].kind is peer[parameter].kind
        if (name, parameter) not in {("LassoCV", "alphas")}:
            assert mine[parameter].default == peer[parameter].default


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_precision_is_kept(name, dtype):
    X, y, _ = data()
    model = getattr(ours, name)().fit(X.astype(dtype), y.astype(dtype))
    assert model.coef_.dtype == dtype
    assert model.predict(X.astype(dtype)).dtype == dtype


@pytest.mark.parametrize("targets", [None, 3])
def test_ridge_by_folds(targets):
    X, y, weight = data(targets)
    alphas = [1e-3, 1.0, 1e3]
    model = ours.RidgeCV(alphas, cv=4).fit(X, y)
    errors = []
    for alpha in alphas:
        folds = np.array_split(np.arange(len(X)), 4)
        fits = [linear_model.Ridge(alpha=alpha).fit(np.delete(X, f, axis=0), np.delete(y, f, axis=0)) for f in folds]
        errors.append(np.mean([((y[f] - fit.predict(X[f])) ** 2).mean() for f, fit in zip(folds, fits, strict=True)]))
    assert model.alpha_ == alphas[int(np.argmin(errors))]
    assert -model.best_score_ == pytest.approx(min(errors), rel=1e-6)
    doubled = ours.RidgeCV(alphas).fit(X, y, sample_weight=2 * weight)
    assert doubled.best_score_ <= 0


def test_the_penalties_of_lasso_begin_where_all_is_zero():
    X, y, _ = data()
    model = ours.LassoCV(alphas=7, eps=0.01).fit(X, y)
    np.testing.assert_allclose(model.alphas_, linear_model.LassoCV(alphas=7, eps=0.01).fit(X, y).alphas_)
    assert not ours.Lasso(alpha=1.001 * model.alphas_[0]).fit(X, y).coef_.any()
    assert ours.Lasso(alpha=0.9 * model.alphas_[0]).fit(X, y).coef_.any()


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (
            ours.LinearRegression(positive=True),
            "positive=True is not supported by hessolve.sklearn.LinearRegression; use",
        ),
        (ours.Ridge(positive=True), "positive=True is not supported by hessolve.sklearn.Ridge; use sklearn.linear"),
        (ours.RidgeCV(cv=2, scoring="r2"), "scoring must be None: the squared error decides; use sklearn.linear_model"),
        (ours.Lasso(warm_start=True), "warm_start=True is not supported by hessolve.sklearn.Lasso; use sklearn."),
        (ours.RidgeCV(scoring="r2"), "scoring must be None: the squared error decides; use sklearn.linear_model"),
    ],
)
def test_what_is_refused(model, text):
    X, y, _ = data()
    with pytest.raises(ValueError, match=text.replace(".", r"\.")):
        model.fit(X, y)


def test_coefficients_of_one_sign():
    X, y, _ = data()
    for name in ("Lasso", "ElasticNet"):
        mine, peer = pair(name, alpha=0.01, positive=True)
        mine.fit(X, -y)
        peer.fit(X, -y)
        assert (mine.coef_ >= 0).all()
        np.testing.assert_allclose(mine.coef_, peer.coef_, atol=1e-5)


def test_examples_run():
    assert doctest.testmod(ours, optionflags=doctest.NORMALIZE_WHITESPACE).failed == 0
