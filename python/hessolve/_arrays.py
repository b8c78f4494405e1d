# SPDX-License-Identifier: BSD-3-Clause
"""What a caller may pass becomes what the compiled module takes, here and nowhere else.

That is: an ndarray of float32, float64, complex64 or complex128 in native byte order, aligned, every stride a multiple
of the element size; ``A`` (..., m, n) and ``b`` (..., m, k) of one dtype and with the same batch axes. Arrays that are
so already are passed on without a copy, whatever their memory order.
"""

import contextlib
from collections.abc import Callable, Collection
from numbers import Real
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from . import _core

_SCALARS = frozenset("fdFD")
_READY = frozenset(map(np.dtype, _SCALARS))
_PROMOTED = {"b": np.float64, "i": np.float64, "u": np.float64}
_SUPPORTED = "hessolve works in float32, float64, complex64 and complex128"


class System(NamedTuple):
    """The arrays of ``A x = b``, ready for the compiled module."""

    A: NDArray[Any]  # (..., m, n)
    b: NDArray[Any]  # (..., m, k), same batch axes and dtype as A
    vector: bool  # b came as one vector: x loses its last axis
    shapes: dict[str, tuple[int, ...]]  # as they were passed


def choice(value: object, name: str, valid: Collection[str]) -> str:
    """Return ``value`` if it is one of the valid names of the keyword ``name``."""
    if isinstance(value, str) and value in valid:
        return str(value)
    raise ValueError(f"{name}={shown(value)} is not valid; valid: {', '.join(map(repr, valid))}.")


def flag(value: object, name: str) -> bool:
    """Return ``value`` if it is True or False, of Python or of NumPy; nothing else says clearly which one is meant."""
    if value is True or value is False:
        return value
    if isinstance(value, np.bool_):
        return bool(value)
    raise TypeError(f"{name}={shown(value)} is not valid; valid: True, False.")


def real(value: object, name: str, valid: str, within: Callable[[float], bool]) -> float:
    """Return ``value`` as a float if it is a real number and ``within`` the range that ``valid`` says in words."""
    number = scalar(value)
    if not isinstance(number, Real) or isinstance(number, bool):
        raise TypeError(f"{name}={shown(value)} is not valid; {valid}.")
    with contextlib.suppress(OverflowError):  # a long integer
        if within(float(number)):
            return float(number)
    raise ValueError(f"{name}={shown(value)} is not valid; {valid}.")


def scalar(value: object) -> Any:
    """Return the one entry of an array without dimensions, and anything else as it is."""
    return value.item() if isinstance(value, np.ndarray) and value.ndim == 0 else value


def shown(value: object) -> str:
    """Return a value as a message shows it; what is long by its type alone."""
    text = repr(value)
    return text if len(text) <= 60 and "\n" not in text else f"<{type(value).__name__}>"


def as_array(value: Any, name: str) -> NDArray[Any]:
    """Return ``value`` as an array of one of the four scalar types; it shares memory with ``value`` where it can."""
    array = value if type(value) is np.ndarray else _ndarray(value, name)
    dtype = array.dtype if array.dtype in _READY else _scalar_type(array, name)
    if array.dtype == dtype and _is_regular(array):
        return array
    return np.array(array, dtype=dtype, order="K", copy=True)


def as_matrix(value: Any, name: str = "A", *, square: str = "", instead: str = "") -> NDArray[Any]:
    """Return ``value`` as a matrix or a stack of them, (..., m, n).

    ``square`` is the function that needs m = n, ``instead`` what the message proposes where that is not so.
    """
    array = as_array(value, name)
    if array.ndim < 2:
        raise ValueError(
            f"`{name}` {array.shape} has fewer than two dimensions; a matrix (m, n) or a stack (..., m, n) is needed."
        )
    if square and array.shape[-1] != array.shape[-2]:
        raise ValueError(f"`{name}` {array.shape} is not square, as {square} needs it; use {instead}.")
    return array


def as_right_hand_side(value: Any, A: NDArray[Any], name: str = "b") -> tuple[NDArray[Any], bool]:
    """Return ``value`` as (..., m, k), and whether it came as one vector (m,), which is the case where it is 1-D."""
    array = as_array(value, name)
    if array.ndim == 0:
        raise ValueError(f"`{name}` () is a scalar; a vector (m,) or a matrix (..., m, k) is needed.")
    vector = array.ndim == 1
    columns = array[:, np.newaxis] if vector else array
    if columns.shape[-2] != A.shape[-2]:
        rows = f"`{name}` needs {A.shape[-2]} rows, not {columns.shape[-2]}"
        raise ValueError(f"`A` {A.shape} and `{name}` {array.shape} do not fit: {rows}.")
    return columns, vector


