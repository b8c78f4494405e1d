# SPDX-License-Identifier: BSD-3-Clause
"""Curvature, optimal steps, spectra known by products."""

import numpy as np
import pytest
import scipy.linalg
import scipy.sparse

import hessolve as hs
import problems
from problems import eps

REALS = (np.float32, np.float64)


def with_eigenvalues(w, dtype=np.float64, order="C", seed=0):
    Q = problems.orthogonal(len(w), seed=seed)
    H = (Q * np.asarray(w, dtype=float)) @ Q.T
    return np.array((H + H.T) / 2, dtype=dtype, order=order)


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n", [1, 2, 17, 40, 129])
def test_the_spectrum_solves_the_eigenproblem(n, dtype, order):
    w = np.linspace(-1, 2, n) if n > 1 else np.array([1.5])
    H = with_eigenvalues(w, dtype, order)
    kept = H.copy()
    r = hs.curvature(H)
    np.testing.assert_array_equal(H, kept)
    bar = 10 * n * eps(dtype) * 2
    assert r.eigenvalues.dtype == dtype
    np.testing.assert_allclose(r.eigenvalues, w, atol=bar)
    V = r.eigenvectors.astype(np.float64)
    assert np.linalg.norm(V.T @ V - np.eye(n)) <= bar
    assert np.linalg.norm(H @ V - V * r.eigenvalues) <= bar
    zero = int((np.abs(w) < bar).sum())
    assert r.inertia == (int((w > bar).sum()), int((w < -bar).sum()), zero)
    assert r.rank == n - zero
    assert r.spectral_radius == pytest.approx(np.abs(w).max(), rel=1e-4)
    assert r.step_bound == pytest.approx(1 / w.max(), rel=1e-4)


@pytest.mark.parametrize("dtype", REALS)
def test_a_metric(dtype):
    H = with_eigenvalues(np.linspace(-3, 4, 30), dtype)
    M = with_eigenvalues(np.geomspace(1, 10, 30), dtype, seed=1)
    r = hs.curvature(H, M=M)
    wanted = scipy.linalg.eigh(H.astype(float), M.astype(float), eigvals_only=True)
    np.testing.assert_allclose(r.eigenvalues, wanted, atol=300 * eps(dtype) * 10)
    V = r.eigenvectors.astype(float)
    np.testing.assert_allclose(V.T @ M @ V, np.eye(30), atol=3000 * eps(dtype))
    np.testing.assert_allclose(H @ V, M @ V * r.eigenvalues, atol=3000 * eps(dtype))


def test_conditions():
    r = hs.curvature(with_eigenvalues([0, 0, 1, 2, 8]))
    assert r.condition == np.inf
    assert r.effective_condition == pytest.approx(8)
    assert r.rank == 3
    assert r.inertia == (3, 0, 2)
    assert r.definiteness == "positive semidefinite"
    regular = hs.curvature(np.diag([2.0, 8.0]))
    assert regular.condition == regular.effective_condition == 4
    assert np.isnan(hs.curvature(np.zeros((2, 2))).effective_condition)


@pytest.mark.parametrize(
    ("w", "definiteness", "kind"),
    [
        ([1, 2, 3], "positive definite", "minimum"),
        ([-1, -2, -3], "negative definite", "maximum"),
        ([-1, 2, 3], "indefinite", "saddle"),
        ([-1, 0, 3], "indefinite", "saddle"),
        ([0, 2, 3], "positive semidefinite", "degenerate"),
        ([0, -2, -3], "negative semidefinite", "degenerate"),
        ([0, 0, 0], "zero", "degenerate"),
    ],
)
def test_kinds_of_points(w, definiteness, kind):
    r = hs.curvature(with_eigenvalues(w), gradient=np.zeros(3))
    assert (r.definiteness, r.kind) == (definiteness, kind)


def test_a_gradient_that_is_not_zero():
    assert hs.curvature(np.eye(2), gradient=[1.0, 0.0]).kind == "not stationary"
    assert hs.curvature(np.eye(2), gradient=[1e-6, 0.0]).kind == "minimum"
    assert hs.curvature(np.eye(2), gradient=[1e-6, 0.0], gtol=1e-7).kind == "not stationary"
    assert hs.curvature(np.eye(2)).kind is None


