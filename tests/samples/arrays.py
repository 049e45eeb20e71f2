"""The arrays that the tables of calls are made of, and how a call is written down."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

_generators: dict[str, np.random.Generator] = {}


def _generator() -> np.random.Generator:
    """That of the module that asks: a new call in one module changes no array of another."""
    frame = sys._getframe(1)
    while frame.f_globals["__name__"] in (__name__, "samples.complex_numbers"):
        assert frame.f_back is not None
        if frame.f_code.co_name == "<module>":
            break
        frame = frame.f_back
    name = frame.f_globals["__name__"]
    return _generators.setdefault(name, np.random.default_rng(zlib.crc32(name.encode())))


def array(*shape: int) -> np.ndarray:
    """Random numbers, all different, exact in float32, none near 0."""
    x = _generator().normal(size=shape).astype(np.float32).astype(float)
    return np.asarray(x + 0.25 * np.sign(x))


S, V, W = array(), array(5), array(5)
M, N, Q = array(3, 4), array(4, 3), array(4, 4)
T, U = array(2, 3, 4), array(2, 4, 2)
EMPTY, THIN, ONE = array(0), array(3, 0, 2), array(1, 3, 1)
LONG, WIDE, TALL = array(1001), array(37, 53), array(53, 29)
INTS, FLAGS = np.arange(12).reshape(3, 4) * 5 % 7, np.arange(12).reshape(3, 4) % 3 == 0
PLACES = np.array([[2, 0], [-1, 2]])


class Call(NamedTuple):
    """f(*args, **kwargs), differentiated by every array of floating point among the arguments."""

    args: tuple[Any, ...]
    kwargs: dict[str, Any]
    function: Callable[..., Any] | None = None


def call(*args: Any, **kwargs: Any) -> Call:
    return Call(args, kwargs)


def by(function: Callable[..., Any], *args: Any) -> Call:
    """A call through an expression of the user's."""
    return Call(args, {}, function)


def axes(*more: Any, **kwargs: Any) -> list[Call]:
    """Every form of axis=, with and without keepdims=."""
    return [
        call(S, *more, **kwargs),
        call(V, *more, **kwargs),
        call(T, *more, **kwargs),
        call(V, *more, axis=0, **kwargs),
        call(M, *more, axis=1, **kwargs),
        call(T, *more, axis=-2, **kwargs),
        call(T, *more, axis=(0, 2), **kwargs),
        call(T, *more, axis=(-1, 0), keepdims=True, **kwargs),
        call(T, *more, axis=1, keepdims=True, **kwargs),
        call(T, *more, keepdims=True, **kwargs),
        call(T, *more, axis=(), **kwargs),
        call(ONE, *more, axis=0, **kwargs),
        call(ONE, *more, axis=(0, 2), **kwargs),
        call(THIN, *more, axis=0, **kwargs),
        call(LONG, *more, **kwargs),
        call(WIDE, *more, axis=0, **kwargs),
        call(WIDE, *more, axis=1, **kwargs),
        call([[S, S], [array(), array()]], *more, axis=0, **kwargs),
    ]


def places() -> list[Call]:
    """The forms of axis= of argmax and argmin."""
    return [
        call(V),
        call(T),
        call(T, axis=1),
        call(T, axis=-1, keepdims=True),
        call(T, keepdims=True),
        call(ONE, axis=0),
        call(INTS, axis=0),
        call(FLAGS, axis=1),
        call(THIN, axis=0),
        call(np.array([1.0, np.nan, 3.0, np.nan])),
        call(np.array([2.0, 5.0, 5.0, 2.0])),
        call(LONG),
        call(WIDE, axis=0),
        call(WIDE, axis=1),
    ]
