# SPDX-License-Identifier: BSD-3-Clause
"""Matrices for iterations, in every form that they may be given, and sweeps in long double to hold them against."""

import numpy as np
import pytest

import problems

sparse = pytest.importorskip("scipy.sparse")

FORMS = ("dense", "dense F", "csr", "csr int64", "csc", "csc int64", "coo")


def poisson(k, dtype=np.float64, dimensions=2):
    """The five-point (or seven-point) difference matrix on a k x k grid, dense."""
    return laplacian(k, dimensions).toarray().astype(dtype)


def laplacian(k, dimensions=2):
    """The same as CSR."""
    line = sparse.diags_array([-np.ones(k - 1), 2 * np.ones(k), -np.ones(k - 1)], offsets=[-1, 0, 1])
    A = line
    for _ in range(dimensions - 1):
        A = sparse.kronsum(A, line)
    return sparse.csr_array(A)


def nine_point(k, dtype=np.float64):
    """A symmetric positive definite matrix whose graph is not consistently ordered."""
    one = np.eye(k, k=1) + np.eye(k, k=-1)
    return (9 * np.eye(k * k) - np.kron(np.eye(k) + one, np.eye(k) + one)).astype(dtype)


def dominant(n, dtype, seed=0, density=0.3):
    """A sparse matrix without symmetry whose diagonal outweighs its rows."""
    rng = np.random.default_rng(seed)
    A = problems.random((n, n), dtype, seed) * (rng.random((n, n)) < density)
    np.fill_diagonal(A, 0)
    A[np.diag_indices(n)] = 1.5 * abs(A).sum(axis=1) + 1
    return A.astype(dtype)


def hermitian_dominant(n, dtype, seed=0, density=0.2):
    A = dominant(n, dtype, seed, density)
    A = A + A.conj().T
    return (A + np.diag(abs(A).sum(axis=1))).astype(dtype)


def given_as(A, form):
    """The same matrix in another form."""
    if form.startswith("dense"):
        return np.asarray(A, order="F" if form.endswith("F") else "C")
    made = getattr(sparse, form[:3] + "_array")(A)
    if form.endswith("int64"):
        made.indptr, made.indices = made.indptr.astype(np.int64), made.indices.astype(np.int64)
    return made


def wide(A):
    return np.asarray(A).astype(np.clongdouble if np.asarray(A).dtype.kind == "c" else np.longdouble)


def splitting_matrix(A, method, omega=1.0):
    """S in long double, by its definition."""
    A = wide(A)
    D, L, U = np.diag(np.diag(A)), np.tril(A, -1), np.triu(A, 1)
    w = np.longdouble(omega)
    if method in ("gauss-seidel-symmetric", "ssor"):
        return w / (2 - w) * (L + D / w) @ (D / np.diag(A)[:, None] ** 2) @ (D / w + U)
    if method == "block-jacobi":
        block = np.arange(len(A)) // 8
        return np.where(block[:, None] == block, A, 0) / w
    return {
        "richardson": np.eye(len(A), dtype=A.dtype) / w,
        "jacobi": D / w,
        "gauss-seidel": L + D,
        "gauss-seidel-backward": D + U,
        "sor": L + D / w,
    }[method]


def solved(S, r):
    """S^-1 r in long double, by Gaussian elimination with partial pivoting."""
    S, r = S.copy(), r.copy()
    n = len(S)
    for k in range(n):
        p = k + int(np.argmax(abs(S[k:, k])))
        S[[k, p]], r[[k, p]] = S[[p, k]], r[[p, k]]
        factor = S[k + 1 :, k] / S[k, k]
        S[k + 1 :] -= factor[:, None] * S[k]
        r[k + 1 :] -= factor * r[k]
    for k in range(n - 1, -1, -1):
        r[k] = (r[k] - S[k, k + 1 :] @ r[k + 1 :]) / S[k, k]
    return r
