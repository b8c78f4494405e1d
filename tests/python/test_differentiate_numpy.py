# SPDX-License-Identifier: BSD-3-Clause
"""What "dual" carries of NumPy: each function against differences and their estimates; the rest refused by name."""

import math
import re

import numpy as np
import pytest
from scipy import optimize, special

import hessolve as hs

X = np.array([0.31, -0.7, 1.4, 0.9, -1.3, 0.55])
A = np.random.default_rng(0).standard_normal((4, 4))
M = np.random.default_rng(1).standard_normal((2, 6))


def assigned(x):
    y = np.zeros_like(x)
    y[1:] = x[:-1] ** 2
    y[0] = 1
    return np.sum(y**2)


def in_place(x):
    y = x.copy()
    y += 1
    y *= x
    y[2:] -= x[2:]
    y /= 2
    return np.sum(y**2)


def out(x):
    y = np.empty_like(x)
    np.multiply(x, x, out=y)
    np.copyto(y, x, where=x > 0)
    return np.sum(y**3)


def looped(x):
    total = 0
    for i, t in enumerate(x):
        total += t**2 * i if t > 0 else t**3
    return total


CARRIED = {
    "concatenate": lambda x: np.sum(np.concatenate([x[:3], x[2:] ** 2]) ** 2),
    "stack": lambda x: np.sum(np.stack([x, x**2]) * M) ** 2,
    "hstack": lambda x: np.sum(np.hstack([x, 2.0, x]) ** 2),
    "block": lambda x: np.sum(np.block([[x[:3], x[3:]], [x[1:4], np.ones(3)]]) ** 2),
    "append, insert": lambda x: np.sum(np.insert(np.append(x, x[0] ** 2), 1, x[3] ** 2) ** 2),
    "delete": lambda x: np.sum(np.delete(x, 1) ** 3),
    "split": lambda x: np.sum(np.split(x, 2)[0] * np.split(x, 2)[1]),
    "meshgrid": lambda x: np.sum(np.meshgrid(x[:3], x[3:])[0] * np.meshgrid(x[:3], x[3:])[1]),
    "reshape": lambda x: np.sum(x.reshape(2, 3) @ x.reshape(3, 2)),
    "transpose": lambda x: np.sum(x.reshape(2, 3).T[0] ** 2 * np.swapaxes(x.reshape(2, 3), 0, 1)[1]),
    "roll, flip": lambda x: np.sum(x * np.roll(x, 1) * np.flip(x)),
    "pad": lambda x: np.sum(np.pad(x, 2) ** 2 * np.arange(10)),
    "pad with a constant": lambda x: np.sum(np.pad(x, 2, constant_values=3.0) ** 2 * np.arange(10)),
    "pad by edges": lambda x: np.sum(np.pad(x, 2, mode="edge") ** 3),
    "tile, repeat": lambda x: np.sum(np.tile(x, 2) * np.repeat(x, 2)),
    "diag": lambda x: np.sum(np.diag(x) @ np.diag(x)),
    "tril, outer": lambda x: np.sum(np.tril(np.outer(x, x)) ** 2),
    "kron": lambda x: np.sum(np.kron(x[:3], x[3:]) ** 2),
    "cross": lambda x: np.sum(np.cross(x[:3], x[3:]) ** 2),
    "convolve": lambda x: np.sum(np.convolve(x, x) ** 2),
    "correlate": lambda x: np.sum(np.correlate(x, x)),
    "polyval": lambda x: np.polyval(x, 0.5) ** 2,
    "trapezoid": lambda x: np.trapezoid(x**2, dx=0.1),
    "gradient": lambda x: np.sum(np.gradient(x, 0.5) ** 2) + np.sum(np.gradient(x, edge_order=2) ** 2),
    "diff": lambda x: np.sum(np.diff(x, 2) ** 4),
    "median": lambda x: np.median(x) ** 2 + np.median(x[:5]) ** 3,
    "percentile": lambda x: np.percentile(x, 30) ** 2,
    "interp": lambda x: np.sum(np.interp(x, [-3, 0, 3], [1.0, 2, 5]) ** 2) + np.interp(0.5, range(6), x) ** 2,
    "max, min": lambda x: np.max(x) ** 2 + x.min() ** 3,
    "max, min, second part": lambda x: np.ptp(x) ** 2 + np.sum(np.max(x.reshape(2, 3), axis=1) ** 2),
    "maximum": lambda x: np.sum(np.maximum(x, 0) ** 2) + np.maximum.reduce(x) * np.minimum.reduce(x),
    "clip": lambda x: np.sum(np.clip(x, -0.5, 0.5) ** 2) + np.sum(x.clip(0) ** 2),
    "sort": lambda x: np.sum(np.sort(x) * np.arange(6)) ** 2,
    "einsum": lambda x: np.einsum("i,ij,j", x[:4], A, x[2:]) + np.einsum("ij,jk->", x.reshape(2, 3), x.reshape(3, 2)),
    "einsum of diagonals": lambda x: np.einsum("ii->i", np.outer(x, x)).sum(),
    "einsum of diagonals, second part": lambda x: np.einsum("i,j,k->", x[:2], x[2:4], x[4:]),
    "tensordot": lambda x: np.sum(np.tensordot(x.reshape(2, 3), x.reshape(3, 2), axes=1) ** 2),
    "inner, dot, vdot": lambda x: np.inner(x, x) ** 2 + x.dot(x) ** 3 + np.vdot(x, x) + np.trace(np.outer(x, x)),
    "products with matrices": lambda x: x[:4] @ (A @ x[2:]) + np.sum((M @ x) ** 2),
    "products with matrices, second part": lambda x: np.sum((x.reshape(3, 2) @ M) ** 2),
    "det": lambda x: np.linalg.det(np.outer(x[:4], x[2:]) + A) + np.linalg.det(np.outer(x[:4], x[2:])) ** 2,
    "slogdet": lambda x: np.linalg.slogdet(np.diag(x[:4]) + A)[1],
    "solve, inv": lambda x: np.sum(np.linalg.solve(A + np.diag(x[:4]), x[2:]) ** 2),
    "solve, inv, second part": lambda x: np.trace(np.linalg.inv(A + np.diag(x[2:]))),
    "matrix_power": lambda x: np.trace(np.linalg.matrix_power(A + np.diag(x[:4]), 3)),
    "norms": lambda x: np.linalg.norm(x, 1) ** 2 + np.linalg.norm(x, np.inf) ** 2,
    "norms, second part": lambda x: np.linalg.norm(x, 3) + np.sum(np.linalg.norm(x.reshape(2, 3), axis=1)),
    "var, std": lambda x: x.var(ddof=1) + np.std(x) + np.sum(x.reshape(2, 3).mean(axis=0) ** 2),
    "average": lambda x: np.average(x**2, weights=[1, 2, 3, 4, 5, 6]) ** 2,
    "cumsum, cumprod": lambda x: np.sum(x.cumsum() ** 2) + np.sum(np.cumsum(x.reshape(2, 3), axis=1) ** 2),
    "cumsum, cumprod, second part": lambda x: np.sum(np.cumprod(x)),
    "methods of ufuncs": lambda x: np.sum(np.add.accumulate(x) ** 2) + np.add.reduce(x**2),
    "methods of ufuncs, second part": lambda x: np.multiply.reduce(x) + np.sum(np.multiply.outer(x, x) ** 2),
    "sum with where and keepdims": lambda x: np.sum(x**2, where=x > 0) + np.sum(x / x.sum(keepdims=True)),
    "sum with where and keepdims, second part": lambda x: np.prod(x.reshape(2, 3), axis=1).sum(),
    "logaddexp.reduce": lambda x: np.logaddexp.reduce(x),
    "select, where": lambda x: np.sum(np.select([x < 0, x > 1], [x**2, x**3], default=x)),
    "select, where, second part": lambda x: np.sum(np.where(x > 0, x, 0.0) ** 2),
    "piecewise": lambda x: np.sum(np.piecewise(x, [x < 0, x >= 0], [lambda t: t**2, lambda t: np.exp(t)])),
    "what where leaves out": lambda x: np.sum(np.where(x > 0, np.log(x), x**2)),
    "assignment": assigned,
    "arithmetic in place": in_place,
    "out and copyto": out,
    "a loop": looped,
    "np.array of a list": lambda x: np.sum(np.array([x[0] * x[1], x[2], 1.0]) ** 2),
    "np.asarray": lambda x: np.sum(np.asarray(x)[1:] ** 2 * np.asarray(x)[:-1]),
    "indexing": lambda x: np.sum(x[[0, 0, 2]] ** 2 * x[np.array([True, False, True, False, False, True])]),
    "indexing, second part": lambda x: np.sum(np.take(x, [0, 0, 2]) ** 2),
    "remainder": lambda x: np.sum((x % 0.7) ** 2) + np.sum(np.divmod(x, 0.3)[1] ** 2) + np.sum(np.fmod(x, 0.4) ** 2),
    "broadcasting": lambda x: np.sum((x[:, None] - x[None]) ** 4) + np.sum(np.broadcast_to(x, (3, 6)) ** 2),
    "copysign, heaviside, sign": lambda x: np.sum(np.copysign(x**2, x) + np.heaviside(x, 0.5) * x**2 + np.sign(x) * x),
    "apply_along_axis": lambda x: np.sum(np.apply_along_axis(lambda r: r**2, 1, x.reshape(2, 3))),
    "histogram of weights": lambda x: np.sum(np.histogram(x, bins=[-2.0, 0.0, 2.0], weights=x**2)[0] ** 2),
    "unique": lambda x: np.sum(np.unique(x) ** 2 * np.arange(6)),
    "SciPy's softmax": lambda x: special.softmax(x)[0],
    "SciPy's Rosenbrock": optimize.rosen,
}  # fmt: skip


