"""Tape -> Tape: of the rows that a loop leaves it writes what the loop that reads them asks for.

A sweep reads of a slice no more elements than there are: the first n, by a number that follows from
that of the turn. What stands behind these in a row is never read, and need not be written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from jitad.ir.builder import Builder
from jitad.ir.op import Elementwise
from jitad.ir.tape import CONST, INPUT, Instr, Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, loop
from jitad.passes.cse import cse
from jitad.passes.extents import Extents

_DEEP = 8
"""Instructions by which a number of elements follows from that of the turn, at most."""

Limits = Mapping[int, tuple[Tape, dict[int, int]]]
"""Of outputs of a body: a tape of turns, and of axes the number in it of their elements."""


def limit_rows(tape: Tape) -> Tape:
    """The tape whose loops leave of their rows what is asked for."""
    if sum(instr.op is loop for instr in tape.instrs) < 2:
        return tape
    readers = _readers(tape)
    instrs = list(tape.instrs)
    for i, instr in enumerate(tape.instrs):
        if instr.op is loop and (limits := _limits(tape, i, readers)):
            form: Loop = instr.params[0]
            new = replace(form, body=_limited(form.body, limits))
            instrs[i] = instr._replace(params=(new, *instr.params[1:]))
    return tape if instrs == list(tape.instrs) else Tape(tuple(instrs), tape.inputs, tape.outputs)


def _readers(tape: Tape) -> dict[int, list[tuple[int, int]]]:
    """Of each value the instructions that read it, and as which operand; -1 is an output."""
    found: dict[int, list[tuple[int, int]]] = {i: [(-1, 0)] for i in tape.outputs}
    for i, instr in enumerate(tape.instrs):
        for place, j in enumerate(instr.args):
            found.setdefault(j, []).append((i, place))
    return found


def _limits(tape: Tape, i: int, readers: Mapping[int, list[tuple[int, int]]]) -> Limits:
    form: Loop = tape.instrs[i].params[0]
    skipped = form.count is None
    found: dict[int, tuple[Tape, dict[int, int]]] = {}
    for k in range(form.carries, len(form.body.outputs)):
        row = form.body.instrs[form.body.outputs[k]]
        parts = [j for j, _ in readers.get(i, ()) if tape.instrs[j].params[0] == k + skipped]
        read = [reader for j in parts for reader in readers.get(j, ())]
        if row.op is ew.wanted or row.dtype.kind != "f" or not row.shape or len(read) != 1:
            continue
        ((j, place),) = read
        body = None if j < 0 else _read_by_turns(tape.instrs[j], place)
        asked = {} if body is None else Extents(body).of(body.inputs[1 + place])
        if body is not None:
            asked = {axis: n for axis, n in asked.items() if _follows(body, n)}
        if body is not None and asked:
            found[k] = body, asked
    return found


def _read_by_turns(reader: Instr, place: int) -> Tape | None:
    """The body of a loop of which each turn reads a row of an operand."""
    if reader.op is not loop:
        return None
    form: Loop = reader.params[0]
    first = form.consts + form.carries
    return form.body if first <= place < first + form.xs else None


def _follows(tape: Tape, i: int, depth: int = 0) -> bool:
    """Whether a number follows from that of the turn alone."""
    instr = tape.instrs[i]
    if instr.op is INPUT:
        return i == tape.inputs[0]
    is_simple = instr.op is CONST or isinstance(instr.op, Elementwise) or instr.op is st.reshape
    return is_simple and depth < _DEEP and all(_follows(tape, j, depth + 1) for j in instr.args)


def _limited(body: Tape, limits: Limits) -> Tape:
    builder = Builder()
    new: list[int] = []
    for instr in body.instrs:
        builder.line = instr.line
        new.append(builder.copy(instr, tuple([new[j] for j in instr.args])))
    turn = builder.value(new[body.inputs[0]])
    outputs = [new[i] for i in body.outputs]
    for k, (reader, asked) in limits.items():
        x = builder.value(outputs[k])
        mask: Value | None = None
        for axis, n in asked.items():
            count = st.reshape(_again(turn, reader, n), shape=())
            first = ew.lt(st.iota_on(x, x.shape, axis), st.broadcast(count, shape=x.shape))
            mask = first if mask is None else ew.logical_and(mask, first)
        assert mask is not None
        outputs[k] = ew.wanted(mask, x).index
    return cse(builder.finish(outputs, [new[i] for i in body.inputs]))


def _again(turn: Value, tape: Tape, i: int) -> Value:
    """A number of another tape, computed from the number of a turn."""
    instr, builder = tape.instrs[i], turn.builder
    if instr.op is INPUT:
        return turn
    args = [_again(turn, tape, j).index for j in instr.args]
    return builder.value(builder.copy(instr, tuple(args)))
