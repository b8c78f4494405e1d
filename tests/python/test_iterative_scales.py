# SPDX-License-Identifier: BSD-3-Clause
"""Iterations near the ends of the number range: no false convergence, and no NaN or infinity in silence."""

import numpy as np
import pytest

import hessolve as hs
import problems
import sparse_problems as sp

DEFINITE = ("cg", "minres", "chebyshev", "richardson", "jacobi", "sor", "ssor", "block-jacobi", "gauss-seidel")
METHODS = (*DEFINITE, "gmres", "lsqr", "lsmr", "kaczmarz", "auto")
FORMS = ("dense", "csr", "csc")


def extreme(dtype):
    """Decades of numbers whose squares are out of range."""
    return 30 if problems.eps(dtype) > 1e-10 else 250


def relative_residual(A, x, b):
    """In long double, without overflow."""
    A, x, b = (sp.wide(value) for value in (A, x, b))
    return float(np.linalg.norm((b - A @ x) / abs(b).max()) / np.linalg.norm(b / abs(b).max()))


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", METHODS)
def test_large_and_small_right_hand_sides(method, form, dtype):
    """For 2**k b the answer is 2**k x: the iteration is the same one."""
    A = sp.hermitian_dominant(12, dtype, 3)
    b = problems.random(12, dtype, 1)
    given = sp.given_as(A, form)
    one = hs.iterate(given, b, method=method, rtol=1e-5, full_output=True)
    assert one.converged
    top = np.finfo(dtype).maxexp - 2 - int(np.ceil(np.log2(abs(b).max())))
    for k in (top, -top + 10):
        scaled = np.ldexp(b.real, k) + (1j * np.ldexp(b.imag, k) if b.dtype.kind == "c" else 0)
        s = hs.iterate(given, scaled.astype(dtype), method=method, rtol=1e-5, full_output=True)
        assert s.converged
        assert relative_residual(A, s.x, scaled) <= 2e-5
        expected = sp.wide(one.x) * np.ldexp(np.longdouble(1), k)
        assert abs(sp.wide(s.x) - expected).max() <= 1e-4 * abs(expected).max()


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", METHODS)
def test_converged_is_true_for_extreme_matrices(method, form, dtype):
    for sign in (1, -1):
        factor = np.dtype(dtype).type(10.0 ** (sign * extreme(dtype)))
        A = np.diag([1.0, 2.0, 3.0]).astype(dtype) * factor
        b = np.ones(3, dtype)
        s = hs.iterate(sp.given_as(A, form), b, method=method, full_output=True)
        assert not s.converged or relative_residual(A, s.x, b) <= 1e-6
        assert np.isfinite(s.x).all() or not s.converged
        if method in ("lsqr", "lsmr", "gauss-seidel"):
            assert s.converged


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("method", ["lsqr", "lsmr"])
def test_least_squares_scale_with_the_matrix(method, dtype):
    """For 2**k A the answer is 2**-k x; also where A is known by its products only."""
    A, b = problems.random((40, 7), dtype, 1), problems.random(40, dtype, 2)
    rtol = 100 * problems.eps(dtype)
    one = hs.iterate(A, b, method=method, rtol=rtol, full_output=True)
    assert one.converged
    k = int(extreme(dtype) / np.log10(2))
    for shift in (k, -k):
        scaled = A * A.real.dtype.type(2.0) ** shift
        for given in (scaled, sp.given_as(scaled, "csr"), Products(scaled)):
            s = hs.iterate(given, b, method=method, rtol=rtol, full_output=True)
            assert s.converged
            back = sp.wide(s.x) * np.ldexp(np.longdouble(1), shift)
            assert abs(back - sp.wide(one.x)).max() <= 1e3 * rtol * abs(one.x).max()


class Products:
    """A matrix known by its products."""

    def __init__(self, A):
        self.A, self.shape, self.dtype = A, A.shape, A.dtype

    def matvec(self, x):
        return self.A @ x

    def rmatvec(self, x):
        return self.A.conj().T @ x


@pytest.mark.parametrize("method", METHODS)
def test_overflow_is_told(method):
    A, b = np.diag([1e-200, 1e-200]), np.array([1e200, 1e200])
    s = hs.iterate(A, b, method=method, full_output=True)
    assert not s.converged
    assert s.reason != "ok"
    if method in ("cg", "lsmr", "gauss-seidel"):
        assert s.reason == "non_finite"
        assert s.backward_error is None or not s.backward_error < 1
        with pytest.raises(hs.ConvergenceError, match=r"^x for `A` \(2, 2\) has a NaN or infinity after \d+ iteration"):
            hs.iterate(A, b, method=method)


@pytest.mark.parametrize("method", METHODS)
def test_underflow_is_told(method):
    """The answer is 1e-400."""
    A, b = np.diag([1e200, 1e200]), np.array([1e-200, 1e-200])
    s = hs.iterate(A, b, method=method, full_output=True)
    assert not s.converged
    assert not s.x.any()


def test_a_start_far_from_a_tiny_right_hand_side():
    A = np.diag([2.0, 3.0])
    x = hs.iterate(A, [1e-300, 1e-300], x0=[1e10, 1e10], method="lsmr", atol=1e-3)
    assert np.linalg.norm(A @ x) <= 1e-3


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("method", ["lsqr", "lsmr"])
def test_backward_error_of_a_minimiser(method, form, dtype):
    """It is the size of a perturbation that makes x a minimiser, measured here, and small where x is one."""
    A, b = problems.random((60, 8), dtype, 1), problems.random(60, dtype, 2)
    for maxiter in (2, 200):
        s = hs.iterate(
            sp.given_as(A, form), b, method=method, rtol=20 * problems.eps(dtype), maxiter=maxiter, full_output=True
        )
        r = sp.wide(b) - sp.wide(A) @ sp.wide(s.x)
        size = np.linalg.norm(A)
        slope = np.linalg.norm(sp.wide(A).conj().T @ r) / np.linalg.norm(r)
        expected = min(np.linalg.norm(r) / np.linalg.norm(s.x), slope) / size
        assert s.backward_error == pytest.approx(float(expected), rel=1e-3, abs=8 * problems.eps(dtype))
        assert (s.backward_error <= 50 * problems.eps(dtype)) == s.converged
    orthogonal = np.linalg.qr(A, mode="complete")[0][:, -1].astype(dtype)  # to the columns of A: x = 0
    s = hs.iterate(sp.given_as(A, form), orthogonal, method=method, rtol=1e-5, full_output=True)
    assert s.converged
    assert s.backward_error <= 1e-5


def test_backward_error_of_a_consistent_system_is_that_of_the_system():
    A = problems.random((30, 30), np.float64, 1) + 10 * np.eye(30)
    b = A @ np.ones(30)
    for method in ("lsqr", "lsmr"):
        s = hs.iterate(A, b, method=method, rtol=1e-12, full_output=True)
        r = abs(b - A @ s.x).max()
        bottom = abs(A).sum(axis=1).max() * abs(s.x).max() + abs(b).max()
        assert s.backward_error == pytest.approx(r / bottom, rel=0.1, abs=1e-16)
