"""What it costs that a function reads globals, attributes and containers, which may be others.

Gradients, called from Python. Before a call all that the function has read is compared with what it
was. The same function of a number, which reads nothing, is what the call costs by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numba
import numpy as np

import jitad
from benchmarks.harness import Call, Table, main, measure, verdict

_SECONDS = {"tiny": 0.01, "quick": 0.2, "full": 1.0}
_MOST_FOR_EACH = 1e-7
"""Seconds."""

_SCALE, _SHIFT = 2.0, 0.5
_PAIRS = [(0.001 * k, 0.002) for k in range(1000)]
_TABLE = {f"weight {k}": 0.01 * k for k in range(100)}
_NUMBERS = np.linspace(0.0, 1.0, 1000)


class _Model:
    """Attributes of an object, of its class, and methods of one another."""

    shift = 0.5

    def __init__(self) -> None:
        self.scale = 2.0
        self.weights = [1.0, 2.0, 3.0]

    def scaled(self, x: Any) -> Any:
        return x * self.scale * self.weights[1]

    def loss(self, x: Any) -> Any:
        return self.scaled(x) + self.shift * x


_MODEL = _Model()


@numba.njit
def _scaled(x: Any) -> Any:
    return x * _SCALE


@numba.njit
def _shifted(x: Any) -> Any:
    return _scaled(x) + _SHIFT


@numba.njit
def _of_functions(x: Any) -> Any:
    return _shifted(x) * _scaled(x)


def _nothing(x: Any) -> Any:
    return x * x


def _of_globals(x: Any) -> Any:
    return x * _SCALE * x + _SHIFT


def _of_object(x: Any) -> Any:
    return _MODEL.loss(x) * x


def _of_pairs(x: Any) -> Any:
    total = 0.0
    for a, b in _PAIRS:
        total += a * b
    return x * x * total


def _of_dict(x: Any) -> Any:
    total = 0.0
    for weight in _TABLE.values():
        total += weight
    return x * x * total


def _asks_an_array(x: Any) -> Any:
    return x * x * float(np.sum(_NUMBERS))


def _cases() -> dict[str, tuple[Callable[..., Any], int]]:
    """Functions, and how many things they read."""
    return {
        "2 globals": (_of_globals, 3),
        "njit functions that call one another": (_of_functions, 4),
        "an object, its class, its methods": (_of_object, 8),
        "a list of 1,000 tuples": (_of_pairs, 1000),
        "a dict of 100 numbers": (_of_dict, 100),
        "the numbers of an array, n = 1,000": (_asks_an_array, 3),
    }


def run(size: str) -> list[Table]:
    """Each beside the function that reads nothing."""
    rows: list[Any] = []
    plain = jitad.grad(_nothing)
    for title, (function, count) in _cases().items():
        calls: dict[str, Call] = {"plain": (plain, (0.5,)), "reads": (jitad.grad(function), (0.5,))}
        timings = measure(calls, seconds=_SECONDS[size], rtol=None)
        without, reads = timings["plain"].best, timings["reads"].best
        each = (reads - without) / count
        rows.append([title, without, reads, each, verdict(each, most=_MOST_FOR_EACH)])
    columns = ("gradient that reads", "nothing (s)", "a call (s)", "for each thing (s)", "bound")
    return [Table("What is read from outside, compared before each call", columns, rows)]


if __name__ == "__main__":
    main(run, __doc__)
