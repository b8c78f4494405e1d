# SPDX-License-Identifier: BSD-3-Clause
"""S - T = A, S is what the method inverts, preconditioners are the inverses they say they are."""

import numpy as np
import pytest

import hessolve as hs
import problems
import sparse_problems as sp

METHODS = [
    *("richardson", "jacobi", "gauss-seidel", "gauss-seidel-backward", "gauss-seidel-symmetric"),
    *("sor", "ssor", "block-jacobi"),
]
KINDS = ("jacobi", "ssor", "block-jacobi", "ic0", "chebyshev")


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", ["dense", "dense F", "csr", "csc int64"])
@pytest.mark.parametrize("method", METHODS)
def test_parts_add_up_and_s_is_the_definition(method, form, dtype):
    for n in (1, 2, 19):
        A = sp.hermitian_dominant(n, dtype, n) if method in ("sor", "ssor", "richardson") else sp.dominant(n, dtype, n)
        S, T = hs.splitting(sp.given_as(A, form), method)
        if not form.startswith("dense"):
            assert S.format == T.format == "csr"
            S, T = S.toarray(), T.toarray()
        size = abs(A).max()
        assert abs(S - T - A).max() <= 4 * problems.eps(dtype) * max(size, abs(S).max())
        assert S.dtype == T.dtype == A.dtype
        omegas = [1.0]
        if method in ("sor", "ssor", "richardson"):  # read omega off S, which must then be that of one omega throughout
            ratio = float((1 if method == "richardson" else A[0, 0].real) / S[0, 0].real)
            root = np.sqrt(max(1 - ratio, 0))
            omegas = [1 + root, 1 - root] if method == "ssor" else [ratio]  # ssor: omega (2 - omega)
        errors = [abs(S - E).max() / abs(E).max() for E in (sp.splitting_matrix(A, method, w) for w in omegas if w)]
        assert min(errors) <= 1e3 * problems.eps(dtype)


@pytest.mark.parametrize("method", METHODS)
def test_a_sweep_and_its_splitting_agree(method):
    A = sp.poisson(6)
    S, T = hs.splitting(A, method)
    x, b = np.random.default_rng(1).standard_normal((2, 36))
    expected = np.linalg.solve(S, T @ x + b)
    s = hs.iterate(A, b, method=method, x0=x, maxiter=1, full_output=True)
    assert s.iterations == 1
    assert abs(s.x - expected).max() <= 1e-12


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", ["dense", "csr", "csc", "csr int64"])
@pytest.mark.parametrize("kind", KINDS)
def test_preconditioner_is_its_definition(kind, form, dtype):
    for n in (1, 8, 23):
        A = sp.hermitian_dominant(n, dtype, n)
        P = hs.preconditioner(sp.given_as(A, form), kind)
        assert (P.kind, P.shape, P.dtype, P.shift) == (kind, (n, n), A.dtype, 0.0)
        dense = P @ np.eye(n, dtype=dtype)
        if kind in ("jacobi", "ssor", "block-jacobi"):
            method = {"ssor": "gauss-seidel-symmetric"}.get(kind, kind)
            S = sp.splitting_matrix(A, method)
            assert abs(S @ dense - np.eye(n)).max() <= 1e3 * problems.eps(dtype)
        elif kind == "ic0":
            inverse = np.linalg.inv(dense.astype(np.complex128))
            stored = A != 0  # the defining property: L L^H equals A on the pattern of A
            assert abs(inverse - A)[stored].max() <= 1e3 * problems.eps(dtype) * abs(A).max()
        assert abs(dense - dense.conj().T).max() <= 100 * problems.eps(dtype) * abs(dense).max()
        assert np.linalg.eigvalsh(dense.astype(np.complex128)).min() > 0
        v = problems.random(n, dtype, 3)
        for product in (P @ v, P.matvec(v), P.solve(v), P.rmatvec(v)):
            assert abs(product - dense @ v).max() <= 100 * problems.eps(dtype) * abs(dense).max() * abs(v).max() * n
        assert (P @ v[:, None]).shape == (n, 1)


