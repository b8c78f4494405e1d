# SPDX-License-Identifier: BSD-3-Clause
"""Derivatives of functions: gradient, jacobian, hvp, hessian; hessian_grid of sampled ones."""

from collections.abc import Callable
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _hessians
from ._derivatives import (
    GradientResult,
    HessianResult,
    JacobianResult,
    along,
    chosen,
    finite,
    first,
    jacobian_of,
    nodes,
    point,
    rounded,
    rounding_of,
    traced,
    with_fallback,
)
from ._differences import Function
from ._dual import NotCarriedError
from ._star_coloring import StarColoring

__all__ = [
    "GradientResult",
    "HessianResult",
    "JacobianResult",
    "StarColoring",
    "gradient",
    "hessian",
    "hessian_grid",
    "hvp",
    "jacobian",
]

Array = NDArray[Any]


@overload
def gradient(
    f: Callable[[Any], Any], x: ArrayLike, *, method: str = ..., step: ArrayLike | None = ..., vectorized: bool = ...,
    full_output: Literal[False] = ...,
) -> Array: ...  # fmt: skip
@overload
def gradient(
    f: Callable[[Any], Any], x: ArrayLike, *, method: str = ..., step: ArrayLike | None = ..., vectorized: bool = ...,
    full_output: bool,
) -> Array | GradientResult: ...  # fmt: skip
def gradient(
    f: Callable[[Any], Any], x: ArrayLike, *, method: str = "auto", step: ArrayLike | None = None,
    vectorized: bool = False, full_output: bool = False,
) -> Any:  # fmt: skip
    """Return the gradient of a function of many variables and one value.

    Parameters
    ----------
    f : callable
        ``f(x)`` is one real number.
    x : array_like
        Of any shape; integers become float64.
    method : {"auto", "dual", "complex", "3-point", "2-point"}
        "dual" is exact and needs one call of an ``f`` written with NumPy functions; "auto" is that, or "3-point" where
        ``f`` uses something it cannot follow. "complex" needs an analytic ``f`` and n calls.
    step : float or array_like of the shape of x, optional
        The largest step of differences, for each coordinate; it is halved six times. By default 1/8 of
        ``max(|x|, 1)``, rounded to a power of two.
    vectorized : bool
        ``f`` takes (n, k), a column a point, and returns (k,): all points in one call.
    full_output : bool
        Return a `GradientResult`: ``gradient``, ``error`` (an estimate for every entry), ``evaluations``, ``method``,
        ``reason``.

    Returns
    -------
    g : ndarray of the shape of x
        float32 for float32 x, else float64.

    Raises
    ------
    ValueError
        If ``f`` returns another shape, NaN or infinity (with the point), if it is not smooth at x, or for a step that
        is zero or not finite.
    TypeError
        If "dual" cannot follow ``f`` (it names what), for complex x, or if ``f`` returns no real numbers.

    Notes
    -----
    "dual" costs a small multiple of one call of ``f``: a backward sweep over the operations it made. Where several
    entries are equal, a maximum takes the first of them; at 0, ``abs`` has the derivative 0. "3-point" takes 14 n
    calls, extrapolated with an error estimate (Ridders 1982, doi 10.1016/S0141-1195(82)80057-0), and up to 56 more for
    a coordinate whose steps turn out too long for f; steps that were given are kept. "complex" follows
    Squire & Trapp 1998, doi 10.1137/S003614459631241X. Reference: Griewank & Walther, Evaluating Derivatives, ch. 3.
    Equivalent: ``scipy.optimize.approx_fprime``, which has half the digits.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> hs.gradient(lambda x: x[0] ** 2 * np.exp(x[1]), [3.0, 0.0])
    array([6., 9.])
    """
    method = chosen(f, "f", method, step, vectorized)
    _arrays.flag(full_output, "full_output")
    at, dtype = point(x)

    def exact() -> GradientResult:
        tape, y = traced(f, at, "f", vectorized=vectorized)
        g = tape.gradient(int(nodes(tape, y, "f", at, scalar=True).reshape(())))
        g = finite(g, "gradient", "f", at).reshape(at.shape)
        return GradientResult(g, rounding_of(g), 1, "dual", "f is made of operations that are differentiated exactly")

    def differences(method: str, reason: str) -> GradientResult:
        F = Function(f, at, "f", vectorized=vectorized, scalar=True, size=1)
        J, error = first(F, at, method, step)
        return GradientResult(J.reshape(at.shape), error.reshape(at.shape), F.evaluations, method, reason)

    result: GradientResult = with_fallback(method, exact, differences)
    if dtype != np.float64:
        result = GradientResult(rounded(result.gradient, dtype), *list(vars(result).values())[1:])
    return result if full_output else result.gradient


