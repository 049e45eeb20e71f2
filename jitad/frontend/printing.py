"""How traced values print: with their type, and the numbers that the function is traced at.

Printing records nothing, no guard either: what is printed is a look at one run. But the text of an
int of Python's is that int, as its use as an index is: functions form names of it.
"""

from __future__ import annotations

import numpy as np

from jitad.frontend.guards import concrete, guard_number
from jitad.frontend.mutable import MutableArray
from jitad.ir.errors import TraceError
from jitad.ir.op import SHORT_NAMES, STORED
from jitad.ir.value import Value


def describe(x: Value) -> str:
    """<traced f64[3]: [1. 2. 3.]>."""
    extent = f"[{','.join(map(str, x.shape))}]" if x.shape else ""
    name = f"{(SHORT_NAMES | STORED).get(x.dtype, str(x.dtype))}{extent}"
    if not x.builder.tracing:
        return f"<value {name}>"
    text = np.array2string(_numbers(x), threshold=20, separator=" ", max_line_width=10**6)
    return f"<traced {name}: {' '.join(text.split())}>"


def format_number(x: Value, spec: str) -> str:
    """x by a format specification: <traced 1.50>, the number that the function is traced at.

    It says that it is traced, so that nothing decides by the text as by a number.
    """
    if x.weak and x.dtype.kind in "ib" and x.builder.tracing:
        return format(guard_number(x, type(x.dtype.type(0).item())), spec)
    if not spec:
        return repr(x)
    if x.shape or not x.builder.tracing:
        raise TraceError(
            f"{x!r} cannot be formatted by {spec!r}",
            remedy="format one element at a time, or write {x} alone",
        )
    return f"<traced {format(_numbers(x).item(), spec)}>"


def _numbers(x: Value) -> np.ndarray:
    known = x.plain() if isinstance(x, MutableArray) else None
    return np.asarray(concrete(x) if known is None else known, x.dtype)