def test_an_error_of_the_hessian_larger_than_an_eigenvalue_decides_nothing():
    H = np.diag([1e-3, 1.0])
    assert hs.curvature(H, gradient=[0.0, 0.0], error=1e-4).kind == "minimum"
    assert hs.curvature(H, gradient=[0.0, 0.0], error=1e-2).kind == "undecided"
    sure = np.diag([1e-3, 1.0, -1.0])  # two opposite signs are beyond doubt
    assert hs.curvature(sure, gradient=np.zeros(3), error=1e-2).kind == "saddle"


def test_where_rank_is_lost():
    """Variables 1 and 3 only enter as a sum."""
    J = np.array([[1.0, 1.0, 0.0, 1.0], [0.0, 2.0, 1.0, 2.0], [3.0, 0.0, 1.0, 0.0], [1.0, 5.0, 2.0, 5.0]])
    r = hs.curvature(J.T @ J)
    assert r.null_variables == [1, 3]
    direction = r.null_vectors[:, 0]
    np.testing.assert_allclose(np.abs(direction), [0, np.sqrt(0.5), 0, np.sqrt(0.5)], atol=1e-12)
    assert hs.curvature(np.eye(3)).null_vectors.shape == (3, 0)
    assert hs.curvature(np.eye(3)).null_variables == []


def test_sparse_and_products_give_the_same():
    H = np.diag(np.arange(1.0, 21)) - np.eye(20, k=1) - np.eye(20, k=-1)
    dense = hs.curvature(H).eigenvalues
    np.testing.assert_allclose(hs.curvature(scipy.sparse.csr_array(H)).eigenvalues, dense, rtol=1e-12)
    np.testing.assert_allclose(hs.curvature(lambda v: H @ v, gradient=np.zeros(20)).eigenvalues, dense, rtol=1e-12)


def test_what_is_too_large_to_be_written_out():
    with pytest.raises(ValueError, match="too large to be written out"):
        hs.curvature(scipy.sparse.eye_array(5000, format="csr"))


def test_empty():
    r = hs.curvature(np.zeros((0, 0)))
    assert r.inertia == (0, 0, 0)
    assert r.eigenvalues.shape == (0,)


@pytest.mark.parametrize("scale", [1e-160, 1.0, 1e150])
@pytest.mark.parametrize("as_function", [False, True])
def test_the_optimal_step_minimises_the_model(scale, as_function):
    H = with_eigenvalues(np.geomspace(0.1, 10, 12))
    g = np.random.default_rng(0).standard_normal(12) * scale
    s = hs.optimal_step(g, (lambda v: H @ v) if as_function else H)
    G = g / scale
    assert s.step == pytest.approx(G @ G / (G @ H @ G), rel=1e-13)
    assert s.decrease == pytest.approx((G @ G) ** 2 / (2 * G @ H @ G) * scale * scale, rel=1e-12)
    assert s.lower_bound == pytest.approx(0.1, rel=1e-6)
    assert s.lower_bound <= s.step * (1 + 1e-6)


def test_steps_without_a_minimum():
    up = hs.optimal_step([1.0, 0.0], -np.eye(2))
    assert up.step == np.inf
    assert up.decrease == np.inf
    assert "no minimum" in up.reason
    assert up.lower_bound == np.inf
    flat = hs.optimal_step([1.0, 0.0], np.diag([0.0, 1.0]))
    assert flat.step == np.inf
    assert flat.lower_bound == 1.0
    still = hs.optimal_step([0.0, 0.0], np.eye(2))
    assert still[:3] == (0.0, 0.0, 1.0)


