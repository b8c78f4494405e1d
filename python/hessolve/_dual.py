# SPDX-License-Identifier: BSD-3-Clause
"""Arrays whose derivatives are known: what a function written with NumPy is called with to be differentiated exactly.

A `Dual` holds ids of numbers on a tape of the compiled module, which keeps of each number its value and its first and
second partial derivatives. Arithmetic happens there; indexing, reshaping and selecting only move ids, by NumPy itself.
What cannot be carried raises `NotCarriedError`, which names it: a derivative is never lost in silence.
"""

from collections.abc import Callable, Iterator
from typing import Any, NoReturn

import numpy as np
from numpy.typing import NDArray

from . import _core

Ids = NDArray[np.int64]
UNARY = {name: code for code, name in enumerate(_core.UNARY)}
BINARY = {name: code for code, name in enumerate(_core.BINARY)}
UNARY |= {"absolute": UNARY["abs"], "fabs": UNARY["abs"]}
UNARY |= {"deg2rad": UNARY["radians"], "rad2deg": UNARY["degrees"]}
BINARY |= {"float_power": BINARY["power"]}
_FLOAT = np.dtype(np.float64)


def words(text: str) -> list[str]:
    return text.split()


class NotCarriedError(TypeError):
    """Something was done with numbers that are being differentiated that exact derivatives cannot follow."""


class GeneralWay(Exception):
    """Arguments that a function of the tape has no form for: NumPy's own code, on arrays of objects, takes over."""


class Trace(_core.Tape):
    """A tape, and what it was asked for in vain."""

    refused = ""  # the sentence about it
    read = False  # whether the function has looked at values

    def refuse(self, what: str, instead: str = "") -> NoReturn:
        self.refused = f"{what} cannot be differentiated exactly{instead}."
        raise NotCarriedError(self.refused)


def _arithmetic(name: str, *, swapped: bool = False) -> Callable[["Dual", Any], Any]:
    code = BINARY[name]

    def method(self: "Dual", other: Any) -> Any:
        kind = type(other)
        if kind is Dual and other._tape is self._tape:
            operand: Any = other._ids
        elif isinstance(other, float | int):
            operand = other
        else:
            operand = operand_of(self._tape, other)
        tape, ids = self._tape, self._ids
        return Dual(tape, tape.binary(code, operand, ids) if swapped else tape.binary(code, ids, operand))

    return method


def _in_place(name: str) -> Callable[["Dual", Any], "Dual"]:
    compute = _arithmetic(name)

    def method(self: "Dual", other: Any) -> "Dual":
        if self._ids.ndim == 0:  # numbers do not change: the name gets a new one
            return compute(self, other)  # type: ignore[no-any-return]
        self._ids[...] = compute(self, other)._ids
        return self

    return method


def _comparison(name: str) -> Callable[["Dual", Any], Any]:
    compare = getattr(np, name)

    def method(self: "Dual", other: Any) -> Any:
        return compare(self.value, value_of(other))

    return method


def _numpy(name: str) -> Callable[..., Any]:
    """Return the method of an array that does what the function of NumPy of this name does."""

    def method(self: "Dual", *args: Any, **kwargs: Any) -> Any:
        return getattr(np, name)(self, *args, **kwargs)

    return method


