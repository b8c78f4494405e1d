# SPDX-License-Identifier: BSD-3-Clause
"""Matrices that learn: the secant equation, definiteness, least change, duality, damping."""

import copy
import pickle

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import hessolve as hs
import problems
from problems import eps

KINDS = [("bfgs", "inverse"), ("bfgs", "hessian"), ("bfgs", "factor"), ("dfp", "inverse"), ("dfp", "hessian"),
         ("sr1", "inverse"), ("sr1", "hessian")]  # fmt: skip


def pairs(n, count, dtype=np.float64, seed=0):
    rng = np.random.default_rng(seed)
    A = problems.orthogonal(n, seed=seed)
    A = (A * np.linspace(0.5, 3, n)) @ A.T
    for _ in range(count):
        s = rng.standard_normal(n)
        yield s.astype(dtype), (A @ s).astype(dtype)


@pytest.mark.parametrize(("update", "approximate"), KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("n", [1, 2, 7, 40, 300])
def test_the_secant_equation(update, approximate, dtype, n):
    """After update(s, y) the matrix takes s to y, or y to s; it is symmetric."""
    M = hs.QuasiNewton(n, update, approximate, dtype=dtype)
    size = 0.0
    for s, y in pairs(n, 6, dtype, seed=n):
        what = M.update(s, y)
        if update == "sr1" and what == "skipped":  # nothing left to learn
            continue
        assert what == "updated"
        w, z = (y, s) if approximate == "inverse" else (s, y)
        got = M.dot(w)
        assert got.dtype == dtype
        matrix = M.matrix
        if approximate != "factor":
            np.testing.assert_array_equal(matrix, matrix.T)
        size = max(size, float(np.linalg.norm(matrix, 2)))  # SR1 may grow on the way, and the digits lost stay lost
        bar = 60 * n * eps(dtype) * size * np.linalg.norm(w)
        assert np.linalg.norm(got - z) <= bar
        np.testing.assert_allclose(matrix @ w, got, atol=bar)


@pytest.mark.parametrize("update", ["bfgs", "dfp"])
@pytest.mark.parametrize("n", [2, 9, 60])
def test_direct_and_inverse_forms_are_inverses(update, n):
    B, H = hs.QuasiNewton(n, update, "hessian"), hs.QuasiNewton(n, update, "inverse")
    for s, y in pairs(n, 10, seed=1):
        B.update(s, y)
        H.update(s, y)
    np.testing.assert_allclose(B.matrix @ H.matrix, np.eye(n), atol=1e-10)


def test_bfgs_and_dfp_are_dual():
    """DFP's inverse is BFGS's Hessian with s and y exchanged."""
    D, B = (
        hs.QuasiNewton(5, update, approximate, init_scale=1.0)
        for update, approximate in (("dfp", "inverse"), ("bfgs", "hessian"))
    )
    for s, y in pairs(5, 4):
        D.update(s, y)
        B.update(y, s)
    np.testing.assert_allclose(D.matrix, B.matrix, rtol=1e-12, atol=1e-13)


def test_the_factored_form_equals_the_plain_one():
    F, B = hs.QuasiNewton(30, "bfgs", "factor"), hs.QuasiNewton(30, "bfgs", "hessian")
    v = np.arange(30.0)
    for s, y in pairs(30, 40):
        assert F.update(s, y) == B.update(s, y) == "updated"
        np.testing.assert_allclose(F.matrix, B.matrix, rtol=1e-9, atol=1e-9)
    L = F.factor
    np.testing.assert_array_equal(L, np.tril(L))
    np.testing.assert_allclose(F.dot(F.solve(v)), v, atol=1e-9)
    np.testing.assert_allclose(B.solve(v), F.solve(v), atol=1e-9)
    with pytest.raises(ValueError, match="keeps no factor"):
        B.factor  # noqa: B018


@pytest.mark.parametrize("n", [3, 20])
def test_sr1_finds_a_quadratic_in_n_steps_and_may_be_indefinite(n):
    """Nocedal and Wright, theorem 6.1: after n independent steps SR1 holds the Hessian itself."""
    Q = problems.orthogonal(n, seed=4)
    A = (Q * np.linspace(-2, 3, n)) @ Q.T
    M = hs.QuasiNewton(n, "sr1", "hessian", init_scale=1.0)
    for i in range(n):
        s = np.zeros(n)
        s[i] = 1
        M.update(s, A @ s)
    np.testing.assert_allclose(M.matrix, A, atol=1e-8)


@given(
    st.integers(1, 12), st.integers(0, 10**6), st.sampled_from(["bfgs", "dfp"]), st.sampled_from(["inverse", "hessian"])
)
def test_definiteness_survives_any_pairs(n, seed, update, approximate):
    rng = np.random.default_rng(seed)
    M = hs.QuasiNewton(n, update, approximate, exception_strategy="damp" if seed % 2 else "skip")
    for _ in range(6):
        M.update(rng.standard_normal(n), rng.standard_normal(n))
    assert np.linalg.eigvalsh(M.matrix)[0] > -1e-9 * np.linalg.norm(M.matrix)


def test_curvature_that_is_not_positive():
    s, y = np.array([1.0, 0.0]), np.array([-1.0, 0.5])
    skipping = hs.QuasiNewton(2, init_scale=1.0)
    assert skipping.update(s, y) == "skipped"
    np.testing.assert_array_equal(skipping.matrix, np.eye(2))
    assert skipping.updates == 0
    for approximate in ("inverse", "hessian", "factor"):
        damping = hs.QuasiNewton(2, approximate=approximate, exception_strategy="damp", init_scale=1.0)
        assert damping.update(s, y) == "damped"
        assert np.linalg.eigvalsh(damping.matrix)[0] > 0
        assert damping.updates == 1


def test_pairs_that_teach_nothing():
    M = hs.QuasiNewton(2)
    assert M.update([0.0, 0.0], [1.0, 0.0]) == "no step"
    assert M.update([1.0, 0.0], [0.0, 0.0]) == "no difference"
    with pytest.raises(ValueError, match=r"`y` \(2,\) has a NaN"):
        M.update([1.0, 0.0], [np.nan, 0.0])
    with pytest.raises(ValueError, match=r"`s` \(2,\) has a NaN"):
        M.update([np.inf, 0.0], [1.0, 0.0])
    np.testing.assert_array_equal(M.matrix, np.eye(2))


@pytest.mark.parametrize("approximate", ["inverse", "hessian"])
@pytest.mark.parametrize("pair", [(1e-200, 1e200), (1e-160, 1e150), (1e200, 1e-200)])
def test_pairs_at_the_ends_of_the_range_leave_a_finite_matrix(approximate, pair):
    M = hs.QuasiNewton(2, approximate=approximate)
    M.update([pair[0], 0.0], [pair[1], 0.0])
    assert np.isfinite(M.matrix).all()


def test_beginnings():
    assert hs.QuasiNewton(2, init_scale=3.0).matrix[1, 1] == 3
    start = np.array([[2.0, 1.0], [1.0, 2.0]])
    np.testing.assert_array_equal(hs.QuasiNewton(2, init_scale=start).matrix, start)
    auto = hs.QuasiNewton(2, "sr1", "hessian")
    auto.update([1.0, 0.0], [4.0, 0.0])  # y^T y / y^T s
    np.testing.assert_array_equal(auto.matrix, 4 * np.eye(2))
    assert hs.QuasiNewton(0).matrix.shape == (0, 0)
    assert "bfgs" in repr(auto) or "sr1" in repr(auto)


@pytest.mark.parametrize("copied", [copy.copy, copy.deepcopy, lambda B: pickle.loads(pickle.dumps(B))])
@pytest.mark.parametrize(("update", "approximate"), KINDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_copies_and_pickles_go_on_with_the_same_bits(copied, update, approximate, dtype):
    rng = np.random.default_rng(4)
    n = 37
    damp = "skip" if update == "sr1" else "damp"
    B = hs.QuasiNewton(n, update, approximate, exception_strategy=damp, min_curvature=None, dtype=dtype)
    for updates in range(4):  # 0: the first update has still to choose the scale
        again = copied(B)
        assert repr(again) == repr(B)
        assert again.updates == B.updates <= updates
        s, y = rng.standard_normal((2, n)).astype(dtype)
        y = 3 * s + y / 8
        before = B.matrix
        assert again.update(s, y) == B.update(s, y)
        np.testing.assert_array_equal(again.matrix, B.matrix)
        np.testing.assert_array_equal(again.dot(y), B.dot(y))
        other = copied(B)
        other.update(y, s)  # of its own memory
        np.testing.assert_array_equal(again.matrix, B.matrix)
        assert not np.array_equal(before, B.matrix)


def test_the_bits_do_not_depend_on_threads():
    def learn():
        M = hs.QuasiNewton(700, "bfgs", "inverse")
        for s, y in pairs(700, 3):
            M.update(s, y)
        return M.matrix

    with hs.num_threads(1):
        one = learn()
    with hs.num_threads(2):
        np.testing.assert_array_equal(learn(), one)


@pytest.mark.parametrize(
    ("call", "error", "match"),
    [
        (lambda: hs.QuasiNewton(-1), ValueError, "n=-1"),
        (lambda: hs.QuasiNewton(1.5), TypeError, "n=1.5"),
        (lambda: hs.QuasiNewton(2, "broyden"), ValueError, "update='broyden'"),
        (lambda: hs.QuasiNewton(2, approximate="both"), ValueError, "approximate='both'"),
        (lambda: hs.QuasiNewton(2, "sr1", "factor"), ValueError, "no form on a factor"),
        (lambda: hs.QuasiNewton(2, "sr1", exception_strategy="damp"), ValueError, "cannot be damped"),
        (lambda: hs.QuasiNewton(2, exception_strategy="warn"), ValueError, "exception_strategy='warn'"),
        (lambda: hs.QuasiNewton(2, min_curvature=-1), ValueError, "min_curvature=-1"),
        (lambda: hs.QuasiNewton(2, min_denominator=0), ValueError, "min_denominator=0"),
        (lambda: hs.QuasiNewton(2, init_scale=-1), ValueError, "init_scale=-1"),
        (lambda: hs.QuasiNewton(2, init_scale="large"), ValueError, "init_scale='large'"),
        (lambda: hs.QuasiNewton(2, init_scale=np.eye(3)), ValueError, "does not fit n=2"),
        (lambda: hs.QuasiNewton(2, approximate="factor", init_scale=np.eye(2)), ValueError, "is a matrix"),
        (lambda: hs.QuasiNewton(2, dtype=np.int64), TypeError, "dtype"),
        (lambda: hs.QuasiNewton(2).update([1.0], [1.0]), ValueError, r"`s` \(1,\) does not fit"),
        (lambda: hs.QuasiNewton(2).dot([1j, 0]), TypeError, "complex"),
    ],
)
def test_bad_input_is_refused_by_name(call, error, match):
    with pytest.raises(error, match=match):
        call()
