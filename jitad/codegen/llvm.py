"""Program -> LLVM IR text: one function `i64 body(inputs..., outputs..., arena)`.

Arrays are passed as pointers to C-contiguous data, scalars by value, results through pointers;
`arena` is memory for temporaries. Of many inputs and results it is `i64 body(inputs, outputs,
arena)`: tables that have 16 bytes for each number or pointer. The function is pure, and returns 0
or what went wrong.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass

from jitad.codegen.arena import plan
from jitad.codegen.body import WIDE, Body
from jitad.codegen.options import DEFAULT, Options
from jitad.codegen.polls import work
from jitad.codegen.steps import emit_steps
from jitad.codegen.writer import Writer
from jitad.ir.errors import OutOfMemoryError
from jitad.ir.op import Control
from jitad.ir.tape import Instr
from jitad.passes.schedule import Nest, Program


@dataclass(frozen=True)
class Code:
    """The text of a module, its function's name, how many bytes of arena it needs.

    `level` is what LLVM's own passes should do: nothing for straight-line code, which comes out of
    ours, and less where it takes longer than all calls; `quick` asks for the fast instruction
    selection, for code so long that it pays. `kept` are the objects that the code calls back,
    `reported` the instructions that a status can name, `words` those statuses, `remarks` say how
    loops were compiled.
    """

    text: str
    name: str
    arena: int
    level: int
    quick: bool
    kept: tuple[object, ...] = ()
    reported: tuple[Instr, ...] = ()
    words: tuple[int, ...] = ()
    remarks: tuple[str, ...] = ()
    is_wide: bool = False


LONG = 8000
"""Straight-line code of more scalars than that is translated the quick way: in a third of the time,
to code that runs a tenth to a third slower."""

_NAME = "jitad_kernel_body"


_SHORT = 200
"""Operations of a program that is too short for turns in it to have been rolled up."""


def _is_uniform(program: Program) -> bool:
    """Whether a number's function has the same bits alone and among others: turns that are written
    out stand beside each other, those of a loop do not, and both give the same."""
    instrs = program.tape.instrs
    return len(instrs) >= _SHORT or any(isinstance(instr.op, Control) for instr in instrs)


_BRIEF = 1000.0
"""Operations below which a call takes as long as they do: LLVM does not write loops out then."""


def _is_brief(program: Program) -> bool:
    """Whether a program takes no longer than to call it; with loops that carry nothing."""
    if any(isinstance(instr.op, Control) for instr in program.tape.instrs):
        return False
    turns = (math.prod(s.space) * len(s.roots) for s in program.steps if isinstance(s, Nest))
    return max(work(program.tape), sum(turns)) < _BRIEF


def emit(program: Program, options: Options = DEFAULT) -> Code:
    """The LLVM module of a program; its function is named after what it computes."""
    straight = [step for step in program.steps if isinstance(step, Nest) and not step.space]
    level = 0 if len(straight) == len(program.steps) else 1 if _is_brief(program) else 2
    uniform = _is_uniform(program)
    writer = Writer(fast=options.fastmath, uniform=uniform, calls=uniform and not level)
    memory = plan(program)
    body = Body(program, writer, memory, options)
    body.is_wide = len(body.parameters) > WIDE
    functions = emit_steps(body, _NAME)
    if memory.size >= 2**63:
        raise OutOfMemoryError(
            f"the function keeps {memory.size} bytes while it runs, more than can be addressed",
            remedy="let it work on less at once, loops in reverse mode by scan(checkpoint=)",
        )
    text = writer.module([body.function(_NAME), *functions])
    name = f"{_NAME}_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    scalars = sum(len(nest.roots) for nest in straight)
    return Code(
        text.replace(_NAME, name),
        name,
        memory.size,
        level,
        quick=scalars > LONG,
        kept=tuple(writer.kept_objects),
        reported=tuple(writer.reported),
        words=tuple(writer.words),
        remarks=tuple(writer.remarks),
        is_wide=body.is_wide,
    )
