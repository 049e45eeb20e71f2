"""Tape -> supports: which elements of its tangents or adjoints may differ from 0.

The tape is linear in some of its inputs. An element is 0 for sure where no path leads to it: what a
`where` did not choose, what an update of zeros did not reach. A product with 0 is no such thing,
for its other factor may be infinite.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import cached_property
from typing import Any

from jitad.ir.op import Control, Elementwise, is_differentiable
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import part
from jitad.ops.control.parts import Flow
from jitad.transforms.flow import depends, wild
from jitad.transforms.inside import OPENED, Flags, Inputs, Inside, Recorded, carried_by, look_inside
from jitad.transforms.support import (
    EMPTY,
    WHOLE,
    Condition,
    Either,
    Mask,
    Support,
    View,
    below,
    box,
    embedded,
    intersection,
    is_large,
    literal,
    reduced,
    union,
    viewed,
)

_THROUGH = (ew.neg, ew.cast, ew.conj, ew.real, ew.imag, ew.stop_gradient)
_SUMS = (ew.add, ew.increment, ew.sub, ew.pair)
_VIEWS = (st.broadcast, st.reshape, st.transpose, st.index, st.gather, st.gather_final)
_MIXTURES = (st.reduce_sum, st.cumsum, *st.UPDATES)
_MOVES = (ew.where, ew.told, *_THROUGH, *_SUMS, *_VIEWS, *_MIXTURES, *st.JOINS)
_COPIES = (ew.where, *_THROUGH, *_VIEWS, *st.JOINS)


class Found:
    """What was found of sub-tapes, by what was known of their inputs: a nest asks many times."""

    def __init__(self) -> None:
        self._outputs: dict[Any, tuple[Tape, list[bool]]] = {}
        self._reach: dict[Any, Reach] = {}

    def flow(self, rule: Callable[[Tape, Sequence[bool], Flow], list[bool]]) -> Flow:
        """What a rule says of a tape's outputs."""

        def outputs(tape: Tape, flags: Sequence[bool]) -> list[bool]:
            key = rule, id(tape), tuple(flags)
            if key not in self._outputs:
                values = rule(tape, flags, outputs)
                self._outputs[key] = tape, [values[i] for i in tape.outputs]
            return self._outputs[key][1]

        return outputs

    def reach(self, tape: Tape, inputs: Inputs) -> Reach:
        """The supports of a tape."""
        key = id(tape), inputs
        if key not in self._reach:
            self._reach[key] = Reach(tape, inputs, self)
        return self._reach[key]

    def something(self, tape: Tape, flags: Sequence[bool]) -> list[bool]:
        """Which outputs of floating point may differ from 0, from which inputs may."""
        no = (False,) * len(flags)
        zero = tuple(not flag for flag in flags)
        reach = self.reach(tape, Inputs(no, no, zero, no, no, no))
        return [reach.is_something(i) for i in tape.outputs]


