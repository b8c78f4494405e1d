# SPDX-License-Identifier: BSD-3-Clause
"""The ``hessolve`` command.

Exit status: 0 done, 1 numerical trouble (an error, an x with NaN or infinity, an iteration that has not converged) or a
claim that failed, 2 a file or an argument that cannot be used, 130 interrupted. What went wrong is one line on the
standard error stream.
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib
import json
import math
import os
import platform
import subprocess
import sys
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import hessolve as hs

from ._image_command import add_arguments as add_image_arguments
from .demo import SCENES

Command = Callable[[argparse.Namespace], int]
Warn = type[Warning]

CMAKE_DIRECTORY = "lib/cmake/hessolve"
INCLUDE_DIRECTORY = "include"
SLOWS_THE_PEERS = ("OPENBLAS_CORETYPE", "OPENBLAS_L2_SIZE")


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    parser = _parser()
    options = parser.parse_args(arguments)
    if options.command is None:
        parser.print_help()
        return 2
    try:
        status = _run(options, arguments)
        sys.stdout.flush()
        return status
    except KeyboardInterrupt:
        return _fail("interrupted", 130)
    except BrokenPipeError:  # the reader of a pipe has gone: nothing is left to say, and no one to say it to
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


def _run(options: argparse.Namespace, arguments: list[str]) -> int:
    if options.command is _bench and any(name in os.environ for name in SLOWS_THE_PEERS):
        return _restart_without(SLOWS_THE_PEERS, arguments)
    if options.command not in (_solve, _explain, _image):
        return _call(options)
    from numpy.linalg import LinAlgError

    from ._files import InputError

    try:
        return _call(options)
    except InputError as problem:
        return _fail(problem, 2)
    except LinAlgError as problem:
        return _fail(problem, 1)
    except MemoryError:
        return _fail("there is not enough memory for this", 1)
    except (ValueError, TypeError) as problem:
        return _fail(problem, 2)


def _call(options: argparse.Namespace) -> int:
    command: Command = options.command
    return command(options)


# ---------------------------------------------------------------------------------------------------------- commands


def _demo(options: argparse.Namespace) -> int:
    from . import demo

    try:
        return demo.run([options.scene] if options.scene else demo.SCENES, Path(options.output))
    except BrokenPipeError:
        raise
    except OSError as problem:
        return _fail(f"{options.output}: cannot be written: {problem.strerror}", 2)


def _solve(options: argparse.Namespace) -> int:
    from numpy import isfinite

    from ._files import read_system

    if options.output is not None:
        _check_output(Path(options.output))
    rtol = None if options.rtol is None else _tolerance(options.rtol)
    A, b, origin = read_system(options.A, options.b)
    _check_method(options.method, A, options.A)
    with _warnings_as_lines(), _naming(options.A, options.b):
        solution = hs.backslash(A, b, method=options.method, rtol=rtol)
    if options.output is not None:
        _write(Path(options.output), solution.x)
    status = 0 if isfinite(solution.x).all() else 1  # what is wrong with it has been told as a warning
    if solution.history is not None and not solution.converged:
        after = f"{solution.method} has not converged after {solution.iterations} iterations"
        status = _fail(f"warning: {options.A}: {after}. {solution.reason.advice}", 1)
    if options.json:
        print(json.dumps(_as_json(solution) | {"b": origin, "x_file": options.output}, indent=2))
        return status
    print(f"A {A.shape} from {options.A}{_entries(A)}; {origin}")
    _print_panel(str(solution))
    print(f"x written to {options.output}" if options.output is not None else f"x = {_shortened(solution.x)}")
    return status


def _explain(options: argparse.Namespace) -> int:
    from ._files import read_matrix

    A = read_matrix(options.A)
    with _naming(options.A):
        plan = hs.explain(A)
    _print_panel(str(plan))
    return 0


def _image(options: argparse.Namespace) -> int:
    from . import _image_command

    return _image_command.run(options)


def _bench(options: argparse.Namespace) -> int:
    benchmarks = importlib.import_module("hessolve.benchmarks")
    try:
        return int(
            benchmarks.run(
                options.rows, threads=options.threads, quick=options.quick, json_file=options.json, chart=options.chart
            )
        )
    except benchmarks.BenchmarkError as problem:  # an unknown row, a peer that is not installed, an unwritable file
        return _fail(problem, 2)


def _info(options: argparse.Namespace) -> int:
    import numpy

    from . import _core

    facts = {name.replace("_", " "): text for name, text in _core.info().items()}
    facts |= {"threads": str(hs.get_num_threads()), "python": platform.python_version(), "numpy": numpy.__version__}
    width = max(map(len, facts))
    for name, text in facts.items():
        print(f"{name:<{width}}  {text}")
    return 0


# ------------------------------------------------------------------------------------------------------------- input


def _check_method(method: str, A: Any, path: str) -> None:
    """Complain about a method that does not exist for the kind of matrix that a file holds."""
    from ._files import InputError
    from ._sparse import is_sparse
    from .linear import METHODS

    kind: str = "dense"
    valid: tuple[str, ...] = METHODS
    if is_sparse(A):
        from .sparse_factor import KINDS

        kind, valid = "sparse", KINDS
    if method not in valid:
        raise InputError(f"{path}: --method {method} does not exist for {kind} matrices; valid: {', '.join(valid)}")


def _tolerance(text: str) -> float:
    from ._files import InputError

    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not 0 < value < 1:
        raise InputError(f"--rtol {text}: a number between 0 and 1 is needed")
    return value


@contextmanager
def _naming(a_path: str, b_path: str | None = None) -> Iterator[None]:
    """Put the name of the file before what the library has to say about the matrix or right-hand side in it."""
    from numpy.linalg import LinAlgError

    from ._files import InputError

    try:
        yield
    except LinAlgError:  # a ValueError as well, but no fault of the file
        raise
    except (ValueError, TypeError) as problem:
        path = b_path if b_path is not None and str(problem).startswith("`b`") else a_path
        raise InputError(f"{path}: {problem}") from None


# ------------------------------------------------------------------------------------------------------------ output


def _as_json(solution: hs.Solution) -> dict[str, Any]:
    """Every field but ``x``. JSON has no infinities and no NaN; they are the texts "inf", "-inf" and "nan"."""
    return {f.name: _plain(getattr(solution, f.name)) for f in dataclasses.fields(solution) if f.name != "x"}


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):  # arrays and scalars of NumPy
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else str(value)
    if value is None or isinstance(value, (bool, int)):
        return value
    return str(getattr(value, "value", value))  # enums by their value


def _entries(A: Any) -> str:
    return f", sparse with {A.nnz} entries" if hasattr(A, "nnz") else ""


def _shortened(x: Any) -> str:
    import numpy

    return numpy.array2string(x, threshold=20, edgeitems=4, max_line_width=100, prefix="x = ")


def _print_panel(text: str) -> None:
    """Frame a table where rich is installed and someone is looking; else print the table alone."""
    if sys.stdout.isatty():
        try:
            from rich import box, console, panel
            from rich.text import Text
        except ImportError:
            pass
        else:
            console.Console().print(panel.Panel(Text(text), box=box.ROUNDED, expand=False))
            return
    print(text)


def _check_output(path: Path) -> None:
    """Complain about an impossible output file before the work, not after it."""
    from ._files import InputError

    if path.suffix != ".npy":
        raise InputError(f"{path}: x is written in NumPy's format; the name must end in .npy")
    if not path.parent.is_dir():
        raise InputError(f"{path}: there is no folder {path.parent}")


def _write(path: Path, x: Any) -> None:
    import numpy

    from ._files import InputError

    try:
        numpy.save(path, x)
    except OSError as problem:
        raise InputError(f"{path}: cannot be written: {problem.strerror}") from None


@contextmanager
def _warnings_as_lines() -> Iterator[None]:
    from ._files import one_line

    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    for warning in caught:
        print(f"hessolve: warning: {one_line(warning.message)}", file=sys.stderr)


def _fail(problem: object, status: int) -> int:
    print("hessolve: " + " ".join(str(problem).split()), file=sys.stderr)
    return status


def _restart_without(names: Sequence[str], arguments: list[str]) -> int:
    """Run the command in a process whose environment lacks ``names``; libraries read them when they load."""
    environment = {name: value for name, value in os.environ.items() if name not in names}
    return subprocess.run([sys.executable, "-P", "-m", "hessolve", *arguments], env=environment, check=False).returncode


# --------------------------------------------------------------------------------------------------------- arguments


def installed(relative: str) -> Path:
    """Find a folder inside the installed package; an editable install has more than one root."""
    roots = [Path(root) for root in hs.__path__]
    return next((root / relative for root in roots if (root / relative).is_dir()), roots[0] / relative)


class _PrintFolder(argparse.Action):
    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        print(installed(str(self.const)).as_posix())
        parser.exit(0)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="hessolve", description="Linear systems solved, and the evidence for it.")
    parser.set_defaults(command=None)
    parser.add_argument("--version", action="version", version=f"hessolve {hs.__version__}")
    for name, folder, text in (
        ("--cmakedir", CMAKE_DIRECTORY, "print the folder to give to CMake as hessolve_DIR"),
        ("--includedir", INCLUDE_DIRECTORY, "print the folder of the C++ headers"),
    ):
        parser.add_argument(name, action=_PrintFolder, nargs=0, const=folder, help=text)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, command: Command, text: str) -> argparse.ArgumentParser:
        sub = commands.add_parser(name, help=text, description=text[0].upper() + text[1:] + ".")
        sub.set_defaults(command=command)
        return sub

    demo = add("demo", _demo, "see what hessolve does, on data that ships with it")
    demo.add_argument("scene", nargs="?", metavar="SCENE", choices=SCENES, help=f"one scene alone: {', '.join(SCENES)}")
    demo.add_argument("--output", default="hessolve-demo", metavar="DIR", help="folder for reports (%(default)s)")

    solve = add("solve", _solve, "solve A x = b for a matrix of any shape and rank")
    solve.add_argument("A", help="matrix: .mtx, .mtx.gz, .npy, .npz (an .npz may hold A and b)")
    solve.add_argument("b", nargs="?", help="right-hand side, in the same formats; without it b = A @ ones")
    solve.add_argument("-o", "--output", metavar="X.npy", help="write x there; without it x is printed, shortened")
    solve.add_argument("--method", default="auto", help="one method instead of the plan's own choice")
    solve.add_argument(
        "--rtol", help="the relative residual that is good enough; large sparse matrices are iterated then"
    )
    solve.add_argument("--json", action="store_true", help="print the report as JSON (without x)")

    explain = add("explain", _explain, "tell the structure of a matrix and the plan to solve with it; solve nothing")
    explain.add_argument("A", help="matrix: .mtx, .mtx.gz, .npy, .npz")

    bench = add("bench", _bench, "measure hessolve against its peers")
    bench.add_argument("rows", nargs="*", metavar="ROW", help="rows to measure (all)")
    bench.add_argument("--threads", type=int, choices=(1, 2), help="this many threads only (2, then 1)")
    bench.add_argument("--quick", action="store_true", help="fewer sizes and samples")
    bench.add_argument("--json", metavar="FILE", help="write the measurements as JSON")
    bench.add_argument("--chart", metavar="FILE.png", help="draw the ratios")

    add_image_arguments(add("image", _image, "find vessels or blobs in a picture"))

    add("info", _info, "tell version, instruction set, threads and Eigen")
    return parser
