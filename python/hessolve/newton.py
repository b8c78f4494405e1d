# SPDX-License-Identifier: BSD-3-Clause
"""Hessians and Jacobians put to use: Newton steps, minima and roots."""

from dataclasses import dataclass
from importlib import import_module
from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core, _hessian, _sparse
from ._derivatives import NotSmoothError
from ._differences import NonFiniteError
from ._iteration import reason_of
from ._line_search import Point
from ._objective import Equations, Objective, Result, Watcher, start
from ._reasons import ConvergenceError, NotPositiveDefiniteError, Reason

__all__ = ["NewtonStep", "Result", "minimize", "newton_step", "root"]

MODIFY = ("auto", "max-element", "shift", "eigenvalue", "gmw", "se99", "cheng-higham")


@dataclass(frozen=True, eq=False)
class NewtonStep:
    """A Newton step, and what was done to the Hessian for it."""

    step: NDArray[Any]  #: (n,), the solution p of (H + E) p = -g
    decrease: float  #: predicted by the model with H + E: -g^T p / 2
    modification: float  #: the 2-norm of E (of a sparse H: its shift); 0 where H is positive definite
    method: str  #: how E was found, "none" where E = 0


@overload
def newton_step(
    H: Any, g: ArrayLike, *, modify: str | None = ..., full_output: Literal[False] = ...
) -> NDArray[Any]: ...
@overload
def newton_step(H: Any, g: ArrayLike, *, modify: str | None = ..., full_output: bool) -> Any: ...
def newton_step(H: Any, g: ArrayLike, *, modify: str | None = "auto", full_output: bool = False) -> Any:
    """Return the step ``p`` of Newton's method, ``(H + E) p = -g``, which goes downhill for every Hessian.

    Parameters
    ----------
    H : (n, n) array_like or sparse matrix
        The Hessian, symmetric.
    g : (n,) array_like
        The gradient.
    modify : str or None
        How a Hessian that is not positive definite is repaired, as in `modify_hessian`: "auto" reflects negative
        eigenvalues up to n = 512, and is "se99" beyond. A sparse one is shifted ("auto" or "shift"), by the first of a
        growing sequence with which Cholesky's factorisation succeeds. None: it is an error.
    full_output : bool
        Return a `NewtonStep`: ``.step``, ``.decrease`` (predicted), ``.modification`` (the norm of E), ``.method``.

    Returns
    -------
    p : (n,) ndarray
        float32 where both arguments are, else float64.

    Raises
    ------
    NotPositiveDefiniteError
        If ``modify`` is None and ``H`` is not positive definite, to rounding; or where "max-element" was not enough.
    ValueError
        If shapes do not fit, ``H`` is not symmetric, for NaN or infinity, or where the step overflows.
    TypeError
        For complex numbers, an ``H`` known by its products only, or a dtype that cannot be computed in.

    See Also
    --------
    minimize : the whole iteration.
    modify_hessian : the repair by itself.

    Notes
    -----
    ``n^3 / 3`` flops where ``H`` is positive definite, else as `modify_hessian`. Definite means that each pivot of the
    Cholesky factorisation stays above ``8 n eps`` of the diagonal element it began as, which no scaling of the
    variables changes.
    Reference: Nocedal and Wright, Numerical Optimization, 3.4.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.newton_step([[2.0, 0.0], [0.0, 4.0]], [2.0, 4.0])
    array([-1., -1.])
    >>> found = hs.newton_step([[2.0, 0.0], [0.0, -4.0]], [2.0, 4.0], full_output=True)
    >>> found.step, found.method, found.modification
    (array([-1., -1.]), 'eigenvalue', 8.0)
    """
    if modify is not None:
        _arrays.choice(modify, "modify", MODIFY)
    _arrays.flag(full_output, "full_output")
    vector = _hessian.gradient(g, None, name="g")
    if _sparse.is_sparse(H):
        found = _sparse_step(H, vector, modify)
        return found if full_output else found.step
    if not _hessian.is_dense(H):
        raise TypeError(
            f"`H`, a {type(H).__name__}, is known by its products only; hs.minimize(f, x0, hessp=...) steps with such "
            "Hessians, and hs.iterate(H, -g, method='minres') solves with them."
        )
    matrix = _hessian.symmetric(H).matrix
    if len(matrix) != len(vector):
        raise ValueError(f"`g` {vector.shape} does not fit `H` {matrix.shape}: a vector ({len(matrix)},) is needed.")
    dtype = np.result_type(matrix.dtype, vector.dtype)
    matrix, vector = matrix.astype(dtype, copy=False), vector.astype(dtype, copy=False)
    (code, where), p, done = _core.newton_step(matrix, vector, modify or "auto", modify is not None)
    _raise_for(reason_of(code), where, matrix.shape, done["method"] if done["modified"] else None)
    if not full_output:
        return p
    method = done["method"] if done["modified"] else "none"
    return NewtonStep(p, float(done["decrease"]), float(done["E_norm"]), method)


