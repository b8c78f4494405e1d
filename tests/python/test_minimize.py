# SPDX-License-Identifier: BSD-3-Clause
"""Minima: the theorems of each method, on functions whose minima are known."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hessolve as hs

METHODS = ("newton", "trust-region", "bfgs", "gradient")

EPS = np.finfo(np.float64).eps


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def quadratic(n, seed=0, condition=100.0):
    """Return f, its matrix and its minimum."""
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    A = (Q * np.geomspace(1.0, condition, n)) @ Q.T
    A = (A + A.T) / 2
    b = rng.standard_normal(n)
    return (lambda x: x @ A @ x / 2 - b @ x), A, np.linalg.solve(A, b)


@pytest.mark.parametrize("n", [1, 2, 7, 30])
@pytest.mark.parametrize("method", ["newton", "trust-region"])
def test_one_newton_step_solves_a_quadratic(n, method):
    f, A, solution = quadratic(n)
    found = hs.minimize(f, np.ones(n), method=method, options={"initial_trust_radius": 1e6})
    assert found.success
    assert found.nit <= 2  # the second one for rounding
    np.testing.assert_allclose(found.x, solution, rtol=1e-11, atol=1e-12)
    np.testing.assert_allclose(found.hess, A, rtol=1e-12, atol=1e-12)


def test_convergence_is_quadratic():
    """Errors of f(x) = sum exp(x_i) - x_i + (sum x)^2, minimum 0: each at most about the square of the last."""
    errors = []
    hs.minimize(
        lambda x: np.sum(np.exp(x) - x) + np.sum(x) ** 2,
        np.array([0.5, -0.3, 0.4]),
        gtol=1e-15,
        callback=lambda x: errors.append(np.abs(x).max()),
    )
    errors = [0.5, *[e for e in errors if e > 1e-15]]
    assert len(errors) >= 4
    for before, after in itertools.pairwise(errors):
        assert after <= before**2


@pytest.mark.parametrize("seed", range(5))
def test_newton_does_not_depend_on_affine_coordinates(seed):
    """Minimising f(T y + c) goes through the preimages of the points for f, as long as no Hessian is repaired."""
    rng = np.random.default_rng(seed)
    T = np.eye(4) + 0.5 * rng.standard_normal((4, 4))
    c = rng.standard_normal(4)

    def f(x):
        return np.sum(np.exp(x) - x) + np.sum(x**2) ** 2

    plain, changed = [], []
    x0 = rng.standard_normal(4)
    hs.minimize(f, x0, callback=plain.append)
    hs.minimize(lambda y: f(T @ y + c), np.linalg.solve(T, x0 - c), callback=lambda y: changed.append(T @ y + c))
    count = min(len(plain), len(changed)) - 1
    assert count >= 3
    np.testing.assert_allclose(changed[:count], plain[:count], rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize(
    ("method", "step"), [*((m, "line-search") for m in METHODS), ("gradient", "exact"), ("gradient", "bounded")]
)
def test_f_falls_in_every_iteration(method, step):
    values = [rosenbrock(np.array([-1.2, 1.0, -0.5]))]
    hs.minimize(
        rosenbrock, [-1.2, 1.0, -0.5], method=method, step=step, maxiter=60,
        callback=lambda intermediate_result: values.append(intermediate_result.fun),
    )  # fmt: skip
    assert len(values) > 5
    assert all(b <= a * (1 + 16 * EPS) for a, b in itertools.pairwise(values))


@pytest.mark.parametrize("step", ["line-search", "exact", "bounded"])
@pytest.mark.parametrize("condition", [2.0, 20.0])
def test_gradient_steps_meet_their_rates(step, condition):
    """Exact steps: (f - f*) falls by ((c - 1) / (c + 1))^2 a step or faster; steps 1 / lambda_max by 1 - 1 / c."""
    f, _, solution = quadratic(5, condition=condition)
    values = [f(np.ones(5))]
    found = hs.minimize(
        f, np.ones(5), method="gradient", step=step,
        callback=lambda intermediate_result: values.append(intermediate_result.fun),
    )  # fmt: skip
    assert found.success
    np.testing.assert_allclose(found.x, solution, atol=1e-5)
    over = np.array(values) - f(solution)
    over = over[over > 1e-12]
    rate = {"exact": ((condition - 1) / (condition + 1)) ** 2, "bounded": 1 - 1 / condition}.get(step, 1.0)
    assert (over[1:] <= over[:-1] * (rate + 1e-3)).all()


def test_bfgs_ends_on_a_quadratic_with_the_inverse_hessian():
    f, A, solution = quadratic(6)
    found = hs.minimize(f, np.ones(6), method="bfgs", gtol=1e-9)
    assert found.success
    np.testing.assert_allclose(found.x, solution, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(found.hess_inv @ A, np.eye(6), atol=0.2)


def test_a_saddle_is_left():
    def f(x):
        return x[0] ** 2 - x[1] ** 2 + x[1] ** 4 / 4

    for method in ("newton", "trust-region"):
        found = hs.minimize(f, [1.0, 0.0], method=method)  # the gradient points at the saddle (0, 0)
        assert found.success
        np.testing.assert_allclose(np.abs(found.x), [0, np.sqrt(2)], atol=1e-6)
        assert np.linalg.eigvalsh(found.hess)[0] > 0


@pytest.mark.parametrize("method", ["newton", "trust-region"])
@pytest.mark.parametrize("way", ["hessp", "products", "sparse"])
@pytest.mark.parametrize("start", [[1.0, 0.0], [0.0, 0.0]])
def test_saddles_are_left_by_products_as_well(method, way, start):
    """f has a saddle at 0 in 30 variables, which the gradient points at or vanishes in."""
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    rng = np.random.default_rng(2)
    n = 30
    bends = np.linspace(1.0, 10.0, n)
    bends[1] = -2.0
    x0 = np.zeros(n)
    x0[:2] = start
    if start[0]:
        x0[2:] = rng.standard_normal(n - 2)

    def f(x):
        return np.sum(bends * x**2) / 2 + x[1] ** 4 / 4

    def hess(x):
        d = bends.copy()
        d[1] += 3 * x[1] ** 2
        return d

    given = {
        "hessp": {"hessp": lambda x, p: hess(x) * p},
        "products": {"hess": lambda x: sparse.linalg.aslinearoperator(sparse.diags_array(hess(x)))},
        "sparse": {"hess": lambda x: sparse.diags_array(hess(x)).tocsr()},
    }[way]
    found = hs.minimize(f, x0, method=method, **given)
    assert found.success
    np.testing.assert_allclose(np.abs(found.x), np.sqrt(2) * (np.arange(n) == 1), atol=1e-6)


@given(st.integers(0, 10**6), st.integers(1, 40), st.floats(-2, 0), st.integers(0, 5))
@settings(max_examples=40, deadline=None)
def test_negative_curvature_is_found_and_is_one(seed, n, decade, negative):
    """What is returned is v^T H v < 0; something is where an eigenvalue of -10^decade of the largest exists."""
    from hessolve._lowest import negative_curvature

    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    w = rng.uniform(0.1, 1.0, n)
    w[:negative] = -(10.0**decade)
    A = (Q * w) @ Q.T
    calls = []
    found = negative_curvature(lambda v: calls.append(0) or A @ v, n)
    assert len(calls) <= 20
    if negative == 0:
        assert found is None
    else:
        value, v = found
        assert np.linalg.norm(v) == pytest.approx(1)
        assert v @ A @ v == pytest.approx(value, abs=1e-12)
        assert value < 0


def test_the_hard_case_of_the_trust_region():
    from hessolve._trust_region import in_ball

    w, V = np.array([-2.0, -2.0, 1.0]), np.eye(3)
    p, edge = in_ball(w, V, np.array([0.0, 0.0, 1.0]), 2.0)
    assert edge
    assert np.linalg.norm(p) == pytest.approx(2.0)
    assert p[2] == pytest.approx(-1 / 3)  # (H + 2 I) p = -g
    assert in_ball(np.array([0.0, 1.0]), np.eye(2), np.array([0.0, 1.0]), 5.0)[0] == pytest.approx([0, -1])


@given(st.integers(0, 2**32 - 1), st.integers(1, 7), st.floats(-6, 6), st.booleans())
@settings(max_examples=200, deadline=None)
def test_the_minimum_in_a_ball_is_one(seed, n, decade, hard):
    """Optimality: (H + s I) p = -g with H + s I semidefinite, s >= 0, and s = 0 or ||p|| = radius, to 1e-3 in ||p||."""
    from hessolve._trust_region import in_ball

    rng = np.random.default_rng(seed)
    H = rng.standard_normal((n, n))
    w, V = np.linalg.eigh(H + H.T)
    g = rng.standard_normal(n)
    if hard:
        g -= V[:, 0] * (V[:, 0] @ g)
    radius = 10.0**decade
    p, edge = in_ball(w, V, g, radius)
    length = np.linalg.norm(p)
    assert length <= radius * (1 + 1e-9)

    def model(q):
        return g @ q + q @ (V @ (w * (V.T @ q))) / 2

    if edge:
        assert length == pytest.approx(radius, rel=2e-3)
    best = model(p)
    for _ in range(20):
        q = rng.standard_normal(n)
        q *= radius * rng.uniform() ** (1 / n) / np.linalg.norm(q)
        assert best <= model(q) + 3e-3 * abs(best) + 1e-12 * (np.linalg.norm(g) * radius + abs(w).max() * radius**2)


def test_a_function_that_falls_for_ever_ends_with_a_message():
    for method in METHODS:
        found = hs.minimize(lambda x: np.sum(x), [0.0, 1.0], method=method, maxiter=20)
        assert not found.success
        assert found.message


@pytest.mark.parametrize("method", METHODS)
def test_a_function_without_lower_bound_is_told(method):
    found = hs.minimize(lambda x: -np.sum(x**2), [1.0, 2.0], method=method)
    assert (found.success, found.status) == (False, 3)
    assert "no lower bound" in found.message


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("unit", [1e-30, 1e-10, 1e10, 1e30])
def test_the_unit_of_the_function_does_not_matter(method, unit):
    found = hs.minimize(lambda x: unit * np.sum(np.cosh(x - 1)), [1.5, 2.3], method=method, gtol=unit * 1e-6)
    assert found.success, found.message
    np.testing.assert_allclose(found.x, 1, atol=2e-6)


def test_precision_loss_is_no_success():
    """A gradient that is wrong by 1e-3 is never smaller, and points uphill near the minimum."""

    def jac(x):
        return 2 * x + np.where(x > 0, 1e-3, -1e-3)

    found = hs.minimize(lambda x: np.sum(x**2), [1.0, 2.0], jac=jac, method="bfgs")
    assert not found.success
    assert found.status == 2
    assert "precision loss" in found.message


@pytest.mark.parametrize("method", METHODS)
def test_nan_away_from_the_start_shortens_the_step(method):
    def f(x):
        return np.sum(x - np.log(x))  # NaN for x < 0, minimum at 1

    found = hs.minimize(f, [0.01, 8.0], method=method)
    assert found.success, found.message
    np.testing.assert_allclose(found.x, 1.0, atol=2e-5)
