"""Ops: Bessel and Airy functions, hypergeometric functions.

Operands: order n and argument x, or parameters and argument; result v. Sources: Abramowitz &
Stegun, Handbook of Mathematical Functions, chapters 9 (Bessel), 10.4 (Airy), 13 and 15
(hypergeometric).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import scipy.special as sp

from jitad.ops import elementwise as ew
from jitad.ops.elementwise import add, div, mul, neg, sub
from jitad.ops.special.rows import WHOLE, Undefined, call, results, row

POSITIVE, REAL, UNIT = ew.POSITIVE, ew.REAL, ew.UNIT
DISTANT = (0.5, 6.0)

# -- Bessel functions: every derivative by the argument is a sum of neighbouring orders ------------


def _neighbours(family: Callable[[], Any], lower: float, upper: float) -> Any:
    """(lower f_(n-1) + upper f_(n+1)) / 2."""

    def partial(n: Any, x: Any, v: Any) -> Any:
        below, above = family()(sub(n, 1.0), x), family()(add(n, 1.0), x)
        return add(mul(lower / 2, below), mul(upper / 2, above))

    return partial


def _scaled(rule: Any, sign: Callable[[Any], Any]) -> Any:
    """The partial of e^(s x) f(x), s = sign(x), from that of f, which scales along."""
    return lambda n, x, v: add(rule(n, x, v), mul(sign(x), v))


def _order(name: str) -> Undefined:
    return Undefined(name, "the order")


def _falling(x: Any) -> Any:
    return neg(ew.sign(x))


def _rising(x: Any) -> Any:
    return ew.like(1.0, x)


jv = row("jv", sp.jv, _order("jv"), _neighbours(lambda: jv, 1, -1), domain=(WHOLE, DISTANT))
jve = row("jve", sp.jve, _order("jve"), _neighbours(lambda: jve, 1, -1), domain=(WHOLE, DISTANT))
yv = row("yv", sp.yv, _order("yv"), _neighbours(lambda: yv, 1, -1), domain=(WHOLE, DISTANT))
yve = row("yve", sp.yve, _order("yve"), _neighbours(lambda: yve, 1, -1), domain=(WHOLE, DISTANT))
yn = row(
    "yn",
    sp.yn,
    _order("yn"),
    _neighbours(lambda: yv, 1, -1),
    domain=(WHOLE, DISTANT),
    emit=call("yn", whole=True),
)
iv = row("iv", sp.iv, _order("iv"), _neighbours(lambda: iv, 1, 1), domain=(WHOLE, REAL))
ive = row("ive", sp.ive, _order("ive"), _scaled(_neighbours(lambda: ive, 1, 1), _falling),
    domain=(WHOLE, DISTANT))  # fmt: skip
kv = row("kv", sp.kv, _order("kv"), _neighbours(lambda: kv, -1, -1), domain=(WHOLE, DISTANT))
kve = row("kve", sp.kve, _order("kve"), _scaled(_neighbours(lambda: kve, -1, -1), _rising),
    domain=(WHOLE, DISTANT))  # fmt: skip
kn = row(
    "kn",
    sp.kn,
    _order("kn"),
    _neighbours(lambda: kv, -1, -1),
    domain=(WHOLE, DISTANT),
    emit=call("kn", whole=True),
)

j0 = row("j0", sp.j0, lambda x, v: neg(j1(x)))
j1 = row("j1", sp.j1, lambda x, v: mul(0.5, sub(j0(x), jv(ew.like(2.0, x), x))))
y0 = row("y0", sp.y0, lambda x, v: neg(y1(x)), domain=(DISTANT,))
y1 = row("y1", sp.y1, lambda x, v: mul(0.5, sub(y0(x), yv(ew.like(2.0, x), x))), domain=(DISTANT,))
i0 = row("i0", sp.i0, lambda x, v: i1(x))
i1 = row("i1", sp.i1, lambda x, v: mul(0.5, add(i0(x), iv(ew.like(2.0, x), x))))
i0e = row("i0e", sp.i0e, lambda x, v: sub(i1e(x), mul(ew.sign(x), v)), domain=(DISTANT,))
i1e = row("i1e", sp.i1e,
    lambda x, v: sub(mul(0.5, add(i0e(x), ive(ew.like(2.0, x), x))), mul(ew.sign(x), v)),
    domain=(DISTANT,))  # fmt: skip
k0 = row("k0", sp.k0, lambda x, v: neg(k1(x)), domain=(DISTANT,))
k1 = row("k1", sp.k1, lambda x, v: mul(-0.5, add(k0(x), kv(ew.like(2.0, x), x))), domain=(DISTANT,))
k0e = row("k0e", sp.k0e, lambda x, v: sub(v, k1e(x)), domain=(DISTANT,))
k1e = row("k1e", sp.k1e, lambda x, v: sub(v, mul(0.5, add(k0e(x), kve(ew.like(2.0, x), x)))),
    domain=(DISTANT,))  # fmt: skip


AIRY = results(
    "airy",
    lambda x, v: AIRY[1](x),
    lambda x, v: mul(x, AIRY[0](x)),
    lambda x, v: AIRY[3](x),
    lambda x, v: mul(x, AIRY[2](x)),
)
"""Ai, its derivative, Bi, its derivative."""

# -- hypergeometric functions: in the argument -----------------------------------------------------


def _parameter(name: str) -> Undefined:
    return Undefined(name, "a parameter")


def _series(a: Any, slope: Any) -> Any:
    """The slope, and 0 where the series ends with its first term."""
    return ew.where(ew.eq(a, 0.0), 0.0, slope)


hyp0f1 = row("hyp0f1", sp.hyp0f1, _parameter("hyp0f1"),
    lambda b, x, v: div(hyp0f1(add(b, 1.0), x), b), domain=((1.0, 4.0), REAL))  # fmt: skip
hyp1f1 = row("hyp1f1", sp.hyp1f1, _parameter("hyp1f1"), _parameter("hyp1f1"),
    lambda a, b, x, v: _series(a, mul(div(a, b), hyp1f1(add(a, 1.0), add(b, 1.0), x))),
    domain=((1.0, 4.0), (1.0, 4.0), REAL))  # fmt: skip
hyp2f1 = row("hyp2f1", sp.hyp2f1, *[_parameter("hyp2f1")] * 3,
    lambda a, b, c, x, v: _series(mul(a, b), mul(div(mul(a, b), c),
        hyp2f1(add(a, 1.0), add(b, 1.0), add(c, 1.0), x))),
    domain=((1.0, 4.0), (1.0, 4.0), (1.0, 4.0), (-0.8, 0.6)))  # fmt: skip
hyperu = row("hyperu", sp.hyperu, _parameter("hyperu"), _parameter("hyperu"),
    lambda a, b, x, v: neg(mul(a, hyperu(add(a, 1.0), add(b, 1.0), x))),
    domain=((1.0, 4.0), (1.0, 4.0), DISTANT))  # fmt: skip
