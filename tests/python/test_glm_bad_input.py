# SPDX-License-Identifier: BSD-3-Clause
"""Labels outside a family's range, weights, shapes and overflow: an error that names the argument and the row."""

import numpy as np
import pytest

import hessolve as hs

X = np.random.default_rng(0).standard_normal((6, 2))
Y = np.array([0.0, 1, 0, 1, 1, 0])
B = np.zeros(2)


def with_entry(array, at, value):
    array = np.array(array, dtype=float)
    array[at] = value
    return array


@pytest.mark.parametrize(
    ("family", "y", "text"),
    [
        ("logistic", with_entry(Y, 3, 2), r"^`y` \(6,\) has 2 at row 3; labels are 0 and 1, or -1 and 1\.$"),
        ("logistic", with_entry(Y, 3, 0.5), r"has 0\.5 at row 3"),
        ("logistic", with_entry(Y, 4, -1), r"has -1 at row 4; there are labels 0 as well"),
        ("squared-hinge", with_entry(Y, 5, 7), r"has 7 at row 5"),
        ("poisson", with_entry(Y, 2, -3), r"has -3 at row 2; counts are >= 0"),
        ("huber", with_entry(Y, 1, np.nan), r"`y` \(6,\) has a NaN or infinity at row 1"),
        ("gaussian", with_entry(Y, 1, np.inf), r"`y` \(6,\) has a NaN or infinity at row 1"),
        ("huber", None, r"`y` is None, and family='huber' needs it"),
        ("squared-hinge", None, r"`y` is None"),
        ("gaussian", Y[:5], r"`y` \(5,\) does not fit `X` \(6, 2\); \(6,\) is needed"),
        ("gaussian", Y[:, None], r"`y` \(6, 1\) does not fit"),
    ],
)
def test_labels(family, y, text):
    for call in (hs.glm_hessian, hs.glm_operator):
        with pytest.raises(ValueError, match=text):
            call(X, y, B, family=family)


@pytest.mark.parametrize("wrong", [3, -1, 1.5])
def test_labels_of_classes(wrong):
    with pytest.raises(ValueError, match=r"at row 2; `coef` has 3 rows, so that labels are integers 0 to 2"):
        hs.glm_hessian(X, with_entry(Y, 2, wrong), np.zeros((3, 2)), family="softmax")


def test_labels_zero_one_and_signs_mean_the_same():
    signs = 2 * Y - 1
    for family in ("logistic", "squared-hinge"):
        np.testing.assert_array_equal(*(hs.glm_hessian(X, y, B + 0.3, family=family) for y in (Y, signs)))


