# SPDX-License-Identifier: BSD-3-Clause
"""Numbers that are differentiated go where NumPy puts plain ones: any index, any shapes that broadcast, any axes."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import hessolve as hs

SHAPES = hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)
quick = settings(max_examples=150, deadline=None)


def jacobian(F, x):
    return hs.jacobian(F, x, method="dual")


def followed(F, x):
    """The values that F has where it is followed, and its Jacobian."""
    values = []

    def seen(x):
        values.append(F(x))
        return values[-1]

    J = jacobian(seen, x)
    return values[0].value, J


@quick
@given(st.data())
def test_any_basic_index(data):
    shape = data.draw(SHAPES)
    key = data.draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    x = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    picked = x[key]
    J = jacobian(lambda x: x[key], x)
    np.testing.assert_array_equal(J, np.arange(1, x.size + 1) == np.ravel(picked)[:, np.newaxis])


@quick
@given(st.data())
def test_any_fancy_index_and_assignment(data):
    shape = data.draw(SHAPES)
    key = data.draw(hnp.integer_array_indices(shape))
    x = np.arange(1.0, np.prod(shape) + 1).reshape(shape)
    J = jacobian(lambda x: x[key], x)
    np.testing.assert_array_equal(J, np.arange(1, x.size + 1) == np.ravel(x[key])[:, np.newaxis])

    def f(x):
        y = 2 * x
        y[key] = 0
        return y

    expected = 2 * np.eye(x.size)
    expected[np.ravel(x[key]).astype(int) - 1] = 0
    np.testing.assert_array_equal(jacobian(f, x), expected)


@quick
@given(hnp.mutually_broadcastable_shapes(num_shapes=2, min_dims=0, max_dims=3, max_side=4), st.sampled_from("+-*/"))
def test_any_shapes_that_broadcast(shapes, operator):
    """Both variable, and either against constants, broadcast views and transposes among them."""
    a_shape, b_shape = shapes.input_shapes
    a = np.linspace(1, 2, int(np.prod(a_shape))).reshape(a_shape)
    b = np.linspace(3, 4, int(np.prod(b_shape))).reshape(b_shape)
    n = a.size
    compute = {"+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide}[operator]
    plain = np.broadcast_to(compute(a, b), shapes.result_shape)
    slope_a, slope_b = {"+": (1, 1), "-": (1, -1), "*": (b, a), "/": (1 / b, -a / b**2)}[operator]
    at_a = np.broadcast_to(np.arange(n).reshape(a_shape), shapes.result_shape).ravel()
    at_b = np.broadcast_to(np.arange(b.size).reshape(b_shape), shapes.result_shape).ravel()
    by_a = (at_a[:, np.newaxis] == np.arange(n)) * np.ravel(slope_a + 0 * plain)[:, np.newaxis]
    by_b = (at_b[:, np.newaxis] == np.arange(b.size)) * np.ravel(slope_b + 0 * plain)[:, np.newaxis]

    def both(x):
        return compute(x[:n].reshape(a_shape), x[n:].reshape(b_shape))

    np.testing.assert_allclose(
        jacobian(both, np.concatenate([a.ravel(), b.ravel()])), np.hstack([by_a, by_b]), rtol=1e-15
    )
    np.testing.assert_allclose(jacobian(lambda x: compute(x, b), a), by_a, rtol=1e-15)
    np.testing.assert_allclose(jacobian(lambda x: compute(a, x), b), by_b, rtol=1e-15)


@quick
@given(st.data())
def test_any_axes(data):
    shape = data.draw(SHAPES)
    axis = data.draw(st.one_of(st.none(), hnp.valid_tuple_axes(len(shape), min_size=1)))
    keepdims = data.draw(st.booleans())
    x = np.cos(np.arange(np.prod(shape))).reshape(shape)
    for function in (np.sum, np.mean, np.var, np.max, np.min, np.prod):
        F = lambda x, function=function: function(x**2 + x, axis=axis, keepdims=keepdims)  # noqa: E731
        plain = F(x)
        value, J = followed(F, x)
        assert value.shape == plain.shape
        np.testing.assert_allclose(value, plain, rtol=1e-13, atol=1e-15)
        found = hs.jacobian(F, x, method="3-point", step=2.0**-10, full_output=True)
        assert np.all(np.abs(J - found.jacobian) <= 4 * found.error + 1e-12)


@quick
@given(st.integers(0, 3), st.integers(0, 3), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_products_of_stacks(batch_a, batch_b, m, k, n):
    """matmul with stacks of one and several matrices, on either side or both, against einsum of constants."""
    shape_a = (*(2, 3)[: min(batch_a, 2)], m, k) if batch_a != 3 else (k,)
    shape_b = (*(2, 3)[: min(batch_b, 2)], k, n) if batch_b != 3 else (k,)
    try:
        np.matmul(np.ones(shape_a), np.ones(shape_b))
    except ValueError:
        return
    a = np.cos(np.arange(np.prod(shape_a))).reshape(shape_a)
    b = np.sin(np.arange(np.prod(shape_b))).reshape(shape_b)
    value, J = followed(lambda x: x @ b, a)
    assert value.shape == (a @ b).shape
    np.testing.assert_allclose(value, a @ b, atol=1e-15)
    expected = np.stack([np.ravel(np.eye(a.size)[i].reshape(shape_a) @ b) for i in range(a.size)], axis=-1)
    np.testing.assert_allclose(J, expected, atol=1e-15)
    right = np.stack([np.ravel(a @ np.eye(b.size)[i].reshape(shape_b)) for i in range(b.size)], axis=-1)
    np.testing.assert_allclose(jacobian(lambda x: a @ x, b), right, atol=1e-15)
