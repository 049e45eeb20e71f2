"""Lambert's W, the solution of W e^W = x, without branches: SciPy has no C function of it.

By Halley's iteration (Corless et al., On the Lambert W function, 1996, section 5.9) from the series
about the branch point or the logarithm of the other end.
"""

from __future__ import annotations

import math
from typing import Any

from jitad.ir.op import FLOAT64, DType
from jitad.ops.emission import Emit
from jitad.ops.registers import Real

_ROOT_SERIES = (-1.0, 1.0, -1 / 3, 11 / 72, -43 / 540, 769 / 17280, -221 / 8505)
"""W about -1/e in powers of p = sqrt(2 (1 + e x)), of -p for the other branch."""

_REST_OF_E = 1.4456468917292502e-16
"""e minus the double next to it."""

_STEPS = 5


def emit_lambert(branch: int) -> Emit:
    """W in double precision, of branch 0 or -1; NaN where it is not real."""

    def emit(w: Any, t: DType, r: DType, x: str) -> str:
        result = _lambert(branch, Real(w, FLOAT64, w.cast(x, t, FLOAT64)))
        return w.cast(result.register, FLOAT64, t)

    return emit


def _lambert(branch: int, x: Real) -> Real:
    square = (x.intrinsic("fma", math.e, 1.0) + x * _REST_OF_E) * 2.0
    root = square.root()
    p = root if branch == 0 else -root
    series = x.like(_ROOT_SERIES[-1])
    for c in reversed(_ROOT_SERIES[:-1]):
        series = series * p + c
    w = series.where(x.test("olt", -0.2 if branch == 0 else -0.25), _far(branch, x))
    for _ in range(_STEPS):
        e, above = w.call("exp"), w + 1.0
        miss = w * e - x
        move = miss / (e * above - (w + 2.0) / (above + above) * miss)
        w = (w - move).where(move.test("ord", 0.0), w)
    v = series.where(root.test("olt", 0.01), w)
    # NaN of the root where the value is complex; beyond 0 there is no other branch either.
    v = v.but(square.test("olt", 0.0) if branch == 0 else x.test("ogt", 0.0), math.nan)
    if branch == 0:
        v = v.but(x.test("oeq", math.inf), x)
    return v.but(x.test("oeq", 0.0), x if branch == 0 else -math.inf)


def _far(branch: int, x: Real) -> Real:
    """An approximation far from the branch point."""
    if branch == 0:
        size = (x + 1.0).call("log")
        return size * (x.like(1.0) - (size + 1.0).call("log") / (size + 2.0))
    size = (-x).call("log")
    less = (-size).call("log")
    return size - less + less / size
