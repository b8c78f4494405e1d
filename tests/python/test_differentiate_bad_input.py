# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives of what is no function of real numbers, or not smooth, or sampled where it ends: typed errors."""

import re

import numpy as np
import pytest
from scipy.optimize import rosen, rosen_der

import hessolve as hs

X = np.array([0.5, -0.25, 1.0])
CALLS = {
    "gradient": lambda f, x=X, **k: hs.gradient(f, x, **k),
    "hessian": lambda f, x=X, **k: hs.hessian(f, x, **k),
    "hvp": lambda f, x=X, **k: hs.hvp(f, x, np.ones_like(x), **k),
    "taylor": lambda f, x=X, **k: hs.taylor(f, x, **k),
    "check_convexity": lambda f, x=X, **k: hs.check_convexity(f, [x, -np.asarray(x)], **k),
}


@pytest.mark.parametrize("call", CALLS)
def test_wrong_shapes_and_types(call):
    with pytest.raises(ValueError, match=r"`f` returned shape \(3,\) for x \(3,\); one number is needed.*hs\.jacobian"):
        CALLS[call](lambda x: x**2)
    with pytest.raises(TypeError, match=r"`f` returned"):
        CALLS[call](lambda x: "seven")
    with pytest.raises(TypeError, match=r"`f` returned complex128|`f` returned a complex|arithmetic with complex"):
        CALLS[call](lambda x: np.sum(np.asarray([float(t) for t in x])) * 1j)
    with pytest.raises(TypeError, match=r"`f` returned a NoneType"):
        CALLS[call](lambda x: None)
    with pytest.raises(TypeError, match=r"`f` is 3; a function of x is needed"):
        CALLS[call](3)


def test_ragged_results():
    for method in ("auto", "3-point"):
        with pytest.raises(ValueError, match="`F` returned a ragged list; an array is needed"):
            hs.jacobian(lambda x: [x, x[0]], X, method=method)


@pytest.mark.parametrize("call", ["gradient", "hessian", "hvp", "taylor"])
def test_bad_points(call):
    name = "x0" if call == "taylor" else "x"
    with pytest.raises(TypeError, match=rf"`{name}` \(2,\) has dtype complex128; derivatives are taken over real"):
        CALLS[call](rosen, np.array([1.0, 1j]))
    with pytest.raises(ValueError, match=rf"`{name}` \(3,\) has a NaN or infinity at \(1,\)"):
        CALLS[call](rosen, np.array([1.0, np.nan, 2.0]))
    with pytest.raises(TypeError, match="longdouble"):
        CALLS[call](rosen, np.ones(2, dtype=np.longdouble))
    with pytest.raises(TypeError, match=rf"`{name}`"):
        CALLS[call](rosen, None)


@pytest.mark.parametrize("method", ["dual", "3-point", "2-point", "complex"])
def test_nan_is_told_with_its_point(method):
    with pytest.raises(ValueError, match=r"^`f` returned nan at x = \[ ?0\.5"):
        hs.hessian(lambda x: np.sum(x) * np.nan, X, method=method)
    with pytest.raises(ValueError, match=r"^`f` returned inf at x = "):
        hs.gradient(lambda x: np.sum(x) + np.inf, X, method=method)


def test_nan_at_a_stencil_point():
    """Where the step was chosen by the caller it is kept: the point is told, and what to do."""

    def f(x):
        return float(np.sqrt(x[0] - 0.4)) if x[0] > 0.4 else np.nan

    text = r"^`f` returned nan at x = \[0\.25\], a stencil point 2\.5e-01 from x; pass a smaller step=\.$"
    with pytest.raises(ValueError, match=text):
        hs.hessian(f, [0.5], step=0.25)
    assert hs.hessian(f, [0.5])[0, 0] == pytest.approx(-0.25 * 0.1**-1.5, rel=1e-6)


