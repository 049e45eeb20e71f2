"""A slice whose bounds are traced -> the places along the axis that it takes."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.sums import is_within, note_range, sum_of
from jitad.ir.builder import Builder
from jitad.ir.op import INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import Sum
from jitad.ops.intervals import FAR


class Run(NamedTuple):
    """Places along an axis, of which there are so many; of no length all are."""

    at: Value
    length: Value | None


def is_traced_slice(item: Any) -> bool:
    """Whether an item of an index is a slice whose bounds are traced."""
    if not isinstance(item, slice):
        return False
    return isinstance(item.start, Value) or isinstance(item.stop, Value)


def first_ones(length: Value, size: int) -> Value:
    """The mask of an axis that is true at the first places, so many."""
    return ew.lt(st.iota_on(length, (size,), 0), st.broadcast(length, shape=(size,)))


def length_of(mask: Value) -> Value | None:
    """At how many places a mask is true, where these are known to be the first ones."""
    instrs = mask.builder.instrs
    instr = instrs[mask.index]
    if instr.op is not ew.lt or instrs[instr.args[0]].op is not st.iota or mask.ndim != 1:
        return None
    length = instrs[instr.args[1]]
    return mask.builder.value(length.args[0]) if length.op is st.broadcast else None


def spread_out(
    builder: Builder, items: Sequence[Any], shape: Sequence[int]
) -> tuple[list[Any], list[Value | None]]:
    """An index of integers and slices, one for each axis, with arrays of places in place of the
    slices up to the last one whose bounds are traced; how many places of each count."""
    last = max(k for k, item in enumerate(items) if is_traced_slice(item))
    rank = sum(isinstance(item, slice) for item in items[: last + 1])
    found: list[Any] = []
    counts: list[Value | None] = []
    for k, item in enumerate(items):
        if k > last or not isinstance(item, slice):
            found.append(item)
            continue
        run = run_of(builder, item, shape[k])
        axis = len(counts)
        aligned = [run.at.shape[0] if j == axis else 1 for j in range(rank)]
        at = st.reshape(run.at, shape=tuple(aligned))
        note_range(at, 0, Sum(shape[k] - 1))
        found.append(at)
        counts.append(run.length)
    return found, counts


def run_of(builder: Builder, item: slice, n: int) -> Run:
    """What a slice takes of an axis of length n."""
    _, _, step = slice(None, None, item.step).indices(n)
    low, high = (0, n) if step > 0 else (-1, n - 1)
    first, end = (low, high) if step > 0 else (high, low)
    start = first if item.start is None else _bound(builder, item.start, n, low, high)
    stop = end if item.stop is None else _bound(builder, item.stop, n, low, high)
    apart = sum_of(stop).plus(sum_of(start), -1)
    count: Value | None = None
    if not apart.terms:
        most = len(range(0, apart.const, step))
    else:
        count = _count(start, stop, step)
        most = int(min(_most(item, step, n), sum_of(count).most()))
    at = ew.mul(st.iota_on(lift(builder, 0), (most,), 0), step)
    at = ew.add(at, st.broadcast(lift(builder, start), shape=(most,)))
    # What is beyond those that count is another place each, which the axis has.
    if sum_of(start).most() + max(0, step * (most - 1)) >= n:
        at = ew.where(ew.ge(at, n), ew.sub(at, n), at)
    if -sum_of(start).most(-1) + min(0, step * (most - 1)) < 0:
        at = ew.where(ew.lt(at, 0), ew.add(at, n), at)
    return Run(at, count)


def _bound(builder: Builder, x: Any, n: int, low: int, high: int) -> Any:
    """Where a slice begins or ends: from the end, if it is negative, and within the axis."""
    if isinstance(x, Value) and (x.shape or x.dtype.kind not in "iu"):
        x = operator.index(x)  # which says what is wrong
    if not isinstance(x, Value):
        x = operator.index(x)
        return min(max(x + n if x < 0 else x, low), high)
    x = as_dtype(lift(builder, x), INT64)
    if not is_within(x, 0, high):
        if not is_within(x, 0, FAR):
            x = ew.where(ew.lt(x, 0), ew.add(x, n), x)
        if not is_within(x, low, FAR):
            x = ew.maximum(x, low)
        if not is_within(x, -FAR, high):
            x = ew.minimum(x, high)
    return x


def _count(start: Any, stop: Any, step: int) -> Value:
    """How many places there are from one to the other."""
    apart = ew.sub(stop, start)
    if step != 1:
        apart = ew.int_floor_divide(ew.add(apart, step - (1 if step > 0 else -1)), step)
    return apart if is_within(apart, 0, FAR) else ew.maximum(apart, 0)


def _most(item: slice, step: int, n: int) -> int:
    """How many places there are at most."""
    most = len(range(0, n, abs(step)))
    if item.start is None or item.stop is None:
        return most
    apart = sum_of(item.stop).plus(sum_of(item.start), -1)
    way = 1 if step > 0 else -1
    # Negative bounds count from the end: one of two, if it is the first, makes places fewer.
    if -apart.most(-way) < 0 and not (
        is_within(item.start, 0, FAR) and is_within(item.stop, 0, FAR)
    ):
        return most
    reach = apart.most(way)
    return most if reach == math.inf else min(most, len(range(0, max(0, int(reach)), abs(step))))
