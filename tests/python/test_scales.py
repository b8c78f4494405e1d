# SPDX-License-Identifier: BSD-3-Clause
"""Very large, very small and badly scaled numbers: answers and certificates stay right, and no alarm is false."""

from fractions import Fraction

import numpy as np
import pytest

import hessolve as hs
import problems
from problems import DTYPES, eps
from reference import backward_error

quiet = pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of our own, where one may be due


def powers(dtype):
    """Powers of two near 1e-20 and 1e20 in single, 1e-170 and 1e170 in double precision."""
    decades = 20 if eps(dtype) > 1e-10 else 170
    return tuple(int(sign * decades / np.log10(2)) for sign in (-1, 1))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("full", [True, False])
@pytest.mark.parametrize(("m", "n"), [(5, 3), (3, 5), (4, 4), (90, 40), (40, 90), (70, 70)])
@pytest.mark.parametrize("call", ["backslash", "lstsq", "svd", "qr-pivoted"])
def test_least_squares_scale_with_a(call, m, n, full, dtype):
    """For 2**k A the answer is 2**-k x.

    Backward errors are about ``||A^H r|| / (||A|| ||r||)``. Rounding of x alone makes that eps ``||A|| ||x|| / ||r||``,
    which is large where a rank is lost and little is left of b.
    """
    A = problems.with_condition(n, 10.0, dtype, m=m, rank=None if full else min(m, n) - 1)
    b = problems.random(m, dtype, seed=1)
    for k in powers(dtype):
        factor = A.real.dtype.type(2.0) ** k
        scaled = A * factor
        if call == "backslash":
            one, other = hs.backslash(A, b), hs.backslash(scaled, b)
        else:
            method = "auto" if call == "lstsq" else call
            one, other = (hs.lstsq(matrix, b, method=method, full_output=True) for matrix in (A, scaled))
        assert np.isfinite(other.x).all()
        expected = one.x.astype(np.complex128)
        error = np.linalg.norm(other.x.astype(np.complex128) * float(factor) - expected)
        assert error <= 1e3 * max(m, n) * eps(dtype) * np.linalg.norm(expected)
        assert (other.rank, other.reason) == (one.rank, "ok")
        assert 0 < other.forward_error < 0.1
        assert one.rcond is other.rcond is None or 0.01 < other.rcond / one.rcond < 100
        residual = np.linalg.norm(b - A @ one.x)
        lost = 1 if full else max(1, np.linalg.norm(A, 2) * np.linalg.norm(one.x) / residual)
        assert other.backward_error <= 10 * max(m, n) * eps(dtype) * lost


def wilkinson(n, dtype):
    """Partial pivoting lets the last column of this one grow to 2**(n - 1)."""
    A = np.eye(n, dtype=dtype) - np.tril(np.ones((n, n), dtype), -1)
    A[:, -1] = 1
    return A


@pytest.mark.parametrize(("n", "dtype"), [(60, np.float32), (120, np.float64), (200, np.float64)])
@pytest.mark.parametrize("columns", [None, 3, 20])
@pytest.mark.parametrize("order", ["C", "F"])
def test_growth_is_noticed(n, dtype, columns, order):
    A = problems.laid_out(wilkinson(n, dtype), order)
    for seed in range(3):
        b = problems.random(n if columns is None else (n, columns), dtype, seed)
        assert backward_error(A, hs.solve(A, b), b) <= 4 * n * eps(dtype)
        assert backward_error(A, hs.solve(A, b, full_output=True).x, b) <= 4 * n * eps(dtype)


@pytest.mark.parametrize("dtype", [np.float64, np.complex128])
@pytest.mark.parametrize("signs", ["positive", "mixed"])
@pytest.mark.parametrize("n", [2, 3, 8, 40, 64, 100])
def test_graded_hermitian_matrices_raise_no_alarm(n, signs, dtype):
    """D M D with M well conditioned: bad units, not a bad problem. A warning would be an error here."""
    rng = np.random.default_rng(n)
    for seed in range(3):
        M = problems.hermitian(n, 10.0, dtype, signs=signs, seed=seed)
        d = 10.0 ** rng.uniform(-10, 10, n)
        A = d[:, None] * M * d
        A = np.tril(A, -1) + np.tril(A, -1).conj().T + np.diag(np.diag(A).real)
        b = problems.random(n, dtype, seed=seed + 1)
        for assume_a in (None, "her", *(["pos"] if signs == "positive" else [])):
            for rhs in (b, d * b):
                x = hs.solve(A, rhs, assume_a=assume_a)
                assert backward_error(A, x, rhs) <= 4 * n * eps(dtype)
                s = hs.solve(A, rhs, assume_a=assume_a, full_output=True)
                assert backward_error(A, s.x, rhs) <= 4 * n * eps(dtype)


