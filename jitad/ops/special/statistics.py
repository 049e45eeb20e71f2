"""Ops: the distribution functions that SciPy has as special functions, and their inverses.

Each is an incomplete gamma or beta function; its derivatives are theirs by the chain rule. Source:
Abramowitz & Stegun, Handbook of Mathematical Functions, sections 26.4 to 26.7.
"""

from __future__ import annotations

import math
from typing import Any

import scipy.special as sp

from jitad.ops import elementwise as ew
from jitad.ops.elementwise import add, div, exp, floor, log1p, mul, neg, sub, where
from jitad.ops.special.gamma import (
    MIDDLE,
    PROBABILITY,
    SHAPE,
    STEADY,
    beta_density,
    beta_slopes,
    gamma_density,
    gamma_slope,
    gammaln,
    psi,
)
from jitad.ops.special.quadrature import in_double
from jitad.ops.special.rows import WHOLE, Undefined, call, of_whole, row

POSITIVE, REAL = ew.POSITIVE, ew.REAL

# -- chi-square, gamma, Poisson --------------------------------------------------------------------


def chi_density(v: Any, x: Any) -> Any:
    return mul(0.5, gamma_density(mul(0.5, v), mul(0.5, x)))


def chi_slope(v: Any, x: Any) -> Any:
    return mul(0.5, gamma_slope(mul(0.5, v), mul(0.5, x)))


chdtr = row("chdtr", sp.chdtr, lambda v, x, y: chi_slope(v, x),
    lambda v, x, y: chi_density(v, x), domain=(SHAPE, POSITIVE))  # fmt: skip
chdtrc = row("chdtrc", sp.chdtrc, lambda v, x, y: neg(chi_slope(v, x)),
    lambda v, x, y: neg(chi_density(v, x)), domain=(SHAPE, POSITIVE))  # fmt: skip
chdtri = row("chdtri", sp.chdtri, lambda v, p, x: neg(div(chi_slope(v, x), chi_density(v, x))),
    lambda v, p, x: div(-1.0, chi_density(v, x)), domain=(STEADY, MIDDLE))  # fmt: skip


def _rate(sign: float) -> Any:
    return lambda a, b, x, v: mul(sign, mul(x, gamma_density(b, mul(a, x))))


def _argument(sign: float) -> Any:
    return lambda a, b, x, v: mul(sign, mul(a, gamma_density(b, mul(a, x))))


gdtr = row("gdtr", sp.gdtr, _rate(1), lambda a, b, x, v: gamma_slope(b, mul(a, x)), _argument(1),
    domain=(POSITIVE, SHAPE, POSITIVE))  # fmt: skip
gdtrc = row("gdtrc", sp.gdtrc, _rate(-1), lambda a, b, x, v: neg(gamma_slope(b, mul(a, x))),
    _argument(-1), domain=(POSITIVE, SHAPE, POSITIVE))  # fmt: skip
pdtr = row("pdtr", sp.pdtr, None, lambda k, m, v: neg(gamma_density(add(floor(k), 1.0), m)),
    domain=(POSITIVE, POSITIVE))  # fmt: skip
pdtrc = row("pdtrc", sp.pdtrc, None, lambda k, m, v: gamma_density(add(floor(k), 1.0), m),
    domain=(POSITIVE, POSITIVE))  # fmt: skip

# -- binomial and negative binomial: counts are whole numbers --------------------------------------


def _trials(name: str) -> Undefined:
    return Undefined(name, "the number of trials")


def _failures(name: str) -> Undefined:
    return Undefined(name, "the number of failures")


def _needed(name: str) -> Undefined:
    return Undefined(name, "the number of successes")


bdtr = row("bdtr", of_whole(sp.bdtr, 1), None, _trials("bdtr"),
    lambda k, n, p, v: neg(binomial_density(k, n, p)),
    domain=(WHOLE, (5.0, 9.0), PROBABILITY),
    emit=call("bdtr", whole=True), ufunc=sp.bdtr)  # fmt: skip
bdtrc = row("bdtrc", of_whole(sp.bdtrc, 1), None, _trials("bdtrc"),
    lambda k, n, p, v: binomial_density(k, n, p),
    domain=(WHOLE, (5.0, 9.0), PROBABILITY),
    emit=call("bdtrc", whole=True), ufunc=sp.bdtrc)  # fmt: skip
