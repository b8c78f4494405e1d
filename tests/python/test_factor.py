# SPDX-License-Identifier: BSD-3-Clause
"""hs.factor: every kind solves, inverts and measures; it owns its factors, and says no in words."""

import copy
import pickle
import re
import types

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import backward_error, true_solution, wide

SIZES = (0, 1, 2, 3, 7, 64, 150, 257)
GENERAL = ("lu", "qr", "qr-pivoted", "svd")
DECIDING = ("qr-pivoted", "svd", "eigh")
STRUCTURED = {
    "diagonal": "diagonal",
    "tridiagonal": "tridiagonal",
    "banded": "banded",
    "upper triangular": "triangular",
    "lower triangular": "triangular",
    "symmetric": "ldlt",
    "hermitian": "ldlt",
    "positive definite candidate": "cholesky",
    "general": "lu",
}
OPERATIONS = {"N": lambda A: A, "T": lambda A: A.T, "C": lambda A: A.conj().T}
doubtful = pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")


def suitable(kind, n, condition, dtype, order="C"):
    """A matrix for a kind, of full rank also in the eyes of those that decide it."""
    if kind in DECIDING:
        condition = min(condition, 1e-3 / (max(n, 1) * eps(dtype)))
    if kind in GENERAL:
        return problems.with_condition(n, condition, dtype, order)
    return problems.hermitian(n, condition, dtype, order, signs="positive" if kind == "cholesky" else "mixed")


@doubtful
@pytest.mark.parametrize("kind", [*GENERAL, "cholesky", "ldlt", "eigh"])
@pytest.mark.parametrize(("n", "condition", "dtype"), problems.grid(SIZES))
def test_solves_are_backward_stable(kind, n, condition, dtype):
    order = ORDERS[n % len(ORDERS)]
    A = suitable(kind, n, min(condition, 0.01 / eps(dtype)), dtype, order)
    B = problems.random((n, 3), dtype, 1)
    before, right = A.copy(), B.copy()
    f = hs.factor(A, kind=kind)
    assert (f.kind, f.shape, f.dtype, f.rank, f.keeps_matrix) == (kind, (n, n), dtype, n, False)
    for trans, op in OPERATIONS.items():
        X = f.solve(B, trans)
        assert X.shape == (n, 3)
        assert X.dtype == dtype
        assert backward_error(op(A), X, B) <= 4 * n * eps(dtype)
    np.testing.assert_array_equal(A, before)
    np.testing.assert_array_equal(B, right)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("structure", "kind"), STRUCTURED.items())
def test_auto_chooses_by_structure(structure, kind, dtype):
    if structure == "symmetric" and np.dtype(dtype).kind != "c":
        structure = "hermitian"
    for n in (9, 64, 150):
        A = problems.structured(structure, n, dtype)
        b = problems.random(n, dtype, 1)
        f = hs.factor(A)
        assert f.kind == (kind if n > 9 else hs.explain(A).method)  # a band of 4 in 9 columns is no band
        for trans, op in OPERATIONS.items():
            assert backward_error(op(A), f.solve(b, trans), b) <= 4 * n * eps(dtype)
        np.testing.assert_allclose(f.inv() @ A, np.eye(n), atol=100 * n * eps(dtype))
        ours, theirs = f.slogdet(), np.linalg.slogdet(A.astype(np.complex128))
        np.testing.assert_allclose(ours.sign, theirs.sign, atol=100 * n * eps(dtype))
        np.testing.assert_allclose(ours.logabsdet, theirs.logabsdet, atol=100 * n * eps(dtype))


@pytest.mark.parametrize(
    ("kind", "structure"),
    [("triangular", f"{which} triangular") for which in ("upper", "lower", "permuted")]
    + [("triangular", "diagonal"), ("banded", "banded"), ("banded", "tridiagonal"), ("banded", "general")],
)
def test_structured_kinds_by_name(kind, structure):
    A = problems.structured(structure, 30, np.float64)
    f = hs.factor(A, kind=kind)
    assert f.kind == kind
    b = np.arange(30.0)
    assert backward_error(A, f.solve(b), b) <= 120 * eps(np.float64)


