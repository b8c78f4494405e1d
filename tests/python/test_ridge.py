# SPDX-License-Identifier: BSD-3-Clause
"""hs.ridge, hs.ridge_path, hs.select_alpha: against solutions of 80 digits, and every row really left out."""

import warnings
from fractions import Fraction

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import ORDERS, eps
from reference import exact_least_squares, mp_array, true_forward_error

REALS = (np.float32, np.float64)
METHODS = ["auto", "cholesky", "augmented", "svd", "dual"]
SHAPES = [(1, 1), (7, 3), (60, 12), (5, 9), (20, 60), (40, 40)]


def data(m, n, dtype, targets=None, condition=30.0, order="C", seed=0):
    X = problems.with_condition(n, condition, dtype, order, m=m, seed=seed)
    return X, problems.random(m if targets is None else (m, targets), dtype, seed=seed + 1)


def exact(X, y, alpha, weights=None, L=None, C=None, intercept=False):
    """Coefficients and intercept in 80 digits; a column of ones is the intercept, and is not penalised."""
    n = X.shape[1]
    penalty = np.eye(n) if L is None else np.diag(L) if L.ndim == 1 else L
    P = mp_array(penalty)
    P = P.T.dot(P)
    if C is not None:
        P = mp_array(np.linalg.inv(C.astype(np.float64)))
    P = P * mp_array(np.array(alpha))
    design = X
    if intercept:
        design = np.column_stack([X, np.ones(len(X), X.dtype)])
        P = np.block([[P, mp_array(np.zeros((n, 1)))], [mp_array(np.zeros((1, n + 1)))]])
    w = exact_least_squares(design, y, weights=weights, quadratic=P)
    return (w[:n], w[n]) if intercept else (w, 0.0)


