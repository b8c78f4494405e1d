# SPDX-License-Identifier: BSD-3-Clause
"""SciPy's own tests of its update strategies, run against hessolve.compat.scipy_optimize, and its minimizer on them."""

import copy
import pickle
import re
from pathlib import Path

import numpy as np
import pytest
import scipy.optimize

from hessolve.compat import scipy_optimize

SOURCE = Path(scipy.optimize.__file__).parent / "tests" / "test_hessian_update_strategy.py"


def load():
    text = SOURCE.read_text(encoding="utf-8")
    before = "from scipy.optimize import (BFGS, SR1)"
    assert text.count(before) == 1
    assert "scipy.optimize" not in text.replace(before, "")
    namespace = {"__name__": __name__, "__file__": str(SOURCE)}
    exec(
        compile(text.replace(before, "from hessolve.compat.scipy_optimize import BFGS, SR1"), str(SOURCE), "exec"),
        namespace,
    )
    return namespace


NAMESPACE = load()
globals().update({name: value for name, value in NAMESPACE.items() if name.startswith(("Test", "test_"))})


def test_the_tests_of_scipy_were_found_and_redirected():
    assert NAMESPACE["BFGS"] is scipy_optimize.BFGS
    assert NAMESPACE["SR1"] is scipy_optimize.SR1
    assert sum(name.startswith("test_") for name in vars(NAMESPACE["TestHessianUpdateStrategy"])) >= 5


STRATEGIES = [
    ("BFGS", {}),
    ("BFGS", {"exception_strategy": "damp_update"}),
    ("BFGS", {"min_curvature": 0.3, "init_scale": 2.0}),
    ("SR1", {}),
    ("SR1", {"min_denominator": 1e-2}),
]


@pytest.mark.parametrize(("name", "keywords"), STRATEGIES)
@pytest.mark.parametrize("approx_type", ["hess", "inv_hess"])
@pytest.mark.parametrize("n", [1, 4, 33, 300])
def test_matrices_equal_scipys(name, keywords, approx_type, n):
    rng = np.random.default_rng(n)
    A = rng.standard_normal((n, n))
    A = A @ A.T / n + np.eye(n)
    ours, theirs = getattr(scipy_optimize, name)(**keywords), getattr(scipy.optimize, name)(**keywords)
    ours.initialize(n, approx_type)
    theirs.initialize(n, approx_type)
    for k in range(12):
        s = rng.standard_normal(n)
        y = A @ s if k % 4 else rng.standard_normal(n)  # every fourth pair may have negative curvature
        ours.update(s, y)
        theirs.update(s, y)
        wanted = theirs.get_matrix()
        np.testing.assert_allclose(ours.get_matrix(), wanted, rtol=1e-8, atol=1e-9 * np.abs(wanted).max())
        np.testing.assert_allclose(ours.dot(s), theirs.dot(s), rtol=1e-8, atol=1e-8 * np.abs(theirs.dot(s)).max())


@pytest.mark.parametrize("strategy", [scipy_optimize.BFGS, scipy_optimize.SR1])
def test_scipys_minimizer_takes_them(strategy):
    found = scipy.optimize.minimize(
        scipy.optimize.rosen, np.zeros(4), jac=scipy.optimize.rosen_der, hess=strategy(), method="trust-constr"
    )
    np.testing.assert_allclose(found.x, 1, atol=1e-4)


@pytest.mark.parametrize("strategy", [scipy_optimize.BFGS, scipy_optimize.SR1])
def test_copies_and_pickles(strategy):
    first = strategy()
    assert copy.deepcopy(first).approx_type is None
    first.initialize(3, "hess")
    untouched = copy.deepcopy(first)
    first.update(np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 5.0]))
    second = pickle.loads(pickle.dumps(first))
    np.testing.assert_array_equal(second.get_matrix(), first.get_matrix())
    np.testing.assert_array_equal(untouched.get_matrix(), np.eye(3))
    untouched.update(np.array([1.0, 2.0, 3.0]), np.array([2.0, 1.0, 5.0]))
    np.testing.assert_array_equal(untouched.get_matrix(), first.get_matrix())


def test_errors():
    with pytest.raises(ValueError, match="exception_strategy"):
        scipy_optimize.BFGS("explode")
    with pytest.raises(ValueError, match="approx_type"):
        scipy_optimize.SR1().initialize(2, "hessian")
    with pytest.raises(ValueError, match="initialize"):
        scipy_optimize.SR1().dot(np.ones(2))
    with pytest.raises(ValueError, match="initialize"):
        scipy_optimize.SR1().get_matrix()
    with pytest.raises(ValueError, match="initialize"):
        scipy_optimize.SR1().update(np.ones(2), np.ones(2))
    linear = scipy_optimize.BFGS()
    linear.initialize(2, "hess")
    with pytest.warns(UserWarning, match="delta_grad == 0"):
        linear.update(np.ones(2), np.zeros(2))
    linear.update(np.zeros(2), np.ones(2))
    np.testing.assert_array_equal(linear.get_matrix(), np.eye(2))


@pytest.mark.parametrize("name", ["BFGS", "SR1"])
@pytest.mark.parametrize("wrong", [np.ones(2), np.ones((3, 1)), 1.0])
def test_vectors_of_another_shape_are_refused_by_name(name, wrong):
    strategy = getattr(scipy_optimize, name)()
    with pytest.raises(ValueError, match="initialize"):
        strategy.dot(wrong)
    strategy.initialize(3, "hess")
    shape = re.escape(str(np.shape(wrong)))
    for argument, call in (
        ("delta_x", lambda: strategy.update(wrong, np.ones(3))),
        ("delta_grad", lambda: strategy.update(np.ones(3), wrong)),
        ("p", lambda: strategy.dot(wrong)),
    ):
        with pytest.raises(ValueError, match=rf"`{argument}` {shape} does not fit: .* n=3 variables"):
            call()
    with pytest.raises(TypeError, match=r"`delta_x` \(3,\) has dtype complex128"):
        strategy.update(np.ones(3) * 1j, np.ones(3))
    np.testing.assert_array_equal(strategy.get_matrix(), np.eye(3))
