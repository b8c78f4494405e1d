# SPDX-License-Identifier: BSD-3-Clause
"""The truth, computed here and never read from a report: backward errors in long double, solutions in integers."""

import mpmath
import numpy as np

DIGITS = 120  # binary digits behind the point of a reference solution


def wide(A):
    """A in long double, real or complex."""
    A = np.asarray(A)
    return A.astype(np.clongdouble if A.dtype.kind == "c" else np.longdouble)


def residual(A, x, b):
    return wide(b) - wide(A) @ wide(x)


def backward_error(A, x, b):
    """``||b - A x|| / (||A|| ||x|| + ||b||)`` in the infinity norm, the largest over right-hand sides."""
    if np.size(x) == 0 or np.size(b) == 0:
        return 0.0
    A, x, b = wide(A), wide(x).reshape(len(x), -1), wide(b).reshape(len(b), -1)
    top = abs(b - A @ x).max(axis=0)
    bottom = abs(A).sum(axis=1).max() * abs(x).max(axis=0) + abs(b).max(axis=0)
    return float(np.max(np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1), 0)))


def true_solution(A, b, steps=60):
    """The solution of A x = b for the stored numbers, in long double.

    Fixed-point iterative refinement: residuals are exact (Python integers), corrections come from a double solve. Each
    step gains ``-log10(cond n eps)`` digits; where that is none, there is a ValueError.
    """
    A, b = np.asarray(A), np.asarray(b)
    if A.dtype.kind == "c" or b.dtype.kind == "c":
        re, im = A.real, A.imag
        both = true_solution(np.block([[re, -im], [im, re]]), np.concatenate([b.real, b.imag]), steps)
        return both[: len(b)] + np.clongdouble(1j) * both[len(b) :]
    if A.size == 0:
        return np.zeros(b.shape, dtype=np.longdouble)
    rows = b.reshape(len(b), -1)
    A_int, shift = _integers(A)
    b_int, b_shift = _integers(rows)
    common = max(shift + DIGITS, b_shift)  # of the residual
    x_int = np.zeros(rows.shape, dtype=object)
    inverse = np.linalg.inv(A.astype(np.float64))
    for _ in range(steps):
        r_int = b_int * 2 ** (common - b_shift) - A_int.dot(x_int) * 2 ** (common - shift - DIGITS)
        dx_int = _rounded(inverse @ _floats(r_int, common))
        x_int = x_int + dx_int
        if max(abs(int(d)) for d in dx_int.flat) <= max(abs(int(v)) for v in x_int.flat) >> 80:
            return _long(x_int).reshape(b.shape)
    raise ValueError("the reference solution did not converge; the matrix is too ill-conditioned for it")


def true_forward_error(x, truth):
    """``||x - truth|| / ||x||`` in the infinity norm, the largest over right-hand sides; 0 for x = truth = 0."""
    if np.size(x) == 0:
        return 0.0
    x, truth = wide(x).reshape(len(x), -1), np.asarray(truth).reshape(len(x), -1)
    top, bottom = abs(x - truth).max(axis=0), abs(x).max(axis=0)
    with np.errstate(divide="ignore", invalid="ignore"):
        return float(np.max(np.where(top == 0, 0, top / bottom)))


def _integers(A):
    """Integers and a shift: A = integers / 2**shift, exactly."""
    mantissa, exponent = np.frexp(A.astype(np.float64))
    shift = 53 - int(exponent[mantissa != 0].min(initial=53))
    scaled = [
        int(m * 2.0**53) << int(e + shift - 53) if m else 0 for m, e in zip(mantissa.flat, exponent.flat, strict=True)
    ]
    return np.array(scaled, dtype=object).reshape(A.shape), shift


def _floats(integers, shift):
    return np.array([_ratio(int(i), shift) for i in integers.flat]).reshape(integers.shape)


def _ratio(i, shift):
    return i / 2**shift if shift >= 0 else float(i * 2**-shift)  # integer division is rounded correctly, however long


def _rounded(values):
    """Fixed-point integers with DIGITS binary digits behind the point."""
    exact = (float(v).as_integer_ratio() for v in values.flat)
    return np.array([(p << DIGITS) // q for p, q in exact], dtype=object).reshape(values.shape)


def _long(integers):
    """Long doubles: two doubles each, the head and what it leaves."""
    heads = _floats(integers, DIGITS)
    tails = _floats(integers - _rounded(heads), DIGITS)
    return heads.astype(np.longdouble) + tails.astype(np.longdouble)


def exact_solve(A, b):
    """The solution of A x = b for the stored numbers, in long double, whatever the condition: 80 digits by mpmath."""
    with mpmath.workdps(80):
        return _from_mp(_mp_solve(_to_mp(A), _to_mp(np.reshape(b, (len(b), -1)))), np.shape(b)[1:])


def exact_least_squares(A, b, *, weights=None, quadratic=None, constraints=None):
    """The minimiser of ``(b - A x)^H W (b - A x) + x^H P x`` under C x = d, from its normal equations in 80 digits."""
    with mpmath.workdps(80):
        matrix, target = _to_mp(A), _to_mp(np.reshape(b, (len(b), -1)))
        adjoint = np.vectorize(mpmath.conj, otypes=[object])(matrix.T) if matrix.size else matrix.T
        if weights is not None:
            adjoint = adjoint * _to_mp(np.asarray(weights, dtype=np.float64))
        G, g = adjoint.dot(matrix), adjoint.dot(target)
        if quadratic is not None:
            G = G + quadratic
        n = len(G)
        if constraints is not None:
            C, d = _to_mp(constraints[0]), _to_mp(np.reshape(constraints[1], (len(constraints[1]), -1)))
            across = np.vectorize(mpmath.conj, otypes=[object])(C.T)
            corner = np.full((len(C), len(C)), mpmath.mpf(0))
            G, g = np.block([[G, across], [C, corner]]), np.concatenate([g, d])
        return _from_mp(_mp_solve(G, g)[:n], np.shape(b)[1:])


def mp_array(A):
    """An array of mpmath numbers, for exact quadratic forms."""
    return _to_mp(A)


def _to_mp(A):
    convert = mpmath.mpc if np.asarray(A).dtype.kind == "c" else mpmath.mpf
    flat = [convert(complex(a) if convert is mpmath.mpc else float(a)) for a in np.asarray(A).flat]
    result = np.empty(len(flat), dtype=object)
    result[:] = flat
    return result.reshape(np.shape(A))


def _mp_solve(A, b):
    """Gaussian elimination with partial pivoting on [A b], in the digits that are in force."""
    n = len(A)
    rows = np.concatenate([A, b], axis=1)
    for k in range(n):
        pivot = k + max(range(n - k), key=lambda i: abs(rows[k + i, k]))
        rows[[k, pivot]] = rows[[pivot, k]]
        for i in range(n):
            if i != k and rows[i, k] != 0:
                rows[i, k:] = rows[i, k:] - rows[k, k:] * (rows[i, k] / rows[k, k])
    return rows[:, n:] / np.diag(rows)[:, np.newaxis]


def _from_mp(values, shape):
    """Long doubles: the head and what it leaves."""
    complex_ = any(isinstance(v, mpmath.mpc) for v in values.flat)

    def longs(part):
        heads = np.array([float(part(v)) for v in values.flat])
        tails = np.array([float(part(v) - h) for v, h in zip(values.flat, heads, strict=True)])
        return heads.astype(np.longdouble) + tails.astype(np.longdouble)

    result = longs(lambda v: v.real)
    if complex_:
        result = result + np.clongdouble(1j) * longs(lambda v: v.imag)
    return result.reshape((len(values), *shape))