class Dual:
    """An array of numbers that are being differentiated; it looks like an array of float64."""

    __array_priority__ = 1000.0
    __hash__ = None  # type: ignore[assignment]  # compared by value, entry by entry
    __slots__ = ("_ids", "_tape")

    def __init__(self, tape: Trace, ids: Any) -> None:
        self._tape = tape
        self._ids = ids

    # what an array is
    shape = property(lambda self: self._ids.shape)
    ndim = property(lambda self: self._ids.ndim)
    size = property(lambda self: self._ids.size)
    dtype = property(lambda self: _FLOAT)
    T = property(lambda self: Dual(self._tape, self._ids.T))
    mT = property(lambda self: Dual(self._tape, self._ids.mT))
    real = property(lambda self: self)
    imag = property(lambda self: np.zeros(self._ids.shape))
    flat = property(lambda self: iter(self.ravel()))

    @property
    def value(self) -> NDArray[np.float64]:
        """The numbers themselves, as an array that knows nothing of derivatives."""
        self._tape.read = True
        return self._tape.values(self._ids)

    def __len__(self) -> int:
        return len(self._ids)

    def __iter__(self) -> Iterator["Dual"]:
        return (self[i] for i in range(len(self._ids)))

    def __getitem__(self, key: Any) -> "Dual":
        ids = self._ids[self._key(key)]
        return Dual(self._tape, ids if isinstance(ids, np.ndarray) else np.asarray(ids))

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ids[self._key(key)] = ids_of(self._tape, value)

    def _key(self, key: Any) -> Any:
        if isinstance(key, Dual) or (isinstance(key, tuple) and any(isinstance(part, Dual) for part in key)):
            self._tape.refuse("indexing by numbers that are differentiated")
        return key

    def __repr__(self) -> str:
        return f"Dual({self.value!r})"

    def __bool__(self) -> bool:
        return bool(self.value)

    def __float__(self) -> float:
        self._tape.refuse(
            "float()", ", which keeps the value alone; np.array of a list, or np.zeros_like(x), keeps both"
        )

    def __int__(self) -> int:
        self._tape.refuse("int()")

    def __index__(self) -> int:
        self._tape.refuse("use as an index")

    def __complex__(self) -> complex:
        self._tape.refuse("complex()")

    # arithmetic
    __add__, __radd__, __iadd__ = _arithmetic("add"), _arithmetic("add", swapped=True), _in_place("add")
    __sub__, __rsub__ = _arithmetic("subtract"), _arithmetic("subtract", swapped=True)
    __mul__, __rmul__, __imul__ = _arithmetic("multiply"), _arithmetic("multiply", swapped=True), _in_place("multiply")
    __truediv__, __rtruediv__ = _arithmetic("divide"), _arithmetic("divide", swapped=True)
    __pow__, __rpow__, __ipow__ = _arithmetic("power"), _arithmetic("power", swapped=True), _in_place("power")
    __mod__, __rmod__ = _arithmetic("remainder"), _arithmetic("remainder", swapped=True)
    __isub__, __itruediv__ = _in_place("subtract"), _in_place("divide")
    __lt__, __le__, __gt__ = _comparison("less"), _comparison("less_equal"), _comparison("greater")
    __ge__ = _comparison("greater_equal")
    __eq__, __ne__ = _comparison("equal"), _comparison("not_equal")

    def __neg__(self) -> "Dual":
        return Dual(self._tape, self._tape.unary(UNARY["negative"], self._ids))

    def __pos__(self) -> "Dual":
        return Dual(self._tape, self._ids.copy())

    def __abs__(self) -> "Dual":
        return Dual(self._tape, self._tape.unary(UNARY["abs"], self._ids))

    def __matmul__(self, other: Any) -> Any:
        return self.__array_ufunc__(np.matmul, "__call__", self, other)

    def __rmatmul__(self, other: Any) -> Any:
        return self.__array_ufunc__(np.matmul, "__call__", other, self)

    def __floordiv__(self, other: Any) -> Any:
        return np.floor_divide(self.value, value_of(other))

    def __rfloordiv__(self, other: Any) -> Any:
        return np.floor_divide(value_of(other), self.value)

    def __divmod__(self, other: Any) -> Any:
        return self // other, self % other

    def __round__(self, digits: int = 0) -> Any:
        return np.round(self.value, digits)

    def __floor__(self) -> Any:
        return np.floor(self.value)

    def __ceil__(self) -> Any:
        return np.ceil(self.value)

    def __trunc__(self) -> Any:
        return np.trunc(self.value)

    # methods of arrays that only move entries
    def reshape(self, *shape: Any, **kwargs: Any) -> "Dual":
        return Dual(self._tape, self._ids.reshape(*shape, **kwargs))

    def ravel(self, order: Any = "C") -> "Dual":
        return Dual(self._tape, self._ids.ravel(order))

    def flatten(self, order: Any = "C") -> "Dual":
        return Dual(self._tape, self._ids.flatten(order))

    def transpose(self, *axes: Any) -> "Dual":
        return Dual(self._tape, self._ids.transpose(*axes))

    def copy(self, order: Any = "C") -> "Dual":
        return Dual(self._tape, self._ids.copy(order))

    def __copy__(self) -> "Dual":
        return self.copy()

    def __deepcopy__(self, memo: Any) -> "Dual":
        return self.copy()

    def item(self, *index: Any) -> "Dual":
        return Dual(self._tape, np.asarray(self._ids.item(*index)))

    def tolist(self) -> Any:
        return [row.tolist() for row in self] if self.ndim else self

    def astype(self, dtype: Any, **kwargs: Any) -> "Dual":
        if np.dtype(dtype).kind != "f" and np.dtype(dtype) != object:
            self._tape.refuse(f"astype({np.dtype(dtype)})")
        return self.copy()

    def fill(self, value: Any) -> None:
        self[...] = value

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and not kwargs and len(inputs) == 1:
            code = UNARY.get(ufunc.__name__)
            if code is not None:
                return Dual(self._tape, self._tape.unary(code, self._ids))
        from ._dual_functions import call_ufunc

        return call_ufunc(self._tape, ufunc, method, inputs, kwargs)

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        from ._dual_functions import call_function

        return call_function(self._tape, function, args, kwargs)


