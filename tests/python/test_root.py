# SPDX-License-Identifier: BSD-3-Clause
"""Roots: agreement with SciPy, convergence, singular Jacobians, and where there is none."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hessolve as hs
import mgh_problems

EPS = np.finfo(float).eps


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


@given(st.integers(0, 10**6), st.integers(2, 6), st.integers(-3, 3), st.integers(-3, 3))
@settings(max_examples=60, deadline=None)
def test_consistent_singular_systems_are_solved(seed, n, size, far):
    """Integers make A, its rank n - 1, and A times a solution exact."""
    rng = np.random.default_rng(seed)
    A = rng.integers(-4, 5, (n, n)).astype(float)
    A[-1] = A[:-1].sum(axis=0)
    b = A @ rng.integers(-9, 10, n) * 2.0**size
    found = hs.root(lambda x: A @ x - b, rng.standard_normal(n) * 10.0**far)
    assert found.success, found.message
    assert (np.abs(A @ found.x - b) <= 8 * n * EPS * (np.abs(A) @ np.abs(found.x) + np.abs(b))).all()


@pytest.mark.parametrize("gap", [1e-9, 1e-3, 1.0])
def test_inconsistent_singular_systems_are_no_success(gap):
    found = hs.root(lambda x: np.stack([x[0] + x[1] - 1, 2 * x[0] + 2 * x[1] - 2 - gap]), [9.5, -7.0])
    assert not found.success
    assert "no root" in found.message


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
