# SPDX-License-Identifier: BSD-3-Clause
"""trans, assume_a and the overwrite flags in every combination, against NumPy; what a refused call leaves behind."""

import copy
import pickle
import sys

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, eps
from reference import backward_error

ASSUMED = {  # name -> the structure of a matrix for which it holds
    None: "general",
    "gen": "general",
    "sym": "symmetric",
    "her": "hermitian",
    "pos": "positive definite candidate",
    "upper triangular": "upper triangular",
    "lower triangular": "lower triangular",
    "tridiagonal": "tridiagonal",
    "banded": "banded",
    "diagonal": "diagonal",
}
LITTLE_MEMORY = """
import resource
import numpy as np
import hessolve as hs

n, count, columns = 60, 40, 20000
rng = np.random.default_rng(0)
A = rng.random((count, n, n)) + n * np.eye(n)
b = np.broadcast_to(rng.random((n, 1)), (count, n, columns))  # without memory of its own
hs.solve(A, A[:, :, :1])  # threads and libraries are there
hs.backslash(A[:, :, :7], A[:, :, :1])
with open("/proc/self/statm") as statm:
    used = int(statm.read().split()[0]) * resource.getpagesize()
x_bytes = count * n * columns * 8
for room, call in (
    (x_bytes // 2, hs.solve),                   # no room for x
    (x_bytes + (8 << 20), hs.solve),            # room for x alone, not for what works on it
    (x_bytes + (8 << 20), hs.backslash),
):
    resource.setrlimit(resource.RLIMIT_AS, (used + room, resource.RLIM_INFINITY))
    try:
        call(A, b)
        print("answered")
    except MemoryError:
        print("MemoryError")
    resource.setrlimit(resource.RLIMIT_AS, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
print("usable" if np.allclose(hs.solve(A[0], A[0].sum(axis=1)), 1) else "spoilt")
"""
TRANSPOSE = {"N": lambda A: A, "T": lambda A: A.T, "C": lambda A: A.conj().T}


def check(A, b, dtype, trans, **options):
    op = TRANSPOSE[trans](A.copy())
    before = A.copy(), b.copy()
    expected = np.linalg.solve(op.astype(np.complex128), b)
    x = hs.solve(A, b, trans=trans, **options)
    assert x.dtype == dtype
    n = len(before[1])
    assert backward_error(op, x, before[1]) <= 4 * n * eps(dtype)
    assert np.linalg.norm(x - expected) <= 1e3 * n * eps(dtype) * np.linalg.norm(expected)
    if not options.get("overwrite_a"):
        np.testing.assert_array_equal(A, before[0])
    if options.get("overwrite_b"):
        assert np.shares_memory(x, b)
    else:
        np.testing.assert_array_equal(b, before[1])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("assume_a", ASSUMED)
@pytest.mark.parametrize("overwrite", ["", "a", "b", "ab"])
@pytest.mark.parametrize("trans", ["N", "T", "C"])
def test_against_numpy(trans, overwrite, assume_a, dtype, order):
    for n in (9, 40, 90):
        A = problems.structured(ASSUMED[assume_a], n, dtype, order, seed=n)
        b = problems.laid_out(problems.random((n, 2), dtype, seed=3), order)
        options = {f"overwrite_{name}": True for name in overwrite}
        check(A, b, dtype, trans, assume_a=assume_a, **options)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("structure", problems.STRUCTURES)
@pytest.mark.parametrize("trans", ["T", "C"])
def test_overwriting_what_is_found_out(trans, structure, dtype, order):
    for n in (9, 40, 90):
        A = problems.structured(structure, n, dtype, order, seed=n)
        check(A, problems.random(n, dtype, seed=3), dtype, trans, overwrite_a=True, overwrite_b=True)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [3, 40, 90])
@pytest.mark.parametrize("overwrite_a", [False, True])
def test_a_matrix_refused_for_nan_leaves_both(n, overwrite_a, dtype, order):
    A = problems.laid_out(problems.random((n, n), dtype), order)
    A[n - 1, n - 2] = np.nan
    b = problems.laid_out(problems.random((n, 2), dtype, seed=1), order)
    before = A.copy(), b.copy()
    with pytest.raises(ValueError, match=f"has a NaN or infinity at row {n - 1}, column {n - 2}"):
        hs.solve(A, b, overwrite_a=overwrite_a, overwrite_b=True)
    np.testing.assert_array_equal(b, before[1])
    np.testing.assert_array_equal(A, before[0])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("n", [3, 40, 90])
def test_a_right_hand_side_refused_for_infinity_stays(n, order):
    A = problems.laid_out(problems.random((n, n), np.float64), order)
    b = problems.laid_out(problems.random((n, 2), np.float64, seed=1), order)
    b[n - 1, 1] = np.inf
    before = A.copy(), b.copy()
    with pytest.raises(ValueError, match=rf"^`b` .* at row {n - 1}, column 1"):
        hs.solve(A, b, overwrite_b=True)
    np.testing.assert_array_equal(b, before[1])
    np.testing.assert_array_equal(A, before[0])


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [3, 40, 90, 150])
@pytest.mark.parametrize("overwrite_a", [False, True])
def test_b_outlives_a_matrix_that_is_not_positive_definite(n, overwrite_a, dtype, order):
    A = problems.laid_out(problems.hermitian(n, 10.0, dtype, signs="mixed"), order)
    b = problems.laid_out(problems.random((n, 2), dtype, seed=1), order)
    before = b.copy()
    with pytest.raises(hs.NotPositiveDefiniteError):
        hs.solve(A, b, assume_a="pos", overwrite_a=overwrite_a, overwrite_b=True)
    np.testing.assert_array_equal(b, before)


@pytest.mark.parametrize("order", ["C", "F", "strided", "negative"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 3, 40, 90, 150])
@pytest.mark.parametrize("method", ["auto", "lu", "cholesky"])
def test_an_inverse_refused_for_nan_leaves_a(method, n, dtype, order):
    A = problems.laid_out(problems.random((n, n), dtype), order)
    A[n - 1, 0] = np.nan
    before = A.copy()
    with pytest.raises(ValueError, match=f"has a NaN or infinity at row {n - 1}, column 0"):
        hs.inv(A, method=method, overwrite_a=True)
    np.testing.assert_array_equal(A, before)


def test_the_compiled_solve_can_be_pickled():
    assert pickle.loads(pickle.dumps(hs.solve)) is hs.solve
    assert copy.deepcopy(hs.solve) is hs.solve


@pytest.mark.skipif(sys.platform != "linux", reason="needs /proc, and a limit of memory that is kept")
def test_too_little_memory_is_an_error_not_a_crash(run_script):
    assert run_script(LITTLE_MEMORY).split() == ["MemoryError"] * 3 + ["usable"]
