# SPDX-License-Identifier: BSD-3-Clause
"""Sums, products of matrices, norms, determinants and solves of arrays that are being differentiated."""

import operator
from functools import reduce
from typing import Any

import numpy as np

from ._dual import BINARY, Dual, GeneralWay, Trace, ids_of, operand_of


def tape_of(*arrays: Any) -> Trace:
    return next(x._tape for x in arrays if isinstance(x, Dual))


def in_rows(a: Any, axis: Any, keepdims: bool) -> tuple[Any, tuple[int, ...]]:
    """Return ``a`` with the axes to reduce over as its one last axis, and the shape of the result."""
    if axis is None:
        return a.reshape(-1), (1,) * a.ndim if keepdims else ()
    axes = {operator.index(k) % a.ndim if -a.ndim <= k < a.ndim else _no_axis(k, a) for k in np.atleast_1d(axis)}
    kept = [k for k in range(a.ndim) if k not in axes]
    rows = a.transpose(*kept, *sorted(axes))
    rows = rows.reshape(*(a.shape[k] for k in kept), int(np.prod([a.shape[k] for k in axes], dtype=int)))
    shape = tuple(1 if k in axes else size for k, size in enumerate(a.shape) if keepdims or k not in axes)
    return rows, shape


def _no_axis(axis: int, a: Any) -> int:
    raise np.exceptions.AxisError(axis, a.ndim)


def row_dot(a: Any, b: Any) -> Dual:
    """Sum ``a b`` over the last axis; both broadcast."""
    tape = tape_of(a, b)
    return Dual(tape, tape.row_dot(operand_of(tape, a), operand_of(tape, b)))


def total(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = 0,
    where: Any = True,
) -> Any:
    if out is not None or not isinstance(a, Dual):
        raise GeneralWay
    if dtype is not None and np.dtype(dtype).kind != "f":
        a._tape.refuse(f"numpy.sum with dtype={dtype!r}")
    if where is not True:
        a = np.where(where, *_pair(a, 0.0))
    rows, shape = in_rows(a, axis, keepdims is True)
    result = row_dot(rows, 1.0).reshape(shape)
    return result if initial is np._NoValue or (type(initial) is int and initial == 0) else result + initial


def prod(
    a: Any,
    axis: Any = None,
    dtype: Any = None,
    out: Any = None,
    keepdims: Any = False,
    initial: Any = 1,
    where: Any = True,
) -> Any:
    if out is not None:
        raise GeneralWay
    if where is not True:
        a = np.where(where, *_pair(a, 1.0))
    rows, shape = in_rows(a, axis, keepdims is True)
    while rows.shape[-1] > 1:  # in pairs: no quotients, so that zeros do no harm
        half = rows.shape[-1] // 2
        pairs = rows[..., :half] * rows[..., half : 2 * half]
        rows = np.concatenate([pairs, rows[..., 2 * half :]], axis=-1) if rows.shape[-1] % 2 else pairs
    result = (rows if rows.shape[-1] else np.ones_like(a, shape=(*rows.shape[:-1], 1))).reshape(shape)
    return result if initial is np._NoValue or (type(initial) is int and initial == 1) else result * initial


def mean(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, keepdims: Any = False, *, where: Any = True
) -> Any:
    if out is not None or where is not True:
        raise GeneralWay
    sums = total(a, axis, keepdims=keepdims)
    return sums / (a.size / sums.size if sums.size else 1)


def average(a: Any, axis: Any = None, weights: Any = None, returned: Any = False, **kwargs: Any) -> Any:
    if returned or kwargs:
        raise GeneralWay
    if weights is None:
        return np.mean(a, axis=axis)
    w = weights if isinstance(weights, Dual) else np.asarray(weights)
    if w.shape != np.shape(a) and axis is not None:
        w = w.reshape([-1 if k == axis % np.ndim(a) else 1 for k in range(np.ndim(a))])
    return np.sum(a * w, axis=axis) / np.sum(w * np.ones(np.shape(a)), axis=axis)


