"""Calls of one function in straight-line code: side by side in the tape, one call on a vector."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import oracle
import pytest
import scipy.special
from hypothesis import given, settings
from hypothesis import strategies as hs

import jitad
from jitad.codegen.chunks import CHUNK
from jitad.codegen.vector_math import lane_counts
from jitad.ir.builder import evaluate
from jitad.passes.group_calls import group_calls, is_call

FUNCTIONS: tuple[Callable[..., Any], ...] = (
    np.sin, np.cos, np.exp, np.tanh, np.arctan, np.cbrt, scipy.special.erf, np.hypot, np.arctan2,
)  # fmt: skip
X = np.linspace(0.1, 1.3, 40)


def program(seed: int, length: int) -> Callable[[Any], Any]:
    """Functions of what is there already, each an independent choice."""
    rng = np.random.default_rng(seed)
    picks = [(int(rng.integers(len(FUNCTIONS))), *rng.random(2)) for _ in range(length)]

    def function(x: Any) -> Any:
        values = [x[k] for k in range(8)]
        for which, first, second in picks:
            f, a = FUNCTIONS[which], values[int(first * len(values))]
            b = values[int(second * len(values))]
            values.append(f(a, b) if f in (np.hypot, np.arctan2) else f(a) * 0.5 + b * 0.25)
        return sum(values[-5:])

    return function


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
@settings(max_examples=15, deadline=None)
@given(seed=hs.integers(0, 10_000), length=hs.integers(1, 60))
def test_values_and_gradients(dtype: Any, seed: int, length: int) -> None:
    f, x = program(seed, length), X[:8].astype(dtype)
    plan = jitad.jit(f).plan(x)
    tape, arrays = plan.tape, [x, *plan.captured]
    grouped = group_calls(tape)
    np.testing.assert_array_equal(evaluate(grouped, arrays)[0], evaluate(tape, arrays)[0])
    assert str(group_calls(grouped)) == str(grouped)
    value, gradient = jitad.value_and_grad(f)(x)
    eps = np.finfo(dtype).eps
    np.testing.assert_allclose(value, f(x), rtol=100 * eps)
    if dtype == np.float64:
        direction = np.cos(np.arange(8))
        (expected,) = oracle.difference(f, (x,), (direction,))
        assert gradient @ direction == pytest.approx(float(expected), rel=1e-6, abs=1e-8)


def vector_calls(f: Callable[..., Any], x: Any, name: str) -> int:
    text = jitad.compile(f, x).code.text
    return len(re.findall(rf"call <\d+ x \w+> @_ZGV\w*_{name}\(", text))


@pytest.mark.skipif(not lane_counts(8), reason="no libmvec on this platform")
def test_independent_calls_are_one() -> None:
    most = lane_counts(8)[-1]

    def sines(x: Any) -> Any:
        return math.prod(np.sin(x[k]) for k in range(most))

    assert vector_calls(sines, X, "sin") == 1
    assert vector_calls(lambda x: np.sin(x[0]) * np.sin(x[1]) * np.cos(x[2]), X, "sin") == 1
    assert vector_calls(lambda x: np.sin(np.sin(np.sin(x[0]))), X, "sin") == 0


def test_calls_of_different_depth_stay_in_order() -> None:
    def chain(x: Any) -> Any:
        a, b, c, d, e = np.sin(x[0]), np.sin(x[1]), np.sin(x[2]), np.sin(x[3]), np.sin(x[4])
        high = np.sin(a + b) + np.sin(b + c) + np.sin(c + d) + np.sin(d + e)
        return (a + b + c + d + e) * high

    tape = group_calls(jitad.trace(chain, X).tape)
    places = [i for i, instr in enumerate(tape.instrs) if is_call(instr)]
    assert places[:5] == list(range(places[0], places[0] + 5))
    assert jitad.jit(chain)(X) == pytest.approx(chain(X), rel=1e-14)


def test_branches_keep_their_order() -> None:
    def f(x: Any) -> Any:
        a = np.sin(x[0]) + np.sin(x[1])
        if a > 0.2:
            return a * np.exp(x[2]) * np.exp(x[3])
        return a - np.exp(x[4])

    g = jitad.jit(jitad.grad(f))
    for x in (X, -X, X - 0.15, X[::-1]):
        direction = np.cos(np.arange(x.size))
        (expected,) = oracle.difference(f, (x,), (direction,))
        assert g(x) @ direction == pytest.approx(float(expected), rel=1e-6)


def test_code_that_is_cut_into_functions() -> None:
    f = program(3, 2 * CHUNK)
    value, gradient = jitad.value_and_grad(f)(X)
    assert value == pytest.approx(f(X), rel=1e-12)
    direction = np.cos(np.arange(X.size))
    _, tangent = jitad.jvp(f, (X,), (direction,))
    assert gradient @ direction == pytest.approx(tangent, rel=1e-9)
