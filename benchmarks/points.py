"""Small functions of one point, over NumPy or jax.numpy, and their derivatives by hand in Numba."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba.core import types
from numba.extending import intrinsic

from jitad.codegen.vector_math import vector_variants

ROOT_HALF = math.sqrt(0.5)
TIMES = np.linspace(0.1, 3.0, 16)
"""When the decay that is fitted at each pixel was observed, in seconds."""


class Library(NamedTuple):
    """What a function of a point and its derivatives are written in."""

    np: Any
    erf: Callable[..., Any]
    value_and_grad: Callable[..., Any]
    jacfwd: Callable[..., Any]
    jacrev: Callable[..., Any]


class Problem(NamedTuple):
    """A function of one point, for each library that can be asked; how points are drawn; by hand.

    `ways` names different programs that compute the same; `by_hand` takes all points.
    """

    name: str
    count: int
    ways: Callable[[Library], dict[str, Callable[..., Any]]]
    draw: Callable[[int], tuple[np.ndarray, ...]]
    by_hand: Callable[..., Any]


# -- elementary functions for Numba that LLVM can vectorise as ours --------------------------------


def _vectorised(name: str) -> Any:
    """A function of libm as Numba code that its loops may call in libmvec's vector versions."""
    variants = vector_variants(name, 1)
    kept = ", ".join(f"ptr @{v.symbol}" for v in variants)
    declared = "\n".join(
        f"declare <{v.lanes} x double> @{v.symbol}(<{v.lanes} x double>)" for v in variants
    )
    text = f"""
declare double @{name}(double) #0
{declared}
@llvm.compiler.used = appending global [{len(variants)} x ptr] [{kept}], section "llvm.metadata"
define weak_odr double @by_hand_{name}(double %x) alwaysinline {{
  %y = call double @{name}(double %x) #1
  ret double %y
}}
attributes #0 = {{ nounwind willreturn memory(none) }}
attributes #1 = {{ nounwind willreturn memory(none)
  "vector-function-abi-variant"="{",".join(v.mangled for v in variants)}" }}
"""

    @intrinsic
    def function(typing_context: Any, x: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, args: Any) -> Any:
            context.active_code_library.add_llvm_module(llvm.parse_assembly(text))
            kind = ir.FunctionType(ir.DoubleType(), [ir.DoubleType()])
            target = builder.module.globals.get(f"by_hand_{name}")
            target = target or ir.Function(builder.module, kind, f"by_hand_{name}")
            return builder.call(target, args)

        return types.float64(types.float64), generate

    return function


_njit = numba.njit(error_model="numpy", fastmath={"reassoc", "contract"})
"""As our code is compiled: sums may be reordered, and products fused with sums. A division that may
raise would keep loops from being vectorised."""

exp, log, sin, cos, erf = map(_vectorised, ("exp", "log", "sin", "cos", "erf"))


# -- the gradient of a formula of two variables ----------------------------------------------------


def _formula(library: Library) -> dict[str, Callable[..., Any]]:
    np = library.np

    def formula(x: Any) -> Any:
        a, e = x[0] / x[1], np.exp(x[1])
        return (np.sin(a) + a - e) * (a - e)

    return {"reverse": library.value_and_grad(formula)}


@_njit
def _formula_by_hand(x: Any) -> Any:
    n = len(x)
    value, gradient = np.empty(n), np.empty((n, 2))
    rows, out = x.ravel(), gradient.ravel()
    for i in range(n):
        x1, x2 = rows[2 * i], rows[2 * i + 1]
        a, e = x1 / x2, exp(x2)
        first, second = sin(a) + a - e, a - e
        value[i] = first * second
        by_a, by_e = (cos(a) + 1.0) * second + first, -second - first
        out[2 * i] = by_a / x2
        out[2 * i + 1] = by_e * e - by_a * a / x2
    return value, gradient


# -- an option's price and all its first derivatives -----------------------------------------------


def _option(library: Library) -> dict[str, Callable[..., Any]]:
    np = library.np

    def cdf(x: Any) -> Any:
        return 0.5 * (1.0 + library.erf(x * ROOT_HALF))

    def price(p: Any) -> Any:
        """Black and Scholes, Journal of Political Economy 81 (1973), 637: a call."""
        spot, strike, time, rate, volatility = p[0], p[1], p[2], p[3], p[4]
        spread = volatility * np.sqrt(time)
        d1 = (np.log(spot / strike) + (rate + 0.5 * volatility * volatility) * time) / spread
        return spot * cdf(d1) - strike * np.exp(-rate * time) * cdf(d1 - spread)

    return {"reverse": library.value_and_grad(price)}


