# SPDX-License-Identifier: BSD-3-Clause
"""What the twins of numpy.linalg and of scipy.linalg have in common."""

from typing import Any

import numpy as np
from numpy.linalg import LinAlgError
from numpy.typing import NDArray

from .. import _arrays, _core


def solved(A: NDArray[Any], B: NDArray[Any], what: str = "", trans: str = "N") -> tuple[NDArray[Any], _core.Report]:
    """Return op(A)^-1 B, a vector or a matrix as B is, and the outcome, on which nothing is raised."""
    system = _arrays.as_system(A, B)
    x, report = _core.solve(
        system.A,
        system.b,
        method="auto",
        assume_a=what,
        precision="working",
        trans=trans,
        min_norm=False,
        overwrite_a=False,
        overwrite_b=False,
        check_finite=False,
        certify=False,
    )
    return x[..., 0] if system.vector else x, report


def refuse_nan(values: NDArray[Any], message: str) -> None:
    """Raise LinAlgError where an iteration left NaN."""
    if np.isnan(values).any():
        raise LinAlgError(message)
