# SPDX-License-Identifier: BSD-3-Clause
"""Updates of low rank: of factors, which must be those of the changed matrix, and of an inverse."""

import pickle
import re

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, eps
from reference import backward_error, wide

doubtful = pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")
SIZES = (1, 2, 3, 7, 64, 150)
SQUARE = ("cholesky", "ldlt", "lu", "qr", "qr-pivoted", "svd", "eigh", "banded")


def matrix_for(kind, n, dtype, condition=100.0):
    if kind in ("lu", "qr", "qr-pivoted", "svd", "banded"):
        return problems.with_condition(n, condition, dtype)
    return problems.hermitian(n, condition, dtype, signs="positive" if kind == "cholesky" else "mixed")


def changed(A, u, v, sign=1):
    """A +- u v^H in long double."""
    u, v = wide(u).reshape(len(u), -1), wide(v).reshape(len(v), -1)
    return wide(A) + sign * (u @ v.conj().T)


def growth(A, u, v, sign=1):
    """The condition of an update by Woodbury's formula: of A, and of the capacity matrix I +- V^H A^-1 U."""
    A = np.asarray(A, dtype=np.complex128)
    u, v = np.asarray(u).reshape(len(A), -1), np.asarray(v).reshape(len(A), -1)
    if u.size == 0:
        return 1.0
    capacity = np.eye(u.shape[1]) + sign * (v.conj().T @ np.linalg.solve(A, u))
    return max(1.0, np.linalg.cond(A)) * max(1.0, np.linalg.norm(capacity, 2)) / np.linalg.svd(capacity)[1][-1]


@doubtful
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", SQUARE)
@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("n", SIZES)
def test_an_update_is_as_good_as_a_factorisation(n, k, kind, dtype):
    """By u u^H in place: backward stable. In product form: a residual that grows with the condition of the update."""
    A = matrix_for(kind, n, dtype)
    u = problems.random((n, k), dtype, 1)
    v = u if kind in ("cholesky", "ldlt", "eigh") else problems.random((n, k), dtype, 2)
    before = A.copy(), u.copy()
    f = hs.factor(A, kind=kind)
    assert f.update(u, None if v is u else v) is f
    B = changed(A, u, v)
    b = problems.random((n, 2), dtype, 3)
    bound = 8 * n * (1 + k) * eps(dtype) * (1 if kind == "cholesky" else growth(A, u, v))
    for trans, op in {"N": B, "T": B.T, "C": B.conj().T}.items():
        assert backward_error(op, f.solve(b, trans), b) <= bound
    ours, theirs = f.slogdet(), np.linalg.slogdet(B.astype(np.complex128))
    tolerance = bound * np.linalg.cond(B.astype(np.complex128))
    if tolerance < 0.1:
        np.testing.assert_allclose(ours.sign, theirs.sign, atol=tolerance)
        np.testing.assert_allclose(ours.logabsdet, theirs.logabsdet, atol=tolerance)
        X = np.linalg.inv(B.astype(np.complex128))
        np.testing.assert_allclose(f.inv(), X, atol=tolerance * abs(X).max() * n)
        np.testing.assert_allclose(f.inverse_diagonal(), np.diag(X), atol=tolerance * abs(X).max() * n)
    np.testing.assert_array_equal(A, before[0])
    np.testing.assert_array_equal(u, before[1])


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", ["cholesky", "ldlt", "lu", "qr"])
@pytest.mark.parametrize("n", SIZES)
def test_a_downdate_undoes_an_update(n, kind, dtype):
    A = matrix_for(kind, n, dtype, 10.0)
    u = problems.random((n, 2), dtype, 1) / n
    b = problems.random(n, dtype, 2)
    f = hs.factor(A, kind=kind)
    size = growth(A, u, u)
    x = f.update(u).downdate(u).solve(b)
    assert backward_error(A, x, b) <= 40 * n * eps(dtype) * size


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(("m", "n"), [(6, 3), (3, 6), (64, 20)])
@pytest.mark.parametrize("kind", ["qr", "svd"])
def test_rectangular_factors_are_updated(m, n, kind, dtype):
    A = problems.with_condition(n, 10.0, dtype, m=m)
    u, v = problems.random((m, 2), dtype, 1), problems.random((n, 2), dtype, 2)
    b = problems.random(m, dtype, 3)
    x = hs.factor(A, kind=kind).update(u, v).solve(b)
    expected = np.linalg.pinv(changed(A, u, v).astype(np.complex128)) @ b
    np.testing.assert_allclose(x, expected, atol=1e4 * m * eps(dtype) * abs(expected).max())