def hat(X, alpha, weights=None, intercept=False):
    """The matrix that makes the fitted (weighted) values from (weighted) y."""
    m, n = X.shape
    w = np.ones(m) if weights is None else weights.astype(float)
    root = np.sqrt(w)[:, None]
    Z = root * (X.astype(float) - (np.average(X.astype(float), axis=0, weights=w) if intercept else 0))
    H = Z @ np.linalg.solve(Z.T @ Z + alpha * np.eye(n), Z.T)
    return H + (root @ root.T / w.sum() if intercept else 0)


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("alpha", [1e-6, 1e-2, 1.0, 1e4])
@pytest.mark.parametrize(("m", "n"), SHAPES)
@pytest.mark.parametrize("method", METHODS)
def test_every_method(method, m, n, alpha, dtype, order):
    X, y = data(m, n, dtype, 2, order=order)
    before = X.copy(), y.copy()
    fit = hs.ridge(X, y, alpha, method=method)
    assert fit.coef.shape == (n, 2)
    assert fit.coef.dtype == dtype
    assert fit.reason == "ok"
    if order == "C":
        truth, _ = exact(X, y, alpha)
        kappa = (1 + alpha) / (alpha + (1 / 900 if m >= n else 0))  # of X^T X + alpha I
        assert true_forward_error(fit.coef, truth) <= 100 * max(m, n) * kappa * eps(dtype)
        H = hat(X, alpha)
        np.testing.assert_allclose(
            fit.dof, np.trace(H), rtol=1e3 * kappa * eps(dtype), atol=10 * max(m, n) * eps(dtype)
        )
    else:
        np.testing.assert_array_equal(fit.coef, hs.ridge(before[0], y, alpha, method=method).coef)
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("m", "n"), [(30, 4), (6, 10)])
@pytest.mark.parametrize("method", METHODS)
def test_weights_intercept_and_a_penalty_for_each_target(method, m, n, weighted, intercept, dtype):
    X, y = data(m, n, dtype, 3, 10.0)
    X, y = X + dtype(5), y - dtype(3)
    weights = np.linspace(0.0, 2.0, m).astype(dtype) if weighted else None
    alphas = [0.1, 1.0, 10.0]
    fit = hs.ridge(X, y, alphas, sample_weight=weights, fit_intercept=intercept, method=method)
    np.testing.assert_array_equal(fit.alpha, alphas)
    for j, alpha in enumerate(alphas):
        coef, b = exact(X, y[:, j], alpha, weights, intercept=intercept)
        scale = abs(coef).max()
        assert abs(fit.coef[:, j] - coef).max() <= 1e4 * m * eps(dtype) * scale
        assert abs(fit.intercept[j] - b) <= 1e5 * m * eps(dtype) * max(1, abs(b))
        dof = np.trace(hat(X, alpha, weights, intercept))
        assert fit.dof[j] == pytest.approx(dof, rel=1e4 * eps(dtype), abs=1e3 * eps(dtype))
    one = hs.ridge(X, y[:, 1], 1.0, sample_weight=weights, fit_intercept=intercept, method=method)
    assert one.coef.shape == (n,)
    assert isinstance(one.intercept, float)
    assert isinstance(one.dof, float)
    np.testing.assert_allclose(one.coef, fit.coef[:, 1], rtol=1e4 * eps(dtype), atol=1e2 * eps(dtype))


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("kind", ["diagonal", "square", "differences", "prior"])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize(("m", "n"), [(30, 5), (4, 8)])
def test_penalty_operators_and_priors(m, n, intercept, kind, order):
    X, y = data(m, n, np.float64, condition=5.0, order=order)
    L = {
        "diagonal": np.linspace(0.5, 2, n),
        "square": problems.random((n, n), np.float64, 3) + 3 * np.eye(n),
        "differences": np.diff(np.eye(n), axis=0),
        "prior": None,
    }[kind]
    C = problems.hermitian(n, 10.0, np.float64, order) if kind == "prior" else None
    if kind == "differences" and m < n:
        X = X + 1.0  # constants, which differences do not see, are seen by X
    fit = hs.ridge(X, y, 0.3, penalty=L, prior_covariance=C, fit_intercept=intercept)
    coef, b = exact(X, y, 0.3, L=L, C=C, intercept=intercept)
    np.testing.assert_allclose(fit.coef, coef.astype(float), rtol=1e-9, atol=1e-9 * float(abs(coef).max()))
    np.testing.assert_allclose(fit.intercept, float(b), rtol=1e-9, atol=1e-9)
    path = hs.ridge_path(X, y, [0.3, 2.0], penalty=L, prior_covariance=C, fit_intercept=intercept)
    np.testing.assert_allclose(path.coefs[:, 1], coef.astype(float), rtol=1e-8, atol=1e-8 * float(abs(coef).max()))


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("rank", [1, 3])
def test_no_penalty_is_least_squares_of_least_norm(rank, dtype):
    X, y = problems.with_condition(5, 3.0, dtype, m=20, rank=rank), problems.random(20, dtype, seed=1)
    fit = hs.ridge(X, y, 0.0)
    np.testing.assert_allclose(fit.coef, hs.lstsq(X, y).x, atol=1e4 * eps(dtype))
    full = problems.with_condition(5, 3.0, dtype, m=20)
    np.testing.assert_allclose(hs.ridge(full, y, 0.0).coef, hs.lstsq(full, y).x, atol=1e4 * eps(dtype))


@pytest.mark.parametrize("dtype", REALS)
def test_auto_keeps_the_digits_that_cholesky_would_lose(dtype):
    m, n, condition = 60, 8, 0.03 / eps(dtype)
    X, y = data(m, n, dtype, condition=condition)
    alpha = float(condition**-2)
    fit = hs.ridge(X, y, alpha)
    truth, _ = exact(X, y, alpha)
    assert fit.method in ("augmented", "svd")
    assert true_forward_error(fit.coef, truth) <= 1e3 * m * condition * eps(dtype)


