"""Derivatives of rows and composites at tiny and huge numbers, against differences of many digits.

A function is asked for its derivatives to third order along a ray, h(t) = f(x (1 + a t)), by both
modes; nothing here knows an op by its rule. The interpreter runs the tapes: other tests compile.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import mpmath as mp
import numpy as np
import pytest
from differences import nested

import jitad
from jitad.ir.builder import evaluate
from jitad.scipy import special as sp

SIZES = (1e-170, 1e-30, 1e-9, 1e-3, 0.5, 0.999, 1.5, 9.0, 20.0, 40.0, 300.0, 1e5, 1e30, 1e170)
FEW = (1e-170, 1e-30, 0.5, 3.0, 40.0, 1e30, 1e170)
MODERATE = (1e-9, 1e-3, 0.5, 0.999, 1.5, 5.0, 13.0, 15.0, 30.0, 1e3, 1e7)
RAY = (1.0, -0.75)
"""How fast each operand moves along the ray, for its own size."""
WEIGHTS = ((0, 0, 1, 0, 0), (0, -0.5, 0, 0.5, 0), (0, 1, -2, 1, 0), (-0.5, 1, 0, -1, 0.5))
"""Of values two steps to either side: of central differences, from the value to the third."""


def _log_ndtr(z: Any) -> Any:
    tail = mp.erfc(abs(z) / mp.sqrt(2)) / 2
    return mp.log(tail) if z < 0 else mp.log1p(-tail)


ROWS: dict[str, tuple[Any, Callable[..., Any], tuple[float, ...]]] = {
    "sqrt": (np.sqrt, mp.sqrt, SIZES), "exp": (np.exp, mp.exp, SIZES),
    "expm1": (np.expm1, mp.expm1, SIZES), "log": (np.log, mp.log, SIZES),
    "log2": (np.log2, lambda z: mp.log(z, 2), SIZES), "log10": (np.log10, mp.log10, SIZES),
    "log1p": (np.log1p, mp.log1p, SIZES), "sin": (np.sin, mp.sin, SIZES[:11]),
    "cos": (np.cos, mp.cos, SIZES[:11]), "tan": (np.tan, mp.tan, SIZES[:11]),
    "arcsin": (np.arcsin, mp.asin, SIZES), "arccos": (np.arccos, mp.acos, SIZES),
    "arctan": (np.arctan, mp.atan, SIZES), "sinh": (np.sinh, mp.sinh, SIZES),
    "cosh": (np.cosh, mp.cosh, SIZES), "tanh": (np.tanh, mp.tanh, SIZES),
    "arcsinh": (np.arcsinh, mp.asinh, SIZES), "arccosh": (np.arccosh, mp.acosh, SIZES),
    "arctanh": (np.arctanh, mp.atanh, SIZES), "sinc": (np.sinc, mp.sincpi, SIZES[:11]),
    "reciprocal": (np.reciprocal, lambda z: 1 / z, SIZES),
    "expit": (sp.expit, lambda z: 1 / (1 + mp.exp(-z)), SIZES),
    "log_expit": (sp.log_expit, lambda z: -mp.log1p(mp.exp(-z)), SIZES),
    "softplus": (lambda x: np.logaddexp(0.0, x), lambda z: mp.log1p(mp.exp(z)), SIZES),
    "logit": (sp.logit, lambda z: mp.log(z / (1 - z)), SIZES),
    "erf": (sp.erf, mp.erf, MODERATE), "erfc": (sp.erfc, mp.erfc, MODERATE),
    "erfcx": (sp.erfcx, lambda z: mp.exp(z * z) * mp.erfc(z), MODERATE),
    "dawsn": (sp.dawsn, lambda z: mp.sqrt(mp.pi) / 2 * mp.exp(-z * z) * mp.erfi(z), MODERATE),
    "ndtr": (sp.ndtr, mp.ncdf, MODERATE), "log_ndtr": (sp.log_ndtr, _log_ndtr, MODERATE),
    "exprel": (sp.exprel, lambda z: mp.expm1(z) / z, MODERATE),
    "gammaln": (sp.gammaln, mp.loggamma, MODERATE), "digamma": (sp.digamma, mp.digamma, MODERATE),
    "entr": (sp.entr, lambda z: -z * mp.log(z), SIZES),
}  # fmt: skip

PAIRS: dict[str, tuple[Any, Callable[..., Any], tuple[float, ...]]] = {
    "hypot": (np.hypot, lambda x, y: mp.sqrt(x * x + y * y), FEW),
    "arctan2": (np.arctan2, mp.atan2, FEW), "pow": (np.power, mp.power, FEW[1:6]),
    "divide": (np.true_divide, lambda x, y: x / y, FEW),
    "logaddexp": (np.logaddexp, lambda x, y: mp.log(mp.exp(x) + mp.exp(y)), FEW[:5]),
    "xlogy": (sp.xlogy, lambda x, y: x * mp.log(y), FEW),
    "xlog1py": (sp.xlog1py, lambda x, y: x * mp.log1p(y), FEW),
    "rel_entr": (sp.rel_entr, lambda x, y: x * mp.log(x / y), FEW),
}  # fmt: skip
"""NumPy's or SciPy's function, the same in mpmath, and the sizes of its operands."""


def _right(exact: Callable[..., Any], point: tuple[float, ...]) -> list[float]:
    """The derivatives along the ray; NaN where there are none, or no double can hold them."""
    spread = max(abs(float(mp.log10(abs(mp.mpf(x))))) for x in point)
    # Third differences lose 90 digits, and what is left has to show 1e-280 beside 1.
    with mp.workdps(390 + int(3.5 * spread)):
        h, moving = mp.mpf(10) ** -30, [(mp.mpf(x), a) for x, a in zip(point, RAY, strict=False)]
        try:
            values = [exact(*(x * (1 + k * h * a) for x, a in moving)) for k in (-2, -1, 0, 1, 2)]
        except (ValueError, ZeroDivisionError, OverflowError, mp.NoConvergence):
            return [np.nan] * 3
        found = [sum(w * y for w, y in zip(row, values, strict=True)) / h**k
                 for k, row in enumerate(WEIGHTS)]  # fmt: skip
        good = all(mp.isfinite(c) and not mp.im(c) for c in found)
        sizes = [[abs(c) / abs(mp.mpf(x)) ** n for x in point for n in (0, k)]
                 for k, c in enumerate(found)]  # fmt: skip
        held = [all(1e-280 < size < 1e280 for size in each) for each in sizes]
        return [float(c) if good and own else np.nan for c, own in zip(found, held, strict=True)][
            1:
        ]


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize("name", [*ROWS, *PAIRS])
def test_derivatives_at_magnitudes(name: str) -> None:
    arity = 1 if name in ROWS else 2
    function, exact, sizes = {**ROWS, **PAIRS}[name]
    numbers = [s * x for x in sizes for s in (1, -1)]
    points = [p for p in itertools.product(numbers, repeat=arity) if np.isfinite(function(*p))]
    right = np.array([_right(exact, p) for p in points]).T
    columns = [np.array(x) for x in zip(*points, strict=True)]

    def along(t: Any) -> Any:
        return function(*(x * (1.0 + a * t) for x, a in zip(columns, RAY, strict=False)))

    t = np.zeros(len(points))
    for modes in ("fff", "rrr"):
        program = jitad.trace(
            lambda t, modes=modes: [nested(along, (0,) * k, modes)(t) for k in (1, 2, 3)], t
        )
        results = evaluate(program.tape, [t, *program.plan.captured])
        for k, (got, want) in enumerate(zip(results, right, strict=True), 1):
            limit = 1e-9 * np.fmax(np.abs(want), 1e-13 * np.nanmax(np.abs(right[:k, :]), axis=0))
            bad = np.flatnonzero(~np.isnan(want) & ~(np.abs(got - want) <= limit))
            said = [(points[i], float(got[i]), float(want[i])) for i in bad[:5]]
            assert not bad.size, f"derivative {k} by {modes}: (point, ours, right) {said}"
