"""Long straight-line code -> several functions, so that LLVM's time stays linear in its length.

LLVM's register allocator takes more than linear time in the length of a basic block. A rank-0
nest of many roots is cut into functions of `CHUNK` roots each; scalars that one of them computes
and a later one reads pass through memory, where a register allocator would have put them too. The
accesses are volatile: LLVM's search for aliases among thousands of others is quadratic.
"""

from __future__ import annotations

from jitad.codegen.body import Body
from jitad.codegen.nest import NestEmitter
from jitad.ops.structural import JOINS
from jitad.passes.schedule import Nest, Root

CHUNK = 1500
"""Roots in one function."""


def emit_chunks(body: Body, nest: Nest, step: int, name: str) -> list[str]:
    """Write calls of the pieces into `body`; the texts of their functions."""
    pieces = [nest.roots[k : k + CHUNK] for k in range(0, len(nest.roots), CHUNK)]
    reads = [[_scalars_read(body, root) for root in piece] for piece in pieces]
    slots = _slots(body, pieces, reads)
    outer = body.writer.lines
    for i, offset in slots.items():
        if i in body.registers:
            body.store(body.registers[i], body.in_arena(offset), i, volatile=True)
    functions: list[str] = []
    for k, (piece, needed) in enumerate(zip(pieces, reads, strict=True)):
        functions.append(_piece(body, piece, needed, slots, step, f"{name}_{k}"))
        body.writer.lines = outer
        arguments = ", ".join(p.replace("noalias ", "").replace("readonly ", "")
                              for p in body.parameters)  # fmt: skip
        body.note(body.writer.line(f"call i64 @{name}_{k}({arguments})"))
    for i, offset in slots.items():
        if i not in body.registers:
            body.registers[i] = body.load(body.in_arena(offset), i, volatile=True)
    return functions


def _piece(
    body: Body,
    piece: list[Root],
    reads: list[list[int]],
    slots: dict[int, int],
    step: int,
    name: str,
) -> str:
    """One function: scalars of other pieces are loaded before their first use."""
    inner = type(body)(body.program, body.writer, body.memory)
    for root, needed in zip(piece, reads, strict=True):
        for i in needed:
            if i not in inner.registers:
                inner.registers[i] = inner.load(inner.in_arena(slots[i]), i, volatile=True)
        NestEmitter(inner, Nest((), [root]), step).emit()
        i = root.index
        if i in slots and i in inner.registers:
            inner.store(inner.registers[i], inner.in_arena(slots[i]), i, volatile=True)
    return inner.function(name)


def _scalars_read(body: Body, root: Root) -> list[int]:
    """The stored scalars that computing a root reads, through virtual values as well."""
    tape, program = body.tape, body.program
    found: list[int] = []
    instr = tape.instrs[root.index]
    stack = [instr.args[root.part]] if instr.op in JOINS else list(instr.args)
    while stack:
        i = stack.pop()
        if i in program.position:
            if i not in program.storage:
                found.append(i)
        else:
            stack.extend(tape.instrs[i].args)
    return found


def _slots(body: Body, pieces: list[list[Root]], reads: list[list[list[int]]]) -> dict[int, int]:
    """Places in the arena for the scalars that cross from one function to another."""
    home = {root.index: k for k, piece in enumerate(pieces) for root in piece}
    crossing: set[int] = set()
    for k, piece in enumerate(reads):
        for needed in piece:
            crossing.update(i for i in needed if home.get(i, -1) != k)
    # What instructions outside of this nest, or the caller, read goes through memory as well.
    for i, instr in enumerate(body.tape.instrs):
        if i not in home:
            crossing.update(j for j in instr.args if j in home and j not in body.program.storage)
    crossing.update(i for i in body.tape.outputs if i in home and i not in body.program.storage)
    # Room for two numbers of 8 bytes each: a scalar may be complex.
    start = body.memory.grow(2 * len(crossing))
    return {i: start + 16 * k for k, i in enumerate(sorted(crossing))}
