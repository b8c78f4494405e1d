# SPDX-License-Identifier: BSD-3-Clause
"""Leading axes are batch axes, broadcast as in numpy.linalg; one bad slice never spoils the others."""

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, eps
from reference import backward_error

SHAPES = [
    ((3, 3), (3,)),
    ((3, 3), (3, 2)),
    ((3, 3), (3, 1)),
    ((3, 3), (5, 3, 2)),
    ((5, 3, 3), (3,)),
    ((5, 3, 3), (3, 2)),
    ((5, 3, 3), (5, 3, 2)),
    ((5, 3, 3), (1, 3, 2)),
    ((1, 3, 3), (5, 3, 2)),
    ((5, 1, 3, 3), (4, 3, 2)),
    ((2, 5, 3, 3), (3,)),
    ((0, 0), (0,)),
    ((0, 0), (0, 2)),
    ((3, 3), (3, 0)),
    ((0, 3, 3), (3,)),
    ((0, 3, 3), (0, 3, 2)),
    ((4, 0, 0), (4, 0, 2)),
    ((3, 3), (0, 3, 1)),
]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("a_shape", "b_shape"), SHAPES)
def test_shapes_as_in_numpy(a_shape, b_shape, dtype):
    A, b = problems.random(a_shape, dtype), problems.random(b_shape, dtype, seed=1)
    theirs = np.linalg.solve(A, b)
    ours = hs.solve(A, b)
    assert ours.shape == theirs.shape
    assert ours.dtype == theirs.dtype
    np.testing.assert_allclose(ours, theirs, rtol=1e4 * eps(dtype), atol=1e3 * eps(dtype))
    s = hs.solve(A, b, full_output=True)
    batch = theirs.shape[:-1] if len(b_shape) == 1 else theirs.shape[:-2]
    assert s.x.shape == theirs.shape
    assert np.shape(s.rcond) == np.shape(s.reason) == np.shape(s.method) == np.shape(s.forward_error) == batch


@pytest.mark.parametrize(
    ("a_shape", "b_shape"), [((3, 3), (2,)), ((5, 3, 3), (4, 3, 1)), ((5, 3, 3), (5, 3)), ((3, 3), (3, 2, 2))]
)
def test_shapes_that_numpy_refuses(a_shape, b_shape):
    A, b = np.ones(a_shape), np.ones(b_shape)
    with pytest.raises(ValueError, match=r"solve|gufunc|shape|mismatch|broadcast"):
        np.linalg.solve(A, b)
    with pytest.raises(ValueError, match="do not fit"):
        hs.solve(A, b)


@pytest.mark.parametrize("n", [1, 2, 3, 4, 8, 13, 16, 32, 70])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F"])
def test_every_slice_is_backward_stable(n, dtype, order):
    count = 37
    A = np.stack([problems.with_condition(n, 100.0, dtype, seed=seed) for seed in range(count)])
    A = A if order == "C" else A.swapaxes(1, 2)
    b = problems.random((count, n, 2), dtype, seed=1)
    before = A.copy(), b.copy()
    x = hs.solve(A, b)
    assert max(backward_error(A[i], x[i], b[i]) for i in range(count)) <= 4 * n * eps(dtype)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(b, before[1])


def test_a_large_batch():
    A = problems.random((20000, 4, 4), np.float64) + 4 * np.eye(4)
    x = hs.solve(A, np.ones(4))
    np.testing.assert_allclose(A @ x[..., np.newaxis], np.ones((20000, 4, 1)), rtol=1e-9)


@pytest.mark.parametrize("n", [2, 3, 8, 40])
def test_a_singular_slice_raises_and_is_named(n):
    A = np.stack([np.eye(n)] * 5)
    A[3, :, n - 1] = A[3, :, 0]
    with pytest.raises(hs.SingularMatrixError, match=rf"^`A` \(5, {n}, {n}\) is singular in slice 3: "):
        hs.solve(A, np.ones(n))


@pytest.mark.parametrize("n", [2, 3, 8, 40])
def test_one_bad_slice_never_spoils_the_others(n):
    A = np.stack([problems.with_condition(n, 10.0, np.float64, seed=seed) for seed in range(5)])
    A[3] = 1.0  # rank one
    A[1] = 0.0
    b = problems.random((5, n, 1), np.float64)
    with pytest.warns(hs.IllConditionedWarning, match=rf"^`A` \(5, {n}, {n}\) is singular in slice 1 and 1 more"):
        s = hs.solve(A, b, full_output=True)
    assert s.reason.tolist() == ["ok", "singular", "ok", "singular", "ok"]
    assert s.converged.tolist() == [True, False, True, False, True]
    good = [0, 2, 4]
    assert np.isnan(s.x[[1, 3]]).all()
    np.testing.assert_allclose(s.x[good], np.linalg.solve(A[good], b[good]), rtol=1e-10)
    alone = hs.solve(A[good], b[good], full_output=True)
    np.testing.assert_array_equal(s.x[good], alone.x)


