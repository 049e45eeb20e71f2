"""A slice whose bounds are traced -> the places along the axis that it takes."""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from typing import Any, NamedTuple

from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.sums import at_most, note_range, sum_of
from jitad.ir.builder import Builder
from jitad.ir.op import INT64
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import Sum

NOWHERE = -(2**40)
"""In the place of an index that is out of bounds in one axis, so that it is so in memory."""


class Run(NamedTuple):
    """Places along an axis, of which the first ones count, so many; of no length all do."""

    at: Value
    length: Value | None


def is_traced_slice(item: Any) -> bool:
    """Whether an item of an index is a slice whose bounds are traced."""
    if not isinstance(item, slice):
        return False
    return isinstance(item.start, Value) or isinstance(item.stop, Value)


def is_full(item: Any) -> bool:
    """Whether an item of an index takes all of an axis."""
    if not isinstance(item, slice) or item.start is not None or item.stop is not None:
        return False
    return item.step is None or item.step == 1


def guarded(index: Any) -> Any:
    """An index whose slices have the bounds of this path."""
    if isinstance(index, tuple):
        return tuple([guarded(item) for item in index])
    if not is_traced_slice(index):
        return index
    bounds = (index.start, index.stop, index.step)
    return slice(*(x if x is None else operator.index(x) for x in bounds))


def same_index(a: Any, b: Any) -> bool:
    """Whether two indices are one, of the same traced values."""
    if isinstance(a, tuple) or isinstance(b, tuple):
        is_one = isinstance(a, tuple) and isinstance(b, tuple) and len(a) == len(b)
        return is_one and all(map(same_index, a, b))
    if isinstance(a, slice) and isinstance(b, slice):
        return same_index((a.start, a.stop, a.step), (b.start, b.stop, b.step))
    return a is b or (isinstance(a, int) and isinstance(b, int) and a == b)


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
    builder: Builder, items: Sequence[Any], sizes: Sequence[int], lengths: Sequence[Any] = ()
) -> tuple[list[Any], list[Value | None]]:
    """An index of integers and slices, one for each axis, with arrays of places in place of the
    slices up to the last one that takes a number of places which data says; and the masks of the
    axes that are left, None where all places are there. Axes have such `lengths`, too."""
    known = [*lengths] or [None] * len(sizes)
    pairs = [*zip(items, known, strict=True)]
    asked = [is_traced_slice(x) or (n is not None and not is_full(x)) for x, n in pairs]
    last = max((k for k, x in enumerate(asked) if x), default=-1)
    rank = sum(isinstance(item, slice) for item in items[: last + 1])
    found: list[Any] = []
    masks: list[Value | None] = []
    for k, (item, n) in enumerate(pairs):
        if not isinstance(item, slice):
            found.append(item if n is None else _element(builder, item, n))
        elif k > last:
            found.append(item)
            masks.append(None)
        else:
            run = run_of(builder, item, sizes[k] if n is None else n, sizes[k])
            aligned = [run.at.shape[0] if j == len(masks) else 1 for j in range(rank)]
            at = st.reshape(run.at, shape=tuple(aligned))
            note_range(at, Sum(sizes[k] - 1))
            found.append(at)
            masks.append(None if run.length is None else first_ones(run.length, run.at.shape[0]))
    return found, masks


def _element(builder: Builder, i: Any, n: Value) -> Value:
    """Where an element of an axis of traced length is; nowhere, if it is out of bounds."""
    place = lift(builder, i)
    if not at_most(0, i):
        place = ew.where(ew.lt(place, 0), ew.add(place, lift(builder, n)), place)
    if at_most(0, i) and at_most(i, sum_of(n).plus(Sum(-1))):
        return place
    inside = ew.logical_and(ew.ge(place, 0), ew.lt(place, lift(builder, n)))
    return ew.where(inside, place, NOWHERE)


def run_of(builder: Builder, item: slice, n: Any, size: int) -> Run:
    """What a slice takes of an axis of n places, in an array that has room for more, perhaps."""
    _, _, step = slice(None, None, item.step).indices(size)
    low, high = (0, n) if step > 0 else (-1, _sum(builder, n, -1))
    first, end = (low, high) if step > 0 else (high, low)
    start = first if item.start is None else _bound(builder, item.start, n, low, high)
    stop = end if item.stop is None else _bound(builder, item.stop, n, low, high)
    apart = sum_of(stop).plus(sum_of(start), -1)
    length: Value | None = None
    if not apart.terms:
        most = len(range(0, apart.const, step))
    else:
        length = _length(lift(builder, start), lift(builder, stop), step)
        # In a loop that has no turn, what is known of its places may contradict itself.
        most = max(0, int(min(_most(item, step, size), sum_of(length).most())))
    at = ew.mul(st.iota_on(lift(builder, 0), (most,), 0), step)
    at = ew.add(at, st.broadcast(lift(builder, start), shape=(most,)))
    # What is beyond those that count is another place each, which the axis has.
    if sum_of(start).most() + max(0, step * (most - 1)) >= size:
        at = ew.where(ew.ge(at, size), ew.sub(at, size), at)
    if -sum_of(start).most(-1) + min(0, step * (most - 1)) < 0:
        at = ew.where(ew.lt(at, 0), ew.add(at, size), at)
    return Run(at, length)


def _bound(builder: Builder, x: Any, n: Any, low: int, high: Any) -> Any:
    """Where a slice begins or ends: from the end, if it is negative, and within the axis."""
    if not isinstance(x, Value) or x.shape or x.dtype.kind not in "iu":
        x = operator.index(x)
    else:
        x = as_dtype(lift(builder, x), INT64)
    if not at_most(0, x):
        from_end = _sum(builder, x, n)
        if not at_most(x, -1):
            y = lift(builder, x)
            from_end = ew.where(ew.lt(y, 0), lift(builder, from_end), y)
        x = from_end
    if not at_most(low, x):
        x = low if at_most(x, low) else ew.maximum(lift(builder, x), low)
    if not at_most(x, high):
        x = high if at_most(high, x) else ew.minimum(lift(builder, x), lift(builder, high))
    return x


def _sum(builder: Builder, x: Any, y: Any) -> Any:
    if isinstance(x, Value) or isinstance(y, Value):
        return ew.add(lift(builder, x), lift(builder, y))
    return x + y


def _length(start: Value, stop: Value, step: int) -> Value:
    """How many places there are from one to the other."""
    length = ew.sub(stop, start) if step > 0 else ew.sub(start, stop)
    step = abs(step)
    if step != 1:
        length = ew.int_floor_divide(ew.add(length, step - 1), step)
    return length if at_most(0, length) else ew.maximum(length, 0)


def _most(item: slice, step: int, n: int) -> int:
    """How many places there are at most."""
    most = len(range(0, n, abs(step)))
    if item.start is None or item.stop is None:
        return most
    apart = sum_of(item.stop).plus(sum_of(item.start), -1)
    way = 1 if step > 0 else -1
    # Negative bounds count from the end: one of two, if it is the first, makes places fewer.
    from_first = at_most(0, item.start) and at_most(0, item.stop)
    if -apart.most(-way) < 0 and not from_first:
        return most
    reach = apart.most(way)
    return most if reach == math.inf else min(most, len(range(0, max(0, int(reach)), abs(step))))
