"""Statements of Python's around numbers."""

from __future__ import annotations

import contextlib
import math
import warnings

import numpy as np

from idioms.case import case


@case
def asserted(x):
    assert x.ndim == 1 and len(x) == 4, "bad"
    return np.prod(x)


@case
def raised(x):
    if np.any(x < -5):
        raise ValueError("neg")
    return np.sum(np.sqrt(x))


@case
def walrus(x):
    if (s := np.sum(x)) > 2:
        return s * 2
    return s


@case
def matched(x):
    match x.shape:
        case (n,):
            return x[0] * n
        case _:
            return 0.0


@case
def while_tol(x):
    y = x[0]
    for _ in range(50):
        new = 0.5 * (y + x[1] / y)
        if abs(new - y) < 1e-12:
            break
        y = new
    return y


@case
def newton_while(x):
    y, it = x[0] + 1, 0
    while abs(y * y - x[1]) > 1e-10 and it < 100:
        y -= (y * y - x[1]) / (2 * y)
        it += 1
    return y


@case
def conditional_shape(x):
    y = x if x[0] > 0 else x[:2]
    return np.sum(y * y)


@case
def strings(x):
    name = f"k{len(x)}"
    return np.sum(x) * len(name)


@case
def formatted(x):
    msg = f"{len(x):d} items"
    m2 = f"{len(x):03d} {msg!r}"
    return np.sum(x) * len(m2)


@case
def try_keyerror(x):
    d = {"a": 2.0}
    try:
        s = d["b"]
    except KeyError:
        s = 3.0
    return s * np.sum(x)


@case
def try_finally(x):
    log = []
    try:
        return np.sum(x) * 2
    finally:
        log.append(1)


@case
def zero_div(x):
    try:
        return np.sum(x) / float(x[0] - x[0] + 1)
    except ZeroDivisionError:
        return 0.0


@case
def intloop(x):
    n = int(np.ceil(x[2]))
    s = 0.0
    for k in range(n):
        s += x[0] ** k
    return s


@case
def ternary_chain(x):
    return x[0] if 0 < x[0] < 0.5 else (x[1] if x[1] < 1 else x[2])


@case
def swap(x):
    a, b = x[0], x[1]
    for _ in range(5):
        a, b = b, a + b * 0.1
    return a * b


@case
def bisect_(x):
    return x[0] * sum(1 for v in x if v > 1)


@case
def warn(x):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return np.sum(np.log(x))


TURNS = np.array([0.7, -1.3, 1.1, 0.4, -0.2, 1.9, 0.6])


@case(TURNS)
def out_of_a_context(x):
    s, word = 0.0, "a"
    for v in x:
        with np.errstate(all="ignore"):
            if word == "b":
                break
            s += v * v
        word = "b" if s > 3.0 else word
    return s


class Seen:
    """One of many."""


@case(TURNS)
def another_object_in_each_turn(x):
    seen, s = None, 0.0
    for v in x:
        s += v if seen is None else 0.5 * v
        seen = Seen() if v > 0 else None
    return s


# -- what handlers are of, by other names ----------------------------------------------------------

Negative = ValueError
ERRORS = (KeyError, Negative)


class Library:
    Failed = np.linalg.LinAlgError


def _handled(x, kinds):
    try:
        return math.log(x)
    except kinds:
        return x * x


@case
def handlers_by_an_alias(x):
    def logarithm(v):
        try:
            return math.log(v)
        except Negative:
            return v * v

    def member(v):
        try:
            return math.sqrt(v)
        except (*ERRORS, IndexError):
            return v * v

    def factor(v):
        try:
            return np.linalg.cholesky(v * np.eye(2))[0, 0]
        except Library.Failed:
            return v * v

    return sum(f(s * x[k]) for s in (1, -1) for k, f in enumerate((logarithm, member, factor)))


@case
def handlers_of_what_is_given(x):
    return sum(_handled(v, kinds) for kinds in (Negative, ERRORS) for v in (x[0], -x[1]))


@case
def handlers_of_a_class_of_the_function_around(x):
    class Large(Exception):
        pass

    def checked(v):
        if v > 1.0:
            raise Large(v * 2)
        return v

    def f(v):
        try:
            return checked(v)
        except Large as error:
            return error.args[0]

    return sum(f(v) ** 2 for v in x)


@contextlib.contextmanager
def _ends_negative():
    try:
        yield 2.0
    except Negative:
        return


class _EndsAll:
    def __enter__(self):
        return 2.0

    def __exit__(self, kind, error, traceback):
        return kind is not None


@case
def contexts_that_end_exceptions(x):
    def within(context, v):
        y = v * v
        with context:
            y = math.log(v)
        return y

    def stacked(v):
        y = v * v
        with contextlib.ExitStack() as stack:
            stack.enter_context(contextlib.suppress(*ERRORS))
            y = math.sqrt(v)
        return y

    total = stacked(x[0]) + stacked(-x[1])
    for make in (lambda: contextlib.suppress(Negative), _ends_negative, _EndsAll):
        total += within(make(), x[0]) + within(make(), -x[1])
    return total


# -- what a number has not, and is not -------------------------------------------------------------


@case(np.array(2.5))
def what_a_number_has_not(t):
    total = 0.0
    try:
        total += t[0]
    except (TypeError, IndexError):
        total += t * 3.0
    try:
        total += t.sum()
    except AttributeError:
        total += t**2
    return total


@case
def numbers_and_arrays_are_not_nothing(x):
    values = [x, x[0], float(x[1])]
    if any(np.any(v == None) or np.any(v == "auto") for v in values):  # noqa: E711
        return 0.0
    return np.sum(x[x != None] ** 2) if x[0] not in (None, "auto") else 0.0  # noqa: E711
