"""Programs that choose: nested conditions, early return, short circuits, dispatch, exceptions."""

from __future__ import annotations

from typing import Any

import numpy as np

from control_flow.program import program


@program(
    both=(1.5, 0.5),
    first=(1.5, -0.5),
    second=(-1.5, 0.5),
    neither=(-1.5, -0.5),
    far=(5.0, 0.5),
)
def nested_conditions(x: Any, y: Any) -> Any:
    if x > 0:
        if y > 0:
            if x * y > 2.0:
                return np.log(x * y)
            z = np.sin(x) * y
        else:
            z = np.exp(y) - x
    elif y > 0:
        z = x * x * y
    else:
        z = np.cos(x * y)
    return z * z + x


@program(
    negative=(np.array([-1.0, 2.0, 3.0]),),
    small=(np.array([0.25, 0.5, 0.125]),),
    ordered=(np.array([1.0, 2.0, 3.0]),),
    otherwise=(np.array([3.0, 2.0, 1.0]),),
)
def early_return(x: Any) -> Any:
    if np.min(x) < 0:
        return np.sum(x**3)
    total = np.sum(x * x)
    if total < 1.0:
        return np.sqrt(total)
    if x[0] < x[-1]:
        return np.log(total) * x[1]
    return total / x[0]


@program(inside=(0.4,), below=(-0.3,), above=(1.7,), far=(2.6,))
def chained_comparison(x: Any) -> Any:
    if 0.0 < x <= 1.0:
        return x * np.exp(x)
    if -1.0 < x < 0.0 or 2.0 <= x < 3.0:
        return np.sin(3.0 * x)
    return 1.0 / x


@program(
    clamped_low=(-2.0, 0.5, 1.5),
    clamped_high=(4.0, 0.5, 1.5),
    between=(1.0, 0.5, 1.5),
    swapped=(1.0, 1.75, 0.25),
)
def ternaries(x: Any, low: Any, high: Any) -> Any:
    a, b = (low, high) if low <= high else (high, low)
    y = a if x < a else b if x > b else x
    return y * y + (np.sin(x) if x > 0 else np.cos(x)) * (b - a)


@program(
    guarded=(-1.0, 3.0),
    ratio=(2.0, 3.0),
    negative=(2.0, -3.0),
    small_ratio=(2.0, 1.0),
    large=(6.0, 1.0),
)
def short_circuits(x: Any, y: Any) -> Any:
    """The root must not be taken where the first condition fails."""
    if x > 0 and np.sqrt(x) < y:
        return np.sqrt(x) * y
    if y < 0 or x > 5.0:
        return x * y
    return (not x < 0 and x * x) or 2.0 * y


@program(zero=(0.3,), one=(1.6,), two=(2.2,), many=(7.5,), below=(-1.2,))
def match_statement(x: Any) -> Any:
    match int(x):
        case 0:
            return np.exp(x)
        case 1:
            return x**3
        case 2 | 3:
            return np.sin(x) * x
        case n if n > 3:
            return n * x
        case _:
            return x * x


DISPATCH = {0: np.sin, 1: np.cos, 2: np.exp, 3: lambda x: 1.0 / (1.0 + x * x)}


@program(sine=(0.7,), cosine=(1.3,), exponential=(2.9,), rational=(3.1,), again=(4.7,))
def dispatch_by_number(x: Any) -> Any:
    return DISPATCH[int(x) % 4](x) * x


TABLE = [0.5, -1.0, 2.0, 0.25, 3.0, -0.75]


@program(first=(0.4,), second=(1.5,), third=(2.25,), fourth=(3.8,), outside=(7.0,))
def table_by_number(x: Any) -> Any:
    k = int(x)
    if k >= len(TABLE) - 1:
        return TABLE[-1] * x
    t = x - k
    return TABLE[k] * (1.0 - t) + TABLE[k + 1] * t * t


@program(
    good=(np.array([1.5, 1.0]),),
    refused=(np.array([0.5, -1.0]),),
    outside=(np.array([4.5, 1.0]),),
)
def exceptions(x: Any) -> Any:
    try:
        if x[1] < 0:
            raise ValueError("negative")
        weight = TABLE[int(x[0]) * 2]
    except ValueError:
        weight = x[1] * x[1]
    except IndexError:
        weight = np.exp(-x[0])
    else:
        weight = weight * x[1]
    finally:
        scale = 1.0 + x[0]
    return weight * scale


