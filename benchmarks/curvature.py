# SPDX-License-Identifier: BSD-3-Clause
"""hessian-glm and elements: the Hessian of a logistic regression, and finite elements over a known pattern."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

import hessolve as hs

from .harness import Array, Call, Case, Contest, Row, peer_module

GLM_ROUNDING = 1e-15  # of the largest entry; sums of many rows: neither side needs to be better than that
ELEMENT_ROUNDING = 4 * np.finfo(np.float64).eps


def hessian_glm(quick: bool) -> Iterator[Case]:
    """Compare with the product a user would write, link and weights included, and with scikit-learn's own."""
    losses, linear = peer_module("sklearn._loss.loss"), peer_module("sklearn.linear_model._linear_loss")
    pool = peer_module("threadpoolctl")
    for m, n, target in ((2000, 50, 1.0),) if quick else ((100_000, 100, 2.0), (20_000, 1000, 1.7)):
        rng = np.random.default_rng(n)
        X, coef = rng.standard_normal((m, n)), rng.standard_normal(n) / np.sqrt(n)
        y = (rng.random(m) < 0.5).astype(np.float64)
        model = linear.LinearModelLoss(base_loss=losses.HalfBinomialLoss(), fit_intercept=False)

        def by_numpy(X: Array = X, coef: Array = coef) -> Array:
            p = 1 / (1 + np.exp(-(X @ coef)))
            return np.asarray((X.T * (p * (1 - p))) @ X)

        def by_sklearn(X: Array = X, coef: Array = coef, y: Array = y, model: Any = model) -> Array:
            blas = [i["num_threads"] for i in pool.threadpool_info() if i["user_api"] == "blas"]
            return np.asarray(model.gradient_hessian(coef, X, y, n_threads=max(blas, default=1))[1])

        def ours(X: Array = X, coef: Array = coef) -> Array:
            return hs.glm_hessian(X, None, coef, family="logistic")

        columns = np.arange(0, n, max(1, n // 10))
        exact = _logistic(X, coef, columns)

        def error(H: Array, columns: Array = columns, exact: Array = exact) -> float:
            return float(np.abs(H[:, columns] - exact).max() / np.abs(exact).max())

        peers = (
            Call("(X.T * w) @ X", by_numpy, lambda run=by_numpy, error=error: error(run())),
            Call("sklearn", by_sklearn, lambda run=by_sklearn, error=error, m=m: error(m * run())),
        )
        call = Call("glm_hessian", ours, lambda run=ours, error=error: error(run()))
        yield Case(f"logistic {m} x {n}", "C", call, (Contest(target, peers),), float(m) * n * n, 0.0, GLM_ROUNDING)


def _logistic(X: Array, coef: Array, columns: Array) -> Array:
    """Some columns of the Hessian in long double."""
    exact = np.zeros((X.shape[1], len(columns)), dtype=np.longdouble)
    for first in range(0, len(X), 5000):
        part = X[first : first + 5000].astype(np.longdouble)
        tail = np.exp(-np.abs(part @ coef))
        weighted = part[:, columns] * (tail / (1 + tail) ** 2)[:, None]
        exact += part.T @ weighted
    return exact


def triangles(cells: int) -> tuple[Array, int]:
    """Return the dofs of quadratic triangles over a square grid, 6 each, and how many there are."""
    side = 2 * cells + 1
    i, j = (2 * a.ravel() for a in np.meshgrid(np.arange(cells), np.arange(cells), indexing="ij"))
    lower = ((0, 0), (2, 0), (0, 2), (1, 0), (1, 1), (0, 1))
    upper = ((2, 2), (0, 2), (2, 0), (1, 2), (1, 1), (2, 1))
    dofs = [np.stack([(i + a) * side + j + b for a, b in points], axis=1) for points in (lower, upper)]
    return np.stack(dofs, axis=1).reshape(-1, 6).astype(np.int32), side * side


def elements(quick: bool) -> Iterator[Case]:
    """Refresh the values of a known pattern; the peer sorts and sums its triplets, whose indices it is given."""
    sparse = peer_module("scipy.sparse")
    dofs, n = triangles(40 if quick else 707)  # 707^2 cells of two triangles: 999698
    blocks = np.random.default_rng(0).standard_normal((len(dofs), 6, 6))
    assembler = hs.ElementAssembler(n, dofs)
    values = np.empty(assembler.nnz)
    rows, cols = np.repeat(dofs, 6, axis=1).ravel(), np.tile(dofs, (1, 6)).ravel()

    def by_scipy() -> Any:
        return sparse.coo_array((blocks.ravel(), (rows, cols)), shape=(n, n)).tocsr()

    exact = by_scipy().data.astype(np.longdouble)  # its pattern is ours; the values are summed anew
    exact[:] = 0
    place = _places(assembler, rows, cols)
    np.add.at(exact, place, blocks.ravel().astype(np.longdouble))

    def error(data: Array) -> float:
        return float(np.abs(data - exact).max() / np.abs(exact).max())

    ours = Call("refresh", lambda: assembler.refresh(values, blocks), lambda: error(assembler.refresh(values, blocks)))
    peer = Call("scipy coo -> csr", by_scipy, lambda: error(by_scipy().data))
    traffic = float(blocks.nbytes + values.nbytes + 8 * dofs.size + dofs.size * 6)
    yield Case(f"{len(dofs)} triangles, k = 6", "C", ours, (Contest(10.0, (peer,)),), 0.0, traffic, ELEMENT_ROUNDING)


def _places(assembler: Any, rows: Array, cols: Array) -> Array:
    """Return where in the CSR data each triplet belongs."""
    lengths = np.diff(assembler.indptr)
    keys = np.repeat(np.arange(assembler.n, dtype=np.int64), lengths) * assembler.n + assembler.indices
    return np.searchsorted(keys, rows.astype(np.int64) * assembler.n + cols)


ROWS = (
    Row("hessian-glm", hessian_glm, ("sklearn._loss.loss", "sklearn.linear_model._linear_loss", "threadpoolctl")),
    Row("elements", elements, ("scipy.sparse",)),
)
