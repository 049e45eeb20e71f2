"""Tape + arguments -> the straight-line tape of what it does there: every turn and its branch."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count as naturals
from typing import Any

import numpy as np

from jitad.ir.builder import Builder, run
from jitad.ir.op import Control
from jitad.ir.tape import Tape
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, Revolve, Switch, part
from jitad.ops.control.loop import grouped
from jitad.ops.control.revolve import plainly


def straighten(tape: Tape, arrays: Sequence[Any]) -> Tape:
    """The tape without control ops, which holds for these arguments."""
    if not any(isinstance(instr.op, Control) for instr in tape.instrs):
        return tape
    line = _Straight()
    inputs = [line.builder.value(line.builder.copy(tape.instrs[i], ())) for i in tape.inputs]
    for x, array in zip(inputs, arrays, strict=True):
        line.numbers[x.index] = np.asarray(array)
    return _without_choices(line.builder.finish([x.index for x in line.go(tape, inputs)]))


def _without_choices(tape: Tape) -> Tape:
    """The tape without the numbers that truths were made to choose a branch by."""
    users = tape.users()
    return tape.reordered([i for i, x in enumerate(tape.instrs) if users[i] or x.op is not ew.cast])


class _Straight:
    """A tape being written; `numbers` are what its values are."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.numbers: dict[int, Any] = {}

    def go(self, tape: Tape, inputs: Sequence[Value]) -> list[Value]:
        """Write what a tape does; its results."""
        values: dict[int, Value] = dict(zip(tape.inputs, inputs, strict=True))
        bundles: dict[int, list[Value]] = {}
        for i, instr in enumerate(tape.instrs):
            self.builder.line = instr.line
            if i in values:
                continue
            if instr.op is part:
                values[i] = bundles[instr.args[0]][instr.params[0]]
                continue
            operands = [values[j] for j in instr.args]
            if isinstance(instr.op, Control):
                bundles[i] = self._control(instr.op, instr.params[0], operands)
                continue
            args = tuple([x.index for x in operands])
            values[i] = self.builder.value(self.builder.copy(instr, args))
            self._run(values[i])
        return [values[i] for i in tape.outputs]

    def _run(self, x: Value) -> Value:
        self.numbers[x.index] = run(self.builder.instrs[x.index], self.numbers)
        return x

    def _control(self, op: Control, form: Any, operands: list[Value]) -> list[Value]:
        if isinstance(form, Loop):
            return self._loop(form, operands)
        if isinstance(form, Switch):
            most = len(form.branches) - 1
            taken = max(0, min(int(self.numbers[operands[0].index]), most))
            return self.go(form.branches[taken], operands[1:])
        tape = plainly(form) if isinstance(form, Revolve) else op.tapes(form)[0]
        return self.go(tape, operands)

    def _loop(self, form: Loop, operands: list[Value]) -> list[Value]:
        consts, carries, xs, turns = grouped(form, operands)
        number = int(self.numbers[turns[0].index]) if turns else form.count
        order: Any = naturals() if number is None else range(number)
        rows: list[list[Value]] = []
        for i in reversed(order) if form.backward else order:
            if form.condition is not None:
                (goes_on,) = self.go(form.condition, [*consts, *carries])
                if not self.numbers[goes_on.index]:
                    break
            turn = self._run(self.builder.const(i, (), np.dtype(np.int64)))
            row = [self._row(x, i) for x in xs]
            results = self.go(form.body, [turn, *consts, *carries, *row])
            carries = results[: form.carries]
            rows.append(results[form.carries :])
        done = self._run(self.builder.const(len(rows), (), np.dtype(np.int64)))
        rows = rows[::-1] if form.backward else rows
        stacks = [self._stacked(list(column)) for column in zip(*rows, strict=True)]
        if not rows:
            types = [form.body.instrs[i] for i in form.body.outputs[form.carries :]]
            empty = [self.builder.const(0, (0, *x.shape), x.dtype) for x in types]
            stacks = [self._run(x) for x in empty]
        return [*carries, *([done] if form.count is None else []), *stacks]

    def _row(self, x: Value, i: int) -> Value:
        return self._run(st.index(x, slots=(i, *((0, n, 1) for n in x.shape[1:]))))

    def _stacked(self, rows: list[Value]) -> Value:
        shape = rows[0].shape
        if shape == ():
            return self._run(st.pack(*rows, shape=(len(rows),)))
        wide = [self._run(st.reshape(x, shape=(1, *shape))) for x in rows]
        return self._run(st.concatenate(*wide, axis=0))
