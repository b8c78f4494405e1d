# SPDX-License-Identifier: BSD-3-Clause
"""precision="mixed" reaches the backward error of the dtype, "extended" its forward error."""

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import eps
from reference import backward_error, exact_least_squares, exact_solve, true_forward_error

DOUBLES = (np.float64, np.complex128)
SINGLES = (np.float32, np.complex64)
SMALL = 64  # up to here factors in half the precision would gain nothing: "mixed" is "working"
REFERENCE = float(np.finfo(np.longdouble).eps)


@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize("dtype", DOUBLES)
@pytest.mark.parametrize("condition", [1.0, 1e3])
@pytest.mark.parametrize("n", [2, 7, 64, 130, 257])
def test_mixed_is_backward_stable_and_says_that_it_was(n, condition, dtype, order):
    A, b = problems.with_condition(n, condition, dtype, order), problems.random((n, 2), dtype, seed=1)
    before = A.copy()
    for s in (hs.solve(A, b, precision="mixed", full_output=True), hs.backslash(A, b, precision="mixed")):
        assert backward_error(A, s.x, b) <= 4 * n * eps(dtype)
        assert s.method == ("lu-mixed" if n > SMALL else "lu")
        assert s.x.dtype == dtype
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("dtype", DOUBLES)
@pytest.mark.parametrize("n", [2, 7, 64, 130, 257])
def test_mixed_of_a_positive_definite_matrix(n, dtype):
    A, b = problems.hermitian(n, 1e3, dtype), problems.random((n, 2), dtype, seed=1)
    s = hs.solve(A, b, precision="mixed", full_output=True)
    assert s.method == ("cholesky-mixed" if n > SMALL else "cholesky")
    assert backward_error(A, s.x, b) <= 4 * n * eps(dtype)
    assert s.forward_error >= true_forward_error(s.x, np.linalg.solve(A, b)) - 100 * n * 1e3 * eps(dtype)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("dtype", DOUBLES)
@pytest.mark.parametrize("condition", [1e9, 1e12])
@pytest.mark.parametrize("n", [7, 64, 130])
def test_mixed_falls_back_where_single_precision_is_singular(n, condition, dtype):
    A, b = problems.with_condition(n, condition, dtype), problems.random(n, dtype, seed=1)
    s = hs.solve(A, b, precision="mixed", full_output=True)
    assert s.method == "lu"
    assert backward_error(A, s.x, b) <= 4 * n * eps(dtype)
    S = problems.hermitian(n, condition, dtype)
    s = hs.solve(S, b, precision="mixed", full_output=True)
    assert s.method in ("cholesky", "ldlt", "lu")
    assert backward_error(S, s.x, b) <= 4 * n * eps(dtype)


@pytest.mark.parametrize("scale", [1e-200, 1e-60, 1e60, 1e200])
def test_mixed_beyond_the_range_of_single_precision(scale):
    A, b = problems.with_condition(40, 10.0, np.float64) * scale, problems.random(40, np.float64, seed=1)
    x = hs.solve(A, b, precision="mixed")
    assert backward_error(A, x, b) <= 4 * 40 * eps(np.float64)


@pytest.mark.parametrize("dtype", SINGLES)
def test_mixed_of_single_precision_is_at_least_as_good(dtype):
    A, b = problems.with_condition(30, 100.0, dtype), problems.random(30, dtype, seed=1)
    assert backward_error(A, hs.solve(A, b, precision="mixed"), b) <= 4 * 30 * eps(dtype)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize("n", [2, 7, 40])