def test_an_indefinite_candidate_is_factored_all_the_same():
    A = np.array([[1.0, 2.0], [2.0, 1.0]])
    f = hs.factor(A)
    assert f.kind == "ldlt"
    np.testing.assert_allclose(f.solve([3.0, 3.0]), [1.0, 1.0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["auto", "qr", "qr-pivoted", "svd"])
@pytest.mark.parametrize(("m", "n"), [(5, 3), (3, 5), (150, 64), (64, 150), (7, 1), (1, 7), (4, 0), (0, 4)])
def test_rectangular_matrices_in_the_least_squares_sense(m, n, kind, dtype):
    """Tall: A^H (b - A x) = 0. Wide: A x = b, and x is a combination of the rows where the norm is least."""
    A = problems.with_condition(n, 10.0, dtype, m=m)
    f = hs.factor(A, kind=kind)
    assert f.rank == min(m, n)
    assert f.shape == (m, n)
    for trans, op in OPERATIONS.items():
        M = op(A)
        b = problems.random(M.shape[0], dtype, 1)
        x = f.solve(b, trans)
        assert x.shape == (M.shape[1],)
        r = wide(b) - wide(M) @ wide(x)
        size = 50 * max(m, n) * eps(dtype) * (np.linalg.norm(b) + 1)
        assert abs(wide(M).conj().T @ r).max(initial=0) <= size
        if M.shape[0] < M.shape[1]:
            np.testing.assert_allclose(x, np.linalg.pinv(M) @ b, atol=size)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["qr-pivoted", "svd"])
@pytest.mark.parametrize(("m", "n", "rank"), [(6, 6, 2), (20, 10, 7), (10, 20, 7), (64, 64, 63), (3, 3, 0)])
def test_minimum_norm_of_deficient_matrices(m, n, rank, kind, dtype):
    A = problems.with_condition(n, 10.0, dtype, m=m, rank=rank)
    b = problems.random(m, dtype, 1)
    f = hs.factor(A, kind=kind)
    assert f.rank == rank
    expected = np.linalg.pinv(A.astype(np.complex128), rcond=1e-4) @ b
    np.testing.assert_allclose(f.solve(b), expected, atol=2000 * max(m, n) * eps(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [*GENERAL, "cholesky", "ldlt", "eigh"])
def test_shapes_of_right_hand_sides(kind, dtype):
    A = suitable(kind, 6, 10.0, dtype)
    f = hs.factor(A, kind=kind)
    B = problems.random((6, 4), dtype, 1)
    X = f.solve(B)
    for j in range(4):
        np.testing.assert_allclose(f.solve(B[:, j]), X[:, j], rtol=1e3 * eps(dtype))
    assert f.solve(B[:, :0]).shape == (6, 0)
    for view in (np.asfortranarray(B), B[::-1][::-1], np.repeat(B, 2, axis=1)[:, ::2]):
        np.testing.assert_array_equal(f.solve(view), X)
    np.testing.assert_allclose(f.solve(B.tolist()), X, rtol=1e3 * eps(dtype))


@pytest.mark.parametrize("kind", [*GENERAL, "cholesky", "ldlt", "eigh"])
def test_complex_right_hand_sides_of_real_factors(kind):
    A = suitable(kind, 9, 10.0, np.float64)
    f = hs.factor(A, kind=kind)
    B = problems.random((9, 2), np.complex128, 1)
    for b in (B, B[:, 0]):
        z = f.solve(b)
        assert z.dtype == np.complex128
        np.testing.assert_allclose(z.real, f.solve(b.real.copy()), atol=1e-13)
        np.testing.assert_allclose(z.imag, f.solve(b.imag.copy()), atol=1e-13)
    assert hs.factor(A.astype(np.float32), kind=kind).solve(B).dtype == np.complex64


def test_right_hand_sides_take_the_precision_of_the_factors():
    f = hs.factor(np.eye(2, dtype=np.float32))
    assert f.solve([1, 2]).dtype == np.float32
    assert f.solve(np.ones(2)).dtype == np.float32
    assert hs.factor(np.eye(2, dtype=complex)).solve([1.0, 2.0]).dtype == np.complex128
    text = "`b` (2,) overflows in float32, the dtype of the factors; factor A in float64."
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        f.solve([1e300, 0.0])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [*GENERAL, "cholesky", "ldlt", "eigh"])
@pytest.mark.parametrize("n", [0, 1, 2, 7, 64, 150])
def test_inverse_and_determinant(n, kind, dtype):
    A = suitable(kind, n, 100.0, dtype)
    f = hs.factor(A, kind=kind)
    np.testing.assert_allclose(f.inv() @ A, np.eye(n), atol=400 * max(n, 1) * eps(dtype))
    sign, logabsdet = f.slogdet()
    assert type(sign) is dtype
    assert type(logabsdet) is np.finfo(dtype).dtype.type
    reference = np.linalg.slogdet(A.astype(np.complex128))
    np.testing.assert_allclose(sign, reference.sign, atol=400 * max(n, 1) * eps(dtype))
    np.testing.assert_allclose(logabsdet, reference.logabsdet, atol=400 * max(n, 1) * eps(dtype))
    if n <= 7:
        np.testing.assert_allclose(f.det(), np.linalg.det(A.astype(np.complex128)), rtol=4000 * eps(dtype))
        assert type(f.det()) is dtype


