# SPDX-License-Identifier: BSD-3-Clause
"""Images, scales and keywords that cannot be used: a typed error that names them, and inputs as they were."""

import numpy as np
import pytest

import hessolve as hs

IMAGE = np.random.default_rng(0).standard_normal((12, 14))
CALLS = {
    "hessian": lambda image, **more: hs.image.hessian(image, **more),
    "eigenvalues": lambda image, **more: hs.image.eigenvalues(image, **more),
    "hessian_determinant": lambda image, **more: hs.image.hessian_determinant(image, **more),
    "frangi": lambda image, **more: hs.image.frangi(image, [1.0], **more),
    "blobs": lambda image, **more: hs.image.blobs(image, [1.0], threshold=0.1, **more),
    "structure": lambda image, **more: hs.image.structure(image, **more),
}


@pytest.mark.parametrize("name", CALLS)
def test_images_that_are_none(name):
    call = CALLS[name]
    spoilt = IMAGE.copy()
    spoilt[3, 5] = np.nan
    with pytest.raises(ValueError, match=r"^`image` \(12, 14\) has a NaN or infinity at index \(3, 5\); fill it first"):
        call(spoilt)
    spoilt[3, 5] = np.inf
    with pytest.raises(ValueError, match=r"at index \(3, 5\)"):
        call(spoilt.astype(np.float32))
    with pytest.raises(ValueError, match=r"^`image` \(\) has 0 dimensions; "):
        call(1.0)
    with pytest.raises(ValueError, match=r" has 7 dimensions; "):
        call(np.zeros((1,) * 7))
    with pytest.raises(TypeError, match=r"^`image` \(12, 14\) is complex; .*image\.real"):
        call(IMAGE + 0j)
    for value in (IMAGE.astype(object), IMAGE.astype(np.longdouble), IMAGE.astype(str), None):
        with pytest.raises(TypeError, match="`image`"):
            call(value)
    with pytest.raises(ValueError, match="`image` is ragged"):
        call([[1.0], [2.0, 3.0]])


@pytest.mark.parametrize("name", CALLS)
@pytest.mark.parametrize(
    ("keyword", "value", "error"),
    [
        ("scheme", "sobel", ValueError), ("scheme", 3, ValueError), ("mode", "periodic", ValueError),
        ("cval", np.nan, ValueError), ("cval", "0", TypeError), ("truncate", 0, ValueError),
        ("truncate", -1.0, ValueError), ("truncate", np.inf, ValueError), ("truncate", None, TypeError),
        ("spacing", 0, ValueError), ("spacing", -1, ValueError), ("spacing", (1, 2, 3), ValueError),
        ("spacing", (1, np.nan), ValueError),
    ],
)  # fmt: skip
def test_keywords_out_of_range_are_named(name, keyword, value, error):
    before = IMAGE.copy()
    with pytest.raises(error, match=f"^{keyword}="):
        CALLS[name](IMAGE, **{keyword: value})
    assert np.array_equal(IMAGE, before)


@pytest.mark.parametrize("sigma", [0, -1.0, np.nan, np.inf, (1, 0), (1, 2, 3)])
def test_sigma_is_positive(sigma):
    for function in (hs.image.hessian, hs.image.eigenvalues, hs.image.hessian_determinant, hs.image.structure):
        with pytest.raises(ValueError, match=r"^sigma="):
            function(IMAGE, sigma)
    with pytest.raises(TypeError, match=r"^sigma="):
        hs.image.hessian(IMAGE, "1")
    with pytest.raises(ValueError, match=r"^sigma=None is not valid with scheme='gaussian'"):
        hs.image.hessian(IMAGE, None)
    with pytest.raises(ValueError, match=r"^a kernel of sigma 1e\+09 reaches 4e\+09 pixels"):
        hs.image.hessian(IMAGE, 1e9)


def test_scales_are_positive_and_at_least_one():
    for function in (hs.image.frangi, lambda image, sigmas: hs.image.blobs(image, sigmas, threshold=0)):
        with pytest.raises(ValueError, match=r"^`sigmas` is empty; at least one"):
            function(IMAGE, [])
        for sigmas in ([1, 0], [-1.0], [np.nan], 0):
            with pytest.raises(ValueError, match=r"^sigmas="):
                function(IMAGE, sigmas)
    assert np.array_equal(hs.image.frangi(IMAGE, 2.0), hs.image.frangi(IMAGE, [2.0]))


@pytest.mark.parametrize("keyword", ["alpha", "beta", "gamma"])
@pytest.mark.parametrize("value", [0, -1, np.nan, np.inf])
def test_constants_of_frangi_are_positive(keyword, value):
    with pytest.raises(ValueError, match=f"^{keyword}="):
        hs.image.frangi(IMAGE, [1.0], **{keyword: value})


