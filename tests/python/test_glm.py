# SPDX-License-Identifier: BSD-3-Clause
"""Hessians of the losses of generalised linear models against long double, exact differentiation and scikit-learn."""

import mpmath
import numpy as np
import pytest

import hessolve as hs

FAMILIES = ["gaussian", "logistic", "poisson", "huber", "squared-hinge", "softmax"]
LAYOUTS = {
    "C": np.ascontiguousarray,
    "F": np.asfortranarray,
    "strided": lambda X: np.repeat(np.repeat(X, 2, axis=0), 3, axis=1)[::2, ::3],
    "reversed": lambda X: np.ascontiguousarray(X[::-1, ::-1])[::-1, ::-1],
}


def problem(m, n, family, *, dtype=np.float64, intercept=True, seed=0, classes=3):
    rng = np.random.default_rng(seed)
    X = rng.standard_normal((m, n)).astype(dtype)
    width = n + int(intercept)
    shape = (classes, width) if family == "softmax" else (width,)
    coef = (rng.standard_normal(shape) / np.sqrt(width)).astype(dtype)
    y = {
        "gaussian": rng.standard_normal(m),
        "logistic": rng.integers(0, 2, m),
        "poisson": rng.poisson(2.0, m),
        "huber": 3 * rng.standard_normal(m),
        "squared-hinge": 2 * rng.integers(0, 2, m) - 1,
        "softmax": rng.integers(0, classes, m),
    }[family].astype(dtype)
    return X, y, coef, rng.uniform(0.1, 2.0, m).astype(dtype)


def reference(X, y, coef, family, *, delta=1.0, weights=None, alpha=0.0, intercept=False, mean=False):
    """The formula in long double, entry by entry of W."""
    X, y, coef = (np.asarray(a, dtype=np.longdouble) for a in (X, y, coef))
    m, n = X.shape
    weights = np.ones(m, dtype=np.longdouble) if weights is None else np.asarray(weights, dtype=np.longdouble)
    Z = np.hstack([X, np.ones((m, 1), dtype=X.dtype)]) if intercept else X
    B = np.atleast_2d(coef)
    eta = Z @ B.T
    K, p = B.shape
    if family == "softmax":
        P = np.exp(eta - eta.max(axis=1, keepdims=True))
        P /= P.sum(axis=1, keepdims=True)
        W = -P[:, :, None] * P[:, None, :]
        for k in range(K):
            W[:, k, k] = P[:, k] * np.delete(P, k, axis=1).sum(axis=1)
    else:
        e, one = eta[:, 0], np.ones(m, dtype=np.longdouble)
        tail = np.exp(-np.abs(e))
        W = {
            "gaussian": one,
            "logistic": tail / (1 + tail) ** 2,
            "poisson": np.exp(e),
            "huber": (np.abs(y - e) <= delta) * one,
            "squared-hinge": 2 * (y * e < 1) * one,
        }[family][:, None, None]
    H = np.einsum("ikl,i,ia,ib->akbl", W, weights, Z, Z).reshape(K * p, K * p)
    size = np.einsum("ikl,i,ia,ib->akbl", abs(W), weights, abs(Z), abs(Z)).reshape(K * p, K * p)
    scale = weights.sum() if mean else 1
    H, size = H / scale, size / scale
    H[np.arange(K * n), np.arange(K * n)] += np.longdouble(alpha)
    return H, size + alpha


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize(("m", "n"), [(1, 1), (3, 5), (70, 7), (301, 33), (2500, 12)])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", LAYOUTS)
def test_formula(family, m, n, dtype, order):
    X, y, coef, weights = problem(m, n, family, dtype=dtype)
    kept = X.copy()
    given = LAYOUTS[order](X)
    H = hs.glm_hessian(
        given, y, coef, family=family, sample_weight=weights, alpha=0.5, fit_intercept=True, reduction="mean"
    )
    exact, size = reference(X, y, coef, family, weights=weights, alpha=0.5, intercept=True, mean=True)
    assert H.dtype == dtype
    np.testing.assert_array_equal(H, H.T)
    np.testing.assert_array_equal(given, kept)
    bound = (np.sqrt(m) + 4 * n + 20) * np.finfo(dtype).eps  # of the sum, and of eta inside exp
    assert np.all(abs(H - exact) <= bound * size)


@pytest.mark.parametrize("family", FAMILIES)
def test_layouts_and_threads_have_the_same_bits(family):
    X, y, coef, weights = problem(9000, 40, family)
    keywords = {"family": family, "sample_weight": weights, "fit_intercept": True}
    first = hs.glm_hessian(X, y, coef, **keywords)
    with hs.num_threads(1):
        one = hs.glm_operator(X, y, coef, **keywords) @ np.ones(len(first))
        for order in LAYOUTS.values():
            np.testing.assert_array_equal(hs.glm_hessian(order(X), y, coef, **keywords), first)
    with hs.num_threads(2):
        np.testing.assert_array_equal(hs.glm_hessian(X, y, coef, **keywords), first)
        np.testing.assert_array_equal(
            hs.glm_operator(np.asfortranarray(X), y, coef, **keywords) @ np.ones(len(first)), one
        )


