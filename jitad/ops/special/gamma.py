"""Ops: the gamma and beta functions, their incomplete forms and inverses, zeta.

Operands x, y or the functions' own a, b, x; result v. Sources: Abramowitz & Stegun, Handbook of
Mathematical Functions, chapters 6 (gamma) and 26.5 (incomplete beta); NIST DLMF, chapters 5, 8,
and 25.11 (Hurwitz's zeta function). Derivatives by the parameters: `special_quadrature`.
"""

from __future__ import annotations

import math
from typing import Any

import scipy.special as sp

from jitad.ir.op import DType
from jitad.ops import elementwise as ew
from jitad.ops.elementwise import add, div, exp, mul, neg, sub, where
from jitad.ops.special.error import xlog1py, xlogy
from jitad.ops.special.quadrature import betainc_slope, gammainc_slope
from jitad.ops.special.rows import Undefined, row
from jitad.ops.special.zeta import DECLARATIONS, ZETA

POSITIVE, REAL = ew.POSITIVE, ew.REAL
SHAPE = (0.3, 5.0)
PROBABILITY = (0.05, 0.95)
MIDDLE = (0.2, 0.8)
STEADY = (1.5, 5.0)
"""Where the quantiles are smooth enough for differences."""

# -- gamma -----------------------------------------------------------------------------------------


def _emit_zeta(w: Any, t: DType, r: DType, s: str, q: str) -> str:
    w.declarations.update(DECLARATIONS)
    return w.defined("jitad_hurwitz_zeta", ZETA, t, s, q)


zeta = row("zeta", lambda s, q: sp.zeta(s, q), Undefined("zeta", "its first argument"),
    lambda s, q, v: neg(mul(s, zeta(add(s, 1.0), q))),
    emit=_emit_zeta, domain=((2.0, 6.0), POSITIVE), cost=150)  # fmt: skip
zetac = row("zetac", sp.zetac, Undefined("zeta", "its first argument"), domain=((2.0, 6.0),))
psi = row("psi", sp.psi, lambda x, v: zeta(ew.like(2.0, x), x),
    domain=(POSITIVE,))  # fmt: skip
gammaln = row("gammaln", sp.gammaln, lambda x, v: psi(x), domain=(POSITIVE,))
loggamma = row("loggamma", sp.loggamma, lambda x, v: psi(x), domain=(POSITIVE,))
gamma = row("gamma", sp.gamma, lambda x, v: mul(v, psi(x)), domain=(POSITIVE,))
gammasgn = row("gammasgn", sp.gammasgn, None, domain=(POSITIVE,))
rgamma = row("rgamma", sp.rgamma, lambda x, v: _rgamma_slope(x, v), domain=((-2.5, 4.0),))


def _rgamma_slope(x: Any, v: Any) -> Any:
    """-psi(x) / Gamma(x); left of 1/2 by the reflection 1 / Gamma(x) = Gamma(1 - x) sin(pi x) / pi,
    so that it is finite where Gamma has poles."""
    left = ew.lt(x, 0.5)
    y = sub(1.0, where(left, x, 0.0))
    angle = mul(math.pi, x)
    turned = sub(ew.cos(angle), mul(psi(y), div(ew.sin(angle), math.pi)))
    return where(left, mul(gamma(y), turned), neg(mul(v, psi(where(left, 1.0, x)))))


beta = row("beta", sp.beta,
    lambda a, b, v: mul(v, sub(psi(a), psi(add(a, b)))),
    lambda a, b, v: mul(v, sub(psi(b), psi(add(a, b)))), domain=(POSITIVE, POSITIVE))  # fmt: skip
betaln = row("betaln", sp.betaln,
    lambda a, b, v: sub(psi(a), psi(add(a, b))),
    lambda a, b, v: sub(psi(b), psi(add(a, b))), domain=(POSITIVE, POSITIVE))  # fmt: skip
poch = row("poch", sp.poch,
    lambda a, m, v: _poch_slope(a, m, v),
    lambda a, m, v: mul(v, psi(add(a, m))), domain=(POSITIVE, POSITIVE))  # fmt: skip
binom = row("binom", sp.binom,
    lambda n, k, v: add(mul(v, psi(add(n, 1.0))), _binom_slope(n, add(sub(n, k), 1.0),
        add(k, 1.0), v)),
    lambda n, k, v: sub(_binom_slope(n, add(k, 1.0), add(sub(n, k), 1.0), v),
        _binom_slope(n, add(sub(n, k), 1.0), add(k, 1.0), v)),
    domain=((5.0, 8.0), (0.1, 4.0)))  # fmt: skip


def _is_pole(x: Any) -> Any:
    return ew.logical_and(ew.le(x, 0.0), ew.eq(x, ew.floor(x)))


