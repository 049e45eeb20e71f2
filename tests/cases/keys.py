"""What tells calls apart: the order of dicts, types that compare equal, promoted dtypes."""

from __future__ import annotations

import decimal
import enum
import fractions
from collections import OrderedDict
from typing import Any

import numpy as np

import jitad
from cases import case

X = np.array([1.0, 2.0, 3.0])
A = np.arange(6.0).reshape(2, 3)


def _values(d: Any) -> Any:
    return np.stack(list(d.values()))


@case
def dict_of_another_order() -> Any:
    f = jitad.jit(_values)
    orders = [{"b": 1.0, "a": 2.0}, {"a": 2.0, "b": 1.0}, {"b": 1.0, "a": 2.0}]
    return [f(d) for d in (*orders, *orders)], [[1, 2], [2, 1], [1, 2]] * 2


@case
def named_arguments_of_another_order() -> Any:
    f = jitad.jit(lambda **named: _values(named))
    return [f(b=1.0, a=2.0), f(a=2.0, b=1.0), f(a=2.0, b=1.0)], [[1, 2], [2, 1], [2, 1]]


@case
def inner_dict_of_another_order() -> Any:
    f = jitad.value_and_grad(lambda t: np.dot(_values(t[0]["d"]), X[:2]))
    one, other = ([{"d": {"q": 3.0, "p": 5.0}}],), ([{"d": {"p": 5.0, "q": 3.0}}],)
    return [f(*one)[0], f(*other)[0], f(*other)[1][0]["d"]["p"]], [13.0, 11.0, 1.0]


@case
def ordered_dict_of_another_order() -> Any:
    f = jitad.jit(_values)
    one, other = OrderedDict(b=1.0, a=2.0), OrderedDict(a=2.0, b=1.0)
    return [f(one), f(other), f(one)], [[1, 2], [2, 1], [1, 2]]


@case
def kernel_of_a_dict_of_another_order() -> Any:
    kernel = jitad.compile(_values, {"b": 1.0, "a": 2.0})
    try:
        return kernel({"a": 2.0, "b": 1.0}), [2.0, 1.0]
    except jitad.ShapeError:
        return kernel({"b": 5.0, "a": 2.0}), [5.0, 2.0]


@case
def transforms_of_a_dict_of_another_order() -> Any:
    def f(d: Any) -> Any:
        return _values(d)[0] * 10 + _values(d)[1]

    one, other = {"b": 1.0, "a": 2.0}, {"a": 2.0, "b": 1.0}
    unit = {"a": 1.0, "b": 0.0}
    return [
        *(jitad.jvp(f, (d,), (dict(sorted(unit.items())),))[1] for d in (one, other)),
        *(jitad.vjp(f, d)[1](1.0)[0]["a"] for d in (one, other)),
    ], [1.0, 10.0, 1.0, 10.0]


@case
def vmap_of_a_dict_of_another_order() -> Any:
    f = jitad.vmap(_values)
    one, other = {"b": X, "a": X + 3}, {"a": X + 3, "b": X}
    return [f(one)[0], f(other)[0]], [[1, 4], [4, 1]]


@case
def keys_that_compare_equal() -> Any:
    f = jitad.jit(lambda d: np.stack([d[k] * (2 if k is True else 1) for k in d]))
    return [f({1: 1.0}), f({True: 1.0}), f({1.0: 1.0})], [[1.0], [2.0], [1.0]]


class _Level(enum.IntEnum):
    LOW = 1


@case
def constants_that_compare_equal() -> Any:
    f = jitad.jit(lambda x, c: x * len(repr(c)))
    one = fractions.Fraction(1)
    given = [decimal.Decimal("1.0"), decimal.Decimal("1.00"), one, frozenset({1})]
    given += [frozenset({True}), frozenset({1.0})]
    return [f(1.0, c) for c in given], [float(len(repr(c))) for c in given]


@case
def numbers_that_compare_equal() -> Any:
    f = jitad.jit(lambda x, k: x * (k + k))
    return [float(f(1.0, k)) for k in (True, 1, 1.0, np.True_, _Level.LOW)], [2, 2, 2, 1, 2]


@case
def equal_objects_are_not_one() -> Any:
    class Equal:
        def __init__(self, k: float) -> None:
            self.k = k

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 1

    f = jitad.grad(lambda x, m: x * m.k)
    return [f(2.0, Equal(3.0)), f(2.0, Equal(7.0))], [3.0, 7.0]


@case
def signs_of_zero_in_complex_constants() -> Any:
    f = jitad.jit(lambda x: np.stack([np.copysign(x, complex(1, s).imag) for s in (0.0, -0.0)]))
    g = jitad.jit(lambda z: [np.add(z, complex(1, s)).imag for s in (0.0, -0.0)])
    z = complex(0.0, -0.0)
    got = [np.copysign(1.0, x) for x in g(z)]
    return [*f(1.0), *got], [1, -1, 1, -1]


