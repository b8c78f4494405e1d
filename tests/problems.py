# SPDX-License-Identifier: BSD-3-Clause
"""Matrices whose condition number, rank and structure are known, in every dtype and memory order.

All are computed in double precision and rounded to the dtype, so that a condition number holds up to ``n eps cond``.
"""

from functools import lru_cache

import numpy as np

DTYPES = (np.float32, np.float64, np.complex64, np.complex128)
SIZES = (0, 1, 2, 3, 7, 64, 257)
ORDERS = ("C", "F", "strided", "readonly", "negative")
STRUCTURES = (
    "diagonal",
    "tridiagonal",
    "banded",
    "upper triangular",
    "lower triangular",
    "permuted triangular",
    "symmetric",
    "hermitian",
    "positive definite candidate",
    "general",
)


def eps(dtype):
    return float(np.finfo(dtype).eps)


def conditions(dtype):
    """1, 1e6 and 1e12, or what is left of them at 0.1 / eps."""
    return sorted({min(condition, 0.1 / eps(dtype)) for condition in (1.0, 1e6, 1e12)})


def grid(sizes=SIZES, dtypes=DTYPES):
    """Every (n, condition, dtype)."""
    return [(n, condition, dtype) for n in sizes for dtype in dtypes for condition in conditions(dtype)]


def random(shape, dtype, seed=0):
    """Standard normal numbers; complex ones where the dtype is."""
    rng = np.random.default_rng(seed)
    values = rng.standard_normal(shape)
    if np.dtype(dtype).kind == "c":
        values = values + 1j * rng.standard_normal(shape)
    return values.astype(dtype)


@lru_cache(maxsize=64)
def orthogonal(n, complex_=False, seed=0):
    Q = np.linalg.qr(random((n, n), np.complex128 if complex_ else np.float64, seed))[0]
    Q.flags.writeable = False
    return Q


def spectrum(n, condition):
    """Singular values from 1 down to 1 / condition, in equal ratios."""
    return np.geomspace(1.0, 1.0 / condition, n) if n > 1 else np.ones(n)


def with_condition(n, condition, dtype, order="C", seed=0, m=None, rank=None):
    """An m x n matrix, singular vectors random, values geometric; those beyond ``rank`` are zero."""
    complex_ = np.dtype(dtype).kind == "c"
    m = n if m is None else m
    k = min(m, n) if rank is None else rank
    left, right = orthogonal(m, complex_, 2 * seed), orthogonal(n, complex_, 2 * seed + 1)
    return laid_out(((left[:, :k] * spectrum(k, condition)) @ right[:, :k].conj().T).astype(dtype), order)


def hermitian(n, condition, dtype, order="C", seed=0, signs="positive"):
    """Hermitian to the last bit; ``signs``: "positive" definite, or "mixed" for an indefinite one."""
    Q = orthogonal(n, np.dtype(dtype).kind == "c", seed)
    values = spectrum(n, condition)
    if signs == "mixed":
        values = values * np.where(np.arange(n) % 2, -1.0, 1.0)
    A = ((Q * values) @ Q.conj().T).astype(dtype)
    return laid_out(np.tril(A, -1) + np.tril(A, -1).conj().T + np.diag(np.diag(A).real).astype(dtype), order)


def structured(name, n, dtype, order="C", seed=0):
    """A well-conditioned matrix of one of STRUCTURES, n >= 9, that has no narrower structure."""
    A = random((n, n), dtype, seed) / n
    far = np.subtract.outer(np.arange(n), np.arange(n))
    two = np.asarray(2, dtype=dtype)
    if name in ("symmetric", "hermitian", "positive definite candidate"):
        A = A + (A.T if name == "symmetric" else A.conj().T)
        np.fill_diagonal(A, np.where(np.arange(n) % 2, -two, two) if name != "positive definite candidate" else two)
        return laid_out(A, order)
    keep = {
        "diagonal": far == 0,
        "tridiagonal": abs(far) <= 1,
        "banded": (far <= 2) & (far >= -1),
        "upper triangular": far <= 0,
        "lower triangular": far >= 0,
        "permuted triangular": far >= 0,
        "general": far == far,
    }[name]
    A = np.where(keep, A, 0).astype(dtype)
    A[np.diag_indices(n)] += two
    if name == "permuted triangular":
        rng = np.random.default_rng(seed)
        A = A[rng.permutation(n)][:, rng.permutation(n)]
    return laid_out(A, order)


def badly_scaled(n, dtype, decades, seed=0):
    """A well-conditioned matrix whose rows and columns were multiplied by random powers of ten, up to +- decades."""
    rng = np.random.default_rng(seed)
    rows, columns = 10.0 ** rng.integers(-decades, decades + 1, (2, n))
    A = with_condition(n, 10.0, np.promote_types(dtype, np.float64), seed=seed)
    return (rows[:, None] * A * columns).astype(dtype)


def laid_out(A, order):
    """The same values in another memory order."""
    if order == "C":
        return np.ascontiguousarray(A)
    if order == "F":
        return np.asfortranarray(A)
    if order == "strided":
        wide = np.full((2 * A.shape[0], 2 * A.shape[1]), np.nan, dtype=A.dtype)
        view = wide[::2, ::2]
    elif order == "negative":
        view = np.empty(A.shape, dtype=A.dtype)[::-1, ::-1]
    elif order == "readonly":
        view = A.copy()
        view.flags.writeable = False
        return view
    else:
        raise ValueError(order)
    view[...] = A
    return view


def unaligned(A, offset):
    """The same values in memory that begins ``offset`` bytes after a multiple of 64."""
    raw = np.empty(A.nbytes + 128, dtype=np.uint8)
    start = -raw.ctypes.data % 64 + offset
    view = raw[start : start + A.nbytes].view(A.dtype).reshape(A.shape) if A.size else A.copy()
    view[...] = A
    return view