@pytest.mark.parametrize(("family", "n"), [("logistic", 700), ("softmax", 515)])
@pytest.mark.parametrize("intercept", [False, True])
def test_wide(family, n, intercept):
    """Beyond 512 columns threads share a panel; the sums against products in double precision."""
    X, _, coef, weights = problem(600, n, family, intercept=intercept)
    keywords = {"family": family, "sample_weight": weights, "fit_intercept": intercept}
    H = hs.glm_hessian(X, None, coef, **keywords)
    with hs.num_threads(1):
        np.testing.assert_array_equal(hs.glm_hessian(np.asfortranarray(X), None, coef, **keywords), H)
    Z = np.hstack([X, np.ones((600, 1))]) if intercept else X
    P = np.exp(Z @ np.atleast_2d(coef).T)
    P = P / P.sum(axis=1, keepdims=True) if family == "softmax" else P / (1 + P)
    K = P.shape[1]
    for k in range(K):
        for j in range(K):
            w = P[:, k] * ((1 if k == j else 0) - P[:, j]) * weights
            np.testing.assert_allclose(H[k::K, j::K], (Z.T * w) @ Z, rtol=0, atol=1e-11)


LOSSES = {
    "gaussian": lambda eta, y: np.sum((y - eta) ** 2) / 2,
    "logistic": lambda eta, y: np.sum(np.log1p(np.exp(eta)) - y * eta),
    "poisson": lambda eta, y: np.sum(np.exp(eta) - y * eta),
    "huber": lambda eta, y: np.sum(np.where(abs(y - eta) <= 1, (y - eta) ** 2 / 2, abs(y - eta) - 0.5)),
    "squared-hinge": lambda eta, y: np.sum(np.maximum(0.0, 1 - y * eta) ** 2),
}


@pytest.mark.parametrize("family", LOSSES)
def test_second_derivative_of_the_loss_as_documented(family):
    X, y, coef, _ = problem(30, 4, family, intercept=False)
    exact = hs.hessian(lambda b: LOSSES[family](X @ b, y) + 0.3 * np.sum(b * b), coef, method="dual")
    H = hs.glm_hessian(X, y, coef, family=family, alpha=0.6)
    np.testing.assert_allclose(H, exact, rtol=0, atol=1e-12 * abs(exact).max())


def test_second_derivative_of_softmax_in_the_documented_order():
    X, y, coef, _ = problem(20, 3, "softmax")

    def loss(flat):
        eta = X @ flat.reshape(-1, 3)[:3] + flat.reshape(-1, 3)[3]  # row j K + k is variable j of class k
        rows = np.log(np.sum(np.exp(eta), axis=1)) - np.sum(eta * np.eye(3)[y.astype(int)], axis=1)
        return np.sum(rows)

    exact = hs.hessian(loss, coef.ravel(order="F"), method="dual")
    H = hs.glm_hessian(X, y, coef, family="softmax", fit_intercept=True)
    np.testing.assert_allclose(H, exact, rtol=0, atol=1e-12 * abs(exact).max())


