# SPDX-License-Identifier: BSD-3-Clause
"""Measure a call of hessolve against its peers: same data, same run, same number of threads, in alternating blocks.

A *row* is a kind of work, a *case* one size of it, a *contest* one target: hessolve against the fastest of some peers.
"""

from __future__ import annotations

import importlib
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[Any]


class BenchmarkError(Exception):
    """A row that is unknown or cannot be measured here; the message is one line."""


@dataclass(frozen=True)
class Call:
    """One side of a contest; ``error`` measures its accuracy, by the same yardstick for all sides."""

    name: str
    run: Callable[[], object]
    error: Callable[[], float] | None = None


@dataclass(frozen=True)
class Contest:
    """The fastest of ``peers`` should take ``target`` times as long as hessolve on two threads (on one: at least 1)."""

    target: float
    peers: tuple[Call, ...]


@dataclass(frozen=True)
class Case:
    """One size of a row; ``baseline`` is a cost that all sides share and that is taken off."""

    label: str
    order: str
    ours: Call
    contests: tuple[Contest, ...]
    flops: float = 0.0
    bytes: float = 0.0
    negligible_error: float = 0.0  # at or below it an error does not have to be smaller than the peer's
    baseline: Callable[[], object] | None = None


@dataclass(frozen=True)
class Row:
    """A named row: ``cases(quick)`` makes its cases one at a time, so that only one matrix is alive.

    ``needs`` names every module with threads of its own: they are loaded first, since only then they can be limited.
    """

    name: str
    cases: Callable[[bool], Iterator[Case]]
    needs: tuple[str, ...] = ()
    threaded: bool = True


@dataclass(frozen=True)
class Sampling:
    """How to measure: ``blocks`` turns a side, ``per_block`` samples a turn, each of ``shortest`` seconds or more."""

    blocks: int = 3
    per_block: int = 3
    shortest: float = 2e-3
    idle: float = 0.2
    clock: Callable[[], float] = time.perf_counter
    sleep: Callable[[float], None] = time.sleep


LONG = 1.0  # seconds
QUICK = Sampling(blocks=3, per_block=2, shortest=1e-3)


@dataclass(frozen=True)
class Limits:
    """What the machine can do on ``threads`` threads: flop/s of a matrix product, byte/s of streaming memory."""

    threads: int
    gemm_rate: float
    memory_bandwidth: float


@dataclass(frozen=True)
class Result:
    """A contest measured. Times are medians in seconds; ``low`` and ``high`` bracket the ratio by the quartiles."""

    row: str
    case: str
    order: str
    threads: int
    peer: str
    seconds: float
    peer_seconds: float
    ratio: float
    low: float
    high: float
    target: float
    error: float | None
    peer_error: float | None
    share: float | None
    verdict: str  # reached, below (the target), slower (than the peer), less accurate (the ratio does not count)


def measure(row: Row, case: Case, limits: Limits, sampling: Sampling) -> Iterator[Result]:
    """Time all sides of a case together and settle its contests."""
    peers = [peer for contest in case.contests for peer in contest.peers]
    sides = [case.ours.run, *(peer.run for peer in peers)] + ([case.baseline] if case.baseline else [])
    times = sample(sides, sampling)
    if case.baseline:
        shared = statistics.median(times.pop())
        times = [[max(t - shared, 1e-9) for t in side] for side in times]
    ours, *theirs = times
    samples = dict(zip(map(id, peers), theirs, strict=True))
    error = case.ours.error() if case.ours.error else None
    for contest in case.contests:
        best = min(contest.peers, key=lambda peer: statistics.median(samples[id(peer)]))
        yield _settle(row, case, limits, contest, best, ours, samples[id(best)], error)


def _settle(
    row: Row,
    case: Case,
    limits: Limits,
    contest: Contest,
    peer: Call,
    ours: list[float],
    theirs: list[float],
    error: float | None,
) -> Result:
    (q1, seconds, q3), (p1, peer_seconds, p3) = _quartiles(ours), _quartiles(theirs)
    ratio = peer_seconds / seconds
    target = contest.target if limits.threads > 1 or not row.threaded else min(1.0, contest.target)
    peer_error = peer.error() if peer.error else None
    # The rule: our error <= max(the error of the peer that won, n eps / 10), both by the same yardstick; false for NaN.
    accurate = error is None or peer_error is None or error <= max(peer_error, case.negligible_error)
    verdict = "less accurate" if not accurate else "reached" if ratio >= target else "below" if ratio >= 1 else "slower"
    share = None
    if case.flops:
        share = case.flops / seconds / limits.gemm_rate
    elif case.bytes:
        share = case.bytes / seconds / limits.memory_bandwidth
    return Result(
        row.name,
        case.label,
        case.order,
        limits.threads if row.threaded else 1,
        peer.name,
        seconds,
        peer_seconds,
        ratio,
        p1 / q3,
        p3 / q1,
        target,
        error,
        peer_error,
        share,
        verdict,
    )


