"""How a program in plain loops is written down: a function, its arguments, their sizes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

Maker = Callable[[int, Any], tuple[Any, ...]]


class PlainProgram(NamedTuple):
    """A function, what makes its arguments, and the sizes at which it is tried."""

    function: Callable[..., Any]
    make: Maker
    sizes: tuple[int, ...]


PROGRAMS: list[PlainProgram] = []


def vector(n: int, random: Any) -> tuple[Any, ...]:
    return (random.normal(size=n),)


def positive(n: int, random: Any) -> tuple[Any, ...]:
    return (random.uniform(0.2, 2.0, size=n),)


def number(n: int, random: Any) -> tuple[Any, ...]:
    return (float(random.uniform(0.5, 3.0)),)


def pair(n: int, random: Any) -> tuple[Any, ...]:
    return random.normal(size=n), random.normal(size=n)


def program(make: Maker = vector, sizes: tuple[int, ...] = (1, 5, 40)) -> Any:
    def add(f: Callable[..., Any]) -> Callable[..., Any]:
        PROGRAMS.append(PlainProgram(f, make, sizes))
        return f

    return add
