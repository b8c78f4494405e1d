# SPDX-License-Identifier: BSD-3-Clause
"""hs.inv, hs.pinv, hs.cond, hs.rcond."""

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import wide


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize(("n", "condition", "dtype"), problems.grid())
def test_inverse_has_a_small_residual(n, condition, dtype, order):
    """``||X A - I|| <= c n eps ||X|| ||A||``, on one side."""
    A = problems.with_condition(n, condition, dtype, order)
    before = A.copy()
    X = hs.inv(A)
    assert X.dtype == dtype
    assert X.shape == A.shape
    if n:
        sides = [abs(P - np.eye(n)).sum(axis=1).max() for P in (wide(X) @ wide(A), wide(A) @ wide(X))]
        size = abs(wide(X)).sum(axis=1).max() * abs(wide(A)).sum(axis=1).max()
        assert min(sides) <= 4 * n * eps(dtype) * size
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("structure", problems.STRUCTURES)
def test_inverse_of_every_structure(structure, dtype):
    for n in (9, 64, 100):
        A = problems.structured(structure, n, dtype)
        X = hs.inv(A)
        assert abs(X @ A - np.eye(n)).max() <= 100 * n * eps(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "options", [{"method": "lu"}, {"method": "cholesky"}, {"assume_a": "pos"}, {"assume_a": "her"}]
)
def test_inverse_by_method_and_assumption(options, dtype):
    A = problems.hermitian(40, 10.0, dtype)
    np.testing.assert_allclose(hs.inv(A, **options) @ A, np.eye(40), atol=4000 * eps(dtype))


@pytest.mark.parametrize("order", ["C", "F", "strided", "negative"])
@pytest.mark.parametrize("dtype", DTYPES)
def test_inverse_in_place(dtype, order):
    for n in (1, 3, 64, 150):
        A = problems.with_condition(n, 10.0, dtype, order)
        before = A.copy()
        X = hs.inv(A, overwrite_a=True)
        assert np.shares_memory(X, A)
        np.testing.assert_allclose(X @ before, np.eye(n), atol=100 * n * eps(dtype))


def test_inverse_of_a_batch():
    A = np.stack([problems.with_condition(4, 10.0, np.float64, seed=seed) for seed in range(6)]).reshape(2, 3, 4, 4)
    X = hs.inv(A)
    assert X.shape == (2, 3, 4, 4)
    np.testing.assert_allclose(X @ A, np.broadcast_to(np.eye(4), A.shape), atol=1e-13)


@pytest.mark.parametrize("shape", [(0, 0), (3, 0, 0), (0, 3, 3)])
def test_empty(shape):
    assert hs.inv(np.zeros(shape)).shape == shape
    assert hs.pinv(np.zeros(shape)).shape == shape


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("m", "n", "rank"), [(1, 1, 1), (5, 3, 3), (3, 5, 3), (8, 8, 3), (40, 20, 11), (64, 64, 64), (4, 4, 0)]
)
def test_pseudo_inverse_meets_the_conditions_of_penrose(m, n, rank, dtype):
    A = problems.with_condition(n, 10.0, dtype, m=m, rank=rank)
    X, found = hs.pinv(A, return_rank=True)
    assert found == rank
    assert X.shape == (n, m)
    assert X.dtype == dtype
    close = {"atol": 200 * max(m, n) * eps(dtype), "rtol": 0}
    np.testing.assert_allclose(A @ X @ A, A, **close)
    np.testing.assert_allclose(X @ A @ X, X, **close)
    np.testing.assert_allclose((A @ X).conj().T, A @ X, **close)
    np.testing.assert_allclose((X @ A).conj().T, X @ A, **close)


@pytest.mark.parametrize("dtype", DTYPES)
def test_pseudo_inverse_of_a_hermitian_matrix(dtype):
    A = problems.hermitian(20, 10.0, dtype, signs="mixed")
    spoilt = np.tril(A) + np.triu(np.ones((20, 20), dtype), 1)
    np.testing.assert_allclose(hs.pinv(spoilt, hermitian=True), np.linalg.inv(A), atol=4000 * eps(dtype))


def test_tolerances_of_the_pseudo_inverse():
    A = np.diag([1.0, 1e-3, 1e-6, 0.0])
    assert hs.pinv(A, return_rank=True)[1] == 3
    assert hs.pinv(A, rtol=1e-4, return_rank=True)[1] == 2
    assert hs.pinv(A, atol=1e-2, return_rank=True)[1] == 1
    np.testing.assert_allclose(hs.pinv(A, rtol=1e-4), np.diag([1.0, 1e3, 0, 0]), atol=1e-9)


def test_pseudo_inverse_of_a_batch():
    A = np.stack([problems.with_condition(3, 10.0, np.float64, m=5, rank=rank) for rank in (1, 2, 3)])
    X, rank = hs.pinv(A, return_rank=True)
    np.testing.assert_array_equal(rank, [1, 2, 3])
    np.testing.assert_allclose(X, np.linalg.pinv(A, rcond=1e-10), atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("p", [None, 2, -2, 1, -1, np.inf, -np.inf, "fro", "nuc"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 3), (30, 30), (2, 3, 4, 4)])
