# SPDX-License-Identifier: BSD-3-Clause
"""Krylov methods keep what their theory promises; every method converges where it should, in every form and dtype."""

import itertools

import numpy as np
import pytest

import hessolve as hs
import problems
import reference
import sparse_problems as sp
from hessolve import _core

HERMITIAN = ("cg", "minres", "chebyshev")
SQUARE = ("gmres", "lsqr", "lsmr", "gauss-seidel", "jacobi", "block-jacobi", "kaczmarz", "auto")


def tolerance(dtype):
    return 1e-4 if np.dtype(dtype).itemsize == 4 * (1 + (np.dtype(dtype).kind == "c")) else 1e-10


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", sp.FORMS)
@pytest.mark.parametrize("method", [*HERMITIAN, *SQUARE, "richardson", "sor", "ssor", "gauss-seidel-symmetric"])
def test_converged_means_a_small_true_residual(method, form, dtype):
    hermitian = method in (*HERMITIAN, "richardson", "sor", "ssor")
    for n in (1, 2, 30):
        A = (sp.hermitian_dominant if hermitian else sp.dominant)(n, dtype, n)
        b = problems.random(n, dtype, 1)
        kept = A.copy(), b.copy()
        rtol = tolerance(dtype)
        s = hs.iterate(sp.given_as(A, form), b, method=method, rtol=rtol, maxiter=20000, full_output=True)
        norm = np.linalg.norm(reference.residual(A, s.x, b).astype(np.complex128))
        assert s.converged
        assert s.reason == "converged"
        assert s.regime == 6
        assert norm <= 1.01 * rtol * np.linalg.norm(b)
        assert s.residual_norm == pytest.approx(norm, rel=0.1, abs=50 * n * problems.eps(dtype))
        assert s.backward_error <= 2 * rtol
        assert len(s.history) == s.iterations + 1
        assert s.history[0] == pytest.approx(np.linalg.norm(b), rel=1e-5)
        assert s.x.dtype == dtype
        assert s.x.shape == (n,)
        assert np.array_equal(A, kept[0])
        assert np.array_equal(b, kept[1])


def test_cg_ends_after_as_many_steps_as_there_are_eigenvalues():
    Q = problems.orthogonal(60)
    values = np.repeat([1.0, 3.0, 10.0, 50.0], 15)
    A = (Q * values) @ Q.T
    s = hs.iterate((A + A.T) / 2, np.ones(60), method="cg", rtol=1e-10, full_output=True)
    assert s.iterations == 4


@pytest.mark.parametrize("condition", [1e1, 1e3, 1e5])
def test_cg_error_falls_in_the_norm_of_a_below_the_chebyshev_bound(condition):
    A = problems.hermitian(80, condition, np.float64)
    truth = np.random.default_rng(0).standard_normal(80)
    errors = []

    def watch(iteration, residual, x):
        e = sp.wide(x) - truth
        errors.append(float(np.sqrt(e @ sp.wide(A) @ e)))

    first = float(np.sqrt(truth @ A @ truth))
    hs.iterate(A, A @ truth, method="cg", rtol=1e-10, callback=watch, callback_every=1, full_output=True)
    assert all(later <= earlier * (1 + 1e-12) + 1e-13 * first for earlier, later in itertools.pairwise(errors))
    root = np.sqrt(condition)
    for k, error in enumerate(errors, 1):
        assert error <= 2 * ((root - 1) / (root + 1)) ** k * first * (1 + 1e-6) + 1e-10 * first


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_gmres_minimises_the_residual_over_the_krylov_space(dtype):
    A = np.eye(25) * 2 + problems.random((25, 25), dtype, 0) / 5
    b = problems.random(25, dtype, 1)
    s = hs.iterate(A, b, method="gmres", rtol=1e-13, full_output=True)
    assert (np.diff(s.history) <= 1e-14 * s.history[0]).all()
    basis = b[:, None] / np.linalg.norm(b)
    for k in range(1, 12):
        best = np.linalg.norm(b - A @ basis @ np.linalg.lstsq(A @ basis, b, rcond=None)[0])
        assert s.history[k] == pytest.approx(best, rel=1e-8, abs=1e-12)
        basis = np.linalg.qr(np.column_stack([basis, A @ basis[:, -1]]))[0]


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_minres_minimises_it_too_for_indefinite_matrices(dtype):
    A = problems.hermitian(40, 50.0, dtype, signs="mixed")
    b = problems.random(40, dtype, 1)
    s = hs.iterate(A, b, method="minres", rtol=1e-11, full_output=True)
    assert s.converged
    assert (np.diff(s.history) <= 1e-13 * s.history[0]).all()
    full = hs.iterate(A, b, method="gmres", rtol=1e-11, full_output=True)
    assert s.history[:15] == pytest.approx(full.history[:15], rel=1e-6)


