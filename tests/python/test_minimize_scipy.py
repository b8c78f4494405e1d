# SPDX-License-Identifier: BSD-3-Clause
"""Minima: agreement with SciPy on arguments and results, and what cannot be minimised."""

import copy
import math
import pickle

import numpy as np
import pytest

import hessolve as hs

METHODS = ("newton", "trust-region", "bfgs", "gradient")


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


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
    assert "hess" not in found  # none was computed where it stopped


def test_unknown_options_are_told_as_scipy_tells_them():
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    with pytest.warns(optimize.OptimizeWarning, match="Unknown solver options: luck"):
        optimize.minimize(rosenbrock, [0.0, 0.0], options={"luck": 1})
    with pytest.warns(UserWarning, match=r"^Unknown solver options, which .*: 'luck', 'eps'; known: 'gtol'"):
        found = hs.minimize(rosenbrock, [0.0, 0.0], options={"luck": 1, "gtol": 1e-10, "eps": 1e-8})
    assert found.success
    assert np.abs(found.jac).max() <= 1e-10


def test_without_a_method_it_is_scipys_or_the_one_that_uses_what_is_given():
    assert "hess_inv" in hs.minimize(rosenbrock, [0.0, 0.0], method=None)
    found = hs.minimize(rosenbrock, [0.0, 0.0], method=None, hess=lambda x: hs.hessian(rosenbrock, x))
    assert "hess" in found
    assert found.nhev > 0
    found = hs.minimize(rosenbrock, [0.0, 0.0], method=None, hessp=lambda x, p: hs.hvp(rosenbrock, x, p))
    assert found.success
    assert found.nhev > 0


@pytest.mark.parametrize("method", ["newton", "trust-region", "bfgs"])
@pytest.mark.parametrize("name", ["BFGS", "SR1"])
@pytest.mark.parametrize("where", ["scipy.optimize", "hessolve.compat.scipy_optimize"])
def test_update_strategies_learn_the_hessian(method, name, where):
    """On a quadratic with exact gradients their matrices end at the Hessian, or its inverse; nothing computes one."""
    module = pytest.importorskip(where, reason="SciPy is not installed")
    n = 5
    A = np.diag(np.arange(1.0, n + 1)) + 0.1
    strategy = getattr(module, name)()
    for _ in range(2):  # a strategy begins anew
        found = hs.minimize(
            lambda x: x @ A @ x / 2 - x.sum(),
            np.zeros(n),
            jac=lambda x: A @ x - 1,
            hess=strategy,
            method=method,
            gtol=1e-9,
        )
        assert found.success, found.message
        assert found.nhev == 0
        np.testing.assert_allclose(found.x, np.linalg.solve(A, np.ones(n)), atol=1e-8)
    found = hs.minimize(rosenbrock, [-1.2, 1.0], hess=strategy, method=method, gtol=1e-5)
    assert found.success, found.message
    if method == "bfgs":
        np.testing.assert_array_equal(found.hess_inv, strategy.get_matrix())
    else:
        np.testing.assert_allclose(found.hess, hs.hessian(rosenbrock, found.x), rtol=0.5)
    with pytest.raises(TypeError, match=rf"`hess` is the class {name}; an object of it is needed: hess={name}\(\)"):
        hs.minimize(rosenbrock, [-1.2, 1.0], hess=getattr(module, name))


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
    again = pickle.loads(pickle.dumps(copy.copy(found)))
    assert type(again) is type(found)
    np.testing.assert_array_equal(again.x, found.x)
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
    (lambda: hs.minimize(rosenbrock, [0, 0], options=3), TypeError, "options=3 is not valid; a dictionary"),
    (lambda: hs.minimize(lambda x: (rosenbrock(x), x), [0, 0]), ValueError,
     r"`f` returned a tuple of 2 parts whose shapes differ at x = .*; one real number .* pass jac=True"),
    (lambda: hs.minimize(lambda x: (1.0, 2.0), [0]), ValueError, r"`f` returned shape \(2,\) .* pass jac=True"),
    (lambda: hs.minimize(lambda x: (1.0,), [0], jac=True), ValueError, "`f` returned a tuple of 1; with jac=True it"),
    (lambda: hs.minimize(rosenbrock, [0, 0], jac=lambda x: (x, 1.0)), ValueError, "`jac` returned a tuple of 2 parts"),
    (lambda: hs.minimize(rosenbrock, [0, 0], hess=lambda x: (np.eye(2), 1.0)), ValueError,
     "`hess` returned a tuple of 2 parts"),
    (lambda: hs.root(lambda x: (x,), [1.0, 2.0], jac=True), ValueError,
     r"`F` returned a tuple of 1; with jac=True it returns a pair \(F, Jacobian\)"),
    (lambda: hs.root(lambda x: (x, np.eye(2), 0), [1.0, 2.0], jac=True), ValueError, "`F` returned a tuple of 3"),
    (lambda: hs.root(lambda x: x, [1.0, 2.0], jac=True), ValueError, "`F` returned a ndarray; with jac=True"),
    (lambda: hs.root(lambda x: (x, np.eye(2)), [1.0, 2.0]), ValueError,
     "`F` returned a tuple of 2 parts whose shapes differ at x = .* pass jac=True"),
    (lambda: hs.root(lambda x: x, [1.0, 2.0], jac=lambda x: (np.eye(2), 0)), ValueError, "`jac` returned a tuple of 2"),
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
