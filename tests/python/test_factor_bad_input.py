# SPDX-License-Identifier: BSD-3-Clause
"""What hs.factor and its factors refuse, word for word."""

import pickle
import re

import numpy as np
import pytest

import hessolve as hs

KINDS = "'auto', 'lu', 'cholesky', 'ldlt', 'eigh', 'banded', 'triangular', 'qr', "
BAD = [
    ((np.eye(2), "LU"), {}, ValueError, f"kind='LU' is not valid; valid: {KINDS}'qr-pivoted', 'svd'."),
    ((np.eye(2),), {"keep_matrix": 1}, TypeError, "keep_matrix=1 is not valid; valid: True, False."),
    ((np.ones((2, 3, 3)),), {}, ValueError, "`A` (2, 3, 3) is a stack, and hs.factor takes one matrix; "),
    ((np.ones(3),), {}, ValueError, "`A` (3,) has fewer than two dimensions; "),
    (
        (np.ones((3, 2)), "cholesky"),
        {},
        ValueError,
        "`A` (3, 2) is not square, as kind='cholesky' needs it; use kind='qr', 'qr-pivoted' or 'svd'.",
    ),
    (
        (np.array([[1.0, 2.0], [3.0, 4.0]]), "triangular"),
        {},
        ValueError,
        "`A` (2, 2) is not triangular, in no order of its rows and columns, as kind='triangular' needs it; use kind=",
    ),
    ((np.array([[1.0, np.nan]]),), {}, ValueError, "`A` (1, 2) has a NaN or infinity at row 0, column 1; "),
    ((np.eye(2, dtype=np.longdouble),), {}, TypeError, "`A` has dtype longdouble; "),
    (
        (np.array([[1.0, 2.0], [2.0, 1.0]]), "cholesky"),
        {},
        hs.NotPositiveDefiniteError,
        "`A` (2, 2) is not positive definite: the leading minor of order 2 (column 1) is not positive. "
        "Use hs.factor(A) without kind.",
    ),
]


@pytest.mark.parametrize(("arguments", "keywords", "error", "text"), BAD)
def test_what_cannot_be_factored(arguments, keywords, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}"):
        hs.factor(*arguments, **keywords)


@pytest.mark.parametrize(
    ("b", "trans", "error", "text"),
    [
        (np.ones(2), "N", ValueError, "`A` (3, 2) and `b` (2,) do not fit: `b` needs 3 rows, not 2."),
        (np.ones(3), "T", ValueError, "`A` (3, 2) and `b` (3,) do not fit: `b` needs 2 rows, not 3."),
        (np.ones((1, 3, 1)), "N", ValueError, "`b` (1, 3, 1) has 3 dimensions; a vector (m,) or a matrix (m, k) is"),
        (1.0, "N", ValueError, "`b` () has 0 dimensions; "),
        ([1.0, np.inf, 0.0], "N", ValueError, "`b` (3,) has a NaN or infinity at row 1; clean the data first."),
        ([1.0, 2.0, np.nan * 1j], "N", ValueError, "`b` (3,) has a NaN or infinity at row 2; clean the data first."),
        (np.ones(3), "X", ValueError, "trans='X' is not valid; valid: 'N', 'T', 'C' and 0, 1, 2."),
        (["a"] * 3, "N", TypeError, "`b` has dtype str; "),
    ],
)
def test_what_cannot_be_solved(b, trans, error, text):
    f = hs.factor([[1.0, 2.0], [3.0, 4.0], [5.0, 7.0]])
    with pytest.raises(error, match=f"^{re.escape(text)}"):
        f.solve(b, trans)


