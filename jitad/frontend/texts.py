"""Texts of traced values: printed they are a look at one run; who decides by one is held to it.

What is printed says that it is traced, `<traced 1.50>`. Who asks such a text for its characters, to
compare it or as a key, has those of the number itself, `1.50`, and the trace holds for all numbers
that are written so: of floats an interval.
"""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced, innermost_trace, is_in_region, writing_numbers
from jitad.frontend.guards import concrete, guard_array
from jitad.frontend.operands import lift
from jitad.frontend.regions import NeedsNumber
from jitad.ir.op import INT64
from jitad.ir.value import UFUNCS, Value
from jitad.ops.elementwise import cast


class Text(str):
    """A text as it is printed; `again` writes it where values are written as their numbers."""

    __slots__ = ("again",)
    again: Callable[[], str]

    def __hash__(self) -> int:
        return hash(read(self))


def text(printed: str, again: Callable[[], str]) -> str:
    """The text of traced values, for who prints it or asks it."""
    found = Text(printed)
    found.again = again
    return found


def holds_text(x: Any) -> bool:
    """Whether x is the text of a traced value, or has one in it."""
    if isinstance(x, _HOLDERS):
        return any(map(holds_text, x.values() if isinstance(x, dict) else x))
    return type(x) is Text


def read(x: Any) -> Any:
    """What is read in place of x: of texts of traced values those of the numbers."""
    return _replaced(_number_of, x)


def written(f: Callable[..., Any], *args: Any) -> Any:
    """The text f(*args), which is one of traced values if these are, or are texts of such."""
    found = f(*_replaced(str.__str__, args))
    if type(found) is Text or not (holds_text(args) or holds_traced(args)):
        return found
    return text(found, lambda: f(*read(args)))


def writes(f: Any) -> bool:
    """Whether f makes texts of what it is given, which may be traced."""
    if type(getattr(f, "__self__", None)) is str:
        return f.__name__ in ("format", "format_map", "join")
    return f is str or f is repr or f is format or f is ascii


def reads(f: Any, args: tuple[Any, ...]) -> bool:
    """Whether f reads texts that it is given; not what prints them, keeps them or asks for more,
    nor what only counts or goes through the items that hold them."""
    if any(f is g for g in _GOING_THROUGH) and not any(type(x) is Text for x in args):
        return False
    owner = getattr(f, "__self__", None)
    if isinstance(owner, (*_HOLDERS, set, deque)) or any(f is g for g in _KEEPING):
        return False
    if isinstance(f, type):
        return not issubclass(f, (BaseException, *_HOLDERS, set, deque))
    module = getattr(f, "__module__", None) or type(owner).__module__
    return module.split(".")[0] not in ("logging", "warnings", "_io", "io", "_warnings")


_KEEPING = (print, isinstance, zip, enumerate, id)
_GOING_THROUGH = (len, iter, reversed, any, all)
_HOLDERS = (list, tuple, dict)


def _number_of(x: Text) -> str:
    if innermost_trace() is None:
        return str.__str__(x)
    with writing_numbers():
        return str.__str__(x.again())


def _replaced(f: Callable[[Text], str], x: Any) -> Any:
    """x with f of each text in place of that."""
    if not holds_text(x):
        return x
    if isinstance(x, dict):
        return {k: _replaced(f, y) for k, y in x.items()}
    return f(x) if type(x) is Text else type(x)([_replaced(f, y) for y in x])


def held(x: Value, write: Callable[[Any], str], spec: str = "") -> str:
    """What `write` makes of the number that x stands for; the trace holds where it makes that."""
    if is_in_region(x.builder.recording):
        raise NeedsNumber("the text of a value is read")
    if x.dtype.kind != "f" or x.shape:
        numbers = guard_array(x)[()]
        return write(numbers.item() if x.weak else numbers)
    number = np.asarray(concrete(x), x.dtype)[()]

    def of(size: Any) -> str:
        signed = np.copysign(size, number)
        return write(signed.item() if x.weak else signed)

    guard_array(UFUNCS[np.signbit](x))
    if guard_array(UFUNCS[np.isfinite](x)):
        _hold(x, number, of, spec)
    else:
        guard_array(UFUNCS[np.isnan](x))
    return of(np.abs(number))


_DECIMALS = re.compile(r"(?:\.(\d+))?([fF%])$")
"""The end of a specification that fixes how many digits there are behind the point."""


def _hold(x: Value, number: Any, of: Callable[[Any], str], spec: str) -> None:
    """Hold the trace to all numbers that are written so, or, where nobody knows how many decimals
    there are, to this one."""
    found = _DECIMALS.search(spec)
    if found is None:
        parts: Any = np.frexp(x)  # type: ignore[call-overload]  # traced
        mantissa, exponent = parts
        guard_array(cast(lift(x.builder, UFUNCS[np.multiply](mantissa, 2.0**53)), dtype=INT64))
        guard_array(exponent)
        return
    digits = int(found[1] or 6) + (2 if found[2] == "%" else 0)
    guard_array(cast(UFUNCS[np.rint](UFUNCS[np.multiply](x, 10.0**digits)), dtype=INT64))
    least, most = _span(np.abs(number), of)
    size = UFUNCS[np.abs](x)
    guard_array(UFUNCS[np.logical_and](size >= least, size <= most))


def _span(x: Any, write: Callable[[Any], str]) -> tuple[Any, Any]:
    """The least and the greatest of the floats without a sign that are written as x: there are no
    others between."""
    bits, wanted = np.dtype(f"u{x.dtype.itemsize}"), write(x)

    def last(first: int, beyond: int) -> Any:
        """The last one that is written so, between one that is and one that is not."""
        while abs(beyond - first) > 1:
            k = (first + beyond) // 2
            if write(bits.type(k).view(x.dtype)) == wanted:
                first = k
            else:
                beyond = k
        return bits.type(first).view(x.dtype)

    k, infinite = int(x.view(bits)), int(x.dtype.type(np.inf).view(bits))
    return last(k, -1), last(k, infinite + 1)


def _asked(name: str) -> Callable[..., Any]:
    method = getattr(str, name)
    return lambda self, *args, **kwargs: method(read(self), *map(read, args), **kwargs)


_PRINTED = ("__new__", "__init__", "__str__", "__repr__", "__format__", "__hash__", "__class__",
            "__getattribute__", "__init_subclass__", "__subclasshook__", "__doc__", "__dir__",
            "__setattr__", "__delattr__", "__reduce__", "__reduce_ex__", "__getstate__",
            "__sizeof__")  # fmt: skip
"""What a text does without being read."""

for _name in dir(str):
    if _name not in _PRINTED:
        setattr(Text, _name, _asked(_name))
Text.__radd__ = lambda self, other: other + read(self)  # type: ignore[attr-defined]  # of texts
Text.__name__ = "str"  # as messages name it