def test_determinants_out_of_range():
    f = hs.factor(1e200 * np.eye(3))
    assert f.slogdet().logabsdet == pytest.approx(600 * np.log(10), rel=1e-15)
    with pytest.warns(
        RuntimeWarning, match=r"^The determinant of `A` \(3, 3\) overflows; hs\.slogdet\(A\) does not\.$"
    ):
        assert f.det() == np.inf
    with pytest.warns(RuntimeWarning, match=r"^The determinant of `A` \(3, 3\) underflows; "):
        assert hs.factor(1e-200 * np.eye(3)).det() == 0


@doubtful
@pytest.mark.parametrize("kind", [*GENERAL, "cholesky", "ldlt", "eigh"])
@pytest.mark.parametrize("condition", [1.0, 1e3, 1e10, 1e14])
def test_condition(kind, condition):
    """A 1-norm condition is within n of the spectral one; equilibration may only improve on it."""
    n = 30
    A = suitable(kind, n, condition, np.float64)
    r = hs.factor(A, kind=kind).rcond
    assert 1 / (10 * n * np.linalg.cond(A)) <= r <= 1
    if kind in ("svd", "eigh"):
        assert r == pytest.approx(1 / np.linalg.cond(A), rel=1e-2)


def test_the_rank_of_a_singular_matrix():
    A = np.ones((3, 3))
    assert hs.factor(A, kind="lu").rank is None
    assert "undecided" in str(hs.factor(A, kind="lu"))
    f = hs.factor(A, kind="svd")
    assert f.rank == 1
    np.testing.assert_allclose(f.solve([3.0, 3.0, 3.0]), [1.0, 1.0, 1.0])
    for call in (f.inv, f.inverse_diagonal, lambda: f.inverse_quadratic(np.ones(3))):
        with pytest.raises(
            hs.SingularMatrixError, match=r"^`A` \(3, 3\) is singular: its rank is 1\. Use hs\.pinv\(A\)"
        ):
            call()


