"""Sizes: square roots of sums of squares, known as such when they are recorded.

A size has derivative 0 at the origin, where a square root has none; the square of a size is smooth.
"""

from __future__ import annotations

import functools
from collections.abc import Sequence

import numpy as np

from jitad.ir.builder import Builder
from jitad.ir.tape import CONST, Instr
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st
from jitad.ops.contraction import contract, labels
from jitad.ops.linalg.spectral_functions import governed

_FEW = 40

SIZES = (ew.root, ew.absolute, ew.hypot)
"""Ops whose results are sizes."""


def is_sum_of_squares(x: Value, of_squares: bool = False) -> bool:
    """Whether a value is recorded as a sum of squares, with weights that are not negative.

    Squares of squares are none unless that is said: where they vanish a root of a sum of them may
    bend, as sqrt(x**4 + y**4) does.
    """
    builder, stack, squares = x.builder, [x.index], 0
    while stack:
        instr = builder.instrs[stack.pop()]
        op, args = instr.op, instr.args
        if op in (ew.mul, contract) and _is_same(builder.instrs, *args):
            terms = labels(instr.params[0]) if op is contract else ("", "", "")
            bent = not of_squares and is_sum_of_squares(builder.value(args[0]))
            if terms[0] != terms[1] or bent:
                return False
            squares += 1
        elif op is ew.real and _is_modulus(builder.instrs, args[0]):
            squares += 1
        elif op is ew.add:
            stack += args
        elif op is ew.mul and _is_weight(builder, args[0]):
            stack.append(args[1])
        elif op in (ew.mul, ew.div) and _is_weight(builder, args[1]):
            stack.append(args[0])
        elif op is st.reduce_sum or instr.op.is_view:
            stack += args
        elif op is not CONST or not instr.params[0] >= 0:
            return False
    return squares > 0


def _is_modulus(instrs: list[Instr], i: int) -> bool:
    """Whether a value is z conj(z), or a sum of such products."""
    op, args, params = instrs[i].op, instrs[i].args, instrs[i].params
    if op is st.reduce_sum or instrs[i].op.is_view:
        return _is_modulus(instrs, args[0])
    if op not in (ew.mul, contract):
        return False
    if op is contract and len({*labels(params[0])[:2]}) > 1:
        return False  # no term is a square
    u, v = (_core(instrs, j) for j in args)
    turned = [(instrs[a].args[0], b) for a, b in ((u, v), (v, u)) if instrs[a].op is ew.conj]
    return any(_is_same(instrs, _core(instrs, a), b) for a, b in turned)


def _is_weight(builder: Builder, i: int) -> bool:
    """Whether a value is a number, or an array from outside, that is nowhere negative."""
    instrs = builder.instrs
    i = _core(instrs, i)
    if instrs[i].op is CONST:
        return bool(instrs[i].params[0] >= 0)
    held = (x for x, value in builder.captured.values() if value.index == i)
    return any(isinstance(x, np.ndarray) and bool(np.all(x >= 0)) for x in held)


def _is_same(instrs: list[Instr], i: int, j: int) -> bool:
    """Whether two values are one, or recorded twice in the same few instructions."""
    pairs, seen = [(i, j)], 0
    while pairs:
        i, j = pairs.pop()
        if i != j:
            x, y = instrs[i], instrs[j]
            if x.op is CONST and repr(x) == repr(y._replace(line=x.line)):
                continue
            seen += 1
            if seen > _FEW or not x.args or (x.op, x.params) != (y.op, y.params):
                return False
            if len(x.args) != len(y.args):
                return False
            pairs += zip(x.args, y.args, strict=True)
    return True


def square(x: Value) -> Value:
    """x * x, of a size without the root."""
    known = _square_of_size(x)
    return _joined(x, x) if known is None else known


def _square_of_size(x: Value) -> Value | None:
    """The polynomial that the square of a size is, or of what is seen of one; None of others."""
    builder = x.builder
    instr = builder.instrs[x.index]
    if instr.op is ew.root:
        return builder.value(instr.args[0])
    if instr.op is ew.absolute or instr.op is ew.hypot:
        return functools.reduce(ew.add, [ew.mul(y, y) for y in map(builder.value, instr.args)])
    if not instr.op.is_view:
        return None
    inner = _square_of_size(builder.value(instr.args[0]))
    return None if inner is None else instr.op(inner, **instr.named_params)


