# SPDX-License-Identifier: BSD-3-Clause
"""Every error and warning text, word for word: they are part of the product. Inputs survive each of them."""

import contextlib
import pickle
import re
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import hessolve as hs
from hessolve import _core, _solution

I3 = np.eye(3)
ONES = np.ones(3)
NAN = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, np.nan], [7.0, 8.0, 10.0]])
SINGULAR = np.array([[4.0, 0.0, 4.0], [0.0, 2.0, 2.0], [2.0, 1.0, 3.0]])  # exactly: column 2 = column 0 + column 1
NEARLY = np.array([[1.0, 1.0, 2.0], [1.0, -1.0, 0.0], [1.0, 0.0, 1.0 + 2.0**-52]])
INDEFINITE = np.diag([1.0, 1.0, -1.0]) + 1e-3 * (np.ones((3, 3)) - I3)
CONVERT = "hessolve works in float32, float64, complex64 and complex128: convert it, for example with"
METHODS = "'auto', 'lu', 'cholesky', 'ldlt', 'qr', 'qr-pivoted', 'svd'"
LSTSQ_METHODS = "'auto', 'qr', 'qr-pivoted', 'svd', 'cholesky-qr', 'mgs', 'normal', 'sketch'"
ASSUME = (
    "'general', 'gen', 'diagonal', 'tridiagonal', 'banded', 'upper triangular', 'lower triangular', 'symmetric', "
    "'sym', 'hermitian', 'her', 'positive definite', 'pos'"
)
NORMS = "None, 2, -2, 1, -1, inf, -inf, 'fro', 'nuc'"
NUMBER = r"\d\.\d*e[-+]\d\d"