def as_system(
    A: Any, b: Any, *, square: str = "", instead: str = "", overwrite_a: bool = False, overwrite_b: bool = False
) -> System:
    """Return ``A`` and ``b`` in one dtype and with the same batch axes; they broadcast as in ``numpy.linalg``."""
    matrix = as_matrix(A, "A", square=square, instead=instead)
    columns, vector = as_right_hand_side(b, matrix)
    shapes = {"A": matrix.shape, "b": columns.shape[:-1] if vector else columns.shape}
    if matrix.dtype != columns.dtype:
        dtype = np.promote_types(matrix.dtype, columns.dtype)
        matrix, columns = matrix.astype(dtype, copy=False), columns.astype(dtype, copy=False)
    if matrix.shape[:-2] != columns.shape[:-2]:
        try:
            batch = np.broadcast_shapes(matrix.shape[:-2], columns.shape[:-2])
        except ValueError:
            text = f"`A` {shapes['A']} and `b` {shapes['b']} do not fit: their batch axes do not broadcast."
            raise ValueError(text) from None
        matrix, columns = _broadcast(matrix, batch), _broadcast(columns, batch)
    system = System(matrix, columns, vector, shapes)
    if overwrite_a:
        check_overwrite(A, system.A, "A", system.b)
    if overwrite_b:
        check_overwrite(b, system.b, "b", system.A)
    return system


def check_overwrite(
    value: Any, array: NDArray[Any], name: str, other: NDArray[Any] | None = None, *, optional: bool = True
) -> None:
    """Raise ValueError unless ``array``, made from the argument ``value``, may be overwritten in place.

    ``optional``: a keyword asked for it, which may be left out.
    """
    given = value if isinstance(value, np.ndarray) else None
    if given is None:
        problem = f"it is a {type(value).__name__}, not an ndarray"
    elif given.dtype != array.dtype:
        problem = f"its dtype is {_dtype_name(given.dtype)}, and {array.dtype} is needed"
    elif any(stride % given.itemsize for stride in given.strides) and not _is_regular(given):
        problem = f"its strides {given.strides} are not multiples of its item size {given.itemsize}"
    elif not given.flags.aligned:
        problem = "it is not aligned"
    elif not given.flags.writeable:
        problem = "it is read-only"
    elif given.size != array.size:
        problem = f"it is broadcast to {array.shape}"
    elif _overlaps_itself(given):
        problem = "its elements overlap in memory"
    elif other is not None and np.shares_memory(array, other):
        problem = f"it shares memory with `{'A' if name == 'b' else 'b'}`"
    else:
        return
    remedy = f"Pass a writeable {array.dtype} ndarray of its own"
    remedy += f" or leave out overwrite_{name.lower()}=True" if optional else ""
    raise ValueError(f"`{name}` cannot be overwritten: {problem}. {remedy}.")


def check_finite(array: NDArray[Any], name: str) -> None:
    """Raise ValueError at the first NaN or infinity of a vector, a matrix or a stack of matrices."""
    if array.ndim > 1 and array.size > 10_000 and array.dtype in _READY and _core.all_finite(array):
        return
    finite = np.isfinite(array)
    if not finite.all():
        at = [int(i) for i in np.argwhere(~finite)[0]]
        *batch, row, column = at if array.ndim > 1 else (*at, 0)
        raise ValueError(non_finite_text(name, array.shape, row, column, tuple(batch)))


def non_finite_text(
    name: str, shape: tuple[int, ...], row: int, column: int, batch: tuple[int, ...], keyword: bool = False
) -> str:
    """Return the sentence about a NaN or infinity in an argument; ``keyword``: the function has ``check_finite``."""
    where = f"row {row}" if len(shape) == 1 else f"row {row}, column {column}"
    advice = "clean the data or pass check_finite=False" if keyword else "clean the data first"
    return f"`{name}` {shape} has a NaN or infinity at {slice_text(batch, 'slice {}, ')}{where}; {advice}."


