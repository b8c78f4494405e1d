# SPDX-License-Identifier: BSD-3-Clause
"""solve-small, solve-mid, solve-large, solve-mixed, solve-spd: one dense system in float64, one right-hand side."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

import numpy as np

import hessolve as hs

from .harness import Array, Call, Case, Contest, Row, peer_module, typical_error

Solver = Callable[[Array, Array], Array]
System = tuple[Array, Array]

NEEDS = ("scipy.linalg", "threadpoolctl")
EPS = float(np.finfo(np.float64).eps)


def general(n: int, count: int) -> list[System]:
    """Make random systems in C order."""
    rng = np.random.default_rng(n)
    return [(rng.standard_normal((n, n)), rng.standard_normal(n)) for _ in range(count)]


def positive_definite(n: int, count: int) -> list[System]:
    """Make random symmetric positive definite systems in C order, of a condition number of a few tens."""
    systems = []
    for G, b in general(n, count):
        A = G @ G.T / n
        systems.append(((A + A.T) / 2 + 0.1 * np.eye(n), b))
    return systems


def in_order(systems: Sequence[System], order: str) -> list[System]:
    """Give systems with A in the given memory order, copied where it is another."""
    return [(np.asarray(A, order="F" if order == "F" else "C"), b) for A, b in systems]


def call(name: str, solver: Solver, systems: Sequence[System]) -> Call:
    """Make a side that is timed on the first system and whose accuracy is the typical one over all of them."""
    A, b = systems[0]
    return Call(name, lambda: solver(A, b), lambda: typical_error(solver, systems))


def _case(
    n: int, order: str, systems: Sequence[System], flops: float, contests: tuple[Contest, ...], solve: Solver = hs.solve
) -> Case:
    ours = call("hessolve", solve, in_order(systems, order))
    return Case(f"n = {n}", order, ours, contests, flops=flops, negligible_error=n * EPS / 10)


def _lu_flops(n: int) -> float:
    return 2 / 3 * n**3 + 2 * n**2


def _numpy(systems: Sequence[System]) -> Call:
    return call("numpy.linalg.solve", np.linalg.solve, systems)


def _scipy(assume: str, systems: Sequence[System]) -> Call:
    """SciPy is told the structure, so that it need not look for it."""
    solve = peer_module("scipy.linalg").solve
    name = f"scipy.linalg.solve {assume} {'F' if systems[0][0].flags.f_contiguous else 'C'}"
    return call(name, lambda A, b: solve(A, b, assume_a=assume), systems)


def small(quick: bool) -> Iterator[Case]:
    """Compare one call with its warning check against each peer by itself."""
    targets = {3: (30.0, 6.0), 4: (30.0, 6.0), 8: (30.0, 6.0), 16: (12.0, 3.0), 32: (6.0, 2.0)}
    for n, (scipy_target, numpy_target) in targets.items():
        systems = general(n, 21 if quick else 101)
        contests = (
            Contest(scipy_target, (_scipy("gen", systems), _scipy("gen", in_order(systems, "F")))),
            Contest(numpy_target, (_numpy(systems),)),
        )
        yield _case(n, "C", systems, _lu_flops(n), contests)


def _against_both(n: int, target: float, quick: bool, solve: Solver = hs.solve) -> Iterator[Case]:
    """Both memory orders for hessolve; the peers always get the order they like best."""
    systems = general(n, 1 if n > 512 or quick else 11)
    fortran = in_order(systems, "F")
    for order in ("C", "F"):
        contest = Contest(target, (_numpy(systems), _scipy("gen", fortran)))
        yield _case(n, order, systems, _lu_flops(n), (contest,), solve)


def mid(quick: bool) -> Iterator[Case]:
    """Compare with the better of NumPy and SciPy."""
    for n, target in {64: 1.4, 128: 1.4, 256: 1.4, 512: 1.7}.items():
        yield from _against_both(n, target, quick)


def large(quick: bool) -> Iterator[Case]:
    """Compare with the better of NumPy and SciPy."""
    for n, target in {1024: 1.7, 2048: 1.7, 4096: 1.3}.items():
        if n <= 1024 or not quick:
            yield from _against_both(n, target, quick)


def mixed(quick: bool) -> Iterator[Case]:
    """Factor in single precision and refine to the backward error of double; the peers work in double."""

    def solve(A: Array, b: Array) -> Array:
        return hs.solve(A, b, precision="mixed")

    for n in (256,) if quick else (1024, 2048, 4096):
        yield from _against_both(n, 2.5, quick, solve)


def spd(quick: bool) -> Iterator[Case]:
    """Give hessolve C-ordered input and no word on its definiteness, which the peers are told."""
    linalg = peer_module("scipy.linalg")

    def cholesky(A: Array, b: Array) -> Array:
        x: Array = linalg.cho_solve(linalg.cho_factor(A.T), b)
        return x

    for n in (64, 128, 256, 512, 1024, 2048, 4096):
        if quick and n > 512:
            return
        systems = positive_definite(n, 1 if n > 512 or quick else 11)
        transposed = [(A.T, b) for A, b in systems]  # the same matrices, in Fortran order without a copy
        peers = (_numpy(systems), _scipy("pos", transposed), call("scipy.linalg.cho_solve", cholesky, systems))
        yield _case(n, "C", systems, n**3 / 3 + 2 * n**2, (Contest(1.5, peers),))


ROWS = (
    Row("solve-small", small, NEEDS),
    Row("solve-mid", mid, NEEDS),
    Row("solve-large", large, NEEDS),
    Row("solve-mixed", mixed, NEEDS),
    Row("solve-spd", spd, NEEDS),
)
