# SPDX-License-Identifier: BSD-3-Clause
"""hessolve.compat.scipy_linalg against scipy.linalg, call by call: values, types, errors, warnings, signatures."""

import inspect
import warnings

import numpy as np
import pytest
import scipy.linalg

import problems
from hessolve.compat import scipy_linalg
from problems import DTYPES, eps

OURS = [
    *("solve", "inv", "det", "lu", "lu_factor", "lu_solve", "cholesky", "cho_factor", "cho_solve", "ldl", "qr", "svd"),
    *("svdvals", "eigh", "eigvalsh", "lstsq", "pinv", "solve_triangular"),
]
SINGLE_OR_DOUBLE = [*DTYPES, np.int64, np.float16, np.bool_]
pytestmark = pytest.mark.filterwarnings("error")


def both(name, *arguments, **keywords):
    return [getattr(module, name)(*arguments, **keywords) for module in (scipy_linalg, scipy.linalg)]


def assert_alike(ours, theirs, tolerance):
    if isinstance(theirs, tuple):
        assert isinstance(ours, tuple)
        assert len(ours) == len(theirs)
        for one, other in zip(ours, theirs, strict=True):
            assert_alike(one, other, tolerance)
        return
    if theirs is None or isinstance(theirs, bool):
        assert ours is theirs
        return
    one, other = np.asarray(ours), np.asarray(theirs)
    assert isinstance(ours, np.ndarray) == isinstance(theirs, np.ndarray)
    assert one.dtype.kind == other.dtype.kind
    assert one.dtype == other.dtype or one.dtype.kind == "i"
    assert one.shape == other.shape
    np.testing.assert_allclose(one, other, atol=tolerance, rtol=tolerance)


def tolerance_of(A):
    return 2000 * eps(np.float32 if np.asarray(A).dtype.char in "fFe" else np.float64)


def general(n, dtype, seed=0):
    if np.dtype(dtype).kind in "ib":
        return (np.eye(n) + np.eye(n, k=1)).astype(dtype)
    wide = np.float32 if dtype is np.float16 else dtype
    return (problems.with_condition(n, 10.0, wide, seed=seed)).astype(dtype)


def definite(n, dtype):
    if np.dtype(dtype).kind in "ib":
        return (2 * np.eye(n)).astype(dtype)
    wide = np.float32 if dtype is np.float16 else dtype
    return problems.hermitian(n, 10.0, wide).astype(dtype)


@pytest.mark.parametrize("name", OURS)
def test_signatures(name):
    """Parameters of SciPy's function are ours, with the same defaults; a newer SciPy may have fewer or more."""
    ours, theirs = (inspect.signature(getattr(module, name)).parameters for module in (scipy_linalg, scipy.linalg))
    for parameter in theirs:
        assert parameter in ours
        assert ours[parameter].default == theirs[parameter].default
    assert getattr(scipy_linalg, name) is not getattr(scipy.linalg, name)


def test_other_names_are_those_of_scipy():
    for name in ("expm", "eig", "solve_banded", "solveh_banded", "LinAlgError", "LinAlgWarning", "toeplitz", "schur"):
        assert getattr(scipy_linalg, name) is getattr(scipy.linalg, name)
    assert set(scipy.linalg.__all__) <= set(dir(scipy_linalg))
    with pytest.raises(AttributeError):
        _ = scipy_linalg.nonsense


def test_a_missing_scipy_is_told(run_script):
    program = (
        "import sys; sys.modules['scipy'] = None\n"
        "from hessolve.compat import scipy_linalg as linalg\n"
        "print(linalg.solve([[2.0]], [4.0]), linalg.inv([[2.0, 0], [0, 2]])[0, 0])\n"
        "try: linalg.expm([[1.0]])\n"
        "except ImportError as error: print(error)\n"
    )
    lines = run_script(program).splitlines()
    assert lines == ["[2.] 0.5", "hessolve.compat.scipy_linalg needs SciPy for this: pip install scipy."]


