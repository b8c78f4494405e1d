# SPDX-License-Identifier: BSD-3-Clause
"""The vessels of a retina by Frangi's filter, held against its definition and against scikit-image."""

from __future__ import annotations

import time
from collections.abc import Callable
from importlib import resources
from typing import Any

import numpy as np
from numpy.typing import NDArray

import hessolve as hs

from . import Stage, installed

TITLE = "the vessels of a retina (green channel, 256 x 320 pixels; CC0, from Wikimedia Commons)"

Array = NDArray[np.float64]
SIGMAS = (1.0, 1.5, 2.0, 3.0, 4.0)


def load() -> Array:
    """Return the image, from 0 to 1: a part of "Fundus photograph of normal left eye" by Mikael Häggström."""
    with resources.files(__package__).joinpath("data", "retina.npz").open("rb") as file, np.load(file) as archive:
        return np.asarray(archive["image"] / 255.0)


def play(stage: Stage) -> None:
    """Find the vessels and check what is said about them."""
    image = load()
    ours, vessels = _timed(lambda: hs.image.frangi(image, SIGMAS))
    stage.say(f"  hs.image.frangi at {len(SIGMAS)} scales: {1e3 * ours:.1f} ms")
    turned = hs.image.frangi(image, SIGMAS[::-1])
    stage.claim("the same bits with the scales in any order", np.array_equal(turned, vessels))
    off = float(abs(vessels - _by_definition(image)).max())
    stage.claim(f"the numbers are those of Frangi's formulas, step by step in NumPy (to {off:.0e})", off < 1e-12)
    darker, share = _darker(image, vessels), 0.1
    stage.claim(
        f"of the {share:.0%} most vessel-like pixels {darker:.0%} are darker than the mean around them", darker > 0.95
    )
    _against_scikit_image(stage, image)
    stage.picture("vessels.png", lambda axes: _draw(axes, image, vessels), columns=3)


def _timed(call: Callable[[], Array]) -> tuple[float, Array]:
    """Return the least of three times, and the result."""
    times = []
    for _ in range(3):
        start = time.perf_counter()
        result = call()
        times.append(time.perf_counter() - start)
    return min(times), result


def _by_definition(image: Array) -> Array:
    fields = [hs.image.hessian(image, s) * s**2 for s in SIGMAS]
    gamma = max(np.sqrt(rr**2 + 2 * rc**2 + cc**2).max() for rr, rc, cc in fields) / 2
    best = np.zeros_like(image)
    for rr, rc, cc in fields:
        values = np.linalg.eigvalsh(np.stack([np.stack([rr, rc], -1), np.stack([rc, cc], -1)], -1))
        order = np.argsort(abs(values), axis=-1)
        small, large = np.moveaxis(np.take_along_axis(values, order, -1), -1, 0)
        ratio = small / np.where(large > 0, large, np.inf)
        answer = np.exp(-2 * ratio**2) * -np.expm1(-(small**2 + large**2) / (2 * gamma**2))
        best = np.maximum(best, np.where(large > 0, answer, 0))
    return best


def _darker(image: Array, vessels: Array) -> float:
    """Return the share of the tenth with the largest vesselness that is below the mean of 21 x 21 pixels around it."""
    padded = np.pad(image, 10, mode="symmetric")
    around = np.lib.stride_tricks.sliding_window_view(padded, (21, 21)).mean(axis=(-2, -1))
    return float((image < around)[vessels > np.quantile(vessels, 0.9)].mean())


def _against_scikit_image(stage: Stage, image: Array) -> None:
    filters = installed("skimage.filters")
    if filters is None:
        stage.say("  scikit-image is not installed, and not compared with")
        return
    theirs, expected = _timed(lambda: filters.frangi(image, sigmas=SIGMAS))
    ours, found = _timed(lambda: hs.image.frangi(image, SIGMAS, legacy=True))
    stage.say(f"  scikit-image {1e3 * theirs:.0f} ms, legacy=True {1e3 * ours:.1f} ms: {theirs / ours:.0f} times")
    off = float(abs(found - expected).max())
    stage.claim(f"legacy=True gives scikit-image's numbers, borders included (to {off:.0e})", off < 1e-10)


def _draw(axes: Any, image: Array, vessels: Array) -> None:
    axes[0].imshow(image, cmap="gray")
    axes[0].set_axis_off()
    axes[0].set_title("image")
    hs.plot.vesselness(image, vessels, ax=axes[1]).set_title("vesselness")
    hs.plot.curvatures(image, hs.image.hessian(image, 3), ax=axes[2]).set_title("curvatures at sigma 3")
