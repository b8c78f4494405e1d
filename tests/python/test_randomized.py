# SPDX-License-Identifier: BSD-3-Clause
"""Random products and samples: bounds that hold, errors near the least, the same seed the same bits, no bias."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps


def decaying(m, n, dtype, order="C", ratio=0.7, seed=0):
    """Singular values 1, ratio, ratio^2, ...; they are returned as well."""
    k = min(m, n)
    complex_ = np.dtype(dtype).kind == "c"
    left, right = problems.orthogonal(m, complex_, seed), problems.orthogonal(n, complex_, seed + 1)
    s = ratio ** np.arange(k)
    return problems.laid_out(((left[:, :k] * s) @ right[:, :k].conj().T).astype(dtype), order), s


def norm(A):
    return np.linalg.norm(A.astype(np.complex128), 2)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n", "rank"), [(1, 1, 1), (30, 20, 5), (20, 30, 5), (150, 40, 10), (40, 40, 40)])
def test_randomized_svd(m, n, rank, dtype, order):
    A, s = decaying(m, n, dtype, order)
    before = A.copy()
    U, S, Vh = hs.randomized_svd(A, rank, rng=0)
    assert (U.shape, S.shape, Vh.shape) == ((m, rank), (rank,), (rank, n))
    assert U.dtype == Vh.dtype == dtype
    assert S.dtype == np.finfo(dtype).dtype
    assert (np.diff(S) <= 0).all()
    for Q in (U, Vh.conj().T):
        assert norm(Q.conj().T @ Q - np.eye(rank)) <= 100 * np.sqrt(rank) * eps(dtype)
    best = s[rank] if rank < len(s) else 0.0
    rounding = 100 * max(m, n) * eps(dtype)
    np.testing.assert_allclose(S, s[:rank], atol=1e-3 * best + rounding)
    assert norm(A - (U * S) @ Vh) <= 1.01 * best + rounding
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("ratio", [0.5, 0.9, 1.0])
@pytest.mark.parametrize("powers", [0, 1, None])
def test_the_bound_holds_and_is_not_vain(powers, ratio, dtype):
    A, s = decaying(120, 60, dtype, ratio=ratio)
    for seed in range(10):
        found = hs.randomized_svd(A, 8, rng=seed, power_iterations=powers, full_output=True)
        U, _, _, bound = found
        error = norm(A - U @ (U.conj().T @ A))
        assert bound <= 100 * s[8] + 1e3 * eps(dtype)
        basis_error = s[min(18, len(s) - 1)]  # the basis had ten columns more than U
        assert bound >= basis_error * (1 - 1e-3) - 100 * eps(dtype)
        assert error <= bound + s[8] + 100 * eps(dtype)  # the cut to rank 8 adds at most sigma_9


@pytest.mark.parametrize("dtype", DTYPES)
def test_power_iterations_and_oversampling_help(dtype):
    A, s = decaying(200, 100, dtype, ratio=0.97)
    errors = []
    for powers, more in ((0, 0), (0, 20), (2, 10), (6, 20)):
        U = hs.randomized_svd(A, 10, rng=1, power_iterations=powers, oversampling=more).U
        errors.append(norm(A - U @ (U.conj().T @ A)))
    assert errors[0] > errors[1] > errors[3]
    assert errors[3] <= 1.02 * s[10]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [(80, 30), (30, 80), (12, 12), (2, 3), (1, 1)])
@pytest.mark.parametrize("tolerance", [0.3, 1e-2, 1e-4])
def test_range_finder(tolerance, m, n, dtype):
    A, _ = decaying(m, n, dtype)
    tolerance = max(tolerance, 1e4 * eps(dtype))
    Q, bound = hs.range_finder(A, tolerance, rng=0)
    assert Q.dtype == dtype
    assert norm(Q.conj().T @ Q - np.eye(Q.shape[1])) <= 100 * eps(dtype) * np.sqrt(max(1, Q.shape[1]))
    error = norm(A - Q @ (Q.conj().T @ A))
    assert error <= bound <= tolerance
    assert Q.shape[1] <= min(m, n)


def test_range_finder_tells_where_it_had_to_stop():
    A, _ = decaying(60, 50, np.float64, ratio=0.95)
    text = r"^`A` \(60, 50\): 10 columns leave a bound of .*, above the tolerance 1\.0e-06\. Use a larger `most` or tol"
    with pytest.warns(RuntimeWarning, match=text):
        Q, bound = hs.range_finder(A, 1e-6, most=10, rng=0)
    assert Q.shape == (60, 10)
    assert norm(A - Q @ (Q.T @ A)) <= bound
    Q, bound = hs.range_finder(np.zeros((5, 4)), 1e-6)
    assert Q.shape[1] == 0
    assert bound <= 1e-6


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["sparse-sign", "gaussian"])
def test_a_sketch_keeps_lengths(kind, dtype, order):
    """For size 4 n the singular values of S Q, Q orthonormal, lie well within (0.2, 1.8)."""
    m, n = 1500, 10
    A = problems.with_condition(n, 1.0, dtype, order, m=m)
    before = A.copy()
    SA = hs.sketch(A, 200, kind, rng=0)
    assert SA.shape == (200, n)
    assert SA.dtype == dtype
    values = np.linalg.svd(SA, compute_uv=False)
    assert values.min() > 0.5
    assert values.max() < 1.5
    np.testing.assert_array_equal(A, before)
    linear = hs.sketch(2 * A[:, :4], 200, kind, rng=0)
    np.testing.assert_allclose(linear, 2 * SA[:, :4], atol=1e3 * eps(dtype))  # S does not depend on A


@pytest.mark.parametrize("kind", ["sparse-sign", "gaussian"])
def test_sketches_are_not_biased(kind):
    """E[S^T S] = I: the mean over 2000 seeds, entries of standard deviation near sqrt(2 / 12 / 2000)."""
    m, size, draws = 20, 12, 2000
    rng = np.random.default_rng(0)
    mean = np.zeros((m, m))
    for _ in range(draws):
        S = hs.sketch(np.eye(m), size, kind, rng)
        mean += S.T @ S / draws
    assert abs(mean - np.eye(m)).max() <= 6 * np.sqrt(2 / size / draws)


def test_sparse_signs():
    S = hs.sketch(np.eye(300), 64, rng=0)
    nonzeros = np.count_nonzero(S, axis=0)
    np.testing.assert_array_equal(nonzeros, 8)
    np.testing.assert_allclose(abs(S[S != 0]), 1 / np.sqrt(8), rtol=1e-15)
    assert 0.4 < (S[S != 0] > 0).mean() < 0.6
    counts = np.count_nonzero(S, axis=1)
    assert counts.min() > 10
    assert counts.max() < 80


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["rows", "columns"])
def test_samples_are_scaled_rows(name, dtype):
    A = problems.random((40, 7), dtype) * np.geomspace(1, 30, 40)[:, None].astype(np.finfo(dtype).dtype)
    A = A if name == "rows" else np.ascontiguousarray(A.T)
    draw = {"rows": hs.sample_rows, "columns": hs.sample_columns}[name]
    before = A.copy()
    S, indices, p = draw(A, 25, rng=0)
    lines = A if name == "rows" else A.T
    sampled = S if name == "rows" else S.T
    norms = (abs(lines.astype(np.complex128)) ** 2).sum(axis=1)
    np.testing.assert_allclose(p, norms[indices] / norms.sum(), rtol=1e3 * eps(dtype))
    scale = 1 / np.sqrt(25 * p)[:, None]
    np.testing.assert_allclose(sampled, lines[indices] * scale, rtol=1e3 * eps(dtype), atol=1e-30)
    assert S.dtype == dtype
    assert indices.dtype == np.int64
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("name", ["rows", "columns"])
def test_samples_are_not_biased(name):
    """E[S^T S] = A^T A: entries deviate by at most ||A||_F^2 / sqrt(k) each time  [Frieze, Kannan & Vempala 2004]."""
    A = problems.random((30, 4), np.float64) * np.geomspace(1, 10, 30)[:, None]
    A = A if name == "rows" else A.T.copy()
    rng, draws, k = np.random.default_rng(0), 3000, 5
    mean, counts = np.zeros((4, 4)), np.zeros(30)
    for _ in range(draws):
        if name == "rows":
            S, indices, _ = hs.sample_rows(A, k, rng)
            mean += S.T @ S / draws
        else:
            S, indices, _ = hs.sample_columns(A, k, rng)
            mean += S @ S.T / draws
        np.add.at(counts, indices, 1)
    truth = A.T @ A if name == "rows" else A @ A.T
    assert np.linalg.norm(mean - truth) <= 4 * np.linalg.norm(A) ** 2 / np.sqrt(k * draws)
    p = (A**2).sum(axis=1 if name == "rows" else 0) / (A**2).sum()
    expected = draws * k * p
    chi_square = ((counts - expected) ** 2 / expected).sum()
    assert chi_square < 29 + 6 * np.sqrt(2 * 29)


def calls():
    A = problems.random((300, 40), np.float64)
    return {
        "randomized_svd": lambda rng, Z=A: np.concatenate([part.ravel() for part in hs.randomized_svd(Z, 5, rng=rng)]),
        "range_finder": lambda rng, Z=A: hs.range_finder(Z, 15.0, rng=rng).Q,
        "sketch": lambda rng, Z=A: hs.sketch(Z, 60, rng=rng),
        "gaussian": lambda rng, Z=A: hs.sketch(Z, 60, "gaussian", rng),
        "sample_rows": lambda rng, Z=A: hs.sample_rows(Z, 20, rng).S,
        "sample_columns": lambda rng, Z=A: hs.sample_columns(Z, 20, rng).S,
    }


@pytest.mark.parametrize("name", list(calls()))
def test_the_same_seed_gives_the_same_bits(name):
    call, A = calls()[name], problems.random((300, 40), np.float64)
    first = call(7)
    for threads in (1, 2):
        with hs.num_threads(threads):
            np.testing.assert_array_equal(call(7), first)
            np.testing.assert_array_equal(call(7, np.asfortranarray(A)), first)
            np.testing.assert_array_equal(call(np.random.default_rng(7)), first)
    other = call(8)
    assert other.shape != first.shape or (other != first).any()
    generator = np.random.default_rng(7)
    call(generator)
    again = call(generator)  # it went on
    assert again.shape != first.shape or (again != first).any()


NAN = np.ones((3, 4))
NAN[1, 2] = np.nan
NAN_TEXT = "`A` (3, 4) has a NaN or infinity at row 1, column 2; clean the data first."
MISTAKES = [
    (lambda: hs.randomized_svd(np.eye(3), 4), ValueError, "rank=4 is not valid; it is an integer from 1 to 3."),
    (lambda: hs.randomized_svd(np.eye(3), 0), ValueError, "rank=0 is not valid; it is an integer from 1 to 3."),
    (lambda: hs.randomized_svd(np.eye(3), 1.5), TypeError, "rank=1.5 is not valid; it is an integer from 1 to 3."),
    (lambda: hs.randomized_svd(np.zeros((0, 3)), 1), ValueError, "`A` (0, 3) is empty; it has no singular values."),
    (lambda: hs.randomized_svd(np.eye(3), 1, oversampling=-1), ValueError,
     "oversampling=-1 is not valid; it is an integer >= 0."),
    (lambda: hs.randomized_svd(np.eye(3), 1, power_iterations=-1), ValueError,
     "power_iterations=-1 is not valid; it is an integer >= 0."),
    (lambda: hs.randomized_svd(np.eye(3), 1, rng="seed"), TypeError,
     "rng='seed' is not valid; it is a numpy.random.Generator, a seed (an integer >= 0), or None."),
    (lambda: hs.randomized_svd(np.eye(3), 1, rng=-1), TypeError,
     "rng=-1 is not valid; it is a numpy.random.Generator, a seed (an integer >= 0), or None."),
    (lambda: hs.randomized_svd(np.ones((2, 3, 3)), 1), ValueError,
     "`A` (2, 3, 3) is a stack, and hs.randomized_svd takes one matrix; pass its slices in turn."),
    (lambda: hs.randomized_svd(NAN, 1), ValueError, NAN_TEXT),
    (lambda: hs.range_finder(np.eye(3), 0.0), ValueError, "tolerance=0.0 is not valid; it is a finite number > 0."),
    (lambda: hs.range_finder(np.eye(3), 1.0, most=4), ValueError, "most=4 is not valid; it is an integer from 1 to 3."),
    (lambda: hs.range_finder(NAN, 1.0), ValueError, NAN_TEXT),
    (lambda: hs.sketch(np.eye(3), 0), ValueError, "size=0 is not valid; it is an integer >= 1."),
    (lambda: hs.sketch(np.eye(3), 2, "signs"), ValueError,
     "kind='signs' is not valid; valid: 'gaussian', 'sparse-sign'."),
    (lambda: hs.sketch(NAN, 2), ValueError, NAN_TEXT),
    (lambda: hs.sample_rows(np.eye(3), 0), ValueError, "k=0 is not valid; it is an integer >= 1."),
    (lambda: hs.sample_rows(np.zeros((3, 2)), 1), ValueError,
     "`A` (3, 2) is zero; its rows cannot be drawn in proportion to their norms."),
    (lambda: hs.sample_columns(np.zeros((3, 2)), 1), ValueError,
     "`A` (3, 2) is zero; its columns cannot be drawn in proportion to their norms."),
    (lambda: hs.sample_columns(np.zeros((3, 0)), 1), ValueError, "`A` (3, 0) is empty; it has no columns to draw."),
    (lambda: hs.sample_rows(NAN, 1), ValueError, NAN_TEXT),
    (lambda: hs.sample_columns(NAN, 1), ValueError, NAN_TEXT),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES)
def test_mistakes(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()
