# SPDX-License-Identifier: BSD-3-Clause
"""ridge, ridge-path, lasso, rsvd: regressions with penalties, and the leading singular values, against scikit-learn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import hessolve as hs

from .harness import Array, Call, Case, Contest, Row, peer_module

NEEDS = ("sklearn.linear_model", "threadpoolctl")
EPS = float(np.finfo(np.float64).eps)
GAP = 1e-6  # of the lasso, relative


def problem(m: int, n: int) -> tuple[Array, Array]:
    """Make random columns, of which every tenth up to 500 has a coefficient, and noise, in C order."""
    rng = np.random.default_rng(m + n)
    X = rng.standard_normal((m, n))
    w = np.zeros(n)
    w[: min(n, 500) : 10] = rng.standard_normal(len(range(0, min(n, 500), 10)))
    return X, X @ w + rng.standard_normal(m)


def _shapes(quick: bool) -> tuple[tuple[int, int, int], ...]:
    """Rows, columns, and which of a row's targets holds."""
    big = ((100_000, 100), (20_000, 1000), (200, 20_000))
    return tuple((m // 10 if quick and m > n else m, n, i) for i, (m, n) in enumerate(big))


def _gradient(X: Array, y: Array, w: Array, alpha: float) -> float:
    """How far w is from where the gradient of ridge vanishes, over that at zero."""
    g = X.T @ (y - X @ w) - alpha * w
    return float(np.linalg.norm(g) / np.linalg.norm(X.T @ y))


def ridge(quick: bool) -> Iterator[Case]:
    """Solve for one penalty, each side with its default for the shape."""
    peer = peer_module("sklearn.linear_model").Ridge
    for m, n, i in _shapes(quick):
        X, y = problem(m, n)

        def ours(X: Array = X, y: Array = y) -> Array:
            return hs.ridge(X, y, 1.0).coef

        def theirs(X: Array = X, y: Array = y) -> Any:
            return peer(alpha=1.0, fit_intercept=False, solver="cholesky").fit(X, y).coef_

        yield _case(f"{m} x {n}", X, y, (5.0, 1.8, 3.0)[i], ours, theirs, "Ridge cholesky", 1.0)


def ridge_path(quick: bool) -> Iterator[Case]:
    """Choose among 20 penalties by the error of leaving one out."""
    peer = peer_module("sklearn.linear_model").RidgeCV
    alphas = np.geomspace(1e-2, 1e4, 20)
    for m, n, i in _shapes(quick):
        X, y = problem(m, n)
        best = hs.select_alpha(X, y, alphas)

        def ours(X: Array = X, y: Array = y) -> Array:
            path = hs.ridge_path(X, y, alphas)
            assert path.loo is not None
            return path.coefs[:, int(np.argmin(path.loo))]

        def theirs(X: Array = X, y: Array = y) -> Any:
            return peer(alphas=alphas, fit_intercept=False).fit(X, y).coef_

        yield _case(f"{m} x {n}", X, y, (40.0, 12.0, 3.0)[i], ours, theirs, "RidgeCV", best)


def _case(
    label: str, X: Array, y: Array, target: float, ours: Callable[[], Array], theirs: Callable[[], Array],
    name: str, alpha: float,
) -> Case:  # fmt: skip
    m, n = X.shape
    return Case(
        label,
        "C",
        Call("hessolve", ours, lambda: _gradient(X, y, ours(), alpha)),
        (Contest(target, (Call(f"sklearn {name}", theirs, lambda: _gradient(X, y, theirs(), alpha)),)),),
        flops=float(m) * n * min(m, n),
        negligible_error=100 * EPS,
    )


def _largest_gap(X: Array, y: Array, alphas: Array, coefs: Array) -> float:
    """The largest duality gap of a path of the lasso, over ||y||^2 / m."""
    m, worst = len(y), 0.0
    for alpha, w in zip(alphas, coefs.T, strict=True):
        r = y - X @ w
        z = X.T @ r
        c = min(1.0, m * alpha / max(float(abs(z).max()), 1e-300))
        gap = (1 - c) ** 2 * (r @ r) / 2 + m * alpha * abs(w).sum() - c * (z @ w)
        worst = max(worst, float(gap / (y @ y)))
    return worst


def lasso(quick: bool) -> Iterator[Case]:
    """A path of 50 penalties down to a hundredth of the largest, to the same duality gap."""
    peer = peer_module("sklearn.linear_model").lasso_path
    for m, n, i in _shapes(quick)[1:]:
        X, y = problem(m, n)
        top = float(abs(X.T @ y).max()) / m
        alphas = np.geomspace(top, 0.01 * top, 50)

        def ours(X: Array = X, y: Array = y, alphas: Array = alphas) -> Array:
            return hs.lasso_path(X, y, alphas, tol=GAP / 4).coefs

        def theirs(X: Array = X, y: Array = y, alphas: Array = alphas) -> Any:
            return peer(X, y, alphas=alphas, tol=GAP, max_iter=10_000)[1]

        def of(name: str, side: Callable[[], Array], X: Array = X, y: Array = y, alphas: Array = alphas) -> Call:
            return Call(name, side, lambda: _largest_gap(X, y, alphas, side()))

        contest = Contest((3.0, 3.0)[i - 1], (of("sklearn lasso_path", theirs),))
        yield Case(f"{m} x {n}", "C", of("hessolve", ours), (contest,), negligible_error=GAP)


def rsvd(quick: bool) -> Iterator[Case]:
    """Fifty singular triples of a matrix whose spectrum decays; the error is that of A over the least there is."""
    peer = peer_module("sklearn.utils.extmath").randomized_svd
    m, n, rank = (4000 if quick else 20_000), (500 if quick else 2000), 50
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((m, 200)), rng.standard_normal((200, n))
    A = (left * 0.97 ** np.arange(200)) @ right + 0.01 * rng.standard_normal((m, n))
    least = float(np.sqrt(np.linalg.eigvalsh(A.T @ A)[:-rank].clip(0).sum()))

    def error(side: Callable[[], Any]) -> float:
        U, s, Vh = tuple(side())[:3]
        return float(np.linalg.norm(A - (U * s) @ Vh) / least - 1)

    def ours() -> Any:
        return hs.randomized_svd(A, rank, oversampling=10, power_iterations=4, rng=0)

    def theirs() -> Any:
        return peer(A, rank, n_oversamples=10, n_iter=4, random_state=0)

    calls = [Call("hessolve", ours, lambda: error(ours)), Call("sklearn", theirs, lambda: error(theirs))]
    yield Case(f"{m} x {n}, rank {rank}", "C", calls[0], (Contest(2.0, (calls[1],)),), negligible_error=1e-3)


ROWS = (
    Row("ridge", ridge, NEEDS),
    Row("ridge-path", ridge_path, NEEDS),
    Row("lasso", lasso, NEEDS),
    Row("rsvd", rsvd, (*NEEDS, "sklearn.utils.extmath")),
)
