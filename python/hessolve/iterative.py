# SPDX-License-Identifier: BSD-3-Clause
"""Splittings and Krylov methods: iterate."""

from contextlib import nullcontext
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _iteration, _operators, _sparse
from ._outcome import IterationContext, raise_for
from ._reasons import Reason
from ._solution import Solution


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
    _arrays.choice(method, "method", _core.ITERATIONS)
    _arrays.choice(ordering, "ordering", _core.ORDERINGS)
    progress, full_output = _arrays.flag(progress, "progress"), _arrays.flag(full_output, "full_output")
    relative, absolute = _not_negative(rtol, "rtol"), _not_negative(atol, "atol")
    limit = -1 if maxiter is None else _operators.count(maxiter, "maxiter", 0)
    every = _operators.count(callback_every, "callback_every", 1)
    relaxation = _operators.omega_of(omega, method)
    if callback is not None and not callable(callback):
        shown = _arrays.shown(callback)
        raise TypeError(f"callback={shown} is not valid; a function (iteration, residual_norm, x) is.")
    op, shape, columns, vector = _operators.system(A, b, x0, M)
    start = np.zeros((shape[1], columns.shape[1]), dtype=columns.dtype)
    if x0 is not None:
        start[...] = _operators.vectors(x0, "x0", shape[1], "columns", columns.dtype).reshape(start.shape)
    preconditioner = None
    if M is not None:
        preconditioner = _sparse.operator_of(M, columns.dtype, "M", size=shape[0])
        if not _operators.is_product(M):
            _operators.check_entries(preconditioner, "M")
    seed = 0 if rng is None else int(np.random.default_rng(rng).integers(2**63))
    largest = float(abs(columns).max(initial=0.0)) or 1.0  # norms without overflow
    norm = largest * float(np.linalg.norm(columns / columns.dtype.type(largest), axis=0).max(initial=0.0))
    target = max(relative * norm, absolute)
    with _iteration.Progress(method, target) if progress else nullcontext() as bar:
        report, details = _core.iterate(
            op,
            columns,
            start,
            preconditioner,
            method=method,
            ordering=ordering,
            rtol=relative,
            atol=absolute,
            maxiter=limit,
            omega=relaxation,
            random_rows=rng is not None and method == "kaczmarz",
            seed=seed,
            observer=_iteration.observer(callback, bar),
            every=every,
            with_x=callback is not None,
        )
    if _iteration.reason_of(int(report.reason)) is Reason.non_finite:
        _operators.check_entries(op, "A")
    solution = _iteration.solution_of(start[:, 0] if vector else start, report, details, shape)
    if not full_output:
        shapes, name = {"A": shape, "b": columns.shape}, details["method"]
        context = IterationContext(shapes, columns.dtype, "", solution=solution, method=name, target=target)
        raise_for(report, context)
    return solution if full_output else solution.x


def _not_negative(value: Any, name: str) -> float:
    return _arrays.real(value, name, "it is a number >= 0", lambda number: number >= 0)
