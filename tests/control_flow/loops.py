"""Programs that repeat: trip counts from data, break, continue, else, generators, recursion."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from typing import Any

import numpy as np

from control_flow.program import program


@program(never=(0.5,), once=(1.5,), thrice=(7.0,), often=(900.0,))
def halve_until_small(x: Any) -> Any:
    steps = 0
    while x > 1.0:
        x = x / 2.0
        steps += 1
    return x * x + steps


@program(short=(1.2,), long=(3.7,), empty=(-0.4,), single=(0.6,))
def power_by_rounding_up(x: Any) -> Any:
    result = 1.0
    for k in range(int(np.ceil(x))):
        result = result * (x + k)
    return result


@program(
    at_once=(np.array([-1.0, 2.0, 3.0, 4.0]),),
    midway=(np.array([1.0, 2.0, -3.0, 4.0]),),
    never=(np.array([1.0, 2.0, 3.0, 4.0]),),
)
def stop_at_first_negative(x: Any) -> Any:
    total = 1.0
    for v in x:
        if v < 0:
            total = total * np.exp(v)
            break
        total = total + v * v
    else:
        total = np.sqrt(total)
    return total


@program(
    none=(np.array([0.5, 1.5, 2.5, 0.75]),),
    one=(np.array([0.5, -1.5, 2.5, 0.75]),),
    alternate=(np.array([0.5, -1.5, 2.5, -0.75]),),
)
def skip_the_negative(x: Any) -> Any:
    total = 0.0
    for k, v in enumerate(x):
        if v < 0:
            continue
        total += (k + 1) * np.log1p(v)
    return total


@program(
    found=(np.array([[1.0, 2.0], [3.0, 4.0]]), 2.5),
    first=(np.array([[3.0, 2.0], [3.0, 4.0]]), 2.5),
    last=(np.array([[1.0, 2.0], [2.0, 4.0]]), 2.5),
    absent=(np.array([[1.0, 2.0], [2.0, 1.0]]), 2.5),
)
def search_in_rows(a: Any, limit: Any) -> Any:
    """A break out of two loops, by else and continue."""
    for i in range(2):
        for j in range(2):
            if a[i, j] > limit:
                break
        else:
            continue
        break
    else:
        return np.sum(a * a) * limit
    return a[i, j] ** 2 / limit


@program(one=(0.5,), two=(1.5,), five=(12.1,))
def nested_whiles(x: Any) -> Any:
    total = 0.0
    while x > 1.0:
        y = x
        while y > 2.0:
            y = y * 0.4
            total = total + y * y
        x = x - 2.5
    return total + x * x


def pieces(x: Any, step: float) -> Iterator[Any]:
    """x cut into steps, the remainder last."""
    while x > step:
        yield step
        x = x - step
    yield x


@program(whole=(0.7,), two=(1.8,), four=(3.1,))
def generator(x: Any) -> Any:
    return sum((k + 1) * np.sin(piece * x) for k, piece in enumerate(pieces(x, 1.0)))


@program(
    all_small=(np.array([0.1, 0.2, 0.3]),),
    one_large=(np.array([0.1, 2.0, 0.3]),),
    all_large=(np.array([1.1, 2.0, 3.0]),),
)
def comprehension_with_condition(x: Any) -> Any:
    large = [v**2 for v in x if v > 1.0]
    by_place = {k: np.sin(v) for k, v in enumerate(x) if v <= 1.0}
    return sum(large, 1.0) * sum(by_place.values(), 1.0)


def fibonacci(n: Any, x: Any) -> Any:
    return x if n < 1.0 else fibonacci(n - 1.0, x) + 0.5 * fibonacci(n - 2.0, x * x)


@program(flat=(0.5,), deep=(2.5,), deeper=(4.25,))
def recursion(x: Any) -> Any:
    return fibonacci(x, 0.1 * x)


def is_even(x: Any) -> Any:
    return x + 1.0 if x < 1.0 else is_odd(x - 1.0) * x


def is_odd(x: Any) -> Any:
    return np.exp(-x) if x < 1.0 else is_even(x - 1.0) - x


@program(zero=(0.5,), one=(1.5,), two=(2.5,), three=(3.5,))
def mutual_recursion(x: Any) -> Any:
    return is_even(x)


@program(
    trivial=(np.array([0.9, 3.5]),),
    euclid=(np.array([12.5, 18.25]),),
    coprime=(np.array([7.5, 5.5]),),
    swapped=(np.array([18.25, 12.5]),),
)
def greatest_common_divisor(x: Any) -> Any:
    a, b = int(x[0]), int(x[1])
    while b:
        a, b = b, a % b
    return a * x[0] * x[1]


@program(one=(1.3,), three=(3.6,), six=(6.2,))
def collatz(x: Any) -> Any:
    n, y = int(x), x
    while n != 1:
        if n % 2 == 0:
            n, y = n // 2, np.sqrt(y)
        else:
            n, y = 3 * n + 1, y * y + 1.0
            y = y / (1.0 + y)
    return y * x


@program(near_an_integer=(3.04,), root_of_a_half=(0.7071,), negative=(-1.29,), golden=(1.618,))
def continued_fraction(x: Any) -> Any:
    """The partial quotients of x, until their fraction is near."""
    quotients: list[float] = []
    rest = x
    while len(quotients) < 4:
        whole = np.floor(rest)
        quotients.append(float(int(whole)))
        if rest - whole < 0.1:
            break
        rest = 1.0 / (rest - whole)
    value = rest
    for q in reversed(quotients[:-1]):
        value = q + 1.0 / value
    return value * value + 0.01 * sum(quotients) * x


@program(small=(0.05,), moderate=(0.75,), large=(4.0,), negative=(-2.0,))
def exponential_series(x: Any) -> Any:
    total = term = 1.0 + 0.0 * x
    n = 1
    while abs(term) > 1e-13:
        term = term * x / n
        total = total + term
        n += 1
    return total


@program(quick=(1.0, 2.0), slow=(1.0, 40.0), far_apart=(0.05, 5.0))
def arithmetic_geometric_mean(a: Any, b: Any) -> Any:
    while abs(a - b) > 1e-12 * abs(a):
        a, b = 0.5 * (a + b), np.sqrt(a * b)
    return 0.5 * (a + b)


@program(at_once=(1.5, 1.0), soon=(0.6, 0.9), later=(0.45, 0.6), inside=(-0.1, 0.2))
def escape_time(re: Any, im: Any) -> Any:
    """The smooth count of the Mandelbrot set; points inside have none."""
    zr, zi = 0.0, 0.0
    for n in range(12):
        zr, zi = zr * zr - zi * zi + re, 2.0 * zr * zi + im
        square = zr * zr + zi * zi
        if square > 4.0:
            return n - np.log2(np.log(square))
    return square


@program(
    absorbed_high=(np.array([1.0, 1.5, 0.5]),),
    absorbed_low=(np.array([-1.0, 1.5, 0.5]),),
    survives=(np.array([0.1, 0.2, 0.3]),),
)
def walk_between_barriers(x: Any) -> Any:
    """Fixed steps of the table scaled by the data, until a barrier is met."""
    steps = (1.0, 0.5, -0.25, 1.25, 1.0, 0.75, 1.5)
    place, time = x[0], 0
    for step in steps:
        if not -0.9 < place < 3.0:
            break
        place = place + step * x[time % 3]
        time += 1
    return place * place * (1 + time)


@program(
    starts_off=(np.array([0.2, 0.3, 0.4, 0.1]),),
    on_and_off=(np.array([2.0, 0.3, 0.4, 3.0]),),
    locked=(np.array([2.0, 3.0, 4.0, 0.1]),),
)
def state_machine(x: Any) -> Any:
    state, charge = "off", 0.0
    for v in x:
        if state == "off":
            state = "on" if v > 1.0 else "off"
            charge = charge * 0.5
        elif state == "on":
            charge = charge + v * v
            state = "off" if v < 0.5 else "locked" if charge > 8.0 else "on"
        else:
            charge = charge - 0.1 * v
    return charge * x[0] + {"off": 0, "on": 1, "locked": 2}[state] * x[-1]


EXPRESSIONS = {
    0: "x y + x *",
    1: "x x * y max x -",
    2: "x y - abs y y * +",
}


@program(
    sum_and_product=(0, 1.5, 0.5),
    larger_left=(1, 2.0, 3.0),
    larger_right=(1, 1.0, 3.0),
    distance=(2, 1.0, 3.0),
)
def stack_evaluator(which: Any, x: Any, y: Any) -> Any:
    """A program in reverse Polish notation, chosen by an argument."""
    stack: list[Any] = []
    for word in EXPRESSIONS[int(which)].split():
        if word in "xy":
            stack.append(x if word == "x" else y)
        elif word == "abs":
            stack.append(abs(stack.pop()))
        else:
            right, left = stack.pop(), stack.pop()
            match word:
                case "+":
                    stack.append(left + right)
                case "-":
                    stack.append(left - right)
                case "*":
                    stack.append(left * right)
                case "max":
                    stack.append(left if left > right else right)
    return stack.pop()


@program(first=(0.6, 5), second=(1.4, 5), cut=(1.4, 3), none=(0.6, 0))
def count_given_as_an_argument(x: Any, n: Any) -> Any:
    total = x
    for k in range(n):
        total = total + x**k if total < 3.0 else total / 2.0
    return total


@program(
    flat=([1.0, 2.0, 3.0],),
    steep=([1.0, 5.0, 3.0],),
    steep_twice=([1.0, 4.0, 8.0],),
)
def pairs(xs: Any) -> Any:
    slopes = [b - a for a, b in itertools.pairwise(xs)]
    kept = list(filter(lambda s: s > 1.5, slopes)) or [xs[0]]
    return sum(map(lambda s: s**3, kept)) * xs[-1]
