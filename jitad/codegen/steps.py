"""A program's steps -> LLVM: nests, library calls and control ops, in order, into a function."""

from __future__ import annotations

from typing import Any

from jitad.codegen.body import Body
from jitad.codegen.branches import emit_block, emit_switch
from jitad.codegen.chunks import Unit, emit_nests
from jitad.codegen.library import LibraryCall
from jitad.codegen.loops import emit_loop
from jitad.codegen.threads import emit_loop_threads
from jitad.ir.op import Control
from jitad.ops.control import block, custom, loop, switch
from jitad.passes.schedule import Nest

_CONTROL: dict[Control, Any] = {
    block: emit_block,
    custom: emit_block,
    loop: emit_loop,
    switch: emit_switch,
}


def emit_steps(body: Body, name: str) -> list[str]:
    """Write all steps and store the results; the texts of further functions that are called."""
    functions: list[str] = []
    nests: list[Unit] = []
    for k, step in enumerate(body.program.steps):
        if isinstance(step, Nest):
            nests += [Unit(k, step)] if step.roots else []
            continue
        functions += emit_nests(body, nests, f"{name}_{k}")
        nests.clear()
        op = body.tape.instrs[step.index].op
        if isinstance(op, Control):
            functions += _emit_control(body, step.index, f"{name}_{k}")
        else:
            body.writer.need_host(op.name)
            LibraryCall(body, step.index).emit()
    functions += emit_nests(body, nests, f"{name}_{len(body.program.steps)}")
    for k, i in enumerate(body.tape.outputs):
        if i not in body.program.storage:
            body.store(body.registers[i], body.result(k), i)
    return functions


def _emit_control(body: Body, index: int, name: str) -> list[str]:
    """Write a control op; a loop over points on threads, where they are asked for."""
    op = body.tape.instrs[index].op
    assert isinstance(op, Control)
    if body.options.parallel and op is loop:
        functions = emit_loop_threads(body, index, name, emit_steps)
        if functions is not None:
            return functions
    return _CONTROL[op](body, index, name, emit_steps)
