# SPDX-License-Identifier: BSD-3-Clause
"""What a change of low rank does to factors and to an inverse: sherman_morrison, woodbury, and what Factor uses."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _solution
from ._arrays import check_finite
from ._operands import as_columns
from ._solution import Context

KEPT = "the factors are left as they were"


def sherman_morrison(A_inv: ArrayLike, u: ArrayLike, v: ArrayLike) -> NDArray[Any]:
    """Return ``(A + u v^H)^-1`` from ``A^-1``.

    Parameters
    ----------
    A_inv : (n, n) array_like
        As in `solve`.
    u, v : (n,) array_like

    Returns
    -------
    X : (n, n) ndarray
        In the dtype that holds all three.

    Raises
    ------
    SingularMatrixError
        If ``A + u v^H`` is singular: ``1 + v^H A^-1 u`` is zero.
    ValueError
        For shapes that do not fit, NaN or infinity.
    TypeError
        For a dtype that cannot be solved in.

    Warns
    -----
    IllConditionedWarning
        If ``1 + v^H A^-1 u`` is so small that few digits are left, or none.

    See Also
    --------
    woodbury : of rank k.
    factor : its ``update`` changes the factors instead, which is more stable.

    Notes
    -----
    ``6 n^2`` flops. Errors grow with the condition of ``A`` and of every update before. Reference: Sherman & Morrison
    1950, doi 10.1214/aoms/1177729893.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.sherman_morrison([[0.5, 0.0], [0.0, 1.0]], [2.0, 0.0], [1.0, 0.0])
    array([[0.25, 0.  ],
           [0.  , 1.  ]])
    """
    X, left, right = _together(("A_inv", A_inv), ("u", u), ("v", v))
    n = _square(X, "A_inv", "hs.sherman_morrison")
    for name, vector in (("u", left), ("v", right)):
        if vector.shape != (n,):
            raise ValueError(f"`A_inv` {X.shape} and `{name}` {vector.shape} do not fit: `{name}` needs shape ({n},).")
    result, report = _core.sherman_morrison(X, left[:, np.newaxis], right[:, np.newaxis])
    _judge(report, X, f"A + u v^H {X.shape}")
    return result


def woodbury(A_inv: ArrayLike, U: ArrayLike, C: ArrayLike, V: ArrayLike) -> NDArray[Any]:
    """Return ``(A + U C V)^-1`` from ``A^-1``.

    Parameters
    ----------
    A_inv : (n, n) array_like
        As in `solve`.
    U : (n, k) array_like
    C : (k, k) array_like
        Need not have an inverse.
    V : (k, n) array_like

    Returns
    -------
    X : (n, n) ndarray
        In the dtype that holds all four.

    Raises
    ------
    SingularMatrixError
        If ``A + U C V`` is singular: ``I + C V A^-1 U`` is.
    ValueError
        For shapes that do not fit, NaN or infinity.
    TypeError
        For a dtype that cannot be solved in.

    Warns
    -----
    IllConditionedWarning
        If ``I + C V A^-1 U`` is so ill-conditioned that few digits are left, or none.

    See Also
    --------
    sherman_morrison : of rank one.

    Notes
    -----
    ``6 n^2 k`` flops. Reference: Golub & Van Loan, Matrix Computations, 4th ed., 2.1.4.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.woodbury([[0.5, 0.0], [0.0, 1.0]], [[1.0], [0.0]], [[2.0]], [[1.0, 0.0]])
    array([[0.25, 0.  ],
           [0.  , 1.  ]])
    """
    X, left, core, right = _together(("A_inv", A_inv), ("U", U), ("C", C), ("V", V))
    n = _square(X, "A_inv", "hs.woodbury")
    if core.ndim != 2 or core.shape[0] != core.shape[1]:
        raise ValueError(f"`C` {core.shape} is not a square matrix, as hs.woodbury needs it.")
    k = len(core)
    for name, matrix, shape in (("U", left, (n, k)), ("V", right, (k, n))):
        if matrix.shape != shape:
            fits = f"`A_inv` {X.shape}, `C` {core.shape} and `{name}` {matrix.shape} do not fit"
            raise ValueError(f"{fits}: `{name}` needs shape {shape}.")
    result, report = _core.woodbury(X, left, core, right)
    _judge(report, X, f"A + U C V {X.shape}")
    return result


@dataclass
class ChangeContext(Context):
    """Of a call that changes A or its factors: the matrix to blame is the changed one."""

    changed: str = ""

    @property
    def matrix(self) -> str:
        return self.changed


def change(factors: _core.Factor, u: ArrayLike, v: ArrayLike | None, *, downdate: bool) -> None:
    """Make the factors of ``A`` those of ``A + u v^H`` or ``A - u v^H``, or raise and leave them as they were."""
    m, n = factors.shape
    matrix, dtype = f"`A` {factors.shape}", np.dtype(factors.dtype)
    if v is None and m != n:
        raise ValueError(f"{matrix} is not square, as an update by u u^H needs it; pass v, ({n},) or ({n}, k).")
    U = _vectors(factors, u, "u", m)
    V = U if v is None else _vectors(factors, v, "v", n)
    if U.shape[1] != V.shape[1]:
        raise ValueError(f"`u` has {U.shape[1]} columns and `v` {V.shape[1]}; the product u v^H needs equally many.")
    by_itself = v is None or np.array_equal(U, V)
    if by_itself:
        V = U
    elif factors.kind == "cholesky":
        text = "`v` differs from `u`, and A + u v^H is not Hermitian; hs.factor(A, kind='lu') takes any u and v."
        raise ValueError(text)
    report = factors.update(U, V, downdate)
    if not is_for(report, "ill_conditioned"):  # told where it matters
        changed = f"{matrix} {'-' if downdate else '+'} u {'u' if by_itself else 'v'}^H"
        advice, retry = f"{KEPT.capitalize()}.", f"a smaller u; {KEPT}"
        _solution.raise_for(report, ChangeContext({"A": (m, n)}, dtype, advice, retry=retry, changed=changed))


def is_for(report: _core.Report, *reasons: str) -> bool:
    """Tell whether the one outcome of a report has one of these reasons."""
    return _core.REASONS[int(report.reason)] in reasons


def _vectors(factors: _core.Factor, value: ArrayLike, name: str, rows: int) -> NDArray[Any]:
    columns = as_columns(value, name, np.dtype(factors.dtype), rows, factors.shape)
    if columns.split:
        raise TypeError(f"`{name}` is complex, and the factors of `A` are {factors.dtype}; factor a complex A first.")
    return columns.array


def _together(*operands: tuple[str, Any]) -> list[NDArray[Any]]:
    """Return the arrays in the dtype that holds them all; NaN and infinity are refused."""
    arrays = [_arrays.as_array(value, name) for name, value in operands]
    for (name, _), array in zip(operands, arrays, strict=True):
        if array.ndim and array.ndim <= 2:
            check_finite(array, name)
    dtype = np.result_type(*arrays)
    return [array.astype(dtype, copy=False) for array in arrays]


def _square(X: NDArray[Any], name: str, function: str) -> int:
    if X.ndim != 2 or X.shape[0] != X.shape[1]:
        raise ValueError(f"`{name}` {X.shape} is not a square matrix, as {function} needs it.")
    return len(X)


def _judge(report: _core.Report, X: NDArray[Any], changed: str) -> None:
    advice = "Use hs.pinv of the sum for its pseudo-inverse."
    context = ChangeContext({"A": X.shape}, X.dtype, advice, answer="the inverse", changed=changed)
    _solution.raise_for(report, context)
