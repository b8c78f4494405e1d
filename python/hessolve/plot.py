# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of what was computed: convergence, spectrum, paths of coefficients, L-curve, vessels, curvatures, ...

Each function takes the axes to draw on, a new figure's by default, and returns them. matplotlib is imported on first
use; the extra ``hessolve[plot]`` brings it.
"""

from collections.abc import Callable, Mapping
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays

__all__ = [
    "coefficients",
    "convergence",
    "curvatures",
    "descent",
    "l_curve",
    "leave_one_out",
    "solution",
    "spectrum",
    "vesselness",
]


def solution(s: Any, ax: Any = None) -> Any:
    """Draw the history of a `Solution`, or its singular values; ValueError where it has neither, or is a batch."""
    if s.history is not None:
        ax = convergence(s.history, ax=ax)
        ax.set_title(str(s.method))
        return ax
    if s.singular_values is not None and s.singular_values.ndim == 1:
        return spectrum(s.singular_values, rank=s.rank, ax=ax)
    raise ValueError(
        f"method {s.method!s} has no history to plot, and no spectrum; "
        "only iterative methods have the one, and least squares by the SVD the other."
    )


def convergence(history: ArrayLike, *, rate: float | None = None, ax: Any = None) -> Any:
    """Draw residual norms over the iterations, and the slope that was predicted.

    Parameters
    ----------
    history : (k,) array_like, >= 0
        Residual norms, the first before the first iteration.
    rate : float > 0, optional
        The factor by which each iteration is expected to reduce the residual, for instance a spectral radius.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no history, or it is negative, or the rate is not positive.
    ImportError
        If matplotlib is missing.
    """
    norms = _curve(history, "history")
    slope = None if rate is None else _arrays.real(rate, "rate", "it is a number > 0, or None", lambda value: value > 0)
    ax = _axes(ax)
    steps = np.arange(len(norms))
    ax.semilogy(steps, norms, label="observed")
    if slope is not None and norms[0] > 0:
        with np.errstate(under="ignore"):
            ax.semilogy(steps, norms[0] * slope**steps, "--", label=f"predicted, {slope:.3g} a step")
        ax.legend()
    ax.set(xlabel="iteration", ylabel="residual norm")
    return ax


def spectrum(singular_values: ArrayLike, *, rank: int | None = None, ax: Any = None) -> Any:
    """Draw singular values, those that count apart from those that count as zero.

    Parameters
    ----------
    singular_values : (r,) array_like, >= 0
        In descending order.
    rank : int in [0, r], optional
        How many of them count; all by default.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there are no values, one is negative, or the rank is out of range.
    ImportError
        If matplotlib is missing.
    """
    values = _curve(singular_values, "singular_values")
    count = len(values) if rank is None else int(rank)
    if not 0 <= count <= len(values):
        raise ValueError(f"rank={count} is not valid; it is an integer from 0 to {len(values)}, or None.")
    ax = _axes(ax)
    index = np.arange(1, len(values) + 1)
    floor = np.where(values > 0, values, np.nan)  # zeros have no place on a logarithmic axis
    ax.semilogy(index[:count], floor[:count], "o", label=f"rank {count}")
    if count < len(values):
        ax.semilogy(index[count:], floor[count:], "x", label="counts as zero")
        ax.axvline(count + 0.5, linestyle="--", color="grey")
    ax.legend()
    ax.set(xlabel="index", ylabel="singular value")
    return ax


def curvature(report: Any, ax: Any = None) -> Any:
    """Draw the eigenvalues of a Hessian by sign, and the band in which one counts as zero.

    Parameters
    ----------
    report : Curvature
        From `hs.curvature`.
    ax : matplotlib Axes, optional

    Returns
    -------
    ax : matplotlib Axes

    Raises
    ------
    ValueError
        If there is no eigenvalue.
    ImportError
        If matplotlib is missing.
    """
    w = np.asarray(report.eigenvalues, dtype=np.float64)
    if w.size == 0:
        raise ValueError("`report` has no eigenvalue to draw.")
    ax = _axes(ax)
    order = np.arange(1, len(w) + 1)
    band = max(float(report.uncertainty), float(np.finfo(np.float64).tiny))
    ax.axhspan(-band, band, color="0.85", label=f"zero to {band:.1g}")
    for colour, name, chosen in (("C0", "positive", w > band), ("C3", "negative", w < -band)):
        if chosen.any():
            ax.plot(order[chosen], w[chosen], "o", color=colour, markersize=4, label=f"{int(chosen.sum())} {name}")
    inside = np.abs(w) <= band
    if inside.any():
        ax.plot(order[inside], w[inside], "o", color="0.4", markersize=4, label=f"{int(inside.sum())} zero")
    if (np.abs(w) > 1e3 * np.abs(w[~inside]).min(initial=np.inf)).any():
        ax.set_yscale("symlog", linthresh=max(band, float(np.abs(w[~inside]).min())))
    ax.set_xlabel("index")
    ax.set_ylabel("eigenvalue")
    ax.set_title(f"{report.definiteness}, condition {report.condition:.2g}")
    ax.legend()
    return ax


def descent(f: Callable[[Any], Any], paths: Mapping[str, ArrayLike], *, ax: Any = None) -> Any:
    """Draw the contours of a function of two variables, and over them the paths of minimisations.

    Parameters
    ----------
    f : callable
        ``f(x)`` for x (2,) is one number; where it is not finite nothing is drawn.
    paths : mapping from names to (k, 2) array_like
        The points of each, from its start on, as a callback of `minimize` collects them. The picture shows all of them.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If there is no path, or one is not a finite (k, 2).
    ImportError
        If matplotlib is missing.

    Notes
    -----
    The levels are spaced geometrically above the lowest value seen, so that a flat valley has its lines as well.
    """
    lines = {str(name): np.asarray(points, dtype=np.float64) for name, points in paths.items()}
    if not lines:
        raise ValueError("`paths` is empty; a path is a name and its points (k, 2).")
    for name, points in lines.items():
        if points.ndim != 2 or points.shape[1] != 2 or not len(points) or not np.isfinite(points).all():
            raise ValueError(f"the path {name!r} {points.shape} is not a list of finite points (k, 2).")
    ax = _axes(ax)
    every = np.concatenate(list(lines.values()))
    low, high = every.min(axis=0), every.max(axis=0)
    room = 0.15 * np.where(high > low, high - low, np.maximum(1.0, np.abs(high)))
    x, y = (np.linspace(a - m, b + m, 121) for a, b, m in zip(low, high, room, strict=True))
    with np.errstate(all="ignore"):
        values = np.array([[float(np.asarray(f(np.array([u, v]))).reshape(())) for u in x] for v in y])
        reached = np.array([float(np.asarray(f(point)).reshape(())) for point in every])
    values[~np.isfinite(values)] = np.nan
    least = float(np.nanmin([np.nanmin(values), *reached[np.isfinite(reached)]]))
    over = values - least
    if np.nanmax(over) > 0:
        top = float(np.nanmax(over))
        ax.contour(x, y, over, levels=top * np.geomspace(1e-5, 1.0, 16), colors="0.75", linewidths=0.7)
    for name, points in lines.items():
        ax.plot(*points.T, "o-", markersize=3, linewidth=1.2, label=f"{name}, {len(points) - 1} steps")
    ax.plot(*every[0], "k*", markersize=8)
    ax.legend()
    ax.set(xlabel="x[0]", ylabel="x[1]")
    return ax


def coefficients(path: Any, ax: Any = None) -> Any:
    """Draw the coefficients of a ridge or lasso `Path` over the penalty, one line each, the first target's alone.

    Parameters
    ----------
    path : Path
        Of `ridge_path` or `lasso_path`.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the path is empty.
    ImportError
        If matplotlib is missing.
    """
    alphas, shown = _penalties(path)
    coefs = path.coefs[:, 0] if path.coefs.ndim == 3 else path.coefs
    ax = _axes(ax)
    ax.semilogx(alphas, coefs[:, shown].T)
    ax.set(xlabel="alpha", ylabel="coefficients", title=path.kind)
    return ax


def leave_one_out(path: Any, ax: Any = None) -> Any:
    """Draw the leave-one-out error of a ridge `Path` over the penalty, with its minimum, and GCV beside it.

    Parameters
    ----------
    path : Path
        Of `ridge_path`. Errors of several targets are averaged.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the path is empty, or not of ridge.
    ImportError
        If matplotlib is missing.
    """
    if path.loo is None:
        raise ValueError(f"a path of {path.kind} has no leave-one-out errors; hs.ridge_path(X, y) computes them.")
    alphas, shown = _penalties(path)
    loo, gcv = (np.atleast_2d(errors).mean(axis=0)[shown] for errors in (path.loo, path.gcv))
    best = int(np.argmin(loo))
    ax = _axes(ax)
    ax.loglog(alphas, loo, label="leave one out")
    ax.loglog(alphas, gcv, "--", label="generalised cross-validation")
    ax.loglog(alphas[best], loo[best], "o", label=f"alpha = {alphas[best]:.3g}")
    ax.legend()
    ax.set(xlabel="alpha", ylabel="mean squared error")
    return ax


def l_curve(path: Any, ax: Any = None) -> Any:
    """Draw the norm of the solution over the norm of the residual, for each penalty of a ridge `Path`.

    Parameters
    ----------
    path : Path
        Of `ridge_path`; of several targets the first.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the path is empty, or not of ridge.
    ImportError
        If matplotlib is missing.

    Notes
    -----
    Reference: Hansen 1992, doi 10.1137/1034115.
    """
    if path.residual_norm is None:
        raise ValueError(f"a path of {path.kind} has no L-curve; hs.ridge_path(X, y) has one.")
    alphas, shown = _penalties(path)
    residuals, sizes = (np.atleast_2d(norms)[0, shown] for norms in (path.residual_norm, path.solution_norm))
    ax = _axes(ax)
    ax.loglog(residuals, sizes, "o-")
    for end in sorted({0, len(alphas) - 1}):
        ax.annotate(f"alpha = {alphas[end]:.2g}", (residuals[end], sizes[end]))
    ax.set(xlabel="||y - X w||", ylabel="||w||")
    return ax


def vesselness(image: ArrayLike, vesselness: ArrayLike, *, ax: Any = None) -> Any:
    """Draw an image in grey and what `image.frangi` found in it over it, the clearer the larger.

    Parameters
    ----------
    image, vesselness : (m, n) array_like, real
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the two differ in shape, have not two dimensions, are empty, or have a NaN.
    ImportError
        If matplotlib is missing.
    """
    from ._image_plots import draw_vesselness

    return draw_vesselness(image, vesselness, _axes(ax))


def curvatures(image: ArrayLike, H: ArrayLike, *, every: int = 16, ax: Any = None) -> Any:
    """Draw the Hessians of an image as ellipses on a grid: long along large curvatures, in two colours for two signs.

    Parameters
    ----------
    image : (m, n) array_like, real
    H : (3, m, n) array_like
        Of `image.hessian`.
    every : int >= 1
        Pixels from one ellipse to the next; the largest eigenvalue on the grid is that long.
    ax : matplotlib.axes.Axes, optional

    Returns
    -------
    ax : matplotlib.axes.Axes

    Raises
    ------
    ValueError
        If the two do not fit, the image is empty, or ``every`` is out of range.
    ImportError
        If matplotlib is missing.
    """
    from ._image_plots import draw_curvatures

    return draw_curvatures(image, H, every, _axes(ax))


def _axes(ax: Any) -> Any:
    if ax is not None:
        return ax
    try:
        pyplot = import_module("matplotlib.pyplot")
    except ImportError as error:
        raise ImportError('plots need matplotlib: pip install "hessolve[plot]".') from error
    return pyplot.subplots()[1]


def _curve(values: ArrayLike, name: str) -> NDArray[np.float64]:
    """Return at least one number >= 0, in one dimension."""
    array = np.asarray(values, dtype=np.float64)
    if array.ndim != 1 or not array.size:
        raise ValueError(f"`{name}` {array.shape} is not a list of at least one number.")
    if not (array >= 0).all():
        at = int(np.argmin(array >= 0))
        raise ValueError(f"`{name}` has {array[at]:.3g} at index {at}; norms are numbers >= 0.")
    return array


def _penalties(path: Any) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return the positive penalties of a path, which a logarithmic axis can show, and where they stand."""
    shown = np.flatnonzero(path.alphas > 0)
    if not shown.size:
        raise ValueError("the path has no positive penalty, and nothing to plot over it.")
    return path.alphas[shown], shown