MISTAKES = [
    # shapes
    (lambda: hs.solve(ONES, ONES), ValueError,
     "`A` (3,) has fewer than two dimensions; a matrix (m, n) or a stack (..., m, n) is needed."),
    (lambda: hs.inv(2.0), ValueError,
     "`A` () has fewer than two dimensions; a matrix (m, n) or a stack (..., m, n) is needed."),
    (lambda: hs.solve(I3, 1.0), ValueError, "`b` () is a scalar; a vector (m,) or a matrix (..., m, k) is needed."),
    (lambda: hs.solve(I3, ONES[:2]), ValueError, "`A` (3, 3) and `b` (2,) do not fit: `b` needs 3 rows, not 2."),
    (lambda: hs.backslash(I3[:2], np.ones((3, 1))), ValueError,
     "`A` (2, 3) and `b` (3, 1) do not fit: `b` needs 2 rows, not 3."),
    (lambda: hs.lstsq(I3[:2], ONES), ValueError, "`A` (2, 3) and `b` (3,) do not fit: `b` needs 2 rows, not 3."),
    (lambda: hs.explain(I3, ONES[:1]), ValueError, "`A` (3, 3) and `b` (1,) do not fit: `b` needs 3 rows, not 1."),
    (lambda: hs.solve(np.ones((2, 3, 3)), np.ones((5, 3, 1))), ValueError,
     "`A` (2, 3, 3) and `b` (5, 3, 1) do not fit: their batch axes do not broadcast."),
    (lambda: hs.solve(I3[:, :2], ONES), ValueError,
     "`A` (3, 2) is not square, as hs.solve needs it; use hs.backslash(A, b) or hs.lstsq(A, b)."),
    (lambda: hs.inv(I3[:2]), ValueError, "`A` (2, 3) is not square, as hs.inv needs it; use hs.pinv(A)."),
    (lambda: hs.rcond(I3[:2]), ValueError, "`A` (2, 3) is not square, as hs.rcond needs it; use hs.cond(A)."),
    (lambda: hs.cond(I3[:2], 1), ValueError, "`A` (2, 3) is not square, as hs.cond needs it; use p=2."),
    (lambda: hs.cond(I3[:0]), ValueError, "`A` (0, 3) is empty; its condition number is not defined."),
    (lambda: hs.pinv(I3[:2], hermitian=True), ValueError, "`A` (2, 3) is not square, as hermitian=True needs it."),
    (lambda: hs.backslash(I3[:2], ONES[:2], method="lu"), ValueError,
     "method='lu' is not valid for `A` (2, 3), not square; valid: 'auto', 'qr', 'qr-pivoted', 'svd'."),
    # kinds of data
    (lambda: hs.solve([[1, 2], [3]], ONES), ValueError,
     "`A` is ragged: its rows differ in length; give every row the same number of entries."),
    (lambda: hs.solve(I3, [[1], [2, 3], [4]]), ValueError,
     "`b` is ragged: its rows differ in length; give every row the same number of entries."),
    (lambda: hs.solve(I3.astype(object), ONES), TypeError,
     f"`A` has dtype object; {CONVERT} np.asarray(A, dtype=np.float64)."),
    (lambda: hs.solve(I3, ["x", "y", "z"]), TypeError,
     f"`b` has dtype str; {CONVERT} np.asarray(b, dtype=np.float64)."),
    (lambda: hs.inv(I3.astype(np.longdouble)), TypeError,
     f"`A` has dtype longdouble; {CONVERT} np.asarray(A, dtype=np.float64)."),
    (lambda: hs.inv(I3.astype(np.clongdouble)), TypeError,
     f"`A` has dtype clongdouble; {CONVERT} np.asarray(A, dtype=np.complex128)."),
    (lambda: hs.solve(I3, np.array(["2020-01-01"] * 3, "M8[D]")), TypeError,
     f"`b` has dtype datetime64[D]; {CONVERT} np.asarray(b, dtype=np.float64)."),
    (lambda: hs.solve(np.ma.masked_equal(I3, 1.0), ONES), ValueError,
     "`A` (3, 3) has 3 masked entries; fill them with A.filled(...) or leave out their rows."),
    # NaN and infinity
    (lambda: hs.solve(NAN, ONES), ValueError,
     "`A` (3, 3) has a NaN or infinity at row 1, column 2; clean the data or pass check_finite=False."),
    (lambda: hs.solve(I3, [1.0, np.inf, 3.0]), ValueError,
     "`b` (3,) has a NaN or infinity at row 1; clean the data or pass check_finite=False."),
    (lambda: hs.solve(I3, [[1.0, 2.0], [1.0, -np.inf], [3.0, 3.0]]), ValueError,
     "`b` (3, 2) has a NaN or infinity at row 1, column 1; clean the data or pass check_finite=False."),
    (lambda: hs.solve(np.stack([I3, NAN]), ONES), ValueError,
     "`A` (2, 3, 3) has a NaN or infinity at slice 1, row 1, column 2; clean the data or pass check_finite=False."),
    (lambda: hs.inv(NAN), ValueError,
     "`A` (3, 3) has a NaN or infinity at row 1, column 2; clean the data or pass check_finite=False."),
    (lambda: hs.pinv(NAN), ValueError,
     "`A` (3, 3) has a NaN or infinity at row 1, column 2; clean the data or pass check_finite=False."),
    (lambda: hs.backslash(NAN, ONES), ValueError,
     "`A` (3, 3) has a NaN or infinity at row 1, column 2; clean the data first."),
    (lambda: hs.lstsq(NAN[:, 1:], ONES), ValueError,
     "`A` (3, 2) has a NaN or infinity at row 1, column 1; clean the data first."),
    (lambda: hs.explain(NAN), ValueError, "`A` (3, 3) has a NaN or infinity at row 1, column 2; clean the data first."),
    (lambda: hs.rcond(NAN), ValueError, "`A` (3, 3) has a NaN or infinity at row 1, column 2; clean the data first."),
    # keywords
    (lambda: hs.solve(I3, ONES, method="chol"), ValueError, f"method='chol' is not valid; valid: {METHODS}."),
    (lambda: hs.backslash(I3, ONES, method=None), ValueError, f"method=None is not valid; valid: {METHODS}."),
    (lambda: hs.lstsq(I3, ONES, method="lu"), ValueError, f"method='lu' is not valid; valid: {LSTSQ_METHODS}."),
    (lambda: hs.inv(I3, method="ldlt"), ValueError,
     "method='ldlt' is not valid; valid: 'auto', 'lu', 'gauss-jordan', 'cholesky', 'qr', 'svd'."),
    (lambda: hs.solve(I3, ONES, precision="double"), ValueError,
     "precision='double' is not valid; valid: 'working', 'mixed', 'extended'."),
    (lambda: hs.backslash(I3, ONES, precision=None), ValueError,
     "precision=None is not valid; valid: 'working', 'mixed', 'extended'."),
    (lambda: hs.lstsq(I3, ONES, precision="Mixed"), ValueError,
     "precision='Mixed' is not valid; valid: 'working', 'mixed', 'extended'."),
    (lambda: hs.solve(I3.copy(), ONES, overwrite_a=True, precision="extended"), ValueError,
     "precision='extended' needs `A` as it was; leave out overwrite_a=True."),
    (lambda: hs.solve(I3, ONES, on_singular="ignore"), ValueError,
     "on_singular='ignore' is not valid; valid: 'raise', 'warn', 'min-norm'."),
    (lambda: hs.solve(I3, ONES, assume_a="spd"), ValueError, f"assume_a='spd' is not valid; valid: {ASSUME}."),
    (lambda: hs.solve(I3, ONES, trans="X"), ValueError, "trans='X' is not valid; valid: 'N', 'T', 'C' and 0, 1, 2."),
    (lambda: hs.solve(I3, ONES, trans=True), ValueError, "trans=True is not valid; valid: 'N', 'T', 'C' and 0, 1, 2."),
    (lambda: hs.solve(I3, ONES, method="cholesky", assume_a="gen"), ValueError,
     "method='cholesky' and assume_a='gen' contradict each other; leave one of them out."),
    (lambda: hs.solve(I3, ONES, method="lu", assume_a="pos"), ValueError,
     "method='lu' and assume_a='pos' contradict each other; leave one of them out."),
    (lambda: hs.solve(I3 + 0j, ONES, method="cholesky", assume_a="sym"), ValueError,
     "method='cholesky' and assume_a='sym' contradict each other; leave one of them out."),
    (lambda: hs.solve(I3.copy(), ONES, overwrite_a=True, on_singular="min-norm"), ValueError,
     "on_singular='min-norm' needs `A` as it was; leave out overwrite_a=True."),
    (lambda: hs.backslash(I3, ONES, rtol=2.0), ValueError,
     "rtol=2.0 is not valid; it is a number between 0 and 1, or None."),
    (lambda: hs.pinv(I3, rtol=-1.0), ValueError, "rtol=-1.0 is not valid; it is a number >= 0, or None."),
    (lambda: hs.pinv(I3, atol=float("nan")), ValueError, "atol=nan is not valid; it is a number >= 0, or None."),
    (lambda: hs.lstsq(I3, ONES, rcond=1.5), ValueError, "rcond=1.5 is not valid; it is a number less than 1, or None."),
    (lambda: hs.cond(I3, 3), ValueError, f"p=3 is not valid; valid: {NORMS}."),
    (lambda: hs.lstsq(I3, ONES, constraints=I3), ValueError,
     "constraints=<ndarray> is not valid; it is a pair (C, d), or None."),
    (lambda: hs.lstsq(I3, ONES, sample_weight=[1.0, 2.0]), ValueError,
     "`sample_weight` (2,) does not fit `A` (3, 3); shape (3,) is needed."),
    (lambda: hs.lstsq(I3, ONES, sample_weight=[1.0, -2.0, 1.0]), ValueError,
     "`sample_weight` has a negative, NaN or infinite entry; weights are finite numbers >= 0."),
    (lambda: hs.lstsq(I3, ONES, sample_weight=[0, 0, 0]), ValueError,
     "`sample_weight` is all zero; at least one weight must be positive."),
    (lambda: hs.lstsq(I3, ONES, sample_weight=[1j, 0, 0]), TypeError,
     "`sample_weight` is complex; weights are real numbers >= 0."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES, ids=[str(i) for i in range(len(MISTAKES))])
def test_mistakes(call, error, text):
    kept = [a.copy() for a in (I3, ONES, NAN)]
    with pytest.raises(error, match=f"^{re.escape(text)}$") as caught:
        call()
    assert type(caught.value) is error
    for array, before in zip((I3, ONES, NAN), kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_sparse_matrices_are_recognised():
    sparse = pytest.importorskip("scipy.sparse", reason="SciPy is not installed")
    for kind, matrix in (("csr", sparse.csr_array(I3)), ("coo", sparse.coo_matrix(I3))):
        text = f"`A` (3, 3) is sparse ({kind}); this function takes dense arrays: pass A.toarray()."
        for call in (
            lambda m=matrix: hs.lstsq(m, ONES),
            lambda m=matrix: hs.cond(m),
            lambda m=matrix: hs.inv(m),
        ):
            with pytest.raises(TypeError, match=f"^{re.escape(text)}$"):
                call()


def readonly(a):
    a = a.copy()
    a.flags.writeable = False
    return a


BORROWED = np.ones((3, 4)) + np.eye(3, 4)
OVERLAPPING = np.lib.stride_tricks.as_strided(np.arange(9.0), (3, 3), (8, 8))
OVERWRITES = [
    (lambda: hs.solve([[2.0]], [1.0], overwrite_a=True), "A", "it is a list, not an ndarray", "float64"),
    (lambda: hs.solve(np.eye(3, dtype=int), ONES, overwrite_a=True),
     "A", "its dtype is int64, and float64 is needed", "float64"),
    (lambda: hs.solve(I3.astype("f4"), ONES, overwrite_a=True),
     "A", "its dtype is float32, and float64 is needed", "float64"),
    (lambda: hs.solve(readonly(I3), ONES, overwrite_a=True), "A", "it is read-only", "float64"),
    (lambda: hs.inv(readonly(I3), overwrite_a=True), "A", "it is read-only", "float64"),
    (lambda: hs.solve(OVERLAPPING, ONES, overwrite_a=True), "A", "its elements overlap in memory", "float64"),
    (lambda: hs.solve(BORROWED[:, :3], BORROWED[:, 2], overwrite_a=True), "A", "it shares memory with `b`", "float64"),
    (lambda: hs.solve(BORROWED[:, :3], BORROWED[:, 2], overwrite_b=True), "b", "it shares memory with `A`", "float64"),
    (lambda: hs.solve(I3.copy(), np.ones((2, 3, 1)), overwrite_a=True), "A", "it is broadcast to (2, 3, 3)", "float64"),
    (lambda: hs.solve(I3 + 0j, ONES.copy(), overwrite_b=True),
     "b", "its dtype is float64, and complex128 is needed", "complex128"),
    (lambda: hs.solve(I3, readonly(ONES), overwrite_b=True), "b", "it is read-only", "float64"),
    (lambda: hs.solve(I3.astype(I3.dtype.newbyteorder()), ONES, overwrite_a=True), "A",
     "its dtype is float64 in foreign byte order, and float64 is needed", "float64"),
]  # fmt: skip


@pytest.mark.parametrize(("call", "name", "problem", "dtype"), OVERWRITES, ids=[str(i) for i in range(len(OVERWRITES))])
def test_what_cannot_be_overwritten(call, name, problem, dtype):
    kept = [a.copy() for a in (BORROWED, OVERLAPPING, I3)]
    remedy = f"Pass a writeable {dtype} ndarray of its own or leave out overwrite_{name.lower()}=True."
    with pytest.raises(ValueError, match=f"^{re.escape(f'`{name}` cannot be overwritten: {problem}. {remedy}')}$"):
        call()
    for array, before in zip((BORROWED, OVERLAPPING, I3), kept, strict=True):
        np.testing.assert_array_equal(array, before)


def test_unaligned_memory_cannot_be_overwritten():
    raw = np.zeros(9 * 8 + 1, np.uint8)
    A = raw[1:].view(np.float64).reshape(3, 3)
    A[...] = I3
    with pytest.raises(ValueError, match=r"^`A` cannot be overwritten: it is not aligned\. "):
        hs.solve(A, ONES, overwrite_a=True)
    np.testing.assert_array_equal(hs.solve(A, ONES), ONES)


def test_interleaved_memory_can_be_overwritten():
    """A and b lie in the same block without sharing an element."""
    M = np.array([[2.0, 0, 0, 2], [0, 4, 0, 4], [0, 0, 8, 8]])
    np.testing.assert_array_equal(hs.solve(M[:, :3], M[:, 3], overwrite_a=True, overwrite_b=True), ONES)


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda A: hs.solve(A, ONES), "Use hs.backslash(A, b) for the minimum-norm answer."),
        (lambda A: hs.solve(A, ONES, full_output=True), "Use hs.backslash(A, b) for the minimum-norm answer."),
        (lambda A: hs.inv(A), "Use hs.pinv(A) for the pseudo-inverse."),
    ],
)
@pytest.mark.parametrize("order", ["C", "F"])
def test_singular(call, advice, order):
    A = np.array(SINGULAR, order=order)
    text = f"`A` (3, 3) is singular: column 2 depends on columns 0, 1. {advice}"
    with pytest.raises(hs.SingularMatrixError, match=f"^{re.escape(text)}$") as caught:
        call(A)
    assert isinstance(caught.value, np.linalg.LinAlgError)
    np.testing.assert_array_equal(A, SINGULAR)


