"""Names that are bound to one of several objects: None or a number, states, functions."""

from __future__ import annotations

import enum
import math

import numpy as np

from plain_programs.program import number, positive, program


class Trend(enum.Enum):
    UP = 1
    DOWN = 2
    FLAT = 3


class Level(enum.IntEnum):
    LOW = 1
    HIGH = 2


WEIGHTS = {Trend.UP: 2.0, Trend.DOWN: -1.0, Trend.FLAT: 0.5}


@program()
def nothing_before(x):
    before, s = None, 0.0
    for v in x:
        if before is not None and v > before:
            s += (v - before) ** 2
        before = v
    return s


@program()
def two_before(x):
    p = q = None
    s = 0.0
    for v in x:
        if p is not None and q is not None:
            s += (v - 2 * p + q) ** 2
        p, q = v, p
    return s


@program()
def least_above(x):
    best = None
    for v in x:
        if v > 0.5 and (best is None or v < best):
            best = v
    return x[0] if best is None else best**2


@program()
def best_with_its_place(x):
    best = (None, -1)
    for i, v in enumerate(x):
        if v > 0 and (best[0] is None or v < best[0]):
            best = (v, i)
    return x[0] if best[0] is None else best[0] * (best[1] + 2)


@program()
def found_or_not(x):
    def above(limit):
        for i, v in enumerate(x):
            if v > limit:
                return i, v
        return None

    s = x[0]
    for limit in (0.5, 1.5, 50.0):
        found = above(limit)
        if found is not None:
            i, v = found
            s += v * v + i
    return s


@program()
def root_or_nothing(x):
    def root(a):
        if a < 0:
            return None
        return math.sqrt(a)

    s = 0.0
    for v in x:
        r = root(v)
        if r is None:
            continue
        s += r * v
    return s


@program()
def words_as_states(x):
    s, state = 0.0, "a"
    for v in x:
        if state == "a":
            s += v
            if v > 1:
                state = "b"
        elif state == "b":
            s -= 2 * v
            state = "c" if v > 0 else "a"
        else:
            s *= 0.5
            state = "a"
    return s * len(state)


@program()
def members_as_states(x):
    trend, s = Trend.FLAT, 0.0
    for v in x:
        if v > 1:
            trend = Trend.UP
        elif v < -1:
            trend = Trend.DOWN
        elif trend is Trend.UP:
            trend = Trend.FLAT
        s += WEIGHTS[trend] * v
        if trend == Trend.DOWN:
            s *= 0.9
    return s


@program()
def members_that_are_numbers(x):
    level, s = Level.LOW, 0.0
    for v in x:
        if v < 0:
            level = Level.LOW
        elif v > 1:
            level = Level.HIGH
        s += v * level
        if level is Level.LOW:
            s += 1
    return s


@program()
def functions_by_sign(x):
    table = [np.sin, np.cos, lambda v: v * v]
    s = 0.0
    for v in x:
        f = table[0] if v > 1 else table[1] if v > 0 else table[2]
        s = f(s * 0.3 + v) + 0.5 * s
    return s


@program()
def keys_by_sign(x):
    weights, s = {"high": 2.0, "low": 0.5}, 0.0
    for v in x:
        key = "high" if v > 0.5 else "low"
        s += weights[key] * v**2
        if key.startswith("h"):
            s += 0.1 * v
    return s


@program()
def runs_of_one_sign(x):
    sign, run, s = None, 0, 0.0
    for v in x:
        now = "+" if v > 0 else "-"
        if now == sign:
            run += 1
        else:
            sign, run = now, 1
        s += v * run
    return s


@program()
def bound_by_default(x):
    def clipped(v, low=None, high=None):
        if low is not None:
            v = max(v, low)
        return v if high is None else min(v, high)

    low = -0.5 if x[0] > 0 else None
    return sum(clipped(v, low=low, high=1.0) ** 2 for v in x)


@program()
def until_found(x):
    i, found = 0, None
    while found is None and i < len(x):
        if x[i] > 1:
            found = x[i] * i
        i += 1
    return x[0] if found is None else found


@program()
def last_of_all(x):
    last = None
    for v in x:
        last = v * v
    return last * x[0]


@program(positive)
def nearest_point_of_a_segment(x):
    a, b, p = np.zeros(2), np.array([2.0, 0.5]), np.array([x[0], x[-1] ** 2])
    t = (p - a) @ (b - a) / ((b - a) @ (b - a))
    if t < 0.2:
        nearest = a
    elif t > 0.6:
        nearest = b
    else:
        nearest = a + t * (b - a)
    return np.sum((p - nearest) ** 3)


@program(positive)
def fixed_point_of_an_array(x):
    v = np.ones(len(x)) / 3.0
    for _ in range(200):
        w = 0.5 * np.cos(v) + 0.1 * x
        if np.abs(w - v).max() < 1e-13:
            break
        v = w
    return v @ np.arange(1.0, 1.0 + len(x))


@program()
def arrays_that_are_swapped(x):
    p, q = 2.0 * x, np.sin(x)
    if p[0] > q[0]:
        p, q = q, p
    q[0] += 1.0
    return np.sum(p**2) + np.sum(q**3)


TABLE = {0: np.sin, 1: np.cos, 2: math.exp, 3: lambda t: 1.0 / (1.0 + t * t)}


@program(number, (1,))
def function_of_a_table(x):
    return TABLE[int(4.0 * x) % 4](x) + [math.sin, math.cos][-1 - int(x) % 2](x)


@program(positive)
def functions_of_a_list_in_a_loop(x):
    total = 0.0
    for v in x:
        total += (math.sin, math.exp, math.sqrt)[int(3.0 * v) % 3](v)
    return total
