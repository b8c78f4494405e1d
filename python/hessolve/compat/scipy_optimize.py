# SPDX-License-Identifier: BSD-3-Clause
"""Twins of ``scipy.optimize.BFGS`` and ``SR1``: Hessian update strategies for SciPy's minimizers, in place and fast.

Needs SciPy, whose minimizers they are made for.
"""

from typing import Any
from warnings import warn

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import HessianUpdateStrategy

from .. import _core

__all__ = ["BFGS", "SR1"]


class _Full(HessianUpdateStrategy):  # type: ignore[misc]
    """A dense matrix, updated by the compiled module."""

    def __init__(self, init_scale: Any = "auto") -> None:
        self.init_scale = init_scale
        self.first_iteration: bool | None = None
        self.approx_type: str | None = None
        self.n = 0
        self._core: _core.QuasiNewtonDouble | None = None

    def _make(self, n: int, inverse: bool) -> _core.QuasiNewtonDouble:
        raise NotImplementedError

    def initialize(self, n: int, approx_type: str) -> None:
        """Begin with the unit matrix, as the Hessian ("hess") or its inverse ("inv_hess")."""
        if approx_type not in ("hess", "inv_hess"):
            raise ValueError("`approx_type` must be 'hess' or 'inv_hess'.")
        self.first_iteration = True
        self.n = n
        self.approx_type = approx_type
        self._core = self._make(n, approx_type == "inv_hess")

    def update(self, delta_x: ArrayLike, delta_grad: ArrayLike) -> None:
        """Learn that a step ``delta_x`` changed the gradient by ``delta_grad``."""
        if self._core is None:
            raise ValueError("initialize(n, approx_type) comes first.")
        s, y = self._vector(delta_x, "delta_x"), self._vector(delta_grad, "delta_grad")
        if not s.any():
            return
        if not y.any():
            warn(
                "delta_grad == 0.0. Check if the approximated function is linear. If the function is linear better "
                "results can be obtained by defining the Hessian as zero instead of using quasi-Newton approximations.",
                UserWarning,
                stacklevel=2,
            )
            return
        if self.first_iteration:
            self._scale(self._core)
            self.first_iteration = False
        self._core.update(s, y)

    def _scale(self, core: "_core.QuasiNewtonDouble") -> None:
        scale = self.init_scale
        if isinstance(scale, str) and scale == "auto":
            return  # the first update chooses it
        if np.size(scale) == 1:
            core.set_scale(float(scale))
            return
        if np.iscomplexobj(scale):
            raise TypeError("init_scale contains complex elements, must be real.")
        matrix = np.array(scale, dtype=np.float64)
        if matrix.shape != (self.n, self.n):
            raise ValueError(
                "If init_scale is an array, it must have the dimensions of the hess/inv_hess: "
                f"{(self.n, self.n)}. Got {matrix.shape}."
            )
        if not np.array_equal(matrix, matrix.T):
            raise ValueError(
                "If init_scale is an array, it must be symmetric (passing scipy.linalg.issymmetric) to be an "
                "approximation of a hess/inv_hess."
            )
        core.set_matrix(matrix)

    def dot(self, p: ArrayLike) -> NDArray[np.float64]:
        """Return the product of the matrix with ``p``."""
        if self._core is None:
            raise ValueError("initialize(n, approx_type) comes first.")
        return np.asarray(self._core.dot(self._vector(p, "p")))

    def _vector(self, value: ArrayLike, name: str) -> NDArray[np.float64]:
        array = np.asarray(value)
        if array.shape != (self.n,):
            raise ValueError(f"`{name}` {array.shape} does not fit: initialize was called for n={self.n} variables.")
        if array.dtype.kind not in "fiub":
            raise TypeError(f"`{name}` {array.shape} has dtype {array.dtype}; real numbers are needed.")
        return np.ascontiguousarray(array, dtype=np.float64)

    def get_matrix(self) -> NDArray[np.float64]:
        """Return a copy of the matrix."""
        if self._core is None:
            raise ValueError("initialize(n, approx_type) comes first.")
        return np.asarray(self._core.matrix())

    def __getstate__(self) -> dict[str, Any]:
        state = dict(self.__dict__)
        state["_core"] = None if self._core is None else (self._core.matrix(), self._core.fresh)
        return state

    def __setstate__(self, state: dict[str, Any]) -> None:
        held = state.pop("_core")
        self.__dict__.update(state)
        self._core = None
        if held is not None:
            matrix, fresh = held
            self._core = self._make(self.n, self.approx_type == "inv_hess")
            if not fresh:
                self._core.set_matrix(matrix)


class BFGS(_Full):
    """Twin of ``scipy.optimize.BFGS``: the same parameters, conditions and results to rounding."""

    def __init__(
        self,
        exception_strategy: str = "skip_update",
        min_curvature: float | None = None,
        init_scale: Any = "auto",
    ) -> None:
        if exception_strategy not in ("skip_update", "damp_update"):
            raise ValueError("`exception_strategy` must be 'skip_update' or 'damp_update'.")
        if min_curvature is None:
            min_curvature = 1e-8 if exception_strategy == "skip_update" else 0.2
        self.min_curvature = min_curvature
        self.exception_strategy = exception_strategy
        super().__init__(init_scale)

    def _make(self, n: int, inverse: bool) -> "_core.QuasiNewtonDouble":
        damp = self.exception_strategy == "damp_update"
        return _core.QuasiNewtonDouble(n, "bfgs", inverse, damp, float(self.min_curvature), 1e-8)


class SR1(_Full):
    """Twin of ``scipy.optimize.SR1``: the same parameters, conditions and results to rounding."""

    def __init__(self, min_denominator: float = 1e-8, init_scale: Any = "auto") -> None:
        self.min_denominator = min_denominator
        super().__init__(init_scale)

    def _make(self, n: int, inverse: bool) -> "_core.QuasiNewtonDouble":
        return _core.QuasiNewtonDouble(n, "sr1", inverse, False, -1.0, float(self.min_denominator))
