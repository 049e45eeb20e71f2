"""Sizes: square roots of sums of squares, known as such when they are recorded.

A size has derivative 0 at the origin, where a square root has none; the square of a size is smooth.
"""

from __future__ import annotations

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import Structural
from jitad.ir.tape import CONST, Instr
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract, labels

_FEW = 40

SIZES = (ew.root, ew.absolute, ew.hypot)
"""Ops whose results are sizes."""


def is_sum_of_squares(x: Value) -> bool:
    """Whether a value is recorded as a sum of squares, with weights that are not negative.

    Squares of squares are none: where they vanish a root of them may bend, as sqrt(x**4) does.
    """
    builder, stack, squares = x.builder, [x.index], 0
    while stack:
        instr = builder.instrs[stack.pop()]
        op, args = instr.op, instr.args
        if op in (ew.mul, contract) and _is_same(builder.instrs, *args):
            terms = labels(instr.params[0]) if op is contract else ("", "", "")
            if terms[0] != terms[1] or is_sum_of_squares(builder.value(args[0])):
                return False
            squares += 1
        elif op is ew.add:
            stack += args
        elif op is ew.mul and _is_weight(builder, args[0]):
            stack.append(args[1])
        elif op in (ew.mul, ew.div) and _is_weight(builder, args[1]):
            stack.append(args[0])
        elif op is st.reduce_sum or _is_view(instr):
            stack += args
        elif op is not CONST or not instr.params[0] >= 0:
            return False
    return squares > 0


def _is_weight(builder: Builder, i: int) -> bool:
    """Whether a value is a number, or an array from outside, that is nowhere negative."""
    instrs = builder.instrs
    while _is_view(instrs[i]):
        (i,) = instrs[i].args
    if instrs[i].op is CONST:
        return bool(instrs[i].params[0] >= 0)
    held = (x for x, value in builder.captured.values() if value.index == i)
    return any(isinstance(x, np.ndarray) and bool(np.all(x >= 0)) for x in held)


def _is_view(instr: Instr) -> bool:
    return isinstance(instr.op, Structural) and instr.op.index_map is not None


def _is_same(instrs: list[Instr], i: int, j: int) -> bool:
    """Whether two values are one, or recorded twice in the same few instructions."""
    pairs, seen = [(i, j)], 0
    while pairs:
        i, j = pairs.pop()
        if i != j:
            x, y = instrs[i], instrs[j]
            seen += 1
            if seen > _FEW or not x.args or (x.op, x.params) != (y.op, y.params):
                return False
            if len(x.args) != len(y.args):
                return False
            pairs += zip(x.args, y.args, strict=True)
    return True


def square(x: Value) -> Value:
    """x * x, of a size without the root."""
    instr = x.builder.instrs[x.index]
    if instr.op is ew.root:
        return x.builder.value(instr.args[0])
    if instr.op is ew.absolute:
        x = x.builder.value(instr.args[0])
    return ew.mul(x, x)


def times(x: Value, y: Value) -> Value:
    """x * y."""
    return square(x) if x.index == y.index else ew.mul(x, y)


def square_root(x: Value) -> Value:
    """The root of x, a size where x is a sum of squares."""
    return ew.root(x) if is_sum_of_squares(x) else ew.sqrt(x)


def absolute(x: Value) -> Value:
    """|x|: a sum of squares is its own, and so is a size."""
    is_size = x.builder.instrs[x.index].op in SIZES
    return x if is_size or is_sum_of_squares(x) else ew.absolute(x)
