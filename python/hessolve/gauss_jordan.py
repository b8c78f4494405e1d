# SPDX-License-Identifier: BSD-3-Clause
"""Gauss-Jordan elimination, one operation at a time: gauss_jordan_steps."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core
from ._reasons import SingularMatrixError


@dataclass(frozen=True)
class Operation:
    """One elementary operation; ``str`` says it in words: "row 2 -= 0.5 * row 0".

    Attributes
    ----------
    kind : {"swap", "scale", "add"}
    line : {"row", "column"}
    target, source : int
        Of the lines: "swap" exchanges them, "scale" multiplies ``target`` (= ``source``) by ``factor``, "add" adds
        ``factor`` times ``source`` to ``target``.
    factor : number
        1 for "swap".
    """

    kind: str
    line: str
    target: int
    source: int
    factor: Any = 1.0

    def __str__(self) -> str:
        if self.kind == "swap":
            return f"swap {self.line}s {self.target} and {self.source}"
        complex_ = isinstance(self.factor, complex)
        sign, factor = ("+=", self.factor) if complex_ or self.factor >= 0 else ("-=", -self.factor)
        shown = f"({factor:.6g})" if complex_ else f"{factor:.6g}"
        if self.kind == "scale":
            return f"{self.line} {self.target} *= {shown if sign == '+=' else '-' + shown}"
        return f"{self.line} {self.target} {sign} {shown} * {self.line} {self.source}"


def gauss_jordan_steps(A: ArrayLike, by: str = "rows") -> Iterator[tuple[NDArray[Any], Operation]]:
    """Invert a matrix by Gauss-Jordan elimination with pivoting, showing every operation.

    Parameters
    ----------
    A : (n, n) array_like
        As in `solve`; one matrix, not a stack. It is copied.
    by : {"rows", "columns"}
        "rows" turns ``[A, I]`` into ``[I, A^-1]``, "columns" ``A`` above ``I`` into ``I`` above ``A^-1``.

    Returns
    -------
    steps : iterator of (matrix, operation)
        The matrix, (n, 2 n) or (2 n, n), after each operation. The last one holds the inverse in its second half.

    Raises
    ------
    SingularMatrixError
        By the iterator, when no pivot is left.
    ValueError
        If ``A`` is not square or a stack, has NaN or infinity, or ``by`` is invalid.
    TypeError
        For a dtype that cannot be solved in.

    See Also
    --------
    inv : the inverse alone; ``method="gauss-jordan"`` computes it in the same way.

    Notes
    -----
    For study: ``n^2`` operations, each with a copy of the matrix. Reference: Higham, Accuracy and Stability of
    Numerical Algorithms, 2nd ed., 14.4.

    Examples
    --------
    >>> import hessolve as hs
    >>> for matrix, operation in hs.gauss_jordan_steps([[0.0, 2.0], [4.0, 8.0]]):
    ...     print(operation)
    swap rows 0 and 1
    row 0 *= 0.25
    row 1 *= 0.5
    row 0 -= 2 * row 1
    >>> matrix
    array([[ 1.  ,  0.  , -1.  ,  0.25],
           [ 0.  ,  1.  ,  0.5 ,  0.  ]])
    """
    _arrays.choice(by, "by", ("rows", "columns"))
    matrix = _arrays.as_matrix(A, square="hs.gauss_jordan_steps", instead="hs.pinv(A)")
    if matrix.ndim > 2:
        raise ValueError(f"`A` {matrix.shape} is a stack, and hs.gauss_jordan_steps takes one matrix.")
    _arrays.check_finite(matrix, "A")
    return _steps(_core.GaussJordan(matrix, by), by[:-1], matrix.shape)


def _steps(
    elimination: _core.GaussJordan, line: str, shape: tuple[int, ...]
) -> Iterator[tuple[NDArray[Any], Operation]]:
    while (step := elimination.step()) is not None:
        matrix, (kind, target, source, factor) = step
        yield matrix, Operation(kind, line, target, source, factor)
    at = elimination.singular_column
    if at >= 0:
        other = "column" if line == "row" else "row"
        text = f"`A` {shape} is singular: no pivot is left in {other} {at}. Use hs.pinv(A) for the pseudo-inverse."
        raise SingularMatrixError(text)
