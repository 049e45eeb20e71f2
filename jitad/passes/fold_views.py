"""Simplifications of views, updates and sums: those that do nothing, or that join into one."""

from __future__ import annotations

import math

from jitad.ir.builder import Builder
from jitad.ir.op import Op, Structural
from jitad.ir.tape import Instr
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.affine import EACH, run_of
from jitad.passes.numbers import Rewrite, is_zero, number_of


def _shaped(builder: Builder, instr: Instr) -> int | None:
    inner = builder.instrs[instr.args[0]]
    if inner.shape == instr.shape:
        return instr.args[0]
    if inner.op is instr.op:
        return instr.op(builder.value(inner.args[0]), shape=instr.shape).index
    return None


def _transpose(builder: Builder, instr: Instr) -> int | None:
    (perm,) = instr.params
    if perm == tuple(range(len(perm))):
        return instr.args[0]
    inner = builder.instrs[instr.args[0]]
    if inner.op is st.transpose:
        (first,) = inner.params
        joined = tuple(first[i] for i in perm)
        return st.transpose(builder.value(inner.args[0]), perm=joined).index
    return None


def _index(builder: Builder, instr: Instr) -> int | None:
    (slots,) = instr.params
    inner = builder.instrs[instr.args[0]]
    if _is_full(slots, inner.shape):
        return instr.args[0]
    if inner.op in st.INDEXED:
        return _index_of_update(builder, instr.args[0], slots)
    if inner.op is st.concatenate:
        return _index_of_join(builder, inner, slots)
    if inner.op is st.iota:
        place = slots[inner.params[1]]
        if isinstance(place, int):
            return builder.const(place, instr.shape, instr.dtype).index
    if inner.op is st.index:
        joined = st.joined_slots(inner.params[0], slots)
        return st.index(builder.value(inner.args[0]), slots=joined).index
    if math.prod(inner.shape) == math.prod(instr.shape) and all(
        slot in (0, (0, n, 1)) for slot, n in zip(slots, inner.shape, strict=True)
    ):  # axes of length 1 go
        return st.reshape(builder.value(instr.args[0]), shape=instr.shape).index
    return None


def _index_of_join(builder: Builder, join: Instr, slots: tuple[st.Slot, ...]) -> int | None:
    """An index of what lies in one part of a join."""
    axis: int = join.params[0]
    at, slot = 0, slots[axis]
    start, length, step = st.as_range(slot)
    if not length:
        return None
    first, last = sorted((start, start + (length - 1) * step))
    for j in join.args:
        size = builder.instrs[j].shape[axis]
        if at <= first and last < at + size:
            moved = slot - at if isinstance(slot, int) else (start - at, length, step)
            own = (*slots[:axis], moved, *slots[axis + 1 :])
            return st.index(builder.value(j), slots=own).index
        at += size
    return None


_FAR = 300
"""How many updates an index is looked for behind: their number times this bounds the work."""


def _index_of_update(builder: Builder, last: int, slots: tuple[st.Slot, ...]) -> int | None:
    """An index of an array after updates of other elements, or the very one that was written."""
    x = _behind(builder, last, slots)
    update = builder.instrs[x]
    written = update.op in st.INDEXED and update.params[0] == slots
    if written and (update.op is st.index_set or is_zero(number_of(builder, update.args[0]))):
        return update.args[1]
    return None if x == last else st.index(builder.value(x), slots=slots).index


def _behind(builder: Builder, x: int, slots: tuple[st.Slot, ...]) -> int:
    """The array before all updates that do not touch the elements at `slots`."""
    for _ in range(_FAR):
        update = builder.instrs[x]
        if update.op not in st.INDEXED:
            break
        if not st.are_disjoint(update.params[0], slots):
            break
        x = update.args[0]
    return x


def _is_full(slots: tuple[st.Slot, ...], shape: tuple[int, ...]) -> bool:
    return all(slot == (0, n, 1) for slot, n in zip(slots, shape, strict=True))


def _index_add(builder: Builder, instr: Instr) -> int | None:
    x, u = (builder.value(j) for j in instr.args)
    (slots,) = instr.params
    if _is_full(slots, instr.shape):
        return u.index if is_zero(number_of(builder, x.index)) else ew.add(x, u).index
    inner = builder.instrs[x.index]
    if inner.op in st.INDEXED and inner.params == instr.params:
        first, earlier = (builder.value(j) for j in inner.args)
        return inner.op(first, ew.add(earlier, u), slots=slots).index
    return x.index if is_zero(number_of(builder, u.index)) else None


def _index_set(builder: Builder, instr: Instr) -> int | None:
    x, u = (builder.value(j) for j in instr.args)
    (slots,) = instr.params
    if _is_full(slots, instr.shape):
        return u.index
    inner, new = builder.instrs[x.index], builder.instrs[u.index]
    if inner.op in st.INDEXED and inner.params == instr.params:
        return st.index_set(builder.value(inner.args[0]), u, slots=slots).index
    if new.op is st.index and new.params == instr.params:
        return x.index if new.args[0] == _behind(builder, x.index, slots) else None
    number = number_of(builder, u.index)
    same = number is not None and repr(number) == repr(number_of(builder, x.index))
    return x.index if same else None


