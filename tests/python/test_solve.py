# SPDX-License-Identifier: BSD-3-Clause
"""hs.solve: backward stable over size, condition, dtype, memory order, method and structure; inputs survive."""

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS, eps
from reference import backward_error, residual

nearly_singular = pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")  # kappa up to 0.1 / eps


def stable(A, x, b):
    n = len(A)
    assert x.dtype == np.result_type(A, b)
    assert x.shape == b.shape
    assert backward_error(A, x, b) <= 4 * n * eps(x.dtype)


@nearly_singular
@pytest.mark.parametrize("order", ["C", "F", "strided", "readonly", "negative"])
@pytest.mark.parametrize(("n", "condition", "dtype"), problems.grid())
def test_solution_is_backward_stable(n, condition, dtype, order):
    A = problems.with_condition(n, condition, dtype, order)
    b = problems.laid_out(problems.random((n, 2), dtype, seed=7), order)
    before = A.copy(), b.copy()
    stable(A, hs.solve(A, b), b)
    stable(A, hs.solve(A, b[:, 0]), b[:, 0])
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(b, before[1])


@nearly_singular
@pytest.mark.parametrize("signs", ["positive", "mixed"])
@pytest.mark.parametrize(("n", "condition", "dtype"), problems.grid(sizes=(1, 2, 7, 64, 257)))
def test_hermitian_solution_is_backward_stable(n, condition, dtype, signs):
    A = problems.hermitian(n, condition, dtype, signs=signs)
    b = problems.random((n, 3), dtype, seed=7)
    stable(A, hs.solve(A, b), b)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("structure", problems.STRUCTURES)
def test_every_structure_is_backward_stable(structure, dtype, order):
    for n in (9, 64, 150):
        A = problems.structured(structure, n, dtype, order)
        b = problems.random((n, 2), dtype, seed=3)
        stable(A, hs.solve(A, b), b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["lu", "qr", "qr-pivoted", "svd", "ldlt", "cholesky"])