def slice_text(index: tuple[int, ...], form: str) -> str:
    """Return ``form`` filled with a batch index, or nothing for a single system."""
    return form.format(index[0] if len(index) == 1 else index) if index else ""


def fresh_copies(of_a: bool, of_b: bool = False) -> str:
    """Say that the call advised needs copies of the arguments that the call made has overwritten."""
    if of_a and of_b:
        return " on fresh copies of A and b"
    return " on a fresh copy of A" if of_a else " on a fresh copy of b" if of_b else ""


def _ndarray(value: Any, name: str) -> NDArray[Any]:
    if hasattr(value, "tocsr") and hasattr(value, "format"):  # scipy.sparse, recognised without importing it
        kind = f"`{name}` {value.shape} is sparse ({value.format})"
        raise TypeError(f"{kind}; this function takes dense arrays: pass {name}.toarray().")
    if isinstance(value, np.ma.MaskedArray):
        masked = int(np.sum(value.mask))
        if masked:
            raise ValueError(
                f"`{name}` {value.shape} has {masked} masked entries; "
                f"fill them with {name}.filled(...) or leave out their rows."
            )
        value = value.data
    if not hasattr(value, "__array__") and hasattr(value, "__dlpack__"):
        try:
            return np.from_dlpack(value)
        except Exception as error:
            text = f"`{name}` cannot be read through DLPack: {_sentence(error)} Copy it to main memory first."
            raise TypeError(text) from error
    try:
        return np.asarray(value)
    except MemoryError:
        raise
    except Exception as error:  # whatever an __array__ may raise
        if isinstance(error, ValueError) and "inhomogeneous" in str(error):
            text = f"`{name}` is ragged: its rows differ in length; give every row the same number of entries."
            raise ValueError(text) from None
        text = f"`{name}`, a {type(value).__name__}, cannot be read as an array: {_sentence(error)}"
        raise (ValueError if isinstance(error, ValueError) else TypeError)(text) from error


def _sentence(error: Exception) -> str:
    """Return the message of an error, or its name where it has none, with a full stop."""
    text = " ".join(str(error).split()) or type(error).__name__
    return text if text.endswith((".", "!", "?")) else f"{text}."


def _scalar_type(array: NDArray[Any], name: str) -> np.dtype[Any]:
    dtype = array.dtype
    if dtype.char == "O" and array.ndim == 0:
        item = array.item()
        kind = "None" if item is None else f"a {type(item).__name__}"
        raise TypeError(f"`{name}` is {kind}; an array of numbers, or nested lists of them, is needed.")
    if dtype.char in _SCALARS:
        return dtype.newbyteorder("=")
    if dtype.kind in _PROMOTED:
        return np.dtype(_PROMOTED[dtype.kind])
    if dtype.char == "e":
        return np.dtype(np.float32)
    target = "complex128" if dtype.kind == "c" else "float64"
    convert = f"convert it, for example with np.asarray({name}, dtype=np.{target})"
    raise TypeError(f"`{name}` has dtype {_dtype_name(dtype)}; {_SUPPORTED}: {convert}.")


def _dtype_name(dtype: np.dtype[Any]) -> str:
    """Return a name that does not change from platform to platform (longdouble is float128 on some)."""
    named = {"g": "longdouble", "G": "clongdouble", "S": "bytes", "U": "str", "V": "void"}
    if dtype.char in named:
        return named[dtype.char]
    return str(dtype) if dtype.isnative else f"{dtype.newbyteorder('=')} in foreign byte order"


def _is_regular(array: NDArray[Any]) -> bool:
    """Tell whether every element is aligned and every stride a multiple of the element size."""
    flags = array.flags
    return flags.aligned and (flags.forc or not any(stride % array.itemsize for stride in array.strides))


def _broadcast(array: NDArray[Any], batch: tuple[int, ...]) -> NDArray[Any]:
    return array if array.shape[:-2] == batch else np.broadcast_to(array, batch + array.shape[-2:])


def _overlaps_itself(array: NDArray[Any]) -> bool:
    """Tell whether two elements may share memory: an axis whose step is shorter than what the smaller steps span."""
    if array.size == 0:
        return False
    span = array.itemsize
    for step, length in sorted((abs(s), n) for s, n in zip(array.strides, array.shape, strict=True) if n > 1):
        if step < span:
            return True
        span += step * (length - 1)
    return False
