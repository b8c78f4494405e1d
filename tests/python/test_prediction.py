# SPDX-License-Identifier: BSD-3-Clause
"""Predicted against dense eigenvalues, against closed formulas, and against what an iteration then does."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems
import sparse_problems as sp

METHODS = ["jacobi", "gauss-seidel", "gauss-seidel-backward", "gauss-seidel-symmetric", "block-jacobi"]


def dense_radius(A, method):
    S, T = (sp.sparse.csr_array(part).toarray() for part in hs.splitting(A, method))
    return max(abs(np.linalg.eigvals(np.linalg.solve(S, T))))


@pytest.mark.parametrize("k", [2, 5, 12])
def test_closed_formulas_of_the_model_problem(k):
    """Poisson on a k x k grid: rho(J) = cos(pi h), rho(GS) = rho(J)^2, rho(SOR) = omega - 1.  [Young, 4.6]"""
    A = sp.sparse.csr_array(sp.poisson(k))
    h = 1 / (k + 1)
    jacobi = np.cos(np.pi * h)
    omega = 2 / (1 + np.sin(np.pi * h))
    assert hs.spectral_radius(A, method="jacobi") == pytest.approx(jacobi, rel=1e-4)
    assert hs.spectral_radius(A, method="gauss-seidel") == pytest.approx(jacobi**2, rel=1e-4)
    assert hs.spectral_radius(A, method="sor") == pytest.approx(omega - 1, rel=0.02)
    assert hs.spectral_radius(A) == pytest.approx(4 + 4 * np.cos(np.pi * h), rel=1e-5)
    p = hs.predict_convergence(A, "gauss-seidel")
    assert "Young's theory" in p.reason
    s = hs.iterate(A, np.ones(k * k), method="sor", full_output=True)
    assert "by Young's theory, A being consistently ordered" in s.method


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("make", [sp.dominant, sp.hermitian_dominant])
@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
def test_radius_is_that_of_the_dense_iteration_matrix(method, make, dtype):
    for n in (5, 40, 120):
        A = make(n, dtype, n)
        assert hs.spectral_radius(sp.given_as(A, "csr"), method=method) == pytest.approx(
            dense_radius(A, method), rel=0.02
        )


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("n", [1, 2, 30, 200])
def test_spectral_radius_of_a_matrix(n, dtype):
    for A in (problems.random((n, n), dtype, n), problems.hermitian(n, 10.0, dtype, signs="mixed")):
        expected = max(abs(np.linalg.eigvals(A.astype(np.complex128))))
        assert hs.spectral_radius(A) == pytest.approx(expected, rel=1e-3 if A.dtype.itemsize <= 8 else 1e-4)


@pytest.mark.parametrize("method", [*METHODS, "richardson", "ssor", "kaczmarz"])
@pytest.mark.parametrize("name", ["poisson", "nine-point", "unsymmetric"])
def test_predicted_and_observed_rates_agree_within_five_percent(method, name):
    if name == "unsymmetric" and method in ("ssor", "richardson"):
        pytest.skip("omega is 1 or 1 / norm there: covered by Gauss-Seidel and Jacobi")
    A = {"poisson": sp.poisson(9), "nine-point": sp.nine_point(7) + 0.1 * np.eye(49)}.get(name)
    A = sp.poisson(8) + 0.5 * np.eye(64, k=1) - 0.3 * np.eye(64, k=-8) if A is None else A
    A = sp.sparse.csr_array(A)
    p = hs.predict_convergence(A, method)
    assert p.converges
    b = A @ np.random.default_rng(0).standard_normal(A.shape[0])
    s = hs.iterate(A, b, method=method, rtol=1e-9, maxiter=100000, full_output=True)
    assert s.converged
    last = len(s.history) * 3 // 5  # after the transient
    observed = np.log(s.history[-1] / s.history[last]) / (len(s.history) - 1 - last)
    assert observed == pytest.approx(np.log(p.spectral_radius), rel=0.05)


@pytest.mark.parametrize("name", ["airfoil", "knot", "local_disc_galerkin_diffusion", "recirc_flow"])
@pytest.mark.parametrize("method", [*METHODS, "ssor"])
def test_predictions_for_matrices_of_practice(method, name):
    """PyAMG's examples: rates within five percent, and what is said to diverge does not converge."""
    pyamg = pytest.importorskip("pyamg", reason="PyAMG is not installed")
    A = sp.sparse.csr_array(pyamg.gallery.load_example(name)["A"])
    p = hs.predict_convergence(A, method)
    b = A @ np.random.default_rng(0).standard_normal(A.shape[0])
    s = hs.iterate(A, b, method=method, rtol=1e-12, maxiter=20000, full_output=True)
    assert s.converged == p.converges
    if not p.converges:
        assert dense_radius(A, method) == pytest.approx(p.spectral_radius, rel=0.02)
        return
    last = len(s.history) * 3 // 5
    observed = np.log(s.history[-1] / s.history[last]) / (len(s.history) - 1 - last)
    assert observed == pytest.approx(np.log(p.spectral_radius), rel=0.05)