@pytest.mark.parametrize("dtype", SINGLE_OR_DOUBLE)
@pytest.mark.parametrize("n", [1, 2, 5, 30])
def test_solve(n, dtype):
    A, b = general(n, dtype), np.arange(1, n + 1).astype(dtype)
    stack = [np.ones((2, n, 1))] if n > 1 else []
    for right in (b, b[:, None], np.stack([b, b], axis=1), *stack):
        assert_alike(*both("solve", A, right), tolerance_of(A))
    if np.dtype(dtype).kind != "c":
        assert_alike(*both("solve", A, b, transposed=True), tolerance_of(A))
    S = definite(n, dtype)
    spoilt = np.tril(S) if S.dtype.kind == "b" else np.tril(S) + np.triu(S * 0 + 7, 1).astype(dtype)
    for assume in ("pos", "her", "positive definite", "hermitian"):
        assert_alike(*both("solve", spoilt, b, assume_a=assume, lower=True), tolerance_of(A))
        assert_alike(*both("solve", spoilt.T.conj(), b, assume_a=assume), tolerance_of(A))
    assert_alike(*both("solve", np.triu(A) + 2 * np.eye(n), b, assume_a="upper triangular"), tolerance_of(A))


@pytest.mark.parametrize("dtype", SINGLE_OR_DOUBLE[:-1])  # SciPy inverts booleans in single precision
@pytest.mark.parametrize("shape", [(1, 1), (4, 4), (2, 3, 3)])
def test_matrix_functions(shape, dtype):
    A = np.broadcast_to(general(shape[-1], dtype), shape).copy()
    S = np.broadcast_to(definite(shape[-1], dtype), shape).copy()
    for name in ("inv", "det", "svdvals", "pinv"):
        assert_alike(*both(name, A), tolerance_of(A))
    if shape != (1, 1):  # SciPy's P is then of the type of A
        assert_alike(*both("lu", A), tolerance_of(A))
    assert_alike(*both("lu", A, permute_l=True), tolerance_of(A))
    assert_alike(*both("lu", A, p_indices=True), tolerance_of(A))
    assert_alike(*both("eigvalsh", S), tolerance_of(A))
    assert_alike(*both("eigvalsh", S, lower=False), tolerance_of(A))
    assert_alike(*both("eigh", S, eigvals_only=True), tolerance_of(A))
    assert_alike(*both("cholesky", S), tolerance_of(A))
    assert_alike(*both("cholesky", S, lower=True), tolerance_of(A))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [(4, 4), (6, 3), (3, 6)])
@pytest.mark.parametrize("pivoting", [False, True])
@pytest.mark.parametrize("mode", ["full", "economic", "r", "raw"])
def test_qr(m, n, mode, pivoting, dtype):
    A = problems.random((m, n), dtype)
    ours, theirs = both("qr", A, mode=mode, pivoting=pivoting)
    if mode == "raw":
        assert_alike(ours, theirs, tolerance_of(A))
        return
    assert [np.shape(part) for part in ours] == [np.shape(part) for part in theirs]
    assert [part.dtype for part in ours] == [part.dtype for part in theirs]
    R, R2 = (parts[0 if mode == "r" else 1] for parts in (ours, theirs))
    np.testing.assert_allclose(abs(R), abs(R2), atol=tolerance_of(A))
    if pivoting:
        np.testing.assert_array_equal(ours[-1], theirs[-1])
    if mode != "r":
        np.testing.assert_allclose(ours[0] @ R, A[:, ours[-1]] if pivoting else A, atol=tolerance_of(A))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [(4, 4), (6, 3), (3, 6)])
@pytest.mark.parametrize("full_matrices", [False, True])
def test_svd(m, n, full_matrices, dtype):
    A = problems.random((m, n), dtype)
    ours, theirs = both("svd", A, full_matrices=full_matrices)
    assert type(ours) is tuple
    assert [(part.shape, part.dtype) for part in ours] == [(part.shape, part.dtype) for part in theirs]
    np.testing.assert_allclose(ours[1], theirs[1], atol=tolerance_of(A))
    r = min(m, n)
    np.testing.assert_allclose(ours[0][:, :r] * ours[1] @ ours[2][:r], A, atol=tolerance_of(A))
    assert_alike(*both("svd", A, compute_uv=False, lapack_driver="gesvd"), tolerance_of(A))


