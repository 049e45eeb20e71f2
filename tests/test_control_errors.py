"""What structured control flow refuses: messages name the user's line, and what to write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jitad

X = np.array([0.5, -1.25, 2.0, 0.75])

WRONG: list[tuple[Callable[[Any], Any], type[Exception], str]] = [
    (lambda x: jitad.scan(lambda c, v: (x, v), x[0], x), jitad.ShapeError,
     r"carry 0 is float64\[4\] after a turn and float64\[\] before"),
    (lambda x: jitad.scan(lambda c, v: (1j * c, v), x[0], x), jitad.ShapeError,
     r"carry 0 is complex128\[\] after a turn and float64\[\] before"),
    (lambda x: jitad.scan(lambda c, v: ((c, c), v), x[0], x), jitad.ShapeError, "structure"),
    (lambda x: jitad.scan(lambda c, v: c, x[0], x), jitad.TraceError, r"a pair \(carry, y\)"),
    (lambda x: jitad.scan(lambda c, v: (c, v), 0.0, (x, x[1:])), jitad.ShapeError, "3, 4"),
    (lambda x: jitad.scan(lambda c, v: (c, v), 0.0, x, length=3), jitad.ShapeError, "3, 4"),
    (lambda x: jitad.scan(lambda c, v: (c, v), 0.0), jitad.ShapeError, "length=n"),
    (lambda x: jitad.scan(lambda c, v: (c, v), 0.0, length=-1), jitad.ShapeError, "-1"),
    (lambda x: jitad.scan(lambda c, v: (c, v), 0.0, [1.0, 2.0]), jitad.ShapeError, "no axis"),
    *((lambda x, n=n: jitad.scan(lambda c, v: (c, None), 0.0, length=n), jitad.ShapeError,
       "no integer") for n in (2.5, 3.0, "3", [3])),
    *((lambda x, n=n: jitad.scan(lambda c, v: (c, None), 0.0, length=n), jitad.TraceError,
       "more than 64 bits") for n in (2**63, 2**64 + 3, 2**70)),
    *((lambda x, n=n: jitad.fori_loop(0, n, lambda i, c: c, 0.0), jitad.TraceError, "no integer")
      for n in (2.5, "3", None, True)),
    (lambda x: jitad.fori_loop(0, 2**64 + 3, lambda i, c: c, 0.0), jitad.TraceError, "64 bits"),
    (lambda x: jitad.scan(lambda c, v: (c, "y"), 0.0, x), jitad.TraceError, "a str"),
    (lambda x: jitad.scan(lambda c, v: (c, v), 0.0, x, checkpoint="cube"), jitad.ShapeError,
     '"binomial", "sqrt", or the number'),
    (lambda x: jitad.scan(lambda c, v: (c, v), 0.0, x, checkpoint=0), jitad.ShapeError, "=0"),
    (lambda x: jitad.scan(lambda c, v: (c, v), 0.0, x, checkpoint=1.5), jitad.ShapeError, "1.5"),
    (lambda x: jitad.while_loop(lambda y: y < 3, np.sin, x), jitad.ShapeError, "np.any"),
    (lambda x: jitad.while_loop(lambda y: y[0], np.sin, x), jitad.ShapeError, "not a bool"),
    (lambda x: jitad.while_loop(lambda y: (y[0] < 1, 2), np.sin, x), jitad.ShapeError, "one bool"),
    (lambda x: jitad.while_loop(lambda y: y[0] < 1, lambda y: y[1:], x), jitad.ShapeError,
     r"float64\[3\] after"),
    (lambda x: jitad.while_loop(lambda y: y[0] < 1, lambda y: (y, y), x), jitad.ShapeError,
     "structure"),
    (lambda x: jitad.fori_loop(0, x[0], lambda i, y: y, x), jitad.TraceError, "no integer"),
    (lambda x: jitad.fori_loop(0, 2.5, lambda i, y: y, x), jitad.TraceError, "2.5"),
    (lambda x: jitad.cond(x > 0, np.sin, np.cos, x), jitad.ShapeError, "np.where"),
    (lambda x: jitad.cond(x[0] > 0, lambda x: (x, x), np.cos, x), jitad.ShapeError, "structure"),
    (lambda x: jitad.cond(x[0] > 0, lambda x: x[1:], np.cos, x), jitad.ShapeError,
     r"\(3,\), \(4,\)"),
    (lambda x: jitad.switch(x[0], [np.sin, np.cos], x), jitad.TraceError, "no integer"),
    (lambda x: jitad.switch(0, [], x), jitad.ShapeError, "at least one"),
]  # fmt: skip


def test_more_turns_or_bytes_than_can_be_counted() -> None:
    def sines(c: Any, length: int) -> Any:
        return jitad.scan(lambda c, _: (np.sin(c), None), c, length=length)[0]

    with pytest.raises(jitad.TraceError, match="64 bits"):
        jitad.jit(lambda x: jitad.fori_loop(-5, 2**63 - 1, lambda i, c: c, x))(0.5)
    with pytest.raises(jitad.ShapeError, match="elements"):
        jitad.grad(sines)(0.5, 2**62)


@pytest.mark.parametrize("place", range(len(WRONG)))
def test_refused(place: int) -> None:
    """While a function is traced, and where plain arrays are given."""
    f, kind, text = WRONG[place]
    for call in (jitad.jit(f), f):
        with pytest.raises(kind, match=text) as caught:
            call(X)
        error: Any = caught.value
        assert error.remedy
        assert error.line is not None
        assert error.line.file == __file__
        first = f.__code__.co_firstlineno
        assert first <= error.line.line <= first + 1 or call is f


def test_a_value_that_leaves_its_loop() -> None:
    kept: list[Any] = []

    def step(carry: Any, v: Any) -> Any:
        kept.append(carry * v)
        return carry, v

    def f(x: Any) -> Any:
        jitad.scan(step, x[0], x)
        return kept[0] * 2

    with pytest.raises(jitad.TraceError, match="return what is needed"):
        jitad.jit(f)(X)
