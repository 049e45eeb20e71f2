"""A switch -> LLVM: a jump to the branch that is taken; a block -> a function that is called."""

from __future__ import annotations

from jitad.codegen.body import Body
from jitad.codegen.frame import Frame
from jitad.codegen.region import EmitSteps, Region
from jitad.ops.control.parts import output_types
from jitad.passes.ranges import inside


def emit_switch(body: Body, index: int, name: str, emit_steps: EmitSteps) -> list[str]:
    """Write a switch; the functions that it calls."""
    w, frame = body.writer, Frame(body, index)
    branches = frame.instr.params[0].branches
    types = output_types(branches[0])
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
