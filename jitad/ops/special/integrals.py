"""Ops: exponential, trigonometric and elliptic integrals, the dilogarithm, Lambert's W.

Operands x or the functions' own letters; result v. Sources: Abramowitz & Stegun, Handbook of
Mathematical Functions, chapters 5 (exponential integrals), 7.3 (Fresnel), 27.7 (dilogarithm);
NIST DLMF, chapter 19 (elliptic integrals).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import scipy.special as sp

from jitad.ops import elementwise as ew
from jitad.ops.elementwise import add, cos, div, exp, log1p, mul, neg, sin, sqrt, sub, where
from jitad.ops.special.bessel import hyp2f1
from jitad.ops.special.lambert import emit_lambert
from jitad.ops.special.rows import WHOLE, Undefined, call, near_zero, results, row

POSITIVE, REAL = ew.POSITIVE, ew.REAL


# -- exponential and trigonometric integrals -------------------------------------------------------


def _over(numerator: Any, coefficients: list[float]) -> Any:
    """numerator(x) / x, by the series in x^2 near 0."""

    def quotient(x: Any) -> Any:
        return near_zero(x, 0.5, lambda z: ew.horner(mul(z, z), coefficients),
            lambda z: div(numerator(z), z))  # fmt: skip

    return quotient


_SINC = _over(sin, [(-1) ** k / math.factorial(2 * k + 1) for k in range(9)])
_SINHC = _over(ew.sinh, [1 / math.factorial(2 * k + 1) for k in range(9)])

SICI = results("sici", lambda x, v: _SINC(x), lambda x, v: div(cos(x), x), domains=(REAL, POSITIVE))
SHICHI = results("shichi", lambda x, v: _SINHC(x), lambda x, v: div(ew.cosh(x), x),
    domains=(REAL, POSITIVE))  # fmt: skip


def _phase(x: Any) -> Any:
    return mul(math.pi / 2, mul(x, x))


FRESNEL = results("fresnel", lambda x, v: sin(_phase(x)), lambda x, v: cos(_phase(x)))

expi = row("expi", sp.expi, lambda x, v: div(exp(x), x), domain=(POSITIVE,))
exp1 = row("exp1", sp.exp1, lambda x, v: neg(div(exp(neg(x)), x)), domain=(POSITIVE,))
expn = row("expn", sp.expn, Undefined("expn", "the order"), lambda n, x, v: _expn_slope(n, x),
    domain=(WHOLE, POSITIVE),
    emit=call("expn", whole=True))  # fmt: skip


def _expn_slope(n: Any, x: Any) -> Any:
    """-E_(n-1)(x), where E_(-1)(x) = e^-x (1 + x) / x^2."""
    first = ew.lt(n, 1.0)
    lowest = div(mul(exp(neg(x)), add(1.0, x)), mul(x, x))
    return neg(where(first, lowest, expn(sub(where(first, 1.0, n), 1.0), x)))


def _log1prel(u: Any) -> Any:
    """log(1 + u) / u."""
    series = [(-1) ** k / (k + 1) for k in range(17)]
    return near_zero(u, 0.1, lambda z: ew.horner(z, series), lambda z: div(log1p(z), z))


spence = row("spence", sp.spence, lambda x, v: neg(_log1prel(sub(x, 1.0))), domain=(POSITIVE,))


# -- Lambert's W and its kin -----------------------------------------------------------------------


def _real_lambert(branch: int) -> Any:
    """SciPy's W where it is real, NaN elsewhere."""

    def evaluate(x: Any) -> Any:
        w = sp.lambertw(x, branch)
        return np.where(w.imag == 0, w.real, np.nan).astype(np.asarray(x).dtype)

    return evaluate


LAMBERT = {
    branch: row(
        f"lambertw{-branch}",
        _real_lambert(branch),
        lambda x, v: div(1.0, mul(exp(v), add(1.0, v))),
        emit=emit_lambert(branch),
        domain=((-0.3, 4.0) if branch == 0 else (-0.25, -0.08),),
    )
    for branch in (0, -1)
}
wrightomega = row("wrightomega", sp.wrightomega, lambda x, v: div(v, add(1.0, v)))

# -- elliptic integrals ----------------------------------------------------------------------------


def _hyper(a: float, b: float, c: float, m: Any) -> Any:
    return hyp2f1(*(ew.like(k, m) for k in (a, b, c)), m)


ellipk = row("ellipk", sp.ellipk, lambda m, v: mul(math.pi / 8, _hyper(1.5, 1.5, 2.0, m)),
    domain=((-2.0, 0.8),))  # fmt: skip
ellipe = row("ellipe", sp.ellipe, lambda m, v: mul(-math.pi / 8, _hyper(0.5, 1.5, 2.0, m)),
    domain=((-2.0, 0.8),))  # fmt: skip
ellipkm1 = row("ellipkm1", sp.ellipkm1, lambda p, v: _complement_slope(p, v), domain=(POSITIVE,))


def _complement_slope(p: Any, v: Any) -> Any:
    """d/dp K(1 - p): through E near p = 0, where K is infinite."""
    near = ew.lt(p, 0.5)
    small = where(near, p, 0.5)
    m = sub(1.0, small)
    through_e = neg(div(sub(div(ellipe(m), small), ellipkm1(small)), mul(2.0, m)))
    return where(near, through_e, mul(-math.pi / 8, _hyper(1.5, 1.5, 2.0, sub(1.0, p))))