def _raise_for(reason: Reason, where: int, shape: tuple[int, ...], method: str | None) -> None:
    if reason is Reason.not_positive_definite and method is None:
        raise NotPositiveDefiniteError(
            f"`H` {shape} is not positive definite: Cholesky stopped at column {where}, and modify=None allows no "
            "change. Use modify='auto', or hs.curvature(H) to see its eigenvalues."
        )
    if reason is Reason.not_positive_definite:
        raise NotPositiveDefiniteError(
            f"`H` {shape} is not positive definite, and modify={method!r} did not make it so; use modify='shift'."
        )
    if reason is Reason.breakdown:
        raise ValueError(
            f"`H` {shape} has no positive element, so that modify='max-element' means nothing; use modify='shift'."
        )
    if reason is Reason.non_finite:
        raise ValueError(f"the Newton step of `H` {shape} overflows; scale the variables or the function.")
    if reason is not Reason.ok:
        raise ConvergenceError(f"the eigenvalues of `H` {shape} did not converge; use modify='se99'.")


def _sparse_step(H: Any, g: NDArray[Any], modify: str | None) -> NewtonStep:
    """Step with a sparse Hessian, shifted until it has a Cholesky factor. [Nocedal and Wright, algorithm 3.3]"""
    from .factorization import factor

    if modify not in (None, "auto", "shift"):
        raise ValueError(f"modify={modify!r} changes every entry of `H`, which is sparse; use 'shift', or H.toarray().")
    if H.shape != (len(g), len(g)):
        need = f"({len(g)}, {len(g)})"
        raise ValueError(f"`g` {g.shape} does not fit `H` {tuple(H.shape)}: a matrix {need} is needed.")
    _hessian.real_dtype(np.dtype(H.dtype), "H")
    matrix = H.tocsr().astype(np.result_type(H.dtype, g.dtype, np.float32))
    gap = abs(matrix - matrix.T)
    entries = np.abs(matrix.data).max(initial=0.0)
    if not np.isfinite(entries):
        raise ValueError(f"`H` {matrix.shape} has a NaN or infinity; clean the data first.")
    if gap.nnz and gap.data.max() > 100 * np.sqrt(np.finfo(matrix.dtype).eps) * entries:
        raise ValueError(f"`H` {matrix.shape} is not symmetric; pass (H + H.T) / 2 if that is noise.")
    matrix = (matrix + matrix.T) / 2
    diagonal = matrix.diagonal()
    eps = float(np.finfo(matrix.dtype).eps)
    size = float(entries) or 1.0
    lowest = float(diagonal.min(initial=np.inf))
    tau = 0.0 if lowest > 0 else np.sqrt(eps) * size - lowest
    if lowest <= 0 and modify is None and len(g):
        i = int(np.argmin(diagonal))
        _raise_for(Reason.not_positive_definite, i, matrix.shape, None)
    unit: Any = None
    while True:
        if tau and unit is None:
            unit = import_module("scipy.sparse").eye_array(len(g), format="csr", dtype=matrix.dtype)
        shifted = matrix if tau == 0 else (matrix + tau * unit).tocsr()
        try:
            f = factor(shifted, kind="cholesky")
            p = -np.asarray(f.solve(g.astype(matrix.dtype, copy=False)))
            if np.isfinite(p).all() and float(p @ g) <= 0 and (tau or f.rcond > eps):
                return NewtonStep(p, -float(p @ g) / 2, tau, "shift" if tau else "none")
        except NotPositiveDefiniteError as error:
            if modify is None:
                raise NotPositiveDefiniteError(
                    f"`H` {matrix.shape} is not positive definite, and modify=None allows no change: {error}"
                ) from None
        if modify is None:
            raise NotPositiveDefiniteError(
                f"`H` {matrix.shape} is singular to rounding, and modify=None allows no change; use modify='auto'."
            )
        tau = max(4 * tau, np.sqrt(eps) * size)


