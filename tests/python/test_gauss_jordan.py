# SPDX-License-Identifier: BSD-3-Clause
"""hs.gauss_jordan_steps: every matrix follows from the one before by the operation beside it, up to the inverse."""

import re
from fractions import Fraction

import numpy as np
import pytest

import hessolve as hs
import problems
from hessolve.gauss_jordan import Operation
from problems import DTYPES, ORDERS, eps


class Gaussian:
    """An exact complex number."""

    def __init__(self, value):
        self.re, self.im = (value.re, value.im) if isinstance(value, Gaussian) else map(Fraction, _parts(value))

    def __add__(self, other):
        return _gaussian(self.re + other.re, self.im + other.im)

    def __mul__(self, other):
        return _gaussian(self.re * other.re - self.im * other.im, self.re * other.im + self.im * other.re)

    def __complex__(self):
        return complex(float(self.re), float(self.im))


def _parts(value):
    value = complex(value)
    return value.real, value.imag


def _gaussian(re_, im):
    number = Gaussian(0)
    number.re, number.im = re_, im
    return number


def exact(A):
    return [[Gaussian(v) for v in row] for row in A]


def numbers(rows):
    return np.array([[complex(v) for v in row] for row in rows])


def applied(rows, operation):
    """One operation in exact arithmetic, on lines."""
    rows = [list(row) for row in rows]
    i, j, factor = operation.target, operation.source, Gaussian(operation.factor)
    if operation.kind == "swap":
        rows[i], rows[j] = rows[j], rows[i]
    elif operation.kind == "scale":
        assert i == j
        rows[i] = [factor * v for v in rows[i]]
    else:
        assert operation.kind == "add"
        rows[i] = [v + factor * w for v, w in zip(rows[i], rows[j], strict=True)]
    return rows


@pytest.mark.parametrize("by", ["rows", "columns"])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [0, 1, 2, 3, 7])
def test_operations_replayed_in_fractions(n, dtype, by):
    A = problems.with_condition(n, 10.0, dtype, ORDERS[n % len(ORDERS)])
    before = A.copy()
    lines = A if by == "rows" else A.T
    start = np.hstack([lines, np.eye(n)])
    step_by_step, all_exact = exact(start), exact(start)
    for matrix, operation in hs.gauss_jordan_steps(A, by):
        assert matrix.dtype == dtype
        assert matrix.shape == ((n, 2 * n) if by == "rows" else (2 * n, n))
        assert operation.line == by[:-1]
        now = matrix if by == "rows" else matrix.T
        follows = numbers(applied(step_by_step, operation))
        np.testing.assert_allclose(now, follows, atol=4 * eps(dtype) * (1 + abs(follows).max()))
        step_by_step, all_exact = exact(now), applied(all_exact, operation)
    done = numbers(all_exact) if n else np.zeros((0, 0))
    X = np.linalg.inv(lines.astype(np.complex128))
    close = 200 * max(n, 1) * eps(dtype)
    for result in (done, numbers(step_by_step) if n else done):
        np.testing.assert_allclose(result[:, :n], np.eye(n), atol=close)
        np.testing.assert_allclose(result[:, n:], X, atol=close * 10)
    np.testing.assert_array_equal(A, before)


@pytest.mark.parametrize("by", ["rows", "columns"])
def test_pivots_are_the_largest(by):
    """Every factor of an elimination of the pivot's own column below it is at most the pivot's size before scaling."""
    A = problems.random((6, 6), np.float64)
    for matrix, _ in hs.gauss_jordan_steps(A, by):
        assert np.isfinite(matrix).all()
    np.testing.assert_allclose(matrix[:, 6:] if by == "rows" else matrix[6:], np.linalg.inv(A), rtol=1e-12)


def test_every_matrix_is_its_own():
    steps = list(hs.gauss_jordan_steps([[2.0, 1.0], [1.0, 3.0]]))
    first = steps[0][0].copy()
    steps[1][0][...] = np.nan
    np.testing.assert_array_equal(steps[0][0], first)
    np.testing.assert_array_equal(list(hs.gauss_jordan_steps([[2.0, 1.0], [1.0, 3.0]]))[1][0].shape, (2, 4))


def test_words():
    assert [str(o) for _, o in hs.gauss_jordan_steps([[0.0, 2.0], [4.0, 8.0]])] == [
        "swap rows 0 and 1",
        "row 0 *= 0.25",
        "row 1 *= 0.5",
        "row 0 -= 2 * row 1",
    ]
    assert str(Operation("add", "row", 2, 0, 0.5)) == "row 2 += 0.5 * row 0"
    assert str(Operation("add", "column", 2, 0, -0.5)) == "column 2 -= 0.5 * column 0"
    assert str(Operation("add", "row", 1, 0, 1 + 2j)) == "row 1 += (1+2j) * row 0"
    assert str(Operation("scale", "column", 1, 1, 1 / 3)) == "column 1 *= 0.333333"
    assert str(Operation("swap", "column", 1, 3)) == "swap columns 1 and 3"
    assert {str(o).split()[0] for _, o in hs.gauss_jordan_steps([[0.0, 2.0], [4.0, 8.0]], by="columns")} <= {
        "swap",
        "column",
    }


def test_an_identity_needs_nothing():
    assert list(hs.gauss_jordan_steps(np.eye(3))) == []
    assert list(hs.gauss_jordan_steps(np.zeros((0, 0)))) == []


@pytest.mark.parametrize(("by", "line"), [("rows", "column"), ("columns", "row")])
def test_a_singular_matrix_is_told_where_it_ends(by, line):
    A = np.array([[1.0, 2.0, 3.0], [2.0, 4.0, 7.0], [3.0, 6.0, 9.0]])
    A = A if by == "rows" else A.T
    text = f"`A` (3, 3) is singular: no pivot is left in {line} 1. Use hs.pinv(A) for the pseudo-inverse."
    with pytest.raises(hs.SingularMatrixError, match=f"^{re.escape(text)}$"):
        list(hs.gauss_jordan_steps(A, by))


@pytest.mark.parametrize(
    ("A", "by", "error", "text"),
    [
        (np.eye(2), "diagonals", ValueError, "by='diagonals' is not valid; valid: 'rows', 'columns'."),
        (np.ones((2, 3)), "rows", ValueError, "`A` (2, 3) is not square, as hs.gauss_jordan_steps needs it; use hs.p"),
        (np.ones((2, 3, 3)), "rows", ValueError, "`A` (2, 3, 3) is a stack, and hs.gauss_jordan_steps takes one"),
        ([[np.nan]], "rows", ValueError, "`A` (1, 1) has a NaN or infinity at row 0, column 0; clean the data first."),
        (np.eye(2, dtype=np.longdouble), "rows", TypeError, "`A` has dtype longdouble; "),
    ],
)
def test_mistakes_are_told_at_once(A, by, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}"):
        hs.gauss_jordan_steps(A, by)