@pytest.mark.parametrize(
    ("A", "cause"),
    [
        ([[1.0, 1.0], [1.0, 1.0]], "column 1 depends on column 0"),
        ([[1.0, 0.0], [2.0, 0.0]], "column 1 is zero"),
        ([[0.0, 1.0], [0.0, 2.0]], "column 0 is zero"),
        (np.diag([1.0, 0.0, 3.0]), "column 1 is zero"),
        (np.zeros((2, 2)), "column 0 is zero"),
        ([[0.0]], "column 0 is zero"),
    ],
)
def test_which_column_is_to_blame(A, cause):
    n = len(A)
    with pytest.raises(hs.SingularMatrixError, match=rf"^`A` \({n}, {n}\) is singular: {cause}\. Use hs\.backslash"):
        hs.solve(A, np.ones(n))


def test_a_long_list_of_columns_is_shortened():
    rng = np.random.default_rng(0)
    A = rng.integers(-2, 3, (12, 12)).astype(float) + 16 * np.eye(12)
    A[:, 11] = A[:, :11].sum(axis=1)
    blame = "column 11 depends on columns 0, 1, 2, 3, 4, 5 and 5 more"
    assert np.linalg.matrix_rank(A) == 11
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            hs.solve(A, np.ones(12))
            text = str(caught[0].message)
        except hs.SingularMatrixError as error:  # exactly or nearly: that is up to rounding
            text = str(error)
    assert blame in text