@pytest.mark.parametrize("method", ["lsqr", "lsmr"])
@pytest.mark.parametrize("shape", [(60, 20), (20, 60), (30, 30)])
@pytest.mark.parametrize("form", ["dense", "csr", "csc"])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_least_squares_of_minimum_norm(method, shape, form, dtype):
    A, b = problems.random(shape, dtype, 1), problems.random(shape[0], dtype, 2)
    s = hs.iterate(sp.given_as(A, form), b, method=method, rtol=1e-12, maxiter=2000, full_output=True)
    expected = np.linalg.lstsq(A, b, rcond=None)[0]
    assert s.converged
    assert abs(s.x - expected).max() <= 1e-7 * abs(expected).max()
    assert s.residual_norm == pytest.approx(np.linalg.norm(b - A @ s.x), rel=1e-8, abs=1e-9)


def test_lsmr_lowers_the_gradient_in_every_step():
    A, b = problems.with_condition(50, 1e4, np.float64, m=80), np.ones(80)
    gradients = []
    hs.iterate(
        A, b, method="lsmr", rtol=1e-10, callback_every=1, full_output=True,
        callback=lambda k, norm, x: gradients.append(np.linalg.norm(A.T @ (b - A @ x))),
    )  # fmt: skip
    assert (np.diff(gradients[:30]) <= 1e-12).all()


@pytest.mark.parametrize("method", ["cg", "minres", "gmres", "richardson", "chebyshev"])
def test_preconditioned_residuals_are_the_true_ones(method):
    A = sp.poisson(10) + np.diag(np.geomspace(1, 100, 100))
    b = np.ones(100)
    M = np.diag(1 / np.diag(A))
    shown = []
    s = hs.iterate(
        A, b, method=method, M=M, rtol=1e-9, callback_every=1, full_output=True,
        callback=lambda k, norm, x: shown.append((norm, np.linalg.norm(b - A @ x))),
    )  # fmt: skip
    assert s.converged
    assert [said for said, _ in shown] == pytest.approx([found for _, found in shown], rel=1e-4, abs=1e-10)


def test_auto_says_what_it_chose_and_why():
    S = sp.poisson(4)
    one = np.eye(16)
    cases = [
        (S, "cg: A is symmetric with a positive diagonal"),
        (S - 9 * one, "minres: A is symmetric, but not every diagonal entry is positive"),
        (S - 3.9 * one, "minres: A is symmetric with a positive diagonal, but is not positive definite, so minres"),
        (S + np.eye(16, k=1), "gmres: A is square and not Hermitian"),
        (np.ones((5, 3)) + np.eye(5, 3), "lsmr: A is rectangular"),
        (S * (1 + 0j), "cg: A is Hermitian with a positive diagonal"),
        (lambda x: S @ x, "gmres: A is square and known by its products only"),
    ]
    for A, expected in cases:
        n = 5 if expected.startswith("lsmr") else 16
        s = hs.iterate(A, np.arange(n) + 1.0, full_output=True)
        assert s.method == expected
        assert s.converged
    assert hs.iterate(S, np.ones(16), method="gmres", full_output=True).method == "gmres"


