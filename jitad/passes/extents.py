"""Tape -> up to which place along each axis the elements of its values are asked for.

Of what `where(i < n, x, 0)` selects and a sum adds up, nobody asks for elements from n on: loops
over x end at n. So do loops that compute what such loops read, and those that write back what is
there already. The selections stay as they are: whoever computes more computes the same.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.ir.op import BOOL, INT64, Elementwise, Op, Shape
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

Extent = dict[int, int]
"""Axes, and the scalars that say how many places along them count; all do along other axes."""

Silence = Extent | None
"""Axes, and from which places along them on all elements are one number; None if all are it."""

_DEEP = 16
"""Instructions between a reduction and what selects for it."""


class Extents:
    """What is asked for of a tape's values."""

    def __init__(self, tape: Tape) -> None:
        self._tape = tape
        self._silent: dict[Any, Silence] = {}
        self._asked: list[Extent] = [{}] * len(tape.instrs)
        self._is_none = not any(_counts(tape, instr) for instr in tape.instrs)
        if not self._is_none:
            self._find()

    def of(self, i: int) -> Extent:
        """What all readers together ask for of a value."""
        return self._asked[i]

    def read(self, i: int, place: int) -> Extent:
        """What an instruction asks for of an operand."""
        return {} if self._is_none else self._of_operand(i, place)

    def _find(self) -> None:
        instrs, seen = self._tape.instrs, set(self._tape.outputs)
        for i in range(len(instrs) - 1, -1, -1):
            if instrs[i].op is ew.wanted:
                limits = self._silence(instrs[i].args[0], False) or {}
                self._asked[i] = {**limits, **self._asked[i]}
            for place, j in enumerate(instrs[i].args):
                asked = self._of_operand(i, place)
                self._asked[j] = _common(self._asked[j], asked) if j in seen else asked
                seen.add(j)

    def _of_operand(self, i: int, place: int) -> Extent:
        instr, own = self._tape.instrs[i], self._asked[i]
        op = instr.op
        if isinstance(op, Elementwise):
            if op is not ew.where or not place:
                return own
            return {**(self._silence(instr.args[0], place > 1) or {}), **own}
        if op.is_view:
            axes = view_axes(self._tape, instr)
            return {axes[k]: n for k, n in own.items() if axes[k] >= 0}
        if op is st.cumsum:
            axis, backward = instr.params
            return {k: n for k, n in own.items() if k != axis or not backward}
        if op in _REDUCTIONS:
            return self._of_reduction(instr, own)
        if op is st.gather:
            lead = len(self._tape.instrs[instr.args[1]].shape) - 1
            return {} if place else {k - lead: n for k, n in own.items() if k > lead}
        return self._of_update(i, place, own) if op in st.UPDATES else {}

    def _of_reduction(self, instr: Instr, own: Extent) -> Extent:
        (j,) = instr.args
        kept = self._kept(instr)
        neutral = st.neutral(instr.op, self._tape.instrs[j].dtype)
        silent = self._silence(j, neutral) or {}
        reduced = {k: n for k, n in silent.items() if k not in kept}
        return {**reduced, **{kept[k]: n for k, n in own.items()}}

    def _kept(self, reduction: Instr) -> list[int]:
        """Of each axis of a reduction the one of its operand that it is."""
        axes, (j,) = _reduced(reduction), reduction.args
        return [k for k in range(len(self._tape.instrs[j].shape)) if k not in axes]

    def _of_update(self, i: int, place: int, own: Extent) -> Extent:
        instr = self._tape.instrs[i]
        u = instr.args[-1]
        if not place:
            return own
        if instr.op in st.SCATTERS:
            if place == 1:
                return {}
            lead = len(self._tape.instrs[instr.args[1]].shape) - 1
            rows = {k + lead: n for k, n in own.items() if k}
        else:
            slots = [s for s in enumerate(instr.params[0]) if not isinstance(s[1], int)]
            whole = [k for k, s in slots if s == (0, instr.shape[k], 1)]
            at = {k: axis for axis, (k, _) in enumerate(slots)}
            rows = {at[k]: n for k, n in own.items() if k in whole}
        if instr.op is st.scatter_set and not instr.params[0]:
            return rows  # what is there may have been written by an earlier element
        written: Any = 0 if instr.op in (st.scatter_add, st.index_add) else instr
        return {**(self._silence(u, written) or {}), **rows}

    # -- from where on elements are one number -----------------------------------------------------

    def _silence(self, j: int, number: Any, depth: int = 0) -> Silence:
        """From where on a value is a number, or what the update `number` writes over."""
        key = (j, number.args if isinstance(number, Instr) else repr(number))
        if key not in self._silent:
            found = self._silence_of(j, number, depth + 1) if depth < _DEEP else {}
            self._silent[key] = found
        return self._silent[key]

    def _silence_of(self, j: int, number: Any, depth: int) -> Silence:
        instr = self._tape.instrs[j]
        op = instr.op
        if isinstance(number, Instr):
            return self._silence_of_update(j, number, depth)
        if op is CONST:
            return None if instr.params[0] == number else {}
        if op.is_view:
            (source,) = instr.args
            below = self._silence(source, number, depth)
            axes = view_axes(self._tape, instr)
            if below is None:
                return None
            return {k: below[axis] for k, axis in enumerate(axes) if axis in below}
        if op in _REDUCTIONS and op not in st.PLACES:
            return self._silence_of_reduction(instr, number, depth)
        if op is ew.where:
            return self._silence_of_choice(instr, number, depth)
        if instr.dtype == BOOL and op in _COMPARISONS:
            return self._silence_of_mask(instr, number)
        if op is ew.logical_not:
            return self._silence(instr.args[0], not number, depth)
        below = [
            self._silence(k, number, depth) for k in instr.args if op in _LINEAR or op in _BOTH
        ]
        if op in _BOTH and instr.dtype == BOOL and bool(number) == _BOTH[op]:
            return None if None in below else {k: n for x in below for k, n in (x or {}).items()}
        if op is ew.mul and number == 0:
            return self._silence_of_product(instr.args, depth)
        is_linear = op in _LINEAR and number == 0
        return _meet(*below) if is_linear or (op in _BOTH and instr.dtype == BOOL) else {}

    def _silence_of_update(self, j: int, update: Instr, depth: int) -> Silence:
        """From where on what an update writes is there already."""
        instr = self._tape.instrs[j]
        if instr.op in (st.gather, st.index) and instr.args == update.args[:-1]:
            is_there = instr.op is st.gather or instr.params == update.params
            return None if is_there else {}
        if instr.op is ew.where:
            return self._silence_of_choice(instr, update, depth)
        if instr.op is ew.fma:
            there = self._silence(instr.args[2], update, depth)
            return (
                _meet(there, self._silence_of_product(instr.args[:2], depth)) if there != {} else {}
            )
        if instr.op not in (ew.add, ew.increment, ew.logical_or) or instr.dtype.kind == "i":
            return {}
        x, y = instr.args
        for old, more in ((x, y), (y, x)):
            there = self._silence(old, update, depth)
            if there is None or there:
                return _meet(there, self._silence(more, 0, depth))
        return {}

    def _silence_of_reduction(self, instr: Instr, number: Any, depth: int) -> Silence:
        """From where on a reduction is of nothing that counts."""
        (j,) = instr.args
        if number != st.neutral(instr.op, self._tape.instrs[j].dtype):
            return {}
        below = self._silence(j, number, depth)
        kept = self._kept(instr)
        return below and {k: below[axis] for k, axis in enumerate(kept) if axis in below}

    def _silence_of_product(self, factors: Sequence[int], depth: int) -> Silence:
        """From where on a product with a number is 0."""
        instrs = self._tape.instrs
        for x, y in (factors, factors[::-1]):
            if instrs[y].op is CONST and np.isfinite(instrs[y].params[0]):
                return self._silence(x, 0, depth)
        return {}

    def _silence_of_choice(self, instr: Instr, number: Any, depth: int) -> Silence:
        mask, *sides = instr.args
        below = [self._silence(k, number, depth) for k in sides]
        found = _meet(*below)
        if found is None:
            return None
        for side, other in ((False, below[1]), (True, below[0])):
            for k, n in (self._silence(mask, side, depth) or {}).items():
                if other is None or other.get(k) == n:
                    found = {k: n, **found}
        return found

    def _silence_of_mask(self, instr: Instr, truth: Any) -> Extent:
        place, beyond = _COMPARISONS[instr.op]
        axis, n = self._counted(instr.args[place]), self._scalar(instr.args[1 - place])
        return {} if axis is None or n is None or beyond != truth else {axis: n}

    def _counted(self, j: int) -> int | None:
        """The axis along which a value counts from 0."""
        instr = self._tape.instrs[j]
        if instr.op is st.iota:
            return instr.params[1]
        if not instr.op.is_view:
            return None
        below = self._counted(instr.args[0])
        axes = view_axes(self._tape, instr)
        return axes.index(below) if below is not None and below in axes else None

    def _scalar(self, j: int) -> int | None:
        """The number that all elements of a value are."""
        instrs = self._tape.instrs
        while instrs[j].op.is_view and math.prod(instrs[j].shape) != 1:
            (j,) = instrs[j].args
        is_one = math.prod(instrs[j].shape) == 1 and instrs[j].dtype == INT64
        return j if is_one and instrs[j].op is not CONST else None


