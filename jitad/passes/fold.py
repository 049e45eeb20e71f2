"""Tape -> Tape: constant folding and algebraic simplification.

No rule changes a result, NaN and infinity included; only the sign of a zero may change (x + 0), and
of a chain of products with numbers what a step between would overflow, or lose digits near 0.
What marks values for derivatives stays: sparse derivatives and elimination fold before they begin.
"""

from __future__ import annotations

import numpy as np

from jitad.ir.builder import Builder, run
from jitad.ir.op import Elementwise, Op
from jitad.ir.tape import CONST, Instr, Tape
from jitad.ops import structural as st
from jitad.ops.control.parts import rewritten
from jitad.passes.fold_arithmetic import ARITHMETIC
from jitad.passes.fold_views import VIEWS
from jitad.passes.numbers import Rewrite


def fold(tape: Tape) -> Tape:
    """The tape with constants computed and identities removed."""
    return rewritten(tape, _simplest)


def _simplest(builder: Builder, _: int, instr: Instr) -> int | None:
    """The rewritten instruction, itself rewritten as long as a rule applies."""
    result: int | None = None
    while instr.args:
        count = len(builder.instrs)
        made = _rewrite(builder, instr)
        if made is None:
            return result
        result = made
        if result < count:
            return result
        instr = builder.instrs[result]
    return result


def _rewrite(builder: Builder, instr: Instr) -> int | None:
    op = instr.op
    if builder.instrs[instr.args[0]].op is CONST and all(
        builder.instrs[j].op is CONST for j in instr.args
    ):
        folded = _fold_constants(builder, instr)
        if folded is not None:
            return folded
    rule = _RULES.get(op)
    return rule(builder, instr) if rule is not None else None


def _fold_constants(builder: Builder, instr: Instr) -> int | None:
    """An op on constants, where the result has the same number in every element."""
    if instr.op in _MOVES:
        number = builder.instrs[instr.args[0]].params[0]
    elif isinstance(instr.op, Elementwise):
        scalars = [
            np.asarray(builder.instrs[j].params[0], builder.instrs[j].dtype) for j in instr.args
        ]
        number = run(instr, dict(zip(instr.args, scalars, strict=True))).item()
    else:
        return None
    return builder.const(number, instr.shape, instr.dtype).index


_MOVES: tuple[Op, ...] = (st.broadcast, st.reshape, st.transpose, st.index)


_RULES: dict[Op, Rewrite] = {**ARITHMETIC, **VIEWS}
