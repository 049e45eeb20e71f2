"""Plain loops of which no turn needs what another has done: all turns at once, and right."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from oracle import compiled

import jitad

N = 40
K = np.random.default_rng(2).integers(0, 7, N)


def hinge(x: Any) -> Any:
    s = 0.0
    for i in range(x.shape[0]):
        m = 1.0 - x[i] * x[0]
        if m > 0:
            s += m
    return s


def clipped(x: Any) -> Any:
    o = np.zeros(x.size)
    for i in range(x.size):
        if x[i] > 1.0:
            o[i] = 1.0 + x[0]
        elif x[i] < -1.0:
            o[i] = -x[i] * x[i]
        else:
            o[i] = x[i]
    return np.sum(o**2)


def left_alone(x: Any) -> Any:
    """What no branch writes stays as it was."""
    o = x * 2.0
    for i in range(x.size):
        if x[i] > 0.3:
            o[i] = np.sin(x[i])
            if x[i] > 1:
                o[i] *= x[3]
    return np.sum(o**2)


def two_places(x: Any) -> Any:
    o = np.zeros(x.size)
    for i in range(x.size // 2):
        if x[i] > 0:
            o[2 * i] = x[2 * i + 1] * x[i]
        o[2 * i + 1] += x[i] ** 3
        o[2 * i + 1] *= o[2 * i]
    return np.sum(o * x)


def backwards(x: Any) -> Any:
    o, n = x.copy(), x.size
    for i in range(n):
        if x[i] < x[0]:
            o[n - 1 - i] -= x[i] * o[n - 1 - i]
    return np.sum(o * o)


def pairs(x: Any) -> Any:
    """Elements of an array of two axes."""
    p, s = x.reshape(-1, 2), 0.0
    for i in range(p.shape[0]):
        r = p[i, 0] * x[1] + p[i, 1] * x[2]
        if r < 0.5:
            s += r * r
    return s


def by_kind(x: Any) -> Any:
    """Many turns add to one place."""
    h = np.zeros(7)
    for i in range(x.size):
        if x[i] > -0.5:
            h[K[i]] += x[i] ** 2
    return np.sum(h**3)


def guarded_read(x: Any) -> Any:
    """A place that is outside of the array where nobody reads it."""
    s = 0.0
    for i in range(x.size):
        if i + 2 < x.size:
            s += x[i] * x[i + 2] ** 2
        else:
            s -= x[i]
    return s


def counted(x: Any) -> Any:
    n, s = 0, 0.0
    for i in range(x.size):
        if x[i] > 0:
            n += 1
            s += x[i] * x[i]
    return s / (n + 1)


def added(x: Any) -> Any:
    """The loop's own order of additions is Python's: 1e16 + 1 - 1e16 is what it says."""
    s = 0.0
    for i in range(x.size):
        if i % 3 == 0:
            s += 1e16 if i % 2 else 1.0
        elif i % 3 == 1:
            s -= 1e16 if i % 2 == 0 else x[i]
        else:
            s += x[i] ** 2
    return s


def from_before(x: Any) -> Any:
    """A turn reads what the turn before has written."""
    o = np.zeros(x.size)
    for i in range(1, x.size):
        if x[i] > 0:
            o[i] = x[i] + 0.5 * o[i - 1]
        else:
            o[i - 1] = o[i] * x[i]
    return np.sum(o * o)


def overwritten(x: Any) -> Any:
    """Two turns write to one place."""
    o = np.ones(x.size + 1)
    for i in range(x.size):
        o[i] = x[i] * 2.0
        if x[i] > 0:
            o[i + 1] = x[i] ** 2
    return np.sum(o**2)


def same_place(x: Any) -> Any:
    o = np.zeros(3)
    for i in range(x.size):
        if x[i] > 0:
            o[1] = x[i] * x[0]
            o[2] += o[1]
    return np.sum(o**2)


def carried_on(x: Any) -> Any:
    """A sum that a later turn asks."""
    s, t = 0.0, 0.0
    for i in range(x.size):
        if t < 2.0:
            s += x[i] * x[i]
        t += abs(x[i])
    return s


def of_no_rows(x: Any) -> Any:
    s, empty = 0.0, x[:0]
    for i in range(x.size):
        if x[i] > 100.0:
            s += empty[i] * x[i]
        else:
            s += x[i] ** 2
    return s


def of_the_turn_alone(x: Any) -> Any:
    """What is kept for the sweep is computed from nothing but the number of the turn."""
    s = 0.0
    for i in range(x.size):
        s += x[1] * np.sin(1.0 * i) ** 2
    return s


APART = (of_the_turn_alone, hinge, clipped, left_alone, two_places, backwards, pairs, guarded_read)
OTHERS = (by_kind, counted, added, from_before, overwritten, same_place, carried_on, of_no_rows)


def differences(f: Callable[..., Any], x: np.ndarray) -> np.ndarray:
    steps = 1e-5 * np.eye(x.size)
    return np.array([(f(x + h) - f(x - h)) / 2e-5 for h in steps])


def loops_of(f: Any, *args: Any) -> int:
    return compiled(f, *args).count("loop(")


def sample(seed: int) -> np.ndarray:
    return np.random.default_rng(seed).normal(size=N).round(3) + 1e-4


@pytest.mark.parametrize("f", [*APART, *OTHERS])
def test_values_and_gradients(f: Any) -> None:
    kernel = jitad.compile(jitad.value_and_grad(f), sample(0))
    for seed in range(4):
        x = sample(seed)
        value, gradient = kernel(x)
        assert value == f(x) or np.isclose(value, f(x), rtol=1e-13)
        if f is not added:
            expected = differences(f, x)
            np.testing.assert_allclose(gradient, expected, rtol=1e-5, atol=1e-6)


def test_sums_have_the_order_of_the_loop() -> None:
    assert jitad.jit(added)(sample(0)) == added(sample(0))


@pytest.mark.parametrize("f", APART)
@pytest.mark.parametrize("order", [1, 2])
def test_turns_are_done_at_once(f: Any, order: int) -> None:
    """So are those of a Hessian's product, up to sums whose order is the function's."""
    gradient = jitad.grad(f)
    if order == 1:
        assert not loops_of(gradient, sample(0))
        return
    x, v = sample(1), sample(2)
    expected = (gradient(x + 1e-5 * v) - gradient(x - 1e-5 * v)) / 2e-5
    np.testing.assert_allclose(jitad.hvp(f, (x,), (v,)), expected, rtol=1e-5, atol=1e-5)


def test_turns_that_meet_are_not() -> None:
    for f in (from_before, overwritten, same_place):
        assert loops_of(f, sample(0))
