# SPDX-License-Identifier: BSD-3-Clause
"""Splittings and Krylov methods: iterate, sweep, splitting, spectral_radius, predict_convergence."""

import operator
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _iteration, _solution, _sparse
from ._reasons import ConvergenceError, Reason
from ._solution import Solution

_METHODS = _core.ITERATIONS
_SWEEPS = (*_core.ITERATIONS[1:9], "kaczmarz")
_SPLITTINGS = _core.ITERATIONS[1:9]
_PREDICTED = (*_core.ITERATIONS[1:11], "cg")
_RELAXED = ("richardson", "jacobi", "sor", "ssor", "block-jacobi", "kaczmarz")


@dataclass(frozen=True)
class Prediction:
    """What `predict_convergence` expects of an iteration.

    Attributes
    ----------
    method : str
    spectral_radius : float
        Of S^-1 T: the factor by which the error falls in each iteration in the long run; for chebyshev and cg the one
        that their theory bounds it by.
    converges : bool
        Whether it is below one.
    iterations : float
        How many reduce the error by rtol; infinity where none do.
    seconds : float
        That number times what one iteration was measured to take.
    reason : str
        Where the figure comes from.
    """

    method: str
    spectral_radius: float
    converges: bool
    iterations: float
    seconds: float
    reason: str

    def __str__(self) -> str:
        verdict = "converges" if self.converges else "does not converge"
        cost = f" {self.iterations:.0f} iterations, about {self.seconds:.2g} s" if self.converges else ""
        return f"{self.method} {verdict}: spectral radius {self.spectral_radius:.6g},{cost} ({self.reason})"


