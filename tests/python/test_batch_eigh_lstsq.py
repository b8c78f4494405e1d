# SPDX-License-Identifier: BSD-3-Clause
"""Stacks of small eigenvalue and least squares problems side by side in the vector lanes."""

import numpy as np
import pytest

import hessolve as hs
import problems
from hessolve.compat import numpy_linalg
from problems import DTYPES, eps

SIZES = [1, 2, 3, 4, 5, 8, 15, 16, 17, 31, 32]
COUNT = 21  # no multiple of a lane count


def hermitian(n, dtype, count=COUNT):
    """Make random ones, and those that QL meets with blocks, multiple eigenvalues and extreme scales."""
    A = np.stack([problems.hermitian(n, 1e3, dtype, seed=seed, signs="mixed") for seed in range(count)])
    scale = A.real.dtype.type(10.0 ** (-30 if A.real.dtype == np.float32 else -280))
    special = [
        np.zeros((n, n)),
        np.eye(n),
        np.ones((n, n)),
        np.diag(np.arange(n) % 3),
        np.eye(n, k=1) + np.eye(n, k=-1),
        np.diag(np.geomspace(1, eps(dtype) ** 3, n)) + eps(dtype) * np.ones((n, n)),
    ]
    for i, matrix in enumerate(special):
        A[i] = matrix
    A[len(special)] *= scale
    A[len(special) + 1] /= scale
    return A


def reference(A):
    """Eigenvalues in twice the precision or, where there is none, by LAPACK, each slice scaled near 1."""
    size = np.maximum(abs(A).max(axis=(1, 2)), np.finfo(A.real.dtype).tiny).astype(float)
    return np.linalg.eigvalsh(A.astype(np.complex128) / size[:, None, None]), size


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_eigenvalues_and_vectors_of_a_stack(n, dtype):
    A = hermitian(n, dtype)
    before = A.copy()
    w, V = hs.eigh(A)
    values = numpy_linalg.eigvalsh(A)
    np.testing.assert_array_equal(A, before)
    assert w.dtype == values.dtype == A.real.dtype
    assert V.dtype == A.dtype
    truth, size = reference(A)
    bar = 8 * max(n, 2) * eps(dtype)
    norm = np.maximum(abs(truth).max(axis=1, keepdims=True), 1e-30)
    for found in (w, values):
        assert np.all(np.diff(found, axis=1) >= 0)
        assert np.all(abs(found.astype(float) / size[:, None] - truth) <= bar * norm)
    wide = V.astype(np.complex128)
    residual = (A.astype(np.complex128) @ wide - wide * w[:, None, :]) / size[:, None, None]
    assert np.all(np.linalg.norm(residual, axis=(1, 2)) <= bar * norm[:, 0])
    assert np.all(np.linalg.norm(wide.conj().swapaxes(1, 2) @ wide - np.eye(n), axis=(1, 2)) <= bar)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 3, 4, 7, 32])
def test_bits_of_eigh_depend_on_neither_place_nor_memory_order(n, dtype):
    A = hermitian(n, dtype)
    w, V = hs.eigh(A)
    shuffled = np.random.default_rng(0).permutation(COUNT)
    wide = np.full((2 * COUNT, n, n), np.nan, dtype=A.dtype)
    wide[::2] = A
    with hs.num_threads(1):
        for other, order in (
            (A[shuffled], shuffled),
            (A[3:], slice(3, None)),
            (np.ascontiguousarray(A.swapaxes(1, 2)).swapaxes(1, 2), slice(None)),
            (wide[::2], slice(None)),
        ):
            w2, V2 = hs.eigh(other)
            np.testing.assert_array_equal(w2, w[order])
            np.testing.assert_array_equal(V2, V[order])
            np.testing.assert_array_equal(np.signbit(V2.real), np.signbit(V[order].real))


@pytest.mark.parametrize("dtype", DTYPES)
def test_eigh_reads_the_lower_triangle(dtype):
    A = hermitian(6, dtype)
    spoiled = np.where(np.tril(np.ones((6, 6), bool)), A, 7)
    np.testing.assert_array_equal(hs.eigh(spoiled).eigenvalues, hs.eigh(A).eigenvalues)