def _root(phi: Any, m: Any) -> Any:
    s = sin(phi)
    return sqrt(sub(1.0, mul(m, mul(s, s))))


ellipkinc = row("ellipkinc", sp.ellipkinc,
    lambda phi, m, v: div(1.0, _root(phi, m)), lambda phi, m, v: _first_slope(phi, m, v),
    domain=(REAL, (-1.5, 0.8)), seams=((1.0, 0.049), (1.0, 0.051), (1.0, -0.051)))  # fmt: skip
ellipeinc = row("ellipeinc", sp.ellipeinc,
    lambda phi, m, v: _root(phi, m), lambda phi, m, v: _second_slope(phi, m, v),
    domain=(REAL, (-1.5, 0.8)), seams=((1.0, 0.049), (1.0, 0.051), (1.0, -0.051)))  # fmt: skip

_SMALL = 0.05


def _powers_of_sine(phi: Any, m: Any, exponent: float) -> Any:
    """The integral of sin^2 t (1 - m sin^2 t)^-exponent over 0 < t < phi, in powers of a small m.

    The integrals of sin^2k t follow from each other by parts.
    """
    s, c = sin(phi), cos(phi)
    square = mul(s, s)
    odd, integral = mul(s, c), phi
    total, weight = None, 1.0
    power: Any = ew.like(1.0, phi)
    for k in range(1, 15):
        integral = div(sub(mul(2.0 * k - 1, integral), odd), 2.0 * k)
        odd = mul(odd, square)
        term = mul(mul(weight, power), integral)
        total = term if total is None else add(total, term)
        weight *= (exponent + k - 1) / k
        power = mul(power, m)
    return total


def _first_slope(phi: Any, m: Any, v: Any) -> Any:
    """d/dm F(phi, m): DLMF 19.4.5."""
    small = ew.lt(ew.absolute(m), _SMALL)
    series = mul(0.5, _powers_of_sine(phi, where(small, m, 0.0), 1.5))
    k = where(small, 0.5, m)
    root = _root(phi, k)
    whole = sub(div(ellipeinc(phi, k), sub(1.0, k)), where(small, ellipkinc(phi, k), v))
    corner = div(mul(sin(phi), cos(phi)), mul(sub(1.0, k), root))
    return where(small, series, mul(0.5, sub(div(whole, k), corner)))


def _second_slope(phi: Any, m: Any, v: Any) -> Any:
    """d/dm E(phi, m) = (E - F) / (2 m): DLMF 19.4.7."""
    small = ew.lt(ew.absolute(m), _SMALL)
    series = mul(-0.5, _powers_of_sine(phi, where(small, m, 0.0), 0.5))
    k = where(small, 0.5, m)
    return where(small, series, div(sub(where(small, 0.0, v), ellipkinc(phi, k)), mul(2.0, k)))


# -- Jacobi's elliptic functions sn, cn, dn and their amplitude; Gauss's mean ----------------------


def _amplitude_slope(u: Any, m: Any) -> Any:
    """d/dm of phi, of which F(phi, m) = u."""
    return neg(mul(ELLIPTIC[2](u, m), _first_slope(ELLIPTIC[3](u, m), m, u)))


def _dn_slope(u: Any, m: Any, v: Any) -> Any:
    s, c = ELLIPTIC[0](u, m), ELLIPTIC[1](u, m)
    moved = add(mul(s, s), mul(mul(2.0, m), mul(mul(s, c), _amplitude_slope(u, m))))
    return neg(div(moved, mul(2.0, v)))


_JACOBI: tuple[tuple[Any, Any], ...] = (
    (lambda u, m, v: mul(ELLIPTIC[1](u, m), ELLIPTIC[2](u, m)),
     lambda u, m, v: mul(ELLIPTIC[1](u, m), _amplitude_slope(u, m))),
    (lambda u, m, v: neg(mul(ELLIPTIC[0](u, m), ELLIPTIC[2](u, m))),
     lambda u, m, v: neg(mul(ELLIPTIC[0](u, m), _amplitude_slope(u, m)))),
    (lambda u, m, v: neg(mul(m, mul(ELLIPTIC[0](u, m), ELLIPTIC[1](u, m)))), _dn_slope),
    (lambda u, m, v: ELLIPTIC[2](u, m), lambda u, m, v: _amplitude_slope(u, m)),
)  # fmt: skip
ELLIPTIC = results("ellipj", *_JACOBI, domain=((-1.3, 1.3), (0.1, 0.8)))


def _mean_slope(a: Any, b: Any, v: Any) -> Any:
    """By a of pi (a + b) / (4 K(m)), where m = ((a - b) / (a + b))^2."""
    total = add(a, b)
    ratio = div(sub(a, b), total)
    slope = mul(math.pi / 8, _hyper(1.5, 1.5, 2.0, mul(ratio, ratio)))
    inner = mul(div(mul(16.0 / math.pi, mul(ratio, b)), mul(total, total)), div(v, total))
    return mul(v, sub(div(1.0, total), mul(inner, slope)))


agm = row("agm", sp.agm, _mean_slope, lambda a, b, v: _mean_slope(b, a, v),
    domain=(POSITIVE, POSITIVE), seams=((1.0, 1.0),))  # fmt: skip
