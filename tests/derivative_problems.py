# SPDX-License-Identifier: BSD-3-Clause
"""Functions to differentiate, with the same in mpmath: name, in NumPy, in mpmath (a list of numbers), where."""

import itertools
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np
from scipy import special

A = np.array([[2.0, 1.0, 0.5], [1.0, -3.0, 0.25], [0.5, 0.25, 1.5]])
W = np.array([0.5, -1.25, 2.0])


class Problem(NamedTuple):
    name: str
    numpy: Any
    mpmath: Any
    x: tuple[float, ...]


def quadratic(x):
    return mp.fsum(mp.mpf(A[i, j]) * x[i] * x[j] for i in range(3) for j in range(3))


def unary(name, function, at, mpmath=None):
    """f(x0) + f(x1) f(x2): all of f, f', f'' are seen."""
    f = mpmath or getattr(mp, name)
    return Problem(
        name, lambda x: function(x[0]) + function(x[1]) * function(x[2]), lambda x: f(x[0]) + f(x[1]) * f(x[2]), at
    )


def rosenbrock(x):
    return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)


def det3(x):
    m = mp.matrix([[x[0], x[1], 1], [x[1], x[2], x[0]], [1, x[0], x[1] * x[2]]])
    return mp.det(m)


def np_det3(x):
    return np.linalg.det(np.stack([x[0], x[1], 1.0, x[1], x[2], x[0], 1.0, x[0], x[1] * x[2]]).reshape(3, 3))


