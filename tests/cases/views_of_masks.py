"""A view of what was not taken, before a function that is singular there: 0 all the same."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import jitad
import jitad.numpy
from cases import case
from cases.masks import TAKEN, X, derivatives, expected


def _slope(x: Any, n: int) -> Any:
    """The derivative of sqrt of order n."""
    return math.prod(0.5 - k for k in range(n)) * x ** (0.5 - n)


def before(*weights: float) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Enter a view into the table: square roots of its elements, of which those not taken are 0."""

    def enter(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        def test() -> tuple[Any, Any]:
            got = derivatives(_taken, lambda r: np.sum(np.sqrt(f(r))), X)
            return got, expected(_slope, weights or TAKEN, X)

        test.__name__, test.__module__ = f.__name__, __name__
        case(test)
        return f

    return enter


def _taken(x: Any) -> Any:
    return np.where(x > 0.5, x, 0.0)


@before()
def reshape_before_roots(r):
    return r.reshape(2, 3).T.ravel()


@before(2, 0, 2, 0, 2, 2)
def broadcast_before_roots(r):
    return np.broadcast_to(r, (2, 6))


@before()
def concatenation_before_roots(r):
    return np.concatenate([r, np.zeros(2)])


@before()
def rolls_before_roots(r):
    return np.roll(r, 2)[::-1]


@before(2, 0, 2, 0, 2, 2)
def running_sums_before_roots(r):
    return np.cumsum(np.stack([r, np.zeros(6)]), axis=0)


@before()
def sums_before_roots(r):
    return np.sum(np.stack([r, np.zeros(6)]), axis=0)


@before()
def gathers_before_roots(r):
    return r[np.array([3, 1, 0, 5, 4, 2])]


@before()
def slices_before_roots(r):
    return np.concatenate([r[4:], np.zeros(2), r[1:4], r[:1]])[::-1]


@before(1, 0, 1, 0, 1, 1)
def additions_before_roots(r):
    return jitad.numpy.zeros(9).at[2:8].add(r)


@before(1, 0, 1, 0, 1, 1)
def scatters_before_roots(r):
    return jitad.numpy.zeros(9).at[np.array([7, 1, 0, 5, 4, 2])].add(r)


@before()
def choices_before_roots(r):
    return np.where(np.arange(6) % 2 == 0, r, 0.5 * r + 0.5 * r)