@pytest.mark.parametrize("index", [np.int32, np.int64])
@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("method", ["auto", "cholesky", "cg"])
@pytest.mark.parametrize(("m", "n"), [(200, 20), (30, 60)])
def test_sparse(m, n, method, intercept, dtype, index):
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    dense = problems.random((m, n), dtype) * (problems.random((m, n), np.float64, 5) > 0.8)
    y, weights = problems.random((m, 2), dtype, seed=1) + dtype(2), np.linspace(0, 1, m).astype(dtype)
    X = sparse.csr_array(dense.astype(dtype))
    X.indices, X.indptr = X.indices.astype(index), X.indptr.astype(index)
    kept = X.data.copy(), X.indices.copy(), X.indptr.copy()
    fit = hs.ridge(X, y, 0.5, sample_weight=weights, fit_intercept=intercept, method=method)
    same = hs.ridge(dense.astype(dtype), y, 0.5, sample_weight=weights, fit_intercept=intercept)
    np.testing.assert_allclose(fit.coef, same.coef, atol=3e3 * eps(dtype))
    np.testing.assert_allclose(fit.intercept, same.intercept, atol=3e3 * eps(dtype))
    assert fit.method in ("cholesky", "cg") if method == "auto" else fit.method == method
    for part, before in zip((X.data, X.indices, X.indptr), kept, strict=True):
        np.testing.assert_array_equal(part, before)
    np.testing.assert_allclose(hs.ridge(X.tocsc(), y, 0.5).coef, hs.ridge(X, y, 0.5).coef, atol=3e3 * eps(dtype))


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("m", "n"), [(25, 4), (12, 12), (8, 20)])
def test_a_path_is_ridge_for_each_penalty(m, n, weighted, intercept, dtype):
    X, y = data(m, n, dtype, 2, 10.0)
    X = X + dtype(1)
    weights = np.linspace(0.2, 2.0, m).astype(dtype) if weighted else None
    given = np.array([1e-2, 10.0, 1.0, 1.0])  # neither sorted nor different
    path = hs.ridge_path(X, y, given, sample_weight=weights, fit_intercept=intercept)
    np.testing.assert_array_equal(path.alphas, [10.0, 1.0, 1.0, 1e-2])
    assert path.coefs.shape == (n, 2, 4)
    w = np.ones(m) if weights is None else weights.astype(float)
    tolerance = 1e5 * eps(dtype)
    for k, alpha in enumerate(path.alphas):
        fit = hs.ridge(X, y, alpha, sample_weight=weights, fit_intercept=intercept)
        np.testing.assert_allclose(path.coefs[..., k], fit.coef, atol=tolerance)
        np.testing.assert_allclose(path.intercepts[:, k], fit.intercept, atol=tolerance)
        np.testing.assert_allclose(path.dof[k], fit.dof, rtol=tolerance)
        H = hat(X, alpha, weights, intercept)
        residual = np.sqrt(w)[:, None] * (y - X @ fit.coef.astype(float) - fit.intercept)
        gcv = m * (residual**2).sum(axis=0) / (m - np.trace(H)) ** 2
        np.testing.assert_allclose(path.gcv[:, k], gcv, rtol=100 * tolerance)
        np.testing.assert_allclose(path.residual_norm[:, k], np.linalg.norm(residual, axis=0), rtol=10 * tolerance)
        np.testing.assert_allclose(path.solution_norm[:, k], np.linalg.norm(fit.coef, axis=0), rtol=10 * tolerance)
    flat = hs.ridge_path(X, y[:, 0], given, sample_weight=weights, fit_intercept=intercept)
    assert flat.coefs.shape == (n, 4)
    assert flat.loo.shape == flat.gcv.shape == flat.intercepts.shape == (4,)
    np.testing.assert_allclose(flat.loo, path.loo[0], rtol=tolerance)


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize(("m", "n"), [(15, 3), (8, 12)])
def test_every_row_left_out(m, n, weighted, intercept):
    X, y = data(m, n, np.float64, condition=5.0)
    X = X + 1.0
    weights = np.linspace(0.2, 2.0, m) if weighted else None
    path = hs.ridge_path(X, y, [3.0, 0.1], sample_weight=weights, fit_intercept=intercept)
    for k, alpha in enumerate(path.alphas):
        squares = []
        for i in range(m):
            rest = np.arange(m) != i
            part = None if weights is None else weights[rest]
            fit = hs.ridge(X[rest], y[rest], alpha, sample_weight=part, fit_intercept=intercept)
            scale = 1.0 if weights is None else weights[i]
            squares.append(scale * (y[i] - X[i] @ fit.coef - fit.intercept) ** 2)
        total = m if weights is None else weights.sum()
        assert path.loo[k] == pytest.approx(sum(squares) / total, rel=1e-8)


