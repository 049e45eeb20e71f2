"""Programs that decide by means of Python's library and NumPy: predicates, places, slices."""

from __future__ import annotations

import functools
import itertools
import math
from collections import Counter, defaultdict, deque
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from control_flow.program import program


@program(low=(1.25,), high=(2.25,), negative=(-1.75,))
def rounding_decides(x: Any) -> Any:
    n = round(x)
    quotient, rest = divmod(x, 1.0)
    return x**n if n > 1 else rest * x + n if quotient > 0 else rest**2


@program(
    prefix=(np.array([0.1, 0.2, 5.0, 0.3]),),
    nothing=(np.array([5.0, 0.2, 0.1, 0.3]),),
    everything=(np.array([0.1, 0.2, 0.4, 0.3]),),
)
def takewhile_and_reduce(x: Any) -> Any:
    first = list(itertools.takewhile(lambda v: v < 1.0, x))
    later = list(itertools.dropwhile(lambda v: v < 1.0, x))
    product = functools.reduce(lambda a, b: a * b, first, 1.0)
    return product + sum(v * v for v in later)


@program(
    found=(np.array([0.5, 2.0, 3.0]),),
    found_last=(np.array([0.5, 0.25, 3.0]),),
    default=(np.array([0.5, 0.25, 0.75]),),
)
def next_with_default(x: Any) -> Any:
    return next((v**2 for v in x if v > 1.0), x[0]) * x[2]


@program(two=(2.4,), three=(3.7,), none=(0.3,))
def slices_by_number(x: Any) -> Any:
    table = np.arange(1.0, 6.0) * x
    n = int(x)
    return np.sum(table[:n] ** 2) + np.prod(table[n:])


@program(coarse=(2.3, 3.0), fine=(4.8, 3.0), finest=(8.1, 3.0))
def grid_size_from_data(n: Any, end: Any) -> Any:
    x = np.linspace(0.0, end, int(n) + 1)
    y = np.sin(x)
    return np.sum(0.5 * (y[1:] + y[:-1]) * (x[1:] - x[:-1])) * n


@program(
    close=(np.array([1.0, 2.0]), np.array([1.05, 2.05])),
    first_differs=(np.array([1.0, 2.0]), np.array([4.0, 2.05])),
)
def closeness_decides(x: Any, y: Any) -> Any:
    if np.allclose(x, y, atol=0.25):
        return np.sum(x * y)
    return np.sum((x - y) ** 2) if np.any(np.isclose(x, y, atol=0.25)) else 0.0


@program(
    rising=(np.array([1.0, 2.0, 3.0]),),
    falling=(np.array([3.0, 2.0, 1.0]),),
    mixed=(np.array([2.0, 3.0, 1.0]),),
)
def argsort_as_numbers(x: Any) -> Any:
    order = [int(k) for k in np.argsort(x)]
    result = 0.0
    for rank, k in enumerate(order):
        result = result + (rank + 1) * x[k] ** 2 * x[(k + 1) % 3]
    return result


@program(
    first=(0.2, np.array([0.0, 1.0, 2.0])),
    second=(1.3, np.array([0.0, 1.0, 2.0])),
    beyond=(2.5, np.array([0.0, 1.0, 2.0])),
)
def searchsorted_as_a_number(x: Any, knots: Any) -> Any:
    k = int(np.searchsorted(knots, x))
    if k == len(knots):
        return (x - knots[-1]) ** 2
    return (x - knots[k - 1]) / (knots[k] - knots[k - 1]) * (k + 1)


@program(
    spread=(np.array([0.5, 1.5, 2.5]),),
    together=(np.array([0.25, 0.5, 0.75]),),
    pair=(np.array([0.5, 1.5, 1.75]),),
)
def histogram_in_a_dictionary(x: Any) -> Any:
    bins: dict[int, list[Any]] = defaultdict(list)
    for v in x:
        bins[int(v)].append(v)
    ((_, most),) = Counter(int(v) for v in x).most_common(1)
    return sum(np.prod(np.stack(vs)) for vs in bins.values()) * most


@program(
    short=(np.array([0.1, 0.2, 0.3, 0.4]),),
    flushed_once=(np.array([0.6, 0.7, 0.3, 0.4]),),
    flushed_twice=(np.array([0.6, 0.7, 0.9, 0.4]),),
)
def queue_with_a_limit(x: Any) -> Any:
    queue: deque[Any] = deque()
    total = 0.0
    for v in x:
        queue.append(v)
        while sum(queue) > 1.2:
            total = total + queue.popleft() ** 2
    return total + sum(queue)


@program(
    inside=(np.array([0.5, 0.5]),),
    outside=(np.array([0.5, 1.5]),),
)
def array_predicates(x: Any) -> Any:
    inside = np.logical_and(x > 0, x < 1).all()
    if not inside:
        return x[np.flatnonzero(x > 1)].sum() ** 2
    return np.where(x > 0.25, x, 0.0).prod()


@program(
    kept=(np.array([[1.0, 2.0], [3.0, 4.0]]),),
    row_dropped=(np.array([[1.0, -2.0], [3.0, 4.0]]),),
    column_changes=(np.array([[1.0, 2.0], [-3.0, 4.0]]),),
)
def masks_of_rows(a: Any) -> Any:
    rows = a[(a > 0).all(axis=1)]
    return np.sum(rows**3) / len(rows) + np.sum(np.compress((a[1] > 0), a, axis=1))


