# SPDX-License-Identifier: BSD-3-Clause
"""hs.lasso, hs.elastic_net, hs.lasso_path: the conditions of Karush, Kuhn and Tucker, and the gap that certifies."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import ORDERS, eps

REALS = (np.float32, np.float64)
SHAPES = [(1, 1), (30, 5), (60, 60), (20, 80)]


def data(m, n, dtype, targets=None, order="C", seed=0):
    """A few coefficients of size one, some noise."""
    X = problems.laid_out(problems.random((m, n), dtype, seed), order)
    w = np.zeros((n, targets or 1), dtype)
    w[: max(1, n // 8)] = 1 + np.arange(targets or 1)
    y = X @ w + dtype(0.1) * problems.random((m, targets or 1), dtype, seed + 1)
    return X, y if targets else y[:, 0]


def centred(X, y, weights, intercept):
    """X and y in long double, centred and multiplied by the roots of the weights, whose sum is m."""
    m = len(X)
    w = np.ones(m, np.longdouble) if weights is None else weights.astype(np.longdouble) * m / weights.sum()
    X, y = X.astype(np.longdouble), y.astype(np.longdouble)
    if intercept:
        X, y = X - w @ X / m, y - w @ y / m
    root = np.sqrt(w)
    return root[:, None] * X, root * y


def objective(X, y, w, alpha, l1_ratio=1.0):
    r, w = y - X @ w.astype(np.longdouble), w.astype(np.longdouble)
    return float(r @ r / (2 * len(y)) + alpha * (l1_ratio * abs(w).sum() + (1 - l1_ratio) * (w @ w) / 2))


def violation(X, y, w, alpha, l1_ratio=1.0, positive=False):
    """How far the gradient is from the subdifferential of the penalty, over alpha."""
    w = w.astype(np.longdouble)
    g = X.T @ (y - X @ w) / len(y) - alpha * (1 - l1_ratio) * w
    level = alpha * l1_ratio
    at_zero = np.maximum(g if positive else abs(g), level) - level
    return float(np.where(w == 0, at_zero, abs(g - level * np.sign(w))).max() / alpha)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5, 0.0])
@pytest.mark.parametrize("share", [0.9, 0.3, 0.03])
@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_optimality_and_certificate(m, n, share, l1_ratio, dtype, order):
    X, y = data(m, n, dtype, order=order)
    before = X.copy(), y.copy()
    alpha = share * float(abs(X.T @ y).max()) / m
    tol = 1e-13 if dtype == np.float64 else 1e-6
    fit = hs.elastic_net(X, y, alpha, l1_ratio, tol=tol, max_iter=200_000)
    Z, z = centred(X, y, None, False)
    assert fit.reason == "converged"
    assert fit.coef.dtype == dtype
    scale = float(z @ z) / m
    assert 0 <= fit.duality_gap <= tol * scale
    assert violation(Z, z, fit.coef, alpha, l1_ratio) <= (1e-4 if dtype == np.float64 else 0.1)
    if dtype == np.float64 and l1_ratio == 1:
        assert fit.dof == np.count_nonzero(fit.coef)
    loose = hs.elastic_net(X, y, alpha, l1_ratio, tol=1e-3)
    excess = objective(Z, z, loose.coef, alpha, l1_ratio) - objective(Z, z, fit.coef, alpha, l1_ratio)
    assert loose.duality_gap >= excess - 100 * eps(dtype) * scale  # the gap bounds what is left
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("positive", [False, True])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("m", "n"), [(40, 6), (15, 30)])
def test_weights_intercept_sign_and_targets(m, n, weighted, intercept, positive, dtype):
    X, y = data(m, n, dtype, 3)
    X, y = X + dtype(2), y - dtype(1)
    weights = np.linspace(0, 3, m).astype(dtype) if weighted else None
    tol = 1e-13 if dtype == np.float64 else 1e-6
    fit = hs.lasso(
        X, y, 0.1, sample_weight=weights, fit_intercept=intercept, positive=positive, tol=tol, max_iter=500_000
    )
    assert fit.coef.shape == (n, 3)
    assert fit.intercept.shape == fit.duality_gap.shape == fit.iterations.shape == fit.dof.shape == (3,)
    for j in range(3):
        Z, z = centred(X, y[:, j], weights, intercept)
        assert violation(Z, z, fit.coef[:, j], 0.1, positive=positive) <= (1e-4 if dtype == np.float64 else 0.1)
        if intercept:
            w = np.ones(m) if weights is None else weights
            mean = np.average(y[:, j].astype(float) - X.astype(float) @ fit.coef[:, j], weights=w)
            assert fit.intercept[j] == pytest.approx(mean, abs=100 * eps(dtype))
    assert not positive or (fit.coef >= 0).all()
    assert intercept or not fit.intercept.any()


@pytest.mark.parametrize("l1_ratio", [1.0, 0.3])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("m", "n"), [(50, 10), (20, 60)])
def test_agreement_with_scikit_learn(m, n, intercept, l1_ratio):
    linear_model = pytest.importorskip("sklearn.linear_model", reason="scikit-learn is not installed")
    X, y = data(m, n, np.float64)
    weights = np.linspace(0.5, 2, m)
    theirs = linear_model.ElasticNet(
        alpha=0.05, l1_ratio=l1_ratio, fit_intercept=intercept, tol=1e-14, max_iter=1_000_000
    )
    theirs.fit(X, y, sample_weight=weights)
    ours = hs.elastic_net(
        X, y, 0.05, l1_ratio, fit_intercept=intercept, sample_weight=weights, tol=1e-14, max_iter=1_000_000
    )
    np.testing.assert_allclose(ours.coef, theirs.coef_, atol=1e-6)
    np.testing.assert_allclose(ours.intercept, theirs.intercept_, atol=1e-6)
    alphas, coefs, _ = linear_model.enet_path(X, y, l1_ratio=l1_ratio, alphas=20, tol=1e-13, max_iter=1_000_000)
    # the gap bounds half the square of the distance times alpha (1 - l1_ratio): 1e-13 would not do
    path = hs.lasso_path(X, y, l1_ratio=l1_ratio, n_alphas=20, tol=1e-15, max_iter=1_000_000)
    np.testing.assert_allclose(path.alphas, alphas, rtol=1e-12)
    np.testing.assert_allclose(path.coefs, coefs, atol=1e-6)


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("m", "n"), [(40, 10), (15, 50)])
def test_a_path_is_the_lasso_for_each_penalty(m, n, intercept, dtype):
    X, y = data(m, n, dtype, 2)
    given = [0.05, 1.0, 0.2, 0.2]
    tol = 1e-13 if dtype == np.float64 else 1e-6
    path = hs.lasso_path(X, y, given, fit_intercept=intercept, tol=tol, max_iter=500_000)
    np.testing.assert_array_equal(path.alphas, [1.0, 0.2, 0.2, 0.05])
    assert path.kind == "lasso"
    assert path.coefs.shape == (n, 2, 4)
    assert path.converged.all()
    assert path.duality_gap.shape == path.iterations.shape == path.intercepts.shape == (2, 4)
    for k, alpha in enumerate(path.alphas):
        fit = hs.lasso(X, y, alpha, fit_intercept=intercept, tol=tol, max_iter=500_000)
        atol = 1e-5 if dtype == np.float64 else 3e-2
        np.testing.assert_allclose(path.coefs[..., k], fit.coef, atol=atol)
        np.testing.assert_allclose(path.intercepts[:, k], fit.intercept, atol=atol)
    flat = hs.lasso_path(X, y[:, 0], given, fit_intercept=intercept, tol=tol, max_iter=500_000)
    assert flat.coefs.shape == (n, 4)
    assert flat.intercepts.shape == flat.converged.shape == (4,)


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("l1_ratio", [1.0, 0.5])
def test_the_default_penalties_begin_where_all_is_zero(l1_ratio, intercept, dtype):
    X, y = data(30, 8, dtype)
    X = X + dtype(1)
    path = hs.lasso_path(X, y, l1_ratio=l1_ratio, fit_intercept=intercept, n_alphas=10, eps=0.01)
    Z, z = centred(X, y, None, intercept)
    largest = float(abs(Z.T @ z).max()) / 30 / l1_ratio
    np.testing.assert_allclose(path.alphas, np.geomspace(largest, 0.01 * largest, 10), rtol=1e3 * eps(dtype))
    assert abs(path.coefs[:, 0]).max() <= 1e4 * eps(dtype)
    assert path.coefs[:, 1].any()
    assert not hs.elastic_net(X, y, 1.001 * largest, l1_ratio, fit_intercept=intercept).coef.any()


def test_zero_constant_and_duplicate_columns_and_zero_targets():
    X, y = data(30, 4, np.float64)
    X[:, 1], X[:, 2], X[:, 3] = 0.0, 7.0, X[:, 0]
    fit = hs.lasso(X, y, 0.05, fit_intercept=True)
    assert (fit.coef[1], fit.coef[2]) == (0, 0)
    assert np.isfinite(fit.coef).all()
    for l1_ratio in (1.0, 0.5):
        path = hs.lasso_path(X, np.zeros(30), l1_ratio=l1_ratio, n_alphas=5)
        assert np.isfinite(path.alphas).all()
        assert (path.alphas > 0).all()
        assert not path.coefs.any()
        assert path.converged.all()
    fit = hs.lasso(X, np.full(30, 3.0), 0.1, fit_intercept=True)
    assert not fit.coef.any()
    assert fit.intercept == pytest.approx(3.0)
    assert hs.lasso(np.zeros((5, 0)), np.ones(5), 1.0).coef.shape == (0,)
    assert hs.lasso([[2.0]], [3.0], 1.0).coef == pytest.approx([1.25])


def test_bits_do_not_depend_on_threads_or_memory_order():
    X, y = data(500, 300, np.float64, 2)
    results = []
    for threads in (1, 2):
        with hs.num_threads(threads):
            results += [hs.lasso_path(Z, y, n_alphas=10).coefs for Z in (X, np.asfortranarray(X))]
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


def test_what_did_not_converge_is_told():
    X, y = data(30, 60, np.float64)
    text = (
        r"^`X` \(30, 60\): at alpha=0\.001 the duality gap is still .* after 1 sweeps\. Use a larger max_iter, tol or"
    )
    with pytest.warns(RuntimeWarning, match=text):
        fit = hs.lasso(X, y, 0.001, tol=1e-12, max_iter=1)
    assert fit.reason == "max_iterations"
    assert fit.duality_gap > 0
    Z, z = centred(X, y, None, False)
    best = hs.lasso(X, y, 0.001, tol=1e-12, max_iter=1_000_000).coef
    assert fit.duality_gap >= objective(Z, z, fit.coef, 0.001) - objective(Z, z, best, 0.001)
    with pytest.warns(RuntimeWarning, match="at alpha="):
        path = hs.lasso_path(X, y, [0.1, 0.001], tol=1e-12, max_iter=1)
    assert not path.converged.all()


X43, Y4 = np.ones((4, 3)) + np.eye(4, 3), np.arange(4.0)
BAD = X43.copy()
BAD[2, 1] = np.inf
MISTAKES = [
    (lambda: hs.lasso(X43, Y4, 0.0), ValueError, "alpha=0.0 is not valid; it is a finite number > 0."),
    (lambda: hs.lasso(X43, Y4, -1.0), ValueError, "alpha=-1.0 is not valid; it is a finite number > 0."),
    (lambda: hs.lasso(X43, Y4, np.inf), ValueError, "alpha=inf is not valid; it is a finite number > 0."),
    (lambda: hs.elastic_net(X43, Y4, 1.0, 1.5), ValueError, "l1_ratio=1.5 is not valid; it is a number from 0 to 1."),
    (lambda: hs.lasso_path(X43, Y4, l1_ratio=0.0), ValueError,
     "l1_ratio=0 needs `alphas`: no penalty makes all coefficients of ridge regression zero."),
    (lambda: hs.lasso_path(X43, Y4, [1.0, 0.0]), ValueError,
     "`alphas` has 0 at index 1; penalties are finite numbers > 0."),
    (lambda: hs.lasso_path(X43, Y4, [[1.0]]), ValueError, "`alphas` (1, 1) is not a list of at least one penalty."),
    (lambda: hs.lasso_path(X43, Y4, n_alphas=0), ValueError, "n_alphas=0 is not valid; it is an integer >= 1."),
    (lambda: hs.lasso_path(X43, Y4, eps=1.0), ValueError, "eps=1.0 is not valid; it is a number between 0 and 1."),
    (lambda: hs.lasso(X43, Y4, 1.0, tol=0.0), ValueError, "tol=0.0 is not valid; it is a finite number > 0, or None."),
    (lambda: hs.lasso(X43, Y4, 1.0, max_iter=2.5), TypeError, "max_iter=2.5 is not valid; it is an integer >= 1."),
    (lambda: hs.lasso(X43, Y4, 1.0, positive="yes"), TypeError, "positive='yes' is not valid; valid: True, False."),
    (lambda: hs.lasso(X43 * 1j, Y4, 1.0), TypeError,
     "`X` is complex, and hs.lasso works with real numbers; hs.lstsq takes complex ones."),
    (lambda: hs.lasso(BAD, Y4, 1.0), ValueError,
     "`X` (4, 3) has a NaN or infinity at row 2, column 1; clean the data first."),
    (lambda: hs.lasso_path(X43, [0.0, np.nan, 1.0, 1.0]), ValueError,
     "`y` (4,) has a NaN or infinity at row 1; clean the data first."),
    (lambda: hs.lasso(X43, Y4, 1.0, sample_weight=np.zeros(4)), ValueError,
     "`sample_weight` is all zero; at least one weight must be positive."),
    (lambda: hs.lasso(np.ones((0, 3)), [], 1.0), ValueError, "`X` (0, 3) has no rows; there is nothing to fit."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES)
def test_mistakes(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()
