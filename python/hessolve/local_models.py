# SPDX-License-Identifier: BSD-3-Clause
"""What a function is like near a point: taylor, local_map."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _solution
from ._core import singular_values
from ._derivatives import EPS, chosen, jacobian_of, point
from ._differences import Function
from .determinant import slogdet
from .differentiate import gradient, hessian

Array = NDArray[Any]


@dataclass(frozen=True, eq=False)
class TaylorModel:
    """The polynomial that agrees with a function at x0 up to its second derivatives."""

    x0: Array
    value: float
    gradient: Array | None  # the shape of x0; None for order 0
    hessian: Array | None  # (n, n); None below order 2
    order: int

    def __call__(self, x: ArrayLike) -> Any:
        """Return the model at x, of the shape of x0; or at a stack of such x."""
        at = _arrays.as_array(x, "x")
        if at.shape[at.ndim - self.x0.ndim :] != self.x0.shape or at.ndim < self.x0.ndim:
            raise ValueError(f"`x` {at.shape} does not fit the model around `x0` {self.x0.shape}.")
        batch = at.shape[: at.ndim - self.x0.ndim]
        d = (at - self.x0).reshape(*batch, -1)
        y = np.full(batch, self.value)
        if self.gradient is not None:
            y = y + d @ self.gradient.ravel()
        if self.hessian is not None:
            y = y + np.sum(d @ self.hessian * d, axis=-1) / 2
        return y[()]


@dataclass(frozen=True, eq=False)
class LocalMap:
    """What a map does near a point: its linear part, and what that does to volumes."""

    x: Array
    value: Array
    jacobian: Array  # (m, n)
    determinant: float | None  # None where m != n; 0 or infinite, with a warning, where it leaves the range
    invertible: bool  # near x, by the inverse function theorem: square, and rcond >= eps
    orientation: str  # "kept", "reversed"; "lost" where there is no inverse
    scale: float  # of volumes of n dimensions: |det J|, sqrt(det J^T J) where m > n, 0 where m < n
    log_scale: float  # its logarithm, which does not leave the range; -inf for 0
    rcond: float  # smallest over largest singular value


def taylor(f: Callable[[Any], Any], x0: ArrayLike, order: int = 2) -> TaylorModel:
    """Return the Taylor polynomial of a function of many variables around a point.

    Parameters
    ----------
    f : callable
        ``f(x)`` is one real number.
    x0 : array_like
        Of any shape.
    order : {0, 1, 2}

    Returns
    -------
    model : TaylorModel
        ``model(x)`` is ``value + gradient d + d H d / 2`` with ``d = x - x0``; its parts are ``value``, ``gradient``
        (the shape of x0), ``hessian`` (n, n), ``x0`` and ``order``.

    Raises
    ------
    ValueError
        For another order, and as in `gradient` and `hessian`.
    TypeError
        As in `gradient`.

    Notes
    -----
    Exact where ``f`` can be followed, at the cost of `hessian`; else by differences. Reference: Nocedal & Wright,
    Numerical Optimization, 2nd ed., theorem 2.1.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> model = hs.taylor(lambda x: np.exp(x[0]) * x[1], [0.0, 1.0])
    >>> float(model([0.1, 1.0]))
    1.105
    """
    if order not in (0, 1, 2) or isinstance(order, bool):
        raise ValueError(f"order={_arrays.shown(order)} is not valid; valid: 0, 1, 2.")
    chosen(f, "f", "auto", None, False)
    at, _ = point(x0, "x0")
    value = float(Function(f, at, "f", scalar=True, size=1)(at.reshape(1, -1))[0, 0])
    g = gradient(f, at) if order >= 1 else None
    return TaylorModel(at, value, g, hessian(f, at) if order == 2 else None, int(order))


def local_map(F: Callable[[Any], Any], x: ArrayLike) -> LocalMap:
    """Return what a map does near a point, as far as its linear part tells.

    Parameters
    ----------
    F : callable
        ``F(x)`` is an array of m real numbers.
    x : array_like
        Of any shape, n entries in C order.

    Returns
    -------
    local : LocalMap
        ``jacobian`` (m, n); ``determinant`` (None unless m = n); ``invertible`` near x: m = n and the singular values
        of the Jacobian say rank n, to rounding; ``orientation`` "kept", "reversed" or, without an inverse, "lost";
        ``scale``: the factor of volumes of n dimensions, and ``log_scale`` its logarithm; ``value`` F(x), ``rcond``,
        ``x``.

    Raises
    ------
    ValueError, TypeError
        As in `jacobian`.

    Warns
    -----
    RuntimeWarning
        If the determinant or the scale overflows to infinity or underflows to 0; ``log_scale`` and ``orientation`` are
        right all the same.

    Notes
    -----
    The cost of `jacobian` and of its singular values. ``invertible=False`` says that the linear part has no inverse;
    the map may still have one, as x^3 at 0. Reference: Rudin, Principles of Mathematical Analysis, 9.24.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> polar = hs.local_map(lambda p: np.stack([p[0] * np.cos(p[1]), p[0] * np.sin(p[1])]), [2.0, 0.0])
    >>> polar.scale, polar.orientation
    (2.0, 'kept')
    """
    chosen(F, "F", "auto", None, False)
    at, _ = point(x)
    found = jacobian_of(F, at, "F", "auto", None, False)
    J = found.jacobian
    m, n = J.shape
    value = Function(F, at, "F")(at.reshape(1, -1))[0]
    sigma = singular_values(J) if J.size else np.zeros(0)
    error = float(np.linalg.norm(found.error)) + max(m, n) * EPS * float(sigma.max(initial=0.0))
    rcond = float(sigma[-1] / sigma[0]) if len(sigma) and sigma[0] > 0 else 0.0 if len(sigma) else 1.0
    invertible = m == n and bool((sigma > error).all())
    determinant = None
    orientation = "lost"
    with np.errstate(over="ignore", under="ignore", divide="ignore"):
        if m == n:
            sign, size = slogdet(J) if n else (1.0, 0.0)
            log_scale = float(size)
            determinant = float(sign * np.exp(size))
            scale = abs(determinant)
            if invertible:
                orientation = "kept" if sign > 0 else "reversed"
        else:
            log_scale = float(np.log(sigma).sum()) if m > n else -np.inf
            scale = float(np.prod(sigma)) if m > n else 0.0
    if np.isfinite(log_scale) and not 0 < scale < np.inf:
        name = "determinant" if m == n else "scale"
        verb = "underflows to 0" if log_scale < 0 else "overflows to infinity"
        _solution.warn(
            f"The {name} of the Jacobian {J.shape} {verb}; .log_scale, {log_scale:.6g}, does not.", RuntimeWarning
        )
    return LocalMap(at, value, J, determinant, invertible, orientation, scale, log_scale, rcond)
