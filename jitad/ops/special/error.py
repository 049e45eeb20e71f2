"""Ops: error functions, the normal distribution's, sigmoids, entropies and transformations.

Operands x, y; result v. Sources: Abramowitz & Stegun, Handbook of Mathematical Functions,
chapters 7 (error function) and 26.2 (normal distribution); NIST DLMF, chapter 7.
"""

from __future__ import annotations

import math
from typing import Any

import scipy.special as sp

from jitad.ir.op import DType
from jitad.ops import elementwise as ew
from jitad.ops.elementwise import add, div, exp, log, mul, neg, sin, sqrt, sub, where
from jitad.ops.special.rows import MODULE, call, near_zero, row

POSITIVE, REAL, UNIT = ew.POSITIVE, ew.REAL, ew.UNIT
PROBABILITY = (0.05, 0.95)
_GAUSS = 2 / math.sqrt(math.pi)
_DENSITY = 1 / math.sqrt(2 * math.pi)


def _libm(name: str) -> Any:
    return lambda w, t, r, x: w.libm(name, t, x)


# -- error functions -------------------------------------------------------------------------------


def _bell(x: Any) -> Any:
    """exp(-x^2)."""
    return exp(neg(mul(x, x)))


_FAR = 12.0
"""From there on asymptotic series of so many terms are exact."""


def _beyond(far: Any, x: Any, near: Any, series: Any) -> Any:
    """A slope near zero, and its series far away, where the slope's terms would cancel."""
    return where(far, series(where(far, x, ew.like(_FAR, x))), near)


def _tail(x: Any, sign: int) -> Any:
    """w (1 + 3 s w (1 + 5 s w ...)) with w = 1 / (2 x^2) and the sign s."""
    half = div(1.0, x)
    w = mul(0.5, mul(half, half))
    total = ew.like(1.0, x)
    for k in range(23, 1, -2):
        total = add(mul(total, mul(sign * k, w)), 1.0)
    return mul(w, total)


erf = row("erf", sp.erf, lambda x, v: mul(_GAUSS, _bell(x)), emit=_libm("erf"), cost=20)
erfc = row("erfc", sp.erfc, lambda x, v: mul(-_GAUSS, _bell(x)), emit=_libm("erfc"), cost=30)
erfcx = row(
    "erfcx",
    sp.erfcx,
    lambda x, v: _beyond(
        ew.gt(x, _FAR), x, sub(mul(2.0, mul(x, v)), _GAUSS), lambda x: mul(-_GAUSS, _tail(x, -1))
    ),
    seams=((_FAR - 0.01,), (_FAR,), (_FAR + 0.01,)),
)
erfi = row("erfi", sp.erfi, lambda x, v: mul(_GAUSS, exp(mul(x, x))))
dawsn = row(
    "dawsn",
    sp.dawsn,
    lambda x, v: _beyond(
        ew.gt(ew.absolute(x), _FAR), x, sub(1.0, mul(2.0, mul(x, v))), lambda x: neg(_tail(x, 1))
    ),
    seams=((-_FAR - 0.01,), (_FAR,), (_FAR + 0.01,)),
)
erfinv = row("erfinv", sp.erfinv, lambda x, v: mul(1 / _GAUSS, exp(mul(v, v))), domain=(UNIT,))
erfcinv = row("erfcinv", sp.erfcinv, lambda x, v: mul(-1 / _GAUSS, exp(mul(v, v))),
    domain=((0.1, 1.9),))  # fmt: skip

# -- the normal distribution -----------------------------------------------------------------------


def _emit_mills(w: Any, t: DType, r: DType, x: str) -> str:
    half = w.line(f"fmul {w.type(t)} {x}, {w.number(-math.sqrt(0.5), t)}")
    scaled = w.external(MODULE, "erfcx", t, half)
    return w.line(f"fdiv {w.type(t)} {w.number(2 * _DENSITY, t)}, {scaled}")


inverse_mills = row(
    "inverse_mills",
    lambda x: 2 * _DENSITY / sp.erfcx(-x * math.sqrt(0.5)),
    lambda x, v: neg(_beyond(ew.lt(x, -_FAR), x, mul(v, add(x, v)), _fall)),
    emit=_emit_mills,
    seams=((-_FAR,), (-_FAR - 0.01,)),
)


def _fall(x: Any) -> Any:
    """v (x + v) where x is far below 0 and v = -x sum c_k / x^(2 k)."""
    t = div(-1.0, x)
    return ew.horner(mul(t, t), _FALL)


def _reciprocal(n: int) -> list[float]:
    """Of sum (-1)^k (2k - 1)!! z^k, in n powers of z."""
    series, found = [1.0], [1.0]
    for k in range(1, n):
        series.append(-series[-1] * (2 * k - 1))
        found.append(-sum(series[j] * found[k - j] for j in range(1, k + 1)))
    return found


_MILLS = _reciprocal(16)
_FALL = [sum(_MILLS[j] * _MILLS[k + 1 - j] for j in range(k + 1)) for k in range(15)]
"""By the asymptotic series of erfc, DLMF 7.12.1."""


