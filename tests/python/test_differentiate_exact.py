# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives of more than 40 functions against mpmath: exact ones to rounding, differences to their own estimates."""

import functools

import numpy as np
import pytest

import derivative_problems as problems
import hessolve as hs

EPS = np.finfo(float).eps
PROBLEMS = {problem.name: problem for problem in problems.PROBLEMS}
each_problem = pytest.mark.parametrize("name", PROBLEMS)


@functools.cache
def reference(name):
    return problems.reference(PROBLEMS[name])


def test_there_are_forty_functions():
    assert len(PROBLEMS) == len(problems.PROBLEMS) >= 40


@each_problem
def test_exact_to_rounding(name):
    problem, (g, H, condition) = PROBLEMS[name], reference(name)
    found = hs.hessian(problem.numpy, problem.x, method="dual", full_output=True)
    assert found.method == "dual"
    assert found.evaluations == 1
    np.testing.assert_array_equal(found.hessian, found.hessian.T)
    assert np.all(np.abs(found.hessian - H) <= 8 * EPS * (np.abs(H).max() + condition))
    gradient = hs.gradient(problem.numpy, problem.x, method="dual")
    x = np.abs(problem.x)
    assert np.all(np.abs(gradient - g) <= 8 * EPS * (np.abs(g).max() + np.abs(H) @ x))


@each_problem
@pytest.mark.parametrize("method", ["3-point", "2-point"])
def test_differences_meet_their_estimates(name, method):
    problem, (g, H, _) = PROBLEMS[name], reference(name)
    found = hs.hessian(problem.numpy, problem.x, method=method, full_output=True)
    assert np.all(np.abs(found.hessian - H) <= found.error)
    first = hs.gradient(problem.numpy, problem.x, method=method, full_output=True)
    assert np.all(np.abs(first.gradient - g) <= first.error)


@each_problem
def test_products_and_sparse_hessians_are_those_of_the_dense_one(name):
    problem = PROBLEMS[name]
    H = hs.hessian(problem.numpy, problem.x)
    v = np.array([1.0, -0.5, 0.25])
    bound = 16 * EPS * np.abs(H).max()
    np.testing.assert_allclose(hs.hvp(problem.numpy, problem.x, v), H @ v, rtol=0, atol=bound)
    sparse = hs.hessian(problem.numpy, problem.x, sparsity="detect")
    np.testing.assert_allclose(sparse.toarray(), H, rtol=0, atol=bound)
