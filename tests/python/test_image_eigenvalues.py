# SPDX-License-Identifier: BSD-3-Clause
"""Closed forms of symmetric matrices of two and three rows: their error bound, near degeneracy above all."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import hessolve as hs

DTYPES = [np.float32, np.float64]
BOUND = {1: 1, 2: 4, 3: 16, 4: 40, 5: 40}  # in eps ||H||


def components(A):
    rows, columns = np.triu_indices(A.shape[-1])
    return np.moveaxis(A[..., rows, columns], -1, 0)


def rotations(rng, d, count):
    return np.linalg.qr(rng.standard_normal((count, d, d)))[0]


def with_eigenvalues(rng, values, dtype):
    """Symmetric matrices with eigenvalues near these, exactly symmetric in the dtype."""
    values = np.asarray(values, dtype=float)
    Q = rotations(rng, values.shape[-1], len(values))
    A = (Q * values[:, np.newaxis, :]) @ np.swapaxes(Q, -1, -2)
    return ((A + np.swapaxes(A, -1, -2)) / 2).astype(dtype)


def exact(A):
    with mpmath.workdps(60):
        values = mpmath.eigsy(mpmath.matrix(A.astype(float).tolist()), eigvals_only=True)
        return sorted((mpmath.mpf(v) for v in values), reverse=True)


def spectra(d):
    close = [0.0, 1e-17, 1e-15, 1e-12, 1e-9, 1e-7, 1e-4, 1e-2]
    if d == 1:
        return [[1.0], [-2.0]]
    if d == 2:
        return [[1, 1 + e] for e in close] + [[1, -1 + e] for e in close] + [[1, e] for e in close]
    pairs = [[1, 1 + e, x] for e in close for x in (3, -2, 1, 0)] + [[1 + e, 1, 1 - f] for e in close for f in close]
    return pairs + [[1, e, -f] for e in close for f in close] + [[1, -1 + e, e] for e in close]


@pytest.mark.parametrize("scale", [1.0, 1e-30, 1e30])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [1, 2, 3])
def test_close_eigenvalues_are_right_to_the_bound(d, dtype, scale):
    rng = np.random.default_rng(d)
    A = with_eigenvalues(rng, scale * np.array(spectra(d)), dtype)
    found = hs.image.hessian_eigenvalues(components(A))
    assert found.dtype == dtype
    for k, matrix in enumerate(A):
        expected = exact(matrix)
        size = max(abs(v) for v in expected)
        error = max(abs(mpmath.mpf(float(f)) - e) for f, e in zip(found[:, k], expected, strict=True))
        assert error <= BOUND[d] * np.finfo(dtype).eps * size


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [1, 2, 3, 4, 5])
def test_eigenvectors_are_orthonormal_and_satisfy_their_equation(d, dtype):
    rng = np.random.default_rng(d)
    A = rng.standard_normal((500, d, d)).astype(dtype)
    A = A + np.swapaxes(A, -1, -2)
    if d in (2, 3):
        A = np.concatenate([A, with_eigenvalues(rng, spectra(d), dtype), np.zeros((1, d, d), dtype)])
        A = np.concatenate([A, np.eye(d, dtype=dtype)[np.newaxis], np.diag(np.arange(d, dtype=dtype))[np.newaxis]])
    values, vectors = hs.image.hessian_eigh(components(A))
    V = np.moveaxis(vectors, -1, 0).astype(np.longdouble)
    wide, eps = A.astype(np.longdouble), np.finfo(dtype).eps
    size = np.linalg.norm(A.astype(float), 2, axis=(-2, -1))[:, np.newaxis, np.newaxis]
    residual = np.einsum("nij,njk->nik", wide, V) - V * values.T[:, np.newaxis, :]
    orthogonality = np.einsum("nji,njk->nik", V, V) - np.eye(d)
    assert abs(orthogonality).max() <= BOUND[max(d, 3)] * eps
    assert (abs(residual) <= BOUND[max(d, 3)] * eps * size).all()
    assert (np.diff(values, axis=0) <= 0).all()


@pytest.mark.parametrize("d", [1, 2, 3, 4, 6])
def test_values_are_numpys_in_both_orders(d):
    rng = np.random.default_rng(d)
    H = rng.standard_normal((d * (d + 1) // 2, 7, 11))
    A = np.empty((7, 11, d, d))
    for c, (i, j) in enumerate(zip(*np.triu_indices(d), strict=True)):
        A[..., i, j] = A[..., j, i] = H[c]
    expected = np.moveaxis(np.linalg.eigvalsh(A)[..., ::-1], -1, 0)
    np.testing.assert_allclose(hs.image.hessian_eigenvalues(H), expected, rtol=0, atol=1e-14 * d)
    found = hs.image.hessian_eigenvalues(H, order="magnitude")
    assert (np.diff(abs(found), axis=0) >= 0).all()
    np.testing.assert_allclose(np.sort(found, axis=0)[::-1], expected, rtol=0, atol=1e-14 * d)
    np.testing.assert_allclose(hs.image.hessian_eigh(H).eigenvalues, expected, rtol=0, atol=1e-14 * d)


@settings(max_examples=200, deadline=None)
@given(hnp.arrays(np.float64, (6, 3), elements=st.floats(-1e150, 1e150)))
def test_any_three_rows_keep_trace_and_norm(H):
    """Sums of eigenvalues and of their squares are the trace and the squared norm, whatever the matrix."""
    values = hs.image.hessian_eigenvalues(H).astype(np.longdouble)
    wide = H.astype(np.longdouble)
    size = abs(wide).max(axis=0)
    assert np.isfinite(values).all()
    assert (abs(values.sum(axis=0) - (wide[0] + wide[3] + wide[5])) <= 60 * 2.3e-16 * size + 1e-322).all()
    norm = (wide**2).sum(axis=0) + (wide[[1, 2, 4]] ** 2).sum(axis=0)
    assert (abs((values**2).sum(axis=0) - norm) <= 200 * 2.3e-16 * size**2 + 1e-322 * size).all()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("d", [2, 3])
def test_almost_multiples_of_the_unit_matrix(d, dtype):
    """A few roundings away from c I: nothing but them is left once c is taken off."""
    rng = np.random.default_rng(0)
    eps = np.finfo(dtype).eps
    noise = rng.integers(-2, 3, (2000, d, d)) * eps * rng.choice([1, 0.5, 1e-3, 1e-20], (2000, 1, 1))
    noise = noise + np.swapaxes(noise, -1, -2)
    A = (rng.choice([1.0, 1 / 3, -7.3], (2000, 1, 1)) * np.eye(d) + noise).astype(dtype)
    values, vectors = hs.image.hessian_eigh(components(A))
    wide = np.linalg.eigvalsh(A.astype(float))[:, ::-1].T
    assert (abs(values - wide) <= BOUND[d] * eps * abs(wide).max(axis=0) + 1e-15).all()
    assert np.array_equal(values, hs.image.hessian_eigenvalues(components(A)))
    V = np.moveaxis(vectors, -1, 0)
    assert abs(np.swapaxes(V, -1, -2) @ V - np.eye(d)).max() <= 16 * eps


@pytest.mark.parametrize("d", [2, 3])
def test_a_matrix_has_the_same_bits_wherever_it_stands(d):
    H = np.random.default_rng(0).standard_normal((d * (d + 1) // 2, 20000))
    together = hs.image.hessian_eigenvalues(H)
    for k in (0, 3, 8191, 8192, 19999):
        assert np.array_equal(hs.image.hessian_eigenvalues(H[:, k : k + 1])[:, 0], together[:, k])
    with hs.num_threads(1):
        assert np.array_equal(hs.image.hessian_eigenvalues(H), together)


def test_lists_of_components_are_taken():
    H = list(np.random.default_rng(0).standard_normal((3, 5, 6)))
    assert np.array_equal(hs.image.hessian_eigenvalues(H), hs.image.hessian_eigenvalues(np.array(H)))
