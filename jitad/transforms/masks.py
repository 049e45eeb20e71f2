"""Supports -> values: where an element may differ from 0, computed on a tape under construction."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, INT64, Op, Shape, Structural
from jitad.ir.tape import CONST
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.transforms.reach import Reach
from jitad.transforms.support import Box, Condition, Either, Key, Mask, Support, View


class Masks:
    """Masks of the values that `reach` knows, whose places on the new tape are `new`.

    `given` are masks from outside: of inputs, and of results of control ops.
    """

    def __init__(self, reach: Reach, builder: Builder, new: Sequence[int]) -> None:
        self.reach = reach
        self.builder = builder
        self.new = new
        self.given: dict[int, Value] = {}
        self._known: dict[Any, Value] = {}

    def value(self, support: Support, shape: Shape) -> Value:
        """The elements of an array of that shape that are in a support."""
        found: Value | None = None
        for term in support:
            every: Value | None = None
            for key, holds in term:
                x = self._key(key, shape)
                x = x if holds else ew.logical_not(x)
                every = x if every is None else ew.logical_and(every, x)
            every = self._all(True, shape) if every is None else every
            found = every if found is None else ew.logical_or(found, every)
        return self._all(False, shape) if found is None else found

    def of(self, i: int) -> Value:
        """The mask of instruction i."""
        return self.value(self.reach.support[i], self.reach.tape.instrs[i].shape)

    def _all(self, truth: bool, shape: Shape) -> Value:
        return self.builder.const(truth, shape, BOOL)

    def _key(self, key: Key, shape: Shape) -> Value:
        work = [(key, shape)]
        while work:
            at = work.pop()
            if at[0] in self._known:
                continue
            needed = [x for x in self._needed(*at) if x[0] not in self._known]
            if needed:
                work += [at, *reversed(needed)]
            else:
                self._known[at[0]] = self._computed(*at)
        return self._known[key]

    def _needed(self, key: Key, shape: Shape) -> list[tuple[Key, Shape]]:
        """The keys of which a mask is computed, and their shapes."""
        if isinstance(key, View):
            return [(key.key, key.shape)]
        supports = [(self.reach.large[key.of], shape)] if isinstance(key, Either) else []
        if isinstance(key, Mask) and key.of not in self.given:
            instrs, support = self.reach.tape.instrs, self.reach.support
            supports = [(support[j], instrs[j].shape) for j in instrs[key.of].args]
        return [(inner, of) for support, of in supports for term in support for inner, _ in term]

    def _computed(self, key: Key, shape: Shape) -> Value:
        if isinstance(key, Condition):
            return self.builder.value(self.new[key.of])
        if isinstance(key, Box):
            return self._box(key)
        if isinstance(key, Either):
            return self.value(self.reach.large[key.of], shape)
        if isinstance(key, View):
            inner = self._key(key.key, key.shape)
            rest = [self.builder.value(self.new[j]) for j in key.rest]
            return key.op(inner, *rest, **dict(zip(key.op.params, key.params, strict=True)))
        return self.given[key.of] if key.of in self.given else self._result(key.of)

    def _box(self, key: Box) -> Value:
        found: Value | None = None
        for axis, ((start, length, step), n) in enumerate(zip(key.slots, key.shape, strict=True)):
            if length == n:
                continue
            if step != 1:
                falses, trues = self._all(False, key.shape), self._all(True, _lengths(key))
                return st.index_set(falses, trues, slots=key.slots)
            i = self.builder.apply(st.iota, (), {"shape": key.shape, "axis": axis})
            sides = [ew.ge(i, start)] if start else []
            sides += [ew.lt(i, start + length)] if start + length < n else []
            for side in sides:
                found = side if found is None else ew.logical_and(found, side)
        assert found is not None
        return found

    def _result(self, i: int) -> Value:
        """The mask of what an op makes of its operands, from their masks."""
        instr = self.reach.tape.instrs[i]
        op = instr.op
        assert isinstance(op, Structural)
        if op in st.SCATTERS:
            place = self.builder.value(self.new[instr.args[1]])
            rule = _scattered if op is st.scatter_add else st.scatter_set
            x, u = self.of(instr.args[0]), self.of(instr.args[2])
            return rule(x, place, u, **instr.named_params)
        return _RULES.get(op, op)(*(self.of(j) for j in instr.args), **instr.named_params)


def _lengths(key: Box) -> Shape:
    return tuple(length for _, length, _ in key.slots)


def _is(x: Value, truth: bool) -> bool:
    instr = x.builder.instrs[x.index]
    return instr.op is CONST and instr.params[0] == truth


def _scattered(x: Value, place: Value, u: Value) -> Value:
    """Rows that a mask adds to, where `or` adds; of a whole row its number is enough."""
    if len(x.shape) == 1 or not (_is(u, True) and _is(x, False)):
        return st.scatter_add(x, place, u)
    builder, rows = x.builder, x.shape[:1]
    trues = builder.const(True, place.shape, BOOL)
    reached = st.scatter_set(builder.const(False, rows, BOOL), place, trues, apart=False)
    return st.broadcast(st.reshape(reached, shape=(*rows, *(1,) * (x.ndim - 1))), shape=x.shape)


def _updated(x: Value, u: Value, slots: tuple[st.Slot, ...]) -> Value:
    there = ew.logical_or(st.index(x, slots=slots), u)
    return st.index_set(x, there, slots=slots)


def _running(x: Value, axis: int, backward: bool) -> Value:
    count = st.cumsum(ew.cast(x, dtype=INT64), axis=axis, backward=backward)
    return ew.ne(count, 0)


_RULES: dict[Op, Callable[..., Value]] = {
    st.reduce_sum: st.reduce_any,
    st.index_add: _updated,
    st.cumsum: _running,
}
"""How the masks of operands join, where not as the operands themselves do."""
