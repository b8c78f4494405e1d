# SPDX-License-Identifier: BSD-3-Clause
"""Find the compiled module this processor can run, before anything of it is loaded.

A build for one instruction set puts ``_core`` beside this file; a distributable wheel has several, each in a folder of
its own, and the most demanding one that the processor supports is taken.
"""

from . import _cpu

version: str = _cpu.version


def _variants() -> list[tuple[str, list[str]]]:
    """Names and required processor features of the builds that ship, the least demanding first."""
    parts = [variant.partition(":") for variant in _cpu.variants.split(";")]
    return [(name, [feature for feature in features.split(",") if feature]) for name, _, features in parts]


def _choose() -> str:
    """The most demanding build this processor can run; ImportError where it can run none."""
    variants = _variants()
    for name, features in reversed(variants):
        if not _cpu.missing(features):
            return name
    name, features = variants[0]
    raise ImportError(
        f"hessolve was built for {name}, and this processor lacks {', '.join(_cpu.missing(features))}. "
        "Build it on this machine (pip install --no-binary hessolve hessolve), or for any x86-64 processor "
        "(pip install --config-settings=cmake.define.HESSOLVE_ISA=x86-64 hessolve)."
    )


def _load_variant(name: str) -> None:
    """Make ``hessolve._core`` the build in folder ``name``, where there is one; a single build is found by itself."""
    import importlib.machinery  # only here: importing hessolve should cost next to nothing
    import importlib.util
    import sys
    from pathlib import Path

    for suffix in importlib.machinery.EXTENSION_SUFFIXES:
        path = Path(__file__).parent / "variants" / name / f"_core{suffix}"
        if path.exists():
            spec = importlib.util.spec_from_file_location("hessolve._core", path)
            if spec is None or spec.loader is None:
                raise ImportError(f"hessolve cannot load its compiled module from {path}")
            module = importlib.util.module_from_spec(spec)
            sys.modules["hessolve._core"] = module
            spec.loader.exec_module(module)
            return


_chosen = _choose()
if ";" in _cpu.variants:
    _load_variant(_chosen)