def var(
    a: Any, axis: Any = None, dtype: Any = None, out: Any = None, ddof: Any = 0, keepdims: Any = False, **kwargs: Any
) -> Any:
    if out is not None or kwargs.pop("where", True) is not True:
        raise GeneralWay
    ddof = kwargs.pop("correction", ddof)
    centred = a - mean(a, axis, keepdims=True)
    squares = total(centred * centred, axis, keepdims=keepdims)
    return squares / (a.size / max(squares.size, 1) - (0 if ddof is np._NoValue else ddof))


def std(a: Any, *args: Any, **kwargs: Any) -> Any:
    return np.sqrt(var(a, *args, **kwargs))


def _pair(*both: Any) -> Any:
    return both


def xlogy(a: Any, b: Any) -> Any:
    tape = tape_of(a, b)
    return Dual(tape, tape.binary(BINARY["xlogy"], operand_of(tape, a), operand_of(tape, b)))


# ---- products


def _array(x: Any) -> Any:
    return x if isinstance(x, Dual) else np.asarray(x)


def matmul(a: Any, b: Any, **kwargs: Any) -> Any:
    a, b = _array(a), _array(b)
    if kwargs or a.ndim == 0 or b.ndim == 0:
        raise ValueError("matmul needs arrays of one dimension or more")
    left = a[np.newaxis, :] if a.ndim == 1 else a
    right = b[:, np.newaxis] if b.ndim == 1 else b
    if left.shape[-1] != right.shape[-2]:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape} do not fit")
    product = row_dot(left[..., :, np.newaxis, :], right.mT[..., np.newaxis, :, :])
    if b.ndim == 1:
        product = product[..., 0]
    return (product[..., 0] if b.ndim == 1 else product[..., 0, :]) if a.ndim == 1 else product


def vecdot(a: Any, b: Any, **kwargs: Any) -> Any:
    return row_dot(_array(a), _array(b))


def matvec(a: Any, b: Any, **kwargs: Any) -> Any:
    return row_dot(_array(a), _array(b)[..., np.newaxis, :])


def vecmat(a: Any, b: Any, **kwargs: Any) -> Any:
    return row_dot(_array(a)[..., np.newaxis, :], _array(b).mT)


def dot(a: Any, b: Any, out: Any = None) -> Any:
    if out is not None:
        raise GeneralWay
    a, b = _array(a), _array(b)
    if a.ndim == 0 or b.ndim == 0:
        return a * b
    return tensordot(a, b, ([-1], [-1 if b.ndim == 1 else -2]))


def inner(a: Any, b: Any) -> Any:
    a, b = _array(a), _array(b)
    return a * b if a.ndim == 0 or b.ndim == 0 else tensordot(a, b, ([-1], [-1]))


def tensordot(a: Any, b: Any, axes: Any = 2) -> Any:
    a, b = _array(a), _array(b)
    if isinstance(axes, int):
        axes = (list(range(a.ndim - axes, a.ndim)), list(range(axes)))
    over_a = [int(k) % a.ndim for k in np.atleast_1d(axes[0])]
    over_b = [int(k) % b.ndim for k in np.atleast_1d(axes[1])]
    if [a.shape[k] for k in over_a] != [b.shape[k] for k in over_b]:
        raise ValueError(f"shapes {a.shape} and {b.shape} do not fit along axes {over_a} and {over_b}")
    kept_a = [k for k in range(a.ndim) if k not in over_a]
    kept_b = [k for k in range(b.ndim) if k not in over_b]
    shape = tuple(a.shape[k] for k in kept_a) + tuple(b.shape[k] for k in kept_b)
    length = int(np.prod([a.shape[k] for k in over_a], dtype=int))
    left = a.transpose(*kept_a, *over_a).reshape(-1, 1, length) if a.size else a.reshape(0, 1, length)
    right = b.transpose(*kept_b, *over_b).reshape(1, -1, length) if b.size else b.reshape(1, 0, length)
    return row_dot(left, right).reshape(shape)


