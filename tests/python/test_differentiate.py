# SPDX-License-Identifier: BSD-3-Clause
"""gradient, jacobian, hvp, hessian, taylor and local_map: layouts, methods, results and what they are told."""

import math

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der, rosen_hess

import hessolve as hs

EPS = np.finfo(float).eps
A = np.random.default_rng(3).standard_normal((4, 4))
X = np.array([-1.2, 1.0, 0.7, 0.4])


def columns(f):
    """The same function of (n, k), a column a point."""
    return lambda x: np.array([f(point) for point in x.T]).T


def hidden(f):
    """The same function, but made so that "dual" cannot follow it."""
    return lambda x: f(np.array([float(t) for t in np.ravel(x)]).reshape(np.shape(x)))


def test_layouts():
    """Gradients have the shape of x, Jacobians are (m, n), Hessians are over the entries in C order."""
    S = np.arange(6.0).reshape(2, 3) / 4
    B = np.arange(6.0).reshape(3, 2)
    np.testing.assert_allclose(hs.gradient(lambda S: np.trace(S @ B), S), B.T)
    np.testing.assert_allclose(hs.gradient(hidden(lambda S: np.trace(S @ B)), S), B.T, atol=1e-12)
    product = hs.jacobian(lambda S: S @ B, S)
    np.testing.assert_array_equal(product, np.kron(np.eye(2), B.T))
    H = hs.hessian(lambda S: np.sum(S[0] * S[1] ** 2), S)
    assert H.shape == (6, 6)
    np.testing.assert_allclose(H[0], [0, 0, 0, 2 * S[1, 0], 0, 0])
    np.testing.assert_allclose(hs.jacobian(lambda x: x[:2] * x[1], [2.0, 3.0, 4.0]), [[3, 2, 0], [0, 6, 0]])
    assert hs.jacobian(np.sum, X).shape == (1, 4)


def test_gradients_of_matrix_functions():
    """d tr(X^-1) = -X^-2T, d log det X = X^-T, d ||X||_F = X / ||X||."""
    P = A @ A.T + np.eye(4)
    inverse = np.linalg.inv(P)
    np.testing.assert_allclose(hs.gradient(lambda S: np.trace(np.linalg.inv(S)), P), -(inverse @ inverse).T, atol=1e-13)
    np.testing.assert_allclose(hs.gradient(lambda S: np.linalg.slogdet(S)[1], P), inverse.T, atol=1e-13)
    np.testing.assert_allclose(hs.gradient(np.linalg.norm, A), A / np.linalg.norm(A), atol=1e-15)


@pytest.mark.parametrize("n", [1, 2, 7, 8, 9, 33, 200])
def test_quadratics_of_every_size(n):
    Q = np.random.default_rng(n).standard_normal((n, n))
    x = np.linspace(-1, 1, n)
    exact = hs.hessian(lambda x: x @ Q @ x / 2, x)
    np.testing.assert_allclose(exact, (Q + Q.T) / 2, atol=n * EPS * 8)
    np.testing.assert_array_equal(exact, exact.T)
    with hs.num_threads(1):
        one = hs.hessian(lambda x: x @ Q @ x / 2, x)
    np.testing.assert_array_equal(exact, one)


def test_empty_and_scalar():
    assert hs.gradient(lambda x: np.sum(x) + 1.0, []).shape == (0,)
    for keywords in ({}, {"sparsity": "detect"}, {"method": "3-point"}, {"method": "2-point"}, {"method": "complex"}):
        assert hs.hessian(lambda x: np.sum(x) + 1.0, [], **keywords).shape == (0, 0)
    assert hs.gradient(lambda x: 1.0, [], method="complex").shape == (0,)
    assert hs.hessian(None, [], grad=lambda x: x, method="3-point").shape == (0, 0)
    assert hs.jacobian(lambda x: np.zeros(0), X, method="3-point").shape == (0, 4)
    assert hs.gradient(lambda x: x**3, 2.0).shape == ()
    np.testing.assert_array_equal(hs.gradient(lambda x: x**3, 2.0), 12)
    np.testing.assert_array_equal(hs.hessian(lambda x: x**3, 2.0), [[12]])