@program(passes=(0.5, 2.0), fails=(1.5, 2.0), fails_far=(5.0, 2.0))
def assertion(x: Any, limit: Any) -> Any:
    try:
        assert 0.0 < x < 1.0, "x lies outside of the unit interval"
        return np.log(x / (1.0 - x)) * limit
    except AssertionError:
        if x > limit:
            return limit * limit * x
        return x * limit


@program(up=(0.8,), down=(-0.8,), steep=(3.5,))
def closures(x: Any) -> Any:
    def powers(n: int) -> Any:
        return lambda y: y**n

    steep = powers(4) if x > 3.0 else powers(2)
    chosen = steep if x > 0 else powers(3)
    return chosen(x) + chosen(2.0 * x)


@program(
    first=(np.array([3.0, 1.0, 2.0]),),
    second=(np.array([1.0, 3.0, 2.0]),),
    third=(np.array([1.0, 2.0, 3.0]),),
)
def choice_by_argmax(x: Any) -> Any:
    k = int(np.argmax(x))
    rest = [x[i] for i in range(len(x)) if i != k]
    return x[k] ** 2 * (k + 1) - rest[0] * rest[1]


@program(
    none=(np.array([-1.0, -2.0, -0.5]),),
    some=(np.array([1.0, -2.0, 0.5]),),
    all_of_them=(np.array([1.0, 2.0, 0.5]),),
)
def any_and_all(x: Any) -> Any:
    if all(v > 0 for v in x):
        return np.prod(x)
    if any(v > 0 for v in x):
        return sum(v * v for v in x if v > 0)
    return np.sum(np.exp(x))


@program(
    first=(1.0, 2.0, 3.0),
    second=(2.0, 1.0, 3.0),
    third=(3.0, 2.0, 1.0),
    falling=(1.0, 2.0, -3.0),
)
def builtin_extremes(x: Any, y: Any, z: Any) -> Any:
    low, high = min(x, y, z), max([x, y, z], key=abs)
    return low * low * high + abs(x - z) * y


@program(
    left=(np.array([0.25, -1.0]),),
    right=(np.array([2.5, 0.5]),),
    inside=(np.array([1.5, 0.5]),),
)
def clip_by_hand(x: Any) -> Any:
    y = max(1.0, min(x[0], 2.0))
    return y**2 * x[1] + np.clip(x[1], -0.75, 3.0) * x[0]


@program(
    square=("square", 1.5),
    cube=("cube", 1.5),
    cube_below=("cube", -1.5),
    neither=(None, 1.5),
)
def constants_and_values_decide(kind: str | None, x: Any) -> Any:
    if kind is None:
        return x
    if kind == "square":
        return x * x
    return x**3 if x > 0 else -2.0 * x


class Switch:
    """An object whose methods branch on what it has seen."""

    def __init__(self, threshold: float) -> None:
        self.threshold = threshold
        self.seen: list[Any] = []

    def push(self, x: Any) -> Switch:
        self.seen.append(x * x if x > self.threshold else -x)
        return self

    @property
    def total(self) -> Any:
        return sum(self.seen)


@program(
    low=(np.array([0.1, 0.2]),),
    mixed=(np.array([0.1, 2.0]),),
    high=(np.array([3.0, 2.0]),),
)
def object_with_state(x: Any) -> Any:
    switch = Switch(0.5)
    for v in x:
        switch.push(v)
    switch.threshold = 10.0
    return switch.push(np.sum(x)).total * x[0]


@program(
    positive=(np.array([1.0, 2.0]), np.array([0.5, 3.0])),
    obtuse=(np.array([1.0, 2.0]), np.array([0.5, -3.0])),
    short=(np.array([0.1, 0.2]), np.array([0.5, 3.0])),
)
def branch_on_a_reduction(x: Any, y: Any) -> Any:
    if np.linalg.norm(x) < 1.0:
        return np.sum(x) * y[0]
    if x @ y > 0:
        return np.sqrt(x @ y)
    return (x @ y) ** 2
