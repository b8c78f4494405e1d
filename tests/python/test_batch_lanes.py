# SPDX-License-Identifier: BSD-3-Clause
"""Stacks of small matrices, which go side by side through the vector lanes: every slice as good as one alone."""

import mpmath
import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, eps
from reference import backward_error, exact_solve, true_forward_error

SIZES = [1, 2, 3, 4, 5, 8, 15, 16, 17, 24, 29, 31, 32]
COUNT = 21  # no multiple of a lane count


def stack(n, dtype, condition=100.0, count=COUNT):
    return np.stack([problems.with_condition(n, condition, dtype, seed=seed) for seed in range(count)])


def definite(n, dtype, condition=100.0, count=COUNT):
    return np.stack([problems.hermitian(n, condition, dtype, seed=seed) for seed in range(count)])


def layouts(A):
    """The same stack, in five ways in memory."""
    wide = np.full((2 * len(A), *A.shape[1:]), np.nan, dtype=A.dtype)
    wide[::2] = A
    inside = np.full((*A.shape[:-1], 2 * A.shape[-1] + 1), np.nan, dtype=A.dtype)
    inside[..., 1::2] = A
    last = np.empty((*A.shape[1:], len(A)), dtype=A.dtype)
    last[...] = np.moveaxis(A, 0, -1)
    return {
        "C": A,
        "transposed slices": np.ascontiguousarray(A.swapaxes(1, 2)).swapaxes(1, 2),
        "every second slice": wide[::2],
        "every second column": inside[..., 1::2],
        "stacked along the last axis": np.moveaxis(last, -1, 0),
        "backwards": np.ascontiguousarray(A[::-1])[::-1],
    }


CALLS = {
    "solve": lambda A: hs.solve(A, np.arange(1, A.shape[-1] + 1).astype(A.dtype)),
    "inv": hs.inv,
    "det": hs.det,
    "slogdet": lambda A: np.stack([part.astype(np.complex128) for part in hs.slogdet(A)], axis=-1),
    "cholesky": hs.cholesky,
}  # fmt: skip


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_bits_depend_on_neither_place_nor_memory_order(n, dtype, name):
    A = definite(n, dtype) if name == "cholesky" else stack(n, dtype)
    before, result = A.copy(), CALLS[name](A)
    shuffled = np.random.default_rng(0).permutation(COUNT)
    np.testing.assert_array_equal(CALLS[name](A[shuffled]), result[shuffled])
    np.testing.assert_array_equal(CALLS[name](A[3:]), result[3:])
    for order, view in layouts(A).items():
        np.testing.assert_array_equal(CALLS[name](view), result, err_msg=order)
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("condition", [1.0, 1e4, 1e10])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
def test_solve_and_inv(n, dtype, condition):
    condition = min(condition, 1e-3 / eps(dtype))
    A, b = stack(n, dtype, condition), problems.random((COUNT, n, 3), dtype, seed=7)
    x, X, single = hs.solve(A, b), hs.inv(A), hs.solve(A, b[..., :1])
    assert x.dtype == X.dtype == single.dtype == dtype
    for i in range(COUNT):
        assert backward_error(A[i], x[i], b[i]) <= 4 * n * eps(dtype)
        assert backward_error(A[i], single[i], b[i, :, :1]) <= 4 * n * eps(dtype)
    for i in range(0, COUNT, 10):
        truth = exact_solve(A[i], np.eye(n))
        assert true_forward_error(X[i], truth) <= 10 * n * condition * eps(dtype)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_det_and_slogdet(n, dtype):
    A = stack(n, dtype)
    d, (sign, logabsdet) = hs.det(A), hs.slogdet(A)
    for i in range(0, COUNT, 10):
        with mpmath.workdps(60):
            truth = mpmath.det(mpmath.matrix(A[i].tolist()))
            bound = 10 * n * 100 * eps(dtype)
            assert abs(complex(mpmath.mpc(complex(d[i])) / truth) - 1) <= bound
            assert abs(complex(mpmath.mpc(complex(sign[i])) * abs(truth) / truth) - 1) <= bound
            assert abs(float(mpmath.mpf(float(logabsdet[i])) - mpmath.log(abs(truth)))) <= bound * max(1, n)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_cholesky(n, dtype):
    A = definite(n, dtype)
    L = hs.cholesky(A)
    np.testing.assert_array_equal(np.triu(L, 1), 0)
    assert (np.diagonal(L, axis1=1, axis2=2).real > 0).all()
    wide = L.astype(np.clongdouble)
    residual = abs(A - wide @ wide.conj().swapaxes(1, 2)).max(axis=(1, 2))
    assert (residual <= (n + 1) * eps(dtype) * abs(A).max(axis=(1, 2))).all()


