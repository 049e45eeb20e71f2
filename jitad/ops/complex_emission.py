"""How functions of complex numbers are written in LLVM: by their parts, without branches.

A function here takes the parts (x, y) of z as `Real`s and returns those of its value: to a few ulp
in size wherever they are numbers, on cuts by the sign of zero, at infinities as in annex G of C.
Derivatives are not taken of this: a row's partial is f'(z).

Sources: Kahan, Branch cuts for complex elementary functions (1987), for the square root and the
inverse functions; Dekker, A floating-point technique for extending the available precision (1971),
for sums without cancellation; Smith, CACM 5 (1962), 435, for the quotient.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from jitad.ir.op import REAL_OF, DType
from jitad.ops.emission import Emit
from jitad.ops.registers import Real

Parts = tuple[Real, Real]
OfParts = Callable[..., Parts]


def of_complex(real: Emit, function: OfParts) -> Emit:
    """`real` of real numbers, `function` of the parts of complex ones."""

    def emit(w: Any, t: DType, r: DType, *operands: str) -> str:
        if t.kind != "c":
            return real(w, t, r, *operands)
        part = REAL_OF[t]
        xs = [Real(w, part, x) for z in operands for x in w.parts(z, t)]
        re, im = function(*xs)
        return w.pair(re.register, im.register, t)

    return emit


def swapped(function: OfParts) -> OfParts:
    """sin from sinh, arcsinh from arcsin and so on: i conj(f(i conj z)), exact in every sign."""

    def of_swapped(x: Real, y: Real) -> Parts:
        im, re = function(y, x)
        return re, im

    return of_swapped


def _steps(x: Real) -> tuple[float, float]:
    """A size whose square is far from overflow, and a power of four that brings others there."""
    return (2.0**500, 2.0**400) if x.dtype.itemsize == 8 else (2.0**60, 2.0**40)


def _larger(x: Real, y: Real) -> Real:
    return x.intrinsic("maxnum", y)


# -- products and quotients ------------------------------------------------------------------------


def divide(a: Real, b: Real, c: Real, d: Real) -> Parts:
    """(a + b i) / (c + d i); powers of two keep what is huge or tiny within range."""
    limit, step = _steps(a)
    size_c, size_d = c.size(), d.size()
    wide = size_c.test("oge", size_d)
    large, small = c.where(wide, d), d.where(wide, c)
    size, top = large.size(), _larger(a.size(), b.size())
    # Of the divisor 1/4 where the sum of its parts may overflow, a power of two where it is tiny.
    huge, tiny = size.test("oge", limit * limit), size.test("olt", 1 / (limit * step))
    factor = a.like(1.0).but(huge, 0.25).but(tiny, step)
    above = top.test("oge", limit * limit)
    share, back = factor.but(above, 1 / step), a.like(1.0).but(above, step)
    share = share.but(a.writer.both(huge, above), 0.25 / step)
    a, b, large, small = a * share, b * share, large * factor, small * factor
    # With |c| >= |d|: ((a + b q) + (b - a q) i) / (c + d q), q = d / c.
    first, second = a.where(wide, b), b.where(wide, a)
    ratio = (small / large).but(large.test("oeq", 0.0), 0.0)
    scale = large + small * ratio
    re, im = first + second * ratio, second - first * ratio
    im = im.where(wide, -im)
    return re / scale * back, im / scale * back


# -- exponentials ----------------------------------------------------------------------------------


def _polar(name: str, limit: float, x: Real, y: Real) -> Parts:
    """An exponential of x in the direction y; in two factors, for one alone may overflow."""
    far = x.size().test("ogt", limit if x.dtype.itemsize == 8 else limit / 10)
    size = (x * 0.5).where(far, x).call(name)
    rest = size.where(far, 1.0)
    none = y.writer.both(y.is_unbounded(), x.test("oeq", -math.inf))
    angle = y.but(none, y.like(0.0).signed_as(y))
    re, im = size * angle.call("cos") * rest, size * angle.call("sin") * rest
    endless = y.writer.both(y.is_unbounded(), x.test("oeq", math.inf))
    return re.but(endless, x), im.but(y.test("oeq", 0.0), y)


def exp(x: Real, y: Real) -> Parts:
    return _polar("exp", 700.0, x, y)


def exp2(x: Real, y: Real) -> Parts:
    return _polar("exp2", 1000.0, x, y * math.log(2))


def expm1(x: Real, y: Real) -> Parts:
    """Its real part is (exp(x) - 1) cos(y) - 2 sin(y / 2)^2 where exp(x) is not large."""
    re, im = exp(x, y)
    half = (y * 0.5).call("sin")
    near = x.call("expm1") * y.call("cos") - half * half * 2.0
    return near.where(x.test("olt", 40.0), re), im


# -- logarithms ------------------------------------------------------------------------------------


def _two_sum(a: Real, b: Real) -> tuple[Real, Real]:
    """a + b, rounded, and what the rounding left."""
    total = a + b
    part = total - a
    return total, (a - (total - part)) + (b - part)


def _square(a: Real) -> tuple[Real, Real]:
    """a^2, rounded, and what the rounding left."""
    square = a * a
    return square, a.intrinsic("fma", a, -square)


def _logarithm(u: Real, y: Real, less: Real, x: Real) -> Parts:
    """log(u + y i), where |u + y i|^2 - 1 is less + x^2 + y^2: near the unit circle by that."""
    limit, step = _steps(x)
    top = _larger(u.size(), y.size())
    huge, tiny = top.test("oge", limit), top.test("olt", 1 / limit)
    factor = x.like(1.0).but(huge, 1 / step).but(tiny, step)
    shift = x.like(0.0).but(huge, math.log(step)).but(tiny, -math.log(step))
    far = (u * factor).call("hypot", y * factor).call("log") + shift
    (p, p_rest), (q, q_rest) = _square(x), _square(y)
    total, first = _two_sum(less, p)
    total, second = _two_sum(total, q)
    excess = total + ((first + second) + (p_rest + q_rest))
    near = excess.call("log1p") * 0.5
    return near.where(excess.size().test("olt", 0.5), far), y.call("atan2", u)


def log(x: Real, y: Real) -> Parts:
    return _logarithm(x, y, x.like(-1.0), x)


def log1p(x: Real, y: Real) -> Parts:
    return _logarithm(x + 1.0, y, x * 2.0, x)


def log_to(base: float) -> OfParts:
    """The logarithm to another base."""

    def function(x: Real, y: Real) -> Parts:
        re, im = log(x, y)
        return re * (1 / math.log(base)), im * (1 / math.log(base))

    return function


# -- powers ----------------------------------------------------------------------------------------


def _times(a: Parts, b: Parts) -> Parts:
    return a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]


def _whole_power(z: Parts, n: Real) -> Parts:
    """z to the whole number n, of which the last seven bits count: by squares."""
    one = (n.like(1.0), n.like(0.0))
    result, square, rest = one, z, n.size()
    for k in range(7):
        half = (rest * 0.5).intrinsic("floor")
        odd = rest.test("one", half + half)
        product = _times(result, square) if k else square
        result = product[0].where(odd, result[0]), product[1].where(odd, result[1])
        rest, square = half, _times(square, square)
    inverse = divide(*one, *result)
    negative = n.test("olt", 0.0)
    return inverse[0].where(negative, result[0]), inverse[1].where(negative, result[1])


def power(x: Real, y: Real, c: Real, d: Real) -> Parts:
    """z^w = exp(w log z); whole powers below 100 by products; of 0 it is 0, 1 or NaN."""
    both = x.writer.both
    size, angle = log(x, y)
    re, im = exp(size * c - angle * d, size * d + angle * c)
    whole = both(c.test("oeq", c.intrinsic("floor")), c.size().test("olt", 100.0))
    whole = both(whole, d.test("oeq", 0.0))
    first, second = _whole_power((x, y), c.where(whole, 1.0))
    re, im = first.where(whole, re), second.where(whole, im)
    zero = both(x.test("oeq", 0.0), y.test("oeq", 0.0))
    positive = c.test("ogt", 0.0)
    none = both(c.test("oeq", 0.0), d.test("oeq", 0.0))
    at_zero = x.like(0.0).where(positive, math.nan)
    re, im = at_zero.where(zero, re), at_zero.where(zero, im)
    return re.but(none, 1.0), im.but(none, 0.0)


# -- roots -----------------------------------------------------------------------------------------


def _root(x: Real, y: Real) -> Parts:
    """The sizes of the root's parts: for x >= 0 (t, |y| / 2 t) with t = sqrt((|z| + x) / 2)."""
    limit, step = _steps(x)
    a, b = x.size(), y.size()
    top = _larger(a, b)
    huge, tiny = top.test("oge", limit), top.test("olt", 1 / limit)
    factor = x.like(1.0).but(huge, 1 / step).but(tiny, step)
    a, b = a * factor, b * factor
    t = ((a + a.call("hypot", b)) * 0.5).root()
    other = (b / (t + t)).but(t.test("oeq", 0.0), 0.0)
    back = x.like(1.0).but(huge, math.sqrt(step)).but(tiny, 1 / math.sqrt(step))
    t, other = t * back, other * back
    right = x.test("oge", 0.0)
    re, im = t.where(right, other), other.where(right, t)
    endless = y.is_endless()
    return re.but(endless, math.inf), im.but(endless, math.inf)


