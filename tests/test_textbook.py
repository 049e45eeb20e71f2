"""Dual numbers, the tape and difference quotients in 60 digits agree."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import reduce
from operator import add
from typing import Any

import mpmath
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import jitad.textbook as textbook
from jitad.textbook import dual, tape
from jitad.textbook.active import Active
from jitad.textbook.dual import Dual, VectorDual
from jitad.textbook.tape import Tape, Variable

Function = Callable[[Any, Sequence[Any]], Any]
"""A function of (m, x): m has sin, cos ..., and is jitad.textbook or mpmath; x are the inputs."""

OPERATIONS: dict[str, Function] = {
    "x + y": lambda m, x: x[0] + x[1],
    "x + 3": lambda m, x: x[0] + 3,
    "3 + x": lambda m, x: 3 + x[0],
    "x - y": lambda m, x: x[0] - x[1],
    "x - 3": lambda m, x: x[0] - 3,
    "3 - x": lambda m, x: 3 - x[0],
    "x * y": lambda m, x: x[0] * x[1],
    "x * 3": lambda m, x: x[0] * 3,
    "3 * x": lambda m, x: 3 * x[0],
    "x / y": lambda m, x: x[0] / x[1],
    "x / 3": lambda m, x: x[0] / 3,
    "3 / x": lambda m, x: 3 / x[0],
    "x ** y": lambda m, x: x[0] ** x[1],
    "x ** 3": lambda m, x: x[0] ** 3,
    "x ** -1.5": lambda m, x: x[0] ** -1.5,
    "3 ** x": lambda m, x: 3 ** x[0],
    "-x": lambda m, x: -x[0],
    "+x": lambda m, x: +x[0],
    "|x|": lambda m, x: abs(x[0]),
    "|-x|": lambda m, x: abs(-x[0]),
    "sin x": lambda m, x: m.sin(x[0]),
    "cos x": lambda m, x: m.cos(x[0]),
    "exp x": lambda m, x: m.exp(x[0]),
    "log x": lambda m, x: m.log(x[0]),
    "sqrt x": lambda m, x: m.sqrt(x[0]),
    "tanh x": lambda m, x: m.tanh(x[0]),
}

STEPS: tuple[Callable[[Any, Any, Any], Any], ...] = (
    lambda m, x, y: x + y,
    lambda m, x, y: x - 2 * y,
    lambda m, x, y: x * m.cos(y),
    lambda m, x, y: x / (2 + m.sin(y)),
    lambda m, x, y: (2 + m.cos(x)) ** m.tanh(y),
    lambda m, x, y: m.sqrt(1 + x * x) - m.log(2 + m.sin(y)),
    lambda m, x, y: m.exp(m.tanh(x)) * abs(3 + m.cos(y)),
)
"""Smooth everywhere, and growing slowly enough that a program of them keeps its digits."""


def program(steps: Sequence[tuple[int, int, int]]) -> Function:
    """A straight-line program: each step is an operation and two of the values so far."""

    def f(m: Any, x: Sequence[Any]) -> Any:
        values = list(x)
        for operation, i, j in steps:
            values.append(STEPS[operation](m, values[i % len(values)], values[j % len(values)]))
        return reduce(add, values)  # not sum: it compensates rounding, but for floats alone

    return f


def by_differences(f: Function, x: Sequence[float]) -> tuple[float, list[float]]:
    """The value and the central difference quotients, of which 60 digits leave 16 right."""
    with mpmath.workdps(60):
        h = mpmath.mpf(10) ** -20
        exact = [mpmath.mpf(value) for value in x]

        def quotient(j: int) -> float:
            up, down = exact.copy(), exact.copy()
            up[j] += h
            down[j] -= h
            return float((f(mpmath, up) - f(mpmath, down)) / (2 * h))

        return float(f(mpmath, exact)), [quotient(j) for j in range(len(x))]


def assert_all_modes_agree(f: Function, x: Sequence[float]) -> None:
    def g(x: Sequence[Any]) -> Any:
        return f(textbook, x)

    value, gradient = by_differences(f, x)
    close = pytest.approx(gradient, rel=1e-10, abs=1e-10)
    n = len(x)
    assert g(x) == pytest.approx(value, rel=1e-12, abs=1e-12)
    for mode in (dual, tape):
        assert mode.value_and_gradient(g, x) == (g(x), close)
    columns = [dual.jvp(g, x, [float(i == j) for i in range(n)]) for j in range(n)]
    assert [y for y, _ in columns] == [g(x)] * n
    assert [dy for _, dy in columns] == close


@pytest.mark.parametrize("name", OPERATIONS)
@settings(deadline=None)
@given(x=st.tuples(st.floats(0.25, 3), st.floats(0.25, 3)))
def test_operations(name: str, x: tuple[float, float]) -> None:
    assert_all_modes_agree(OPERATIONS[name], x)


indices = st.integers(0, 100)
programs = st.lists(st.tuples(st.integers(0, len(STEPS) - 1), indices, indices), max_size=8)


@settings(deadline=None)
@given(programs.map(program), st.lists(st.floats(-3, 3), min_size=1, max_size=4))
def test_programs(f: Function, x: list[float]) -> None:
    assert_all_modes_agree(f, x)


def lecture(x: Sequence[Any]) -> Any:
    a = x[0] / x[1]
    return (textbook.sin(a) + a - textbook.exp(x[1])) * (a - textbook.exp(x[1]))


@pytest.mark.parametrize("mode", [dual, tape])
def test_known_values(mode: Any) -> None:
    value, gradient = mode.value_and_gradient(lecture, [1.5, 0.5])
    # Griewank & Walther, table 1.1: from values rounded to four places as they go.
    assert (value, gradient[0]) == (
        pytest.approx(2.0167, abs=1e-4),
        pytest.approx(3.0118, abs=5e-5),
    )

    value, gradient = mode.value_and_gradient(
        lambda x: textbook.log(x[0]) + x[0] * x[1] - textbook.sin(x[1]), [2.0, 5.0]
    )
    assert (round(value, 3), [round(g, 3) for g in gradient]) == (11.652, [5.5, 1.716])

    value, gradient = mode.value_and_gradient(
        lambda x: x[0] ** 2 * textbook.exp(x[0] + textbook.cos(x[1])), [2.0, math.pi / 2]
    )
    assert (round(value, 3), [round(g, 3) for g in gradient]) == (29.556, [59.112, -29.556])


@pytest.mark.parametrize("mode", [dual, tape])
def test_speelpenning_product(mode: Any) -> None:
    x = [1.0 + j / 20 for j in range(20)]
    value, gradient = mode.value_and_gradient(lambda x: math.prod(x[1:], start=x[0]), x)
    assert value == pytest.approx(math.prod(x))
    assert gradient == pytest.approx([value / x_j for x_j in x])


def test_reuse_of_one_variable_adds_up() -> None:
    def powers(x: Sequence[Any]) -> Any:
        return x[0] * x[0] * x[0] - x[0] / x[0] + x[0] ** x[0]

    for mode in (dual, tape):
        value, (slope,) = mode.value_and_gradient(powers, [2.0])
        assert value == 11.0
        assert slope == pytest.approx(12.0 + 4.0 * (1.0 + math.log(2.0)))


def test_the_tape_grows_with_the_operations() -> None:
    record = Tape()
    x = Variable(1.5, record)
    y = x
    for _ in range(100):
        y = y * x + 1.0
    assert (record.size, len(record.edges)) == (201, 300)


@pytest.mark.parametrize("mode", [dual, tape])
def test_constants_have_no_derivative(mode: Any) -> None:
    assert mode.value_and_gradient(lambda x: 7.0, [1.0, 2.0]) == (7.0, [0.0, 0.0])
    assert mode.value_and_gradient(lambda x: x[1] ** 0, [1.0, 0.0]) == (1.0, [0.0, 0.0])
    assert dual.derivative(lambda x: 7.0, 1.0) == 0.0
    assert dual.jvp(lambda x: 7.0, [1.0], [1.0]) == (7.0, 0.0)


@pytest.mark.parametrize("mode", [dual, tape])
@pytest.mark.parametrize(("x", "slope"), [(-2.0, -1.0), (0.0, 0.0), (2.0, 1.0)])
def test_branches_and_kinks(mode: Any, x: float, slope: float) -> None:
    def by_hand(v: Sequence[Any]) -> Any:
        if v[0] > 0.0:
            return v[0]
        return -v[0] if v[0] < 0.0 else 0.0

    assert mode.value_and_gradient(by_hand, [x]) == (abs(x), [slope])
    assert mode.value_and_gradient(lambda v: abs(v[0]), [x]) == (abs(x), [slope])


@pytest.mark.parametrize("number", [Dual(2.0, 1.0), VectorDual(2.0, [1.0]), Variable(2.0, Tape())])
def test_comparisons_are_those_of_the_values(number: Active) -> None:
    assert number > 1 and number >= 2 and number <= 2 and number < 3
    assert not (number > 2 or number >= 3 or number <= 1 or number < 2)
    assert number >= number and not number < number
    assert 1 < number <= 2


@pytest.mark.parametrize("mode", [dual, tape])
def test_powers_at_the_edge(mode: Any) -> None:
    assert mode.value_and_gradient(lambda x: x[0] ** 2, [0.0]) == (0.0, [0.0])
    assert mode.value_and_gradient(lambda x: x[0] ** 1, [0.0]) == (0.0, [1.0])
    assert mode.value_and_gradient(lambda x: x[0] ** 3, [-2.0]) == (-8.0, [12.0])
    assert mode.value_and_gradient(lambda x: x[0] ** x[1], [0.0, 2.0]) == (0.0, [0.0, 0.0])
    assert mode.value_and_gradient(lambda x: 0 ** x[0], [2.0]) == (0.0, [0.0])


@pytest.mark.parametrize("mode", [dual, tape])
@pytest.mark.parametrize(
    ("f", "x"),
    [
        (lambda x: x[0] ** 0.5, [-1.0]),
        (lambda x: x[0] ** x[1], [-1.0, 2.0]),
        (lambda x: textbook.log(x[0]), [-1.0]),
        (lambda x: textbook.sqrt(x[0]), [0.0]),
        (lambda x: 1 / x[0], [0.0]),
    ],
)
def test_no_derivative_is_an_error(mode: Any, f: Callable[[Any], Any], x: list[float]) -> None:
    with pytest.raises((ValueError, ZeroDivisionError)):
        mode.value_and_gradient(f, x)


def test_different_tapes_do_not_mix() -> None:
    with pytest.raises(ValueError, match="different tapes"):
        Variable(1.0, Tape()) + Variable(2.0, Tape())
    with pytest.raises(ValueError, match="not on this tape"):
        Tape().adjoints(Variable(1.0, Tape()))


def test_as_many_tangents_as_inputs() -> None:
    with pytest.raises(ValueError):
        dual.jvp(lambda x: x[0], [1.0, 2.0], [1.0])
    with pytest.raises(ValueError):
        VectorDual(1.0, [1.0]) + VectorDual(1.0, [1.0, 2.0])


def test_printing() -> None:
    assert repr(3 * Dual(4, 1) + 2) == "Dual(14, 3.0)"
    assert repr(VectorDual(1.0, [1.0, 0.0])) == "VectorDual(1.0, [1.0, 0.0])"
    assert repr(Variable(2.5, Tape())) == "v0 = 2.5"
