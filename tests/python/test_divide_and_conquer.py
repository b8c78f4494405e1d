# SPDX-License-Identifier: BSD-3-Clause
"""Eigenvalues and singular values by divide and conquer, on spectra that are hard for it."""

import numpy as np
import pytest

import hessolve as hs
import problems
from hessolve.compat import numpy_linalg
from problems import DTYPES, eps

SIZES = (16, 17, 32, 33, 34, 65, 66, 67, 130, 311)
N = 150


def bars(n, dtype):
    """What residuals and orthogonality may cost, in Frobenius norms."""
    return 10 * np.sqrt(n) * eps(dtype), 10 * np.sqrt(n) * np.sqrt(n) * eps(dtype)


def check_eigh(A):
    n, dtype = len(A), A.dtype
    w, V = hs.eigh(A)
    residual, loss = bars(n, dtype)
    wide = np.complex128 if dtype.kind == "c" else np.float64
    exact, V = A.astype(wide), V.astype(wide)
    size = float(np.abs(exact).max()) or 1.0  # so that no square leaves the range
    norm = np.linalg.norm(exact / size) or 1.0
    assert np.linalg.norm((exact / size) @ V - V * (w.astype(np.float64) / size)) <= residual * norm
    assert np.linalg.norm(V.conj().T @ V - np.eye(n)) <= loss
    assert (np.diff(w) >= 0).all()
    values = numpy_linalg.eigvalsh(A)
    np.testing.assert_allclose(values / size, w / size, atol=n * eps(dtype) * norm)


def check_svd(A):
    (m, n), dtype = A.shape, A.dtype
    r = min(m, n)
    U, s, Vh = hs.svd(A, full_matrices=False)
    residual, loss = bars(max(m, n), dtype)
    wide = np.complex128 if dtype.kind == "c" else np.float64
    exact, U, Vh = A.astype(wide), U.astype(wide), Vh.astype(wide)
    size = float(np.abs(exact).max()) or 1.0
    norm = np.linalg.norm(exact / size) or 1.0
    assert np.linalg.norm((U * (s.astype(np.float64) / size)) @ Vh - exact / size) <= residual * norm
    assert np.linalg.norm(U.conj().T @ U - np.eye(r)) <= loss
    assert np.linalg.norm(Vh @ Vh.conj().T - np.eye(r)) <= loss
    assert (np.diff(s) <= 0).all()
    assert (s >= 0).all()
    np.testing.assert_allclose(numpy_linalg.svdvals(A) / size, s / size, atol=r * eps(dtype) * norm)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_random_hermitian(n, dtype):
    A = problems.random((n, n), dtype, seed=n)
    check_eigh((A + A.conj().T) / 2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(n, n) for n in SIZES] + [(40, 33), (33, 40), (700, 66), (66, 700)])
def test_random(shape, dtype):
    check_svd(problems.random(shape, dtype, seed=shape[0]))


