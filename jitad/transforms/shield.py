"""Tape -> Tape: what was not taken contributes 0, though a factor there be infinite or NaN.

A reverse sweep is linear in its seeds, a forward one in the tangents of its inputs. Where such a
tape multiplies an element that no path reaches, which is 0 for sure, with a partial that is not
known to be finite, the product is selected: where(support, c * v, 0). Loops and branches carry the
supports along where somebody needs them.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from jitad.ir.builder import Builder
from jitad.ir.op import BOOL, Control
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import masked, part, revolve
from jitad.ops.partials import is_zeros
from jitad.transforms.inside import Inputs, Inside
from jitad.transforms.masks import Masks
from jitad.transforms.reach import Found, Reach
from jitad.transforms.support import EMPTY, Condition, Support, box


def shield(tape: Tape, linear: Collection[int], active: Collection[int]) -> Tape:
    """The tape with its products shielded: it is linear in its inputs at positions `linear`, and
    differentiated by those at positions `active`."""
    if _is_whole(tape):
        return tape
    places = range(len(tape.inputs))
    no = (False,) * len(places)
    seeded = tuple(k in linear for k in places)
    data = tuple(k not in active and k not in linear for k in places)
    reach = Found().reach(tape, Inputs(seeded, no, no, data, no, no))
    return _Shielded(reach).tape() if reach.is_needed else tape


def _is_whole(tape: Tape) -> bool:
    """Whether no product can meet an element that is 0 for sure, for there is no control op, and
    what makes zeros stands after the last one: most programs need no closer look."""
    instrs = tape.instrs
    last = next((i for i in reversed(range(len(instrs))) if instrs[i].op in (ew.mul, ew.div)), 0)
    return not any(
        isinstance(instr.op, Control)
        or (i < last and (is_zeros(instr) or instr.op is st.index_set))
        for i, instr in enumerate(instrs)
    )


_LINEAR = (ew.mul, ew.div, ew.neg, ew.cast, ew.add, ew.increment, ew.sub)
"""Ops that give 0 where what is linear in them is 0."""

Bundle = tuple[Sequence[Value], Sequence[Value | None]]
"""The results of a control op, and their masks."""


class _Shielded:
    """A tape being rewritten: `new` are the places of its instructions in the new one.

    Of a value that is where(support, x, 0) `bare` has x: products and sums of such values go on
    with that, and nothing is selected until somebody else reads the value.
    """

    def __init__(self, reach: Reach) -> None:
        self.reach = reach
        self.builder = Builder()
        self.new: list[int] = []
        self.bare: dict[int, Value] = {}
        self.masks = Masks(reach, self.builder, self.new)
        self.bundles: dict[int, Bundle] = {}

    def tape(self) -> Tape:
        """The new tape, of the same inputs and outputs."""
        self.write()
        tape = self.reach.tape
        return self.builder.finish(
            [self.place(i) for i in tape.outputs], [self.new[i] for i in tape.inputs]
        )

    def place(self, i: int) -> int:
        """Where a value stands, which is selected now if it is not yet."""
        if self.new[i] < 0 and i in self.bare:
            x = self.bare[i]
            mask = self.masks.value(self.reach.support[i], x.shape)
            self.new[i] = ew.where(mask, x, self.builder.const(0, x.shape, x.dtype)).index
        return self.new[i]

    def value(self, i: int) -> Value:
        """The value of an instruction of the old tape."""
        return self.builder.value(self.place(i))

    def write(self) -> None:
        """Write all instructions."""
        for i, instr in enumerate(self.reach.tape.instrs):
            self.builder.line = instr.line
            inside = self.reach.inside.get(i)
            if inside is not None:
                self.new.append(self._control(i, instr, inside))
            elif instr.op is part and instr.args[0] in self.bundles:
                self.new.append(self._part(i, instr))
            elif self._is_bare(i, instr):
                self.new.append(-1)
            elif self.reach.meets(i) is not None:
                self.new.append(self._product(i, instr))
            else:
                self.new.append(self._copy(instr))

    def _copy(self, instr: Instr) -> int:
        return self.builder.copy(instr, tuple([self.place(j) for j in instr.args]))

    def _is_bare(self, i: int, instr: Instr) -> bool:
        """Whether a value has the support of what it is computed from, and so needs no selecting:
        a multiple of one such value, or a sum of two."""
        linear = [j for j in instr.args if self.reach.linear[j]]
        support = self.reach.support[i]
        is_product = instr.op in (ew.mul, ew.div)
        if not linear or instr.op not in _LINEAR:
            return False
        if len(linear) < len(instr.args) and not is_product:
            return False
        for j in linear:
            x = self.bare.get(j)
            if x is None or x.shape != instr.shape or self.reach.support[j] != support:
                return False
        args = [self.bare[j].index if j in linear else self.place(j) for j in instr.args]
        self.bare[i] = self.builder.value(self.builder.copy(instr, tuple(args)))
        return True

    def _part(self, i: int, instr: Instr) -> int:
        values, masks = self.bundles[instr.args[0]]
        k: int = instr.params[0]
        mask = masks[k]
        if mask is not None:
            self.masks.given[i] = mask
        return values[k].index

    def _product(self, i: int, instr: Instr) -> int:
        c_place = self.reach.meets(i)
        assert c_place is not None
        v_place = next(j for j in instr.args if j != c_place)
        support = self.reach.support[v_place]
        v, c = self.value(v_place), self.value(c_place)
        if support == EMPTY:
            return self.builder.const(0, v.shape, v.dtype).index
        inner = self._within(instr, v, c, support)
        if inner is not None:
            return inner.index
        self.bare[i] = _times(instr, v, c)
        return -1

    def _within(self, instr: Instr, v: Value, c: Value, support: Support) -> Value | None:
        """The product inside of what fills in the zeros, where that is one op.

        c * where(m, w, 0) is where(m, c * w, 0); c * index_add(0, u, slots) is
        index_add(0, c[slots] * u, slots).
        """
        instrs, value = self.builder.instrs, self.builder.value
        filled = instrs[v.index]
        if filled.op is ew.where:
            m, x, y = filled.args
            if len(support) != 1 or len(next(iter(support))) != 1:
                return None
            ((key, holds),) = next(iter(support))
            if not isinstance(key, Condition) or self.new[key.of] != m:
                return None
            if holds and is_zeros(instrs[y]):
                return ew.where(value(m), _times(instr, value(x), c), value(y))
            if not holds and is_zeros(instrs[x]):
                return ew.where(value(m), value(x), _times(instr, value(y), c))
            return None
        if filled.op in st.INDEXED and is_zeros(instrs[filled.args[0]]):
            slots = filled.params[0]
            if support == box(slots, v.shape):
                u = _times(instr, value(filled.args[1]), st.index(c, slots=slots))
                return filled.op(value(filled.args[0]), u, slots=slots)
        return None

    # -- control ops -------------------------------------------------------------------------------

    def _control(self, i: int, instr: Instr, inside: Inside) -> int:
        op, form = instr.op, instr.params[0]
        assert isinstance(op, Control)
        if not any(inside.told) and not any(inside.said):
            if inside.is_needed:
                tapes = [_inner(tape, inside) for tape in op.tapes(form)]
                form = op.with_tapes(form, tapes)
            return self._copy(instr._replace(params=(form,)))
        operands = [self.value(j) for j in instr.args]
        told = [
            self.masks.value(self.reach.support[j], x.shape) if flag else None
            for j, x, flag in zip(instr.args, operands, inside.told, strict=True)
        ]

        def with_masks(tape: Tape, active: Collection[int]) -> Tape:
            return _with_masks(tape, inside, active)

        through = masked if op is revolve else op.forward
        self.bundles[i] = through(form, operands, told, with_masks, inside.partial)
        return -1


def _inner(tape: Tape, inside: Inside) -> Tape:
    reach = inside.reach(tape)
    return _Shielded(reach).tape() if reach.is_needed else tape


def _with_masks(tape: Tape, inside: Inside, active: Collection[int]) -> Tape:
    """The tape with, after its inputs, the masks of those at positions `active`, and after its
    outputs the masks of all of them."""
    flags = [k in active for k in range(len(tape.inputs))]
    shielded = _Shielded(inside.reach(tape, flags))
    builder, masks = shielded.builder, shielded.masks
    told: list[int] = []
    for k in active:
        i = tape.inputs[k]
        masks.given[i] = builder.input(f"m{k}", tape.instrs[i].shape, BOOL)
        told.append(masks.given[i].index)
    shielded.write()
    new = shielded.new
    said = [masks.of(i).index for i in tape.outputs]
    inputs = [*(new[i] for i in tape.inputs), *told]
    return builder.finish([*map(shielded.place, tape.outputs), *said], inputs)


def _times(instr: Instr, v: Value, c: Value) -> Value:
    """The product or quotient that an instruction stands for."""
    return ew.div(v, c) if instr.op is ew.div else ew.mul(v, c)