nbdtr = row("nbdtr", of_whole(sp.nbdtr, 0, 1), _failures("nbdtr"), _needed("nbdtr"),
    lambda k, n, p, v: beta_density(n, add(k, 1.0), p),
    domain=(WHOLE, (1.0, 9.0), PROBABILITY),
    emit=call("nbdtr", whole=True), ufunc=sp.nbdtr)  # fmt: skip
nbdtrc = row("nbdtrc", of_whole(sp.nbdtrc, 0, 1), _failures("nbdtrc"), _needed("nbdtrc"),
    lambda k, n, p, v: neg(beta_density(n, add(k, 1.0), p)),
    domain=(WHOLE, (1.0, 9.0), PROBABILITY),
    emit=call("nbdtrc", whole=True), ufunc=sp.nbdtrc)  # fmt: skip


def binomial_density(k: Any, n: Any, p: Any) -> Any:
    """d/dp of the probability of more than k successes; 0 where that is certain not to be."""
    k = floor(k)
    left = sub(n, k)
    certain = ew.le(left, 0.0)
    return where(certain, 0.0, beta_density(add(k, 1.0), where(certain, 1.0, left), p))


# -- Snedecor's F and Student's t ------------------------------------------------------------------


def _fisher(k: int) -> Any:
    """Of I_z(m / 2, n / 2) with z = m x / (n + m x), by operand k of (m, n, x)."""

    def partial(m: Any, n: Any, x: Any, v: Any) -> Any:
        scaled = mul(m, x)
        total = add(n, scaled)
        a, b, z = mul(0.5, m), mul(0.5, n), div(scaled, total)
        density = div(beta_density(a, b, z), mul(total, total))
        if k == 2:
            return mul(density, mul(m, n))
        shift = mul(density, mul(n, x) if k == 0 else neg(scaled))
        return add(shift, mul(0.5, beta_slopes(a, b, z)[k]))

    return partial


def _minus(rule: Any) -> Any:
    return lambda *operands: neg(rule(*operands))


fdtr = row("fdtr", sp.fdtr, _fisher(0), _fisher(1), _fisher(2),
    domain=(SHAPE, SHAPE, POSITIVE))  # fmt: skip
fdtrc = row("fdtrc", sp.fdtrc, _minus(_fisher(0)), _minus(_fisher(1)), _minus(_fisher(2)),
    domain=(SHAPE, SHAPE, POSITIVE))  # fmt: skip


def _fisher_inverse(k: int) -> Any:
    def partial(m: Any, n: Any, p: Any, v: Any) -> Any:
        density = _fisher(2)(m, n, v, v)
        return div(1.0, density) if k == 2 else neg(div(_fisher(k)(m, n, v, v), density))

    return partial


fdtri = row("fdtri", sp.fdtri, _fisher_inverse(0), _fisher_inverse(1), _fisher_inverse(2),
    domain=(STEADY, STEADY, MIDDLE))  # fmt: skip


def student_density(n: Any, t: Any) -> Any:
    half = mul(0.5, add(n, 1.0))
    scale = sub(sub(gammaln(half), gammaln(mul(0.5, n))), mul(0.5, ew.log(mul(math.pi, n))))
    return exp(sub(scale, mul(half, log1p(div(mul(t, t), n)))))


@in_double
def student_slope(n: Any, t: Any) -> Any:
    """By n of 1/2 + sign(t)/2 I_w(1/2, n/2) with w = t^2 / (n + t^2); t p'(n) at t = 0, where p is
    the density there."""
    zero = ew.eq(t, 0.0)
    s = where(zero, 1.0, t)
    square = mul(s, s)
    total = add(n, square)
    half = ew.like(0.5, n)
    b, w = mul(0.5, n), div(square, total)
    shift = neg(mul(beta_density(half, b, w), div(square, mul(total, total))))
    slope = add(shift, mul(0.5, beta_slopes(half, b, w)[1]))
    top = sub(sub(psi(add(half, b)), psi(b)), div(1.0, n))
    flat = mul(mul(student_density(n, where(zero, t, 0.0)), mul(0.5, top)), t)
    return where(zero, flat, mul(mul(0.5, ew.sign(s)), slope))


stdtr = row("stdtr", sp.stdtr, lambda n, t, v: student_slope(n, t),
    lambda n, t, v: student_density(n, t), domain=((1.0, 6.0), REAL))  # fmt: skip
stdtrit = row("stdtrit", sp.stdtrit,
    lambda n, p, v: neg(div(student_slope(n, v), student_density(n, v))),
    lambda n, p, v: div(1.0, student_density(n, v)),
    domain=(STEADY, MIDDLE))  # fmt: skip