def test_nearly_singular():
    pattern = (
        rf"^`A` \(3, 3\) is singular to working precision \(rcond {NUMBER}\): column 2 depends on columns 0, 1; "
        r"about 0 of 16 digits of x can be trusted\. Use hs\.backslash\(A, b\) for the minimum-norm answer\.$"
    )
    with pytest.warns(hs.IllConditionedWarning, match=pattern) as caught:
        x = hs.solve(NEARLY, ONES)
    assert len(caught) == 1
    assert caught[0].filename == __file__  # the caller's line, not one of the package
    assert np.isfinite(x).all()
    with pytest.raises(hs.SingularMatrixError, match=pattern.replace(r"b\) for", r"b\) on a fresh copy of A for")):
        hs.solve(NEARLY.copy(), ONES, overwrite_a=True)
    with pytest.warns(hs.IllConditionedWarning, match=pattern.replace("of x", "of the inverse").split("Use")[0]):
        hs.inv(NEARLY)
    np.testing.assert_allclose(
        hs.solve(NEARLY, ONES, on_singular="min-norm"), np.linalg.pinv(NEARLY, rcond=1e-12) @ ONES, rtol=1e-12
    )


def test_nearly_singular_in_single_precision():
    A = NEARLY.astype(np.float32)
    A[2, 2] = 1 + 2.0**-23
    with pytest.warns(hs.IllConditionedWarning, match="about 0 of 7 digits of x can be trusted"):
        hs.solve(A, ONES.astype(np.float32))


