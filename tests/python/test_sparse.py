# SPDX-License-Identifier: BSD-3-Clause
"""Sparse direct methods: backward stable and certified in every format, dtype and index type; or told why not."""

import re

import numpy as np
import pytest

import hessolve as hs
import problems
import reference
import sparse_problems as sp
from hessolve.sparse_factor import SparseFactor, factor_sparse

FORMS = ("csr", "csc", "csr int64", "csc int64", "coo")


def unsymmetric(n, dtype, seed=0):
    """Sparse, without a dominant diagonal: pivoting matters."""
    rng = np.random.default_rng(seed)
    A = problems.random((n, n), dtype, seed) * (rng.random((n, n)) < 4 / max(n, 4))
    return (A + np.roll(np.eye(n), 1, axis=0) * 2).astype(dtype)


def matrix(kind, n, dtype):
    if kind in ("cholesky", "ldlt"):
        return sp.hermitian_dominant(n, dtype, n, density=3 / max(n, 3))
    return unsymmetric(n, dtype, n)


def backward_bar(n, dtype):
    return 4 * max(n, 1) * problems.eps(dtype)


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("kind", ["auto", "cholesky", "ldlt", "lu"])
@pytest.mark.parametrize("n", [1, 2, 7, 64, 150])
def test_solve_is_backward_stable_and_certified(n, kind, form, dtype):
    A = matrix(kind, n, dtype)
    b = problems.random((n, 2), dtype, 1)
    given = sp.given_as(A, form)
    for trans, op in (("N", A), ("T", A.T), ("C", A.conj().T)):
        s = hs.solve(given, b, method=kind, trans=trans, full_output=True)
        assert reference.backward_error(op, s.x, b) <= backward_bar(n, dtype)
        assert s.reason == "ok"
        assert (s.regime, s.rank) == (1, n)
        assert s.x.dtype == dtype
        truth = reference.true_solution(op, b)
        assert reference.true_forward_error(s.x, truth) <= s.forward_error
        assert s.error_kind == "estimate"
        if kind != "auto":
            assert s.method == kind
    assert abs(sp.given_as(A, "csr") - given).max() == 0
    x = hs.solve(given, b[:, 0])
    assert x.shape == (n,)
    assert reference.backward_error(A, x, b[:, 0]) <= backward_bar(n, dtype)


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_auto_chooses_by_structure(form):
    spd = sp.poisson(6)
    cases = [(spd, "cholesky"), (-spd, "lu"), (spd - 4.1 * np.eye(36), "lu"), (spd + np.eye(36, k=1), "lu")]
    indefinite = spd - 2.0 * np.eye(36)  # the diagonal is positive: Cholesky is tried, and fails
    assert np.linalg.eigvalsh(indefinite)[0] < 0
    for A, method in [*cases, (indefinite, "lu")]:
        given = sp.given_as(A, form)
        s = hs.backslash(given, np.ones(36))
        assert s.method == method
        assert reference.backward_error(A, s.x, np.ones(36)) <= backward_bar(36, np.float64)
        plan = hs.explain(given)
        assert plan.methods[-1 if A is indefinite else 0] == method
        assert (plan.lower_bandwidth, plan.upper_bandwidth) == (6, 6)
        assert "sparse, 1" in plan.reason
    assert hs.explain(sp.given_as(np.tril(spd), form)).upper_bandwidth == 0
    assert hs.explain(sp.given_as(np.ones((3, 5)), form)).methods == ("qr",)


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("shape", [(40, 15), (15, 40), (20, 20)])
def test_rectangular_systems(shape, form, dtype):
    A = problems.random(shape, dtype, 1) * (np.random.default_rng(2).random(shape) < 0.4)
    A[: min(shape), : min(shape)] += 3 * np.eye(min(shape))
    A = A.astype(dtype)
    b = problems.random((shape[0], 2), dtype, 3)
    s = hs.backslash(sp.given_as(A, form), b, method="qr")
    wide = A.astype(np.complex128)
    expected = np.linalg.lstsq(wide, b.astype(np.complex128), rcond=None)[0]
    assert abs(s.x - expected).max() <= 1e4 * problems.eps(dtype) * abs(expected).max()
    assert s.rank == min(shape)
    assert s.method == "qr"
    assert s.regime == {40: 2, 15: 3, 20: 1}[shape[0]]
    assert s.residual_norm == pytest.approx(np.linalg.norm(b - A @ s.x, axis=0).max(), rel=1e-2, abs=1e-4)