@pytest.mark.parametrize(
    ("keywords", "kind", "text"),
    [
        ({"family": "probit"}, ValueError, r"family='probit' is not valid; valid: 'gaussian'"),
        ({"family": "huber", "y": Y, "delta": 0}, ValueError, r"delta=0 is not valid"),
        ({"family": "huber", "y": Y, "delta": np.nan}, ValueError, r"delta=.* is not valid"),
        ({"reduction": "none"}, ValueError, r"reduction='none' is not valid"),
        ({"alpha": -1}, ValueError, r"alpha=-1 is not valid"),
        ({"fit_intercept": 1}, TypeError, r"fit_intercept=1 is not valid"),
        ({"fit_intercept": True}, ValueError, r"`coef` \(2,\) does not fit `X` \(6, 2\); \(3,\) is needed \(the inter"),
        ({"coef": np.zeros((1, 2))}, ValueError, r"`coef` \(1, 2\) does not fit"),
        ({"coef": [0.0, np.nan]}, ValueError, r"`coef` \(2,\) has a NaN or infinity at row 1"),
        ({"family": "softmax"}, ValueError, r"`coef` \(2,\) does not fit .*\(K, 2\) with K >= 2"),
        ({"family": "softmax", "coef": np.zeros((1, 2))}, ValueError, r"with K >= 2"),
        ({"sample_weight": with_entry(np.ones(6), 4, -1)}, ValueError, r"`sample_weight` \(6,\) has -1 at row 4"),
        ({"sample_weight": with_entry(np.ones(6), 4, np.nan)}, ValueError, r"`sample_weight` \(6,\) has nan at row 4"),
        ({"sample_weight": np.zeros(6)}, ValueError, r"`sample_weight` \(6,\) is all zero"),
        ({"sample_weight": np.ones(5)}, ValueError, r"`sample_weight` \(5,\) does not fit `X` with 6 rows"),
        ({"X": with_entry(X, (3, 1), np.nan)}, ValueError, r"`X` \(6, 2\) has a NaN or infinity at row 3, column 1"),
        ({"X": X[0]}, ValueError, r"`X` \(2,\) has fewer than two dimensions"),
        ({"X": X[None]}, ValueError, r"`X` \(1, 6, 2\) is a stack"),
        ({"X": X + 0j}, TypeError, r"`X` is complex"),
        ({"X": X[:0], "reduction": "mean"}, ValueError, r"`X` \(0, 2\) has no rows"),
        ({"family": "poisson", "coef": [1e4, 0.0]}, ValueError, r"exp\(x\^T coef\) overflows in float64 at row \d"),
        ({"X": X * 1e200, "coef": [1e200, 0.0]}, ValueError, r"x\^T coef overflows in float64 at row 0"),
        ({"X": X * 1e200, "family": "gaussian"}, ValueError, r"the Hessian for `X` \(6, 2\) overflows in float64"),
        ({"X": X.astype(np.float32), "coef": [1e300, 0.0]}, ValueError, r"`coef` .* overflows in float32"),
    ],
)
def test_arguments(keywords, kind, text):
    arguments = {"X": X, "y": None, "coef": B, "family": "logistic"} | keywords
    kept = X.copy()
    with pytest.raises(kind, match=text):
        hs.glm_hessian(**arguments)
    with pytest.raises(kind, match=text) if "the Hessian" not in text else pytest.raises(ValueError, match="overflows"):
        hs.glm_operator(**arguments) @ np.ones(2)
    np.testing.assert_array_equal(X, kept)


def test_the_first_bad_row_is_named_whatever_the_threads():
    wide = np.ones((30_000, 40))
    wide[[29_000, 17_000, 8_000], 3] = np.nan
    for threads in (1, 2):
        with hs.num_threads(threads), pytest.raises(ValueError, match="row 8000, column 3"):
            hs.glm_hessian(wide, None, np.zeros(40), family="logistic")


def test_sparse():
    sparse = pytest.importorskip("scipy.sparse")
    S = sparse.csr_array(X)
    S.data[5] = np.nan
    with pytest.raises(ValueError, match=r"`X` \(6, 2\) has a NaN or infinity at row 2, column 1"):
        hs.glm_hessian(S, None, B, family="logistic")
    with pytest.raises(TypeError, match="`X` is complex"):
        hs.glm_hessian(sparse.csr_array(X + 0j), None, B, family="logistic")


def test_vectors_of_the_operator():
    op = hs.glm_operator(X, None, B, family="logistic")
    for bad, kind, text in [
        (np.ones(3), ValueError, r"`v` \(3,\) does not fit: a vector \(2,\)"),
        ([1.0, np.nan], ValueError, r"`v` \(2,\) has a NaN"),
        ([1j, 1.0], TypeError, "`v` is complex"),
        ([1e308, 1e308], ValueError, "overflows"),
    ]:
        with pytest.raises(kind, match=text):
            hs.glm_operator(1e3 * X, None, B, family="logistic") @ bad
    assert (op @ np.zeros((2, 0))).shape == (2, 0)


def test_accumulator():
    with pytest.raises(ValueError, match=r"`coef` \(1, 2\) does not fit family='logistic'"):
        hs.GlmHessian(np.zeros((1, 2)), family="logistic")
    state = hs.GlmHessian(B, family="logistic", reduction="mean")
    with pytest.raises(ValueError, match="there are no rows yet"):
        _ = state.matrix
    with pytest.raises(ValueError, match="`coef`"):
        state.update(np.ones((3, 5)))
    assert "rows=0" in repr(state)


@pytest.mark.parametrize(
    ("keywords", "kind", "text"),
    [
        ({"family": "huber", "delta": 0}, ValueError, r"^delta=0 is not valid"),
        ({"family": "huber", "delta": np.nan}, ValueError, r"^delta="),
        ({"family": "gaussian", "delta": "1"}, TypeError, r"^delta="),
        ({"family": "softmax", "coef": np.zeros((1, 2))}, ValueError, r"^`coef` \(1, 2\) .* with K >= 2 is needed"),
        ({"family": "gaussian", "fit_intercept": 1}, TypeError, r"^fit_intercept=1"),
    ],
)
def test_an_accumulator_is_checked_when_it_is_made(keywords, kind, text):
    with pytest.raises(kind, match=text):
        hs.GlmHessian(**({"coef": B} | keywords))


