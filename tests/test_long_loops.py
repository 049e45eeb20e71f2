"""Long Python loops: the tape is short, and the results are those of every turn."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from oracle import difference

import jitad
from jitad.ir.tape import Tape
from jitad.ir.verify import verify
from jitad.ops import control

Program = Callable[[Any], Any]


def _loops(tape: Tape) -> int:
    """The loops of a tape, and those within."""
    found = 0
    for instr in tape.instrs:
        if isinstance(instr.op, type(control.loop)):
            found += instr.op is control.loop
            found += sum(map(_loops, instr.op.tapes(instr.params[0])))
    return found


def _check(f: Program, x: np.ndarray, most: int = 60, loops: int = 1) -> None:
    """The tape is short, and the values are the function's own."""
    tape = jitad.trace(f, x).tape
    verify(tape)
    assert len(tape) <= most, str(tape)[:2000]
    assert _loops(tape) >= loops
    np.testing.assert_allclose(jitad.jit(f)(x), f(x), rtol=1e-12)


def _lorenz(y: Any) -> Any:
    return np.stack([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def _rk4(f: Program, y: Any, h: float) -> Any:
    k1 = f(y)
    k2 = f(y + h / 2 * k1)
    k3 = f(y + h / 2 * k2)
    k4 = f(y + h * k3)
    return y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)


def _integrator(y: Any) -> Any:
    for _ in range(60):
        y = _rk4(_lorenz, y, 0.01)
    return y


def _trajectory(y: Any) -> Any:
    states = [y]
    for _ in range(60):
        states.append(_rk4(_lorenz, states[-1], 0.002))
    return np.sum(np.stack(states) ** 2, axis=0) / 100


def _driven(y: Any) -> Any:
    """The time enters as another number in each turn."""
    for k in range(600):
        t = 0.01 * k
        y = y + 0.01 * (np.sin(t) - y * np.cos(3 * t))
    return y


def _second_order(x: Any) -> Any:
    """Each turn reads what the last two computed."""
    a, b = x[0], x[1]
    for _ in range(800):
        a, b = b, 0.5 * a + np.sin(b)
    return b - a


def _filter(x: Any) -> Any:
    """Elements read one after another, three at a time."""
    total = 0.0
    for i in range(1, x.size - 1):
        total = total + np.sin(x[i]) * x[i - 1] * x[i + 1]
    return total


def _backwards(x: Any) -> Any:
    y = x[-1]
    for i in range(x.size - 2, -1, -1):
        y = np.tanh(y * x[i] + 0.1)
    return y


def _filled(x: Any) -> Any:
    out = jitad.numpy.zeros(x.size)
    out[0] = x[0]
    for i in range(1, x.size):
        out[i] = np.sin(out[i - 1] * x[i]) + x[i]
    return out


def _matrix(x: Any) -> Any:
    rows = x.reshape(-1, 5)
    state = rows[0]
    for i in range(1, rows.shape[0]):
        state = np.tanh(state * rows[i] + rows[i, 2])
    return state


def _table_in_a_loop(x: Any) -> Any:
    """Sums of rows in a triangle have turns of different lengths; these have one."""
    total = x[0] * 0
    for i in range(40):
        inner = x[i]
        for j in range(30):
            inner = np.sin(inner + x[j]) * 0.9
        total = total + inner * inner
    return total


def _alternating(x: Any) -> Any:
    y = x[0]
    for k in range(1000):
        y = np.sin(y) + 0.1 if k % 2 else np.cos(y) * y + 0.2
    return y


def _first_differs(x: Any) -> Any:
    y = None
    for k in range(700):
        y = x[0] * x[1] if y is None else np.sin(y) * x[1] + k
    return y


def _last_kept(x: Any) -> Any:
    """Some turns' values are read later, and two of the last's."""
    ys, y = [], x[0]
    for _ in range(600):
        z = np.sin(y)
        y = z * x[1] + 0.1
        ys.append(y)
    return ys[3] + ys[100] * ys[-1] + z


def _guarded(x: Any) -> Any:
    y = x[0]
    for _ in range(500):
        y = np.sin(y) * 0.5 + 1 if y > 0 else np.cos(y)
    return y


_SMALL = np.array([0.3, 0.7, 1.1])
_LONG = np.linspace(0.1, 1.3, 600)

PROGRAMS: list[tuple[Program, np.ndarray, int]] = [
    (_integrator, _SMALL, 180),
    (_trajectory, _SMALL, 220),
    (_driven, _SMALL, 30),
    (_second_order, _SMALL, 20),
    (_filter, _LONG, 60),
    (_backwards, _LONG[:590], 60),
    (_filled, _LONG, 60),
    (_matrix, np.linspace(0.1, 1.0, 5 * 900), 60),
    (_table_in_a_loop, _LONG, 250),
    (_alternating, _SMALL, 60),
    (_first_differs, _SMALL, 60),
    (_last_kept, _SMALL, 60),
    (_guarded, _SMALL, 60),
]


@pytest.mark.parametrize(("f", "x", "most"), PROGRAMS, ids=lambda p: getattr(p, "__name__", ""))
def test_values(f: Program, x: np.ndarray, most: int) -> None:
    _check(f, x, most)


@pytest.mark.parametrize(("f", "x", "most"), PROGRAMS, ids=lambda p: getattr(p, "__name__", ""))
def test_derivatives(f: Program, x: np.ndarray, most: int) -> None:
    def scalar(x: Any) -> Any:
        return np.sum(np.sin(f(x)))

    direction = np.cos(np.arange(x.size)) / x.size
    gradient = jitad.grad(scalar)(x)
    _, tangent = jitad.jvp(scalar, (x,), (direction,))
    (want,) = difference(scalar, (x,), (direction,), step=2.0**-14)
    np.testing.assert_allclose(gradient @ direction, tangent, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(tangent, want, rtol=1e-7, atol=1e-8)


def test_loops_within_loops() -> None:
    def f(x: Any) -> Any:
        total = x[0]
        for i in range(30):
            for j in range(200):
                total = np.sin(total * x[j]) + 0.1
            total = total * x[i]
        return total

    _check(f, np.linspace(0.5, 1.0, 200), 900, loops=2)


@given(
    turns=some.integers(200, 300),
    lags=some.lists(some.integers(1, 4), min_size=1, max_size=3),
    table=some.booleans(),
)
def test_random_recurrences(turns: int, lags: list[int], table: bool) -> None:
    """y_k depends on earlier ones at some distances, and perhaps on a number of each turn."""

    def f(x: Any) -> Any:
        ys = [x[0], x[1], x[2], x[0] * x[1]]
        for k in range(turns):
            y = np.cos(ys[-1]) * 0.3 + (0.01 * k if table else 0.1)
            for lag in lags:
                y = y + np.sin(ys[-lag] * 0.7)
            y = y * 0.5 + np.tanh(y) * 0.1 + np.exp(-y * y)
            ys.append(y)
        return ys[-1] + ys[-2]

    _check(f, _SMALL, 300)


def test_a_while_loop_is_traced_once() -> None:
    """Whatever its number of turns."""
    runs = 0

    def f(x: Any) -> Any:
        nonlocal runs
        runs += 1
        y, turns = x * np.ones(3), 0
        while y[0] < 100:
            y, turns = y * 1.05 + np.sin(y) * 0.01, turns + 1
        return np.sum(y) * turns

    gradient = jitad.grad(f)
    points = (1.0, 2.0, 5.0, 1.1, 30.0, 80.0, 0.5)
    for visit in range(3):
        for x in points:
            (want,) = difference(f, (np.array(x),), (np.array(1.0),), step=2.0**-20)
            before = runs
            np.testing.assert_allclose(gradient(x), want, rtol=1e-6)
            assert runs - before == (visit == 0 and x == points[0])