@pytest.mark.parametrize("name", CARRIED)
def test_carried(name):
    f = CARRIED[name]
    exact = hs.hessian(f, X, method="dual")
    found = hs.hessian(f, X, method="3-point", step=0.125, full_output=True)
    assert np.all(np.abs(found.hessian - exact) <= 2 * found.error)
    g = hs.gradient(f, X, method="dual")
    first = hs.gradient(f, X, method="3-point", step=0.0625, full_output=True)
    assert np.all(np.abs(first.gradient - g) <= 2 * first.error)


REFUSED = {
    "numpy.fft.fft": lambda x: np.sum(np.abs(np.fft.fft(x)) ** 2),
    "numpy.linalg.eigvalsh": lambda x: np.linalg.eigvalsh(np.outer(x, x) + np.diag(x))[0],
    "numpy.add.reduceat": lambda x: np.sum(np.add.reduceat(x, [0, 3]) ** 2),
    "float()": lambda x: math.exp(x[0]) + x[1] * 0,
    "gammaln": lambda x: np.sum(special.gammaln(x**2)),
    "astype(int64)": lambda x: np.sum(x.astype(np.int64) * x),
    "complex128": lambda x: np.sum(np.real(x * 1j * 1j)),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_carried_is_named_and_auto_falls_back(name):
    f = REFUSED[name]
    with pytest.raises(TypeError, match=r"^`f` cannot be differentiated with method='dual': .*" + re.escape(name)):
        hs.hessian(f, X, method="dual")
    found = hs.hessian(f, X, full_output=True)
    assert found.method == "3-point"
    assert name in found.reason
    assert np.isfinite(found.hessian).all()


def test_a_list_of_numbers_is_named_in_the_advice():
    with pytest.raises(TypeError, match=r"np\.stack of numbers"):
        hs.hessian(lambda x: np.linalg.det(np.array([[x[0], 1.0], [1.0, x[1]]])), [1.0, 2.0], method="dual")


def test_an_error_of_the_function_is_its_own():
    def broken(x):
        raise KeyError("mine")

    with pytest.raises(KeyError, match="mine"):
        hs.gradient(broken, X)


def test_values_are_not_lost_in_arrays_of_floats():
    """Assigning to np.zeros(n) would drop derivatives; it is an error, and differences do it."""

    def f(x):
        y = np.zeros(6)
        y[:] = x
        return np.sum(y**2)

    with pytest.raises(TypeError, match=r"float\(\)"):
        hs.hessian(f, X, method="dual")
    np.testing.assert_allclose(hs.hessian(f, X), 2 * np.eye(6), atol=1e-9)


def test_ties_and_corners():
    """The first of equal entries is the maximum; abs has the derivative 0 at 0."""
    np.testing.assert_array_equal(hs.gradient(np.max, [1.0, 1.0, 0.0]), [1, 0, 0])
    np.testing.assert_array_equal(hs.gradient(lambda x: np.sum(np.abs(x)), [0.0, -2.0]), [0, -1])


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda x: np.sum(np.abs(x) ** 2), [2, 2, 2]),
        (lambda x: np.sum(abs(x) * abs(x)), [2, 2, 2]),
        (lambda x: np.sum(np.fabs(x) ** 3), [0, 6, 12]),
        (lambda x: np.sum(np.abs(x**3)), [0, 6, 12]),
        (lambda x: np.sum(np.cos(np.abs(x))), [-1, -np.cos(1), -np.cos(2)]),
        (lambda x: np.sum(np.abs(-3 * np.abs(x)) ** 2), [18, 18, 18]),
        (lambda x: np.sum(np.abs(x)), [0, 0, 0]),
    ],
)
def test_a_modulus_inside_of_something_smooth_does_no_harm_at_zero(f, expected):
    x = np.array([0.0, 1.0, -2.0])
    H = hs.hessian(f, x, method="dual")
    np.testing.assert_allclose(H, np.diag(expected), rtol=1e-15, atol=1e-15)
    np.testing.assert_allclose(hs.hvp(f, x, [1.0, 2.0, 3.0]), H @ [1.0, 2.0, 3.0], rtol=1e-15, atol=1e-15)
    sparse = pytest.importorskip("scipy.sparse")
    found = hs.hessian(f, x, method="dual", sparsity=sparse.csr_array(np.eye(3)))
    np.testing.assert_allclose(found.toarray(), H, rtol=1e-15, atol=1e-15)


