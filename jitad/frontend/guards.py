"""Concrete uses of traced values: Python's `if`, `int()` and masks, and C functions that want a
number, record guards.

A guard says which value the trace was made for; a kernel whose guard fails gives no result, and
the function is traced again.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.active import asks_to_raise, innermost_asker, is_in_region
from jitad.frontend.operands import as_value
from jitad.frontend.regions import NeedsNumber, Raises
from jitad.ir.builder import Builder, run
from jitad.ir.errors import TraceError, is_user_storing
from jitad.ir.op import INT64, Control
from jitad.ir.tape import Instr
from jitad.ir.value import UFUNCS, Value
from jitad.ops.control.parts import alone
from jitad.ops.elementwise import cast
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
        instr, known = builder.instrs[i], _Concrete(builder)
        if isinstance(instr.op, Control):
            builder.concrete[i] = _computed(
                builder, instr, [np.asarray(known[j]) for j in instr.args]
            )
        else:
            builder.concrete[i] = run(instr, known)
    return _array(builder.concrete[x.index])


def known(x: Any) -> np.ndarray | None:
    """An array itself, or the one that a value of the outermost function stands for; None where
    there may be several, in loops and branches and of many points."""
    if not isinstance(x, Value):
        return np.asarray(x)
    is_one = x.builder.tracing and x.builder.level == 1 and not is_in_region(x.builder)
    return concrete(x) if is_one else None


def _computed(builder: Builder, instr: Instr, operands: Sequence[Any]) -> list[Any]:
    """The results of a control op, as machine code."""
    op = instr.op
    assert isinstance(op, Control) and builder.machine is not None
    tape = alone(op, instr.named_params, [(x.shape, x.dtype) for x in operands])
    found = builder.machine(tape)(operands)
    assert found is not None, "a guard fails at the point that it was made for"
    return found


class _Concrete:
    """The concrete arrays of a builder's values by index."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder

    def __getitem__(self, index: int) -> np.ndarray:
        return _array(self.builder.concrete[index])


def _array(x: Any) -> Any:
    if isinstance(x, list):  # the results of a control op
        return x
    return concrete(x) if isinstance(x, Value) else np.asarray(x)


def guard_array(x: Value) -> np.ndarray:
    """The concrete array of x; the trace holds only where x has these values."""
    if not x.builder.tracing:
        raise TraceError("a derivative rule asked for a concrete value")
    if asks_to_raise():
        return number_to_say(x)
    if is_in_region(x.builder):
        raise NeedsNumber(f"{x!r} is asked for its number")
    if is_in_region(x.builder.recording):  # a value from around: it is one for all turns
        with x.builder.resumed():
            return _guarded(x)
    if x.builder.recording is not x.builder:
        x = as_value(x)  # on the tape that records: its numbers are those of the path there
    return _guarded(x)


def number_to_say(x: Value) -> np.ndarray:
    """The array that x stands for, for what an exception says of it."""
    try:
        return concrete(x)
    except Exception as error:  # the values there are none of that side's
        raise NeedsNumber(f"{x!r} is asked for its number") from error


def check_raised(builder: Builder) -> None:
    """Raise what a function raises before it comes to this point."""
    while builder.raised:
        where, what = builder.raised.pop(0)
        if concrete(where):
            raise Raises(what)


def _guarded(x: Value) -> np.ndarray:
    check_raised(x.builder)
    array = concrete(x)
    expected = np.ascontiguousarray(array, x.dtype).tobytes()
    guard(x, expected=expected, error=None, asker=innermost_asker())
    return array


def guard_number(x: Value, kind: type) -> Any:
    """x as one of Python's numbers, recorded as a guard.

    A float or complex number holds for the same bits only. No other use guards floating point, and
    by that transforms tell where a derivative would be lost.
    """
    if x.size != 1:
        raise _many(x, kind)
    if kind in (float, complex) and is_user_storing():
        raise TraceError(
            f"a traced {x!r} was to be written into a plain array, which holds numbers",
            remedy="write `out[i] = x` into an array that jitad.numpy.zeros or jitad.numpy.empty "
            "has made",
        )
    if kind is bool and x.dtype.kind != "b":
        return bool(guard_array(UFUNCS[np.not_equal](x, 0)).item())
    if x.dtype.kind == "c":
        if kind is not complex:
            raise TraceError(
                f"a traced {x!r} was to be turned into a Python {kind.__name__}",
                remedy=f"write {kind.__name__}(x.real)",
            )
        return complex(guard_array(x.real).item(), guard_array(x.imag).item())
    if kind is int and x.dtype.kind == "f":
        whole = cast(UFUNCS[np.trunc](x), dtype=INT64)
        return int(guard_array(whole).item())
    return guard_array(x).item()


def _many(x: Value, kind: type) -> TraceError:
    if kind is bool:
        return TraceError(
            f"the truth value of {x!r} with more than one element is ambiguous",
            remedy="use np.any(x), np.all(x), or np.where(condition, a, b)",
        )
    return TraceError(
        f"a traced {x!r} was to be turned into a Python {kind.__name__}",
        remedy=f"pick one element: {kind.__name__}(x[0])",
    )
