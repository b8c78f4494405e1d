# SPDX-License-Identifier: BSD-3-Clause
"""Frangi's filter, blobs and structure: scikit-image's numbers, what tubes and blobs must give, orders and scales."""

import numpy as np
import pytest

import hessolve as hs

IMAGES = ("camera", "coins", "retina", "random", "volume")


@pytest.fixture(scope="module", params=IMAGES)
def picture(request):
    """An image by name, float64 and from 0 to 1, which is the unit of the legacy filter's constant 1e-10."""
    rng = np.random.default_rng(0)
    if request.param == "random":
        return rng.standard_normal((70, 55))
    if request.param == "volume":
        return rng.standard_normal((20, 21, 22))
    data = pytest.importorskip("skimage.data", reason="its images are the test")
    image = getattr(data, request.param)()
    return (image[..., 1] if image.ndim == 3 else image) / 255.0


def scales_for(image):
    return (1, 3) if image.size > 1e6 else (1, 2) if image.ndim == 3 else (0.8, 1, 4)


@pytest.mark.parametrize(("black_ridges", "mode"), [(True, "reflect"), (False, "constant")])
def test_legacy_is_scikit_images_filter(picture, black_ridges, mode):
    filters = pytest.importorskip("skimage.filters", reason="it is the reference")
    # A constant beside constant pixels makes straight edges, whose small eigenvalue is rounding alone; the reference
    # divides it by 1e-10. Retina is black at its border.
    options = {"black_ridges": black_ridges, "mode": mode, "cval": 0.0 if picture.size > 1e6 else 0.25}
    expected = filters.frangi(picture, sigmas=scales_for(picture), **options)
    found = hs.image.frangi(picture, scales_for(picture), legacy=True, **options)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("mode", ["reflect", "mirror", "nearest", "constant", "wrap"])
def test_hessians_are_scikit_images(picture, mode):
    feature = pytest.importorskip("skimage.feature", reason="it is the reference")
    unit = picture / abs(picture).max()
    if unit.size > 1e6 and mode not in ("reflect", "constant"):
        unit = unit[400:700, :300]
    for sigma in (0.7, 2.5):
        expected = feature.hessian_matrix(unit, sigma, mode=mode, cval=0.25, use_gaussian_derivatives=True)
        reach = 8 if sigma > 1 else 100
        found = hs.image.hessian(unit, sigma, scheme="gaussian-twice", mode=mode, cval=0.25, truncate=reach)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
        expected = feature.hessian_matrix(unit, sigma, mode=mode, cval=0.25, use_gaussian_derivatives=False)
        found = hs.image.hessian(unit, sigma, scheme="repeated-gradient", mode=mode, cval=0.25)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)
        values = hs.image.eigenvalues(unit, sigma, scheme="repeated-gradient", mode=mode, cval=0.25)
        np.testing.assert_allclose(values, feature.hessian_matrix_eigvals(expected), rtol=0, atol=1e-10)


def test_determinants_are_scikit_images(picture):
    feature = pytest.importorskip("skimage.feature", reason="it is the reference")
    unit = picture / abs(picture).max()
    expected = feature.hessian_matrix_det(unit, 2, approximate=False)
    found = hs.image.hessian_determinant(unit, 2, scheme="repeated-gradient", mode="constant")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-10)


def frangi_by_definition(image, sigmas, alpha, beta, gamma, truncate=4.0):
    values = [
        hs.image.eigenvalues(image, s, scale_normalized=True, order="magnitude", truncate=truncate) for s in sigmas
    ]
    norms = [np.sqrt((v**2).sum(axis=0)) for v in values]
    gamma = max(n.max() for n in norms) / 2 if gamma is None else gamma
    best = np.zeros(image.shape)
    for v, s in zip(values, norms, strict=True):
        large = v[1:]
        good = (large > 0).all(axis=0)
        large = np.where(good, large, 1)
        rb = abs(v[0]) / (large[0] if image.ndim == 2 else np.sqrt(large[0] * large[1]))
        answer = np.exp(-(rb**2) / (2 * beta**2)) * -np.expm1(-(s**2) / (2 * gamma**2))
        if image.ndim == 3:
            answer *= -np.expm1(-((large[0] / large[1]) ** 2) / (2 * alpha**2))
        best = np.maximum(best, np.where(good, answer, 0))
    return best


