# SPDX-License-Identifier: BSD-3-Clause
"""Hessians learnt by objects such as ``scipy.optimize.BFGS()`` and ``SR1()``, recognised by their methods."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
_METHODS = ("initialize", "update", "dot", "get_matrix")


def is_strategy(value: Any) -> bool:
    """Tell whether it is one, recognised by its methods; of a class that makes them raise TypeError."""
    if not all(hasattr(value, name) for name in _METHODS):
        return False
    if isinstance(value, type):
        raise TypeError(f"`hess` is the class {value.__name__}; an object of it is needed: hess={value.__name__}().")
    return True


class LearntHessian:
    """The Hessian that a strategy learns from the gradients at the points it is asked for at."""

    def __init__(self, rule: Any, n: int) -> None:
        self.rule = rule
        self._last: tuple[Array, Array] | None = None
        rule.initialize(n, "hess")

    def at(self, x: Array, g: Array) -> Any:
        """Return the matrix at x, where the gradient is g."""
        if self._last is not None and not np.array_equal(self._last[0], x):
            self.rule.update(x - self._last[0], g - self._last[1])
        self._last = (x.copy(), g.copy())
        return self.rule.get_matrix()


class LearntInverse:
    """The inverse Hessian that a strategy learns, with the methods of `QuasiNewton`."""

    def __init__(self, rule: Any, n: int) -> None:
        self._rule = rule
        self.updates = 0
        rule.initialize(n, "inv_hess")

    def update(self, s: Array, y: Array) -> None:
        self._rule.update(s, y)
        self.updates += 1

    def dot(self, v: Array) -> Array:
        return np.asarray(self._rule.dot(v))

    @property
    def matrix(self) -> Array:
        return np.asarray(self._rule.get_matrix())
