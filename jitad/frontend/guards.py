"""Concrete uses of traced values: Python's `if`, `int()`, and masks record guards.

A guard says which value the trace was made for; a kernel whose guard fails gives no result, and
the function is traced again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.ir.builder import Builder, run
from jitad.ir.errors import TraceError
from jitad.ir.value import HOOKS, UFUNCS, Value
from jitad.ops.structural import guard


def concrete(x: Value) -> np.ndarray:
    """The array that x stands for at the point where the function is being traced."""
    builder = x.builder
    needed: list[int] = []
    stack, seen = [x.index], set[int]()
    while stack:
        i = stack.pop()
        if i in seen or i in builder.concrete:
            continue
        seen.add(i)
        needed.append(i)
        stack.extend(builder.instrs[i].args)
    for i in sorted(needed):
        builder.concrete[i] = run(builder.instrs[i], _Concrete(builder))
    return _array(builder.concrete[x.index])


class _Concrete:
    """The concrete arrays of a builder's values by index."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def __getitem__(self, index: int) -> np.ndarray:
        return _array(self.builder.concrete[index])


def _array(x: Any) -> np.ndarray:
    return concrete(x) if isinstance(x, Value) else np.asarray(x)


def guard_array(x: Value) -> np.ndarray:
    """The concrete array of x; the trace holds only where x has these values."""
    if not x.builder.tracing:
        raise TraceError("a derivative rule asked for a concrete value")
    array = concrete(x)
    guard(x, expected=np.ascontiguousarray(array, x.dtype).tobytes())
    return array


def guard_number(x: Value, kind: type) -> Any:
    """bool(x) or int(x), recorded as a guard."""
    if x.size != 1:
        raise TraceError(
            f"the truth value of {x!r} with more than one element is ambiguous",
            remedy="use np.any(x), np.all(x), or np.where(condition, a, b)",
        )
    if kind is bool and x.dtype.kind != "b":
        return bool(guard_array(UFUNCS[np.not_equal](x, 0)).item())
    if kind is int and x.dtype.kind == "f":
        whole = HOOKS["astype"](np.trunc(x), np.dtype(np.int64))
        return int(guard_array(whole).item())
    return guard_array(x).item()


HOOKS["guard"] = guard_number
HOOKS["concrete"] = concrete
