# SPDX-License-Identifier: BSD-3-Clause
"""Arguments of the losses of generalised linear models: checked, named where they are wrong, in one dtype."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core, _design, _operands, _sparse
from ._reasons import Reason

FAMILIES = ("gaussian", "logistic", "poisson", "huber", "squared-hinge", "softmax")
_WITH_LABELS = ("huber", "squared-hinge")  # whose second derivative depends on y
OK = 0
_NON_FINITE = _core.REASONS.index(Reason.non_finite.value)


class Problem(NamedTuple):
    """X, and everything else, as the compiled module takes them."""

    X: Any  # (m, n) ndarray, or (indptr, indices, data, n)
    loss: _core.GlmLoss
    shape: tuple[int, int]
    family: str
    coef: NDArray[Any]  # (K, variables)
    data: NDArray[Any]  # the entries of X

    def raise_for(self, outcome: tuple[int, int]) -> None:
        """Raise where something was not finite."""
        reason, row = outcome
        if reason == OK:
            return
        if reason != _NON_FINITE:
            raise RuntimeError(f"unexpected outcome {outcome}")
        if row < 0:
            text = f"the Hessian for `X` {self.shape} overflows in {self.data.dtype}: scale the columns of `X`"
            raise ValueError(f"{text}, or the weights.")
        if isinstance(self.X, np.ndarray):
            finite = np.isfinite(self.X[row])
            if not finite.all():
                raise ValueError(_arrays.non_finite_text("X", self.shape, row, int(np.argmin(finite)), ()))
        what = "exp(x^T coef)" if self.family == "poisson" else "x^T coef"
        raise ValueError(
            f"`X` {self.shape} and `coef` {self.coef.shape}: {what} overflows in {self.data.dtype} at row {row}; "
            "scale `X`, or begin from a smaller `coef`."
        )


def problem_of(
    X: Any,
    y: Any,
    coef: Any,
    family: Any,
    delta: Any,
    sample_weight: Any,
    alpha: Any,
    fit_intercept: Any,
    reduction: Any,
    zero_weights: bool = False,
) -> Problem:
    """Return the checked problem; ``zero_weights``: all weights may be zero, where the sum is."""
    _arrays.choice(family, "family", FAMILIES)
    intercept = _arrays.flag(fit_intercept, "fit_intercept")
    mean = _arrays.choice(reduction, "reduction", ("sum", "mean")) == "mean"
    width = delta_of(delta)
    penalty = _design.one_alpha(alpha)
    matrix, data = real_matrix(X, "X")
    m, n = matrix.shape
    if m == 0 and mean:
        raise ValueError(f"`X` {(m, n)} has no rows, and so there is no mean; use reduction='sum'.")
    beta = _coefficients(coef, family, (m, n), intercept, data.dtype)
    labels = _labels(y, family, (m, n), len(beta))
    weights = row_weights(sample_weight, m, "sample_weight", "X", data.dtype, zero_weights)
    if mean and weights is not None:
        total_of(weights)
    target = None if labels is None else cast(labels, "y", data.dtype)
    loss = _core.GlmLoss(beta, target, weights, family, width, intercept, penalty, mean)
    sparse = isinstance(matrix, _design.Csr)
    core = (matrix.indptr, matrix.indices, matrix.data, matrix.columns) if sparse else matrix
    return Problem(core, loss, (m, n), family, beta, data)


def real_matrix(value: Any, name: str) -> tuple[Any, NDArray[Any]]:
    """Return a real matrix as an ndarray or Csr, and its entries."""
    if _sparse.is_sparse(value):
        part = _design.csr(value, name)
        refuse_complex(part.data, name)
        return part, part.data
    array = _operands.one_matrix(value, name, "this function")
    refuse_complex(array, name)
    return array, array


def refuse_complex(array: NDArray[Any], name: str) -> None:
    if array.dtype.kind == "c":
        raise TypeError(f"`{name}` is complex; losses are functions of real numbers. Take its real part if it has one.")


def cast(array: NDArray[Any], name: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return finite numbers, contiguous, in another dtype, which must hold them."""
    with np.errstate(over="ignore"):
        result = np.ascontiguousarray(array, dtype=dtype)
    if result is not array and not np.isfinite(result).all():
        raise ValueError(f"`{name}` {array.shape} overflows in {dtype}, the dtype of the matrix; pass that in float64.")
    return result


