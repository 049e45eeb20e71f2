"""Traced values where they do not belong, and errors of the user's own."""

from __future__ import annotations

import collections
import dataclasses
import enum
import functools
import os
import pathlib
import pickle
import re
import threading
from typing import Any

import numpy as np

import jitad
from bad_uses import X, f
from jitad import DifferentiationError, TraceError

LEAKED_LIST: list[Any] = []


def leaked() -> Any:
    """A traced value whose function has ended."""
    kept: list[Any] = []

    def keep(x: Any) -> Any:
        # What another thread stores is not seen, and so not undone.
        thread = threading.Thread(target=kept.append, args=(x,))
        thread.start()
        thread.join()
        return x

    jitad.jit(keep)(X)
    return kept[0]


def in_thread(g: Any) -> Any:
    """What g gives, or raises, in another thread."""
    found: list[Any] = []

    def run() -> None:
        try:
            found.append(g())
        except BaseException as error:
            found.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()
    if isinstance(found[0], BaseException):
        raise found[0]
    return found[0]


def swapped_rows(x: Any) -> Any:
    rows = [[0.0] * 3 for _ in range(3)]
    for v in [*x, *x]:
        i = 2 if v > 2 else 1
        rows[i][i - 1] += v
        rows[i], rows[0] = rows[0], rows[i]
    return sum((i + 1) * v for i, row in enumerate(rows) for v in row)


def raises(error: BaseException) -> Any:
    raise error


def mutated(x: Any) -> Any:
    x += 1
    return x


def recursive(x: Any) -> Any:
    return recursive(x)


def yield_it(x: Any) -> Any:
    yield x


def generator(x: Any) -> Any:
    yield np.sum(x)


async def coroutine(x: Any) -> Any:
    return np.sum(x)


def assert_positive(x: Any) -> Any:
    assert x > 0, "not positive"
    return x


class Model:
    def __init__(self, k: float = 2.0) -> None:
        self.k = k

    def method(self, x: Any) -> Any:
        return np.sum(x) * self.k

    def __call__(self, x: Any) -> Any:
        return self.method(x)


