# SPDX-License-Identifier: BSD-3-Clause
"""hs.explain: each structure is recognised, to the last entry, and the plan follows from it."""

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, ORDERS

FIRST_METHOD = {
    "diagonal": "diagonal",
    "tridiagonal": "tridiagonal",
    "banded": "banded",
    "upper triangular": "triangular",
    "lower triangular": "triangular",
    "permuted triangular": "triangular",
    "symmetric": "ldlt",
    "hermitian": "ldlt",
    "positive definite candidate": "cholesky",
    "general": "lu",
}


def expected(name, dtype):
    """A real Hermitian matrix is called symmetric."""
    return "symmetric" if name == "hermitian" and np.dtype(dtype).kind != "c" else name


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("name", problems.STRUCTURES)
def test_structure_and_first_method(name, dtype, order):
    for n in (30, 65, 150):
        A = problems.structured(name, n, dtype, order)
        plan = hs.explain(A)
        assert plan.structure == expected(name, dtype)
        assert plan.method == FIRST_METHOD[name]
        assert plan.method == plan.methods[0]
        assert plan.flops > 0


@pytest.mark.parametrize("name", problems.STRUCTURES)
def test_solve_reports_what_was_planned(name):
    A = problems.structured(name, 40, np.complex128)
    plan = hs.explain(A)
    s = hs.solve(A, np.ones(40), full_output=True)
    assert (s.structure, s.method) == (plan.structure, plan.method)
    assert s.regime == plan.regime == 1


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [10, 30, 70, 150])
@pytest.mark.parametrize("name", problems.STRUCTURES)
def test_backslash_reports_the_first_method_planned(name, n, dtype):
    A = problems.structured(name, n, dtype)
    s = hs.backslash(A, np.ones(n, dtype))
    plan = hs.explain(A, np.ones(n))
    assert (s.structure, s.method, s.regime) == (plan.structure, plan.method, plan.regime)
    assert s.method in plan.methods


@pytest.mark.parametrize(("m", "n"), [(9, 4), (4, 9), (80, 70), (70, 80)])
def test_least_squares_reports_the_first_method_planned(m, n):
    A = problems.random((m, n), np.float64)
    plan, s = hs.explain(A), hs.backslash(A, np.ones(m))
    assert (s.method, s.regime) == (plan.method, plan.regime)


@pytest.mark.parametrize("rank", [3, 9])
def test_what_answers_in_the_end_was_planned(rank):
    A = problems.with_condition(10, 10.0, np.float64, rank=rank)
    plan, s = hs.explain(A), hs.backslash(A, np.ones(10))
    assert s.method in plan.methods[1:]


def test_explain_of_a_stack():
    A = np.stack([np.eye(3), np.ones((3, 3)), np.eye(3)])
    assert hs.explain(A) == hs.explain(A[0])
    A[2, 1, 0] = np.nan
    text = r"^`A` \(3, 3, 3\) has a NaN or infinity at slice 2, row 1, column 0; clean the data first\.$"
    with pytest.raises(ValueError, match=text):
        hs.explain(A)
    with pytest.raises(
        ValueError, match=r"^`A` \(2, 0, 3, 3\) is an empty stack; there is no matrix in it to explain\.$"
    ):
        hs.explain(np.zeros((2, 0, 3, 3)))


@pytest.mark.parametrize(
    "name", ["diagonal", "tridiagonal", "banded", "upper triangular", "lower triangular", "symmetric"]
)
@pytest.mark.parametrize("corner", ["lower left", "upper right", "last pair"])
def test_one_entry_spoils_a_structure(name, corner):
    """Tests that stop early must not stop too early."""
    for n in (30, 100):
        A = problems.structured(name, n, np.float64)
        at = {"lower left": (n - 1, 0), "upper right": (0, n - 1), "last pair": (n - 1, n - 2)}[corner]
        harmless = {
            ("tridiagonal", "last pair"),
            ("banded", "last pair"),
            ("lower triangular", "lower left"),
            ("lower triangular", "last pair"),
            ("upper triangular", "upper right"),
        }
        A[at] += 1e-3
        s = hs.solve(A, np.ones(n), full_output=True)
        assert (s.structure == name) == ((name, corner) in harmless)
        np.testing.assert_allclose(A @ s.x, np.ones(n), atol=1e-10)


def test_band_widths():
    A = problems.structured("banded", 40, np.float64)
    plan = hs.explain(A)
    assert (plan.lower_bandwidth, plan.upper_bandwidth) == (2, 1)
    plan = hs.explain(np.eye(5))
    assert (plan.lower_bandwidth, plan.upper_bandwidth) == (0, 0)


@pytest.mark.parametrize("dtype", DTYPES)
def test_zero_matrix(dtype):
    plan = hs.explain(np.zeros((4, 4), dtype))
    assert plan.structure == "zero"
    s = hs.backslash(np.zeros((4, 4), dtype), np.ones(4, dtype))
    assert s.rank == 0
    np.testing.assert_array_equal(s.x, np.zeros(4))


def test_an_indefinite_candidate_goes_down_the_ladder():
    A = np.array([[1.0, 2.0], [2.0, 1.0]])  # positive diagonal, eigenvalues 3 and -1
    assert hs.explain(A).structure == "positive definite candidate"
    assert hs.explain(A).methods[0] == "cholesky"
    s = hs.solve(A, [3.0, 3.0], full_output=True)
    assert s.method in hs.explain(A).methods[1:]
    assert s.reason == "ok"
    np.testing.assert_allclose(s.x, [1.0, 1.0], rtol=1e-15)


def test_complex_symmetric_is_not_hermitian():
    A = problems.structured("symmetric", 40, np.complex128)
    assert hs.explain(A).structure == "symmetric"
    A = problems.structured("hermitian", 40, np.complex128)
    assert hs.explain(A).structure == "hermitian"
    A[3, 3] = 1j
    assert hs.explain(A).structure not in ("hermitian", "positive definite candidate")


@pytest.mark.parametrize(("shape", "regime"), [((30, 20), 2), ((20, 30), 3), ((30, 30), 1)])
def test_regime_by_shape(shape, regime):
    A = problems.random(shape, np.float64)
    assert hs.explain(A).regime == regime
    assert hs.backslash(A, np.ones(shape[0])).regime == regime


def test_explain_counts_right_hand_sides_and_solves_nothing():
    A = problems.with_condition(50, 10.0, np.float64)
    assert hs.explain(A, np.ones((50, 30))).flops > hs.explain(A).flops == hs.explain(A, np.ones(50)).flops


def test_plan_reads_well():
    text = str(hs.explain(problems.structured("tridiagonal", 9, np.float64)))
    assert text.splitlines()[0] == "Plan"
    assert "tridiagonal, bandwidths 1 below, 1 above" in text
    assert "square; only three diagonals are not zero" in text


def test_explain_a_batch_has_one_plan():
    A = np.stack([problems.with_condition(6, 10.0, np.float64, seed=seed) for seed in range(3)])
    assert hs.explain(A).method == "lu"
