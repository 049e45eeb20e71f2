"""Functions of one number as tapes: their slopes, and divided differences g[x, y ...] of them.

g[x, y] is the quotient (g(y) - g(x)) / (y - x), and the integral of g' between close points, which
is exact where the quotient would cancel; g[x, y, z] is that of g[x, z], and so on. A tape has
numbers as inputs, of which the first is x and the others are constants, and elementwise ops.
"""

from __future__ import annotations

import math
from typing import Any

from jitad.ir.builder import Builder, inline
from jitad.ir.op import Elementwise, Shape
from jitad.ir.tape import CONST, Tape
from jitad.ops import elementwise as ew
from jitad.ops.linalg import matrices as mx
from jitad.ops.partials import is_active, tangent
from jitad.ops.views import broadcast, reshape


def applied(tape: Tape, inputs: list[Any]) -> Any:
    """The function of each element of arrays of one shape."""
    bound = dict(zip(tape.inputs, inputs, strict=True))
    values: list[Any] = []
    for i, instr in enumerate(tape.instrs):
        if i in bound:
            values.append(bound[i])
        elif instr.op is CONST:
            like = inputs[0]
            values.append(like.builder.const(instr.params[0], like.shape, instr.dtype))
        else:
            values.append(instr.op(*(values[j] for j in instr.args), **instr.named_params))
    return values[tape.outputs[0]]


def slope(tape: Tape, k: int = 0) -> Tape:
    """The derivative by input k."""
    builder, values = _copied(tape)
    slopes: dict[int, Any] = {tape.inputs[k]: builder.const(1.0, (), values[tape.inputs[k]].dtype)}
    for i, instr in enumerate(tape.instrs):
        if isinstance(instr.op, Elementwise) and is_active(instr):
            operands, moved = [values[j] for j in instr.args], [slopes.get(j) for j in instr.args]
            slopes[i] = tangent(instr.op, operands, values[i], moved)
    i = tape.outputs[0]
    result = slopes.get(i)
    result = builder.const(0.0, (), values[i].dtype) if result is None else result
    return builder.finish([result.index])


def _copied(tape: Tape) -> tuple[Builder, list[Any]]:
    """A builder that goes on where the tape ends, and its values."""
    builder = Builder()
    for instr in tape.instrs:
        builder.copy(instr, instr.args)
    return builder, [builder.value(i) for i in range(len(tape.instrs))]


def odd(tape: Tape) -> Tape:
    """sign(x) g(|x|); 0 around 0 where that has no derivative there."""
    return _of_size(tape, ew.sign)


def even(tape: Tape) -> Tape:
    """g(|x|); 0 around 0 where that has no derivative there."""
    return _of_size(tape, None)


def _of_size(tape: Tape, sign: Any) -> Tape:
    builder = Builder()
    x, *rest = (builder.input(f"x{k}", (), tape.instrs[i].dtype) for k, i in enumerate(tape.inputs))
    zero, none = ew.eq(x, 0.0), builder.const(0.0, (), x.dtype)
    (change,) = inline(builder, slope(tape), [none, *rest])
    smooth = ew.eq(change, 0.0)
    if sign is not None:
        (jump,) = inline(builder, tape, [none, *rest])
        smooth = ew.logical_and(ew.isfinite(change), ew.eq(jump, 0.0))
    size = ew.where(zero, ew.where(smooth, x, 1.0), ew.absolute(x))
    (value,) = inline(builder, tape, [size, *rest])
    value = value if sign is None else ew.mul(ew.where(zero, 1.0, sign(x)), value)
    rough = ew.logical_and(zero, ew.logical_not(smooth))
    none = builder.const(0.0, (), value.dtype)
    return builder.finish([ew.where(rough, none, value).index])


# -- divided differences ---------------------------------------------------------------------------

_NODES = ((0.5 - math.sqrt(0.15), 5 / 18), (0.5, 8 / 18), (0.5 + math.sqrt(0.15), 5 / 18))
"""Gauss's quadrature on (0, 1): places and weights."""

_CLOSE = 2.0**-5
"""How far apart close points are, for the largest eigenvalue 1, if also g changes little between
them; the quadrature and the quotient are then both exact to rounding."""

_LITTLE = 2.0**-8
_TIED = 2.0**-20
"""Points that differ so little, compared to themselves, are close whatever g does."""


def _difference(tape: Tape) -> Tape:
    """g[x, y, ...] of g[x, ...], whose last input is the size of the largest eigenvalue."""
    builder, dtype = Builder(), tape.instrs[tape.inputs[0]].dtype
    x, y = (builder.input(name, (), dtype) for name in "xy")
    rest = [builder.input(f"c{k}", (), tape.instrs[i].dtype) for k, i in enumerate(tape.inputs[1:])]
    (at_x,), (at_y,) = (inline(builder, tape, [z, *rest]) for z in (x, y))
    gap, change = ew.sub(y, x), ew.sub(at_y, at_x)
    apart = ew.absolute(gap)
    top = ew.maximum(ew.absolute(at_x), ew.absolute(at_y))
    close = ew.logical_and(
        ew.le(apart, ew.mul(rest[-1], _CLOSE)), ew.le(ew.absolute(change), ew.mul(top, _LITTLE))
    )
    own = ew.maximum(ew.absolute(x), ew.absolute(y))
    close = ew.logical_or(close, ew.le(apart, ew.mul(own, _TIED)))
    slopes = slope(tape)
    mean: Any = None
    for place, weight in _NODES:
        (at,) = inline(builder, slopes, [ew.add(x, ew.mul(gap, place)), *rest])
        mean = mx.plus(mean, ew.mul(at, weight))
    quotient = ew.div(change, ew.where(close, 1.0, gap))
    return builder.finish([ew.where(close, mean, quotient).index])


def _sized(tape: Tape) -> Tape:
    """The tape with one more input, which it does not read."""
    builder, _ = _copied(tape)
    builder.input("size", (), tape.instrs[tape.inputs[0]].dtype)
    return builder.finish(tape.outputs)


def divided_differences(tape: Tape, k: int, w: Any, constants: list[Any]) -> Any:
    """g[w_a, w_b ...] of k + 1 eigenvalues each, over as many axes."""
    n, lead = w.shape[-1], w.shape[:-1]
    shape = (*lead, *(n,) * (k + 1))
    tape = _sized(tape)
    for _ in range(k):
        tape = _difference(tape)
    ends = [ew.absolute(mx.part(w, i)) for i in (0, n - 1)]
    points = [on_grid(w, shape, [axis]) for axis in range(k + 1)]
    numbers = [on_grid(c, shape, []) for c in (*constants, ew.maximum(*ends))]
    return applied(tape, [*points, *numbers])


def on_grid(x: Any, shape: Shape, axes: list[int]) -> Any:
    """An array whose last axes are these of a grid's, the same along the others."""
    lead = len(x.shape) - len(axes)
    ones = [1] * (len(shape) - lead)
    for axis in axes:
        ones[axis] = shape[lead + axis]
    return broadcast(reshape(x, shape=(*x.shape[:lead], *ones)), shape=shape)
