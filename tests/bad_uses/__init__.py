"""What users do wrong, one module a door, each row with what it gets.

A row is a use, the class of the error and words of its message; or a use and the value that it
gives, where it is allowed after all.
"""

from __future__ import annotations

import importlib
import pkgutil
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

import jitad

X = np.array([1.0, 2.0, 3.0])
A = np.array([[2.0, 1.0, 0.0], [1.0, 3.0, 1.0], [0.0, 1.0, 4.0]])
N = np.arange(3)
Z = X + 1j * X

Metres = type("Metres", (np.ndarray,), {})
"""A class of arrays with a meaning of its own."""


def f(x: Any) -> Any:
    return np.sum(x**2)


def rows(x: Any) -> Any:
    return x * 2.0


@dataclass(frozen=True)
class Row:
    """A use, and what it gets: an error with these words, or a value."""

    module: str
    use: Callable[[], Any]
    error: type[BaseException] | None
    words: str
    value: Any

    def __str__(self) -> str:
        return f"{self.module}-{self.use.__code__.co_firstlineno}"


def load() -> list[Row]:
    """The rows of all tables."""
    found: list[Row] = []
    for module in pkgutil.iter_modules(__path__):
        table = importlib.import_module(f"{__name__}.{module.name}")
        for use, *expected in table.ROWS:
            if len(expected) == 2:
                found.append(Row(module.name, use, *expected, None))
            else:
                found.append(Row(module.name, use, None, "", *expected))
    return found


def named(remedy: str) -> list[str]:
    """The names in a remedy that do not exist."""
    missing: list[str] = []
    for name in _NAMES.findall(remedy):
        first, *rest = name.rstrip(".").split(".")
        place: Any = {"np": np, "jitad": jitad}.get(first)
        if place is None:
            place = importlib.import_module(first)
        for k, attribute in enumerate(rest):
            if not hasattr(place, attribute):
                try:
                    importlib.import_module(".".join([place.__name__, attribute]))
                except (ImportError, AttributeError):
                    missing.append(".".join([first, *rest[: k + 1]]))
                    break
            place = getattr(place, attribute)
    return missing


_NAMES = re.compile(r"\b(?:np|jitad|scipy)(?:\.\w+)+")