# fmt: off
ROWS: list[Any] = [
    (lambda: jitad.jit(lambda y: y + leaked())(X), TraceError, 'a traced value was used after the function that'),
    (lambda: np.sum(leaked()), TraceError, 'a traced value was used after the function that'),
    (lambda: leaked() + 1, TraceError, 'a traced value was used after the function that'),
    (lambda: float(leaked()[0]), TraceError, 'a traced value was used after the function that'),
    (lambda: bool(leaked()[0] > 0), TraceError, 'a traced value was used after the function that'),
    (lambda: np.asarray(leaked()), TraceError, 'NumPy was to turn a traced <value f64[3]> into'),
    (lambda: leaked()[0], TraceError, 'a traced value was used after the function that'),
    (lambda: leaked().tolist(), TraceError, 'a traced value was used after the function that'),
    (lambda: jitad.grad(lambda x: f(x) + np.sum(leaked()))(X), TraceError, 'a traced value was used after the function that'),
    (lambda: jitad.jit(f)(leaked()), TraceError, 'an argument is a traced value of a function'),
    (lambda: jitad.compile(f, X)(leaked()), TraceError, 'a kernel was called with a traced value: it is'),
    (lambda: jitad.jit(lambda x: in_thread(lambda: np.sum(x)))(X), 6.0),
    (lambda: jitad.jit(recursive)(X), TraceError, 'recursive calls functions within functions, deeper'),
    (lambda: jitad.jit(lambda x: np.sum(x) + sum(LEAKED_LIST.append(x) or 0 for _ in range(1)))(X), 6.0),
    (lambda: jitad.jit(lambda x: mutated(x))(X.copy()), [2.0, 3.0, 4.0]),
    (lambda: jitad.jit(lambda x: raises(KeyError("mine")))(X), KeyError, "'mine'"),
    (lambda: jitad.grad(lambda x: raises(ValueError("mine")))(X), ValueError, 'mine'),
    (lambda: jitad.vmap(lambda x: raises(StopIteration("mine")))(X), StopIteration, 'mine'),
    (lambda: jitad.scan(lambda c, x: raises(RuntimeError("mine")), 0.0, X), RuntimeError, 'mine'),
    (lambda: jitad.jit(lambda x: x + (yield_it(x)))(X), TraceError, 'an operand of type generator met a traced value'),
    (lambda: jitad.jit(coroutine)(X), TraceError, 'the function is async'),
    (lambda: jitad.grad(coroutine)(X), TraceError, 'the function is async'),
    (lambda: jitad.jit(generator)(X), TraceError, 'the function returned a generator'),
    (lambda: jitad.grad(generator)(X), TraceError, 'the function returned a generator'),
    (lambda: jitad.jit(lambda x: assert_positive(x))(-1.0), AssertionError, 'not positive'),
    (lambda: jitad.jit(lambda x: int("a") + x)(X), ValueError, "invalid literal for int()"),
    (lambda: jitad.jit(lambda x: {}["a"])(X), KeyError, "'a'"),
    (lambda: jitad.jit(lambda x: [][0])(X), IndexError, 'list index out of range'),
    (lambda: jitad.jit(lambda x: 1 / 0)(X), ZeroDivisionError, 'division by zero'),
    (lambda: jitad.jit(lambda x: undefined_name)(X), NameError, "name 'undefined_name' is n"),
    (lambda: jitad.jit(lambda x: x.sum().foo())(X), TraceError, "a traced array has no attribute 'foo'"),
    (lambda: jitad.jit(lambda x: (lambda: x)()())(X), TypeError, "object is not callable"),
    (lambda: jitad.jit(functools.partial(f, X))(), 14.0),
    (lambda: jitad.jit(functools.partial(f, X))(X), TypeError, 'f() takes 1 positional arg'),
    (lambda: jitad.jit(Model().method)(X), 12.0),
    (lambda: jitad.grad(Model.method)(Model(), X), DifferentiationError, 'an argument to differentiate is or holds a Model'),
    (lambda: jitad.grad(Model().method)(X), [2.0, 2.0, 2.0]),
    (lambda: jitad.grad(Model())(X), [2.0, 2.0, 2.0]),
    (lambda: jitad.grad(Model)(X), TraceError, 'the function returned a Model'),
    (lambda: jitad.grad(enum.Enum)(X), TypeError, "<enum 'Enum'> has no membe"),
    (lambda: jitad.jit(lambda x: x * Model)(X), TraceError, 'an operand of type type met a traced value'),
    (lambda: jitad.jit(lambda x: str(x) + 1)(X), TypeError, 'can only concatenate str ('),
    (lambda: jitad.jit(lambda x: f"{x:d}")(1.5), ValueError, "Unknown format code 'd' fo"),
    (lambda: jitad.jit(lambda x: pathlib.Path(x))(X), TypeError, 'expected str, bytes or os.'),
    (lambda: jitad.jit(lambda x: os.fspath(x))(X), TypeError, 'expected str, bytes or os.'),
    (lambda: jitad.jit(lambda x: re.match("a", x))(X), TypeError, 'expected string or bytes-l'),
    (lambda: jitad.jit(lambda x: sorted(x))(X), ...),
    (lambda: jitad.jit(lambda x: max(x))(X), 3.0),
    (lambda: jitad.jit(lambda x: sum(x))(X), 6.0),
    (lambda: jitad.jit(lambda x: abs(x))(X), [1.0, 2.0, 3.0]),
    (lambda: jitad.jit(lambda x: round(x))(X), TypeError, 'only an array of no axes i'),
    (lambda: jitad.jit(lambda x: divmod(x, 0.0))(X), ...),
    (lambda: jitad.jit(lambda x: pow(x, 2, 3))(2), 1),
    (lambda: jitad.jit(lambda x: complex(x, x))(1.0), ...),
    (lambda: jitad.jit(lambda x: float("a") * x)(X), ValueError, "could not convert string t"),
    (lambda: jitad.jit(lambda x: bytes(x))(2), TraceError, 'the function returned a bytes'),
    (lambda: jitad.jit(lambda x: chr(x))(65), TraceError, 'the function returned a str'),
    (lambda: jitad.jit(lambda x: isinstance(x, "a"))(X), TypeError, 'isinstance() arg 2 must be'),
    (lambda: jitad.jit(lambda x: collections.Counter(x))(X), TraceError, 'a traced <traced f64: 1.> was to be the key of'),
    (lambda: jitad.jit(lambda x: x(1))(X), TypeError, "'traced value' object is not callable"),
    (lambda: jitad.jit(lambda x: memoryview(x))(X), TypeError, "required, not 'traced value'"),
    (lambda: jitad.jit(lambda x: pickle.dumps(x))(X), TraceError, 'a traced value was to be pickled'),
    (lambda: jitad.jit(swapped_rows)(X), TraceError, "an object is changed that is perhaps another one's"),
    (lambda: jitad.grad(lambda x: {"a": x})(1.0), DifferentiationError, "one scalar result, not {'a': array}"),
    (lambda: jitad.jit(lambda x: dataclasses.replace(x, y=1))(X), TypeError, 'replace() should be called'),
]
# fmt: on