@_njit
def _option_by_hand(p: Any) -> Any:
    n = len(p)
    value, greeks = np.empty(n), np.empty((n, 5))
    rows, out = p.ravel(), greeks.ravel()
    for i in range(n):
        spot, strike, time = rows[5 * i], rows[5 * i + 1], rows[5 * i + 2]
        rate, volatility = rows[5 * i + 3], rows[5 * i + 4]
        root = math.sqrt(time)
        spread = volatility * root
        d1 = (log(spot / strike) + (rate + 0.5 * volatility * volatility) * time) / spread
        d2 = d1 - spread
        n1, n2 = 0.5 * (1.0 + erf(d1 * ROOT_HALF)), 0.5 * (1.0 + erf(d2 * ROOT_HALF))
        discount = exp(-rate * time)
        density = 0.3989422804014327 * exp(-0.5 * d1 * d1)
        value[i] = spot * n1 - strike * discount * n2
        out[5 * i + 0] = n1
        out[5 * i + 1] = -discount * n2
        out[5 * i + 2] = spot * density * volatility / (2.0 * root) + rate * strike * discount * n2
        out[5 * i + 3] = strike * time * discount * n2
        out[5 * i + 4] = spot * density * root
    return value, greeks


# -- the reprojection error of a camera: 15 inputs, 2 outputs --------------------------------------


def _reprojection(library: Library) -> dict[str, Callable[..., Any]]:
    np = library.np

    def error(x: Any, feature: Any) -> Any:
        """Camera (axis-angle, centre, focal length, principal point, distortion), point, weight."""
        r, centre, focal, principal, k1, k2 = x[0:3], x[3:6], x[6], x[7:9], x[9], x[10]
        angle = np.sqrt(np.sum(r * r))
        axis, y = r / angle, x[11:14] - centre
        around = np.stack([axis[1] * y[2] - axis[2] * y[1], axis[2] * y[0] - axis[0] * y[2],
                           axis[0] * y[1] - axis[1] * y[0]])  # fmt: skip
        c, s = np.cos(angle), np.sin(angle)
        p = y * c + around * s + axis * (np.sum(axis * y) * (1 - c))
        q = p[:2] / p[2]
        size = np.sum(q * q)
        distortion = 1 + k1 * size + k2 * size * size
        return x[14] * (q * (distortion * focal) + principal - feature)

    return {"reverse": library.jacrev(error), "forward": library.jacfwd(error)}


@_njit
def _reprojection_by_hand(x: Any, feature: Any) -> Any:
    n = len(x)
    jacobian = np.empty((n, 2, 15))
    rows, features, out = x.ravel(), feature.ravel(), jacobian.ravel()
    for i in range(n):
        at = 15 * i
        r0, r1, r2 = rows[at + 0], rows[at + 1], rows[at + 2]
        angle = math.sqrt(r0 * r0 + r1 * r1 + r2 * r2)
        inverse = 1.0 / angle
        a0, a1, a2 = r0 * inverse, r1 * inverse, r2 * inverse
        y0, y1, y2 = (
            rows[at + 11] - rows[at + 3],
            rows[at + 12] - rows[at + 4],
            rows[at + 13] - rows[at + 5],
        )
        c, s = cos(angle), sin(angle)
        rest = 1.0 - c
        dot = a0 * y0 + a1 * y1 + a2 * y2
        b0, b1, b2 = a1 * y2 - a2 * y1, a2 * y0 - a0 * y2, a0 * y1 - a1 * y0
        p0 = y0 * c + b0 * s + a0 * dot * rest
        p1 = y1 * c + b1 * s + a1 * dot * rest
        p2 = y2 * c + b2 * s + a2 * dot * rest
        depth = 1.0 / p2
        q0, q1 = p0 * depth, p1 * depth
        size = q0 * q0 + q1 * q1
        k1, k2, focal, weight = rows[at + 9], rows[at + 10], rows[at + 6], rows[at + 14]
        distortion = 1.0 + k1 * size + k2 * size * size
        slope = (k1 + 2.0 * k2 * size) * 2.0 * focal
        # By the position on the image, then by the point before the projection.
        u00 = weight * (distortion * focal + slope * q0 * q0)
        u01 = weight * slope * q0 * q1
        u11 = weight * (distortion * focal + slope * q1 * q1)
        for row in range(2):
            here = 30 * i + 15 * row
            g0, g1 = (u00, u01) if row == 0 else (u01, u11)
            h0, h1 = g0 * depth, g1 * depth
            h2 = -(g0 * q0 + g1 * q1) * depth
            # By the point before the rotation: its transpose.
            along = h0 * a0 + h1 * a1 + h2 * a2
            t0 = h0 * c - (a1 * h2 - a2 * h1) * s + a0 * along * rest
            t1 = h1 * c - (a2 * h0 - a0 * h2) * s + a1 * along * rest
            t2 = h2 * c - (a0 * h1 - a1 * h0) * s + a2 * along * rest
            # By the unit axis, and by the angle.
            e0 = (y1 * h2 - y2 * h1) * s + rest * (dot * h0 + along * y0)
            e1 = (y2 * h0 - y0 * h2) * s + rest * (dot * h1 + along * y1)
            e2 = (y0 * h1 - y1 * h0) * s + rest * (dot * h2 + along * y2)
            turn = -s * (h0 * y0 + h1 * y1 + h2 * y2) + c * (h0 * b0 + h1 * b1 + h2 * b2)
            turn += s * dot * along
            across = e0 * a0 + e1 * a1 + e2 * a2
            out[here + 0] = (e0 - across * a0) * inverse + turn * a0
            out[here + 1] = (e1 - across * a1) * inverse + turn * a1
            out[here + 2] = (e2 - across * a2) * inverse + turn * a2
            out[here + 3], out[here + 4], out[here + 5] = -t0, -t1, -t2
            q = q0 if row == 0 else q1
            out[here + 6] = weight * q * distortion
            out[here + 7] = weight if row == 0 else 0.0
            out[here + 8] = 0.0 if row == 0 else weight
            out[here + 9] = weight * q * focal * size
            out[here + 10] = weight * q * focal * size * size
            out[here + 11], out[here + 12], out[here + 13] = t0, t1, t2
            principal = rows[at + 7] if row == 0 else rows[at + 8]
            out[here + 14] = q * distortion * focal + principal - features[2 * i + row]
    return jacobian


