# SPDX-License-Identifier: BSD-3-Clause
"""NumPy's functions for arrays that are being differentiated.

Four kinds: functions computed by the tape, functions that move entries (done to the ids by NumPy itself), functions of
the values alone (comparisons, arg..., rounding), and the rest of what NumPy writes in terms of arithmetic, which runs
on arrays of objects. What fits none of them is refused by name.
"""

from collections.abc import Callable
from typing import Any

import numpy as np

from . import _dual_calculus as calculus
from . import _dual_linalg as linalg
from ._dual import (
    BINARY,
    UNARY,
    Dual,
    GeneralWay,
    NotCarriedError,
    Trace,
    ids_of,
    lifted,
    objects_of,
    operand_of,
    value_of,
    words,
)

_BY_VALUE = words("""sign floor ceil trunc rint floor_divide isfinite isnan isinf signbit greater greater_equal less
less_equal equal not_equal logical_and logical_or logical_not logical_xor heaviside""")
_SAME = {"positive", "conjugate"}
_SELECT = {"maximum": np.greater_equal, "fmax": np.greater_equal, "minimum": np.less_equal, "fmin": np.less_equal}

# Functions of one array whose entries they move; further arguments are plain.
_MOVES = words("""reshape ravel transpose swapaxes moveaxis rollaxis expand_dims squeeze broadcast_to split array_split
hsplit vsplit dsplit tile repeat roll rot90 flip fliplr flipud take take_along_axis delete diag diagonal diagflat tril
triu resize copy permute_dims matrix_transpose unstack atleast_1d atleast_2d atleast_3d compress extract asarray""")
# Functions of sequences of arrays.
_JOINS = words("""concatenate concat stack vstack hstack dstack column_stack block broadcast_arrays meshgrid append
insert choose select""")
_VALUES = words("""argmax argmin argsort argpartition searchsorted nonzero flatnonzero argwhere count_nonzero isclose
allclose array_equal array_equiv any all shape ndim size round around fix iscomplex isreal iscomplexobj isrealobj
lexsort digitize array_repr array_str array2string nanargmax nanargmin isposinf isneginf sign""")


