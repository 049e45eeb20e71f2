"""Ints of traced floats: as places, counts, keys, texts, powers; and memberships."""

from __future__ import annotations

import math

import numpy as np

from idioms.case import case

TABLE = [1.0, 2.5, 4.0, 8.5, 3.0, 1.5]
BY_NUMBER = {k: 0.5 + k for k in range(12)}
BY_NAME = {f"layer{k}": 1.0 + k for k in range(12)}


@case
def list_looked_up(x):
    total = 0.0
    for k in range(len(x)):
        total = 0.5 * total + TABLE[int(x[k])] * x[k]
    return total


@case
def tuple_from_behind(x):
    return sum((1.0, 2.0, 4.0)[-1 - int(v)] * v for v in x)


@case
def interpolated(x):
    """Linear interpolation in a table of equal steps."""
    total = 0.0
    for v in x:
        place = min(int(v / 0.5), len(TABLE) - 2)
        part = v / 0.5 - place
        total += (1 - part) * TABLE[place] + part * TABLE[place + 1]
    return total


@case
def key_and_name(x):
    return x[0] * BY_NUMBER[int(x[0] * 3)] + x[2] * BY_NAME[f"layer{int(x[2])}"]


@case
def binned(x):
    counts = np.zeros(4)
    for v in x:
        counts[min(int(v), 3)] += v * v
    return np.sum(counts * np.arange(1.0, 5.0))


@case
def powers_of_ints(x):
    n = int(x[2])
    return x[0] * 2**n + x[1] * 2**-n + x[2] * n**-1 + x[3] * 10 ** math.floor(math.log10(x[3]))


@case
def turns_as_often(x):
    total = x[1]
    for i in range(int(9.7 * x[0])):
        total = 0.9 * total + 0.1 * i * x[2]
    return total


@case
def repeated(x):
    return sum([x[1]] * int(x[2])) + x[0] * len("ab" * int(x[2])) + np.zeros(int(x[2])).size * x[3]


@case
def divided(x):
    n = int(9.7 * x[2])
    quotient, rest = divmod(n, 3)
    return x[0] * quotient + x[1] * rest + x[2] * (n // 2) + x[3] * (n % 4) + x[0] * (n & 5)


@case
def asked_of_an_int(x):
    n = int(x[2])
    known = isinstance(n, int) and type(n) is int and not isinstance(n, float)
    return x[0] * n.bit_length() * known + x[1] * math.factorial(n) + x[2] * pow(n, 3, 5)


@case
def among_few(x):
    total = 0.0
    for v in x:
        if int(v) in (1, 3):
            total += v * v
        elif int(v) not in {0, 5}:
            total += 3 * v
        elif int(9.7 * v) in range(0, 20, 2):
            total -= v
    return total


@case
def caught_infinity(x):
    total = 0.0
    for v in (x[0], x[1] * math.inf):
        try:
            total += int(v) * x[2]
        except OverflowError:
            total += x[3]
    return total
