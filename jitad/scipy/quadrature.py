"""Integrals of functions, by adaptive Gauss-Kronrod quadrature that is compiled with the function.

The interval with the largest error is cut in two until the error is small. Where it was cut has no
derivative: the intervals are found first, without any, and the integral is then summed over them.
The ends of the whole interval are reached with slope 0, t = u^2 (3 - 2 u), which tames what grows
there without bound; an infinite interval is that of t = u / (1 - u).

Source: Piessens, de Doncker-Kapenga, Überhuber & Kahaner, QUADPACK, Springer 1983 (QAG, QK21).
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np
import scipy.integrate

from jitad.api import stop_gradient
from jitad.control import fori_loop, vmap, while_loop
from jitad.frontend.active import innermost_trace
from jitad.frontend.operands import lift
from jitad.frontend.traceable import check_functions
from jitad.functions.control.blocks import are_plain, block, current
from jitad.ir.errors import TraceError
from jitad.ir.value import Value

_OUTER = (
    0.995657163025808080735527280689003, 0.930157491355708226001207180059508,
    0.780817726586416897063717578345042, 0.562757134668604683339000099272694,
    0.294392862701460198131126603103866,
)  # fmt: skip
_INNER = (
    0.973906528517171720077964012084452, 0.865063366688984510732096688423493,
    0.679409568299024406234327365114874, 0.433395394129247190799265943165784,
    0.148874338981631210884826001129720,
)  # fmt: skip
_OUTER_WEIGHTS = (
    0.011694638867371874278064396062192, 0.054755896574351996031381300244580,
    0.093125454583697605535065465083366, 0.123491976262065851077958109831074,
    0.142775938577060080797094273138717,
)  # fmt: skip
_INNER_WEIGHTS = (
    0.032558162307964727478818972459390, 0.075039674810919952767043140916190,
    0.109387158802297641899210590325805, 0.134709217311473325928054001771707,
    0.147739104901338491374841515972068,
)  # fmt: skip
_MIDDLE_WEIGHT = 0.149445554002916905664936468389821
_GAUSS = (
    0.066671344308688137593568809893332, 0.149451349150580593145776339657697,
    0.219086362515982043995534934228163, 0.269266719309996355091226921569469,
    0.295524224714752870173892994651338,
)  # fmt: skip

NODES = np.array([*_INNER, *(-x for x in _INNER), *_OUTER, *(-x for x in _OUTER), 0.0])
"""The nodes of Gauss's rule of 10 points in -1 .. 1, then the 11 that Kronrod's adds."""

WEIGHTS = np.array([*_INNER_WEIGHTS * 2, *_OUTER_WEIGHTS * 2, _MIDDLE_WEIGHT])
GAUSS = np.array(_GAUSS * 2)
"""The weights of Kronrod's rule, and of Gauss's."""

MOST = 200
"""Intervals, at most, that a range is cut into."""

Rule = Callable[[Any, Any], tuple[Any, Any]]
"""From both ends of an interval to the integral over it and the estimate of its error."""


class Cut(NamedTuple):
    """Intervals: where they begin and end, the error and the integral over each, their count."""

    begins: Any
    ends: Any
    errors: Any
    integrals: Any
    count: Any


def integral(
    f: Callable[[Any], Any], a: Any, b: Any, tolerances: tuple[float, float], limit: int
) -> tuple[Any, Any]:
    """The integral of f from a to b, and the estimate of its error; f gives a number or an array.

    The tolerances are the absolute and the relative one: the cutting ends where either is met, or
    with so many intervals as `limit` says.
    """
    g = over_units(f, a, b)

    def rule(low: Any, high: Any) -> tuple[Any, Any]:
        half = 0.5 * (high - low)
        values = vmap(g)(0.5 * (low + high) + half * NODES)
        kronrod = half * np.tensordot(WEIGHTS, values, 1)
        gauss = half * np.tensordot(GAUSS, values[: len(GAUSS)], 1)
        spread = half * np.tensordot(WEIGHTS, np.abs(values - kronrod / (2 * half)), 1)
        difference, spread = _norm(kronrod - gauss), _norm(spread)
        is_rough = (difference > 0) & (spread > 0)
        ratio = np.where(is_rough, 200 * difference / np.where(is_rough, spread, 1.0), 1.0)
        return kronrod, np.where(is_rough, spread * np.minimum(1.0, ratio**1.5), difference)

    cut = stop_gradient(_cut(rule, tolerances, min(limit, MOST)))
    nothing = np.zeros(cut.integrals.shape[1:])
    total = fori_loop(0, cut.count, lambda k, s: s + rule(cut.begins[k], cut.ends[k])[0], nothing)
    return total, np.sum(cut.errors)


def _norm(x: Any) -> Any:
    return np.sqrt(np.sum(x**2)) if np.ndim(x) else np.abs(x)


def over_units(f: Callable[[Any], Any], a: Any, b: Any) -> Callable[[Any], Any]:
    """The function whose integral over 0 .. 1 is that of f over a .. b."""
    lower, upper = (_infinity(x) for x in (a, b))
    if lower > 0 or upper < 0:
        opposite = over_units(f, b, a)
        return lambda u: -opposite(u)
    if lower and upper:
        return over_units(lambda t: f(t) + f(-t), 0.0, math.inf)
    if lower:
        return over_units(lambda t: f(b - t), 0.0, math.inf)
    if upper:

        def beyond(u: Any) -> Any:
            rest = 1.0 - u
            return f(a + u / rest) / rest**2

        return beyond

    def within(u: Any) -> Any:
        return f(a + (b - a) * u * u * (3 - 2 * u)) * ((b - a) * 6 * u * (1 - u))

    return within


def _infinity(x: Any) -> int:
    """1 or -1 of infinite ends, 0 of finite ones, as all are that are traced."""
    return 0 if isinstance(x, Value) or math.isfinite(x) else (1 if x > 0 else -1)


def _cut(rule: Rule, tolerances: tuple[float, float], limit: int) -> Cut:
    """Intervals over which the rule's errors are small."""
    value, error = rule(0.0, 1.0)
    places = np.arange(limit)
    row = (limit, *(1 for _ in np.shape(value)))
    is_first = np.reshape(places == 0, row)
    begun = Cut(
        np.zeros(limit),
        np.ones(limit),
        np.where(places == 0, error, 0.0),
        np.where(is_first, value, 0.0),
        1,
    )

    def is_rough(cut: Cut) -> Any:
        size = _norm(np.sum(cut.integrals, axis=0))
        wanted = np.maximum(tolerances[0], tolerances[1] * size)
        return (np.sum(cut.errors) > wanted) & (cut.count < limit)

    def halve(cut: Cut) -> Cut:
        worst = np.argmax(cut.errors)
        low, high = cut.begins[worst], cut.ends[worst]
        middle = 0.5 * (low + high)
        left, right = rule(low, middle), rule(middle, high)

        def put(whole: Any, old: Any, new: Any) -> Any:
            shape = (limit, *(1 for _ in whole.shape[1:]))
            is_old, is_new = (np.reshape(places == k, shape) for k in (worst, cut.count))
            return np.where(is_old, old, np.where(is_new, new, whole))

        return Cut(
            put(cut.begins, low, middle),
            put(cut.ends, middle, high),
            put(cut.errors, left[1], right[1]),
            put(cut.integrals, left[0], right[0]),
            cut.count + 1,
        )

    return while_loop(is_rough, halve, begun)


