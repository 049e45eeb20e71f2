"""A loop without what nobody uses, and with what is the same in every turn computed before it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from typing import Any

from jitad.ir.builder import Builder
from jitad.ir.op import Control, Elementwise
from jitad.ir.tape import CONST, INPUT, Instr, Tape, has_effect
from jitad.ir.value import Value
from jitad.ops.control.parts import (
    Simplified,
    can_fail,
    output_types,
    rewired,
    type_of,
    without_inputs,
)
from jitad.ops.control.prune import pruned


def simplify(
    form: Any, operands: Sequence[Value], used: Collection[int], builder: Builder
) -> Simplified:
    """The simplest loop whose results are those of `used`."""
    if form.count == 0:
        return _no_turns(form, operands, used, builder)
    loop = _Simplifier(form, list(operands), builder)
    loop.drop_results(used)
    loop.fix_carries()
    loop.hoist()
    loop.drop_operands()
    return Simplified(loop.form, loop.operands, loop.known, loop.numbers)


def _no_turns(
    form: Any, operands: Sequence[Value], used: Collection[int], builder: Builder
) -> Simplified:
    """Carries as they were, and empty stacks."""
    types = output_types(form.body)
    known: dict[int, Value] = {}
    for k in used:
        if k < form.carries:
            known[k] = operands[form.consts + k]
        else:
            shape, dtype = types[k]
            known[k] = builder.const(0, (0, *shape), dtype)
    return Simplified(form, [], known, [])


class _Simplifier:
    """A loop being rewritten; `numbers` are the old numbers of its results, `known` results that
    need no loop."""

    def __init__(self, form: Any, operands: list[Value], builder: Builder) -> None:
        self.form = form
        self.builder = builder
        self.operands = operands
        self.known: dict[int, Value] = {}
        turns = form.count is None
        self.numbers = list(range(len(form.body.outputs) + turns))

    def drop_results(self, used: Collection[int]) -> None:
        """Only the carries and rows that are used, or that used ones depend on."""
        form = self.form
        turns = form.carries + (form.count is None)
        rows = [k for k in range(turns, len(self.numbers)) if k in used]
        carries = {k for k in range(form.carries) if k in used} | _asked(form)
        start = 1 + form.consts
        while True:
            kept = sorted(carries)
            body = pruned(form.body, [*kept, *(k - turns + form.carries for k in rows)])
            live = body.live(body.outputs)
            read = {k for k in range(form.carries) if live[body.inputs[start + k]]}
            if read <= carries:
                break
            carries |= read
        self._keep_carries(kept, body)
        middle = [form.carries] if form.count is None else []
        self.numbers = [*kept, *middle, *rows]

    def _keep_carries(self, kept: Sequence[int], body: Tape) -> None:
        """Only these carries, of a body without the others' outputs."""
        form = self.form
        first = form.consts
        gone = {first + k for k in range(form.carries) if k not in kept}
        self.operands = [x for k, x in enumerate(self.operands) if k not in gone]
        condition = form.condition
        if gone:
            inputs = [k for k in range(len(body.inputs)) if k - 1 not in gone]
            body = without_inputs(body, inputs, range(len(body.outputs)))
            if condition is not None:
                asked = [k for k in range(len(condition.inputs)) if k not in gone]
                condition = without_inputs(condition, asked, [0])
        self.form = replace(form, body=body, condition=condition, carries=len(kept))

    def fix_carries(self) -> None:
        """Carries that a turn leaves as they are become consts."""
        form = self.form
        body, start = form.body, 1 + form.consts
        same = [k for k in range(form.carries) if body.outputs[k] == body.inputs[start + k]]
        if not same:
            return
        moving = [k for k in range(form.carries) if k not in same]
        order = [*range(start), *(start + k for k in same), *(start + k for k in moving)]
        order += range(start + form.carries, len(body.inputs))
        outputs = [*moving, *range(form.carries, len(body.outputs))]
        condition = form.condition
        if condition is not None:
            condition = rewired(condition, [k - 1 for k in order[1 : start + form.carries]], [0])
        for k in same:
            self.known[self.numbers[k]] = self.operands[form.consts + k]
        self.numbers = [n for k, n in enumerate(self.numbers) if k not in same]
        self.operands = [self.operands[k - 1] for k in order[1:]] + self.operands[len(order) - 1 :]
        self.form = replace(
            form,
            body=rewired(body, order, outputs),
            consts=form.consts + len(same),
            carries=len(moving),
            condition=condition,
        )

    def hoist(self) -> None:
        """Compute before the loop what depends on consts alone."""
        form = self.form
        body, consts = form.body, form.consts
        fixed = _fixed(form)
        crossing = _crossing(body, fixed)
        if not crossing:
            return
        builder = self.builder
        new = {i: x.index for i, x in zip(body.inputs[1:], self.operands[:consts], strict=False)}
        needed = body.needed(crossing)
        for i, instr in enumerate(body.instrs):
            if needed[i] and i not in new:
                builder.line = instr.line
                new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
        instrs = list(body.instrs)
        for i in crossing:
            shape, dtype = type_of(body.instrs[i])
            instrs[i] = Instr(INPUT, (), (f"h{i}",), shape, dtype, None)
        first = body.inputs[: 1 + consts]
        inputs = (*first, *crossing, *body.inputs[1 + consts :])
        condition = form.condition
        if condition is not None:
            types = [type_of(body.instrs[i]) for i in crossing]
            order = [*range(consts), *types, *range(consts, len(condition.inputs))]
            condition = rewired(condition, order, [0])
        hoisted = [builder.value(new[i]) for i in crossing]
        self.operands[consts:consts] = hoisted
        self.form = replace(
            form,
            body=Tape(tuple(instrs), inputs, body.outputs),
            consts=consts + len(crossing),
            condition=condition,
        )

    def drop_operands(self) -> None:
        """Only the consts and stacks that are read."""
        form = self.form
        body, condition = form.body, form.condition
        live = body.live(body.outputs)
        asked = [] if condition is None else condition.live(condition.outputs)
        second = form.consts + form.carries
        kept: list[int] = []
        for k in range(len(body.inputs) - 1):
            read = live[body.inputs[1 + k]] or form.consts <= k < second
            if condition is not None and k < second:
                read = read or asked[condition.inputs[k]]
            if read:
                kept.append(k)
        if len(kept) == len(body.inputs) - 1:
            return
        consts = sum(k < form.consts for k in kept)
        count = self.operands[len(body.inputs) - 1 :]
        self.operands = [self.operands[k] for k in kept] + count
        if condition is not None:
            condition = without_inputs(condition, [k for k in kept if k < second], [0])
        outputs = range(len(body.outputs))
        body = without_inputs(body, [0, *(1 + k for k in kept)], outputs)
        self.form = replace(form, body=body, consts=consts, condition=condition)


