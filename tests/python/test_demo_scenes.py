# SPDX-License-Identifier: BSD-3-Clause
"""The scenes *penalty*, *splitting*, *hessian* and *newton*: their data, their pictures, and claims that can fail."""

import collections
import dataclasses

import mpmath
import numpy as np
import pytest

import hessolve as hs
from hessolve import demo
from hessolve.demo import newton, penalty, splitting


def play(scene, folder):
    said = []
    return demo.run([scene], folder, said.append), said


DEGREES = {
    1: "ME",
    2: "DC FL RI SC WA",
    3: "CA CT DE LA MI ND NH NJ VT",
    4: "AL AZ IN KS MN MS MT NC NM OR TX WI",
    5: "GA IL MA MD NV NY OH UT WV",
    6: "AR CO IA ID NE OK PA SD VA WY",
    7: "KY",
    8: "MO TN",
}


def test_the_borders_are_complete():
    pairs = splitting.borders()
    assert len(pairs) == len(set(pairs)) == 107
    assert all(a < b for a, b in pairs)
    assert pairs == sorted(pairs)
    states, W = splitting.adjacency(pairs)
    assert len(states) == 49
    found = collections.defaultdict(list)
    for state, degree in zip(states, W.sum(axis=1), strict=True):
        found[int(degree)].append(state)
    assert {degree: " ".join(names) for degree, names in sorted(found.items())} == DEGREES


def test_the_borders_form_the_known_graph():
    """Planar graphs have at most 3 n - 6 edges; the other figures are those published for this graph by KONECT."""
    _, W = splitting.adjacency(splitting.borders())
    np.testing.assert_array_equal(W, W.T)
    assert W.sum() / 2 <= 3 * len(W) - 6
    assert np.trace(W @ W @ W) / 6 == 57  # triangles
    assert np.linalg.eigvalsh(W)[-1] == pytest.approx(5.31855, abs=1e-5)
    laplacian = np.linalg.eigvalsh(np.diag(W.sum(axis=1)) - W)
    assert laplacian[:2] == pytest.approx([0, 0.0980487], abs=1e-7)  # connected, since the second is positive


def test_the_precision_matrix_is_positive_definite_and_dominant():
    _, A, W = splitting.precision_matrix()
    full = A if isinstance(A, np.ndarray) else A.toarray()
    np.testing.assert_allclose(full, np.diag(W.sum(axis=1)) - splitting.RHO * W)
    assert (2 * full.diagonal() > abs(full).sum(axis=1)).all()
    assert np.linalg.eigvalsh(full)[0] > 0


def test_rates_are_judged_after_the_transient(tmp_path, monkeypatch):
    """A prediction that is 10 % off in its rate fails the claim."""
    predict = hs.predict_convergence

    def wrong(*args, **keywords):
        found = predict(*args, **keywords)
        return dataclasses.replace(found, spectral_radius=found.spectral_radius**1.1)

    monkeypatch.setattr(hs, "predict_convergence", wrong)
    status, said = play("splitting", tmp_path)
    assert status == 1
    assert any(line.startswith("  FAILED") and "5 %" in line for line in said)


def test_a_wrong_leave_one_out_error_fails_the_claim(tmp_path, monkeypatch):
    path_of = hs.ridge_path

    def wrong(*args, **keywords):
        found = path_of(*args, **keywords)
        return dataclasses.replace(found, loo=found.loo * (1 + 1e-7))

    monkeypatch.setattr(hs, "ridge_path", wrong)
    status, said = play("penalty", tmp_path)
    assert status == 1
    assert sum(line.startswith("  FAILED") for line in said) == 1


def test_the_columns_of_longley_are_standardized():
    X, y = penalty.standardized()
    assert X.shape == (16, len(penalty.NAMES))
    assert abs(X.mean(axis=0)).max() < 1e-12
    np.testing.assert_allclose(X.std(axis=0), 1)
    assert y[0] == 60323


def test_variance_inflation_is_that_in_the_literature():
    """As printed for Longley's data by textbooks and packages of statistics."""
    X, _ = penalty.standardized()
    inflation = hs.factor(X.T @ X / len(X)).inverse_diagonal()
    np.testing.assert_allclose(inflation, [135.53, 1788.51, 33.62, 3.589, 399.15, 758.98], rtol=2e-4)


@pytest.mark.parametrize("scene", ["penalty", "splitting", "vessels", "hessian", "newton"])
def test_pictures_are_saved(tmp_path, scene):
    image = pytest.importorskip("matplotlib.image", reason="matplotlib is not installed")
    assert play(scene, tmp_path)[0] == 0
    pixels = image.imread(tmp_path / f"{scene}.png")
    assert pixels.shape[0] > 400
    assert pixels.shape[1] > 600
    assert pixels[..., :3].std() > 0.01  # something is on it


def test_the_demo_runs_without_scipy_and_matplotlib(tmp_path, run_script):
    program = """
import sys
for name in ("scipy", "matplotlib", "sklearn", "skimage"):
    sys.modules[name] = None
from pathlib import Path
from hessolve import demo
raise SystemExit(demo.run(demo.SCENES, Path(sys.argv[1])))
"""
    said = run_script(program, tmp_path)
    assert said.count("is not drawn, since matplotlib is missing: pip install") == 5
    assert "sparse matrices need SciPy" in said
    assert not list(tmp_path.glob("*.png"))


def test_a_wrong_hessian_fails_the_claim(tmp_path, monkeypatch):
    hessian_of = hs.hessian

    def wrong(*args, **keywords):
        found = hessian_of(*args, **keywords)
        return (
            found if isinstance(found, np.ndarray) else dataclasses.replace(found, hessian=found.hessian * (1 + 1e-9))
        )

    monkeypatch.setattr(hs, "hessian", wrong)
    status, said = play("hessian", tmp_path)
    assert status == 1
    assert any(line.startswith("  FAILED  the Hessian is X^T X") for line in said)


def test_slower_descent_fails_the_prediction(tmp_path, monkeypatch):
    minimize = hs.minimize

    def slower(f, x0, **keywords):
        if keywords.get("method") == "gradient" and keywords.get("step") == "bounded":
            hess = keywords["hess"]
            keywords["hess"] = lambda w: 1.2 * hess(w)
        return minimize(f, x0, **keywords)

    monkeypatch.setattr(hs, "minimize", slower)
    status, said = play("newton", tmp_path)
    assert status == 1
    assert sum(line.startswith("  FAILED") for line in said) == 2


def test_the_logistic_regression_is_one():
    """Against mpmath at one point, and the derivatives against exact ones."""
    X, signs = np.array([[1.0, 2.0], [0.5, -1.0], [3.0, 0.1]]), np.array([1.0, -1.0, 1.0])
    loss, w = newton.Logistic(X, signs, 0.5), np.array([0.3, -0.7])
    expected = sum(mpmath.log(1 + mpmath.exp(-t * mpmath.mpf(float(x @ w)))) for x, t in zip(X, signs, strict=True)) / 3
    assert loss.value(w) == pytest.approx(float(expected) + 0.25 * (w @ w), rel=1e-14)
    np.testing.assert_allclose(loss.gradient(w), hs.gradient(loss.value, w), rtol=1e-13)
    np.testing.assert_allclose(loss.hessian(w), hs.hessian(loss.value, w), rtol=1e-13)
