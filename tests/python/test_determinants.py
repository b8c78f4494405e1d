# SPDX-License-Identifier: BSD-3-Clause
"""hs.det, hs.slogdet, hs.matrix_rank, against exact and long-double elimination."""

import re
from fractions import Fraction

import mpmath
import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import wide

SIZES = (0, 1, 2, 3, 7, 64, 150, 257)


def exact_determinant(A):
    """Of a real matrix, by fractions."""
    rows = [[Fraction(float(v)) for v in row] for row in A]
    d = Fraction(1)
    for k in range(len(rows)):
        p = next((i for i in range(k, len(rows)) if rows[i][k]), None)
        if p is None:
            return Fraction(0)
        if p != k:
            rows[k], rows[p], d = rows[p], rows[k], -d
        d *= rows[k][k]
        for i in range(k + 1, len(rows)):
            factor = rows[i][k] / rows[k][k]
            rows[i] = [a - factor * b for a, b in zip(rows[i], rows[k], strict=True)]
    return d


def long_slogdet(A):
    """Sign and logarithm by elimination with partial pivoting in long double."""
    U = wide(A).copy()
    sign, log = U.dtype.type(1), np.longdouble(0)
    for k in range(len(U)):
        p = k + int(np.argmax(abs(U[k:, k])))
        if p != k:
            U[[k, p]], sign = U[[p, k]], -sign
        pivot = U[k, k]
        sign, log = sign * pivot / abs(pivot), log + np.log(abs(pivot))
        U[k + 1 :, k:] -= np.outer(U[k + 1 :, k] / pivot, U[k, k:])
    return sign, log


@pytest.mark.parametrize(("n", "condition", "dtype"), problems.grid(SIZES))
def test_slogdet(n, condition, dtype):
    """log|det| is that of a matrix A + E with ||E|| <= c n eps ||A||: within c n^2 eps cond(A) at most."""
    A = problems.with_condition(n, condition, dtype, ORDERS[n % len(ORDERS)])
    before = A.copy()
    sign, logabsdet = hs.slogdet(A)
    assert type(sign) is dtype
    assert type(logabsdet) is np.finfo(dtype).dtype.type
    phase, log = long_slogdet(A)
    tolerance = 4 * max(n, 1) * eps(dtype) * (condition + abs(float(log)))
    if tolerance < 0.5:
        assert abs(sign - complex(phase)) <= (tolerance if np.dtype(dtype).kind == "c" else 0)
        assert abs(float(logabsdet - log)) <= tolerance
    assert abs(abs(sign) - 1) <= 4 * eps(dtype)
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 3, 7, 12])
def test_det_against_fractions(n, dtype):
    for seed in range(5):
        A = problems.random((n, n), dtype, seed)
        exact = exact_determinant(A)
        assert abs(float(Fraction(float(hs.det(A))) / exact - 1)) <= 8 * n * eps(dtype) * np.linalg.cond(A)
        assert hs.slogdet(A).sign == np.sign(float(exact))


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
@pytest.mark.parametrize("n", [1, 2, 5, 20])
def test_complex_det_against_many_digits(n, dtype):
    A = problems.random((n, n), dtype)
    with mpmath.workdps(40):
        exact = mpmath.det(mpmath.matrix(A.astype(np.complex128).tolist()))
        error = abs(mpmath.mpmathify(complex(hs.det(A))) / exact - 1)
    assert error <= 8 * n * eps(dtype) * np.linalg.cond(A)


@pytest.mark.parametrize("dtype", DTYPES)
def test_integers_and_permutations_are_exact(dtype):
    assert hs.det(np.array([[2, 0], [0, 4]], dtype=dtype)) == 8
    for permutation, sign in (([1, 0, 2], -1), ([1, 2, 0], 1), ([3, 2, 1, 0], 1), ([1, 2, 3, 0], -1)):
        P = np.eye(len(permutation), dtype=dtype)[permutation]
        assert hs.det(P) == sign
        assert hs.slogdet(P) == (sign, 0)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [2, 30, 150])
def test_numbers_that_overflow(n, dtype):
    """Scaling by a power of two moves log|det| by n times its logarithm, and no bit of the sign."""
    A = problems.with_condition(n, 10.0, dtype)
    sign, log = hs.slogdet(A)
    for exponent in (60, -60):
        scaled = hs.slogdet(A * np.ldexp(np.finfo(dtype).dtype.type(1), exponent))
        np.testing.assert_allclose(scaled.sign, sign, atol=8 * n * eps(dtype))
        assert float(scaled.logabsdet) == pytest.approx(float(log) + n * exponent * np.log(2), rel=4 * n * eps(dtype))


