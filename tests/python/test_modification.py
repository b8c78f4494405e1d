# SPDX-License-Identifier: BSD-3-Clause
"""Modified Hessians: positive definite, close to the Hessian, and as the papers have them."""

import warnings

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hessolve as hs
import problems
from problems import eps

METHODS = ("auto", "shift", "eigenvalue", "gmw", "se99", "cheng-higham")
REALS = (np.float32, np.float64)

# Schnabel and Eskow 1999: eigenvalues -0.378, -0.343, -0.248 and 8.24e3, on which the algorithm of 1990 adds 1e3 times
# what is needed.
PUBLISHED = np.array(
    [
        [1890.3, -1705.6, -315.8, 3000.3],
        [-1705.6, 1538.3, 284.9, -2706.6],
        [-315.8, 284.9, 52.5, -501.2],
        [3000.3, -2706.6, -501.2, 4760.8],
    ]
)


def indefinite(n, dtype, order="C", seed=0, low=-1.0, high=10.0):
    rng = np.random.default_rng(seed)
    Q = problems.orthogonal(n, seed=seed)
    w = rng.uniform(low, high, n)
    w[0] = low
    H = (Q * w) @ Q.T
    return np.array((H + H.T) / 2, dtype=dtype, order=order)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 33, 130])
def test_the_result_is_positive_definite_and_its_account_true(method, dtype, order, n):
    H = indefinite(n, dtype, order, seed=n)
    kept = H.copy()
    m = hs.modify_hessian(H, method)
    np.testing.assert_array_equal(H, kept)
    assert m.H.dtype == dtype
    assert m.definite
    assert (m.H == m.H.T).all()
    w = np.linalg.eigvalsh(H.astype(np.float64))
    tolerance = 10 * n * eps(dtype) * np.abs(w).max()
    assert np.linalg.eigvalsh(m.H.astype(np.float64))[0] > -tolerance
    assert m.factorization.kind == "cholesky"
    E = m.H.astype(np.float64) - H
    assert m.E_norm == pytest.approx(np.linalg.norm(E, 2), abs=tolerance, rel=1e-5)
    assert m.inertia_before == (int((w > 0).sum()), int((w < 0).sum()), 0)
    assert m.rank_before == n


@pytest.mark.parametrize("method", METHODS)
def test_200_indefinite_matrices_keep_to_the_published_bounds(method):
    """shift: 1.1 of -lambda_min. Cheng and Higham: sqrt(n) ||L|| ||L^-1|| type bounds, in practice a small multiple;
    Schnabel and Eskow: 2 n times the largest Gerschgorin excess; Gill, Murray and Wright: xi^2 / beta^2 + ..."""
    for seed in range(200):
        n = 2 + seed % 23
        H = indefinite(n, np.float64, seed=seed, low=-(10.0 ** ((seed % 5) - 2)))
        m = hs.modify_hessian(H, method)
        w = np.linalg.eigvalsh(H)
        least = -w[0]
        if method == "shift":
            assert m.E_norm <= 1.1 * least
        elif method in ("eigenvalue", "auto"):
            assert m.E_norm <= 2 * least + 1e-7 * np.abs(w).max()
        elif method == "gmw":
            # Practical Optimization, 4.4.2.2: (xi / beta + (n - 1) beta)^2 + 2 (gamma + (n - 1) beta^2) + delta
            xi = np.abs(H - np.diag(np.diag(H))).max()
            gamma = np.abs(np.diag(H)).max()
            beta2 = max(gamma, xi / np.sqrt(n * n - 1))
            beta = np.sqrt(beta2)
            assert m.E_norm <= (xi / beta + (n - 1) * beta) ** 2 + 2 * (gamma + (n - 1) * beta2) + 1e-10
        elif (
            method == "se99"
        ):  # Schnabel and Eskow 1999, theorem 5.2.1: the Gerschgorin bound of 1990 and twice gamma (n - 1)
            radius = np.abs(H).sum(axis=1) - np.abs(np.diag(H))
            excess = max(0.0, float((radius - np.diag(H)).max()))
            gamma = np.abs(np.diag(H)).max()
            assert m.E_norm <= excess + 2.2 * (n - 1) * gamma
        else:  # Cheng and Higham 1998, (3.5): max(0, delta - lambda_min(D)) ||L L^T||, no element of L above 2.78
            assert m.E_norm <= 4.0 * n * n * max(least, 1e-6) * 2.78**2 + 1e-6


def test_the_published_example():
    w = np.linalg.eigvalsh(PUBLISHED)
    ratio = {method: hs.modify_hessian(PUBLISHED, method).E_norm / -w[0] for method in ("gmw", "se99", "shift")}
    assert ratio["gmw"] == pytest.approx(2.733, abs=2e-3)  # Fang and O'Leary 2008, doi 10.1007/s10107-007-0177-6
    assert ratio["se99"] == pytest.approx(1.759, abs=1e-3)
    assert ratio["shift"] == pytest.approx(1.0, abs=1e-3)


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("method", ["auto", "shift", "eigenvalue", "se99", "cheng-higham"])
def test_a_positive_definite_hessian_is_left_alone(dtype, method):
    H = indefinite(40, dtype, low=1.0, high=2.0)
    m = hs.modify_hessian(H, method)
    assert m.E_norm <= 100 * eps(dtype)
    np.testing.assert_allclose(m.H, H, atol=100 * eps(dtype))
    assert m.inertia_before == (40, 0, 0)