def _coefficients(
    coef: Any, family: str, shape: tuple[int, int], intercept: bool, dtype: np.dtype[Any]
) -> NDArray[Any]:
    """Return coefficients as (K, variables)."""
    array = _arrays.as_array(coef, "coef")
    refuse_complex(array, "coef")
    width = shape[1] + int(intercept)
    several = family == "softmax"
    if array.ndim != (2 if several else 1) or array.shape[-1] != width or (several and len(array) < 2):
        needed = f"(K, {width}) with K >= 2" if several else f"({width},)"
        last = " (the intercept comes last)" if intercept else ""
        raise ValueError(f"`coef` {array.shape} does not fit `X` {shape}; {needed} is needed{last}.")
    _arrays.check_finite(array, "coef")
    return cast(np.atleast_2d(array), "coef", dtype)


def _labels(y: Any, family: str, shape: tuple[int, int], classes: int) -> NDArray[Any] | None:
    """Return labels in the family's range, those of two classes as -1 and 1; None where the Hessian needs none."""
    if y is None:
        if family in _WITH_LABELS:
            raise ValueError(f"`y` is None, and family={family!r} needs it: its second derivative depends on y.")
        return None
    array = _arrays.as_array(y, "y")
    refuse_complex(array, "y")
    if array.shape != (shape[0],):
        raise ValueError(f"`y` {array.shape} does not fit `X` {shape}; ({shape[0]},) is needed.")
    _arrays.check_finite(array, "y")
    if family in ("logistic", "squared-hinge"):
        zeros = array == 0
        wrong, valid = ~(zeros | (np.abs(array) == 1)), "labels are 0 and 1, or -1 and 1"
        if not wrong.any() and zeros.any() and (array == -1).any():
            wrong, valid = array == -1, "there are labels 0 as well, so that they are 0 and 1"
    elif family == "poisson":
        wrong, valid = array < 0, "counts are >= 0"
    elif family == "softmax":
        wrong = (array != np.floor(array)) | (array < 0) | (array >= classes)
        valid = f"`coef` has {classes} rows, so that labels are integers 0 to {classes - 1}"
    else:
        wrong, valid = np.zeros(0, dtype=bool), ""
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"`y` {array.shape} has {array[row]:g} at row {row}; {valid}.")
    if family not in _WITH_LABELS:
        return None
    return np.where(array == 0, -1.0, array) if family == "squared-hinge" else array


def delta_of(value: Any) -> float:
    return _arrays.real(value, "delta", "it is a finite number > 0", lambda number: 0 < number < np.inf)


def total_of(weights: NDArray[Any]) -> float:
    """Return the sum of weights in float64, which must hold it."""
    with np.errstate(over="ignore"):
        total = float(np.sum(weights, dtype=np.float64))
    if not np.isfinite(total):
        raise ValueError(f"`sample_weight` {weights.shape}: its sum overflows in float64; scale the weights.")
    return total


def row_weights(
    value: Any, rows: int, name: str, matrix: str, dtype: np.dtype[Any], zero: bool = False
) -> NDArray[Any] | None:
    """Return weights, finite and >= 0, in another dtype, in whose range they must be; ``zero``: they may all be 0."""
    if value is None:
        return None
    array = _arrays.as_array(value, name)
    if array.shape != (rows,):
        raise ValueError(f"`{name}` {array.shape} does not fit `{matrix}` with {rows} rows; ({rows},) is needed.")
    if array.dtype.kind == "c":
        raise TypeError(f"`{name}` is complex; weights are real numbers >= 0.")
    wrong = ~(np.isfinite(array) & (array >= 0))
    if wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(f"`{name}` {array.shape} has {array[row]:g} at row {row}; weights are finite numbers >= 0.")
    if rows and not zero and not array.any():
        raise ValueError(f"`{name}` {array.shape} is all zero; at least one weight must be positive.")
    result = cast(array, name, dtype)
    if result is not array and array.dtype != dtype:
        lost = (array > 0) & (array < np.finfo(dtype).tiny)
        if lost.any():
            row = int(np.argmax(lost))
            raise ValueError(
                f"`{name}` {array.shape} has {array[row]:g} at row {row}, too small for {dtype}, the dtype of "
                f"`{matrix}`; scale the weights, set it to 0, or pass `{matrix}` in float64."
            )
    return result


def residual_of(value: Any, shape: tuple[int, int], dtype: np.dtype[Any]) -> NDArray[Any]:
    array = _arrays.as_array(value, "residual")
    refuse_complex(array, "residual")
    if array.shape != (shape[0],):
        raise ValueError(f"`residual` {array.shape} does not fit `J` {shape}; ({shape[0]},) is needed.")
    _arrays.check_finite(array, "residual")
    return cast(array, "residual", dtype)