def _counts(tape: Tape, instr: Instr) -> bool:
    """Whether an instruction may say how many places count."""
    is_comparison = instr.op in _COMPARISONS and math.prod(instr.shape) > 1
    return is_comparison and tape.instrs[instr.args[0]].dtype == INT64


def _meet(*found: Silence) -> Silence:
    there = [x for x in found if x is not None]
    if not there:
        return None
    total = there[0]
    for x in there[1:]:
        total = _common(total, x)
    return total


def _common(a: Extent, b: Extent) -> Extent:
    return {k: n for k, n in a.items() if b.get(k) == n}


def _reduced(instr: Instr) -> tuple[int, ...]:
    """The axes of a reduction."""
    axes: Any = instr.params[0]
    return axes if isinstance(axes, tuple) else (axes,)  # pyright: ignore[reportUnknownVariableType]


def view_axes(tape: Tape, view: Instr) -> list[int]:
    """For each axis of a view the one of its operand that it is, or -1."""
    source, shape = tape.instrs[view.args[0]].shape, view.shape
    if view.op is st.transpose:
        return list(view.params[0])
    if view.op is st.broadcast:
        lead = len(shape) - len(source)
        return [
            k - lead if k >= lead and source[k - lead] == n else -1 for k, n in enumerate(shape)
        ]
    if view.op is st.index:
        slots = enumerate(view.params[0])
        left = [(k, slot) for k, slot in slots if not isinstance(slot, int)]
        return [k if slot == (0, source[k], 1) else -1 for k, slot in left]
    return _of_reshape(source, shape) if view.op is st.reshape else [-1] * len(shape)


def _of_reshape(source: Shape, shape: Shape) -> list[int]:
    live = [k for k, n in enumerate(source) if n != 1]
    if [source[k] for k in live] != [n for n in shape if n != 1]:
        return [-1] * len(shape)
    remaining = iter(live)
    return [next(remaining) if n != 1 else -1 for n in shape]


_REDUCTIONS = (
    *(st.reduce_sum, st.reduce_max, st.reduce_min, st.reduce_any, st.reduce_all),
    *st.PLACES,
)

_COMPARISONS: dict[Op, tuple[int, bool]] = {
    ew.lt: (0, False), ew.gt: (1, False), ew.ge: (0, True), ew.le: (1, True),
}  # fmt: skip
"""Comparisons: which operand counts, and what they are from the other one on."""

_LINEAR = (ew.neg, ew.cast, ew.absolute, ew.add, ew.sub, ew.increment, ew.stop_gradient)
"""Ops that give 0 where all operands are 0."""

_BOTH: dict[Op, bool] = {ew.logical_and: False, ew.logical_or: True}
"""Ops on conditions that give this where one operand is this."""
