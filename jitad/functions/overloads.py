"""A function that stands for others in njit code -> the one that `@overload` has for the arguments.

Numba asks each overload with the arguments' types, then with their literal types, or the other way
round, and takes the first that answers. Its own, of NumPy's and Python's, are jitad's rules.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Iterator
from types import FunctionType
from typing import Any

from numba.core import types
from numba.core.errors import LiteralTypingError, RequireLiteralValue
from numba.core.registry import cpu_target

from jitad.frontend.traceable import traceable
from jitad.functions.compiled import NAMES, numba_type
from jitad.functions.program.executor import reader
from jitad.ir.errors import TraceError


def read(f: FunctionType) -> Any:
    """A function of njit code as one that runs as a program, or as the program chosen by types."""
    found = list(_overloads(f))
    if not found:
        return reader(f, NAMES)

    @functools.wraps(f)
    def chosen(*args: Any, **kwargs: Any) -> Any:
        return traceable(_implementation(f, found, args, kwargs), NAMES)(*args, **kwargs)

    chosen.__dict__["program"] = chosen
    return chosen


def _overloads(f: FunctionType) -> Iterator[Any]:
    context: Any = cpu_target.typing_context
    context.refresh()
    for template in getattr(context._lookup_global(f), "templates", ()):
        maker = getattr(template, "_overload_func", None)
        if maker is not None and not maker.__module__.startswith("numba."):
            yield template


def _implementation(f: FunctionType, found: Any, args: Any, kwargs: Any) -> FunctionType:
    for template in found:
        kinds = (_literal, numba_type) if template.prefer_literal else (numba_type, _literal)
        for kind in kinds:
            typed = {name: kind(x) for name, x in kwargs.items()}
            try:
                inspect.signature(template._overload_func).bind(*args, **kwargs)
            except TypeError:  # it is for another number of arguments
                break
            try:
                made = template._overload_func(*map(kind, args), **typed)
            except RequireLiteralValue:
                continue
            if made is not None:
                return made[1] if isinstance(made, tuple) else made
    raise TraceError(
        f"no overload of {f.__name__} takes arguments of the types "
        + ", ".join(map(str, map(numba_type, [*args, *kwargs.values()]))),
        remedy="call it with arguments that Numba takes",
    )


def _literal(x: Any) -> Any:
    try:
        return types.literal(x)
    except LiteralTypingError:
        return numba_type(x)
