"""np.i0 on values: the modified Bessel function of order 0, even and smooth to any order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from jitad.frontend.operands import implements
from jitad.functions.elementwise.ufuncs import align
from jitad.ir.value import Value
from jitad.ops import elementwise as ew

_NEAR = 20.0
"""Up to there the power series is summed, from there on the asymptotic one."""


@implements(np.i0)
def i0(x: Any) -> Value:
    (x,) = align(np.sin, (x,))
    near = ew.le(ew.absolute(x), _NEAR)
    inside = ew.where(near, x, 0.0)
    outside = ew.where(near, _NEAR, ew.absolute(x))
    return ew.where(near, _power_series(inside), _asymptotic(outside))


def _power_series(x: Value) -> Value:
    """Sum of (x^2 / 4)^k / k!^2: Abramowitz & Stegun 9.6.12; no two terms cancel."""
    z = ew.mul(x, ew.mul(x, 0.25))
    total = ew.like(1.0, x)
    for k in range(40, 0, -1):
        total = ew.add(ew.mul(ew.mul(z, 1 / k**2), total), 1.0)
    return total


def _asymptotic(x: Value) -> Value:
    """e^x / sqrt(2 pi x) times a sum in 1 / x: Abramowitz & Stegun 9.7.1, below rounding at 20."""
    z = ew.div(1.0, x)
    total = ew.like(1.0, x)
    for k in range(26, 0, -1):
        total = ew.add(ew.mul(ew.mul(z, (2 * k - 1) ** 2 / (8 * k)), total), 1.0)
    # e^x as a product of two: it overflows before the result does.
    root = ew.exp(ew.mul(x, 0.5))
    return ew.mul(ew.mul(root, ew.div(total, ew.sqrt(ew.mul(x, 2 * math.pi)))), root)