def _joined(x: Value, y: Value) -> Value:
    """x * y, of two powers of one sum a power, or the sum."""
    powers = [_as_power(x), _as_power(y)]
    (total, p), (other, q) = powers
    if total.index != other.index or p + q > 1 + 1e-12:
        return ew.mul(x, y)
    if abs(p + q - 1) < 1e-12:
        return total
    return nonzero_power(total, p + q)


def _as_power(x: Value) -> tuple[Value, float]:
    """The sum of which a value is a power, and the exponent; of another value itself, and 1."""
    builder, instrs = x.builder, x.builder.instrs
    instr = instrs[x.index]
    if instr.op is ew.where and instrs[instr.args[2]].op is ew.power:
        base, exponent = (instrs[j] for j in instrs[instr.args[2]].args)
        if base.op is ew.where and base.args[0] == instr.args[0] and exponent.op is CONST:
            total, zero = base.args[2], instrs[instr.args[0]]
            if zero.op is ew.eq and zero.args[0] == total:
                return builder.value(total), float(exponent.params[0])
    return x, 1.0


def nonzero_power(total: Value, p: float) -> Value:
    """A power of a sum that is nowhere negative; where the sum is 0, the derivatives are 0."""
    zero = ew.eq(total, 0.0)
    return ew.where(zero, 0.0, ew.power(ew.where(zero, 1.0, total), p))


def squared(x: Value) -> Value:
    """The square of x, or of its absolute value where it is complex."""
    if x.dtype.kind != "c":
        return square(x)
    re, im = ew.real(x), ew.imag(x)
    return ew.add(ew.mul(re, re), ew.mul(im, im))


def times(x: Value, y: Value) -> Value:
    """x * y."""
    if x.index == y.index:
        return square(x)
    for u, v in ((x, y), (y, x)):
        factors = list(u.builder.instrs[u.index].args)
        if u.builder.instrs[u.index].op is ew.mul and v.index in factors:
            known = _square_of_size(v)
            if known is not None:
                factors.remove(v.index)
                return ew.mul(u.builder.value(factors[0]), known)
    return _joined(x, y)


def square_root(x: Value) -> Value:
    """The root of x: a size where x is a sum of squares, and where a quadratic form has a 0."""
    inner = _unclipped(x)
    if is_sum_of_squares(inner):
        return ew.root(inner)
    square = _squared(inner)
    if square is not None and is_sum_of_squares(square):
        return governed(ew.sqrt(x), square)
    away = _away(inner)
    return ew.sqrt(x) if away is None else ew.where(away, ew.sqrt(x), ew.root(inner))


def _unclipped(x: Value) -> Value:
    """Without max(x, 0) and |x|, which keep rounding from the root."""
    builder = x.builder
    instr = builder.instrs[x.index]
    if instr.op is ew.absolute:
        return builder.value(instr.args[0])
    if instr.op is ew.maximum:
        cores = [builder.instrs[_core(builder.instrs, j)] for j in instr.args]
        kept = [
            j
            for j, core in zip(instr.args, cores, strict=True)
            if core.op is not CONST or core.params[0] != 0
        ]
        return builder.value(kept[0]) if len(kept) == 1 else x
    return x


def _away(x: Value, depth: int = _FEW) -> Value | None:
    """Where a quadratic form, such as u @ A @ u, has a factor that is not 0; None of other values.

    Elsewhere its gradient is 0, and the root of one that is nowhere negative is at its origin.
    """
    instr = x.builder.instrs[x.index]
    op = instr.op
    if not depth or x.dtype.kind != "f":
        return None
    if op in (ew.mul, contract):
        return _away_from_factors(x, depth)
    if op not in (ew.add, ew.div, st.reduce_sum) and not instr.op.is_view:
        return None
    terms = instr.args[:1] if op is ew.div else instr.args
    known = [_away(x.builder.value(j), depth - 1) for j in terms]
    found = [away for away in known if away is not None]
    if len(found) < len(known):
        return None
    if op is ew.div:
        return found[0]
    through = {ew.add: ew.logical_or, st.reduce_sum: st.reduce_any}.get(op, op)
    return through(*found, **instr.named_params)