def test_the_default_penalties_span_the_spectrum():
    X, y = data(40, 6, np.float64, condition=100.0)
    path = hs.ridge_path(X, y)
    assert (np.diff(path.alphas) < 0).all()
    assert path.alphas[0] >= 0.5
    assert path.alphas[-1] <= 2e-4
    assert path.alphas[-1] > 0
    assert np.isfinite(path.coefs).all()


def test_select_alpha_takes_the_best_of_the_path():
    X, y = data(40, 6, np.float64, condition=100.0)
    alphas = np.geomspace(1e-5, 10, 30)
    path = hs.ridge_path(X, y, alphas)
    assert hs.select_alpha(X, y, alphas) == path.alphas[np.argmin(path.loo)]
    assert hs.select_alpha(X, y, alphas, criterion="gcv") == path.alphas[np.argmin(path.gcv)]
    assert alphas[0] <= hs.select_alpha(X, y, alphas, criterion="l-curve") <= alphas[-1]
    assert hs.select_alpha(X, y) > 0
    assert hs.select_alpha(X, y, criterion="max-element") == pytest.approx(1 / (X.T @ X).max(), rel=1e-12)


def test_the_corner_of_an_l_curve():
    """Where (log ||e||, log ||w||) turns most, by differences on a grid ten times as fine."""
    n = 40
    t = np.linspace(0, 1, n)
    X = np.exp(-(((t[:, None] - t) / 0.1) ** 2)) / n * 5
    y = X @ np.sin(2 * np.pi * t) + 1e-3 * problems.random(n, np.float64, seed=3)
    chosen = hs.select_alpha(X, y, np.geomspace(1e-12, 1, 60), criterion="l-curve")
    path = hs.ridge_path(X, y, np.geomspace(1e-12, 1, 600))
    step = np.log(path.alphas)
    rho, eta = np.log(path.residual_norm), np.log(path.solution_norm)
    d_rho, d_eta = np.gradient(rho, step), np.gradient(eta, step)
    turn = d_rho * np.gradient(d_eta, step) - d_eta * np.gradient(d_rho, step)
    curvature = turn / (d_rho**2 + d_eta**2) ** 1.5
    sharpest = path.alphas[10 + np.argmax(abs(curvature[10:-10]))]
    assert sharpest / 2 <= chosen <= sharpest * 2


def test_discrepancy_leaves_a_residual_of_the_size_of_the_noise():
    X, y = data(50, 6, np.float64, condition=10.0)
    for noise in (0.95, 0.98):
        level = noise * np.linalg.norm(y) / np.sqrt(50)
        alpha = hs.select_alpha(X, y, criterion="discrepancy", noise=level)
        residual = np.linalg.norm(y - X @ hs.ridge(X, y, alpha).coef)
        assert residual == pytest.approx(level * np.sqrt(50), rel=1e-3)
    with pytest.raises(ValueError, match=r"^noise=100 is not attained: no penalty leaves a residual of that size\.$"):
        hs.select_alpha(X, y, criterion="discrepancy", noise=100.0)


