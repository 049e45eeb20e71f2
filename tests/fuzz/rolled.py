"""Random turns of Python loops: rolled up, written out and in plain NumPy.

Rolled and written out they give the same bits. Plain NumPy's functions are rounded otherwise, which
later turns see: turns draw numbers together, so that a difference stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np

import jitad
from jitad.codegen import llvm
from jitad.passes.rolling import roll
from tests.fuzz.fuzzer import Fuzzer, register

Statement = tuple[str, int, int, int]
"""An operation, the variable that it changes, the two that it reads."""

_ONE: dict[str, Callable[[Any], Any]] = {
    "sin": np.sin, "cos": np.cos, "tanh": np.tanh, "arctan": np.arctan,
    "exp": lambda x: np.exp(-x * x),
    "sqrt": lambda x: np.sqrt(x * x + 0.5), "log1p": lambda x: np.log1p(x * x), "abs": np.abs,
    "square": lambda x: x**2 - 0.3, "cube": lambda x: 0.2 * x**3, "neg": lambda x: -x,
    "half": lambda x: x / 2, "third": lambda x: x / 3, "twice": lambda x: 2 * x - 0.1,
}  # fmt: skip
_TWO: dict[str, Callable[[Any, Any], Any]] = {
    "add": lambda x, y: x + y, "sub": lambda x, y: x - y, "mul": lambda x, y: x * y,
    "mad": lambda x, y: x * y + 0.7 * x, "minors": lambda x, y: x * y - y * y,
    "div": lambda x, y: x / (1 + y * y), "max": np.maximum, "hypot": np.hypot,
    "where": lambda x, y: np.where(x > y, 0.3 * x, y), "atan2": np.arctan2,
}  # fmt: skip
_EXACT = ("sqrt", "abs", "square", "cube", "neg", "half", "third", "twice",
          "add", "sub", "mul", "mad", "minors", "div", "max", "where")  # fmt: skip
"""What has the same bits on arrays, whichever lanes it is computed in."""


@dataclass(frozen=True)
class Program:
    """Turns over as many variables as `start` has: numbers, or (width > 1) arrays."""

    start: tuple[float, ...]
    width: int
    turns: int
    body: tuple[Statement, ...]
    reads: bool
    collects: bool


def _make(rng: np.random.Generator) -> Program:
    count = int(rng.integers(1, 5))
    width = int(rng.choice([1, 1, 1, 2, 3, 5, 8, 9, 17, 33]))
    names = [name for name in (*_ONE, *_TWO) if width == 1 or name in _EXACT]
    body = tuple(
        (str(rng.choice(names)), *(int(k) for k in rng.integers(count, size=3)))
        for _ in range(rng.integers(1, 7))
    )
    start = tuple(float(x) for x in rng.normal(size=count).round(2))
    turns = int(rng.integers(9, 40))
    return Program(start, width, turns, body, bool(rng.integers(2)), bool(rng.integers(2)))


def _run(program: Program, x: Any) -> Any:
    values = [s * x[k % 3] if program.width == 1 else s * x + 0.1 * k
              for k, s in enumerate(program.start)]  # fmt: skip
    total, first = 0.0, list(values)
    for turn in range(program.turns):
        for name, into, left, right in program.body:
            a, b = values[left], values[right]
            made = _ONE[name](a) if name in _ONE else _TWO[name](a, b)
            values[into] = 0.4 * values[into] + 0.3 * made
        if program.reads:
            values[0] = values[0] + 0.1 * x[turn % len(x)]
        if program.collects:
            total = total + values[-1] * first[0]
    return np.stack([np.zeros(np.shape(values[0])) + total, *values])


@contextmanager
def _soon_rolled() -> Iterator[None]:
    """Programs that take a moment to compile are long enough."""
    with mock.patch.object(roll, "__defaults__", (60,)), mock.patch.object(llvm, "_SHORT", 0):
        yield


def _check(program: Program) -> str:
    x = np.linspace(-0.9, 1.1, max(program.width, 3)).round(3)
    want = np.asarray(_run(program, x))
    with _soon_rolled():
        rolled, written = (
            jitad.jit(lambda x: _run(program, x), roll=each)(x) for each in (True, False)
        )
    if rolled.tobytes() != written.tobytes():
        return f"rolled {rolled.ravel().tolist()}, written out {written.ravel().tolist()}"
    if not np.allclose(rolled, want, rtol=1e-9, atol=1e-12, equal_nan=True):
        return f"gives {rolled.ravel().tolist()}, right is {want.ravel().tolist()}"
    return ""


def _smaller(program: Program) -> Iterable[Program]:
    for k in range(len(program.body)):
        yield replace(program, body=program.body[:k] + program.body[k + 1 :])
    yield replace(program, turns=max(9, program.turns // 2))
    yield replace(program, reads=False)
    yield replace(program, collects=False)


register(Fuzzer("rolled", _make, _check, _smaller))
