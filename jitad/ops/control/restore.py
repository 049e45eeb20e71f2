"""A turn or branch and its reverse sweep: arrays that it changes are had back by undoing changes.

What a sweep reads of an array that a loop writes to would be kept as a whole, of each turn. In its
place the sweep begins with the last state of the array, and undoes the writes of turn after turn:
it keeps the elements that were written over alone. Every sweep undoes what it can, since one around
it may read the array; what none does read is pruned at the end.
Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, section 4.2 (overwrites).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple
from weakref import WeakKeyDictionary

from jitad.ir.builder import Builder
from jitad.ir.op import Control
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops.control.parts import part, type_of
from jitad.ops.elementwise import stop_gradient
from jitad.ops.gathers import gather, scatter_add, scatter_set
from jitad.ops.views import index, index_add, index_set, reshape

_undoing: WeakKeyDictionary[Any, list[tuple[int, int]]] = WeakKeyDictionary()
"""Of the forms of sweeps: operands that are arrays after, and the results that are these before."""


def undoes(form: Any, states: Sequence[tuple[int, int]]) -> None:
    """Note that a sweep of that form has arrays as operands, and gives them as they were before."""
    if states:
        _undoing[form] = list(states)


class _Link(NamedTuple):
    """An instruction that changes an array, `before`, into another, `after`.

    `sweep` is the reverse sweep of a control op that does, and the result of that which is `before`
    again.
    """

    before: int
    after: int
    sweep: tuple[int, int] | None = None


class _UnorderedError(Exception):
    """What is wanted back is read before it can be."""


def restored(
    tapes: Sequence[Tape],
    late: Sequence[int],
    pairs: Sequence[tuple[int, int]],
    at: tuple[int, int],
) -> tuple[list[Tape], list[int]]:
    """Tapes whose sweeps read no array that a pair names, and which of the pairs these are.

    `late[k]` is the first of the inputs of tape k that the sweep brings. Of an input and an output
    in `pairs` the second is the first, changed. For each of those the tapes have one more input,
    the array after, and one more output, the array before: at places `at` among both.
    """
    views = [_View(tape, first) for tape, first in zip(tapes, late, strict=True)]
    chosen: list[int] = []
    for p, pair in enumerate(pairs):
        chains = [view.chain(*pair) for view in views]
        if all(chain is not None for chain in chains):
            chosen.append(p)
    if not chosen:
        return [*tapes], []
    try:
        return [view.rebuilt([pairs[p] for p in chosen], at) for view in views], chosen
    except _UnorderedError:
        return [*tapes], []


class _View:
    """A tape of which the inputs from `first` on are the sweep's."""

    def __init__(self, tape: Tape, first: int) -> None:
        self.tape = tape
        self.late = tape.reached(tape.inputs[first:])
        self.same: dict[tuple[int, int], int] = {}
        self.sweeps: dict[int, tuple[int, int]] = {}
        for i, instr in enumerate(tape.instrs):
            if instr.op is part:
                self.same.setdefault((instr.args[0], instr.params[0]), i)
            if isinstance(instr.op, Control) and self.late[i]:
                for place, k in _undoing.get(instr.params[0], ()):
                    self.sweeps[self.one(instr.args[place])] = i, k

    def one(self, i: int) -> int:
        """The first instruction that takes out the same result."""
        instr = self.tape.instrs[i]
        return self.same[instr.args[0], instr.params[0]] if instr.op is part else i

    def chain(self, start: int, end: int) -> list[_Link] | None:
        """What makes of an input an output, the last change first; None where that is not known."""
        first, i = self.tape.inputs[start], self.one(self.tape.outputs[end])
        links: list[_Link] = []
        while i != first:
            link = None if self.late[i] else self._link(i)
            if link is None:
                return None
            links.append(link)
            i = link.before
        return links

    def _link(self, i: int) -> _Link | None:
        instr = self.tape.instrs[i]
        if instr.op is part and i not in self.sweeps:
            return None
        before = below(self.tape, i)
        return None if before is None else _Link(self.one(before), i, self.sweeps.get(i))

    def rebuilt(self, pairs: Sequence[tuple[int, int]], at: tuple[int, int]) -> Tape:
        """The tape whose sweep has the arrays back."""
        return _Rebuilding(self, pairs).tape(at)


_UPDATES = (scatter_set, scatter_add, index_set, index_add)

SAME = (reshape, stop_gradient, *_UPDATES)
"""Ops whose result is operand 0, but for what they change."""