def test_the_modulus_of_a_difference_at_zero():
    np.testing.assert_array_equal(hs.hessian(lambda x: abs(x[0] - x[1]) ** 2, [3.0, 3.0]), [[2, -2], [-2, 2]])


def test_a_dual_looks_like_an_array():
    seen = {}

    def f(x):
        seen.update(shape=x.shape, ndim=x.ndim, size=x.size, dtype=x.dtype, length=len(x), text=repr(x))
        assert x[0] < 1 < x[2]
        assert x[0] != x[1]
        assert np.argmax(x) == 2
        assert np.all(np.isfinite(x))
        assert isinstance(x.tolist()[0], type(x))
        assert np.zeros_like(x, dtype=int).dtype == int
        return (+x).sum() - x.item(0)

    hs.gradient(f, X, method="dual")
    assert seen == {"shape": (6,), "ndim": 1, "size": 6, "dtype": float, "length": 6, "text": f"Dual({X!r})"}


def test_derivatives_within_derivatives_are_refused():
    with pytest.raises(TypeError, match="cannot be differentiated"):
        hs.gradient(lambda x: np.sum(hs.gradient(lambda y: np.sum(y * x), X)), X, method="dual")


def running_sum(x):
    total, terms = 0.0, []
    for xi in x:
        total += xi
        terms.append(total)
    return sum(t**2 for t in terms)