def call_ufunc(tape: Trace, ufunc: np.ufunc, method: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Do what ``ufunc.method(*inputs, **kwargs)`` asks for."""
    name = ufunc.__name__
    out = kwargs.pop("out", None)
    where = kwargs.pop("where", True)
    if where is not True and not (method == "reduce" and name in ("add", "multiply", "maximum", "minimum")):
        tape.refuse(f"numpy.{name} with where=")
    asked = kwargs.get("dtype")
    if asked is not None and asked is not np.dtypes.Float64DType and np.dtype(asked).kind != "f":
        tape.refuse(f"numpy.{name} with dtype={kwargs['dtype']!r}")
    for key in ("casting", "order", "subok", "dtype"):
        kwargs.pop(key, None)
    if method == "__call__":
        result = _call(tape, ufunc, name, inputs, kwargs)
    elif method == "reduce" and name in _REDUCTIONS:
        try:
            result = _REDUCTIONS[name](inputs[0], **({"axis": 0} | kwargs), where=where)
        except GeneralWay:
            tape.refuse(f"numpy.{name}.reduce with {', '.join([*kwargs, 'where'])}=")
    elif method == "accumulate":
        result = _through_objects(tape, f"numpy.{name}.accumulate", ufunc.accumulate, inputs, kwargs)
    elif method == "outer":
        a, b = inputs
        left = a if isinstance(a, Dual) else np.asarray(a)
        result = ufunc(left.reshape(left.shape + (1,) * np.ndim(b)), b)
    else:
        tape.refuse(f"numpy.{name}.{method}")
    return result if out is None else _store(tape, result, out[0] if isinstance(out, tuple) else out)


def _store(tape: Trace, result: Any, out: Any) -> Any:
    if isinstance(out, Dual):
        out[...] = result
    elif isinstance(result, Dual):
        tape.refuse("out= an array that holds no derivatives", "; make it with np.zeros_like(x)")
    else:
        out[...] = result
    return out


def _call(tape: Trace, ufunc: np.ufunc, name: str, inputs: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    if name in UNARY and len(inputs) == 1:
        return Dual(tape, tape.unary(UNARY[name], ids_of(tape, inputs[0])))
    if name in BINARY and len(inputs) == 2:
        return Dual(tape, tape.binary(BINARY[name], operand_of(tape, inputs[0]), operand_of(tape, inputs[1])))
    if name in _BY_VALUE:
        return ufunc(*map(value_of, inputs))
    if name in _SAME:
        return inputs[0].copy()
    if name in _SELECT:
        a, b = inputs
        first = _SELECT[name](value_of(a), value_of(b)) | np.isnan(value_of(b if name[0] == "f" else a))
        return Dual(tape, np.asarray(np.where(first, ids_of(tape, a), ids_of(tape, b))))
    if name in _UFUNCS:
        return _UFUNCS[name](*inputs, **kwargs)
    return tape.refuse(f"numpy.{name}" if ufunc is getattr(np, name, None) else name)


def call_function(tape: Trace, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """Do what ``function(*args, **kwargs)`` of NumPy asks for."""
    own = _FUNCTIONS.get(function)
    if own is not None:
        try:
            return own(*args, **kwargs)
        except GeneralWay:
            pass
    name = f"{function.__module__}.{function.__name__}"
    if function in _IN_PLACE:
        return _changed(tape, name, function, args, kwargs)
    if function in _MOVING:
        return _moved(tape, function, args, kwargs)
    if function in _OF_VALUES:
        return function(*_each(args, value_of), **{key: value_of(x) for key, x in kwargs.items()})
    if ".linalg" in function.__module__ or ".fft" in function.__module__:
        tape.refuse(name)
    return _through_objects(tape, name, function, args, kwargs)


def _each(x: Any, change: Callable[[Any], Any]) -> Any:
    """Return nested lists and tuples with their Duals changed."""
    return type(x)([_each(part, change) for part in x]) if type(x) in (list, tuple) else change(x)


def _holds_dual(x: Any) -> bool:
    return isinstance(x, Dual) or (type(x) in (list, tuple) and any(map(_holds_dual, x)))


def _moved(tape: Trace, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    def ids(x: Any) -> Any:
        if isinstance(x, range):
            x = np.asarray(x)
        return ids_of(tape, x) if isinstance(x, Dual | np.ndarray | np.generic | float | int) else x

    name = function.__name__
    every = name in ("broadcast_arrays", "meshgrid")  # each argument is an array
    values = {"append": (0, 1), "insert": (0, 2), "compress": (1,), "extract": (1,)}.get(name, (0,))
    named = ("arr", "values") if name in ("append", "insert") else ()
    changed = [_each(x, ids) if _holds_dual(x) or every or k in values else x for k, x in enumerate(args)]
    if name == "select":
        changed[:2] = [args[0], [ids(x) for x in args[1]]]
        kwargs = {**kwargs, "default": ids(args[2] if len(args) > 2 else kwargs.get("default", 0))}
        del changed[2:]
    if name == "choose":
        changed = [args[0], [ids(x) for x in args[1]]]
    by_name = {key: _each(x, ids) if _holds_dual(x) or key in named else x for key, x in kwargs.items()}
    result = function(*changed, **by_name)
    return type(result)([Dual(tape, x) for x in result]) if isinstance(result, list | tuple) else Dual(tape, result)


def _changed(tape: Trace, name: str, function: Callable[..., Any], args: tuple[Any, ...], kwargs: Any) -> None:
    """Do what changes its first argument to the ids of it."""
    at = 1 if function is np.fill_diagonal else 2
    if not isinstance(args[0], Dual):
        tape.refuse(f"{name} into an array that holds no derivatives", "; make it with np.zeros_like(x)")
    if len(args) <= at or any(map(_holds_dual, args[1:at])):
        tape.refuse(name)
    function(args[0]._ids, *args[1:at], ids_of(tape, args[at]), *args[at + 1 :], **kwargs)


def _through_objects(tape: Trace, name: str, function: Callable[..., Any], args: Any, kwargs: dict[str, Any]) -> Any:
    """Run NumPy's own function on arrays of objects, which do the arithmetic of Duals."""

    def objects(x: Any) -> Any:
        return objects_of(x) if isinstance(x, Dual) else x

    try:
        result = function(*_each(tuple(args), objects), **{key: _each(x, objects) for key, x in kwargs.items()})
    except Exception as error:  # whatever NumPy says to objects
        try:
            tape.refuse(name)
        except NotCarriedError as refused:
            raise refused from error
    if isinstance(result, np.ndarray) and result.dtype == object:
        return Dual(tape, lifted(tape, result))
    return result


# ---- selections


def where(condition: Any, *choices: Any) -> Any:
    if not choices:
        return np.where(value_of(condition))
    tape = next(x._tape for x in (*choices, condition) if isinstance(x, Dual))
    if not any(isinstance(x, Dual) for x in choices):
        return np.where(value_of(condition), *choices)
    return Dual(tape, np.asarray(np.where(value_of(condition), *(ids_of(tape, x) for x in choices))))


def clip(a: Any, a_min: Any = None, a_max: Any = None, out: Any = None, **kwargs: Any) -> Any:
    low, high = kwargs.get("min", a_min), kwargs.get("max", a_max)
    result = a if low is None else np.maximum(a, low)
    result = result if high is None else np.minimum(result, high)
    return result if out is None else _store(result._tape, result, out)


def _extreme(arg: Callable[..., Any]) -> Callable[..., Any]:
    def reduce(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False, **kwargs: Any) -> Any:
        if out is not None or kwargs.get("where", True) is not True or kwargs.get("initial") is not None:
            raise GeneralWay
        rows, shape = linalg.in_rows(a, axis, bool(keepdims))
        at = arg(rows.value, axis=-1)
        return Dual(a._tape, np.take_along_axis(rows._ids, at[..., np.newaxis], -1).reshape(shape))

    return reduce


def ptp(a: Any, axis: Any = None, out: Any = None, keepdims: Any = False) -> Any:
    return np.max(a, axis=axis, keepdims=keepdims) - np.min(a, axis=axis, keepdims=keepdims)


def sort(a: Any, axis: Any = -1, **kwargs: Any) -> Any:
    if axis is None:
        return sort(a.ravel())
    return np.take_along_axis(a, np.argsort(a.value, axis=axis, kind="stable"), axis)


def like(value: float) -> Callable[..., Any]:
    def make(a: Any, dtype: Any = None, order: Any = "K", subok: Any = True, shape: Any = None, **kwargs: Any) -> Any:
        shape = a.shape if shape is None else shape
        if dtype is not None and np.dtype(dtype).kind != "f":
            return np.full(shape, value, dtype=dtype)
        return Dual(a._tape, a._tape.constants(np.full(shape, value)))

    return make


def full_like(a: Any, fill_value: Any, dtype: Any = None, **kwargs: Any) -> Any:
    shape = kwargs.get("shape")
    source = a if isinstance(a, Dual) else fill_value
    ids = ids_of(source._tape, fill_value)
    return Dual(source._tape, np.broadcast_to(ids, np.shape(a) if shape is None else shape).copy())


def pad(array: Any, pad_width: Any, mode: Any = "constant", **kwargs: Any) -> Any:
    moves = ("constant", "edge", "reflect", "symmetric", "wrap", "empty")
    if mode not in moves or kwargs.get("reflect_type", "even") != "even":
        raise GeneralWay
    if mode == "constant" and np.any(kwargs.get("constant_values", 0)):
        tape = array._tape
        fill = kwargs["constant_values"]
        ids = np.pad(array._ids, pad_width, mode)
        filled = np.pad(np.zeros(array.shape), pad_width, mode, constant_values=value_of(fill))
        return Dual(tape, np.where(ids == 0, tape.constants(filled), ids))
    return Dual(array._tape, np.pad(array._ids, pad_width, mode))


def copyto(dst: Any, src: Any, casting: Any = "same_kind", where: Any = True) -> None:
    if not isinstance(dst, Dual):
        src._tape.refuse("numpy.copyto into an array that holds no derivatives", "; make it with np.zeros_like(x)")
    np.copyto(dst._ids, ids_of(dst._tape, src), where=where)


def modf(x: Any) -> Any:
    return x - np.trunc(x.value), np.trunc(x.value)


def nan_to_num(x: Any, copy: Any = True, nan: Any = 0.0, posinf: Any = None, neginf: Any = None) -> Any:
    plain = np.nan_to_num(x.value, nan=nan, posinf=posinf, neginf=neginf)
    return np.where(np.isfinite(x.value), x, plain)


_REDUCTIONS: dict[str, Callable[..., Any]] = {
    "add": linalg.total,
    "multiply": linalg.prod,
    "maximum": _extreme(np.argmax),
    "minimum": _extreme(np.argmin),
    "logaddexp": calculus.logaddexp_reduce,
}
_UFUNCS: dict[str, Callable[..., Any]] = {
    "matmul": linalg.matmul,
    "vecdot": linalg.vecdot,
    "matvec": linalg.matvec,
    "vecmat": linalg.vecmat,
    "copysign": lambda a, b: np.abs(a) * np.copysign(1.0, value_of(b)),
    "clip": clip,
    "modf": modf,
    "divmod": lambda a, b: (np.floor_divide(value_of(a), value_of(b)), np.remainder(a, b)),
    "xlog1py": lambda a, b: linalg.xlogy(a, 1 + b),
    "ldexp": lambda a, b: a * np.exp2(b),
    "exp10": lambda a: np.power(10.0, a),
}
_FUNCTIONS: dict[Any, Callable[..., Any]] = {
    np.sum: linalg.total,
    np.prod: linalg.prod,
    np.max: _extreme(np.argmax),
    np.min: _extreme(np.argmin),
    np.amax: _extreme(np.argmax),
    np.amin: _extreme(np.argmin),
    np.ptp: ptp,
    np.mean: linalg.mean,
    np.average: linalg.average,
    np.var: linalg.var,
    np.std: linalg.std,
    np.dot: linalg.dot,
    np.vdot: lambda a, b: linalg.dot(np.ravel(a), np.ravel(b)),
    np.inner: linalg.inner,
    np.outer: lambda a, b, out=None: np.multiply.outer(np.ravel(a), np.ravel(b)),
    np.tensordot: linalg.tensordot,
    np.einsum: linalg.einsum,
    np.trace: linalg.trace,
    np.linalg.trace: lambda x, *, offset=0, dtype=None: linalg.trace(x, offset, -2, -1),
    np.linalg.norm: linalg.norm,
    np.linalg.vector_norm: lambda x, *, axis=None, keepdims=False, ord=2: linalg.norm(
        x.ravel() if axis is None else x, ord, axis, keepdims
    ),
    np.linalg.det: linalg.det,
    np.linalg.slogdet: linalg.slogdet,
    np.linalg.inv: linalg.inv,
    np.linalg.solve: linalg.solve,
    np.linalg.matrix_power: linalg.matrix_power,
    np.linalg.multi_dot: lambda arrays, *, out=None: linalg.chain(arrays),
    np.linalg.matmul: lambda a, b: np.matmul(a, b),
    np.linalg.outer: lambda a, b: np.multiply.outer(a, b),
    np.linalg.vecdot: lambda a, b, *, axis=-1: linalg.vecdot(np.moveaxis(a, axis, -1), np.moveaxis(b, axis, -1)),
    np.linalg.diagonal: lambda x, *, offset=0: np.diagonal(x, offset, -2, -1),
    np.linalg.matrix_transpose: lambda x: x.mT,
    np.where: where,
    np.clip: clip,
    np.sort: sort,
    np.pad: pad,
    np.copyto: copyto,
    np.piecewise: calculus.piecewise,
    np.interp: calculus.interp,
    np.gradient: calculus.gradient,
    np.median: calculus.median,
    np.nan_to_num: nan_to_num,
    np.diff: calculus.diff,
    np.cumsum: calculus.cumsum,
    np.cumprod: calculus.cumprod,
    np.zeros_like: like(0.0),
    np.empty_like: like(0.0),
    np.ones_like: like(1.0),
    np.full_like: full_like,
    np.real: lambda x: x,
    np.imag: lambda x: np.zeros(x.shape),
    np.sinc: lambda x: Dual(x._tape, x._tape.unary(UNARY["sinc"], x._ids)),
    np.result_type: lambda *args: np.result_type(*(np.float64 if isinstance(x, Dual) else x for x in args)),
    np.nansum: lambda a, axis=None, **kwargs: np.sum(np.where(np.isnan(a.value), 0.0, a), axis=axis, **kwargs),
}
_MOVING = {getattr(np, name) for name in (*_MOVES, *_JOINS) if hasattr(np, name)}
_IN_PLACE = {np.put, np.putmask, np.place, np.put_along_axis, np.fill_diagonal}
_OF_VALUES = {getattr(np, name) for name in _VALUES if hasattr(np, name)}
