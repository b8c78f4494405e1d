# SPDX-License-Identifier: BSD-3-Clause
"""``hessolve demo``: short scenes on real data, each of which checks what it claims.

A scene is a module with a function ``play(stage)``; it says what it sees, makes claims, and leaves files behind.
"""

from __future__ import annotations

import importlib
import time
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

SCENES = ("silence", "digits", "regimes", "penalty", "splitting", "vessels", "hessian", "newton")


class Stage:
    """Where a scene speaks, claims and writes."""

    def __init__(self, folder: Path, say: Callable[[str], None] = print) -> None:
        self.folder = folder
        self.say = say
        self.claims = 0
        self.failures: list[str] = []
        self.written: list[Path] = []

    def claim(self, text: str, holds: bool) -> None:
        """Say whether a claim holds; one that does not makes the exit status of the demo 1."""
        self.claims += 1
        if not holds:
            self.failures.append(text)
        self.say(f"  {'ok    ' if holds else 'FAILED'}  {text}")

    def path(self, name: str) -> Path:
        """Name a file that the scene writes, in a folder that exists."""
        self.folder.mkdir(parents=True, exist_ok=True)
        path = self.folder / name
        if path not in self.written:
            self.written.append(path)
        return path

    def picture(self, name: str, draw: Callable[[Any], None], *, rows: int = 1, columns: int = 1) -> None:
        """Save a picture that ``draw`` makes on an array of matplotlib axes; say so where matplotlib is missing."""
        module = installed("matplotlib.figure")
        if module is None:
            self.say(f'  {name} is not drawn, since matplotlib is missing: pip install "hessolve[plot]"')
            return
        figure = module.Figure(figsize=(5.6 * columns, 4.0 * rows), dpi=110, layout="constrained")
        draw(figure.subplots(rows, columns))
        figure.savefig(self.path(name))


def installed(module: str) -> Any:
    """Return a module that hessolve can do without, None where it is missing."""
    try:
        return importlib.import_module(module)
    except ImportError:
        return None


@contextmanager
def heard() -> Iterator[list[str]]:
    """Collect the warnings given inside the block, as texts of one line."""
    said: list[str] = []
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield said
        finally:
            said.extend(" ".join(str(w.message).split()) for w in caught)


def run(scenes: Sequence[str], folder: Path, say: Callable[[str], None] = print) -> int:
    """Play the scenes and return the exit status: 0 where every claim holds, else 1."""
    start = time.perf_counter()
    stage = Stage(folder, say)
    for scene in scenes:
        module = importlib.import_module(f"{__name__}.{scene}")
        say(f"--- {scene}: {module.TITLE}")
        module.play(stage)
        say("")
    seconds = time.perf_counter() - start
    say(f"{stage.claims - len(stage.failures)} of {stage.claims} claims hold ({seconds:.1f} s)")
    for text in stage.failures:
        say(f"FAILED: {text}")
    say("wrote  " + "  ".join(path.as_posix() for path in stage.written))
    systems = [path for path in stage.written if path.suffix == ".npz"]
    say(f"next   hessolve solve {systems[-1].as_posix()}" if systems else "next   hessolve demo digits")
    return 1 if stage.failures else 0