def stack(m, n, dtype, condition, count=COUNT):
    return np.stack([problems.with_condition(n, condition, dtype, seed=seed, m=m) for seed in range(count)])


SHAPES = [(1, 1, 1), (3, 3, 1), (5, 2, 1), (17, 4, 3), (40, 16, 1), (100, 32, 2)]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n", "k"), SHAPES)
@pytest.mark.parametrize("condition", [1e0, 1e2, 1e3])
def test_least_squares_of_a_stack(m, n, k, condition, dtype):
    """Within what conditioning allows of the answer in double or, for doubles, of LAPACK's with its own error."""
    A = stack(m, n, dtype, condition)
    b = problems.random((COUNT, m, k), dtype)
    before = A.copy(), b.copy()
    x, squares, rank, s = hs.lstsq(A, b)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(b, before[1])
    assert s is None
    assert rank.tolist() == [n] * COUNT
    for i in range(COUNT):
        truth = np.linalg.lstsq(A[i].astype(np.complex128), b[i].astype(np.complex128), rcond=None)[0]
        r = b[i].astype(np.complex128) - A[i].astype(np.complex128) @ truth
        kappa = condition if n > 1 else 1.0
        size = np.linalg.norm(truth) + kappa * np.linalg.norm(r) / np.linalg.norm(A[i].astype(np.complex128), 2)
        assert np.linalg.norm(x[i] - truth) <= 20 * n * eps(dtype) * kappa * size
        if m > n:
            length = np.linalg.norm(r, axis=0)
            moved = 20 * n * eps(dtype) * np.linalg.norm(abs(A[i]) @ abs(truth) + abs(b[i]), axis=0)
            assert np.all(abs(squares[i] - length**2) <= 2 * length * moved + moved**2)


@pytest.mark.parametrize("dtype", DTYPES)
def test_difficult_slices_get_the_careful_treatment(dtype):
    """Dependent, zero and badly scaled columns in a stack: rank and answer as of the matrix alone."""
    A = stack(12, 4, dtype, 10.0)
    b = problems.random((COUNT, 12, 1), dtype)
    A[2, :, 3] = A[2, :, 0]
    A[5] = 0
    A[7, :, 1] *= A.real.dtype.type(1e-25 if A.real.dtype == np.float32 else 1e-200)
    A[11, :, 2] = 1
    x, _, rank, _ = hs.lstsq(A, b)
    assert rank[2] == 3
    assert rank[5] == 0
    assert np.all(rank[[0, 1, 3, 4, 6, 7, 8]] == 4)
    for i in (2, 5, 7, 11):
        alone = hs.lstsq(A[i], b[i])
        assert alone.rank == rank[i]
        np.testing.assert_allclose(x[i], alone.x, rtol=2e3 * eps(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_bits_of_lstsq_depend_on_neither_place_nor_memory_order(dtype):
    A, b = stack(9, 5, dtype, 10.0), problems.random((COUNT, 9, 2), dtype)
    A[4, :, 1] = A[4, :, 0]
    x = hs.lstsq(A, b).x
    shuffled = np.random.default_rng(0).permutation(COUNT)
    np.testing.assert_array_equal(hs.lstsq(A[shuffled], b[shuffled]).x, x[shuffled])
    turned = np.ascontiguousarray(A.swapaxes(1, 2)).swapaxes(1, 2)
    with hs.num_threads(1):
        np.testing.assert_array_equal(hs.lstsq(turned, b).x, x)
        np.testing.assert_array_equal(hs.lstsq(A[2:], b[2:]).x, x[2:])


def test_a_slice_that_is_not_finite_is_named():
    A, b = stack(9, 5, np.float64, 10.0), problems.random((COUNT, 9, 1), np.float64)
    A[6, 2, 1] = np.inf
    with pytest.raises(ValueError, match=r"`A`.* slice 6, row 2, column 1"):
        hs.lstsq(A, b)
