# SPDX-License-Identifier: BSD-3-Clause
"""hessolve: give it a matrix; it returns the answer, the method it chose, and the evidence that it can be trusted.

Importing the package loads no NumPy and no compiled code beyond a check of the processor; each public name brings in
the module it lives in on first use.
"""

from typing import TYPE_CHECKING, Any

from . import _load

if TYPE_CHECKING:
    from . import inverse as inverse
    from . import iterative as iterative
    from . import least_squares as least_squares
    from . import linear as linear
    from . import preconditioning as preconditioning
    from . import splittings as splittings
    from ._solution import ConvergenceError as ConvergenceError
    from ._solution import IllConditionedWarning as IllConditionedWarning
    from ._solution import NotPositiveDefiniteError as NotPositiveDefiniteError
    from ._solution import Plan as Plan
    from ._solution import Reason as Reason
    from ._solution import SingularMatrixError as SingularMatrixError
    from ._solution import Solution as Solution
    from ._threads import get_num_threads as get_num_threads
    from ._threads import num_threads as num_threads
    from ._threads import set_num_threads as set_num_threads
    from .inverse import cond as cond
    from .inverse import inv as inv
    from .inverse import pinv as pinv
    from .inverse import rcond as rcond
    from .iterative import iterate as iterate
    from .least_squares import lstsq as lstsq
    from .linear import backslash as backslash
    from .linear import explain as explain
    from .linear import solve as solve
    from .preconditioning import Preconditioner as Preconditioner
    from .preconditioning import preconditioner as preconditioner
    from .splittings import Prediction as Prediction
    from .splittings import predict_convergence as predict_convergence
    from .splittings import spectral_radius as spectral_radius
    from .splittings import splitting as splitting
    from .splittings import sweep as sweep

__version__: str = _load.version

_HOME = {  # public name -> the module it lives in
    "solve": "linear",
    "backslash": "linear",
    "explain": "linear",
    "inv": "inverse",
    "pinv": "inverse",
    "cond": "inverse",
    "rcond": "inverse",
    "lstsq": "least_squares",
    "iterate": "iterative",
    "sweep": "splittings",
    "splitting": "splittings",
    "spectral_radius": "splittings",
    "predict_convergence": "splittings",
    "Prediction": "splittings",
    "preconditioner": "preconditioning",
    "Preconditioner": "preconditioning",
    "Solution": "_solution",
    "Plan": "_solution",
    "Reason": "_solution",
    "SingularMatrixError": "_solution",
    "NotPositiveDefiniteError": "_solution",
    "ConvergenceError": "_solution",
    "IllConditionedWarning": "_solution",
    "set_num_threads": "_threads",
    "get_num_threads": "_threads",
    "num_threads": "_threads",
}
_MODULES = frozenset(home for home in _HOME.values() if not home.startswith("_"))

__all__ = ["__version__", *_HOME]


def __getattr__(name: str) -> Any:
    home = name if name in _MODULES else _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    module = import_module(f".{home}", __name__)
    value = module if name == home else getattr(module, name)
    globals()[name] = value  # the next look-up does not come here
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__, *_MODULES})
