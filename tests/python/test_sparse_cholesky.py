# SPDX-License-Identifier: BSD-3-Clause
"""Sparse Cholesky: any pattern, equal to the dense factorisation, the same bits on any number of threads."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hessolve as hs
import problems
import reference
import sparse_problems as sp
from hessolve import _core
from hessolve.sparse_factor import factor_sparse


def definite(pattern, dtype, seed=0):
    """Hermitian with a dominant diagonal on a pattern and its mirror image; off it, rows have units of their own."""
    n = pattern.shape[0]
    A = np.tril(problems.random((n, n), dtype, seed) * pattern, -1)
    A = A + A.conj().T
    A += np.diag(abs(A).sum(axis=1).real + 1)
    return A.astype(dtype)


def arrow(n):
    P = np.eye(n, dtype=bool)
    P[-1] = P[:, 0] = True
    return P


def forest(n):
    """Trees of depth 3 without an edge between them."""
    P = np.eye(n, dtype=bool)
    for j in range(n):
        if j % 13:
            P[j, j - 1 - (j % 13) // 3] = True
    return P


def banded(n):
    return abs(np.subtract.outer(np.arange(n), np.arange(n))) <= 5


def blocks(n):
    """Cliques that overlap in a column: dense supernodes in a chain."""
    at = np.arange(n) // 24
    P = np.equal.outer(at, at)
    P[24::24, 23 : n - 1 : 24] |= np.eye(len(range(24, n, 24)), len(range(23, n - 1, 24)), dtype=bool)
    return P


PATTERNS = {
    "diagonal": lambda n: np.eye(n, dtype=bool),
    "dense": lambda n: np.ones((n, n), dtype=bool),
    "arrow": arrow,
    "forest": forest,
    "banded": banded,
    "blocks": blocks,
    "grid": lambda n: sp.poisson(int(n**0.5))[:n, :n] != 0,
    "random": lambda n: np.random.default_rng(n).random((n, n)) < 3 / n,
}


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("n", [1, 5, 30, 121, 400])
@pytest.mark.parametrize("name", PATTERNS)
def test_equals_the_dense_factorisation(name, n, dtype):
    pattern = PATTERNS[name](n)
    A = definite(pattern, dtype, n)
    n = len(A)
    B = problems.random((n, 3), dtype, 2)
    F = factor_sparse(sp.given_as(A, "csc"), "cholesky")
    for trans, op in (("N", A), ("T", A.T), ("C", A.conj().T)):
        assert reference.backward_error(op, F.solve(B, trans), B) <= 4 * n * problems.eps(dtype)
    sign, log = F.slogdet()
    assert sign == pytest.approx(1)
    assert log == pytest.approx(np.linalg.slogdet(A.astype(np.result_type(dtype, np.float64)))[1], rel=1e-5)


def star(leaves, width):
    """Leaves that have all columns of a dense center in common: their updates are many times what L holds."""
    n = leaves + width
    rows, cols = np.indices((leaves, width))
    lower = sp.sparse.coo_array((np.full(leaves * width, -1.0), ((cols + leaves).ravel(), rows.ravel())), (n, n))
    return sp.sparse.csr_array(lower + lower.T + (leaves + width) * sp.sparse.eye_array(n))


LARGE = {  # several subtrees; a front that threads share; thousands of leaves under one front; a front over 256 columns
    "plane": lambda: sp.laplacian(130, 2),
    "space": lambda: sp.laplacian(17, 3),
    "star": lambda: star(4000, 60),
    "dense below": lambda: sp.sparse.csr_array(sp.sparse.block_diag([definite(np.ones((700, 700)), float)] * 2)),
}


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("name", LARGE)
def test_bits_do_not_depend_on_threads_or_the_way_there(name, dtype):
    A = LARGE[name]().astype(dtype)
    if np.dtype(dtype).kind == "c":
        A = A + 0.01j * (sp.sparse.triu(A, 1) - sp.sparse.tril(A, -1))
    A = sp.sparse.csr_array(A).astype(dtype)
    b = problems.random(A.shape[0], dtype, 0)
    x = {}
    for threads in (1, 2):
        with hs.num_threads(threads):
            F = factor_sparse(A, "cholesky")
            x[threads] = F.solve(b)
            F.refactor(4 * A.data)
            np.testing.assert_array_equal(4 * F.solve(b), x[threads])  # powers of two, roots of which change no digit
    np.testing.assert_array_equal(x[1], x[2])
    wide = sp.sparse.csr_array((A.data, A.indices.astype(np.int64), A.indptr.astype(np.int64)), A.shape)
    np.testing.assert_array_equal(factor_sparse(wide, "cholesky").solve(b), x[1])
    size = abs(A).sum(axis=1).max() * abs(x[1]).max() + abs(b).max()
    assert abs(A @ x[1] - b).max() <= 4 * len(b) * problems.eps(dtype) * size


@pytest.mark.parametrize("k", [10, 75])
@pytest.mark.parametrize("name", ["plane", "space", "star", "dense below"])
def test_the_first_column_without_a_pivot_is_the_same_on_any_threads(name, k):
    A = sp.sparse.lil_array(LARGE[name]())
    for j in np.random.default_rng(k).choice(A.shape[0], k, replace=False):  # several subtrees fail
        A[j, j] = -1.0
    named = set()
    for threads in (1, 2):
        with hs.num_threads(threads), pytest.raises(hs.NotPositiveDefiniteError) as caught:
            hs.solve(sp.sparse.csr_array(A), np.ones(A.shape[0]), method="cholesky")
        named.add(str(caught.value))
    assert len(named) == 1


def test_declines_what_costs_more():
    A = sp.laplacian(20, 2)
    arrays = (*A.shape, A.indptr, A.indices, A.data, True)
    assert _core.factor_sparse(*arrays, "auto", 1e4) is None
    assert _core.factor_sparse(*arrays, "auto", np.inf).kind == "cholesky"
    assert _core.factor_sparse(*arrays, "lu", 1e4).kind == "lu"  # which is not estimated


@settings(max_examples=60, deadline=None)
@given(st.integers(1, 40), st.data())
def test_any_pattern(n, data):
    edges = data.draw(st.lists(st.tuples(st.integers(0, n - 1), st.integers(0, n - 1)), max_size=4 * n))
    pattern = np.eye(n, dtype=bool)
    for i, j in edges:
        pattern[max(i, j), min(i, j)] = True
    A = definite(pattern, np.float64, n)
    stored = sp.sparse.csr_array(A)
    b = np.arange(1.0, n + 1)
    x = hs.solve(stored, b, method="cholesky")
    assert reference.backward_error(A, x, b) <= 4 * n * problems.eps(np.float64)


@pytest.mark.parametrize("n", [3, 50, 300])
def test_names_a_column_without_a_positive_pivot(n):
    A = definite(PATTERNS["grid"](n), np.float64)
    n = len(A)
    for bad in {0, n // 2, n - 1}:
        broken = A.copy()
        broken[bad, bad] = -1
        with pytest.raises(hs.NotPositiveDefiniteError, match=f"column {bad}"):
            hs.solve(sp.given_as(broken, "csr"), np.ones(n), method="cholesky")
    F = factor_sparse(sp.given_as(A, "csr"), "cholesky")
    values = sp.given_as(A, "csr").data
    with pytest.raises(hs.NotPositiveDefiniteError):
        F.refactor(-values)
    F.refactor(values)
    assert reference.backward_error(A, F.solve(np.ones(n)), np.ones(n)) <= 4 * n * problems.eps(np.float64)


def test_zeros_that_are_stored_on_one_side_alone():
    A = sp.sparse.csr_array(definite(banded(40), np.float64))
    extra = sp.sparse.coo_array(A)
    rows = np.concatenate([extra.coords[0], [3, 30]])
    cols = np.concatenate([extra.coords[1], [33, 1]])
    stored = sp.sparse.csr_array((np.concatenate([extra.data, [0.0, 0.0]]), (rows, cols)), A.shape)
    assert stored.nnz == A.nnz + 2
    b = np.ones(40)
    x = hs.solve(stored, b, method="cholesky")
    assert reference.backward_error(A.toarray(), x, b) <= 4 * 40 * problems.eps(np.float64)
