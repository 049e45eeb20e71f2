"""Powers, shifts and divisors of whole numbers, in ops; they wrap around as NumPy's do."""

from __future__ import annotations

from jitad.frontend.guards import guard_array
from jitad.ir.errors import TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st

_MODEST = 64
"""Exponents below it take 6 squarings, others as many as the dtype has bits."""


def integer_power(x: Value, y: Value) -> Value:
    """x ** y by repeated squaring; that no exponent is negative, and how large they are, is a guard
    of one number."""
    every = tuple(range(y.ndim))
    modest = ew.logical_and(ew.ge(y, 0), ew.lt(y, _MODEST))
    steps = _MODEST.bit_length() - 1
    if not guard_array(st.reduce_all(modest, axes=every)):
        if guard_array(st.reduce_any(ew.lt(y, 0), axes=every)):
            raise TraceError(
                "integers to negative integer powers are not integers",
                remedy="use np.power(x.astype(float), y)",
            )
        steps = 8 * y.dtype.itemsize - 1
    result = ew.like(1, x)
    square = x
    for k in range(steps):
        result = ew.where(_bit(y, k), ew.mul(result, square), result)
        square = ew.mul(square, square) if k + 1 < steps else square
    return result


def _bit(n: Value, k: int) -> Value:
    return ew.ne(ew.logical_and(n, 1 << k), 0)


def _power_of_two(n: Value) -> Value:
    """2 ** n where n is less than the number of bits of its dtype."""
    result = ew.like(1, n)
    for k in range((8 * n.dtype.itemsize - 1).bit_length()):
        result = ew.where(_bit(n, k), ew.mul(result, 1 << (1 << k)), result)
    return result


def left_shift(x: Value, n: Value) -> Value:
    """x * 2**n; what is shifted beyond the number's bits is lost."""
    inside = ew.logical_and(ew.ge(n, 0), ew.lt(n, 8 * n.dtype.itemsize))
    return ew.where(inside, ew.mul(x, _power_of_two(n)), 0)


def right_shift(x: Value, n: Value) -> Value:
    """floor(x / 2**n); shifts by all bits or more leave the sign."""
    inside = ew.logical_and(ew.ge(n, 0), ew.lt(n, 8 * n.dtype.itemsize - 1))
    rest = ew.neg(ew.cast(ew.lt(x, 0), dtype=x.dtype))
    return ew.where(inside, ew.int_floor_divide(x, _power_of_two(n)), rest)


def gcd(x: Value, y: Value) -> Value:
    """Euclid's algorithm with least absolute remainders, in the steps that large numbers take.

    Each step divides the larger number by 1 + sqrt(2) or more: Knuth, The Art of Computer
    Programming, volume 2, section 4.5.3, exercise 30.
    """
    x, y = ew.absolute(x), ew.absolute(y)
    for _ in range(52 if x.dtype.itemsize == 8 else 27):
        rest = ew.int_mod(x, y)
        x = ew.where(ew.eq(y, 0), x, y)
        y = ew.minimum(rest, ew.sub(y, rest))
    return x


def lcm(x: Value, y: Value) -> Value:
    """|x| / gcd * |y|, and 0 where either is 0."""
    whole = ew.int_floor_divide(ew.absolute(x), gcd(x, y))
    return ew.mul(whole, ew.absolute(y))
