# SPDX-License-Identifier: BSD-3-Clause
"""Gauss-Newton matrices and steps."""

import numpy as np
import pytest

import hessolve as hs

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize(("m", "n"), [(1, 1), (40, 7), (3, 5), (700, 530)])
@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("damping", [0.0, 0.5])
def test_matrix_gradient_and_step(dtype, m, n, weighted, damping):
    J, r = RNG.standard_normal((m, n)).astype(dtype), RNG.standard_normal(m).astype(dtype)
    w = RNG.uniform(0.5, 2.0, m).astype(dtype) if weighted else None
    g = hs.gauss_newton(J, r, weights=w, damping=damping)
    L, W = J.astype(np.longdouble), np.ones(m) if w is None else w.astype(np.longdouble)
    eps = np.finfo(dtype).eps
    exact = (L.T * W) @ L + damping * np.eye(n)
    assert np.all(abs(g.H - exact) <= 4 * m * eps * ((abs(L.T) * W) @ abs(L) + damping))
    np.testing.assert_array_equal(g.H, hs.gauss_newton(J, weights=w, damping=damping))
    np.testing.assert_allclose(g.gradient, L.T @ (W * r), rtol=0, atol=100 * eps * np.sqrt(m))
    optimality = L.T @ (W * (r + L @ g.step)) + damping * g.step.astype(np.longdouble)  # of the linear model
    scale = np.linalg.norm(J) ** 2 * np.linalg.norm(g.step) + np.linalg.norm(J) * np.linalg.norm(r)
    assert np.linalg.norm(optimality.astype(float)) <= 50 * max(m, n) * eps * scale
    assert g.gradient @ g.step < 0


def test_step_keeps_the_digits_that_the_matrix_loses():
    """Condition 1e10: J^T J is singular to working precision, the step from J is not."""
    Q, _ = np.linalg.qr(RNG.standard_normal((30, 4)))
    V, _ = np.linalg.qr(RNG.standard_normal((4, 4)))
    J = Q * np.logspace(0, -10, 4) @ V.T
    step = RNG.standard_normal(4)
    got = hs.gauss_newton(J, -J @ step).step
    assert np.linalg.norm(got - step) <= 1e-4 * np.linalg.norm(step)


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("damping", [0.0, 0.5])
def test_sparse(weighted, damping):
    sparse = pytest.importorskip("scipy.sparse")
    J = RNG.standard_normal((50, 6)) * (RNG.random((50, 6)) < 0.5)
    r, w = RNG.standard_normal(50), RNG.uniform(0.5, 2, 50) if weighted else None
    dense = hs.gauss_newton(J, r, weights=w, damping=damping)
    for part, other in zip(hs.gauss_newton(sparse.csr_array(J), r, weights=w, damping=damping), dense, strict=True):
        np.testing.assert_allclose(part, other, atol=1e-10)


def test_zero_residual_problem_converges_quadratically():
    def residual(x):
        return np.array([10 * (x[1] - x[0] ** 2), 1 - x[0]])

    x = np.array([-1.2, 1.0])
    for _ in range(5):
        x = x + hs.gauss_newton(hs.jacobian(residual, x), residual(x)).step
    np.testing.assert_allclose(x, 1.0, atol=1e-12)


@pytest.mark.parametrize(
    ("arguments", "kind", "text"),
    [
        ({"J": np.ones(3)}, ValueError, "`J`"),
        ({"J": np.ones((3, 2)) + 0j}, TypeError, "`J` is complex"),
        ({"J": [[1.0, np.nan], [1.0, 1.0]]}, ValueError, r"`J` \(2, 2\) has a NaN or infinity at row 0, column 1"),
        ({"J": np.full((2, 1), 1e200)}, ValueError, "overflows"),
        ({"J": np.ones((3, 2)), "residual": np.ones(2)}, ValueError, r"`residual` \(2,\) does not fit `J` \(3, 2\)"),
        ({"J": np.ones((3, 2)), "residual": [1, np.inf, 1]}, ValueError, "`residual`"),
        ({"J": np.ones((3, 2)), "weights": [1, -1, 1]}, ValueError, r"`weights` \(3,\) has -1 at row 1"),
        ({"J": np.ones((3, 2)), "weights": np.ones(4)}, ValueError, "`weights`"),
        ({"J": np.ones((3, 2)), "damping": -1.0}, ValueError, "damping=-1.0"),
        ({"J": np.eye(2) * 1e150, "residual": [1e200, 1]}, ValueError, r"^J\^T W r overflows .* `residual` \(2,\), as"),
        ({"J": [[1e150], [-1e150]], "residual": [1e200, 1e200]}, ValueError, r"^J\^T W r overflows in float64"),
        ({"J": [[1.0], [1.0]], "residual": [1e200, 1], "weights": [1e200, 1]}, ValueError, r"^J\^T W r overflows"),
    ],
)
def test_bad_input(arguments, kind, text):
    with pytest.raises(kind, match=text):
        hs.gauss_newton(**arguments)
    if "residual" in arguments:
        sparse = pytest.importorskip("scipy.sparse")
        with pytest.raises(kind, match=text):
            hs.gauss_newton(**(arguments | {"J": sparse.csr_array(np.array(arguments["J"]))}))
