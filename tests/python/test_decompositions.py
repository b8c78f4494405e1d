# SPDX-License-Identifier: BSD-3-Clause
"""hs.lu, cholesky, ldlt, qr, svd, eigh: the factors multiply to A, are of the shape they promise, and orthogonal."""

import re

import numpy as np
import pytest
import scipy.linalg

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import wide

SIZES = (0, 1, 2, 3, 7, 64, 150, 257)
SHAPES = [(n, n) for n in SIZES] + [(5, 2), (2, 5), (150, 64), (64, 150), (257, 3), (3, 257), (4, 0), (0, 4)]
SHAPED = [(m, n, dtype, ORDERS[(m + n) % len(ORDERS)]) for m, n in SHAPES for dtype in DTYPES]
UNITARY = 10  # ||Q^H Q - I|| <= 10 sqrt(n) eps


def exact(A):
    """A in a wider type where products of that size are quick; double to double beyond."""
    if np.asarray(A).dtype.char in "fF":
        return np.asarray(A).astype(np.promote_types(A.dtype, np.float64))
    return wide(A) if max(A.shape, default=0) <= 64 else np.asarray(A)


def norm(A):
    A = np.asarray(A, dtype=np.complex128)
    return np.linalg.norm(A, 2) if A.size else 0.0


def condition_of(dtype, n):
    return min(1e6, 0.1 / eps(dtype)) if n > 1 else 1.0


def make(m, n, dtype, order):
    A = problems.with_condition(n, condition_of(dtype, min(m, n)), dtype, order, m=m)
    return A, A.copy()


def assert_orthonormal(Q):
    n = Q.shape[1]
    assert norm(exact(Q).conj().T @ exact(Q) - np.eye(n)) <= UNITARY * np.sqrt(max(Q.shape)) * eps(Q.dtype)


def assert_equal_to(product, A, factor=4):
    n = max(A.shape)
    assert norm(product - exact(A)) <= factor * n * eps(A.dtype) * max(norm(A), 1e-300)


@pytest.mark.parametrize(("m", "n", "dtype", "order"), SHAPED)
def test_lu(m, n, dtype, order):
    """``|A - P L U| <= gamma_n P |L| |U|``, entry by entry [Higham, Accuracy and Stability, theorem 9.3]."""
    A, before = make(m, n, dtype, order)
    P, L, U = hs.lu(A)
    r = min(m, n)
    assert (P.shape, L.shape, U.shape) == ((m, m), (m, r), (r, n))
    assert (P.dtype, L.dtype, U.dtype) == (np.finfo(dtype).dtype, dtype, dtype)
    np.testing.assert_array_equal(P.sum(axis=0), 1)
    np.testing.assert_array_equal(P @ P.T, np.eye(m))
    np.testing.assert_array_equal(L, np.tril(L))
    np.testing.assert_array_equal(np.diag(L), 1)
    np.testing.assert_array_equal(U, np.triu(U))
    assert abs(L).max(initial=0) <= (1 if np.dtype(dtype).kind == "f" else 2**0.5) + eps(dtype)
    error = abs(exact(P.astype(dtype)) @ (exact(L) @ exact(U)) - exact(A))
    assert (error <= 4 * max(m, n) * eps(dtype) * (exact(P) @ (abs(exact(L)) @ abs(exact(U))))).all()
    np.testing.assert_array_equal(A, before)


def test_lu_of_singular_and_permuted_matrices():
    for A in (np.zeros((3, 3)), np.ones((3, 3)), np.eye(4)[[2, 0, 3, 1]], np.array([[0.0, 1.0], [0.0, 2.0]])):
        P, L, U = hs.lu(A)
        np.testing.assert_array_equal(P @ L @ U, A)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", SIZES)
def test_cholesky(n, dtype, order):
    A = problems.hermitian(n, condition_of(dtype, n) / (10 * max(n, 1)), dtype, order)
    before = A.copy()
    L = hs.cholesky(A)
    assert L.dtype == dtype
    np.testing.assert_array_equal(L, np.tril(L))
    assert (np.diag(L).real > 0).all()
    assert (np.diag(L).imag == 0).all()
    assert_equal_to(exact(L) @ exact(L).conj().T, A)
    U = hs.cholesky(A, upper=True)
    np.testing.assert_array_equal(U, np.triu(U))
    assert_equal_to(exact(U).conj().T @ exact(U), A)
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_one_triangle_is_read(dtype):
    A = problems.hermitian(20, 10.0, dtype)
    junk = problems.random((20, 20), dtype, 3)
    lower, upper = np.tril(A) + np.triu(junk, 1), np.triu(A) + np.tril(junk, -1)
    np.testing.assert_array_equal(hs.cholesky(lower), hs.cholesky(A))
    np.testing.assert_array_equal(hs.cholesky(upper, upper=True), hs.cholesky(A, upper=True))
    for ours, theirs in zip(hs.ldlt(lower), hs.ldlt(A), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(hs.eigh(lower).eigenvalues, hs.eigh(A).eigenvalues)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["positive", "mixed", "symmetric", "zero diagonal"])