METHODS = {
    "dual": dict(method="dual"),
    "complex": dict(method="complex"),
    "3-point": dict(method="3-point"),
    "2-point": dict(method="2-point"),
    "vectorized": dict(method="3-point", vectorized=True),
    "vectorized 2-point": dict(method="2-point", vectorized=True),
    "vectorized dual": dict(vectorized=True, method="dual"),
    "steps": dict(step=[0.5, 0.25, 0.125, 0.5]),
    "gradient": dict(grad=rosen_der),
    "gradient by differences": dict(grad=hidden(rosen_der)),
    "gradient, 3-point": dict(grad=rosen_der, method="3-point"),
    "gradient, 2-point": dict(grad=rosen_der, method="2-point"),
    "gradient, complex": dict(grad=rosen_der, method="complex"),
    "gradient, vectorized": dict(grad=columns(rosen_der), vectorized=True, method="3-point"),
}


@pytest.mark.parametrize("case", METHODS)
@pytest.mark.parametrize("sparsity", [None, "tridiagonal", "detect"])
def test_every_way_to_a_hessian(case, sparsity):
    """Each meets its own error estimate, and all agree."""
    keywords = dict(METHODS[case])
    pattern = abs(rosen_hess(X)) > 0 if sparsity == "tridiagonal" else sparsity
    f = rosen if case not in ("vectorized", "vectorized 2-point", "vectorized dual") else lambda x: rosen(x)
    if "grad" in keywords:
        f = None
    found = hs.hessian(f, X, sparsity=pattern, full_output=True, **keywords)
    H, error = found.hessian, found.error
    if sparsity is not None:
        assert H.format == "csr"
        assert found.coloring.colors == 3
        H, error = H.toarray(), error.toarray()
    else:
        assert found.coloring is None
    assert np.all(np.abs(H - rosen_hess(X)) <= error)
    np.testing.assert_array_equal(H, H.T)
    assert found.evaluations >= 1
    assert found.method in ("dual", "complex", "3-point", "2-point")
    assert found.reason


