# SPDX-License-Identifier: BSD-3-Clause
"""QR where it changes gear: tall matrices in parts, by Cholesky factors, many columns in blocks; odd scales."""

import numpy as np
import pytest
import scipy.linalg

import hessolve as hs
import problems
from problems import DTYPES, eps

# rows in one part and in several, Cholesky QR (from 200,000 elements on) and reflections, wide, blocks of every kind
SHAPES = [(700, 3), (5000, 9), (20_000, 7), (4000, 60), (20_000, 21), (300, 260), (260, 300), (60, 3000), (900, 201)]


def rounding(Q, R, A, dtype):
    """The defects of a factorisation, in eps and norms of Frobenius."""
    wide = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
    Q, R, A = Q.astype(wide), R.astype(wide), A.astype(wide)
    residual = np.linalg.norm(Q @ R - A) / np.linalg.norm(A)
    return residual / eps(dtype), np.linalg.norm(Q.conj().T @ Q - np.eye(Q.shape[1])) / eps(dtype)


@pytest.mark.parametrize("pivoting", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), SHAPES)
def test_factors_of_every_gear(m, n, dtype, pivoting):
    A = problems.random((m, n), dtype)
    before = A.copy()
    result = hs.qr(A, pivoting=pivoting)
    np.testing.assert_array_equal(A, before)
    Q, R = result[:2]
    r = min(m, n)
    assert Q.shape == (m, r)
    assert R.shape == (r, n)
    np.testing.assert_array_equal(np.tril(R, -1), 0)
    residual, loss = rounding(Q, R, A[:, result.P] if pivoting else A, dtype)
    assert residual <= 5 * np.sqrt(n)
    assert loss <= 10 * np.sqrt(r) + 5
    if pivoting:
        size = abs(np.diag(R))
        assert np.all(size[1:] <= size[:-1] * (1 + 100 * eps(dtype)))
        left = np.sqrt(np.cumsum(abs(R[::-1]) ** 2, axis=0))[::-1]  # what was left of each column at each step
        for k in range(0, r, 7):
            assert size[k] >= left[k, k:].max() * (1 - 1e3 * eps(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_signs_are_those_of_reflections_whatever_the_method(dtype):
    A = problems.random((9000, 30), dtype)  # by Cholesky factors with Q, by reflections without
    R = hs.qr(A).R
    expected = hs.qr(A, mode="r")
    assert abs(R - expected).max() <= 1e3 * eps(dtype) * abs(expected).max()
    assert np.all(np.diag(R).imag == 0)


@pytest.mark.parametrize("condition", [1e2, 1e6, 1e9, 1e13])
def test_tall_factors_are_orthonormal_at_any_condition(condition):
    """Cholesky QR must notice where it cannot, and leave the work to reflections."""
    A = problems.with_condition(40, condition, np.float64, m=6000)
    residual, loss = rounding(*hs.qr(A), A, np.float64)
    assert residual <= 40
    assert loss <= 10 * np.sqrt(40) + 5
    dependent = np.hstack([A[:, :30], A[:, :10]])
    residual, loss = rounding(*hs.qr(dependent), dependent, np.float64)
    assert residual <= 40
    assert loss <= 10 * np.sqrt(40) + 5


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [(300, 5), (20_000, 7), (5000, 60), (260, 250), (250, 500)])
@pytest.mark.parametrize("pivoting", [False, True])
def test_bits_depend_on_neither_threads_nor_memory_order(m, n, dtype, pivoting):
    A = problems.random((m, n), dtype)
    b = problems.random((m, 2), dtype, seed=1)
    with hs.num_threads(1):
        one, x = hs.qr(A, pivoting=pivoting), hs.lstsq(A, b, method="qr-pivoted" if pivoting else "qr").x
    with hs.num_threads(2):
        for other in (A, np.asfortranarray(A)):
            for ours, theirs in zip(one, hs.qr(other, pivoting=pivoting), strict=True):
                np.testing.assert_array_equal(ours, theirs)
            np.testing.assert_array_equal(hs.lstsq(other, b, method="qr-pivoted" if pivoting else "qr").x, x)


@pytest.mark.parametrize("pivoting", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_columns_of_very_different_size(dtype, pivoting):
    """Each column of A is met by Q R relative to its own size, also where products of columns underflow."""
    tiny = (
        [1e-11, 1.0, 1e-30, 1e-12]
        if np.dtype(dtype).itemsize in (4, 8) and eps(dtype) > 1e-10
        else [1e-130, 1, 1e-200, 1e-160]
    )
    scale = np.array(tiny, dtype=np.dtype(dtype).type(0).real.dtype)
    unit = problems.random((30, 4), dtype)
    result = hs.qr(unit * scale, pivoting=pivoting)
    order = result.P if pivoting else np.arange(4)
    back = (result.Q @ (result.R / scale[order]))[:, np.argsort(order)]
    assert np.all(np.linalg.norm(back - unit, axis=0) <= 50 * eps(dtype) * np.linalg.norm(unit, axis=0))


@pytest.mark.parametrize("pivoting", [False, True])
@pytest.mark.parametrize("dtype", DTYPES)
def test_elements_near_the_largest_number(dtype, pivoting):
    real = np.dtype(dtype).type(0).real.dtype
    size = real.type(np.finfo(real).max / 64)
    unit = problems.random((6, 4), dtype)
    unit /= abs(unit).max()
    result = hs.qr(unit * size, pivoting=pivoting)
    A = unit[:, result.P] if pivoting else unit
    residual, loss = rounding(result.Q, result.R / size, A, dtype)
    assert residual <= 20
    assert loss <= 20


def test_ranks_of_long_data_with_equal_columns():
    """Rounding of sums over many rows must not look like a new direction."""
    for m in (3000, 100_000):
        for dtype in (np.float32, np.float64):
            y = problems.random(m, dtype)
            for value in (7.0, 0.1, 1 / 3):
                A = np.full((m, 2), value, dtype=dtype)
                for method in ("auto", "qr-pivoted", "svd"):
                    assert hs.lstsq(A, y, method=method).rank == 1
                assert hs.backslash(A, y).rank == 1


def test_pivots_agree_with_lapack_where_norms_are_apart():
    A = problems.random((400, 70), np.float64) * np.random.default_rng(0).permutation(np.geomspace(1, 1e8, 70))
    np.testing.assert_array_equal(hs.qr(A, pivoting=True).P, scipy.linalg.qr(A, mode="r", pivoting=True)[1])
