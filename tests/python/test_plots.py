# SPDX-License-Identifier: BSD-3-Clause
"""Pictures: each takes and returns axes, and draws the numbers that it was given."""

import dataclasses
import re

import numpy as np
import pytest

import hessolve as hs
import problems

matplotlib = pytest.importorskip("matplotlib", reason="matplotlib is not installed")
matplotlib.use("Agg")
pyplot = pytest.importorskip("matplotlib.pyplot")


@pytest.fixture
def ax():
    figure, axes = pyplot.subplots()
    yield axes
    pyplot.close(figure)


@pytest.fixture(autouse=True)
def _closed():
    yield
    pyplot.close("all")


def ridge_path(targets=None):
    X = problems.with_condition(4, 100.0, np.float64, m=30)
    return hs.ridge_path(X, problems.random(30 if targets is None else (30, targets), np.float64, seed=1))


def test_convergence_with_the_predicted_slope(ax):
    history = 3.0 * 0.5 ** np.arange(8)
    assert hs.plot.convergence(history, rate=0.5, ax=ax) is ax
    observed, predicted = ax.get_lines()
    np.testing.assert_array_equal(observed.get_ydata(), history)
    np.testing.assert_allclose(predicted.get_ydata(), history)
    assert ax.get_yscale() == "log"
    assert (ax.get_xlabel(), ax.get_ylabel()) == ("iteration", "residual norm")
    assert len(hs.plot.convergence([1.0]).get_lines()) == 1


def test_solutions_draw_what_they_have(ax):
    solved = hs.solve(np.eye(3) + 1, np.ones(3), full_output=True)
    iterated = dataclasses.replace(solved, history=np.array([1.0, 0.1, 0.01]), method="jacobi")
    assert iterated.plot(ax) is ax
    assert ax.get_title() == "jacobi"
    A = problems.with_condition(6, 10.0, np.float64, m=9, rank=4)
    s = hs.lstsq(A, np.ones(9), method="svd", full_output=True)
    lines = s.plot().get_lines()
    np.testing.assert_allclose(lines[0].get_ydata(), np.linalg.svd(A, compute_uv=False)[:4], rtol=1e-12)
    assert len(lines[1].get_ydata()) == 2
    with pytest.raises(ValueError, match=r"^method .* has no history to plot, and no spectrum; only iterative methods"):
        solved.plot()


def test_spectrum_with_the_rank_decision(ax):
    values = np.array([3.0, 2.0, 1e-16, 0.0])
    assert hs.plot.spectrum(values, rank=2, ax=ax) is ax
    counted, zeros, line = ax.get_lines()
    np.testing.assert_array_equal(counted.get_ydata(), [3, 2])
    np.testing.assert_array_equal(zeros.get_ydata(), [1e-16, np.nan])
    assert line.get_xdata()[0] == 2.5
    assert [text.get_text() for text in ax.get_legend().get_texts()] == ["rank 2", "counts as zero"]
    assert len(hs.plot.spectrum(values[:2]).get_lines()) == 1


@pytest.mark.parametrize("targets", [None, 2])
def test_paths_of_coefficients(ax, targets):
    path = ridge_path(targets)
    assert path.plot(ax) is ax
    assert len(ax.get_lines()) == 4
    coefs = path.coefs if targets is None else path.coefs[:, 0]
    np.testing.assert_array_equal(ax.get_lines()[2].get_ydata(), coefs[2])
    np.testing.assert_array_equal(ax.get_lines()[2].get_xdata(), path.alphas)
    assert (ax.get_xscale(), ax.get_title()) == ("log", "ridge")
    X, y = problems.random((20, 3), np.float64), problems.random(20, np.float64, seed=1)
    assert hs.lasso_path(X, y, n_alphas=5).plot().get_title() == "lasso"


@pytest.mark.parametrize("targets", [None, 2])
def test_leave_one_out_curve(ax, targets):
    path = ridge_path(targets)
    assert path.plot(ax, kind="loo") is ax
    loo, gcv, best = ax.get_lines()
    np.testing.assert_allclose(loo.get_ydata(), np.atleast_2d(path.loo).mean(axis=0))
    np.testing.assert_allclose(gcv.get_ydata(), np.atleast_2d(path.gcv).mean(axis=0))
    assert best.get_ydata()[0] == min(loo.get_ydata())


@pytest.mark.parametrize("targets", [None, 2])
def test_l_curve(ax, targets):
    path = ridge_path(targets)
    assert path.plot(ax, kind="l-curve") is ax
    np.testing.assert_array_equal(ax.get_lines()[0].get_xdata(), np.atleast_2d(path.residual_norm)[0])
    np.testing.assert_array_equal(ax.get_lines()[0].get_ydata(), np.atleast_2d(path.solution_norm)[0])
    assert len(ax.texts) == 2


