"""Random compositions of elementwise functions at seams, against series in high precision.

A program is an expression of x and y, as nested tuples, a point, and the modes by which it is
differentiated. The points are zeros, ones, whole numbers, equal numbers, tiny and large ones. The
oracle computes with power series in x and y, truncated after the third order, in 30 digits. Where
an operation is not analytic at its operand the program says nothing.
"""

from __future__ import annotations

import math
import warnings
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import mpmath as mp
import numpy as np

import jitad
from jitad.ir.builder import evaluate
from jitad.scipy import special
from tests.differences import nested
from tests.fuzz.fuzzer import Fuzzer, register

ORDER = 3
DIGITS = 30
POINTS = (0.0, 0.0, 0.0, 1.0, 1.0, -1.0, 2.0, 0.5, -0.5, 3.0, -2.0, 1e-9, -1e-5, 1e-30, 20.0)
CONSTANTS = (0.0, 1.0, -1.0, 2.0, 0.5, 3.0)
LARGE = 1e4
"""Beyond it a program is left: its own rounding would decide."""
MOST = 12
"""Operations of a program: the few that had more took most of the time."""

INDICES = (
    (),
    (0,),
    (1,),
    (0, 0),
    (0, 1),
    (1, 0),
    (1, 1),
    (0, 0, 0),
    (0, 0, 1),
    (0, 1, 1),
    (1, 1, 1),
)


class NotAnalytic(Exception):
    """A function has no power series where a program asks for it."""


# -- series ----------------------------------------------------------------------------------------

Series = dict[tuple[int, int], Any]
"""The coefficients of x^i y^j, i + j <= 3, about the point; those left out are 0."""


def times(u: Series, v: Series) -> Series:
    product: Series = {}
    for (i, j), a in u.items():
        for (k, n), b in v.items():
            if i + j + k + n <= ORDER:
                product[i + k, j + n] = product.get((i + k, j + n), 0) + a * b
    return product


def plus(u: Series, v: Series, sign: int = 1) -> Series:
    return {k: u.get(k, 0) + sign * v.get(k, 0) for k in {**u, **v}}


def at(u: Series) -> Any:
    """The value at the point."""
    return u.get((0, 0), mp.mpf(0))


def composed(coefficients: list[Any], u: Series) -> Series:
    """sum c_k (u - u_0)^k."""
    step = {k: a for k, a in u.items() if k != (0, 0)}
    total: Series = {(0, 0): coefficients[-1]}
    for c in reversed(coefficients[:-1]):
        total = plus(times(total, step), {(0, 0): c})
    return total


def of(f: Callable[[Any], Any], inside: Callable[[Any], bool] = lambda a: True) -> Any:
    """An analytic function of series; `inside` says where it is analytic."""

    def series(u: Series) -> Series:
        a = at(u)
        if not inside(a) or abs(a) > 50:
            raise NotAnalytic
        return composed([mp.re(c) for c in mp.taylor(f, a, ORDER)], u)

    return series


log = of(mp.log, lambda a: a > 1e-3)
exp = of(mp.exp)
root = of(mp.sqrt, lambda a: a > 1e-3)
inverse = of(lambda z: 1 / z, lambda a: abs(a) > 1e-2)


def whole(n: int) -> Any:
    def series(u: Series) -> Series:
        total: Series = {(0, 0): mp.mpf(1)}
        for _ in range(abs(n)):
            total = times(total, u)
        return total if n >= 0 else inverse(total)

    return series


def power(u: Series, v: Series) -> Series:
    return exp(times(v, log(u)))


def arctan2(u: Series, v: Series) -> Series:
    a, b = at(u), at(v)
    if abs(b) >= abs(a):
        if b < 0 and a == 0:
            raise NotAnalytic
        turned = of(mp.atan)(times(u, inverse(v)))
    else:
        turned = of(lambda z: -mp.atan(z))(times(v, inverse(u)))
    return {**turned, (0, 0): mp.atan2(a, b)}


def size(u: Series) -> Series:
    if at(u) == 0:
        raise NotAnalytic
    return u if at(u) > 0 else plus({}, u, -1)


# -- operations: what jitad is given, what the oracle does -----------------------------------------


class Operation(NamedTuple):
    arity: int
    ours: Callable[..., Any]
    series: Callable[..., Series]


def _positive(a: Any) -> bool:
    return a > 1e-3


def _unit(a: Any) -> bool:
    return abs(a) < 0.99