@pytest.mark.parametrize("shape", [(30, 10), (10, 30), (20, 20)])
def test_lost_rank_is_found_and_answered_with_minimum_norm(shape):
    A = problems.random(shape, np.float64, 1) * (np.random.default_rng(2).random(shape) < 0.6)
    if shape[0] >= shape[1]:
        A[:, 4] = A[:, 0] + A[:, 1]
    else:
        A[4] = A[0] + A[1]
    b = np.ones(shape[0])
    s = hs.backslash(sp.given_as(A, "csr"), b)
    expected = np.linalg.pinv(A) @ b
    assert s.rank == min(shape) - 1
    assert abs(s.x - expected).max() <= 1e-9 * abs(expected).max()
    if shape[0] == shape[1]:
        x = hs.solve(sp.given_as(A, "csr"), b, on_singular="min-norm")
        assert abs(x - expected).max() <= 1e-9 * abs(expected).max()


def test_singular_matrices_are_told():
    A = np.diag([1.0, 2, 0, 4])
    A[0, 3] = 1
    for form in ("csr", "csc"):
        with pytest.raises(hs.SingularMatrixError, match=r"^`A` \(4, 4\) is singular"):
            hs.solve(sp.given_as(A, form), np.ones(4))
        with pytest.warns(hs.IllConditionedWarning, match="is singular"):
            assert np.isnan(hs.solve(sp.given_as(A, form), np.ones(4), on_singular="warn")).all()
        with pytest.raises(hs.SingularMatrixError, match="is singular"):
            factor_sparse(sp.given_as(A, form))
    close = np.array([[1.0, 1], [1, 1 + 2e-16]])
    with pytest.warns(hs.IllConditionedWarning, match="singular to working precision"):
        hs.solve(sp.given_as(close, "csr"), np.ones(2))
    with pytest.raises(hs.NotPositiveDefiniteError, match="is not positive definite"):
        hs.solve(sp.given_as(-sp.poisson(3), "csr"), np.ones(9), method="cholesky")
    with pytest.raises(hs.NotPositiveDefiniteError, match=r"pivot is left in column 1\. Use kind='lu'\.$"):
        factor_sparse(sp.given_as(np.diag([1.0, -1]), "csc"), "ldlt")
    assert factor_sparse(sp.given_as(-sp.poisson(3), "csc"), "ldlt").kind == "ldlt"


def test_bad_scaling_alone_raises_no_alarm():
    A = problems.badly_scaled(40, np.float64, 8)
    x = hs.solve(sp.given_as(A, "csr"), np.ones(40))  # a warning would be an error here
    assert np.isfinite(x).all()


@pytest.mark.parametrize("kind", ["auto", "cholesky", "ldlt", "lu", "qr"])
@pytest.mark.parametrize("form", ["csr", "csc int64"])
@pytest.mark.parametrize("dtype", [np.float64, np.complex64])
def test_factor_is_reused_and_refactored(kind, form, dtype):
    A = matrix("cholesky", 30, dtype)
    given = sp.given_as(A, form)
    f = factor_sparse(given, kind)
    assert isinstance(f, SparseFactor)
    assert f.kind == {"auto": "cholesky"}.get(kind, kind)
    assert (f.shape, f.rank, f.dtype) == ((30, 30), 30, np.dtype(dtype))
    b = problems.random(30, dtype, 1)
    given.data[:] = np.nan  # the factor owns what it needs
    for trans, op in (("N", A), ("T", A.T), ("H", A.conj().T)):
        if kind == "qr" and trans != "N":
            with pytest.raises(ValueError, match="is not valid for kind='qr'"):
                f.solve(b, trans)
            continue
        assert reference.backward_error(op, f.solve(b, trans), b) <= backward_bar(30, dtype)
    if kind != "qr":
        sign, logarithm = np.linalg.slogdet(A.astype(np.complex128))
        found = f.slogdet()
        assert abs(found[0] - sign) <= 1e3 * problems.eps(dtype)
        assert found[1] == pytest.approx(logarithm, rel=1e3 * problems.eps(dtype))
        scaled = A / abs(A).sum(axis=1).max()
        assert 0.1 * f.rcond <= 1 / np.linalg.cond(scaled.astype(np.complex128), 1) <= 10 * f.rcond
    new = sp.given_as(A * 2, form)
    assert f.refactor(new) is f
    assert reference.backward_error(2 * A, f.solve(b), b) <= backward_bar(30, dtype)
    f.refactor(new.data / 2)
    assert reference.backward_error(A, f.solve(b), b) <= backward_bar(30, dtype)
    before = f.solve(b)
    with pytest.raises(ValueError, match=r"do not fit the pattern; \("):
        f.refactor(new.data[:-1])
    with pytest.raises(ValueError, match="has a NaN or infinity at position 3"):
        f.refactor(np.where(np.arange(len(new.data)) == 3, np.nan, new.data))
    with pytest.raises(ValueError, match="has another format or pattern"):
        f.refactor(sp.sparse.csr_array(np.eye(30, dtype=dtype)))
    assert np.array_equal(f.solve(b), before)