def minimize(
    f: Any, x0: ArrayLike, *, args: Any = (), jac: Any = None, hess: Any = None, hessp: Any = None,
    method: str | None = "newton", callback: Any = None, tol: float | None = None, gtol: float | None = None,
    xtol: float | None = None, maxiter: int | None = None, modify: str = "auto", step: str = "line-search",
    options: dict[str, Any] | None = None,
) -> Result:  # fmt: skip
    """Minimise a smooth function of n variables.

    Parameters
    ----------
    f : callable
        ``f(x, *args)`` is one real number. NaN or infinity away from x0 shortens the step.
    x0 : (n,) array_like
        Where to start; computed in float64.
    args : tuple
        More arguments of ``f``, ``jac``, ``hess`` and ``hessp``.
    jac : callable, True, {"2-point", "3-point", "cs"} or None
        ``jac(x, *args)`` is the gradient; True: ``f`` returns it as the second of a pair. By default `gradient` finds
        it, exactly where ``f`` is written with NumPy.
    hess : callable, {"2-point", "3-point", "cs"}, update strategy or None
        ``hess(x, *args)`` is the Hessian: dense, sparse, or an operator. By default `hessian` finds it. An object such
        as ``scipy.optimize.BFGS()`` or ``SR1()`` learns it ("bfgs": its inverse) from the gradients on the way.
    hessp : callable, optional
        ``hessp(x, p, *args)`` is its product with p: conjugate gradients then make the steps, and no Hessian is formed.
    method : {"newton", "trust-region", "bfgs", "gradient"} or None
        "newton": `newton_step` with a line search, or truncated conjugate gradients. "trust-region": the minimum of the
        model within a ball, from eigenvalues, or by Steihaug's conjugate gradients. "bfgs": `QuasiNewton` with Wolfe's
        conditions. "gradient": steepest descent. SciPy's names of such methods are taken as well. None, as SciPy's
        default: "bfgs"; where ``hess`` or ``hessp`` is given, which that would not use, "newton".
    callback : callable, optional
        ``callback(xk)``, or with one argument named ``intermediate_result`` a result with ``x`` and ``fun``, after
        every iteration; StopIteration ends the work.
    tol : float, optional
        The same as ``gtol``.
    gtol : float, >= 0, optional
        Done where no element of the gradient is larger. Default 1e-8; "bfgs" and "gradient" 1e-5.
    xtol : float, >= 0, optional
        Done as well where a Newton step from a positive definite Hessian changes no variable by more than this share of
        it; the message says so. Default 4 eps.
    maxiter : int, optional
        Default 200 n, at least 1000.
    modify : str
        The repair of Hessians in "newton", as in `newton_step`.
    step : {"line-search", "exact", "bounded"}
        Of "gradient": by Wolfe's conditions, to the minimum of the quadratic model (`optimal_step`), or 1 / lambda_max.
    options : dict, optional
        The same keywords in a dictionary, as SciPy takes them; further "initial_trust_radius" (by
        default to the minimum of the model along -g), "max_trust_radius" (infinite) and "disp". Unknown ones are
        named in a UserWarning.

    Returns
    -------
    result : Result
        A dictionary with attributes, named as in ``scipy.optimize.OptimizeResult``: ``x``, ``fun``, ``jac``, ``hess``
        or ``hess_inv`` where there is one, ``nit``, ``nfev``, ``njev``, ``nhev``, ``success``, ``status`` (0 done, 1
        iterations used up, 2 precision lost, 3 no lower bound, 99 stopped by the callback), ``message``.

    Raises
    ------
    ValueError
        If ``f`` or a derivative is not finite at x0, returns another shape, or is not symmetric; for invalid keywords.
    TypeError
        For functions that are none, or numbers that are not real.

    See Also
    --------
    newton_step : one step.
    root : equations.

    Notes
    -----
    At a point where the gradient vanishes but the Hessian has a negative eigenvalue, "newton" and "trust-region" leave
    along its eigenvector: a saddle is not returned as a minimum. Of Hessians that are sparse or known by products, at
    most 20 products in Lanczos' method look for it, which miss one that is small beside the largest. In the rounding of
    f the gradient decides. Reference: Nocedal and Wright, Numerical Optimization, chapters 3, 4, 6 and 7. Equivalent:
    ``scipy.optimize.minimize``.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> def rosenbrock(x):
    ...     return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)
    >>> found = hs.minimize(rosenbrock, [-1.2, 1.0])
    >>> found.x, found.success, found.nit < 30
    (array([1., 1.]), True, True)
    """
    from . import _descent, _settings

    chosen = {"gtol": tol if gtol is None else gtol, "xtol": xtol, "maxiter": maxiter, "modify": modify, "step": step}
    chosen = _settings.merged(chosen, options)
    name = _settings.method_named(method, hess is not None or hessp is not None)
    watcher = Watcher(callback)
    x = start(x0)
    settings = _settings.settings(name, chosen, len(x))
    objective = Objective(f, x, args, jac, hess, hessp)
    value = objective.first_value(x)
    if len(x):
        run = _descent.Descent(objective, settings, watcher, Point(x, value, objective.gradient(x)))
        try:
            _descent.METHODS[name](run)
        except (NonFiniteError, NotSmoothError) as error:
            if run.nit == 0:  # at x0 it is the caller's to mend
                raise
            run.end(_descent.PRECISION, f"Stopped where derivatives end: {error}")
    else:
        run = _descent.Descent(objective, settings, watcher, Point(x, value, np.zeros(0)))
        run.end(_descent.DONE, "There is no variable, and nothing to minimise over.")
    if chosen.get("disp"):
        print(run.message)
    return run.result()


