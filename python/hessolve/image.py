# SPDX-License-Identifier: BSD-3-Clause
"""Second derivatives of images and what they tell: hessian, eigenvalues, determinant, frangi, blobs, structure.

Components of a Hessian come on the first axis, the upper triangle in row-column order: in two dimensions ``H[0]`` is
the second derivative along the rows' axis, ``H[1]`` the mixed one, ``H[2]`` along the columns' axis. Images are float32
or float64 and stay so; integers are used by value, as float64. C-ordered images, memory-mapped ones too, are read in
place.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from . import _arrays, _core
from ._features import SHAPES, Blobs, Structure, blobs, structure
from ._images import MOST_AXES, ORDERS, as_components, as_image, checked, matrices, options, over_channels, per_axis
from ._vessels import frangi

__all__ = [
    "SHAPES",
    "Blobs",
    "HessianEigh",
    "Structure",
    "blobs",
    "eigenvalues",
    "frangi",
    "hessian",
    "hessian_determinant",
    "hessian_eigenvalues",
    "hessian_eigh",
    "structure",
]


class HessianEigh(NamedTuple):
    """Eigenvalues, descending, and eigenvectors of the Hessian of every pixel."""

    eigenvalues: NDArray[Any]  # (d, ...)
    eigenvectors: NDArray[Any]  # (d, d, ...): [i, k] is component i of the vector of eigenvalues[k]


def hessian(
    image: ArrayLike,
    sigma: Any = 1,
    *,
    scheme: str = "gaussian",
    mode: str = "reflect",
    cval: float = 0,
    truncate: float = 4.0,
    spacing: Any = 1,
    scale_normalized: bool = False,
    channel_axis: int | None = None,
) -> NDArray[Any]:
    """Take all second derivatives of an image.

    Parameters
    ----------
    image : array_like, of 1 to 6 dimensions
        float32 or float64; bool and integers are used by value, as float64, float16 as float32.
    sigma : float > 0, or one for each axis, or None
        Standard deviation of the Gaussian, in units of ``spacing``. None: no smoothing, for the schemes of differences.
    scheme : {"gaussian", "gaussian-twice", "difference", "difference-centred", "repeated-gradient"}
        "gaussian" correlates with derivatives of a Gaussian, exact for quadratics whatever ``sigma`` and ``truncate``;
        "gaussian-twice" twice with first derivatives of a Gaussian of ``sigma / sqrt(2)`` as
        ``scipy.ndimage.gaussian_filter`` samples them. The others smooth first.
        "difference" takes second differences, and for mixed derivatives forward differences along both axes;
        "difference-centred" centred ones; "repeated-gradient" is ``numpy.gradient`` applied twice.
    mode : {"reflect", "mirror", "nearest", "constant", "wrap"} or their "grid-" names
        What the image is beyond its border, as in ``scipy.ndimage``.
    cval : float
        The value beyond the border for "constant": the result is that of an image with a wide margin of it, so that
        adding a number to both changes nothing. Two schemes are scikit-image's at the border as well:
        "repeated-gradient" takes one-sided differences there, and "gaussian-twice" reads ``cval`` beyond the border of
        every pass, also that of derivatives.
    truncate : float > 0
        Kernels reach this many sigma to each side; in "gaussian" at least a pixel.
    spacing : float > 0, or one for each axis
        Distance of pixels; derivatives are taken in its unit.
    scale_normalized : bool
        Multiply derivatives by ``sigma`` for each order, so that they compare across scales.
    channel_axis : int, optional
        Axis of channels, each an image of its own.

    Returns
    -------
    H : (d (d + 1) / 2, *image.shape) ndarray
        In the dtype of the image.

    Raises
    ------
    ValueError
        For a NaN, a ``sigma`` or ``spacing`` that is not positive, or an image too small for "repeated-gradient".
    TypeError
        For complex or other images without numbers.

    See Also
    --------
    eigenvalues : of the Hessian of each pixel, without this field.

    Notes
    -----
    Passes along axes are shared between components; with d axes and kernels of radius r about ``(r + 1) (d + 1) d``
    flops for each component and pixel. Images smaller than a kernel are extended as often as it takes. Kernels of
    "gaussian" are the sampled Gaussian times its orthogonal polynomials, which is a local fit: a constant has no
    derivatives at all. Where truncation is far out they are those of ``scipy.ndimage.gaussian_filter``. Equivalent:
    ``skimage.feature.hessian_matrix`` is "gaussian-twice" with ``truncate`` 8 (100 for sigma <= 1) where
    ``use_gaussian_derivatives``, else "repeated-gradient". References: Lindeberg 1998, doi:10.1023/A:1008045108935;
    Savitzky and Golay 1964, doi:10.1021/ac60214a047.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> rows, columns = np.mgrid[:9, :9].astype(float)
    >>> H = hs.image.hessian(rows**2 + 3 * rows * columns, sigma=None, scheme="difference")
    >>> H[:, 4, 4]
    array([2., 3., 0.])
    """

    def compute(value: Any) -> NDArray[Any]:
        array = as_image(value, what="hessian")
        sigmas = None if sigma is None else per_axis(sigma, "sigma", array.ndim)
        chosen = options(
            array, sigmas, scheme=scheme, mode=mode, cval=cval, truncate=truncate, spacing=spacing,
            scale_normalized=scale_normalized,
        )  # fmt: skip
        return checked(_core.image_hessian(array, chosen), array)

    result: NDArray[Any] = over_channels(image, channel_axis, compute, leading=1)
    return result


def eigenvalues(
    image: ArrayLike,
    sigma: Any = 1,
    *,
    scheme: str = "gaussian",
    mode: str = "reflect",
    cval: float = 0,
    truncate: float = 4.0,
    spacing: Any = 1,
    scale_normalized: bool = False,
    order: str = "descending",
    channel_axis: int | None = None,
) -> NDArray[Any]:
    """Find the eigenvalues of the Hessian of each pixel in one pass, without the field of second derivatives.

    Parameters
    ----------
    image, sigma, scheme, mode, cval, truncate, spacing, scale_normalized, channel_axis : as in `hessian`
    order : {"descending", "magnitude"}
        "magnitude" is ascending by modulus.

    Returns
    -------
    values : (d, *image.shape) ndarray

    Raises
    ------
    ValueError, TypeError
        As `hessian`.

    See Also
    --------
    hessian_eigenvalues : of a field that is there already.

    Notes
    -----
    Tiles of rows stay in the cache. Images of more than three dimensions make the field, and the eigenvalues of it.
    Equivalent: ``skimage.feature.hessian_matrix_eigvals(skimage.feature.hessian_matrix(image, sigma))``.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> rows, columns = np.mgrid[:9, :9].astype(float)
    >>> hs.image.eigenvalues(3 * rows * columns, sigma=None, scheme="difference")[:, 4, 4]
    array([ 3., -3.])
    """
    by_magnitude = _arrays.choice(order, "order", ORDERS) == "magnitude"

    def compute(value: Any) -> NDArray[Any]:
        array = as_image(value, what="eigenvalues")
        sigmas = None if sigma is None else per_axis(sigma, "sigma", array.ndim)
        chosen = options(
            array, sigmas, scheme=scheme, mode=mode, cval=cval, truncate=truncate, spacing=spacing,
            scale_normalized=scale_normalized,
        )  # fmt: skip
        if array.ndim > 3:
            field = checked(_core.image_hessian(array, chosen), array)
            return checked(_eigenvalues_of(field, array.ndim, by_magnitude), array)
        return checked(_core.image_eigenvalues(array, chosen, by_magnitude), array)

    result: NDArray[Any] = over_channels(image, channel_axis, compute, leading=1)
    return result


def hessian_eigenvalues(H: ArrayLike, *, order: str = "descending") -> NDArray[Any]:
    """Find the eigenvalues of a field of Hessians.

    Parameters
    ----------
    H : (d (d + 1) / 2, ...) array_like
        Components of symmetric d x d matrices, as `hessian` returns them; any d.
    order : {"descending", "magnitude"}
        "magnitude" is ascending by modulus.

    Returns
    -------
    values : (d, ...) ndarray

    Raises
    ------
    ValueError
        If the first axis has no triangular number of components, one is NaN or infinite, or an eigenvalue overflows.
    TypeError
        For complex components.

    Notes
    -----
    Closed forms across SIMD lanes for d = 2 and 3: each error is at most ``4 eps ||H||`` or ``16 eps ||H||``, however
    close the eigenvalues are. For d > 3 by stacks of `hessolve.eigh`. Equivalent:
    ``skimage.feature.hessian_matrix_eigvals``.

    Examples
    --------
    >>> import hessolve as hs
    >>> hs.image.hessian_eigenvalues([[2.0], [1.0], [2.0]])
    array([[3.],
           [1.]])
    """
    by_magnitude = _arrays.choice(order, "order", ORDERS) == "magnitude"
    components, d = as_components(H)
    return _in_range(_eigenvalues_of(components, d, by_magnitude), components)


def _eigenvalues_of(components: NDArray[Any], d: int, by_magnitude: bool) -> NDArray[Any]:
    if d <= 3:
        return _core.image_eigh(components, d, vectors=False, by_magnitude=by_magnitude)[0]
    values = np.ascontiguousarray(np.moveaxis(_core.eigh(matrices(components, d), vectors=False)[0], -1, 0)[::-1])
    if by_magnitude:
        values = np.take_along_axis(values, np.argsort(abs(values), axis=0, kind="stable"), axis=0)
    return values


def _in_range(values: NDArray[Any], H: NDArray[Any]) -> NDArray[Any]:
    """Return eigenvalues that are finite; none is larger than d times the largest component."""
    where = _core.image_range(values.reshape(-1))[1]
    if where >= 0:
        at = tuple(int(i) for i in np.unravel_index(where, values.shape)[1:])
        raise ValueError(
            f"`H` {H.shape} holds numbers as large as {float(abs(H).max()):.2g}, and an eigenvalue at index {at} "
            f"overflows {H.dtype}; divide `H` by {len(values)} first, and the eigenvalues are that much smaller."
        )
    return values


def hessian_eigh(H: ArrayLike) -> HessianEigh:
    """Find the eigenvalues and eigenvectors of a field of Hessians.

    Parameters
    ----------
    H : (d (d + 1) / 2, ...) array_like
        Components of symmetric d x d matrices, as `hessian` returns them; any d.

    Returns
    -------
    eigenvalues : (d, ...) ndarray
        Descending.
    eigenvectors : (d, d, ...) ndarray
        ``eigenvectors[i, k]`` is component i of the unit vector of ``eigenvalues[k]``.

        A named tuple.

    Raises
    ------
    ValueError, TypeError
        As `hessian_eigenvalues`.

    Notes
    -----
    For d <= 3 across SIMD lanes: ``||V^T V - I||`` is at most ``16 eps``, ``||H V - V diag(values)||`` at most ``16
    eps ||H||``. Equivalent: ``numpy.linalg.eigh`` of the matrices, in descending order.

    Examples
    --------
    >>> import hessolve as hs
    >>> values, vectors = hs.image.hessian_eigh([[2.0], [0.0], [5.0]])
    >>> values[:, 0]
    array([5., 2.])
    >>> abs(vectors[:, 0, 0])
    array([0., 1.])
    """
    components, d = as_components(H)
    if d <= 3:
        values, vectors = _core.image_eigh(components, d, vectors=True, by_magnitude=False)
    else:
        values, vectors = _core.eigh(matrices(components, d), vectors=True)
        assert vectors is not None
        values = np.ascontiguousarray(np.moveaxis(values, -1, 0)[::-1])
        vectors = np.ascontiguousarray(np.moveaxis(vectors, (-2, -1), (0, 1))[:, ::-1])
    assert vectors is not None
    return HessianEigh(_in_range(values, components), vectors)


def hessian_determinant(
    image: ArrayLike,
    sigma: Any = 1,
    *,
    scheme: str = "gaussian",
    mode: str = "reflect",
    cval: float = 0,
    truncate: float = 4.0,
    spacing: Any = 1,
    scale_normalized: bool = False,
    channel_axis: int | None = None,
) -> NDArray[Any]:
    """Find the determinant of the Hessian of each pixel: large at blobs, negative at saddles of two dimensions.

    Parameters
    ----------
    image, sigma, scheme, mode, cval, truncate, spacing, scale_normalized, channel_axis : as in `hessian`

    Returns
    -------
    det : ndarray of the shape of the image

    Raises
    ------
    ValueError, TypeError
        As `hessian`.

    See Also
    --------
    blobs : its maxima over space and scale.

    Notes
    -----
    One pass over tiles, as `eigenvalues`. Equivalent: ``skimage.feature.hessian_matrix_det(image, sigma,
    approximate=False)`` is ``scheme="repeated-gradient", mode="constant"``.

    Examples
    --------
    >>> import numpy as np
    >>> import hessolve as hs
    >>> rows, columns = np.mgrid[:9, :9].astype(float)
    >>> float(hs.image.hessian_determinant(rows**2 + columns**2, None, scheme="difference")[4, 4])
    4.0
    """

    def compute(value: Any) -> NDArray[Any]:
        array = as_image(value, (1, MOST_AXES), "hessian_determinant")
        sigmas = None if sigma is None else per_axis(sigma, "sigma", array.ndim)
        chosen = options(
            array, sigmas, scheme=scheme, mode=mode, cval=cval, truncate=truncate, spacing=spacing,
            scale_normalized=scale_normalized,
        )  # fmt: skip
        if array.ndim > 3:
            field = checked(_core.image_hessian(array, chosen), array)
            return checked(_core.det(matrices(field, array.ndim)), array)
        return checked(_core.image_determinant(array, chosen), array)

    result: NDArray[Any] = over_channels(image, channel_axis, compute)
    return result