@pytest.mark.parametrize("dtype", DTYPES)
def test_eigenvectors(dtype):
    A = problems.hermitian(6, 10.0, dtype, signs="mixed")
    for keywords in ({}, {"lower": False}, {"subset_by_index": [1, 3]}, {"driver": "evd"}, {"b": np.eye(6)}):
        (w, V), (w2, V2) = both("eigh", A, **keywords)
        np.testing.assert_allclose(w, w2, atol=tolerance_of(A))
        assert (w.dtype, V.dtype, V.shape) == (w2.dtype, V2.dtype, V2.shape)
        np.testing.assert_allclose(A @ V, V * w, atol=tolerance_of(A))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 7, 40])
def test_factors_and_their_use(n, dtype):
    A, S, b = general(n, dtype), definite(n, dtype), problems.random((n, 2), dtype, 4)
    ours, theirs = both("lu_factor", A)
    assert_alike(ours, theirs, tolerance_of(A))
    for factors in (ours, theirs):
        for trans, op in ((0, A), (1, A.T), (2, A.conj().T)):
            for right in (b, b[:, 0]):
                x = scipy_linalg.lu_solve(factors, right, trans=trans)
                assert_alike(x, scipy.linalg.lu_solve(factors, right, trans=trans), tolerance_of(A))
                np.testing.assert_allclose(op @ x, right, atol=tolerance_of(A))
    for lower in (False, True):
        ours, theirs = both("cho_factor", S, lower=lower)
        assert ours[1] is theirs[1] is lower
        for factors in (ours, theirs):
            for right in (b, b[:, 0]):
                x = scipy_linalg.cho_solve(factors, right)
                assert_alike(x, scipy.linalg.cho_solve(factors, right), tolerance_of(A))
    for m in (n + 2, max(n - 1, 1)):
        R = problems.random((n, m), dtype)
        assert_alike(*both("lu_factor", R), tolerance_of(A))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("hermitian", [False, True])
def test_ldl(hermitian, dtype):
    A = problems.random((9, 9), dtype)
    A = A + (A.conj().T if hermitian else A.T)
    for lower in (True, False):
        ours, theirs = both("ldl", A, lower=lower, hermitian=hermitian)
        assert [(part.shape, part.dtype.kind) for part in ours] == [(part.shape, part.dtype.kind) for part in theirs]
        L, D, perm = ours
        np.testing.assert_allclose(L @ D @ (L.conj().T if hermitian else L.T), A, atol=tolerance_of(A))
        unit = L[perm]
        np.testing.assert_array_equal(unit, np.tril(unit) if lower else np.triu(unit))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("driver", [None, "gelsd", "gelss", "gelsy"])
@pytest.mark.parametrize(("m", "n", "rank"), [(6, 3, 3), (6, 3, 2), (3, 6, 3), (4, 4, 4), (5, 1, 1)])
def test_lstsq(m, n, rank, driver, dtype):
    A = problems.with_condition(n, 10.0, dtype, m=m, rank=rank)
    for b in (problems.random(m, dtype, 1), problems.random((m, 2), dtype, 1)):
        keywords = {"lapack_driver": driver, "cond": 1e-4}
        assert_alike(*both("lstsq", A, b, **keywords), tolerance_of(A))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("keywords", [{}, {"rtol": 0.05}, {"atol": 0.05}, {"atol": 0.01, "rtol": 0.2}])
def test_pinv(keywords, dtype):
    A = problems.with_condition(4, 100.0, dtype, m=6)
    assert_alike(*both("pinv", A, return_rank=True, **keywords), 10 * tolerance_of(A))
    for bad in ({"atol": -1}, {"rtol": -1}):
        for module in (scipy_linalg, scipy.linalg):
            with pytest.raises(ValueError, match="atol and rtol values must be positive"):
                module.pinv(A, **bad)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("lower", [False, True])
@pytest.mark.parametrize("unit", [False, True])
@pytest.mark.parametrize("trans", [0, 1, 2, "N", "T", "C"])
def test_solve_triangular(trans, unit, lower, dtype):
    A = problems.random((6, 6), dtype) / 6 + 2 * np.eye(6, dtype=dtype)  # the other triangle must not be read
    for b in (problems.random(6, dtype, 1), problems.random((6, 2), dtype, 1)):
        keywords = {"trans": trans, "lower": lower, "unit_diagonal": unit}
        assert_alike(*both("solve_triangular", A, b, **keywords), tolerance_of(A))