# -- SciPy's names ---------------------------------------------------------------------------------


def _refuse(name: str, **options: Any) -> None:
    """An error where an option is given."""
    for option, value in options.items():
        if value is not None and value is not False and value != 0:
            raise TraceError(
                f"scipy.integrate.{name}(..., {option}=) of traced values",
                remedy="leave it out: write the weight into the function, cut the range at points",
            )


def _is_plain(f: Callable[..., Any], arguments: tuple[Any, ...]) -> bool:
    """Whether nothing is traced that a function takes or closes over."""
    builder = current()
    captured = block(f, [lift(builder, 0.5)], builder, "t").captured
    return are_plain(captured) and not any(isinstance(x, Value) for x in arguments)


def quad(
    func: Callable[..., Any], a: Any, b: Any, args: Any = (), full_output: int = 0,
    epsabs: float = 1.49e-8, epsrel: float = 1.49e-8, limit: int = 50, points: Any = None,
    weight: Any = None, wvar: Any = None, wopts: Any = None, maxp1: int = 50, limlst: int = 50,
    complex_func: bool = False,
) -> Any:  # fmt: skip
    """As scipy.integrate.quad, of traced values as well: (integral, estimate of its error).

    Args:
        func: the function of one number, and of `args`; it is traced, and may branch and loop.
        a, b: the ends, numbers or traced ones; of infinite ones numbers.
        args: further arguments, a tuple.
        epsabs, epsrel: the absolute and the relative error that is allowed.
        limit: how many intervals the range is cut into, at most, up to 200.
        others: not of traced values.

    Derivatives of every order by a, b, args and what func closes over are sums over the same nodes.

    Source: Piessens et al., QUADPACK, Springer 1983.

    >>> import numpy as np, jitad
    >>> def area(c):
    ...     return jitad.scipy.integrate.quad(lambda t: np.exp(-c * t), 0, np.inf)[0]
    >>> jitad.grad(area)(2.0).round(9)
    np.float64(-0.25)
    """
    given = args if isinstance(args, tuple) else (args,)
    if innermost_trace() is None or _is_plain(lambda t: func(t, *given), (a, b, *given)):
        return scipy.integrate.quad(
            func, a, b, args, full_output, epsabs, epsrel, limit, points, weight, wvar, wopts,
            maxp1, limlst, complex_func,
        )  # fmt: skip
    check_functions(func)
    refused = {"full_output": full_output, "points": points, "weight": weight}
    _refuse("quad", **refused, complex_func=complex_func)
    return integral(lambda t: func(t, *given), a, b, (epsabs, epsrel), limit)


