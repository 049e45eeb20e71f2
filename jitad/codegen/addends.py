"""A sweep's loop -> the same loop, whose turns leave what they add to numbers: in any order.

Sums that a derivative is made of have no bits of NumPy's, so that they run in vector lanes.
"""

from __future__ import annotations

from dataclasses import replace

from jitad.ir.builder import Builder
from jitad.ir.tape import Instr, Tape
from jitad.ops import elementwise as ew
from jitad.ops.control import Loop
from jitad.ops.control.parts import rewritten


def summed(form: Loop) -> tuple[Loop, set[int]]:
    """The loop, and which of its carries are sums, of which a turn now gives what it adds."""
    found: set[int] = set()
    if form.backward and form.condition is None:
        uses, body = form.body.users(), form.body
        for k, i in enumerate(body.outputs[: form.carries]):
            start = body.inputs[1 + form.consts + k]
            is_number = not body.instrs[i].shape and body.instrs[i].dtype.kind == "f"
            if is_number and uses[start] == uses[i] == 1 and _is_sum(body, i, start):
                found.add(k)
    return (replace(form, body=_addends(form, found)) if found else form), found


def _is_sum(body: Tape, i: int, start: int) -> bool:
    instr = body.instrs[i]
    if instr.op is ew.add:
        return start in instr.args
    return (instr.op is ew.sub and instr.args[0] == start) or (
        instr.op is ew.fma and instr.args[2] == start
    )


def _addends(form: Loop, sums: set[int]) -> Tape:
    """The body, which gives what is added in the place of sums."""
    tape = form.body
    totals = {tape.outputs[k]: tape.inputs[1 + form.consts + k] for k in sums}

    def rule(builder: Builder, i: int, instr: Instr) -> int | None:
        if i not in totals:
            return None
        pairs = zip(instr.args, tape.instrs[i].args, strict=True)
        x, *rest = (builder.value(j) for j, old in pairs if old != totals[i])
        return (ew.mul(x, *rest) if rest else ew.neg(x) if instr.op is ew.sub else x).index

    return rewritten(tape, rule)