def test_a_failed_refactorisation_does_not_answer_for_the_old_matrix():
    A = sp.given_as(np.diag([1.0, 2, 3]), "csc")
    f = factor_sparse(A, "lu")
    with pytest.raises(hs.SingularMatrixError, match=r"`A` \(3, 3\) is singular"):
        f.refactor([1.0, 0, 3])
    with pytest.raises(hs.SingularMatrixError):
        f.solve(np.ones(3))
    assert f.refactor([1.0, 4, 3]).solve(np.ones(3)) == pytest.approx([1, 0.25, 1 / 3])
    definite = factor_sparse(A, "cholesky")
    with pytest.raises(hs.NotPositiveDefiniteError):
        definite.refactor([1.0, -1, 3])


@pytest.mark.parametrize("dtype", problems.DTYPES)
@pytest.mark.parametrize("form", ["csr", "csc"])
def test_determinants(form, dtype):
    for n in (1, 5, 40):
        A = unsymmetric(n, dtype, n)
        f = factor_sparse(sp.given_as(A, form), "lu")
        sign, logarithm = np.linalg.slogdet(A.astype(np.complex128))
        assert abs(f.slogdet()[0] - sign) <= 1e4 * problems.eps(dtype)
        assert f.slogdet()[1] == pytest.approx(logarithm, rel=1e4 * problems.eps(dtype), abs=1e4 * problems.eps(dtype))
        if n <= 5:
            assert f.det() == pytest.approx(np.linalg.det(A.astype(np.complex128)), rel=1e-3)


def test_complex_right_hand_sides_of_a_real_factor():
    A = unsymmetric(20, np.float64)
    b = problems.random(20, np.complex128, 1)
    x = factor_sparse(sp.given_as(A, "csr"), "lu").solve(b)
    assert reference.backward_error(A, x, b) <= backward_bar(20, np.float64)
    assert reference.backward_error(A, hs.solve(sp.given_as(A, "csr"), b), b) <= backward_bar(20, np.float64)


def test_a_tolerance_lets_backslash_iterate_where_that_pays():
    A = sp.laplacian(22, 3)  # in three dimensions factors fill
    b = np.random.default_rng(0).standard_normal(A.shape[0])
    s = hs.backslash(A, b, rtol=1e-8)
    assert s.regime == 6
    assert s.method.startswith("cg")
    assert np.linalg.norm(b - A @ s.x) <= 1e-8 * np.linalg.norm(b)
    assert hs.backslash(A, b).method == "cholesky"
    A = sp.laplacian(120, 2)
    b = np.random.default_rng(0).standard_normal(A.shape[0])
    assert hs.backslash(A, b, rtol=1e-8).method == "cholesky"  # which is cheaper than many steps
    assert hs.backslash(A - 3 * sp.sparse.eye_array(len(b)), b, rtol=1e-8).method == "lu"  # it is not definite


def test_what_iterates_in_vain_is_factored():
    A = sp.laplacian(22, 3) - 0.1 * sp.sparse.eye_array(22**3)  # indefinite, and costly to factor
    b = np.random.default_rng(0).standard_normal(A.shape[0])
    s = hs.backslash(sp.sparse.csr_array(A), b, rtol=1e-8)
    assert s.method == "lu"
    assert np.linalg.norm(b - A @ s.x) <= 1e-11 * np.linalg.norm(b)


