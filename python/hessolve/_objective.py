# SPDX-License-Identifier: BSD-3-Clause
"""Functions to be minimised or solved, as SciPy's arguments describe them: counted, checked, with derivatives found."""

from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _hessian, _sparse
from ._differences import NonFiniteError
from ._dual import NotCarriedError
from ._strategies import LearntHessian, is_strategy
from .differentiate import gradient, hessian, hvp, jacobian

Array = NDArray[np.float64]
_WORDS = {"2-point": "2-point", "3-point": "3-point", "cs": "complex"}  # SciPy's for derivatives


class Result(dict[str, Any]):
    """What a minimisation or the search for a root found: a dictionary whose entries are attributes as well."""

    def __getattr__(self, name: str) -> Any:
        try:
            return self[name]
        except KeyError:
            raise AttributeError(f"this result has no {name}; it has {', '.join(self)}.") from None

    __setattr__ = dict.__setitem__
    __delattr__ = dict.__delitem__

    def __dir__(self) -> list[str]:
        return [*self, *dir(dict)]

    def __repr__(self) -> str:
        order = ("message", "success", "status", "fun", "x", "nit", "jac", "hess", "hess_inv", "nfev", "njev", "nhev")
        width = max((len(key) for key in self), default=0)
        keys = [key for key in order if key in self] + [key for key in self if key not in order]
        indent = "\n" + " " * (width + 2)
        return "\n".join(f"{key:>{width}}: " + str(self[key]).replace("\n", indent) for key in keys)


def start(x0: Any) -> Array:
    """Return x0 as a finite vector of float64 of its own."""
    array = _arrays.as_array(x0, "x0")
    if array.dtype.kind == "c":
        raise TypeError(f"`x0` {array.shape} has dtype {array.dtype}; the variables are real numbers.")
    if array.ndim > 1:
        raise ValueError(f"`x0` {array.shape} has {array.ndim} dimensions; a vector (n,) is needed: pass x0.ravel().")
    vector = np.array(np.atleast_1d(array), dtype=np.float64)
    if not np.isfinite(vector).all():
        i = int(np.flatnonzero(~np.isfinite(vector))[0])
        raise ValueError(f"`x0` {array.shape} has a NaN or infinity at [{i}]; start from a finite point.")
    return vector


def shown(x: Array) -> str:
    return np.array2string(x, threshold=8, precision=6)


def called(f: Any, name: str, args: tuple[Any, ...]) -> Callable[[Any], Any]:
    if not callable(f):
        raise TypeError(f"`{name}` is {_arrays.shown(f)}; a function of x is needed.")
    return (lambda x: f(x, *args)) if args else f


def arguments(args: Any) -> tuple[Any, ...]:
    return args if isinstance(args, tuple) else (args,)


def numbers(value: Any, name: str, x: Array, need: str) -> NDArray[Any]:
    """Return what the function ``name`` returned as an array of real numbers; ``need`` ends the message where not."""
    try:
        array = np.asarray(value)
    except ValueError:  # parts of different shapes
        if not hasattr(value, "__len__"):
            raise
        kind = f"a {type(value).__name__} of {len(value)} parts whose shapes differ"
        raise ValueError(f"{name} returned {kind} at x = {shown(x)}; {need}.") from None
    if array.dtype.kind not in "fiub":
        what = _arrays.shown(value) if array.ndim == 0 else f"dtype {array.dtype}"
        raise TypeError(f"{name} returned {what} at x = {shown(x)}; {need}.")
    return array


def pair(answer: Any, name: str, second: str) -> tuple[Any, Any]:
    """Return the two parts of what a function returned with jac=True."""
    if not isinstance(answer, tuple | list) or len(answer) != 2:
        count = f" of {len(answer)}" if isinstance(answer, tuple | list) else ""
        raise ValueError(
            f"`{name}` returned a {type(answer).__name__}{count}; with jac=True it returns a pair ({name}, {second})."
        )
    return answer[0], answer[1]


