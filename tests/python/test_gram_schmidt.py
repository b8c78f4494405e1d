# SPDX-License-Identifier: BSD-3-Clause
"""hs.orthonormalize: seven forms, each within what theory says it loses; rank, pivoting, A P = Q R."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import wide

METHODS = ["cgs", "mgs", "cgs2", "householder", "cholesky-qr2", "cholesky-qr3", "randomized"]
STABLE = ["cgs2", "householder", "cholesky-qr3", "randomized"]
SHAPES = [(1, 1), (2, 1), (7, 7), (40, 9), (300, 30), (130, 100)]


def loss(Q):
    """``||Q^H Q - I||_2`` in long double products."""
    Q = wide(Q)
    return float(np.linalg.norm((Q.conj().T @ Q - np.eye(Q.shape[1])).astype(np.complex128), 2)) if Q.size else 0.0


def equilibrated_condition(A):
    A = A.astype(np.complex128)
    s = np.linalg.svd(A / np.linalg.norm(A, axis=0), compute_uv=False)
    return s[0] / s[-1] if s[-1] > 0 else np.inf


def real(dtype):
    return np.finfo(dtype).dtype


def theory(method, kappa, n, dtype):
    """What the literature lets expect of the loss."""
    power = {"cgs": kappa**2, "mgs": kappa}.get(method, 1.0)
    return 100 * n**1.5 * power * eps(dtype)


def refused_by_qr2(kappa, m, n, dtype):
    """Cholesky of A^H A needs ``kappa^2 (m n + n^2) eps`` well below 1; a factor 100 for the estimate of kappa."""
    return 100 * kappa**2 * (m * n + n * n) * eps(dtype) > 1 / 64


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("pivoting", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("condition", [1e0, 1e2, 1e4, 1e6, 1e8, 1e10, 1e12, 1e15])
@pytest.mark.parametrize("method", METHODS)
def test_loss_of_orthogonality(method, condition, dtype, pivoting):
    m, n = 120, 20
    A = problems.with_condition(n, condition, dtype, m=m)
    kappa = equilibrated_condition(A)
    beyond = kappa * n * eps(dtype) > 0.01
    if method == "cholesky-qr3" or (method == "cholesky-qr2" and refused_by_qr2(kappa, m, n, dtype)):
        try:
            found = hs.orthonormalize(A, method=method, pivoting=pivoting, full_output=True)
        except hs.NotPositiveDefiniteError:
            assert beyond or method == "cholesky-qr2"  # refused where it would be meaningless
            return
    else:
        found = hs.orthonormalize(A, method=method, pivoting=pivoting, full_output=True)
    true = loss(found.Q)
    assert found.loss == pytest.approx(true, abs=20 * n * eps(dtype), rel=1e-3)
    assert true <= max(found.bound, 0)
    if not beyond:
        assert found.rank == n
        assert true <= theory(method, kappa, n, dtype)
        assert kappa / 30 <= found.condition <= 30 * kappa or found.condition * eps(dtype) > 1e-2 or method == "cgs"


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("pivoting", [False, True])
@pytest.mark.parametrize("method", STABLE)
@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_the_bar_at_condition_1e12(m, n, method, pivoting, order):
    A = problems.with_condition(n, 1e12, np.float64, order, m=m)
    Q = hs.orthonormalize(A, method=method, pivoting=pivoting)[0]
    assert loss(Q) <= 10 * np.sqrt(n) * eps(np.float64)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [*SHAPES, (3, 8), (30, 100), (0, 0), (4, 0), (0, 4)])
@pytest.mark.parametrize("method", METHODS)
def test_the_product_is_a(method, m, n, dtype, order):
    if m < n and method in ("cholesky-qr2", "cholesky-qr3", "randomized"):
        pytest.skip("for tall matrices")
    if method == "cholesky-qr2" and refused_by_qr2(3.0, m, n, dtype):
        pytest.skip("refused in single precision at this size")
    A = problems.with_condition(n, 3.0, dtype, order, m=m) if m * n else np.zeros((m, n), dtype)
    before = A.copy()
    Q, R = hs.orthonormalize(A, method=method)
    Qp, Rp, perm = hs.orthonormalize(A, method=method, pivoting=True)
    rank = min(m, n)
    for q, r, a in ((Q, R, A), (Qp, Rp, A[:, perm])):
        assert q.shape == (m, rank)
        assert r.shape == (rank, n)
        assert q.dtype == r.dtype == dtype
        assert abs(wide(q) @ wide(r) - a).max(initial=0) <= 20 * max(m, n) * eps(dtype) * abs(A).max(initial=0)
        np.testing.assert_array_equal(np.tril(r, -1), 0)
    assert sorted(perm) == list(range(n))
    np.testing.assert_array_equal(A, before)
    again = hs.orthonormalize(np.ascontiguousarray(A), method=method)
    if method != "randomized":
        np.testing.assert_array_equal(again.Q, Q)  # memory order does not touch the bits


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["cgs2", "householder", "mgs", "cgs"])
def test_rank_is_found_by_pivoting(method, dtype):
    for rank in (1, 5, 11):
        A = problems.with_condition(12, 10.0, dtype, m=50, rank=rank)
        found = hs.orthonormalize(A, method=method, pivoting=True, full_output=True)
        assert found.rank == rank
        assert found.Q.shape == (50, rank)
        assert abs(wide(found.Q) @ wide(found.R) - A[:, found.perm]).max() <= 1e3 * eps(dtype) * abs(A).max()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["cgs", "mgs", "cgs2"])
def test_dependent_columns_make_a_staircase(method, dtype):
    """Integers: column 1 is twice column 0, column 3 is 0 + 2, column 5 is zero."""
    rng = np.random.default_rng(0)
    A = rng.integers(-4, 5, (20, 7)).astype(dtype)
    A[:, 1], A[:, 3], A[:, 5] = 2 * A[:, 0], A[:, 0] + A[:, 2], 0
    Q, R = hs.orthonormalize(A, method=method)
    assert Q.shape == (20, 4)
    first = [int(np.argmax(abs(row) > 1e-3)) for row in R]
    assert first == [0, 2, 4, 6]
    assert loss(Q) <= 1e3 * eps(dtype)
    assert abs(Q @ R - A).max() <= 1e3 * eps(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", METHODS)
def test_pivoting_takes_the_largest_remainder(method, dtype):
    """Relative to the norms of the columns."""
    A = problems.with_condition(8, 10.0, dtype, m=40) * np.geomspace(1, 100, 8).astype(real(dtype))
    R, perm = hs.orthonormalize(A, method=method, pivoting=True)[1:]
    scale = np.linalg.norm(A[:, perm], axis=0)
    for k in range(7):  # what is left of each later column is at most what the pivot had left
        left = np.linalg.norm(R[k:, k:], axis=0) / scale[k:]
        assert left.max() <= left[0] * (1 + 1e-3)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("scale", [1e-200, 1e-30, 1e30, 1e200])
def test_scale_does_not_matter(method, scale):
    A = problems.with_condition(6, 10.0, np.float64, m=30)
    Q, R = hs.orthonormalize(A * scale, method=method, rng=0)
    assert loss(Q) <= 10 * np.sqrt(6) * eps(np.float64)
    assert abs(Q @ (R / scale) - A).max() <= 100 * eps(np.float64)


@pytest.mark.parametrize("method", ["cgs2", "householder", "cholesky-qr3", "randomized"])
def test_columns_of_very_different_size(method):
    A = problems.with_condition(6, 10.0, np.float64, m=30) * 10.0 ** np.array([0, -9, 9, -3, 3, 12])
    found = hs.orthonormalize(A, method=method, full_output=True)
    assert found.rank == 6
    assert found.loss <= 10 * np.sqrt(6) * eps(np.float64)
    assert found.condition < 1e3


def test_rtol_decides():
    A = np.eye(5)[:, :3] + 0.0
    A[:, 2] = A[:, 0] + 1e-6 * A[:, 2]
    assert hs.orthonormalize(A, full_output=True).rank == 3
    assert hs.orthonormalize(A, rtol=1e-5, full_output=True).rank == 2
    assert hs.orthonormalize(A, rtol=1e-7, full_output=True).rank == 3


def test_the_same_seed_gives_the_same_bits_on_any_threads():
    A = problems.random((2000, 40), np.float64)
    results = []
    for threads in (1, 2):
        with hs.num_threads(threads):
            results += [hs.orthonormalize(A, method=m, rng=3).Q for m in METHODS if m != "cgs"]
    for one, two in zip(results[: len(results) // 2], results[len(results) // 2 :], strict=True):
        np.testing.assert_array_equal(one, two)
    generator = np.random.default_rng(3)
    np.testing.assert_array_equal(hs.orthonormalize(A, method="randomized", rng=generator).Q, results[5])


def test_what_is_meaningless_is_refused_or_warned_of():
    A = problems.with_condition(20, 1e12, np.float64, m=120)
    text = r"^A\^H A of `A` \(120, 20\) is not positive definite.*\. Use hs\.orthonormalize\(A, method='cgs2'\)\.$"
    with pytest.raises(hs.NotPositiveDefiniteError, match=text):
        hs.orthonormalize(A, method="cholesky-qr2")
    text = (
        r"^`A` \(120, 20\): Q of method='cgs' may be far from orthonormal, the bound on \|\|Q\^H Q - I\|\| is .* at "
        r"condition .*\. Use hs\.orthonormalize\(A, method='cgs2'\)\.$"
    )
    with pytest.warns(hs.IllConditionedWarning, match=text):
        found = hs.orthonormalize(A, method="cgs", full_output=True)
    assert found.loss > 0.1


NAN = np.where(np.eye(3) > 0, np.nan, 1.0)
MISTAKES = [
    (lambda: hs.orthonormalize(np.eye(3), method="qr"), ValueError,
     "method='qr' is not valid; valid: " + ", ".join(map(repr, METHODS)) + "."),
    (lambda: hs.orthonormalize(np.ones((2, 3)), method="randomized"), ValueError,
     "`A` (2, 3) is wide, and method='randomized' needs at least as many rows as columns; use method='cgs2' or "
     "'householder'."),
    (lambda: hs.orthonormalize(np.ones((2, 3, 3))), ValueError,
     "`A` (2, 3, 3) is a stack, and hs.orthonormalize takes one matrix; pass its slices in turn."),
    (lambda: hs.orthonormalize(np.eye(3), pivoting=1), TypeError, "pivoting=1 is not valid; valid: True, False."),
    (lambda: hs.orthonormalize(np.eye(3), rtol=1.0), ValueError,
     "rtol=1.0 is not valid; it is a number in [0, 1), or None."),
    (lambda: hs.orthonormalize(np.eye(3), rng="x"), TypeError,
     "rng='x' is not valid; it is a numpy.random.Generator, a seed (an integer >= 0), or None."),
    (lambda: hs.orthonormalize(NAN), ValueError,
     "`A` (3, 3) has a NaN or infinity at row 0, column 0; clean the data first."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES)
def test_mistakes(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()
