# SPDX-License-Identifier: BSD-3-Clause
"""Hessians made positive definite: H + E with an E as small as the method knows how."""

import warnings
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _hessian
from ._iteration import reason_of
from ._reasons import ConvergenceError, Reason

_METHODS = ("auto", "max-element", "shift", "eigenvalue", "gmw", "se99", "cheng-higham")


@dataclass(frozen=True, eq=False)
class ModifiedHessian:
    """What `modify_hessian` made of a Hessian, and what it had been."""

    H: NDArray[Any]  #: (n, n), H + E
    method: str  #: what was done; "auto" where H was positive definite already and E = 0
    E_norm: float  #: the 2-norm of E
    shift: float  #: tau where E = tau I, else the largest diagonal element of E
    inertia_before: tuple[int, int, int]  #: eigenvalues of H above, below and within n eps ||H|| of zero
    rank_before: int
    definite: bool  #: H + E has a Cholesky factorisation, which was computed to know
    reason: str  #: why this method

    @cached_property
    def factorization(self) -> Any:
        """The Cholesky factor of H + E, for solves. Raises `NotPositiveDefiniteError` where it is not definite."""
        from .factorization import factor

        return factor(self.H, kind="cholesky")

    def __repr__(self) -> str:
        return (
            f"ModifiedHessian(method={self.method!r}, E_norm={self.E_norm:.4g}, shift={self.shift:.4g}, "
            f"inertia_before={self.inertia_before}, definite={self.definite})"
        )


def modify_hessian(H: ArrayLike, method: str = "auto", *, negative: str = "reflect") -> ModifiedHessian:
    """Make a symmetric matrix positive definite by a small change ``E``.

    Parameters
    ----------
    H : (n, n) array_like
        Symmetric and real; float32 or float64, other real dtypes become float64. Differences between the halves up to
        ``100 sqrt(eps) max|H|`` are averaged away.
    method : str
        "auto": nothing where ``H`` is positive definite; else "eigenvalue" up to n = 512 and "se99" beyond.
        "max-element": ``H + I / max(H)``. Whether that is enough depends on units: it is checked, and a warning says
        where it was not. "shift": ``H + tau I`` with the smallest tau. "eigenvalue": each eigenvalue below
        ``sqrt(eps) ||H||`` by itself. "gmw", "se99": a diagonal E found during a Cholesky factorisation, by Gill,
        Murray and Wright or Schnabel and Eskow. "cheng-higham": from the blocks of a pivoted ``L D L^T``.
    negative : str
        What "eigenvalue" makes of a negative one: "reflect" (its modulus) or "clamp" (a small positive number, which is
        the nearest positive definite matrix).

    Returns
    -------
    m : ModifiedHessian
        ``.H``, ``.E_norm``, ``.shift``, ``.rank_before``, ``.inertia_before``, ``.factorization``, ``.definite``,
        ``.method``, ``.reason``.

    Raises
    ------
    ValueError
        If ``H`` is not square, not symmetric, or has a NaN or infinity; for "max-element" where no element is positive.
    TypeError
        For complex numbers, sparse matrices, or a dtype that cannot be computed in.
    ConvergenceError
        If eigenvalues were not found, which is not known to happen.

    Warns
    -----
    RuntimeWarning
        If "max-element" left a matrix that is not positive definite.

    Notes
    -----
    ``n^3 / 3`` flops for the modified factorisations and ``4 n^3 / 3`` for the inertia; "eigenvalue" takes ``9 n^3``.
    All of them give ``E = 0``, or nearly, for a matrix that is safely positive definite, but "max-element".

    References
    ----------
    Gill, Murray and Wright, Practical Optimization, 4.4.2.2; Schnabel and Eskow 1999, doi 10.1137/S105262349833266X;
    Cheng and Higham 1998, doi 10.1137/S0895479896302898; Nocedal and Wright, Numerical Optimization, 3.4.

    Examples
    --------
    >>> import hessolve as hs
    >>> m = hs.modify_hessian([[1.0, 2.0], [2.0, 1.0]], "shift")
    >>> m.inertia_before
    (1, 1, 0)
    >>> round(m.shift, 6)
    1.0
    """
    _arrays.choice(method, "method", _METHODS)
    _arrays.choice(negative, "negative", ("reflect", "clamp"))
    if not _hessian.is_dense(H):
        raise TypeError(
            f"`H`, a {type(H).__name__}, is not dense, as modify_hessian needs it. A sparse one can be shifted "
            "by hs.curvature(H).eigenvalues[0], or use hs.minimize(..., method='trust-region')."
        )
    matrix = _hessian.symmetric(H).matrix
    (code, _), G, found = _core.modify_hessian(matrix, method, negative == "clamp", True)
    outcome = reason_of(code)
    if outcome is Reason.breakdown:
        raise ValueError(
            f"`H` {matrix.shape} has no positive element, so that method='max-element' (H + I / max(H)) means nothing; "
            "use method='shift'."
        )
    if outcome is Reason.not_positive_definite:
        warnings.warn(
            f"method={found['method']!r} added {found['shift']:.3g} to the diagonal of `H` {matrix.shape}, which is "
            f"not enough: its lowest eigenvalue is {found['lowest']:.3g}. Use method='shift' or 'eigenvalue'.",
            RuntimeWarning,
            stacklevel=2,
        )
    elif outcome is not Reason.ok:
        raise ConvergenceError(f"the eigenvalues of `H` {matrix.shape} did not converge; use method='se99'.")
    if not np.isfinite(G).all() or not np.isfinite(found["E_norm"]):
        raise ValueError(f"`H` {matrix.shape} is so large that H + E overflows; scale it, by 2**-10 for instance.")
    positive, below, zero = found["inertia"]
    return ModifiedHessian(
        H=G,
        method=found["method"],
        E_norm=float(found["E_norm"]),
        shift=float(found["shift"]),
        inertia_before=(positive, below, zero),
        rank_before=positive + below,
        definite=found["definite"],
        reason=_why(method, found["method"], len(matrix), negative),
    )


def _why(asked: str, done: str, n: int, negative: str) -> str:
    if asked != "auto":
        return "asked for"
    if done == "auto":
        return "H is positive definite: nothing to change"
    if done == "eigenvalue":
        moved = "reflected" if negative == "reflect" else "raised"
        return (
            f"H is not positive definite, and n = {n} is small enough for eigenvectors: negative curvature is {moved}"
        )
    return f"H is not positive definite, and n = {n} is large: one modified Cholesky factorisation"