def test_ill_conditioned_matrices_warn_at_every_use():
    A = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]])
    f = hs.factor(A, kind="lu")  # in silence: nothing is wrong with the factors
    for call in (lambda: f.solve([1.0, 2.0]), f.inv, f.inverse_diagonal, lambda: f.inverse_quadratic([1.0, 0.0])):
        with pytest.warns(hs.IllConditionedWarning, match=r"^`A` \(2, 2\) is singular to working precision"):
            call()


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [*GENERAL, "cholesky", "ldlt", "eigh"])
def test_quadratic_forms_and_diagonal_of_the_inverse(kind, dtype):
    n = 20
    A = suitable(kind, n, 100.0, dtype)
    f = hs.factor(A, kind=kind)
    W = problems.random((n, 3), dtype, 1)
    X = true_solution(A, np.hstack([W, np.eye(n, dtype=dtype)]))
    forms = (wide(W).conj() * X[:, :3]).sum(axis=0)
    close = {"rtol": 0, "atol": 400 * n * eps(dtype) * float(abs(X).max()) * n}
    ours = f.inverse_quadratic(W)
    assert ours.shape == (3,)
    np.testing.assert_allclose(ours, forms.astype(np.complex128), **close)
    np.testing.assert_allclose(f.inverse_quadratic(W[:, 0]), forms[0].astype(np.complex128), **close)
    assert np.ndim(f.inverse_quadratic(W[:, 0])) == 0
    if kind in ("cholesky", "ldlt", "eigh"):
        assert ours.dtype == np.finfo(dtype).dtype
    d = f.inverse_diagonal()
    assert d.shape == (n,)
    np.testing.assert_allclose(d, np.diag(X[:, 3:]).astype(np.complex128), **close)


@pytest.mark.parametrize("kind", ["lu", "cholesky"])
def test_complex_quadratic_forms_of_real_factors(kind):
    A = suitable(kind, 8, 10.0, np.float64)
    W = problems.random((8, 2), np.complex128, 1)
    expected = (W.conj() * np.linalg.solve(A, W)).sum(axis=0)
    f = hs.factor(A, kind=kind)
    np.testing.assert_allclose(f.inverse_quadratic(W), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(f.inverse_quadratic(W[:, 1]), expected[1], rtol=1e-12, atol=1e-12)


class Known(np.random.Generator):
    """A generator whose normal numbers are given."""

    def __init__(self, values):
        super().__init__(np.random.PCG64(0))
        self.values = list(values)

    def standard_normal(self, size=None, dtype=np.float64, out=None):
        return np.asarray(self.values.pop(0), dtype=dtype).reshape(size)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 7, 64, 150])
def test_whitening_and_colouring_are_the_triangular_factor(n, dtype):
    """sample gives L z, whiten L^-1 b; so L L^H = A with the rows of L from z = the unit vectors."""
    A = problems.hermitian(n, 100.0, dtype)
    f = hs.factor(A, kind="cholesky")
    unit = np.eye(n)
    parts = [unit, np.zeros((n, n))] if np.dtype(dtype).kind == "c" else [unit]
    scale = 2**0.5 if len(parts) == 2 else 1.0
    L = scale * f.sample(Known(parts), n).T
    assert L.dtype == dtype
    np.testing.assert_array_equal(L, np.tril(L))
    np.testing.assert_allclose(L @ L.conj().T, A, atol=8 * n * eps(dtype))
    white = f.whiten(A)  # L^-1 A L^-H = I
    np.testing.assert_allclose(f.whiten(white.conj().T), unit, atol=400 * n * eps(dtype))
    b = problems.random(n, dtype, 1)
    np.testing.assert_allclose(L @ f.whiten(b), b, atol=400 * n * eps(dtype))
    np.testing.assert_allclose(np.vdot(f.whiten(b), f.whiten(b)), f.inverse_quadratic(b), rtol=4000 * n * eps(dtype))


