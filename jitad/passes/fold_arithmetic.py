"""Simplifications of elementwise ops: identities of arithmetic that hold for every number."""

from __future__ import annotations

import math

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.op import Op
from jitad.ir.tape import Instr
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.passes.numbers import Rewrite, is_zero, number_of


def _add(builder: Builder, instr: Instr) -> int | None:
    x, y = instr.args
    if instr.dtype.kind == "b":
        return None
    if is_zero(number_of(builder, x)):
        return y
    if is_zero(number_of(builder, y)):
        return x
    if x == y and instr.dtype.kind != "c":
        return _scaled(builder, x, 2, instr)
    left, right = builder.instrs[x], builder.instrs[y]
    if _adds_to_zeros(builder, right):
        return _added(builder, x, right)
    if _adds_to_zeros(builder, left):
        return _added(builder, y, left)
    if left.op is ew.where and right.op is ew.where and left.args[0] == right.args[0]:
        return _join_masks(builder, left, right)
    if instr.op is ew.increment:
        return None  # until `fuse`, which may want the products
    if right.op is ew.neg:
        return ew.sub(builder.value(x), builder.value(right.args[0])).index
    if left.op is ew.neg:
        return ew.sub(builder.value(y), builder.value(left.args[0])).index
    return None


def _adds_to_zeros(builder: Builder, instr: Instr) -> bool:
    """Whether a value is zeros but for rows that are added to it."""
    return instr.op is st.scatter_add and is_zero(number_of(builder, instr.args[0]))


def _added(builder: Builder, x: int, update: Instr) -> int:
    """x + scatter_add(0, i, u) is scatter_add(x, i, u), which need not pass over all of x."""
    return st.scatter_add(*(builder.value(j) for j in (x, *update.args[1:]))).index


def _join_masks(builder: Builder, left: Instr, right: Instr) -> int | None:
    """where(c, x, 0) + where(c, 0, y) is where(c, x, y)."""
    c, x, zero = left.args
    _, zero2, y = right.args
    if is_zero(number_of(builder, x)) and is_zero(number_of(builder, y)):
        (x, zero), (zero2, y) = right.args[1:], left.args[1:]
    if is_zero(number_of(builder, zero)) and is_zero(number_of(builder, zero2)):
        return ew.where(builder.value(c), builder.value(x), builder.value(y)).index
    return None


def _sub(builder: Builder, instr: Instr) -> int | None:
    x, y = instr.args
    if is_zero(number_of(builder, y)):
        return x
    if is_zero(number_of(builder, x)) and instr.dtype.kind != "c":
        return ew.neg(builder.value(y)).index
    if builder.instrs[y].op is ew.neg:
        return ew.add(builder.value(x), builder.value(builder.instrs[y].args[0])).index
    return None


def _mul(builder: Builder, instr: Instr) -> int | None:
    if instr.dtype.kind in "bc":  # a complex number's product with 1 or -1 has other zeros
        return None
    for x, y in (instr.args, instr.args[::-1]):
        number = number_of(builder, y)
        if number == 1:
            return x
        if number == -1:
            return ew.neg(builder.value(x)).index
        inner = builder.instrs[x]
        if number is not None and inner.op is ew.neg:
            return _scaled(builder, inner.args[0], -number, instr)
        if number is not None and inner.op is ew.mul and _joins(builder, inner, number):
            return _scaled(builder, x, number, instr)
        if inner.op is ew.neg:
            # One negation, outermost, where it meets the next product or sum.
            product = ew.mul(builder.value(inner.args[0]), builder.value(y))
            return _neg_of(builder, product.index)
    return None


def _fma(builder: Builder, instr: Instr) -> int | None:
    """A product that needs no rounding is none: by 1 or -1, or with nothing to be added."""
    x, y, z = (builder.value(j) for j in instr.args)
    if is_zero(number_of(builder, z.index)):
        return ew.mul(x, y).index
    for factor, other in ((x, y), (y, x)):
        if number_of(builder, factor.index) == 1:
            return ew.add(other, z).index
        if number_of(builder, factor.index) == -1:
            return ew.sub(z, other).index
    return None


def _neg_of(builder: Builder, index: int) -> int:
    """-x, with another negation undone: both factors of a product were negated."""
    instr = builder.instrs[index]
    if instr.op is ew.mul:
        for x, y in (instr.args, instr.args[::-1]):
            inner = builder.instrs[x]
            if inner.op is ew.neg:
                return ew.mul(builder.value(inner.args[0]), builder.value(y)).index
    return ew.neg(builder.value(index)).index


