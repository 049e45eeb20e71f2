"""Functions that return what they call themselves for: loops from their beginning."""

from __future__ import annotations

import math

import numpy as np

from plain_programs.program import number, pair, program


def divisor(a, b, depth=0):
    if b < 0.1:
        return a * b + depth
    return divisor(b, a % b, depth + 1)


@program(number, (1,))
def of_a_global_function(a):
    return divisor(7.3 * a, 2.2, depth=1)


@program(number, (1,))
def bisection(a):
    def f(t):
        return t**3 + t - a

    def halved(low, high):
        middle = 0.5 * (low + high)
        if high - low < 1e-9:
            return middle - f(middle) / (3 * middle * middle + 1)
        return halved(low, middle) if f(middle) > 0 else halved(middle, high)

    return halved(0.0, 3.0) ** 2


def along(x, k, total):
    if k == len(x):
        return total
    if x[k] > 0:
        return along(x, k + 1, 0.5 * total + x[k])
    return along(x, k + 1, total=total - x[k] ** 2)


@program()
def by_places(x):
    return along(x, 0, x[0])


def swapped(a, b, n):
    if n > 9:
        return a - 2 * b
    return swapped(b, a, n + 1) if a > b else swapped(1.1 * a, b - 0.1, n + 1)


@program(pair)
def arguments_that_change_places(x, y):
    return swapped(x[0], y[0], 0) + np.sum(x * y)


def stepped(x, k, state, *rest):
    if k > 20:
        return x * len(rest)
    if state == "out":
        return stepped(1.2 * math.sin(x), k + 1, "in" if x > 0.5 else "out", *rest)
    return stepped(0.9 * x + 0.2, k + 1, "out", *rest)


@program(number, (1,))
def state_of_texts(a):
    return stepped(a, 0, "out", 1, 2)


def filled(a, k=1):
    if k >= len(a):
        return a
    a[k] = 0.5 * a[k - 1] + a[k] if a[k] > 0 else 0.1 * a[k]
    return filled(a, k + 1)


@program()
def array_that_is_written_to(x):
    return np.sum(filled(x.copy()) ** 2)


def folded(pair, x, k):
    low, high = pair
    if k < 0:
        return high - low
    return folded((min(low, x[k]), max(high, x[k])), x, k - 1)


@program()
def tuple_that_is_handed_on(x):
    return folded((x[0], x[0]), x, len(x) - 1) ** 2 + x[-1]


def power(x, n):
    if n == 0:
        return 1.0
    return x * power(x, n - 1) if n % 2 else power(x * x, n // 2)


@program(number, (1,))
def not_all_are_returned(a):
    return power(a, 13)


class Shrinking:
    """A method that calls itself, which is no name of its function."""

    def of(self, x, k):
        return x if k == 0 else self.of(0.9 * x if x > 0.4 else x + 0.3, k - 1)


@program(number, (1,))
def method(a):
    return Shrinking().of(a, 6)
