# SPDX-License-Identifier: BSD-3-Clause
"""image-hessian, eigenvalues, frangi: second derivatives of images, like for like with scikit-image."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import hessolve as hs

from .harness import Array, Call, Case, Contest, Row, peer_module

NEEDS = ("scipy.ndimage", "skimage.feature", "skimage.filters")
TWICE = {"scheme": "gaussian-twice", "truncate": 8.0}  # use_gaussian_derivatives=True, for sigma > 1
GRADIENT = {"scheme": "repeated-gradient", "mode": "constant"}  # False, the faster of the two
SHAPES = ((1024, 1024), (96, 96, 96))


def image_of(shape: tuple[int, ...], quick: bool) -> Array:
    """Return noise, of a quarter of the length along each axis where it has to be quick."""
    return np.random.default_rng(len(shape)).standard_normal(tuple(n // 4 for n in shape) if quick else shape)


def exact_hessian(image: Array, sigma: float, twice: bool) -> Array:
    """Return the field in long double: the passes of the definition, by dense matrices along each axis."""
    passes = [_matrix(n, sigma, twice) for n in image.shape]
    wide = image.astype(np.longdouble)
    smooth, first = [p[0] for p in passes], [p[1] for p in passes]

    def along(x: Array, matrices: list[Array]) -> Array:
        for axis, matrix in enumerate(matrices):
            x = np.moveaxis(np.tensordot(matrix, x, (1, axis)), 0, axis)
        return x

    d = image.ndim
    if not twice:
        wide = along(wide, smooth)
        smooth = [np.eye(n, dtype=np.longdouble) for n in image.shape]
    fields = []
    for a in range(d):
        gradient = along(wide, [first[k] if k == a else smooth[k] for k in range(d)])
        fields += [along(gradient, [first[k] if k == b else smooth[k] for k in range(d)]) for b in range(a, d)]
    return np.array(fields)


def _matrix(n: int, sigma: float, twice: bool) -> tuple[Array, Array]:
    """Return smoothing and derivative along an axis as matrices: reflected for Gaussians twice, else zero outside."""
    s = sigma / np.sqrt(2) if twice else sigma
    radius = int((8 if twice else 4) * s + 0.5)
    x = np.arange(-radius, radius + 1).astype(np.longdouble)
    phi = np.exp(-(x**2) / (2 * np.longdouble(s) ** 2))
    phi /= phi.sum()
    smooth, slope = (np.zeros((n, n), dtype=np.longdouble) for _ in range(2))
    for i in range(n):
        for k in range(-radius, radius + 1):
            j = (i + k) % (2 * n)
            if twice:
                j = min(j, 2 * n - 1 - j)
            elif not 0 <= i + k < n:
                continue
            smooth[i, j] += phi[k + radius]
            slope[i, j] += k / np.longdouble(s) ** 2 * phi[k + radius]
    return smooth, slope if twice else np.gradient(np.eye(n, dtype=np.longdouble), axis=0)


def _cases(
    quick: bool,
    target: float,
    ours: Callable[[Array, dict[str, Any]], Any],
    theirs: Callable[[Array, bool], Any],
    of: Callable[[Array], Array],
) -> Iterator[Case]:
    """Both ways of the peer to take derivatives; errors are against long double, on a part of the image's size."""
    for shape in SHAPES:
        image = image_of(shape, quick)
        small = image_of(tuple(min(n, 4 * 24) for n in shape), True)
        for label, twice, options in (("gradient", False, GRADIENT), ("Gaussian derivatives", True, TWICE)):
            exact = of(exact_hessian(small, 2.0, twice))

            def error(found: Any, exact: Array = exact) -> float:
                return float(abs(np.asarray(found) - exact).max() / abs(exact).max())

            mine = Call("hessolve", lambda image=image, options=options: ours(image, options),
                        lambda error=error, small=small, options=options: error(ours(small, options)))  # fmt: skip
            peer = Call("skimage", lambda image=image, twice=twice: theirs(image, twice),
                        lambda error=error, small=small, twice=twice: error(theirs(small, twice)))  # fmt: skip
            size = " x ".join(map(str, image.shape))
            yield Case(f"{size}, {label}", "C", mine, (Contest(target, (peer,)),), negligible_error=2e-15)