@pytest.mark.parametrize("keep", [False, True])
@pytest.mark.parametrize("kind", ["cholesky", "ldlt", "lu", "qr"])
def test_many_updates_in_a_row(kind, keep):
    """A hundred changes up and down, whose errors add up but do not multiply."""
    n, count = 40, 100
    A = matrix_for(kind, n, np.float64, 10.0) + 0.0
    A += 2 * np.eye(n) if kind == "cholesky" else 0
    f = hs.factor(A, kind=kind, keep_matrix=keep)
    truth, worst = wide(A), 1.0
    b = problems.random(n, np.float64, 5)
    for i in range(count):
        u = problems.random(n, np.float64, 100 + i) / np.sqrt(n)
        down = i % 3 == 2
        if down:  # take back what was added before
            u = problems.random(n, np.float64, 100 + i - 1) / np.sqrt(n)
        worst = max(worst, growth(truth.astype(float), u, u, -1 if down else 1))
        f = f.downdate(u) if down else f.update(u)
        truth = changed(truth, u, u, -1 if down else 1)
        size = 1 if kind == "cholesky" else worst
        assert backward_error(truth, f.solve(b), b) <= 4 * n * (i + 2) * eps(np.float64) * size
    g = pickle.loads(pickle.dumps(f))
    np.testing.assert_array_equal(g.solve(b), f.solve(b))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("n", [1, 2, 3, 7, 64])
def test_a_refused_downdate_leaves_every_bit(n, dtype):
    A = problems.hermitian(n, 10.0, dtype)
    b = problems.random(n, dtype, 1)
    f = hs.factor(A, kind="cholesky")
    x, state = f.solve(b), pickle.dumps(f)
    u = np.zeros((n, 2), dtype)
    u[0, 0], u[-1, 1] = 0.01, 3  # the first column alone could be taken away
    text = (
        rf"^`A` \({n}, {n}\) - u u\^H is not positive definite.* Use a smaller u; the factors are left as they were\.$"
    )
    with pytest.raises(hs.NotPositiveDefiniteError, match=text):
        f.downdate(u)
    np.testing.assert_array_equal(f.solve(b), x)
    assert pickle.dumps(f) == state


@pytest.mark.parametrize("kind", ["lu", "qr", "ldlt"])
def test_an_update_to_a_singular_matrix_is_refused(kind):
    A, b = np.diag([1.0, 2.0, 4.0]), np.arange(3.0)
    f = hs.factor(A, kind=kind)
    x = f.solve(b)
    e = np.array([1.0, 0.0, 0.0])
    text = r"^`A` \(3, 3\) - u u\^H is singular.*\. The factors are left as they were\.$"
    with pytest.raises(hs.SingularMatrixError, match=text):
        f.downdate(e)
    np.testing.assert_array_equal(f.solve(b), x)


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128])
def test_complex_symmetric_factors(dtype):
    A = problems.random((9, 9), dtype)
    A = A + A.T
    u, b = problems.random(9, dtype, 1), problems.random(9, dtype, 2)
    for v in (u, u.conj()):
        f = hs.factor(A, kind="ldlt").update(u, v)
        assert backward_error(changed(A, u, v), f.solve(b), b) <= 100 * eps(dtype) * growth(A, u, v)


def test_shapes_and_types_of_updates():
    f = hs.factor(np.eye(3), kind="lu")
    f.update([1, 0, 0], np.ones(3, dtype=np.float32))
    np.testing.assert_allclose(f.solve([2.0, 0.0, 0.0]), [1.0, 0.0, 0.0])
    f.update(np.zeros((3, 0)))
    np.testing.assert_allclose(f.solve([2.0, 0.0, 0.0]), [1.0, 0.0, 0.0])


E3 = np.eye(3)
BAD = [
    ("lu", (np.ones(2),), ValueError, "`A` (3, 3) and `u` (2,) do not fit: `u` needs 3 rows, not 2."),
    ("lu", (np.ones(3), np.ones(4)), ValueError, "`A` (3, 3) and `v` (4,) do not fit: `v` needs 3 rows, not 4."),
    (
        "lu",
        (np.ones((3, 2)), np.ones(3)),
        ValueError,
        "`u` has 2 columns and `v` 1; the product u v^H needs equally many.",
    ),
    ("lu", ([1, np.nan, 0],), ValueError, "`u` (3,) has a NaN or infinity at row 1; clean the data first."),
    ("lu", (np.ones(3), [1, 1, np.inf]), ValueError, "`v` (3,) has a NaN or infinity at row 2; clean the data first."),
    (
        "lu",
        (np.ones(3) * 1j,),
        TypeError,
        "`u` is complex, and the factors of `A` are float64; factor a complex A first.",
    ),
    (
        "cholesky",
        (np.ones(3), np.arange(3.0)),
        ValueError,
        "`v` differs from `u`, and A + u v^H is not Hermitian; hs.factor(A, kind='lu') takes any u and v.",
    ),
]


