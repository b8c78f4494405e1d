# SPDX-License-Identifier: BSD-3-Clause
"""sweep-gs, sweep-jacobi, cg, gmres, spd-sparse: Poisson's equation on 1000 x 1000 points or fewer, a dense system."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import hessolve as hs

from .harness import Array, Call, Case, Contest, Row, peer_module

EPS = float(np.finfo(np.float64).eps)
SWEEPS = 10  # of the coloured case, whose colours are computed once for all of them


def poisson(k: int) -> Any:
    """Make the five-point matrix on a k x k grid, CSR with int32 indices."""
    sparse = peer_module("scipy.sparse")
    line = sparse.diags_array([-np.ones(k - 1), 2 * np.ones(k), -np.ones(k - 1)], offsets=[-1, 0, 1])
    A = sparse.csr_matrix(sparse.kronsum(line, line))
    A.sort_indices()
    return A


def _grid(quick: bool) -> int:
    return 300 if quick else 1000


def _bytes(A: Any) -> float:
    """One reading of the matrix, b and x, one writing of x."""
    return float(A.data.nbytes + A.indices.nbytes + A.indptr.nbytes + 3 * 8 * A.shape[0])


def _swept(name: str, sweep: Callable[[Array], object], n: int, truth: Array) -> Call:
    """Make a side that sweeps on a vector of its own; its error is that of a sweep from zero against `truth`."""
    x = np.zeros(n)

    def error() -> float:
        y = np.zeros(n)
        sweep(y)
        return float(abs(y - truth).max() / abs(truth).max())

    return Call(name, lambda: sweep(x), error)


def gauss_seidel(quick: bool) -> Iterator[Case]:
    """Sweep in natural order, and over two colours."""
    peer = peer_module("pyamg.relaxation.relaxation")
    k = _grid(quick)
    A, n = poisson(k), k * k
    b = np.random.default_rng(0).standard_normal(n)
    truth = peer_module("scipy.sparse.linalg").spsolve_triangular(peer_module("scipy.sparse").tril(A, format="csr"), b)
    ours = _swept("hessolve", lambda x: hs.sweep(A, x, b, method="gauss-seidel"), n, truth)
    theirs = _swept("pyamg gauss_seidel", lambda x: peer.gauss_seidel(A, x, b), n, truth)
    yield Case(
        f"{k} x {k} natural", "csr", ours, (Contest(1.5, (theirs,)),), bytes=_bytes(A), negligible_error=10 * EPS
    )

    rows = np.add.outer(np.arange(k), np.arange(k)).ravel() % 2
    order = np.argsort(rows, kind="stable").astype(np.int32)

    def ours_in_colours(x: Array) -> object:
        return hs.sweep(A, x, b, method="gauss-seidel", ordering="red-black", iterations=SWEEPS)

    def theirs_in_colours(x: Array) -> object:
        return peer.gauss_seidel_indexed(A, x, b, order, iterations=SWEEPS)

    truth = np.zeros(n)
    theirs_in_colours(truth)
    sides = (
        _swept("hessolve", ours_in_colours, n, truth),
        _swept("pyamg gauss_seidel_indexed", theirs_in_colours, n, truth),
        _swept("pyamg gauss_seidel", lambda x: peer.gauss_seidel(A, x, b, iterations=SWEEPS), n, truth),
    )
    contest = Contest(2.5, sides[1:])
    label = f"{k} x {k} red-black, {SWEEPS} sweeps"
    yield Case(label, "csr", sides[0], (contest,), bytes=SWEEPS * _bytes(A), negligible_error=10 * EPS)


def jacobi(quick: bool) -> Iterator[Case]:
    """Sweep once."""
    peer = peer_module("pyamg.relaxation.relaxation")
    k = _grid(quick)
    A, n = poisson(k), k * k
    b = np.random.default_rng(0).standard_normal(n)
    ours = _swept("hessolve", lambda x: hs.sweep(A, x, b, method="jacobi"), n, b / 4)
    theirs = _swept("pyamg jacobi", lambda x: peer.jacobi(A, x, b), n, b / 4)
    yield Case(f"{k} x {k}", "csr", ours, (Contest(1.5, (theirs,)),), bytes=_bytes(A), negligible_error=10 * EPS)


def conjugate_gradients(quick: bool) -> Iterator[Case]:
    """Make 100 steps; the error is the relative residual that they leave."""
    linalg = peer_module("scipy.sparse.linalg")
    k = _grid(quick)
    A = poisson(k)
    b = np.random.default_rng(0).standard_normal(k * k)

    def ours() -> Array:
        x: Array = hs.iterate(A, b, method="cg", rtol=0.0, maxiter=100, full_output=True).x
        return x

    def theirs() -> Array:
        x: Array = linalg.cg(A, b, rtol=0.0, maxiter=100)[0]
        return x

    yield _krylov_case(f"{k} x {k}, 100 steps", "csr", A, b, 2.0, ours, "scipy cg", theirs)


def generalised_minimal_residuals(quick: bool) -> Iterator[Case]:
    """Make 100 steps without restart on a dense matrix that needs them all."""
    linalg = peer_module("scipy.sparse.linalg")
    n = 400
    rng = np.random.default_rng(0)
    A = rng.standard_normal((n, n)) / np.sqrt(n) + np.eye(n)
    b = rng.standard_normal(n)

    def ours() -> Array:
        x: Array = hs.iterate(A, b, method="gmres", rtol=0.0, maxiter=100, full_output=True).x
        return x

    def theirs() -> Array:
        x: Array = linalg.gmres(A, b, rtol=0.0, restart=100, maxiter=1)[0]
        return x

    yield _krylov_case(f"n = {n}, 100 steps", "C", A, b, 20.0, ours, "scipy gmres", theirs)


def _krylov_case(
    label: str,
    order: str,
    A: Any,
    b: Array,
    target: float,
    ours: Callable[[], Array],
    name: str,
    theirs: Callable[[], Array],
) -> Case:
    """Compare residuals to three digits: rounding makes the last ones of two Krylov methods differ."""

    def error(solve: Callable[[], Array]) -> Callable[[], float]:
        return lambda: float(f"{np.linalg.norm(b - A @ solve()) / np.linalg.norm(b):.2e}")

    contest = Contest(target, (Call(name, theirs, error(theirs)),))
    return Case(label, order, Call("hessolve", ours, error(ours)), (contest,))


def sparse_definite(quick: bool) -> Iterator[Case]:
    """Solve to a relative residual of 1e-8; no credit for more digits than that."""
    linalg = peer_module("scipy.sparse.linalg")
    k = 100 if quick else 300
    A = poisson(k)
    by_columns = A.tocsc()
    b = np.random.default_rng(0).standard_normal(k * k)

    def residual(solve: Callable[[], Array]) -> Callable[[], float]:
        return lambda: max(float(np.linalg.norm(b - A @ solve()) / np.linalg.norm(b)), 1e-8)

    def ours() -> Array:
        return hs.backslash(A, b, rtol=1e-8).x

    def plain() -> Array:
        x: Array = linalg.spsolve(by_columns, b)
        return x

    def ordered() -> Array:
        x: Array = linalg.spsolve(by_columns, b, permc_spec="MMD_AT_PLUS_A")
        return x

    peers = (Call("scipy spsolve", plain, residual(plain)), Call("scipy spsolve MMD", ordered, residual(ordered)))
    yield Case(f"{k} x {k} to 1e-8", "csr", Call("hessolve", ours, residual(ours)), (Contest(1.5, peers),))


ROWS = (
    Row("sweep-gs", gauss_seidel, ("pyamg", "scipy.sparse.linalg")),
    Row("sweep-jacobi", jacobi, ("pyamg", "scipy.sparse.linalg")),
    Row("cg", conjugate_gradients, ("scipy.sparse.linalg",)),
    Row("gmres", generalised_minimal_residuals, ("scipy.sparse.linalg",)),
    Row("spd-sparse", sparse_definite, ("scipy.sparse.linalg",)),
)
