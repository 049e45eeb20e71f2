"""Loops over what generators and functions of Python's give, one item after another."""

from __future__ import annotations

import functools
import itertools
import math
import operator

import numpy as np

from plain_programs.program import program, vector


def averages(x, state=0.0):
    for v in x:
        state = 0.9 * state + v
        yield state


def positive(x):
    for k, v in enumerate(x):
        if v > 0:
            yield k, v * v


def halved(s, least):
    while s > least:
        s = 0.7 * s
        yield s


@program(vector, (3, 5, 40))
def over_generators(x):
    total, seen, last = 0.0, {"n": 0, "s": 0.0}, None
    for s in averages(x):
        total += s * s if s > 0 else 0.5 * s
        seen["n"] += 1
        last = (s, seen["n"])
    for k, v in positive(x):
        total = 0.9 * total + k * v
        seen["s"] += v
    for k, s in enumerate(averages(x, x[0]), 1):
        total += s / k
    return total + seen["s"] * seen["n"] + last[0] * last[1]


@program(vector, (3, 5, 40))
def generators_of_generators(x):
    total = sum(s * s for s in averages(x)) + max(s + 1 for s in averages(v * v for v in x))
    for s in averages(averages(x)):
        total = 0.9 * total + s
    for s in halved(3.0 + x[0] * x[0], 1.0):
        total += math.sqrt(s)
    return total


@program(vector, (3, 5, 40))
def generators_and_lists(x):
    kept, a = [], np.zeros(2)
    for s in averages(x):
        kept.append(s * s)
        a[0] += s
        a = 0.9 * a + 0.1
    return np.sum(np.array(kept)) * a[0] + sum(list(averages(kept))) * a[1]


@program(vector, (3, 5, 40))
def mapped_and_filtered(x):
    total = sum(map(lambda v: v * v, x)) + max(map(operator.mul, x, x[::-1]))
    for y in map(math.sin, x):
        total = 0.9 * total + y
    for y in filter(lambda v: v > 0, x):
        total += y * y
    a = np.array(list(map(math.cos, x)))
    return total + a @ a + sum(itertools.starmap(lambda a, b: a * b, zip(x, a, strict=True)))


@program(vector, (3, 5, 40))
def reduced_and_accumulated(x):
    s = functools.reduce(lambda a, b: 0.9 * a + b, x)
    p = functools.reduce(lambda p, k: (p[1], 0.5 * p[0] + x[k]), range(len(x)), (0.0, 1.0))
    t = sum(y * y for y in itertools.accumulate(x))
    u = list(itertools.accumulate(x, lambda a, b: 0.5 * a + b, initial=x[0] * x[1]))
    return s + p[0] * p[1] + t + u[-1] * u[0]


@program(vector, (3, 5, 40))
def combined(x):
    t = 0.0
    for v in itertools.chain(x, x[::-1], [x[0], 1.0]):
        t = 0.9 * t + v
    for a, b in itertools.pairwise(x):
        t += a * b
    for i, j in itertools.product(range(len(x)), range(3)):
        t = 0.95 * t + x[i] * x[j]
    for v in itertools.islice(x, 1, len(x) - 1):
        t = 0.9 * t + v * v
    for i, j, k in itertools.product(range(2), repeat=3):
        t += x[i] * x[j] * x[k]
    return t


@program(vector, (3, 12))
def left_early(x):
    """Loops that leave generators, some of which have no end."""
    t, last = 0.1 * x[0], 0.0
    for s in averages(x):
        if s > 1.0:
            break
        t += s * s
        last = s
    else:
        t *= 0.5
    for s in halved(1.0 + x[0] * x[0], 0.0):
        if s < 0.2:
            break
        t += s
    for k in itertools.count():
        t += 0.1 + x[0] ** 2
        if t > 2.0 or k > 50:
            break
    for v in itertools.cycle(x):
        t += 0.1 + v * v
        if t > 5.0:
            break
    return t + last * k


@program(vector, (3, 12))
def the_first_ones(x):
    first = next((v for v in x if v > 0.5), 0.1)
    k = next((i for i, v in enumerate(x) if v > 0.5), -1)
    found = 0.2
    if any((found := v) > 0.7 for v in x):
        first = first + found
    return first * x[k] * (k + 1) + found * found


@program(vector, (3, 12))
def some_of_the_items(x):
    t = sum(itertools.takewhile(lambda v: v < 0.8, x)) + x[0]
    t += sum(v * v for v in itertools.dropwhile(lambda v: v < 0.8, x))
    for v in itertools.filterfalse(lambda v: v < 0.3, x):
        t = 0.9 * t + v
    for k, v in enumerate(itertools.compress(x, [v > 0 for v in x])):
        t += k * v
    for _ in itertools.repeat(None, 20):
        t = 0.9 * t
        if t < 0.3:
            break
    return t
