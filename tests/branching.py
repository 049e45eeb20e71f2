"""What the tests of paths share: a function with paths, its derivatives, trees and lines."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

import jitad
from jitad.runtime.paths import Tree


def trees_of(function: Any) -> list[Tree]:
    return [tree for trees in function.known.trees.values() for tree in trees]


def line_of(f: Callable[..., Any]) -> int:
    lines, start = inspect.getsourcelines(f)
    return next(start + k for k, text in enumerate(lines) if "# here" in text)


@contextmanager
def max_paths(count: int) -> Iterator[None]:
    before = jitad.set_max_paths(count)
    try:
        yield
    finally:
        jitad.set_max_paths(before)


def slope(f: Callable[..., Any], x: np.ndarray, *rest: Any) -> np.ndarray:
    """The gradient by central differences."""
    h = 1e-6
    steps = h * np.eye(x.size)
    return np.array([(f(x + s, *rest) - f(x - s, *rest)) / (2 * h) for s in steps])


def sign(x: Any) -> str:
    """A decision that makes a path of its own: a shape is no data."""
    return ("down", "up")[len(np.zeros(int(x > 0)))]


def shrinking(x: Any) -> Any:
    y = np.sum(x**2)
    while y > 2.0:
        y = y / 3.0
    return y**2 if x[0] > 0 else np.sum(x) * y


def hessian_by_hand(x: np.ndarray) -> np.ndarray:
    s, c, ones = np.sum(x**2), 1.0, np.ones(3)
    while c * s > 2.0:
        c = c / 3.0
    if x[0] > 0:
        return c**2 * (8 * np.outer(x, x) + 4 * s * np.eye(3))
    return c * (2 * np.outer(ones, x) + 2 * np.outer(x, ones) + 2 * np.sum(x) * np.eye(3))
