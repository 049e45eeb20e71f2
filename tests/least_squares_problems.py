"""The 35 problems of Moré, Garbow and Hillstrom, Testing unconstrained optimization software, ACM
Transactions on Mathematical Software 7 (1981), 17-41: residuals, starts, published minima of the
sums of squares. The residuals take complex numbers too, so that complex steps are an oracle.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Fit(NamedTuple):
    """Residuals of x, where they begin, and the published minima of the sum of their squares."""

    residuals: Callable[[Any], Any]
    x0: Any
    minima: tuple[float, ...]


def _steps(m: int) -> np.ndarray:
    return np.arange(1.0, m + 1)


def _helical(x: Any) -> Any:
    turn = np.arctan(x[1] / x[0]) / (2 * np.pi) + np.where(x[0].real < 0, 0.5, 0.0)
    return np.stack([10 * (x[2] - 10 * turn), 10 * (np.sqrt(x[0] ** 2 + x[1] ** 2) - 1), x[2]])


BARD = np.array(
    [0.14, 0.18, 0.22, 0.25, 0.29, 0.32, 0.35, 0.39, 0.37, 0.58, 0.73, 0.96, 1.34, 2.10, 4.39]
)
HALF = [0.0009, 0.0044, 0.0175, 0.0540, 0.1295, 0.2420, 0.3521, 0.3989]
GAUSSIAN = np.array(HALF + HALF[-2::-1])
MEYER = np.array([34780, 28610, 23650, 19630, 16370, 13720, 11540, 9744, 8261, 7030, 6005, 5147,
                  4427, 3820, 3307, 2872.0])  # fmt: skip
KOWALIK = np.array([0.1957, 0.1947, 0.1735, 0.1600, 0.0844, 0.0627, 0.0456, 0.0342, 0.0323, 0.0235,
                    0.0246])  # fmt: skip
KOWALIK_U = np.array([4, 2, 1, 0.5, 0.25, 0.167, 0.125, 0.1, 0.0833, 0.0714, 0.0625])
OSBORNE = np.array([0.844, 0.908, 0.932, 0.936, 0.925, 0.908, 0.881, 0.850, 0.818, 0.784, 0.751,
                    0.718, 0.685, 0.658, 0.628, 0.603, 0.580, 0.558, 0.538, 0.522, 0.506, 0.490,
                    0.478, 0.467, 0.457, 0.448, 0.438, 0.431, 0.424, 0.420, 0.414, 0.411,
                    0.406])  # fmt: skip
OSBORNE_2 = np.array([1.366, 1.191, 1.112, 1.013, 0.991, 0.885, 0.831, 0.847, 0.786, 0.725, 0.746,
                      0.679, 0.608, 0.655, 0.616, 0.606, 0.602, 0.626, 0.651, 0.724, 0.649, 0.649,
                      0.694, 0.644, 0.624, 0.661, 0.612, 0.558, 0.533, 0.495, 0.500, 0.423, 0.395,
                      0.375, 0.372, 0.391, 0.396, 0.405, 0.428, 0.429, 0.523, 0.562, 0.607, 0.653,
                      0.672, 0.708, 0.633, 0.668, 0.645, 0.632, 0.591, 0.559, 0.597, 0.625, 0.739,
                      0.710, 0.729, 0.720, 0.636, 0.581, 0.428, 0.292, 0.162, 0.098,
                      0.054])  # fmt: skip


def _bard(x: Any) -> Any:
    u = _steps(15)
    return BARD - (x[0] + u / ((16 - u) * x[1] + np.minimum(u, 16 - u) * x[2]))


def _gulf(x: Any) -> Any:
    """The published `y_i m i x_2` is y_i minus x_2."""
    t = _steps(99) / 100
    gap = 25 + (-50 * np.log(t)) ** (2 / 3) - x[1]
    return np.exp(-((gap**2) ** (x[2] / 2)) / x[0]) - t


def _box(x: Any) -> Any:
    t = 0.1 * _steps(10)
    return np.exp(-t * x[0]) - np.exp(-t * x[1]) - x[2] * (np.exp(-t) - np.exp(-10 * t))


def _singular(x: Any) -> Any:
    a, b, c, d = x[0::4], x[1::4], x[2::4], x[3::4]
    rows = [a + 10 * b, 5**0.5 * (c - d), (b - 2 * c) ** 2, 10**0.5 * (a - d) ** 2]
    return np.concatenate(rows)


def _wood(x: Any) -> Any:
    a, b, c, d = x
    return np.stack([10 * (b - a**2), 1 - a, 90**0.5 * (d - c**2), 1 - c, 10**0.5 * (b + d - 2),
                     10**-0.5 * (b - d)])  # fmt: skip


def _kowalik(x: Any) -> Any:
    u = KOWALIK_U
    return KOWALIK - x[0] * (u**2 + u * x[1]) / (u**2 + u * x[2] + x[3])


def _brown_dennis(x: Any) -> Any:
    t = _steps(20) / 5
    return (x[0] + t * x[1] - np.exp(t)) ** 2 + (x[2] + x[3] * np.sin(t) - np.cos(t)) ** 2


def _osborne(x: Any) -> Any:
    t = 10 * np.arange(33.0)
    return OSBORNE - (x[0] + x[1] * np.exp(-t * x[3]) + x[2] * np.exp(-t * x[4]))


def _biggs(x: Any) -> Any:
    t = 0.1 * _steps(13)
    y = np.exp(-t) - 5 * np.exp(-10 * t) + 3 * np.exp(-4 * t)
    return x[2] * np.exp(-t * x[0]) - x[3] * np.exp(-t * x[1]) + x[5] * np.exp(-t * x[4]) - y


def _osborne_2(x: Any) -> Any:
    t = np.arange(65) / 10
    total = x[0] * np.exp(-t * x[4])
    for k in range(3):
        total = total + x[k + 1] * np.exp(-((t - x[k + 8]) ** 2) * x[k + 5])
    return OSBORNE_2 - total


def _watson(x: Any) -> Any:
    n, t = len(x), _steps(29)[:, None] / 29
    slope = (np.arange(1, n) * t ** np.arange(n - 1)) @ x[1:]
    rows = slope - (t ** np.arange(n) @ x) ** 2 - 1
    return np.concatenate([rows, x[:1], x[1:2] - x[:1] ** 2 - 1])


def _penalty_2(x: Any) -> Any:
    n, a = len(x), 1e-5**0.5
    i = np.arange(2, n + 1)
    pairs = np.exp(x[1:] / 10) + np.exp(x[:-1] / 10) - np.exp(i / 10) - np.exp((i - 1) / 10)
    last = np.sum(np.arange(n, 0, -1) * x**2) - 1
    rows = [x[:1] - 0.2, a * pairs, a * (np.exp(x[1:] / 10) - np.exp(-0.1)), np.reshape(last, 1)]
    return np.concatenate(rows)


def _variable(x: Any) -> Any:
    total = np.sum(_steps(len(x)) * (x - 1))
    return np.concatenate([x - 1, np.stack([total, total**2])])


def _trigonometric(x: Any) -> Any:
    return len(x) - np.sum(np.cos(x)) + _steps(len(x)) * (1 - np.cos(x)) - np.sin(x)


def _almost_linear(x: Any) -> Any:
    rows = x[:-1] + np.sum(x) - (len(x) + 1)
    return np.concatenate([rows, np.reshape(np.prod(x) - 1, 1)])


def _boundary_value(x: Any) -> Any:
    h = 1 / (len(x) + 1)
    around = np.concatenate([np.zeros(1), x, np.zeros(1)])
    return 2 * x - around[:-2] - around[2:] + h**2 * (x + h * _steps(len(x)) + 1) ** 3 / 2


def _integral_equation(x: Any) -> Any:
    h = 1 / (len(x) + 1)
    t = h * _steps(len(x))
    cubes = (x + t + 1) ** 3
    before, after = np.cumsum(t * cubes), (1 - t) * cubes
    return x + h * ((1 - t) * before + t * (np.sum(after) - np.cumsum(after))) / 2


def _tridiagonal(x: Any) -> Any:
    around = np.concatenate([np.zeros(1), x, np.zeros(1)])
    return (3 - 2 * x) * x - around[:-2] - 2 * around[2:] + 1


def _banded(x: Any) -> Any:
    n = len(x)
    rows = []
    for i in range(n):
        total = x[i] * (2 + 5 * x[i] ** 2) + 1
        for j in range(max(0, i - 5), min(n, i + 2)):
            if j != i:
                total = total - x[j] * (1 + x[j])
        rows.append(total)
    return np.stack(rows)


def _full_rank(x: Any) -> Any:
    rest = -2 / 9 * np.sum(x) - 1
    return np.concatenate([x + rest, np.full(9 - len(x), 1.0) * rest])


def _rank_one(x: Any) -> Any:
    return _steps(9) * np.sum(_steps(len(x)) * x) - 1


def _rank_one_zeros(x: Any) -> Any:
    weights = np.arange(9.0) * (np.arange(9) < 8)
    return weights * np.sum((_steps(len(x)) * x)[1:-1]) - 1


def _chebyquad(x: Any) -> Any:
    before, now, rows = 1 + 0 * x, 2 * x - 1, []
    for i in range(1, len(x) + 1):
        rows.append(np.mean(now) + (1 / (i**2 - 1) if i % 2 == 0 else 0))
        before, now = now, 2 * (2 * x - 1) * now - before
    return np.stack(rows)


def _rosenbrock(x: Any) -> Any:
    return np.concatenate([10 * (x[1::2] - x[::2] ** 2), 1 - x[::2]])


_t10, _i15 = _steps(10) / 11, _steps(15)

FITS: dict[str, Fit] = {
    "rosenbrock": Fit(_rosenbrock, [-1.2, 1], (0,)),
    "freudenstein_roth": Fit(lambda x: np.stack([
        -13 + x[0] + ((5 - x[1]) * x[1] - 2) * x[1],
        -29 + x[0] + ((x[1] + 1) * x[1] - 14) * x[1]]), [0.5, -2], (0, 48.9842)),
    "powell_scaled": Fit(lambda x: np.stack([
        1e4 * x[0] * x[1] - 1, np.exp(-x[0]) + np.exp(-x[1]) - 1.0001]), [0, 1], (0,)),
    "brown_scaled": Fit(
        lambda x: np.stack([x[0] - 1e6, x[1] - 2e-6, x[0] * x[1] - 2]), [1, 1], (0,)),
    "beale": Fit(lambda x: np.array([1.5, 2.25, 2.625]) - x[0] * (1 - np.stack([
        x[1], x[1] ** 2, x[1] ** 3])), [1, 1], (0,)),
    "jennrich_sampson": Fit(lambda x: 2 + 2 * _steps(10) - (
        np.exp(_steps(10) * x[0]) + np.exp(_steps(10) * x[1])), [0.3, 0.4], (124.362,)),
    "helical": Fit(_helical, [-1, 0, 0], (0,)),
    "bard": Fit(_bard, [1, 1, 1], (8.21487e-3,)),
    "gaussian": Fit(lambda x: x[0] * np.exp(-x[1] * ((8 - _i15) / 2 - x[2]) ** 2 / 2) - GAUSSIAN,
                    [0.4, 1, 0], (1.12793e-8,)),
    "meyer": Fit(lambda x: x[0] * np.exp(x[1] / (45 + 5 * _steps(16) + x[2])) - MEYER,
                 [0.02, 4000, 250], (87.9458,)),
    "gulf": Fit(_gulf, [5, 2.5, 0.15], (0,)),
    "box": Fit(_box, [0, 10, 20], (0,)),
    "powell_singular": Fit(_singular, [3, -1, 0, 1], (0,)),
    "wood": Fit(_wood, [-3, -1, -3, -1], (0,)),
    "kowalik_osborne": Fit(_kowalik, [0.25, 0.39, 0.415, 0.39], (3.07505e-4,)),
    "brown_dennis": Fit(_brown_dennis, [25, 5, -5, -1], (85822.2,)),
    "osborne_1": Fit(_osborne, [0.5, 1.5, -1, 0.01, 0.02], (5.46489e-5,)),
    "biggs": Fit(_biggs, [1, 2, 1, 1, 1, 1], (5.65565e-3, 0)),
    "osborne_2": Fit(_osborne_2, [1.3, 0.65, 0.65, 0.7, 0.6, 3, 5, 7, 2, 4.5, 5.5], (4.01377e-2,)),
    "watson": Fit(_watson, np.zeros(6), (2.28767e-3,)),
    "extended_rosenbrock": Fit(_rosenbrock, [-1.2, 1] * 3, (0,)),
    "extended_singular": Fit(_singular, [3, -1, 0, 1] * 2, (0,)),
    "penalty_1": Fit(lambda x: np.concatenate([
        1e-5**0.5 * (x - 1), np.reshape(np.sum(x**2) - 0.25, 1)]), _steps(4), (2.24997e-5,)),
    "penalty_2": Fit(_penalty_2, np.full(4, 0.5), (9.37629e-6,)),
    "variable_dimension": Fit(_variable, 1 - _steps(6) / 6, (0,)),
    "trigonometric": Fit(_trigonometric, np.full(10, 0.1), (0, 2.79506e-5)),
    "almost_linear": Fit(_almost_linear, np.full(5, 0.5), (0, 1)),
    "boundary_value": Fit(_boundary_value, _t10 * (_t10 - 1), (0,)),
    "integral_equation": Fit(_integral_equation, _t10 * (_t10 - 1), (0,)),
    "tridiagonal": Fit(_tridiagonal, np.full(8, -1.0), (0,)),
    "banded": Fit(_banded, np.full(8, -1.0), (0,)),
    "full_rank": Fit(_full_rank, np.ones(5), (9 - 5,)),
    "rank_one": Fit(_rank_one, np.ones(5), (9 * 8 / (2 * 19),)),
    "rank_one_zeros": Fit(_rank_one_zeros, np.ones(5), ((81 + 27 - 6) / (2 * 15),)),
    "chebyquad": Fit(_chebyquad, _steps(8) / 9, (3.51687e-3,)),
}  # fmt: skip
"""By their names, in the order in which they are published."""
