"""How traced values print: with their type, and the numbers that the function is traced at.

Printing records nothing, no guard either: what is printed is a look at one run, until something
decides by the text. But the text of an int of Python's is that int, as its use as an index is:
functions form names of it.
"""

from __future__ import annotations

import logging
import re
from functools import partial
from typing import Any

import numpy as np

from jitad.frontend.active import asks_to_raise, numbers_are_written
from jitad.frontend.guards import concrete, guard_number, number_to_say
from jitad.frontend.mutable import MutableArray
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.texts import held, holds_text, text, written
from jitad.ir.errors import TraceError
from jitad.ir.op import SHORT_NAMES, STORED
from jitad.ir.value import Value


def describe(x: Value) -> str:
    """<traced f64[3]: [1. 2. 3.]>; the numbers alone in what an exception says."""
    extent = f"[{','.join(map(str, x.shape))}]" if x.shape else ""
    name = f"{(SHORT_NAMES | STORED).get(x.dtype, str(x.dtype))}{extent}"
    if not x.builder.tracing:
        return f"<value {name}>"
    if numbers_are_written():
        return held(x, repr)
    if asks_to_raise():
        return str(_as_it_is(x))
    numbers = np.array2string(_numbers(x), threshold=20, separator=" ", max_line_width=10**6)
    return text(f"<traced {name}: {' '.join(numbers.split())}>", partial(repr, x))


def format_number(x: Value, spec: str) -> str:
    """x by a format specification: <traced 1.50>, the number that the function is traced at."""
    if x.weak and x.dtype.kind in "ib" and x.builder.tracing:
        return format(guard_number(x, type(x.dtype.type(0).item())), spec)
    if x.builder.tracing and numbers_are_written():
        return held(x, lambda number: format(number, spec), spec)
    if x.builder.tracing and asks_to_raise():
        return format(_as_it_is(x), spec)
    if not spec:
        return text(describe(x), partial(format, x, spec))
    if x.shape or not x.builder.tracing:
        raise TraceError(
            f"{x!r} cannot be formatted by {spec!r}",
            remedy="format one element at a time, or write {x} alone",
        )
    printed = f"<traced {format(_numbers(x).item(), spec)}>"
    return text(printed, partial(format, x, spec))


_PLACE = re.compile(r"%(?:\((\w+)\))?[#0\- +]*\d*(?:\.\d+)?[hlL]?[diouxXeEfFgGcrsa%]")
"""A place of a text for `%`, with the name of what belongs there."""


def fill_in(form: str, given: Any) -> str:
    """form % given, as `format_number` writes numbers that are traced."""
    by_name = isinstance(given, dict)
    several = given if isinstance(given, tuple) else (given,)
    items: dict[Any, Any] = given if by_name else dict(enumerate(several))
    if holds_text([form, *items.values()]):
        return written(fill_in, form, given)
    if not any(isinstance(x, Value) for x in items.values()) or asks_to_raise():
        return form % given
    filled, rest = dict(items), iter(items)

    def place(found: re.Match[str]) -> str:
        spec = found.group()
        key = None if spec[-1] == "%" else found.group(1) if by_name else next(rest, None)
        x = items.get(key)
        if not isinstance(x, Value):
            return spec
        filled[key] = str(x) if spec[-1] in "rsa" else _as_text(x, re.sub(r"\(\w+\)", "", spec))
        return spec[:-1] + "s" if spec[-1] in "rsa" else f"%({key})s" if by_name else "%s"

    found = _PLACE.sub(place, form) % (filled if by_name else tuple(filled.values()))
    return found if numbers_are_written() else text(found, partial(fill_in, form, given))


_LEVELS = ("debug", "info", "warning", "warn", "error", "exception", "critical", "fatal")
"""What the functions of module logging that take a message are called, beside log."""


def logged(f: Any, args: Any) -> Any:
    """The arguments of f, which of a function of module logging are a message that is filled in."""
    name = getattr(f, "__name__", "")
    first = 1 if name == "log" else 0
    if getattr(f, "__module__", "") != "logging" or len(args) < first + 2:
        return args
    message, given = args[first], tuple(args[first + 1 :])
    if not isinstance(message, str) or name not in (*_LEVELS, "log"):
        return args
    logger = getattr(f, "__self__", None) or logging.root
    level = args[0] if first else getattr(logging, name.upper(), logging.ERROR)
    if not logger.isEnabledFor(level):
        return args
    by_name = len(given) == 1 and isinstance(given[0], dict) and given[0]
    return (*args[:first], fill_in(message, given[0] if by_name else given))


def _as_text(x: Value, spec: str) -> str:
    if numbers_are_written():
        return held(x, lambda number: spec % number, spec)
    return f"<traced {spec % _numbers(x).item()}>"


def _as_it_is(x: Value) -> Any:
    numbers = x.plain() if isinstance(x, MutableArray) else None
    found = np.asarray(number_to_say(x) if numbers is None else numbers, x.dtype)[()]
    return found.item() if x.weak else found


def _numbers(x: Value) -> np.ndarray:
    known = x.plain() if isinstance(x, MutableArray) else None
    try:
        return np.asarray(concrete(x) if known is None else known, x.dtype)
    except Exception as error:
        if x.builder.region is None:
            raise
        # What is computed on a side that is not taken may raise an error, which is none of its own.
        raise NeedsNumber(
            "a value is printed that there is not where the function is traced"
        ) from error
