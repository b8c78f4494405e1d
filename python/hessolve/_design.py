# SPDX-License-Identifier: BSD-3-Clause
"""Regressors, targets, weights and penalties become what the compiled module takes, or a message says why not."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _sparse
from ._arrays import check_finite
from ._solution import Context


class Csr(NamedTuple):
    """A sparse matrix by rows; its arrays are the caller's own where they can be."""

    data: NDArray[Any]
    indices: NDArray[Any]
    indptr: NDArray[Any]
    rows: int
    columns: int

    @property
    def shape(self) -> tuple[int, int]:
        return self.rows, self.columns


class Design(NamedTuple):
    """The data of a regression, real and of one dtype."""

    X: Any  # (m, n) ndarray or Csr
    Y: NDArray[Any]  # (m, t)
    flat: bool  # y came as (m,): results lose the axis of targets
    weights: NDArray[Any] | None  # (m,)
    shapes: dict[str, tuple[int, ...]]  # as they were passed

    @property
    def columns(self) -> int:
        return int(self.X.shape[1])

    @property
    def targets(self) -> int:
        return int(self.Y.shape[1])

    @property
    def dtype(self) -> np.dtype[Any]:
        return self.Y.dtype


@dataclass
class FitContext(Context):
    """Of a regression: the matrix to blame is X, or the one named."""

    blamed: str = ""

    @property
    def matrix(self) -> str:
        return self.blamed or f"`X` {self.shapes['X']}"


def context(design: Design, advice: str = "") -> FitContext:
    """Return the context of a regression, whatever the compiled module calls its arguments."""
    names = {"A": "X", "b": "y", "Y": "y"}
    return FitContext(design.shapes, design.dtype, advice, "coef", on_singular="warn", renamed=names)


def ridge_context(design: Design, prior: bool) -> FitContext:
    """Return the context of ridge regression: only the prior covariance is ever not positive definite."""
    found = context(design, "Use a larger alpha.")
    if prior:
        found.blamed = f"`prior_covariance` ({design.columns}, {design.columns})"
        found.retry = "one that is, such as prior_covariance plus a small multiple of the identity"
    return found


def plain(design: Design, values: NDArray[Any]) -> Any:
    """Return one value per target, (t,), as a number where y came as (m,)."""
    return values[0].item() if design.flat else values


def read(X: Any, y: Any, sample_weight: Any, function: str, *, sparse: bool = False) -> Design:
    """Return X, (m, n), y, (m,) or (m, t), and weights, (m,) or None, in one real dtype; m >= 1.

    ``sparse``: X may be sparse.
    """
    matrix = csr(X, "X") if sparse and _sparse.is_sparse(X) else _arrays.as_matrix(X, "X")
    shape = matrix.shape
    if len(shape) > 2:
        raise ValueError(f"`X` {shape} is a stack, and {function} fits one matrix (m, n); pass its slices in turn.")
    target = _arrays.as_array(y, "y")
    if target.ndim not in (1, 2):
        raise ValueError(
            f"`y` {target.shape} has {target.ndim} dimensions; a vector (m,) or a matrix (m, t) is needed."
        )
    if len(target) != shape[0]:
        rows = f"`y` needs {shape[0]} rows, not {len(target)}"
        raise ValueError(f"`X` {shape} and `y` {target.shape} do not fit: {rows}.")
    values = matrix.data if isinstance(matrix, Csr) else matrix
    for name, array in (("X", values), ("y", target)):
        refuse_complex(array, name, function)
    if shape[0] == 0:
        raise ValueError(f"`X` {shape} has no rows; there is nothing to fit.")
    dtype = np.promote_types(values.dtype, target.dtype)
    values, columns = (part.astype(dtype, copy=False) for part in (values, target))
    matrix = matrix._replace(data=values) if isinstance(matrix, Csr) else values
    weights = None if sample_weight is None else as_weights(sample_weight, shape, "X").astype(dtype, copy=False)
    flat = target.ndim == 1
    return Design(matrix, columns[:, np.newaxis] if flat else columns, flat, weights, {"X": shape, "y": target.shape})


def as_weights(sample_weight: Any, shape: tuple[int, ...], name: str) -> NDArray[Any]:
    """Return weights, (m,) or (..., m), for a matrix of this shape: finite, >= 0, not all zero."""
    weight = _arrays.as_array(sample_weight, "sample_weight")
    batch, m = shape[:-2], shape[-2]
    if weight.shape not in ((m,), (*batch, m)):
        needed = f"{(m,)} or {(*batch, m)}" if batch else f"{(m,)}"
        raise ValueError(f"`sample_weight` {weight.shape} does not fit `{name}` {shape}; shape {needed} is needed.")
    if weight.dtype.kind == "c":
        raise TypeError("`sample_weight` is complex; weights are real numbers >= 0.")
    if not np.isfinite(weight).all() or (weight < 0).any():
        raise ValueError("`sample_weight` has a negative, NaN or infinite entry; weights are finite numbers >= 0.")
    if m and not (weight.max(axis=-1) > 0).all():
        raise ValueError("`sample_weight` is all zero; at least one weight must be positive.")
    return weight