# fmt: off
@overload
def iterate(
    A: Any, b: ArrayLike, *, method: str = "auto", M: Any = None, x0: ArrayLike | None = None, rtol: float = 1e-8,
    atol: float = 0.0, maxiter: int | None = None, omega: float | str = "auto", ordering: str = "natural",
    callback: _iteration.Callback | None = None, callback_every: int = 10, progress: bool = False, rng: Any = None,
    full_output: Literal[False] = False,
) -> NDArray[Any]: ...
@overload
def iterate(
    A: Any, b: ArrayLike, *, method: str = "auto", M: Any = None, x0: ArrayLike | None = None, rtol: float = 1e-8,
    atol: float = 0.0, maxiter: int | None = None, omega: float | str = "auto", ordering: str = "natural",
    callback: _iteration.Callback | None = None, callback_every: int = 10, progress: bool = False, rng: Any = None,
    full_output: Literal[True],
) -> Solution: ...
def iterate(
    A: Any, b: ArrayLike, *, method: str = "auto", M: Any = None, x0: ArrayLike | None = None, rtol: float = 1e-8,
    atol: float = 0.0, maxiter: int | None = None, omega: float | str = "auto", ordering: str = "natural",
    callback: _iteration.Callback | None = None, callback_every: int = 10, progress: bool = False, rng: Any = None,
    full_output: bool = False,
) -> NDArray[Any] | Solution:
    # fmt: on
    """Solve ``A x = b`` by an iteration, until the true residual is small enough.

    Parameters
    ----------
    A : (m, n) array_like, sparse matrix, operator, or function
        CSR and CSC matrices are read in place, other sparse formats become CSR; rows whose indices are not sorted, or
        appear twice, are sorted and summed in a copy. An operator has ``shape`` and ``matvec`` or ``@``, and
        ``rmatvec`` where products with the adjoint are needed; a function ``x -> A x`` is square.
    b : (m,) or (m, k) array_like
        Columns are solved one after the other.
    method : str
        "auto"; the splittings "richardson", "jacobi", "gauss-seidel", "gauss-seidel-backward",
        "gauss-seidel-symmetric", "sor", "ssor", "block-jacobi" (blocks of 8 rows); "chebyshev"; "kaczmarz"; the Krylov
        methods "cg", "minres", "gmres", "lsqr", "lsmr". "auto": cg for symmetric ``A`` with a positive diagonal (minres
        should it turn out indefinite), minres for other symmetric ``A``, gmres for square, lsmr for rectangular ``A``;
        the method of the `Solution` says why.
    M : optional
        A preconditioner close to the inverse of ``A``: what `preconditioner` returns, a matrix, an operator or a
        function, for richardson, chebyshev, cg, minres and gmres.
    x0 : (n,) or (n, k) array_like, optional
        Where to start; zero by default.
    rtol, atol : float >= 0
        Stop when ``||b - A x|| <= max(rtol ||b||, atol)``; lsqr and lsmr also when
        ``||A^H r|| <= rtol ||A|| ||r||``.
    maxiter : int, optional
        Default ``10 max(m, n)``, at least 100, at most 100000.
    omega : float or "auto"
        Relaxation of richardson, jacobi, sor, ssor, block-jacobi and kaczmarz. "auto": for sor Young's best omega from
        the spectral radius of Jacobi's method, proven to be so where ``A`` is consistently ordered, which is checked;
        for ssor ``2 / (1 + sqrt(2 (1 - rho)))``; for richardson from the spectrum of ``A``; 1 where nothing is known.
    ordering : {"natural", "red-black", "multicolor", "level"}
        The order in which Gauss-Seidel, SOR and SSOR visit the rows; the last gives the result of "natural" on several
        threads.
    callback : callable, optional
        ``callback(iteration, residual_norm, x)``; a true return value ends the iteration.
    callback_every : int >= 1
        Iterations between two calls.
    progress : bool
        Show the residual on the standard error stream.
    rng : numpy.random.Generator or int, optional
        Kaczmarz then draws rows in proportion to their squared norms, instead of taking them in turn.
    full_output : bool
        Return a `Solution`, with ``converged``, ``reason``, ``iterations`` and ``history``, instead of raising where
        the iteration does not converge.

    Returns
    -------
    x : (n,) or (n, k) ndarray
        Or a `Solution` if ``full_output``.

    Raises
    ------
    ConvergenceError
        If the tolerance was not met, or a diagonal entry that the method divides by is zero; its ``solution`` holds the
        last iterate. Not with ``full_output``.
    ValueError
        For shapes that do not fit, NaN or infinity (in ``A``, ``b``, ``x0`` or a product), sparse indices out of range,
        a method that ``A`` is not fit for, or an invalid keyword.
    TypeError
        For a dtype that cannot be iterated in, or a keyword of the wrong type.

    See Also
    --------
    predict_convergence : what to expect beforehand.
    preconditioner : makes an ``M``.

    Notes
    -----
    One call of compiled code; functions and callbacks are called from there. gmres restarts after 100 steps, or fewer
    where 100 vectors would fill half a gigabyte. Sums are formed in an order that does not depend on the number of
    threads. Reference: Saad, Iterative Methods for Sparse Linear Systems, 2nd ed. Equivalent:
    ``scipy.sparse.linalg.cg``, ``minres``, ``gmres``, ``lsqr``, ``lsmr``; ``pyamg.relaxation``.

    Examples
    --------
    >>> import hessolve as hs
    >>> s = hs.iterate([[4.0, 1.0], [1.0, 3.0]], [5.0, 4.0], full_output=True)
    >>> s.x.round(12), s.method
    (array([1., 1.]), 'cg: A is symmetric with a positive diagonal')
    >>> hs.iterate([[4.0, 1.0], [1.0, 3.0]], [5.0, 4.0], method="gauss-seidel").round(6)
    array([1., 1.])
    """
    _arrays.choice(method, "method", _METHODS)
    _arrays.choice(ordering, "ordering", _core.ORDERINGS)
    progress, full_output = _arrays.flag(progress, "progress"), _arrays.flag(full_output, "full_output")
    tolerances = [_arrays.real(v, n, "it is a number >= 0", lambda t: t >= 0) for v, n in ((rtol, "rtol"), (atol, "atol"))]
    limit = -1 if maxiter is None else _count(maxiter, "maxiter", 0)
    every = _count(callback_every, "callback_every", 1)
    relaxation = _omega(omega, method)
    if callback is not None and not callable(callback):
        raise TypeError(f"callback={_arrays.shown(callback)} is not valid; a function (iteration, residual_norm, x) is.")
    op, shape, columns, vector = _system(A, b, x0, M)
    start = np.zeros((shape[1], columns.shape[1]), dtype=columns.dtype)
    if x0 is not None:
        start[...] = _vectors(x0, "x0", shape[1], "columns", columns.dtype).reshape(start.shape)
    preconditioner = None
    if M is not None:
        preconditioner = _sparse.operator_of(M, columns.dtype, "M", size=shape[0])
        if not _is_product(M):
            _check_entries(preconditioner, "M")
    seed = 0 if rng is None else int(np.random.default_rng(rng).integers(2**63))
    target = max(tolerances[0] * float(np.linalg.norm(columns)), tolerances[1])
    with _iteration.Progress(method, target) if progress else nullcontext() as bar:
        report, details = _core.iterate(
            op,
            columns,
            start,
            preconditioner,
            method=method,
            ordering=ordering,
            rtol=tolerances[0],
            atol=tolerances[1],
            maxiter=limit,
            omega=relaxation,
            random_rows=rng is not None and method == "kaczmarz",
            seed=seed,
            observer=_iteration.observer(callback, bar),
            every=every,
            with_x=callback is not None,
        )
    if _iteration.reason_of(int(report.reason)) is Reason.non_finite:
        _check_entries(op, "A")
    solution = _iteration.solution_of(start[:, 0] if vector else start, report, details, shape)
    if not full_output:
        wanted = f"{target:.1e}"
        _iteration.raise_unless_converged(solution, report, f"`A` {shape}", details["method"], wanted)
    return solution if full_output else solution.x


