# SPDX-License-Identifier: BSD-3-Clause
"""The 18 problems for unconstrained minimisation of Moré, Garbow and Hillstrom, written from their formulas.

ACM Transactions on Mathematical Software 7(1), 1981, pages 17-41, doi 10.1145/355934.355936. Each is a sum of
squares of NumPy functions, so that its derivatives are exact, with its standard start and the minima that are known.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Problem(NamedTuple):
    name: str
    residuals: Callable[[Any], Any]
    x0: np.ndarray
    minima: tuple[float, ...]  # the paper's; of Chebyquad 10 also a lower one found since

    def f(self, x):
        return np.sum(self.residuals(x) ** 2)


def helical_valley(x):
    theta = np.arctan(x[1] / x[0]) / (2 * np.pi) + np.where(x[0] > 0, 0.0, 0.5)
    return np.stack([10 * (x[2] - 10 * theta), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


def biggs_exp6(x, m=13):
    t = 0.1 * np.arange(1, m + 1)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def gaussian(x):
    y = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989]
    y = np.array(y + y[-2::-1])
    t = (8 - np.arange(1, 16)) / 2
    return x[0] * np.exp(-x[1] * (t - x[2]) ** 2 / 2) - y


def powell_badly_scaled(x):
    return np.stack([1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001])


def box_3d(x, m=10):
    t = 0.1 * np.arange(1, m + 1)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def variably_dimensioned(x):
    s = np.sum(np.arange(1, x.size + 1) * (x - 1))
    return np.concatenate([x - 1, np.stack([s, s**2])])


def watson(x):
    n = x.size
    t = np.arange(1, 30)[:, np.newaxis] / 29
    powers = t ** np.arange(n)
    slopes = np.arange(1, n) * t ** np.arange(n - 1)
    r = slopes @ x[1:] - (powers @ x) ** 2 - 1
    return np.concatenate([r, np.stack([x[0], x[1] - x[0] ** 2 - 1])])


def penalty_1(x):
    return np.concatenate([np.sqrt(1e-5) * (x - 1), np.stack([np.sum(x**2) - 0.25])])


def penalty_2(x):
    n = x.size
    i = np.arange(2, n + 1)
    y = np.exp(i / 10) + np.exp((i - 1) / 10)
    a = np.sqrt(1e-5)
    return np.concatenate([
        np.stack([x[0] - 0.2]),
        a * (np.exp(x[1:] / 10) + np.exp(x[:-1] / 10) - y),
        a * (np.exp(x[1:] / 10) - np.exp(-0.1)),
        np.stack([np.sum(np.arange(n, 0, -1) * x**2) - 1]),
    ])  # fmt: skip


def brown_badly_scaled(x):
    return np.stack([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2])


def brown_dennis(x, m=20):
    t = np.arange(1, m + 1) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def gulf(x, m=99):
    t = np.arange(1, m + 1) / 100
    y = 25 + (-50 * np.log(t)) ** (2 / 3)
    return np.exp(-(np.abs(y - x[1]) ** x[2]) / x[0]) - t


def trigonometric(x):
    n = x.size
    i = np.arange(1, n + 1)
    return n - np.sum(np.cos(x)) + i * (1 - np.cos(x)) - np.sin(x)


def extended_rosenbrock(x):
    return np.concatenate([10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]])


def extended_powell_singular(x):
    a, b, c, d = x[::4], x[1::4], x[2::4], x[3::4]
    return np.concatenate([a + 10 * b, np.sqrt(5) * (c - d), (b - 2 * c) ** 2, np.sqrt(10) * (a - d) ** 2])


def beale(x):
    return np.array([1.5, 2.25, 2.625]) - x[0] * (1 - x[1] ** np.arange(1, 4))


def wood(x):
    return np.stack([
        10 * (x[1] - x[0] ** 2), 1 - x[0], np.sqrt(90) * (x[3] - x[2] ** 2), 1 - x[2],
        np.sqrt(10) * (x[1] + x[3] - 2), (x[1] - x[3]) / np.sqrt(10),
    ])  # fmt: skip


def chebyquad(x):
    """Means over x of the shifted Chebyshev polynomials less their integrals; as many as variables."""
    z = 2 * x - 1
    before, now = np.ones(x.size), z
    rows = []
    for i in range(1, x.size + 1):
        rows.append(np.mean(now) - (-1 / (i * i - 1) if i % 2 == 0 else 0.0))
        before, now = now, 2 * z * now - before
    return np.stack(rows)


def _half(n):
    return np.arange(1, n + 1) / (n + 1)


PROBLEMS = (
    Problem("helical valley", helical_valley, np.array([-1.0, 0.0, 0.0]), (0.0,)),
    Problem("Biggs EXP6", biggs_exp6, np.array([1.0, 2.0, 1.0, 1.0, 1.0, 1.0]), (0.0, 5.65565e-3)),
    Problem("Gaussian", gaussian, np.array([0.4, 1.0, 0.0]), (1.12793e-8,)),
    Problem("Powell badly scaled", powell_badly_scaled, np.array([0.0, 1.0]), (0.0,)),
    Problem("Box 3-D", box_3d, np.array([0.0, 10.0, 20.0]), (0.0,)),
    Problem("variably dimensioned", variably_dimensioned, 1 - np.arange(1, 11) / 10, (0.0,)),
    Problem("Watson 6", watson, np.zeros(6), (2.28767e-3,)),
    Problem("Watson 9", watson, np.zeros(9), (1.39976e-6,)),
    Problem("Watson 12", watson, np.zeros(12), (4.72238e-10,)),
    Problem("penalty I 4", penalty_1, np.arange(1.0, 5.0), (2.24997e-5,)),
    Problem("penalty I 10", penalty_1, np.arange(1.0, 11.0), (7.08765e-5,)),
    Problem("penalty II 4", penalty_2, np.full(4, 0.5), (9.37629e-6,)),
    Problem("penalty II 10", penalty_2, np.full(10, 0.5), (2.93660e-4,)),
    Problem("Brown badly scaled", brown_badly_scaled, np.array([1.0, 1.0]), (0.0,)),
    Problem("Brown and Dennis", brown_dennis, np.array([25.0, 5.0, -5.0, -1.0]), (85822.2,)),
    Problem("Gulf", gulf, np.array([5.0, 2.5, 0.15]), (0.0,)),
    Problem("trigonometric", trigonometric, np.full(10, 0.1), (0.0, 2.79506e-5)),
    Problem("extended Rosenbrock", extended_rosenbrock, np.tile([-1.2, 1.0], 5), (0.0,)),
    Problem("extended Powell singular", extended_powell_singular, np.tile([3.0, -1.0, 0.0, 1.0], 2), (0.0,)),
    Problem("Beale", beale, np.array([1.0, 1.0]), (0.0,)),
    Problem("Wood", wood, np.array([-3.0, -1.0, -3.0, -1.0]), (0.0,)),
    Problem("Chebyquad 7", chebyquad, _half(7), (0.0,)),
    Problem("Chebyquad 8", chebyquad, _half(8), (3.51687e-3,)),
    Problem("Chebyquad 9", chebyquad, _half(9), (0.0,)),
    Problem("Chebyquad 10", chebyquad, _half(10), (6.50395e-3, 4.77271e-3)),
)
