"""Sizes: square roots of sums of squares, known as such when they are recorded.

A size has derivative 0 at the origin, where a square root has none; the square of a size is smooth.
"""

from __future__ import annotations

from jitad.ir.op import Structural
from jitad.ir.tape import CONST, Instr
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract, labels

_FEW = 40


def is_sum_of_squares(x: Value) -> bool:
    """Whether a value is recorded as a sum of squares, with positive weights."""
    instrs, stack, squares = x.builder.instrs, [x.index], 0
    while stack:
        instr = instrs[stack.pop()]
        op, args = instr.op, instr.args
        if op is ew.mul and _is_same(instrs, *args):
            squares += 1
        elif op is contract and _is_same(instrs, *args):
            first, second, _ = labels(instr.params[0])
            if first != second:
                return False
            squares += 1
        elif op is ew.add:
            stack += args
        elif op is ew.mul or op is ew.div:
            numbers = [j for j in args if instrs[j].op is CONST]
            rest = [j for j in args if instrs[j].op is not CONST]
            if len(numbers) != 1 or not instrs[numbers[0]].params[0] > 0 or args[-1] in rest[:-1]:
                return False
            if op is ew.div and numbers[0] != args[1]:
                return False
            stack += rest
        elif op is st.reduce_sum or _is_view(instr):
            stack += args
        elif op is not CONST or not instr.params[0] >= 0:
            return False
    return squares > 0


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
    """|x|: a sum of squares is its own."""
    return x if is_sum_of_squares(x) else ew.absolute(x)