def filled(x):
    X = np.outer(x, x)
    np.fill_diagonal(X, x**3)
    return X.sum()


@pytest.mark.parametrize(
    ("f", "x", "truth"),
    [
        (running_sum, [1.0, 2.0, 3.0], [20, 18, 12]),
        (lambda x: np.prod(np.append(x, np.int64(1))), [2.0, 3.0], [3, 2]),
        (lambda x: np.prod(np.append(x, values=2)), [2.0, 3.0], [6, 4]),
        (lambda x: np.prod(np.insert(x, 0, np.int64(2))), [2.0, 3.0], [6, 4]),
        (lambda x: np.prod(np.concatenate([x, range(1, 3)])), [2.0, 3.0], [6, 4]),
        (lambda x: np.prod(np.stack([x[0], np.int64(2)])), [2.0, 3.0], [2, 0]),
        (lambda x: (np.compress([True, False], x) ** 2).sum(), [2.0, 3.0], [4, 0]),
        (lambda x: (np.extract(x > 2.5, x) ** 2).sum(), [2.0, 3.0], [0, 6]),
        (filled, [2.0, 3.0], [18, 31]),
    ],
)
def test_numbers_are_numbers_and_never_places_on_the_tape(f, x, truth):
    np.testing.assert_allclose(hs.gradient(f, x, method="dual"), truth, rtol=1e-14)


def test_a_function_that_remembers_is_not_taken_for_a_constant():
    seen = {}

    def f(x):
        key = tuple(np.round(np.asarray([float(v) for v in x]), 12)) if isinstance(x, np.ndarray) else tuple(x.value)
        if key not in seen:
            seen[key] = float(sum((v - 3) ** 2 for v in key))
        return seen[key]

    np.testing.assert_allclose(hs.minimize(f, [1.0, 2.0]).x, 3, atol=1e-4)
