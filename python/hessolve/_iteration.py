# SPDX-License-Identifier: BSD-3-Clause
"""How an iteration ended: its `Solution`, and what is shown while it runs."""

import sys
from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _core, _solution
from ._outcome import IterationContext, Outcome, raise_for
from ._reasons import Reason

Callback = Callable[[int, float, NDArray[Any]], object]


def solution_of(
    x: NDArray[Any], report: _core.Report, details: dict[str, Any], shape: tuple[int, ...]
) -> _solution.Solution:
    """Return the `Solution` of an iteration; its method says why it was chosen."""
    method = details["method"] + (f": {details['why']}" if details["why"] else "")
    plain = _solution.solution_of(x, report)
    return replace(
        plain, method=method, iterations=details["iterations"], history=details["history"], rank=None, rcond=None
    )


def reason_of(code: int) -> Reason:
    """Return the reason that the compiled module means by a number."""
    return Reason[_core.REASONS[code]]


def raise_for_splitting(found: tuple[int, int], shape: tuple[int, int], method: str) -> None:
    """Raise the error for a splitting, preconditioner or prediction that does not exist for a matrix."""
    context = IterationContext({"A": shape}, np.dtype(np.float64), "", method=method)
    raise_for(Outcome(found), context)


class Progress:
    """A line on the standard error stream that says how far the residual has fallen."""

    def __init__(self, method: str, target: float) -> None:
        self._title, self._target, self._status = method, target, None
        try:
            console = import_module("rich.console").Console(stderr=True)
            self._status = console.status(f"{method} ...")
        except ImportError:  # plain text will do
            pass

    def __enter__(self) -> "Progress":
        if self._status is not None:
            self._status.start()
        return self

    def __exit__(self, *_: object) -> None:
        if self._status is not None:
            self._status.stop()
        else:
            print(file=sys.stderr)

    def show(self, iteration: int, residual: float) -> None:
        text = f"{self._title}: iteration {iteration}, residual {residual:.2e}, wanted {self._target:.2e}"
        if self._status is not None:
            self._status.update(text)
        else:
            print(f"\r{text}", end="", file=sys.stderr, flush=True)


def observer(callback: Callback | None, progress: Progress | None) -> Callable[..., bool] | None:
    """Return what the compiled module calls every few iterations; True ends the iteration."""
    if callback is None and progress is None:
        return None

    def observe(iteration: int, residual: float, x: NDArray[Any] | None) -> bool:
        if progress is not None:
            progress.show(iteration, residual)
        answer = callback(iteration, residual, x) if callback is not None and x is not None else None
        return answer is True or (isinstance(answer, np.bool_) and bool(answer))

    return observe
