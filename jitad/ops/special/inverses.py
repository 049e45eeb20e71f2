"""Ops: inverses of distribution functions by each of their parameters, and further distributions.

Where F(a, b, ...) = p defines one of them, its derivatives are those of the implicit function:
1 / F_a by p, and -F_b / F_a by another. Sources: Abramowitz & Stegun, Handbook of Mathematical
Functions, chapter 26; Marsaglia, Tsang & Wang, Journal of Statistical Software 8:18 (2003).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import scipy.special as sp

from jitad.ops import elementwise as ew
from jitad.ops.elementwise import add, div, exp, log, mul, neg, sub, where
from jitad.ops.special import statistics as known
from jitad.ops.special.bessel import hyp0f1
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
)
from jitad.ops.special.rows import WHOLE, Undefined, call, near_zero, of_whole, row

POSITIVE, REAL = ew.POSITIVE, ew.REAL

Slopes = tuple[Callable[..., Any], ...]


def inverse(name: str, slopes: Slopes, order: str, domain: Any) -> Any:
    """The row of an inverse of F, of which `slopes` are the partials by its arguments.

    `order` has a letter for each operand: p for the probability, a digit for an argument of F; the
    digit that lacks is the result's.
    """
    places = [None if c == "p" else int(c) for c in order]
    found = next(k for k in range(len(slopes)) if k not in places)

    def partial(j: int) -> Any:
        def rule(*operands: Any) -> Any:
            *given, v = operands
            point: list[Any] = [v] * len(slopes)
            for k, x in zip(places, given, strict=True):
                if k is not None:
                    point[k] = x
            by_result = slopes[found](*point)
            k = places[j]
            return div(1.0, by_result) if k is None else neg(div(slopes[k](*point), by_result))

        return rule

    partials = [partial(j) for j in range(len(order))]
    return row(name, getattr(sp, name), *partials, domain=domain)


GAMMA: Slopes = (
    lambda a, b, x: mul(x, gamma_density(b, mul(a, x))),
    lambda a, b, x: gamma_slope(b, mul(a, x)),
    lambda a, b, x: mul(a, gamma_density(b, mul(a, x))),
)
BETA: Slopes = (
    lambda a, b, x: beta_slopes(a, b, x)[0],
    lambda a, b, x: beta_slopes(a, b, x)[1],
    lambda a, b, x: beta_density(a, b, x),
)
CHI: Slopes = (known.chi_slope, known.chi_density)
gdtria = inverse("gdtria", GAMMA, "p12", (MIDDLE, STEADY, STEADY))
gdtrib = inverse("gdtrib", GAMMA, "0p2", (STEADY, MIDDLE, STEADY))
gdtrix = inverse("gdtrix", GAMMA, "01p", (STEADY, STEADY, MIDDLE))
btdtria = inverse("btdtria", BETA, "p12", (MIDDLE, STEADY, MIDDLE))
btdtrib = inverse("btdtrib", BETA, "0p2", (STEADY, MIDDLE, MIDDLE))
chdtriv = inverse("chdtriv", CHI, "p1", (MIDDLE, STEADY))


def _count(name: str, whole: tuple[int, ...], *partials: Any, domain: Any) -> Any:
    """An inverse by the probability, where others of the operands are whole numbers."""
    ufunc = getattr(sp, name)
    return row(name, of_whole(ufunc, *whole), *partials, domain=domain, ufunc=ufunc,
        emit=call(name, whole=True))  # fmt: skip


def _number(name: str) -> Undefined:
    return Undefined(name, "a count")


pdtri = _count("pdtri", (0,), _number("pdtri"),
    lambda k, p, v: div(-1.0, gamma_density(add(k, 1.0), v)), domain=(WHOLE, MIDDLE))  # fmt: skip
bdtri = _count("bdtri", (1,), _number("bdtri"), _number("bdtri"),
    lambda k, n, p, v: div(-1.0, known.binomial_density(k, n, v)),
    domain=(WHOLE, (5.0, 9.0), MIDDLE))  # fmt: skip
nbdtri = _count("nbdtri", (0, 1), _number("nbdtri"), _number("nbdtri"),
    lambda k, n, p, v: div(1.0, beta_density(n, add(k, 1.0), v)),
    domain=(WHOLE, (1.0, 9.0), MIDDLE))  # fmt: skip

# -- the normal distribution by its mean and deviation, at x with Phi((x - m) / s) = p -------------


def _normal(m: Any, s: Any, x: Any) -> Any:
    """The density of the standard normal distribution at z."""
    z = div(sub(x, m), s)
    return mul(1 / math.sqrt(2 * math.pi), exp(mul(-0.5, mul(z, z))))


NORMAL: Slopes = (
    lambda m, s, x: neg(div(_normal(m, s, x), s)),
    lambda m, s, x: neg(div(mul(sub(x, m), _normal(m, s, x)), mul(s, s))),
    lambda m, s, x: div(_normal(m, s, x), s),
)
nrdtrimn = inverse("nrdtrimn", NORMAL, "p12", (PROBABILITY, SHAPE, REAL))

# -- the noncentral chi-square distribution --------------------------------------------------------


def _noncentral_density(x: Any, k: Any, nc: Any) -> Any:
    half = mul(0.5, k)
    size = sub(mul(sub(half, 1.0), log(x)), add(mul(0.5, add(x, nc)), gammaln(half)))
    whole = hyp0f1(half, mul(0.25, mul(nc, x)))
    return mul(exp(sub(size, mul(math.log(2), half))), whole)


def _by_noncentrality(x: Any, k: Any, nc: Any) -> Any:
    return mul(0.5, sub(chndtr(x, add(k, 2.0), nc), chndtr(x, k, nc)))


_FREEDOM = "the degrees of freedom"
chndtr = row("chndtr", sp.chndtr, lambda x, k, nc, v: _noncentral_density(x, k, nc),
    Undefined("chndtr", _FREEDOM), lambda x, k, nc, v: _by_noncentrality(x, k, nc),
    domain=(POSITIVE, (1.0, 4.0), POSITIVE))  # fmt: skip
chndtrix = row("chndtrix", sp.chndtrix,
    lambda p, k, nc, v: div(1.0, _noncentral_density(v, k, nc)), Undefined("chndtrix", _FREEDOM),
    lambda p, k, nc, v: neg(div(_by_noncentrality(v, k, nc), _noncentral_density(v, k, nc))),
    domain=(MIDDLE, (2.0, 5.0), STEADY))  # fmt: skip

# -- Kolmogorov's limit distribution ---------------------------------------------------------------


def _kolmogorov_slope(x: Any) -> Any:
    """By the series that converges there; 0 for x <= 0."""
    low, none = ew.lt(x, 1.0), ew.le(x, 0.05)
    s, t = where(low, where(none, 1.0, x), 1.0), where(low, 1.0, x)
    square = mul(s, s)
    near: Any = 0.0
    for k in (1, 3, 5, 7):
        c = (k * math.pi) ** 2 / 8
        weight = sub(div(2 * c, mul(square, square)), div(1.0, square))
        near = add(near, mul(weight, exp(div(-c, square))))
    far: Any = 0.0
    for k in range(1, 6):
        far = add(far, mul((-1.0) ** k * k * k, exp(mul(-2.0 * k * k, mul(t, t)))))
    inner = where(low, mul(-math.sqrt(2 * math.pi), near), mul(mul(8.0, t), far))
    return where(none, 0.0, inner)


kolmogorov = row("kolmogorov", sp.kolmogorov, lambda x, v: _kolmogorov_slope(x),
    domain=((0.3, 2.5),), seams=((0.99,), (1.0,), (1.01,)))  # fmt: skip
kolmogi = row("kolmogi", sp.kolmogi, lambda p, v: div(1.0, _kolmogorov_slope(v)),
    domain=(MIDDLE,))  # fmt: skip

# -- Tukey's lambda, whose quantiles are (p^a - (1 - p)^a) / a -------------------------------------


def _tukey_rest(a: Any, p: Any) -> Any:
    """d/da of p^a / a, less its pole: log(p)^2 (y e^y - e^y + 1) / y^2 with y = a log(p)."""
    size = log(p)
    series = [1 / (math.factorial(k) * (k + 2)) for k in range(18)]
    shape = near_zero(mul(a, size), 0.6, lambda y: ew.horner(y, series),
        lambda y: div(add(mul(sub(y, 1.0), exp(y)), 1.0), mul(y, y)))  # fmt: skip
    return mul(mul(size, size), shape)


def _tukey(k: int) -> Any:
    def partial(x: Any, a: Any, v: Any) -> Any:
        outside = ew.logical_or(ew.le(v, 0.0), ew.ge(v, 1.0))
        p = where(outside, 0.5, v)
        q = sub(1.0, p)
        slope = add(exp(mul(sub(a, 1.0), log(p))), exp(mul(sub(a, 1.0), log(q))))
        top = sub(_tukey_rest(a, q), _tukey_rest(a, p)) if k else 1.0
        return where(outside, 0.0, div(top, slope))

    return partial


tklmbda = row("tklmbda", sp.tklmbda, _tukey(0), _tukey(1), domain=((-0.7, 0.7), (0.4, 1.2)))
