"""The derivative of each element of a value by the size that stands at its place, on a tape.

An elementwise function of an array of sizes has it by one sweep with tangents of 1, and so has a
function of their sums. Where elements are mixed otherwise, few sizes have a sweep each; of many,
of which each has little say, it is taken for 0.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import (
    DYNAMIC,
    FLOAT64,
    Control,
    Elementwise,
    Mask,
    Op,
    RealLinear,
    Shape,
    Structural,
)
from jitad.ir.tape import Instr
from jitad.ir.value import Value
from jitad.ops.contraction import contract
from jitad.ops.control import part
from jitad.ops.control.parts import can_fail, may_not_end
from jitad.ops.elementwise import cast, eq, mul, where
from jitad.ops.gathers import iota_on
from jitad.ops.partials import is_active, partial, plus, scale, tangent, typed
from jitad.ops.structural import broadcast, reduce_sum, reshape

FAR = 1_000_000
"""All sweeps over a tape visit so many instructions; beyond, what comes is taken for constant."""

FEW = 16
"""So many sizes have a sweep each."""

Step = tuple[Op, tuple[Any, ...]]
"""A view: its op and parameters."""


class Aligned(NamedTuple):
    """A size, which views have moved to the places of the values that it meets."""

    size: int
    steps: tuple[Step, ...]
    places: np.ndarray

    def moved(self, x: Value) -> Value:
        """Another array of the size's shape, moved likewise."""
        for op, params in self.steps:
            x = op(x, **dict(zip(op.params, params, strict=True)))
        return x

    def then(self, op: Op, *params: Any) -> Aligned:
        """Moved by a view as well."""
        places = op.evaluate(self.places, **dict(zip(op.params, params, strict=True)))
        return Aligned(self.size, (*self.steps, (op, params)), np.asarray(places))


def aligned(builder: Builder, i: int) -> Aligned:
    """What is a view of a size, or the size itself."""
    instr = builder.instrs[i]
    if instr.op.is_view:
        return aligned(builder, instr.args[0]).then(instr.op, *instr.params)
    places = numbers(instr.shape)
    return Aligned(i, (), places)


class _Slope(NamedTuple):
    """The derivative of each element by the size at its place, where `places` are given.

    Of sums it is the derivative by each size, which is in the sum numbered `home`; an element is
    that of its group, and `spread` are the shapes by which a size meets its sum. None of what is
    mixed otherwise. `pure`: by no other size there is a derivative.
    """

    value: Value | None
    places: np.ndarray | None = None
    pure: bool = True
    home: np.ndarray | None = None
    groups: np.ndarray | None = None
    spread: tuple[Shape, ...] = ()


def _are_same(x: np.ndarray | None, y: np.ndarray | None) -> bool:
    return x is y or (x is not None and y is not None and np.array_equal(x, y))


def numbers(shape: Shape) -> np.ndarray:
    """The number of each element, in order."""
    return np.arange(math.prod(shape)).reshape(shape)  # pyright: ignore[reportUnknownMemberType]


def _spread(c: Any, shapes: tuple[Shape, ...]) -> Any:
    """A partial by sums, for each size of a sum."""
    if isinstance(c, Mask):
        weight = None if c.weight is None else _spread(c.weight, shapes)
        return Mask(_spread(c.condition, shapes), c.keep, weight)
    if not isinstance(c, Value):
        return c
    kept, whole, shape = shapes
    return reshape(broadcast(reshape(c, shape=kept), shape=whole), shape=shape)


