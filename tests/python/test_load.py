# SPDX-License-Identifier: BSD-3-Clause
"""The check of the processor that stands before the compiled module."""

import pytest

from hessolve import _cpu, _load


def test_this_processor_has_what_the_build_used():
    for _, features in _load._variants():
        assert _cpu.missing(features) == []


def test_unknown_features_are_not_held_against_the_processor():
    assert _cpu.missing([]) == []
    assert _cpu.missing(["no such feature"]) == []
    with pytest.raises(TypeError):
        _cpu.missing([1])
    with pytest.raises(TypeError):
        _cpu.missing(3)


class Processor:
    """Stands in for _cpu: a build list, and the features this processor lacks."""

    def __init__(self, variants, lacking):
        self.variants = variants
        self.lacking = lacking

    def missing(self, features):
        return [feature for feature in features if feature in self.lacking]


def test_a_processor_without_the_instructions_is_an_import_error(monkeypatch):
    monkeypatch.setattr(_load, "_cpu", Processor("native:avx2,fma,avx512f", {"fma", "avx512f"}))
    text = r"^hessolve was built for native, and this processor lacks fma, avx512f\. Build it "
    with pytest.raises(ImportError, match=text):
        _load._choose()


@pytest.mark.parametrize(
    ("lacking", "chosen"),
    [(set(), "x86-64-v4"), ({"avx512f"}, "x86-64-v3"), ({"avx512f", "avx2"}, "x86-64-v2")],
)
def test_the_most_demanding_variant_that_runs_is_taken(monkeypatch, lacking, chosen):
    builds = "x86-64-v2:sse4.2;x86-64-v3:sse4.2,avx2,fma;x86-64-v4:sse4.2,avx2,fma,avx512f"
    monkeypatch.setattr(_load, "_cpu", Processor(builds, lacking))
    assert _load._choose() == chosen


def test_importing_hessolve_loads_neither_numpy_nor_the_core(run_script):
    names = ("numpy", "hessolve._core", "hessolve.linear")
    program = f"import sys, hessolve; print([m for m in {names} if m in sys.modules])"
    assert run_script(program) == "[]\n"