@pytest.mark.parametrize(
    ("step", "error", "text"),
    [
        (0.0, ValueError, "`step` is 0.0 for coordinate 0"),
        ([0.1, 0.0, 0.1], ValueError, "`step` is 0.0 for coordinate 1, x = -0.25; finite steps that change x"),
        ([0.1, np.inf, 0.1], ValueError, "`step` is inf for coordinate 1"),
        (np.nan, ValueError, "`step` is nan"),
        (1e-30, ValueError, "`step` is 1e-30 for coordinate 0"),
        ([0.1, 0.1], ValueError, "`step` (2,) does not fit `x` (3,)"),
        (1j, TypeError, "`step` has dtype complex128; real steps"),
    ],
)
def test_bad_steps(step, error, text):
    for function in (hs.gradient, hs.hessian):
        with pytest.raises(error, match=re.escape(text)):
            function(rosen, X, step=step)


def test_keywords():
    with pytest.raises(ValueError, match=r"method='4-point' is not valid; valid: 'auto', 'dual'"):
        hs.hessian(rosen, X, method="4-point")
    with pytest.raises(ValueError, match=r"method='dual' takes no step"):
        hs.hessian(rosen, X, method="dual", step=0.1)
    with pytest.raises(TypeError, match="vectorized=1 is not valid"):
        hs.hessian(rosen, X, vectorized=1)
    with pytest.raises(ValueError, match=r"vectorized=True needs `x` \(n,\), not \(3, 1\)"):
        hs.hessian(rosen, X[:, np.newaxis], method="3-point", vectorized=True)
    with pytest.raises(ValueError, match=r"`f` returned shape \(\) for points \(3, 85\); with vectorized=True \(85,\)"):
        hs.hessian(lambda x: float(np.sum(x)), X, method="3-point", vectorized=True)
    with pytest.raises(ValueError, match="order=3 is not valid; valid: 0, 1, 2"):
        hs.taylor(rosen, X, order=3)
    with pytest.raises(ValueError, match=r"`v` \(2,\) does not fit `x` \(3,\)"):
        hs.hvp(rosen, X, np.ones(2))


@pytest.mark.parametrize("method", ["auto", "3-point", "2-point", "complex"])
def test_what_is_no_gradient(method):
    """Unsymmetric derivatives are not averaged away."""
    wrong = np.array([[2.0, 1.0, 0.0], [0.0, 3.0, 0.0], [0.0, 0.0, 1.0]])
    with pytest.raises(
        ValueError, match=r"`grad` is not the gradient of a function: its derivatives \(0, 1\) and \(1, 0\)"
    ):
        hs.hessian(None, X, grad=lambda x: wrong @ x, method=method)
    with pytest.raises(ValueError, match=r"`grad` returned"):
        hs.hessian(None, X, grad=lambda x: rosen_der(x)[:2], method=method)
    slightly = np.diag([2.0, 3.0, 1.0])
    slightly[0, 1] = 1e-12  # within tolerance
    H = hs.hessian(None, X, grad=lambda x: slightly @ x, method=method)
    np.testing.assert_array_equal(H, H.T)


def test_where_a_function_is_not_smooth():
    with pytest.raises(ValueError, match=r"the gradient of `f` is (inf|nan) at 0, for x = .*not smooth there"):
        hs.gradient(lambda x: np.sum(np.sqrt(x)), [0.0, 1.0])
    with pytest.raises(ValueError, match=r"the Hessian of `f` is (inf|nan|-inf) at"):
        hs.hessian(np.linalg.norm, [0.0, 0.0])
    with pytest.raises(ValueError, match="second derivative"):
        hs.hvp(lambda x: np.sum(np.abs(x) ** 1.5), [0.0, 1.0], [1.0, 0.0])


def test_complex_steps_need_analytic_functions():
    for f in (lambda x: np.sum(np.abs(x)), lambda x: np.sum(x.real**2) + 0 * x[0], lambda x: np.sum(x * np.conj(x))):
        with pytest.raises((ValueError, TypeError), match=r"not analytic|loses imaginary parts"):
            hs.gradient(f, X, method="complex")


def test_results_that_do_not_fit_their_dtype():
    with pytest.raises(ValueError, match="does not fit into float32; pass x as float64"):
        hs.hessian(lambda x: np.sum(1e30 * x**4), np.array([1e5], dtype=np.float32))
