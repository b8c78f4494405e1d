# SPDX-License-Identifier: BSD-3-Clause
"""Every Python block of the README and of docs/ runs, and prints the text block that follows it.

The blocks of a page run in turn in one namespace and one interpreter, so that a block may go on where an earlier one
of its page ended. A block without a text block prints nothing.
"""

import functools
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGES = {page.name: page.read_text(encoding="utf-8") for page in [ROOT / "README.md", *(ROOT / "docs").glob("*.md")]}
BLOCK = re.compile(r"^```python\n(.*?)^```\n(?:\n```text\n(.*?)^```$)?", re.S | re.M)
BLOCKS = {name: BLOCK.findall(text) for name, text in sorted(PAGES.items()) if BLOCK.search(text)}
CASES = [(name, k) for name, blocks in BLOCKS.items() for k in range(len(blocks))]
BROUGHT_ALONG = {"numpy", "hessolve", *sys.stdlib_module_names}

RUN = """
import contextlib, io, json, sys, traceback
results, names = [], {"__name__": "__main__"}
for k, source in enumerate(json.load(sys.stdin)):
    printed, trouble = io.StringIO(), ""
    with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
        try:
            exec(compile(source, f"block {k}", "exec"), names)
        except BaseException:
            trouble = traceback.format_exc()
    results.append([printed.getvalue(), trouble])
print(json.dumps(results))
"""


@functools.cache
def results(page):
    """What each block of a page printed, warnings included, and the traceback of the error that ended it."""
    sources = [source for source, _ in BLOCKS[page]]
    done = subprocess.run(
        [sys.executable, "-c", RUN], input=json.dumps(sources), capture_output=True, text=True, check=True, timeout=120
    )
    return json.loads(done.stdout)


def comparable(text):
    """Lines without times, and without what rounding may change from machine to machine: numbers like 2e-17, and 0."""
    lines = [line.rstrip() for line in text.splitlines() if not line.lstrip().startswith("seconds")]
    return [re.sub(r"(?<![\w.])(?:\d+(?:\.\d+)?e[-+]?\d+|0)(?![\w.])", "#", line) for line in lines]


@pytest.mark.parametrize(("page", "k"), CASES)
def test_block_runs_and_prints_what_is_shown(page, k):
    imported = re.findall(r"^(?:from|import) (\w+)", "".join(source for source, _ in BLOCKS[page]), re.M)
    for module in sorted(set(imported) - BROUGHT_ALONG):
        pytest.importorskip(module, reason=f"the examples of {page} import {module}, which is not installed")
    printed, trouble = results(page)[k]
    assert trouble == ""
    assert comparable(printed) == comparable(BLOCKS[page][k][1])


def test_all_blocks_were_found():
    """The pattern misses none, and the pages that promise examples have some."""
    for name, text in PAGES.items():
        assert len(BLOCKS.get(name, [])) == text.count("```python")
    assert {"README.md", "api.md", "certificates.md", "choosing.md", "coming-from.md", "penalties.md"} <= set(BLOCKS)


def test_the_comparison_sees_what_matters():
    assert comparable("rank 2") != comparable("rank 3")
    assert comparable("[1. 2.]") != comparable("[1. 3.]")
    assert comparable("error 2e-17\n  seconds 3\n") == comparable("error 0")
