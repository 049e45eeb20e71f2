"""The functions that are measured, over NumPy or whichever module stands in for it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numba
import numpy as np

Function = Callable[[Any], Any]


# -- Rosenbrock ------------------------------------------------------------------------------------


def rosenbrock_over(np: Any) -> Function:
    """The Rosenbrock function over NumPy, jax.numpy or autograd.numpy."""

    def rosenbrock(x: Any) -> Any:
        return np.sum(100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2)

    return rosenbrock


rosenbrock = rosenbrock_over(np)


def rosenbrock_by_numpy(x: np.ndarray) -> tuple[Any, np.ndarray]:
    """Value and gradient by hand, in array operations."""
    a, b = x[1:] - x[:-1] ** 2, 1 - x[:-1]
    gradient = np.zeros_like(x)
    gradient[:-1] = -400 * x[:-1] * a - 2 * b
    gradient[1:] += 200 * a
    return np.sum(100 * a * a + b * b), gradient


def _rosenbrock_by_loop(x: np.ndarray) -> tuple[float, np.ndarray]:
    """Value and gradient by hand, in one loop that carries what is shared by neighbours."""
    n = x.size
    gradient = np.empty(n)
    value = carried = 0.0
    for i in range(n - 1):
        a = x[i + 1] - x[i] * x[i]
        b = 1.0 - x[i]
        value += 100.0 * (a * a) + b * b
        gradient[i] = carried - 400.0 * (a * x[i]) - 2.0 * b
        carried = 200.0 * a
    gradient[n - 1] = carried
    return value, gradient


rosenbrock_by_numba = numba.njit(_rosenbrock_by_loop)
rosenbrock_by_fast_numba = numba.njit(_rosenbrock_by_loop, fastmath=True)


# -- random straight-line programs -----------------------------------------------------------------


class Step(NamedTuple):
    """One operation on earlier values, by their places."""

    name: str
    first: int
    second: int


_UNARY = ("sin", "cos", "exp", "tanh")
_BINARY = ("add", "sub", "mul", "mul")
_WINDOW = 24
"""How far back a step reads: every value is read soon, so that nothing is dead code."""

_LIMIT = 1.5
"""A step that would leave [-1.5, 1.5] becomes a sine: values and derivatives stay tame."""


_INPUT_AGAIN = 0.1
"""How often a second operand is an input, so that long programs do not forget them."""


def straight_line(length: int, inputs: int = 10, seed: int = 0) -> tuple[Step, ...]:
    """A random program of that many operations whose values are bounded and all of use."""
    rng = np.random.default_rng(seed)
    values = list(straight_line_point(inputs))
    unread = list(range(inputs))
    steps: list[Step] = []
    for _ in range(length - inputs):
        first = unread.pop(0) if len(unread) > _WINDOW // 2 else _recent(rng, len(values))
        again = rng.random() < _INPUT_AGAIN
        second = int(rng.integers(inputs)) if again else _recent(rng, len(values))
        names = _BINARY if rng.random() < 0.7 else _UNARY
        step = Step(names[rng.integers(4)], first, second)
        if abs(_apply(np, step, values)) > _LIMIT:
            step = Step("sin", first, second)
        read = (first, second) if step.name in _BINARY else (first,)
        unread = [k for k in unread if k not in read]
        unread.append(len(values))
        values.append(_apply(np, step, values))
        steps.append(step)
    return tuple(steps)


def straight_line_point(inputs: int = 10) -> np.ndarray:
    """Where the program was found to be tame."""
    return np.linspace(0.3, 0.9, inputs)


def _recent(rng: np.random.Generator, count: int) -> int:
    return int(rng.integers(max(0, count - _WINDOW), count))


def _apply(np: Any, step: Step, values: Sequence[Any]) -> Any:
    x = values[step.first]
    if step.name == "add":
        return x + values[step.second]
    if step.name == "sub":
        return x - values[step.second]
    if step.name == "mul":
        return x * values[step.second]
    return getattr(np, step.name)(x)


def straight_line_function(program: Sequence[Step], inputs: int = 10, np: Any = np) -> Function:
    """A new function object that runs the program; the result is the sum of its last values."""

    def function(x: Any) -> Any:
        values = [x[i] for i in range(inputs)]
        for step in program:
            values.append(_apply(np, step, values))
        total = values[-1]
        for value in values[-_WINDOW:-1]:
            total = total + value
        return total

    return function


def straight_line_source(program: Sequence[Step], inputs: int = 10) -> str:
    """The same as Python code, a line an operation: a function named `program` of a list.

    Pure Python runs this as fast as it can, which a loop over the steps would not.
    """
    lines = [f"v{k} = x[{k}]" for k in range(inputs)]
    signs = {"add": "+", "sub": "-", "mul": "*"}
    for k, step in enumerate(program, inputs):
        if step.name in signs:
            lines.append(f"v{k} = v{step.first} {signs[step.name]} v{step.second}")
        else:
            lines.append(f"v{k} = {step.name}(v{step.first})")
    count = inputs + len(program)
    summed = " + ".join(f"v{k}" for k in range(max(0, count - _WINDOW), count))
    return "\n    ".join(["def program(x):", *lines, f"return {summed}"])
