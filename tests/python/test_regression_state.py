# SPDX-License-Identifier: BSD-3-Clause
"""hs.RegressionState: portions equal the whole, rows come and go, nothing is lost that a QR would keep."""

import copy
import pickle
import re
import shutil
import sys

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import ORDERS, eps
from reference import exact_least_squares, mp_array, true_forward_error

REALS = (np.float32, np.float64)


def data(m, n, dtype, targets=None, condition=10.0, order="C", seed=0):
    X = problems.with_condition(n, condition, dtype, order, m=m, seed=seed)
    return X, problems.random(m if targets is None else (m, targets), dtype, seed=seed + 1)


def filled(X, y, size, weights=None, **keywords):
    state = hs.RegressionState(X.shape[1], 1 if y.ndim == 1 else y.shape[1], dtype=str(X.dtype), **keywords)
    for i in range(0, len(X), size):
        state.update(X[i : i + size], y[i : i + size], None if weights is None else weights[i : i + size])
    return state


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("targets", [None, 1, 3])
@pytest.mark.parametrize("size", [1, 7, 1000])
@pytest.mark.parametrize(("m", "n"), [(3, 1), (60, 8), (200, 20)])
def test_portions_equal_the_whole(m, n, size, targets, dtype, order):
    X, y = data(m, n, dtype, targets, order=order)
    before = X.copy(), y.copy()
    state = filled(X, y, size)
    coef, squares, rank = state.solve(full_output=True)
    truth = exact_least_squares(X, y)
    assert coef.shape == ((n, 3) if targets == 3 else (n,))
    assert coef.dtype == state.dtype == dtype
    assert rank == n
    assert state.count == m
    assert true_forward_error(coef, truth.reshape(coef.shape)) <= 1e4 * m * eps(dtype)
    exact = ((y - X @ truth) ** 2).sum(axis=0).astype(float)
    np.testing.assert_allclose(np.reshape(squares, np.shape(exact)), exact, rtol=100 * m * eps(dtype))
    np.testing.assert_array_equal(X, before[0])
    np.testing.assert_array_equal(y, before[1])


@pytest.mark.parametrize("dtype", REALS)
def test_it_keeps_the_digits_that_x_transposed_x_would_lose(dtype):
    """Condition beyond 1 / sqrt(eps): the normal equations have no digit left."""
    condition = float(30 / np.sqrt(eps(dtype)))
    X, y = data(100, 6, dtype, condition=condition)
    w = np.ones(6, dtype)
    y = X @ w + dtype(1e-3) * condition**-1 * y
    truth = exact_least_squares(X, y)
    assert true_forward_error(filled(X, y, 9).solve(), truth) <= 300 * condition * eps(dtype)


@pytest.mark.parametrize("dtype", REALS)
def test_weights(dtype):
    X, y = data(50, 5, dtype, 2)
    weights = np.r_[0.0, np.geomspace(1e-2, 1e2, 49)].astype(dtype)
    state = filled(X, y, 6, weights)
    truth = exact_least_squares(X, y, weights=weights)
    assert true_forward_error(state.solve(), truth) <= 1e6 * eps(dtype)
    assert state.count == pytest.approx(weights.astype(float).sum(), rel=1e-6)


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("alpha", [0.1, 10.0])
@pytest.mark.parametrize("kind", [None, "diagonal", "differences"])
def test_any_penalty_at_any_time(kind, alpha, dtype):
    X, y = data(60, 6, dtype, 2)
    L = {None: None, "diagonal": np.linspace(0.5, 2, 6), "differences": np.diff(np.eye(6), axis=0)}[kind]
    state = filled(X, y, 11)
    coef, squares, _ = state.solve(alpha, penalty=L, full_output=True)
    P = mp_array(np.eye(6) if L is None else np.diag(L) if L.ndim == 1 else L)
    truth = exact_least_squares(X, y, quadratic=P.T.dot(P) * mp_array(np.array(alpha)))
    assert true_forward_error(coef, truth) <= 1e5 * eps(dtype)
    exact = ((y - X @ truth) ** 2).sum(axis=0).astype(float)  # of the penalised coefficients
    np.testing.assert_allclose(squares, exact, rtol=1e4 * eps(dtype))
    each = state.solve([alpha, 3.0], penalty=L)
    np.testing.assert_allclose(each[:, 0], coef[:, 0], rtol=1e-5 if dtype == np.float32 else 1e-13)
    np.testing.assert_allclose(state.solve([alpha, 3.0])[:, 1], hs.ridge(X, y[:, 1], 3.0).coef, rtol=1e5 * eps(dtype))


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("weighted", [False, True])
def test_what_came_can_go(weighted, dtype):
    X, y = data(80, 5, dtype, 2)
    weights = np.linspace(0.5, 2, 80).astype(dtype) if weighted else None
    state = filled(X, y, 10, weights)
    part = None if weights is None else weights[20:40]
    state.downdate(X[20:40], y[20:40], part)
    keep = np.r_[0:20, 40:80]
    truth = exact_least_squares(X[keep], y[keep], weights=None if weights is None else weights[keep])
    assert true_forward_error(state.solve(), truth) <= 1e5 * eps(dtype)
    assert state.count == pytest.approx(60 if weights is None else float(weights[keep].sum()), rel=1e-5)
    state.update(X[20:40], y[20:40], part)
    whole = exact_least_squares(X, y, weights=weights)
    assert true_forward_error(state.solve(), whole) <= 1e5 * eps(dtype)