@pytest.mark.parametrize("gamma", [None, 0.3])
@pytest.mark.parametrize("shape", [(60, 71), (18, 20, 23)])
def test_frangi_is_its_definition(shape, gamma):
    image = np.random.default_rng(1).standard_normal(shape)
    found = hs.image.frangi(image, [1, 2, 3], alpha=0.7, beta=0.4, gamma=gamma)
    expected = frangi_by_definition(image, [1, 2, 3], 0.7, 0.4, gamma)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("shape", [(80, 90), (20, 22, 24)])
def test_the_order_of_scales_changes_no_bit(shape, dtype):
    image = np.random.default_rng(2).standard_normal(shape).astype(dtype)
    sigmas, gammas = [1.0, 3.0, 2.0, 1.5], [0.5, 0.7, 0.6, 0.8]
    for gamma in (None, 0.4, gammas):
        expected = hs.image.frangi(image, sigmas, gamma=gamma, return_scale=True)
        for order in ([3, 2, 1, 0], [1, 0, 3, 2], [2, 3, 0, 1]):
            permuted = [gamma[k] for k in order] if isinstance(gamma, list) else gamma
            found = hs.image.frangi(image, [sigmas[k] for k in order], gamma=permuted, return_scale=True)
            assert all(np.array_equal(f, e) for f, e in zip(found, expected, strict=True))
        with hs.num_threads(1):
            found = hs.image.frangi(image, sigmas, gamma=gamma, return_scale=True)
        assert all(np.array_equal(f, e) for f, e in zip(found, expected, strict=True))
    assert np.array_equal(hs.image.frangi(image, [2, 2, 1]), hs.image.frangi(image, [1, 2]))


def test_the_size_of_the_numbers_does_not_matter():
    image = np.random.default_rng(3).standard_normal((50, 60))
    expected = hs.image.frangi(image, [1, 2])
    for factor in (2.0**-700, 2.0**-20, 2.0**900):
        assert np.array_equal(hs.image.frangi(image * factor, [1, 2]), expected)
    assert not hs.image.frangi(np.full((30, 30), 0.0), [1, 2]).any()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("black_ridges", [True, False])
@pytest.mark.parametrize("width", [1.5, 3.0])
@pytest.mark.parametrize("d", [2, 3])
def test_tubes_are_found_at_their_width_and_nothing_of_the_other_sign(d, width, black_ridges, dtype):
    """A Gaussian profile of width w answers most at sqrt(2) w in two dimensions, at w in three."""
    axis = np.arange(-20, 21)
    distance = (
        axis[:, np.newaxis] ** 2 + np.zeros(41) if d == 2 else (axis[:, None] ** 2 + axis**2)[..., None] + 0 * axis
    )
    image = ((-1 if black_ridges else 1) * np.exp(-distance / (2 * width**2))).astype(dtype)
    best = width * (np.sqrt(2) if d == 2 else 1)
    sigmas = best * np.array([0.4, 0.6, 0.8, 1.0, 1.25, 1.6, 2.2])
    vessels, scale = hs.image.frangi(image, sigmas, black_ridges=black_ridges, return_scale=True, gamma=0.2)
    centre = (20,) * d
    assert vessels[centre] == vessels.max() > 0.1
    assert scale[centre] == pytest.approx(best)
    other, none = hs.image.frangi(image, sigmas, black_ridges=not black_ridges, return_scale=True, gamma=0.2)
    assert other[centre] == none[centre] == 0