def sweep(
    A: Any, x: NDArray[Any], b: ArrayLike, *, method: str, iterations: int = 1, omega: float = 1.0,
    ordering: str = "natural",
) -> NDArray[Any]:  # fmt: skip
    """Improve ``x`` in place by sweeps of a splitting: ``x := S^-1 (T x + b)``, ``A = S - T``.

    Parameters
    ----------
    A : (m, n) array_like or sparse matrix
        CSR and CSC are read in place, unsorted indices and entries stored twice (which count as their sum) included.
    x : (n,) or (n, k) ndarray
        Writeable, of the dtype of the result; overwritten.
    b : (m,) or (m, k) array_like
    method : str
        "richardson", "jacobi", "gauss-seidel", "gauss-seidel-backward", "gauss-seidel-symmetric", "sor", "ssor",
        "block-jacobi" (blocks of 8 rows), or "kaczmarz" (any shape).
    iterations : int >= 0
    omega : float
        Relaxation; between 0 and 2 for sor, ssor and kaczmarz. The Gauss-Seidel methods have none.
    ordering : {"natural", "red-black", "multicolor", "level"}
        The order of the rows for Gauss-Seidel, SOR and SSOR. Colours are computed in each call; the groups of a CSR
        matrix run on all threads.

    Returns
    -------
    x : ndarray
        The argument itself.

    Raises
    ------
    SingularMatrixError
        If a diagonal entry or block is zero or singular; the message names the row, and ``x`` is as it was.
    ConvergenceError
        If ``x`` overflowed; it is as it was.
    ValueError
        For shapes that do not fit, NaN or infinity, an ``x`` that cannot be overwritten, a method, omega or ordering
        that does not apply.
    TypeError
        For a dtype that cannot be computed in.

    Notes
    -----
    Two flops for each stored entry and sweep. A dense ``A`` in Fortran order is copied, and so is a CSC one for
    kaczmarz. Reference: Saad, Iterative Methods for Sparse Linear Systems, 2nd ed., 4.1. Equivalent:
    ``pyamg.relaxation.relaxation.gauss_seidel`` and its relatives.

    Examples
    --------
    >>> import hessolve as hs, numpy as np
    >>> x = np.zeros(2)
    >>> hs.sweep([[4.0, 1.0], [1.0, 3.0]], x, [5.0, 4.0], method="gauss-seidel", iterations=20).round(12)
    array([1., 1.])
    """
    _arrays.choice(method, "method", _SWEEPS)
    _arrays.choice(ordering, "ordering", _core.ORDERINGS)
    count = _count(iterations, "iterations", 0)
    relaxation = _omega(omega, method, automatic=False)
    strict = method in ("kaczmarz", "block-jacobi")
    op, shape, columns, _ = _system(A, b, x, None, order=strict)
    unknown = _arrays.as_array(x, "x")
    target = np.broadcast_to(unknown, unknown.shape) if unknown.dtype == columns.dtype else unknown.astype(columns.dtype)
    _arrays.check_overwrite(x, target, "x", columns, optional=False)
    if x.ndim not in (1, 2) or x.shape[0] != shape[1] or x.size != shape[1] * columns.shape[1]:
        raise ValueError(f"`x` {x.shape} does not fit `A` {shape} and `b`; ({shape[1]},) or one column each is needed.")
    outcome = _core.sweep(
        op,
        x if x.ndim == 2 else x[:, np.newaxis],
        columns,
        method=method,
        iterations=count,
        omega=relaxation,
        ordering=ordering,
    )
    if _iteration.reason_of(outcome[0]) is Reason.non_finite:
        _check_entries(op, "A")
        _vectors(x, "x", shape[1], "columns", columns.dtype)
        text = f"{count} sweeps of {method} overflow: the iteration diverges. `x` is as it was."
        raise ConvergenceError(f"`A` {shape}: {text}")
    _iteration.raise_for_splitting(outcome, f"`A` {shape}", f"method={method!r}")
    return x