def spectra():
    return {
        "equal but one": np.r_[np.ones(N - 1), 0.0],
        "to the rounding unit": np.geomspace(1, 1e-16, N),
        "to the end of the range": np.geomspace(1, 1e-300, N),
        "equal steps": np.linspace(1, 2, N),
        "half zero": np.r_[np.ones(N // 2), np.zeros(N - N // 2)],
        "pairs a rounding apart": np.repeat(np.arange(1.0, N // 2 + 1), 2) + 1e-15 * np.arange(N),
        "one": np.r_[1.0, np.zeros(N - 1)],
    }


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.complex128])
@pytest.mark.parametrize("name", spectra())
def test_hard_spectra(name, dtype):
    complex_ = np.dtype(dtype).kind == "c"
    Q, P = (problems.orthogonal(N, complex_, seed=seed) for seed in (1, 2))
    w = spectra()[name]
    A = (Q * w) @ Q.conj().T
    check_eigh(((A + A.conj().T) / 2).astype(dtype))
    check_svd(((Q * w) @ P.conj().T).astype(dtype))


def tridiagonals():
    ones = np.ones(N - 1)
    wilkinson = np.diag(np.abs(np.arange(21) - 10.0)) + np.eye(21, k=1) + np.eye(21, k=-1)
    glued = np.kron(np.eye(8), wilkinson)
    for i in range(21, 168, 21):
        glued[i, i - 1] = glued[i - 1, i] = 1e-8
    return {
        "zero": np.zeros((N, N)),
        "unit": np.eye(N),
        "diagonal": np.diag(np.arange(N)[::-1] * 1.0),
        "second differences": 2 * np.eye(N) - np.diag(ones, 1) - np.diag(ones, -1),
        "Wilkinson": np.diag(np.abs(np.arange(N) - N // 2) * 1.0) + np.diag(ones, 1) + np.diag(ones, -1),
        "glued Wilkinson": glued,
        "graded down": np.diag(np.geomspace(1, 1e-300, N)) + 0 * np.eye(N, k=1),
        "ones": np.ones((N, N)),
        "Hilbert": 1 / (np.arange(N)[:, None] + np.arange(N) + 1.0),
        "signs": np.random.default_rng(0).integers(-1, 2, (N, N)) * 1.0,
    }


@pytest.mark.parametrize("name", tridiagonals())
@pytest.mark.parametrize("scale", [1e-300, 1.0, 1e300])
def test_hard_hermitian_matrices(name, scale):
    A = tridiagonals()[name]
    A = np.tril(A) + np.tril(A, -1).T
    check_eigh(A * (scale / max(np.abs(A).max(), 1)))


def bidiagonals():
    ones, rng = np.ones(N - 1), np.random.default_rng(0)
    split = np.eye(N) + np.diag(ones, 1)
    split[75, 75] = 0
    row = split.copy()
    row[75, 76] = 0
    zeros = np.eye(N) + np.diag(ones, 1)
    zeros[10:90] = 0
    down = np.geomspace(1, 1e-300, N)
    return {
        "zero": np.zeros((N, N)),
        "shift": np.diag(ones, 1),
        "ones": np.eye(N) + np.diag(ones, 1),
        "zero on the diagonal": split,
        "zero row": row,
        "many zero rows": zeros,
        "graded down": np.diag(down) + np.diag(down[:-1], 1),
        "graded up": np.diag(down[::-1]) + np.diag(down[:0:-1], 1),
        "triangle": np.triu(np.ones((N, N))),
        "Kahan's": np.eye(N) - np.triu(np.ones((N, N)), 1),
        "Vandermonde": np.vander(np.linspace(0, 1, N)),
        "columns of all sizes": rng.standard_normal((N, N)) * np.geomspace(1e-300, 1, N),
        "rows of all sizes": rng.standard_normal((N, N)) * np.geomspace(1e-300, 1, N)[:, None],
    }


@pytest.mark.parametrize("name", bidiagonals())
@pytest.mark.parametrize("scale", [1e-290, 1.0, 1e300])
def test_hard_matrices(name, scale):
    A = bidiagonals()[name]
    check_svd(A * (scale / max(np.abs(A).max(), 1)))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [130, 200])
def test_what_is_left_of_a_rank_one_matrix_may_be_denormal(n, dtype):
    """Reflections of vectors that have hardly a digit are no reflections."""
    wave = np.exp(-2 * np.add.outer(np.arange(n), np.arange(n)))
    head = np.random.default_rng(0).standard_normal((n, n)) * 1e-311
    head[0, 0] = 1
    for A in (np.ones((n, n)), np.tile(np.linspace(0, 1, n), (n, 1)), wave, head):
        check_svd(A.astype(dtype))
        check_eigh(((A + A.T) / 2).astype(dtype))


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_the_bits_do_not_depend_on_threads(dtype):
    A = problems.random((450, 450), dtype)
    H = A + A.conj().T

    def both():
        return (*hs.eigh(H), *hs.svd(A, full_matrices=False), numpy_linalg.eigvalsh(H), numpy_linalg.svdvals(A))

    with hs.num_threads(1):
        one = both()
    with hs.num_threads(2):
        for x, y in zip(both(), one, strict=True):
            np.testing.assert_array_equal(x, y)


@pytest.mark.parametrize("assume_a", ["pos", None])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [65, 96, 97, 193, 300])
def test_the_inverse_of_a_cholesky_factor_is_hermitian_to_the_bit(n, dtype, assume_a):
    X = problems.random((n, n + 5), dtype)
    A = X @ X.conj().T / n + np.eye(n, dtype=dtype) / 10
    A = (A + A.conj().T) / 2
    inverse = hs.inv(A, assume_a=assume_a)
    np.testing.assert_array_equal(inverse, inverse.conj().T)
    wide = np.complex128 if np.dtype(dtype).kind == "c" else np.float64
    product = inverse.astype(wide) @ A.astype(wide)
    assert np.linalg.norm(product - np.eye(n)) <= 4 * n * eps(dtype) * np.linalg.cond(A.astype(wide))
