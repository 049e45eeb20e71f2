"""Functions in plain Python loops with branches on what they compute: as people write programs.

Each has a maker of arguments from a size and a random generator; those are away from where the
function jumps, so that differences tell its derivative.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Maker = Callable[[int, Any], tuple[Any, ...]]


class PlainProgram(NamedTuple):
    """A function, what makes its arguments, and the sizes at which it is tried."""

    function: Callable[..., Any]
    make: Maker
    sizes: tuple[int, ...]


PROGRAMS: list[PlainProgram] = []


def vector(n: int, random: Any) -> tuple[Any, ...]:
    return (random.normal(size=n),)


def positive(n: int, random: Any) -> tuple[Any, ...]:
    return (random.uniform(0.2, 2.0, size=n),)


def number(n: int, random: Any) -> tuple[Any, ...]:
    return (float(random.uniform(0.5, 3.0)),)


def pair(n: int, random: Any) -> tuple[Any, ...]:
    return random.normal(size=n), random.normal(size=n)


def program(make: Maker = vector, sizes: tuple[int, ...] = (1, 5, 40)) -> Any:
    def add(f: Callable[..., Any]) -> Callable[..., Any]:
        PROGRAMS.append(PlainProgram(f, make, sizes))
        return f

    return add


# -- branches --------------------------------------------------------------------------------------


@program(pair)
def hinge(x, y):
    loss = 0.0
    for i in range(x.shape[0]):
        margin = y[i] * x[i]
        if margin < 1:
            loss += (1 - margin) ** 2
        elif margin > 3 and i != 3:
            continue
        else:
            loss -= 0.1 * margin
    return loss


@program()
def names_of_one_side(x):
    total = 0.0
    for v in x:
        if v > 0:
            scale = v * v
            total += scale
        else:
            shift = v - 1
            total += shift * v
    return total


@program()
def conditional_expressions(x):
    s = 0.0
    for v in x:
        s += (v if v > 0.3 else -2 * v) * (1.0 if -1 < v < 1 else 0.5)
    return s


@program()
def and_or_not(x):
    s = 0.0
    for v in x:
        if (v > 0 and not v > 1) or v < -1:
            s += v**3
    return s


@program()
def running_max(x):
    best = x[0]
    total = 0.0
    for i in range(len(x)):
        if x[i] > best:
            best = x[i]
        total += best * best
    return total


@program()
def builtin_extremes(x):
    s = 0.0
    for v in x:
        if v != 0.0:
            s += max(v, 0.1) * min(1.0, v, 0.7) + abs(v)
    return s


@program()
def clipping(x):
    y = x.copy()
    for i in range(y.size):
        if y[i] > 0.5:
            y[i] = 0.5
        elif y[i] < -0.5:
            y[i] = -0.5 + 0.1 * y[i]
    return np.sum(y * x)


@program()
def best_sum(x):
    best = here = x[0]
    for v in x[1:]:
        here = v if here < 0 else here + v
        if here > best:
            best = here
    return best * best


@program()
def integer_state(x):
    state, s = 0, 0.0
    for v in x:
        if state == 0:
            s += v
            state = 1 if v > 0 else 2
        elif state == 1:
            s += v * v
            state = 2
        else:
            s -= 0.5 * v
            state = 0
    return s + state


@program()
def widening(x):
    count, total = 0, 0
    for v in x:
        if v > 0:
            count += 1
            total += v * count
    return total


@program()
def tuples(x):
    ends = (0.0, 1.0)
    for v in x:
        low, high = ends
        ends = (low + v, high) if v > 0 else (high, low * v)
    return ends[0] * ends[1] + ends[0]


# -- where loops end -------------------------------------------------------------------------------


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


# -- loops in loops --------------------------------------------------------------------------------


@program(vector, (2, 9, 20))
def triangle(x):
    s = 0.0
    for i in range(len(x)):
        for j in range(i):
            if x[i] > x[j]:
                s += (x[i] - x[j]) * x[j]
    return s


@program(vector, (2, 9, 20))
def inner_break(x):
    s = 0.0
    for i in range(len(x)):
        t = 0.0
        for j in range(len(x)):
            t += x[j] * x[j]
            if t > 1.0 + i:
                break
        s += t * x[i]
    return s


@program(pair, (1, 6, 15))
def warping(x, y):
    n, m = len(x), len(y)
    d = np.full((n + 1, m + 1), np.inf)
    d[0, 0] = 0.0
    for i in range(n):
        for j in range(m):
            cost = (x[i] - y[j]) ** 2
            best = d[i, j]
            if d[i, j + 1] < best:
                best = d[i, j + 1]
            if d[i + 1, j] < best:
                best = d[i + 1, j]
            d[i + 1, j + 1] = cost + best
    return d[n, m]


@program(vector, (2, 9, 20))
def insertion_sort(x):
    a = x.copy()
    for i in range(1, len(a)):
        key = a[i]
        j = i - 1
        while j >= 0 and a[j] > key:
            a[j + 1] = a[j]
            j -= 1
        a[j + 1] = key
    s = 0.0
    for i in range(len(a)):
        s += i * a[i] ** 2 if a[i] != 0.0 else 1.0
    return s


# -- arrays ----------------------------------------------------------------------------------------


@program(positive, (3, 8, 30))
def tridiagonal(d):
    n = len(d)
    c, r = np.zeros(n), np.zeros(n)
    for i in range(n):
        below = 0.5 if i > 0 else 0.0
        scale = d[i] + 2 - below * (c[i - 1] if i > 0 else 0.0)
        c[i] = 0.5 / scale
        r[i] = (1.0 - below * (r[i - 1] if i > 0 else 0.0)) / scale
    return np.sum(r)


@program()
def swapped(x):
    old, new = x.copy(), np.zeros(len(x))
    for _ in range(6):
        for i in range(len(x)):
            left = old[i - 1] if i > 0 else 0.0
            new[i] = 0.7 * old[i] + 0.2 * left * old[i]
        old, new = new, old
    return np.sum(old)


@program()
def two_names(x):
    a = np.zeros(len(x))
    b = a
    for i in range(len(x)):
        if x[i] > 0:
            a[i] = x[i] ** 2
        else:
            b[i] = x[i]
    return np.sum(b * x)


@program(vector, (2, 9))
def rows(x):
    a = np.zeros((len(x), 3))
    for i in range(len(x)):
        row = a[i]
        if x[i] > 0:
            row[1] = x[i]
        row += 0.5 * x[i]
    return np.sum(a**2)


def _relu_into(out, x, k):
    for i in range(len(x)):
        if x[i] > k:
            out[i] += (x[i] - k) ** 2


@program()
def by_reference(x):
    out = np.zeros(len(x))
    for k in range(5):
        _relu_into(out, x, 0.1 * k)
    return out.sum()


def _soft(v):
    if v > 1:
        return v - 0.5
    if v < -1:
        return -v - 0.5
    return 0.5 * v * v


@program()
def helper_with_returns(x):
    s = 0.0
    for v in x:
        s += _soft(v) if v != 0.25 else 0.0
    return s


@program(vector, (2, 9))
def histogram(x):
    counts = np.zeros(4)
    for v in x:
        k = 0
        while k < 3 and v > -1.0 + k:
            k += 1
        counts[k] += v
    return np.sum(counts**2)


TABLE = np.array([0.5, 1.5, -0.5, 2.0, 3.0, 1.0])
STEPS = np.array([0.0, 0.4, 0.8, 1.2, 1.6, 2.0])


@program(positive)
def table_search(x):
    s = 0.0
    for v in x:
        k = 0
        while k < 4 and STEPS[k + 1] <= v:
            k += 1
        w = (v - STEPS[k]) / 0.4
        s += (1 - w) * TABLE[k] + w * TABLE[k + 1]
    return s


# -- what needs numbers ----------------------------------------------------------------------------


@program(vector, (2, 6))
def lists(x):
    kept = []
    for v in x:
        w = v * v
        kept.append(w if len(kept) % 2 else 2 * w)
    s = 0.0
    for k, w in enumerate(kept):
        s += k * w
    return s


@program(vector, (2, 8))
def prefixes(x):
    s = 0.0
    for i in range(len(x)):
        if i % 2 == 0:
            s += np.sum(x[: i + 1]) ** 2
    return s


@program(vector, (3, 10))
def zipped(x):
    s = 0.0
    for k, (a, b) in enumerate(zip(x, x[1:], strict=False)):  # noqa: RUF007  to be read
        if a < b:
            s += k * a * b
    return s


@program(positive)
def refused(x):
    s = 0.0
    for v in x:
        if v < 0:
            raise ValueError("negative")
        s += math.log(v)
    return s
