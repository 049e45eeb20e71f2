"""Ops: functions of Kelvin, Struve, Airy (scaled), Weber and Wright, and integrals of Bessel's.

Operands: an order or a parameter where there is one, and the argument x; result v. Source: NIST
DLMF, sections 10.61 (Kelvin), 11.4 (Struve), 9.2 (Airy), 12.2 (parabolic cylinder functions),
10.43 and 10.22 (integrals), 10.46 (Wright).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import scipy.special as sp

from jitad.ops import elementwise as ew
from jitad.ops.elementwise import add, div, exp, mul, neg, sqrt, sub
from jitad.ops.special.bessel import DISTANT, i0, j0, k0, y0
from jitad.ops.special.gamma import gammaln
from jitad.ops.special.rows import WHOLE, Undefined, near_zero, results, row

REAL, POSITIVE = ew.REAL, ew.POSITIVE


# -- Kelvin functions: y'' = i y - y' / x ----------------------------------------------------------


def _over_x(first: int, function: Callable[[], Any]) -> Callable[[Any], Any]:
    """ber'(x) / x, or bei'(x) / x for `first` 1: series in (x/2)^4, the former's over (x/2)^2."""
    powers = range(1 - first, 8 - first)
    coefficients = [
        (-1) ** k * (2 * k + first) / 2 / math.factorial(2 * k + first) ** 2 for k in powers
    ]

    def series(x: Any) -> Any:
        square = mul(0.25, mul(x, x))
        total = ew.horner(mul(square, square), coefficients)
        return total if first else mul(square, total)

    return lambda x: near_zero(x, 1.0, series, lambda z: div(function()(z), z))


_BER_OVER, _BEI_OVER = _over_x(0, lambda: berp), _over_x(1, lambda: beip)

ber = row("ber", sp.ber, lambda x, v: berp(x))
bei = row("bei", sp.bei, lambda x, v: beip(x))
berp = row("berp", sp.berp, lambda x, v: neg(add(bei(x), _BER_OVER(x))))
beip = row("beip", sp.beip, lambda x, v: sub(ber(x), _BEI_OVER(x)))
ker = row("ker", sp.ker, lambda x, v: kerp(x), domain=(DISTANT,))
kei = row("kei", sp.kei, lambda x, v: keip(x), domain=(DISTANT,))
kerp = row("kerp", sp.kerp, lambda x, v: neg(add(kei(x), div(v, x))), domain=(DISTANT,))
keip = row("keip", sp.keip, lambda x, v: sub(ker(x), div(v, x)), domain=(DISTANT,))

# -- Struve functions ------------------------------------------------------------------------------


def _struve_slope(name: str, function: Callable[[], Any], sign: float) -> tuple[Any, Any]:
    """(f_(n-1) + sign f_(n+1) + (x/2)^n / (sqrt(pi) Gamma(n + 3/2))) / 2; for n = 0 f_1 again."""

    def slope(n: Any, x: Any, v: Any) -> Any:
        first = ew.lt(n, 1.0)  # whose order below may be infinite at 0
        below = function()(ew.where(first, 0.0, sub(n, 1.0)), x)
        above = mul(sign, function()(add(n, 1.0), x))
        extra = mul(
            div(ew.power(mul(0.5, x), n), math.sqrt(math.pi)), exp(neg(gammaln(add(n, 1.5))))
        )
        whole = mul(0.5, add(add(below, above), extra))
        return ew.where(first, add(extra, above), whole)

    return Undefined(name, "the order"), slope


struve = row("struve", sp.struve, *_struve_slope("struve", lambda: struve, -1.0),
    domain=(WHOLE, DISTANT))  # fmt: skip
modstruve = row("modstruve", sp.modstruve, *_struve_slope("modstruve", lambda: modstruve, 1.0),
    domain=(WHOLE, DISTANT))  # fmt: skip

# -- integrals from 0 to x, and over t of the function less its value at 0 -------------------------