class OnlyAnArray:
    def __init__(self, array):
        self.array = array

    def __array__(self, dtype=None, copy=None):
        return np.array(self.array, dtype=dtype)


@pytest.mark.parametrize("reduction", ["sum", "mean"])
def test_chunks_of_no_weight_and_chunks_that_are_no_arrays(reduction):
    state = hs.GlmHessian(B, family="logistic", reduction=reduction, alpha=0.5)
    state.update(X, sample_weight=np.zeros(6))
    assert (state.rows, state.total_weight) == (6, 0.0)
    if reduction == "mean":
        with pytest.raises(ValueError, match="there are no weights other than zero yet"):
            _ = state.matrix
    else:
        np.testing.assert_array_equal(state.matrix, 0.5 * np.eye(2))
    state.update(OnlyAnArray(X), y=OnlyAnArray(Y), sample_weight=OnlyAnArray(np.arange(6.0)))
    assert (state.rows, state.total_weight) == (12, 15.0)
    expected = hs.glm_hessian(
        X, None, B, family="logistic", sample_weight=np.arange(6.0), reduction=reduction, alpha=0.5
    )
    np.testing.assert_allclose(state.matrix, expected, rtol=1e-14)


def test_sums_over_chunks_that_overflow_leave_the_accumulator_as_it_was():
    big = np.full((1, 1), 1.2e154)
    state = hs.GlmHessian([0.0], family="gaussian")
    state.update(big)
    before = state.matrix
    with pytest.raises(ValueError, match=r"the sum over 2 rows overflows in float64 with `X` \(1, 1\)"):
        state.update(big)
    with pytest.raises(ValueError, match=r"the sum over 2 rows overflows|its sum overflows"):
        state.update([[0.0], [0.0]], sample_weight=[1.7e308, 1.7e308])
    assert state.rows == 1
    np.testing.assert_array_equal(state.matrix, before)


@pytest.mark.parametrize("weight", [1e-50, 1e-40])
def test_weights_too_small_for_the_dtype_are_told(weight):
    narrow = X.astype(np.float32)
    weights = with_entry(np.ones(6), 4, weight)
    text = rf"`sample_weight` \(6,\) has {weight:g} at row 4, too small for float32, the dtype of `X`"
    for call in (hs.glm_hessian, hs.glm_operator):
        with pytest.raises(ValueError, match=text):
            call(narrow, None, B, family="gaussian", sample_weight=weights)
        call(X, None, B, family="gaussian", sample_weight=weights)
        call(narrow, None, B, family="gaussian", sample_weight=with_entry(weights, 4, 0))
        with pytest.raises(ValueError, match=r"`sample_weight` .* overflows in float32"):
            call(narrow, None, B, family="gaussian", sample_weight=weights * 1e300)
    with pytest.raises(ValueError, match=r"`weights` \(6,\) has .* too small for float32, the dtype of `J`"):
        hs.gauss_newton(narrow, weights=weights)


def test_means_of_large_weights():
    """1 / (sum of the weights) is out of float32's range, the mean is not."""
    narrow, weights = (1e-8 * X).astype(np.float32), np.full(6, 1e38, dtype=np.float32)
    wide = narrow.astype(float)
    found = hs.glm_hessian(narrow, None, B, family="gaussian", sample_weight=weights, reduction="mean")
    np.testing.assert_allclose(found, wide.T @ wide / 6, rtol=0, atol=1e-6 * abs(wide.T @ wide).max())
    operator = hs.glm_operator(narrow, None, B, family="gaussian", sample_weight=weights, reduction="mean")
    np.testing.assert_allclose(operator @ np.eye(2), found, rtol=0, atol=1e-6 * abs(found).max())
    for call in (hs.glm_hessian, hs.glm_operator):
        with pytest.raises(ValueError, match=r"`sample_weight` \(6,\): its sum overflows in float64"):
            call(X * 1e-9, None, B, family="gaussian", sample_weight=np.full(6, 1e308), reduction="mean")
