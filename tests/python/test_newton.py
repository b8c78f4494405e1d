# SPDX-License-Identifier: BSD-3-Clause
"""Newton steps: where the Hessian is definite, where it is repaired, where it is sparse."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import hessolve as hs
import problems


def symmetric(n, seed, dtype=np.float64, order="C", *, definite):
    rng = np.random.default_rng(seed)
    Q = np.linalg.qr(rng.standard_normal((n, n)))[0]
    w = np.geomspace(1.0, 50.0, n) * (1 if definite else rng.choice([-1, 1], n))
    A = (Q * w) @ Q.T
    return np.array((A + A.T) / 2, dtype=dtype, order=order)


@pytest.mark.parametrize("n", [1, 2, 7, 64, 200])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("order", ["C", "F"])
def test_a_definite_hessian_is_left_alone(n, dtype, order):
    H = symmetric(n, n, dtype, order, definite=True)
    g = problems.random(n, dtype, seed=1)
    kept = H.copy(), g.copy()
    found = hs.newton_step(H, g, full_output=True)
    assert (found.method, found.modification) == ("none", 0.0)
    assert found.step.dtype == dtype
    residual = H.astype(np.longdouble) @ found.step + g
    size = np.abs(H).sum(axis=1).max() * np.abs(found.step).max() + np.abs(g).max()
    assert np.abs(residual).max() <= 4 * n * np.finfo(dtype).eps * size
    assert found.decrease == pytest.approx(-float(g @ found.step) / 2, rel=float(100 * np.finfo(dtype).eps))
    np.testing.assert_array_equal(found.step, hs.newton_step(H, g, modify=None))
    np.testing.assert_array_equal(H, kept[0])
    np.testing.assert_array_equal(g, kept[1])


@pytest.mark.parametrize("n", [2, 7, 64])
@pytest.mark.parametrize("modify", ["auto", "shift", "eigenvalue", "gmw", "se99", "cheng-higham"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_the_step_goes_downhill_and_solves_with_the_modified_hessian(n, modify, dtype):
    H = symmetric(n, n + 1, dtype, definite=False)
    H[0, 0] = -5
    g = problems.random(n, dtype, seed=2)
    found = hs.newton_step(H, g, modify=modify, full_output=True)
    m = hs.modify_hessian(H, modify)
    assert found.method == (modify if modify != "auto" else "eigenvalue") == m.method
    assert found.modification == pytest.approx(m.E_norm, rel=1e-4)
    assert float(g @ found.step) < 0 < found.decrease
    residual = m.H.astype(np.longdouble) @ found.step + g
    size = np.abs(m.H).sum(axis=1).max() * np.abs(found.step).max() + np.abs(g).max()
    assert np.abs(residual).max() <= 4 * n * np.finfo(dtype).eps * size


@pytest.mark.parametrize("power", [-150, -20, 20, 150])
def test_steps_do_not_depend_on_the_unit_of_the_function(power):
    for definite in (True, False):
        H = symmetric(9, 3, definite=definite)
        g = problems.random(9, np.float64, seed=1)
        scaled = hs.newton_step(2.0**power * H, 2.0**power * g)
        np.testing.assert_allclose(scaled, hs.newton_step(H, g), rtol=1e-12)


@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.floats(-8, 8))
@settings(max_examples=100, deadline=None)
def test_steps_for_any_hessian_go_downhill(seed, n, decade):
    rng = np.random.default_rng(seed)
    H = rng.standard_normal((n, n)) * 10 ** rng.uniform(-abs(decade), abs(decade), n)
    H = H + H.T
    g = rng.standard_normal(n)
    p = hs.newton_step(H, g)
    assert np.isfinite(p).all()
    assert g @ p < 0


def test_a_singular_hessian_is_repaired_and_a_badly_scaled_one_is_not():
    found = hs.newton_step(np.ones((3, 3)), [1.0, 2.0, 3.0], full_output=True)
    assert found.method == "eigenvalue"
    D = np.diag([1e-9, 1.0, 1e9])
    H = D @ symmetric(3, 0, definite=True) @ D
    g = D @ np.ones(3)
    found = hs.newton_step((H + H.T) / 2, g, full_output=True)
    assert found.method == "none"
    mpmath.mp.dps = 40
    exact = mpmath.lu_solve(mpmath.matrix(((H + H.T) / 2).tolist()), mpmath.matrix((-g).tolist()))
    np.testing.assert_allclose(found.step, [float(v) for v in exact], rtol=1e-12)


@pytest.mark.parametrize("definite", [True, False])
@pytest.mark.parametrize("modify", ["auto", "se99"])
def test_the_same_bits_on_one_thread_and_two(definite, modify):
    H, g = symmetric(300, 5, definite=definite), problems.random(300, np.float64, seed=3)
    with hs.num_threads(1):
        one = hs.newton_step(H, g, modify=modify)
    with hs.num_threads(2):
        two = hs.newton_step(H, g, modify=modify)
    np.testing.assert_array_equal(one, two)


def test_read_only_and_strided_arguments_are_taken_as_they_are():
    H, g = symmetric(6, 2, definite=False), problems.random(6, np.float64, seed=3)
    wide = np.zeros((12, 12))
    wide[::2, ::2] = H
    wide.flags.writeable = False
    np.testing.assert_array_equal(hs.newton_step(wide[::2, ::2], np.repeat(g, 2)[::2]), hs.newton_step(H, g))
    np.testing.assert_array_equal(
        hs.newton_step(H[::-1, ::-1], g[::-1])[::-1].round(10), hs.newton_step(H, g).round(10)
    )
    assert hs.newton_step(np.eye(2, dtype=int), [1, 2]).dtype == np.float64
    assert hs.newton_step(np.zeros((0, 0)), []).shape == (0,)


def test_sparse_hessians():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    n = 200
    H = sparse.diags_array([-np.ones(n - 1), 2.5 * np.ones(n), -np.ones(n - 1)], offsets=[-1, 0, 1], format="csc")
    g = problems.random(n, np.float64, seed=0)
    found = hs.newton_step(H, g, full_output=True)
    assert (found.method, found.modification) == ("none", 0.0)
    np.testing.assert_allclose(found.step, hs.newton_step(H.toarray(), g), rtol=1e-10)
    for shift in (1.0, 4.0, 10.0):  # indefinite with a positive diagonal, then without
        indefinite = H - shift * sparse.eye_array(n)
        found = hs.newton_step(indefinite, g, full_output=True)
        assert found.method == "shift"
        lowest = np.linalg.eigvalsh(indefinite.toarray())[0]
        assert -lowest <= found.modification <= 5 * max(-lowest, shift)
        solved = indefinite @ found.step + found.modification * found.step
        np.testing.assert_allclose(solved, -g, atol=1e-6 * np.abs(g).max())
        with pytest.raises(hs.NotPositiveDefiniteError, match="modify=None"):
            hs.newton_step(indefinite, g, modify=None)
    with pytest.raises(ValueError, match=r"^modify='se99' changes every entry of `H`, which is sparse"):
        hs.newton_step(H, g, modify="se99")
    assert hs.newton_step(sparse.csr_array((3, 3)), np.ones(3)) @ np.ones(3) < 0
