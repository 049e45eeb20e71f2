"""Tape -> Tape: a loop over points with short branches becomes all branches of all points at once.

Of each point the results of its own branch are selected. What is then computed and not selected
costs less than that each point waits for its jump: without jumps the points are the lanes of
vectors. (If-conversion: Allen, Kennedy, Porterfield and Warren, POPL 1983.)
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from jitad.ir.builder import Builder, inline
from jitad.ir.op import INT64, Elementwise, Structural
from jitad.ir.tape import Instr, Tape, has_effect
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control import Loop, Switch, loop, part, switch
from jitad.ops.control.loop import grouped
from jitad.ops.control.parts import can_fail, input_types
from jitad.passes.schedule import EXCLUSIVE
from jitad.transforms.batch import batch
from jitad.transforms.flow import depends_outputs

_FEW = 16
"""Points for which vectors are not worth it."""

_LARGE = 64
"""Elements of an array from which a point is enough work by itself."""

_IN_VAIN = 6.0
"""How many times the work of the longest path all paths together may be."""


def if_convert(tape: Tape) -> Tape:
    """The tape without those loops over points whose branches are short."""
    if not any(instr.op is loop and _is_short(instr.params[0]) for instr in tape.instrs):
        return tape
    builder = Builder()
    new: list[int] = []
    bundles: dict[int, list[Value]] = {}
    for i, instr in enumerate(tape.instrs):
        builder.line = instr.line
        if instr.op is part and instr.args[0] in bundles:
            new.append(bundles[instr.args[0]][int(instr.params[0])].index)
            continue
        args = tuple([new[j] for j in instr.args])
        if instr.op is loop and _is_short(instr.params[0]):
            bundles[i] = _at_once(instr.params[0], [builder.value(j) for j in args])
            new.append(-1)
        else:
            new.append(builder.copy(instr, args))
    return builder.finish([new[i] for i in tape.outputs], [new[i] for i in tape.inputs])


# -- which loops -----------------------------------------------------------------------------------


class _Work(NamedTuple):
    """Of one point: of all paths together, and of the longest."""

    every: float
    longest: float


def _is_short(form: Loop) -> bool:
    if not form.is_apart or form.count is None or form.count < _FEW:
        return False
    if not any(instr.op in (switch, st.guard) for instr in form.body.instrs):
        return False
    work = _work(form.body, in_branch=False)
    return work is not None and work.every <= _IN_VAIN * work.longest


def _work(tape: Tape, *, in_branch: bool) -> _Work | None:
    """The work of a tape; None where it cannot be done for a point that does not take it."""
    every = longest = 0.0
    for instr in tape.instrs:
        if instr.op is switch:
            found = [_work(branch, in_branch=True) for branch in instr.params[0].branches]
            known = [work for work in found if work is not None]
            if len(known) < len(found):
                return None
            every += sum(work.every for work in known)
            longest += max(work.longest for work in known)
        elif not _is_plain(instr, tape) or (
            in_branch and instr.op is not st.guard and can_fail(instr)
        ):
            return None
        elif isinstance(instr.op, Elementwise):
            every += instr.op.cost * math.prod(instr.shape)
            longest += instr.op.cost * math.prod(instr.shape)
    return _Work(every, longest)


def _is_plain(instr: Instr, tape: Tape) -> bool:
    """Whether all points can do it at once, in vectors."""
    if instr.op is st.guard:
        return tape.instrs[instr.args[0]].dtype.kind in "biu"
    if isinstance(instr.op, Structural) and instr.op.library is not None:
        return False
    if instr.op in EXCLUSIVE:
        return False
    known = isinstance(instr.op, (Elementwise, Structural)) or not instr.args
    return known and not has_effect(instr) and math.prod(instr.shape) <= _LARGE


# -- all at once -----------------------------------------------------------------------------------


def _at_once(form: Loop, operands: list[Value]) -> list[Value]:
    """A loop's results."""
    consts, _, xs, _ = grouped(form, operands)
    assert form.count is not None
    builder = operands[0].builder
    body = _without_branches(form.body)
    turns = builder.apply(st.iota, (), {"shape": (form.count,), "axis": 0})
    flags = [True, *(False for _ in consts), *(True for _ in xs)]
    wide = depends_outputs(body, flags)
    over = [k for k, flag in enumerate(flags) if flag]
    tape = batch(body, over, form.count, [k for k, flag in enumerate(wide) if flag])
    found = inline(builder, tape, [turns, *consts, *xs])
    *results, failed = [st.spread(x, f, form.count) for x, f in zip(found, wide, strict=True)]
    # A sum, which threads and vectors can share, of what is zero as a rule.
    st.guard(st.reduce_sum(failed, axes=(0,)), expected=np.int64(0).tobytes())
    return results


def _without_branches(tape: Tape) -> Tape:
    """The tape with branches selected, and one more output: how many guards fail, an integer."""
    line = _Line()
    inputs = [line.builder.input(f"x{k}", *kind) for k, kind in enumerate(input_types(tape))]
    results = line.go(tape, inputs, None)
    return line.builder.finish([x.index for x in [*results, line.failed]])


class _Line:
    """A tape being written; `failed` is how many guards do not hold where they are met."""

    def __init__(self) -> None:
        self.builder = Builder()
        self.failed = self.builder.const(0, (), INT64)

    def go(self, tape: Tape, inputs: Sequence[Value], taken: Value | None) -> list[Value]:
        """Write what a tape does where it is `taken`, always if that is None; its results."""
        values: dict[int, Value] = dict(zip(tape.inputs, inputs, strict=True))
        bundles: dict[int, list[Value]] = {}
        for i, instr in enumerate(tape.instrs):
            self.builder.line = instr.line
            operands = [values[j] for j in instr.args if j not in bundles]
            if i in values:
                continue
            if instr.op is part:
                values[i] = bundles[instr.args[0]][instr.params[0]]
            elif instr.op is switch:
                bundles[i] = self._switch(instr.params[0], operands, taken)
            elif instr.op is st.guard:
                self._guard(operands[0], instr.params[0], taken)
            else:
                copied = self.builder.copy(instr, tuple([x.index for x in operands]))
                values[i] = self.builder.value(copied)
        return [values[i] for i in tape.outputs]

    def _switch(self, form: Switch, operands: list[Value], taken: Value | None) -> list[Value]:
        """The results of the branch that the first operand names, of all that are computed."""
        index, last = operands[0], len(form.branches) - 1
        if last == 0:
            return self.go(form.branches[0], operands[1:], taken)
        chosen: list[Value] = []
        for k, branch in enumerate(form.branches):
            here = ew.le(index, 0) if k == 0 else ew.ge(index, last) if k == last else None
            here = ew.eq(index, k) if here is None else here
            met = here if taken is None else ew.logical_and(taken, here)
            results = self.go(branch, operands[1:], met)
            old = chosen or results
            chosen = [_where(here, x, y) for x, y in zip(results, old, strict=True)]
        return chosen

    def _guard(self, x: Value, expected: bytes, taken: Value | None) -> None:
        """Count a guard that does not hold where it is met."""
        holds: Value = st.equals(x, expected)
        if taken is not None:
            holds = ew.logical_or(holds, ew.logical_not(taken))
        self.failed = ew.add(self.failed, ew.where(holds, self._number(0), self._number(1)))

    def _number(self, k: int) -> Value:
        return self.builder.const(k, (), INT64)


def _where(condition: Value, x: Value, y: Value) -> Value:
    if x is y:
        return x
    return ew.where(st.broadcast(condition, shape=x.shape) if x.shape else condition, x, y)