@pytest.mark.parametrize("shape", [(61, 63), (31, 33, 35)])
@pytest.mark.parametrize("bright", [True, False])
def test_blobs_are_found_where_they_are_at_their_scale(shape, bright):
    d, width = len(shape), 3.0
    place = np.array([n // 2 for n in shape]) + np.array([0.3, -0.4, 0.2])[:d]
    axes = np.meshgrid(*(np.arange(n) for n in shape), indexing="ij")
    bump = np.exp(-sum((a - p) ** 2 for a, p in zip(axes, place, strict=True)) / (2 * width**2))
    image = 10 + (4 if bright else -4) * bump
    sigmas = [1.5, 1.9, 2.4, 3.0, 3.8, 4.7]
    found = hs.image.blobs(image - 10, sigmas, threshold=0.05)
    np.testing.assert_allclose(found.positions[0], place, atol=0.03)
    assert found.scales[0] == pytest.approx(width * np.sqrt(2 / d), rel=0.03)
    assert found.bright[0] == bright
    assert (np.diff(found.responses) <= 0).all()
    if d == 2:
        assert found.responses[0] == pytest.approx(1.0, rel=0.02)  # (A / 4)^2
    wanted, other = ("bright", "dark") if bright else ("dark", "bright")
    assert len(hs.image.blobs(image - 10, sigmas, threshold=0.05, polarity=wanted).scales) == len(found.scales)
    assert len(hs.image.blobs(image - 10, sigmas, threshold=0.05, polarity=other).scales) == 0


def test_blobs_are_the_maxima_of_the_response():
    image = np.random.default_rng(4).standard_normal((40, 50))
    sigmas = [1.0, 1.5, 2.0, 3.0]
    H = [hs.image.hessian(image, s, scale_normalized=True) for s in sigmas]
    det = np.array([h[0] * h[2] - h[1] ** 2 for h in H])
    det[det < 0] = 0
    sign = np.array([np.sign(h[0]) for h in H])
    expected = 0
    for polarity in (1, -1):
        response = np.pad(np.where(sign == polarity, det, 0), 1)
        windows = np.lib.stride_tricks.sliding_window_view(response, (3, 3, 3))
        expected += int(
            (
                (windows.max(axis=(-3, -2, -1)) == np.where(sign == polarity, det, 0))
                & (det > 0.01)
                & (sign == polarity)
            ).sum()
        )
    found = hs.image.blobs(image, sigmas[::-1], threshold=0.01)
    assert len(found.responses) == expected > 10
    assert (abs(found.positions - found.positions.round()) <= 0.5).all()
    with hs.num_threads(1):
        again = hs.image.blobs(image, sigmas, threshold=0.01)
    assert all(np.array_equal(a, b) for a, b in zip(again, found, strict=True))
    counts = [len(hs.image.blobs(image, sigmas, threshold=t).scales) for t in (0, 0.01, 0.1, 1e9)]
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] == 0


@pytest.mark.parametrize("sigma", [1.5, 2.5])
@pytest.mark.parametrize("bright", [True, False])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_structure_names_blobs_tubes_plates_and_saddles(sigma, bright, dtype):
    x, y, z = np.meshgrid(*(np.arange(-12.0, 13.0),) * 3, indexing="ij")
    sign = 1 if bright else -1
    shapes = {
        "blob": sign * np.exp(-(x**2 + y**2 + z**2) / 18),
        "tube": sign * np.exp(-(x**2 + y**2) / 18),
        "plate": sign * np.exp(-(x**2) / 18),
        "corner": sign * (-(x**2) * 1.2 + y**2 + z**2) * -1e-2,
    }
    for name, image in shapes.items():
        kind, is_bright = hs.image.structure(image.astype(dtype), sigma)
        assert hs.image.SHAPES[kind[12, 12, 12]] == name
        if name != "corner":
            assert is_bright[12, 12, 12] == bright
    flat = {"blob": shapes["blob"][:, :, 12], "tube": shapes["plate"][:, :, 12]}
    for name, image in flat.items():
        assert hs.image.SHAPES[hs.image.structure(image.astype(dtype), sigma).kind[12, 12]] == name
    saddle = hs.image.structure((x * y)[:, :, 12].astype(dtype), sigma)
    assert hs.image.SHAPES[saddle.kind[12, 12]] == "corner"


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("value", [1.0, -1e6, 1e6 / 3])
@pytest.mark.parametrize("shape", [(40, 50), (14, 15, 16)])
def test_backgrounds_have_neither_vessels_nor_blobs(shape, value, dtype):
    image = np.full(shape, value, dtype=dtype)
    assert not hs.image.frangi(image, [0.5, 1, 2]).any()
    assert not hs.image.frangi(image, [0.5, 1, 2], black_ridges=False, gamma=1e-9).any()
    assert len(hs.image.blobs(image, [0.5, 1, 2], threshold=0).scales) == 0
    ramp = (sum((k + 1) * x for k, x in enumerate(np.indices(shape))) + value).astype(dtype)
    assert not hs.image.frangi(ramp, [0.5, 1])[(slice(5, -5),) * len(shape)].any()
    found = hs.image.blobs(ramp, [0.5, 1], threshold=1e-2)  # a border that reflects makes tips of two corners
    assert all(min(min(p), *(n - 1 - x for n, x in zip(shape, p, strict=True))) < 3 for p in found.positions)


@pytest.mark.parametrize("scheme", ["gaussian", "difference", "repeated-gradient"])
def test_a_constant_border_moves_with_the_image(scheme):
    """What is added to the image and to cval changes nothing, and the negative image has the bright vessels."""
    image = np.random.default_rng(5).standard_normal((40, 50))
    options = {"mode": "constant", "scheme": scheme}
    expected = hs.image.frangi(image, [1, 2], cval=0.5, **options)
    found = hs.image.frangi(image + 64, [1, 2], cval=64.5, **options)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-11)
    found = hs.image.frangi(-image, [1, 2], cval=-0.5, black_ridges=False, **options)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)
    one, other = (hs.image.blobs(image + c, [1, 2], threshold=0.01, cval=0.5 + c, **options) for c in (0, 64))
    for a, b in zip(one, other, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-9)


