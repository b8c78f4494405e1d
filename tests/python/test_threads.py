# SPDX-License-Identifier: BSD-3-Clause
"""How many threads: set, asked for, and restored."""

import re

import numpy as np
import pytest

import hessolve as hs


@pytest.fixture(autouse=True)
def as_before():
    yield
    hs.set_num_threads(None)


def test_set_and_get():
    for n in (1, 2, np.int64(1)):
        hs.set_num_threads(n)
        assert hs.get_num_threads() == n


def test_none_is_what_openmp_offers():
    hs.set_num_threads(None)
    offered = hs.get_num_threads()
    hs.set_num_threads(1)
    assert hs.get_num_threads() == 1
    hs.set_num_threads(None)
    assert hs.get_num_threads() == offered >= 1


def test_the_context_restores_also_after_an_error():
    hs.set_num_threads(2)
    with hs.num_threads(1):
        assert hs.get_num_threads() == 1
        with hs.num_threads(2):
            assert hs.get_num_threads() == 2
        assert hs.get_num_threads() == 1
    assert hs.get_num_threads() == 2
    with pytest.raises(KeyError), hs.num_threads(1):
        raise KeyError
    assert hs.get_num_threads() == 2


@pytest.mark.parametrize("call", [hs.set_num_threads, hs.num_threads])
@pytest.mark.parametrize(
    ("n", "error", "text"),
    [
        (0, ValueError, "`n` is 0; the number of threads is 1 or more."),
        (-3, ValueError, "`n` is -3; the number of threads is 1 or more."),
        (1.0, TypeError, "`n` is a float; the number of threads is an integer, 1 or more."),
        ("2", TypeError, "`n` is a str; the number of threads is an integer, 1 or more."),
        (2**31, ValueError, "`n` is 2147483648; the number of threads is at most 2147483647."),
        (True, TypeError, "`n` is a bool; the number of threads is an integer, 1 or more."),
    ],
)
def test_mistakes(call, n, error, text):
    before = hs.get_num_threads()
    with pytest.raises(error, match=f"^{re.escape(text)}$"):
        call(n).__enter__()
    assert hs.get_num_threads() == before


def test_the_context_restores_that_nothing_was_set(run_script):
    """Inside a limit from outside the number in force is no wish; it must not outlive the limit."""
    pytest.importorskip("threadpoolctl", reason="threadpoolctl is not installed")
    program = """
import numpy as np, threadpoolctl, hessolve as hs
offered = hs.get_num_threads()
with threadpoolctl.threadpool_limits(1):
    inside = hs.get_num_threads()
    with hs.num_threads(2):
        wished = hs.get_num_threads()
    again = hs.get_num_threads()
print(inside, again, offered == hs.get_num_threads(), wished in (1, 2))
"""
    assert run_script(program).split() == ["1", "1", "True", "True"]


def test_the_environment_is_heard(run_script):
    program = "import os; os.environ['OMP_NUM_THREADS'] = '1'; import hessolve as hs; print(hs.get_num_threads())"
    assert run_script(program).strip() == "1"
