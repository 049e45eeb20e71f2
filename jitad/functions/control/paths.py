"""Several traces of one function -> one tape, with a switch where their guards part.

The traces of a function agree, instruction by instruction, up to the first guard that found
another value. From there on each is a branch. A value that no trace has met fails a guard.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.ir.builder import Builder, inline
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import INT64, Control
from jitad.ir.tape import CONST, INPUT, Instr, Tape, has_effect
from jitad.ir.value import Value
from jitad.ops import control
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.control.parts import output_types, record


def is_guarded(tape: Tape) -> bool:
    """Whether a tape holds for some values only."""
    return any(has_effect(instr) for instr in tape.instrs)


def alike(a: Tape, b: Tape) -> bool:
    """Whether two tapes do the same, instruction by instruction."""
    return (
        len(a) == len(b)
        and a.inputs == b.inputs
        and a.outputs == b.outputs
        and all(_same(x, y) for x, y in zip(a.instrs, b.instrs, strict=True))
    )


def _same(x: Instr, y: Instr) -> bool:
    if x.op is not y.op or x.args != y.args or x.shape != y.shape or x.dtype != y.dtype:
        return False
    if x.op is INPUT:
        return True
    if isinstance(x.op, Control):
        mine, others = x.op.tapes(x.params[0]), x.op.tapes(y.params[0])
        known = repr(x.params) == repr(y.params) and len(mine) == len(others)
        return known and all(map(alike, mine, others))
    return repr(x.params) == repr(y.params)


def merged(tapes: Sequence[Tape]) -> Tape:
    """One tape for all of these, which have the same inputs, these first."""
    return _merged([_with_late_constants(tape) for tape in tapes])


def _with_late_constants(tape: Tape) -> Tape:
    """The tape with each constant where it is first read.

    A trace records a number once, at its first use, even if only a later use is left: where traces
    differ in what they do with it after a branch, they would already differ before.
    """
    builder = Builder()
    new: dict[int, int] = {}

    def placed(j: int) -> int:
        if j not in new:
            new[j] = builder.copy(tape.instrs[j], ())
        return new[j]

    for i, instr in enumerate(tape.instrs):
        if instr.op is not CONST:
            new[i] = builder.copy(instr, tuple([placed(j) for j in instr.args]))
    return builder.finish([placed(i) for i in tape.outputs], [new[i] for i in tape.inputs])


def _merged(tapes: Sequence[Tape]) -> Tape:
    first, *others = tapes
    different = [tape for tape in others if not alike(tape, first)]
    if not different:
        return first
    every = [first, *different]
    fork = _fork(every)
    groups: dict[Any, list[Tape]] = {}
    for tape in every:
        groups.setdefault(tape.instrs[fork].params, []).append(tape)
    wholes = [_merged(group) for group in groups.values()]
    if any(output_types(tape) != output_types(first) for tape in wholes[1:]):
        raise ShapeError(
            "the paths through a function return arrays of different shapes or dtypes",
            remedy="within a loop or a batch, return the same shapes and dtypes on every path",
        )
    return _forked(wholes, fork)


def _fork(tapes: Sequence[Tape]) -> int:
    """The first guard at which the traces part."""
    for i, column in enumerate(zip(*(tape.instrs for tape in tapes), strict=False)):
        first = column[0]
        if all(_same(first, instr) for instr in column[1:]):
            continue
        if all(x.op is st.guard and x.args == first.args for x in column):
            return i
        break
    raise TraceError(
        "a function takes paths that do not part at a branch on its own values",
        remedy="use jitad.cond or np.where for the branches within a loop or a batch",
    )


def _forked(tapes: Sequence[Tape], fork: int) -> Tape:
    """The part before the fork, and a switch between the rests."""
    first = tapes[0]
    builder = Builder()
    for i, instr in enumerate(first.instrs[:fork]):
        assert instr.op is not INPUT or i in first.inputs
        builder.copy(instr, instr.args)
    decision = first.instrs[fork]
    builder.line = decision.line
    index, known = _which(builder, decision, [tape.instrs[fork].params[0] for tape in tapes])
    st.guard(known, expected=np.True_.tobytes())
    live = sorted({j for tape in tapes for j in _read_after(tape, fork)})
    branches = tuple(_rest(tape, fork, live) for tape in tapes)
    operands = [index, *(builder.value(j) for j in live)]
    results = record(builder, control.switch, operands, control.Switch(branches))
    return builder.finish([x.index for x in results], first.inputs)


def _which(builder: Builder, decision: Instr, expected: Sequence[bytes]) -> tuple[Value, Value]:
    """The number of the trace that the guarded value belongs to, and whether there is one."""
    x = builder.value(decision.args[0])
    index: Value = builder.const(len(expected) - 1, (), INT64)
    known: Value | None = None
    for k in reversed(range(len(expected))):
        met = st.equals(x, expected[k])
        known = met if known is None else ew.logical_or(known, met)
        index = ew.where(met, builder.const(k, (), INT64), index)
    assert known is not None
    return index, known


def _read_after(tape: Tape, fork: int) -> list[int]:
    """What the rest of a tape reads of the part before."""
    later = [j for instr in tape.instrs[fork + 1 :] for j in instr.args]
    return [j for j in [*later, *tape.outputs] if j < fork]


def _rest(tape: Tape, fork: int, live: Sequence[int]) -> Tape:
    """The rest of a tape, its inputs being what it may read of the part before."""
    builder = Builder()
    new: dict[int, int] = {}
    for j in live:
        instr = tape.instrs[j]
        new[j] = builder.input(f"x{j}", instr.shape, instr.dtype).index
    for i in range(fork + 1, len(tape)):
        instr = tape.instrs[i]
        new[i] = builder.copy(instr, tuple([new[j] for j in instr.args]))
    inputs = [new[j] for j in live]
    return builder.finish([new[i] for i in tape.outputs], inputs)


def on_common_inputs(tape: Tape, count: int, own: Sequence[int], types: Sequence[Any]) -> Tape:
    """A tape of `count` arguments and captured values as one of all values that a path captures.

    `own` says which of these the tape's captured values are.
    """
    builder = Builder()
    arguments = [builder.copy(tape.instrs[i], ()) for i in tape.inputs[:count]]
    shared = [builder.input(f"c{k}", *kind) for k, kind in enumerate(types)]
    inputs = [builder.value(i) for i in arguments] + [shared[k] for k in own]
    results = inline(builder, tape, inputs)
    places = [*arguments, *(x.index for x in shared)]
    return builder.finish([x.index for x in results], places)