def test_a_window_that_slides():
    X, y = data(400, 4, np.float64)
    state = hs.RegressionState(4)
    state.update(X[:50], y[:50])
    for i in range(350):
        state.update(X[50 + i], y[50 + i])
        state.downdate(X[i], y[i])
    np.testing.assert_allclose(state.solve(), hs.lstsq(X[350:], y[350:]).x, rtol=1e-8)
    assert state.count == pytest.approx(50)


@pytest.mark.parametrize("dtype", REALS)
def test_rows_that_were_never_in_cannot_go(dtype):
    X, y = data(30, 4, dtype)
    state = filled(X, y, 30)
    before = pickle.dumps(state), state.solve()
    text = (
        r"^`X` \(2, 4\), row [01], cannot be taken out: it was never in, or no digits would be left\. The state is left"
    )
    with pytest.raises(hs.NotPositiveDefiniteError, match=text):
        state.downdate(100 * X[:2], y[:2])
    assert pickle.dumps(state) == before[0]
    np.testing.assert_array_equal(state.solve(), before[1])
    with pytest.raises(hs.NotPositiveDefiniteError, match="a new state"):
        state.downdate(X[:28], y[:28])  # two rows of four columns would be left


@pytest.mark.parametrize("dtype", REALS)
def test_merge(dtype):
    X, y = data(90, 6, dtype, 2)
    one, other = filled(X[:40], y[:40], 7), filled(X[40:], y[40:], 11)
    kept = pickle.dumps(other)
    one.merge(other)
    assert pickle.dumps(other) == kept
    assert one.count == 90
    truth = exact_least_squares(X, y)
    assert true_forward_error(one.solve(), truth) <= 1e5 * eps(dtype)
    empty = hs.RegressionState(6, 2, dtype=str(np.dtype(dtype)))
    empty.merge(one)
    np.testing.assert_allclose(empty.solve(), one.solve(), rtol=1e4 * eps(dtype))
    twice = copy.deepcopy(one)
    twice.merge(one)
    assert twice.count == 180
    np.testing.assert_allclose(twice.solve(), one.solve(), rtol=1e5 * eps(dtype))
    itself = copy.deepcopy(one)
    itself.merge(itself)
    np.testing.assert_allclose(
        itself.solve(full_output=True).squares, 2 * one.solve(full_output=True).squares, rtol=1e-4
    )


@pytest.mark.parametrize("dtype", REALS)
@pytest.mark.parametrize("targets", [None, 2])
def test_standard_errors(targets, dtype):
    X, y = data(40, 5, dtype, targets)
    weights = np.linspace(0.5, 2, 40).astype(dtype)
    for w in (None, weights):
        errors = filled(X, y, 9, w).standard_errors()
        truth = exact_least_squares(X, y, weights=w)
        ones = np.ones(40) if w is None else w.astype(np.longdouble)
        r = (y - X @ truth).reshape(40, -1)
        variance = (ones[:, None] * r**2).sum(axis=0) / (ones.sum() - 5)
        gram = X.astype(np.longdouble).T @ (ones[:, None] * X)
        inverse = np.diag(np.linalg.inv(gram.astype(float)))
        expected = np.sqrt(inverse[:, None] * variance.astype(float))
        assert errors.dtype == dtype
        assert errors.shape == ((5,) if targets is None else (5, 2))
        np.testing.assert_allclose(errors.reshape(5, -1), expected, rtol=1e4 * eps(dtype))


def test_before_there_are_enough_rows():
    state = hs.RegressionState(3)
    np.testing.assert_array_equal(state.solve(), np.zeros(3))
    assert state.solve(full_output=True).rank == 0
    state.update([1.0, 2.0, 3.0], 2.0)
    fit = state.solve(full_output=True)
    np.testing.assert_allclose(fit.coef, np.array([1, 2, 3]) / 7, rtol=1e-14)  # of least norm
    assert fit.rank == 1
    text = "count=1 is not above n_features=3; the standard errors are not determined. Update with more rows."
    with pytest.raises(ValueError, match=f"^{re.escape(text)}$"):
        state.standard_errors()
    for _ in range(5):
        state.update([[1.0, 2.0, 3.0]], [2.0])
    text = "The rows seen have rank 1 of 3; the standard errors are not determined. Leave out dependent columns."
    with pytest.raises(hs.SingularMatrixError, match=f"^{re.escape(text)}$"):
        state.standard_errors()
    state.update(np.zeros((0, 3)), np.zeros(0))
    assert state.count == 6