def _rest(function: Any, sign: int) -> Callable[[Any, Any], Any]:
    """(f(x) - 1) / x times sign, for J0 (sign -1) and I0."""
    coefficients = [sign**k / math.factorial(k + 1) ** 2 for k in range(8)]

    def series(x: Any) -> Any:
        square = mul(0.25, mul(x, x))
        return mul(mul(0.25, x), ew.horner(square, coefficients))

    closed = lambda z: div(mul(sign, sub(function(z), 1.0)), z)  # noqa: E731
    return lambda x, v: near_zero(x, 0.5, series, closed)


itj0y0 = results("itj0y0", lambda x, v: j0(x), lambda x, v: y0(x), domain=(DISTANT,))
iti0k0 = results("iti0k0", lambda x, v: i0(x), lambda x, v: k0(x), domain=(DISTANT,))
it2j0y0 = results("it2j0y0", _rest(j0, -1), lambda x, v: neg(div(y0(x), x)), domain=(DISTANT,))
it2i0k0 = results("it2i0k0", _rest(i0, 1), lambda x, v: neg(div(k0(x), x)), domain=(DISTANT,))
itstruve0 = row("itstruve0", sp.itstruve0, lambda x, v: struve(ew.like(0.0, x), x),
    domain=(DISTANT,))  # fmt: skip
_TAIL = [(-1) ** k * (2 / math.pi) / math.prod(range(1, 2 * k + 2, 2)) ** 2 for k in range(9)]
it2struve0 = row("it2struve0", sp.it2struve0,
    lambda x, v: neg(near_zero(x, 0.5, lambda z: ew.horner(mul(z, z), _TAIL),
        lambda z: div(struve(ew.like(0.0, z), z), z))), domain=(DISTANT,))  # fmt: skip
itmodstruve0 = row("itmodstruve0", sp.itmodstruve0, lambda x, v: modstruve(ew.like(0.0, x), x),
    domain=(DISTANT,))  # fmt: skip

# -- Airy functions without their growth: e^(s 2/3 x^(3/2)) f(x), s = 1 for Ai and -1 for Bi -------


def _without_growth(k: int, s: float) -> Any:
    def slope(x: Any, v: Any) -> Any:
        root = sqrt(ew.maximum(x, ew.like(0.0, x)))
        other = airye[k ^ 1](x)
        moved = other if k % 2 == 0 else mul(x, other)
        return add(moved, mul(s, mul(root, v)))

    return slope


airye = results("airye", _without_growth(0, 1.0), _without_growth(1, 1.0),
    _without_growth(2, -1.0), _without_growth(3, -1.0), domain=(POSITIVE,))  # fmt: skip

# -- parabolic cylinder functions: y'' = (x^2 / 4 - n - 1/2) y -------------------------------------


def _weber(name: str, family: Callable[[], Any], stretch: Callable[[Any, Any], Any]) -> Any:
    order = Undefined(name, "the order")
    return results(
        name,
        (order, lambda n, x, v: family()[1](n, x)),
        (order, lambda n, x, v: mul(stretch(n, x), family()[0](n, x))),
        domain=(WHOLE, DISTANT),
    )


def _barrier(n: Any, x: Any) -> Any:
    return sub(mul(0.25, mul(x, x)), add(n, 0.5))


pbdv = _weber("pbdv", lambda: pbdv, _barrier)

# -- Wright's generalised Bessel function ----------------------------------------------------------

_NO = Undefined("wright_bessel", "a parameter")
wright_bessel = row("wright_bessel", sp.wright_bessel, _NO, _NO,
    lambda a, b, x, v: wright_bessel(a, add(a, b), x),
    domain=(WHOLE, (1.0, 4.0), POSITIVE))  # fmt: skip
log_wright_bessel = row("log_wright_bessel", sp.log_wright_bessel, _NO, _NO,
    lambda a, b, x, v: exp(sub(log_wright_bessel(a, add(a, b), x), v)),
    domain=(WHOLE, (1.0, 4.0), POSITIVE))  # fmt: skip