def not_there(error: ValueError) -> bool:
    """Tell whether an error of `gradient` or `hessian` says that there is no derivative, or no number, at a point."""
    return isinstance(error, NonFiniteError) or "is not smooth there" in str(error)


class Objective:
    """A function of n variables with its gradient, Hessian and products with it."""

    def __init__(self, f: Any, x0: Array, args: Any, jac: Any, hess: Any, hessp: Any) -> None:
        extra = arguments(args)
        self.n = len(x0)
        self.nfev = self.njev = self.nhev = 0
        self._pair = jac is True
        self._f = called(f, "f", extra)
        self._way = "auto"  # how gradients are found where none was given
        if isinstance(jac, str):
            self._way = _WORDS[_arrays.choice(jac, "jac", tuple(_WORDS))]
        self._jac = called(jac, "jac", extra) if callable(jac) else None
        if not (jac is None or isinstance(jac, bool | str) or callable(jac)):
            raise TypeError(f"jac={_arrays.shown(jac)} is not valid; a function, True, None or a word is.")
        self._hess_way = _WORDS[_arrays.choice(hess, "hess", tuple(_WORDS))] if isinstance(hess, str) else None
        self.learnt = LearntHessian(hess, self.n) if is_strategy(hess) else None
        plain = hess is None or self._hess_way or self.learnt
        self._hess = None if plain else called(hess, "hess", extra)
        self._recent: tuple[Array, Array] | None = None  # a point, and the gradient there
        if hessp is not None and not callable(hessp):
            raise TypeError(f"`hessp` is {_arrays.shown(hessp)}; a function (x, p) is needed.")
        self._hessp = hessp
        self._extra = extra
        self._exact = True  # f can be followed by dual numbers, as far as is known
        self._held: tuple[Array, Any, Any] | None = None  # of jac=True: a point, f and its gradient there

    # values -----------------------------------------------------------------------------------------------------
    def _value_only(self, x: Any) -> Any:
        """Return what f returns, counted; of jac=True its first half. x may be an array or dual numbers."""
        self.nfev += 1
        answer = self._f(x)
        return self._split(answer)[0] if self._pair else answer

    def _split(self, answer: Any) -> tuple[Any, Any]:
        return pair(answer, "f", "gradient")

    def value(self, x: Array) -> float:
        """Return f(x); NaN and infinities are returned as well."""
        with np.errstate(all="ignore"):
            if self._pair:
                self.nfev += 1
                value, slope = self._split(self._f(x.copy()))
                self._held = (x.copy(), value, slope)
            else:
                value = self._value_only(x.copy())
        two = isinstance(value, tuple) and len(value) == 2 and not self._pair
        advice = "; where the second of a pair is the gradient, pass jac=True" if two else ""
        number = numbers(value, "`f`", x, f"one real number is needed{advice}")
        if number.size != 1:
            raise ValueError(f"`f` returned shape {number.shape} at x = {shown(x)}; one number is needed{advice}.")
        return float(number.reshape(()))

    def first_value(self, x: Array) -> float:
        value = self.value(x)
        if not np.isfinite(value):
            raise ValueError(f"`f` returned {value} at x0 = {shown(x)}; start where it is finite.")
        return value

    # gradients --------------------------------------------------------------------------------------------------
    def gradient(self, x: Array) -> Array:
        """Return the gradient, finite, or raise ValueError."""
        g = self._new_gradient(x)
        self._recent = (x.copy(), g)
        return g

    def _new_gradient(self, x: Array) -> Array:
        self.njev += 1
        if self._pair:
            if self._held is None or not np.array_equal(self._held[0], x):
                self.value(x)
            assert self._held is not None
            return self._vector(self._held[2], "the gradient that `f`", x)
        if self._jac is not None:
            with np.errstate(all="ignore"):
                return self._vector(self._jac(x.copy()), "`jac`", x)
        with np.errstate(all="ignore"):
            found: Any = gradient(self._value_only, x, method=self._way, full_output=True)
        if self._way == "auto" and found.method != "dual":
            self._way, self._exact = found.method, False
        return np.asarray(found.gradient)

    def gradient_or_none(self, x: Array) -> Array | None:
        """Return the gradient, or None where it is not finite."""
        try:
            return self.gradient(x)
        except ValueError as error:
            if not_there(error):
                return None
            raise

    def _vector(self, value: Any, name: str, x: Array) -> Array:
        g = numbers(value, name, x, f"a vector ({self.n},) of real numbers is needed")
        if g.size != self.n or g.ndim > 2:
            raise ValueError(f"{name} returned shape {g.shape} at x = {shown(x)}; a vector ({self.n},) is needed.")
        g = np.array(g.ravel(), dtype=np.float64)
        if not np.isfinite(g).all():
            i = int(np.flatnonzero(~np.isfinite(g))[0])
            raise NonFiniteError(f"{name} returned {g[i]} at [{i}], for x = {shown(x)}.")
        return g

    # Hessians ---------------------------------------------------------------------------------------------------
    @property
    def by_products(self) -> bool:
        """Whether products with the Hessian were given, and it was not."""
        return self._hessp is not None and self._hess is None and self._hess_way is None and self.learnt is None

    def hessian(self, x: Array) -> Any:
        """Return the Hessian, (n, n), dense and symmetric, or as `hess` returned it where that is not dense."""
        if self.learnt is not None:
            known = self._recent is not None and np.array_equal(self._recent[0], x)
            return self._square(self.learnt.at(x, self._recent[1] if known and self._recent else self.gradient(x)), x)
        self.nhev += 1
        if self._hess is not None:
            with np.errstate(all="ignore"):
                H = self._hess(x.copy())
            if _hessian.is_dense(H):
                return self._square(H, x)
            if tuple(H.shape) != (self.n, self.n):
                raise ValueError(f"`hess` returned shape {tuple(H.shape)}; ({self.n}, {self.n}) is needed.")
            return H
        with np.errstate(all="ignore"):
            if self._hess_way is None and self._exact and self._way == "auto":
                try:
                    return hessian(self._value_only, x, method="dual")
                except NotCarriedError:
                    self._exact = False
            if self._pair or self._jac is not None:
                return hessian(None, x, grad=self._slope, method=self._hess_way or "auto")
            return hessian(self._value_only, x, method=self._hess_way or "auto")

    def _slope(self, x: Any) -> Any:
        if self._jac is not None:
            self.njev += 1
            return self._jac(x)
        self.nfev += 1
        return self._split(self._f(x))[1]

    def _square(self, value: Any, x: Array) -> Array:
        H = numbers(value, "`hess`", x, f"a matrix ({self.n}, {self.n}) of real numbers is needed")
        if H.size == 1 and self.n == 1:
            H = H.reshape(1, 1)
        if H.shape != (self.n, self.n):
            raise ValueError(f"`hess` returned shape {H.shape}; a matrix ({self.n}, {self.n}) is needed.")
        return _hessian.symmetric(H.astype(np.float64), "hess(x)").matrix

    def products(self, x: Array) -> Callable[[Array], Array]:
        """Return v -> H(x) v."""
        if self._hess is not None or self._hess_way is not None or self.learnt is not None:
            H = self.hessian(x)
            if _hessian.is_dense(H) or _sparse.is_sparse(H):
                return lambda v: np.asarray(H @ v)
            op = _hessian.operator(H, self.n, np.float64)
            return op.apply

        def product(v: Array) -> Array:
            self.nhev += 1
            if self._hessp is not None:
                with np.errstate(all="ignore"):
                    return self._vector(self._hessp(x.copy(), v.copy(), *self._extra), "`hessp`", x)
            known = self._pair or self._jac is not None
            with np.errstate(all="ignore"):
                if known and not self._exact:
                    return hvp(None, x, v, grad=self._slope)
                try:
                    return hvp(self._value_only, x, v)
                except NotCarriedError:
                    self._exact = False
                    return hvp(None, x, v, grad=self._slope) if known else self.hessian(x) @ v

        return product