@overload
def jacobian(
    F: Callable[[Any], Any], x: ArrayLike, *, method: str = ..., step: ArrayLike | None = ..., vectorized: bool = ...,
    full_output: Literal[False] = ...,
) -> Array: ...  # fmt: skip
@overload
def jacobian(
    F: Callable[[Any], Any], x: ArrayLike, *, method: str = ..., step: ArrayLike | None = ..., vectorized: bool = ...,
    full_output: bool,
) -> Array | JacobianResult: ...  # fmt: skip
def jacobian(
    F: Callable[[Any], Any], x: ArrayLike, *, method: str = "auto", step: ArrayLike | None = None,
    vectorized: bool = False, full_output: bool = False,
) -> Any:  # fmt: skip
    """Return the Jacobian of a map from n to m variables, (m, n): row i is the gradient of value i.

    Parameters
    ----------
    F : callable
        ``F(x)`` is an array of m real numbers; of a matrix function the entries in C order.
    x : array_like
        Of any shape, n entries in C order.
    method, step : as in `gradient`
    vectorized : bool
        ``F`` takes (n, k), a column a point, and returns (m, k).
    full_output : bool
        Return a `JacobianResult`: ``jacobian``, ``error``, ``evaluations``, ``method``, ``reason``.

    Returns
    -------
    J : (m, n) ndarray
        Numerator layout; its transpose is the matrix of gradients.

    Raises
    ------
    ValueError, TypeError
        As in `gradient`.

    Notes
    -----
    "dual" costs min(m, n) sweeps over the operations of one call of ``F``, eight at once and on several threads.
    Reference: Griewank & Walther, Evaluating Derivatives, ch. 3. Equivalent: ``scipy.differentiate.jacobian``.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> hs.jacobian(lambda x: np.array([x[0] * x[1], x[0], np.sin(x[1])]), [2.0, 0.0])
    array([[0., 2.],
           [1., 0.],
           [0., 1.]])
    """
    method = chosen(F, "F", method, step, vectorized)
    _arrays.flag(full_output, "full_output")
    at, dtype = point(x)
    result = jacobian_of(F, at, "F", method, step, vectorized)
    if dtype != np.float64:
        result = JacobianResult(rounded(result.jacobian, dtype), *list(vars(result).values())[1:])
    return result if full_output else result.jacobian


def hvp(
    f: Callable[[Any], Any] | None, x: ArrayLike, v: ArrayLike, *, grad: Callable[[Any], Any] | None = None
) -> Array:
    """Return the product of a Hessian with a vector, without the Hessian.

    Parameters
    ----------
    f : callable or None
        ``f(x)`` is one real number. Not called, and may be None, where ``grad`` is given.
    x : array_like
        Of any shape.
    v : array_like of the shape of x
    grad : callable, optional
        ``grad(x)`` is the gradient of ``f``, in the shape of x.

    Returns
    -------
    p : ndarray of the shape of x
        In the dtype of x.

    Raises
    ------
    ValueError, TypeError
        As in `gradient`; for v of another shape.

    Notes
    -----
    Where ``f`` can be followed, the product is exact, for a small multiple of one call of ``f``: a forward and a
    backward sweep (Pearlmutter 1994, doi 10.1162/neco.1994.6.1.147). Else ``grad`` is differentiated along v, by 14
    calls; without it the differences of ``f`` make the whole Hessian.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.hvp(lambda x: x[0] ** 2 * x[1], [1.0, 2.0], [1.0, 0.0])
    array([4., 2.])
    """
    if grad is None or f is not None:
        chosen(f, "f", "auto", None, False)
    at, dtype = point(x)
    direction, _ = point(v, "v")
    if direction.shape != at.shape:
        raise ValueError(f"`v` {direction.shape} does not fit `x` {at.shape}; both have one shape.")
    if grad is not None:
        return rounded(along(grad, at, direction), dtype)
    try:
        tape, y = traced(f, at, "f")  # type: ignore[arg-type]
    except NotCarriedError:
        p = hessian(f, at, method="3-point") @ direction.ravel()
    else:
        out = int(nodes(tape, y, "f", at, scalar=True).reshape(()))
        p = finite(tape.products(out, direction.reshape(-1, 1))[:, 0], "second derivative", "f", at)
    return rounded(p.reshape(at.shape), dtype)


