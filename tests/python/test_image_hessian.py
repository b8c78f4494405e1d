# SPDX-License-Identifier: BSD-3-Clause
"""Hessians of images: SciPy's kernels and NumPy's gradients, exact answers, every border, bits that do not move."""

from itertools import combinations_with_replacement

import numpy as np
import pytest

import hessolve as hs

ndimage = pytest.importorskip("scipy.ndimage", reason="it says what the kernels and borders are")

MODES = ("reflect", "mirror", "nearest", "constant", "wrap")
SHAPES = [(40,), (30, 41), (17, 70), (3, 4), (1, 9), (11, 12, 13), (2, 1, 30), (5, 6, 7, 8)]
DTYPES = [np.float32, np.float64]


def image_of(shape, dtype=np.float64, seed=0):
    return np.random.default_rng(seed).standard_normal(shape).astype(dtype)


def pairs(d):
    return list(combinations_with_replacement(range(d), 2))


def smooth_derivatives(image, sigma, mode="reflect", truncate=8.0, cval=0.0):
    """SciPy's, whose kernels are exact where they are cut off far out."""
    result = []
    for i, j in pairs(image.ndim):
        order = [0] * image.ndim
        order[i] += 1
        order[j] += 1
        result.append(ndimage.gaussian_filter(image, sigma, order, mode=mode, cval=cval, truncate=truncate))
    return np.array(result)


def fitted_kernel(sigma, order, truncate):
    """Weights of the derivative at 0 of the polynomial of that order which fits best under a sampled Gaussian."""
    radius = max(int(truncate * sigma + 0.5), min(order, 1))
    x = np.arange(-radius, radius + 1.0)
    phi = np.exp(-(x**2) / (2 * sigma**2))
    root = np.sqrt(phi)[:, np.newaxis]
    powers = x[:, np.newaxis] ** np.arange(order + 1) / sigma ** np.arange(order + 1)
    return np.linalg.pinv(root * powers)[order] * root[:, 0] * (1, 1, 2)[order] / sigma**order


@pytest.mark.parametrize("mode", [*MODES, "grid-mirror", "grid-constant", "grid-wrap"])
@pytest.mark.parametrize("shape", SHAPES)
def test_gaussian_is_a_local_fit_of_polynomials(shape, mode):
    image = image_of(shape)
    for sigma, truncate in ((0.6, 4.0), (1.7, 3.0), (5.0, 4.0)):  # the last one is wider than most of the images
        kernels = [fitted_kernel(sigma, order, truncate) for order in range(3)]
        expected = []
        for i, j in pairs(len(shape)):
            field = image - 0.3 if "constant" in mode else image  # a margin of 0 stays 0 from pass to pass
            for axis in range(len(shape)):
                field = ndimage.correlate1d(field, kernels[(axis == i) + (axis == j)], axis, mode=mode, cval=0)
            expected.append(field)
        found = hs.image.hessian(image, sigma, mode=mode, cval=0.3, truncate=truncate)
        np.testing.assert_allclose(found, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("mode", [*MODES, "grid-mirror", "grid-constant", "grid-wrap"])
@pytest.mark.parametrize("shape", SHAPES)
def test_gaussian_is_what_scipys_kernels_give_where_they_are_not_cut_off(shape, mode):
    image = image_of(shape)
    for sigma in (1.5, 2.0, 5.0):
        found = hs.image.hessian(image, sigma, mode=mode, truncate=8)
        np.testing.assert_allclose(found, smooth_derivatives(image, sigma, mode), rtol=0, atol=1e-12)


def test_float32_stays_float32():
    image = image_of((60, 50), np.float32)
    found = hs.image.hessian(image, 2, truncate=8)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, smooth_derivatives(image.astype(float), 2), rtol=0, atol=2e-6)
    assert hs.image.eigenvalues(image, 2).dtype == np.float32
    assert hs.image.frangi(image, [1, 2]).dtype == np.float32


