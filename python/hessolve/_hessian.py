# SPDX-License-Identifier: BSD-3-Clause
"""Hessians and gradients as arguments: real, square, symmetric within rounding, finite; or a message says why not."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core, _operators, _sparse


class Symmetric(NamedTuple):
    """A Hessian as the compiled module takes it."""

    matrix: NDArray[Any]  # (n, n), float32 or float64
    asymmetry: float  # largest difference from the transpose


def real_dtype(dtype: np.dtype[Any], name: str) -> np.dtype[Any]:
    """Return the dtype computed in, refusing complex numbers."""
    if dtype.kind == "c":
        raise TypeError(
            f"`{name}` is complex; Hessians and gradients are real here. Take its real part if that is meant."
        )
    return dtype


def symmetric(value: Any, name: str = "H") -> Symmetric:
    """Return a dense symmetric matrix, its halves averaged where they differ by rounding."""
    A = _arrays.as_matrix(value, name)
    if A.ndim != 2:
        raise ValueError(f"`{name}` {A.shape} is a stack; one matrix (n, n) at a time is needed.")
    if A.shape[0] != A.shape[1]:
        raise ValueError(f"`{name}` {A.shape} is not square; a Hessian is (n, n).")
    real_dtype(A.dtype, name)
    _arrays.check_finite(A, name)
    gap = np.abs(A - A.T)
    asymmetry = float(gap.max()) if gap.size else 0.0
    size = float(np.abs(A).max()) if A.size else 0.0
    tolerance = 100 * np.sqrt(np.finfo(A.dtype).eps) * size  # what differences of gradients leave
    if asymmetry > tolerance:
        i, j = (int(k) for k in np.unravel_index(int(gap.argmax()), gap.shape))
        raise ValueError(
            f"`{name}` {A.shape} is not symmetric: [{i}, {j}] is {A[i, j]:.6g} and [{j}, {i}] is {A[j, i]:.6g}. "
            f"If that is noise, pass ({name} + {name}.T) / 2."
        )
    return Symmetric(A if asymmetry == 0 else A / 2 + A.T / 2, asymmetry)


def gradient(value: Any, n: int | None, dtype: np.dtype[Any] | None = None, name: str = "gradient") -> NDArray[Any]:
    """Return a finite contiguous vector (n,), in ``dtype`` where it is given."""
    g = _arrays.as_array(value, name)
    if g.ndim != 1 or (n is not None and len(g) != n):
        need = "a vector (n,)" if n is None else f"a vector ({n},)"
        raise ValueError(f"`{name}` {g.shape} does not fit: {need} is needed.")
    real_dtype(g.dtype, name)
    finite = np.isfinite(g)
    if not finite.all():
        i = int(np.flatnonzero(~finite)[0])
        raise ValueError(f"`{name}` {g.shape} has a NaN or infinity at [{i}]; a gradient is finite.")
    return np.ascontiguousarray(g, dtype=dtype if dtype is not None else g.dtype)


def is_dense(H: Any) -> bool:
    """Tell whether every element of H is stored."""
    return not _sparse.is_sparse(H) and not _operators.is_product(H)


def operator(H: Any, size: int | None = None, dtype: Any = None, name: str = "H") -> _core.Operator:
    """Return H, dense, sparse or known by its products, as a square real operator."""
    found = _sparse.scalar_type(H, name) if not callable(H) or hasattr(H, "shape") else None
    chosen = real_dtype(np.dtype(dtype if dtype is not None else found if found is not None else np.float64), name)
    op = _sparse.operator_of(H, chosen, name, size=size)
    if op.shape[0] != op.shape[1]:
        raise ValueError(f"`{name}` {op.shape} is not square; a Hessian is (n, n).")
    if size is not None and op.shape[0] != size:
        raise ValueError(f"`{name}` {op.shape} does not fit a gradient of length {size}.")
    return op