def _quotient(f: Callable[[Any], Any], limit: float) -> Callable[[Any], Any]:
    return lambda z: mp.mpf(limit) if z == 0 else f(z)


OPERATIONS: dict[str, Operation] = {
    "add": Operation(2, np.add, plus),
    "sub": Operation(2, np.subtract, lambda u, v: plus(u, v, -1)),
    "mul": Operation(2, np.multiply, times),
    "div": Operation(2, np.true_divide, lambda u, v: times(u, inverse(v))),
    "pow": Operation(2, np.power, power),
    "logaddexp": Operation(2, np.logaddexp, lambda u, v: log(plus(exp(u), exp(v)))),
    "logaddexp2": Operation(2, np.logaddexp2, lambda u, v: times(
        log(plus(*(of(lambda z: mp.mpf(2) ** z)(w) for w in (u, v)))),
        {(0, 0): 1 / mp.log(2)},
    )),
    "logsumexp": Operation(2, lambda u, v: special.logsumexp(np.stack([u, v])),
        lambda u, v: log(plus(exp(u), exp(v)))),
    "hypot": Operation(2, np.hypot, lambda u, v: root(plus(times(u, u), times(v, v)))),
    "arctan2": Operation(2, np.arctan2, arctan2),
    "xlogy": Operation(2, special.xlogy, lambda u, v: times(u, log(v))),
    "xlog1py": Operation(2, special.xlog1py,
        lambda u, v: times(u, log(plus(v, {(0, 0): mp.mpf(1)})))),
    "prod": Operation(2, lambda u, v: np.prod(np.stack([u, v, u])),
        lambda u, v: times(times(u, v), u)),
    "cumprod": Operation(2, lambda u, v: np.sum(np.cumprod(np.stack([u, v, v]))),
        lambda u, v: plus(u, plus(times(u, v), times(times(u, v), v)))),
    "abs": Operation(1, np.abs, size),
    "neg": Operation(1, np.negative, lambda u: plus({}, u, -1)),
    "square": Operation(1, np.square, whole(2)),
    "cube": Operation(1, lambda u: u**3, whole(3)),
    "zeroth": Operation(1, lambda u: u**0.0, whole(0)),
    "first": Operation(1, lambda u: np.power(u, np.array(1)), whole(1)),
    "second": Operation(1, lambda u: np.power(u, np.array(2.0)), whole(2)),
    "third": Operation(1, lambda u: np.power(u, np.array(3)), whole(3)),
    "inverse": Operation(1, np.reciprocal, inverse),
    "inverse_square": Operation(1, lambda u: u**-2, whole(-2)),
    "sqrt": Operation(1, np.sqrt, root),
    "cbrt": Operation(1, np.cbrt, of(mp.cbrt, _positive)),
    "exp": Operation(1, np.exp, exp),
    "exp2": Operation(1, np.exp2, of(lambda z: mp.mpf(2) ** z)),
    "expm1": Operation(1, np.expm1, of(mp.expm1)),
    "log": Operation(1, np.log, log),
    "log1p": Operation(1, np.log1p, of(lambda z: mp.log(1 + z), lambda a: a > -0.99)),
    "sin": Operation(1, np.sin, of(mp.sin)),
    "cos": Operation(1, np.cos, of(mp.cos)),
    "tan": Operation(1, np.tan, of(mp.tan, lambda a: abs(mp.cos(a)) > 0.05)),
    "sinh": Operation(1, np.sinh, of(mp.sinh)),
    "cosh": Operation(1, np.cosh, of(mp.cosh)),
    "tanh": Operation(1, np.tanh, of(mp.tanh)),
    "arcsin": Operation(1, np.arcsin, of(mp.asin, _unit)),
    "arccos": Operation(1, np.arccos, of(mp.acos, _unit)),
    "arctan": Operation(1, np.arctan, of(mp.atan)),
    "arcsinh": Operation(1, np.arcsinh, of(mp.asinh)),
    "arccosh": Operation(1, np.arccosh, of(mp.acosh, lambda a: a > 1.01)),
    "arctanh": Operation(1, np.arctanh, of(mp.atanh, _unit)),
    "sinc": Operation(1, np.sinc, of(mp.sincpi)),
    "i0": Operation(1, np.i0, of(lambda z: mp.besseli(0, z), lambda a: abs(a) < 8)),
    "softplus": Operation(1, lambda u: np.logaddexp(0.0, u), of(lambda z: mp.log(1 + mp.exp(z)))),
    "stable_softplus": Operation(
        1, lambda u: np.maximum(u, 0.0) + np.log1p(np.exp(-np.abs(u))),
        of(lambda z: mp.log(1 + mp.exp(z)))),
    "stable_logaddexp": Operation(
        2, lambda u, v: np.maximum(u, v) + np.log1p(np.exp(-np.abs(u - v))),
        lambda u, v: log(plus(exp(u), exp(v)))),
    "expit": Operation(1, special.expit, of(lambda z: 1 / (1 + mp.exp(-z)))),
    "log_expit": Operation(1, special.log_expit, of(lambda z: -mp.log(1 + mp.exp(-z)))),
    "erf": Operation(1, special.erf, of(mp.erf, lambda a: abs(a) < 5)),
    "ndtr": Operation(1, special.ndtr, of(mp.ncdf, lambda a: abs(a) < 5)),
    "log_ndtr": Operation(1, special.log_ndtr, of(lambda z: mp.log(mp.ncdf(z)),
        lambda a: abs(a) < 5)),
    "exprel": Operation(1, special.exprel, of(_quotient(lambda z: mp.expm1(z) / z, 1))),
    "gammaln": Operation(1, special.gammaln, of(mp.loggamma, lambda a: a > 0.1)),
    "rgamma": Operation(1, special.rgamma, of(mp.rgamma, lambda a: abs(a) < 5)),
    "j0": Operation(1, special.j0, of(lambda z: mp.besselj(0, z), lambda a: abs(a) < 8)),
    "j1": Operation(1, special.j1, of(lambda z: mp.besselj(1, z), lambda a: abs(a) < 8)),
}  # fmt: skip