class Equations:
    """A map of n variables to n values, with its Jacobian."""

    def __init__(self, F: Any, args: Any, jac: Any, n: int) -> None:
        extra = arguments(args)
        self.n = n
        self.nfev = self.njev = 0
        self._pair = jac is True
        self._F = called(F, "F", extra)
        if not (jac is None or isinstance(jac, bool) or callable(jac)):
            raise TypeError(f"jac={_arrays.shown(jac)} is not valid; a function, True or None is.")
        self._jac = called(jac, "jac", extra) if callable(jac) else None
        self._way = "auto"

    def _values_only(self, x: Any) -> Any:
        self.nfev += 1
        answer = self._F(x)
        return pair(answer, "F", "Jacobian")[0] if self._pair else answer

    def values(self, x: Array) -> Array:
        """Return F(x), (n,); NaN and infinities are returned as well."""
        with np.errstate(all="ignore"):
            answer = self._values_only(x.copy())
        two = isinstance(answer, tuple) and len(answer) == 2 and not self._pair
        advice = "; where the second of a pair is the Jacobian, pass jac=True" if two else ""
        value = numbers(answer, "`F`", x, f"{self.n} real numbers are needed{advice}")
        if value.size != self.n:
            raise ValueError(
                f"`F` returned {value.size} values at x = {shown(x)}, for {self.n} variables; as many are needed. "
                "For more of them minimise their sum of squares with hs.minimize."
            )
        return np.array(value.ravel(), dtype=np.float64)

    def jacobian(self, x: Array) -> Array:
        """Return the Jacobian, (n, n), finite, or raise ValueError."""
        self.njev += 1
        if self._pair or self._jac is not None:
            with np.errstate(all="ignore"):
                if self._jac is not None:
                    answer = self._jac(x.copy())
                else:
                    self.nfev += 1
                    answer = pair(self._F(x.copy()), "F", "Jacobian")[1]
            J = numbers(answer, "`jac`", x, f"a matrix ({self.n}, {self.n}) of real numbers is needed")
            if J.size == self.n == 1:
                J = J.reshape(1, 1)
            if J.shape != (self.n, self.n):
                raise ValueError(f"`jac` returned {J.dtype} {J.shape}; real numbers ({self.n}, {self.n}) are needed.")
            if not np.isfinite(J).all():
                i, j = (int(k) for k in np.argwhere(~np.isfinite(J))[0])
                raise NonFiniteError(f"`jac` returned {J[i, j]} at [{i}, {j}], for x = {shown(x)}.")
            return J.astype(np.float64)
        with np.errstate(all="ignore"):
            found: Any = jacobian(self._values_only, x, method=self._way, full_output=True)
        if found.method != "dual":
            self._way = found.method
        return np.asarray(found.jacobian)


class Watcher:
    """The callback of a caller, called as SciPy calls it."""

    def __init__(self, callback: Any) -> None:
        if callback is not None and not callable(callback):
            raise TypeError(f"callback={_arrays.shown(callback)} is not valid; a function (xk) is.")
        self._callback = callback
        self._named = False
        if callback is not None:
            try:
                parameters = signature(callback).parameters
            except (TypeError, ValueError):
                parameters = {}  # type: ignore[assignment]
            kinds = (Parameter.POSITIONAL_OR_KEYWORD, Parameter.KEYWORD_ONLY)
            self._named = set(parameters) == {"intermediate_result"} and parameters["intermediate_result"].kind in kinds

    def stops(self, x: Array, value: Any) -> bool:
        """Call it after an iteration; tell whether it asked to stop by StopIteration."""
        if self._callback is None:
            return False
        try:
            if self._named:
                self._callback(intermediate_result=Result(x=x.copy(), fun=value))
            else:
                self._callback(x.copy())
        except StopIteration:
            return True
        return False
