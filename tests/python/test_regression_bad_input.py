# SPDX-License-Identifier: BSD-3-Clause
"""Regressions of data and penalties that are of no use: word for word what is said, or the documented answer."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems

X43, Y4 = np.ones((4, 3)) + np.eye(4, 3), np.arange(4.0)
BAD = X43.copy()
BAD[2, 1] = np.nan
DIAGONAL = np.diag([1.0, -1.0, 1.0])
MISTAKES = [
    (lambda: hs.ridge(X43, Y4, -1.0), ValueError, "alpha=-1.0 is not valid; it is a finite number >= 0."),
    (lambda: hs.ridge(X43, Y4, np.nan), ValueError, "alpha=nan is not valid; it is a finite number >= 0."),
    (lambda: hs.ridge(X43, Y4, "1"), TypeError, "alpha='1' is not valid; it is a finite number >= 0."),
    (lambda: hs.ridge(X43, Y4, [1.0, 2.0]), ValueError,
     "`alpha` (2,) does not fit 1 targets; a number or (1,) is needed."),
    (lambda: hs.ridge(X43, np.ones((4, 2)), [1.0, -2.0]), ValueError,
     "`alpha` has -2 at index 1; penalties are finite numbers >= 0."),
    (lambda: hs.ridge_path(X43, Y4, [1.0, np.inf]), ValueError,
     "`alphas` has inf at index 1; penalties are finite numbers >= 0."),
    (lambda: hs.ridge_path(X43, Y4, []), ValueError, "`alphas` (0,) is not a list of at least one penalty."),
    (lambda: hs.ridge(X43, Y4[:3]), ValueError, "`X` (4, 3) and `y` (3,) do not fit: `y` needs 4 rows, not 3."),
    (lambda: hs.ridge(X43, np.ones((4, 1, 1))), ValueError,
     "`y` (4, 1, 1) has 3 dimensions; a vector (m,) or a matrix (m, t) is needed."),
    (lambda: hs.ridge(np.ones((2, 4, 3)), Y4), ValueError,
     "`X` (2, 4, 3) is a stack, and hs.ridge fits one matrix (m, n); pass its slices in turn."),
    (lambda: hs.ridge(np.ones((0, 3)), []), ValueError, "`X` (0, 3) has no rows; there is nothing to fit."),
    (lambda: hs.ridge(X43 * 1j, Y4), TypeError,
     "`X` is complex, and hs.ridge works with real numbers; hs.lstsq takes complex ones."),
    (lambda: hs.ridge(BAD, Y4), ValueError,
     "`X` (4, 3) has a NaN or infinity at row 2, column 1; clean the data first."),
    (lambda: hs.ridge_path(BAD, Y4), ValueError,
     "`X` (4, 3) has a NaN or infinity at row 2, column 1; clean the data first."),
    (lambda: hs.ridge(X43, [0.0, np.inf, 1.0, 2.0]), ValueError,
     "`y` (4,) has a NaN or infinity at row 1; clean the data first."),
    (lambda: hs.ridge(X43, Y4, sample_weight=[1.0, 1.0, -1.0, 0.0]), ValueError,
     "`sample_weight` has a negative, NaN or infinite entry; weights are finite numbers >= 0."),
    (lambda: hs.ridge(X43, Y4, sample_weight=np.zeros(4)), ValueError,
     "`sample_weight` is all zero; at least one weight must be positive."),
    (lambda: hs.ridge(X43, Y4, sample_weight=[1.0]), ValueError,
     "`sample_weight` (1,) does not fit `X` (4, 3); shape (4,) is needed."),
    (lambda: hs.ridge(X43, Y4, method="cg"), ValueError,
     "method='cg' is for sparse `X`; use method='auto', or pass scipy.sparse.csr_array(X)."),
    (lambda: hs.ridge(X43, Y4, penalty=np.ones(2)), ValueError,
     "`penalty` (2,) does not fit 3 columns; (3,) or (p, 3) is needed."),
    (lambda: hs.ridge(X43, Y4, penalty=np.ones(3), prior_covariance=np.eye(3)), ValueError,
     "`penalty` and `prior_covariance` are both given; leave one of them out."),
    (lambda: hs.ridge(X43, Y4, prior_covariance=np.eye(2)), ValueError,
     "`prior_covariance` (2, 2) does not fit 3 columns; (3, 3) is needed."),
    (lambda: hs.ridge(X43, Y4, prior_covariance=np.eye(3) + np.eye(3, k=2)), ValueError,
     "`prior_covariance` (3, 3) is not symmetric: its entries (0, 2) and (2, 0) differ; a covariance is."),
    (lambda: hs.ridge(X43, Y4, prior_covariance=DIAGONAL), hs.NotPositiveDefiniteError,
     "`prior_covariance` (3, 3) is not positive definite: the leading minor of order 2 (column 1) is not positive. "
     "Use one that is, such as prior_covariance plus a small multiple of the identity."),
    (lambda: hs.ridge_path(X43, Y4, prior_covariance=DIAGONAL), hs.NotPositiveDefiniteError,
     "`prior_covariance` (3, 3) is not positive definite: the leading minor of order 2 (column 1) is not positive. "
     "Use one that is, such as prior_covariance plus a small multiple of the identity."),
    (lambda: hs.select_alpha(X43, Y4, criterion="aic"), ValueError,
     "criterion='aic' is not valid; valid: 'loo', 'gcv', 'l-curve', 'discrepancy', 'max-element'."),
    (lambda: hs.select_alpha(X43, Y4, criterion="discrepancy"), ValueError,
     "criterion='discrepancy' needs `noise`, the standard deviation of the errors of y."),
    (lambda: hs.select_alpha(X43, Y4, noise=1.0), ValueError,
     "criterion='loo' takes no `noise`, the standard deviation of the errors of y."),
    (lambda: hs.select_alpha(X43, Y4, criterion="discrepancy", noise=-1.0), ValueError,
     "noise=-1.0 is not valid; it is a finite number > 0, or None."),
    (lambda: hs.select_alpha(X43, Y4, [1.0], criterion="max-element"), ValueError,
     "criterion='max-element' takes no `alphas`; it does not choose among them."),
    (lambda: hs.select_alpha(np.zeros((4, 3)), Y4, criterion="max-element"), ValueError,
     "`X` (4, 3) is zero; criterion='max-element' finds no penalty for it."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES)
def test_mistakes(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()


def test_mistakes_with_sparse_data():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    X = sparse.csr_array(X43)
    with pytest.raises(ValueError, match=r"^`penalty` needs dense `X`; pass X\.toarray\(\)\.$"):
        hs.ridge(X, Y4, penalty=np.ones(3))
    with pytest.raises(
        ValueError, match=r"^method='svd' is for dense `X`; use method='auto', or pass X\.toarray\(\)\.$"
    ):
        hs.ridge(X, Y4, method="svd")
    with pytest.raises(
        ValueError, match=r"^`X` \(4, 3\) has a NaN or infinity at row 2, column 1; clean the data first"
    ):
        hs.ridge(sparse.csr_array(BAD), Y4)
    broken = sparse.csr_array(X43)
    broken.indices = broken.indices.copy()
    broken.indices[4] = 7
    with pytest.raises(ValueError, match=r"^`X` \(4, 3\): row 1 has column index 7 .*out of range; columns are 0 to 2"):
        hs.ridge(broken, Y4)
    with pytest.raises(TypeError, match="sparse"):
        hs.ridge_path(X, Y4)


METHODS = ["auto", "cholesky", "augmented", "svd", "dual"]
UNSORTED = [1.0, 0.01, 1.0, 10.0, 0.1]


def data(m=30, n=4, seed=0):
    X = problems.with_condition(n, 5.0, np.float64, m=m, seed=seed)
    return X, problems.random(m, np.float64, seed=seed + 1)


def deficient():
    """Columns: anything, zero, constant, the first once more. Rank 2."""
    X, y = data()
    X[:, 1], X[:, 2], X[:, 3] = 0.0, 7.0, X[:, 0]
    return X, y


def test_penalties_in_any_order_and_more_than_once():
    """Sorted to descend, equal ones kept; each is fitted as if it were alone."""
    X, y = data()
    path = hs.ridge_path(X, y, UNSORTED)
    np.testing.assert_array_equal(path.alphas, sorted(UNSORTED, reverse=True))
    for k, alpha in enumerate(path.alphas):
        np.testing.assert_allclose(path.coefs[:, k], hs.ridge(X, y, alpha).coef, rtol=1e-12)
    np.testing.assert_array_equal(path.loo, hs.ridge_path(X, y, sorted(UNSORTED)).loo)
    smaller = [alpha / 100 for alpha in UNSORTED]
    path = hs.lasso_path(X, y, smaller, tol=1e-14)
    np.testing.assert_array_equal(path.alphas, sorted(smaller, reverse=True))
    for k, alpha in enumerate(path.alphas):
        np.testing.assert_allclose(path.coefs[:, k], hs.lasso(X, y, alpha, tol=1e-14).coef, atol=1e-7)
    for criterion in ("loo", "gcv", "l-curve"):
        chosen = hs.select_alpha(X, y, UNSORTED, criterion=criterion)
        assert chosen in UNSORTED
        assert chosen == hs.select_alpha(X, y, sorted(set(UNSORTED)), criterion=criterion)
        assert hs.select_alpha(X, y, [3.0, 3.0, 3.0], criterion=criterion) == 3.0


@pytest.mark.parametrize("name", ["ridge", "ridge_path", "select_alpha", "lasso", "elastic_net", "lasso_path"])
def test_weights_without_weight(name):
    X, y = data()
    extra = (0.1,) if name in ("lasso", "elastic_net") else ()
    text = r"^`sample_weight` is all zero; at least one weight must be positive\.$"
    with pytest.raises(ValueError, match=text):
        getattr(hs, name)(X, y, *extra, sample_weight=np.zeros(30))
    state = hs.RegressionState(4)
    state.update(X, y)
    kept = state.solve()
    for change in (state.update, state.downdate):
        with pytest.raises(ValueError, match=text):
            change(X, y, np.zeros(30))
    np.testing.assert_array_equal(state.solve(), kept)


@pytest.mark.parametrize("fit_intercept", [False, True])
def test_zero_constant_and_duplicate_columns(fit_intercept):
    X, y = deficient()
    ones = np.ones((30, 1))
    full = np.hstack([X, ones]) if fit_intercept else X
    least = np.linalg.pinv(full) @ y
    path = hs.ridge_path(X, y, [0.1, 1.0, 0.0], fit_intercept=fit_intercept)
    np.testing.assert_allclose(full @ least, X @ path.coefs[:, 2] + path.intercepts[2], atol=1e-12)  # alpha = 0
    np.testing.assert_allclose(path.dof[2], 2, rtol=1e-12)  # the rank, of which the constant is one
    for k, alpha in enumerate(path.alphas[:2]):
        fit = hs.ridge(X, y, alpha, fit_intercept=fit_intercept)
        np.testing.assert_allclose(path.coefs[:, k], fit.coef, atol=1e-12)
    for values in (path.loo, path.gcv, hs.ridge_path(X, y, fit_intercept=fit_intercept).loo):
        assert np.isfinite(values).all()
    for criterion in ("loo", "gcv", "l-curve", "max-element"):
        assert np.isfinite(hs.select_alpha(X, y, fit_intercept=fit_intercept, criterion=criterion))
    net = hs.elastic_net(X, y, 0.05, fit_intercept=fit_intercept, tol=1e-12)
    assert net.coef[1] == 0
    assert net.coef[0] == pytest.approx(net.coef[3], abs=1e-4)  # the squared part shares between equals


def test_columns_that_depend_in_a_stream_and_in_basis_pursuit():
    X, y = deficient()
    state = hs.RegressionState(4)
    state.update(X, y)
    coef, _, rank = state.solve(full_output=True)
    assert rank == 2
    np.testing.assert_allclose(coef, np.linalg.pinv(X) @ y, atol=1e-13)
    s = hs.basis_pursuit(X[:3], X[:3] @ np.ones(4))
    assert s.duality_gap <= 1e-7
    np.testing.assert_allclose(X[:3] @ s.x, X[:3] @ np.ones(4), atol=1e-7)


@pytest.mark.parametrize("method", ["auto", "qr", "qr-pivoted", "svd", "cholesky-qr", "mgs", "normal", "sketch"])
def test_columns_that_depend_in_least_squares(method):
    X, y = deficient()
    s = hs.lstsq(X, y, method=method, full_output=True)
    assert s.rank == 2
    assert s.regime == (0 if method == "svd" else 4)
    np.testing.assert_allclose(s.x, np.linalg.pinv(X) @ y, atol=1e-13)
    np.testing.assert_allclose(hs.lstsq(X, y, method=method).x, s.x, atol=1e-13)


def test_nothing_but_zeros():
    X, y = data()
    zero = np.zeros((5, 2))
    for coef in (
        hs.ridge(zero, np.ones(5), 1.0).coef,
        hs.lasso(zero, np.ones(5), 1.0).coef,
        hs.lstsq(zero, np.ones(5)).x,
        hs.ridge_path(zero, np.ones(5)).coefs,
        hs.lasso_path(zero, np.ones(5)).coefs,
        hs.ridge_path(X, 0 * y).coefs,
        hs.lasso_path(X, 0 * y).coefs,
        hs.lstsq(X, 0 * y).x,
        hs.basis_pursuit(X.T, np.zeros(4)).x,
    ):
        assert not coef.any()
    for criterion in ("loo", "gcv", "l-curve"):
        for design, target in ((zero, np.ones(5)), (X, 0 * y)):
            assert 0 < hs.select_alpha(design, target, criterion=criterion) < np.inf
    fit = hs.ridge(zero, np.full(5, 3.0), 1.0, fit_intercept=True)
    assert (fit.coef.tolist(), fit.intercept) == ([0.0, 0.0], 3.0)


@pytest.mark.parametrize(("m", "n"), [(1, 1), (1, 3), (3, 1), (3, 0)])
def test_one_row_one_column_or_none(m, n):
    X, y = problems.random((m, n), np.float64), problems.random(m, np.float64, seed=1)
    least = np.linalg.pinv(X) @ y
    alpha = 0.5
    expected = np.linalg.solve(X.T @ X + alpha * np.eye(n), X.T @ y)
    for method in METHODS:
        np.testing.assert_allclose(hs.ridge(X, y, alpha, method=method).coef, expected, atol=1e-14)
    path = hs.ridge_path(X, y, [alpha, 0.0])
    np.testing.assert_allclose(path.coefs, np.column_stack([expected, least]), atol=1e-14)
    assert hs.ridge_path(X, y).coefs.shape == (n, len(hs.ridge_path(X, y).alphas))
    assert hs.lasso_path(X, y, n_alphas=7).coefs.shape == (n, 7)
    assert hs.lasso(X, y, 1e3).coef.tolist() == [0.0] * n
    for fit in (hs.ridge(X, y, alpha, fit_intercept=True), hs.lasso(X, y, 1e3, fit_intercept=True)):
        assert fit.intercept == pytest.approx(np.mean(y - X @ fit.coef))
    assert hs.basis_pursuit(X, X @ np.ones(n)).x.shape == (n,)
    if n:
        state = hs.RegressionState(n)
        state.update(X, y)
        np.testing.assert_allclose(state.solve(), least, atol=1e-14)


@pytest.mark.parametrize("name", ["ridge", "ridge_path", "select_alpha", "lasso", "elastic_net", "lasso_path"])
@pytest.mark.parametrize("n", [0, 3])
def test_no_rows(n, name):
    extra = (0.1,) if name in ("lasso", "elastic_net") else ()
    with pytest.raises(ValueError, match=rf"^`X` \(0, {n}\) has no rows; there is nothing to fit\.$"):
        getattr(hs, name)(np.zeros((0, n)), [], *extra)
