# SPDX-License-Identifier: BSD-3-Clause
"""Newton steps, minima and roots: theorems, and agreement with SciPy on arguments and results."""

import itertools
import math

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hessolve as hs
import mgh_problems
import problems

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


def symmetric(n, seed, dtype=np.float64, order="C", *, definite):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    w = np.geomspace(1.0, 50.0, n) * (1 if definite else rng.choice([-1, 1], n))
    A = (Q * w) @ Q.T
    return np.array((A + A.T) / 2, dtype=dtype, order=order)


# newton_step ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("n", [1, 2, 7, 64, 200])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_definite_hessian_is_left_alone(n, dtype, order):
    H = symmetric(n, n, dtype, order, definite=True)
    g = problems.random(n, dtype, seed=1)
    kept = H.copy(), g.copy()
    found = hs.newton_step(H, g, full_output=True)
    assert (found.method, found.modification) == ("none", 0.0)
    assert found.step.dtype == dtype
    residual = H.astype(np.longdouble) @ found.step + g
    size = np.abs(H).sum(axis=1).max() * np.abs(found.step).max() + np.abs(g).max()
    assert np.abs(residual).max() <= 4 * n * np.finfo(dtype).eps * size
    assert found.decrease == pytest.approx(-float(g @ found.step) / 2, rel=float(100 * np.finfo(dtype).eps))
    np.testing.assert_array_equal(found.step, hs.newton_step(H, g, modify=None))
    np.testing.assert_array_equal(H, kept[0])
    np.testing.assert_array_equal(g, kept[1])


