# SPDX-License-Identifier: BSD-3-Clause
"""What the pages promise: commands and links that exist, and every public name. Examples: test_documentation.py."""

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text()


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