def image_hessian(quick: bool) -> Iterator[Case]:
    """The field at sigma 2."""
    matrix = peer_module("skimage.feature").hessian_matrix

    def ours(image: Array, options: dict[str, Any]) -> Any:
        return hs.image.hessian(image, 2.0, **options)

    def theirs(image: Array, twice: bool) -> Any:
        return matrix(image, 2.0, mode="reflect" if twice else "constant", use_gaussian_derivatives=twice)

    return _cases(quick, 5.0, ours, theirs, lambda H: H)


def eigenvalues(quick: bool) -> Iterator[Case]:
    """The eigenvalues of every pixel at sigma 2, from the image."""
    feature = peer_module("skimage.feature")

    def ours(image: Array, options: dict[str, Any]) -> Any:
        return hs.image.eigenvalues(image, 2.0, **options)

    def theirs(image: Array, twice: bool) -> Any:
        mode = "reflect" if twice else "constant"
        return feature.hessian_matrix_eigvals(
            feature.hessian_matrix(image, 2.0, mode=mode, use_gaussian_derivatives=twice)
        )

    return _cases(quick, 10.0, ours, theirs, _long_eigenvalues)


def _long_eigenvalues(H: Array) -> Array:
    """Return eigenvalues, descending, in long double: by Jacobi rotations of all pixels at once."""
    d = {3: 2, 6: 3}[len(H)]
    A = np.empty((d, d, *H.shape[1:]), dtype=np.longdouble)
    for h, i, j in zip(H, *np.triu_indices(d), strict=True):
        A[i, j] = A[j, i] = h
    for _ in range(8):
        for p in range(d):
            for q in range(p + 1, d):
                angle = np.arctan2(2 * A[p, q], A[q, q] - A[p, p]) / 2
                c, s = np.cos(angle), np.sin(angle)
                A[p], A[q] = c * A[p] - s * A[q], s * A[p] + c * A[q]
                A[:, p], A[:, q] = c * A[:, p] - s * A[:, q], s * A[:, p] + c * A[:, q]
    return np.sort(np.array([A[k, k] for k in range(d)]), axis=0)[::-1]


def frangi(quick: bool) -> Iterator[Case]:
    """Five scales of a plane and two of a volume: scikit-image's own numbers, and what users call, at no less."""
    peer = peer_module("skimage.filters").frangi
    for shape, sigmas, target in ((SHAPES[0], (1, 3, 5, 7, 9), 20.0), (SHAPES[1], (1, 2), 30.0)):
        image = image_of(shape, quick)

        def theirs(image: Array = image, sigmas: tuple[int, ...] = sigmas) -> Any:
            return peer(image, sigmas=sigmas)

        def legacy(image: Array = image, sigmas: tuple[int, ...] = sigmas) -> Any:
            return hs.image.frangi(image, sigmas, legacy=True)

        def default(image: Array = image, sigmas: tuple[int, ...] = sigmas) -> Any:
            return hs.image.frangi(image, sigmas)

        def difference(theirs: Callable[[], Any] = theirs, legacy: Callable[[], Any] = legacy) -> float:
            return float(abs(legacy() - theirs()).max())

        size = f"{' x '.join(map(str, image.shape))}, {len(sigmas)} scales"
        contest = Contest(target, (Call("skimage", theirs, lambda: 0.0),))
        yield Case(f"{size}, legacy", "C", Call("hessolve", legacy, difference), (contest,), negligible_error=1e-10)
        yield Case(f"{size}, default", "C", Call("hessolve", default), (Contest(target, (Call("skimage", theirs),)),))


ROWS = (
    Row("image-hessian", image_hessian, NEEDS),
    Row("eigenvalues", eigenvalues, NEEDS),
    Row("frangi", frangi, NEEDS),
)
