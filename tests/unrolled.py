"""jitad's structured control flow in plain Python: what the compiled forms are compared with.

`either` is jitad's while a function is traced and plain Python otherwise, so that one program is
both what is tested and its own reference.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import jitad
from jitad.frontend.active import depth
from jitad.frontend.pytree import flatten, unflatten

Function = Callable[..., Any]


def scan(
    f: Function,
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    checkpoint: str | int | None = None,
) -> tuple[Any, Any]:
    rows, structure = flatten(xs)
    count = len(rows[0]) if rows else length
    assert count, "without a turn nobody knows what the function returns"
    carry, found = init, []
    for i in reversed(range(count)) if reverse else range(count):
        carry, y = f(carry, unflatten(structure, [x[i] for x in rows]))
        found.append(flatten(y))
    found = found[::-1] if reverse else found
    columns = zip(*(leaves for leaves, _ in found), strict=True)
    return carry, unflatten(found[0][1], [np.stack(column) for column in columns])


def map(f: Function, xs: Any) -> Any:
    return scan(lambda carry, x: (carry, f(x)), 0, xs)[1]


def fori_loop(lower: int, upper: int, f: Function, init: Any) -> Any:
    for i in range(lower, upper):
        init = f(i, init)
    return init


def while_loop(condition: Function, f: Function, init: Any) -> Any:
    while condition(init):
        init = f(init)
    return init


def cond(pred: Any, true_fun: Function, false_fun: Function, *operands: Any) -> Any:
    return true_fun(*operands) if pred else false_fun(*operands)


def switch(index: Any, functions: Sequence[Function], *operands: Any) -> Any:
    return functions[min(max(int(index), 0), len(functions) - 1)](*operands)


def checkpoint(f: Function) -> Function:
    return f


class Plain:
    """All of them in plain Python."""

    scan = staticmethod(scan)
    map = staticmethod(map)
    fori_loop = staticmethod(fori_loop)
    while_loop = staticmethod(while_loop)
    cond = staticmethod(cond)
    switch = staticmethod(switch)
    checkpoint = staticmethod(checkpoint)


class Either:
    """jitad's where something is traced, else plain Python's."""

    def __getattr__(self, name: str) -> Any:
        return getattr(jitad if depth() else Plain, name)


either: Any = Either()
