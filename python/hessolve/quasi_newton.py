# SPDX-License-Identifier: BSD-3-Clause
"""Hessians, or their inverses, learnt from steps and the changes of the gradient over them: BFGS, DFP, SR1."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _hessian, _operators

_UPDATES = ("bfgs", "dfp", "sr1")
_KINDS = ("inverse", "hessian", "factor")


class QuasiNewton:
    """A symmetric matrix that learns: after ``update(s, y)`` it takes s to y (its inverse form: y to s).

    Parameters
    ----------
    n : int, >= 0
        The number of variables.
    update : str
        "bfgs", "dfp" (both stay positive definite) or "sr1" (may become indefinite, as a Hessian may).
    approximate : str
        "inverse": the matrix is the inverse Hessian, and ``dot`` gives steps. "hessian": the Hessian. "factor" (for
        "bfgs"): the Hessian by its Cholesky factor, for steps by ``solve`` in O(n^2).
    exception_strategy : str
        What happens where ``y^T s`` is too small for the matrix to stay positive definite: "skip" the update, or "damp"
        it, which moves y (of an inverse: s) towards what the matrix expects. Not for "sr1", which skips.
    min_curvature : float, optional
        The bound: ``y^T s > min_curvature s^T B s`` (of an inverse: ``y^T H y``). By default 1e-8,
        or 0.2 where updates are damped.
    min_denominator : float, > 0
        Updates of "sr1" are skipped where ``|w^T r| <= min_denominator ||w|| ||r||``, r what the matrix is off by.
    init_scale : "auto", float > 0 or (n, n) array_like
        The matrix to begin with: a multiple of the unit matrix, by "auto" the one that suits the first pair best, or a
        symmetric matrix.
    dtype : float64 or float32

    Raises
    ------
    ValueError
        If a number, a word or a matrix is not valid.
    TypeError
        If n is not an integer, or the dtype cannot be computed in.

    Notes
    -----
    An update takes ``7 n^2`` flops and no memory: it is kept aside and carried out during the next product. "factor":
    ``11 n^2``. Skipping and damping follow ``scipy.optimize.BFGS`` and ``SR1``, whose twins are in
    `hessolve.compat.scipy_optimize`. Copies and pickles go on with the same bits. Reference: Nocedal and Wright,
    Numerical Optimization, 6.1, 6.2, 18.3.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> H = hs.QuasiNewton(2)
    >>> H.update([1.0, 0.0], [2.0, 0.0])
    'updated'
    >>> H.dot([2.0, 0.0])
    array([1., 0.])
    """

    def __init__(
        self,
        n: int,
        update: str = "bfgs",
        approximate: str = "inverse",
        *,
        exception_strategy: str = "skip",
        min_curvature: float | None = None,
        min_denominator: float = 1e-8,
        init_scale: Any = "auto",
        dtype: Any = np.float64,
    ) -> None:
        self.n = _operators.count(n, "n", 0)
        if self.n > 2**26:
            raise ValueError(f"n={self.n} is not valid: the matrix of n^2 numbers would not fit in any memory.")
        self.update_rule = _arrays.choice(update, "update", _UPDATES)
        self.approximate = _arrays.choice(approximate, "approximate", _KINDS)
        damp = _arrays.choice(exception_strategy, "exception_strategy", ("skip", "damp")) == "damp"
        if approximate == "factor" and update != "bfgs":
            raise ValueError(f"update={update!r} has no form on a factor; approximate='factor' is for update='bfgs'.")
        if damp and update == "sr1":
            raise ValueError("update='sr1' is skipped where its denominator is small; it cannot be damped.")
        least = -1.0
        if min_curvature is not None:
            valid = "it is a number between 0 and 1" if damp else "it is a number >= 0"
            least = _arrays.real(min_curvature, "min_curvature", valid, lambda v: v >= 0 and (v < 1 or not damp))
        small = _arrays.real(min_denominator, "min_denominator", "it is a number > 0", lambda v: v > 0)
        self.dtype = np.dtype(dtype)
        if self.dtype not in (np.dtype(np.float32), np.dtype(np.float64)):
            raise TypeError(f"dtype={dtype!r} is not valid; float32 and float64 are.")
        self._settings = (damp, least, small)
        self._core: Any = self._made()
        self._begin(init_scale)

    def _made(self) -> Any:
        damp, least, small = self._settings
        single = self.dtype == np.float32
        if self.approximate == "factor":
            made = _core.FactoredBfgsFloat if single else _core.FactoredBfgsDouble
            return made(self.n, damp, least)
        kind = _core.QuasiNewtonFloat if single else _core.QuasiNewtonDouble
        return kind(self.n, self.update_rule, self.approximate == "inverse", damp, least, small)

    def _begin(self, init_scale: Any) -> None:
        if isinstance(init_scale, str):
            _arrays.choice(init_scale, "init_scale", ("auto",))
        elif np.ndim(init_scale) == 0:
            self._core.set_scale(
                _arrays.real(init_scale, "init_scale", "it is a number > 0", lambda v: v > 0 and np.isfinite(v))
            )
        elif self.approximate == "factor":
            raise ValueError("`init_scale` is a matrix; approximate='factor' begins with a multiple of I.")
        else:
            matrix = _hessian.symmetric(init_scale, "init_scale").matrix
            if len(matrix) != self.n:
                raise ValueError(f"`init_scale` {matrix.shape} does not fit n={self.n}.")
            self._core.set_matrix(matrix.astype(self.dtype, copy=False))

    def update(self, s: ArrayLike, y: ArrayLike) -> str:
        """Learn that a step s changed the gradient by y.

        Parameters
        ----------
        s, y : (n,) array_like

        Returns
        -------
        what : str
            "updated", "damped", "skipped" (the matrix is as it was), "reset" (it had lost definiteness: begun anew and
            updated), "no step" (s = 0) or "no difference" (y = 0): nothing was learnt.

        Raises
        ------
        ValueError
            If a shape does not fit, or for NaN or infinity; the matrix is as it was.
        """
        step, change = self._vector(s, "s"), self._vector(y, "y")
        what: str = self._core.update(step, change)
        if what == "non-finite":
            for name, array in (("s", step), ("y", change)):
                _hessian.gradient(array, self.n, name=name)
        return what

    def dot(self, v: ArrayLike) -> NDArray[Any]:
        """Return the product of the matrix with v, (n,)."""
        return np.asarray(self._core.dot(self._vector(v, "v")))

    def solve(self, v: ArrayLike) -> NDArray[Any]:
        """Return the solution of ``matrix x = v``: O(n^2) for "factor", else O(n^3)."""
        vector = self._vector(v, "v")
        if self.approximate == "factor":
            return np.asarray(self._core.solve(vector))
        from .linear import solve

        return np.asarray(solve(self.matrix, vector))

    @property
    def matrix(self) -> NDArray[Any]:
        """Return a copy of the matrix, (n, n)."""
        if self.approximate == "factor":
            L = self._core.factor()
            return np.asarray(L @ L.T)
        return np.asarray(self._core.matrix())

    @property
    def factor(self) -> NDArray[Any]:
        """Return a copy of the Cholesky factor L of approximate="factor", ``B = L L^T``."""
        if self.approximate != "factor":
            raise ValueError(f"approximate={self.approximate!r} keeps no factor; ask for approximate='factor'.")
        return np.asarray(self._core.factor())

    @property
    def updates(self) -> int:
        """Return how many updates have changed the matrix."""
        return int(self._core.updates)

    def _vector(self, value: Any, name: str) -> NDArray[Any]:
        plain = type(value) is np.ndarray and value.dtype == self.dtype and value.flags.c_contiguous
        if plain and value.shape == (self.n,):
            return value  # type: ignore[no-any-return]
        array = _arrays.as_array(value, name)
        _hessian.real_dtype(array.dtype, name)
        if array.shape != (self.n,):
            raise ValueError(f"`{name}` {array.shape} does not fit: a vector ({self.n},) is needed.")
        return np.ascontiguousarray(array, dtype=self.dtype)

    def __getstate__(self) -> dict[str, Any]:
        core = self._core
        held = core.factor() if self.approximate == "factor" else core.matrix()
        return self.__dict__ | {"_core": (held, core.fresh, core.updates)}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._core = self._made()
        self._core.restore(*state["_core"])

    def __repr__(self) -> str:
        kind = f"update={self.update_rule!r}, approximate={self.approximate!r}"
        return f"QuasiNewton({self.n}, {kind}, updates={self.updates})"