def test_every_method_is_backward_stable_and_used(method, dtype):
    for n in (1, 2, 7, 40, 130):
        A = problems.hermitian(n, 1e3, dtype, signs="positive")
        b = problems.random(n, dtype, seed=5)
        s = hs.solve(A, b, method=method, full_output=True)
        assert s.method == method
        stable(A, s.x, b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("trans", ["N", "T", "C", "H", 0, 1, 2])
@pytest.mark.parametrize("structure", ["general", "upper triangular", "banded", "hermitian", "diagonal"])
def test_transposed_systems(structure, trans, dtype):
    for n in (9, 90):
        A = problems.structured(structure, n, dtype)
        b = problems.random((n, 2), dtype, seed=3)
        op = {"N": A, 0: A, "T": A.T, 1: A.T}.get(trans, A.conj().T)
        stable(op, hs.solve(A, b, trans=trans), b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("names", "structure"),
    [
        (("general", "gen"), "general"),
        (("diagonal",), "diagonal"),
        (("tridiagonal",), "tridiagonal"),
        (("banded",), "banded"),
        (("upper triangular",), "upper triangular"),
        (("lower triangular",), "lower triangular"),
        (("symmetric", "sym"), "symmetric"),
        (("hermitian", "her"), "hermitian"),
        (("positive definite", "pos"), "positive definite candidate"),
    ],
)
def test_assumptions_by_long_and_short_name(names, structure, dtype):
    A = problems.structured(structure, 30, dtype)
    b = problems.random(30, dtype, seed=3)
    for name in names:
        stable(A, hs.solve(A, b, assume_a=name), b)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", ["symmetric", "hermitian", "positive definite", "lower triangular"])
def test_only_the_lower_triangle_is_read_where_assumed(name, dtype):
    structure = "positive definite candidate" if name == "positive definite" else name
    for n in (9, 64, 150):
        A = problems.structured(structure, n, dtype)
        spoilt = np.where(np.triu(np.ones((n, n), bool), 1), 1e3, A).astype(dtype)
        b = problems.random((n, 2), dtype, seed=3)
        stable(A, hs.solve(spoilt, b, assume_a=name), b)


@pytest.mark.parametrize("dtype", DTYPES)
def test_bad_scaling_is_no_alarm(dtype):
    decades = 6 if eps(dtype) > 1e-10 else 60
    for n in (2, 7, 50):
        A = problems.badly_scaled(n, dtype, decades // 2, seed=n)
        b = problems.random(n, dtype, seed=3)
        s = hs.solve(A, b, full_output=True)  # a warning would be an error here
        assert s.rcond > eps(dtype) * 100
        stable(A, s.x, b)


@pytest.mark.parametrize(
    ("given", "used"),
    [
        (np.bool_, np.float64),
        (np.int8, np.float64),
        (np.uint64, np.float64),
        (np.float16, np.float32),
        (">f8", np.float64),
        (">c8", np.complex64),
    ],
)
def test_other_dtypes_are_converted(given, used):
    A = np.array([[1, 1], [1, 0]]).astype(given)
    b = np.array([1, 0]).astype(given)
    x = hs.solve(A, b)
    assert x.dtype == np.dtype(used)
    assert x.dtype.isnative
    np.testing.assert_allclose(x, np.linalg.solve(A.astype(used), b.astype(used)), rtol=1e-6)


@pytest.mark.parametrize("a_dtype", DTYPES)
@pytest.mark.parametrize("b_dtype", DTYPES)
def test_mixed_dtypes_promote_as_in_numpy(a_dtype, b_dtype):
    A, b = problems.with_condition(5, 10.0, a_dtype), problems.random(5, b_dtype)
    x = hs.solve(A, b)
    assert x.dtype == np.promote_types(a_dtype, b_dtype)
    assert backward_error(A, x, b) <= 20 * eps(x.dtype)


def test_what_numpy_can_read_is_accepted():
    class Wrapped:
        def __array__(self, dtype=None, copy=None):
            return np.array([[2.0, 0.0], [0.0, 4.0]])

    class Lent:
        def __init__(self, array):
            self.array = array

        def __dlpack__(self, **keywords):
            return self.array.__dlpack__(**keywords)

        def __dlpack_device__(self):
            return self.array.__dlpack_device__()

    expected = np.array([0.5, 0.25])
    for A in ([[2, 0], [0, 4]], ((2.0, 0.0), (0.0, 4.0)), Wrapped(), Lent(np.array([[2.0, 0.0], [0.0, 4.0]]))):
        np.testing.assert_array_equal(hs.solve(A, [1, 1]), expected)
    np.testing.assert_array_equal(hs.solve(np.ma.array([[2.0, 0.0], [0.0, 4.0]]), [1, 1]), expected)


def test_memory_mapped_input(tmp_path):
    A, b = problems.with_condition(40, 10.0, np.float64), problems.random(40, np.float64)
    np.save(tmp_path / "A.npy", A)
    mapped = np.load(tmp_path / "A.npy", mmap_mode="r")
    np.testing.assert_array_equal(hs.solve(mapped, b), hs.solve(A, b))


@pytest.mark.parametrize("order", ["C", "F", "strided", "negative"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("method", ["auto", "lu", "cholesky", "ldlt", "qr"])
def test_overwriting_gives_the_same_answer(method, dtype, order):
    for n in (1, 2, 7, 64, 150):
        A = problems.hermitian(n, 10.0, dtype, order)
        b = problems.laid_out(problems.random((n, 2), dtype, seed=2), order)
        A_before, b_before = A.copy(), b.copy()
        x = hs.solve(A, b, method=method, overwrite_a=True, overwrite_b=True)
        stable(A_before, x, b_before)


def test_overwrite_b_alone_leaves_a_untouched():
    A, b = problems.with_condition(64, 10.0, np.float64), problems.random((64, 2), np.float64)
    A_before, b_before = A.copy(), b.copy()
    x = hs.solve(A, b, overwrite_b=True)
    np.testing.assert_array_equal(A, A_before)
    assert np.shares_memory(x, b)
    stable(A, x, b_before)


def test_overwriting_leaves_no_residual_to_report():
    A, b = problems.with_condition(64, 10.0, np.float64), problems.random(64, np.float64)
    s = hs.solve(A, b, overwrite_a=True, full_output=True)
    assert s.backward_error is None
    assert s.refinements == 0


def test_the_answer_is_a_new_array():
    A, b = np.eye(3), np.arange(3.0)
    x = hs.solve(A, b)
    assert not np.shares_memory(x, b)
    x[:] = 5
    np.testing.assert_array_equal(b, np.arange(3.0))


def test_fast_path_and_general_path_agree():
    for n in (1, 2, 3, 4, 5, 8, 16, 32, 48):
        for dtype in DTYPES:
            A, b = problems.with_condition(n, 100.0, dtype), problems.random(n, dtype)
            np.testing.assert_array_equal(hs.solve(A, b), hs.solve(A, b, on_singular="warn"))
            np.testing.assert_array_equal(hs.solve(A, b), hs.solve(problems.unaligned(A, 1), b))


@pytest.mark.parametrize("n", [7, 20])
def test_residual_norm_is_that_of_the_answer(n):
    A, b = problems.with_condition(n, 10.0, np.float64, m=20), problems.random((20, 3), np.float64)
    s = hs.backslash(A, b)
    measured = float(max(np.sqrt((abs(residual(A, s.x, b)) ** 2).sum(axis=0))))
    assert s.residual_norm == pytest.approx(measured, rel=1e-12, abs=80 * eps(np.float64) * np.linalg.norm(b))
