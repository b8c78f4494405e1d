# SPDX-License-Identifier: BSD-3-Clause
"""Measurements as a table, as JSON and as a chart."""

from __future__ import annotations

import datetime
import json
import os
import platform
import sys
from collections.abc import Sequence
from dataclasses import asdict
from importlib import metadata
from pathlib import Path
from typing import Any

from .harness import BenchmarkError, Limits, Result, peer_module

HEADERS = (
    "row",
    "case",
    "order",
    "threads",
    "hessolve",
    "peer",
    "peer's",
    "ratio",
    "spread",
    "target",
    "of limit",
    "error",
    "peer's error",
    "verdict",
)
COLOURS = {"reached": "green", "below": "yellow", "slower": "red", "less accurate": "red"}


def machine() -> dict[str, Any]:
    """Tell what a measurement depends on: processor, cores, versions, date."""
    from hessolve import _core

    return {
        "date": datetime.datetime.now(datetime.UTC).date().isoformat(),
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
        "hessolve": _core.info(),
        "peers": {name: _version(name) for name in ("numpy", "scipy", "scikit-learn", "pyamg", "threadpoolctl")},
    }


def _processor() -> str:
    try:
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    except OSError:
        pass
    return platform.processor() or platform.machine()


def _version(package: str) -> str | None:
    try:
        return metadata.version(package)
    except metadata.PackageNotFoundError:
        return None


def print_table(results: Sequence[Result], limits: Sequence[Limits]) -> None:
    """Print the table, by rich where it is installed, else in plain columns."""
    facts = machine()
    instructions = facts["hessolve"].get("instruction_set", "")
    print(f"{facts['processor']}, {facts['cores']} cores, {instructions}, {facts['date']}")
    for limit in limits:
        print(
            f"limit on {limit.threads} thread{'s' if limit.threads > 1 else ''}: "
            f"{limit.gemm_rate / 1e9:.1f} Gflop/s (matrix product), {limit.memory_bandwidth / 1e9:.1f} GB/s (memory)"
        )
    lines = [_cells(result) for result in results]
    if not sys.stdout.isatty() or not _print_rich(lines):
        widths = [max(map(len, column)) for column in zip(HEADERS, *lines, strict=True)]
        for line in (HEADERS, *lines):
            print("  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip())
    print(
        "ratio = the peer's time / ours, medians; it counts only where our error is at most the peer's, or n eps / 10"
    )


def _print_rich(lines: Sequence[Sequence[str]]) -> bool:
    try:
        from rich import box, console, table
    except ImportError:
        return False
    grid = table.Table(*HEADERS, box=box.SIMPLE_HEAD, pad_edge=False)
    for *cells, verdict in lines:
        grid.add_row(*cells, verdict, style=None if verdict == "reached" else COLOURS[verdict])
    console.Console().print(grid)
    return True


def _cells(r: Result) -> list[str]:
    return [
        r.row,
        r.case,
        r.order,
        str(r.threads),
        duration(r.seconds),
        r.peer,
        duration(r.peer_seconds),
        f"{r.ratio:.2f}",
        f"{r.low:.2f}-{r.high:.2f}",
        f"{r.target:g}",
        "" if r.share is None else f"{100 * r.share:.0f} %",
        "" if r.error is None else f"{r.error:.1e}",
        "" if r.peer_error is None else f"{r.peer_error:.1e}",
        r.verdict,
    ]


def duration(seconds: float) -> str:
    """Give a time three digits and a unit: 0.31 us, 52.4 ms."""
    for unit, size in (("us", 1e-6), ("ms", 1e-3)):
        if seconds < 1000 * size:
            return f"{seconds / size:.3g} {unit}"
    return f"{seconds:.3g} s"


def write_json(path: str, results: Sequence[Result], limits: Sequence[Limits]) -> None:
    """Write machine, limits and results; times in seconds, rates per second."""
    content = {"machine": machine(), "limits": list(map(asdict, limits)), "results": list(map(asdict, results))}
    Path(path).write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def draw_chart(path: str, results: Sequence[Result]) -> None:
    """Draw a PNG with one bar for each ratio, its spread, and a mark at its target."""
    figure_module = peer_module("matplotlib.figure")
    figure = figure_module.Figure(figsize=(9, 1.5 + 0.22 * len(results)), layout="constrained")
    axes = figure.add_subplot()
    positions = range(len(results))
    names = [f"{r.row}  {r.case}  {r.order}  {r.threads}T  ({r.peer})" for r in results]
    spread = [[max(r.ratio - r.low, 0) for r in results], [max(r.high - r.ratio, 0) for r in results]]
    colours = [{"green": "#3a7d44", "yellow": "#d9a404", "red": "#b3362b"}[COLOURS[r.verdict]] for r in results]
    axes.barh(positions, [r.ratio for r in results], xerr=spread, color=colours, height=0.7, error_kw={"lw": 0.8})
    axes.plot([r.target for r in results], positions, "k|", markersize=10, label="target")
    axes.axvline(1, color="0.4", lw=0.8)
    axes.set_yticks(positions, names, fontsize=7)
    axes.set(xscale="log", xlabel="time of the best peer / time of hessolve")
    low, high = axes.get_xlim()
    ticks = [2.0**k for k in range(-6, 10) if low <= 2.0**k <= high]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.invert_yaxis()
    figure.legend(loc="outside upper right", frameon=False)
    figure.savefig(path, dpi=150)


def check_writable(path: str | None, suffix: str = "") -> None:
    """Complain about an impossible file before the measurements, not after them."""
    if path is None:
        return
    if suffix and not path.endswith(suffix):
        raise BenchmarkError(f"{path}: the name must end in {suffix}")
    if not Path(path).parent.is_dir():
        raise BenchmarkError(f"{path}: there is no folder {Path(path).parent}")
    try:
        Path(path).open("a").close()
    except OSError as problem:
        raise BenchmarkError(f"{path}: cannot be written: {problem.strerror}") from None
