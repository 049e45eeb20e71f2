"""Program -> LLVM IR text: one function `i64 body(inputs..., outputs..., arena)`.

Arrays are passed as pointers to C-contiguous data, scalars by value, results through pointers;
`arena` is memory for temporaries. The function is pure, and returns 0 or what went wrong.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from jitad.codegen.arena import plan
from jitad.codegen.body import Body
from jitad.codegen.chunks import Unit, emit_nests
from jitad.codegen.library import LibraryCall
from jitad.codegen.writer import Writer
from jitad.passes.schedule import Nest, Program


@dataclass(frozen=True)
class Code:
    """The text of a module, its function's name, how many bytes of arena it needs.

    `level` is what LLVM's own passes should do: nothing for straight-line code, which comes out of
    ours; `quick` asks for the fast instruction selection, for code so long that it pays. `kept` are
    the objects that the code calls back.
    """

    text: str
    name: str
    arena: int
    level: int
    quick: bool
    kept: tuple[object, ...] = ()


LONG = 8000
"""Straight-line code of more scalars than that is translated the quick way: in a third of the time,
to code that runs a tenth to a third slower."""

_NAME = "jitad_kernel_body"


def emit(program: Program) -> Code:
    """The LLVM module of a program; its function is named after what it computes."""
    writer = Writer()
    memory = plan(program)
    body = Body(program, writer, memory)
    functions: list[str] = []
    nests: list[Unit] = []
    for k, step in enumerate(program.steps):
        if isinstance(step, Nest):
            nests.append(Unit(k, step))
            continue
        functions += emit_nests(body, nests, f"{_NAME}_{k}")
        nests.clear()
        LibraryCall(body, step.index).emit()
    functions += emit_nests(body, nests, f"{_NAME}_{len(program.steps)}")
    for k, i in enumerate(program.tape.outputs):
        if i not in program.storage:
            body.store(body.registers[i], f"%out{k}", i)
    text = writer.module([body.function(_NAME), *functions])
    name = f"{_NAME}_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    straight = [step for step in program.steps if isinstance(step, Nest) and not step.space]
    level = 0 if len(straight) == len(program.steps) else 2
    quick = sum(len(nest.roots) for nest in straight) > LONG
    return Code(
        text.replace(_NAME, name), name, memory.size, level, quick, tuple(writer.kept_objects)
    )
