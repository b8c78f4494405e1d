# SPDX-License-Identifier: BSD-3-Clause
"""Splittings A = S - T by themselves: sweep, splitting, spectral_radius, predict_convergence."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _iteration, _operators, _solution, _sparse
from ._reasons import ConvergenceError, Reason

_SPLITTINGS = _core.ITERATIONS[1:9]
_SWEEPS = (*_SPLITTINGS, "kaczmarz")
_PREDICTED = (*_core.ITERATIONS[1:11], "cg")


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
    count = _operators.count(iterations, "iterations", 0)
    relaxation = _operators.omega_of(omega, method, automatic=False)
    strict = method in ("kaczmarz", "block-jacobi")
    op, shape, columns, _ = _operators.system(A, b, x, None, order=strict)
    unknown = _arrays.as_array(x, "x")
    _arrays.check_overwrite(x, unknown.astype(columns.dtype, copy=False), "x", columns, optional=False)
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
        _operators.check_entries(op, "A")
        _operators.vectors(x, "x", shape[1], "columns", columns.dtype)
        text = f"{count} sweeps of {method} overflow: the iteration diverges. `x` is as it was."
        raise ConvergenceError(f"`A` {shape}: {text}")
    _iteration.raise_for_splitting(outcome, shape, f"method={method!r}")
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
    op = _operators.matrix_of(A, square="hs.splitting")
    _operators.check_entries(op, "A")
    outcome, S, T, _ = _core.splitting(op, method, float("nan"))
    _iteration.raise_for_splitting(outcome, op.shape, f"method={method!r}")
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
    if _operators.is_product(A):
        dtype = _sparse.scalar_type(A, "A")
        op = _sparse.operator_of(A, np.dtype(np.float64) if dtype is None else dtype)
        _operators.check_square(op, "hs.spectral_radius")
    else:
        op = _operators.matrix_of(A, square="hs.spectral_radius")
        _operators.check_entries(op, "A")
    value, settled = _core.spectral_radius(op)
    if not settled:
        text = f"the spectral radius of `A` {op.shape} has not settled; {value:.6g} is an estimate."
        _solution.warn(text, RuntimeWarning)
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
    Some tens to some thousands of products with ``A``, and one timed sweep. Symmetric matrices with a positive
    diagonal: the ends of the spectrum of ``D^-1 A`` by Lanczos' method, and Young's theory where they are consistently
    ordered. Others: Arnoldi's method on the sweep itself. Reference: Young, Iterative Solution of Large Linear
    Systems, 5-6.

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
    op = _operators.matrix_of(A, square="" if method == "kaczmarz" else f"method={method!r}")
    _operators.check_entries(op, "A")
    found = _core.predict_convergence(op, method, rtol, timed)
    _iteration.raise_for_splitting(found[0], op.shape, f"method={method!r}")
    return found


def _dense(rows: tuple[NDArray[Any], ...], shape: tuple[int, int]) -> NDArray[Any]:
    indptr, indices, values = rows
    full = np.zeros(shape, dtype=values.dtype)
    full[np.repeat(np.arange(shape[0]), np.diff(indptr)), indices] = values
    return full