def test_range_of_det():
    text = r"^The determinant of `A` \(4, 4\) overflows; hs\.slogdet\(A\) does not\.$"
    with pytest.warns(RuntimeWarning, match=text):
        assert hs.det(1e100 * np.eye(4)) == np.inf
    with pytest.warns(RuntimeWarning, match=r"^The determinant of `A` \(4, 4\) underflows; "):
        assert hs.det(1e-100 * np.eye(4)) == 0
    stack = np.stack([np.eye(4), 1e100 * np.eye(4)])
    with pytest.warns(RuntimeWarning, match=r"^The determinant of `A` \(2, 4, 4\) overflows in slice 1; "):
        np.testing.assert_array_equal(hs.det(stack), [1, np.inf])
    assert hs.det(np.diag([1e200, 1e200, 1e-200, 1e-200])) == pytest.approx(1, rel=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
def test_singular_and_empty(dtype):
    for A in (np.zeros((3, 3)), np.ones((2, 2)), np.diag([1.0, 0.0, 2.0]), [[0.0]]):
        A = np.asarray(A, dtype=dtype)
        assert hs.det(A) == 0
        assert hs.slogdet(A) == (0, -np.inf)
    assert hs.det(np.zeros((0, 0), dtype)) == 1
    assert hs.slogdet(np.zeros((0, 0), dtype)) == (1, 0)
    assert hs.det(np.zeros((0, 3, 3), dtype)).shape == (0,)
    np.testing.assert_array_equal(hs.det(np.zeros((2, 0, 0), dtype)), [1, 1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 5, 8, 16, 17, 40])
def test_stacks(n, dtype):
    A = problems.random((2, 3, n, n), dtype)
    A[1, 1] = 0
    sign, log = hs.slogdet(A)
    d = hs.det(A)
    assert sign.shape == log.shape == d.shape == (2, 3)
    assert (sign.dtype, log.dtype, d.dtype) == (dtype, np.finfo(dtype).dtype, dtype)
    theirs = np.linalg.slogdet(A.astype(np.complex128))
    close = {"atol": 1e3 * n * eps(dtype) * 10}
    np.testing.assert_allclose(sign, theirs.sign, **close)
    np.testing.assert_allclose(log, theirs.logabsdet, **close)
    np.testing.assert_allclose(d, np.linalg.det(A.astype(np.complex128)), rtol=close["atol"])


@pytest.mark.parametrize("function", [hs.det, hs.slogdet])
def test_what_has_no_determinant(function):
    name = f"hs.{function.__name__}"
    text = f"`A` (2, 3) is not square, as {name} needs it; use hs.svd(A) for the singular values."
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        function(np.ones((2, 3)))
    with pytest.raises(ValueError, match=r"^`A` \(3,\) has fewer than two dimensions; "):
        function(np.ones(3))
    with pytest.raises(TypeError, match=r"^`A` has dtype longdouble; "):
        function(np.eye(2, dtype=np.longdouble))
    stack = np.ones((2, 2, 2))
    stack[1, 0, 1] = np.inf
    text = r"^`A` \(2, 2, 2\) has a NaN or infinity at slice 1, row 0, column 1; clean the data first\.$"
    with pytest.raises(ValueError, match=text):
        function(stack)
    assert type(function([[2, 1], [1, 1]])) is (np.float64 if function is hs.det else type(hs.slogdet(np.eye(1))))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("m", "n", "rank"), [(1, 1, 1), (5, 3, 2), (3, 5, 3), (64, 64, 13), (150, 20, 19), (4, 4, 0), (257, 257, 200)]
)
def test_rank(m, n, rank, dtype):
    A = problems.with_condition(n, 100.0, dtype, m=m, rank=rank)
    assert hs.matrix_rank(A) == rank
    assert type(hs.matrix_rank(A)) is int


def test_rank_as_in_numpy():
    A = np.diag([1.0, 1e-5, 1e-10, 1e-17])
    for rtol in (None, 0.0, 1e-7, 1e-3, 2.0):
        assert hs.matrix_rank(A, rtol=rtol) == np.linalg.matrix_rank(A, rtol=rtol)
    for vector in (np.zeros(3), np.ones(3), 0.0, 2.0, [0, 1j]):
        assert hs.matrix_rank(vector) == np.linalg.matrix_rank(vector)
    stack = np.stack([np.eye(3), np.ones((3, 3)), np.zeros((3, 3))])
    np.testing.assert_array_equal(hs.matrix_rank(stack), [3, 1, 0])
    assert hs.matrix_rank(np.zeros((0, 3))) == 0
    assert hs.matrix_rank(np.zeros((2, 3, 0))).tolist() == [0, 0]
    badly_scaled = np.diag([1.0, 1e-20])  # units matter here, unlike in lstsq
    assert hs.matrix_rank(badly_scaled) == 1


@pytest.mark.parametrize(
    ("value", "keywords", "error", "text"),
    [
        (np.eye(2), {"rtol": -1}, ValueError, "rtol=-1 is not valid; it is a number >= 0, or None."),
        (np.eye(2), {"rtol": "a"}, TypeError, "rtol='a' is not valid; it is a number >= 0, or None."),
        ([[1.0, np.nan]], {}, ValueError, "`A` (1, 2) has a NaN or infinity at row 0, column 1; clean the data first."),
        ([1.0, np.inf], {}, ValueError, "`A` (2,) has a NaN or infinity; clean the data first."),
    ],
)
def test_what_has_no_rank(value, keywords, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        hs.matrix_rank(value, **keywords)
