# SPDX-License-Identifier: BSD-3-Clause
"""Paths of ridge where they are hard: next to singular, degenerate, saturated, at the ends of the range."""

import mpmath
import numpy as np
import pytest

import hessolve as hs
import problems
from problems import eps

REALS = (np.float32, np.float64)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_path_keeps_its_digits_where_the_gram_matrix_has_none(dtype):
    """X^T X of a polynomial fit is singular to rounding; the errors are those that X itself allows."""
    X = np.vander(np.linspace(0, 1, 60), 7 if dtype == np.float32 else 10).astype(dtype)
    y = np.sin(np.arange(60.0)).astype(dtype)
    alphas = np.array([1.0, 1e-2, 1e-4]) if dtype == np.float32 else np.array([1e-3, 1e-6, 1e-9, 1e-12])
    path = hs.ridge_path(X, y, alphas)
    exact = mpmath.matrix(X.astype(float).tolist())
    right = exact.T * mpmath.matrix(y.astype(float).tolist())
    norm = np.linalg.norm(X, 2)
    with mpmath.workdps(60):
        gram = exact.T * exact
        for alpha, coef in zip(path.alphas, path.coefs.T, strict=True):
            truth = mpmath.lu_solve(gram + mpmath.mpf(float(alpha)) * mpmath.eye(X.shape[1]), right)
            w = np.array([float(value) for value in truth])
            kappa = float(norm / np.sqrt(alpha))  # of [X; sqrt(alpha) I], from above
            r = np.linalg.norm(y - X.astype(float) @ w)
            allowed = 10 * eps(dtype) * kappa * (np.linalg.norm(w) + kappa * r / norm)
            assert np.linalg.norm(coef - w) <= allowed


def test_equal_columns_share_their_coefficient_at_any_penalty():
    x = np.random.default_rng(0).standard_normal(50)
    X, y = np.stack([x, x, np.ones(50)], axis=1), x + 1
    path = hs.ridge_path(X, y, np.geomspace(1e-13, 1e3, 9))
    np.testing.assert_allclose(path.coefs[0], path.coefs[1], rtol=1e-6)


def left_out(X, y, weights, alpha, intercept):
    """The weighted mean of the squared errors of rows that were left out, each by a fit without it."""
    total = 0.0
    for i in range(len(y)):
        keep = np.arange(len(y)) != i
        fit = hs.ridge(X[keep], y[keep], alpha, sample_weight=weights[keep], fit_intercept=intercept, method="svd")
        total += weights[i] * float(y[i] - X[i] @ fit.coef - fit.intercept) ** 2
    return total / weights.sum()


@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("kind", ["random", "equal rows", "low rank", "a row without weight"])
@pytest.mark.parametrize(("m", "n"), [(6, 10), (12, 30), (30, 6)])
def test_leave_one_out_of_degenerate_data(m, n, kind, intercept):
    rng = np.random.default_rng(m + n)
    X, y, weights = rng.standard_normal((m, n)), rng.standard_normal(m), rng.uniform(0.5, 2.0, m)
    if kind == "equal rows":
        X[1], X[3] = X[0], X[0]
    elif kind == "low rank":
        X = rng.standard_normal((m, 2)) @ rng.standard_normal((2, n))
    elif kind == "a row without weight":
        weights[2] = 0.0
    path = hs.ridge_path(X, y, [3.0, 0.7], sample_weight=weights, fit_intercept=intercept)
    expected = [left_out(X, y, weights, alpha, intercept) for alpha in path.alphas]
    np.testing.assert_allclose(path.loo, expected, rtol=1e-8)
    same = hs.ridge_path(X, y, [3.0, 0.7], sample_weight=weights, fit_intercept=intercept, penalty=np.ones(n))
    for name in ("coefs", "intercepts", "dof", "loo", "gcv", "residual_norm", "solution_norm"):  # the other form of it
        np.testing.assert_allclose(getattr(path, name), getattr(same, name), rtol=1e-7, atol=1e-10)


@pytest.mark.parametrize("dtype", REALS)
def test_rows_that_alone_decide_a_coefficient_are_told(dtype):
    for seed in range(30):
        rng = np.random.default_rng(seed)
        X, y = rng.standard_normal((12, 3)).astype(dtype), rng.standard_normal(12).astype(dtype)
        X[:, 2] = 0
        X[4, 2] = 3.3
        assert np.isinf(hs.ridge_path(X, y, [0.0]).loo).all()


@pytest.mark.parametrize(("m", "n"), [(20, 3), (3, 20)])
@pytest.mark.parametrize("exponent", [-560, -200, 200, 560])
def test_a_path_of_data_of_any_size(m, n, exponent):
    """Scaling X by 2^e and alpha by 4^e scales coefficients by 2^-e, to the last bit."""
    X, y = problems.with_condition(n, 30.0, np.float64, m=m), problems.random(m, np.float64, seed=1)
    alphas = np.array([1.0, 0.25])
    plain = hs.ridge_path(X, y, alphas)
    with np.errstate(over="ignore", under="ignore"):
        scaled = hs.ridge_path(
            np.ldexp(X, exponent), y, np.ldexp(alphas, 2 * exponent) if abs(exponent) < 500 else alphas
        )
    if abs(exponent) < 500:
        np.testing.assert_allclose(np.ldexp(scaled.coefs, exponent), plain.coefs, rtol=1e-10)
        np.testing.assert_allclose(scaled.loo, plain.loo, rtol=1e-10)
    elif exponent > 0:  # the penalty is nothing beside X^T X
        np.testing.assert_allclose(np.ldexp(scaled.coefs, exponent)[:, 0], hs.lstsq(X, y).x, rtol=1e-8)
    else:  # X^T X is nothing beside the penalty
        np.testing.assert_allclose(scaled.coefs[:, 0], np.ldexp(X.T @ y, exponent), rtol=1e-10)