def test_other_keywords():
    with pytest.raises(ValueError, match=r"^gamma=\[1, 2\] has 2 numbers; there are 1 scales"):
        hs.image.frangi(IMAGE, [1.0], gamma=[1, 2])
    for keyword in ("black_ridges", "return_scale", "legacy"):
        with pytest.raises(TypeError, match=f"^{keyword}=1 is not valid"):
            hs.image.frangi(IMAGE, [1.0], **{keyword: 1})
    with pytest.raises(ValueError, match="legacy=True has a scheme"):
        hs.image.frangi(IMAGE, [1.0], legacy=True, truncate=3)
    with pytest.raises(TypeError, match="scale_normalized=1"):
        hs.image.hessian(IMAGE, scale_normalized=1)
    with pytest.raises(ValueError, match="order='up'"):
        hs.image.eigenvalues(IMAGE, order="up")
    for threshold in (-1, np.nan):
        with pytest.raises(ValueError, match=r"^threshold="):
            hs.image.blobs(IMAGE, [1.0], threshold=threshold)
    with pytest.raises(ValueError, match=r"^polarity='white'"):
        hs.image.blobs(IMAGE, [1.0], threshold=1, polarity="white")
    with pytest.raises(ValueError, match=r"^flat="):
        hs.image.structure(IMAGE, flat=2)
    with pytest.raises(ValueError, match=r"^ratio="):
        hs.image.structure(IMAGE, ratio=0)
    with pytest.raises(ValueError, match=r"channel_axis=3 is not valid"):
        hs.image.hessian(IMAGE, channel_axis=3)
    with pytest.raises(TypeError, match=r"channel_axis=1\.0 is not valid"):
        hs.image.hessian(IMAGE, channel_axis=1.0)


def test_dimensions():
    for shape in ((9,), (3, 4, 5, 6)):
        with pytest.raises(ValueError, match="frangi needs 2 to 3"):
            hs.image.frangi(np.zeros(shape))
        with pytest.raises(ValueError, match="structure needs 2 to 3"):
            hs.image.structure(np.zeros(shape))
    with pytest.raises(ValueError, match="for colours pass channel_axis"):
        hs.image.frangi(np.zeros((3, 4, 5, 6)))
    with pytest.raises(ValueError, match=r"`image` \(5, 1\) has one pixel along axis 1; scheme='repeated-gradient'"):
        hs.image.hessian(np.zeros((5, 1)), scheme="repeated-gradient")


def test_components():
    for H in (np.zeros((2, 5)), np.zeros((4, 5)), np.zeros((0, 5)), 1.0):
        with pytest.raises(ValueError, match=r"^`H` .* needs d \(d \+ 1\) / 2 components"):
            hs.image.hessian_eigenvalues(H)
        with pytest.raises(ValueError, match=r"^`H` "):
            hs.image.hessian_eigh(H)
    with pytest.raises(TypeError, match=r"^`H` \(3, 5\) is complex"):
        hs.image.hessian_eigenvalues(np.zeros((3, 5), complex))
    H = np.zeros((3, 5))
    H[1, 4] = np.nan
    with pytest.raises(ValueError, match=r"^`H` \(3, 5\) has a NaN or infinity at index \(1, 4\)"):
        hs.image.hessian_eigenvalues(H)


def test_overflow_is_told():
    huge = IMAGE * 1e200
    with pytest.raises(ValueError, match=r"the result overflows float64; divide the image by its largest number"):
        hs.image.hessian_determinant(huge)
    with pytest.raises(ValueError, match="its determinants overflow"):
        hs.image.blobs(huge, [1, 2], threshold=1)
    assert np.isfinite(hs.image.eigenvalues(huge)).all()
    assert np.isfinite(hs.image.frangi(huge, [1, 2])).all()


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("d", [1, 2, 3, 4])
def test_eigenvalues_out_of_range_are_told(d, dtype):
    largest = float(np.finfo(dtype).max) * 0.875
    H = np.zeros((d * (d + 1) // 2, 2, 5), dtype=dtype)
    H[:, 1, 3] = largest  # d times that is an eigenvalue
    for function in (hs.image.hessian_eigenvalues, hs.image.hessian_eigh, lambda H: hs.image.hessian_eigenvalues(-H)):
        if d == 1:
            function(H)
        else:
            with pytest.raises(ValueError, match=rf"^`H` \({len(H)}, 2, 5\) .* at index \(1, 3\) overflows {H.dtype}"):
                function(H)
    values = hs.image.hessian_eigenvalues(H / d)[:, 1, 3] / dtype(largest)
    np.testing.assert_allclose(values, [1] + [0] * (d - 1), rtol=0, atol=16 * np.finfo(dtype).eps)
    H[:, 1, 3] = np.where(np.equal(*np.triu_indices(d)), largest, 0)
    assert (hs.image.hessian_eigenvalues(H)[:, 1, 3] == dtype(largest)).all()


def test_eigenvalues_of_an_image_of_four_axes_out_of_range_name_the_image():
    image = np.zeros((3, 3, 3, 3))
    image[1, 1, 1, 1] = 1e308
    with pytest.raises(ValueError, match=r"^`image` \(3, 3, 3, 3\) holds numbers as large as 1e\+308"):
        hs.image.eigenvalues(image, None, scheme="difference")


@pytest.mark.parametrize("mode", ["reflect", "mirror", "nearest", "constant", "wrap"])
def test_images_smaller_than_the_kernel_have_an_answer(mode):
    for shape in ((1, 1), (1, 2), (2, 3)):
        assert np.isfinite(hs.image.hessian(np.ones(shape), 5, mode=mode)).all()
        assert np.isfinite(hs.image.frangi(np.ones(shape), [5], mode=mode)).all()
