# SPDX-License-Identifier: BSD-3-Clause
"""_core.pyi says what the compiled module has, no more and no less."""

import ast
from pathlib import Path

import pytest

import hessolve
from hessolve import _core

TREE = ast.parse((Path(hessolve.__file__).parent / "_core.pyi").read_text(encoding="utf-8"))
NOT_THERE = {"P", "R"}  # type variables


def declared(body):
    names = {node.name for node in body if isinstance(node, ast.FunctionDef | ast.ClassDef)}
    return names | {node.target.id for node in body if isinstance(node, ast.AnnAssign)}


def public(names):
    return {name for name in names if not name.startswith("_")} - NOT_THERE


def test_module():
    assert public(declared(TREE.body)) == public(dir(_core))
    assert _core.__version__ == hessolve.__version__


@pytest.mark.parametrize("name", sorted(node.name for node in TREE.body if isinstance(node, ast.ClassDef)))
def test_classes(name):
    body = next(node.body for node in TREE.body if isinstance(node, ast.ClassDef) and node.name == name)
    assert public(declared(body)) == public(dir(getattr(_core, name)))


def functions():
    return [node for node in TREE.body if isinstance(node, ast.FunctionDef) and node.name != "with_fast_path"]


@pytest.mark.parametrize("node", functions(), ids=lambda node: node.name)
def test_arguments(node):
    """The first line of the docstring of a compiled function is its signature."""
    text, *_ = (getattr(_core, node.name).__doc__ or "").splitlines() or [""]
    if f"{node.name}(" not in text:
        pytest.skip("the module was compiled without signatures in its docstrings")
    at = -1
    for argument in (*node.args.posonlyargs, *node.args.args, *node.args.kwonlyargs):
        found = text.find(f"{argument.arg}:", at + 1)
        assert found > at, f"{argument.arg} is missing or out of order in {text!r}"
        at = found


def test_tables():
    assert tuple(reason.value for reason in hessolve.Reason) == _core.REASONS
    assert len(set(_core.METHODS)) == len(_core.METHODS)
    assert len(set(_core.STRUCTURES)) == len(_core.STRUCTURES)
