# SPDX-License-Identifier: BSD-3-Clause
"""The 18 problems of Moré, Garbow and Hillstrom, from their standard starts."""

import numpy as np
import pytest

import hessolve as hs
import mgh_problems

SECOND_ORDER = ("newton", "trust-region")


def named(problem):
    return problem.name.replace(" ", "-")


@pytest.mark.parametrize("method", SECOND_ORDER)
@pytest.mark.parametrize("problem", mgh_problems.PROBLEMS, ids=named)
def test_second_order_methods_reach_a_known_minimum(problem, method):
    found = hs.minimize(problem.f, problem.x0, method=method)
    assert found.success, found.message
    assert found.fun == problem.f(found.x)
    assert any(abs(found.fun - f) <= 1e-5 * f + 1e-11 for f in problem.minima)
    exact = hs.hessian(problem.f, found.x, full_output=True)
    assert exact.method == "dual"
    w = np.linalg.eigvalsh(exact.hessian)
    assert w[0] >= -1e-8 * w[-1]  # a minimum, to second order
    gradient = np.abs(hs.gradient(problem.f, found.x)).max()
    assert gradient <= 1e-8 or "above gtol" in found.message


@pytest.mark.parametrize("problem", mgh_problems.PROBLEMS, ids=named)
def test_bfgs_reaches_a_stationary_point(problem):
    found = hs.minimize(problem.f, problem.x0, method="bfgs")
    assert found.success, found.message
    assert np.abs(hs.gradient(problem.f, found.x)).max() <= 1e-5
    assert found.fun <= problem.f(problem.x0)


@pytest.mark.parametrize("method", SECOND_ORDER)
@pytest.mark.parametrize("problem", mgh_problems.PROBLEMS[:1] + mgh_problems.PROBLEMS[17:21], ids=named)
@pytest.mark.parametrize("way", ["jac", "pair", "products"])
def test_given_derivatives_lead_there_too(problem, method, way):
    def jac(x):
        return hs.gradient(problem.f, x)

    if way == "jac":
        found = hs.minimize(problem.f, problem.x0, method=method, jac=jac, hess=lambda x: hs.hessian(problem.f, x))
    elif way == "pair":
        found = hs.minimize(lambda x: (problem.f(x), jac(np.asarray(x))), problem.x0, method=method, jac=True)
    else:
        found = hs.minimize(problem.f, problem.x0, method=method, hessp=lambda x, p: hs.hvp(problem.f, x, p))
    assert found.success, found.message
    assert any(abs(found.fun - f) <= 1e-5 * f + 1e-11 for f in problem.minima)


@pytest.mark.parametrize("problem", mgh_problems.PROBLEMS, ids=named)
def test_the_problems_are_those_of_the_paper(problem):
    """Each is differentiated exactly, and the values at the start are those that are published where they are."""
    x = problem.x0
    g = hs.gradient(problem.f, x, full_output=True)
    assert g.method == "dual"
    differences = hs.gradient(problem.f, x, method="3-point", full_output=True)
    np.testing.assert_allclose(g.gradient, differences.gradient, rtol=1e-7, atol=10 * differences.error.max() + 1e-7)
    published = {
        "helical valley": 2500.0, "Biggs EXP6": 0.779070, "Powell badly scaled": 1.13526, "Box 3-D": 1031.15,
        "Watson 6": 30.0, "Watson 9": 30.0, "Brown and Dennis": 7926693.34, "extended Rosenbrock": 5 * 24.2,
        "extended Powell singular": 2 * 215.0, "Beale": 14.203125, "Wood": 19192.0, "variably dimensioned": 2198551.162,
        "Brown badly scaled": 999998000003.0,
    }  # fmt: skip
    if problem.name in published:
        assert problem.f(x) == pytest.approx(published[problem.name], rel=1e-5)
