"""Tape -> Tape: where a loop reads single elements of the array that an earlier loop leaves in each
turn, the earlier one leaves these elements alone.

A reverse sweep asks again, by an element of an array that turns change, which branch a turn has
taken. When it was cut from the program the whole array was kept for it, which may have read more of
it then than after other passes.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jitad.ir.builder import Builder
from jitad.ir.op import DYNAMIC, Elementwise
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control import Loop, loop, part, record
from jitad.ops.control.loop import grouped
from jitad.ops.gathers import gather
from jitad.ops.views import reshape

_DEEP = 12
"""Instructions by which a place follows from what both loops have, at most."""


@dataclass(frozen=True)
class _Row:
    """Row `number` of what loop `producer` leaves, which the loop at `reader` takes as operand
    `place`, and of which that reads the elements at `gathers` alone."""

    producer: int
    number: int
    reader: int
    place: int
    gathers: tuple[int, ...]


def single_elements(tape: Tape, optimise: Callable[[Tape], Tape]) -> Tape:
    """The tape whose loops keep elements in the place of arrays, and optimised bodies of them."""
    while (row := _found(tape)) is not None:
        tape = _replaced(tape, row, optimise)
    return tape


def _found(tape: Tape) -> _Row | None:
    """The first row of which elements alone are read, and by one loop alone."""
    loops = [i for i, instr in enumerate(tape.instrs) if instr.op is loop]
    if len(loops) < 2:
        return None
    readers: dict[int, list[tuple[int, int]]] = {i: [(-1, 0)] for i in tape.outputs}
    for j, instr in enumerate(tape.instrs):
        for place, i in enumerate(instr.args):
            readers.setdefault(i, []).append((j, place))
    for i, instr in enumerate(tape.instrs):
        if instr.op is not part or len(instr.shape) < 2 or len(readers.get(i, ())) != 1:
            continue
        ((reader, place),) = readers[i]
        if tape.instrs[instr.args[0]].op is loop and reader in loops:
            row = _row(tape, instr, reader, place)
            once = sum(
                tape.instrs[j].params[0] == instr.params[0] for j, _ in readers[instr.args[0]]
            )
            if row is not None and once == 1:
                return row
    return None


def _row(tape: Tape, result: Instr, reader: int, place: int) -> _Row | None:
    """The row that a loop leaves as `result`, if its turns know which elements are read."""
    producer = result.args[0]
    before, after = (tape.instrs[i].params[0] for i in (producer, reader))
    number = result.params[0] - (before.count is None)
    first = after.consts + after.carries
    if number < before.carries or not first <= place < first + after.xs:
        return None
    if not _turn_alike(tape, producer, reader):
        return None
    body = after.body
    gathers = _gathers(body, body.inputs[1 + place])
    size = sum(math.prod(body.instrs[g].shape) for g in gathers)
    if not gathers or 2 * size > math.prod(result.shape[1:]) or DYNAMIC in result.shape[1:]:
        return None
    both = _Both(tape, producer, reader)
    if all(both.at(body.instrs[g].args[1]) for g in gathers):
        return _Row(producer, number, reader, place, gathers)
    return None


def _turn_alike(tape: Tape, producer: int, reader: int) -> bool:
    """Whether two loops have the same turns."""
    one, other = tape.instrs[producer], tape.instrs[reader]
    before, after = one.params[0], other.params[0]
    if before.count is not None or after.count is not None:
        return before.count == after.count
    turns = tape.instrs[other.args[-1]]
    if not after.counted:
        return False
    is_result = turns.op is part and turns.args == (producer,)
    return (before.counted and one.args[-1] == other.args[-1]) or (
        is_result and turns.params[0] == before.carries
    )


def _gathers(body: Tape, x: int) -> tuple[int, ...]:
    """The elements that a body reads of an array; none where it reads more."""
    shown, found = {x}, list[int]()
    for i, instr in enumerate(body.instrs):
        if instr.op is reshape and instr.args[0] in shown and len(instr.shape) == 1:
            shown.add(i)
        elif instr.op is gather and instr.args[0] in shown and instr.args[1] not in shown:
            found.append(i)
        elif not shown.isdisjoint(instr.args):
            return ()
    return () if not shown.isdisjoint(body.outputs) else tuple(found)


class _Both:
    """What a turn of the producer and the same turn of the reader both have: `same` is, by values
    of the reader's body, the equal ones of the producer's."""

    def __init__(self, tape: Tape, producer: int, reader: int) -> None:
        one, other = tape.instrs[producer], tape.instrs[reader]
        before: Loop = one.params[0]
        after: Loop = other.params[0]
        self.body = after.body
        self.same = {self.body.inputs[0]: before.body.inputs[0]}
        mine, theirs = grouped(before, one.args), grouped(after, other.args)
        inputs = grouped(before, before.body.inputs[1:])
        consts = dict(zip(mine.consts, inputs.consts, strict=True))
        rows = dict(zip(mine.xs, inputs.xs, strict=True))
        rows |= _left(tape, producer)
        read = grouped(after, self.body.inputs[1:])
        for i, j in zip(read.consts, theirs.consts, strict=True):
            self.same |= {i: consts[j]} if j in consts else {}
        for i, j in zip(read.xs, theirs.xs, strict=True):
            self.same |= {i: rows[j]} if j in rows else {}

    def at(self, i: int, depth: int = 0) -> bool:
        """Whether a value of the reader follows from what both have."""
        instr = self.body.instrs[i]
        if i in self.same or instr.op is CONST:
            return True
        simple = isinstance(instr.op, Elementwise) or instr.op is reshape
        return simple and depth < _DEEP and all(self.at(j, depth + 1) for j in instr.args)

    def again(self, i: int, builder: Builder, known: dict[int, int]) -> int:
        """That value, recorded in the producer's body."""
        if i not in known:
            instr = self.body.instrs[i]
            args = [self.again(j, builder, known) for j in instr.args]
            known[i] = builder.copy(instr, tuple(args))
        return known[i]


