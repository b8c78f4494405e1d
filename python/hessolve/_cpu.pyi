# SPDX-License-Identifier: BSD-3-Clause
"""Compiled for any processor of the platform: tells which builds of ``_core`` this one can run."""

from collections.abc import Iterable

version: str
variants: str  # "name:feature,feature;name:...", the least demanding first

def missing(features: Iterable[str], /) -> list[str]: ...
