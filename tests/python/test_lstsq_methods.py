# SPDX-License-Identifier: BSD-3-Clause
"""hs.lstsq: every method against solutions of 80 digits; certificates, weights, minimum norm, constraints."""

import re
from functools import lru_cache

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import exact_least_squares, true_forward_error

METHODS = ["auto", "qr", "qr-pivoted", "svd", "cholesky-qr", "mgs", "normal", "sketch"]
FAST = ["cholesky-qr", "mgs", "normal", "sketch"]
REFERENCE = float(np.finfo(np.longdouble).eps)


@lru_cache(maxsize=512)
def problem(m, n, condition, dtype, columns=None, seed=0, b_seed=1):
    """A, b and the exact solution, which is slow to find and the same for every method."""
    A = problems.with_condition(n, condition, dtype, m=m, seed=seed)
    b = problems.random(m if columns is None else (m, columns), dtype, seed=b_seed)
    return A, b, exact_least_squares(A, b)


def sensitivity(A, x, b):
    """What a relative change of A by eps does to x at most, over eps: kappa (1 + kappa tan theta)  [Wedin 1973]."""
    s = np.linalg.svd(A.astype(np.complex128), compute_uv=False)
    r = np.linalg.norm((b - A @ x).astype(np.complex128), axis=0)
    size = s[0] * np.linalg.norm(x.astype(np.complex128), axis=0)
    kappa = s[0] / s[-1]
    return float(kappa * (1 + kappa * np.max(r / size)) * np.sqrt(len(x)))


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("condition", [1.0, 100.0])
@pytest.mark.parametrize(("m", "n"), [(2, 1), (7, 3), (60, 8), (300, 5), (9, 9)])
@pytest.mark.parametrize("method", METHODS)
def test_every_method(method, m, n, condition, dtype, order):
    A, b, truth = problem(m, n, condition, dtype, 3)
    A = problems.laid_out(A, order)
    before = A.copy(), b.copy()
    x, residuals, rank, s = hs.lstsq(A, b, method=method)
    assert x.dtype == dtype
    assert rank == n
    assert (s is None) == (method != "svd")
    if order != "C":
        np.testing.assert_array_equal(x, hs.lstsq(problems.laid_out(A, "C"), b, method=method).x)
    assert true_forward_error(x, truth) <= 20 * sensitivity(A, x, b) * eps(dtype)
    assert residuals.shape == ((3,) if m > n else (0,))
    if m > n:
        squares = (abs(b - A @ truth) ** 2).sum(axis=0)
        np.testing.assert_allclose(residuals, squares.astype(float), rtol=100 * m * eps(dtype))
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(b, before[1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_a_method_that_can_be_trusted_answers_itself(method, dtype):
    A, b, truth = problem(100, 10, 2.0, dtype)
    s = hs.lstsq(A, b, method=method, full_output=True)
    assert s.method == (method if method != "auto" else s.method)
    assert s.rank == 10
    assert s.reason == "ok"
    assert s.forward_error >= true_forward_error(s.x, truth) - REFERENCE


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("share", [0.5, 0.75, 0.9])
@pytest.mark.parametrize("method", METHODS)
def test_no_method_answers_where_it_cannot_be_trusted(method, share, dtype):
    """Normal equations square the condition and would have no digit left; what answers must keep Wedin's bound."""
    m, n = 80, 6
    A, b, truth = problem(m, n, (0.1 / (m * eps(dtype))) ** share, dtype, 2)
    s = hs.lstsq(A, b, method=method, full_output=True)
    error = true_forward_error(s.x, truth)
    assert error <= 20 * sensitivity(A, s.x, b) * eps(dtype)
    assert s.forward_error >= error
    if method == "normal" and share > 0.5:
        assert s.method != "normal"


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_certificates_tell_the_truth(method, dtype):
    claims, errors = [], []
    for seed in range(24):
        m, n = [(8, 3), (30, 10), (90, 7), (40, 39)][seed % 4]
        A, b, truth = problem(m, n, 10.0 ** (seed % 3), dtype, seed=seed, b_seed=seed)
        s = hs.lstsq(A, b, method=method, full_output=True)
        claims.append(s.forward_error)
        errors.append(true_forward_error(s.x, truth))
    claims, errors = np.array(claims), np.array(errors)
    assert (claims >= errors - REFERENCE).all()
    assert np.median(claims / np.maximum(errors, eps(dtype))) <= 100


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("transposed", [False, True])
def test_minimum_norm(transposed, method, dtype):
    """A = F G of small integers: x = G^H (G G^H)^-1 (F^H F)^-1 F^H b, exactly."""
    rng = np.random.default_rng(0)
    F, G = rng.integers(-3, 4, (12, 3)).astype(dtype), rng.integers(-3, 4, (3, 7)).astype(dtype)
    if np.dtype(dtype).kind == "c":
        F, G = F + 1j * rng.integers(-2, 3, F.shape), G + 1j * rng.integers(-2, 3, G.shape)
    F, G = (G.T, F.T) if transposed else (F, G)
    A, b = (F @ G).astype(dtype), rng.integers(-9, 10, (len(F), 2)).astype(dtype)
    truth = exact_least_squares(G.conj().T, np.eye(G.shape[1])).conj().T @ exact_least_squares(F, b)
    x, residuals, rank, _ = hs.lstsq(A, b, method=method)
    assert rank == 3
    assert residuals.shape == (0,)
    assert np.linalg.norm((x - truth).astype(np.complex128)) <= 1e4 * eps(dtype) * np.linalg.norm(x)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_weights(method, dtype):
    A, b = problems.with_condition(4, 10.0, dtype, m=30), problems.random((30, 2), dtype, seed=1)
    weights = np.r_[0.0, np.geomspace(1e-3, 1e3, 29)].astype(np.finfo(dtype).dtype)
    truth = exact_least_squares(A, b, weights=weights)
    x, residuals, _, _ = hs.lstsq(A, b, method=method, sample_weight=weights)
    root = np.sqrt(weights)[:, None]
    assert true_forward_error(x, truth) <= 100 * sensitivity(root * A, x, root * b) * eps(dtype)
    squares = (weights[:, None] * abs(b - A @ truth) ** 2).sum(axis=0)
    np.testing.assert_allclose(residuals, squares.astype(float), rtol=1e4 * eps(dtype))


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("method", METHODS)
def test_a_sketch_like_any_method_gives_the_same_bits_twice_and_on_any_threads(method, dtype):
    A, b = problems.with_condition(20, 100.0, dtype, m=900), problems.random((900, 3), dtype, seed=1)
    results = []
    for threads in (1, 2):
        with hs.num_threads(threads):
            results += [hs.lstsq(A, b, method=method).x, hs.lstsq(np.asfortranarray(A), b, method=method).x]
    for x in results[1:]:
        np.testing.assert_array_equal(x, results[0])


# ------------------------------------------------------------------------------------------------------- constraints


def constrained(A, b, C, d, **keywords):
    return hs.lstsq(A, b, constraints=(C, d), **keywords)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n", "p"), [(9, 4, 2), (40, 10, 3), (5, 5, 1), (30, 6, 6), (4, 6, 3), (3, 1, 1)])
def test_constraints(m, n, p, dtype, order):
    A, b = problems.with_condition(n, 100.0, dtype, order, m=m), problems.random((m, 2), dtype, seed=1)
    C, d = problems.laid_out(problems.random((p, n), dtype, seed=2), order), problems.random((p, 2), dtype, seed=3)
    before = [part.copy() for part in (A, b, C, d)]
    x = constrained(A, b, C, d).x
    truth = exact_least_squares(A, b, constraints=(C, d))
    assert x.dtype == dtype
    assert true_forward_error(x, truth) <= 1e6 * eps(dtype)
    size = np.linalg.norm(C) * np.linalg.norm(x) + np.linalg.norm(d)
    assert np.linalg.norm(C @ x - d) <= 10 * n * eps(dtype) * size
    for now, then in zip((A, b, C, d), before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("method", METHODS)
def test_constraints_with_every_method_and_weights(method):
    A, b = problems.with_condition(5, 10.0, np.float64, m=40), problems.random((40, 2), np.float64, seed=1)
    C, d, weights = problems.random((2, 5), np.float64, seed=2), [1.0, -2.0], np.linspace(0, 3, 40)
    truth = exact_least_squares(A, b, weights=weights, constraints=(C, np.column_stack([d, d])))
    result = constrained(A, b, C, d, method=method, sample_weight=weights)
    np.testing.assert_allclose(result.x, truth.astype(float), rtol=1e-11)
    squares = (weights[:, None] * (b - A @ truth) ** 2).sum(axis=0)
    np.testing.assert_allclose(result.residuals, squares.astype(float), rtol=1e-10)
    assert result.rank == 5
    s = constrained(A, b[:, 0], C, d, method=method, sample_weight=weights, full_output=True)
    assert s.x.shape == (5,)
    assert s.forward_error >= true_forward_error(s.x, truth[:, 0])
    assert s.residual_norm == pytest.approx(np.sqrt(float(squares[0])))


def test_constraints_that_depend_on_each_other_but_agree():
    A, b = problems.random((20, 4), np.float64), problems.random(20, np.float64, seed=1)
    C, d = problems.random((2, 4), np.float64, seed=2), np.array([1.0, 2.0])
    twice, both = np.vstack([C, C[0] + C[1], 2 * C[0]]), np.r_[d, d.sum(), 2 * d[0]]
    np.testing.assert_allclose(constrained(A, b, twice, both).x, constrained(A, b, C, d).x, rtol=1e-12)
    x = constrained(A, b, np.zeros((2, 4)), np.zeros(2)).x
    np.testing.assert_allclose(x, hs.lstsq(A, b).x, rtol=1e-12)
    x = constrained(A, b, np.zeros((0, 4)), np.zeros(0)).x
    np.testing.assert_allclose(x, hs.lstsq(A, b).x, rtol=1e-12)


@pytest.mark.parametrize("full_output", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_constraints_that_contradict_each_other(dtype, full_output):
    A, b = problems.random((20, 4), dtype), problems.random(20, dtype, seed=1)
    C = problems.random((2, 4), dtype, seed=2)
    text = (
        r"^`constraints` contradict each other: row [012] of `C` \(3, 4\) depends on others, and `d` does not agree\. "
        r"Leave it out, or weigh these rows in hs\.lstsq\.$"
    )
    with pytest.raises(hs.SingularMatrixError, match=text):
        constrained(A, b, np.vstack([C, C[0] + C[1]]), np.array([1, 2, 4], dtype), full_output=full_output)


def test_constraints_take_what_leaves_x_open_to_the_minimum_norm():
    """A x = b has many minimisers under C x = d: the one of least norm, by a limit of ridge in 80 digits."""
    A, b = problems.random((3, 6), np.float64), problems.random(3, np.float64, seed=1)
    C, d = problems.random((2, 6), np.float64, seed=2), np.array([1.0, -1.0])
    x, residuals, rank, _ = constrained(A, b, C, d)
    both = np.vstack([C, A])
    np.testing.assert_allclose(x, np.linalg.pinv(both) @ np.r_[d, b], rtol=1e-11)
    assert rank == 5
    assert residuals.shape == (0,)


A43 = np.ones((4, 3)) + np.eye(4, 3)
MISTAKES = [
    ({"constraints": 3}, "constraints=3 is not valid; it is a pair (C, d), or None."),
    ({"constraints": (np.ones((1, 2)), [1.0])}, "`C` (1, 2) does not fit `A` (4, 3); (p, 3) is needed."),
    ({"constraints": (np.ones(3), 1.0)}, "`C` (3,) does not fit `A` (4, 3); (p, 3) is needed."),
    ({"constraints": (np.ones((1, 3)), [1.0, 2.0])}, "`C` (1, 3) and `d` (2,) do not fit: (1,) or (1, 1) is needed."),
    ({"constraints": (np.ones((1, 3)), [np.nan])}, "`d` (1,) has a NaN or infinity at row 0; clean the data first."),
    ({"constraints": ([[1.0, np.inf, 1.0]], [1.0])},
     "`C` (1, 3) has a NaN or infinity at row 0, column 1; clean the data first."),
    ({"method": "cholesky"}, "method='cholesky' is not valid; valid: " + ", ".join(map(repr, METHODS)) + "."),
]  # fmt: skip


@pytest.mark.parametrize(("keywords", "text"), MISTAKES)
def test_mistakes(keywords, text):
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        hs.lstsq(A43, np.ones(4), **keywords)


def test_constraints_are_for_one_matrix():
    text = "`A` (2, 4, 3) is a stack, and constraints are for one matrix; pass its slices in turn."
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        constrained(np.stack([A43, A43]), np.ones(4), np.ones((1, 3)), [1.0])
    bad = A43.copy()
    bad[2, 1] = np.nan
    with pytest.raises(
        ValueError, match=r"^`A` \(4, 3\) has a NaN or infinity at row 2, column 1; clean the data first"
    ):
        constrained(bad, np.ones(4), np.ones((1, 3)), [1.0])