def test_singular_as_a_warning():
    with pytest.warns(
        hs.IllConditionedWarning, match=r"^`A` \(3, 3\) is singular: column 2 depends on columns 0, 1\. Use"
    ):
        x = hs.solve(SINGULAR, ONES, on_singular="warn")
    assert np.isnan(x).all()


@pytest.mark.parametrize(
    "options", [{"assume_a": "pos"}, {"method": "cholesky"}, {"assume_a": "her", "method": "cholesky"}]
)
def test_not_positive_definite(options):
    where = "`A` (3, 3) is not positive definite: the leading minor of order 3 (column 2) is not positive."
    text = f"{where} Use hs.solve(A, b) without method and assume_a."
    with pytest.raises(hs.NotPositiveDefiniteError, match=f"^{re.escape(text)}$") as caught:
        hs.solve(INDEFINITE, ONES, **options)
    assert isinstance(caught.value, np.linalg.LinAlgError)
    text = f"{where} Use hs.inv(A) without method and assume_a."
    with pytest.raises(hs.NotPositiveDefiniteError, match=f"^{re.escape(text)}$"):
        hs.inv(INDEFINITE, **options)
    np.testing.assert_allclose(INDEFINITE @ hs.solve(INDEFINITE, ONES), ONES, rtol=1e-14)


