# SPDX-License-Identifier: BSD-3-Clause
"""hessian_grid: exact for quadratics, of second order everywhere, any layout, and refusals."""

import numpy as np
import pytest

import hessolve as hs

DTYPES = [np.float32, np.float64, np.complex64, np.complex128]


@pytest.mark.parametrize("d", [1, 2, 3, 4])
@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("order", ["C", "F", "strided"])
def test_quadratics_are_exact(d, dtype, order):
    Q = np.random.default_rng(d).standard_normal((d, d)).astype(dtype)
    Q = Q + Q.T
    spacing = [0.5, -1.0, 0.25, 2.0][:d]
    axes = np.meshgrid(*(h * np.arange(4 + k) for k, h in enumerate(spacing)), indexing="ij")
    x = np.stack(axes, axis=-1)
    values = (np.einsum("...i,ij,...j", x, Q, x) / 2 + x @ np.ones(d)).astype(dtype)
    if order == "strided":
        values = np.repeat(values, 2, axis=0)[::2]
    values = np.asarray(values, order="F") if order == "F" else values
    H = hs.hessian_grid(values, *spacing)
    assert H.shape == (*values.shape, d, d)
    assert H.dtype == dtype
    eps = np.finfo(dtype).eps
    assert np.all(np.abs(H - Q) <= 64 * eps * np.abs(values).max() / 0.25**2)
    np.testing.assert_array_equal(H, np.swapaxes(H, -1, -2))


@pytest.mark.parametrize("border", [False, True])
def test_errors_fall_with_the_square_of_the_step(border):
    def worst(n):
        t = np.linspace(0, 1, n)
        x, y = np.meshgrid(t, t, indexing="ij")
        H = hs.hessian_grid(np.exp(x) * np.sin(2 * y), t[1])
        exact = np.empty_like(H)
        exact[..., 0, 0] = np.exp(x) * np.sin(2 * y)
        exact[..., 0, 1] = exact[..., 1, 0] = 2 * np.exp(x) * np.cos(2 * y)
        exact[..., 1, 1] = -4 * np.exp(x) * np.sin(2 * y)
        error = np.abs(H - exact)
        return error.max() if border else error[1:-1, 1:-1].max()

    assert 3.5 < worst(33) / worst(65) < 5.0


def test_it_sees_what_repeated_gradients_do_not():
    """What alternates from point to point has a second difference of -4 / h^2; two first differences give none."""
    values = np.tile([1.0, -1.0], 5)
    np.testing.assert_array_equal(hs.hessian_grid(values)[1:-1, 0, 0], -4 * values[1:-1])
    np.testing.assert_array_equal(np.gradient(np.gradient(values))[2:-2], 0)


def test_threads_and_inputs():
    values = np.random.default_rng(0).standard_normal((60, 50, 40))
    values.flags.writeable = False
    H = hs.hessian_grid(values, 0.5)
    with hs.num_threads(1):
        np.testing.assert_array_equal(H, hs.hessian_grid(values, 0.5, 0.5, 0.5))
    np.testing.assert_array_equal(hs.hessian_grid(np.arange(20).reshape(4, 5) ** 2).dtype, np.float64)


@pytest.mark.parametrize(
    ("arguments", "error", "text"),
    [
        ((np.ones((4, 3)),), ValueError, r"`values` \(4, 3\) needs 4 points or more along every axis: axis 1 has 3"),
        ((1.0,), ValueError, r"`values` \(\) needs 4 points"),
        ((np.ones((4, 4)), 1, 2, 3), ValueError, r"`spacing` has 3 steps, and `values` \(4, 4\) has 2 axes"),
        ((np.ones(4), 0.0), ValueError, "spacing=0.0 is not valid; valid: finite steps, not zero"),
        ((np.ones(4), np.inf), ValueError, "spacing=inf is not valid"),
        ((np.ones(4), "h"), TypeError, "spacing='h' is not valid"),
        ((np.ones(4), np.ones(4)), TypeError, "spacing"),
        ((np.array([1, 2, np.nan, 4]),), ValueError, r"`values` \(4,\) has a NaN or infinity at \(2,\)"),
        ((np.array([0, 1e300, 0, 0]), 1e-10), ValueError, r"overflows float64 at \(0,\)"),
        ((np.array(list("abcd")),), TypeError, "`values` has dtype str"),
    ],
)
def test_bad_input(arguments, error, text):
    with pytest.raises(error, match=text):
        hs.hessian_grid(*arguments)
