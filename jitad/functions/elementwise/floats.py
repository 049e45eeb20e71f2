"""NumPy's ufuncs of numbers' digits, on values: ldexp, frexp, nextafter, gcd, lcm, shifts, np.fix.

All scaling is by powers of two, which is exact, so that no bits of a number are looked at.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.conversion import as_array, refuse_out
from jitad.frontend.operands import implements
from jitad.functions.elementwise import integers
from jitad.functions.elementwise.ufuncs import composite
from jitad.ir.op import INT32, DType
from jitad.ir.value import Value
from jitad.ops import elementwise as ew

composite(np.gcd, ew.INTEGER, ew.INTEGER)(integers.gcd)
composite(np.lcm, ew.INTEGER, ew.INTEGER)(integers.lcm)
composite(np.left_shift, ew.INTEGER, (0, 70))(integers.left_shift)
composite(np.right_shift, ew.INTEGER, (0, 70))(integers.right_shift)


@implements(np.fix)
def fix(x: Any, out: Any = None) -> Any:
    refuse_out(out)
    return np.trunc(as_array(x))


def _range(dtype: DType) -> tuple[int, int, int]:
    """The least and the greatest exponent of normal numbers, and the bits of the fraction."""
    limits = np.finfo(dtype)
    return int(limits.minexp), int(limits.maxexp) - 1, int(limits.nmant) + 1


@composite(np.ldexp, ew.REAL, ew.INTEGER)
def _ldexp(x: Value, n: Value) -> Value:
    """x * 2**n in three products, of which only the last one can round."""
    least, greatest, bits = _range(x.dtype)
    for _ in range(2):
        beyond = ew.sub(n, _within(n, least, greatest))
        # A fraction's bits above the least exponent: what is scaled down there keeps all of them.
        step = _within(beyond, least + bits, greatest)
        x, n = ew.mul(x, _power_of_two(x, step)), ew.sub(n, step)
    return ew.mul(x, _power_of_two(x, _within(n, least, greatest)))


def _within(n: Value, low: int, high: int) -> Value:
    return ew.minimum(ew.maximum(n, low), high)


def _power_of_two(like: Value, n: Value) -> Value:
    """2.0**n in the dtype of `like`, exactly, where it is a normal number."""
    _, greatest, _ = _range(like.dtype)
    size, negative = ew.absolute(n), ew.lt(n, 0)
    result = ew.like(1.0, like)
    for k in range(greatest.bit_length()):
        up = like.builder.const(2.0 ** (2**k), like.shape, like.dtype)
        factor = ew.where(negative, 2.0 ** -(2**k), up)
        used = ew.ne(ew.logical_and(size, 1 << k), 0)
        result = ew.where(used, ew.mul(result, factor), result)
    return result


@composite(np.frexp, ew.REAL)
def _frexp(x: Value) -> tuple[Value, Value]:
    """m and n of x = m * 2**n, 1/2 <= |m| < 1: n is found bit by bit."""
    _, greatest, _ = _range(x.dtype)
    top = greatest.bit_length() - 1
    y, n = x, x.builder.const(1, x.shape, INT32)

    def scale(y: Value, n: Value, moved: Value, power: int) -> tuple[Value, Value]:
        return ew.where(moved, ew.mul(y, 2.0**-power), y), ew.where(moved, ew.add(n, power), n)

    for k in range(top, -1, -1):
        y, n = scale(y, n, ew.ge(ew.absolute(y), 2.0 ** (2**k)), 2**k)
    # Subnormal numbers are smaller than the inverse of the greatest: two steps of the top size.
    for k in (top, *range(top, -1, -1)):
        y, n = scale(y, n, ew.lt(ew.absolute(y), 2.0 ** (1 - 2**k)), -(2**k))
    ordinary = ew.logical_and(ew.isfinite(x), ew.ne(x, 0.0))
    return ew.where(ordinary, ew.mul(y, 0.5), x), ew.where(ordinary, n, 0)


@composite(np.nextafter, ew.REAL, ew.REAL)
def _nextafter(x: Value, y: Value) -> Value:
    """The neighbour of x on the side of y; it differs from x by a constant, so its slope is 1."""
    least, _, _ = _range(x.dtype)
    limits = np.finfo(x.dtype)
    fixed = ew.stop_gradient(x)
    mantissa, n = _frexp(fixed)
    n = ew.where(ew.eq(x, 0.0), least + 1, ew.maximum(n, least + 1))
    gap = ew.mul(_power_of_two(x, ew.sub(n, 1)), float(limits.eps))
    # Below a power of two the numbers lie twice as close, but for the least of all.
    edge = ew.logical_and(ew.eq(ew.absolute(mantissa), 0.5), ew.gt(n, least + 1))
    upward = ew.gt(y, x)
    outward = ew.logical_or(ew.eq(x, 0.0), ew.eq(upward, ew.gt(x, 0.0)))
    gap = ew.where(ew.logical_and(edge, ew.logical_not(outward)), ew.mul(gap, 0.5), gap)
    step = ew.where(upward, gap, ew.neg(gap))
    moved = ew.add(x, step)
    # The least numbers step to a zero of their own sign, and infinities to the greatest number.
    moved = ew.where(ew.eq(moved, 0.0), ew.mul(x, 0.0), moved)
    greatest = ew.copysign(x.builder.const(float(limits.max), x.shape, x.dtype), fixed)
    moved = ew.where(ew.isinf(x), greatest, moved)
    nan = ew.logical_or(ew.isnan(x), ew.isnan(y))
    # Of equal operands the second, which may be another zero, and the first one's slope.
    same = ew.where(ew.isinf(x), y, ew.sub(ew.stop_gradient(y), ew.sub(fixed, x)))
    return ew.where(nan, ew.add(x, y), ew.where(ew.eq(x, y), same, moved))