def sqrt(x: Real, y: Real) -> Parts:
    re, im = _root(x, y)
    return re, im.signed_as(y)


# -- circular and hyperbolic functions -------------------------------------------------------------


def _wave(x: Real, y: Real) -> tuple[Real, Real, Real, Real]:
    """sinh(x), cosh(x) and cos(y), sin(y), the latter times what the former lack."""
    far = x.size().test("ogt", 700.0 if x.dtype.itemsize == 8 else 80.0)
    half = (x * 0.5).where(far, x)
    sinh, cosh = half.call("sinh"), half.call("cosh")
    turned = y.but(y.writer.both(y.is_unbounded(), x.test("oeq", 0.0)), 0.0)
    cos, sin = turned.call("cos"), turned.call("sin")
    rest = (cosh + cosh).where(far, 1.0)
    return sinh * cos * rest, cosh * sin * rest, cosh * cos * rest, sinh * sin * rest


def sinh(x: Real, y: Real) -> Parts:
    re, im, _, _ = _wave(x, y)
    unknown = y.is_unbounded()
    re = re.but(x.writer.both(unknown, x.test("oeq", 0.0)), x)
    re = re.but(x.writer.both(unknown, x.is_endless()), x.size())
    im = im.but(unknown, math.nan)
    return re, im.but(y.test("oeq", 0.0), y)


