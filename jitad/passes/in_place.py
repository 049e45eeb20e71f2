"""Control op -> which of its results can be computed in the memory of an operand.

A loop changes a carry in place where its body does; a switch an operand where all branches do. What
is found of a tape is kept with it: nests of control ops are asked at each depth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary

from jitad.ir.tape import Instr, Tape
from jitad.ops.control import Loop, loop, part, switch
from jitad.ops.control.parts import type_of
from jitad.ops.control.restore import starts

Owned = Mapping[int, int]
"""Places of outputs, and of the inputs whose memory they are to take over."""


_taken: WeakKeyDictionary[Tape, dict[Any, set[int]]] = WeakKeyDictionary()


def in_place(instr: Instr, schedule: Callable[[Tape, Owned], Any]) -> dict[int, int]:
    """Results of a control op, and the places among its operands of what they are, changed."""
    form = instr.params[0]
    if instr.op is loop:
        places = homes(form, schedule)
        kept = _kept(form.body, owned_by(form, places), schedule)
        return {k: form.consts + k for k in kept if places[k] == k}
    if instr.op is switch:
        found = [starts(tape) for tape in form.branches]
        owned = {k: j for k, j in found[0].items() if all(s.get(k) == j for s in found)}
        for tape in form.branches:
            owned = {k: owned[k] for k in _kept(tape, owned, schedule)}
        return {k: 1 + j for k, j in owned.items()}
    return {}


def replaced(
    tape: Tape, shown: Mapping[int, int], schedule: Callable[[Tape, Owned], Any]
) -> dict[int, int]:
    """Results of control ops that can be computed in the memory of an operand, and these."""
    taken: dict[int, list[tuple[int, int]]] = {}
    for i, instr in enumerate(tape.instrs):
        if instr.op is part and math.prod(instr.shape) > 1:
            taken.setdefault(instr.args[0], []).append((instr.params[0], i))
    found: dict[int, int] = {}
    for control, results in taken.items():
        instr = tape.instrs[control]
        operands = [shown.get(j, j) for j in instr.args]
        numbers = [k for k, _ in results]
        for k, place in in_place(instr, schedule).items():
            once = numbers.count(k) == 1 and operands.count(operands[place]) == 1
            found |= {i: operands[place] for number, i in results if number == k and once}
    return found


def homes(form: Loop, schedule: Callable[[Tape, Owned], Any]) -> list[int]:
    """Of each carry the one in whose memory a turn leaves the next of it: another one, where
    carries change places and are changed where they are."""
    own = list(range(form.carries))
    kinds = [type_of(form.body.instrs[i]) for i in form.body.outputs[: form.carries]]
    moved: dict[int, int] = {}
    for k, place in starts(form.body).items():
        j = place - 1 - form.consts
        if k in own and j in own and j != k and kinds[j] == kinds[k]:
            moved[k] = j
    if not moved or {*moved} != {*moved.values()}:
        return own
    places = [moved.get(k, k) for k in own]
    kept = _kept(form.body, owned_by(form, places), schedule)
    return places if {*moved} <= kept else own


def owned_by(form: Loop, places: Sequence[int]) -> dict[int, int]:
    """Of each carry the place of the input whose memory a body's output is to take over."""
    return {k: 1 + form.consts + j for k, j in enumerate(places)}


def _kept(tape: Tape, owned: Owned, schedule: Callable[[Tape, Owned], Any]) -> set[int]:
    arrays = {k: j for k, j in owned.items() if math.prod(tape.instrs[tape.inputs[j]].shape) > 1}
    if not arrays:
        return set()
    known, key = _taken.setdefault(tape, {}), tuple(sorted(arrays.items()))
    if key not in known:
        known[key] = taken_over(schedule(tape, arrays), arrays)
    return known[key]


def taken_over(program: Any, owned: Owned) -> set[int]:
    """The outputs of a scheduled tape that do take over an input's memory."""
    tape, storage = program.tape, program.storage
    return {k for k, j in owned.items() if storage.get(tape.outputs[k]) == tape.inputs[j]}
