"""Sub-tape -> sub-tape: what its results need, and no result of a control op that nobody reads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from jitad.ir.builder import Builder
from jitad.ir.op import Control
from jitad.ir.tape import Instr, Tape
from jitad.ir.value import Value
from jitad.ops.control.parts import Simplified, part, record, type_of


def pruned(tape: Tape, outputs: Sequence[int]) -> Tape:
    """The tape of the same inputs with the outputs at these positions; it reads what it must."""
    wanted = tuple(tape.outputs[k] for k in outputs)
    if any(isinstance(instr.op, Control) for instr in tape.instrs):
        return _Pruner(tape, wanted).run()
    return Tape(tape.instrs, tape.inputs, wanted)


class _Simple(NamedTuple):
    """A control op in its simplest form, as it was recorded on a tape of its own."""

    builder: Builder
    inputs: list[Value]
    found: Simplified
    needed: list[bool]


class _Pruner:
    def __init__(self, tape: Tape, outputs: tuple[int, ...]) -> None:
        self.tape = tape
        self.outputs = outputs
        self.live = [False] * len(tape.instrs)
        for i in (*tape.inputs, *tape.effects, *outputs):
            self.live[i] = True
        self.used: dict[int, set[int]] = {}
        self.simple: dict[int, _Simple] = {}

    def run(self) -> Tape:
        tape = self.tape
        for i in range(len(tape.instrs) - 1, -1, -1):
            if self.live[i]:
                for j in self._reads(i, tape.instrs[i]):
                    self.live[j] = True
        builder = Builder()
        new = [-1] * len(tape.instrs)
        bundles: dict[int, dict[int, Value]] = {}
        for i, instr in enumerate(tape.instrs):
            builder.line = instr.line
            if i in self.simple:
                bundles[i] = self._record(builder, instr, [new[j] for j in instr.args], i)
            elif instr.op is part and self.live[i]:
                new[i] = bundles[instr.args[0]][instr.params[0]].index
            elif self.live[i]:
                new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
        return builder.finish([new[i] for i in self.outputs], [new[i] for i in tape.inputs])

    def _reads(self, i: int, instr: Instr) -> Sequence[int]:
        """The operands that a live instruction needs."""
        if instr.op is part:
            self.used.setdefault(instr.args[0], set()).add(instr.params[0])
        if not isinstance(instr.op, Control):
            return instr.args
        scratch = Builder()
        inputs = [
            scratch.input(f"x{k}", *type_of(self.tape.instrs[j])) for k, j in enumerate(instr.args)
        ]
        used = self.used.get(i, set())
        found = instr.op.simplify(instr.params[0], inputs, used, scratch)
        results = [*found.operands, *found.known.values()]
        needed = scratch.finish([]).live([x.index for x in results])
        self.simple[i] = _Simple(scratch, inputs, found, needed)
        return [j for x, j in zip(inputs, instr.args, strict=True) if needed[x.index]]

    def _record(
        self, builder: Builder, instr: Instr, args: Sequence[int], i: int
    ) -> dict[int, Value]:
        """Record a control op in its simplest form; the results that are read."""
        scratch, inputs, found, needed = self.simple[i]
        new = {x.index: j for x, j in zip(inputs, args, strict=True)}
        for k, made in enumerate(scratch.instrs):
            if k not in new and needed[k]:
                builder.line = made.line
                new[k] = builder.copy(made, tuple([new[j] for j in made.args]))
        known = {k: builder.value(new[x.index]) for k, x in found.known.items()}
        if not found.operands and not found.numbers:
            return known
        assert isinstance(instr.op, Control)
        operands = [builder.value(new[x.index]) for x in found.operands]
        results = record(builder, instr.op, operands, found.form)
        return {**known, **dict(zip(found.numbers, results, strict=True))}