@case
def float32_to_the_power_of_a_float64() -> Any:
    x = np.ones(3, np.float32)
    powers = (np.float64(0.5), np.float64(2), np.float32(0.5), 0.5, 2, np.int64(2), np.array(0.5))
    got = [str(jitad.jit(lambda x, p=p: x**p)(x).dtype) for p in powers]
    # By NEP 50; before 2.3 NumPy's operator takes the exponents of 2 and 0.5 for weak ones.
    return " ".join(got), "float64 float64 float32 float32 float32 float64 float64"


@case
def orders_in_memory() -> Any:
    def both(f: Any, x: Any) -> Any:
        return jitad.jit(f)(x), f(x)

    given = [
        *(both(lambda x, o=o: x.T.ravel(order=o), A) for o in "CFAK"),
        *(both(lambda x, o=o: x.ravel(order=o), np.asfortranarray(A)) for o in "CFAK"),
        *(both(lambda x, o=o: np.sin(x.T).flatten(order=o), A) for o in "CFAK"),
        *(both(lambda x, o=o: np.reshape(x.T[:, :1] * 2, -1, order=o), A) for o in "CFA"),
        *(both(lambda x, o=o: (x.T + x.T).reshape(2, 3, order=o).ravel(), A) for o in "CFA"),
    ]
    return tuple(np.concatenate([np.ravel(pair[k]) for pair in given]) for k in (0, 1))


@case
def one_function_for_both_orders_in_memory() -> Any:
    f = jitad.jit(lambda x: x.ravel(order="A"))
    return [f(A), f(np.asfortranarray(A)), f(A)], [A.ravel(), A.ravel(order="F"), A.ravel()]


@case
def decimal_digits_of_pythons_floats() -> Any:
    wrong = []
    for digits in (1, 2, 5, 10, -1, 0):
        f = jitad.jit(lambda x, digits=digits: round(x, digits))
        given = [2.675, 1.005, 0.05, -0.15, 0.125, 1e300, 5e-324, 1234567.891234565, 0.35]
        given += [(10 * k + 5) / 10.0 ** (digits + 1) for k in range(0, 3000, 37)]
        wrong += [(x, digits) for x in given if float(f(x)) != round(x, digits)]
    arrays = jitad.jit(lambda x: np.round(x, 2))(np.float64(2.675))
    return (str(wrong), arrays), ("[]", np.round(np.float64(2.675), 2))


@case
def arithmetic_of_pythons_bools() -> Any:
    f = jitad.jit(lambda p, q: np.stack([p + q, p * q, p - q, -p, +p, p // q, p % q, p**2]))
    return f(True, True), [2, 1, 0, -1, 1, 1, 0, 1]


class _Mode(enum.IntEnum):
    SLOW = 1
    FAST = 2


@case
def members_of_an_enumeration_of_integers() -> Any:
    f = jitad.jit(lambda x, mode: x * (10.0 if mode is _Mode.FAST else mode))
    return [f(3.0, _Mode.SLOW), f(3.0, _Mode.FAST), f(3.0, 2)], [3.0, 30.0, 6.0]


@case
def types_of_numbers_as_arguments() -> Any:
    f = jitad.jit(lambda x, kind: x.astype(kind))
    kinds = (np.float32, np.float64, float, np.dtype("float32"))
    return " ".join(str(f(X, kind).dtype) for kind in kinds), "float32 float64 float64 float32"


@case
def errors_name_the_line_of_their_own_function() -> Any:
    """Programs that differ by their lines alone share no code that speaks of lines."""

    def first(x: Any, i: Any) -> Any:
        return x[i] * 2.0

    def second(x: Any, i: Any) -> Any:
        # its line is another one
        return x[i] * 2.0

    found: list[int] = []
    for f in (first, second):
        try:
            jitad.jit(f)(np.arange(3.0), np.array([5]))
        except jitad.ShapeError as error:
            assert error.line is not None
            found.append(error.line.line - f.__code__.co_firstlineno)
    return found, [1, 2]


@case
def numbers_of_python_and_numpys_in_one_body() -> Any:
    """A number is read in a body as NumPy's, and as Python's, which promotes nothing."""

    def f(x: Any, v: Any) -> Any:
        n = x.item()
        return jitad.cond(v[0] > 0, lambda: (v * x, v * n), lambda: (v + x, v - n))

    found = jitad.jit(f)(np.float64(3.0), np.ones(2, np.float32))
    return " ".join(str(y.dtype) for y in found), "float64 float32"


@case
def programs_of_other_results_do_not_share_code() -> Any:
    def one_of_two(k: int) -> Any:
        return lambda x: (x * 2.0, x + 1.0)[k]

    return [float(jitad.jit(one_of_two(k))(5.0)) for k in range(2)], [10.0, 6.0]


@case
def shapes_that_differ_in_their_last_axis() -> Any:
    f = jitad.jit(lambda x: np.sum(x, axis=0))
    return tuple(f(np.ones((3, n))) for n in (4, 5, 4, 2)), tuple(
        np.full(n, 3.0) for n in (4, 5, 4, 2)
    )