@pytest.mark.parametrize("n", SIZES)
def test_ldlt(n, kind, dtype, order):
    hermitian = kind != "symmetric"
    if kind == "symmetric":
        A = problems.random((n, n), dtype)
        A = problems.laid_out(np.tril(A) + np.tril(A, -1).T, order)
    elif kind == "zero diagonal":
        A = problems.hermitian(n, 10.0, dtype, order, signs="mixed")
        np.fill_diagonal(A, 0)
    else:
        A = problems.hermitian(n, condition_of(dtype, n), dtype, order, signs=kind)
    before = A.copy()
    L, D, perm = hs.ldlt(A, hermitian=hermitian)
    assert (L.dtype, D.dtype) == (dtype, dtype)
    np.testing.assert_array_equal(np.sort(perm), np.arange(n))
    unit = L[perm]
    np.testing.assert_array_equal(unit, np.tril(unit))
    np.testing.assert_array_equal(np.diag(unit), 1)
    below = np.flatnonzero(np.diag(D, -1)) if n else np.zeros(0, int)
    np.testing.assert_array_equal(D, np.triu(np.tril(D, 1), -1))
    assert (np.diff(below) > 1).all()  # blocks of order two do not overlap
    other = L.conj() if hermitian else L
    size = norm(abs(L)) * norm(D) * norm(abs(L))
    assert norm(exact(L) @ exact(D) @ exact(other).T - exact(A)) <= 4 * max(n, 1) * eps(dtype) * size
    if hermitian and kind != "zero diagonal" and n:
        signs = np.sign(np.linalg.eigvalsh(D.astype(np.complex128)))
        expected = np.sign(np.linalg.eigvalsh(A.astype(np.complex128)))
        assert (signs > 0).sum() == (expected > 0).sum()
    np.testing.assert_array_equal(A, before)


def test_ldlt_of_a_singular_matrix():
    for A in (np.zeros((3, 3)), np.ones((3, 3)), np.diag([1.0, 0.0, -2.0])):
        L, D, _ = hs.ldlt(A)
        np.testing.assert_allclose(L @ D @ L.T, A, atol=1e-15)


@pytest.mark.parametrize(("m", "n", "dtype", "order"), SHAPED)
def test_qr(m, n, dtype, order):
    A, before = make(m, n, dtype, order)
    r = min(m, n)
    for mode, columns in (("reduced", r), ("complete", m)):
        Q, R = hs.qr(A, mode=mode)
        assert (Q.shape, R.shape) == ((m, columns), (columns, n))
        assert (Q.dtype, R.dtype) == (dtype, dtype)
        np.testing.assert_array_equal(R, np.triu(R))
        assert_orthonormal(Q)
        assert_equal_to(exact(Q) @ exact(R), A)
    only = hs.qr(A, mode="r")
    assert type(only) is np.ndarray
    np.testing.assert_allclose(abs(only), abs(hs.qr(A).R), atol=8 * max(m, n) * eps(dtype))
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize(("m", "n", "dtype", "order"), SHAPED)
def test_pivoted_qr(m, n, dtype, order):
    A, before = make(m, n, dtype, order)
    Q, R, P = hs.qr(A, pivoting=True)
    r = min(m, n)
    assert (Q.shape, R.shape, P.shape) == ((m, r), (r, n), (n,))
    np.testing.assert_array_equal(np.sort(P), np.arange(n))
    assert_orthonormal(Q)
    assert_equal_to(exact(Q) @ exact(R), A[:, P])
    d = abs(np.diag(R))
    assert (d[1:] <= d[:-1] * (1 + 1e3 * eps(dtype)) + 100 * eps(dtype)).all()
    again, P2 = hs.qr(A, mode="r", pivoting=True)
    np.testing.assert_array_equal(P2, P)
    np.testing.assert_allclose(abs(again), abs(R), atol=8 * max(m, n) * eps(dtype))
    Q, R, P = hs.qr(A, mode="complete", pivoting=True)
    assert (Q.shape, R.shape) == ((m, m), (m, n))
    assert_equal_to(exact(Q) @ exact(R), A[:, P])
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [(5, 3), (3, 5), (4, 4), (1, 1)])
def test_raw_reflections(m, n, dtype):
    """Q = H_0 H_1 ..., H_j = I - tau_j v_j v_j^H, v_j below the diagonal of column j of h^T, R above it."""
    A = problems.random((m, n), dtype)
    h, tau = hs.qr(A, mode="raw")
    assert (h.shape, tau.shape) == ((n, m), (min(m, n),))
    Q = np.eye(m, dtype=dtype)
    for j, t in enumerate(tau):
        v = np.zeros(m, dtype)
        v[j], v[j + 1 :] = 1, h[j, j + 1 :]
        Q = Q @ (np.eye(m) - t * np.outer(v, v.conj()))
    np.testing.assert_allclose(Q @ np.triu(h.T), A, atol=200 * eps(dtype))