SIZES: dict[str, Callable[[Any, Any], Any]] = {
    "norm": lambda u, v: np.linalg.norm(np.stack([u, v])),
    "hypot": np.hypot,
    "root": lambda u, v: np.sqrt(u**2 + v**2),
    "dot": lambda u, v: np.sqrt(np.stack([u, v]) @ np.stack([u, v])),
    "modulus": lambda u, v: np.abs(u + 1j * v),
    "form": lambda u, v: np.sqrt(np.stack([u, v]) @ np.eye(2) @ np.stack([u, v])),
    "sizes": lambda u, v: np.hypot(np.abs(u), np.abs(v)),
    "clipped": lambda u, v: np.sqrt(np.maximum(u * u + v * v, 0.0)),
}
"""Square roots of u^2 + v^2."""


def _matern(s: Any) -> Any:
    r = mp.sqrt(5 * s)
    return (1 + r + r * r / 3) * mp.exp(-r)


EVEN: dict[str, tuple[Callable[[Any], Any], Callable[[Any], Any]]] = {
    "square": (lambda r: r**2, lambda s: s),
    "product": (lambda r: (2 * r) * r, lambda s: 2 * s),
    "fourth": (lambda r: r**4, lambda s: s * s),
    "cos": (np.cos, lambda s: mp.cos(mp.sqrt(s))),
    "cosh": (np.cosh, lambda s: mp.cosh(mp.sqrt(s))),
    "bell": (lambda r: np.exp(-(r**2)), lambda s: mp.exp(-s)),
    "rational": (lambda r: 1 / (1 + r * r), lambda s: 1 / (1 + s)),
    "matern": (
        lambda r: (1 + math.sqrt(5) * r + 5 / 3 * r**2) * np.exp(-math.sqrt(5) * r),
        _matern,
    ),
}  # fmt: skip
"""Even functions of a size r, and what they are of s = r^2."""


def even(name: str, u: Series, v: Series) -> Series:
    s = plus(times(u, u), times(v, v))
    if 0 < at(s) < 1e-3:
        raise NotAnalytic  # so it is, but next to the origin sizes have few digits
    if name == "matern" and at(s) < 1e-3:
        return composed([mp.mpf(1), -mp.mpf(5) / 6], s)  # beyond, terms of the fourth order
    return of(EVEN[name][1])(s)


# -- programs --------------------------------------------------------------------------------------

Expression = Any
"""("x",), ("y",), ("c", number), (operation, operands...) or ("even", function, size, u, v)."""


def make(rng: np.random.Generator) -> Any:
    depth = int(rng.integers(2, 5))
    point = (float(rng.choice(POINTS)), float(rng.choice(POINTS)))
    if rng.random() < 0.2:
        point = (point[0], point[0])
    modes = "".join(rng.choice(["f", "r"], ORDER))
    f = _expression(rng, depth)
    while _operations(f) > MOST:
        f = max(_parts(f), key=_operations)
    return {"f": f, "at": point, "modes": modes,
            "compiled": bool(rng.random() < 0.05)}  # fmt: skip


