# SPDX-License-Identifier: BSD-3-Clause
"""Docstrings are complete and their examples run."""

import doctest
import inspect
import pkgutil
import re

import pytest

import hessolve as hs

PUBLIC = [name for name in hs.__all__ if not name.startswith("__")]
FUNCTIONS = [name for name in PUBLIC if not inspect.isclass(getattr(hs, name))]
NOTHING_RETURNED = {"set_num_threads"}


def sections(text):
    return {match[1]: match.end() for match in re.finditer(r"^(\w[\w ]*)\n-+$", inspect.cleandoc(text), re.MULTILINE)}


def test_public_names_are_there():
    assert set(PUBLIC) <= set(dir(hs))
    assert {"solve", "backslash", "explain", "inv", "pinv", "cond", "rcond", "lstsq", "Solution", "Plan"} <= set(PUBLIC)
    for name in PUBLIC:
        assert getattr(hs, name).__doc__, name
    with pytest.raises(AttributeError, match=r"^module 'hessolve' has no attribute 'nonsense'$"):
        _ = hs.nonsense


@pytest.mark.parametrize("name", FUNCTIONS)
def test_sections(name):
    function = getattr(hs, name)
    found = sections(function.__doc__)
    parameters = inspect.signature(function).parameters
    needed = {"Examples"} | ({"Parameters", "Raises"} if parameters else set())
    needed |= set() if name in NOTHING_RETURNED else {"Returns"}
    assert needed <= set(found), needed - set(found)
    text = inspect.cleandoc(function.__doc__)
    for parameter in parameters:
        assert re.search(rf"^(\w+, )*{parameter}(, \w+)* : ", text, re.MULTILINE), f"{parameter} is not described"


@pytest.mark.parametrize("name", FUNCTIONS)
def test_examples_run(name):
    function = getattr(hs, name)
    examples = doctest.DocTestParser().get_doctest(function.__doc__, {}, name, None, None)
    assert examples.examples
    failures = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=doctest.NORMALIZE_WHITESPACE)
    runner.run(examples, out=failures.append)
    assert runner.summarize(verbose=False).failed == 0, "".join(failures)


def test_solve_is_documented_though_compiled():
    """The fast path in front of it changes neither name, nor text, nor signature."""
    assert hs.solve.__name__ == "solve"
    signature = inspect.signature(hs.solve)
    assert list(signature.parameters) == [
        *("A", "b", "assume_a", "method", "on_singular", "precision", "trans"),
        *("overwrite_a", "overwrite_b", "check_finite", "full_output"),
    ]
    assert signature.parameters["method"].default == "auto"
    assert signature.parameters["method"].kind is inspect.Parameter.KEYWORD_ONLY


def test_import_is_light(run_script):
    """Nothing heavy comes with the package itself; names come on first use."""
    program = "import sys, hessolve; print('numpy' in sys.modules, 'hessolve.linear' in sys.modules)"
    assert run_script(program).split() == ["False", "False"]


def test_no_module_shares_its_name_with_a_function():
    modules = {module.name for module in pkgutil.iter_modules(hs.__path__)}
    assert not modules & set(PUBLIC)