def test_the_density_has_the_moments_of_the_matrix():
    """k steps integrate polynomials of degree 2 k - 1 exactly against each sample's measure; the mean over signs
    estimates tr(H^j) / n."""
    H = with_eigenvalues(np.linspace(-1, 3, 60))
    d = hs.spectral_density(lambda v: H @ v, 60, rng=1, samples=200, steps=12)
    for power in range(1, 5):
        mean = (d.weights * d.nodes**power).sum(axis=1).mean()
        wanted = np.trace(np.linalg.matrix_power(H, power)) / 60
        spread = (d.weights * d.nodes**power).sum(axis=1).std() / np.sqrt(200)
        assert abs(mean - wanted) <= 5 * spread + 1e-12
    np.testing.assert_allclose(d.weights.sum(axis=1), 1, rtol=1e-12)
    assert d.lowest >= -1 - 1e-12
    assert d.highest <= 3 + 1e-12
    x = np.linspace(-4, 6, 2001)
    assert np.trapezoid(d.density(x, 0.2), x) == pytest.approx(1, abs=1e-6)
    assert d.count(-2, 4) == pytest.approx(60)
    assert d.trace == pytest.approx(np.trace(H), abs=15)


def test_all_steps_find_all_eigenvalues():
    H = with_eigenvalues(np.arange(1.0, 9))
    d = hs.spectral_density(H, rng=0, samples=1, steps=100)
    assert d.nodes.shape == (1, 8)
    np.testing.assert_allclose(np.sort(d.nodes[0]), np.arange(1.0, 9), rtol=1e-10)


@pytest.mark.parametrize("dtype", REALS)
def test_the_same_seed_gives_the_same_bits(dtype):
    H = with_eigenvalues(np.linspace(1, 2, 25), dtype)
    a = hs.spectral_density(H, rng=3, samples=2, steps=5)
    b = hs.spectral_density(H, rng=3, samples=2, steps=5)
    assert a.nodes.dtype == dtype
    np.testing.assert_array_equal(a.nodes, b.nodes)
    assert (hs.spectral_density(H, rng=4, samples=2, steps=5).nodes != a.nodes).any()


def test_traces_and_diagonals_meet_their_errors():
    H = with_eigenvalues(np.linspace(0.5, 3, 50))
    inside = 0
    for seed in range(20):
        value, error = hs.estimate_trace(lambda v: H @ v, 50, rng=seed, samples=40)
        inside += abs(value - np.trace(H)) <= 3 * error
    assert inside >= 18
    diagonal, errors = hs.estimate_diagonal(H, rng=0, samples=400)
    assert (np.abs(diagonal - np.diag(H)) <= 5 * errors + 1e-12).all()
    exact = hs.estimate_diagonal(np.diag([1.0, 2.0]), rng=0, samples=2)
    np.testing.assert_array_equal(exact.value, [1.0, 2.0])


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: hs.curvature(np.zeros((2, 3))), ValueError, "not square"),
        (lambda: hs.curvature(np.eye(2), gradient=np.zeros(3)), ValueError, "does not fit"),
        (lambda: hs.curvature(np.eye(2), gradient=[np.nan, 0]), ValueError, r"`gradient` \(2,\) has a NaN"),
        (lambda: hs.curvature(np.eye(2), M=np.eye(3)), ValueError, r"`M` \(3, 3\) does not fit"),
        (lambda: hs.curvature(np.eye(2), M=-np.eye(2)), hs.NotPositiveDefiniteError, "column 0"),
        (lambda: hs.curvature(np.eye(2), error=-1), ValueError, "error=-1"),
        (lambda: hs.curvature(lambda v: v), TypeError, "size is not known"),
        (lambda: hs.curvature(np.eye(2) + 1j), TypeError, "complex"),
        (lambda: hs.optimal_step([1.0], np.eye(2)), ValueError, "does not fit"),
        (lambda: hs.optimal_step([1.0, 2.0], lambda v: v * np.nan), ValueError, "NaN"),
        (lambda: hs.spectral_density(lambda v: v), TypeError, "pass n"),
        (lambda: hs.spectral_density(lambda v: v, 0), ValueError, "n=0"),
        (lambda: hs.spectral_density(lambda v: v, 5, samples=0), ValueError, "samples=0"),
        (lambda: hs.spectral_density(lambda v: v[:3], 5), ValueError, "`hvp`"),
        (lambda: hs.spectral_density(lambda v: v * np.inf, 5), ValueError, "NaN or infinity"),
        (lambda: hs.estimate_trace(lambda v: v, 5, samples=1), ValueError, "samples=1"),
        (lambda: hs.spectral_density(np.eye(3) * 1j), TypeError, "complex"),
    ],
)
def test_bad_input_is_refused_by_name(call, error, match):
    with pytest.raises(error, match=match):
        call()