@pytest.mark.parametrize("name", ["poisson", "nine-point"])
@pytest.mark.parametrize("method", ["sor", "ssor"])
def test_radius_with_the_omega_that_is_taken(method, name):
    A = sp.poisson(9) if name == "poisson" else sp.nine_point(7) + 0.1 * np.eye(49)
    s = hs.iterate(A, np.ones(len(A)), method=method, full_output=True)
    omega = float(re.search(r"omega = (\S+)", s.method)[1])
    S = sp.splitting_matrix(A, method, omega).astype(float)
    radius = max(abs(np.linalg.eigvals(np.linalg.solve(S, S - A))))
    # at Young's omega two eigenvalues meet and part like the square root of what is rounded off
    assert hs.spectral_radius(A, method=method) == pytest.approx(radius, rel=0.02)


@pytest.mark.parametrize("method", ["cg", "chebyshev"])
def test_bounds_of_the_condition_number_hold(method):
    A = sp.sparse.csr_array(sp.poisson(15))
    p = hs.predict_convergence(A, method, rtol=1e-6)
    kappa = np.linalg.cond(A.toarray())
    root = np.sqrt(kappa)
    assert p.spectral_radius == pytest.approx((root - 1) / (root + 1), rel=1e-3)
    s = hs.iterate(A, np.ones(225), method=method, rtol=1e-6 / root, full_output=True)
    assert s.iterations <= p.iterations + np.ceil(np.log(root) / -np.log(p.spectral_radius)) + 2


def test_divergence_is_predicted_and_then_happens():
    A = np.array([[1.0, 2, 0], [2, 1, 2], [0, 2, 1]])
    for method in ("jacobi", "gauss-seidel"):
        p = hs.predict_convergence(A, method)
        assert not p.converges
        assert p.iterations == np.inf
        assert "does not converge" in str(p)
        assert p.spectral_radius == pytest.approx(dense_radius(A, method), rel=1e-3)
        s = hs.iterate(A, np.ones(3), method=method, full_output=True)
        assert s.reason == "diverged"
        assert np.isfinite(s.history[:-1]).all()
        with pytest.raises(hs.ConvergenceError, match=r"The residual grew without bound; hs\.predict_convergence"):
            hs.iterate(A, np.ones(3), method=method)


@pytest.mark.parametrize("n", [1, 2, 30])
def test_triangular_matrices_are_done_after_a_known_number_of_sweeps(n):
    L = np.tril(np.random.default_rng(0).standard_normal((n, n))) + 5 * np.eye(n)
    expected = {
        ("gauss-seidel", "L"): 1,
        ("gauss-seidel-backward", "U"): 1,
        ("jacobi", "L"): n,
        ("gauss-seidel", "U"): n,
    }
    for (method, side), sweeps in expected.items():
        A = L if side == "L" else L.T
        p = hs.predict_convergence(A, method)
        assert (p.spectral_radius, p.iterations) == (0.0, sweeps if n > 1 else 1)
        s = hs.iterate(A, A @ np.ones(n), method=method, rtol=1e-13, full_output=True)
        assert s.iterations <= sweeps


def test_prediction_reads_well():
    p = hs.predict_convergence(sp.poisson(4), "jacobi", rtol=1e-3)
    assert p.converges
    assert p.seconds > 0
    assert p.iterations == np.ceil(np.log(1e-3) / np.log(p.spectral_radius))
    assert str(p).startswith("jacobi converges: spectral radius 0.809")


def test_refusals():
    A = sp.poisson(3)
    with pytest.raises(ValueError, match="method='gmres' is not valid; valid: 'richardson'"):
        hs.predict_convergence(A, "gmres")
    with pytest.raises(ValueError, match="rtol=1 is not valid; it is a number between 0 and 1"):
        hs.predict_convergence(A, "jacobi", 1)
    with pytest.raises(hs.SingularMatrixError, match="zero on its diagonal in row 1, which method='jacobi' divides by"):
        hs.predict_convergence(np.array([[1.0, 1], [1, 0]]), "jacobi")
    with pytest.raises(hs.NotPositiveDefiniteError, match="as method='cg' needs it"):
        hs.predict_convergence(-A, "cg")
    with pytest.raises(ValueError, match=r"`A` \(2, 3\) is not square"):
        hs.predict_convergence(np.ones((2, 3)), "jacobi")
    with pytest.raises(ValueError, match=r"`A` \(2, 2\) has a NaN or infinity at row 0, column 1"):
        hs.spectral_radius(np.array([[1.0, np.inf], [0, 1]]))
    with pytest.raises(TypeError, match="`A` is a function, whose size is not known"):
        hs.spectral_radius(lambda x: x)