@contextmanager
def scaled(values: list[Any], factor: Any) -> Iterator[list[Any]]:
    for k in range(len(values)):
        values[k] = values[k] * factor
    try:
        yield values
    finally:
        values.append(factor)


@program(goes_through=(0.5,), raises=(2.5,))
def context_manager(x: Any) -> Any:
    values = [x, x * x]
    try:
        with scaled(values, 3.0 * x):
            if values[1] > 5.0:
                raise OverflowError
            values.append(1.0)
    except OverflowError:
        return values[-1] * values[0]
    return sum(values)


class Stop(Exception):
    """Leaves two functions at once, with a traced value."""

    def __init__(self, value: Any) -> None:
        super().__init__("stopped")
        self.value = value


def add_until(total: Any, x: Any, limit: Any) -> Any:
    if total > limit:
        raise Stop(total * total)
    return total + x


@program(
    stops=(np.array([1.0, 2.0, 0.5]), 2.5),
    stops_early=(np.array([3.0, 2.0, 0.5]), 2.5),
    ends=(np.array([1.0, 1.0, 0.25]), 2.5),
)
def exception_with_a_value(x: Any, limit: Any) -> Any:
    total = 0.0
    try:
        for v in [*x, 0.0]:
            total = add_until(total, v, limit)
    except Stop as stop:
        return stop.value / limit
    return total


@program(small=(0.5,), medium=(1.5,), large=(3.0,))
def assignment_in_a_condition(x: Any) -> Any:
    if (y := x * x) < 1.0:
        return y
    while (y := y / 2.0) > 1.0:
        x = x + y
    return x * y


@program(
    sum_of_two=([np.array([1.0, 2.0]), np.array([-1.0, 0.5])],),
    first_only=([np.array([1.0, 2.0]), np.array([-1.0, -0.5])],),
    second_only=([np.array([-1.0, -2.0]), np.array([1.0, 0.5])],),
)
def list_of_arrays(xs: Any) -> Any:
    kept = [x for x in xs if np.max(x) > 0]
    return sum(kept) * max(kept, key=lambda x: x[0])


@program(
    up=(1.5, 0.5),
    down=(-1.5, 0.5),
    both=(1.5, -0.5),
)
def signs_and_copies(x: Any, y: Any) -> Any:
    sign = np.sign(x)
    if sign > 0:
        return np.copysign(x, y) ** 3 if y > 0 else np.copysign(x * x, y)
    return sign * x * y


@program(
    converges=(0.3,),
    converges_slowly=(0.6,),
    diverges=(1.4,),
)
def geometric_series_or_nan(x: Any) -> Any:
    term, total = 1.0 + 0.0 * x, 0.0
    for _ in range(40):
        if not np.isfinite(term) or term > 50.0:
            return x - 1.0
        total, term = total + term, term * x
        if term < 1e-3:
            break
    return total


@program(
    one=(np.array([1.0, 1.5]), 0.5),
    other=(np.array([1.5, 1.0]), 0.5),
    third=(np.array([1.5, 1.0]), 3.5),
)
def tuples_compare(x: Any, y: Any) -> Any:
    """The larger of two tuples, element by element."""
    first, second = (x[0], y), (x[1], 2.0 * y)
    larger = max(first, second)
    return larger[0] ** 2 * larger[1] if y < 3.0 else larger[0] + y


@program(
    integers=(5, 3, 1.5),
    remainder=(6, 4, 1.5),
    larger=(12, 5, 1.5),
)
def loops_over_integers(n: Any, m: Any, x: Any) -> Any:
    """Integers that are traced arguments, in range, //, % and as exponents."""
    y = x
    for k in range(m, n):
        y = y + x ** (k // 2) if k % 2 else y - x / (k + 1)
    return y * (n // m) + (n & m)


@program(
    identity=(np.array([1.0, 2.0, 3.0]), "forward"),
    back=(np.array([1.0, 2.0, 3.0]), "backward"),
    back_limited=(np.array([1.0, 2.0, 30.0]), "backward"),
)
def accumulate_in_either_direction(x: Any, direction: str) -> Any:
    xs = x if direction == "forward" else x[::-1]
    return np.stack(list(itertools.accumulate(xs, lambda a, b: a * b if a < 10.0 else a + b)))


@program(
    low_bits=(0.7,),
    some_bits=(5.3,),
    more_bits=(13.9,),
)
def power_by_squaring(x: Any) -> Any:
    n, base, result = int(x), 1.0 + x / 20.0, 1.0
    while n:
        if n & 1:
            result = result * base
        base, n = base * base, n >> 1
    return result


@program(two=(np.array([1.0, 2.0]), 2), three=(np.array([1.0, 2.0]), 3))
def repeat_by_an_argument(x: Any, n: Any) -> Any:
    return np.sum(np.cumprod(np.repeat(x, n)))


@program(low=(1.25,), high=(2.75,), negative=(-1.5,), near_zero=(0.001,))
def functions_of_math(x: Any) -> Any:
    if math.isclose(x, 0.0, abs_tol=0.1):
        return math.expm1(x) * 2.0
    if math.floor(x) < 0:
        return math.exp(x) + math.pi
    return math.hypot(x, 1.0) if math.fabs(x) < 2 else math.log(x) * math.ceil(x)


@program(low=(0.5, 3.0), high=(4.5, 3.0), far=(7.5, 3.0))
def numbers_that_only_decide(x: Any, limit: Any) -> Any:
    """float() of what no derivative passes through."""
    if round(float(x)) > 2 * float(limit):
        return x * limit
    return x**2 * limit if float(x) < float(limit) else x + limit**3