class Reach:
    """The supports of what a tape computes linearly from some inputs.

    `large`: what instructions' supports are that stand for one literal.
    `is_needed`: somewhere a factor that may be infinite or NaN meets an element that is 0 for sure.
    """

    def __init__(self, tape: Tape, inputs: Inputs, found: Found) -> None:
        self.tape = tape
        self.found = found
        self.linear = [False] * len(tape.instrs)
        self.support: list[Support] = []
        self.inside: dict[int, Inside] = {}
        self.is_needed = False
        self._inputs = dict(zip(tape.inputs, range(len(tape.inputs)), strict=True))
        self._flags = inputs
        self._finite: list[bool] = []
        self._results: dict[int, set[int]] = {}
        self._nothing: set[int] = set()
        self._zeros: dict[int, set[int]] = {}
        for i, flag in zip(tape.inputs, inputs.linear, strict=True):
            self.linear[i] = flag
        self.large: dict[int, Support] = {}
        self._of_large: dict[int, tuple[bool, bool]] = {}
        for i, instr in enumerate(tape.instrs):
            self._finite.append(self._is_finite(instr))
            support = self._visit(i, instr)
            if is_large(support):
                self.large[i], self._of_large[i] = support, self._about(support)
                support = literal(Either(i))
            self.support.append(support)

    @cached_property
    def _data(self) -> list[bool]:
        return depends(self.tape, self._flags.data, self.found.flow(depends))

    @cached_property
    def _wild(self) -> list[bool]:
        return wild(self.tape, self._flags.wild, self.found.flow(wild))

    def outputs(self) -> list[bool]:
        """Which outputs may have elements that are 0 for sure."""
        return [self.support[i] != WHOLE for i in self.tape.outputs]

    def is_something(self, i: int) -> bool:
        """Whether a value of floating point may differ from 0."""
        return is_differentiable(self.tape.instrs[i].dtype) and self.support[i] != EMPTY

    # -- products ----------------------------------------------------------------------------------

    def meets(self, i: int) -> int | None:
        """The factor of a product that must not meet the zeros of the other one, or None."""
        instr = self.tape.instrs[i]
        if instr.op not in (ew.mul, ew.div):
            return None
        x, y = (self.linear[j] or j in self._nothing for j in instr.args)
        if x == y or (instr.op is ew.div and y):
            return None
        v, c = instr.args if x else instr.args[::-1]
        return c if self._is_dangerous(c, self.support[v]) else None

    def _is_dangerous(self, c: int, support: Support) -> bool:
        """Whether a factor is to be kept from the zeros outside of a support.

        Where it costs little, that is each that is not known to be finite. Where the support had to
        be computed beside the values, a smooth function of what is differentiated counts as finite.
        So does one of any input where an extremum chose: it passes NaN on, and chooses numbers.
        """
        if support == WHOLE or self._finite[c]:
            return False
        is_cheap, is_fresh = self._about(support)
        return is_cheap or self._wild[c] or (not is_fresh and self._data[c])

    def _about(self, support: Support) -> tuple[bool, bool]:
        """Whether some of the masks of a support cost little; whether all that are computed beside
        the values are given, of inputs that begin afresh."""
        is_cheap, is_fresh = False, True
        for key in {below(key) for term in support for key, _ in term}:
            if isinstance(key, Either):
                cheap, fresh = self._of_large[key.of]
            else:
                cheap = self._is_cheap(key)
                fresh = not isinstance(key, Mask) or self._is(self._flags.fresh, key.of)
            is_cheap, is_fresh = is_cheap or cheap, is_fresh and fresh
        return is_cheap, is_fresh

    def _is_cheap(self, key: Any) -> bool:
        """Whether a mask is at hand, or costs no more than the values that it is for."""
        if isinstance(key, Mask):
            instr = self.tape.instrs[key.of]
            if instr.op is not st.scatter_add and instr.op is not st.scatter_set:
                return False
            return math.prod(self.tape.instrs[instr.args[1]].shape) <= instr.shape[0]
        return not self._is_extremum(key)

    def _is(self, flags: Flags, i: int) -> bool:
        return i in self._inputs and flags[self._inputs[i]]

    def _is_extremum(self, key: Any) -> bool:
        """Whether a condition says where a maximum or minimum along axes stands."""
        instr = self.tape.instrs[key.of] if isinstance(key, Condition) else None
        if instr is None or instr.op is not ew.eq:
            return False
        peer = self.tape.instrs[instr.args[1]]
        while peer.op in (st.broadcast, st.reshape):
            peer = self.tape.instrs[peer.args[0]]
        return peer.op in (st.reduce_max, st.reduce_min)

    def _is_finite(self, instr: Instr) -> bool:
        """Whether a value is finite whatever the inputs are: numbers, and copies of them."""
        if not is_differentiable(instr.dtype):
            return True
        if instr.op is CONST:
            return abs(instr.params[0]) < float("inf")
        return instr.op in _COPIES and all(self._finite[j] for j in instr.args)

    # -- instructions ------------------------------------------------------------------------------

    def _visit(self, i: int, instr: Instr) -> Support:
        if instr.op is INPUT:
            if self._is(self._flags.zero, i) and is_differentiable(instr.dtype):
                return EMPTY
            is_partial = self.linear[i] and self._is(self._flags.partial, i)
            return literal(Mask(i)) if is_partial else WHOLE
        if instr.op is CONST:
            return EMPTY if instr.params[0] == 0 else WHOLE
        if instr.op is part:
            return self._part(i, instr)
        self.linear[i] = any(self.linear[j] for j in instr.args)
        if isinstance(instr.op, Control):
            self._control(i, instr)
            return WHOLE
        if not self.linear[i]:
            return self._passive(i, instr)
        if isinstance(instr.op, Elementwise):
            return self._elementwise(i, instr)
        return self._structural(i, instr)

    def _passive(self, i: int, instr: Instr) -> Support:
        """EMPTY of zeros; of those that a control op has for a derivative, of products too."""
        known = [j in self._nothing for j in instr.args]
        if instr.op is ew.mul or instr.op is ew.div:
            if not any(known if instr.op is ew.mul else known[:1]):
                return WHOLE
            self.is_needed = True
        else:
            moving = [j for j in instr.args if is_differentiable(self.tape.instrs[j].dtype)]
            if instr.op not in _MOVES or any(self.support[j] != EMPTY for j in moving):
                return WHOLE
        if any(known):
            self._nothing.add(i)
        return EMPTY

    def _elementwise(self, i: int, instr: Instr) -> Support:
        supports = [self.support[j] for j in instr.args]
        op = instr.op
        if op in _THROUGH:
            return supports[0]
        if op in _SUMS:
            return union(*supports)
        if op is ew.mul:
            self.is_needed = self.is_needed or self.meets(i) is not None
            flags = [self.linear[j] for j in instr.args]
            return WHOLE if all(flags) else supports[flags.index(True)]
        if op is ew.div and not self.linear[instr.args[1]]:
            self.is_needed = self.is_needed or self.meets(i) is not None
            return supports[0]
        if op is ew.where and not self.linear[instr.args[0]]:
            chosen = Condition(instr.args[0])
            return union(
                intersection(literal(chosen), supports[1]),
                intersection(literal(chosen, False), supports[2]),
            )
        if op is ew.told and not self.linear[instr.args[0]]:
            origin = literal(Condition(instr.args[0]))
            return union(supports[1], intersection(origin, supports[2]))
        return WHOLE

    def _structural(self, i: int, instr: Instr) -> Support:
        op, params = instr.op, instr.params
        first = self.support[instr.args[0]]
        if op in _VIEWS:
            shape = self.tape.instrs[instr.args[0]].shape
            return viewed(first, View(None, shape, op, params, instr.args[1:]), instr.shape)
        if op in (st.concatenate, st.pack):
            return self._joined(i, instr)
        if op not in _MIXTURES:
            return WHOLE
        known: Support | None
        if op is st.index_add or op is st.index_set:
            if op is st.index_set:
                first = intersection(first, box(params[0], instr.shape, False))
            known = _added(first, embedded(self.support[instr.args[1]], params[0], instr.shape))
        elif op is st.reduce_sum:
            known = reduced(first, params[0], instr.shape)
        else:
            known = self._mixed(instr)
        return literal(Mask(i)) if known is None else known

    def _mixed(self, instr: Instr) -> Support | None:
        """The support of running sums and of rows scattered, where all of it is known."""
        first, *more = (self.support[j] for k, j in enumerate(instr.args) if k != 1)
        if all(x == first for x in more) and first in (WHOLE, EMPTY):
            return first
        if instr.op is st.scatter_add:
            order = self.tape.instrs[instr.args[1]]
            is_permutation = order.op is st.argsort and order.shape == instr.shape[:1]
            if first == WHOLE or (is_permutation and more[0] == WHOLE):
                return WHOLE
        return None

    def _joined(self, i: int, instr: Instr) -> Support:
        supports = [self.support[j] for j in instr.args]
        if all(x == supports[0] for x in supports) and supports[0] in (WHOLE, EMPTY):
            return supports[0]
        operands = [self.tape.instrs[j] for j in instr.args]
        places = st.join_slots(instr.op, operands, instr.params)
        found: Support | None = EMPTY
        for x, slots in zip(supports, places, strict=True):
            if x != EMPTY and found is not None:
                found = _added(found, embedded(x, slots, instr.shape))
        return literal(Mask(i)) if found is None else found

    # -- control ops -------------------------------------------------------------------------------

    def _part(self, i: int, instr: Instr) -> Support:
        (token,), k = instr.args, instr.params[0]
        self.linear[i] = k in self._results.get(token, ())
        if k in self._zeros.get(token, ()):
            self._nothing.add(i)
            return EMPTY
        if token not in self.inside or not self.linear[i]:
            return WHOLE
        return literal(Mask(i)) if self.inside[token].said[k] else WHOLE

    def _control(self, i: int, instr: Instr) -> None:
        op, form = instr.op, instr.params[0]
        assert isinstance(op, Control)
        args = instr.args
        types = op.results(form, *(self.tape.instrs[j] for j in args))
        linear = Recorded(self.found.flow(depends))
        found = op.flow(form, [self.linear[j] for j in args], linear)
        self._results[i] = {k for k, flag in enumerate(found) if flag}
        if op not in OPENED:
            return
        something = Recorded(self.found.something)
        found = op.flow(form, [self.is_something(j) for j in args], something)
        self._zeros[i] = {
            k for k, (_, dtype) in enumerate(types) if is_differentiable(dtype) and not found[k]
        }
        inputs = self._inputs_inside(instr, linear, something)
        flags = [self.linear[j] for j in args]
        carried = carried_by(op, form)
        if carried is not None:
            # A carry that begins as zeros is linear in what the turns add to it.
            _, first, count = carried
            flags[first : first + count] = [k in self._results[i] for k in range(count)]
        told = [x and self.support[j] != WHOLE for j, x in zip(args, flags, strict=True)]
        empty = [self.support[j] == EMPTY for j in args]
        self.inside[i] = look_inside(op, form, inputs, told, empty, self.found)
        self.is_needed = self.is_needed or self.inside[i].is_needed

    def _inputs_inside(
        self, instr: Instr, linear: Recorded, something: Recorded
    ) -> dict[int, Inputs]:
        """The flags of the inputs of a control op's sub-tapes, by the sub-tape's id."""
        op, form = instr.op, instr.params[0]
        assert isinstance(op, Control)
        data, untamed = Recorded(self.found.flow(depends)), Recorded(self.found.flow(wild))
        op.flow(form, [self._data[j] for j in instr.args], data)
        op.flow(form, [self._wild[j] for j in instr.args], untamed)
        found: dict[int, Inputs] = {}
        for key, flags in linear.flags.items():
            no = (False,) * len(flags)
            zero = tuple(not flag for flag in something.flags[key])
            found[key] = Inputs(flags, no, zero, data.flags[key], untamed.flags[key], no)
        return found


def _added(known: Support, more: Support | None) -> Support | None:
    return None if more is None else union(known, more)