def splitting(A: Any, method: str) -> tuple[Any, Any]:
    """Return S and T of the splitting ``A = S - T`` behind a method.

    Parameters
    ----------
    A : (n, n) array_like or sparse matrix
    method : str
        "richardson" (S = I / omega), "jacobi" (D), "gauss-seidel" (L + D), "gauss-seidel-backward" (D + U),
        "gauss-seidel-symmetric" ((L + D) D^-1 (D + U)), "sor" (L + D / omega), "ssor", "block-jacobi" (the diagonal
        blocks of 8 rows), with the omega that `iterate` would choose.

    Returns
    -------
    S, T : (n, n) ndarrays, or ``scipy.sparse.csr_array`` where ``A`` is sparse

    Raises
    ------
    SingularMatrixError
        If S has no inverse: a diagonal entry is zero, or a diagonal block singular.
    ValueError
        For ``A`` that is not square, NaN or infinity, or an invalid method.
    TypeError
        For a dtype that cannot be computed in, or ``A`` known by its products only.

    Notes
    -----
    O(entries), but for the symmetric methods, whose S is as dense as the product of two triangles. Reference: Saad,
    Iterative Methods for Sparse Linear Systems, 2nd ed., 4.1.

    Examples
    --------
    >>> import hessolve as hs
    >>> S, T = hs.splitting([[4.0, 1.0], [1.0, 3.0]], "gauss-seidel")
    >>> S - T
    array([[4., 1.],
           [1., 3.]])
    """
    _arrays.choice(method, "method", _SPLITTINGS)
    op = _matrix(A, square="hs.splitting")
    outcome, S, T, _ = _core.splitting(op, method, float("nan"))
    _iteration.raise_for_splitting(outcome, f"`A` {op.shape}", f"method={method!r}")
    if _sparse.is_sparse(A):
        return _sparse.csr_array(S, op.shape), _sparse.csr_array(T, op.shape)
    return _dense(S, op.shape), _dense(T, op.shape)


