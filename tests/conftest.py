# SPDX-License-Identifier: BSD-3-Clause
"""Shared set-up: the tests import `problems`, `reference` and `command`; unasked warnings are errors."""

import subprocess
import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))


def pytest_configure(config):
    config.addinivalue_line("filterwarnings", "error::RuntimeWarning")  # IllConditionedWarning is one


@pytest.fixture
def run_script():
    """Run a Python program in a process of its own and return what it printed; it fails unless the exit status is 0."""

    def run(source, *arguments, timeout=120):
        done = subprocess.run(
            [sys.executable, "-c", source, *map(str, arguments)],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        assert done.returncode == 0, f"exit status {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    return run
