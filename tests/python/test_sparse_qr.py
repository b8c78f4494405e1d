# SPDX-License-Identifier: BSD-3-Clause
"""Sparse QR is certified as dense least squares are; what a sparse factorisation fails at is named."""

import warnings

import numpy as np
import pytest

import hessolve as hs
import problems
import sparse_problems as sp
from hessolve import sparse_factor
from hessolve.sparse_factor import factor_sparse

SHAPES = [(40, 15), (15, 40), (20, 20)]
FORMS = ("csr", "csc", "csr int64", "csc int64")


def matrix(shape, dtype, condition=1.0):
    """Sparse, of full rank; larger condition: one column is close to the others."""
    A = problems.random(shape, dtype, 1) * (np.random.default_rng(2).random(shape) < 0.4)
    A[: min(shape), : min(shape)] += 3 * np.eye(min(shape))
    lines = A if shape[0] >= shape[1] else A.T
    if condition > 1:
        lines[:, 4] = lines[:, 0] + lines[:, 1] + lines[:, 4] / condition
    return A.astype(dtype)


def least_squares(A, b):
    """In long double, by normal equations of the second kind where A is wide, after a start in double."""
    A, b = sp.wide(A), sp.wide(b)
    double = np.complex128 if A.dtype.kind == "c" else np.float64
    inverse = np.linalg.pinv(A.astype(double), rcond=1e-15)
    x = inverse @ b
    residual = b - A @ x
    for _ in range(20):  # the augmented system by refinement: r + A x = b, A^H r = 0
        f, g = b - residual - A @ x, -A.conj().T @ residual
        dx = inverse @ f - inverse @ (inverse.conj().T @ g)
        residual, x = residual + f - A @ dx, x + dx
    return x


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("condition", [1.0, 1e2])
def test_the_certificate_tells_the_truth(condition, shape, form, dtype):
    A = matrix(shape, dtype, condition)
    b = problems.random((shape[0], 2), dtype, 3)
    if shape[0] < shape[1]:
        truth = sp.wide(np.linalg.pinv(A.astype(np.complex128))) @ sp.wide(b)
    else:
        truth = least_squares(A, b)
    with warnings.catch_warnings():  # a large forward_error is warned of; it has to be true, not small
        warnings.simplefilter("ignore", hs.IllConditionedWarning)
        s = hs.backslash(sp.given_as(A, form), b, method="qr")
    assert s.reason == "ok"
    assert s.error_kind == "estimate"
    error = max(np.linalg.norm(sp.wide(s.x) - truth, axis=0) / np.linalg.norm(truth, axis=0))
    assert float(error) <= s.forward_error <= 1e8 * problems.eps(dtype) * condition**2
    assert s.backward_error <= 20 * max(shape) * problems.eps(dtype)
    lines = A if shape[0] >= shape[1] else A.conj().T
    scaled = (lines / np.linalg.norm(lines, axis=0)).astype(np.complex128)
    R = np.linalg.qr(scaled, mode="r")
    assert 0.05 <= s.rcond * np.linalg.cond(R, 1) <= 20
    f = hs.factor(sp.given_as(A, form), "qr")
    assert f.rcond == s.rcond
    assert np.array_equal(f.solve(b), s.x)


def test_a_large_residual_makes_the_error_larger():
    A = matrix((40, 15), np.float64, 1e4)
    near, far = A @ np.ones(15), np.ones(40)
    small, large = (hs.backslash(sp.given_as(A, "csc"), b) for b in (near, far))
    assert large.rcond == small.rcond
    assert large.forward_error > 10 * small.forward_error  # kappa^2 ||r||
    assert large.backward_error < 1e-14


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("size", [1e-30, 1e30])
def test_units_do_not_decide_the_rank(size, shape, form):
    A = matrix(shape, np.float64)
    b = A @ np.ones(shape[1])
    tall = shape[0] >= shape[1]
    units = np.where(np.arange(min(shape)) % 3 == 0, size, 1.0)
    scaled = A * units if tall else A * units[:, np.newaxis]
    s = hs.backslash(sp.given_as(scaled, form), b if tall else b * units, method="qr")
    assert s.rank == min(shape)
    assert s.rcond > 1e-3
    expected = np.ones(shape[1]) / units if tall else np.linalg.lstsq(A, b, rcond=None)[0]
    assert abs(s.x / expected - 1).max() < 1e-10