def test_inputs_survive():
    A, b = general(5, np.float64), np.ones(5)
    before = A.copy(), b.copy()
    scipy_linalg.solve(A, b)
    scipy_linalg.lu_solve(scipy_linalg.lu_factor(A), b)
    scipy_linalg.solve_triangular(A, b, unit_diagonal=True)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(b, before[1])


I2, NAN = np.eye(2), np.array([[np.nan, 0], [0, 1]])
ERRORS = [
    ("solve", (np.ones((2, 2)), np.ones(2)), {}),
    ("solve", ([[0.0]], [1.0]), {}),
    ("solve", (I2, np.ones(3)), {}),
    ("solve", (np.ones((2, 3)), np.ones(2)), {}),
    ("solve", (NAN, np.ones(2)), {}),
    ("solve", (I2, np.ones(2)), {"assume_a": "nonsense"}),
    ("solve", (I2 * 1j, np.ones(2)), {"transposed": True}),
    ("solve", (-I2, np.ones(2)), {"assume_a": "pos"}),
    ("inv", (np.ones((2, 2)),), {}),
    ("inv", (np.ones((2, 3)),), {}),
    ("inv", (NAN,), {}),
    ("det", (np.ones((2, 3)),), {}),
    ("det", (np.ones(3),), {}),
    ("det", (NAN,), {}),
    ("lu", (np.ones(3),), {}),
    ("lu", (NAN,), {}),
    ("cholesky", (-I2,), {}),
    ("cholesky", (np.ones((2, 3)),), {}),
    ("cholesky", (NAN,), {}),
    ("cho_factor", (-I2,), {}),
    ("cho_solve", ((I2, True), np.ones(3)), {}),
    ("lu_solve", ((I2, [0, 1]), np.ones(3)), {}),
    ("ldl", (np.ones((2, 3)),), {}),
    ("qr", (I2,), {"mode": "nonsense"}),
    ("qr", (NAN,), {}),
    ("svd", (I2,), {"lapack_driver": "nonsense"}),
    ("svd", (I2,), {"lapack_driver": 1}),
    ("svd", (NAN,), {}),
    ("svdvals", (NAN,), {}),
    ("eigh", (np.ones((2, 3)),), {}),
    ("eigh", (NAN,), {}),
    ("eigvalsh", (NAN,), {}),
    ("lstsq", (I2, np.ones(3)), {}),
    ("lstsq", (I2, np.ones(2)), {"lapack_driver": "nonsense"}),
    ("lstsq", (NAN, np.ones(2)), {}),
    ("pinv", (NAN,), {}),
    ("solve_triangular", (np.diag([1.0, 0.0]), np.ones(2)), {}),
    ("solve_triangular", (I2, np.ones(3)), {}),
    ("solve_triangular", (np.ones((2, 3)), np.ones(2)), {}),
    ("solve", (np.ma.masked_array(I2, I2 == 1), np.ones(2)), {}),
    ("solve", (I2.astype(object), np.ones(2)), {}),
]


@pytest.mark.parametrize(("name", "arguments", "keywords"), ERRORS)
def test_errors_are_of_the_types_of_scipy(name, arguments, keywords):
    caught = []
    for module in (scipy_linalg, scipy.linalg):
        with pytest.raises((ValueError, TypeError, np.linalg.LinAlgError, NotImplementedError)) as error:
            getattr(module, name)(*arguments, **keywords)
        caught.append(error.type)
    assert issubclass(caught[0], caught[1]), caught
    assert issubclass(caught[0], np.linalg.LinAlgError) == issubclass(caught[1], np.linalg.LinAlgError)


def test_ill_conditioned_matrices_warn():
    A = np.array([[1.0, 1.0], [1.0, 1.0 + 2.0**-52]])
    for call in (lambda m: m.solve(A, np.ones(2)), lambda m: m.inv(A)):
        for module in (scipy_linalg, scipy.linalg):
            with pytest.warns(scipy.linalg.LinAlgWarning, match="ll-conditioned matrix"):
                call(module)
    for module in (scipy_linalg, scipy.linalg):
        with warnings.catch_warnings():
            module.lu_solve(module.lu_factor(A), np.ones(2))


def test_an_exactly_singular_lu_factor_warns():
    for module in (scipy_linalg, scipy.linalg):
        with pytest.warns(scipy.linalg.LinAlgWarning, match=r"Diagonal number 2 is exactly zero\. Singular matrix\."):
            module.lu_factor(np.ones((2, 2)))