def _left(tape: Tape, producer: int) -> dict[int, int]:
    """The stacks that a loop leaves, and what of a turn their rows are."""
    form: Loop = tape.instrs[producer].params[0]
    found: dict[int, int] = {}
    for i, instr in enumerate(tape.instrs):
        if instr.op is part and instr.args == (producer,):
            number = instr.params[0] - (form.count is None)
            if number >= form.carries:
                found[i] = form.body.outputs[number]
    return found


def _replaced(tape: Tape, row: _Row, optimise: Callable[[Tape], Tape]) -> Tape:
    """The first element stands where the array stood, the others behind all rows."""
    both = _Both(tape, row.producer, row.reader)
    one = tape.instrs[row.producer].params[0]
    form = replace(one, body=optimise(_leaving(one.body, row, both)))
    builder, new = Builder(), list[int]()
    results: list[Value] = []
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        args = [new[j] for j in instr.args]
        if i == row.producer:
            results = record(builder, loop, [*map(builder.value, args)], form)
            new.append(builder.instrs[results[0].index].args[0])
        elif instr.op is part and instr.args == (row.producer,):
            number: int = instr.params[0]
            new.append(results[number].index)
        elif i == row.reader:
            more = results[len(results) - len(row.gathers) + 1 :]
            new.append(_reading(builder, instr, args, row, more, optimise))
        else:
            new.append(builder.copy(instr, tuple(args)))
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


def _leaving(body: Tape, row: _Row, both: _Both) -> Tape:
    """The producer's body, which leaves elements in the place of an array."""
    builder, new = Builder(), list[int]()
    for instr in body.instrs:
        builder.line = instr.line
        new.append(builder.copy(instr, tuple([new[j] for j in instr.args])))
    known = {i: new[j] for i, j in both.same.items()}
    x = builder.value(new[body.outputs[row.number]])
    elements: list[int] = []
    for g in row.gathers:
        instr = both.body.instrs[g]
        table = both.body.instrs[instr.args[0]]
        flat: Value = reshape(x, shape=table.shape) if table.shape != x.shape else x
        place = both.again(instr.args[1], builder, known)
        builder.line = instr.line
        element: Value = gather(flat, builder.value(place))
        elements.append(element.index)
    outputs = [new[i] for i in body.outputs]
    outputs[row.number : row.number + 1] = elements[:1]
    return builder.finish([*outputs, *elements[1:]], [new[i] for i in body.inputs])


def _reading(
    builder: Builder, instr: Instr, args: list[int], row: _Row, more: Sequence[Value],
    optimise: Callable[[Tape], Tape],
) -> int:  # fmt: skip
    """The loop that takes elements in the place of arrays."""
    form: Loop = instr.params[0]
    last = form.consts + form.carries + form.xs
    args[last:last] = [x.index for x in more]
    inner, new = Builder(), dict[int, int]()
    body = form.body
    x = body.inputs[1 + row.place]
    elements: list[int] = []
    for k, g in enumerate(row.gathers):
        made = body.instrs[g]
        elements.append(inner.input(f"e{k}", made.shape, made.dtype).index)
        new[g] = elements[-1]
    shown = {x}
    for i, made in enumerate(body.instrs):
        inner.line = made.line
        if i in new:
            continue
        if i == x or (made.op is reshape and made.args[0] in shown):
            shown.add(i)
            continue
        new[i] = inner.copy(made, tuple([new[j] for j in made.args]))
    inputs = [elements[0] if i == x else new[i] for i in body.inputs]
    new_body = inner.finish([new[i] for i in body.outputs], [*inputs, *elements[1:]])
    found: Any = replace(form, body=optimise(new_body))
    return builder.copy(instr._replace(params=(found, *instr.params[1:])), tuple(args))