def test_zero_constant_and_duplicate_columns():
    X, y = data(30, 4, np.float64, condition=3.0)
    X[:, 1], X[:, 2], X[:, 3] = 0.0, 7.0, X[:, 0]
    for method in METHODS:
        fit = hs.ridge(X, y, 1.0, fit_intercept=True, method=method)
        assert abs(fit.coef[1]) == 0
        assert abs(fit.coef[2]) <= 1e-12  # the constant is the intercept's, which costs nothing
        assert fit.coef[0] == pytest.approx(fit.coef[3])
    assert hs.ridge(np.ones((1, 1)), [4.0], 1.0).coef == pytest.approx([2.0])
    fit = hs.ridge(np.ones((1, 1)), [4.0], 1.0, fit_intercept=True)
    assert (fit.coef, fit.intercept) == ([0.0], 4.0)
    fit = hs.ridge(np.zeros((5, 0)), np.arange(5.0), 1.0, fit_intercept=True)
    assert fit.coef.shape == (0,)
    assert fit.intercept == pytest.approx(2.0)


def test_rows_that_alone_decide_on_a_coefficient():
    """X = I: without its row a coefficient is zero, and the error y; for every alpha, and in the limit for 0."""
    y = np.array([1.0, -2.0, 3.0])
    path = hs.ridge_path(np.eye(3), y, [1.0, 1e-3, 0.0])
    np.testing.assert_allclose(path.loo, np.mean(y**2))
    np.testing.assert_allclose(path.gcv, np.mean(y**2))
    assert hs.select_alpha(np.eye(3) + 1e-3, y, [1.0, 0.0]) in (0.0, 1.0)


@pytest.mark.parametrize("scale", [1e-200, 1e-150, 1e150, 1e200])
@pytest.mark.parametrize("method", METHODS)
def test_scales_near_the_ends_of_the_range(method, scale):
    """Right, or NaN with a warning; never a wrong number."""
    X, y = data(20, 3, np.float64, condition=3.0)
    alpha = min(scale * scale, 1e300)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        coef = hs.ridge(scale * X, y, alpha, method=method).coef
    if caught:
        assert "coef for `X` (20, 3)" in str(caught[0].message)
        assert np.isnan(coef).all()
    else:
        expected = hs.ridge(X, y, alpha / scale / scale).coef
        np.testing.assert_allclose(coef * scale, expected, rtol=1e-10)


def test_bits_do_not_depend_on_threads():
    X, y = problems.random((3000, 60), np.float64), problems.random((3000, 3), np.float64, seed=1)
    results = []
    for threads in (1, 2):
        with hs.num_threads(threads):
            results.append((hs.ridge(X, y, 1.0).coef, hs.ridge_path(X, y, [1.0, 0.1]).coefs))
    for one, two in zip(*results, strict=True):
        np.testing.assert_array_equal(one, two)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("shape", [(1, 1), (3, 2), (2, 4), (9, 3)])
@pytest.mark.parametrize("alpha", [5e-324, 1e-320, 1e-310, 1e-300])
@pytest.mark.parametrize("size", [1e-228, 1e-167, 1e-158, 1e-150])
def test_penalties_and_data_whose_squares_underflow(method, shape, alpha, size):
    """Against the fraction of integers, of a problem with one column that is not zero."""
    rng = np.random.default_rng(5)
    X = np.zeros(shape)
    X[:, 0] = rng.standard_normal(shape[0]) * size
    y = rng.standard_normal(shape[0]) * size
    above = sum(Fraction(a) * Fraction(b) for a, b in zip(X[:, 0], y, strict=True))
    below = sum(Fraction(a) ** 2 for a in X[:, 0]) + Fraction(alpha)
    w = hs.ridge(X, y, alpha, method=method).coef
    assert w[0] == pytest.approx(float(above / below), rel=1e-12, abs=1e-290)
    assert (w[1:] == 0).all()
    step = hs.gauss_newton(X, y, damping=alpha).step
    assert step[0] == pytest.approx(-float(above / below), rel=1e-12, abs=1e-290)


@pytest.mark.parametrize("method", ["augmented", "svd"])
@pytest.mark.parametrize("size", [1e-6, 1e-10, 1e-14, 1e-30])
def test_small_rows_below_a_large_penalty_keep_their_digits(method, size):
    X, y = data(20, 4, np.float64)
    X = X * size
    w = hs.ridge(X, y, 1.0, method=method).coef
    assert true_forward_error(w, exact(X, y, 1.0)[0]) <= 1e-13