"""The normal density divided by the distribution function, also where both underflow."""

ndtr = row("ndtr", sp.ndtr, lambda x, v: mul(_DENSITY, exp(mul(-0.5, mul(x, x)))))
log_ndtr = row("log_ndtr", sp.log_ndtr, lambda x, v: inverse_mills(x))
ndtri = row("ndtri", sp.ndtri, lambda x, v: div(exp(mul(0.5, mul(v, v))), _DENSITY),
    domain=(PROBABILITY,))  # fmt: skip
ndtri_exp = row("ndtri_exp", sp.ndtri_exp, lambda x, v: div(1.0, inverse_mills(v)),
    domain=((-5.0, -0.1),))  # fmt: skip
owens_t = row("owens_t", sp.owens_t,
    lambda h, a, v: mul(-0.5 * _DENSITY, mul(erf(mul(math.sqrt(0.5), mul(a, h))),
        exp(mul(-0.5, mul(h, h))))),
    lambda h, a, v: div(exp(mul(-0.5, mul(mul(h, h), add(1.0, mul(a, a))))),
        mul(2 * math.pi, add(1.0, mul(a, a)))))  # fmt: skip

# -- sigmoids --------------------------------------------------------------------------------------


def _decay(w: Any, t: DType, x: str) -> tuple[str, str]:
    """exp(-|x|), which never overflows, and whether x >= 0."""
    small = w.libm("exp", t, w.line(f"fneg {w.type(t)} {w.intrinsic('llvm.fabs', t, x)}"))
    return small, w.line(f"fcmp oge {w.type(t)} {x}, {w.number(0, t)}")


def _emit_expit(w: Any, t: DType, r: DType, x: str) -> str:
    small, positive = _decay(w, t, x)
    total = w.line(f"fadd {w.type(t)} {small}, {w.number(1, t)}")
    return w.line(f"fdiv {w.type(t)} {w.select(positive, t, w.number(1, t), small)}, {total}")


def _emit_log_expit(w: Any, t: DType, r: DType, x: str) -> str:
    small, positive = _decay(w, t, x)
    tail = w.line(f"fneg {w.type(t)} {w.libm('log1p', t, small)}")
    return w.select(positive, t, tail, w.line(f"fadd {w.type(t)} {x}, {tail}"))


expit = row("expit", sp.expit, lambda x, v: mul(v, expit(neg(x))), emit=_emit_expit, cost=30)
log_expit = row("log_expit", sp.log_expit, lambda x, v: expit(neg(x)), emit=_emit_log_expit,
    cost=50)  # fmt: skip
logit = row("logit", sp.logit, lambda x, v: div(1.0, mul(x, sub(1.0, x))), domain=(PROBABILITY,))

# -- entropies: at the border of their domains the value is finite, and flat beyond it -------------


def _product_or_zero(function: str) -> Any:
    """x f(y), and 0 where x is 0 and y is a number."""

    def emit(w: Any, t: DType, r: DType, x: str, y: str) -> str:
        ty = w.type(t)
        product = w.line(f"fmul {ty} {x}, {w.libm(function, t, y)}")
        zero = w.line(f"fcmp oeq {ty} {x}, {w.number(0, t)}")
        number = w.line(f"fcmp ord {ty} {y}, {y}")
        return w.select(w.both(zero, number), t, w.number(0, t), product)

    return emit


xlogy = row("xlogy", sp.xlogy,
    lambda x, y, v: log(y), lambda x, y, v: _share(x, y),
    emit=_product_or_zero("log"), domain=(REAL, POSITIVE), cost=25)  # fmt: skip
xlog1py = row("xlog1py", sp.xlog1py,
    lambda x, y, v: ew.log1p(y), lambda x, y, v: _share(x, add(1.0, y)),
    emit=_product_or_zero("log1p"), domain=(REAL, (-0.8, 3.0)), cost=25)  # fmt: skip
entr = row("entr", sp.entr, lambda x, v: where(ew.lt(x, 0.0), 0.0, sub(-1.0, log(x))),
    domain=(POSITIVE,))  # fmt: skip
rel_entr = row("rel_entr", sp.rel_entr,
    lambda x, y, v: _within(x, y, add(1.0, log(div(x, y)))),
    lambda x, y, v: _within(x, y, neg(div(x, y))), domain=(POSITIVE, POSITIVE))  # fmt: skip
kl_div = row("kl_div", sp.kl_div,
    lambda x, y, v: _within(x, y, log(div(x, y))),
    lambda x, y, v: _within(x, y, sub(1.0, _share(x, y))), domain=(POSITIVE, POSITIVE))  # fmt: skip


def _share(x: Any, y: Any) -> Any:
    """x / y, and 0 for 0 / 0."""
    return where(ew.logical_and(ew.eq(x, 0.0), ew.eq(y, 0.0)), 0.0, div(x, y))


def _within(x: Any, y: Any, slope: Any) -> Any:
    """The slope for x, y >= 0, and 0 where the value is infinite."""
    inside = ew.logical_and(ew.ge(x, 0.0), ew.ge(y, 0.0))
    return where(inside, slope, ew.like(0.0, x))


