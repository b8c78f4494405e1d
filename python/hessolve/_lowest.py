# SPDX-License-Identifier: BSD-3-Clause
"""The lowest curvature of a Hessian known by its products."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from ._line_search import EPS

Array = NDArray[np.float64]
_STEPS = 20


def negative_curvature(products: Callable[[Array], Array], n: int) -> tuple[float, Array] | None:
    """Return a curvature v^T H v < 0 and its v, of length 1, or None where Lanczos' method finds none.

    At most 20 products; it ends as soon as the lowest Ritz value is negative, or known to three digits. Negative is
    what is below -sqrt(eps) times the largest. One that is small beside the largest may be missed.
    [Golub and Van Loan, 10.1; Kuczynski and Wozniakowski 1992, doi 10.1137/0613066]
    """
    steps = min(n, _STEPS)
    Q = np.zeros((n, steps))
    a, b = np.zeros(steps), np.zeros(steps)
    q = np.random.default_rng(0).standard_normal(n)
    q /= np.linalg.norm(q)
    for k in range(steps):
        Q[:, k] = q
        r = products(q)
        a[k] = q @ r
        for _ in range(2):  # orthogonal to rounding
            r = r - Q[:, : k + 1] @ (Q[:, : k + 1].T @ r)
        b[k] = np.linalg.norm(r)
        T = np.diag(a[: k + 1]) + np.diag(b[:k], 1) + np.diag(b[:k], -1)
        w, S = np.linalg.eigh(T)
        size = max(abs(float(w[0])), abs(float(w[-1])))
        if w[0] < -np.sqrt(EPS) * size:
            v = Q[:, : k + 1] @ S[:, 0]
            return float(w[0]), v / np.linalg.norm(v)
        if b[k] * abs(S[-1, 0]) <= 1e-3 * abs(w[0]) or b[k] <= EPS * size:
            return None
        q = r / b[k]
    return None
