"""Plain Python in functions that are differentiated: values, gradients, and Numba's door."""

from __future__ import annotations

import zlib
from typing import Any

import numba
import numpy as np
import pytest
from idioms import IDIOMS, Idiom

import jitad

STEP = 1e-4


def differences(f: Any, x: np.ndarray) -> np.ndarray:
    """The gradient by central differences of fourth order."""
    flat = np.ravel(x)

    def at(k: int, step: float) -> Any:
        moved = flat.copy()
        moved[k] += step
        return f(np.reshape(moved, x.shape)[()])

    columns = [
        (8 * (at(k, STEP) - at(k, -STEP)) - (at(k, 2 * STEP) - at(k, -2 * STEP))) / (12 * STEP)
        for k in range(flat.size)
    ]
    return np.reshape(columns, x.shape)


@pytest.mark.parametrize("idiom", [pytest.param(i, id=i.function.__name__) for i in IDIOMS])
def test_value_and_gradient(idiom: Idiom) -> None:
    f = idiom.function
    value, gradient = jitad.jit(f), jitad.grad(f)
    for x in (idiom.x, 1.1 * idiom.x):
        np.testing.assert_allclose(value(x), f(x), rtol=1e-12)
        np.testing.assert_allclose(gradient(x), differences(f, x), rtol=1e-6, atol=1e-8)


SOME = [i for i in IDIOMS if zlib.crc32(i.function.__name__.encode()) % 4 == 1]
"""By their names, so that a new idiom changes none of the others'."""


@pytest.mark.parametrize("idiom", [pytest.param(i, id=i.function.__name__) for i in SOME])
def test_numbas_door(idiom: Idiom) -> None:
    gradient = jitad.grad(idiom.function)
    inside = jitad.compile(gradient, idiom.x).njit

    @numba.njit
    def call(x):
        return inside(x)

    np.testing.assert_array_equal(call(idiom.x), gradient(idiom.x))
