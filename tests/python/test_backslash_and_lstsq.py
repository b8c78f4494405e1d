# SPDX-License-Identifier: BSD-3-Clause
"""hs.backslash and hs.lstsq: any shape and rank, the regime that was found, and NumPy's return values."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import backward_error, residual, true_forward_error, true_solution

SHAPES = [(1, 1), (2, 1), (7, 3), (64, 20), (300, 40), (1, 2), (3, 7), (20, 64), (40, 300), (30, 30)]


def optimal(A, x, b):
    """The gradient A^H r, in units of what rounding makes of it: the test of a least squares solution."""
    r = residual(A, x, b)
    A_norm = np.linalg.norm(A, 2)
    scale = A_norm * (
        np.linalg.norm(r.astype(np.complex128)) + A_norm * np.linalg.norm(x) + np.linalg.norm(b) * eps(A.dtype)
    )
    return float(np.linalg.norm((A.conj().T @ r).astype(np.complex128)) / scale)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", SHAPES)
def test_full_rank(shape, dtype, order):
    m, n = shape
    A = problems.with_condition(n, 100.0, dtype, order, m=m)
    b = problems.random((m, 2), dtype, seed=1)
    before = A.copy(), b.copy()
    s = hs.backslash(A, b)
    assert s.x.shape == (n, 2)
    assert s.x.dtype == dtype
    assert s.rank == min(m, n)
    assert s.regime == (1 if m == n else 2 if m > n else 3)
    assert optimal(A, s.x, b) <= 4 * max(m, n) * eps(dtype)
    exact = np.linalg.pinv(A.astype(np.complex128)) @ b  # minimum norm where the solution is not unique
    assert np.linalg.norm(s.x - exact) <= 1e5 * np.sqrt(max(m, n)) * eps(dtype) * np.linalg.norm(exact)
    x, _, rank, _ = hs.lstsq(A, b)
    assert rank == min(m, n)
    assert np.linalg.norm(x - exact) <= 1e5 * np.sqrt(max(m, n)) * eps(dtype) * np.linalg.norm(exact)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(b, before[1])


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("n", "condition"), [(7, 1.0), (64, 1e3), (64, 1e6), (257, 1e12)])
def test_square_full_rank_is_backward_stable(n, condition, dtype):
    condition = min(condition, 1e-3 / eps(dtype))
    A = problems.with_condition(n, condition, dtype)
    b = problems.random((n, 2), dtype, seed=1)
    s = hs.backslash(A, b)
    assert s.rank in (n, None)
    assert backward_error(A, s.x, b) <= 4 * n * eps(dtype)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("dtype", DTYPES)
def test_certificate_of_least_squares(dtype):
    """The augmented system [[I, A], [A^H, 0]] [r; x] = [b; 0] has the exact solution."""
    claims, errors = [], []
    for seed in range(60):
        m, n = [(8, 3), (30, 10), (90, 7), (40, 39)][seed % 4]
        A = problems.with_condition(n, 10.0 ** (seed % 3), dtype, m=m, seed=seed)
        b = problems.random(m, dtype, seed)
        s = hs.lstsq(A, b, full_output=True)
        augmented = np.block([[np.eye(m), A], [A.conj().T, np.zeros((n, n))]])
        truth = true_solution(augmented, np.concatenate([b, np.zeros(n)]))[m:]
        claims.append(s.forward_error)
        errors.append(true_forward_error(s.x, truth))
    claims, errors = np.array(claims), np.array(errors)
    assert (claims >= errors * (1 - 1e-12)).all()
    assert np.median(claims / np.maximum(errors, eps(dtype))) <= 100


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("m", "n", "rank"), [(3, 3, 2), (7, 7, 1), (20, 8, 5), (8, 20, 5), (100, 60, 59), (64, 64, 32)]
)
def test_rank_deficient(m, n, rank, dtype):
    A = problems.with_condition(n, 10.0, dtype, m=m, rank=rank)
    b = problems.random((m, 2), dtype, seed=1)
    s = hs.backslash(A, b)
    assert s.rank == rank
    assert s.regime in (0, 4)
    assert s.method in ("qr-pivoted", "svd")
    exact = np.linalg.pinv(A.astype(np.complex128), rcond=1e-4) @ b
    assert np.linalg.norm(s.x - exact) <= 1e4 * n * eps(dtype) * np.linalg.norm(exact)
    assert s.effective_condition is None or 1 <= s.effective_condition <= 1000
    x, residuals, found, _ = hs.lstsq(A, b)
    assert found == rank
    assert residuals.shape == (0,)
    assert np.linalg.norm(x - exact) <= 1e4 * n * eps(dtype) * np.linalg.norm(exact)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rank_is_decided_after_the_columns_are_scaled(dtype):
    """A gap of 1e3 n eps between columns of very different size is still seen."""
    n = 6
    A = problems.with_condition(n, 10.0, dtype, m=20)
    scales = np.array([1e-6, 1e6, 1.0, 1e-3, 1e3, 10.0]).astype(A.real.dtype)
    assert hs.backslash(A * scales, np.ones(20, dtype)).rank == n
    A[:, 5] = A[:, 0] - A[:, 3]
    assert hs.backslash(A * scales, np.ones(20, dtype)).rank == n - 1


def test_the_matrix_that_numpy_inverts_without_a_word():
    A = np.array([[2.0, 4, 6], [2, 0, 2], [6, 8, 14]])
    b = np.array([12.0, 4, 28])  # A @ [1, 1, 1]
    s = hs.backslash(A, b)
    assert s.rank == 2
    assert s.regime in (0, 4)
    np.testing.assert_allclose(s.x, np.linalg.pinv(A) @ b, rtol=1e-12)
    np.testing.assert_allclose(hs.solve(A, b, on_singular="min-norm"), s.x, rtol=1e-12)


@pytest.mark.parametrize("method", ["qr", "qr-pivoted", "svd"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_methods(method, dtype):
    A, b = problems.with_condition(5, 10.0, dtype, m=30), problems.random(30, dtype)
    s = hs.lstsq(A, b, method=method, full_output=True)
    assert s.method == method
    assert optimal(A, s.x, b) <= 120 * eps(dtype)
    assert (hs.lstsq(A, b, method=method).s is None) == (method != "svd")


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("columns", [None, 1, 3])
@pytest.mark.parametrize(("m", "n"), [(9, 4), (4, 4), (4, 9), (1, 1), (3, 0), (0, 3), (0, 0)])
def test_lstsq_returns_what_numpy_does(m, n, columns, dtype):
    A = problems.random((m, n), dtype)
    b = problems.random(m if columns is None else (m, columns), dtype, seed=1)
    ours, theirs = hs.lstsq(A, b, method="svd"), np.linalg.lstsq(A, b)
    assert ours._fields == ("x", "residuals", "rank", "s")
    for mine, his in zip(ours, theirs, strict=True):
        assert np.shape(mine) == np.shape(his)
        np.testing.assert_allclose(mine, his, rtol=1e4 * eps(dtype), atol=1e3 * eps(dtype))
    assert ours.residuals.dtype == theirs[1].dtype
    assert isinstance(ours.rank, int)


def test_rcond_truncates():
    A = np.diag([1.0, 1e-3, 1e-6])[:, [0, 1, 2]] @ np.array([[1.0, 1, 0], [0, 1, 0], [0, 0, 1]])
    A = np.vstack([A, np.zeros((2, 3))])
    b = np.ones(5)
    for rcond in (None, 1e-2, 1e-4):
        ours, theirs = hs.lstsq(A, b, method="svd", rcond=rcond), np.linalg.lstsq(A, b, rcond=rcond)
        assert ours.rank == theirs[2]
        np.testing.assert_allclose(ours.x, theirs[0], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("columns", [None, 2])
def test_weights(columns):
    A = problems.random((12, 4), np.float64)
    b = problems.random(12 if columns is None else (12, columns), np.float64, seed=1)
    w = np.arange(12.0)  # the first row does not count
    x, residuals, rank, _ = hs.lstsq(A, b, sample_weight=w)
    repeated = np.repeat(np.arange(12), w.astype(int))
    np.testing.assert_allclose(x, np.linalg.lstsq(A[repeated], b[repeated])[0], rtol=1e-12)
    np.testing.assert_allclose(residuals, np.linalg.lstsq(A[repeated], b[repeated])[1], rtol=1e-12)
    assert rank == 4


def test_weights_of_a_batch():
    A, b = problems.random((3, 12, 4), np.float64), problems.random((3, 12, 1), np.float64, seed=1)
    w = abs(problems.random((3, 12), np.float64, seed=2))
    x = hs.lstsq(A, b, sample_weight=w).x
    for i in range(3):
        np.testing.assert_allclose(x[i], hs.lstsq(A[i], b[i], sample_weight=w[i]).x, rtol=1e-12)


@pytest.mark.parametrize(("m", "n"), [(0, 3), (3, 0), (0, 0)])
def test_empty(m, n):
    s = hs.backslash(np.zeros((m, n)), np.zeros((m, 2)))
    np.testing.assert_array_equal(s.x, np.zeros((n, 2)))
    assert s.reason == "ok"


def test_backslash_of_a_batch_of_every_rank():
    A = np.stack([problems.with_condition(5, 10.0, np.float64, m=8, rank=rank) for rank in (5, 3, 1)])
    s = hs.backslash(A, np.ones(8))
    np.testing.assert_array_equal(s.rank, [5, 3, 1])
    assert s.x.shape == (3, 5)
    for i in range(3):
        np.testing.assert_allclose(s.x[i], np.linalg.pinv(A[i], rcond=1e-8) @ np.ones(8), atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("method", "regimes"), [("svd", (0,)), ("qr-pivoted", (4,)), ("qr", (4, 0))])
@pytest.mark.parametrize(("n", "rank"), [(3, 2), (20, 13), (70, 1), (70, 69)])
def test_orthogonal_methods_find_the_rank_of_a_square_matrix(n, rank, method, regimes, dtype):
    A = problems.with_condition(n, 10.0, dtype, rank=rank)
    b = problems.random((n, 2), dtype, seed=1)
    s = hs.backslash(A, b, method=method)
    assert s.rank == rank
    assert s.regime in regimes
    assert s.reason == "ok"
    exact = np.linalg.pinv(A.astype(np.complex128), rcond=1e-4) @ b
    assert np.linalg.norm(s.x - exact) <= 1e4 * n * eps(dtype) * np.linalg.norm(exact)


@pytest.mark.parametrize("method", ["lu", "cholesky", "ldlt"])
@pytest.mark.parametrize("shape", [(3, 2), (2, 3), (4, 3, 2)])
def test_methods_for_square_matrices_only(method, shape):
    text = f"method='{method}' is not valid for `A` {shape}, not square; valid: 'auto', 'qr', 'qr-pivoted', 'svd'."
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        hs.backslash(np.ones(shape), np.ones(shape[-2]), method=method)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [(20, 4), (90, 4)])
def test_rcond_of_pivoted_qr(m, n, dtype):
    """A gap from 1e-2 to 1e-5 in orthogonal columns of one size: 1e-3 lies in it, the default below it."""
    left, right = (
        problems.orthogonal(m, np.dtype(dtype).kind == "c")[:, :n],
        np.linalg.qr(np.ones((n, n)) + np.eye(n))[0],
    )
    A = ((left * [1.0, 0.1, 1e-2, 1e-5]) @ right.T).astype(dtype)
    b = problems.random(m, dtype, seed=2)
    assert hs.lstsq(A, b, method="qr-pivoted").rank == 4
    ours = hs.lstsq(A, b, method="qr-pivoted", rcond=1e-3)
    assert ours.rank == 3
    assert ours.residuals.shape == (0,)
    assert np.linalg.norm(ours.x) < 1e3 * np.linalg.norm(b)  # the direction of 1e-5 is left out
    assert hs.lstsq(A, b, method="qr-pivoted", rcond=1e-7).rank == 4


def test_backslash_with_a_method_that_cannot_cope_warns_and_reports():
    A = np.array([[1.0, 1.0], [1.0, 1.0]])
    with pytest.warns(hs.IllConditionedWarning, match=r"^`A` \(2, 2\) is singular: column 1 depends on column 0\. "):
        s = hs.backslash(A, [1.0, 2.0], method="lu")
    assert s.reason == "singular"
    assert s.converged is False