def test_functions_and_operators():
    A = sp.dominant(20, np.float64)
    b = np.ones(20)

    class Products:
        shape, dtype = (20, 20), np.dtype(np.float64)

        def matvec(self, x):
            return A @ x

        def rmatvec(self, x):
            return A.T @ x

    class Times:
        shape = (20, 20)

        def __matmul__(self, x):
            return (A @ x)[:, None]

    expected = np.linalg.solve(A, b)
    for given in (Products(), Times(), lambda x: A @ x, lambda x: list(A @ x)):
        assert abs(hs.iterate(given, b, rtol=1e-11) - expected).max() <= 1e-9
    assert abs(hs.iterate(Products(), b, method="lsmr", rtol=1e-12) - expected).max() <= 1e-8
    with pytest.raises(ValueError, match="needs products with the adjoint of `A`"):
        hs.iterate(Times(), b, method="lsqr")
    with pytest.raises(ValueError, match="needs the entries of `A`, which is known by its products only"):
        hs.iterate(Products(), b, method="jacobi")
    linalg = pytest.importorskip("scipy.sparse.linalg")
    assert abs(hs.iterate(linalg.aslinearoperator(A), b, rtol=1e-11) - expected).max() <= 1e-9


@pytest.mark.parametrize("method", _core.ITERATIONS)
def test_trivial_systems(method):
    A = sp.hermitian_dominant(12, np.float64)
    x = np.arange(12.0)
    s = hs.iterate(A, np.zeros(12), method=method, x0=x, full_output=True)
    assert (s.converged, s.iterations, s.residual_norm) == (True, 0, 0.0)
    assert not s.x.any()
    s = hs.iterate(A, A @ x, method=method, x0=x, rtol=1e-12, full_output=True)  # x0 is exact
    assert (s.converged, s.iterations) == (True, 0)
    assert np.array_equal(s.x, x)
    s = hs.iterate(A, A @ x, method=method, maxiter=0, full_output=True)
    assert (s.converged, s.iterations, str(s.reason)) == (False, 0, "max_iterations")
    assert len(s.history) == 1
    assert not s.x.any()
    assert hs.iterate(np.zeros((0, 0)), np.zeros(0), method=method).shape == (0,)
    assert hs.iterate([[4.0]], [2.0], method=method, rtol=1e-12) == pytest.approx([0.5])
    s = hs.iterate(np.zeros((2, 2)), np.zeros(2), method=method, full_output=True)
    assert (s.converged, s.x.tolist()) == (True, [0, 0])
    s = hs.iterate(np.zeros((2, 2)), np.ones(2), method=method, full_output=True)
    assert s.converged == (method in ("lsqr", "lsmr"))  # for least squares x = 0 is the answer
    assert np.isfinite(s.x).all()


@pytest.mark.parametrize("method", ["cg", "minres", "gmres", "lsqr", "lsmr", "kaczmarz", "gauss-seidel", "auto"])
def test_singular_but_consistent(method):
    A = sp.poisson(5, dimensions=1) - np.diag([1.0, 0, 0, 0, 1])  # Neumann: the constants are its kernel
    b = np.array([1.0, 2, -3, 1, -1])
    s = hs.iterate(A, b, method=method, rtol=1e-10, maxiter=5000, full_output=True)
    assert s.converged
    assert np.linalg.norm(A @ s.x - b) <= 1e-9