def test_a_faint_vessel_on_a_bright_background_is_found():
    columns = np.arange(61.0)
    line = np.tile(-0.01 * np.exp(-((columns - 30) ** 2) / 18), (61, 1))
    expected, scale = hs.image.frangi(line, [2, 3, 4], return_scale=True)
    found, at = hs.image.frangi(line + 1000, [2, 3, 4], return_scale=True)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-8)
    assert at[30, 30] == scale[30, 30] == 4


@pytest.mark.parametrize("place", [(0.0, 25.0), (-0.4, 12.0), (20.3, 0.2), (0.1, -0.3), (19.5, 24.5)])
def test_a_blob_across_a_border_that_wraps_is_one(place):
    shape = (40, 50)
    away = [(np.arange(n) - p + n / 2) % n - n / 2 for n, p in zip(shape, place, strict=True)]
    image = np.exp(-(away[0][:, np.newaxis] ** 2 + away[1] ** 2) / 18)
    found = hs.image.blobs(image, [2, 3, 4], threshold=0.01, mode="wrap")
    assert len(found.scales) == 1
    off = (found.positions[0] - place + np.array(shape) / 2) % shape - np.array(shape) / 2
    np.testing.assert_allclose(off, 0, atol=0.03)
    assert found.responses[0] == pytest.approx(1 / 16, rel=0.02)
    for mode in ("reflect", "mirror", "nearest"):
        assert len(hs.image.blobs(np.roll(image, (13, 9), (0, 1)), [3], threshold=0.03, mode=mode).scales) == 1


@pytest.mark.parametrize("value", [0.0, 1.0, -77.0, 1e300, 1e-300])
@pytest.mark.parametrize("truncate", [3.0, 4.0, 8.0])
def test_constant_images_are_flat(value, truncate):
    kind, bright = hs.image.structure(np.full((30, 31), value), 2, truncate=truncate)
    assert not kind.any()
    assert not bright.any()
