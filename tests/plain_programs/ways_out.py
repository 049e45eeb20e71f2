"""Loops that end in several ways."""

from __future__ import annotations

import math

import numpy as np

from plain_programs.program import number, positive, program


@program(positive)
def stop_at(x):
    s = 0.0
    for i in range(len(x)):
        s += x[i] ** 2
        if s > 4.0:
            break
    return s


@program(positive)
def early_return(x):
    s = 1.0
    for v in x:
        s *= 1 + v * v
        if s > 20.0:
            return s * v
    return -s


@program(positive)
def for_else(x):
    s = 0.0
    for v in x:
        s += v
        if s > 3.0:
            break
    else:
        s = s * s
    return s


@program(positive)
def two_ways_out(x):
    s, k = 1.0, 0
    while True:
        s *= 1 + 0.1 * x[k]
        k += 1
        if k == len(x):
            break
        if s > 1.5:
            s += x[0]
            return s
    return s * s


@program(number, (1,))
def newton(a):
    x = 1.0
    while abs(x * x - a) > 1e-12:
        x = 0.5 * (x + a / x)
    return x


@program(number, (1,))
def collatz(a):
    n, s = int(a * 10), a
    while n != 1:
        if n % 2 == 0:
            n //= 2
            s *= 1.01
        else:
            n = 3 * n + 1
            s += 0.1 * a
    return s


@program(number, (1,))
def series(x):
    term, total, k = 1.0, 1.0, 1
    while math.fabs(term) > 1e-16 and k < 200:
        term *= x / k
        total += term
        k += 1
    return total


@program(positive)
def traced_bounds(x):
    n = int(np.floor(x[0])) + len(x)
    s = 0.0
    for i in range(n):
        if i < len(x):
            s += x[i] * i
    return s


RATES = ((0.0, 0.1), (0.8, 0.2), (1.6, 0.35), (2.4, 0.45))


@program(number, (1,))
def brackets_of_a_tax(x):
    due = 0.0
    for (start, rate), (end, _) in zip(RATES, (*RATES[1:], (np.inf, 0.0)), strict=True):
        if x <= start:
            break
        due = due + rate * (min(x, end) - start)
    return due * x


@program(number, (1,))
def first_of_few_functions(x):
    for k, (limit, f) in enumerate([(1.0, math.sin), (2.0, math.exp)]):
        if x > limit:
            continue
        return f(x) * (k + 1)
    return x * x