def einsum(subscripts: Any, *operands: Any, **kwargs: Any) -> Any:
    """Multiply over all labels and sum over those that the result does not have."""
    if not isinstance(subscripts, str) or "." in subscripts or kwargs.get("out") is not None:
        raise GeneralWay
    inputs, arrow, output = subscripts.replace(" ", "").partition("->")
    terms = inputs.split(",")
    if not arrow:
        letters = inputs.replace(",", "")
        output = "".join(sorted(c for c in set(letters) if letters.count(c) == 1))
    summed = "".join(dict.fromkeys(c for term in terms for c in term if c not in output))
    labels = output + summed
    factors = []
    for term, operand in zip(terms, operands, strict=True):
        x = _array(operand)
        while len(set(term)) < len(term):  # a label twice: the diagonal
            twice = next(c for c in term if term.count(c) > 1)
            i, j = term.index(twice), term.rindex(twice)
            x = np.diagonal(x, axis1=i, axis2=j)
            term = term[:i] + term[i + 1 : j] + term[j + 1 :] + twice
        order = sorted(range(len(term)), key=[labels.index(c) for c in term].__getitem__)
        own = dict(zip(term, x.shape, strict=True))
        factors.append(x.transpose(*order).reshape([own.get(c, 1) for c in labels]))
    sizes = [max(f.shape[k] for f in factors) for k in range(len(labels))]
    kept, over = tuple(sizes[: len(output)]), sizes[len(output) :]
    last = factors[-1] if len(factors) > 1 else 1.0
    first = reduce(operator.mul, factors[:-1] or factors)
    if not over:
        return first * last
    rows = [
        np.broadcast_to(_array(x), sizes).reshape(*kept, int(np.prod(over))) if np.ndim(x) else x for x in (first, last)
    ]
    return row_dot(*rows)


def trace(a: Any, offset: int = 0, axis1: int = 0, axis2: int = 1, dtype: Any = None, out: Any = None) -> Any:
    return np.sum(np.diagonal(a, offset, axis1, axis2), axis=-1)


def norm(x: Any, ord: Any = None, axis: Any = None, keepdims: bool = False) -> Any:
    plain = ord is None or (ord == "fro") or (ord == 2 and (x.ndim == 1 or isinstance(axis, int)))
    vector = (axis is None and x.ndim == 1) or isinstance(axis, int) or (isinstance(axis, tuple) and len(axis) == 1)
    if plain:
        if vector and ord == "fro":
            raise ValueError(f"Invalid norm order {ord!r} for vectors")
        return np.sqrt(total(x * x, axis, keepdims=keepdims))
    size = np.abs(x)
    if vector:
        if ord == np.inf:
            return np.max(size, axis=axis, keepdims=keepdims)
        if ord == -np.inf:
            return np.min(size, axis=axis, keepdims=keepdims)
        if ord == 1:
            return total(size, axis, keepdims=keepdims)
        if isinstance(ord, int | float) and ord != 0:
            return total(size**ord, axis, keepdims=keepdims) ** (1.0 / ord)
    elif x.ndim == 2 and axis is None and ord in (1, -1, np.inf, -np.inf) and not keepdims:
        sums = total(size, axis=0 if abs(ord) == 1 else 1)
        return np.max(sums) if ord > 0 else np.min(sums)
    return x._tape.refuse(f"numpy.linalg.norm with ord={ord!r}")


# ---- elimination, with rows exchanged by size


def _batch(function: Any, A: Any, *others: Any) -> Any:
    """Apply a function of one matrix to a stack."""
    stack = [function(*parts) for parts in zip(*(x.reshape(-1, *x.shape[-2:]) for x in (A, *others)), strict=True)]
    result = np.stack(stack)
    return result.reshape(A.shape[:-2] + result.shape[1:])