def root(
    F: Any, x0: ArrayLike, *, args: Any = (), jac: Any = None, tol: float | None = None, ftol: float = 0.0,
    maxiter: int | None = None, callback: Any = None,
) -> Result:  # fmt: skip
    """Solve n equations in n variables, ``F(x) = 0``.

    Parameters
    ----------
    F : callable
        ``F(x, *args)`` is an array of n real numbers. NaN or infinity away from x0 shortens the step.
    x0 : (n,) array_like
        Where to start; computed in float64.
    args : tuple
        More arguments of ``F`` and ``jac``.
    jac : callable, True or None
        ``jac(x, *args)`` is the Jacobian, (n, n); True: ``F`` returns it as the second of a pair. By default `jacobian`
        finds it, exactly where ``F`` is written with NumPy.
    tol : float, >= 0, optional
        Done after a full Newton step no longer than this share of x. Default sqrt(eps): the error of x is then about
        its square.
    ftol : float, >= 0
        Done where no element of F is larger. Zero, and eps times what F was at x0 (or eps), are always enough; so is
        what rounding makes of ``|J| |x|`` where no step makes F smaller, also where the Jacobian is singular.
    maxiter : int, optional
        Default 100 (n + 1).
    callback : callable, optional
        ``callback(x)``, or with one argument named ``intermediate_result``, after every iteration.

    Returns
    -------
    result : Result
        A dictionary with attributes, as ``scipy.optimize.OptimizeResult``: ``x``, ``fun``, ``jac``, ``success``,
        ``status`` (1 converged, 2 iterations used up, 5 no progress, 99 stopped by the callback), ``message``,
        ``nfev``, ``njev``, ``nit``.

    Raises
    ------
    ValueError
        If ``F`` or the Jacobian is not finite at x0, returns another shape, or for invalid keywords.
    TypeError
        For functions that are none, or numbers that are not real.

    See Also
    --------
    minimize : for more equations than variables the sum of their squares.

    Notes
    -----
    Newton steps, shortened until ``||F||`` falls; steps of Levenberg and Marquardt where the Jacobian is singular to
    rounding, or where no Newton step helps. Reference: Dennis and Schnabel, Numerical Methods for Unconstrained
    Optimization and Nonlinear Equations, 6.5; Moré 1978, doi 10.1007/BFb0067700. Equivalent: ``scipy.optimize.root``.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> found = hs.root(lambda x: np.stack([x[0] + 2 * x[1] - 2, x[0] ** 2 + 4 * x[1] ** 2 - 4]), [1.0, 2.0])
    >>> found.x.round(12), found.success
    (array([0., 1.]), True)
    """
    from . import _root, _settings

    watcher = Watcher(callback)
    x = start(x0)
    xtol = _settings.not_negative(tol, "tol", float(np.sqrt(np.finfo(np.float64).eps)))
    smallest = _settings.not_negative(ftol, "ftol", 0.0)
    limit = _settings.limit(maxiter, 100 * (len(x) + 1))
    return _root.solve(Equations(F, args, jac, len(x)), x, xtol, smallest, limit, watcher)