@pytest.mark.parametrize("kind", KINDS)
def test_preconditioners_reduce_iterations(kind):
    A = sp.sparse.csr_array(sp.poisson(30) + np.diag(np.geomspace(1, 1e4, 900)))
    b = np.ones(900)
    plain = hs.iterate(A, b, method="cg", full_output=True)
    s = hs.iterate(A, b, method="cg", M=hs.preconditioner(A, kind), full_output=True)
    assert plain.converged
    assert s.converged
    assert s.iterations < plain.iterations / 2
    assert np.linalg.norm(b - A @ s.x) <= 1e-8 * np.linalg.norm(b)


def test_incomplete_cholesky_shifts_where_it_breaks_down():
    """Kershaw's example: positive definite, but without a positive fourth pivot."""
    A = np.array([[3.0, -2, 0, 2], [-2, 3, -2, 0], [0, -2, 3, -2], [2, 0, -2, 3]])
    assert np.linalg.eigvalsh(A).min() > 0
    P = hs.preconditioner(A, "ic0")
    assert 0 < P.shift < 1
    assert "shift=" in repr(P)
    inverse = np.linalg.inv(P @ np.eye(4))
    assert abs(inverse - A - P.shift * np.diag(np.diag(A)))[A != 0].max() <= 1e-12
    assert hs.iterate(A, np.ones(4), method="cg", M=P, full_output=True).converged


def test_preconditioner_works_anywhere_an_operator_does():
    linalg = pytest.importorskip("scipy.sparse.linalg")
    A = sp.sparse.csr_array(sp.poisson(12))
    b = np.arange(144.0)
    P = hs.preconditioner(A, "ic0")
    x, info = linalg.cg(A, b, rtol=1e-10, M=P)
    assert info == 0
    for M in (P, P.matvec, linalg.aslinearoperator(P), P @ np.eye(144), sp.sparse.csc_array(P @ np.eye(144))):
        assert abs(hs.iterate(A, b, method="cg", M=M, rtol=1e-10) - x).max() <= 1e-6
    assert hs.spectral_radius(P) == pytest.approx(max(abs(np.linalg.eigvals(P @ np.eye(144)))), rel=1e-4)
    assert abs(P @ (1j * b) - 1j * (P @ b)).max() <= 1e-12


def test_refusals():
    A = np.array([[2.0, 1, 0], [1, 0, 1], [0, 1, 2]])
    for method in ("jacobi", "gauss-seidel", "ssor"):
        with pytest.raises(
            hs.SingularMatrixError, match=r"^`A` \(3, 3\) has a zero on its diagonal in row 1, which method='"
        ):
            hs.splitting(A, method)
    with pytest.raises(hs.SingularMatrixError, match="row 1, which kind='jacobi' divides by"):
        hs.preconditioner(A, "jacobi")
    with pytest.raises(hs.SingularMatrixError, match="diagonal block of kind='block-jacobi' with row 1 is singular"):
        hs.preconditioner(np.diag([1.0, 0.0]), "block-jacobi")
    with pytest.raises(hs.NotPositiveDefiniteError, match="no positive pivot in row 1, as kind='ic0' needs it"):
        hs.preconditioner(A, "ic0")
    with pytest.raises(ValueError, match=r"kind='ic0' needs a symmetric `A`, but A\[1, 0\] and A\[0, 1\] differ"):
        hs.preconditioner(np.array([[2.0, 1], [0, 2]]), "ic0")
    with pytest.raises(ValueError, match=r"`A` \(2, 3\) is not square, as hs.splitting needs it"):
        hs.splitting(np.ones((2, 3)), "jacobi")
    with pytest.raises(ValueError, match="kind='ilu' is not valid; valid: 'jacobi'"):
        hs.preconditioner(A, "ilu")
    with pytest.raises(TypeError, match="known by its products only"):
        hs.preconditioner(lambda x: x, "jacobi")
    with pytest.raises(ValueError, match="no products with its adjoint"):
        hs.preconditioner(np.array([[2.0, 1], [0, 2]]), "ssor").rmatvec([1.0, 2.0])
    with pytest.raises(ValueError, match=r"`A` \(2, 2\) has a NaN or infinity at row 1, column 0"):
        hs.preconditioner(np.array([[1.0, 0], [np.nan, 1]]), "jacobi")