@pytest.mark.parametrize("shape", [(9,), (2,), (2, 2), (2, 3), (3, 3), (12, 15), (2, 3, 4), (3, 4, 5, 6)])
def test_repeated_gradient_is_numpys_gradient_twice(shape):
    image = image_of(shape)
    gradient = np.gradient(image)
    gradient = [gradient] if image.ndim == 1 else gradient
    expected = [np.gradient(gradient[i], axis=j) for i, j in pairs(image.ndim)]
    found = hs.image.hessian(image, None, scheme="repeated-gradient")
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("scheme", ["difference", "difference-centred"])
@pytest.mark.parametrize("mode", ["reflect", "mirror", "nearest", "constant", "wrap"])
def test_differences_are_those_of_their_definitions(scheme, mode):
    image = image_of((13, 17))
    padding = {"reflect": "symmetric", "mirror": "reflect", "nearest": "edge", "constant": "constant", "wrap": "wrap"}
    more = {"constant_values": 0.3} if mode == "constant" else {}
    f = np.pad(image, 1, mode=padding[mode], **more)

    def at(i, j):
        return f[1 + i : f.shape[0] - 1 + i, 1 + j : f.shape[1] - 1 + j]

    mixed = at(1, 1) - at(1, 0) - at(0, 1) + at(0, 0)
    if scheme == "difference-centred":
        mixed = (at(1, 1) - at(1, -1) - at(-1, 1) + at(-1, -1)) / 4
    expected = [at(1, 0) - 2 * at(0, 0) + at(-1, 0), mixed, at(0, 1) - 2 * at(0, 0) + at(0, -1)]
    found = hs.image.hessian(image, None, scheme=scheme, mode=mode, cval=0.3)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("spacing", [1, (0.5, 2.0), (3.0, 3.0)])