def sample(sides: Sequence[Callable[[], object]], sampling: Sampling) -> list[list[float]]:
    """Seconds per call of each side. On each change of side: idle, one untimed call, then the timed ones.

    The pause lets the threads of the side before come to rest; a spinning thread pool slows whatever runs next. A call
    of a second or more is its own warm-up after the first, and two of them are a turn.
    """
    times: list[list[float]] = [[] for _ in sides]
    repeats = [0] * len(sides)
    long = [False] * len(sides)
    for _ in range(sampling.blocks):
        for k, side in enumerate(sides):
            sampling.sleep(sampling.idle)
            if not long[k]:
                long[k] = _time(side, 1, sampling.clock) >= LONG
            repeats[k] = repeats[k] or (1 if long[k] else _repeats(side, sampling))
            turns = min(2, sampling.per_block) if long[k] else sampling.per_block
            times[k] += [_time(side, repeats[k], sampling.clock) for _ in range(turns)]
    return times


def _repeats(side: Callable[[], object], sampling: Sampling) -> int:
    """How many calls fill a sample: tiny ones are timed in a loop."""
    repeats = 1
    while (seconds := _time(side, repeats, sampling.clock) * repeats) < sampling.shortest:
        repeats = max(2 * repeats, int(1.2 * repeats * sampling.shortest / max(seconds, 1e-7)))
    return repeats


def _time(side: Callable[[], object], repeats: int, clock: Callable[[], float]) -> float:
    loop = range(repeats)
    start = clock()
    for _ in loop:
        side()
    return (clock() - start) / repeats


def _quartiles(times: list[float]) -> tuple[float, float, float]:
    low, middle, high = statistics.quantiles(times, n=4, method="inclusive")
    return low, middle, high


def backward_error(A: Array, x: Array, b: Array) -> float:
    """Measure ``||b - A x|| / (||A|| ||x|| + ||b||)`` in the infinity norm, in long double."""
    worst, norm = np.longdouble(0), np.longdouble(0)
    X, B = x.astype(np.longdouble), b.astype(np.longdouble)
    for start in range(0, len(A), 256):  # by blocks of rows, so that no long copy of A is made
        rows = A[start : start + 256].astype(np.longdouble)
        worst = np.maximum(worst, np.abs(B[start : start + 256] - rows @ X).max())
        norm = np.maximum(norm, np.abs(rows).sum(axis=1).max())
    return float(worst / (norm * np.abs(X).max() + np.abs(B).max()))


def typical_error(solve: Callable[[Array, Array], Array], systems: Sequence[tuple[Array, Array]]) -> float:
    """Measure the median backward error over some systems; a single small one says little."""
    return statistics.median(backward_error(A, np.asarray(solve(A, b)), b) for A, b in systems)


def peer_module(name: str) -> Any:
    """Import a peer, or say what to install."""
    try:
        return importlib.import_module(name)
    except ImportError:
        package = name.partition(".")[0]
        raise BenchmarkError(f"benchmarks need {package}: pip install 'hessolve[bench]'") from None


@contextmanager
def on_threads(n: int) -> Iterator[None]:
    """Run hessolve and its peers on n threads."""
    import hessolve as hs

    threadpoolctl = peer_module("threadpoolctl")
    hs.get_num_threads()  # loads the compiled module: only a library that is loaded can be limited
    with ExitStack() as stack:
        stack.enter_context(threadpoolctl.threadpool_limits(limits=n))
        stack.enter_context(hs.num_threads(n))  # the last word on our own threads
        yield


def machine_limits(threads: int) -> Limits:
    """Measure what the machine can do, on the threads in force."""
    from hessolve import _core

    return Limits(threads, _core.gemm_rate(1024, 0.5), _core.memory_bandwidth(0.5))
