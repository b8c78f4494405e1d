# SPDX-License-Identifier: BSD-3-Clause
"""hs.inv by every method: the same inverse, the same errors, no truncation."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import true_solution, wide

METHODS = ("lu", "gauss-jordan", "cholesky", "qr", "svd")
SIZES = (0, 1, 2, 3, 7, 64, 150, 257)
doubtful = pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")


def suitable(method, n, condition, dtype, order="C"):
    make = problems.hermitian if method == "cholesky" else problems.with_condition
    return make(n, condition, dtype, order)


@doubtful
@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize(("n", "condition", "dtype"), problems.grid(SIZES))
def test_residual(n, condition, dtype, method):
    """``||X A - I|| <= c n eps ||X|| ||A||`` on one side, whatever the method [Higham, 14.1-14.4].

    Gauss-Jordan elimination has that bound with the condition of U beside it, which partial pivoting keeps near that of
    A; with condition 1 / eps only the forward error is bounded."""
    A = suitable(method, n, min(condition, 0.01 / eps(dtype)), dtype, ORDERS[n % len(ORDERS)])
    before = A.copy()
    X = hs.inv(A, method=method)
    assert X.dtype == dtype
    assert X.shape == A.shape
    if n:
        product = (wide(X), wide(A)) if n <= 64 else (X.astype(np.complex128), A.astype(np.complex128))
        sides = [abs(P - np.eye(n)).sum(axis=1).max() for P in (product[0] @ product[1], product[1] @ product[0])]
        size = abs(X).sum(axis=1).max() * float(abs(A).sum(axis=1).max())
        assert min(sides) <= 4 * n * eps(dtype) * size
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_forward_error(method, dtype):
    """``||X - A^-1|| <= c n eps cond(A) ||A^-1||``, against exact arithmetic."""
    for n in (1, 2, 3, 10, 30):
        A = suitable(method, n, 100.0, dtype)
        truth = true_solution(A, np.eye(n, dtype=dtype))
        error = abs(wide(hs.inv(A, method=method)) - truth).max()
        assert error <= 8 * n * eps(dtype) * 100 * abs(truth).max()


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("order", ["C", "F", "strided", "negative"])
def test_in_place(method, order):
    for n in (1, 3, 64, 150):
        A = suitable(method, n, 10.0, np.float64, order)
        before = A.copy()
        X = hs.inv(A, method=method, overwrite_a=True)
        assert np.shares_memory(X, A)
        np.testing.assert_allclose(X @ before, np.eye(n), atol=100 * n * eps(np.float64))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("dtype", DTYPES)
def test_stacks(method, dtype):
    A = np.stack([suitable(method, 5, 10.0, dtype, "C") + seed * np.eye(5, dtype=dtype) for seed in range(6)])
    X = hs.inv(A.reshape(2, 3, 5, 5), method=method)
    assert X.shape == (2, 3, 5, 5)
    np.testing.assert_allclose(X.reshape(6, 5, 5) @ A, np.broadcast_to(np.eye(5), A.shape), atol=1e4 * eps(dtype))
    assert hs.inv(A[:0], method=method).shape == (0, 5, 5)


@doubtful
@pytest.mark.parametrize("method", ["lu", "gauss-jordan", "qr", "svd"])
def test_never_truncated(method):
    A = np.diag([1.0, 1e-17])
    np.testing.assert_allclose(hs.inv(A, method=method), np.diag([1.0, 1e17]), rtol=1e-14)
    B = problems.with_condition(6, 1e18, np.float64)
    assert np.linalg.norm(hs.inv(B, method=method)) > 1e14


@pytest.mark.parametrize("method", ["lu", "gauss-jordan", "qr", "svd"])
def test_singular(method):
    with pytest.raises(
        hs.SingularMatrixError, match=r"^`A` \(3, 3\) is singular.* Use hs\.pinv\(A\) for the pseudo-inv"
    ):
        hs.inv(np.diag([1.0, 0.0, 2.0]), method=method)
    with pytest.raises(hs.SingularMatrixError, match=r"^`A` \(2, 2, 2\) is singular in slice 1"):
        hs.inv(np.stack([np.eye(2), np.zeros((2, 2))]), method=method)


@pytest.mark.parametrize("method", ["lu", "gauss-jordan", "qr", "svd"])
def test_nearly_singular(method):
    A = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]])
    with pytest.warns(hs.IllConditionedWarning, match=r"^`A` \(2, 2\) is singular to working precision \(rcond "):
        hs.inv(A, method=method)


def test_cholesky_needs_a_positive_definite_matrix():
    text = "`A` (2, 2) is not positive definite: the leading minor of order 2 (column 1) is not positive."
    with pytest.raises(hs.NotPositiveDefiniteError, match=f"^{re.escape(text)}"):
        hs.inv([[1.0, 2.0], [2.0, 1.0]], method="cholesky")


@pytest.mark.parametrize("method", METHODS)
def test_non_finite(method):
    A = np.eye(3)
    A[2, 1] = np.nan
    text = "`A` (3, 3) has a NaN or infinity at row 2, column 1; clean the data or pass check_finite=False."
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        hs.inv(A, method=method)


def test_names():
    valid = ", ".join(map(repr, ("auto", *METHODS)))
    with pytest.raises(
        ValueError, match=f"^{re.escape(f'method={chr(39)}LU{chr(39)} is not valid; valid: {valid}.')}$"
    ):
        hs.inv(np.eye(2), method="LU")
    for method in ("gauss-jordan", "qr", "svd"):
        text = f"method={method!r} and assume_a='pos' contradict each other; leave one of them out."
        with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
            hs.inv(np.eye(2), method=method, assume_a="pos")