def test_clamping_gives_the_nearest_matrix_and_reflecting_the_modulus():
    H = indefinite(30, np.float64, seed=3)
    w, V = np.linalg.eigh(H)
    clamped = hs.modify_hessian(H, "eigenvalue", negative="clamp")
    reflected = hs.modify_hessian(H, "eigenvalue")
    np.testing.assert_allclose(clamped.H, (V * np.maximum(w, 0)) @ V.T, atol=1e-6)
    np.testing.assert_allclose(reflected.H, (V * np.abs(w)) @ V.T, atol=1e-12)
    assert clamped.E_norm == pytest.approx(-w[0], rel=1e-6)
    assert reflected.E_norm == pytest.approx(-2 * w[0], rel=1e-6)


def test_max_element_is_checked_not_assumed():
    H = np.array([[1.0, 3.0], [3.0, 1.0]])
    with pytest.warns(RuntimeWarning, match="lowest eigenvalue is -2"):
        m = hs.modify_hessian(H, "max-element")
    np.testing.assert_allclose(m.H, H + np.eye(2) / 3)
    assert not m.definite
    with pytest.raises(hs.NotPositiveDefiniteError):
        m.factorization  # noqa: B018
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        good = hs.modify_hessian(np.array([[0.1, 0.2], [0.2, 0.1]]), "max-element")  # 1 / max(H) = 5
    assert good.definite
    assert good.shift == pytest.approx(5.0)


def test_max_element_needs_a_positive_element():
    with pytest.raises(ValueError, match="no positive element"):
        hs.modify_hessian(-np.ones((2, 2)), "max-element")


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1e-300, 1e-30, 1e30, 1e300])
def test_units_do_not_matter(method, scale):
    H = indefinite(12, np.float64, seed=5)
    plain = hs.modify_hessian(H, method)
    scaled = hs.modify_hessian(H * scale, method)
    assert scaled.definite
    assert scaled.E_norm == pytest.approx(plain.E_norm * scale, rel=1e-6)


@pytest.mark.parametrize("method", METHODS)
def test_a_zero_hessian_becomes_a_multiple_of_the_unit_matrix(method):
    m = hs.modify_hessian(np.zeros((3, 3)), method)
    assert m.definite
    assert m.inertia_before == (0, 0, 3)
    assert m.rank_before == 0
    assert np.linalg.eigvalsh(m.H)[0] > 0


@pytest.mark.parametrize("method", METHODS)
def test_no_variables(method):
    m = hs.modify_hessian(np.zeros((0, 0)), method)
    assert m.H.shape == (0, 0)
    assert m.definite
    assert m.inertia_before == (0, 0, 0)


@given(st.integers(1, 9), st.integers(0, 10**6), st.sampled_from(METHODS), st.floats(-8, 8))
def test_wild_matrices_become_definite(n, seed, method, spread):
    rng = np.random.default_rng(seed)
    scale = 10.0 ** rng.uniform(-abs(spread), abs(spread), n)
    A = rng.standard_normal((n, n)) * scale[:, None] * scale
    H = A + A.T
    m = hs.modify_hessian(H, method)
    assert np.isfinite(m.H).all()
    assert m.definite


def test_auto_says_why():
    assert "nothing to change" in hs.modify_hessian(np.eye(3)).reason
    assert hs.modify_hessian(np.eye(3)).method == "auto"
    small = hs.modify_hessian(-np.eye(3))
    assert small.method == "eigenvalue"
    assert "n = 3" in small.reason
    assert hs.modify_hessian(-np.eye(600)).method == "se99"


@pytest.mark.parametrize(
    ("H", "error", "match"),
    [
        (np.zeros((2, 3)), ValueError, r"`H` \(2, 3\) is not square"),
        (np.zeros((2, 2, 2)), ValueError, "is a stack"),
        (np.array([[1.0, 2.0], [3.0, 1.0]]), ValueError, r"\[0, 1\] is 2 and \[1, 0\] is 3"),
        (np.array([[1.0, np.nan], [np.nan, 1.0]]), ValueError, "NaN"),
        (np.eye(2) * 1j, TypeError, "complex"),
        (np.eye(2, dtype=object), TypeError, "object"),
        (lambda v: v, TypeError, "not dense"),
    ],
)
def test_bad_hessians_are_refused_by_name(H, error, match):
    with pytest.raises(error, match=match):
        hs.modify_hessian(H)


def test_bad_keywords():
    with pytest.raises(ValueError, match="method='newton'"):
        hs.modify_hessian(np.eye(2), "newton")
    with pytest.raises(ValueError, match="negative='flip'"):
        hs.modify_hessian(np.eye(2), negative="flip")


def test_halves_that_differ_by_rounding_are_averaged():
    H = np.array([[2.0, 1.0], [1.0 + 1e-9, 2.0]])
    m = hs.modify_hessian(H)
    assert m.H[0, 1] == m.H[1, 0] == pytest.approx(1.0 + 5e-10, abs=1e-15)


def test_integers_are_taken_by_value():
    m = hs.modify_hessian(np.array([[1, 2], [2, 1]]), "shift")
    assert m.H.dtype == np.float64
    assert m.shift == pytest.approx(1.0)