@pytest.mark.parametrize(("kind", "arguments", "error", "text"), BAD)
def test_bad_updates_change_nothing(kind, arguments, error, text):
    f = hs.factor(2 * E3, kind=kind)
    state = pickle.dumps(f)
    for call in (f.update, f.downdate):
        with pytest.raises(error, match=f"^{re.escape(text)}$"):
            call(*arguments)
    assert pickle.dumps(f) == state


def test_an_update_of_a_rectangular_matrix_needs_v():
    f = hs.factor(np.ones((4, 2)) + np.eye(4, 2), kind="qr")
    text = "`A` (4, 2) is not square, as an update by u u^H needs it; pass v, (2,) or (2, k)."
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        f.update(np.ones(4))


@doubtful
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F", "strided"])
@pytest.mark.parametrize(("n", "k"), [(1, 1), (2, 1), (7, 3), (64, 5), (150, 1), (5, 0)])
def test_sherman_morrison_and_woodbury(n, k, order, dtype):
    A = problems.with_condition(n, 10.0, dtype)
    X = problems.laid_out(np.linalg.inv(A).astype(dtype), order)
    before = X.copy()
    U, C, V = (problems.random(s, dtype, seed) for seed, s in enumerate([(n, k), (k, k), (k, n)]))
    reference = np.linalg.inv(A.astype(np.complex128) + U @ C @ V)
    close = 40 * n * eps(dtype) * growth(A, U @ C, V.conj().T) * 10 * max(1, abs(reference).max())
    result = hs.woodbury(X, U, C, V)
    assert result.dtype == dtype
    np.testing.assert_allclose(result, reference, atol=close)
    if k == 1:
        u, v = U[:, 0], V[0].conj()
        reference = np.linalg.inv(A.astype(np.complex128) + np.outer(u, v.conj()))
        close = 40 * n * eps(dtype) * growth(A, u, v) * 10 * max(1, abs(reference).max())
        np.testing.assert_allclose(hs.sherman_morrison(X, u, v), reference, atol=close)
    np.testing.assert_array_equal(X, before)


def test_a_singular_core_is_no_obstacle():
    U, C, V = np.eye(3)[:, :2], np.array([[1.0, 0.0], [0.0, 0.0]]), np.eye(3)[:2]
    np.testing.assert_allclose(hs.woodbury(np.eye(3), U, C, V), np.diag([0.5, 1.0, 1.0]))


def test_inverses_of_mixed_types():
    assert hs.sherman_morrison(np.eye(2, dtype=np.float32), [1, 0], [1j, 0]).dtype == np.complex128
    with pytest.raises(TypeError, match=r"^`u` has dtype longdouble; "):
        hs.sherman_morrison(E3, np.ones(3, dtype=np.longdouble), np.ones(3))


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (
            lambda: hs.sherman_morrison(E3, [-1, 0, 0], [1, 0, 0]),
            hs.SingularMatrixError,
            "A + u v^H (3, 3) is singular. Use hs.pinv of the sum for its pseudo-inverse.",
        ),
        (
            lambda: hs.woodbury(E3, E3, -E3, E3),
            hs.SingularMatrixError,
            "A + U C V (3, 3) is singular",
        ),
        (
            lambda: hs.sherman_morrison(np.ones((3, 2)), [1, 0, 0], [1, 0, 0]),
            ValueError,
            "`A_inv` (3, 2) is not a square matrix, as hs.sherman_morrison needs it.",
        ),
        (
            lambda: hs.sherman_morrison(E3, [1, 0], [1, 0, 0]),
            ValueError,
            "`A_inv` (3, 3) and `u` (2,) do not fit: `u` needs shape (3,).",
        ),
        (lambda: hs.woodbury(E3, E3, np.ones((2, 3)), E3), ValueError, "`C` (2, 3) is not a square matrix, as hs.w"),
        (
            lambda: hs.woodbury(E3, np.ones((3, 2)), np.eye(2), np.ones((3, 2))),
            ValueError,
            "`A_inv` (3, 3), `C` (2, 2) and `V` (3, 2) do not fit: `V` needs shape (2, 3).",
        ),
        (lambda: hs.woodbury(E3, E3 * np.nan, E3, E3), ValueError, "`U` (3, 3) has a NaN or infinity at row 0, column"),
    ],
)
def test_what_cannot_be_done_to_an_inverse(call, error, text):
    with pytest.raises(error, match=f"^{re.escape(text)}"):
        call()


def test_an_update_that_loses_digits_is_told():
    with pytest.warns(hs.IllConditionedWarning, match=r"^A \+ u v\^H \(2, 2\) is singular to working precision"):
        hs.sherman_morrison(np.eye(2), [-1 + 2.0**-52, 0.0], [1.0, 0.0])
