"""Tape and its steps -> which stored values share memory: an update overwrites what it is based on.

An update (`index_set`, `index_add`, `scatter_set`, `scatter_add`) is its operand 0 but for some
places. It works in that operand's memory where all others have read it before, and where what the
update itself reads there is the very place that it writes next, or none that it ever writes.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from jitad.ir.op import DYNAMIC, Elementwise
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ops import structural as st
from jitad.ops.control import part


class _Read(NamedTuple):
    """When a value is read: at which step, in straight-line code after which root, and by whom."""

    step: float
    place: float
    root: int


def share_memory(
    tape: Tape,
    position: dict[int, int],
    straight: Collection[int],
    owned: Mapping[int, int],
    shown: Mapping[int, int],
    replaced: Mapping[int, int],
) -> dict[int, int]:
    """For each stored array the one whose memory it is in; `straight` are the steps of rank 0.

    An output in `owned` takes over the memory of an input, if it can: by updates of that input,
    or element by element. `shown` are reshapes, and the arrays that they are; `replaced` results
    of control ops that can be computed in the memory of an operand, and these.
    """
    shapes = {i: tape.instrs[i].shape for i in position}
    apart = {i: i for i, shape in shapes.items() if math.prod(shape) != 1 and DYNAMIC not in shape}
    apart |= shown
    bases = {i: shown.get(j, j) for i, j in _bases(tape, apart, replaced).items()}
    if not bases and not owned:
        return apart
    owned = {shown.get(i, i): j for i, j in owned.items() if i in apart}
    reads = _last_reads(tape, position, straight, shown)
    while True:
        storage = _shared(tape, position, straight, reads, apart, owned, bases, shown)
        failed = [i for i, j in owned.items() if storage[i] != j]
        if not failed:
            return storage
        owned = {i: j for i, j in owned.items() if i not in failed}


def _bases(tape: Tape, apart: Collection[int], replaced: Mapping[int, int]) -> dict[int, int]:
    """Of each value that is another one but for what is changed, this other one."""
    updates = {i: tape.instrs[i].args[0] for i in apart if tape.instrs[i].op in st.UPDATES}
    return {**updates, **{i: j for i, j in replaced.items() if i in apart}}


def _shared(
    tape: Tape,
    position: dict[int, int],
    straight: Collection[int],
    reads: list[list[_Read]],
    apart: dict[int, int],
    owned: Mapping[int, int],
    bases: Mapping[int, int],
    shown: Mapping[int, int],
) -> dict[int, int]:
    storage = dict(apart)
    stored = [i in position for i in range(len(tape.instrs))]
    mapped = {i: j for i, j in owned.items() if isinstance(tape.instrs[i].op, Elementwise)}
    changed = {**bases, **mapped}
    taken: set[int] = set()
    for i in sorted(changed, key=lambda i: (position[i], i)):
        instr, j = tape.instrs[i], changed[i]
        if (j not in storage and j not in owned.values()) or j in taken:
            continue
        before = (position[i], i if position[i] in straight else -1)
        # What takes a control op's result out is computed where that op is.
        computed = instr.args[0] if instr.op is part else i
        others = [read for read in reads[j] if read.root != computed]
        if all((read.step, read.place) < before for read in others) and (
            instr.op is part or reads_own_places(tape, instr, j, stored, shown)
        ):
            storage[i] = j
            taken.add(j)
    for i in sorted(storage):  # a base comes before its updates
        storage[i] = storage.get(storage[i], storage[i])
    return storage


def _last_reads(
    tape: Tape, position: dict[int, int], straight: Collection[int], shown: Mapping[int, int]
) -> list[list[_Read]]:
    """For each value its last reads by two different roots; an output is read after all steps."""
    reads: list[list[_Read]] = [[] for _ in tape.instrs]
    for i in tape.outputs:
        reads[i].append(_Read(math.inf, math.inf, -1))
    for i in range(len(tape.instrs) - 1, -1, -1):
        instr = tape.instrs[i]
        if instr.op is INPUT or instr.op is CONST:
            continue
        if i in position and i not in shown:
            step = position[i]
            own = [_Read(step, i if step in straight else math.inf, i)]
        else:
            own = reads[i]
        for j in set(instr.args):
            reads[j] = _latest_two([*reads[j], *own])
    return reads


def _latest_two(reads: list[_Read]) -> list[_Read]:
    latest: dict[int, _Read] = {}
    for read in sorted(reads, reverse=True):
        latest.setdefault(read.root, read)
    return list(latest.values())[:2]


def reads_own_places(
    tape: Tape, update: Instr, base: int, stored: Sequence[bool], shown: Mapping[int, int]
) -> bool:
    """Whether in computing its elements an update reads its base only where that does no harm."""
    whole = isinstance(update.op, Elementwise)
    if math.prod(tape.instrs[update.args[-1]].shape) == 1 and not whole:
        return True  # one element, which is computed before it is written
    is_apart = update.op is st.scatter_set and update.params[0]
    stack = [(j, True) for j in (update.args if whole else update.args[1:])]
    seen: set[tuple[int, bool]] = set()
    while stack:
        i, aligned = stack.pop()
        if shown.get(i, i) == base:
            if whole and aligned:
                continue
            return False
        if (i, aligned) in seen or stored[i]:
            continue
        seen.add((i, aligned))
        instr = tape.instrs[i]
        if instr.op is st.index and instr.args[0] == update.args[0] and update.op in st.INDEXED:
            written, read = update.params[0], instr.params[0]
            if not ((aligned and written == read) or st.are_disjoint(written, read)):
                return False
            continue
        if instr.op is st.gather and instr.args == update.args[:2] and aligned and is_apart:
            continue
        same_place = aligned and isinstance(instr.op, Elementwise)
        stack.extend((j, same_place) for j in instr.args)
    return True