@pytest.mark.parametrize("place", [0, 5, COUNT - 1])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [2, 3, 4, 8, 16, 32])
def test_a_bad_slice_is_named_and_spoils_nothing(n, dtype, place):
    A, b = stack(n, dtype), np.ones(n, dtype)
    good = np.arange(COUNT) != place
    alone = hs.solve(A, b), hs.inv(A), hs.det(A)
    A[place, :, -1] = 2 * A[place, :, 0]
    A[place, 0] = 0
    A[place, :, 0] = 0
    blamed = rf"^`A` \({COUNT}, {n}, {n}\) is singular in slice {place}: "
    with pytest.raises(hs.SingularMatrixError, match=blamed):
        hs.solve(A, b)
    with pytest.raises(hs.SingularMatrixError, match=blamed):
        hs.inv(A)
    with pytest.warns(hs.IllConditionedWarning, match=blamed):
        x = hs.solve(A, b, on_singular="warn")
    assert np.isnan(x[place]).all()
    np.testing.assert_array_equal(x[good], alone[0][good])
    d = hs.det(A)
    assert d[place] == 0
    np.testing.assert_array_equal(d[good], alone[2][good])
    sign, logabsdet = hs.slogdet(A)
    assert (sign[place], logabsdet[place]) == (0, -np.inf)
    A[place, 1, 0] = np.nan
    for call in (lambda: hs.solve(A, b), lambda: hs.inv(A)):
        with pytest.raises(
            ValueError, match=rf"^`A` \({COUNT}, {n}, {n}\) has a NaN or infinity at slice {place}, row 1"
        ):
            call()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [4, 16, 24, 31, 32])
def test_neighbours_that_fail_together_or_late_spoil_nothing(n, dtype):
    A, b = stack(n, dtype), np.ones(n, dtype)
    alone = hs.solve(A, b)
    first, second, late = 4, 5, 10
    A[first, :, 0] = 0
    A[second, :, 1] = 0
    A[late, :, -1] = 0  # its last pivot
    bad = [first, second, late]
    good = np.setdiff1d(np.arange(COUNT), bad)
    with pytest.warns(hs.IllConditionedWarning, match=rf"singular in slice {first} and 2 more: "):
        x = hs.solve(A, b, on_singular="warn")
    np.testing.assert_array_equal(x[good], alone[good])
    assert np.isnan(x[bad]).all()
    A[first, 0, 0] = np.inf
    with pytest.raises(ValueError, match=rf"has a NaN or infinity at slice {first}, row 0"):
        hs.solve(A, b)


@pytest.mark.parametrize("n", [2, 4, 9, 32])
def test_an_indefinite_slice_of_cholesky_is_named(n):
    A = definite(n, np.float64)
    A[6, n - 1, n - 1] = -1
    text = rf"^`A` \({COUNT}, {n}, {n}\) is not positive definite in slice 6: the leading minor of order {n} "
    with pytest.raises(hs.NotPositiveDefiniteError, match=text):
        hs.cholesky(A)


@pytest.mark.parametrize("n", [3, 8])
def test_broadcasting(n):
    A, b = stack(n, np.float64, count=5).reshape(5, 1, n, n), problems.random((4, n, 2), np.float64)
    x = hs.solve(A, b)
    assert x.shape == (5, 4, n, 2)
    for i in range(5):
        for j in range(4):
            assert backward_error(A[i, 0], x[i, j], b[j]) <= 4 * n * eps(np.float64)
    one = np.broadcast_to(A[0, 0], (30, n, n))  # one matrix, thirty times, without memory of its own
    np.testing.assert_array_equal(hs.inv(one), np.broadcast_to(hs.inv(one)[0], one.shape))


@pytest.mark.parametrize("n", [2, 4, 16])
def test_pivots_are_chosen_in_each_slice(n):
    """Without pivoting every one of these meets a zero on the diagonal."""
    rng = np.random.default_rng(0)
    A = np.stack([np.eye(n)[rng.permutation(n)] for _ in range(COUNT)])
    np.testing.assert_array_equal(hs.inv(A), A.swapaxes(1, 2))
    np.testing.assert_array_equal(hs.det(A), np.round(np.linalg.det(A)))
