# SPDX-License-Identifier: BSD-3-Clause
"""The certificates tell the truth: against exact solutions of the stored numbers, computed in integers."""

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, eps
from reference import backward_error, true_forward_error, true_solution

pytestmark = pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")

REFERENCE_ROUNDING = float(np.finfo(np.longdouble).eps)  # the true solution is known to long double only


def certified(n, dtype, seed):
    """A random problem: (Solution, true relative error)."""
    rng = np.random.default_rng(seed)
    condition = 10.0 ** rng.uniform(0, np.log10(0.1 / eps(dtype)))
    kind = seed % 3
    if kind == 0:
        A = problems.with_condition(n, condition, dtype, seed=seed)
    elif kind == 1:
        A = problems.hermitian(n, condition, dtype, seed=seed, signs=("positive", "mixed")[seed % 2])
    else:
        A = problems.random((n, n), dtype, seed)
    b = problems.random(n, dtype, seed + 1) if seed % 2 else A @ problems.random(n, dtype, seed + 1)
    s = hs.solve(A, b, full_output=True)
    return s, true_forward_error(s.x, true_solution(A, b))


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_bound_is_never_exceeded_and_tight(dtype):
    """Up to n = 64; what is called an estimate there (an error near one) counts as such."""
    claims, errors = [], []
    for seed, n in enumerate([1, 2, 3, 5, 8, 17, 33, 64] * 18):
        s, error = certified(n, dtype, seed)
        if s.error_kind == "bound":
            assert s.forward_error >= error - REFERENCE_ROUNDING, (n, seed)
            claims.append(s.forward_error)
            errors.append(max(error, eps(dtype)))
    assert len(claims) >= 100  # most are proven
    assert np.median(np.array(claims) / np.array(errors)) <= 100


@pytest.mark.parametrize("dtype", DTYPES)
def test_an_estimate_is_rarely_exceeded_and_tight(dtype):
    claims, errors = [], []
    for seed, n in enumerate([65, 70, 81, 96, 120] * 50):
        s, error = certified(n, dtype, seed)
        assert s.error_kind == "estimate"
        claims.append(s.forward_error)
        errors.append(error)
    claims, errors = np.array(claims), np.array(errors)
    assert np.sum(claims < errors) == 0  # 99.9 % of these 250 is all of them
    assert np.median(claims / np.maximum(errors, eps(dtype))) <= 100


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("structure", problems.STRUCTURES)
def test_certificates_of_every_structure(structure, dtype):
    for n in (9, 40, 64, 100):
        A = problems.structured(structure, n, dtype, seed=n)
        b = problems.random(n, dtype, seed=4)
        s = hs.solve(A, b, full_output=True)
        error = true_forward_error(s.x, true_solution(A, b))
        assert s.error_kind == ("bound" if n <= 64 else "estimate")
        assert error - REFERENCE_ROUNDING <= s.forward_error <= 1e4 * n * eps(dtype)
        assert s.rank in (n, None)
        assert s.converged is True


@pytest.mark.parametrize("n", [3, 64, 100])
@pytest.mark.parametrize("dtype", DTYPES)
def test_backward_error_is_the_measured_one(n, dtype):
    A = problems.with_condition(n, 1e3, dtype)
    b = problems.random((n, 3), dtype, seed=2)
    s = hs.solve(A, b, full_output=True)
    measured = backward_error(A, s.x, b)
    assert s.backward_error == pytest.approx(measured, rel=0.05, abs=0.05 * eps(dtype))


@pytest.mark.parametrize("n", [1, 3, 20, 64, 150])
@pytest.mark.parametrize("dtype", DTYPES)
def test_rcond_is_right_within_the_estimator(n, dtype):
    """Exact up to n = 64, at most ten times too large above; equilibration changes little here."""
    for condition in (1.0, 100.0, 1e4):
        A = problems.with_condition(n, condition, dtype, seed=n)
        exact = 1 / np.linalg.cond(A.astype(np.complex128), 1)
        r = hs.rcond(A)
        assert exact / 8 <= r <= exact * (8 if n <= 64 else 80)  # equilibration may change it a little
        assert hs.solve(A, np.ones(n, dtype), full_output=True).rcond == pytest.approx(r, rel=0.5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_right_hand_side_zero(dtype):
    s = hs.solve(problems.with_condition(5, 10.0, dtype), np.zeros(5, dtype), full_output=True)
    np.testing.assert_array_equal(s.x, np.zeros(5))
    assert s.backward_error == s.forward_error == s.residual_norm == 0


def test_several_right_hand_sides_report_the_worst():
    A = problems.with_condition(20, 1e8, np.float64)
    b = problems.random((20, 4), np.float64)
    together = hs.solve(A, b, full_output=True)
    worst = max(true_forward_error(together.x[:, j], true_solution(A, b[:, j])) for j in range(4))
    assert together.forward_error >= worst


def test_a_wide_error_bound_warns():
    A = problems.with_condition(20, 1e14, np.float64, seed=3)
    with pytest.warns(hs.IllConditionedWarning):
        s = hs.solve(A, problems.random(20, np.float64), full_output=True)
    assert s.forward_error > np.finfo(np.float64).eps ** 0.25 or s.rcond < np.finfo(np.float64).eps


def test_solution_fields_and_order():
    s = hs.solve([[2.0, 1.0], [1.0, 3.0]], [1.0, 2.0], full_output=True)
    fields = (
        "x regime method structure rank rcond effective_condition backward_error forward_error error_kind "
        "residual_norm iterations refinements converged reason history seconds singular_values"
    )
    assert list(type(s).__dataclass_fields__) == fields.split()
    with pytest.raises(AttributeError):
        s.x = None
    assert s.reason is hs.Reason.ok
    assert s.iterations == 0
    assert s.history is None
    assert s.seconds >= 0
    assert s == s
    assert s != hs.solve([[2.0, 1.0], [1.0, 3.0]], [1.0, 2.0], full_output=True)


def test_solution_as_text_and_as_html():
    s = hs.solve([[2.0, 1.0], [1.0, 3.0]], [1.0, 2.0], full_output=True)
    lines = str(s).splitlines()
    assert lines[0] == "Solution: x (2,) float64"
    assert lines[1].split() == ["reason", "ok"]
    assert lines[2].split(maxsplit=1) == ["regime", "1 (square, well posed)"]
    assert any(line.split()[:3] == ["forward", "error", "<="] and line.endswith("(bound)") for line in lines)
    assert s._repr_html_().startswith("<table><caption>Solution: x (2,) float64</caption><tr>")
    with pytest.raises(
        ValueError, match=f"^method {s.method} has no history to plot, and no spectrum; only iterative "
    ):
        s.plot()


def test_every_reason_has_advice():
    assert len(hs.Reason) == 12
    for reason in hs.Reason:
        assert reason == str(reason) == reason.name
        assert reason.advice.endswith(".")
        assert len(reason.advice) > 40
