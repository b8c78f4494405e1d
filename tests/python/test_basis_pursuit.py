# SPDX-License-Identifier: BSD-3-Clause
"""hs.basis_pursuit: sparse vectors found exactly, and the dual vector that proves it."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import ORDERS, eps

REALS = (np.float32, np.float64)


def sparse_system(m, n, k, dtype, order="C", seed=0):
    rng = np.random.default_rng(seed)
    A = problems.laid_out((rng.standard_normal((m, n)) / np.sqrt(m)).astype(dtype), order)
    x = np.zeros(n, dtype)
    x[rng.choice(n, k, replace=False)] = rng.choice([-1.0, 1.0], k) * (1 + rng.random(k))
    return A, A @ x, x


def certified(A, b, s):
    """The certificate, checked in long double: feasible up to rounding, dual feasible, the gap closed."""
    wide = A.astype(np.longdouble)
    x, y = s.x.astype(np.longdouble), s.dual.astype(np.longdouble)
    tol = np.sqrt(eps(A.dtype))
    left = float(np.linalg.norm((wide @ x - b).astype(float)))
    assert left <= 10 * tol * max(np.linalg.norm(b), 1e-30)
    rounding = sum(A.shape) * eps(A.dtype) * np.linalg.norm(A) * np.linalg.norm(s.x)
    assert s.residual_norm == pytest.approx(left, abs=float(rounding))
    assert s.regime == (3 if A.shape[0] < A.shape[1] else 2 if A.shape[0] > A.shape[1] else 1)
    assert float(abs(wide.T @ y).max(initial=0)) <= 1 + 10 * A.shape[1] * eps(A.dtype)
    gap = float(abs(x).sum() - b.astype(np.longdouble) @ y)
    size = float(abs(x).sum())
    assert s.duality_gap == pytest.approx(gap, abs=1e3 * eps(A.dtype) * max(size, 1e-30))
    assert gap <= 2 * tol * size + 1e3 * eps(A.dtype) * size


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize(("m", "n", "k"), [(10, 20, 2), (40, 100, 6), (60, 300, 7), (12, 12, 12), (1, 5, 1)])
def test_sparse_vectors_are_found(m, n, k, dtype, order):
    A, b, truth = sparse_system(m, n, k, dtype, order)
    before = A.copy(), b.copy()
    s = hs.basis_pursuit(A, b)
    certified(A, b, s)
    if m > 1:
        np.testing.assert_allclose(s.x, truth, atol=100 * np.sqrt(eps(dtype)))
    assert s.x.dtype == s.dual.dtype == dtype
    assert (s.x.shape, s.dual.shape) == ((n,), (m,))
    assert s.method == "basis-pursuit"
    assert s.converged
    assert s.iterations >= 0
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(b, before[1])


@pytest.mark.parametrize("seed", range(8))
def test_no_solution_of_linear_programming_is_smaller(seed):
    optimize = pytest.importorskip("scipy.optimize", reason="SciPy is not installed")
    A = problems.random((12, 30), np.float64, seed)
    b = problems.random(12, np.float64, seed + 100)
    s = hs.basis_pursuit(A, b)
    certified(A, b, s)
    best = optimize.linprog(np.ones(60), A_eq=np.hstack([A, -A]), b_eq=b).fun
    assert abs(s.x).sum() == pytest.approx(best, rel=1e-6)


@pytest.mark.parametrize("dtype", REALS)
def test_dependent_rows_that_agree(dtype):
    A, b, truth = sparse_system(20, 50, 3, dtype)
    s = hs.basis_pursuit(np.vstack([A, 2 * A[:3], np.zeros((1, 50), dtype)]), np.r_[b, 2 * b[:3], 0])
    np.testing.assert_allclose(s.x, truth, atol=100 * np.sqrt(eps(dtype)))


def test_tall_consistent_systems():
    A, x = problems.random((20, 5), np.float64), np.array([0.0, 1, 0, -2, 0])
    np.testing.assert_allclose(hs.basis_pursuit(A, A @ x).x, x, atol=1e-7)


def test_nothing_to_do():
    A = problems.random((4, 9), np.float64)
    s = hs.basis_pursuit(A, np.zeros(4))
    np.testing.assert_array_equal(s.x, np.zeros(9))
    assert s.duality_gap == 0
    assert hs.basis_pursuit(A, np.zeros((4, 1))).x.shape == (9, 1)


@pytest.mark.parametrize("scale", [1e-12, 1e12])
def test_scale_does_not_matter(scale):
    A, b, truth = sparse_system(20, 50, 3, np.float64)
    np.testing.assert_allclose(hs.basis_pursuit(A * scale, b).x * scale, truth, atol=1e-6)
    np.testing.assert_allclose(hs.basis_pursuit(A, b * scale).x / scale, truth, atol=1e-6)


def test_no_x_at_all():
    text = (
        "`A` (2, 3) and `b`: no x satisfies A x = b. "
        "Use hs.lasso(A, b, alpha) or hs.lstsq(A, b), which need no exact solution."
    ).replace("(2, 3)", "(%d, %d)")
    for A, b in (
        (np.array([[1.0, 2, 3], [2, 4, 6]]), np.array([1.0, 3])),
        (np.zeros((2, 3)), np.array([0.0, 1])),
        (problems.random((20, 5), np.float64), problems.random(20, np.float64, seed=1)),
    ):
        with pytest.raises(hs.SingularMatrixError, match=f"^{re.escape(text % A.shape)}$"):
            hs.basis_pursuit(A, b)


def test_too_few_iterations():
    A, b, _ = sparse_system(40, 100, 6, np.float64)
    with pytest.raises(
        hs.ConvergenceError, match=r"^`A` \(40, 100\): the duality gap is still .* after 1 iterations\. "
    ) as e:
        hs.basis_pursuit(A, b, max_iter=1)
    assert e.value.solution.converged is False
    assert e.value.solution.x.shape == (100,)


NAN = np.ones((2, 3))
NAN[1, 2] = np.nan
MISTAKES = [
    (lambda: hs.basis_pursuit(np.eye(2) * 1j, [1.0, 1.0]), TypeError,
     "`A` is complex, and hs.basis_pursuit works with real numbers; hs.lstsq takes complex ones."),
    (lambda: hs.basis_pursuit(np.eye(2), np.ones((2, 2))), ValueError,
     "`b` (2, 2) is not one vector; hs.basis_pursuit solves for one b at a time."),
    (lambda: hs.basis_pursuit(np.ones((2, 2, 3)), np.ones(2)), ValueError,
     "`A` (2, 2, 3) is a stack, and hs.basis_pursuit takes one matrix; pass its slices in turn."),
    (lambda: hs.basis_pursuit(np.eye(2), np.ones(3)), ValueError,
     "`A` (2, 2) and `b` (3,) do not fit: `b` needs 2 rows, not 3."),
    (lambda: hs.basis_pursuit(NAN, np.ones(2)), ValueError,
     "`A` (2, 3) has a NaN or infinity at row 1, column 2; clean the data first."),
    (lambda: hs.basis_pursuit(np.eye(2), [1.0, np.inf]), ValueError,
     "`b` (2,) has a NaN or infinity at row 1; clean the data first."),
    (lambda: hs.basis_pursuit(np.eye(2), np.ones(2), tol=-1.0), ValueError,
     "tol=-1.0 is not valid; it is a finite number > 0, or None."),
    (lambda: hs.basis_pursuit(np.eye(2), np.ones(2), max_iter=0), ValueError,
     "max_iter=0 is not valid; it is an integer >= 1."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES)
def test_mistakes(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call()