def test_a_penalty_of_zero_has_no_place_on_a_logarithmic_axis(ax):
    X, y = problems.random((20, 3), np.float64), problems.random(20, np.float64, seed=1)
    path = hs.ridge_path(X, y, [1.0, 0.1, 0.0])
    path.plot(ax)
    assert len(ax.get_lines()[0].get_xdata()) == 2
    with pytest.raises(ValueError, match=r"^the path has no positive penalty, and nothing to plot over it\.$"):
        hs.ridge_path(X, y, [0.0]).plot()


LASSO = {"kind": "lasso", "alphas": np.ones(1), "coefs": np.ones((2, 1)), "intercepts": np.zeros(1)}
MISTAKES = [
    (lambda: hs.plot.convergence([]), "`history` (0,) is not a list of at least one number."),
    (lambda: hs.plot.convergence([1.0, -2.0]), "`history` has -2 at index 1; norms are numbers >= 0."),
    (lambda: hs.plot.convergence([1.0, np.nan]), "`history` has nan at index 1; norms are numbers >= 0."),
    (lambda: hs.plot.convergence([1.0], rate=0.0), "rate=0.0 is not valid; it is a number > 0, or None."),
    (lambda: hs.plot.spectrum([[1.0]]), "`singular_values` (1, 1) is not a list of at least one number."),
    (lambda: hs.plot.spectrum([1.0], rank=2), "rank=2 is not valid; it is an integer from 0 to 1, or None."),
    (lambda: ridge_path().plot(kind="bars"), "kind='bars' is not valid; valid: 'coefficients', 'loo', 'l-curve'."),
    (lambda: hs.paths.Path(**LASSO).plot(kind="loo"),
     "a path of lasso has no leave-one-out errors; hs.ridge_path(X, y) computes them."),
    (lambda: hs.paths.Path(**LASSO).plot(kind="l-curve"),
     "a path of lasso has no L-curve; hs.ridge_path(X, y) has one."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "text"), MISTAKES)
def test_mistakes(call, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        call()


def test_matplotlib_is_loaded_late_and_its_absence_is_told(run_script):
    program = """
import sys
sys.modules["matplotlib"] = sys.modules["matplotlib.pyplot"] = None
import hessolve as hs
try:
    hs.plot.convergence([1.0, 0.5])
except ImportError as error:
    print(error)
"""
    assert run_script(program) == 'plots need matplotlib: pip install "hessolve[plot]".\n'
    program = "import sys, hessolve as hs; hs.plot.convergence; print('matplotlib' in sys.modules)"
    assert run_script(program) == "False\n"


def test_eigenvalues_with_the_zero_band(ax):
    r = hs.curvature(np.diag([-2.0, 0.0, 1.0, 3.0]))
    assert hs.plot.curvature(r, ax) is ax
    assert r.plot(ax) is ax
    positive, negative, zero = ax.get_lines()[:3]
    np.testing.assert_allclose(positive.get_ydata(), [1, 3])
    np.testing.assert_allclose(negative.get_ydata(), [-2])
    np.testing.assert_allclose(zero.get_ydata(), [0], atol=1e-15)
    assert ax.get_title().startswith("indefinite")


def test_paths_over_contours(ax):
    def f(x):
        return x[0] ** 2 + 10 * x[1] ** 2

    paths = {}
    for method in ("gradient", "newton"):
        paths[method] = [np.array([3.0, 1.0])]
        hs.minimize(f, [3.0, 1.0], method=method, step="exact", callback=paths[method].append)
    assert hs.plot.descent(f, paths, ax=ax) is ax
    gradient, newton, start = ax.get_lines()
    np.testing.assert_array_equal(gradient.get_xydata(), paths["gradient"])
    np.testing.assert_array_equal(newton.get_xydata(), paths["newton"])
    np.testing.assert_array_equal(start.get_xydata(), [[3, 1]])
    assert [text.get_text() for text in ax.get_legend().get_texts()] == [
        f"gradient, {len(paths['gradient']) - 1} steps",
        "newton, 1 steps",
    ]
    assert len(ax.collections) > 0  # the contours
    hs.plot.descent(lambda x: np.log(x[0]), {"one point": [[0.1, 1.0]]})  # NaN and infinity have no lines


@pytest.mark.parametrize("points", [[], [[1.0]], [[1.0, np.nan]], [1.0, 2.0]])
def test_paths_that_are_none(points):
    with pytest.raises(ValueError, match=r"^the path 'a' \(.*\) is not a list of finite points \(k, 2\)\.$"):
        hs.plot.descent(np.sum, {"a": points})
    with pytest.raises(ValueError, match=r"^`paths` is empty"):
        hs.plot.descent(np.sum, {})