@pytest.mark.parametrize("n", [2, 7, 64])
@pytest.mark.parametrize("modify", ["auto", "shift", "eigenvalue", "gmw", "se99", "cheng-higham"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_step_goes_downhill_and_solves_with_the_modified_hessian(n, modify, dtype):
    H = symmetric(n, n + 1, dtype, definite=False)
    H[0, 0] = -5
    g = problems.random(n, dtype, seed=2)
    found = hs.newton_step(H, g, modify=modify, full_output=True)
    m = hs.modify_hessian(H, modify)
    assert found.method == (modify if modify != "auto" else "eigenvalue") == m.method
    assert found.modification == pytest.approx(m.E_norm, rel=1e-4)
    assert float(g @ found.step) < 0 < found.decrease
    residual = m.H.astype(np.longdouble) @ found.step + g
    size = np.abs(m.H).sum(axis=1).max() * np.abs(found.step).max() + np.abs(g).max()
    assert np.abs(residual).max() <= 4 * n * np.finfo(dtype).eps * size


@pytest.mark.parametrize("power", [-150, -20, 20, 150])
def test_steps_do_not_depend_on_the_unit_of_the_function(power):
    for definite in (True, False):
        H = symmetric(9, 3, definite=definite)
        g = problems.random(9, np.float64, seed=1)
        scaled = hs.newton_step(2.0**power * H, 2.0**power * g)
        np.testing.assert_allclose(scaled, hs.newton_step(H, g), rtol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.floats(-8, 8))
@settings(max_examples=100, deadline=None)
def test_steps_for_any_hessian_go_downhill(seed, n, decade):
    rng = np.random.default_rng(seed)
    H = rng.standard_normal((n, n)) * 10 ** rng.uniform(-abs(decade), abs(decade), n)
    H = H + H.T
    g = rng.standard_normal(n)
    p = hs.newton_step(H, g)
    assert np.isfinite(p).all()
    assert g @ p < 0


def test_a_singular_hessian_is_repaired_and_a_badly_scaled_one_is_not():
    found = hs.newton_step(np.ones((3, 3)), [1.0, 2.0, 3.0], full_output=True)
    assert found.method == "eigenvalue"
    D = np.diag([1e-9, 1.0, 1e9])
    H = D @ symmetric(3, 0, definite=True) @ D
    g = D @ np.ones(3)
    found = hs.newton_step((H + H.T) / 2, g, full_output=True)
    assert found.method == "none"
    mpmath.mp.dps = 40
    exact = mpmath.lu_solve(mpmath.matrix(((H + H.T) / 2).tolist()), mpmath.matrix((-g).tolist()))
    np.testing.assert_allclose(found.step, [float(v) for v in exact], rtol=1e-12)


def test_sparse_hessians():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    n = 200
    H = sparse.diags_array([-np.ones(n - 1), 2.5 * np.ones(n), -np.ones(n - 1)], offsets=[-1, 0, 1], format="csc")
    g = problems.random(n, np.float64, seed=0)
    found = hs.newton_step(H, g, full_output=True)
    assert (found.method, found.modification) == ("none", 0.0)
    np.testing.assert_allclose(found.step, hs.newton_step(H.toarray(), g), rtol=1e-10)
    for shift in (1.0, 4.0, 10.0):  # indefinite with a positive diagonal, then without
        indefinite = H - shift * sparse.eye_array(n)
        found = hs.newton_step(indefinite, g, full_output=True)
        assert found.method == "shift"
        lowest = np.linalg.eigvalsh(indefinite.toarray())[0]
        assert -lowest <= found.modification <= 5 * max(-lowest, shift)
        solved = indefinite @ found.step + found.modification * found.step
        np.testing.assert_allclose(solved, -g, atol=1e-6 * np.abs(g).max())
        with pytest.raises(hs.NotPositiveDefiniteError, match="modify=None"):
            hs.newton_step(indefinite, g, modify=None)
    with pytest.raises(ValueError, match=r"^modify='se99' changes every entry of `H`, which is sparse"):
        hs.newton_step(H, g, modify="se99")
    assert hs.newton_step(sparse.csr_array((3, 3)), np.ones(3)) @ np.ones(3) < 0


# minimize: theorems -----------------------------------------------------------------------------------------------


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


# minimize: as SciPy's -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("method", METHODS[:3])
@pytest.mark.parametrize("way", ["none", "callables", "pair", "words"])
def test_minimize_agrees_with_scipy(method, way):
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    x0 = [-1.2, 1.0, 0.7]

    def f(x, a):
        return np.sum(a * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    def jac(x, a):
        g = np.zeros_like(x)
        g[:-1] += -4 * a * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1])
        g[1:] += 2 * a * (x[1:] - x[:-1] ** 2)
        return g

    def hess(x, a):
        return hs.hessian(lambda t: f(t, a), x)

    given = {
        "none": {},
        "callables": {"jac": jac, "hess": hess},
        "pair": {"jac": True},
        "words": {"jac": "3-point", "hess": "3-point"},
    }[way]
    if method == "bfgs":
        given.pop("hess", None)
    called = (lambda x, a: (f(x, a), jac(x, a))) if way == "pair" else f
    theirs = optimize.minimize(f, x0, args=(50.0,), jac=jac, method="BFGS", tol=1e-8)
    ours = hs.minimize(called, x0, args=(50.0,), method=method, tol=1e-6, **given)
    assert ours.success, ours.message
    np.testing.assert_allclose(ours.x, theirs.x, atol=1e-5)
    assert ours.fun == pytest.approx(theirs.fun, abs=1e-9)
    assert set(theirs) - {"hess_inv"} <= set(ours)
    for key in ("x", "jac"):
        assert ours[key].shape == theirs[key].shape
    for key in ("nit", "nfev", "njev", "status"):
        assert type(ours[key]) is int
    assert type(ours.success) is bool
    assert isinstance(ours.fun, float)
    if method == "bfgs":
        assert ours.hess_inv.shape == theirs.hess_inv.shape


def test_scipys_names_options_and_callbacks():
    points, results = [], []
    found = hs.minimize(rosenbrock, [0.0, 0.0], method="BFGS", callback=points.append, options={"maxiter": 3})
    assert (found.nit, found.status, found.success) == (3, 1, False)
    assert "3 iterations" in found.message
    assert len(points) == 3
    hs.minimize(
        rosenbrock,
        [0.0, 0.0],
        method="trust-exact",
        callback=lambda intermediate_result: results.append(intermediate_result),
    )
    assert {"x", "fun"} <= set(results[0])
    assert results[-1].fun < 1e-12

    def stop(xk):
        raise StopIteration

    found = hs.minimize(rosenbrock, [0.0, 0.0], method="Newton-CG", callback=stop)
    assert (found.nit, found.status, found.success) == (1, 99, False)
    assert "StopIteration" in found.message


def test_disp_prints_the_message(capsys):
    found = hs.minimize(rosenbrock, [0.0, 0.0], options={"disp": True})
    assert capsys.readouterr().out == found.message + "\n"


def test_results_are_dictionaries_with_attributes():
    found = hs.minimize(rosenbrock, [0.0, 0.0])
    assert found["x"] is found.x
    assert {"x", "fun", "jac", "hess", "nfev", "njev", "nhev", "nit", "success", "status", "message"} == set(found)
    assert "x" in dir(found)
    assert repr(found).startswith("message: ")
    with pytest.raises(AttributeError, match=r"^this result has no y; it has x, "):
        _ = found.y
    found.extra = 1
    assert found["extra"] == 1


def test_sparse_hessians_and_operators_in_minimize():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    linalg = pytest.importorskip("scipy.sparse.linalg")
    x0 = np.tile([-1.2, 1.0], 25)

    def hess(x):
        return hs.hessian(rosenbrock, x, sparsity="detect")

    for method in ("newton", "trust-region"):
        found = hs.minimize(rosenbrock, x0, hess=hess, method=method)
        assert found.success, found.message
        assert sparse.issparse(found.hess)
        assert np.abs(hs.gradient(rosenbrock, found.x)).max() <= 1e-8
        found = hs.minimize(rosenbrock, x0, hess=lambda x: linalg.aslinearoperator(hess(x)), method=method)
        assert found.success, found.message


def test_functions_that_cannot_be_followed_are_differenced():
    def f(x):
        return math.exp(x[0]) - x[0] + math.cosh(x[1] - 1)

    for method in METHODS:
        found = hs.minimize(f, [1.0, 0.0], method=method, gtol=1e-6)
        assert found.success, found.message
        np.testing.assert_allclose(found.x, [0, 1], atol=1e-5)


# minimize: bad input --------------------------------------------------------------------------------------------------


def test_integers_scalars_and_nothing():
    found = hs.minimize(rosenbrock, np.array([2, 3]))
    assert found.x.dtype == np.float64
    np.testing.assert_allclose(found.x, 1)
    found = hs.minimize(lambda x: np.sum((x - 3) ** 2), 0)
    np.testing.assert_allclose(found.x, [3.0])
    for method in METHODS:
        found = hs.minimize(lambda x: 7.0, [], method=method)
        assert found.success
        assert (found.x.shape, found.fun) == ((0,), 7.0)
    x0 = np.array([0.0, 0.0])
    hs.minimize(rosenbrock, x0)
    np.testing.assert_array_equal(x0, 0)


MISTAKES = [
    (lambda: hs.minimize(rosenbrock, [np.nan, 1.0]), ValueError, r"`x0` \(2,\) has a NaN or infinity at \[0\]"),
    (lambda: hs.minimize(rosenbrock, [1j, 1.0]), TypeError, r"`x0` \(2,\) has dtype complex128"),
    (lambda: hs.minimize(rosenbrock, np.ones((2, 2))), ValueError, r"`x0` \(2, 2\) has 2 dimensions"),
    (lambda: hs.minimize(None, [1.0]), TypeError, "`f` is None; a function of x is needed"),
    (lambda: hs.minimize(lambda x: np.sum(np.log(x)), [-1.0]), ValueError, "`f` returned nan at x0"),
    (lambda: hs.minimize(lambda x: x, [1.0, 2.0]), ValueError, r"`f` returned shape \(2,\)"),
    (lambda: hs.minimize(lambda x: "a", [1.0, 2.0]), TypeError, "`f` returned 'a'"),
    (lambda: hs.minimize(lambda x: 1j, [1.0, 2.0]), TypeError, "one real number is needed"),
    (lambda: hs.minimize(rosenbrock, [0, 0], jac=lambda x: [1.0]), ValueError, r"`jac` returned shape \(1,\)"),
    (lambda: hs.minimize(rosenbrock, [0, 0], jac=lambda x: [np.nan, 1.0]), ValueError, r"`jac` returned nan at \[0\]"),
    (lambda: hs.minimize(rosenbrock, [0, 0], jac=True), ValueError, "with jac=True it returns a pair"),
    (lambda: hs.minimize(rosenbrock, [0, 0], jac="4-point"), ValueError, "jac='4-point' is not valid"),
    (lambda: hs.minimize(rosenbrock, [0, 0], jac=3), TypeError, "jac=3 is not valid"),
    (lambda: hs.minimize(rosenbrock, [0, 0], hess=lambda x: np.eye(3)), ValueError, r"`hess` returned shape \(3, 3\)"),
    (lambda: hs.minimize(rosenbrock, [0, 0], hess=lambda x: [[1.0, 2.0], [0.0, 1.0]]), ValueError,
     r"`hess\(x\)` \(2, 2\) is not symmetric: \[0, 1\] is 2"),
    (lambda: hs.minimize(rosenbrock, [0, 0], hess=7), TypeError, "`hess` is 7"),
    (lambda: hs.minimize(rosenbrock, [0, 0], hessp=7), TypeError, "`hessp` is 7"),
    (lambda: hs.minimize(rosenbrock, [0, 0], hessp=lambda x, p: p[:1]), ValueError, r"`hessp` returned shape \(1,\)"),
    (lambda: hs.minimize(rosenbrock, [0, 0], method="simplex"), ValueError, "method='simplex' is not valid"),
    (lambda: hs.minimize(rosenbrock, [0, 0], method=3), ValueError, "method=3 is not valid"),
    (lambda: hs.minimize(rosenbrock, [0, 0], step="long"), ValueError, "step='long' is not valid"),
    (lambda: hs.minimize(rosenbrock, [0, 0], tol=-1.0), ValueError, "gtol=-1.0 is not valid"),
    (lambda: hs.minimize(rosenbrock, [0, 0], maxiter=-1), ValueError, "maxiter"),
    (lambda: hs.minimize(rosenbrock, [0, 0], maxiter=1.5), TypeError, "maxiter"),
    (lambda: hs.minimize(rosenbrock, [0, 0], options={"eps": 1}), ValueError, "options: the key='eps' is not valid"),
    (lambda: hs.minimize(rosenbrock, [0, 0], callback=3), TypeError, "callback=3 is not valid"),
    (lambda: hs.root(lambda x: x[:1], [1.0, 2.0]), ValueError, "`F` returned 1 values"),
    (lambda: hs.root(lambda x: x / 0, [1.0, 2.0]), ValueError, r"`F` returned inf at \[0\]"),
    (lambda: hs.root(lambda x: x, [1.0], jac=lambda x: np.ones((2, 2))), ValueError, "`jac` returned float64"),
    (lambda: hs.root(lambda x: x, [1.0], jac=lambda x: [[np.nan]]), ValueError, r"`jac` returned nan at \[0, 0\]"),
    (lambda: hs.root(lambda x: x, [1.0], jac="2-point"), TypeError, "jac='2-point' is not valid"),
    (lambda: hs.root(3, [1.0]), TypeError, "`F` is 3"),
    (lambda: hs.root(lambda x: x, [np.inf]), ValueError, r"`x0` \(1,\) has a NaN or infinity at \[0\]"),
    (lambda: hs.root(lambda x: x, [1.0], tol="a"), TypeError, "tol='a' is not valid"),
    (lambda: hs.newton_step(np.ones((2, 3)), [1.0, 2.0]), ValueError, r"`H` \(2, 3\) is not square"),
    (lambda: hs.newton_step(np.eye(2), [1.0]), ValueError, r"`g` \(1,\) does not fit `H` \(2, 2\)"),
    (lambda: hs.newton_step([[1.0, 2.0], [0.0, 1.0]], [1.0, 1.0]), ValueError, r"`H` \(2, 2\) is not symmetric"),
    (lambda: hs.newton_step(np.diag([1.0, -1.0]), [1.0, 1.0], modify=None), hs.NotPositiveDefiniteError,
     r"`H` \(2, 2\) is not positive definite: Cholesky stopped at column 1"),
    (lambda: hs.newton_step(-np.eye(2), [1.0, 1.0], modify="max-element"), ValueError, "has no positive element"),
    (lambda: hs.newton_step(np.diag([1.0, -9.0]), [1.0, 1.0], modify="max-element"), hs.NotPositiveDefiniteError,
     "modify='max-element' did not make it so"),
    (lambda: hs.newton_step(np.eye(2), [1.0, 1.0], modify="luck"), ValueError, "modify='luck' is not valid"),
    (lambda: hs.newton_step(lambda v: v, [1.0, 1.0]), TypeError, "known by its products only"),
    (lambda: hs.newton_step(1e-308 * np.eye(2), [1e10, 1.0]), ValueError, "overflows"),
]  # fmt: skip


@pytest.mark.filterwarnings("ignore:.*encountered:RuntimeWarning")
@pytest.mark.parametrize(("call", "kind", "text"), MISTAKES)
def test_mistakes(call, kind, text):
    with pytest.raises(kind, match=text):
        call()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("where", ["f", "jac", "callback"])
def test_errors_of_the_caller_pass_through(method, where):
    """Also ValueErrors, which are not taken for a point outside the domain."""
    calls = []

    def sometimes(name, value):
        calls.append(name)
        if name == where and calls.count(name) > 2:
            raise ValueError("mine")
        return value

    with pytest.raises(ValueError, match=r"^mine$"):
        hs.minimize(
            lambda x: sometimes("f", rosenbrock(x)), [-1.2, 1.0], method=method,
            jac=lambda x: sometimes("jac", hs.gradient(rosenbrock, x)), callback=lambda x: sometimes("callback", None),
        )  # fmt: skip


# root -----------------------------------------------------------------------------------------------------------------


def broyden_tridiagonal(x):
    y = (3 - 2 * x) * x + 1
    return y - np.concatenate([np.zeros(1), x[:-1]]) - 2 * np.concatenate([x[1:], np.zeros(1)])


@pytest.mark.parametrize("way", ["none", "callable", "pair"])
def test_root_agrees_with_scipy(way):
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    x0 = -np.ones(8)

    def jac(x):
        return hs.jacobian(broyden_tridiagonal, x)

    theirs = optimize.root(broyden_tridiagonal, x0)
    called = (lambda x: (broyden_tridiagonal(x), jac(np.asarray(x)))) if way == "pair" else broyden_tridiagonal
    ours = hs.root(called, x0, jac={"none": None, "callable": jac, "pair": True}[way])
    assert ours.success, ours.message
    np.testing.assert_allclose(ours.x, theirs.x, rtol=1e-8)
    assert np.abs(ours.fun).max() <= 1e-13
    assert {"x", "success", "status", "message", "fun", "nfev"} <= set(theirs) & set(ours)
    assert ours.status == theirs.status == 1


def test_roots_converge_quadratically():
    errors = []
    hs.root(
        lambda x: np.exp(x) - 1 + x[::-1] ** 2, [0.5, 0.4], tol=0.0, callback=lambda x: errors.append(np.abs(x).max())
    )
    errors = [0.5, *[e for e in errors if e > 1e-15]]
    assert len(errors) >= 4
    assert all(b <= 2 * a**2 for a, b in itertools.pairwise(errors))


def test_singular_jacobians_and_far_starts():
    found = hs.root(lambda x: np.stack([x[0] ** 2 + x[1] - 1, x[0] - x[1] ** 2]), [0.0, -0.5])
    assert found.success
    assert np.abs(found.fun).max() <= 1e-12
    found = hs.root(lambda x: np.stack([x[0] ** 2, x[1] - 1]), [0.0, 5.0])  # J is singular at the start
    assert found.success
    np.testing.assert_allclose(found.x, [0, 1], atol=1e-7)
    found = hs.root(lambda x: x**2, [1.0])  # a double root: linear convergence
    assert found.success
    assert abs(found.x[0]) <= 1e-7
    found = hs.root(np.arctan, [20.0])  # full Newton steps diverge
    assert found.success
    assert abs(found.x[0]) <= 1e-12
    found = hs.root(lambda x: np.stack([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]), [0.0, 1.0])
    assert found.success
    np.testing.assert_allclose(found.x, [1.098159e-5, 9.106146], rtol=1e-6)


SQUARE = [p for p in mgh_problems.PROBLEMS if len(p.residuals(p.x0)) == len(p.x0) and 0.0 in p.minima]


@pytest.mark.parametrize("problem", SQUARE, ids=lambda problem: problem.name.replace(" ", "-"))
def test_root_solves_the_square_problems(problem):
    """Of Moré, Garbow and Hillstrom, those with a root and as many equations as variables."""
    found = hs.root(problem.residuals, problem.x0)
    assert found.success, found.message
    assert np.abs(problem.residuals(found.x)).max() <= 1e-13
    exact = hs.jacobian(problem.residuals, found.x, full_output=True)
    assert exact.method == "dual"
    np.testing.assert_array_equal(found.jac, exact.jacobian)


def test_no_root_of_chebyquad_8_is_told():
    problem = next(p for p in mgh_problems.PROBLEMS if p.name == "Chebyquad 8")
    found = hs.root(problem.residuals, problem.x0)
    assert not found.success
    assert "is no root" in found.message
    assert np.sum(found.fun**2) == pytest.approx(problem.minima[0], rel=0.1)  # a minimum of the sum of squares


def test_no_root_is_told():
    found = hs.root(lambda x: x**2 + 1, [3.0])
    assert not found.success
    assert found.status == 5
    assert "no root" in found.message
    assert found.x == pytest.approx([0], abs=1e-3)


def test_nan_shortens_a_step_to_a_root():
    found = hs.root(lambda x: np.log(x), [8.0])
    assert found.success
    assert found.x == pytest.approx([1.0])


def test_root_without_variables_and_with_few_iterations():
    found = hs.root(lambda x: x, [])
    assert found.success
    found = hs.root(np.arctan, [20.0], maxiter=1)
    assert (found.success, found.status, found.nit) == (False, 2, 1)

    def stop(x):
        raise StopIteration

    assert hs.root(np.arctan, [20.0], callback=stop).status == 99
    assert hs.root(lambda x, a: x - a, [0.0], args=(3.0,)).x == pytest.approx([3])