def test_condition_number_as_in_numpy(shape, p, dtype):
    A = problems.random(shape, dtype, seed=5)
    ours, theirs = hs.cond(A, p), np.linalg.cond(A, p)
    assert type(ours) is type(theirs)
    assert np.asarray(ours).dtype == np.asarray(theirs).dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e4 * eps(dtype))


@pytest.mark.parametrize("p", [None, 2, -2])
@pytest.mark.parametrize("shape", [(5, 2), (2, 5), (3, 4, 2)])
def test_condition_number_of_rectangular_matrices(shape, p):
    A = problems.random(shape, np.float64)
    np.testing.assert_allclose(hs.cond(A, p), np.linalg.cond(A, p), rtol=1e-12)


@pytest.mark.parametrize("p", [None, 2, 1, -1, np.inf, -np.inf, "fro", "nuc"])
def test_condition_number_of_singular_and_non_finite_matrices(p):
    A = np.stack([np.zeros((2, 2)), np.ones((2, 2)), np.full((2, 2), np.nan), np.full((2, 2), np.inf), np.eye(2)])
    c = hs.cond(A, p)
    assert np.isinf(c[0])
    assert c[1] > 1e15
    assert np.isnan(c[2])
    assert np.isinf(c[3])
    assert c[4] == pytest.approx(np.linalg.cond(np.eye(2), p))


@pytest.mark.parametrize("dtype", DTYPES)
def test_the_smallest_over_the_largest_singular_value(dtype):
    """p = -2 is small where the others are large: 0 for a singular matrix, to rounding."""
    singular = np.diag([1, 0, 3]).astype(dtype)
    assert hs.cond(singular, -2) <= 10 * eps(dtype)
    assert np.isinf(hs.cond(np.zeros((2, 2), dtype), -2))
    assert hs.cond(np.diag([1, 4]).astype(dtype), np.array(-2)) == 0.25


@pytest.mark.parametrize("hermitian", [False, True])
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_pseudo_inverse_of_unchecked_data_is_not_silent(bad, hermitian):
    A = np.eye(3)
    A[2, 0] = bad
    text = r"^the pseudo-inverse for `A` \(3, 3\) has a NaN or infinity, by overflow or from the data; "
    with pytest.warns(RuntimeWarning, match=text):
        X = hs.pinv(A, hermitian=hermitian, check_finite=False)
    assert not np.isfinite(X).any()


def test_reciprocal_condition_number():
    assert hs.rcond(np.eye(4)) == 1
    assert type(hs.rcond(np.eye(4))) is float
    assert hs.rcond([[1.0, 1.0], [1.0, 1.0]]) == 0
    assert hs.rcond(np.diag([1.0, 2.0**-60])) > 0.1  # scaling is not conditioning
    r = hs.rcond(np.stack([np.eye(2), np.ones((2, 2))]))
    np.testing.assert_array_equal(r, [1.0, 0.0])


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_pivot_that_overflows_is_no_answer_of_zeros(dtype):
    """Elimination doubles the last column twice: 4 s is beyond the range, the inverse and the solution are not."""
    s = float(np.finfo(dtype).max) / 2
    A = np.array([[1, 0, 1], [-1, 1, 1], [-1, -1, 1]]).astype(dtype)
    truth, side = np.linalg.inv(A.real.astype(float)), np.array([0.5, 1.5, -0.5]).astype(dtype)
    scaled = (A * dtype(s)).astype(dtype)
    X = hs.inv(scaled)
    np.testing.assert_allclose(X.astype(np.complex128) * s, truth, atol=20 * eps(dtype))
    np.testing.assert_allclose(hs.solve(scaled, side * dtype(s)), truth @ side, atol=20 * eps(dtype))
    for slice_ in hs.inv(np.stack([scaled] * 9)):
        np.testing.assert_allclose(slice_.astype(np.complex128) * s, truth, atol=20 * eps(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [2, 5, 20, 64])
def test_rows_and_columns_of_different_size_cost_no_digits(n, dtype):
    """Of D A E, D and E of powers of two, the inverse is E^-1 A^-1 D^-1, element by element."""
    A = problems.with_condition(n, 10.0, dtype, seed=3)
    rng = np.random.default_rng(n)
    rows, columns = (2.0 ** rng.integers(-12, 13, n) for _ in range(2))
    scaled = (A * rows[:, np.newaxis] * columns).astype(dtype)
    expected = np.linalg.inv(wide(A).astype(np.complex128)) / columns[:, np.newaxis] / rows
    found = hs.inv(scaled).astype(np.complex128)
    size = abs(expected * columns[:, np.newaxis] * rows).max()
    error = abs((found - expected) * columns[:, np.newaxis] * rows).max()
    assert error <= 100 * n * eps(dtype) * size