@pytest.mark.parametrize("family", ["gaussian", "logistic", "poisson", "softmax"])
@pytest.mark.parametrize("intercept", [False, True])
@pytest.mark.parametrize("weighted", [False, True])
def test_equals_scikit_learn(family, intercept, weighted):
    loss_module = pytest.importorskip("sklearn._loss.loss")
    linear = pytest.importorskip("sklearn.linear_model._linear_loss")
    name = {
        "gaussian": "HalfSquaredError",
        "logistic": "HalfBinomialLoss",
        "poisson": "HalfPoissonLoss",
        "softmax": "HalfMultinomialLoss",
    }[family]
    base = getattr(loss_module, name)(**({"n_classes": 3} if family == "softmax" else {}))
    model = linear.LinearModelLoss(base_loss=base, fit_intercept=intercept)
    X, y, coef, weights = problem(500, 6, family, intercept=intercept)
    weights = weights if weighted else None
    peer = np.asfortranarray(coef) if family == "softmax" else coef
    _, exact, warned = model.gradient_hessian(peer, X, y, sample_weight=weights, l2_reg_strength=0.7)
    assert not warned
    ours = hs.glm_hessian(
        X, y, coef, family=family, sample_weight=weights, alpha=0.7, fit_intercept=intercept, reduction="mean"
    )
    np.testing.assert_allclose(ours, exact, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("index", [np.int32, np.int64])
def test_sparse_equals_dense(family, dtype, index):
    sparse = pytest.importorskip("scipy.sparse")
    X, y, coef, weights = problem(400, 30, family, dtype=dtype)
    X[np.random.default_rng(1).random(X.shape) < 0.8] = 0
    S = sparse.csr_array(X)
    S.indptr, S.indices = S.indptr.astype(index), S.indices.astype(index)
    keywords = {"family": family, "sample_weight": weights, "fit_intercept": True, "alpha": 0.1}
    dense = hs.glm_hessian(X, y, coef, **keywords)
    for given in (S, S.tocsc(), S.tocoo()):
        np.testing.assert_allclose(
            hs.glm_hessian(given, y, coef, **keywords), dense, rtol=0, atol=200 * np.finfo(dtype).eps * abs(dense).max()
        )
    v = np.random.default_rng(2).standard_normal(len(dense)).astype(dtype)
    both = [hs.glm_operator(given, y, coef, **keywords) @ v for given in (S, X)]
    for product in both:
        assert product.dtype == dtype
        np.testing.assert_allclose(product, dense @ v, rtol=0, atol=2000 * np.finfo(dtype).eps * abs(dense).max())
    with hs.num_threads(1):
        np.testing.assert_array_equal(hs.glm_operator(S, y, coef, **keywords) @ v, both[0])


def test_links_keep_their_digits_far_out():
    """p (1 - p) at eta = 300 is exp(-300), not 0; checked with mpmath."""
    for eta in (-700.0, -300.0, -37.0, 20.0, 300.0, 700.0):
        with mpmath.workdps(400):
            p = 1 / (1 + mpmath.exp(-mpmath.mpf(eta)))
            exact = float(p * (1 - p))
        got = hs.glm_hessian([[1.0]], None, [eta], family="logistic")[0, 0]
        assert abs(got - exact) <= 4e-16 * exact
        two = hs.glm_hessian([[1.0]], None, [[0.0], [eta]], family="softmax")
        assert np.all(abs(abs(two) - exact) <= 1e-15 * exact)
    assert hs.glm_hessian([[1e3]], None, [1e300], family="logistic")[0, 0] == 0.0


def test_operator_in_stochastic_estimates_and_iterations():
    X, y, coef, _ = problem(800, 20, "logistic", intercept=False)
    H = hs.glm_hessian(X, y, coef, family="logistic", alpha=1.0)
    op = hs.glm_operator(X, y, coef, family="logistic", alpha=1.0)
    assert op.shape == H.shape
    assert op.dtype == H.dtype
    np.testing.assert_allclose(op @ np.eye(20), H, atol=1e-11)
    d = hs.spectral_density(op, rng=0, samples=4, steps=20)
    w = np.linalg.eigvalsh(H)
    assert abs(d.lowest - w[0]) < 1e-6 * w[-1]
    assert abs(d.highest - w[-1]) < 1e-6 * w[-1]
    b = np.ones(20)
    np.testing.assert_allclose(hs.iterate(op, b, method="cg"), np.linalg.solve(H, b), rtol=1e-6)
    linear = pytest.importorskip("scipy.sparse.linalg")
    np.testing.assert_allclose(linear.aslinearoperator(op) @ b, H @ b, rtol=1e-10)


@pytest.mark.parametrize("family", FAMILIES)
@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_chunks_add_up(family, reduction):
    X, y, coef, weights = problem(500, 5, family)
    keywords = {"family": family, "alpha": 0.3, "fit_intercept": True, "reduction": reduction}
    whole = hs.glm_hessian(X, y, coef, sample_weight=weights, **keywords)
    state = hs.GlmHessian(coef, **keywords)
    for rows in (slice(0, 100), slice(100, 101), slice(101, 500)):
        state.update(X[rows], y[rows], weights[rows])
    np.testing.assert_allclose(state.matrix, whole, rtol=1e-12, atol=1e-13)
    before = state.matrix
    with pytest.raises(ValueError, match="`X`"):
        state.update(np.full((2, 5), np.nan), y[:2], weights[:2])
    np.testing.assert_array_equal(state.matrix, before)
    assert state.rows == 500


def test_a_memory_mapped_matrix_is_not_copied(tmp_path, run_script):
    """The peak of memory grows by far less than the file."""
    rows = 400_000
    program = f"""
import numpy as np, resource, hessolve as hs
np.lib.format.open_memmap({str(tmp_path / "X.npy")!r}, "w+", np.float32, ({rows}, 50)).flush()
X = np.load({str(tmp_path / "X.npy")!r}, mmap_mode="r")
hs.glm_hessian(X[:10], None, np.zeros(50), family="logistic")
anonymous = lambda: int(next(l for l in open("/proc/self/status") if l.startswith("RssAnon")).split()[1]) // 1024
peak, stop = [0], []
import threading, time
def watch():
    while not stop:
        peak[0] = max(peak[0], anonymous()); time.sleep(0.002)
before = anonymous()
thread = threading.Thread(target=watch); thread.start()
hs.glm_hessian(X, None, np.zeros(50), family="logistic")
hs.glm_operator(X, None, np.zeros(50), family="logistic") @ np.ones(50)
stop.append(1); thread.join()
print(peak[0] - before)
"""
    assert int(run_script(program)) < 40  # MB; X has 80


def test_empty():
    H = hs.glm_hessian(np.zeros((0, 3)), None, np.zeros(3), family="logistic", alpha=2.0)
    np.testing.assert_array_equal(H, 2 * np.eye(3))
    assert hs.glm_hessian(np.zeros((4, 0)), None, np.zeros(0), family="logistic").shape == (0, 0)
    H = hs.glm_hessian(np.zeros((4, 0)), None, np.zeros(1), family="logistic", fit_intercept=True)
    np.testing.assert_array_equal(H, [[1.0]])
