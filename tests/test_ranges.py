"""Between which numbers the integers of a tape lie: never too few, and few where it counts."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from oracle import compiled

import jitad
from jitad.ir.builder import evaluate
from jitad.passes.narrow import narrow
from jitad.passes.ranges import ranges

STEPS: dict[str, Callable[[Any, int], Any]] = {
    "add": operator.add,
    "sub": operator.sub,
    "from": lambda k, n: n - k,
    "mul": operator.mul,
    "floor": lambda k, n: k // (abs(n) + 1),
    "mod": lambda k, n: k % (abs(n) + 1),
    "max": lambda k, n: np.maximum(k, n),
    "min": lambda k, n: np.minimum(k, n),
    "where": lambda k, n: np.where(k < n, k, n),
    "not": lambda k, n: np.where(~(k <= n), k, -k),
    "both": lambda k, n: np.where((k > n) & (k != 2), k, n),
    "either": lambda k, n: np.where((k >= n) | (k == 2), k, n),
}

step = some.tuples(some.sampled_from(sorted(STEPS)), some.integers(-5, 70_000))
steps = some.lists(step, max_size=4)


def applied(todo: Any, k: Any) -> Any:
    for name, n in todo:
        k = STEPS[name](k, n)
    return k


def program(kind: str, turn: Any, branch: Any, after: Any) -> Callable[[Any], Any]:
    """A loop whose turns change an integer, or do so on one side of a branch."""

    def step(i: Any, k: Any) -> Any:
        other = applied(branch, i)
        return jitad.cond(k > i, lambda: applied(turn, k), lambda: applied(turn[:1], other))

    def counted(x: Any) -> Any:
        return jitad.fori_loop(0, 6, step, 3)

    def as_long_as(x: Any) -> Any:
        last = jitad.while_loop(
            lambda c: (c[0] < 5) & (c[1] < 40), lambda c: (c[0] + 1, step(c[0], c[1])), (0, 1)
        )
        return last[1] + 100 * last[0]

    def up_to(x: Any) -> Any:
        return jitad.fori_loop(0, (x[0] > 0) * 5, step, 0)

    def between(x: Any) -> Any:
        start = np.minimum(np.maximum(x.astype(int)[0], -3), 4)
        stop = start + turn[0][1] % 7 if turn else 5
        return jitad.fori_loop(start, stop, lambda i, k: step(i + len(after), k), 3)

    def left(x: Any) -> Any:
        k = i = x.astype(int)[0] * 0
        while i < 6 and applied(turn[:1], k) < 1000 + i:
            k = applied(turn, k) if k > i else applied(branch, i)
            i += 1
        return k

    f = {
        "counted": counted,
        "as long as": as_long_as,
        "up to": up_to,
        "left": left,
        "between": between,
    }[kind]
    return lambda x: applied(after, f(x)) + 0 * x.astype(int)[0]


@given(
    some.sampled_from(["counted", "as long as", "up to", "left", "between"]), steps, steps, steps
)
def test_no_number_lies_outside(kind: str, turn: Any, branch: Any, after: Any) -> None:
    f = program(kind, turn, branch, after)
    for x in (np.array([2.0, 1.0]), np.array([-2.0, 1.0])):
        tape = jitad.jit(f).plan(x).tape
        known = ranges(tape, [None] * len(tape.inputs))[tape.outputs[0]]
        (found,) = evaluate(tape, [x])
        assert known is None or known.low <= found <= known.high
        assert evaluate(narrow(tape), [x])[0] == found
        assert jitad.jit(f)(x) == found


def every_element(x: Any) -> float:
    s = 0.0
    for i in range(x.shape[0]):
        for j in range(1, x.shape[1]):
            s += x[i, j] * x[i, j - 1]
    return s


def above_the_diagonal(x: Any) -> float:
    s = 0.0
    for k in range(x.shape[0]):
        for i in range(k + 1, x.shape[0]):
            for j in range(k, x.shape[1]):
                s += x[i, j] * x[k, i]
    return s


def below_the_diagonal(x: Any) -> float:
    s = 0.0
    for i in range(x.shape[0]):
        for j in range(i):
            s += x[i, j]
    return s


def as_long_as(x: Any) -> float:
    s, i = 0.0, 0
    while i < x.shape[0] and s < 3.0:
        s += x[i, 2] ** 2
        i += 1
    return s


def from_the_end(x: Any) -> float:
    s = 0.0
    for i in range(1, x.shape[0] + 1):
        s += x[-i, 0] ** 2
    return s


def sorted_by_insertion(x: Any) -> float:
    a = x[:, 3].copy()
    for i in range(1, a.size):
        k, j = a[i], i - 1
        while j >= 0 and a[j] > k:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = k
    return np.sum(a * np.arange(a.size))


@pytest.mark.parametrize(
    "f", [every_element, above_the_diagonal, below_the_diagonal, sorted_by_insertion]
)
def test_places_that_are_known_to_be_there_are_not_looked_after(f: Any) -> None:
    x = np.random.default_rng(3).normal(size=(17, 20))
    code = jitad.explain(f, x).partition("== llvm")[2]
    assert "icmp uge i64" not in code
    assert np.isclose(jitad.jit(f)(x), f(x), rtol=1e-12)


@pytest.mark.parametrize(
    "f", [every_element, above_the_diagonal, below_the_diagonal, as_long_as, from_the_end]
)
def test_places_of_loops_are_not_asked_whether_they_count_from_the_end(f: Any) -> None:
    x = np.random.default_rng(3).normal(size=(17, 20))
    for g in (f, jitad.grad(f)):
        assert not re.search(r"lt\(\w+, 0\)", compiled(g, x))
    assert np.isclose(jitad.jit(f)(x), f(x), rtol=1e-12)
    jitad.check_grads(f, (x,), order=1)
