# SPDX-License-Identifier: BSD-3-Clause
"""`image.frangi`: how much a pixel looks like a part of a vessel."""

from typing import Any, Literal, overload

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core
from ._images import as_image, as_sigmas, checked, options, over_channels

_Pair = tuple[NDArray[Any], NDArray[Any]]


# fmt: off
@overload
def frangi(
    image: ArrayLike, sigmas: Any = ..., *, alpha: float = 0.5, beta: float = 0.5, gamma: Any = None,
    black_ridges: bool = True, return_scale: Literal[False] = False, legacy: bool = False, scheme: str = "gaussian",
    mode: str = "reflect", cval: float = 0, truncate: float = 4.0, spacing: Any = 1, channel_axis: int | None = None,
) -> NDArray[Any]: ...
@overload
def frangi(
    image: ArrayLike, sigmas: Any = ..., *, alpha: float = 0.5, beta: float = 0.5, gamma: Any = None,
    black_ridges: bool = True, return_scale: Literal[True], legacy: bool = False, scheme: str = "gaussian",
    mode: str = "reflect", cval: float = 0, truncate: float = 4.0, spacing: Any = 1, channel_axis: int | None = None,
) -> _Pair: ...
@overload
def frangi(
    image: ArrayLike, sigmas: Any = ..., *, alpha: float = 0.5, beta: float = 0.5, gamma: Any = None,
    black_ridges: bool = True, return_scale: bool, legacy: bool = False, scheme: str = "gaussian",
    mode: str = "reflect", cval: float = 0, truncate: float = 4.0, spacing: Any = 1, channel_axis: int | None = None,
) -> NDArray[Any] | _Pair: ...
def frangi(
    image: ArrayLike, sigmas: Any = (1, 3, 5, 7, 9), *, alpha: float = 0.5, beta: float = 0.5, gamma: Any = None,
    black_ridges: bool = True, return_scale: bool = False, legacy: bool = False, scheme: str = "gaussian",
    mode: str = "reflect", cval: float = 0, truncate: float = 4.0, spacing: Any = 1, channel_axis: int | None = None,
) -> NDArray[Any] | _Pair:
    # fmt: on
    """Measure how much each pixel looks like a part of a vessel, from 0 to 1: Frangi's filter over several scales.

    Parameters
    ----------
    image : array_like, of 2 or 3 dimensions
        As in `hessian`.
    sigmas : sequence of floats > 0
        Scales, in units of ``spacing``. A vessel of Gaussian profile and width w answers most at ``sqrt(2) w`` in two
        dimensions, at w in three.
    alpha, beta : float > 0
        Where plates (three dimensions) and blobs end: smaller ones are stricter.
    gamma : float > 0, or one for each sigma, optional
        Norm of the Hessian, normalised by ``sigma**2``, above which structure counts. By default half of the largest
        one over all pixels and all scales, at the cost of a second pass.
    black_ridges : bool
        Vessels are darker than what is around them; False: brighter.
    return_scale : bool
        Return the sigma of the maximum as well, 0 where there is no vessel.
    legacy : bool
        As scikit-image: Hessians are not normalised, and gamma is half of the largest norm at the first scale, so
        that the result depends on the order of the scales. Fixes ``scheme``, ``truncate`` and ``spacing``; ``cval`` is
        read beyond the border of derivatives too, as by its "gaussian-twice".
    scheme, mode, cval, truncate, spacing, channel_axis : as in `hessian`

    Returns
    -------
    vesselness : ndarray of the shape of the image
        The maximum over the scales; the same bits for any order of them.
    scale : ndarray of the shape of the image
        Only with ``return_scale``.

    Raises
    ------
    ValueError
        For an image of other dimensions, a NaN, no scales or a number out of range.
    TypeError
        For complex or other images without numbers, or a flag that is neither True nor False.

    Notes
    -----
    With eigenvalues ``|l1| <= |l2| <= |l3|``: ``exp(-RB^2 / 2 beta^2) (1 - exp(-S^2 / 2 gamma^2))``, S the norm of the
    Hessian; in two dimensions ``RB = |l1| / |l2|``; in three ``RB = |l1| / sqrt(|l2 l3|)``, and another factor ``1 -
    exp(-RA^2 / 2 alpha^2)`` with ``RA = |l2| / |l3|``. 0 where a large eigenvalue has the wrong sign. Tiles of rows go
    from pixels to vesselness in the cache; a given gamma needs one pass a scale, and no memory but the result.
    Equivalent: ``skimage.filters.frangi``, to rounding with ``legacy=True``. Reference: Frangi et al. 1998,
    doi:10.1007/BFb0056195.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> columns = np.arange(41.0)
    >>> image = np.tile(-np.exp(-((columns - 20) ** 2) / 18), (41, 1))  # a dark line, three pixels wide
    >>> vesselness, scale = hs.image.frangi(image, [1, 2, 3, 4, 6], return_scale=True)
    >>> int(vesselness[20].argmax()), float(scale[20, 20])
    (20, 4.0)
    """
    scales = as_sigmas(sigmas)
    a, b = (_arrays.real(v, n, "it is a number > 0", lambda x: 0 < x < np.inf)
            for v, n in ((alpha, "alpha"), (beta, "beta")))  # fmt: skip
    gammas = _gammas(gamma, len(scales))
    bright = not _arrays.flag(black_ridges, "black_ridges")
    both, old = _arrays.flag(return_scale, "return_scale"), _arrays.flag(legacy, "legacy")
    if old and (scheme != "gaussian" or truncate != 4.0 or np.any(np.asarray(spacing) != 1)):
        raise ValueError("legacy=True has a scheme, a truncation and a spacing of its own; leave out those keywords.")

    def compute(value: Any) -> Any:
        array = as_image(value, (2, 3), "frangi")
        chosen = options(
            array, [scales[0]], scheme=scheme, mode=mode, cval=cval, truncate=truncate, spacing=spacing, scales=scales
        )
        vesselness, scale = _core.image_frangi(
            array, chosen, scales, gammas, alpha=a, beta=b, bright_ridges=bright, legacy=old, return_scale=both
        )
        checked(vesselness, array)
        return (vesselness, scale) if both else vesselness

    result: NDArray[Any] | _Pair = over_channels(image, channel_axis, compute)
    return result


def _gammas(gamma: Any, count: int) -> list[float]:
    """Return one gamma for each scale; none where they are to be found."""
    if gamma is None:
        return []
    gamma = _arrays.scalar(gamma)
    values = [gamma] * count if np.ndim(gamma) == 0 else list(gamma)
    if len(values) != count:
        raise ValueError(f"gamma={_arrays.shown(gamma)} has {len(values)} numbers; there are {count} scales.")
    return [_arrays.real(v, "gamma", "it is a number > 0, or None", lambda x: 0 < x < np.inf) for v in values]
