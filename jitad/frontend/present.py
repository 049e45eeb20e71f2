"""Where selections have elements: if two do at the same places, and what is computed of both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.active import is_in_region
from jitad.frontend.operands import innermost, lift
from jitad.frontend.slices import first_ones, length_of
from jitad.frontend.sums import sum_of
from jitad.ir.builder import Builder
from jitad.ir.tape import CONST
from jitad.ir.value import UFUNCS, Value
from jitad.ops import structural as st
from jitad.ops.affine import Sum

_FAR = 64
"""Instructions of two masks that are compared."""

Masks = tuple[Value | None, ...]
"""For each axis of a selection where its elements are along an axis of the whole array, or several
of them; None where they are all there."""


def joined(wholes: Sequence[Any], given: Sequence[Masks]) -> Masks | None:
    """Where there are elements of what is computed element by element; None where that is not one
    for all operands."""
    rank = max(map(len, given))
    found: list[Value | None] = []
    for axis in range(1, rank + 1):
        here = [k for k, masks in enumerate(given) if len(masks) >= axis]
        masks = [given[k][-axis] for k in here]
        known = [mask for mask in masks if mask is not None]
        if known:
            others = [k for k in here if given[k][-axis] is None]
            if not all(are_alike(known[0], mask) for mask in known[1:]):
                return None
            if known[0].ndim > 1 and (axis != rank or others):
                return None
            if any(np.shape(wholes[k])[-axis] != 1 for k in others):
                return None
        found.append(known[0] if known else None)
    return tuple(reversed(found))


def all_alike(a: Masks, b: Masks) -> bool:
    """Whether there are elements at the same places."""
    return len(a) == len(b) and all(
        (x is None) == (y is None) and (x is None or y is None or are_alike(x, y))
        for x, y in zip(a, b, strict=True)
    )


def least_room(given: Sequence[Masks]) -> Masks:
    """For each axis, counted from the last one, the mask of the array that has least room."""
    rank = max(map(len, given), default=0)
    found: list[Value | None] = []
    for axis in range(rank, 0, -1):
        masks = [masks[-axis] for masks in given if len(masks) >= axis]
        counted = [mask for mask in masks if mask is not None and length_of(mask) is not None]
        found.append(min(counted, key=lambda mask: mask.shape, default=None))
    return tuple(found)


def resized(whole: Value, masks: Masks, wanted: Masks) -> tuple[Value, Masks]:
    """A selection in an array that has room for as many elements as another one, where it has as
    many; its last axes are those of the other."""
    found = [*masks]
    if any(mask is not None and mask.ndim > 1 for mask in masks):
        return whole, masks
    for k, (own, other) in enumerate(zip(masks, wanted[-len(masks) :], strict=False)):
        if own is None or other is None or own.shape == other.shape:
            continue
        m, n = length_of(own), length_of(other)
        if m is None or n is None or sum_of(m) != sum_of(n):
            continue
        room, shape = other.shape[0], whole.shape
        lengths = [min(size, room) if j == k else size for j, size in enumerate(shape)]
        slots = tuple([(0, size, 1) for size in lengths])
        whole = st.index(whole, slots=slots)
        if lengths[k] < room:
            shape = (*shape[:k], room, *shape[k + 1 :])
            whole = st.index_set(st.zeros(whole, shape, whole.dtype), whole, slots=slots)
        found[k] = first_ones(lift(whole.builder, m), room)
    return whole, tuple(found)


def are_alike(a: Value, b: Value) -> bool:
    """Whether two masks are true at the same places, as is seen from how they are computed; or at
    as many first places on this path."""
    if a.shape != b.shape:
        return False
    m, n = length_of(a), length_of(b)
    tape = innermost((a, b)).recording
    if m is None or n is None:
        return _are_computed_alike(tape, lift(tape, a), lift(tape, b))
    known = sum_of(m).plus(sum_of(n), -1) == Sum(0)
    return known or (not is_in_region(tape) and bool(UFUNCS[np.equal](m, n)))


def _are_computed_alike(tape: Builder, a: Value, b: Value) -> bool:
    stack, instrs = [(a.index, b.index)], tape.instrs
    for _ in range(_FAR):
        if not stack:
            return True
        i, j = stack.pop()
        if i == j:
            continue
        x, y = (instrs[k]._replace(line=None) for k in (i, j))
        is_known = x.args or x.op is CONST
        if not is_known or len(x.args) != len(y.args) or x._replace(args=y.args) != y:
            return False
        stack += zip(x.args, y.args, strict=True)
    return False