@pytest.mark.parametrize("method", ["cg", "minres", "gmres", "kaczmarz", "gauss-seidel", "sor", "jacobi"])
def test_inconsistent_systems_are_told(method):
    A = sp.poisson(5, dimensions=1) - np.diag([1.0, 0, 0, 0, 1])
    s = hs.iterate(A, np.ones(5), method=method, full_output=True)
    assert not s.converged
    assert s.reason in ("stagnated", "diverged", "breakdown", "max_iterations")
    assert np.isfinite(s.x).all()
    with pytest.raises(hs.ConvergenceError, match=r"^`A` \(5, 5\)") as caught:
        hs.iterate(A, np.ones(5), method=method)
    assert caught.value.solution.reason == s.reason
    assert np.array_equal(caught.value.solution.x, s.x)
    least = hs.iterate(A, np.ones(5), method="lsmr", full_output=True)
    assert least.converged
    assert abs(A.T @ (A @ least.x - 1)).max() <= 1e-8


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("exponent", [-0.85, -0.5, 0.5, 0.85])
@pytest.mark.parametrize("method", ["cg", "minres", "gmres", "lsmr", "gauss-seidel", "chebyshev"])
def test_scale_of_the_right_hand_side_does_not_matter(method, exponent, dtype):
    A = sp.hermitian_dominant(20, dtype)
    b = problems.random(20, dtype, 1)
    scale = dtype(2.0) ** int(exponent * np.finfo(dtype).maxexp)
    s = hs.iterate(A, b, method=method, rtol=tolerance(dtype), full_output=True)
    scaled = hs.iterate(A, b * scale, method=method, rtol=tolerance(dtype), full_output=True)
    assert scaled.converged
    assert scaled.iterations == s.iterations
    assert abs(scaled.x / scale - s.x).max() <= 1e2 * problems.eps(dtype) * abs(s.x).max()
    assert scaled.history / float(scale) == pytest.approx(s.history, rel=1e-3, abs=1e-12)


def test_several_right_hand_sides():
    A = sp.poisson(8)
    B = np.column_stack([np.ones(64), np.arange(64.0), np.zeros(64)])
    s = hs.iterate(sp.given_as(A, "csr"), B, method="cg", full_output=True)
    single = [hs.iterate(sp.given_as(A, "csr"), B[:, k], method="cg", full_output=True) for k in range(3)]
    assert np.array_equal(s.x, np.column_stack([one.x for one in single]))
    assert s.iterations == max(one.iterations for one in single)
    assert s.residual_norm == max(one.residual_norm for one in single)


@pytest.mark.parametrize("method", ["cg", "minres", "gmres", "lsmr", "jacobi"])
def test_same_bits_on_one_thread_and_two(method):
    A = sp.laplacian(300)
    b = np.random.default_rng(0).standard_normal(A.shape[0])
    results = []
    for threads in (1, 2):
        with hs.num_threads(threads):
            results.append(hs.iterate(A, b, method=method, maxiter=8, full_output=True))
    assert np.array_equal(results[0].x, results[1].x)
    assert np.array_equal(results[0].history, results[1].history)


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("n", [8, 64, 75, 160])
def test_same_bits_wherever_the_matrix_lies(n, dtype):
    A = sp.dominant(n, dtype, n)
    b = problems.random(n, dtype, 1)
    expected = hs.iterate(A, b, method="gmres", rtol=0.0, maxiter=5, full_output=True)
    memory = np.empty(A.nbytes + 128, dtype=np.uint8)
    start = -memory.ctypes.data % 64
    for place in range(start, start + 64, np.dtype(dtype).alignment):
        memory[:] = 255  # NaN in any dtype
        moved = memory[place : place + A.nbytes].view(dtype).reshape(n, n)
        moved[...] = A
        s = hs.iterate(moved, b, method="gmres", rtol=0.0, maxiter=5, full_output=True)
        np.testing.assert_array_equal(s.x, expected.x)
        np.testing.assert_array_equal(s.history, expected.history)


def test_kaczmarz_draws_rows_by_the_given_generator():
    A = sp.dominant(30, np.float64)
    b = np.ones(30)
    first, again, other = (hs.iterate(A, b, method="kaczmarz", rng=seed) for seed in (1, 1, 2))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)
    assert abs(A @ first - b).max() <= 1e-6


def test_tight_tolerances_end_as_stagnation_or_success_never_in_a_false_claim():
    for condition in (1e2, 1e6, 1e10):
        A = problems.hermitian(60, condition, np.float64)
        b = np.ones(60)
        for method in ("cg", "minres", "gmres"):
            s = hs.iterate(A, b, method=method, rtol=1e-15, full_output=True)
            norm = np.linalg.norm((sp.wide(b) - sp.wide(A) @ sp.wide(s.x)).astype(float))
            assert s.converged == (norm <= 1.2e-15 * np.linalg.norm(b)) or not s.converged
            assert s.reason in ("converged", "stagnated", "max_iterations")