def spectral_radius(A: Any, *, method: str | None = None) -> float:
    """Return the largest modulus of an eigenvalue of ``A``, or of the iteration matrix of a splitting of ``A``.

    Parameters
    ----------
    A : (n, n) array_like, sparse matrix or operator
    method : str, optional
        A splitting, as for `splitting`, or "kaczmarz": the radius is then that of ``S^-1 T``, the factor by which the
        error of the iteration falls in the long run. "chebyshev" and "cg": the factor that bounds it.

    Returns
    -------
    radius : float

    Raises
    ------
    SingularMatrixError, NotPositiveDefiniteError
        If ``A`` is not fit for the method.
    ValueError
        For ``A`` that is not square, NaN or infinity, or an invalid method.
    TypeError
        For a dtype that cannot be computed in, or a function, whose size is not known.

    Warns
    -----
    RuntimeWarning
        If Arnoldi's method has not settled: the figure is then an estimate.

    Notes
    -----
    Lanczos' method for symmetric, Arnoldi's for other matrices; for consistently ordered symmetric ones Young's theory.
    Reference: Saad, Numerical Methods for Large Eigenvalue Problems. Equivalent: ``max(abs(numpy.linalg.eigvals(A)))``.

    Examples
    --------
    >>> import hessolve as hs
    >>> round(hs.spectral_radius([[2.0, 1.0], [1.0, 2.0]]), 9)
    3.0
    >>> round(hs.spectral_radius([[2.0, 1.0], [1.0, 2.0]], method="jacobi"), 9)
    0.5
    """
    if method is not None:
        _arrays.choice(method, "method", _PREDICTED)
        return float(_predicted(A, method, 1e-8, timed=False)[1])
    if _is_product(A):
        dtype = _sparse.scalar_type(A, "A")
        op = _sparse.operator_of(A, np.dtype(np.float64) if dtype is None else dtype)
        _check_square(op, "hs.spectral_radius")
    else:
        op = _matrix(A, square="hs.spectral_radius")
        _check_entries(op, "A")
    value, settled = _core.spectral_radius(op)
    if not settled:
        text = f"the spectral radius of `A` {op.shape} has not settled; {value:.6g} is an estimate."
        _solution._warn(text, RuntimeWarning)
    return float(value)


def predict_convergence(A: Any, method: str, rtol: float = 1e-8) -> Prediction:
    """Predict whether, how fast and in what time an iteration converges; solve nothing.

    Parameters
    ----------
    A : (n, n) array_like or sparse matrix
    method : str
        A splitting, "kaczmarz", "chebyshev" or "cg", with the omega that `iterate` would choose. The other Krylov
        methods have no rate that the spectrum alone decides.
    rtol : float in (0, 1)
        By how much the error is to fall.

    Returns
    -------
    prediction : Prediction
        ``spectral_radius``, ``converges``, ``iterations``, ``seconds``, ``reason``.

    Raises
    ------
    SingularMatrixError, NotPositiveDefiniteError
        If ``A`` is not fit for the method.
    ValueError
        For ``A`` that is not square, NaN or infinity, an invalid method or rtol.
    TypeError
        For a dtype that cannot be computed in, or an operator, whose entries are not known.

    Notes
    -----
    Some tens to some thousands of products with ``A``, and one timed sweep. Symmetric matrices with a positive diagonal:
    the ends of the spectrum of ``D^-1 A`` by Lanczos' method, and Young's theory where they are consistently ordered.
    Others: Arnoldi's method on the sweep itself. Reference: Young, Iterative Solution of Large Linear Systems, 5-6.

    Examples
    --------
    >>> import hessolve as hs
    >>> p = hs.predict_convergence([[2.0, 1.0], [1.0, 2.0]], "gauss-seidel")
    >>> round(p.spectral_radius, 9), p.converges, p.iterations
    (0.25, True, 14.0)
    """
    _arrays.choice(method, "method", _PREDICTED)
    tolerance = _arrays.real(rtol, "rtol", "it is a number between 0 and 1", lambda value: 0.0 < value < 1.0)
    _, radius, converges, iterations, seconds, reason = _predicted(A, method, tolerance, timed=True)
    return Prediction(method, radius, converges, iterations, seconds, reason)


def _predicted(A: Any, method: str, rtol: float, *, timed: bool) -> tuple[Any, ...]:
    op = _matrix(A, square="" if method == "kaczmarz" else f"method={method!r}")
    _check_entries(op, "A")
    found = _core.predict_convergence(op, method, rtol, timed)
    _iteration.raise_for_splitting(found[0], f"`A` {op.shape}", f"method={method!r}")
    return found


def _is_product(value: Any) -> bool:
    """Tell whether a matrix is known by its products only."""
    sparse_or_array = _sparse.is_sparse(value) or hasattr(value, "__array__")
    return not sparse_or_array and (_sparse.is_operator(value) or callable(value))


