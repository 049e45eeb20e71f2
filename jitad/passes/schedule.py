"""Tape -> Program: which values get memory, and which loops compute them.

Elementwise values and views are virtual: they are computed in the loops of whoever reads them.
A root (an output, a reduction, a join, what BLAS or a gather reads) belongs to a loop nest over its
iteration space; roots with one space share a nest wherever no value is read before it is complete.
A straight-line program of scalars is one nest of rank 0.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from jitad.ir.op import DYNAMIC, Elementwise, Shape
from jitad.ir.tape import CONST, INPUT, Tape
from jitad.ops import structural as st
from jitad.ops.control import part
from jitad.ops.elementwise import stop_gradient
from jitad.passes.extents import Extent, Extents
from jitad.passes.in_place import replaced
from jitad.passes.share_memory import share_memory
from jitad.passes.stored import CHEAP, Stored, is_call, is_root

EXCLUSIVE = (*st.PLACES, st.cumsum, *st.SCATTERS)
"""Ops with an order of their own along an axis: they share no nest."""


_FAR = 64
"""Updates that are made together in one nest, at most."""


Ends = tuple[int | None, ...]


@dataclass(frozen=True, slots=True, order=True)
class Root:
    """What a nest computes for keeps: an instruction, or one operand (`part`) of a join."""

    index: int
    part: int = 0


@dataclass(eq=False)
class Nest:
    """Loops over `space` (axes of length 1 left out), computing `roots`.

    `ends` are of its axes the scalars at which loops may end, or None where they go to the end.
    """

    space: Shape
    roots: list[Root] = field(default_factory=list[Root])
    ends: Ends = ()


@dataclass(frozen=True, eq=False)
class Call:
    """A library call or a control op that computes instruction `index` from buffers."""

    index: int


class Within(NamedTuple):
    """A buffer that is a part of a join's, from an element on."""

    whole: int
    start: int


@dataclass(frozen=True, eq=False)
class Program:
    """Steps in order. `position` says at which step a stored value is complete, `begun` where
    a join's first part is written.

    `slots` are of each join the places of its parts. `storage` maps each value in memory to the one
    whose buffer it shares; values of one element live in registers and are in `position` but
    not in `storage`. `within` are the buffers that are parts of others.
    """

    tape: Tape
    steps: tuple[Nest | Call, ...]
    position: dict[int, int]
    begun: dict[int, int]
    storage: dict[int, int]
    within: dict[int, Within]
    slots: dict[int, list[tuple[st.Slot, ...]]]


def squeeze(shape: Shape) -> Shape:
    """The axes longer than 1."""
    return tuple(n for n in shape if n != 1)


def stored_below(program: Program, values: Iterable[int], step: int) -> list[int]:
    """The stored values that these are, or are computed from at a step.

    Arrays that are stored at that step, or at a later one, are computed again from their operands.
    """
    found: list[int] = []
    seen: set[int] = set()
    stack = list(values)
    while stack:
        i = stack.pop()
        if i in seen:
            continue
        seen.add(i)
        position = program.position.get(i)
        if position is not None:
            found.append(i)
        if position is None or (position >= step and i in program.storage):
            stack.extend(program.tape.instrs[i].args)
    return found


def schedule(tape: Tape, owned: Mapping[int, int] | None = None) -> Program:
    """Order the tape's work into nests and calls, and say which values share memory.

    `owned` maps places of outputs to those of inputs whose memory they may take over: what a loop
    carries.
    """
    pairs = {tape.outputs[k]: tape.inputs[j] for k, j in (owned or {}).items()}
    return _Scheduler(tape, pairs).run()


def _counted(tape: Tape) -> list[bool]:
    """Which values are computed from numbers of elements and from scalars alone: whoever reads
    places by them sees what they are, but not if they come from memory."""
    found: list[bool] = []
    for instr in tape.instrs:
        is_simple = isinstance(instr.op, Elementwise) or instr.op in (st.reshape, st.broadcast)
        below = [found[j] or math.prod(tape.instrs[j].shape) == 1 for j in instr.args]
        is_number = instr.dtype.kind in "bi" and (is_simple or instr.op in (CONST, st.iota))
        found.append(is_number and all(below))
    return found


