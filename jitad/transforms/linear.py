"""Products of elemental partials with tangents and adjoints, structural zeros left out."""

from __future__ import annotations

from typing import Any

from jitad.ir.op import FLOAT64, DType, Elementwise, Mask, RealLinear, is_differentiable
from jitad.ir.tape import CONST, Instr
from jitad.ir.value import Value
from jitad.ops.elementwise import add, cast, logical_not, mul, neg, where

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
    """c * dx for a tangent dx, or None where it is structurally zero.

    A product with a masked x = where(m, w, 0) is where(m, c * w, 0): an infinite or NaN partial
    on the side that was not taken does not meet the zero there.
    """
    if isinstance(c, Mask):
        zero = x.builder.const(0, x.shape, x.dtype)
        return where(c.condition, x, zero) if c.keep else where(c.condition, zero, x)
    if isinstance(c, RealLinear):
        return c.tangent(x)
    if isinstance(c, Value):
        instr = x.builder.instrs[x.index]
        if instr.op is where:
            masked = _masked(c, x, instr)
            if masked is not None:
                return masked
        return mul(c, x)
    if c == 1:
        return x
    if c == -1:
        return neg(x)
    return None


def pull(c: Partial, v_bar: Value, mask: Value | None) -> Value | None:
    """c * v_bar for an adjoint, or None where it is structurally zero.

    `mask`, where given, says which elements of v_bar may differ from 0: an infinite partial does
    not meet the others.
    """
    if isinstance(c, RealLinear):
        return c.adjoint(v_bar)
    if mask is not None and isinstance(c, Value):
        return where(mask, mul(c, v_bar), v_bar.builder.const(0, v_bar.shape, v_bar.dtype))
    return scale(c, v_bar)


def _masked(c: Value, x: Value, instr: Instr) -> Value | None:
    builder = x.builder
    condition, taken, other = (builder.value(j) for j in instr.args)
    if _is_zero(builder.instrs[other.index]):
        product = scale(c, taken)
        return None if product is None else where(condition, product, other)
    if _is_zero(builder.instrs[taken.index]):
        product = scale(c, other)
        return None if product is None else where(condition, taken, product)
    return None


def mask_of(x: Value) -> Value | None:
    """The elements in which x = where(m, w, 0) may differ from 0; None where x is no such thing."""
    builder = x.builder
    instr = builder.instrs[x.index]
    if instr.op is not where:
        return None
    condition, taken, other = (builder.value(j) for j in instr.args)
    if _is_zero(builder.instrs[other.index]):
        return condition
    return logical_not(condition) if _is_zero(builder.instrs[taken.index]) else None


def _is_zero(instr: Instr) -> bool:
    return instr.op is CONST and instr.params[0] == 0


def plus(x: Value | None, y: Value | None) -> Value | None:
    """x + y, where None is zero."""
    if x is None or y is None:
        return x if y is None else y
    return add(x, y)


def typed(x: Value | None, dtype: DType) -> Value | None:
    """x in the dtype of the value that it is the tangent or adjoint of."""
    return x if x is None or x.dtype == dtype else cast(x, dtype=dtype)


def dense(x: Value | None, like: Instr, builder: Any) -> Value:
    """x, or explicit zeros in the place of None."""
    dtype = like.dtype if is_active(like) else FLOAT64
    return builder.const(0, like.shape, dtype) if x is None else x
