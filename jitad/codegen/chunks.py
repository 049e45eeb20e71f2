"""Long programs -> several functions, so that LLVM's time stays linear in their length.

LLVM takes more than linear time in the number of loops of a function, and its register allocator
in the length of a basic block. Nests that are many, or have many roots, are cut into functions;
scalars that one of them computes and a later one reads pass through memory, where a register
allocator would have put them too. The accesses are volatile: LLVM's search for aliases among
thousands of others is quadratic.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from jitad.codegen.body import Body
from jitad.codegen.nest import NestEmitter
from jitad.codegen.packs import packs
from jitad.codegen.pieces import pieces
from jitad.codegen.status import AT_ONCE
from jitad.codegen.threads import emit_threads
from jitad.ops.structural import JOINS
from jitad.passes.schedule import Nest, Root, stored_below

CHUNK = 1500
"""Roots of straight-line code in one function."""

_LOOPS, _ARRAY, _FEW = 100, 25, 4
"""A loop nest counts as so many roots, and each array that it writes, after a few, as some more."""


class Unit(NamedTuple):
    """A nest, or what one piece of straight-line code computes, and the step that it belongs to."""

    step: int
    nest: Nest


def emit_nests(body: Body, steps: Sequence[Unit], name: str) -> list[str]:
    """Write consecutive nests into `body`, or calls of functions; the texts of these."""
    steps = [Unit(k, piece) for k, nest in steps for piece in pieces(body.program, k, nest)]
    if not body.options.parallel:
        return _emit_serial(body, steps, name)
    functions: list[str] = []
    waiting: list[Unit] = []
    for place, unit in enumerate(steps):
        threads = None
        if unit.nest.space:
            functions += _emit_serial(body, waiting, f"{name}_{place}")
            waiting.clear()
            threads = emit_threads(body, unit.step, unit.nest, f"{name}_{place}_block")
        if threads is None:
            waiting.append(unit)
        else:
            functions += threads
    return functions + _emit_serial(body, waiting, f"{name}_end")


def _emit_serial(body: Body, steps: Sequence[Unit], name: str) -> list[str]:
    pieces = _pieces(body, steps)
    if len(pieces) < 2:
        for step, nest in steps:
            NestEmitter(body, nest, step).emit()
        return []
    reads = [[_scalars_read(body, unit) for unit in piece] for piece in pieces]
    slots = _slots(body, pieces, reads)
    outer = body.writer.lines
    for i, offset in slots.items():
        if i in body.registers:
            body.store(body.registers[i], body.in_arena(offset), i, volatile=True)
    functions: list[str] = []
    for k, (piece, needed) in enumerate(zip(pieces, reads, strict=True)):
        inner = _piece(body, piece, needed, slots)
        inner.drop_unused()
        functions.append(inner.function(f"{name}_piece{k}"))
        body.writer.lines = outer
        arguments = ", ".join(body.passed(inner.parameters))
        status = body.writer.line(f"call i64 @{name}_piece{k}({arguments})")
        if inner.leaves:
            body.leave_on(status, AT_ONCE)
        elif inner.checked:
            body.note(status)
    for i, offset in slots.items():
        if i not in body.registers:
            body.registers[i] = body.load(body.in_arena(offset), i, volatile=True)
    return functions


def _pieces(body: Body, steps: Sequence[Unit]) -> list[list[Unit]]:
    """The steps cut where a function is full."""
    pieces: list[list[Unit]] = []
    count = CHUNK
    for unit in _units(body, steps):
        weight = len(unit.nest.roots)
        if unit.nest.space:
            weight = _LOOPS + _ARRAY * max(0, weight - _FEW)
        if count + weight > CHUNK:
            pieces.append([])
            count = 0
        count += weight
        pieces[-1].append(unit)
    return pieces


def _units(body: Body, steps: Sequence[Unit]) -> Iterator[Unit]:
    for step, nest in steps:
        if nest.space:
            yield Unit(step, nest)
        else:
            yield from (Unit(step, Nest((), roots)) for roots in packs(body, nest.roots))


def _piece(body: Body, piece: list[Unit], reads: list[list[int]], slots: dict[int, int]) -> Body:
    """One function's body: scalars of other pieces are loaded before their first use."""
    inner = body.inner()
    for (step, nest), needed in zip(piece, reads, strict=True):
        for i in needed:
            if i not in inner.registers:
                inner.registers[i] = inner.load(inner.in_arena(slots[i]), i, volatile=True)
        NestEmitter(inner, nest, step).emit()
        for root in nest.roots:
            i = root.index
            if i in slots and i in inner.registers:
                inner.store(inner.registers[i], inner.in_arena(slots[i]), i, volatile=True)
    return inner


def _scalars_read(body: Body, unit: Unit) -> list[int]:
    """The stored scalars that computing a unit reads, through virtual values as well."""
    operands = [j for root in unit.nest.roots for j in _operands(body, root)]
    operands += [end for end in unit.nest.ends if end is not None]
    program = body.program
    return [i for i in stored_below(program, operands, unit.step) if i not in program.storage]


def _operands(body: Body, root: Root) -> Sequence[int]:
    instr = body.tape.instrs[root.index]
    return (instr.args[root.part],) if instr.op in JOINS else instr.args


def _slots(body: Body, pieces: list[list[Unit]], reads: list[list[list[int]]]) -> dict[int, int]:
    """Places in the arena for the scalars that cross from one function to another."""
    home = {
        root.index: k
        for k, piece in enumerate(pieces)
        for unit in piece
        for root in unit.nest.roots
    }
    crossing: set[int] = set()
    for k, piece in enumerate(reads):
        for needed in piece:
            crossing.update(i for i in needed if home.get(i, -1) != k)
    # What instructions outside of these nests, or the caller, read goes through memory as well.
    for i, instr in enumerate(body.tape.instrs):
        if i not in home:
            crossing.update(j for j in instr.args if j in home and j not in body.program.storage)
    crossing.update(i for i in body.tape.outputs if i in home and i not in body.program.storage)
    # Room for two numbers of 8 bytes each: a scalar may be complex.
    start = body.memory.grow(2 * len(crossing))
    return {i: start + 16 * k for k, i in enumerate(sorted(crossing))}