def _expression(rng: np.random.Generator, depth: int) -> Expression:
    if depth == 0:
        if rng.random() < 0.15:
            return ("c", float(rng.choice(CONSTANTS)))
        return (str(rng.choice(["x", "y"])),)
    if rng.random() < 0.15:
        names = (str(rng.choice(list(EVEN))), str(rng.choice(list(SIZES))))
        return ("even", *names, _expression(rng, depth - 1), _expression(rng, depth - 1))
    name = str(rng.choice(list(OPERATIONS)))
    below = [_expression(rng, int(rng.integers(0, depth))) for _ in range(OPERATIONS[name].arity)]
    return (name, *below)


def _operations(f: Expression) -> int:
    return (4 if f[0] == "even" else 1) + sum(map(_operations, _parts(f)))


def run(f: Expression, x: Any, y: Any) -> Any:
    """The expression of two numbers, traced or not."""
    if f[0] in ("x", "y"):
        return x if f[0] == "x" else y
    if f[0] == "c":
        return np.float64(f[1])
    if f[0] == "even":
        return EVEN[f[1]][0](SIZES[f[2]](run(f[3], x, y), run(f[4], x, y)))
    return OPERATIONS[f[0]].ours(*(run(g, x, y) for g in f[1:]))


def expand(f: Expression, point: tuple[float, float], found: list[float]) -> Series:
    """The expression's series; the sizes of all coefficients on the way go into `found`."""
    if f[0] in ("x", "y"):
        k = "xy".index(f[0])
        series: Series = {(0, 0): mp.mpf(point[k]), (1 - k, k): mp.mpf(1)}
    elif f[0] == "c":
        series = {(0, 0): mp.mpf(f[1])}
    elif f[0] == "even":
        series = even(f[1], *(expand(g, point, found) for g in f[3:]))
    else:
        series = OPERATIONS[f[0]].series(*(expand(g, point, found) for g in f[1:]))
    if not all(mp.isfinite(a) for a in series.values()):
        raise NotAnalytic
    found.append(max(float(abs(a)) for a in series.values()))
    return series


def check(program: Any) -> str:
    f, point, found = program["f"], program["at"], [1.0]
    with mp.workdps(DIGITS):
        try:
            series = expand(f, point, found)
        except (NotAnalytic, ValueError, ZeroDivisionError):
            return ""
        right = [
            float(series.get((i.count(0), i.count(1)), 0)
                  * mp.factorial(i.count(0)) * mp.factorial(i.count(1)))
            for i in INDICES
        ]  # fmt: skip
    if max(found) > LARGE:
        return ""
    got = _derivatives(program)
    limit = 1e-8 * max(found)
    wrong = [
        f"d{index}: {a!r}, right is {b!r}"
        for index, a, b in zip(INDICES, got, right, strict=True)
        if not abs(a - b) <= limit
    ]
    return "; ".join(wrong)


def _derivatives(program: Any) -> list[float]:
    modes = program["modes"]

    def f(x: Any, y: Any) -> Any:
        return run(program["f"], x, y)

    def every(x: Any, y: Any) -> Any:
        return [nested(f, index, modes)(x, y) for index in INDICES]

    point = [np.float64(a) for a in program["at"]]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if program["compiled"]:
            return [float(a) for a in jitad.jit(every)(*point)]
        traced = jitad.trace(every, *point)
        return [float(a) for a in evaluate(traced.tape, [*point, *traced.plan.captured])]


def smaller(program: Any) -> Iterable[Any]:
    """With a part of the expression in the place of the whole, or a leaf for a part."""
    f = program["f"]
    for g in _parts(f):
        yield {**program, "f": g}
    for g in _reduced(f):
        yield {**program, "f": g}
    if program["compiled"]:
        yield {**program, "compiled": False}


def _parts(f: Expression) -> list[Expression]:
    return [g for g in f[1:] if isinstance(g, tuple)]


def _reduced(f: Expression) -> Iterable[Expression]:
    for k, g in enumerate(f):
        if isinstance(g, tuple) and len(g) > 1:
            replacements = [*_parts(g), *_reduced(g)]
            if g[0] != "c":
                replacements += [("x",), ("y",)]
            for h in replacements:
                yield (*f[:k], h, *f[k + 1 :])


register(Fuzzer("scalars", make, check, smaller))