def _joins(builder: Builder, product: Instr, number: float) -> bool:
    """Whether a product has a constant factor that `number` can be joined with exactly."""
    others = [number_of(builder, j) for j in product.args]
    return any(_joined(product, x, number) is not None for x in others)


def _joined(product: Instr, other: float | None, number: float) -> float | None:
    """other * number, where (x * other) * number is exactly x * (other * number)."""
    if other is None or not (_exact(number) or _exact(other)):
        return None
    joined = other * number
    if product.dtype.kind in "fc" and joined != 0:
        # No overflow, and no loss of digits near 0.
        limits = np.finfo(product.dtype)
        if not limits.tiny <= abs(joined) <= limits.max:
            return None
    return joined


def _scaled(builder: Builder, index: int, number: float, instr: Instr) -> int:
    """x * number, joined with a product with another number below it."""
    inner = builder.instrs[index]
    if inner.op is ew.mul:
        for u, w in (inner.args, inner.args[::-1]):
            joined = _joined(inner, number_of(builder, w), number)
            if joined is not None:
                index, number = u, joined
                break
    factor = builder.const(number, instr.shape, instr.dtype)
    return ew.mul(builder.value(index), factor).index


def _exact(number: float) -> bool:
    """Whether products with it are exact: a power of two."""
    return (
        type(number) is not complex
        and math.isfinite(number)
        and abs(math.frexp(number)[0]) == 0.5
        and abs(number) < 2**20
    )


def _div(builder: Builder, instr: Instr) -> int | None:
    x, y = instr.args
    number = number_of(builder, y)
    if number == 1:
        return x
    if number is not None and _exact(number) and abs(number) > 2.0**-20:
        return _scaled(builder, x, 1 / number, instr)
    return None


def _neg(builder: Builder, instr: Instr) -> int | None:
    inner = builder.instrs[instr.args[0]]
    if inner.op is ew.neg:
        return inner.args[0]
    if inner.op is ew.sub and instr.dtype.kind == "f":
        x, y = inner.args
        return ew.sub(builder.value(y), builder.value(x)).index
    return None


def _where(builder: Builder, instr: Instr) -> int | None:
    c, x, y = instr.args
    number = number_of(builder, c)
    if number is not None:
        return x if number else y
    if x == y:
        return x
    condition = builder.instrs[c]
    first, second = builder.instrs[x], builder.instrs[y]
    operands: tuple[int, int, int] | None = None
    if condition.op is ew.logical_not:
        operands = (condition.args[0], y, x)
    elif first.op is ew.where and first.args[0] == c:
        operands = (c, first.args[1], y)
    elif second.op is ew.where and second.args[0] == c:
        operands = (c, x, second.args[2])
    return None if operands is None else ew.where(*(builder.value(j) for j in operands)).index


def _and(builder: Builder, instr: Instr) -> int | None:
    return _of_two(builder, instr, True)


def _or(builder: Builder, instr: Instr) -> int | None:
    return _of_two(builder, instr, False)


def _of_two(builder: Builder, instr: Instr, neutral: bool) -> int | None:
    """x and y, x or y: of truths that are the same, or of which one is known."""
    x, y = instr.args
    if x == y:
        return x
    if instr.dtype.kind != "b":
        return None
    for known, other in ((x, y), (y, x)):
        truth = number_of(builder, known)
        if truth is not None:
            return other if bool(truth) == neutral else known
    return None


def _over(builder: Builder, instr: Instr) -> int | None:
    """c / r for a number c, by one reciprocal of the size r for all of them."""
    number = number_of(builder, instr.args[0])
    if number is None or number == 1 or not _exact(number):
        return None
    one = builder.const(1, instr.shape, instr.dtype)
    inverse = ew.over(one, builder.value(instr.args[1]))
    return _scaled(builder, inverse.index, number, instr)


def _cast(builder: Builder, instr: Instr) -> int | None:
    return instr.args[0] if builder.instrs[instr.args[0]].dtype == instr.dtype else None


ARITHMETIC: dict[Op, Rewrite] = {
    ew.add: _add,
    ew.increment: _add,
    ew.sub: _sub,
    ew.mul: _mul,
    ew.term: _mul,
    ew.fma: _fma,
    ew.div: _div,
    ew.neg: _neg,
    ew.where: _where,
    ew.logical_and: _and,
    ew.logical_or: _or,
    ew.over: _over,
    ew.cast: _cast,
}
"""What an instruction may be rewritten to, by its op."""
