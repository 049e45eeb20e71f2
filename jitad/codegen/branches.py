"""A switch -> LLVM: a jump to the branch that is taken; a block -> a function that is called."""

from __future__ import annotations

from collections.abc import Sequence

from jitad.codegen.body import Body
from jitad.codegen.frame import Frame
from jitad.codegen.region import EmitSteps, Region
from jitad.ir.tape import CONST, INPUT, Tape
from jitad.ops.control.parts import output_types
from jitad.ops.elementwise import stop_gradient
from jitad.passes.ranges import inside


def emit_switch(body: Body, index: int, name: str, emit_steps: EmitSteps) -> list[str]:
    """Write a switch; the functions that it calls."""
    w, frame = body.writer, Frame(body, index)
    branches = frame.instr.params[0].branches
    types = output_types(branches[0])
    if len(branches) == 2 and all(map(_only_names, branches)):
        _choose(body, frame)
        return []
    exchanged = frame.exchanged(frame.instr.args[1:], range(len(types)))
    owned = frame.in_place(1)
    known = inside(body.tape, frame.instr, body.known)
    regions = [
        Region(body, tape, f"{name}_{k}", emit_steps, exchanged, owned, known[k])
        for k, tape in enumerate(branches)
    ]
    inputs = [frame.operand(j) for j in frame.instr.args]
    homes = [frame.home(k, *kind) for k, kind in enumerate(types)]
    labels = [w.fresh("branch") for _ in branches]
    after = w.fresh("joined")
    below = w.line(f"icmp slt i64 {inputs[0]}, 0")
    number = w.line(f"select i1 {below}, i64 0, i64 {inputs[0]}")
    cases = " ".join(f"i64 {k}, label %{label}" for k, label in enumerate(labels[:-1]))
    w.do(f"switch i64 {number}, label %{labels[-1]} [ {cases} ]")
    for label, region in zip(labels, regions, strict=True):
        w.label(label)
        outputs = ["null" if k in owned else home for k, home in enumerate(homes)]
        region.run(inputs[1:], outputs)
        w.do(f"br label %{after}")
    w.label(after)
    for k, (home, kind) in enumerate(zip(homes, types, strict=True)):
        frame.take(k, home, *kind)
    return [text for region in regions for text in region.functions]


def _only_names(tape: Tape) -> bool:
    """Whether a branch computes nothing: its results are numbers that are there."""
    return all(
        not instr.shape and instr.dtype.kind in "fib" and instr.op in (INPUT, CONST, stop_gradient)
        for instr in tape.instrs
    )


def _choose(body: Body, frame: Frame) -> None:
    """Take of two numbers the one that is meant, without a jump, as what steers a search."""
    w, tapes = body.writer, frame.instr.params[0].branches
    inputs = [frame.operand(j) for j in frame.instr.args]
    first = w.line(f"icmp sle i64 {inputs[0]}, 0")
    for k, (shape, dtype) in enumerate(output_types(tapes[0])):
        x, y = (_named(body, tape, tape.outputs[k], inputs[1:]) for tape in tapes)
        kind = w.type(dtype)
        chosen = w.line(f"select i1 {first}, {kind} {x}, {kind} {y}{w.noted('unpredictable')}")
        home = frame.home(k, shape, dtype)
        body.write(chosen, home, dtype)
        frame.take(k, home, shape, dtype)


def _named(body: Body, tape: Tape, i: int, inputs: Sequence[str]) -> str:
    """The register or the literal of a branch's result."""
    instr = tape.instrs[i]
    while instr.op is stop_gradient:
        (i,) = instr.args
        instr = tape.instrs[i]
    if instr.op is CONST:
        return body.writer.number(instr.params[0], instr.dtype)
    return inputs[tape.inputs.index(i)]


def emit_block(body: Body, index: int, name: str, emit_steps: EmitSteps) -> list[str]:
    """Write a block; the functions that it calls."""
    frame = Frame(body, index)
    tape = frame.instr.params[0].tape
    types = output_types(tape)
    exchanged = frame.exchanged(frame.instr.args, range(len(types)))
    (known,) = inside(body.tape, frame.instr, body.known)
    region = Region(body, tape, name, emit_steps, exchanged, known=known)
    homes = [frame.home(k, *kind) for k, kind in enumerate(types)]
    region.run([frame.operand(j) for j in frame.instr.args], homes)
    for k, (home, kind) in enumerate(zip(homes, types, strict=True)):
        frame.take(k, home, *kind)
    return region.functions
