"""Products of elemental partials with tangents and adjoints, structural zeros left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitad.ir.op import FLOAT64, DType, Elementwise, Mask, RealLinear, Shape, is_differentiable
from jitad.ir.tape import CONST, Instr
from jitad.ir.value import Value
from jitad.ops.elementwise import cast, increment, mul, neg, where
from jitad.ops.gathers import scatter_add
from jitad.ops.views import index_add, reshape

Partial = Any
"""What a row's partial gives: a value, 1, -1 or 0, or a Mask."""


def is_active(instr: Instr) -> bool:
    """Whether a result can have a derivative."""
    return is_differentiable(instr.dtype)


def partial(op: Elementwise, j: int, operands: list[Value], result: Value) -> Partial:
    """The elemental partial d(result)/d(operand j)."""
    rule = op.partials[j]
    return 0 if rule is None else rule(*operands, result)


def scale(c: Partial, x: Value) -> Value | None:
    """c * dx for a tangent or an adjoint dx, or None where it is structurally zero."""
    if isinstance(c, Mask):
        x = x if c.weight is None else mul(c.weight, x)
        zero = x.builder.const(0, x.shape, x.dtype)
        return where(c.condition, x, zero) if c.keep else where(c.condition, zero, x)
    if isinstance(c, RealLinear):
        return c.tangent(x)
    if isinstance(c, Value):
        return mul(c, x)
    if c == 1:
        return x
    if c == -1:
        return neg(x)
    return None


def tangent(
    op: Elementwise, operands: list[Value], v: Value, tangents: Sequence[Value | None]
) -> Value | None:
    """The tangent of an elementwise op's result."""
    total: Value | None = None
    for j, dx in enumerate(tangents):
        if dx is not None:
            total = plus(total, typed(scale(partial(op, j, operands, v), dx), v.dtype))
    return total


def pull(c: Partial, v_bar: Value) -> Value | None:
    """c * v_bar for an adjoint, or None where it is structurally zero."""
    return c.adjoint(v_bar) if isinstance(c, RealLinear) else scale(c, v_bar)


def is_nothing(x: Value) -> bool:
    """Whether a tangent or an adjoint is written as zeros, which an infinite partial must not
    meet."""
    return is_zeros(x.builder.instrs[x.index])


def is_zeros(instr: Instr) -> bool:
    """Whether an instruction is a constant of zeros."""
    return instr.op is CONST and instr.params[0] == 0


def plus(x: Value | None, y: Value | None) -> Value | None:
    """x + y, where None is zero."""
    if x is None or y is None:
        return x if y is None else y
    return increment(x, y)


def added(x: Value, y: Value) -> Value:
    """x + y of adjoints, of which the order of additions is free: what one adds to some elements of
    zeros is added to the other's."""
    for base, other in ((y, x), (x, y)):
        found = _onto(base, other)
        if found is not None:
            return found
    return increment(x, y)


def _onto(base: Value, x: Value) -> Value | None:
    """base + x, where x is zeros but for what is added to some elements."""
    builder, updates = x.builder, list[Instr]()
    instr = builder.instrs[x.index]
    while instr.op is scatter_add or instr.op is index_add:
        updates.append(instr)
        instr = builder.instrs[instr.args[0]]
    if not updates or not is_zeros(instr):
        return None
    for instr in reversed(updates):
        rest = [builder.value(j) for j in instr.args[1:]]
        base = instr.op(base, *rest, **instr.named_params)
    return base


def typed(x: Value | None, dtype: DType) -> Value | None:
    """x in the dtype of the value that it is the tangent or adjoint of."""
    return x if x is None or x.dtype == dtype else cast(x, dtype=dtype)


def dense(x: Value | None, like: Instr, builder: Any) -> Value:
    """x, or explicit zeros in the place of None."""
    dtype = like.dtype if is_active(like) else FLOAT64
    return builder.const(0, like.shape, dtype) if x is None else x


def shaped(x: Value, shape: Shape) -> Value:
    """x in a shape of as many elements; back in one that it had before."""
    while x.shape != shape:
        instr = x.builder.instrs[x.index]
        if instr.op is not reshape:
            return reshape(x, shape=shape)
        x = x.builder.value(instr.args[0])
    return x