@overload
def hessian(
    f: Callable[[Any], Any] | None, x: ArrayLike, *, grad: Callable[[Any], Any] | None = ..., method: str = ...,
    step: ArrayLike | None = ..., vectorized: bool = ..., sparsity: None = ..., full_output: Literal[False] = ...,
) -> Array: ...  # fmt: skip
@overload
def hessian(
    f: Callable[[Any], Any] | None, x: ArrayLike, *, grad: Callable[[Any], Any] | None = ..., method: str = ...,
    step: ArrayLike | None = ..., vectorized: bool = ..., sparsity: Any = ..., full_output: bool = ...,
) -> Any: ...  # fmt: skip
def hessian(
    f: Callable[[Any], Any] | None, x: ArrayLike, *, grad: Callable[[Any], Any] | None = None, method: str = "auto",
    step: ArrayLike | None = None, vectorized: bool = False, sparsity: Any = None, full_output: bool = False,
) -> Any:  # fmt: skip
    """Return the Hessian of a function of many variables and one value.

    Parameters
    ----------
    f : callable or None
        ``f(x)`` is one real number. Not called, and may be None, where ``grad`` is given.
    x : array_like
        Of any shape; the Hessian is over its n entries in C order.
    grad : callable, optional
        ``grad(x)`` is the gradient of ``f`` in the shape of x.
    method : {"auto", "dual", "complex", "3-point", "2-point"}
        "dual" is exact and needs one call of a function written with NumPy; "auto" is that, or "3-point" where the
        function uses something it cannot follow. "complex": complex steps one way, differences the other.
    step : float or array_like of the shape of x, optional
        The largest step of differences, for each coordinate. By default 1/2 of ``max(|x|, 1)``, rounded to a power of
        two ("2-point": 1/16), halved six times; of a gradient 2^-6, halved twice ("3-point"), or 2^-26 ("2-point").
    vectorized : bool
        ``f`` takes (n, k), a column a point, and returns (k,), ``grad`` (n, k): all points in one call.
    sparsity : (n, n) array_like, scipy.sparse array, `hessolve.differentiate.StarColoring` or "detect", optional
        Where the Hessian may differ from zero: the result is then sparse, and costs as many products with it as a star
        colouring has colours. "detect" finds the pattern: from the operations of ``f`` where these can be followed,
        else from a whole Hessian by differences near x.
    full_output : bool
        Return a `HessianResult`: ``hessian``, ``error`` (an estimate for every entry), ``evaluations``, ``method``,
        ``reason``, and ``coloring``, which can be passed as ``sparsity`` the next time.

    Returns
    -------
    H : (n, n) ndarray or scipy.sparse.csr_array
        Symmetric to the bit. float32 for float32 x, else float64.

    Raises
    ------
    ValueError
        If a function returns another shape, NaN or infinity (with the point), if it is not smooth at x, if the
        derivatives of ``grad`` are not symmetric, if ``sparsity`` leaves out entries, or for a step that is zero.
    TypeError
        If "dual" cannot follow the function (it names what), for complex x, or where real numbers are not returned.
    ImportError
        If the result is sparse and SciPy is missing.

    See Also
    --------
    hvp : products with it.
    hessian_grid : of a function known by samples.

    Notes
    -----
    "dual": a forward and a backward sweep over the operations of ``f``, for 8 columns at once and on several threads.
    At a corner it follows one side, as ``f`` takes it: a ``where`` its branch, a maximum the first of equal entries,
    ``abs`` at 0 the side of x >= 0, so that ``abs(x)**2`` has its 2; ``sign`` is a constant.
    "3-point" from ``f``: 7 (n^2 + n) calls, "2-point" 7 (n^2 + 3 n) / 2, each entry extrapolated with an error
    estimate, and more where steps turn out too long for f; near bounds, "2-point" keeps to points above x. From
    ``grad``: 6 n calls of it ("3-point"), n ("2-point", with half of the digits). "complex" has about 12 digits, from
    14 n^2 calls; from ``grad`` all digits and n calls.
    References: Griewank & Walther, Evaluating Derivatives, ch. 5; Gebremedhin, Manne & Pothen 2005, doi
    10.1137/S0036144504444711.
    Equivalents: ``numdifftools.Hessian``, ``scipy.differentiate.hessian``.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> def rosenbrock(x):
    ...     return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> hs.hessian(rosenbrock, [1.0, 1.0])
    array([[ 802., -400.],
           [-400.,  200.]])
    >>> hs.hessian(rosenbrock, np.ones(1000), sparsity="detect").nnz
    2998
    """
    method = chosen(f if grad is None else grad, "f" if grad is None else "grad", method, step, vectorized)
    _arrays.flag(full_output, "full_output")
    at, dtype = point(x)
    result = _hessians.hessian_of(f, grad, at, method, step, vectorized, sparsity, full_output)
    if dtype != np.float64:
        result = _hessians.in_dtype(result, dtype)
    return result if full_output else result.hessian


