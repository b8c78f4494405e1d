# SPDX-License-Identifier: BSD-3-Clause
"""The rows behind ``hessolve bench``; installed as ``hessolve.benchmarks``."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from . import (
    curvature,
    dense,
    derivatives,
    factorisations,
    harness,
    image,
    import_time,
    iterative,
    quasi_newton,
    regression,
    report,
    solve,
    stacks,
)
from .harness import BenchmarkError, Limits, Result, Row, peer_module

__all__ = ["ROWS", "BenchmarkError", "run", "selected"]

ROWS: tuple[Row, ...] = (
    *solve.ROWS[:1],  # small systems, alone
    *stacks.ROWS,  # and in stacks
    *solve.ROWS[1:],
    *factorisations.ROWS,
    *dense.ROWS,
    *regression.ROWS,
    *iterative.ROWS,
    *derivatives.ROWS,
    *curvature.ROWS,
    *image.ROWS,
    *quasi_newton.ROWS,
    *import_time.ROWS,
)


def selected(names: Sequence[str]) -> list[Row]:
    """Find the rows of these names, or all of them; a peer that is missing is told at once."""
    known = {row.name: row for row in ROWS}
    for name in names:
        if name not in known:
            raise BenchmarkError(f"there is no row {name}; rows are {', '.join(known)}")
    rows = [known[name] for name in names] or list(ROWS)
    for row in rows:
        for module in row.needs:
            peer_module(module)
    return rows


def run(
    names: Sequence[str] = (),
    *,
    threads: int | None = None,
    quick: bool = False,
    json_file: str | None = None,
    chart: str | None = None,
) -> int:
    """Measure the rows on two threads and on one, print the table, write what was asked for; return the exit status."""
    rows = selected(names)
    peer_module("threadpoolctl")
    report.check_writable(json_file)
    report.check_writable(chart, ".png")
    if chart is not None:
        peer_module("matplotlib")
    results: list[Result] = []
    limits: list[Limits] = []
    for n in _thread_counts(threads):
        if limits and not any(row.threaded for row in rows):
            break
        with harness.on_threads(n):
            limits.append(harness.machine_limits(n))
            for row in rows:
                if row.threaded or len(limits) == 1:
                    results += _measured(row, limits[-1], quick)
    report.print_table(results, limits)
    if json_file is not None:
        report.write_json(json_file, results, limits)
    if chart is not None:
        report.draw_chart(chart, results)
    return 0


def _measured(row: Row, limits: Limits, quick: bool) -> list[Result]:
    results: list[Result] = []
    for case in row.cases(quick):
        if sys.stderr.isatty():
            print(f"\r\033[K{row.name} {case.label} {case.order}, threads: {limits.threads}", end="", file=sys.stderr)
        results += harness.measure(row, case, limits, harness.QUICK if quick else harness.Sampling())
    if sys.stderr.isatty():
        print("\r\033[K", end="", file=sys.stderr)
    return results


def _thread_counts(threads: int | None) -> tuple[int, ...]:
    if threads is not None:
        return (threads,)
    return (2, 1) if (os.cpu_count() or 1) > 1 else (1,)