def exact(A, b):
    """The solution of A x = b in fractions."""
    n = len(A)
    rows = [[Fraction(float(v)) for v in (*A[i], b[i])] for i in range(n)]
    for k in range(n):
        p = next(i for i in range(k, n) if rows[i][k] != 0)
        rows[k], rows[p] = rows[p], rows[k]
        rows[k] = [v / rows[k][k] for v in rows[k]]
        for i in range(n):
            if i != k and rows[i][k] != 0:
                rows[i] = [v - rows[i][k] * u for v, u in zip(rows[i], rows[k], strict=True)]
    return [row[-1] for row in rows]


def true_error(A, b, x):
    """``max |x - x_true| / max |x|``, exactly; infinity where x is no answer at all."""
    if not np.isfinite(x).all():
        return float("inf")
    approximate = [Fraction(float(v)) for v in x]
    worst = max(abs(v - u) for v, u in zip(approximate, exact(A, b), strict=True))
    size = max(map(abs, approximate))
    if size == 0:
        return float("inf") if worst else 0.0
    ratio = worst / size
    return float(ratio) if ratio < 10**300 else float("inf")


def honest(A, b, *calls):
    for call in calls:
        s = call(A, b)
        error = true_error(A, b, s.x)
        if not np.isfinite(s.x).all():
            assert s.forward_error != 0  # None and NaN will do
            continue
        if error > 0:
            assert s.forward_error is not None
            assert s.forward_error > 0
        if s.error_kind == "bound":
            assert s.forward_error >= error * (1 - 1e-12), (A, b, s.x, error)


CALLS = (lambda A, b: hs.solve(A, b, full_output=True, on_singular="warn"), hs.backslash)
EXTREME = [
    ([[1e300, -1e300], [1, 3]], [3e299, 4.1e10]),
    ([[1e300, 1], [1e300, -1]], [1e-20, -1.3e-20]),
    ([[1e200, 1e200], [1e-200, -2e-200]], [1, 3]),
]


@quiet
@pytest.mark.parametrize(("A", "b"), EXTREME)
def test_certificates_at_the_ends_of_the_number_range(A, b):
    honest(np.array(A, float), np.array(b, float), *CALLS)


@quiet
@pytest.mark.parametrize("n", [2, 3, 4, 5, 6])
@pytest.mark.parametrize("structure", ["general", "upper triangular", "symmetric", "positive definite candidate"])
def test_certificates_of_badly_scaled_systems(structure, n):
    rng = np.random.default_rng(n)
    for seed in range(60):
        rows, columns = 10.0 ** rng.uniform(-100, 100, (2, n))
        M = problems.random((n, n), np.float64, seed)
        if structure in ("symmetric", "positive definite candidate"):
            rows = columns
            M = M @ M.T if structure != "symmetric" else M + M.T
        elif structure == "upper triangular":
            M = np.triu(M)
        A = rows[:, None] * M * columns
        if structure in ("symmetric", "positive definite candidate"):
            A = np.tril(A) + np.tril(A, -1).T
        b = problems.random(n, np.float64, seed + 1)
        honest(A, b, *CALLS)
        honest(A, rows * b, *CALLS)


@pytest.mark.filterwarnings("ignore::hessolve.IllConditionedWarning")  # what underflow may cost is in the estimate
@pytest.mark.parametrize("n", [1, 2, 5, 20, 64, 90])
@pytest.mark.parametrize("columns", [None, 3])
def test_small_numbers_in_single_precision(n, columns):
    """The squares of these underflow."""
    dtype = np.complex64
    A = problems.with_condition(n, 10.0, dtype) * np.float32(1e-13)
    b = problems.random(n if columns is None else (n, columns), dtype, seed=1) * np.float32(1e-33)
    x = hs.solve(A, b)
    assert backward_error(A, x, b) <= 4 * n * eps(dtype)
    for s in (hs.solve(A, b, full_output=True), hs.backslash(A, b)):
        assert backward_error(A, s.x, b) <= 4 * n * eps(dtype)
        assert 0 <= s.forward_error < 1