@pytest.mark.parametrize(
    ("scheme", "sigma"),
    [("gaussian", 2.0), ("gaussian-twice", 2.0), ("difference", None), ("difference-centred", None),
     ("difference", 1.0), ("repeated-gradient", None), ("repeated-gradient", 2.0)],
)  # fmt: skip
def test_quadratics_have_their_second_derivatives(scheme, sigma, spacing, dtype):
    """d2/dx2 of a x^2 is 2 a, at any scale and spacing, away from the border."""
    h = np.broadcast_to(np.asarray(spacing, dtype=float), (2,))
    rows, columns = (np.arange(n, dtype=float) - n // 2 for n in (61, 71))
    x, y = rows[:, np.newaxis] * h[0], columns * h[1]
    image = (0.7 * x**2 - 1.3 * x * y + 0.2 * y**2 + x - 2 * y + 5).astype(dtype)
    sigma = None if sigma is None else tuple(sigma * h)
    truncate = 8 if scheme == "gaussian-twice" else 3
    found = hs.image.hessian(image, sigma, scheme=scheme, spacing=spacing, truncate=truncate)[:, 25:36, 30:41]
    size = abs(image).max() / h.min() ** 2
    expected = np.broadcast_to(np.array([1.4, -1.3, 0.4])[:, np.newaxis, np.newaxis], found.shape)
    np.testing.assert_allclose(found, expected, rtol=0, atol=(1e-11 if dtype == np.float64 else 4e-6) * max(1, size))


@pytest.mark.parametrize("sigma", [1.5, 3.0, 5.0])
@pytest.mark.parametrize("spacing", [1.0, 0.5])
@pytest.mark.parametrize("shape", [(61, 61), (41, 41, 41)])
def test_gaussian_blobs_have_the_eigenvalues_of_a_wider_gaussian(shape, spacing, sigma):
    """A Gaussian of width s, smoothed by sigma, is one of width sqrt(s^2 + sigma^2)."""
    d, s, sigma = len(shape), 3.0 * spacing, sigma * spacing
    axes = np.meshgrid(*((np.arange(n) - n // 2) * spacing for n in shape), indexing="ij")
    image = np.exp(-sum(a**2 for a in axes) / (2 * s**2))
    values = hs.image.eigenvalues(image, sigma, spacing=spacing, truncate=6, mode="nearest")
    centre = tuple(n // 2 for n in shape)
    expected = -(s**d) / (s**2 + sigma**2) ** (d / 2 + 1)
    np.testing.assert_allclose(values[(slice(None), *centre)], expected, rtol=1e-5)
    normalized = hs.image.eigenvalues(image, sigma, spacing=spacing, truncate=6, scale_normalized=True)
    np.testing.assert_allclose(normalized[(slice(None), *centre)], expected * sigma**2, rtol=1e-5)
    det = hs.image.hessian_determinant(image, sigma, spacing=spacing, truncate=6)
    np.testing.assert_allclose(det[centre], expected**d, rtol=1e-4)


def test_anisotropic_sigma_is_scipys():
    image = image_of((20, 24, 28))
    found = hs.image.hessian(image, (0.8, 1.5, 3.2), spacing=(0.5, 1.0, 2.0), truncate=8)
    expected = smooth_derivatives(image, (1.6, 1.5, 1.6))
    h = [0.5, 1.0, 2.0]
    scaled = [e / (h[i] * h[j]) for e, (i, j) in zip(expected, pairs(3), strict=True)]
    np.testing.assert_allclose(found, scaled, rtol=0, atol=1e-13)


def test_scale_normalization_multiplies_by_sigma_for_each_order():
    image, sigma = image_of((20, 24)), (1.5, 2.5)
    plain = hs.image.hessian(image, sigma)
    factors = np.array([sigma[i] * sigma[j] for i, j in pairs(2)])[:, np.newaxis, np.newaxis]
    found = hs.image.hessian(image, sigma, scale_normalized=True)
    np.testing.assert_allclose(found, plain * factors, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("scheme", ["gaussian", "gaussian-twice", "difference", "repeated-gradient"])
@pytest.mark.parametrize("shape", [(90, 110), (20, 30, 40)])
def test_fused_passes_are_the_eigenvalues_and_determinants_of_the_field(shape, scheme):
    image = image_of(shape)
    H = hs.image.hessian(image, 1.5, scheme=scheme)
    for order in ("descending", "magnitude"):
        fused = hs.image.eigenvalues(image, 1.5, scheme=scheme, order=order)
        assert np.array_equal(fused, hs.image.hessian_eigenvalues(H, order=order))
    A = np.empty((*shape, len(shape), len(shape)))
    for h, (i, j) in zip(H, pairs(len(shape)), strict=True):
        A[..., i, j] = A[..., j, i] = h
    det = hs.image.hessian_determinant(image, 1.5, scheme=scheme)
    np.testing.assert_allclose(det, np.linalg.det(A), rtol=0, atol=1e-14)


@pytest.mark.parametrize("shape", [(300, 200), (40, 50, 60), (6, 7, 8, 9)])
def test_the_bits_depend_neither_on_threads_nor_on_memory(shape, tmp_path):
    image = image_of(shape)
    with hs.num_threads(2):
        expected = hs.image.hessian(image, 1.5)
    with hs.num_threads(1):
        assert np.array_equal(hs.image.hessian(image, 1.5), expected)
    before = image.copy()
    variants = [np.asfortranarray(image), np.flip(image, 0).copy()[::-1], np.repeat(image, 2, axis=-1)[..., ::2]]
    frozen = image.copy()
    frozen.flags.writeable = False
    np.save(tmp_path / "volume.npy", image)
    for variant in [*variants, frozen, image.astype(">f8"), np.load(tmp_path / "volume.npy", mmap_mode="r")]:
        assert np.array_equal(hs.image.hessian(variant, 1.5), expected)
    assert np.array_equal(image, before)


@pytest.mark.parametrize("dtype", [np.uint8, np.int16, np.bool_, np.float16])
def test_other_numbers_are_used_by_value(dtype):
    image = np.random.default_rng(0).integers(0, 2 if dtype == np.bool_ else 200, (20, 30)).astype(dtype)
    wide = image.astype(np.float32 if dtype == np.float16 else np.float64)
    found = hs.image.hessian(image, 1.5)
    assert found.dtype == wide.dtype
    assert np.array_equal(found, hs.image.hessian(wide, 1.5))


@pytest.mark.parametrize("sigma", [1e-3, 0.1, 0.3, 0.7, 1.5, 4.0])
@pytest.mark.parametrize("truncate", [0.5, 2.0, 4.0])
def test_gaussian_derivatives_are_exact_for_quadratics_at_any_sigma(sigma, truncate):
    """Also where a Gaussian is narrower than a pixel, and its derivatives are differences."""
    x, y = np.arange(-20.0, 21)[:, np.newaxis], np.arange(-22.0, 23)
    found = hs.image.hessian(0.75 * x**2 - 1.25 * x * y + 0.5 * y**2 + x - 7, sigma, truncate=truncate)[:, 20, 22]
    np.testing.assert_allclose(found, [1.5, -1.25, 1.0], rtol=0, atol=1e-11)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("shape", [(40,), (1, 9), (17, 21), (7, 8, 9)])
@pytest.mark.parametrize("scheme", ["gaussian", "difference", "difference-centred"])
def test_a_constant_border_is_a_wide_margin_of_it(scheme, shape, dtype):
    image, wide = image_of(shape, dtype), 14
    padded = np.pad(image, wide, constant_values=0.75)
    inside = (slice(None), *(slice(wide, -wide),) * len(shape))
    for sigma in (0.4, 1.0, 2.5) if scheme == "gaussian" else (None, 0.4, 1.0, 2.5):
        expected = hs.image.hessian(padded, sigma, scheme=scheme)[inside]
        found = hs.image.hessian(image, sigma, scheme=scheme, mode="constant", cval=0.75)
        eps = np.finfo(dtype).eps
        np.testing.assert_allclose(found, expected, rtol=0, atol=16 * eps)
        values = hs.image.eigenvalues(image, sigma, scheme=scheme, mode="constant", cval=0.75)
        np.testing.assert_allclose(values, hs.image.hessian_eigenvalues(expected), rtol=0, atol=99 * eps)


@pytest.mark.parametrize("sigma", [None, 1.5])
def test_repeated_gradients_of_a_constant_border_are_a_wide_margins_two_pixels_inside(sigma):
    """At the border numpy.gradient looks inside only, whatever is beyond."""
    image = image_of((19, 23))
    expected = hs.image.hessian(np.pad(image, 20, constant_values=0.75), sigma, scheme="repeated-gradient")
    found = hs.image.hessian(image, sigma, scheme="repeated-gradient", mode="constant", cval=0.75)
    np.testing.assert_allclose(found[:, 2:-2, 2:-2], expected[:, 22:-22, 22:-22], rtol=0, atol=1e-14)


@pytest.mark.parametrize("scheme", ["gaussian", "difference", "difference-centred", "repeated-gradient"])
@pytest.mark.parametrize("mode", MODES)
def test_derivatives_do_not_depend_on_what_is_added_turned_or_measured_otherwise(scheme, mode):
    image = image_of((19, 23))

    def of(value, cval=0.3, **more):
        return hs.image.hessian(value, 1.5, scheme=scheme, mode=mode, cval=cval, **more)

    H = of(image)
    np.testing.assert_allclose(of(image + 64, 64.3), H, rtol=0, atol=1e-13)
    np.testing.assert_allclose(of(image - 64, -63.7), H, rtol=0, atol=1e-13)
    np.testing.assert_allclose(of(-2 * image, -0.6), -2 * H, rtol=0, atol=1e-14)
    np.testing.assert_allclose(of(image.T)[::-1], np.swapaxes(H, 1, 2), rtol=0, atol=1e-14)
    small = hs.image.hessian(image, 0.375, scheme=scheme, mode=mode, cval=0.3, spacing=0.25)
    np.testing.assert_allclose(small, 16 * H, rtol=1e-12, atol=1e-14)
    if scheme != "difference":  # its mixed difference looks forwards
        turned = of(image[::-1])[:, ::-1] * np.array([1, -1, 1])[:, np.newaxis, np.newaxis]
        np.testing.assert_allclose(turned, H, rtol=0, atol=1e-14)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("value", [1.0, -0.1, 1e6, -1e6 / 3, 1e25])
@pytest.mark.parametrize("shape", [(50,), (40, 50), (12, 13, 14)])
def test_constant_images_have_no_derivatives_at_all(shape, value, dtype):
    image = np.full(shape, value, dtype=dtype)
    for scheme in ("gaussian", "gaussian-twice", "difference", "difference-centred", "repeated-gradient"):
        assert not hs.image.hessian(image, 1.3, scheme=scheme, truncate=3).any()
    if value < 1e9:
        assert not hs.image.hessian(image, 1.3, mode="constant", cval=float(image.flat[0])).any()


@pytest.mark.parametrize("dtype", DTYPES)
def test_a_bright_background_is_no_rounding(dtype):
    """What an image has beyond its darkest pixel is all that its derivatives are made of."""
    image = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(dtype)
    assert np.array_equal(hs.image.hessian(image + 2**15, 1.5), hs.image.hessian(image - image.min(), 1.5))


def test_channels_are_images_of_their_own():
    image = image_of((20, 30, 3))
    for axis in (2, -1, 0):
        value = np.moveaxis(image, -1, axis)
        H = hs.image.hessian(value, 1, channel_axis=axis)
        assert H.shape == (3, *value.shape)
        assert np.array_equal(np.moveaxis(H, axis % 3 + 1, -1)[..., 1], hs.image.hessian(image[..., 1], 1))
        vessels, scale = hs.image.frangi(value, [1, 2], channel_axis=axis, return_scale=True)
        assert vessels.shape == scale.shape == value.shape
        kind, bright = hs.image.structure(value, 1, channel_axis=axis)
        assert kind.shape == bright.shape == value.shape


def test_empty_images_have_empty_hessians():
    assert hs.image.hessian(np.zeros((0, 5))).shape == (3, 0, 5)
    assert hs.image.eigenvalues(np.zeros((4, 0, 5))).shape == (3, 4, 0, 5)
    assert hs.image.frangi(np.zeros((0, 5))).shape == (0, 5)
    assert hs.image.hessian_eigenvalues(np.zeros((6, 0))).shape == (3, 0)
    assert len(hs.image.blobs(np.zeros((0, 5)), [1, 2], threshold=0).scales) == 0
