# SPDX-License-Identifier: BSD-3-Clause
"""What the README promises: its example prints what stands below it, and its commands exist."""

import re
import subprocess
import sys
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


def without_times(text):
    return [line for line in text.splitlines() if not line.lstrip().startswith("seconds")]


def test_example_prints_what_the_readme_shows():
    example = re.search(r"```python\n(import numpy.*?)```\n\n```text\n(.*?)```", README, re.S)
    done = subprocess.run([sys.executable, "-c", example[1]], capture_output=True, text=True, check=True, timeout=60)
    assert done.stderr == ""
    shown, printed = without_times(example[2]), without_times(done.stdout)
    number = r"\d+(?:\.\d+)?(?:e[-+]?\d+)?"  # the last digits may differ from machine to machine
    assert [re.sub(number, "#", line) for line in shown] == [re.sub(number, "#", line) for line in printed]


def test_commands_of_the_readme_use_extras_that_exist():
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    used = set(re.findall(r'pip install "\.\[(\w+)\]"', README))
    assert {"cli", "test"} <= used <= set(declared)


def test_links_lead_somewhere():
    for page in [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").glob("*.md")]:
        for target in re.findall(r"\]\(([^)#]+)", page.read_text()):
            assert (page.parent / target).exists(), f"{page.name} links to {target}"


def test_every_public_name_is_in_the_docs():
    import hessolve as hs

    text = README + "".join(page.read_text() for page in (ROOT / "docs").glob("*.md"))
    assert [name for name in hs.__all__ if not re.search(rf"\b{name}\b", text)] == []


def test_examples_of_the_penalties_run():
    for block in re.findall(r"```python\n(.*?)```", (ROOT / "docs" / "penalties.md").read_text(), re.S):
        subprocess.run([sys.executable, "-c", block], check=True, timeout=60)
