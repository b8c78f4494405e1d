# SPDX-License-Identifier: BSD-3-Clause
"""Pictures of `plot` that lie on images: vesselness, and the ellipses of the eigenvalues of Hessians."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays


def draw_vesselness(image: ArrayLike, vesselness: ArrayLike, ax: Any) -> Any:
    """Draw the image in grey and vesselness over it, the clearer the larger it is."""
    grey, shown = _plane(image, "image"), _plane(vesselness, "vesselness")
    if grey.shape != shown.shape:
        raise ValueError(f"`vesselness` {shown.shape} is not of the shape of `image` {grey.shape}.")
    largest = float(shown.max(initial=0.0))
    share = shown / largest if largest > 0 else shown
    ax.imshow(grey, cmap="gray")
    ax.imshow(share, cmap="autumn", alpha=np.clip(share, 0, 1), vmin=0, vmax=1)
    ax.set_axis_off()
    return ax


def draw_curvatures(image: ArrayLike, H: ArrayLike, every: int, ax: Any) -> Any:
    """Draw ellipses on a grid of pixels: axes along the eigenvectors, as long as the eigenvalues are large."""
    from matplotlib.collections import EllipseCollection

    from .image import hessian_eigh

    grey = _plane(image, "image")
    field = np.asarray(H)
    if field.shape != (3, *grey.shape):
        raise ValueError(f"`H` {field.shape} does not fit `image` {grey.shape}: its shape is (3, *image.shape).")
    if isinstance(every, bool) or not isinstance(every, (int, np.integer)) or every < 1:
        raise ValueError(f"every={_arrays.shown(every)} is not valid; it is an integer >= 1.")
    rows, columns = np.mgrid[every // 2 : grey.shape[0] : every, every // 2 : grey.shape[1] : every]
    values, vectors = hessian_eigh(field[:, rows, columns])
    largest = float(abs(values).max(initial=0.0))
    lengths = abs(values) / (largest or 1.0) * every
    angle = np.degrees(np.arctan2(vectors[0, 0], vectors[1, 0]))  # of the first axis, in the picture's coordinates
    bright = values.sum(axis=0) < 0
    ax.imshow(grey, cmap="gray")
    for which, colour, label in ((bright, "tab:orange", "bright"), (~bright, "tab:cyan", "dark")):
        where = np.column_stack([columns[which], rows[which]])
        ellipses = EllipseCollection(
            lengths[0][which], lengths[1][which], angle[which], units="xy", offsets=where,
            offset_transform=ax.transData, facecolors="none", edgecolors=colour, label=label,
        )  # fmt: skip
        ax.add_collection(ellipses)
    ax.set_axis_off()
    return ax


def _plane(value: ArrayLike, name: str) -> NDArray[Any]:
    array = _arrays.as_array(value, name)
    if array.ndim != 2 or array.dtype.kind == "c":
        raise ValueError(f"`{name}` {array.shape} is not a real image of two dimensions.")
    if array.size == 0:
        raise ValueError(f"`{name}` {array.shape} is empty; there is nothing to draw.")
    if not np.isfinite(array).all():
        raise ValueError(f"`{name}` {array.shape} has a NaN or infinity; fill it first.")
    return array