def _asked(form: Any) -> set[int]:
    """The carries that the condition reads."""
    if form.condition is None:
        return set()
    live = form.condition.live(form.condition.outputs)
    inputs = form.condition.inputs[form.consts :]
    return {k for k, i in enumerate(inputs) if live[i]}


def _fixed(form: Any) -> list[bool]:
    """Which instructions of the body give the same in every turn."""
    body = form.body
    fixed = [False] * len(body.instrs)
    for i in body.inputs[1 : 1 + form.consts]:
        fixed[i] = True
    for i, instr in enumerate(body.instrs):
        if instr.op is CONST:
            fixed[i] = True
        elif instr.op is not INPUT and _can_move(instr, form):
            fixed[i] = bool(instr.args) and all(fixed[j] for j in instr.args)
    return fixed


def _can_move(instr: Instr, form: Any) -> bool:
    """Whether an instruction may run where no turn does: it cannot fail, or some turn does."""
    if isinstance(instr.op, Control) or has_effect(instr):
        return False
    return form.count is not None or not can_fail(instr)


def _crossing(body: Tape, fixed: Sequence[bool]) -> list[int]:
    """What is fixed and worth a place in memory, and is read by what is not."""
    found: set[int] = set()
    readers = [(j,) for i, x in enumerate(body.instrs) if not fixed[i] for j in x.args]
    stack = [j for (j,) in readers if fixed[j]] + [j for j in body.outputs if fixed[j]]
    seen: set[int] = set()
    while stack:
        i = stack.pop()
        instr = body.instrs[i]
        if i in seen or instr.op in (INPUT, CONST):
            continue
        seen.add(i)
        if isinstance(instr.op, Elementwise) and all(
            body.instrs[j].op is CONST for j in instr.args
        ):
            continue  # which is folded where it stands
        if instr.op.is_view:
            stack.extend(instr.args)  # a view costs nothing
        else:
            found.add(i)
    return sorted(found)