def _matrix(A: Any, *, square: str) -> _core.Operator:
    """Return a matrix, dense or sparse, as an operator whose entries are known."""
    if _is_product(A):
        raise TypeError(f"`A`, a {type(A).__name__}, is known by its products only; a matrix is needed.")
    dtype = _sparse.scalar_type(A, "A")
    op = _sparse.operator_of(A, np.dtype(np.float64) if dtype is None else dtype)
    if square:
        _check_square(op, square)
    return op


def _check_square(op: _core.Operator, needed_by: str) -> None:
    if op.shape[0] != op.shape[1]:
        raise ValueError(f"`A` {op.shape} is not square, as {needed_by} needs it; use hs.iterate(A, b, method='lsmr').")


def _check_entries(op: _core.Operator, name: str) -> None:
    row, column = op.find_non_finite()
    if row >= 0:
        raise ValueError(_arrays.non_finite_text(name, op.shape, row, column, ()))


def _system(
    A: Any, b: Any, x: Any, M: Any, *, order: bool = True
) -> tuple[_core.Operator, tuple[int, int], NDArray[Any], bool]:
    """Return A as an operator, its shape, b as (m, k) in the dtype of all arguments, and whether b was a vector."""
    right = _arrays.as_array(b, "b")
    if right.ndim not in (1, 2):
        raise ValueError(f"`b` {right.shape} has {right.ndim} dimensions; a vector (m,) or a matrix (m, k) is needed.")
    types = [_sparse.scalar_type(A, "A"), right.dtype, None if M is None else _sparse.scalar_type(M, "M")]
    types.append(None if x is None else _arrays.as_array(x, "x0").dtype)
    dtype = np.result_type(*[t for t in types if t is not None])
    op = _sparse.operator_of(A, dtype, size=len(right), order=order)
    shape = (int(op.shape[0]), int(op.shape[1]))
    if len(right) != shape[0]:
        rows = f"`b` needs {shape[0]} rows, not {len(right)}"
        raise ValueError(f"`A` {shape} and `b` {right.shape} do not fit: {rows}.")
    columns = _vectors(right, "b", shape[0], "rows", dtype)
    return op, shape, columns.reshape(len(right), -1) if right.ndim == 1 else columns, right.ndim == 1


def _vectors(value: Any, name: str, size: int, side: str, dtype: np.dtype[Any]) -> NDArray[Any]:
    """Return finite vectors of the given length in the given dtype."""
    array = _arrays.as_array(value, name)
    if array.ndim not in (1, 2) or len(array) != size:
        raise ValueError(f"`{name}` {array.shape} does not fit: `A` has {size} {side}.")
    finite = np.isfinite(array)
    if not finite.all():
        row, *column = (int(i) for i in np.argwhere(~finite)[0])
        raise ValueError(_arrays.non_finite_text(name, array.shape, row, column[0] if column else 0, ()))
    return array.astype(dtype, copy=False)


def _count(value: Any, name: str, least: int) -> int:
    try:
        number = operator.index(value) if not isinstance(value, (bool, np.bool_)) else None
    except TypeError:
        number = None
    if number is None:
        raise TypeError(f"{name}={_arrays.shown(value)} is not valid; it is an integer >= {least}.")
    if number < least:
        raise ValueError(f"{name}={_arrays.shown(value)} is not valid; it is an integer >= {least}.")
    return number


def _omega(value: Any, method: str, *, automatic: bool = True) -> float:
    """Return omega as a number, NaN for "auto"."""
    if automatic and isinstance(value, str) and value == "auto":
        return float("nan")
    bounded = method in ("sor", "ssor", "kaczmarz")
    valid = "it is a number between 0 and 2" if bounded else "it is a finite number other than 0"
    if automatic:
        valid += ", or 'auto'"
    number = _arrays.real(value, "omega", valid, lambda w: 0 < w < 2 if bounded else bool(np.isfinite(w)) and w != 0)
    if method not in _RELAXED and number != 1:
        raise ValueError(f"omega={value!r} is not valid: method={method!r} has no omega; methods that have: {_RELAXED}.")
    return number


def _dense(rows: tuple[NDArray[Any], ...], shape: tuple[int, int]) -> NDArray[Any]:
    indptr, indices, values = rows
    full = np.zeros(shape, dtype=values.dtype)
    full[np.repeat(np.arange(shape[0]), np.diff(indptr)), indices] = values
    return full
