"""Functions that raise at some values: the table of tests/test_raises.py."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

GOOD = np.array([1.0, 0.5, 3.0])


class Row(NamedTuple):
    """A function, and arguments at which it raises; it does not at `GOOD`."""

    function: Callable[[Any], Any]
    bad: tuple[np.ndarray, ...]
    known: bool


ROWS: list[Row] = []


def row(*bad: list[float], known: bool = True) -> Any:
    """`known` where what it says is the same for all values."""

    def enter(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        ROWS.append(Row(f, tuple(map(np.array, bad)), known))
        return f

    return enter


@row([1.0, -1.0, 2.0], [-1.0, -1.0, -1.0])
def in_a_loop(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            raise ValueError("negative")
        s += x[i] ** 2
    return s


@row([1.0, 1.0, -3.0], known=False)
def percent(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] < 0:
            raise ValueError("negative at %d: %.3f" % (i, x[i]))  # noqa: UP031  as people write
        s += x[i] ** 2
    return s


@row([9.0, 1.0, 1.0])
def where_two_conditions_hold(x):
    """The branch binds no name, so that nothing comes out of its sides but what they raise."""
    if x[0] > 5 and x[1] < 4:
        raise ValueError("no", 2)
    return x[0] * x[1]


@row([9.0, 1.0, 1.0], [1.0, 7.0, 1.0], [9.0, 7.0, 1.0], known=False)
def in_a_row(x):
    if x[0] > 5:
        raise KeyError("big", x[0])
    assert x[1] < 5, f"the second is {x[1]:.1f}"
    return x[0] * x[1]


def _root(v, i):
    if v < 0:
        raise ValueError(f"root of {v} at {i}")
    return v**0.5


@row([1.0, 1.0, -3.0], known=False)
def helper(x):
    s = 0.0
    for i, v in enumerate(x):
        s += _root(v, i)
    return s


@numba.njit
def _njit_root(v):
    if v < 0:
        raise ValueError("root of a negative number")
    return v**0.5


@row([1.0, 1.0, -3.0])
def njit_helper(x):
    return _njit_root(x[0]) + _njit_root(x[2]) * x[1]


@row([1.0, 1.0, 2.0])
def no_convergence(x):
    t, n = x[0], 0
    while t > 1e-3:
        t = t * x[1]
        n += 1
        if n > 50:
            raise RuntimeError("no convergence")
    return t


@row([1.0, -1.0, 2.0])
def only_checked(x):
    for v in x:
        if v < 0:
            raise ValueError("negative")
    return x.sum()


@row([-1.0, 1.0, 1.0], [-1.0, -1.0, 1.0], [-1.0, 9.0, 1.0])
def which_of_three(x):
    if x[0] < 0:
        if x[1] < 0:
            raise ValueError("a")
        elif x[1] > 5:
            raise KeyError("b")
        raise IndexError("c")
    return x[0] * x[1]


@row([-1.0, 1.0, 1.0], [1.0, 1.0, -1.0])
def chain(x):
    if x[0] > 0.5:
        y = x[0] ** 2
    elif x[0] > 0:
        y = x[0]
    else:
        raise ArithmeticError("no such x")
    if x[2] > 0:
        return y * x[1]
    raise LookupError("no such z")


@row([1.0, 1.0, 10.0])
def not_found(x):
    for i in range(len(x)):
        if x[i] > 2.5 and x[i] < 4:
            return x[i] * x[0]
    raise LookupError("not found")


class Custom(Exception):
    def __init__(self, code, *, why):
        super().__init__(f"{code}: {why}")
        self.code = code


@row([1.0, 1.0, -1.0])
def own_kind(x):
    if np.any(x < 0):
        raise Custom(3, why="negative")
    return np.sum(x * x)


@row([1.0, 1.0, -1.0])
def own_kind_without_a_message(x):
    if x.min() < 0:
        raise FloatingPointError
    return np.sum(x * x)


@row([1.0, 1.0, -1.0])
def caused(x):
    if x[2] < 0:
        raise ValueError("bad") from KeyError("why")
    return np.sum(x * x)


@row([1.0, 1.0, -1.0])
def within_a_context(x):
    s = 0.0
    with np.errstate(all="ignore"):
        for v in x:
            if v < 0:
                raise ValueError("bad")
            s += np.sqrt(v)
    return s


@row([1.0, 1.0, -1.0])
def finally_behind(x):
    s = x[0]
    try:
        if x[2] < 0:
            raise ValueError("bad")
        s = s * x[1]
    finally:
        s = s + x[0]
    return s


@row([1.0, 1.0, -1.0])
def another_is_caught(x):
    s = 0.0
    try:
        for v in x:
            if v < 0:
                raise ValueError("bad")
            s += v * v
    except KeyError:
        s = 0.0
    return s


@row([1.0, 1.0, -1.0])
def raised_by_a_handler(x):
    try:
        if x[2] < 0:
            raise KeyError("a")
    except KeyError as error:
        raise ValueError("b") from error
    return x[0] * x[1]


def _fail(what):
    raise NotImplementedError(what)


@row([1.0, 1.0, -1.0])
def function_that_raises(x):
    if x[2] < 0:
        _fail("negative")
    return x[0] * x[1]


@row([1.0, 1.0, -1.0], known=False)
def several_values(x):
    total = 0.0
    for i in range(len(x)):
        for j in range(i):
            d = x[i] - x[j]
            if d < -1.5:
                raise ValueError("far", i, j, float(d), str(x[j]), int(x[i]))
            total += d * d
    return total


@row([1.0, 1.0, -1.0], known=False)
def warned_before(x):
    if x[2] < 0:
        warnings.warn("negative", UserWarning, stacklevel=1)
        raise ValueError(f"negative: {x}")
    return x[0] * x[1]


@row([1.0, 1.0, -1.0])
def broken_side(x):
    y = np.ones(3)
    if x[2] < 0:
        y = y.reshape(2, 5)
    return np.sum(x * y)


@row([4.0, 1.0, 1.0])
def leaves_python(x):
    if x[0] > 3:
        raise SystemExit(2)
    return x[0] * x[1]


@row([200.0, 1.0, 1.0])
def loop_without_end(x):
    y = x[0]
    while True:
        y = y * 0.5
        if y > 50:
            raise OverflowError("large")
        if y < 0.1:
            return y * x[1]


def _generated(x):
    for v in x:
        if v < 0:
            raise ValueError("in a generator")
        yield v


@row([1.0, -1.0, 1.0])
def generator(x):
    return sum(_generated(x))


@row([1.0, 1.0, -1.0], known=False)
def comprehension(x):
    return np.sum(np.array([_root(v, 0) for v in x]))


@row([1.0, 1.0, -1.0], known=False)
def message_of_an_array(x):
    y = np.cumsum(x)
    for i in range(1, len(x)):
        if y[i] < y[i - 1]:
            raise ValueError(f"{y} falls at {i}", y)
    return y[-1] * x[0]


@row([1.0, 1.0, -1.0], known=False)
def carries_a_value(x):
    if x[2] < 0:
        error = Custom(4, why="negative")
        error.value = float(x[2])
        raise error
    return np.sum(x * x)


@row([-3.0, 1.0, 1.0])
def recursion(x):
    def factorial(n):
        if n < -0.5:
            raise ValueError("no factorial")
        return 1.0 if n < 0.5 else n * factorial(n - 1)

    return factorial(x[0]) * x[1]


@row([1.0, 1.0, 0.1], [1.0, 1.0, 0.4])
def chained_comparison(x):
    if -0.5 < x[2] < 0.7:
        raise ValueError("within", 2)
    return x[0] * x[1]


@row([1.0, 1.0, -1.0], [1.0, 9.0, 3.0])
def either(x):
    if x[2] < 0 or (x[1] > 5 and x[0] > 0):
        raise ValueError("either")
    return x[0] * x[1]


@row([1.0, 9.0, 4.0], [-1.0, -5.0, 3.0])
def checked_on_both_sides(x):
    if x[0] > 0:
        assert x[1] < 5, "large"
    else:
        if x[1] < -4:
            raise KeyError("small")
    return x[0] * x[2]


@row([1.0, 9.0, 4.0])
def checked_in_a_turn_of_a_branch(x):
    s = 0.0
    for i in range(len(x)):
        if x[i] > 2:
            for j in range(len(x)):
                if x[j] > 8:
                    raise OverflowError(x.size)
        s += x[i]
    return s