def _bounded(x: Any, bound: Any) -> Any:
    return ew.minimum(ew.maximum(x, neg(bound)), bound)


huber = row("huber", sp.huber,
    lambda d, x, v: ew.maximum(sub(ew.absolute(x), d), ew.like(0.0, x)),
    lambda d, x, v: _bounded(x, d), domain=(POSITIVE, REAL), cost=10)  # fmt: skip
pseudo_huber = row("pseudo_huber", sp.pseudo_huber,
    lambda d, x, v: sub(div(mul(2.0, v), d), div(mul(x, _ratio(d, x)), d)),
    lambda d, x, v: _ratio(d, x), domain=(POSITIVE, REAL))  # fmt: skip


def _ratio(d: Any, x: Any) -> Any:
    """x / sqrt(1 + (x / d)^2)."""
    q = div(x, d)
    return div(x, sqrt(add(1.0, mul(q, q))))


# -- powers and their transformations --------------------------------------------------------------


def _exprel_slope(u: Any) -> Any:
    """(e^u (u - 1) + 1) / u^2 = sum u^k / (k! (k + 2))."""
    series = [1 / (math.factorial(k) * (k + 2)) for k in range(19)]
    return near_zero(u, 1.0, lambda z: ew.horner(z, series),
        lambda z: div(add(mul(exp(z), sub(z, 1.0)), 1.0), mul(z, z)))  # fmt: skip


def _log1prel_slope(u: Any) -> Any:
    """1 / (u (1 + u)) - log(1 + u) / u^2 = -sum (-u)^k (k + 1) / (k + 2)."""
    series = [-((-1) ** k) * (k + 1) / (k + 2) for k in range(18)]
    return near_zero(u, 0.1, lambda z: ew.horner(z, series),
        lambda z: div(sub(div(z, add(1.0, z)), ew.log1p(z)), mul(z, z)))  # fmt: skip


exprel = row("exprel", sp.exprel, lambda x, v: _exprel_slope(x), seams=((0.999,), (-1.001,)))
boxcox = row("boxcox", sp.boxcox,
    lambda x, p, v: exp(xlogy(sub(p, 1.0), x)),
    lambda x, p, v: mul(mul(log(x), log(x)), _exprel_slope(mul(p, log(x)))),
    domain=(POSITIVE, REAL), seams=((math.e, 0.999), (math.e, -1.001)))  # fmt: skip
boxcox1p = row("boxcox1p", sp.boxcox1p,
    lambda x, p, v: exp(xlog1py(sub(p, 1.0), x)),
    lambda x, p, v: mul(mul(ew.log1p(x), ew.log1p(x)), _exprel_slope(mul(p, ew.log1p(x)))),
    domain=(POSITIVE, REAL))  # fmt: skip
inv_boxcox = row("inv_boxcox", sp.inv_boxcox,
    lambda y, p, v: div(v, add(1.0, mul(p, y))),
    lambda y, p, v: mul(v, mul(mul(y, y), _log1prel_slope(mul(p, y)))),
    domain=((0.1, 0.9), (-0.8, 2.0)), seams=((0.5, 0.2), (0.5, -0.199), (0.5, -0.201)))  # fmt: skip
inv_boxcox1p = row("inv_boxcox1p", sp.inv_boxcox1p,
    lambda y, p, v: div(add(1.0, v), add(1.0, mul(p, y))),
    lambda y, p, v: mul(add(1.0, v), mul(mul(y, y), _log1prel_slope(mul(p, y)))),
    domain=((0.1, 0.9), (-0.8, 2.0)), seams=((0.5, 0.2), (0.5, -0.199), (0.5, -0.201)))  # fmt: skip
powm1 = row("powm1", sp.powm1,
    lambda x, y, v: mul(y, ew.power(x, sub(y, 1.0))),
    lambda x, y, v: mul(add(1.0, v), log(x)), domain=(POSITIVE, REAL))  # fmt: skip
exp10 = row("exp10", sp.exp10, lambda x, v: mul(math.log(10), v))
cosm1 = row("cosm1", sp.cosm1, lambda x, v: neg(sin(x)))

# -- degrees ---------------------------------------------------------------------------------------

_DEGREE = math.pi / 180

sindg = row("sindg", sp.sindg, lambda x, v: mul(_DEGREE, cosdg(x)))
cosdg = row("cosdg", sp.cosdg, lambda x, v: mul(-_DEGREE, sindg(x)))
tandg = row("tandg", sp.tandg, lambda x, v: mul(_DEGREE, add(1.0, mul(v, v))))
cotdg = row("cotdg", sp.cotdg, lambda x, v: mul(-_DEGREE, add(1.0, mul(v, v))), domain=(POSITIVE,))


def _constant(number: float) -> Any:
    return lambda d, m, s, v: ew.like(number, v)


radian = row("radian", sp.radian,
    _constant(_DEGREE), _constant(_DEGREE / 60), _constant(_DEGREE / 3600))  # fmt: skip
round_half_even = row("special_round", sp.round, None, emit=call("round"))
