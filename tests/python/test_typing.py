# SPDX-License-Identifier: BSD-3-Clause
"""Strict type checking of the package, and of what its users write."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("mypy", reason="mypy is not installed")

ROOT = Path(__file__).parents[2]
PACKAGE = ROOT / "python" / "hessolve"
USER = """
import numpy as np
import numpy.typing as npt
import hessolve as hs

A: npt.NDArray[np.float64] = np.eye(3)
x: npt.NDArray[np.float64] = hs.solve(A, [1.0, 2.0, 3.0])
s: hs.Solution = hs.solve(A, x, full_output=True)
t: hs.Solution = hs.backslash(A, x)
p: hs.Plan = hs.explain(A)
X: npt.NDArray[np.float64] = hs.inv(A)
Y, rank = hs.pinv(A, return_rank=True)
y = hs.lstsq(A, x).x
u: hs.Solution = hs.lstsq(A, x, full_output=True)
w: npt.NDArray[np.float64] | hs.Solution = hs.solve(A, x, full_output=bool(s.rank))
Q, R = hs.orthonormalize(A)
c: npt.NDArray[np.float64] = hs.ridge(A, x).coef
r: npt.NDArray[np.float64] = hs.RegressionState(3).solve()
with hs.num_threads(2):
    n: int = hs.get_num_threads()
"""
WRONG = USER + "hs.solve(A, x, methods='lu')\nv: int = hs.explain(A)\n"


def mypy(*arguments, cwd):
    environment = {**os.environ, "MYPYPATH": str(ROOT / "python")}
    command = [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(cwd / ".mypy_cache"), *map(str, arguments)]
    return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not PACKAGE.exists(), reason="the sources of the package are not beside the tests")
def test_the_package_is_typed(tmp_path):
    done = mypy("--config-file", ROOT / "pyproject.toml", PACKAGE, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.skipif(not PACKAGE.exists(), reason="the sources of the package are not beside the tests")
def test_users_see_the_types(tmp_path):
    (tmp_path / "user.py").write_text(USER, encoding="utf-8")
    done = mypy("user.py", cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
    (tmp_path / "wrong.py").write_text(WRONG, encoding="utf-8")
    done = mypy("wrong.py", cwd=tmp_path)
    assert {line.split(":")[1] for line in done.stdout.splitlines() if ": error: " in line} == {"21", "22"}, done.stdout


def test_the_package_says_that_it_is_typed():
    import hessolve

    assert (Path(hessolve.__file__).parent / "py.typed").exists()