def below(tape: Tape, i: int) -> int | None:
    """What a value is, but for what is changed in it."""
    instr = tape.instrs[i]
    if instr.op in SAME:
        return instr.args[0]
    if instr.op is not part:
        return None
    taker = tape.instrs[instr.args[0]]
    place = _result_of(taker.params[0], instr.params[0])
    return None if place is None else taker.args[place]


def _result_of(form: Any, k: int) -> int | None:
    """Which operand result k of a control op is, but for what is changed in it."""
    carries = getattr(form, "carries", None)
    if carries is not None:
        return form.consts + k if k < carries else None
    found = {starts(tape).get(k) for tape in getattr(form, "branches", ())}
    place = found.pop() if len(found) == 1 else None
    return None if place is None else 1 + place


_started: WeakKeyDictionary[Tape, dict[int, int]] = WeakKeyDictionary()
"""What was found of a tape, kept with it: nests of control ops are asked at each depth."""


def starts(tape: Tape) -> dict[int, int]:
    """Of outputs that are inputs, but for what is changed in these, the places of the inputs."""
    found = _started.get(tape)
    if found is None:
        found = _started[tape] = {}
        place = {i: k for k, i in enumerate(tape.inputs)}
        for k, i in enumerate(tape.outputs):
            at: int | None = i
            while at is not None and at not in place:
                at = below(tape, at)
            if at is not None:
                found[k] = place[at]
    return found


class _Rebuilding:
    def __init__(self, view: _View, pairs: Sequence[tuple[int, int]]) -> None:
        self.view = view
        self.pairs = pairs
        self.builder = Builder()
        self.new: list[int] = []
        self.old: dict[int, Value] = {}
        self.links: dict[int, _Link] = {}
        for pair in pairs:
            for link in view.chain(*pair) or ():
                self.links[link.before] = link
        self.after = {link.after: link for link in self.links.values()}
        self.states: dict[int, Value] = {}

    def tape(self, at: tuple[int, int]) -> Tape:
        """The new tape, with its inputs and outputs in their order."""
        tape, view = self.view.tape, self.view
        ends = [view.one(tape.outputs[end]) for _, end in self.pairs]
        given: list[int] = []
        for k, i in enumerate(ends):
            x = self.builder.input(f"s{k}", *type_of(tape.instrs[i]))
            self.states[i] = x
            given.append(x.index)
        for i, instr in enumerate(tape.instrs):
            self.builder.line = instr.line
            if i in self.after and instr.op in _UPDATES:
                self.old[i] = self._element(i)
            args = [self._argument(j) if view.late[i] else self.new[j] for j in instr.args]
            self.new.append(self.builder.copy(instr, tuple(args)))
        before = [self._state(tape.inputs[start]).index for start, _ in self.pairs]
        inputs = [self.new[i] for i in tape.inputs]
        outputs = [self.new[i] for i in tape.outputs]
        inputs[at[0] : at[0]] = given
        outputs[at[1] : at[1]] = before
        return self.builder.finish(outputs, inputs)

    def _argument(self, j: int) -> int:
        one = self.view.one(j)
        known = one in self.links or one in self.after or one in self.states
        return self._state(one).index if known else self.new[j]

    def _element(self, i: int) -> Value:
        """What an update writes over."""
        instr = self.view.tape.instrs[i]
        x = self.builder.value(self.new[instr.args[0]])
        if instr.op in (index_set, index_add):
            return index(x, slots=instr.params[0])
        return gather(x, self.builder.value(self.new[instr.args[1]]))

    def _state(self, i: int) -> Value:
        """An array as it was, on the way back."""
        if i not in self.states:
            self.states[i] = self._undone(self.links[i])
        return self.states[i]

    def _undone(self, link: _Link) -> Value:
        instrs = self.view.tape.instrs
        instr, wanted = instrs[link.after], instrs[link.before]
        if link.sweep is not None:
            sweep, k = link.sweep
            if sweep >= len(self.new):
                raise _UnorderedError
            token = self.builder.value(self.new[sweep])
            return part(token, k=k, shape=wanted.shape, dtype=wanted.dtype)
        state = self._state(link.after)
        if instr.op is reshape:
            return reshape(state, shape=wanted.shape)
        if instr.op is stop_gradient:
            return state
        if link.after not in self.old:
            raise _UnorderedError
        if instr.op in (index_set, index_add):
            return index_set(state, self.old[link.after], slots=instr.params[0])
        places = self.builder.value(self.new[instr.args[1]])
        apart = instr.op is scatter_set and instr.params[0]
        return scatter_set(state, places, self.old[link.after], apart=apart)