@pytest.mark.parametrize(("m", "n", "dtype", "order"), SHAPED)
def test_svd(m, n, dtype, order):
    A, before = make(m, n, dtype, order)
    r = min(m, n)
    U, S, Vh = hs.svd(A)
    assert (U.shape, S.shape, Vh.shape) == ((m, m), (r,), (n, n))
    assert (U.dtype, S.dtype, Vh.dtype) == (dtype, np.finfo(dtype).dtype, dtype)
    assert_orthonormal(U)
    assert_orthonormal(Vh)
    u, s, vh = hs.svd(A, full_matrices=False)
    assert (u.shape, s.shape, vh.shape) == ((m, r), (r,), (r, n))
    assert_orthonormal(u)
    assert_orthonormal(vh.conj().T)
    for left, values, right in ((U[:, :r], S, Vh[:r]), (u, s, vh)):
        assert_equal_to(exact(left) * exact(values) @ exact(right), A, factor=8)
    known = problems.spectrum(r, condition_of(dtype, r))
    for values in (S, s, hs.svd(A, compute_uv=False)):
        assert (values[1:] <= values[:-1]).all()
        np.testing.assert_allclose(values, known, rtol=0, atol=8 * max(m, n) * eps(dtype))
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("signs", ["positive", "mixed"])
@pytest.mark.parametrize(("n", "condition", "dtype"), problems.grid(SIZES))
def test_eigh(n, condition, dtype, signs):
    A = problems.hermitian(n, condition, dtype, ORDERS[n % len(ORDERS)], signs=signs)
    before = A.copy()
    w, V = hs.eigh(A)
    assert (w.shape, V.shape, w.dtype, V.dtype) == ((n,), (n, n), np.finfo(dtype).dtype, dtype)
    assert (w[1:] >= w[:-1]).all()
    assert_orthonormal(V)
    assert norm(exact(A) @ exact(V) - exact(V) * exact(w)) <= 8 * max(n, 1) * eps(dtype) * norm(A)
    known = problems.spectrum(n, condition) * np.where(np.arange(n) % 2, -1 if signs == "mixed" else 1, 1)
    np.testing.assert_allclose(w, np.sort(known), rtol=0, atol=8 * max(n, 1) * eps(dtype))
    np.testing.assert_array_equal(A, before)


def test_multiple_eigenvalues_and_scales():
    for scale in (1e-300, 1e-150, 1.0, 1e150, 1e300):
        w, V = hs.eigh(scale * np.diag([2.0, 1.0, 2.0]))
        np.testing.assert_allclose(w, scale * np.array([1.0, 2.0, 2.0]), rtol=1e-14)
        assert_orthonormal(V)
        np.testing.assert_allclose(hs.svd(scale * np.eye(3)).S, scale * np.ones(3), rtol=1e-14)
        np.testing.assert_allclose(abs(hs.qr(scale * np.eye(3)).R), scale * np.eye(3), rtol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("function", "square"),
    [(hs.lu, False), (hs.qr, False), (hs.svd, False), (hs.cholesky, True), (hs.ldlt, True), (hs.eigh, True)],
)
def test_stacks(function, square, dtype):
    """A stack is factored slice by slice."""
    if square:
        A = np.stack([problems.hermitian(4, 10.0, dtype, seed=seed) for seed in range(6)]).reshape(2, 3, 4, 4)
    else:
        A = problems.random((2, 3, 5, 4), dtype)
    for stack in (A, np.asfortranarray(A)):
        result = function(stack)
        parts = result if isinstance(result, tuple) else (result,)
        for i in np.ndindex(2, 3):
            single = function(A[i])
            if function is hs.eigh:  # eigenvectors are what they are up to a factor of modulus 1
                turn = np.sum(result.eigenvectors[i].conj() * single.eigenvectors, axis=0)
                single = (single.eigenvalues, single.eigenvectors * (abs(turn) / turn))
            for part, one in zip(parts, single if isinstance(single, tuple) else (single,), strict=True):
                np.testing.assert_allclose(part[i], one, atol=100 * eps(dtype))
    for empty in (A[:0], A[:, :0]):
        result = function(empty)
        parts = result if isinstance(result, tuple) else (result,)
        assert all(part.shape[:2] == empty.shape[:2] for part in parts)


