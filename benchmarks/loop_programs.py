"""What a program in plain loops is, for `plain_loops`, and what makes its arguments."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Arguments = tuple[Any, ...]
Make = Callable[[int, Any], Arguments]


class Program(NamedTuple):
    """A function, what makes its arguments of a size, a small size, and those measured."""

    function: Callable[..., Any]
    make: Make
    tiny: int
    full: tuple[int, ...]


PROGRAMS: list[Program] = []


def program(make: Make, tiny: int, *full: int) -> Callable[[Any], Any]:
    """Enter a program."""

    def enter(f: Any) -> Any:
        PROGRAMS.append(Program(f, make, tiny, full))
        return f

    return enter


def vector(n: int, random: Any) -> Arguments:
    """One of normal numbers."""
    return (random.normal(size=n),)


def positive(n: int, random: Any) -> Arguments:
    """One of numbers from 0.1 to 1.9."""
    return (random.uniform(0.1, 1.9, size=n),)


def matrix(n: int, random: Any) -> Arguments:
    """A square one."""
    return (random.normal(size=(n, n)),)


def matrices(n: int, random: Any) -> Arguments:
    """Two square ones."""
    return random.normal(size=(n, n)), random.normal(size=(n, n))


def definite(n: int, random: Any) -> Arguments:
    """A positive definite matrix."""
    a = random.normal(size=(n, n))
    return (a @ a.T / n + np.eye(n),)


def system(n: int, random: Any) -> Arguments:
    """A positive definite matrix, and a vector."""
    return (*definite(n, random), random.normal(size=n))


def points(n: int, random: Any) -> Arguments:
    """Points in space."""
    return (random.normal(size=(n, 3)),)


def series(n: int, random: Any) -> Arguments:
    """Two vectors of one length."""
    return random.normal(size=n), random.normal(size=n)


def returns(n: int, random: Any) -> Arguments:
    """A volatility's five parameters, and returns."""
    return np.array([0.1, 0.08, 0.2, 0.85, 1.3]), random.normal(size=n)


def classes(n: int, random: Any) -> Arguments:
    """Eight weights, rows of as many features, and what class each row is of."""
    x = random.normal(size=(n, 8))
    return 0.1 * random.normal(size=8), x, np.sign(x[:, 0] + random.normal(size=n))
