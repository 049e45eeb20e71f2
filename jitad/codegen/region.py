"""A sub-tape -> an LLVM function of its own, which LLVM puts in the place of its only call."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence

from jitad.codegen.arena import plan
from jitad.codegen.body import Body
from jitad.codegen.writer import TYPES
from jitad.ir.tape import Tape
from jitad.passes.in_place import taken_over
from jitad.passes.ranges import Known
from jitad.passes.schedule import schedule

EmitSteps = Callable[[Body, str], list[str]]


class Region:
    """A sub-tape's function `i64 name(inputs..., outputs..., arena)`, and the texts it needs.

    `owned` maps positions of outputs to positions of inputs whose memory they may take over;
    `in_place` are those that do; the others change places with these inputs from call to call.
    `exchanged` names further parameters whose memory is exchanged, as `Body` says, and `known` are
    the ranges of inputs.
    """

    def __init__(
        self,
        body: Body,
        tape: Tape,
        name: str,
        emit_steps: EmitSteps,
        exchanged: Collection[str],
        owned: Mapping[int, int] | None = None,
        known: Sequence[Known] | None = None,
    ) -> None:
        self.body = body
        self.tape = tape
        self.name = name
        program = schedule(tape, owned)
        self.in_place = taken_over(program, owned or {})
        memory = plan(program)
        exchanged = set(exchanged)
        for k, j in (owned or {}).items():
            if k not in self.in_place or f"out{k}" in exchanged:
                exchanged |= {f"out{k}", f"in{j}"}
        outer = body.writer.lines
        inner = Body(program, body.writer, memory, body.options, exchanged, known)
        self.functions = emit_steps(inner, name)
        self.functions.append(inner.function(name, inline=True))
        body.writer.lines = outer
        self.size = -(-memory.size // 64) * 64
        self.arena = body.memory.grow(self.size // 8 * body.copies) if self.size else 0
        self.can_fail = inner.checked

    def run(self, inputs: Sequence[str], outputs: Sequence[str]) -> None:
        """Call it, and leave where it fails.

        Scalars are passed by value, arrays and all results by pointer.
        """
        kinds = [
            "ptr" if self.tape.instrs[i].shape else TYPES[self.tape.instrs[i].dtype]
            for i in self.tape.inputs
        ]
        arguments = [f"{kind} {x}" for kind, x in zip(kinds, inputs, strict=True)]
        arguments += [f"ptr {x}" for x in outputs]
        arena = self.body.in_arena(self.arena)
        if self.body.copies > 1 and self.size:
            w = self.body.writer
            arena = w.offset(arena, w.line(f"mul i64 {self.body.copy}, {self.size}"))
        call = f"call i64 @{self.name}({', '.join([*arguments, f'ptr {arena}'])})"
        status = self.body.writer.line(call)
        if self.can_fail:
            self.body.leave_on(status)