@pytest.mark.parametrize("dtype", DTYPES)
def test_samples_have_the_covariance(dtype):
    A = problems.hermitian(4, 5.0, dtype)
    f = hs.factor(A, kind="cholesky")
    count = 40_000
    x = f.sample(7, count)
    assert x.shape == (count, 4)
    assert x.dtype == dtype
    six_sigma = 6 * np.sqrt(2 / count)  # the entries of A are at most 1
    np.testing.assert_allclose(x.T @ x.conj() / count, A, atol=six_sigma)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=six_sigma)
    if np.dtype(dtype).kind == "c":
        np.testing.assert_allclose(x.T @ x / count, 0, atol=six_sigma)
    np.testing.assert_array_equal(f.sample(7, count), x)
    np.testing.assert_array_equal(f.sample(np.random.default_rng(7), count), x)
    assert f.sample(7).shape == (4,)
    assert f.sample(7, 0).shape == (0, 4)


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("kind", [*GENERAL, "cholesky", "ldlt", "eigh", "auto", "triangular", "banded"])
def test_factors_are_their_own(kind, keep):
    """Neither the fate of A, nor pickling, nor what happens to a copy changes an answer by a bit."""
    A = (
        np.diag(np.arange(1.0, 31))
        if kind in ("auto", "triangular", "banded")
        else suitable(kind, 30, 10.0, np.float64)
    )
    b = np.arange(30.0)
    f = hs.factor(A, kind=kind, keep_matrix=keep)
    assert f.keeps_matrix is keep
    x = f.solve(b)
    other = A + 30 * np.eye(30)
    A[...] = np.nan
    np.testing.assert_array_equal(f.solve(b), x)
    for protocol in range(2, pickle.HIGHEST_PROTOCOL + 1):
        g = pickle.loads(pickle.dumps(f, protocol))
        np.testing.assert_array_equal(g.solve(b), x)
        assert (str(g), repr(g), g.shape, g.dtype, g.rank) == (str(f), repr(f), f.shape, f.dtype, f.rank)
    for g in (copy.copy(f), copy.deepcopy(f)):
        g.refactor(other)
        assert not np.array_equal(g.solve(b), x)
        np.testing.assert_array_equal(f.solve(b), x)


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_singular_factor_pickles(dtype):
    f = pickle.loads(pickle.dumps(hs.factor(np.ones((2, 2), dtype), kind="lu")))
    with pytest.raises(hs.SingularMatrixError, match=r"^`A` \(2, 2\) is singular"):
        f.solve([1.0, 2.0])


def growing(n):
    """Wilkinson's matrix: elimination makes the last column grow to 2^(n - 1)."""
    A = np.eye(n) - np.tril(np.ones((n, n)), -1)
    A[:, -1] = 1
    return A


def test_a_kept_matrix_refines():
    A, b = growing(30), problems.random(30, np.float64, 1)
    assert backward_error(A, hs.factor(A, kind="lu", keep_matrix=True).solve(b), b) <= 30 * eps(np.float64)


@pytest.mark.parametrize("kind", ["lu", "qr", "svd", "ldlt", "cholesky", "eigh"])
def test_refactor(kind):
    first, second = (suitable(kind, 12, c, np.float64) for c in (10.0, 50.0))
    b = np.arange(12.0)
    f = hs.factor(first, kind=kind)
    assert f.refactor(second) is f
    np.testing.assert_array_equal(f.solve(b), hs.factor(second, kind=kind).solve(b))
    f.refactor(np.eye(12, dtype=np.float32))
    np.testing.assert_allclose(f.solve(b), b, rtol=1e-14)
    assert f.dtype == np.float64


def test_sparse_matrices_go_elsewhere(monkeypatch):
    """To hessolve.sparse_factor, with the keywords as they are."""
    calls = []
    elsewhere = types.SimpleNamespace(factor_sparse=lambda *arguments: calls.append(arguments) or "factors")
    monkeypatch.setattr(hs, "sparse_factor", elsewhere, raising=False)
    A = types.SimpleNamespace(tocsr=None, format="csc")
    assert hs.factor(A, kind="lu", keep_matrix=True) == "factors"
    assert calls == [(A, "lu", True)]


def test_text():
    f = hs.factor([[4.0, 0.0], [0.0, 2.0]], kind="lu", keep_matrix=True)
    assert repr(f) == f"<hessolve.Factor lu of A (2, 2) float64, rcond {f.rcond:.2g}>"
    assert str(f).splitlines()[0] == "Factor: A (2, 2) float64"
    assert [line.split()[0] for line in str(f).splitlines()[1:]] == ["kind", "rank", "rcond", "matrix"]
    assert str(f).endswith("matrix  kept")