@pytest.mark.parametrize(("m", "n"), [(4, 4), (5, 3), (3, 5)])
@pytest.mark.parametrize("dtype", DTYPES)
def test_agreement_with_scipy(m, n, dtype):
    A = problems.random((m, n), dtype)
    for ours, theirs in zip(hs.lu(A), scipy.linalg.lu(A), strict=True):
        np.testing.assert_allclose(ours, theirs, atol=100 * eps(dtype))
    np.testing.assert_array_equal(hs.qr(A, pivoting=True).P, scipy.linalg.qr(A, pivoting=True)[2])
    np.testing.assert_allclose(hs.svd(A).S, scipy.linalg.svdvals(A), atol=100 * eps(dtype))


def test_names():
    A = np.eye(2)
    assert hs.lu(A)._fields == ("P", "L", "U")
    assert hs.ldlt(A)._fields == ("L", "D", "perm")
    assert hs.qr(A)._fields == ("Q", "R")
    assert hs.qr(A, pivoting=True)._fields == ("Q", "R", "P")
    assert hs.svd(A)._fields == np.linalg.svd(A)._fields
    assert hs.eigh(A)._fields == np.linalg.eigh(A)._fields
    assert type(hs.cholesky(A)) is np.ndarray


ALL = [hs.lu, hs.qr, hs.svd, hs.cholesky, hs.ldlt, hs.eigh]


@pytest.mark.parametrize("function", ALL)
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_non_finite(function, bad):
    A = np.eye(3)
    A[2, 1] = bad
    text = r"^`A` \(3, 3\) has a NaN or infinity at row 2, column 1; clean the data"
    with pytest.raises(ValueError, match=text):
        function(A)


@pytest.mark.parametrize("function", ALL)
def test_wrong_shapes_and_types(function):
    with pytest.raises(ValueError, match=r"^`A` \(3,\) has fewer than two dimensions; "):
        function(np.ones(3))
    with pytest.raises(TypeError, match=r"^`A` has dtype longdouble; "):
        function(np.eye(2, dtype=np.longdouble))
    if function in (hs.cholesky, hs.ldlt, hs.eigh):
        text = rf"^`A` \(2, 3\) is not square, as hs\.{function.__name__} needs it; use hs\."
        with pytest.raises(ValueError, match=text):
            function(np.ones((2, 3)))
    assert function([[2, 1], [1, 2]])[0].dtype == np.float64


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda A: hs.qr(A, "economic"), ValueError, "mode='economic' is not valid; valid: 'reduced', 'complete', "),
        (lambda A: hs.qr(A, pivoting=1), TypeError, "pivoting=1 is not valid; valid: True, False."),
        (lambda A: hs.svd(A, full_matrices="yes"), TypeError, "full_matrices='yes' is not valid; valid: True, False."),
        (lambda A: hs.svd(A, compute_uv=0), TypeError, "compute_uv=0 is not valid; valid: True, False."),
        (lambda A: hs.cholesky(A, upper=None), TypeError, "upper=None is not valid; valid: True, False."),
        (lambda A: hs.ldlt(A, hermitian="no"), TypeError, "hermitian='no' is not valid; valid: True, False."),
    ],
)
def test_keywords(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}"):
        call(np.eye(2))


def test_what_is_not_positive_definite():
    advice = "Use hs.ldlt(A) or hs.eigh(A)."
    text = f"`A` (2, 2) is not positive definite: the leading minor of order 2 (column 1) is not positive. {advice}"
    with pytest.raises(hs.NotPositiveDefiniteError, match=f"^{re.escape(text)}$"):
        hs.cholesky([[1.0, 2.0], [2.0, 1.0]])
    stack = np.stack([np.eye(2), -np.eye(2)])
    with pytest.raises(hs.NotPositiveDefiniteError, match=r"^`A` \(2, 2, 2\) is not positive definite in slice 1: "):
        hs.cholesky(stack)
