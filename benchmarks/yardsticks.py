# SPDX-License-Identifier: BSD-3-Clause
"""How far computed factors and inverses are from what defines them, in long double.

A defect M is never formed: ``||M v||`` for a few vectors v of random signs gives ``||M||_F``, since the mean of
``||M v||^2`` is ``||M||_F^2``. Both sides of a contest meet the same vectors.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from .harness import Array

PROBES = 4


def product(A: Array, V: Array) -> Array:
    """Multiply in long double, by blocks of rows, so that no long copy of A is made."""
    return np.concatenate([A[i : i + 256].astype(np.longdouble) @ V for i in range(0, len(A), 256)])


def defect(M: Callable[[Array], Array], n: int) -> float:
    """Estimate ``||M||_F`` of a linear map of n-vectors."""
    signs = np.random.default_rng(n).choice([-1.0, 1.0], (n, PROBES)).astype(np.longdouble)
    return float(np.sqrt((M(signs) ** 2).sum() / PROBES))


def orthonormality(Q: Array) -> float:
    """Measure ``||Q^T Q - I||_F / ||I||_F``."""
    n = Q.shape[1]
    return defect(lambda v: product(Q.T, product(Q, v)) - v, n) / math.sqrt(n)


def qr(A: Array, factors: Any) -> float:
    """Measure the larger of ``||A P - Q R||_F / ||A||_F`` and the defect of Q; P is there where A was pivoted."""
    Q, R, *pivots = factors
    A = A[:, pivots[0]] if pivots else A
    return max(_relative(A, lambda v: product(Q, product(R, v))), orthonormality(Q))


def eigh(A: Array, pairs: Any) -> float:
    """Measure the larger of ``||A - V diag(w) V^T||_F / ||A||_F`` and the defect of V."""
    w, V = pairs
    return max(_relative(A, lambda v: product(V, w[:, None] * product(V.T, v))), orthonormality(V))


def svd(A: Array, triples: Any) -> float:
    """Measure the largest of ``||A - U diag(s) Vh||_F / ||A||_F`` and the defects of U and Vh."""
    U, s, Vh = triples
    residual = _relative(A, lambda v: product(U, s[:, None] * product(Vh, v)))
    return max(residual, orthonormality(U), orthonormality(Vh.T))


def inverse(A: Array, X: Array) -> float:
    """Measure ``||I - A X||_F / (||A||_F ||X||_F)``."""
    return defect(lambda v: v - product(A, product(X, v)), len(A)) / (_norm(A) * _norm(X))


def pseudo_inverse(A: Array, X: Array) -> float:
    """Measure the largest residual of Penrose's four equations, each over the norms of its factors."""
    m, n = A.shape
    a, x = _norm(A), _norm(X)

    def AX(v: Array) -> Array:
        return product(A, product(X, v))

    def XA(v: Array) -> Array:
        return product(X, product(A, v))

    return max(
        defect(lambda v: AX(product(A, v)) - product(A, v), n) / (a * a * x),  # A X A = A
        defect(lambda v: XA(product(X, v)) - product(X, v), m) / (a * x * x),  # X A X = X
        defect(lambda v: product(X.T, product(A.T, v)) - AX(v), m) / (a * x),  # (A X)^T = A X
        defect(lambda v: product(A.T, product(X.T, v)) - XA(v), n) / (a * x),  # (X A)^T = X A
    )


def _relative(A: Array, again: Callable[[Array], Array]) -> float:
    """Measure ``||A - B||_F / ||A||_F`` for the B that ``again`` multiplies by."""
    return defect(lambda v: product(A, v) - again(v), A.shape[1]) / _norm(A)


def _norm(A: Array) -> float:
    return float(np.linalg.norm(A))