def cosh(x: Real, y: Real) -> Parts:
    _, _, re, im = _wave(x, y)
    unknown = y.is_unbounded()
    re = re.but(unknown, math.nan).but(x.writer.both(unknown, x.is_endless()), x.size())
    return re, im.but(y.test("oeq", 0.0), x.like(1.0).signed_as(x) * y)


def cos(x: Real, y: Real) -> Parts:
    return cosh(-y, x)


def tanh(x: Real, y: Real) -> Parts:
    """(sinh(x) cosh(x) + i sin(y) cos(y)) / (sinh(x)^2 + cos(y)^2), and its limit for large |x|."""
    far = x.size().test("ogt", 20.0)
    near = x.but(far, 1.0)
    sinh, cosh, cos = near.call("sinh"), near.call("cosh"), y.call("cos")
    turn, below = y.call("sin") * cos, sinh * sinh + cos * cos
    tail = (x.size() * -2.0).call("exp") * 4.0
    re = x.like(1.0).signed_as(x).where(far, sinh * cosh / below)
    im = (turn * tail).where(far, turn / below)
    unknown = y.is_unbounded()
    level = x.writer.both(unknown, x.is_endless())
    zero = x.like(0.0).signed_as(y)
    re = re.but(x.writer.both(unknown, x.test("une", 0.0)), math.nan)
    re = re.but(level, x.like(1.0).signed_as(x)).but(x.test("oeq", 0.0), x)
    return re, im.but(level, zero).but(y.test("oeq", 0.0), y)


