"""Programs on the edge: most that jitad refuses, or answers otherwise than Python, and say why."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from control_flow.program import program


@program(
    one=(np.array([-1.0, 2.0, -3.0]),),
    two=(np.array([1.0, 2.0, -3.0]),),
)
def where_of_a_condition(x: Any) -> Any:
    (places,) = np.where(x > 0)
    return np.sum(x[places] ** 2) * len(places)


@program(
    yes=(1.5, True),
    no=(1.5, False),
)
def flag_as_a_place(x: Any, flag: Any) -> Any:
    return (x, x * x)[flag]


@program(
    two=(2.25,),
    three=(1.5,),
)
def divmod_of_a_constant(x: Any) -> Any:
    quotient, rest = divmod(5.0, x)
    return rest * x if int(quotient) > 2 else rest * rest


@program(
    2,
    first=(np.array([3.0, 1.0]),),
    second=(np.array([1.0, 3.0]),),
)
def enumerate_an_array(x: Any) -> Any:
    return sum(v**2 * k for (k,), v in np.ndenumerate(x) if v < 2.0)


@program(
    first=(1, 0.5),
    second=(2, 0.5),
)
def integer_as_a_key(n: Any, x: Any) -> Any:
    return {1: np.sin, 2: np.cos}[n](x)


@program(
    2,
    low=(1.5,),
    high=(2.5,),
)
def integer_by_numpy(x: Any) -> Any:
    return x ** np.int64(x)


@program(
    2,
    low=(5, 0.5),
    high=(9, 0.5),
)
def methods_of_numbers(n: Any, x: Any) -> Any:
    return x ** n.bit_length()


@program(
    2,
    up=(1.5,),
    down=(-1.5,),
)
def array_with_a_dtype(x: Any) -> Any:
    row = np.array([x, 1.0], dtype=float)
    return np.sum(row**2) if x > 0 else np.prod(row)


@program(
    divides=(4.0, 2),
    by_zero=(4.0, 0),
)
def zero_division(x: Any, n: Any) -> Any:
    try:
        return x * x / n
    except ZeroDivisionError:
        return -x


@program(
    two=(2.25,),
    three=(2.75,),
)
def text_decides(x: Any) -> Any:
    return {"2": 1.0, "3": -1.0}[f"{x:.0f}"] * x


@program(
    positive=(2.25,),
    negative=(-2.25,),
)
def type_decides(x: Any) -> Any:
    if type(x) is float and type(x > 0) is bool:
        return abs(x) if x > 0 else x * x
    return x


@program(
    inside=(2.5, 1),
    pole=(2.5, 0),
    outside=(2.5, -1),
)
def domain_of_a_function(x: Any, n: Any) -> Any:
    try:
        return math.log(x * n)
    except ValueError:
        return x * x if n < 0 else 3.0 * x


@program(
    inside=(2.5,),
    beyond=(800.0,),
)
def overflow_of_a_function(x: Any) -> Any:
    try:
        return math.exp(x)
    except ArithmeticError:
        return math.sqrt(x)


def _ratio(x: Any, n: Any) -> Any:
    return x // n * x + x % n * x + float(n) ** -2


@program(
    divides=(2.5, 2),
    by_zero=(2.5, 0),
)
def caller_catches(x: Any, n: Any) -> Any:
    try:
        return _ratio(x, n)
    except ArithmeticError:
        return 2.0 * x


@program(
    divides=(2.5, 2),
    by_zero=(2.5, 0),
)
def caught_power(x: Any, n: Any) -> Any:
    try:
        return float(n) ** -2 * x
    except ZeroDivisionError:
        return x * x