def test_numbers_of_evaluations():
    """n calls of a gradient for "2-point" and its value at x; all points in one call where vectorized."""
    calls = []

    def counted(f):
        def g(x):
            calls.append(np.shape(x))
            return f(x)

        return g

    for method, keywords, expected in (
        ("2-point", {"grad": counted(rosen_der)}, 1 + 4),
        ("3-point", {"grad": counted(rosen_der)}, 1 + 6 * 4),
        ("complex", {"grad": counted(rosen_der)}, 4 + 15),
        ("3-point", {}, 1 + 7 * (4**2 + 4)),
        ("2-point", {}, 1 + 7 * (4**2 + 3 * 4) // 2),
    ):
        calls.clear()
        f = None if keywords else counted(rosen)
        found = hs.hessian(f, X, method=method, full_output=True, **keywords)
        assert found.evaluations == len(calls) == expected
    calls.clear()
    hs.hessian(counted(rosen), X, method="3-point", vectorized=True)
    assert calls == [(4, 141)]
    calls.clear()
    hs.hessian(counted(rosen), X)
    assert len(calls) == 1


def test_gradients_and_jacobians_by_every_method():
    for method in ("dual", "complex", "3-point", "2-point"):
        found = hs.gradient(rosen, X, method=method, full_output=True)
        assert np.all(np.abs(found.gradient - rosen_der(X)) <= found.error)
        assert found.method == method
        J = hs.jacobian(rosen_der, X, method=method, full_output=True)
        assert np.all(np.abs(J.jacobian - rosen_hess(X)) <= J.error)
        vectorized = hs.jacobian(
            lambda x: np.stack([x[0] * x[1], x[2] ** 2]),
            X,
            method=method if method != "complex" else "auto",
            vectorized=True,
        )
        np.testing.assert_allclose(vectorized, [[X[1], X[0], 0, 0], [0, 0, 2 * X[2], 0]], atol=1e-8)


def test_products():
    v = np.array([1.0, -2.0, 0.5, 3.0])
    expected = rosen_hess(X) @ v
    np.testing.assert_allclose(hs.hvp(rosen, X, v), expected, rtol=1e-13)
    np.testing.assert_allclose(hs.hvp(None, X, v, grad=rosen_der), expected, rtol=1e-13)
    np.testing.assert_allclose(hs.hvp(None, X, v, grad=hidden(rosen_der)), expected, rtol=1e-9)
    np.testing.assert_allclose(hs.hvp(hidden(rosen), X, v), expected, rtol=1e-9)
    np.testing.assert_array_equal(hs.hvp(None, X, 0 * v, grad=rosen_der), np.zeros(4))
    S = np.ones((2, 2))
    assert hs.hvp(lambda S: np.sum(S**4), S, S).shape == (2, 2)


def test_dtypes_and_inputs():
    """Integers become float64, float32 stays; x is not changed, even by a function that changes its argument."""
    assert hs.gradient(rosen, [1, 2, 3]).dtype == np.float64
    for dtype in (np.float32, np.float16):
        x = X.astype(dtype)
        assert hs.gradient(rosen, x).dtype == np.float32
        assert hs.hessian(rosen, x).dtype == np.float32
        assert hs.hessian(rosen, x, sparsity="detect").dtype == np.float32
        assert hs.jacobian(rosen_der, x).dtype == np.float32
        assert hs.hvp(rosen, x, x).dtype == np.float32

    def f(x):
        x *= 2
        return np.sum(x**2)

    x = X.copy()
    x.flags.writeable = False
    for method in ("dual", "3-point", "complex"):
        np.testing.assert_allclose(hs.gradient(f, x, method=method), 8 * X, rtol=1e-12)
    np.testing.assert_array_equal(hs.gradient(rosen, X[::-1]), hs.gradient(rosen, X[::-1].copy()))


def test_functions_in_single_precision_are_differenced_as_such():
    """The error estimate knows in what the function computes."""
    found = hs.gradient(lambda x: np.float32(rosen(x)), X, method="3-point", full_output=True)
    assert np.all(np.abs(found.gradient - rosen_der(X)) <= found.error)
    assert found.error.max() > 1e-5


def test_steps_shrink_where_a_function_ends():
    """log near zero: nobody chose the step, so that a smaller one is taken."""
    x = [1e-3, 1e-5]
    found = hs.hessian(lambda x: float(np.log(x[0])) + float(np.log(x[1])), x, full_output=True)
    np.testing.assert_allclose(found.hessian, np.diag([-1e6, -1e10]), rtol=1e-5, atol=1)


def test_taylor():
    model = hs.taylor(rosen, X)
    assert model.value == rosen(X)
    np.testing.assert_allclose(model.gradient, rosen_der(X), rtol=1e-14)
    np.testing.assert_allclose(model.hessian, rosen_hess(X), rtol=1e-14)
    d = np.array([1.0, -1.0, 0.5, 2.0])
    rest = [abs(model(X + t * d) - rosen(X + t * d)) for t in (1e-2, 5e-3)]
    assert 7 < rest[0] / rest[1] < 9  # of third order
    assert model(np.stack([X, X + d])).shape == (2,)
    linear = hs.taylor(rosen, X, order=1)
    assert linear.hessian is None
    assert linear(X + d) == pytest.approx(rosen(X) + rosen_der(X) @ d)
    assert hs.taylor(rosen, X, order=0)(X + d) == rosen(X)
    S = hs.taylor(lambda S: np.sum(S**2), np.ones((2, 3)))
    assert S(np.zeros((2, 3))) == 0
    with pytest.raises(ValueError, match=r"`x` \(3,\) does not fit the model around `x0` \(4,\)"):
        model(np.ones(3))


def test_local_map():
    def spherical(p):
        r, t, s = p
        return np.stack([r * np.sin(t) * np.cos(s), r * np.sin(t) * np.sin(s), r * np.cos(t)])

    p = np.array([2.0, 0.7, -0.4])
    local = hs.local_map(spherical, p)
    assert local.determinant == pytest.approx(4 * np.sin(0.7), rel=1e-14)
    assert (local.invertible, local.orientation) == (True, "kept")
    assert local.scale == abs(local.determinant)
    np.testing.assert_allclose(local.value, spherical(p))
    assert hs.local_map(lambda x: x[::-1], [1.0, 2.0]).orientation == "reversed"
    pole = hs.local_map(spherical, [2.0, 0.0, 0.3])
    assert (pole.invertible, pole.orientation, pole.scale) == (False, "lost", 0)
    surface = hs.local_map(lambda u: np.stack([u[0], u[1], u[0] * u[1]]), [1.0, 2.0])
    assert surface.determinant is None
    assert surface.scale == pytest.approx(np.sqrt(1 + 1 + 4))  # the area element
    assert not surface.invertible
    assert hs.local_map(lambda x: np.stack([x[0] + x[1]]), [1.0, 2.0]).scale == 0


@pytest.mark.parametrize(("factor", "verb"), [(1e-3, "underflows to 0"), (-1e3, "overflows to infinity")])
@pytest.mark.parametrize(("m", "what"), [(201, "determinant"), (202, "scale")])
def test_local_maps_beyond_the_range_of_determinants(factor, verb, m, what):
    def F(x):
        return np.concatenate([factor * x, np.zeros(m - 201)])

    with pytest.warns(RuntimeWarning, match=rf"^The {what} of the Jacobian \({m}, 201\) {verb}; .log_scale, "):
        local = hs.local_map(F, np.ones(201))
    assert local.log_scale == pytest.approx(201 * np.log(abs(factor)), rel=1e-13)
    assert local.scale == (0 if abs(factor) < 1 else np.inf)
    assert local.orientation == ("lost" if m > 201 else "kept" if factor > 0 else "reversed")


def test_logarithms_of_scales():
    assert hs.local_map(lambda x: 2 * x, [1.0, 2.0, 3.0]).log_scale == pytest.approx(3 * np.log(2), rel=1e-15)
    assert hs.local_map(lambda x: np.stack([x[0], x[0]]), [1.0, 2.0]).log_scale == -np.inf
    assert hs.local_map(lambda x: np.stack([x[0] + x[1]]), [1.0, 2.0]).log_scale == -np.inf


@pytest.mark.parametrize("x", [1e3, 1e4, 12345.678, 4.9e5, 973181.3])
def test_differences_notice_that_long_steps_resolve_nothing(x):
    """sin swings thousands of times within |x| / 8; steps shrink until f is resolved, and errors are kept to."""
    first = hs.gradient(lambda v: math.sin(v[0]), [x], method="3-point", full_output=True)
    assert abs(first.gradient[0] - math.cos(x)) <= first.error[0] <= 1e-4
    second = hs.hessian(lambda v: math.sin(v[0]), [x], method="3-point", full_output=True)
    assert abs(second.hessian[0, 0] + math.sin(x)) <= second.error[0, 0] <= 1e-2


def test_differences_of_a_narrow_peak():
    r = hs.gradient(lambda v: math.exp(-((v[0] / 1e-4) ** 2) / 2), [1e-4], method="3-point", full_output=True)
    assert abs(r.gradient[0] + math.exp(-0.5) / 1e-4) <= r.error[0] <= 1e-3


def test_a_kink_beside_x_is_resolved_and_one_at_x_is_told():
    beside = hs.gradient(lambda v: abs(v[0] - 1.001), [1.0], method="3-point", full_output=True)
    assert abs(beside.gradient[0] + 1) <= beside.error[0] <= 1e-9
    at = hs.gradient(lambda v: abs(v[0]), [0.0], method="3-point", full_output=True)
    assert at.error[0] >= 1
