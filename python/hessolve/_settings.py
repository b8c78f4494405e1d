# SPDX-License-Identifier: BSD-3-Clause
"""The keywords and options of `hessolve.minimize` and `root`, checked."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from . import _arrays, _operators, _solution
from ._descent import METHODS, Options
from .newton import MODIFY

_ALIASES = {  # SciPy's names for what is done here
    "newton-cg": "newton",
    "trust-exact": "trust-region",
    "trust-ncg": "trust-region",
    "trust-krylov": "trust-region",
    "dogleg": "trust-region",
}
_OPTIONS = ("gtol", "xtol", "maxiter", "modify", "step", "initial_trust_radius", "max_trust_radius", "disp")


def method_named(method: Any, second: bool) -> str:
    """Return the method meant; ``second``: second derivatives were given, which None then uses."""
    if method is None:
        return "newton" if second else "bfgs"
    word = method.lower() if isinstance(method, str) else method
    return _arrays.choice(_ALIASES.get(word, word) if isinstance(word, str) else word, "method", tuple(METHODS))


def merged(keywords: dict[str, Any], options: Any) -> dict[str, Any]:
    """Return the keywords with what the options say instead; unknown ones are told and left."""
    if options is None:
        return keywords
    if not isinstance(options, Mapping):
        raise TypeError(f"options={_arrays.shown(options)} is not valid; a dictionary of keywords is.")
    unknown = [key for key in options if key not in _OPTIONS]
    if unknown:
        names, known = ", ".join(map(repr, unknown)), ", ".join(map(repr, _OPTIONS))
        _solution.warn(f"Unknown solver options, which change nothing: {names}; known: {known}.", UserWarning)
    return keywords | {key: value for key, value in options.items() if key in _OPTIONS}


def settings(name: str, chosen: dict[str, Any], n: int) -> Options:
    """Return what the iterations of the method named may do."""
    first, largest = chosen.get("initial_trust_radius"), chosen.get("max_trust_radius")
    return Options(
        gtol=not_negative(chosen["gtol"], "gtol", 1e-8 if name in ("newton", "trust-region") else 1e-5),
        xtol=not_negative(chosen["xtol"], "xtol", 4 * float(np.finfo(np.float64).eps)),
        maxiter=limit(chosen["maxiter"], max(1000, 200 * n)),
        modify=_arrays.choice(chosen["modify"], "modify", MODIFY),
        step=_arrays.choice(chosen["step"], "step", ("line-search", "exact", "bounded")),
        radius=None if first is None else _positive(first, "initial_trust_radius"),
        largest_radius=np.inf if largest is None else _positive(largest, "max_trust_radius"),
    )


def not_negative(value: Any, name: str, default: float) -> float:
    return default if value is None else _arrays.real(value, name, "it is a number >= 0, or None", lambda v: v >= 0)


def _positive(value: Any, name: str) -> float:
    return _arrays.real(value, name, "it is a number > 0", lambda v: v > 0)


def limit(value: Any, default: int) -> int:
    return default if value is None else _operators.count(value, "maxiter", 0)
