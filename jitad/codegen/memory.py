"""Buffers before their loops: copies, zeros where an accumulation will not overwrite, fills."""

from __future__ import annotations

import math
from collections.abc import Collection

from jitad.codegen.body import Body, memory_type
from jitad.ir.tape import CONST, Instr
from jitad.ops import structural as st


def initialise(body: Body, i: int, instr: Instr, ends: Collection[int] = ()) -> None:
    """The buffer that an update writes to: a copy, zeros, or the operand's own; of loops that end
    at scalars nobody knows what they will write."""
    j = instr.args[0]
    source = body.tape.instrs[j]
    if math.prod(instr.shape) == 1:
        body.registers[i] = body.scalar(j)
        return
    home = body.program.storage
    if home.get(j, j) == home[i]:
        return
    target = body.pointer(i)
    if source.op is not CONST:
        for start, stop in _uncovered(body, instr, ends):
            _copy(body, target, body.pointer(j), start, stop, instr.dtype.itemsize)
    elif source.params[0] != 0:
        fill(body, target, instr, body.writer.number(source.params[0], source.dtype))
    else:
        for start, stop in _uncovered(body, instr, ends):
            _clear(body, target, start * instr.dtype.itemsize, stop * instr.dtype.itemsize)


def _uncovered(body: Body, instr: Instr, ends: Collection[int]) -> list[tuple[int, int]]:
    """The stretches of a buffer that the update will not simply overwrite."""
    size = math.prod(instr.shape)
    indexed = instr.op in st.INDEXED
    written = indexed and overwrites(body, instr)
    box = st.stretch(instr.params[0], instr.shape) if written and not ends else None
    return [(0, size)] if box is None else [(0, box[0]), (box[1], size)]


def overwrites(body: Body, instr: Instr) -> bool:
    """Whether elements are stored, not added: to set, or as the first addition into zeros."""
    if instr.op in (st.index_set, st.scatter_set):
        return True
    base = body.tape.instrs[instr.args[0]]
    return (
        instr.op is st.index_add
        and base.op is CONST
        and base.params[0] == 0
        and math.prod(instr.shape) != 1
    )


def _clear(body: Body, pointer: str, start: int, stop: int) -> None:
    if stop <= start:
        return
    body.writer.clear(body.writer.offset(pointer, start), stop - start)


def _copy(body: Body, target: str, source: str, start: int, stop: int, itemsize: int) -> None:
    if stop <= start:
        return
    w, at = body.writer, start * itemsize
    w.copy(w.offset(target, at), w.offset(source, at), (stop - start) * itemsize)


def fill(body: Body, pointer: str, instr: Instr, literal: str) -> None:
    """Store one number in every element of a buffer."""
    count = math.prod(instr.shape)
    if count == 0:
        return
    w = body.writer
    kind = memory_type(instr.dtype)
    literal = {"true": "1", "false": "0"}.get(literal, literal)
    width = 32 // instr.dtype.itemsize if instr.dtype.kind != "c" and count >= 32 else 1
    with w.counted(count, width) as counter:
        place = w.line(f"getelementptr {kind}, ptr {pointer}, i64 {counter}")
        w.do(f"store {kind} {literal}, ptr {place}")
