# SPDX-License-Identifier: BSD-3-Clause
"""check_convexity: counterexamples that are true, and none for convex functions."""

import numpy as np
import pytest
from scipy.optimize import rosen

import hessolve as hs

POINTS = np.random.default_rng(0).standard_normal((12, 3))
CONVEX = {
    "log-sum-exp": lambda x: np.log(np.sum(np.exp(x))),
    "norm": lambda x: np.linalg.norm(x),
    "quadratic, semidefinite": lambda x: (x[0] + x[1]) ** 2,
    "linear": lambda x: 3 * x[0] - x[2] + 1,
    "constant": lambda x: 2.0,
    "logistic": lambda x: np.sum(np.logaddexp(0, -x)),
    "maximum": lambda x: np.max(np.maximum(x, -x)),
    "followed by differences": lambda x: float(np.exp(x[0])) + float(x[1]) ** 2 + float(x[2]) ** 2,
}


@pytest.mark.parametrize("name", CONVEX)
def test_none_is_found_for_convex_functions(name):
    report = hs.check_convexity(CONVEX[name], POINTS)
    assert report
    assert (report.counterexample, report.kind, report.checked, report.pairs) == (False, "none", 12, 66)
    assert "proves nothing" in report.reason


def test_midpoints():
    def f(x):
        return float(np.sum(np.sqrt(np.abs(x))))

    report = hs.check_convexity(f, POINTS)
    assert not report
    assert report.kind == "midpoint"
    a, b = report.points
    assert f((a + b) / 2) - (f(a) + f(b)) / 2 == pytest.approx(report.excess)
    assert report.excess > report.error


@pytest.mark.parametrize("f", [rosen, lambda x: np.sum(x[:2] ** 2) - 1e-6 * x[2] ** 2])
def test_curvature(f):
    report = hs.check_convexity(f, [[0.0, 1.0, 0.0]])
    assert report.kind == "curvature"
    d = report.direction
    assert np.linalg.norm(d) == pytest.approx(1)
    assert d @ hs.hessian(f, report.points[0]) @ d == pytest.approx(report.excess)
    assert report.excess < -report.error


def test_many_points():
    points = np.random.default_rng(1).standard_normal((300, 2))
    report = hs.check_convexity(lambda x: np.sum(x**2), points)
    assert report.checked == 300
    assert 1000 < report.pairs <= 2000


@pytest.mark.parametrize(
    ("points", "error", "text"),
    [
        (np.ones(3), ValueError, r"`points` \(3,\) is not \(k, n\)"),
        (np.ones((0, 3)), ValueError, r"`points` \(0, 3\) is not"),
        (np.ones((2, 3)) * 1j, TypeError, "real points are needed"),
        (np.full((2, 3), np.nan), ValueError, r"`points` \(2, 3\) has a NaN or infinity"),
    ],
)
def test_bad_points(points, error, text):
    with pytest.raises(error, match=text):
        hs.check_convexity(rosen, points)