class Slopes:
    """The derivatives of a builder's values by sizes, as far as they were asked for."""

    def __init__(self, builder: Builder) -> None:
        self.builder = builder
        self.known: dict[Any, dict[int, _Slope | None]] = {}
        self.left = FAR

    def of(self, target: int, by: Aligned) -> Value | None:
        """The derivative of each element of instruction `target`; None where it is 0."""
        r, builder = self.builder.value(by.size), self.builder
        known = self.known.setdefault((by.size, by.steps), {})
        if by.size not in known:
            one = builder.const(1.0, r.shape, r.dtype)
            known[by.size] = _Slope(one, numbers(r.shape))
        for i in self._between(by.size, target, known):
            slopes = [known.get(j) for j in builder.instrs[i].args]
            known[i] = self._slope(builder.instrs[i], i, slopes, by)
        slope = known.get(target)
        slope = None if slope is None else self._at_places(slope, by)
        if slope is None or slope.value is not None:
            return None if slope is None else slope.value
        return self._by_elements(target, by, r) if r.size <= FEW else None

    def _at_places(self, slope: _Slope, by: Aligned) -> _Slope | None:
        """By the sizes at their places alone."""
        if slope.value is None:
            return slope
        if slope.home is not None and slope.groups is not None:
            shown, wanted = slope.groups, slope.home[by.places]
            found = _Slope(by.moved(slope.value), by.places, False)
        else:
            shown, wanted, found = slope.places, by.places, slope
        if _are_same(shown, wanted):
            return found
        return _Slope(None) if np.any(shown == wanted) else None

    def at(self, x: Value, target: int, by: Aligned) -> Value | None:
        """Instruction `target`, with x in the place of the size; None where elements are mixed."""
        new, places = {by.size: x.index}, {by.size: numbers(x.shape)}
        for i in self._between(by.size, target, {}):
            instr = self.builder.instrs[i]
            args = [j for j in instr.args if j in new]
            if not args:
                continue
            if DYNAMIC in instr.shape or can_fail(instr) or may_not_end(instr):
                return None  # at another point a loop might never end
            same = all(_are_same(places[j], places[args[0]]) for j in args)
            if x.size == 1:
                places[i] = np.zeros(instr.shape, int)
            elif instr.op.is_view:
                places[i] = np.asarray(instr.op.evaluate(places[args[0]], **instr.named_params))
            elif same and isinstance(instr.op, Elementwise):
                places[i] = places[args[0]]
            else:
                return None
            new[i] = self.builder.copy(instr, tuple([new.get(j, j) for j in instr.args]))
        mixed = target in new and x.size > 1 and not _are_same(places[target], by.places)
        return None if mixed else self.builder.value(new.get(target, target))

    def _between(self, size: int, target: int, known: dict[int, _Slope | None]) -> list[int]:
        """What comes after the size and is read on the way to the target, in order; [] if far."""
        found, stack = set[int](), [target]
        while stack and len(found) <= self.left:
            i = stack.pop()
            if i > size and i not in known and i not in found:
                found.add(i)
                stack.extend(self.builder.instrs[i].args)
        self.left -= len(found)
        return sorted(found) if self.left >= 0 else []

    def _slope(
        self, instr: Instr, i: int, slopes: list[_Slope | None], by: Aligned
    ) -> _Slope | None:
        given = [slope for slope in slopes if slope is not None]
        if not given or not (is_active(instr) or isinstance(instr.op, Control)):
            return None
        if DYNAMIC in instr.shape or any(slope.value is None for slope in given):
            return _Slope(None)
        first, r = given[0], self.builder.value(by.size)
        if r.size == 1:
            return self._moved(instr, i, slopes, np.zeros(instr.shape, int))
        if instr.op.is_view:
            places, groups = (
                None if x is None else np.asarray(instr.op.evaluate(x, **instr.named_params))
                for x in (first.places, first.groups)
            )
            if groups is not None:
                return first._replace(groups=groups)
            return self._moved(instr, i, slopes, places, first.pure)
        if isinstance(instr.op, Elementwise):
            return self._of_elements(instr, i, slopes, by)
        in_order = first.places is not None and _are_same(np.ravel(first.places), np.arange(r.size))
        if in_order and all(s.pure and _are_same(s.places, first.places) for s in given):
            return self._of_sum(instr, slopes, r)
        return _Slope(None)

    def _moved(
        self, instr: Instr, i: int, slopes: Sequence[_Slope | None], places: Any, pure: bool = True
    ) -> _Slope | None:
        value = self._tangent(instr, i, [None if x is None else x.value for x in slopes])
        return None if value is None else _Slope(value, places, pure)

    def _of_elements(
        self, instr: Instr, i: int, slopes: list[_Slope | None], by: Aligned
    ) -> _Slope | None:
        """Of an elementwise function of elements at the same places, or of the same sums."""
        given = [slope for slope in slopes if slope is not None]
        first = given[0]
        if all(s.home is None and _are_same(s.places, first.places) for s in given):
            return self._moved(instr, i, slopes, first.places, all(s.pure for s in given))
        groups = first.groups
        if groups is not None and all(_are_same(s.groups, groups) for s in given):
            count = math.prod(first.spread[0])
            if _are_same(np.ravel(groups), np.arange(count)):
                return self._of_sums(instr, i, slopes, first)
        if by.places.size != math.prod(instr.shape):
            return _Slope(None)
        if by.places.shape != instr.shape:
            by = by.then(reshape, instr.shape)
        at_places = [None if x is None else self._at_places(x, by) for x in slopes]
        if any(slope is not None and slope.value is None for slope in at_places):
            return _Slope(None)
        return self._moved(instr, i, at_places, by.places, False)

    def _of_sum(self, instr: Instr, slopes: list[_Slope | None], r: Value) -> _Slope:
        """Of a sum over some axes, or a sum of products of all elements."""
        operands = [self.builder.value(j) for j in instr.args]
        total: Value | None = None
        axes = tuple(range(len(operands[0].shape)))
        if instr.op is reduce_sum and slopes[0] is not None:
            total, axes = slopes[0].value, instr.params[0]
        elif instr.op is contract and not instr.shape and operands[0].shape == operands[1].shape:
            for slope, other in zip(slopes, operands[::-1], strict=True):
                if slope is not None and slope.value is not None:
                    total = plus(total, mul(slope.value, other))
        if total is None:
            return _Slope(None)
        groups = numbers(instr.shape)
        kept = np.expand_dims(groups, axes)
        home = np.ravel(np.broadcast_to(kept, operands[0].shape))
        spread = (kept.shape, operands[0].shape, r.shape)
        return _Slope(reshape(total, shape=r.shape), None, True, home, groups, spread)

    def _of_sums(
        self, instr: Instr, i: int, slopes: list[_Slope | None], first: _Slope
    ) -> _Slope | None:
        """Of an elementwise function of the same sums: a partial is one for all sizes of a sum."""
        total: Value | None = None
        operands = [self.builder.value(j) for j in instr.args]
        assert isinstance(instr.op, Elementwise)
        for j, slope in enumerate(slopes):
            if slope is not None and slope.value is not None:
                c = partial(instr.op, j, operands, self.builder.value(i))
                if isinstance(c, RealLinear):
                    return _Slope(None)
                c = _spread(c, first.spread)
                total = plus(total, typed(scale(c, slope.value), instr.dtype))
        return None if total is None else first._replace(value=total)

    def _by_elements(self, target: int, by: Aligned, r: Value) -> Value | None:
        """By a sweep for each size."""
        total: Value | None = None
        number = reshape(iota_on(r, (r.size,), 0), shape=r.shape)
        for k in range(r.size):
            if not np.any(by.places == k):
                continue
            own = eq(number, k)
            tangents: dict[int, Value | None] = {r.index: cast(own, dtype=r.dtype)}
            for i in self._between(r.index, target, {}):
                instr = self.builder.instrs[i]
                tangents[i] = self._tangent(instr, i, [tangents.get(j) for j in instr.args])
            dx = tangents.get(target)
            if dx is not None:
                none = self.builder.const(0.0, dx.shape, dx.dtype)
                total = plus(total, where(by.moved(own), dx, none))
        return total

    def _tangent(self, instr: Instr, i: int, tangents: list[Value | None]) -> Value | None:
        op, builder = instr.op, self.builder
        if all(dx is None for dx in tangents):
            return None
        if isinstance(op, Control):
            return builder.const(math.nan, (), FLOAT64)
        if op is part:
            return builder.const(math.nan, instr.shape, instr.dtype) if is_active(instr) else None
        if not is_active(instr):
            return None
        operands = [builder.value(j) for j in instr.args]
        result = builder.value(i)
        if isinstance(op, Elementwise):
            return tangent(op, operands, result, tangents)
        if not isinstance(op, Structural) or op.jvp is None:
            return None
        return op.jvp(operands, result, tangents, **instr.named_params)