def test_refusals():
    A = sp.given_as(sp.poisson(2), "csr")
    b = np.ones(4)
    crooked = sp.given_as(np.array([[2.0, 1], [0, 2]]), "csr")
    flat, two = A[:2], np.ones(2)
    cases = [
        ("`A` (4, 4) and `b` (3,) do not fit: `b` needs 4 rows", hs.solve, (A, b[:3]), {}),
        ("`A` (2, 4) is not square, as hs.solve needs it; use hs.backslash(A, b).", hs.solve, (flat, two), {}),
        ("method='svd' is not valid for sparse `A`; valid: 'auto', 'cholesky'", hs.solve, (A, b), {"method": "svd"}),
        ("method='lu' is not valid for `A` (2, 4), not square", hs.backslash, (flat, two), {"method": "lu"}),
        ("overwrite_a=True and overwrite_b=True are not valid", hs.solve, (A, b), {"overwrite_a": True}),
        ("but A[0, 1] and A[1, 0] differ; use method='lu'", hs.solve, (crooked, two), {"method": "cholesky"}),
        ("kind='svd' is not valid; valid: 'auto', 'cholesky', 'ldlt', 'lu', 'qr'.", factor_sparse, (A, "svd"), {}),
        ("`A` (2, 4) is not square, as kind='lu' needs it; use kind='qr'.", factor_sparse, (flat, "lu"), {}),
        ("is dense; use solve(b) instead, or hs.inv(A.toarray()).", factor_sparse(A).inv, (), {}),
        ("trans='X' is not valid; valid: 'N', 'T', 'C', 'H'.", factor_sparse(A).solve, (b, "X"), {}),
        ("`A` (2, 4) is not square, and has no determinant.", factor_sparse(flat).det, (), {}),
    ]
    for text, function, arguments, keywords in cases:
        with pytest.raises(ValueError, match=re.escape(text)):
            function(*arguments, **keywords)
    bad = A.copy()
    bad.data[3] = np.inf
    row = int(np.searchsorted(bad.indptr, 3, side="right")) - 1
    for call in (
        lambda: hs.solve(bad, b),
        lambda: hs.backslash(bad, b),
        lambda: hs.explain(bad),
        lambda: factor_sparse(bad),
    ):
        with pytest.raises(
            ValueError, match=rf"`A` \(4, 4\) has a NaN or infinity at row {row}, column {bad.indices[3]}"
        ):
            call()
    with pytest.raises(ValueError, match=r"`b` \(4,\) has a NaN or infinity at row 1"):
        hs.solve(A, [1.0, np.nan, 1, 1])


def test_unsorted_and_repeated_indices_are_summed_and_indices_out_of_range_refused():
    A = sp.sparse.csr_array((np.array([1.0, 2, 3, 4, 5]), np.array([1, 0, 0, 1, 1]), np.array([0, 3, 5])), shape=(2, 2))
    x = hs.solve(A, [1.0, 2.0])
    assert A.toarray() @ x == pytest.approx([1.0, 2.0])
    f = factor_sparse(A)
    assert A.toarray() @ f.solve([1.0, 2.0]) == pytest.approx([1.0, 2.0])
    with pytest.raises(ValueError, match="need the order of CSR or CSC data without repetitions"):
        f.refactor(A.data)
    A.indices[0] = 7
    with pytest.raises(ValueError, match=r"row 0 has column index 7 \(indices\[0\]\), out of range"):
        hs.solve(A, [1.0, 2.0])


@pytest.mark.parametrize("form", ["csr", "csc"])
def test_empty_systems(form):
    """They behave as dense ones do."""
    for shape in ((0, 0), (0, 3), (3, 0)):
        for b in (np.ones(shape[0]), np.ones((shape[0], 2)), np.ones((shape[0], 0))):
            dense = np.zeros(shape)
            s, expected = hs.backslash(sp.given_as(dense, form), b), hs.backslash(dense, b)
            assert np.array_equal(s.x, expected.x)
            assert (s.reason, s.regime, s.rank, s.rcond) == ("ok", expected.regime, 0, 1)
            assert (s.backward_error, s.forward_error) == (0, 0)
            f = hs.factor(sp.given_as(dense, form))
            assert np.array_equal(f.solve(b), expected.x)
            assert (f.rank, f.rcond) == (0, 1)
    A = sp.given_as(np.zeros((0, 0)), form)
    assert hs.solve(A, np.zeros(0)).shape == (0,)
    assert hs.solve(A, np.zeros((0, 3))).shape == (0, 3)
    assert hs.solve(sp.given_as(np.eye(3), form), np.zeros((3, 0))).shape == (3, 0)
    assert np.array_equal(hs.solve(sp.given_as(np.eye(3), form), np.zeros(3)), np.zeros(3))


@pytest.mark.parametrize("precision", ["mixed", "extended"])
@pytest.mark.parametrize("call", [hs.solve, hs.backslash])
def test_other_precisions_are_refused(call, precision):
    A = sp.sparse.eye_array(3, format="csr")
    with pytest.raises(ValueError, match=rf"^precision='{precision}' is not valid for sparse `A`; leave it out\.$"):
        call(A, np.ones(3), precision=precision)