class _Scheduler:
    def __init__(self, tape: Tape, owned: Mapping[int, int]) -> None:
        self.tape = tape
        self.owned = owned
        self.sizes = [math.prod(instr.shape) for instr in tape.instrs]
        self.uses = tape.users()
        self.steps: list[Nest | Call] = []
        self.checked = 0
        self.extents = Extents(tape)
        self.places: dict[tuple[Shape, Ends], list[int]] = {}
        self.position: dict[int, int] = {}
        self.begun: dict[int, int] = {}
        # The first step at which a value can be read: at the reader's own element, or at any.
        self.same = [0] * len(tape.instrs)
        self.other = [0] * len(tape.instrs)
        found = Stored(tape, owned.values())
        self.stored, self.cost, self.shown = found.stored, found.cost, found.shown
        self.counted = _counted(tape)
        self.slots: dict[int, list[tuple[st.Slot, ...]]] = {}
        self.within = self._within()

    def run(self) -> Program:
        for i, instr in enumerate(self.tape.instrs):
            if instr.op is INPUT or (instr.op is CONST and not self.stored[i]):
                continue
            if self.stored[i]:
                self._place(i)
            else:
                self._defer(i)
        self._share_between_nests()
        for step in self.steps:
            if isinstance(step, Nest):
                step.roots.sort()
        straight = {
            k for k, step in enumerate(self.steps) if isinstance(step, Nest) and not step.space
        }
        storage = share_memory(
            self.tape,
            self.position,
            straight,
            self.owned,
            self.shown,
            replaced(self.tape, self.shown, schedule),
        )
        within = {storage[i]: place for i, place in self.within.items()}
        for step in self.steps:
            if isinstance(step, Nest):
                step.roots = [root for root in step.roots if not self._stays(root.index, storage)]
        steps = tuple(self.steps)
        return Program(self.tape, steps, self.position, self.begun, storage, within, self.slots)

    def _stays(self, i: int, storage: Mapping[int, int]) -> bool:
        """Whether a value is another one, in its memory."""
        instr = self.tape.instrs[i]
        if instr.op is not stop_gradient or i not in storage:
            return False
        (j,) = instr.args
        return storage[i] == storage.get(j, j)

    # -- what is computed where its reader has it --------------------------------------------------

    def _within(self) -> dict[int, Within]:
        """What is computed where its only reader, a join, has it."""
        found: dict[int, Within] = {}
        for i, instr in enumerate(self.tape.instrs):
            if instr.op not in st.JOINS:
                continue
            operands = [self.tape.instrs[j] for j in instr.args]
            self.slots[i] = st.join_slots(instr.op, operands, instr.params)
            if DYNAMIC in instr.shape:
                continue
            for j, slots in zip(instr.args, self.slots[i], strict=True):
                source = self._read_once(j)
                if source is not None:
                    box = st.stretch(slots, instr.shape)
                    if box is not None:
                        found[source] = Within(i, box[0])
        return found

    def _read_once(self, i: int) -> int | None:
        """The array in memory that is this one, if nobody else reads it."""
        while self.uses[i] == 1 and self.tape.instrs[i].op is st.reshape and not self.stored[i]:
            (i,) = self.tape.instrs[i].args
        is_stored = self.stored[i] and is_root(self.tape.instrs[i].op)
        return i if is_stored and self.uses[i] == 1 and self.sizes[i] > 1 else None

    # -- where they are computed -------------------------------------------------------------------

    def _defer(self, i: int) -> None:
        """When a virtual value can be read."""
        instr = self.tape.instrs[i]
        elementwise = isinstance(instr.op, Elementwise)
        for j in instr.args:
            aligned = elementwise or squeeze(self.tape.instrs[j].shape) == squeeze(instr.shape)
            aligned = aligned and (elementwise or instr.op in (st.reshape, st.gather))
            aligned = aligned and not (instr.op is st.gather and j == instr.args[0])
            ready = self.same[j] if aligned else self.other[j]
            self.same[i] = max(self.same[i], ready)
            self.other[i] = max(self.other[i], self.other[j])

    def _place(self, i: int) -> None:
        """Put a stored value's work into steps."""
        instr = self.tape.instrs[i]
        if is_call(instr.op):
            self.steps.append(Call(i))
            self._complete(i, len(self.steps) - 1, shareable=False)
        elif instr.op is part:
            self._complete(i, self.position[instr.args[0]], shareable=False)
        elif i in self.shown:
            self._complete(i, self.position.get(self.shown[i], -1), shareable=False)
        elif instr.op in st.JOINS:
            steps = [self._join(i, place, j) for place, j in enumerate(instr.args)]
            self.begun[i] = min(steps)
            self._complete(i, max(steps), shareable=False)
        else:
            is_own = not is_root(instr.op)
            last = len(instr.args) - 1
            source = i if is_own else instr.args[last]  # whose elements a root's loops run over
            space = squeeze(self.tape.instrs[source].shape)
            asked = self.extents.of(i) if is_own else self.extents.read(i, last)
            ends = self._ends(source, asked, i)
            earliest = max(self._earliest(i, space), self._counted(ends))
            if instr.op is st.guard:
                # Paths are told apart by the first guard that fails, in the function's own order.
                earliest = max(earliest, self.checked)
            exclusive = instr.op in EXCLUSIVE
            step = self._step(space, ends, earliest, exclusive)
            self._nest(step).roots.append(Root(i))
            if instr.op is st.guard:
                self.checked = step
            self._complete(i, step, shareable=is_own or not space)

    def _ends(self, source: int, asked: Extent, i: int) -> Ends:
        """Where loops over what is asked for of an array may end, for instruction i."""
        shape = self.tape.instrs[source].shape
        known = [(n, asked.get(k)) for k, n in enumerate(shape)]
        ends = tuple([end if end is None or end < i else None for n, end in known if n != 1])
        return ends if any(end is not None for end in ends) else ()

    def _counted(self, ends: Ends) -> int:
        """The first step at which it is known where loops end."""
        return max((self.other[end] for end in ends if end is not None), default=0)

    def _earliest(self, i: int, space: Shape) -> int:
        earliest = 0
        own = not is_root(self.tape.instrs[i].op)
        for j in self.tape.instrs[i].args:
            aligned = squeeze(self.tape.instrs[j].shape) == space
            op = self.tape.instrs[i].op
            if own and not isinstance(op, Elementwise):
                aligned = aligned and (op is st.reshape or not space)
            if op in st.UPDATES and j == self.tape.instrs[i].args[0]:
                aligned = self.sizes[i] == 1 or not space
            ready = self.same[j] if aligned else self.other[j]
            if op in st.INDEXED and j == self.tape.instrs[i].args[0] and not aligned:
                ready = self._with_others(i, ready)
            earliest = max(earliest, ready)
        return earliest

    def _with_others(self, i: int, ready: int) -> int:
        """When an update can be made of what was updated at other places, in the same memory: not
        before these updates, but in their loops."""
        instr, earliest = self.tape.instrs[i], 0
        slots, j = instr.params[0], instr.args[0]
        for _ in range(_FAR):
            below = self.tape.instrs[j]
            if below.op not in st.INDEXED or self.uses[j] != 1 or self.sizes[j] == 1:
                return max(earliest, self.other[j])
            if not st.are_disjoint(below.params[0], slots):
                return max(earliest, self.other[j])
            earliest = max(earliest, self.position[j])
            j = below.args[0]
        return ready

    def _join(self, i: int, place: int, j: int) -> int:
        """At which step a part of a join is there."""
        step = self._in_place(j)
        if step is not None:
            return step
        space = squeeze(self.tape.instrs[j].shape)
        ends = self._ends(j, self.extents.read(i, place), i)
        step = self._step(space, ends, max(self.same[j], self._counted(ends)), False)
        self._nest(step).roots.append(Root(i, place))
        return step

    def _in_place(self, j: int) -> int | None:
        """The step at which an operand is there that is computed where its reader has it."""
        source = self._read_once(j)
        return self.position[source] if source is not None and source in self.within else None

    def _nest(self, step: int) -> Nest:
        nest = self.steps[step]
        assert isinstance(nest, Nest)
        return nest

    def _step(self, space: Shape, ends: Ends, earliest: int, exclusive: bool) -> int:
        """The first nest of that space, and these ends, that is late enough, or a new one."""
        if not exclusive:
            known = self.places.setdefault((space, ends), [])
            k = bisect_left(known, earliest)
            if k < len(known):
                return known[k]
            known.append(len(self.steps))
        self.steps.append(Nest(space, ends=ends))
        return len(self.steps) - 1

    def _complete(self, i: int, step: int, *, shareable: bool) -> None:
        self.position[i] = step
        self.same[i] = step if shareable else step + 1
        self.other[i] = step + 1

    # -- virtual values that several nests read ----------------------------------------------------

    def _share_between_nests(self) -> None:
        """Store what two nests would both compute at a cost, in the first that computes it."""
        first: dict[int, int] = {}
        shared: list[int] = []
        for k, step in enumerate(self.steps):
            if not isinstance(step, Nest) or not step.space:
                continue
            for i in self._computed(step):
                if i not in first and self._covers(step, i):
                    first[i] = k
                elif first.get(i, k) != k and i not in self.position:
                    shared.append(i)
                    self.position[i] = first[i]
        for i in shared:
            self._nest(self.position[i]).roots.append(Root(i))

    def _covers(self, nest: Nest, i: int) -> bool:
        """Whether a nest computes all elements of a value that anybody asks for."""
        asked = self._ends(i, self.extents.of(i), i) or (None,) * len(nest.space)
        return all(end in (None, other) for end, other in zip(nest.ends, asked, strict=False))

    def _computed(self, nest: Nest) -> list[int]:
        """The costly virtual values of the nest's own space that it computes."""
        found: list[int] = []
        seen: set[int] = set()
        stack = [j for root in nest.roots for j in self._operands(root)]
        while stack:
            i = stack.pop()
            if i in seen or i in self.position:
                continue
            seen.add(i)
            instr = self.tape.instrs[i]
            elementwise = isinstance(instr.op, Elementwise)
            is_costly = elementwise and self.cost[i] > CHEAP and not self.counted[i]
            if is_costly and squeeze(instr.shape) == nest.space:
                found.append(i)
            stack.extend(instr.args if elementwise or instr.op is st.reshape else ())
        return sorted(found)

    def _operands(self, root: Root) -> tuple[int, ...]:
        instr = self.tape.instrs[root.index]
        if instr.op in st.JOINS:
            return (instr.args[root.part],)
        if instr.op in st.UPDATES:
            return instr.args[1:]
        return instr.args