def hessian_grid(values: ArrayLike, *spacing: float) -> Array:
    """Return the Hessian at every point of a regular grid, from samples of a function.

    Parameters
    ----------
    values : array_like of d axes, each of 4 points or more
        The samples. float32, float64, complex64 and complex128 are kept.
    spacing : float, one or as many as axes
        The step along each axis, or one for all; 1 where it is left out. Negative where coordinates fall.

    Returns
    -------
    H : ndarray of shape ``values.shape + (d, d)``
        Symmetric to the bit, in the dtype of ``values``.

    Raises
    ------
    ValueError
        For an axis of fewer than 4 points, NaN or infinity, or a spacing that is zero, not finite, or too many.
    TypeError
        For a dtype that cannot be computed in.

    Notes
    -----
    Second-order accurate everywhere, borders included; exact for quadratics. ``np.gradient`` applied twice reaches over
    five points, so that it does not see what alternates from point to point, and loses an order at the borders.
    O(points d^2), on several threads. Reference: Fornberg 1988, doi 10.1090/S0025-5718-1988-0935077-0.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> x, y = np.meshgrid(np.arange(5.0), np.arange(4.0), indexing="ij")
    >>> hs.hessian_grid(x**2 + 3 * x * y)[0, 0]
    array([[2., 3.],
           [3., 0.]])
    """
    array = _arrays.as_array(values, "values")
    if array.ndim == 0 or min(array.shape) < 4:
        axis = f": axis {int(np.argmin(array.shape))} has {min(array.shape)}" if array.ndim else ""
        raise ValueError(f"`values` {array.shape} needs 4 points or more along every axis{axis}.")
    if not np.isfinite(array).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(array))[0])
        raise ValueError(f"`values` {array.shape} has a NaN or infinity at {index}; clean the data first.")
    if len(spacing) not in (0, 1, array.ndim):
        raise ValueError(
            f"`spacing` has {len(spacing)} steps, and `values` {array.shape} has {array.ndim} axes; one, or one each."
        )
    steps = [
        _arrays.real(step, "spacing", "valid: finite steps, not zero", lambda h: np.isfinite(h) and h != 0)
        for step in spacing or (1.0,)
    ]
    H = _core.hessian_grid(array, steps if len(steps) == array.ndim else steps * array.ndim)
    if not np.isfinite(H).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(H))[0])
        raise ValueError(f"a second derivative of `values` {array.shape} overflows {array.dtype} at {index[:-2]}.")
    return H
