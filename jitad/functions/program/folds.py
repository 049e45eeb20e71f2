"""Python's functions that make one number of many: what they go over in a loop op, or at once."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.frontend.operands import as_value
from jitad.functions.control.loops import fori_loop
from jitad.functions.program.alike import by_place
from jitad.functions.program.data import owned
from jitad.functions.program.generators import Generated
from jitad.functions.program.growing import extend, made
from jitad.functions.program.iterators import FEW
from jitad.ir.value import UFUNCS, Value


def truth(x: Any = False) -> Any:
    """bool(x)"""
    if not isinstance(x, Value):
        return bool(x)
    if x.shape:
        return bool(x)  # which says that it has many
    return x if x.dtype.kind == "b" else UFUNCS[np.not_equal](x, 0)


def fold(f: Any, args: Any, kwargs: dict[str, Any]) -> Callable[[], Any] | None:
    """What computes f(*args) by a loop; None where Python goes over the items."""
    if f not in _FOLDS or not args or len(args) + len(kwargs) > (2 if f is sum else 1):
        return None
    first, *rest = args
    rest += [kwargs["start"]] if "start" in kwargs else []
    if len(rest) < len(args) + len(kwargs) - 1:
        return None
    if isinstance(first, Generated):
        if f not in _STEPS or not first.is_new():
            return None
        return lambda: first.folded(_STEPS[f], *(rest or [0 if f is sum else f is all]))
    if not isinstance(first, (list, tuple, Value)) or _length(first) <= FEW:
        return None
    at = first.__getitem__ if isinstance(first, Value) else by_place(first)
    if at is None or (f is not sum and np.ndim(first[0])):
        return None
    return lambda: _FOLDS[f](first, at, *rest)


def collected(generator: Generated) -> list[Any]:
    """list(generator), of one that nobody has asked for an item yet."""
    return generator.folded(_append, made([]))


def _append(items: list[Any], x: Any) -> list[Any]:
    extend(items, [x])
    return items


def _sum(items: Any, at: Any, start: Any = 0) -> Any:
    return owned(fori_loop(1, len(items), lambda k, total: total + at(k), start + at(0)))


def _extreme(better: Any) -> Any:
    """max or min, as Python has it: the first that no later one is better than."""

    def choose(items: Any, at: Any) -> Any:
        def turn(k: Any, best: Any) -> Any:
            x = at(k)
            return np.where(better(x, best), x, best)

        return fori_loop(1, len(items), turn, at(0))

    return choose


_STEPS: dict[Any, Callable[[Any, Any], Any]] = {
    sum: lambda total, x: owned(total + x),
    any: lambda found, x: np.logical_or(found, truth(x)),
    all: lambda found, x: np.logical_and(found, truth(x)),
}
"""What goes on from item to item of a generator."""

_FOLDS: dict[Any, Callable[..., Any]] = {
    sum: _sum,
    max: _extreme(operator.gt),
    min: _extreme(operator.lt),
    any: lambda items, at: np.any(as_value(items)),
    all: lambda items, at: np.all(as_value(items)),
}


def _length(x: Any) -> int:
    return len(x) if isinstance(x, (list, tuple)) or x.shape else 0
