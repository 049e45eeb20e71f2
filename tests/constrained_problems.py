"""The first 30 of Hock and Schittkowski, Test Examples for Nonlinear Programming Codes, Springer
1981: objective, start, published minima, bounds, equations = 0 and inequalities >= 0. From their
starts methods that only descend find of 2 and 20 the second minimum: the published one is beyond.
"""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np


class Program(NamedTuple):
    """A nonlinear program; `method` is one of SciPy's that finds its minimum from its start."""

    objective: Callable[[Any], Any]
    x0: Any
    minima: float | tuple[float, ...]
    bounds: Any = None
    equal: Callable[[Any], Any] | None = None
    above: Callable[[Any], Any] | None = None
    method: str = "SLSQP"
    options: Any = MappingProxyType({})


def banana(x: Any) -> Any:
    return 100 * (x[1] - x[0] ** 2) ** 2 + (1 - x[0]) ** 2


def _gulf(x: Any) -> Any:
    t = 0.01 * np.arange(1, 100)
    gap = 25 + (-50 * np.log(t)) ** (2 / 3) - x[1]
    return np.sum((np.exp(-(gap ** x[2]) / x[0]) - t) ** 2)


_R3 = 3**0.5
FREE = (None, None)
ABOVE_0 = [(0, None), (0, None)]

