"""Loops that call functions made within the function, which share its variables."""

from __future__ import annotations

import functools

import numpy as np

from plain_programs.program import number, pair, program, vector


@program()
def scaled(x):
    def term(t):
        return t * t * x[0]

    s = 0.0
    for i in range(len(x)):
        s += term(x[i])
    return s


@program()
def branching_closure(x):
    def leaky(t):
        if t > 0:
            return t * x[0]
        return -0.1 * t

    s = 0.0
    for v in x:
        s += leaky(v)
    return s


@program()
def closure_of_the_turn(x):
    s = 0.0
    for i in range(len(x)):
        power = lambda t: t * x[0] + i  # noqa: B023, E731  it is called in this turn
        s = s + power(x[i]) * x[i]
    return s


@program()
def total_of_others(x):
    total = 0.0

    def add(v):
        nonlocal total
        total = total + v * v

    for i in range(len(x)):
        add(x[i])
    return total


@program()
def total_on_one_side(x):
    total, count = 0.0, 0

    def add(v):
        nonlocal total, count
        total, count = total + v, count + 1

    for i in range(len(x)):
        if x[i] > 0:
            add(x[i] ** 2)
        else:
            total = total - 0.5 * x[i]
    return total * (1 + count)


@program()
def variable_that_changes(x):
    y = x[0]

    def times(t):
        return t * y

    for i in range(len(x)):
        y = 0.5 * y + times(x[i])
    return y


@program()
def functions_of_functions(x):
    def outer(a):
        def inner(b):
            return a * b * x[0]

        return inner

    s = 0.0
    for i in range(len(x)):
        s += outer(x[i])(x[-1])
    return s


@program()
def defaults_and_keywords(x):
    def affine(t, a=2.0, *, b=0.5, **rest):
        return a * t * t + b * t + rest.get("c", 0.0)

    options = {"b": 3.0}
    s = 0.0
    for i in range(len(x)):
        s += affine(x[i], **options, c=x[0]) + affine(x[i], 1.0)
    return s


@program(pair, (3, 30))
def recursion(x, y):
    def power(t, n):
        return 1.0 if n == 0 else t * power(t, n - 1)

    s = 0.0
    for i in range(len(x)):
        s += power(x[i], 3) * y[i]
    return s


@program()
def escaped_counter(x):
    def made():
        total = 0.0

        def add(v):
            nonlocal total
            total += v * v
            return total

        return add

    add, s = made(), 0.0
    for i in range(len(x)):
        s += add(x[i])
    return s


@program(vector, (4, 20))
def comprehensions(x):
    rows = [[x[i] * x[j] for j in range(2)] for i in range(3)]
    named = {i: x[i] for i in range(len(x)) if i % 2}
    return sum(sum(row) for row in rows) + sum(v * k for k, v in named.items())


@program()
def sums_of_generators(x):
    s = sum(x[i] * x[0] for i in range(len(x))) + sum(v * v for v in x if v > 0)
    for k in range(len(x)):
        s += sum((x[j] * k for j in range(k)), x[k])
    return s


@program()
def sum_that_binds_a_name(x):
    y = x[0]

    def items():
        nonlocal y
        for v in x:
            y = 0.5 * y
            if v > 0:
                yield v * y
            else:
                yield v

    return sum(items()) + y


@program(vector, (4, 20))
def generator(x):
    def pairs():
        for i in range(len(x) - 1):
            yield x[i], x[i + 1]
        return None

    s = 0.0
    for a, b in pairs():
        s += a * b * b
    return s


@program(vector, (4, 20))
def generator_that_is_sent(x):
    def accumulator():
        total = 0.0
        while True:
            v = yield total
            if v is None:
                return
            total += v * v

    sums, s = accumulator(), 0.0
    next(sums)
    for i in range(len(x)):
        s += sums.send(x[i]) * x[0]
    sums.close()
    return s


@program(number, (1,))
def reduced(a):
    factors = [a, a + 1.0, 2.0]
    for _ in range(2):
        factors.append(a)
    return functools.reduce(lambda p, q: p * q, sorted(factors, key=lambda t: 0), a)


@program()
def walrus_and_star(x):
    if (n := len(x)) > 0:
        first, *rest = x[0], n, 2.0
        s = np.sum(rest) * first
        for i in range(n):
            if (v := 2.0 * x[i]) > 1.0:
                s += v * v
            else:
                s -= v
        return s
    return x.sum()