def test_not_positive_definite_in_backslash():
    text = "the leading minor of order 3 (column 2) is not positive. Use hs.backslash(A, b) without method."
    with pytest.raises(hs.NotPositiveDefiniteError, match=f"{re.escape(text)}$"):
        hs.backslash(INDEFINITE, ONES, method="cholesky")
    assert hs.backslash(INDEFINITE, ONES).reason == "ok"


@pytest.mark.parametrize(
    ("call", "advice"),
    [
        (lambda A, b: hs.solve(A, b, overwrite_a=True), "hs.backslash(A, b) on a fresh copy of A for"),
        (lambda A, b: hs.solve(A, b, overwrite_b=True), "hs.backslash(A, b) on a fresh copy of b for"),
        (
            lambda A, b: hs.solve(A, b, overwrite_a=True, overwrite_b=True),
            "hs.backslash(A, b) on fresh copies of A and b for",
        ),
        (lambda A, b: hs.inv(A, overwrite_a=True), "hs.pinv(A) on a fresh copy of A for"),
    ],
)
def test_advice_after_overwriting(call, advice):
    with pytest.raises(
        hs.SingularMatrixError, match=re.escape(f"is singular: column 2 depends on columns 0, 1. Use {advice} the ")
    ):
        call(SINGULAR.copy(), ONES.copy())


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("n", [2, 3, 40, 130])
def test_unchecked_non_finite_data_neither_crash_nor_pass_in_silence(n):
    A = np.eye(n) + 0.1
    A[n - 1, 0] = np.nan
    with contextlib.suppress(np.linalg.LinAlgError):  # an error is not silent either
        assert not np.isfinite(hs.solve(A, np.ones(n), check_finite=False)).all()


@pytest.mark.parametrize("n", [2, 40])
def test_overflow_is_not_silent(n):
    A = np.eye(n) * 1e-200
    with pytest.warns(
        RuntimeWarning, match=r"^x for `A` \(\d+, \d+\) has a NaN or infinity, by overflow or from the data; scale or"
    ):
        hs.solve(A, np.full(n, 1e200))


def test_a_direct_method_whose_refinement_stagnates_warns():
    """There is an answer, and no matrix known that leads here: the outcome is made up."""
    code = np.int8(_core.REASONS.index("stagnated"))
    report = SimpleNamespace(
        reason=np.asarray(code), where=np.asarray(-1), backward_error=np.asarray(3e-13), non_finite=None
    )
    context = _solution.Context({"A": (3, 3)}, np.dtype(np.float64), "")
    with pytest.warns(
        hs.IllConditionedWarning,
        match=r"^x for `A` \(3, 3\) has the backward error 3\.0e-13, above n eps\. The residual stopped falling",
    ):
        _solution.raise_for(report, context)


def test_errors_can_be_pickled():
    for error in (hs.SingularMatrixError("a"), hs.NotPositiveDefiniteError("b"), hs.ConvergenceError("c")):
        again = pickle.loads(pickle.dumps(error))
        assert type(again) is type(error)
        assert again.args == error.args
    assert hs.ConvergenceError("c").solution is None
    assert issubclass(hs.IllConditionedWarning, RuntimeWarning)