def _eliminated(A: Any, B: Any) -> tuple[Any, Any, float] | None:
    """Return U and what becomes of B, and the sign of the exchanges; None where a pivot is zero."""
    n = A.shape[0]
    A, B, sign = A.copy(), B.copy(), 1.0
    for k in range(n):
        p = k + int(np.argmax(np.abs(A.value[k:, k])))
        if A.value[p, k] == 0:
            return None
        if p != k:
            A[[k, p]], B[[k, p]], sign = A[[p, k]], B[[p, k]], -sign
        factor = A[k + 1 :, k] / A[k, k]
        A[k + 1 :, k + 1 :] = A[k + 1 :, k + 1 :] - factor[:, np.newaxis] * A[k, k + 1 :]
        B[k + 1 :] = B[k + 1 :] - factor[:, np.newaxis] * B[k]
    return A, B, sign


def _square(A: Any, name: str) -> None:
    if A.ndim < 2 or A.shape[-1] != A.shape[-2]:
        raise np.linalg.LinAlgError(f"{name}: {A.shape} is not a square matrix")


def det(a: Any) -> Any:
    _square(a, "det")
    if a.ndim > 2:
        return _batch(det, a)
    n = a.shape[0]
    if n == 0:
        return np.ones_like(a, shape=())
    if n == 1:
        return a[0, 0]
    if n == 2:
        return a[0, 0] * a[1, 1] - a[0, 1] * a[1, 0]
    if n == 3:
        return np.sum(a[0] * np.cross(a[1], a[2]))
    found: Any = _eliminated(a, a[:, :0])
    if found is not None:
        return np.prod(np.diagonal(found[0])) * found[2]
    F: Any = a  # singular: without quotients, n^4 (Bird, Inf. Process. Lett. 111 (2011), doi 10.1016/j.ipl.2011.08.006)
    for _ in range(n - 1):
        d: Any = np.diagonal(F)
        lower = np.stack([-np.sum(d[i + 1 :]) if i + 1 < n else np.zeros_like(d[0]) for i in range(n)])
        F = (np.triu(F, 1) + np.diag(lower)) @ a
    return F[0, 0] if n % 2 else -F[0, 0]


def slogdet(a: Any) -> Any:
    _square(a, "slogdet")
    if a.ndim > 2:
        a._tape.refuse("numpy.linalg.slogdet of a stack")
    found: Any = _eliminated(a, a[:, :0])
    if found is None:
        a._tape.refuse("numpy.linalg.slogdet of a singular matrix")
    diagonal: Any = np.diagonal(found[0])
    kind = np.linalg.slogdet(np.eye(1))
    return type(kind)(np.prod(np.sign(diagonal.value)) * found[2], np.sum(np.log(np.abs(diagonal))))


def solve(a: Any, b: Any) -> Any:
    tape = tape_of(a, b)
    a, b = (Dual(tape, ids_of(tape, x)) for x in (a, b))
    _square(a, "solve")
    if b.ndim == 1:
        return solve(a, b[:, np.newaxis])[..., 0]
    if a.ndim > 2 or b.ndim > 2:
        batch = np.broadcast_shapes(a.shape[:-2], b.shape[:-2])
        a, b = (np.broadcast_to(x, batch + x.shape[-2:]) for x in (a, b))
        return _batch(solve, a, b)
    found = _eliminated(a, b)
    if found is None:
        raise np.linalg.LinAlgError("Singular matrix")
    U, B, _ = found
    X = B.copy()
    for k in reversed(range(a.shape[0])):
        X[k] = (B[k] - (U[k, k + 1 :] @ X[k + 1 :] if k + 1 < a.shape[0] else 0.0)) / U[k, k]
    return X


def inv(a: Any) -> Any:
    _square(a, "inv")
    return solve(a, np.broadcast_to(np.eye(a.shape[-1]), a.shape))


def matrix_power(a: Any, n: int) -> Any:
    _square(a, "matrix_power")
    if n < 0:
        a, n = inv(a), -n
    result = np.eye(a.shape[-1]) + np.zeros_like(a)
    for bit in bin(n)[2:]:
        result = result @ result
        if bit == "1":
            result = result @ a
    return result


def chain(arrays: Any) -> Any:
    return reduce(np.matmul, arrays)