def _poch_slope(a: Any, m: Any, v: Any) -> Any:
    """v (psi(a + m) - psi(a)); where 1 / Gamma(a) is 0 by its slope, where Gamma(a + m) is infinite
    as well, by the reflection of both."""
    top = add(a, m)
    pole, both = _is_pole(a), ew.logical_and(_is_pole(a), _is_pole(top))
    plain = sub(psi(where(pole, 1.0, top)), psi(where(pole, 1.0, a)))
    turned = sub(psi(where(both, sub(1.0, top), 1.0)), psi(where(both, sub(1.0, a), 1.0)))
    high = where(both, 1.0, top)
    single = add(mul(v, psi(high)), mul(gamma(high), _rgamma_slope(a, rgamma(a))))
    return where(both, mul(v, turned), where(pole, single, mul(v, plain)))


def _binom_slope(n: Any, x: Any, y: Any, v: Any) -> Any:
    """By x of v = Gamma(n + 1) / (Gamma(x) Gamma(y)): -v psi(x), also where Gamma has poles."""
    pole = ew.logical_or(_is_pole(x), _is_pole(y))
    plain = neg(mul(v, psi(where(pole, 1.0, x))))
    return where(pole, mul(mul(gamma(add(n, 1.0)), rgamma(y)), _rgamma_slope(x, rgamma(x))), plain)


# -- incomplete gamma ------------------------------------------------------------------------------


def gamma_density(a: Any, x: Any) -> Any:
    """d/dx P(a, x) = x^(a - 1) e^-x / Gamma(a)."""
    return exp(sub(sub(xlogy(sub(a, 1.0), x), x), gammaln(a)))


def gamma_slope(a: Any, x: Any) -> Any:
    return gammainc_slope(a, x, psi(a), gammaln(a))


gammainc = row("gammainc", sp.gammainc,
    lambda a, x, v: gamma_slope(a, x), lambda a, x, v: gamma_density(a, x),
    domain=(SHAPE, POSITIVE))  # fmt: skip
gammaincc = row("gammaincc", sp.gammaincc,
    lambda a, x, v: neg(gamma_slope(a, x)), lambda a, x, v: neg(gamma_density(a, x)),
    domain=(SHAPE, POSITIVE))  # fmt: skip
gammaincinv = row("gammaincinv", sp.gammaincinv,
    lambda a, p, v: neg(div(gamma_slope(a, v), gamma_density(a, v))),
    lambda a, p, v: div(1.0, gamma_density(a, v)), domain=(STEADY, MIDDLE))  # fmt: skip
gammainccinv = row("gammainccinv", sp.gammainccinv,
    lambda a, p, v: neg(div(gamma_slope(a, v), gamma_density(a, v))),
    lambda a, p, v: div(-1.0, gamma_density(a, v)), domain=(STEADY, MIDDLE))  # fmt: skip

# -- incomplete beta -------------------------------------------------------------------------------


def beta_density(a: Any, b: Any, x: Any) -> Any:
    """d/dx I_x(a, b) = x^(a - 1) (1 - x)^(b - 1) / B(a, b)."""
    near, far = xlogy(sub(a, 1.0), x), xlog1py(sub(b, 1.0), neg(x))
    return exp(sub(add(near, far), betaln(a, b)))


def _beta_slope(a: Any, b: Any, x: Any) -> Any:
    return betainc_slope(a, b, x, sub(psi(a), psi(add(a, b))), betaln(a, b))


def beta_slopes(a: Any, b: Any, x: Any) -> tuple[Any, Any]:
    """d/da I_x(a, b) and, from I_x(a, b) = 1 - I_(1-x)(b, a), d/db."""
    return _beta_slope(a, b, x), neg(_beta_slope(b, a, sub(1.0, x)))


betainc = row("betainc", sp.betainc,
    lambda a, b, x, v: beta_slopes(a, b, x)[0], lambda a, b, x, v: beta_slopes(a, b, x)[1],
    lambda a, b, x, v: beta_density(a, b, x), domain=(SHAPE, SHAPE, PROBABILITY))  # fmt: skip
betaincc = row("betaincc", sp.betaincc,
    lambda a, b, x, v: neg(beta_slopes(a, b, x)[0]),
    lambda a, b, x, v: neg(beta_slopes(a, b, x)[1]),
    lambda a, b, x, v: neg(beta_density(a, b, x)),
    domain=(SHAPE, SHAPE, PROBABILITY))  # fmt: skip


def _inverse_slope(k: int) -> Any:
    """By the parameters: the implicit function theorem."""
    return lambda a, b, p, v: neg(div(beta_slopes(a, b, v)[k], beta_density(a, b, v)))


betaincinv = row("betaincinv", sp.betaincinv, _inverse_slope(0), _inverse_slope(1),
    lambda a, b, p, v: div(1.0, beta_density(a, b, v)),
    domain=(STEADY, STEADY, MIDDLE))  # fmt: skip
betainccinv = row("betainccinv", sp.betainccinv, _inverse_slope(0), _inverse_slope(1),
    lambda a, b, p, v: div(-1.0, beta_density(a, b, v)),
    domain=(STEADY, STEADY, MIDDLE))  # fmt: skip