PROGRAMS: tuple[Program, ...] = (
    Program(banana, [-2, 1], 0, [FREE, (-1.5, None)]),
    Program(banana, [-2, 1], (0.0504261879, 4.94122932), [FREE, (1.5, None)]),
    Program(lambda x: x[1] + 1e-5 * (x[1] - x[0]) ** 2, [10, 1], 0, [FREE, (0, None)]),
    Program(lambda x: (x[0] + 1) ** 3 / 3 + x[1], [1.125, 0.125], 8 / 3, [(1, None), (0, None)]),
    Program(lambda x: np.sin(x[0] + x[1]) + (x[0] - x[1]) ** 2 - 1.5 * x[0] + 2.5 * x[1] + 1,
            [0, 0], -_R3 / 2 - np.pi / 3, [(-1.5, 4), (-3, 3)]),
    Program(lambda x: (1 - x[0]) ** 2, [-1.2, 1], 0, None, lambda x: 10 * (x[1] - x[0] ** 2)),
    Program(lambda x: np.log(1 + x[0] ** 2) - x[1], [2, 2], -_R3, None,
            lambda x: (1 + x[0] ** 2) ** 2 + x[1] ** 2 - 4, None, "trust-constr"),
    Program(lambda x: -1.0 + 0 * x[0], [2, 1], -1, None,
            lambda x: [x[0] ** 2 + x[1] ** 2 - 25, x[0] * x[1] - 9]),
    Program(lambda x: np.sin(np.pi * x[0] / 12) * np.cos(np.pi * x[1] / 16), [0, 0], -0.5, None,
            lambda x: 4 * x[0] - 3 * x[1]),
    Program(lambda x: x[0] - x[1], [-10, 10], -1, None, None,
            lambda x: -3 * x[0] ** 2 + 2 * x[0] * x[1] - x[1] ** 2 + 1),
    Program(lambda x: (x[0] - 5) ** 2 + x[1] ** 2 - 25, [4.9, 0.1], -8.498464223, None, None,
            lambda x: -x[0] ** 2 + x[1]),
    Program(lambda x: 0.5 * x[0] ** 2 + x[1] ** 2 - x[0] * x[1] - 7 * x[0] - 7 * x[1], [0, 0], -30,
            None, None, lambda x: 25 - 4 * x[0] ** 2 - x[1] ** 2),
    Program(lambda x: (x[0] - 2) ** 2 + x[1] ** 2, [-2, -2], 1, ABOVE_0, None,
            lambda x: (1 - x[0]) ** 3 - x[1]),
    Program(lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, [2, 2], 9 - 2.875 * 7**0.5, None,
            lambda x: x[0] - 2 * x[1] + 1, lambda x: -0.25 * x[0] ** 2 - x[1] ** 2 + 1),
    Program(banana, [-2, 1], 306.5, [(None, 0.5), FREE], None,
            lambda x: [x[0] * x[1] - 1, x[0] + x[1] ** 2]),
    Program(banana, [-2, 1], 0.25, [(-0.5, 0.5), (None, 1)], None,
            lambda x: [x[0] + x[1] ** 2, x[0] ** 2 + x[1]], "trust-constr",
            {"initial_barrier_parameter": 1.0}),
    Program(banana, [-2, 1], 1, [(-0.5, 0.5), (None, 1)], None,
            lambda x: [x[1] ** 2 - x[0], x[0] ** 2 - x[1]]),
    Program(lambda x: 0.01 * x[0] ** 2 + x[1] ** 2, [2, 2], 5, [(2, 50), (0, 50)], None,
            lambda x: [x[0] * x[1] - 25, x[0] ** 2 + x[1] ** 2 - 25]),
    Program(lambda x: (x[0] - 10) ** 3 + (x[1] - 20) ** 3, [20.1, 5.84], -6961.81381,
            [(13, 100), (0, 100)], None,
            lambda x: [(x[0] - 5) ** 2 + (x[1] - 5) ** 2 - 100,
                       -(x[1] - 5) ** 2 - (x[0] - 6) ** 2 + 82.81]),
    Program(banana, [-2, 1], (81.5 - 25 * _R3, 40.1987298), [(-0.5, 0.5), FREE], None,
            lambda x: [x[0] + x[1] ** 2, x[0] ** 2 + x[1], x[0] ** 2 + x[1] ** 2 - 1]),
    Program(lambda x: 0.01 * x[0] ** 2 + x[1] ** 2 - 100, [-1, -1], -99.96, [(2, 50), (-50, 50)],
            None, lambda x: 10 * x[0] - x[1] - 10),
    Program(lambda x: (x[0] - 2) ** 2 + (x[1] - 1) ** 2, [2, 2], 1, None, None,
            lambda x: [-x[0] - x[1] + 2, -x[0] ** 2 + x[1]]),
    Program(lambda x: x[0] ** 2 + x[1] ** 2, [3, 1], 2, [(-50, 50), (-50, 50)], None,
            lambda x: [x[0] + x[1] - 1, x[0] ** 2 + x[1] ** 2 - 1, 9 * x[0] ** 2 + x[1] ** 2 - 9,
                       x[0] ** 2 - x[1], x[1] ** 2 - x[0]]),
    Program(lambda x: ((x[0] - 3) ** 2 - 9) * x[1] ** 3 / (27 * _R3), [1, 0.5], -1, ABOVE_0, None,
            lambda x: [x[0] / _R3 - x[1], x[0] + _R3 * x[1], -x[0] - _R3 * x[1] + 6]),
    Program(_gulf, [100, 12.5, 3], 0, [(0.1, 100), (0, 25.6), (0, 5)],
            None, None, "trust-constr"),
    Program(lambda x: (x[0] - x[1]) ** 2 + (x[1] - x[2]) ** 4, [-2.6, 2, 2], 0, None,
            lambda x: (1 + x[1] ** 2) * x[0] + x[2] ** 4 - 3),
    Program(lambda x: 0.01 * (x[0] - 1) ** 2 + (x[1] - x[0] ** 2) ** 2, [2, 2, 2], 0.04, None,
            lambda x: x[0] + x[2] ** 2 + 1),
    Program(lambda x: (x[0] + x[1]) ** 2 + (x[1] + x[2]) ** 2, [-4, 1, 1], 0, None,
            lambda x: x[0] + 2 * x[1] + 3 * x[2] - 1),
    Program(lambda x: -x[0] * x[1] * x[2], [1, 1, 1], -16 * 2**0.5, None, None,
            lambda x: -x[0] ** 2 - 2 * x[1] ** 2 - 4 * x[2] ** 2 + 48),
    Program(lambda x: x[0] ** 2 + x[1] ** 2 + x[2] ** 2, [1, 1, 1], 1,
            [(1, 10), (-10, 10), (-10, 10)], None, lambda x: x[0] ** 2 + x[1] ** 2 - 1),
)  # fmt: skip
"""In the order in which they are published."""