@pytest.mark.parametrize("form", FORMS)
def test_lost_rank_has_no_error_bound(form):
    A = matrix((30, 10), np.float64)
    A[:, 4] = A[:, 0] + A[:, 1]
    f = factor_sparse(sp.given_as(A, form), "qr")
    assert (f.rank, f.rcond) == (9, 0)
    x = f.solve(np.ones(30))  # a minimiser, not the shortest one
    assert abs(A.T @ (np.ones(30) - A @ x)).max() < 1e-12
    s = hs.backslash(sp.given_as(A, form), np.ones(30))
    assert s.rank == 9
    assert abs(s.x - np.linalg.pinv(A) @ np.ones(30)).max() < 1e-12


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["cholesky", "ldlt"])
def test_the_column_without_a_positive_pivot_is_named(kind, form, dtype):
    """Columns eliminated before it are definite; with it they are not."""
    A = sp.hermitian_dominant(30, dtype, 1, density=0.1)
    for bad in (0, 7, 29):
        B = A.copy()
        B[bad, bad] = -1
        told = rf"no positive pivot is left in column {bad}\. Use "
        with pytest.raises(hs.NotPositiveDefiniteError, match=told + "kind="):
            factor_sparse(sp.given_as(B, form), kind)
        with pytest.raises(hs.NotPositiveDefiniteError, match=told + "method="):
            hs.solve(sp.given_as(B, form), np.ones(30), method=kind)
        f = factor_sparse(sp.given_as(A, form), kind)
        with pytest.raises(hs.NotPositiveDefiniteError, match=f"in column {bad}"):
            f.refactor(sp.given_as(B, form))
        assert np.isfinite(f.refactor(sp.given_as(A, form)).solve(np.ones(30))).all()
    empty = A.copy()
    empty[5], empty[:, 5] = 0, 0
    error = hs.NotPositiveDefiniteError if kind == "cholesky" else hs.SingularMatrixError
    with pytest.raises(error, match="is left in column 5"):
        factor_sparse(sp.given_as(empty, form), kind)


def path_laplacian(n):
    """Neumann's ends: the constant vectors are its null space."""
    line = np.full(n, 2.0)
    line[[0, -1]] = 1.0
    off = -np.ones(n - 1)
    return sp.sparse.diags_array([off, line, off], offsets=[-1, 0, 1], format="csr")


def test_a_minimum_norm_answer_that_is_not_done_is_warned_of(monkeypatch):
    n = 400
    A = path_laplacian(n)
    b = np.random.default_rng(0).standard_normal(n)
    b -= b.mean()
    monkeypatch.setattr(sparse_factor, "_DENSE_ENTRIES", 0)
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        s = hs.backslash(A, b)
    assert s.method.startswith("lsmr")
    told = [str(w.message) for w in caught if issubclass(w.category, hs.IllConditionedWarning)]
    assert s.converged == (not told)
    assert not s.converged  # rtol is beyond what rounding allows here
    assert len(told) == 1
    assert told[0].startswith(f"`A` ({n}, {n}): {s.reason} after {s.iterations} iterations of lsmr: the residual is ")
    assert told[0].endswith("go on with hs.iterate(A, b, method='lsmr', x0=x).")
    assert caught[0].filename == __file__

    B = matrix((30, 10), np.float64)
    B[:, 4] = B[:, 0] + B[:, 1]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        s = hs.backslash(sp.given_as(B, "csr"), np.ones(30))
    assert s.converged
    assert abs(s.x - np.linalg.pinv(B) @ np.ones(30)).max() < 1e-10