@pytest.mark.parametrize(
    ("call", "instead"),
    [
        (lambda f: f.inv(), "the inverse needs it; use hs.pinv(A)."),
        (lambda f: f.det(), "the determinant needs it; use hs.svd(A) for the singular values."),
        (lambda f: f.slogdet(), "the determinant needs it; use hs.svd(A) for the singular values."),
        (lambda f: f.inverse_quadratic([1.0, 2.0]), "inverse_quadratic(w) needs it; use hs.pinv(A)."),
        (lambda f: f.inverse_diagonal(), "inverse_diagonal() needs it; use hs.pinv(A)."),
    ],
)
def test_what_needs_a_square_matrix(call, instead):
    f = hs.factor([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    with pytest.raises(ValueError, match=f"^{re.escape(f'`A` (2, 3) is not square, as {instead}')}$"):
        call(f)


@pytest.mark.parametrize("kind", ["auto", "lu", "ldlt", "qr", "triangular", "banded"])
def test_singular_matrices_can_be_factored_but_not_inverted(kind):
    A = np.diag([1.0, 0.0, 2.0])
    f = hs.factor(A, kind=kind)
    assert f.kind == ("diagonal" if kind == "auto" else kind)
    assert f.rcond == 0
    assert f.det() == 0
    assert f.slogdet() == (0, -np.inf)
    for call in (lambda: f.solve(np.ones(3)), f.inv, f.inverse_diagonal, lambda: f.inverse_quadratic(np.ones(3))):
        with pytest.raises(hs.SingularMatrixError, match=r"^`A` \(3, 3\) is singular.*Use hs\.\w+\(A"):
            call()
    np.testing.assert_array_equal(f.refactor(2 * np.eye(3)).solve(np.ones(3)), np.full(3, 0.5))


@pytest.mark.parametrize("call", [lambda f: f.whiten([1.0, 2.0]), lambda f: f.sample(0, 3)])
def test_only_cholesky_whitens_and_samples(call):
    f = hs.factor([[2.0, 1.0], [1.0, 2.0]], kind="lu")
    text = (
        r"^the factors of `A` \(2, 2\) are of kind 'lu', and .* needs A = L L\^H; use hs\.factor\(A, kind='cholesky'\)"
    )
    with pytest.raises(ValueError, match=text):
        call(f)


@pytest.mark.parametrize(("size", "error"), [(-1, ValueError), (1.5, TypeError), (True, TypeError), ("3", TypeError)])
def test_sizes_of_samples(size, error):
    f = hs.factor(np.eye(2), kind="cholesky")
    with pytest.raises(error, match=f"^size={re.escape(repr(size))} is not valid; it is an integer >= 0, or None\\.$"):
        f.sample(0, size)


def test_a_refactorisation_that_fails_leaves_the_factors():
    b = np.array([1.0, 2.0])
    f = hs.factor([[4.0, 1.0], [1.0, 3.0]], kind="cholesky")
    x, state = f.solve(b), pickle.dumps(f)
    with pytest.raises(hs.NotPositiveDefiniteError, match=r"^`values` is not positive definite.*left as they were\.$"):
        f.refactor([[1.0, 2.0], [2.0, 1.0]])
    with pytest.raises(
        ValueError, match=r"^`values` \(3, 3\) does not fit the factors of `A` \(2, 2\); hs\.factor takes"
    ):
        f.refactor(np.eye(3))
    with pytest.raises(TypeError, match=r"^`values` is complex, and the factors are float64; factor A\.astype"):
        f.refactor(np.eye(2) * 1j)
    with pytest.raises(ValueError, match=r"has a NaN or infinity at row 0, column 0; clean the data first\.$"):
        f.refactor([[np.nan, 0.0], [0.0, 1.0]])
    np.testing.assert_array_equal(f.solve(b), x)
    assert pickle.dumps(f) == state
    g = hs.factor([[1.0, 2.0], [3.0, 4.0]], kind="lu")
    x = g.solve(b)
    with pytest.raises(hs.SingularMatrixError, match=r"^`values` is singular.*; the factors are left as they were\.$"):
        g.refactor(np.ones((2, 2)))
    np.testing.assert_array_equal(g.solve(b), x)


def test_overflow_is_not_silent():
    f = hs.factor(np.diag([1e-200, 1.0]))
    with pytest.warns(
        RuntimeWarning,
        match=r"^x for `A` \(2, 2\) has a NaN or infinity, by overflow or from the data; scale or clean the data\.$",
    ):
        f.solve([1e200, 1.0])