def quad_vec(
    f: Callable[..., Any], a: Any, b: Any, epsabs: float = 1e-200, epsrel: float = 1e-8,
    norm: str = "2", cache_size: float = 100e6, limit: int = 10000, workers: Any = 1,
    points: Any = None, quadrature: Any = None, full_output: bool = False, *, args: Any = (),
) -> Any:  # fmt: skip
    """As scipy.integrate.quad_vec, of traced values as well: func gives an array.

    Arguments as of `quad`; errors are measured by the 2-norm.
    """
    if innermost_trace() is None or _is_plain(lambda t: f(t, *args), (a, b, *args)):
        more = {"args": args} if args else {}
        return scipy.integrate.quad_vec(
            f, a, b, epsabs, epsrel, norm, cache_size, limit, workers, points, quadrature,
            full_output, **more,
        )  # fmt: skip
    check_functions(f)
    _refuse("quad_vec", points=points, full_output=full_output)
    return integral(lambda t: f(t, *args), a, b, (epsabs, epsrel), limit)


def dblquad(
    func: Callable[..., Any], a: Any, b: Any, gfun: Any, hfun: Any, args: Any = (),
    epsabs: float = 1.49e-8, epsrel: float = 1.49e-8,
) -> Any:  # fmt: skip
    """As scipy.integrate.dblquad, of traced values as well: func(y, x, *args) over x in a .. b and
    y in gfun(x) .. hfun(x), which are functions or numbers."""
    if innermost_trace() is None:
        return scipy.integrate.dblquad(func, a, b, gfun, hfun, args, epsabs, epsrel)

    def line(x: Any) -> Any:
        low, high = (end(x) if callable(end) else end for end in (gfun, hfun))
        return integral(lambda y: func(y, x, *args), low, high, (epsabs, epsrel), 50)[0]

    return integral(line, a, b, (epsabs, epsrel), 50)


def nquad(
    func: Callable[..., Any], ranges: Any, args: Any = (), opts: Any = None,
    full_output: bool = False,
) -> Any:  # fmt: skip
    """As scipy.integrate.nquad, of traced values as well: func(x0, x1, ..., *args), the first
    argument innermost; a range is a pair, or a function of the variables outside of it."""
    if innermost_trace() is None:
        return scipy.integrate.nquad(func, ranges, args, opts, full_output)
    _refuse("nquad", opts=opts, full_output=full_output)

    def over(k: int, *outer: Any) -> Any:
        span = ranges[k](*outer, *args) if callable(ranges[k]) else ranges[k]

        def inner(x: Any) -> Any:
            return func(x, *outer, *args) if k == 0 else over(k - 1, x, *outer)[0]

        low, high = span
        return integral(inner, low, high, (1.49e-8, 1.49e-8), 50)

    return over(len(ranges) - 1)
