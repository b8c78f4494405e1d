# SPDX-License-Identifier: BSD-3-Clause
"""import: what a program pays before its first solve, net of the interpreter's own start."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator

from .harness import Call, Case, Contest, Row


def _python(statement: str) -> Callable[[], object]:
    command = [sys.executable, "-P", "-c", statement]
    return lambda: subprocess.run(command, check=True)


def cases(quick: bool) -> Iterator[Case]:
    """Compare the bare import, and the import of something to call: hessolve loads its parts on first use."""
    for label, ours, peer, target in (
        ("package", "import hessolve", "import scipy.linalg", 2.0),
        ("first function", "from hessolve import solve", "from scipy.linalg import solve", 1.0),
    ):
        contest = Contest(target, (Call(peer, _python(peer)),))
        yield Case(label, "", Call(ours, _python(ours)), (contest,), baseline=_python("pass"))


ROWS = (Row("import", cases, ("scipy.linalg",), threaded=False),)