@pytest.mark.parametrize("dtype", REALS)
def test_it_can_be_saved(dtype):
    X, y = data(30, 4, dtype, 2)
    state = filled(X[:20], y[:20], 6)
    again = pickle.loads(pickle.dumps(state))
    np.testing.assert_array_equal(again.solve(), state.solve())
    assert (again.count, again.dtype, again.n_features, again.n_targets) == (20, dtype, 4, 2)
    for one in (state, again):
        one.update(X[20:], y[20:])
    np.testing.assert_array_equal(again.solve(), state.solve())
    assert repr(again) == f"RegressionState(4 features, 2 targets, {np.dtype(dtype)}, count 30)"


def test_a_memory_mapped_file(tmp_path):
    X, y = problems.random((5000, 6), np.float64), problems.random(5000, np.float64, seed=1)
    np.save(tmp_path / "X.npy", X)
    mapped = np.load(tmp_path / "X.npy", mmap_mode="r")
    state = filled(mapped, y, 700)
    np.testing.assert_allclose(state.solve(), hs.lstsq(X, y).x, rtol=1e-10)


STREAM = """
import sys, threading
import numpy as np
import hessolve as hs

def own():  # bytes of resident memory that no file backs: what the program has taken for itself
    with open("/proc/self/status") as status:
        return next(int(line.split()[1]) * 1024 for line in status if line.startswith("RssAnon"))

peak, done = 0, threading.Event()
def watch():
    global peak
    while not done.wait(0.001):
        peak = max(peak, own())
watcher = threading.Thread(target=watch)
watcher.start()
X, y = (np.load(path, mmap_mode="r") for path in sys.argv[1:3])
state = hs.RegressionState(X.shape[1])
for i in range(0, len(X), 50_000):
    state.update(X[i : i + 50_000], y[i : i + 50_000])
coef, squares, rank = state.solve(full_output=True)
done.set()
watcher.join()
before = own()
copy = np.array(X[:100_000])  # what a copy looks like by this measure
print(peak, (own() - before) / copy.nbytes, rank, state.count, squares)
np.save(sys.argv[3], coef)
"""
BATCH = """
import sys
import numpy as np
import hessolve as hs

X, y = (np.load(path, mmap_mode="r") for path in sys.argv[1:3])
x, residuals, rank, _ = hs.lstsq(X, y)
print(residuals[0])
np.save(sys.argv[3], x)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells anonymous memory apart from mapped files")
def test_two_million_rows_from_a_file_within_200_megabytes(tmp_path, run_script):
    if shutil.disk_usage(tmp_path).free < 2 * 1000**3:
        pytest.skip("the file takes 800 MB; less than 2 GB are free")
    m, n, step = 2_000_000, 50, 100_000
    files = [tmp_path / name for name in ("X.npy", "y.npy", "streamed.npy", "batch.npy")]
    rng = np.random.default_rng(0)
    w = rng.standard_normal(n)
    try:
        X = np.lib.format.open_memmap(files[0], "w+", np.float64, (m, n))
        y = np.empty(m)
        for i in range(0, m, step):
            part = rng.random((step, n)) - 0.5
            part[:, 1] = part[:, 0] + 1e-6 * part[:, 1]  # X^T X would lose twelve digits here
            X[i : i + step], y[i : i + step] = part, part @ w + rng.standard_normal(step)
        assert X.nbytes == 800_000_000
        X.flush()
        del X
        np.save(files[1], y)
        peak, seen, rank, count, squares = map(float, run_script(STREAM, files[0], files[1], files[2]).split())
        batch_squares = float(run_script(BATCH, files[0], files[1], files[3]))
        streamed, batch = np.load(files[2]), np.load(files[3])
    finally:
        for file in files:
            file.unlink(missing_ok=True)
    assert seen == pytest.approx(1, abs=0.1)
    assert peak <= 200e6
    assert (rank, count) == (n, m)
    assert abs(streamed - batch).max() <= 1e-8 * abs(batch).max()  # condition 1e6, and sums of two million rows
    assert squares == pytest.approx(batch_squares, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-200, 1e-100, 1e100, 1e200])
def test_scales_near_the_ends_of_the_range(scale):
    """Right, or told; never a wrong number in silence."""
    X, y = data(20, 3, np.float64, condition=3.0)
    coef, squares, rank = filled(scale * X, scale * y, 7).solve(full_output=True)
    np.testing.assert_allclose(coef, hs.lstsq(X, y).x, rtol=1e-10)
    assert rank == 3
    if 1e-150 < scale < 1e150:
        assert squares / scale / scale == pytest.approx(hs.lstsq(X, y).residuals[0])


def test_bits_do_not_depend_on_threads_or_memory_order():
    X, y = problems.random((4000, 40), np.float64), problems.random((4000, 2), np.float64, seed=1)
    results = []
    for threads in (1, 2):
        with hs.num_threads(threads):
            results += [filled(Z, y, 1500).solve() for Z in (X, np.asfortranarray(X))]
    for other in results[1:]:
        np.testing.assert_array_equal(other, results[0])


X43, Y4 = np.ones((4, 3)) + np.eye(4, 3), np.arange(4.0)
BAD = X43.copy()
BAD[2, 1] = np.nan
MISTAKES = [
    (lambda s: s.update(np.ones((4, 2)), Y4), ValueError, "`X` (4, 2) does not fit; (m, 3) is needed."),
    (lambda s: s.update(X43, Y4[:3]), ValueError, "`X` (4, 3) and `y` (3,) do not fit: (4,) or (4, 1) is needed."),
    (lambda s: s.update(X43, np.ones((4, 2))), ValueError,
     "`X` (4, 3) and `y` (4, 2) do not fit: (4,) or (4, 1) is needed."),
    (lambda s: s.update(BAD, Y4), ValueError,
     "`X` (4, 3) has a NaN or infinity at row 2, column 1; clean the data first."),
    (lambda s: s.update(X43, [0.0, np.inf, 1, 2]), ValueError,
     "`y` (4,) has a NaN or infinity at row 1; clean the data first."),
    (lambda s: s.downdate(BAD, Y4), ValueError,
     "`X` (4, 3) has a NaN or infinity at row 2, column 1; clean the data first."),
    (lambda s: s.update(X43, Y4, -np.ones(4)), ValueError,
     "`sample_weight` has a negative, NaN or infinite entry; weights are finite numbers >= 0."),
    (lambda s: s.update(X43 * 1j, Y4), TypeError,
     "`X` is complex, and hs.RegressionState works with real numbers; hs.lstsq takes complex ones."),
    (lambda s: s.solve(-1.0), ValueError, "alpha=-1.0 is not valid; it is a finite number >= 0."),
    (lambda s: s.solve(1.0, penalty=np.ones(4)), ValueError,
     "`penalty` (4,) does not fit 3 columns; (3,) or (p, 3) is needed."),
    (lambda s: s.merge(3), TypeError, "`other` is of type int; a RegressionState is needed."),
    (lambda s: s.merge(hs.RegressionState(4)), ValueError,
     "`other` has 4 features, 1 targets, float64, and this state 3 features, 1 targets, float64; "
     "only equal ones merge."),
    (lambda s: s.merge(hs.RegressionState(3, dtype="float32")), ValueError,
     "`other` has 3 features, 1 targets, float32, and this state 3 features, 1 targets, float64; "
     "only equal ones merge."),
    (lambda s: hs.RegressionState(0), ValueError, "n_features=0 is not valid; it is an integer >= 1."),
    (lambda s: hs.RegressionState(3, 1.5), TypeError, "n_targets=1.5 is not valid; it is an integer >= 1."),
    (lambda s: hs.RegressionState(3, dtype="int64"), ValueError,
     "dtype='int64' is not valid; valid: 'float64', 'float32'."),
]  # fmt: skip


@pytest.mark.parametrize(("call", "error", "text"), MISTAKES)
def test_mistakes_leave_the_state_as_it_was(call, error, text):
    state = filled(X43, Y4, 4)
    before = pickle.dumps(state)
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call(state)
    assert pickle.dumps(state) == before
    single = hs.RegressionState(3, dtype="float32")
    with pytest.raises(ValueError, match=r"^`X` \(4, 3\) overflows in float32, the dtype of the state; use float64\.$"):
        single.update(1e300 * X43, Y4)


def test_a_merged_state_knows_how_large_its_data_have_been():
    """What large rows have left behind of rounding must not pass for information after a merge."""
    rng = np.random.default_rng(3)
    large, small = 1e8 * rng.standard_normal((40, 4)), rng.standard_normal((6, 4))
    state = hs.RegressionState(4)
    state.update(small, np.zeros(6))
    state.update(large, np.zeros(40))
    merged = hs.RegressionState(4)
    merged.merge(state)
    for s in (state, merged):
        with pytest.raises(hs.NotPositiveDefiniteError):
            s.downdate(large, np.zeros(40))
