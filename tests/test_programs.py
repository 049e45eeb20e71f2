"""Plain Python loops with branches: right values and derivatives by every door, of one trace."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from plain_programs import PROGRAMS, PlainProgram

import jitad
from jitad.ir.op import Control
from jitad.ir.tape import Tape

STEP = 1e-6
ROUNDS = 6


def differences(f: Any, args: tuple[Any, ...]) -> np.ndarray:
    """The gradient by the first argument, by central differences."""
    x = np.asarray(args[0], float)
    flat = x.reshape(-1)
    found = []
    for k in range(flat.size):
        sides = []
        for step in (STEP, -STEP):
            moved = flat.copy()
            moved[k] += step
            sides.append(f(moved.reshape(x.shape)[()], *args[1:]))
        found.append((sides[0] - sides[1]) / (2 * STEP))
    return np.asarray(found).reshape(x.shape)


CASES = [pytest.param(p, n, id=f"{p.function.__name__}-{n}") for p in PROGRAMS for n in p.sizes]


@pytest.mark.parametrize(("program", "n"), CASES)
def test_value_and_gradient_at_all_data(program: PlainProgram, n: int) -> None:
    f = program.function
    value, gradient = jitad.jit(f), jitad.grad(f)
    for seed in range(ROUNDS):
        args = program.make(n, np.random.default_rng(seed))
        np.testing.assert_allclose(value(*args), f(*args), rtol=1e-12, atol=1e-12)
        np.testing.assert_allclose(gradient(*args), differences(f, args), rtol=2e-4, atol=2e-6)
    assert [len(tree.paths) for tree in gradient.trees(args, {})] == [1]
    if n in (program.sizes[0], program.sizes[-1]):
        check_doors(program, n, gradient)


def check_doors(program: PlainProgram, n: int, gradient: Any) -> None:
    """Numba's door, points at once, and forward mode agree with the gradient."""
    points = [program.make(n, np.random.default_rng(seed)) for seed in range(3)]
    forward, inside = jitad.jacfwd(program.function), jitad.compile(gradient, *points[0]).njit
    each = [gradient(*args) for args in points]
    for args, wanted in zip(points, each, strict=True):
        np.testing.assert_array_equal(inside(*args), wanted)
        np.testing.assert_allclose(forward(*args), wanted, rtol=1e-10, atol=1e-12)
    columns = [np.stack(column) for column in zip(*points, strict=True)]
    np.testing.assert_allclose(jitad.vmap(gradient)(*columns), each, rtol=1e-10, atol=1e-12)


UNROLLED = ("escaped_counter", "comprehensions", "generator_that_is_sent", "arrays_in_dicts")
"""Programs whose loops ask for numbers, or for items in turn, or make a state in the first turn."""


@pytest.mark.parametrize(
    "program", [pytest.param(p, id=p.function.__name__) for p in PROGRAMS if len(p.sizes) > 1]
)
def test_the_number_of_turns_does_not_show(program: PlainProgram) -> None:
    sizes = [len(_tape(program, n)) for n in (80, 110)]
    assert (sizes[0] == sizes[1]) == (program.function.__name__ not in UNROLLED)


def _tape(program: PlainProgram, n: int) -> Any:
    args = program.make(n, np.random.default_rng(0))
    return jitad.jit(program.function).plan(*args).tape


def test_what_follows_several_branches_is_recorded_once() -> None:
    def length(many: int) -> int:
        lines = ["def f(x):", "    s = 0.0", "    for v in x:"]
        for k in range(many):
            lines += [f"        if v > {k}:", f"            if s > {k} and v < 9: continue"]
            lines += [f"        s += v * v if v < {k} or s < {k} else v"]
        names: dict[str, Any] = {}
        exec("\n".join([*lines, "    return s"]), names)
        return _all_of(jitad.jit(names["f"]).plan(np.arange(9.0)).tape)

    few, many = length(3), length(6)
    assert many < 2.5 * few


def _all_of(tape: Tape) -> int:
    """How many instructions there are on a tape, and on those within."""
    inner = [y for x in tape.instrs if isinstance(x.op, Control) for y in x.op.tapes(x.params[0])]
    return len(tape) + sum(map(_all_of, inner))


def many_steps(x):
    """More than a program has room for at first, where x is small."""
    out, t = [x], 0.0
    while t < 1.0:
        t += 0.01 * x
        out.append(t * x)
    return sum(out)


def test_a_list_that_is_longer_than_there_was_room_for() -> None:
    gradient = jitad.grad(many_steps)
    for x in (9.1, 0.3, 0.011, 2.7):
        steps = math.ceil(1.0 / (0.01 * x))
        np.testing.assert_allclose(gradient(x), 1.0 + 0.01 * x * steps * (steps + 1), rtol=1e-9)
    inside = jitad.compile(jitad.jit(many_steps), 9.1).njit
    np.testing.assert_allclose(inside(9.1), many_steps(9.1))
    with pytest.raises(jitad.JitadError, match="room"):
        inside(0.3)


def kept_row(x):
    """A row that a name keeps while the array goes on to change."""
    a = np.outer(x, np.array([1.0, 2.0]))
    best = a[0]
    for i in range(1, len(x)):
        if x[i] > best[0]:
            best = a[i]
        a[i, 1] = x[i] * best[1]
    best[0] += 1.0
    return np.sum(a * a) + best[1]


def test_a_row_that_a_name_keeps_is_the_array_s_own() -> None:
    """Which row it is depends on the data: a path each."""
    value, gradient = jitad.jit(kept_row), jitad.grad(kept_row)
    for seed in range(4):
        x = np.random.default_rng(seed).normal(size=12)
        np.testing.assert_allclose(value(x), kept_row(x), rtol=1e-12)
        np.testing.assert_allclose(gradient(x), differences(kept_row, (x,)), rtol=2e-4, atol=2e-6)


@pytest.mark.parametrize("index", [(), (slice(1, 3),)])
def test_a_row_of_an_argument_is_not_written_to(index: Any) -> None:
    def f(x):
        s = 0.0
        for i in range(x.shape[0]):
            row = x[(i, *index)]
            row[0] = 1.0
            s += row[1]
        return s

    with pytest.raises(jitad.JitadError, match="argument"):
        jitad.grad(f)(np.ones((30, 4)))


def test_a_function_that_calls_itself_too_often_says_so() -> None:
    def f(x: Any) -> Any:
        return x * x if x < 0.0 else f(0.5 * x + 1.0)

    gradient = jitad.grad(f)
    assert gradient(-1.5) == -3.0
    doors = (
        gradient,
        jitad.compile(f, 1.0).njit,
        jitad.vmap(f),
        lambda x: jitad.vmap(f)(x * np.ones(3)),
    )
    for door, x in zip(doors, (1.0, 1.0, np.ones(3), 1.0), strict=True):
        with pytest.raises(RecursionError, match="f calls itself too often"):
            door(x)
    assert gradient(-2.5) == -5.0