def _away_from_factors(x: Value, depth: int) -> Value | None:
    """The same of a product u v, where one is linear in the other, or of a form with a weight."""
    builder, instrs = x.builder, x.builder.instrs
    instr = instrs[x.index]
    cores = [_core(instrs, j) for j in instr.args]
    factors = [builder.value(j) for j in instr.args]
    pairs = zip(cores, cores[::-1], strict=True)
    if any(is_sum_of_squares(builder.value(j)) for j in cores) or not any(
        _is_same(instrs, u, v) for u, other in pairs for v in _linear_in(instrs, other)
    ):
        known = [_away(u, depth - 1) if instr.op is ew.mul else None for u in factors]
        for away, other, weight in zip(known, known[::-1], factors[::-1], strict=True):
            if away is not None and other is None:
                return ew.logical_or(away, ew.eq(weight, 0.0))
        return None
    axes: list[tuple[int, ...]] = [(), ()]
    if instr.op is contract:
        *letters, out = labels(instr.params[0])
        axes = [tuple(k for k, label in enumerate(a) if label not in out) for a in letters]
        if any("".join(label for label in a if label in out) != out for a in letters):
            return None
    away = [ew.ne(u, 0.0) for u in factors]
    away = [st.reduce_any(a, axes=k) if k else a for a, k in zip(away, axes, strict=True)]
    return ew.logical_or(*away)


def _core(instrs: list[Instr], i: int) -> int:
    """What a value is a view of."""
    while instrs[i].op.is_view:
        (i,) = instrs[i].args
    return i


def _linear_in(instrs: list[Instr], i: int, depth: int = 6) -> set[int]:
    """The values that a value is linear in, by itself or by a product with others."""
    i = _core(instrs, i)
    op, args = instrs[i].op, instrs[i].args
    if not depth or op not in (ew.mul, contract, ew.div, ew.neg, st.reduce_sum):
        return {i}
    inner = [_linear_in(instrs, j, depth - 1) for j in args]
    found = inner[0] ^ inner[-1] if len(inner) > 1 else inner[0]
    return {i} | (found - inner[1] if op is ew.div else found)


def absolute(x: Value) -> Value:
    """|x|: a sum of squares is its own, and so is a size."""
    is_size = x.builder.instrs[x.index].op in SIZES
    return x if is_size or is_sum_of_squares(x, True) else ew.absolute(x)


def hypot(x: Value, y: Value) -> Value:
    """hypot(x, y), in which absolute values are what they are of."""
    instrs, builder = x.builder.instrs, x.builder
    bare = [
        builder.value(instrs[v.index].args[0]) if instrs[v.index].op is ew.absolute else v
        for v in (x, y)
    ]
    return ew.hypot(*bare)


def length(coordinates: Sequence[Value]) -> Value:
    """The length of a vector of numbers, which neither overflows nor underflows: one size of all,
    by which it is differentiated, of what is divided by the largest of them."""
    size = functools.reduce(ew.maximum, map(ew.absolute, coordinates))
    scale = ew.stop_gradient(ew.where(ew.gt(size, 0.0), size, 1.0))
    scaled = [ew.div(x, scale) for x in coordinates]
    law = ew.mul(scale, ew.root(functools.reduce(ew.add, [ew.mul(x, x) for x in scaled])))
    return governed(functools.reduce(ew.hypot, coordinates), law)


def modulus(z: Value) -> Value:
    """|z| of a complex number; of a square z^2 it is the sum of the squares of the parts of z."""
    size, square = ew.hypot(ew.real(z), ew.imag(z)), _squared(z)
    if square is None:
        return size
    re, im = ew.real(square), ew.imag(square)
    return governed(size, ew.add(ew.mul(re, re), ew.mul(im, im)))


def half_power(x: Value, n: int) -> Value | None:
    """x^n sqrt(x) of a sum of squares, of which sqrt(x) is the size; None of other values."""
    if x.dtype.kind != "f" or not is_sum_of_squares(x):
        return None
    return functools.reduce(ew.mul, [x] * n, ew.root(x))


def _squared(x: Value) -> Value | None:
    """What is recorded as multiplied with itself."""
    instr = x.builder.instrs[x.index]
    if instr.op is ew.mul and _is_same(x.builder.instrs, *instr.args):
        return x.builder.value(instr.args[0])
    return None