# -- the normal matrix of a curve fit at each pixel ------------------------------------------------


def _fit(library: Library) -> dict[str, Callable[..., Any]]:
    np = library.np

    def residual(p: Any, y: Any) -> Any:
        return p[0] * np.exp(-p[1] * TIMES) + p[2] - y

    def normal(p: Any, y: Any) -> Any:
        """[J r]^T [J r], of which Gauss and Newton's step is solved."""
        columns = library.jacfwd(residual)(p, y)
        augmented = np.concatenate([columns, residual(p, y)[:, None]], axis=1)
        return augmented.T @ augmented

    return {"forward": normal}


@_njit
def _fit_by_hand(p: Any, y: Any) -> Any:
    n = len(p)
    normal = np.empty((n, 4, 4))
    parameters, samples, out = p.ravel(), y.ravel(), normal.ravel()
    for i in range(n):
        a, b, c = parameters[3 * i], parameters[3 * i + 1], parameters[3 * i + 2]
        s00 = s01 = s02 = s03 = s11 = s12 = s13 = s22 = s23 = s33 = 0.0
        for k in range(16):
            e = exp(-b * TIMES[k])
            d = -a * TIMES[k] * e
            r = a * e + c - samples[16 * i + k]
            s00 += e * e
            s01 += e * d
            s02 += e
            s03 += e * r
            s11 += d * d
            s12 += d
            s13 += d * r
            s22 += 1.0
            s23 += r
            s33 += r * r
        at = 16 * i
        out[at + 0], out[at + 1], out[at + 2], out[at + 3] = s00, s01, s02, s03
        out[at + 4], out[at + 5], out[at + 6], out[at + 7] = s01, s11, s12, s13
        out[at + 8], out[at + 9], out[at + 10], out[at + 11] = s02, s12, s22, s23
        out[at + 12], out[at + 13], out[at + 14], out[at + 15] = s03, s13, s23, s33
    return normal


# -- the points ------------------------------------------------------------------------------------


def _uniform(low: Any, high: Any, *widths: int) -> Callable[[int], tuple[np.ndarray, ...]]:
    def draw(n: int) -> tuple[np.ndarray, ...]:
        rng = np.random.default_rng(0)
        return tuple(rng.uniform(low, high, (n, width)) for width in widths)

    return draw


_MARKET = ([80, 80, 0.2, 0.01, 0.1], [120, 120, 2.0, 0.05, 0.5])

PROBLEMS: Sequence[Problem] = (
    Problem(
        "(sin(x1/x2) + x1/x2 - exp(x2)) (x1/x2 - exp(x2)), value and gradient",
        1_000_000, _formula, _uniform(0.5, 1.5, 2), _formula_by_hand,
    ),
    Problem(
        "Black-Scholes, price and all first derivatives",
        1_000_000, _option, _uniform(*_MARKET, 5), _option_by_hand,
    ),
    Problem(
        "reprojection error, 2 x 15 Jacobian",
        100_000, _reprojection, _uniform(0.5, 1.5, 15, 2), _reprojection_by_hand,
    ),
    Problem(
        "curve fit, 4 x 4 normal matrix of 16 samples",
        100_000, _fit, _uniform(0.5, 1.5, 3, 16), _fit_by_hand,
    ),
)  # fmt: skip