PLAIN = (0.3, -0.7, 1.9)
SMALL = (0.3, -0.7, 0.45)
POSITIVE = (0.3, 1.7, 2.9)
PROBLEMS = [
    unary("exp", np.exp, PLAIN),
    unary("exp2", np.exp2, PLAIN, lambda x: mp.mpf(2) ** x),
    unary("expm1", np.expm1, (1e-9, -0.7, 1.9)),
    unary("log", np.log, POSITIVE),
    unary("log2", np.log2, POSITIVE, lambda x: mp.log(x, 2)),
    unary("log10", np.log10, POSITIVE),
    unary("log1p", np.log1p, (1e-10, -0.7, 1.9)),
    unary("sqrt", np.sqrt, POSITIVE),
    unary("cbrt", np.cbrt, PLAIN, lambda x: mp.sign(x) * mp.cbrt(abs(x))),
    unary("sin", np.sin, PLAIN),
    unary("cos", np.cos, PLAIN),
    unary("tan", np.tan, SMALL),
    unary("asin", np.arcsin, SMALL),
    unary("acos", np.arccos, SMALL),
    unary("atan", np.arctan, (0.3, -0.7, 1e8)),
    unary("sinh", np.sinh, PLAIN),
    unary("cosh", np.cosh, PLAIN),
    unary("tanh", np.tanh, (0.3, -0.7, 12.0)),
    unary("asinh", np.arcsinh, (0.3, -0.7, 1e5)),
    unary("acosh", np.arccosh, (1.0625, 1.7, 2.9)),
    unary("atanh", np.arctanh, (0.3, -0.7, 0.9375)),
    unary("square", np.square, PLAIN, lambda x: x * x),
    unary("reciprocal", np.reciprocal, PLAIN, lambda x: 1 / x),
    unary("absolute", np.abs, PLAIN, abs),
    unary("radians", np.radians, PLAIN, mp.radians),
    unary("sinc near zero", np.sinc, (1e-7, -0.3, 0.5), lambda x: mp.sincpi(x)),
    unary("sinc", np.sinc, (0.7, -1.3, 2.25), lambda x: mp.sincpi(x)),
    unary("erf", special.erf, PLAIN),
    unary("erfc", special.erfc, PLAIN),
    unary("expit", special.expit, (0.3, -0.7, 30.0), lambda x: 1 / (1 + mp.exp(-x))),
    unary("log_expit", special.log_expit, (0.3, -40.0, 30.0), lambda x: -mp.log1p(mp.exp(-x))),
    unary("logit", special.logit, (0.25, 0.9, 0.0625), lambda x: mp.log(x / (1 - x))),
    Problem("divide", lambda x: x[0] / x[1] / x[2], lambda x: x[0] / x[1] / x[2], PLAIN),
    Problem("power", lambda x: x[0] ** x[1] * x[2] ** 3, lambda x: x[0] ** x[1] * x[2] ** 3, POSITIVE),
    Problem(
        "integer powers of negative numbers",
        lambda x: np.sum(x**3) * x[1] ** -2,
        lambda x: mp.fsum(t**3 for t in x) * x[1] ** -2,
        (-0.3, -0.7, -1.9),
    ),
    Problem(
        "2 ** x",
        lambda x: 2.5 ** (x[0] * x[1]) + x[2] ** 0.5,
        lambda x: mp.mpf(2.5) ** (x[0] * x[1]) + mp.sqrt(x[2]),
        POSITIVE,
    ),
    Problem("arctan2", lambda x: np.arctan2(x[0], x[1]) * x[2], lambda x: mp.atan2(x[0], x[1]) * x[2], PLAIN),
    Problem("hypot", lambda x: np.hypot(x[0], x[1]) * x[2], lambda x: mp.hypot(x[0], x[1]) * x[2], PLAIN),
    Problem(
        "logaddexp",
        lambda x: np.logaddexp(x[0], x[1] * x[2]),
        lambda x: mp.log(mp.exp(x[0]) + mp.exp(x[1] * x[2])),
        (0.5, 300.0, 1.9),
    ),
    Problem(
        "logaddexp2",
        lambda x: np.logaddexp2(x[0] * x[2], x[1]),
        lambda x: mp.log(mp.mpf(2) ** (x[0] * x[2]) + mp.mpf(2) ** x[1], 2),
        PLAIN,
    ),
    Problem("xlogy", lambda x: special.xlogy(x[0], x[1]) * x[2], lambda x: x[0] * mp.log(x[1]) * x[2], POSITIVE),
    Problem(
        "softmax",
        lambda x: -np.log(np.exp(x)[0] / np.sum(np.exp(x))),
        lambda x: mp.log(mp.fsum(map(mp.exp, x))) - x[0],
        PLAIN,
    ),
    Problem("quadratic form", lambda x: x @ A @ x, quadratic, PLAIN),
    Problem(
        "exponential of a quadratic form", lambda x: np.exp(-x @ A @ x / 2), lambda x: mp.exp(-quadratic(x) / 2), SMALL
    ),
    Problem("norm", lambda x: np.linalg.norm(x), lambda x: mp.sqrt(mp.fsum(t * t for t in x)), PLAIN),
    Problem(
        "Rosenbrock",
        rosenbrock,
        lambda x: mp.fsum(100 * (b - a * a) ** 2 + (1 - a) ** 2 for a, b in itertools.pairwise(x)),
        (-1.2, 1.0, 0.5),
    ),
    Problem(
        "logistic loss",
        lambda x: np.sum(np.log1p(np.exp(-(A @ x)))),
        lambda x: mp.fsum(mp.log1p(mp.exp(-mp.fsum(mp.mpf(A[i, j]) * x[j] for j in range(3)))) for i in range(3)),
        PLAIN,
    ),
    Problem(
        "network",
        lambda x: np.sum(W * np.tanh(A @ np.tanh(A @ x))) ** 2,
        lambda x: (
            mp.fsum(
                mp.mpf(W[i])
                * mp.tanh(
                    mp.fsum(
                        mp.mpf(A[i, j]) * mp.tanh(mp.fsum(mp.mpf(A[j, k]) * x[k] for k in range(3))) for j in range(3)
                    )
                )
                for i in range(3)
            )
            ** 2
        ),
        SMALL,
    ),
    Problem(
        "product",
        lambda x: np.prod(x) + np.prod(np.cos(x)),
        lambda x: x[0] * x[1] * x[2] + mp.cos(x[0]) * mp.cos(x[1]) * mp.cos(x[2]),
        PLAIN,
    ),
    Problem(
        "variance",
        lambda x: np.var(x) / np.mean(np.exp(x)),
        lambda x: mp.fsum((t - mp.fsum(x) / 3) ** 2 for t in x) / mp.fsum(map(mp.exp, x)),
        PLAIN,
    ),
    Problem("determinant", np_det3, det3, PLAIN),
    Problem(
        "Ackley",
        lambda x: -20 * np.exp(-0.2 * np.sqrt(np.mean(x**2))) - np.exp(np.mean(np.cos(2 * np.pi * x))),
        lambda x: (
            -20 * mp.exp(-mp.mpf(0.2) * mp.sqrt(mp.fsum(t * t for t in x) / 3))
            - mp.exp(mp.fsum(mp.cos(2 * mp.mpf(np.pi) * t) for t in x) / 3)
        ),
        PLAIN,
    ),
    Problem(
        "piecewise",
        lambda x: np.sum(np.where(x > 0, np.sqrt(x), x**2)) * x[0],
        lambda x: (mp.sqrt(x[0]) + x[1] ** 2 + mp.sqrt(x[2])) * x[0],
        PLAIN,
    ),
    Problem(
        "sorted differences",
        lambda x: np.sum(np.diff(np.sort(x)) ** 3),
        lambda x: (x[0] - x[1]) ** 3 + (x[2] - x[0]) ** 3,
        PLAIN,
    ),
    Problem(
        "cumulative",
        lambda x: np.sum(np.cumsum(x) ** 2 * np.cumprod(x)),
        lambda x: x[0] ** 3 + (x[0] + x[1]) ** 2 * x[0] * x[1] + mp.fsum(x) ** 2 * x[0] * x[1] * x[2],
        PLAIN,
    ),
    Problem(
        "inverse",
        lambda x: np.linalg.inv(A + np.diag(x))[0, 1],
        lambda x: (mp.matrix([[mp.mpf(A[i, j]) + (x[i] if i == j else 0) for j in range(3)] for i in range(3)]) ** -1)[
            0, 1
        ],
        PLAIN,
    ),
]


def reference(problem, digits=60):
    """Gradient and Hessian in high precision, and how much rounding of x alone moves each entry, in units of eps."""
    with mp.workdps(digits):
        x = [mp.mpf(t) for t in problem.x]
        h = mp.mpf(10) ** (-digits // 5)

        def gradient(at):
            return [
                mp.diff(lambda *y: problem.mpmath(list(y)), tuple(at), tuple(int(k == i) for k in range(3)))
                for i in range(3)
            ]

        def hessian(at):
            orders = {(i, j): tuple(int(k == i) + int(k == j) for k in range(3)) for i in range(3) for j in range(i, 3)}
            upper = {key: mp.diff(lambda *y: problem.mpmath(list(y)), tuple(at), n) for key, n in orders.items()}
            return [[upper[min(i, j), max(i, j)] for j in range(3)] for i in range(3)]

        g, H = gradient(x), hessian(x)
        condition = np.zeros((3, 3))
        for k in range(3):
            moved = hessian([t + h * (i == k) for i, t in enumerate(x)])
            condition += [[float(abs(x[k] * (moved[i][j] - H[i][j]) / h)) for j in range(3)] for i in range(3)]
        to = np.vectorize(float)
        return to(g), to(H), condition