_METHODS = words("""all any argmax argmin argsort clip conj conjugate cumprod cumsum diagonal dot max mean min prod ptp
repeat round squeeze std sum swapaxes take trace var searchsorted nonzero""")
_FUNCTIONS = words("""exp exp2 expm1 log log2 log10 log1p sqrt cbrt sin cos tan arcsin arccos arctan sinh cosh tanh
arcsinh arccosh arctanh square reciprocal absolute fabs radians degrees deg2rad rad2deg sign rint floor ceil trunc
arctan2 hypot logaddexp logaddexp2 isfinite isnan isinf""")  # NumPy calls these of the entries of an object array
for _name in (*_METHODS, *_FUNCTIONS):
    setattr(Dual, _name, _numpy(_name))


def value_of(x: Any) -> Any:
    """Return numbers without their derivatives."""
    return x.value if isinstance(x, Dual) else x


def operand_of(tape: Trace, x: Any) -> Any:
    """Return what the tape takes: ids of numbers that are differentiated, float64 for numbers that are not."""
    if isinstance(x, Dual):
        if x._tape is not tape:
            tape.refuse("a derivative within a function that is being differentiated")
        return x._ids
    array = np.asarray(x)
    if array.dtype == object:
        return lifted(tape, array)
    if array.dtype.kind not in "fiub":
        tape.refuse(f"arithmetic with {array.dtype} numbers")
    return array.astype(np.float64, copy=False)


def ids_of(tape: Trace, x: Any) -> Ids:
    """Return ids of numbers on the tape, new ones for what is not differentiated."""
    operand = operand_of(tape, x)
    return operand if operand.dtype == np.int64 else tape.constants(operand)


def lifted(tape: Trace, array: NDArray[Any]) -> Ids:
    """Return the ids of an array of objects, some of which are differentiated."""
    ids = np.empty(array.shape, dtype=np.int64)
    for index in np.ndindex(array.shape):
        entry: Any = array[index]
        if not isinstance(entry, Dual):
            try:
                entry = float(entry)
            except (TypeError, ValueError):
                tape.refuse(f"an array with a {type(entry).__name__}")
        ids[index] = ids_of(tape, entry).reshape(())
    return ids


def objects_of(x: Dual) -> NDArray[Any]:
    """Return an array of objects, a Dual each."""
    array = np.empty(x.shape, dtype=object)
    for index in np.ndindex(x.shape):
        array[index] = x[index]
    return array