def one_alpha(alpha: Any, name: str = "alpha", *, positive: bool = False) -> float:
    """Return one penalty."""
    valid = f"it is a finite number {'>' if positive else '>='} 0"
    return _arrays.real(alpha, name, valid, lambda value: 0.0 < value < np.inf or (value == 0 and not positive))


def alpha_for(alpha: Any, targets: int) -> NDArray[np.float64]:
    """Return one penalty for all targets, (1,), or one each, (t,)."""
    if np.ndim(alpha) == 0:
        return np.array([one_alpha(alpha)])
    values = _numbers(alpha, "alpha")
    if values.shape != (targets,):
        raise ValueError(f"`alpha` {values.shape} does not fit {targets} targets; a number or ({targets},) is needed.")
    _check_penalties(values, "alpha", positive=False)
    return values


def alphas_of(alphas: Any, *, positive: bool = False) -> NDArray[np.float64] | None:
    """Return penalties in descending order, equal ones kept; None where the data choose them."""
    if alphas is None:
        return None
    values = _numbers(alphas, "alphas")
    if values.ndim != 1 or not values.size:
        raise ValueError(f"`alphas` {values.shape} is not a list of at least one penalty.")
    _check_penalties(values, "alphas", positive=positive)
    return np.sort(values)[::-1].copy()


def regulariser(
    design: Design, penalty: Any, prior_covariance: Any, function: str
) -> tuple[NDArray[Any] | None, NDArray[Any] | None]:
    """Return a penalty operator and a covariance, of which one may be given."""
    if penalty is not None and prior_covariance is not None:
        raise ValueError("`penalty` and `prior_covariance` are both given; leave one of them out.")
    L = as_penalty(penalty, design.columns, design.dtype, function)
    return L, as_covariance(prior_covariance, design.columns, design.dtype, function)


def as_penalty(penalty: Any, columns: int, dtype: np.dtype[Any], function: str) -> NDArray[Any] | None:
    """Return a penalty operator L: (n,) for a diagonal one, or (p, n)."""
    if penalty is None:
        return None
    array = _arrays.as_array(penalty, "penalty")
    if array.ndim not in (1, 2) or array.shape[-1] != columns:
        raise ValueError(
            f"`penalty` {array.shape} does not fit {columns} columns; ({columns},) or (p, {columns}) is needed."
        )
    refuse_complex(array, "penalty", function)
    check_finite(array, "penalty")
    return array.astype(dtype, copy=False)


def as_covariance(covariance: Any, columns: int, dtype: np.dtype[Any], function: str) -> NDArray[Any] | None:
    """Return a symmetric matrix (n, n); whether it is positive definite, the compiled module finds out."""
    if covariance is None:
        return None
    array, name = _arrays.as_array(covariance, "prior_covariance"), "prior_covariance"
    if array.shape != (columns, columns):
        raise ValueError(f"`{name}` {array.shape} does not fit {columns} columns; ({columns}, {columns}) is needed.")
    refuse_complex(array, name, function)
    check_finite(array, name)
    uneven = abs(array - array.T) > 100 * np.finfo(array.dtype).eps * abs(array).max(initial=0)
    if uneven.any():
        i, j = (int(index) for index in np.argwhere(uneven)[0])
        entries = f"its entries ({i}, {j}) and ({j}, {i}) differ"
        raise ValueError(f"`{name}` {array.shape} is not symmetric: {entries}; a covariance is.")
    return array.astype(dtype, copy=False)


def refuse_complex(array: NDArray[Any], name: str, function: str) -> None:
    """Raise TypeError for a complex array."""
    if array.dtype.kind == "c":
        raise TypeError(f"`{name}` is complex, and {function} works with real numbers; hs.lstsq takes complex ones.")


def csr(value: Any, name: str) -> Csr:
    """Return a sparse matrix by rows, with sorted indices in range and finite entries."""
    part = _sparse.compressed(value, name=name)
    if not part.by_rows:  # its indices are in range, so that SciPy can convert it
        part = _sparse.compressed(value.tocsr(), name=name)
    data = part.data[: len(part.indices)]
    finite = np.isfinite(data)
    if not finite.all():
        at = int(np.argmin(finite))
        row = int(np.searchsorted(part.indptr, at, side="right")) - 1
        raise ValueError(_arrays.non_finite_text(name, part.shape, row, int(part.indices[at]), ()))
    return Csr(data, part.indices, part.indptr, *part.shape)


def _numbers(value: Any, name: str) -> NDArray[np.float64]:
    array = _arrays.as_array(value, name)
    if array.dtype.kind == "c":
        raise TypeError(f"`{name}` is complex; penalties are finite numbers >= 0.")
    return array.astype(np.float64)


def _check_penalties(values: NDArray[np.float64], name: str, *, positive: bool) -> None:
    fine = np.isfinite(values) & ((values > 0) if positive else (values >= 0))
    if not fine.all():
        at = int(np.argmin(fine))
        sign = ">" if positive else ">="
        raise ValueError(f"`{name}` has {values[at]:.3g} at index {at}; penalties are finite numbers {sign} 0.")
