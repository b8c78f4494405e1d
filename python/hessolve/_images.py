# SPDX-License-Identifier: BSD-3-Clause
"""What the functions of `image` share: images, scales and the ways to take derivatives, checked; channels."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from . import _arrays, _core

SCHEMES = ("gaussian", "gaussian-twice", "difference", "difference-centred", "repeated-gradient")  # as compiled
BORDERS = {  # scipy.ndimage's names; filters see no difference between two of one number
    "reflect": 0, "grid-mirror": 0, "mirror": 1, "nearest": 2, "constant": 3, "grid-constant": 3, "wrap": 4,
    "grid-wrap": 4,
}  # fmt: skip
ORDERS = ("descending", "magnitude")
MOST_AXES = 6
MOST_RADIUS = 1e6


def as_image(value: Any, axes: tuple[int, int] = (1, MOST_AXES), what: str = "this") -> NDArray[Any]:
    """Return ``value`` as a finite, C-ordered image of float32 or float64 with a number of axes in the given range."""
    array = _arrays.as_array(value, "image")
    if array.dtype.kind == "c":
        raise TypeError(
            f"`image` {array.shape} is complex; images are real: pass image.real, image.imag or abs(image)."
        )
    least, most = axes
    if not least <= array.ndim <= most:
        count = str(least) if least == most else f"{least} to {most}"
        hint = "; for colours pass channel_axis" if array.ndim == most + 1 else ""
        raise ValueError(f"`image` {array.shape} has {array.ndim} dimensions; {what} needs {count}{hint}.")
    array = np.ascontiguousarray(array)
    where = _core.image_range(array)[1]
    if where >= 0:
        index = tuple(int(i) for i in np.unravel_index(where, array.shape))
        raise ValueError(
            f"`image` {array.shape} has a NaN or infinity at index {index}; fill it first, for example with a median."
        )
    return array


def per_axis(value: Any, name: str, axes: int) -> list[float]:
    """Return one positive number for each axis, from one number for all or a sequence."""
    value = _arrays.scalar(value)
    values = [value] * axes if np.ndim(value) == 0 else list(value)
    if len(values) != axes:
        raise ValueError(f"{name}={_arrays.shown(value)} has {len(values)} numbers; the image has {axes} axes.")
    return [_positive(v, name) for v in values]


def as_sigmas(value: Any) -> list[float]:
    """Return the scales, positive and at least one."""
    value = _arrays.scalar(value)
    if np.ndim(value) == 0:
        value = [value]
    sigmas = [_positive(v, "sigmas") for v in value]
    if not sigmas:
        raise ValueError("`sigmas` is empty; at least one scale > 0 is needed.")
    return sigmas


def options(
    image: NDArray[Any],
    sigma: Sequence[float] | None,
    *,
    scheme: str,
    mode: str,
    cval: float,
    truncate: float,
    spacing: Any,
    scale_normalized: bool = False,
    scales: Sequence[float] = (),
) -> _core.ImageOptions:
    """Return the checked options of the compiled functions; ``sigma`` has one number for each axis, or is None."""
    code = SCHEMES.index(_arrays.choice(scheme, "scheme", SCHEMES))
    border = BORDERS[_arrays.choice(mode, "mode", BORDERS)]
    if sigma is None and not scheme.startswith(("difference", "repeated")):
        raise ValueError(f"sigma=None is not valid with scheme={scheme!r}, which smooths; give a sigma > 0.")
    constant = _arrays.real(cval, "cval", "it is a finite number", np.isfinite)
    reach = _arrays.real(truncate, "truncate", "it is a number > 0", lambda x: 0 < x < np.inf)
    steps = per_axis(spacing, "spacing", image.ndim)
    largest = float(np.finfo(image.dtype).max)
    if abs(constant) > largest**0.25:
        raise ValueError(f"cval={constant:g} is not valid: products with it leave the range of {image.dtype}.")
    for name, value in [("sigma", s) for s in [*(sigma or ()), *scales]] + [("spacing", s) for s in steps]:
        if value < largest**-0.125:
            raise ValueError(
                f"{name}={value:g} is not valid: its powers leave the range of {image.dtype}; rescale units."
            )
    for s in [*(sigma or ()), *scales]:
        if s / min(steps) * reach > MOST_RADIUS:
            text = f"a kernel of sigma {s:g} reaches {s / min(steps) * reach:.2g} pixels to each side"
            raise ValueError(f"{text}, more than {MOST_RADIUS:.0e}; take a smaller sigma or a coarser image.")
    if scheme == "repeated-gradient" and image.size and min(image.shape) < 2:
        axis = int(np.argmin(image.shape))
        raise ValueError(f"`image` {image.shape} has one pixel along axis {axis}; scheme={scheme!r} needs two.")
    return _core.ImageOptions(
        [] if sigma is None else list(sigma), steps, code, border, constant, reach,
        _arrays.flag(scale_normalized, "scale_normalized"),
    )  # fmt: skip


def checked(result: NDArray[Any], image: NDArray[Any]) -> NDArray[Any]:
    """Return a result that is finite; with valid options only images of large numbers make another."""
    limits = np.finfo(image.dtype)
    if image.size and _core.image_range(image)[0] > float(limits.max) ** 0.125 and not np.isfinite(result).all():
        raise ValueError(
            f"`image` {image.shape} holds numbers as large as {_core.image_range(image)[0]:.2g}, and the result "
            f"overflows {image.dtype}; divide the image by its largest number first."
        )
    return result


def over_channels(
    value: Any, channel_axis: Any, compute: Callable[[Any], Any], leading: int = 0, what: str = "image"
) -> Any:
    """Return ``compute(value)``, or what it makes of each channel, the channels where they were.

    ``leading`` is the number of axes that results have before those of the image.
    """
    if channel_axis is None:
        return compute(value)
    array = _arrays.as_array(value, what)
    axis = _arrays.scalar(channel_axis)
    if isinstance(axis, bool) or not isinstance(axis, (int, np.integer)):
        raise TypeError(f"channel_axis={_arrays.shown(channel_axis)} is not valid; it is an integer, or None.")
    if not -array.ndim <= axis < array.ndim:
        raise ValueError(f"channel_axis={axis} is not valid; `{what}` {array.shape} has {array.ndim} axes.")
    axis = int(axis) % array.ndim
    if not array.shape[axis]:
        raise ValueError(f"`{what}` {array.shape} has no channels along axis {axis}.")
    results = [compute(channel) for channel in np.moveaxis(array, axis, 0)]
    if isinstance(results[0], tuple):
        parts = [np.stack(part, axis=axis) for part in zip(*results, strict=True)]
        return type(results[0])(*parts) if hasattr(results[0], "_fields") else tuple(parts)
    return np.stack(results, axis=leading + axis)


def as_components(value: Any) -> tuple[NDArray[Any], int]:
    """Return the components of Hessians on the first axis, C-ordered and finite, and their dimension d."""
    H = _arrays.as_array(value, "H")
    if H.dtype.kind == "c":
        raise TypeError(f"`H` {H.shape} is complex; Hessians of images are real.")
    count = H.shape[0] if H.ndim else 0
    d = int((np.sqrt(8 * count + 1) - 1) / 2 + 0.5)
    if count == 0 or d * (d + 1) // 2 != count:
        raise ValueError(
            f"`H` {H.shape} needs d (d + 1) / 2 components on its first axis (1, 3, 6, ...): the upper triangle, row "
            "by row, as hs.image.hessian returns it."
        )
    H = np.ascontiguousarray(H)
    if not np.isfinite(H).all():
        index = tuple(int(i) for i in np.argwhere(~np.isfinite(H))[0])
        raise ValueError(f"`H` {H.shape} has a NaN or infinity at index {index}; clean the data first.")
    return H, d


def matrices(H: NDArray[Any], d: int) -> NDArray[Any]:
    """Return components (d (d + 1) / 2, ...) as symmetric matrices (..., d, d)."""
    A = np.empty((*H.shape[1:], d, d), dtype=H.dtype)
    for c, (i, j) in enumerate(zip(*np.triu_indices(d), strict=True)):
        A[..., i, j] = A[..., j, i] = H[c]
    return A


def _positive(value: Any, name: str) -> float:
    return _arrays.real(value, name, "it is a finite number > 0", lambda x: 0 < x < np.inf)