def test_warn_gives_nan_for_the_bad_slice_alone():
    A = np.stack([np.eye(2), np.ones((2, 2)), 2 * np.eye(2)])
    with pytest.warns(hs.IllConditionedWarning, match="in slice 1: column 1 depends on column 0"):
        x = hs.solve(A, np.ones(2), on_singular="warn")
    np.testing.assert_array_equal(x, [[1, 1], [np.nan, np.nan], [0.5, 0.5]])


def test_min_norm_climbs_the_ladder_for_the_bad_slice_alone():
    A = np.stack([np.eye(2), np.ones((2, 2)), 2 * np.eye(2)])
    s = hs.solve(A, np.ones(2), on_singular="min-norm", full_output=True)
    np.testing.assert_allclose(s.x, [[1, 1], [0.5, 0.5], [0.5, 0.5]], rtol=1e-14)
    assert s.rank[1] == 1
    assert s.method[1] in ("qr-pivoted", "svd")
    assert s.reason.tolist() == ["ok", "ok", "ok"]


@pytest.mark.parametrize("n", [3, 40])
def test_a_singular_slice_in_every_function_of_stacks(n):
    A = np.stack([(k + 1) * np.eye(n) for k in range(4)])
    A[2] = 1.0  # rank one
    b, good = np.ones((4, n, 1)), [0, 1, 3]
    x = np.linalg.pinv(A) @ b
    for method in ("auto", "lu", "gauss-jordan", "qr", "svd"):
        with pytest.raises(hs.SingularMatrixError, match=rf"^`A` \(4, {n}, {n}\) is singular in slice 2: column 1 "):
            hs.inv(A, method=method)
    for call in (lambda: hs.inv(A, method="cholesky"), lambda: hs.cholesky(A)):
        with pytest.raises(hs.NotPositiveDefiniteError, match="in slice 2: the leading minor of order 2"):
            call()
    for precision in ("mixed", "extended"):
        with pytest.raises(hs.SingularMatrixError, match="in slice 2: column 1 depends on column 0"):
            hs.solve(A, b, precision=precision)
    assert hs.det(A)[2] == 0
    np.testing.assert_allclose(hs.det(A)[good], np.array([1.0, 2.0, 4.0]) ** n, rtol=1e-14)
    assert hs.slogdet(A).sign.tolist() == [1, 1, 0, 1]
    assert hs.slogdet(A).logabsdet[2] == -np.inf
    assert hs.rcond(A)[2] == 0
    assert hs.cond(A)[2] >= 1e15
    assert hs.matrix_rank(A).tolist() == [n, n, 1, n]
    np.testing.assert_allclose(hs.pinv(A) @ b, x, atol=1e-14)
    found = hs.lstsq(A, b)
    assert found.rank.tolist() == [n, n, 1, n]
    np.testing.assert_allclose(found.x, x, atol=1e-14)
    tall = hs.lstsq(np.concatenate([A, A], axis=1), np.ones((4, 2 * n, 1)))
    assert tall.rank.tolist() == [n, n, 1, n]
    assert np.isnan(tall.residuals[:, 0]).tolist() == [False, False, True, False]
    np.testing.assert_allclose(tall.x, x, atol=1e-14)
    s = hs.backslash(A, b)
    assert s.rank.tolist() == [n, n, 1, n]
    assert s.regime.tolist() == [1, 1, 4, 1]
    np.testing.assert_allclose(s.x, x, atol=1e-14)


def test_slices_of_different_kind():
    A = np.stack(
        [
            np.diag([1.0, 2, 3]),
            np.array([[2.0, 1, 0], [1, 3, 1], [0, 1, 4]]),
            np.array([[1.0, 2, 3], [4, 5, 6], [7, 8, 10]]),
        ]
    )
    x = hs.solve(A, np.ones(3))
    np.testing.assert_allclose(x, np.linalg.solve(A, np.ones((3, 3, 1)))[..., 0], rtol=1e-12, atol=1e-14)


def test_report_of_a_batch_reads_well():
    A = np.stack([np.eye(2), np.ones((2, 2)), np.array([[2.0, 1.0], [1.0, 2.0]])])
    with pytest.warns(hs.IllConditionedWarning):
        s = hs.solve(A, np.ones(2), full_output=True)
    assert str(s).splitlines()[:2] == ["Solution: x (3, 2) float64", "  reason          ok: 2, singular: 1"]
    assert s.reason[1].advice.startswith("A pivot is exactly zero")


def test_overwriting_a_batch():
    A, b = problems.random((6, 5, 5), np.float64), problems.random((6, 5, 2), np.float64, seed=1)
    expected = np.linalg.solve(A, b)
    np.testing.assert_allclose(hs.solve(A, b, overwrite_a=True, overwrite_b=True), expected, rtol=1e-9)
