# SPDX-License-Identifier: BSD-3-Clause
"""`image.blobs` and `image.structure`: what eigenvalues and determinants of Hessians find in an image."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core
from ._images import as_image, as_sigmas, options, over_channels, per_axis

SHAPES = ("flat", "blob", "tube", "plate", "corner")
_POLARITIES = ("both", "bright", "dark")
_BRIGHT = 8  # what the compiled codes add


class Blobs(NamedTuple):
    """Blobs, the strongest first."""

    positions: NDArray[np.float64]  # (n, d), in pixels, sub-pixel
    scales: NDArray[np.float64]  # (n,): sigma of the maximum
    responses: NDArray[np.float64]  # (n,): sigma^2d |det H|
    bright: NDArray[np.bool_]  # (n,): brighter than what is around them


class Structure(NamedTuple):
    """What the curvatures of each pixel look like."""

    kind: NDArray[np.int8]  # index into SHAPES: flat, blob, tube, plate, corner
    bright: NDArray[np.bool_]  # the largest curvature is negative: brighter than what is around


def blobs(
    image: ArrayLike,
    sigmas: Any,
    *,
    threshold: float,
    polarity: str = "both",
    scheme: str = "gaussian",
    mode: str = "reflect",
    cval: float = 0,
    truncate: float = 4.0,
    spacing: Any = 1,
) -> Blobs:
    """Find blobs: maxima over space and scale of the determinant of the Hessian, where it is definite.

    Parameters
    ----------
    image : array_like, of 1 to 3 dimensions
        As in `hessian`.
    sigmas : sequence of floats > 0
        Scales, in units of ``spacing``, in any order.
    threshold : float >= 0
        The least response that counts, in (units of the image)^d: a blob of Gaussian profile, height A and width s
        answers with ``(A / 4)**2`` at scale s in two dimensions. At 0 the rounding of a slope counts as well; a
        constant has no response.
    polarity : {"both", "bright", "dark"}
        Which blobs to return.
    scheme, mode, cval, truncate, spacing : as in `hessian`

    Returns
    -------
    positions : (n, d) ndarray, float64
        In pixels, from the maximum of a quadratic through the neighbours; with ``mode="wrap"`` pixels have neighbours
        across the border, and positions are from -1/2 to n - 1/2.
    scales : (n,) ndarray, float64
        From the maximum of a parabola over log sigma. A Gaussian of width s has scale s in two dimensions,
        ``s sqrt(2 / d)`` in d.
    responses : (n,) ndarray, float64
        ``sigma**(2 d) |det H|``, descending.
    bright : (n,) ndarray, bool

        A named tuple.

    Raises
    ------
    ValueError
        For a NaN, no scales, or a number out of range.
    TypeError
        For complex or other images without numbers.

    See Also
    --------
    hessian_determinant : the response of one scale, without its normalisation.

    Notes
    -----
    Keeps one response for each scale and pixel. Of equal neighbours the first counts. In three dimensions a determinant
    alone does not tell blobs from other points: one positive and two negative curvatures have a positive one as well;
    eigenvalues do. Equivalent: ``skimage.feature.blob_doh``, which takes the determinant from box filters, and dark
    blobs with bright ones. Reference: Lindeberg 1998, doi:10.1023/A:1008045108935.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> rows, columns = np.mgrid[:41, :41]
    >>> image = 8 * np.exp(-((rows - 20.3) ** 2 + (columns - 17.0) ** 2) / 18)
    >>> found = hs.image.blobs(image, [1.5, 2, 3, 4, 6], threshold=1)
    >>> found.positions.round(1), found.scales.round(1), found.bright
    (array([[20.3, 17. ]]), array([3.]), array([ True]))
    """
    scales = sorted(set(as_sigmas(sigmas)))
    least = _arrays.real(threshold, "threshold", "it is a finite number >= 0", lambda x: 0 <= x < np.inf)
    wanted = _arrays.choice(polarity, "polarity", _POLARITIES)
    array = as_image(image, (1, 3), "blobs")
    chosen = options(
        array, [scales[0]], scheme=scheme, mode=mode, cval=cval, truncate=truncate, spacing=spacing, scales=scales
    )
    largest = _core.image_range(array)[0]
    if 16 * largest > float(np.finfo(array.dtype).max) ** (1 / array.ndim) / 16:
        raise ValueError(
            f"`image` {array.shape} holds numbers as large as {largest:.2g}, and its determinants overflow "
            f"{array.dtype}; divide the image by its largest number first."
        )
    (table,) = _core.image_blobs(array, chosen, scales, least)
    d = array.ndim
    bright = table[:, d + 2] == 1
    if wanted != "both":
        keep = bright if wanted == "bright" else ~bright
        table, bright = table[keep], bright[keep]
    order = np.argsort(-table[:, d + 1], kind="stable")
    return Blobs(table[order, :d], table[order, d], table[order, d + 1], bright[order])


def structure(
    image: ArrayLike,
    sigma: Any = 1,
    *,
    flat: float = 0.05,
    ratio: float = 0.5,
    scheme: str = "gaussian",
    mode: str = "reflect",
    cval: float = 0,
    truncate: float = 4.0,
    spacing: Any = 1,
    channel_axis: int | None = None,
) -> Structure:
    """Say of each pixel whether it is part of a blob, a tube, a plate or a corner, or flat, and whether it is bright.

    Parameters
    ----------
    image : array_like, of 2 or 3 dimensions
        As in `hessian`.
    sigma : float > 0, or one for each axis, or None
        As in `hessian`.
    flat : float in [0, 1]
        Pixels whose Hessian has at most this share of the largest norm in the image are flat.
    ratio : float in (0, 1]
        A curvature counts that is at least this share of the largest of its pixel.
    scheme, mode, cval, truncate, spacing, channel_axis : as in `hessian`

    Returns
    -------
    kind : ndarray of the shape of the image, int8
        Index into ``hs.image.SHAPES``. All curvatures count and have one sign: "blob"; one less than all: "tube" (a
        line in two dimensions); one of three: "plate"; those that count have both signs: "corner", or saddle.
    bright : ndarray of the shape of the image, bool
        The largest curvature is negative.

        A named tuple.

    Raises
    ------
    ValueError
        For an image of other dimensions, a NaN, or a number out of range.
    TypeError
        For complex or other images without numbers.

    Notes
    -----
    What is rounding beside the largest pixel is flat as well. Two passes over tiles, as `eigenvalues`.
    Reference: Frangi et al. 1998, doi:10.1007/BFb0056195, table 1.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> image = np.zeros((21, 21))
    >>> image[10] = 1  # a bright line
    >>> kind, bright = hs.image.structure(image, 2)
    >>> hs.image.SHAPES[kind[10, 10]], bool(bright[10, 10]), hs.image.SHAPES[kind[0, 0]]
    ('tube', True, 'flat')
    """
    share = _arrays.real(flat, "flat", "it is a number from 0 to 1", lambda x: 0 <= x <= 1)
    counts = _arrays.real(ratio, "ratio", "it is a number > 0, at most 1", lambda x: 0 < x <= 1)

    def compute(value: Any) -> Structure:
        array = as_image(value, (2, 3), "structure")
        sigmas = None if sigma is None else per_axis(sigma, "sigma", array.ndim)
        chosen = options(array, sigmas, scheme=scheme, mode=mode, cval=cval, truncate=truncate, spacing=spacing)
        codes = _core.image_structure(array, chosen, share, counts)
        return Structure(codes % _BRIGHT, codes >= _BRIGHT)

    result: Structure = over_channels(image, channel_axis, compute)
    return result