# -- their inverses --------------------------------------------------------------------------------


def _within(x: Real, y: Real) -> tuple[Real, Real, Real, str, str]:
    """z, far away brought nearer by a power of two, and that; whether it is so far, or infinite.

    An infinite z becomes a distant one of the same direction.
    """
    limit, step = _steps(x)
    far = _larger(x.size(), y.size()).test("oge", limit)
    endless = x.writer.either(x.is_endless(), y.is_endless())
    factor = x.like(1.0).but(far, 1 / step)

    def near(part: Real) -> Real:
        distant = part.like(step).signed_as(part).where(part.is_endless(), part * 0.0)
        return (part * factor).but(endless, distant)

    return near(x), near(y), factor, far, endless


def _inverse(x: Real, y: Real) -> tuple[Real, Real, Real]:
    """The real part of arcsin(z), that of arccos(z), and the size of the imaginary part of either.

    With sqrt(1 - z) = a - i p and sqrt(1 + z) = b + i q, for y >= 0, these are atan2(x, a b + p q),
    2 atan2(a, b) and asinh(a q + b p): sums of positive numbers, in which nothing cancels.
    """
    limit, step = _steps(x)
    small = x.writer.both(x.size().test("olt", 1 / limit), y.size().test("olt", 1 / limit))
    u, v, _, far, endless = _within(x, y)
    one = x.like(1.0).but(far, 0.0)
    (a, p), (b, q) = _root(one - u, v), _root(one + u, v)
    size = (a * q + b * p).call("asinh") + x.like(math.log(step)).where(far, 0.0)
    quarter = u.call("atan2", a * b + p * q).but(x.test("oeq", 0.0), x).but(small, x)
    turn = (a.call("atan2", b) * 2.0).but(x.test("oeq", 0.0), math.pi / 2)
    return quarter, turn, size.but(endless, math.inf).but(small, y.size())


def arcsin(x: Real, y: Real) -> Parts:
    quarter, _, size = _inverse(x, y)
    return quarter, size.signed_as(y)


def arccos(x: Real, y: Real) -> Parts:
    _, turn, size = _inverse(x, y)
    return turn, -size.signed_as(y)


def arccosh(x: Real, y: Real) -> Parts:
    _, turn, size = _inverse(x, y)
    return size, turn.signed_as(y)


def arctanh(x: Real, y: Real) -> Parts:
    """With m = |1 + |x| + y i|, d = |1 - |x| + y i|: log(m / d) is log1p(4 |x| / ((m + d) d))."""
    limit, step = _steps(x)
    u, v, one, _, endless = _within(x, y)
    size = u.size()
    more, less = one + size, one - size
    m, d = more.call("hypot", v), less.call("hypot", v)
    # At a pole the quotient is too large for a number, and its logarithm is not.
    close = d.test("olt", 1 / limit)
    d_near = (d * step).where(close, d)
    ratio = size * 4.0 / (m + d) * (one / d_near)
    shift = x.like(math.log(step)).where(close, 0.0)
    re = (ratio.call("log1p") + shift) * 0.5
    im = (v * 2.0 * one).call("atan2", less * more - v * v) * 0.5
    re = re.but(endless, 0.0).signed_as(x).but(x.test("oeq", 0.0), x)
    known = x.writer.both(endless, y.test("ord", 0.0))
    return re, im.but(known, x.like(math.pi / 2).signed_as(y))