def test_extended_is_right_to_the_last_digits(n, share, dtype, order):
    """Up to condition 0.1 / (n eps), of which refinement gains a digit a step."""
    condition = (0.1 / (n * eps(dtype))) ** share
    A, b = problems.with_condition(n, condition, dtype, order), problems.random((n, 2), dtype, seed=1)
    truth = exact_solve(A, b)
    for s in (hs.solve(A, b, precision="extended", full_output=True), hs.backslash(A, b, precision="extended")):
        error = true_forward_error(s.x, truth)
        assert error <= 2 * eps(dtype)
        assert s.forward_error >= error - REFERENCE
        if share < 1:  # where working precision leaves a digit to judge by
            assert s.forward_error <= 100 * eps(dtype)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("kind", ["positive", "mixed"])
@pytest.mark.parametrize("dtype", problems.DTYPES)
def test_extended_of_hermitian_matrices(dtype, kind):
    n = 30
    A = problems.hermitian(n, 0.01 / (n * eps(dtype)), dtype, signs=kind)
    b = problems.random(n, dtype, seed=1)
    assert true_forward_error(hs.solve(A, b, precision="extended"), exact_solve(A, b)) <= 2 * eps(dtype)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
def test_extended_of_a_hilbert_matrix():
    n = 11  # condition 5e14
    A = 1.0 / (np.arange(n)[:, None] + np.arange(n) + 1)
    b = np.ones(n)
    truth = exact_solve(A, b)
    assert true_forward_error(hs.solve(A, b), truth) > 1e-8
    assert true_forward_error(hs.solve(A, b, precision="extended"), truth) <= 2 * eps(np.float64)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("share", [0.0, 0.5, 1.0])
@pytest.mark.parametrize(("m", "n"), [(3, 1), (20, 4), (60, 12)])
def test_extended_least_squares(m, n, share, dtype):
    """Large residuals, so that plain QR loses kappa^2 eps; up to where the default ``rcond`` begins to truncate."""
    A = problems.with_condition(n, (0.1 / (m * eps(dtype))) ** share, dtype, m=m)
    b = problems.random((m, 2), dtype, seed=1)
    truth = exact_least_squares(A, b)
    x = hs.lstsq(A, b, precision="extended").x
    assert true_forward_error(x, truth) <= 10 * eps(dtype)
    s = hs.backslash(A, b, precision="extended")
    error = true_forward_error(s.x, truth)
    assert error <= 10 * eps(dtype)
    assert s.forward_error >= error - REFERENCE
    if share < 1:
        assert s.forward_error <= 100 * eps(dtype)


@pytest.mark.parametrize("precision", ["mixed", "extended"])
@pytest.mark.parametrize("trans", ["T", "C"])
def test_transposed(trans, precision):
    A, b = problems.with_condition(20, 1e3, np.complex128), problems.random(20, np.complex128, seed=1)
    op = A.T if trans == "T" else A.conj().T
    x = hs.solve(A, b, trans=trans, precision=precision)
    assert backward_error(op, x, b) <= 4 * 20 * eps(np.float64)


@pytest.mark.parametrize("precision", ["mixed", "extended"])
def test_a_stack(precision):
    A = np.stack([problems.with_condition(9, 10.0 ** (seed % 5), np.float64, seed=seed) for seed in range(11)])
    b = problems.random((11, 9, 1), np.float64, seed=1)
    x = hs.solve(A, b, precision=precision)
    for i in range(11):
        assert backward_error(A[i], x[i], b[i]) <= 4 * 9 * eps(np.float64)
        if precision == "extended":
            assert true_forward_error(x[i], exact_solve(A[i], b[i])) <= 2 * eps(np.float64)


@pytest.mark.parametrize("precision", ["mixed", "extended"])
def test_singular_and_empty(precision):
    with pytest.raises(hs.SingularMatrixError, match=r"^`A` \(2, 2\) is singular: column 1 depends on column 0"):
        hs.solve(np.ones((2, 2)), np.ones(2), precision=precision)
    assert hs.solve(np.zeros((0, 0)), np.zeros((0, 3)), precision=precision).shape == (0, 3)
    np.testing.assert_array_equal(hs.solve(np.eye(3), np.zeros(3), precision=precision), np.zeros(3))