def _sum(builder: Builder, instr: Instr) -> int | None:
    (axes,) = instr.params
    source = builder.instrs[instr.args[0]]
    lengths: list[int] = [source.shape[i] for i in axes]
    count = math.prod(lengths)
    if count == 1:
        return st.reshape(builder.value(instr.args[0]), shape=instr.shape).index
    number = number_of(builder, instr.args[0])
    if number is not None:
        return builder.const(number * count if count else 0, instr.shape, instr.dtype).index
    return None


def _gather(builder: Builder, instr: Instr) -> int | None:
    """Rows at places one after the other are an index."""
    x, places = (builder.value(j) for j in instr.args)
    below = builder.instrs[x.index]
    if below.op is st.scatter_set and below.args[1] == places.index and below.params[0]:
        return below.args[2]
    slots = _slots(builder, places.index, x.shape)
    return None if slots is None else st.index(x, slots=slots).index


def _any(builder: Builder, instr: Instr) -> int | None:
    """Whether some i is below n, which is the same for all: n > 0."""
    source = builder.instrs[instr.args[0]]
    if source.op is not ew.lt or 0 in source.shape:
        return None
    counts, limits = (builder.instrs[j] for j in source.args)
    if (
        counts.op is not st.iota
        or instr.params[0] != counts.params[1:]
        or limits.op is not st.broadcast
    ):
        return None
    (axis,) = instr.params[0]
    given = builder.instrs[limits.args[0]].shape
    along = axis - (len(source.shape) - len(given))
    if along >= 0 and given[along] != 1:
        return None
    slots = tuple(0 if k == axis else (0, n, 1) for k, n in enumerate(source.shape))
    return ew.gt(st.index(builder.value(source.args[1]), slots=slots), 0).index


_FEW = 6
"""Additions that what was written is looked for behind."""


def _rewritten(builder: Builder, instr: Instr) -> int | None:
    """Rows that are written where others were, or are there already, or are added to zeros."""
    x, places, u = instr.args
    below, new = builder.instrs[x], builder.instrs[u]
    if instr.op is st.scatter_set:
        if new.op is st.gather and new.args == (x, places):
            return x
        if below.op is not st.scatter_set or below.args[1] != places:
            return None
        return _written(builder, below.args[0], places, u, instr.params[0] and below.params[0])
    added: list[Instr] = []
    while below.op is st.scatter_add and len(added) < _FEW:
        added.append(below)
        below = builder.instrs[below.args[0]]
    is_new = below.op is st.scatter_set and below.args[1] == places and below.params[0]
    if not is_new or not is_zero(number_of(builder, below.args[2])):
        return None
    found = _written(builder, below.args[0], places, u, True)
    for other in reversed(added):
        found = st.scatter_add(*(builder.value(j) for j in (found, *other.args[1:]))).index
    return found


def _written(builder: Builder, x: int, places: int, u: int, apart: bool) -> int:
    """x with rows written into it, if they are not there already."""
    new = builder.instrs[u]
    if new.op is st.gather and new.args == (x, places):
        return x
    return st.scatter_set(*(builder.value(j) for j in (x, places, u)), apart=apart).index


def _scatter(update: Structural) -> Rewrite:
    def rule(builder: Builder, instr: Instr) -> int | None:
        known = _rewritten(builder, instr)
        if known is not None:
            return known
        x, places, u = (builder.value(j) for j in instr.args)
        slots = _slots(builder, places.index, x.shape)
        return None if slots is None else update(x, u, slots=slots).index

    return rule


def _slots(builder: Builder, places: int, shape: tuple[int, ...]) -> tuple[st.Slot, ...] | None:
    """The basic index of rows at these places, or of one, inside of an array of that shape."""
    run, length = run_of(builder.instrs, places), builder.instrs[places].shape
    full = tuple((0, n, 1) for n in shape[1:])
    if run is not None and not length and not run.terms and 0 <= run.const < shape[0]:
        return (run.const, *full)
    if run is None or [x for x, _ in run.terms] != [EACH] or len(length) != 1 or not length[0]:
        return None
    start, step = run.const, run.terms[0][1]
    last = start + step * (length[0] - 1)
    if not (0 <= start < shape[0] and 0 <= last < shape[0]):
        return None
    return ((start, length[0], step), *full)


VIEWS: dict[Op, Rewrite] = {
    st.gather: _gather,
    st.scatter_add: _scatter(st.index_add),
    st.scatter_set: _scatter(st.index_set),
    st.reshape: _shaped,
    st.broadcast: _shaped,
    st.transpose: _transpose,
    st.index: _index,
    st.index_add: _index_add,
    st.index_set: _index_set,
    st.reduce_sum: _sum,
    st.reduce_any: _any,
}
"""What an instruction may be rewritten to, by its op."""
