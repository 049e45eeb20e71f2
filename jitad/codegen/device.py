"""Program -> LLVM of one function for a GPU, which a thread of somebody else's kernel calls."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

from jitad.codegen.arena import plan
from jitad.codegen.body import Body, passed_on
from jitad.codegen.options import DEFAULT, Options
from jitad.codegen.steps import emit_steps
from jitad.codegen.writer import Writer
from jitad.ir.op import BOOL
from jitad.passes.schedule import Program


@dataclass(frozen=True)
class FunctionCode:
    """A module's text and its function `void name(inputs..., outputs...)`.

    Arrays are passed by pointer, numbers by value, conditions as 32 bits, results by pointer. Where
    something goes wrong, such as a branch that was not compiled, it stops the whole kernel.
    """

    text: str
    name: str


_NAME = "jitad_device_function"


def emit_function(program: Program, options: Options = DEFAULT) -> FunctionCode:
    """The module of a program; an error where a step needs a library."""
    writer = Writer(fast=options.fastmath, device=True)
    memory = plan(program)
    pointers = [f"in{k}" for k in range(len(program.tape.inputs))]
    pointers += [f"out{k}" for k in range(len(program.tape.outputs))]
    body = Body(program, writer, memory, options, exchanged=pointers)  # whoever calls it may
    inputs = {f"%in{k}": program.tape.instrs[i] for k, i in enumerate(program.tape.inputs)}
    conditions = {name for name, x in inputs.items() if x.dtype == BOOL and x.shape == ()}
    functions = emit_steps(body, _NAME)
    functions.append(body.function(f"{_NAME}_part", inline=True))
    passed = passed_on(body.parameters)
    taken = [f"i32 {p.split()[1]}_wide" if p.split()[1] in conditions else p for p in passed[:-1]]
    narrow = [f"  {name} = icmp ne i32 {name}_wide, 0" for name in sorted(conditions)]
    functions.append(f"""define void @{_NAME}({", ".join(taken)}) {{
entry:
  %arena = alloca i8, i64 {max(memory.size, 8)}, align 16
{chr(10).join(narrow)}
  %status = call i64 @{_NAME}_part({", ".join(passed)})
  %bad = icmp ne i64 %status, 0
  br i1 %bad, label %stop, label %done
stop:
  call void @llvm.trap()
  unreachable
done:
  ret void
}}""")
    writer.declarations["llvm.trap"] = "declare void @llvm.trap()"
    text = writer.module(functions)
    name = f"{_NAME}_{hashlib.sha256(text.encode()).hexdigest()[:24]}"
    return FunctionCode(text.replace(_NAME, name), name)
