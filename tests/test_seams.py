"""Derivatives at the seams of functions: zeros, ones, ties, whole numbers, and what rows name.

Rows and composites to third order, in all orders of the modes, judged by differences of NumPy's
values; nothing here knows an op by name. The interpreter runs the tapes: other tests compile them.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import scipy.stats
from differences import derivatives, indices, nested
from test_elementwise_table import CASES, Fixed

import jitad
from jitad.ir.builder import evaluate
from jitad.ir.op import TABLE, Elementwise
from jitad.scipy import special as sp
from jitad.scipy import stats
from jitad.scipy.stats.continuous import CONTINUOUS
from jitad.scipy.stats.discrete import DISCRETE

SEAMS = {
    1: (-3.0, -2.0, -1.0, -0.5, 0.0, 0.25, 0.5, 1.0, 2.0, 3.0),
    2: (-1.0, 0.0, 0.5, 1.0, 2.0),
    3: (0.0, 0.5, 1.0, 2.0),
    4: (0.5, 1.0, 2.0),
}
"""Where functions of so many operands meet."""

WHOLE = {1: (0.0, 1.0), 2: (0.0, 1.0, 2.0), 3: (0.0, 1.0, 2.0), 4: (1.0, 2.0)}
"""The same of orders and parameters that have no derivatives."""

MODES = ("fff", "rrr", "rff")
"""Forward or reverse, the innermost first."""


def check(
    f: Callable[..., Any],
    points: Sequence[np.ndarray],
    active: Sequence[int],
    *,
    plain: Callable[..., Any] | None = None,
    order: int = 3,
    modes: Sequence[str] = MODES,
) -> int:
    """Compare derivatives at points, where there are any; how many numbers there were."""
    wanted = indices(active, order)
    known = derivatives(f if plain is None else plain, points, active, wanted)
    compared = 0
    for mode in modes:
        program = jitad.trace(
            lambda *xs, mode=mode: [nested(f, index, mode)(*xs) for index in wanted], *points
        )
        results = evaluate(program.tape, [*points, *program.plan.captured])
        for index, got in zip(wanted, results, strict=True):
            right, error, smooth = known[index]
            limit = 1e-5 * np.maximum(1.0, np.abs(right)) + 20 * error
            bad = np.flatnonzero(smooth & ~(np.abs(got - right) <= limit))
            said = [([x[i] for x in points], got[i], right[i]) for i in bad[:4]]
            assert not bad.size, f"d{index} by {mode}: (point, ours, right) {said}"
            compared += int(smooth.sum())
    return compared


def points_of(domain: Any, seams: Any) -> list[np.ndarray]:
    """The grid of all seams, and the row's own."""
    grid = SEAMS[len(domain)]
    numbers = [WHOLE[len(domain)] if isinstance(bounds, Fixed) else grid for bounds in domain]
    points = [*itertools.product(*numbers), *seams]
    return [np.array(column) for column in zip(*points, strict=True)]


def _is_real(domain: Any) -> bool:
    return not any(isinstance(low, (bool, int, complex)) for low, _ in domain)


REAL_CASES = [case for case in CASES if _is_real(case.values[1])]


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize(("function", "domain"), REAL_CASES)
def test_derivatives_at_seams(function: Any, domain: Any, request: Any) -> None:
    row = TABLE.get(request.node.callspec.id)
    seams = row.seams if isinstance(row, Elementwise) else ()
    active = [k for k, bounds in enumerate(domain) if not isinstance(bounds, Fixed)]
    points = points_of(domain, seams)
    results = function(*points)
    several = isinstance(results, tuple)
    for k in range(len(results) if several else 1):
        if np.asarray(results[k] if several else results).dtype.kind == "f":
            check((lambda *xs, k=k: function(*xs)[k]) if several else function, points, active)


# -- distributions ---------------------------------------------------------------------------------


DENSITIES = [
    pytest.param(name, method, id=f"{name}.{method}")
    for name in (*CONTINUOUS, *DISCRETE)
    for method in getattr(stats, name).methods
]
PLACES = (-1.0, 0.0, 0.25, 0.5, 1.0, 2.0)
COUNTS = (0.0, 1.0, 3.0)
SHAPES = (0.5, 1.0, 2.0, 3.0)
PARAMETERS = {"n": (1.0, 3.0), "p": (0.25, 0.5, 0.75)}


@pytest.mark.filterwarnings("ignore::RuntimeWarning")
@pytest.mark.parametrize(("name", "method"), DENSITIES)
def test_distributions_at_seams(name: str, method: str) -> None:
    ours, theirs = getattr(stats, name), getattr(scipy.stats, name)
    discrete = name in DISCRETE
    family = DISCRETE[name] if discrete else CONTINUOUS[name]
    places = COUNTS if discrete else PLACES
    shapes = [PARAMETERS.get(shape, SHAPES) for shape in family.shapes]
    points = [np.array(x) for x in zip(*itertools.product(places, *shapes), strict=True)]
    held = [0] if discrete else []
    held += [k + 1 for k, shape in enumerate(family.shapes) if discrete and shape == "n"]
    active = [k for k in range(len(points)) if k not in held]
    check(getattr(ours, method), points, active, plain=getattr(theirs, method), modes=["rrf"])


# -- functions that are composed of rows -----------------------------------------------------------


def _pair(f: Any) -> Any:
    """A function of an array as an elementwise one of two numbers, of which it takes a stack."""
    return lambda x, y: f(np.stack([x, y, x]), axis=0)


FUNCTIONS: dict[str, tuple[Any, int]] = {
    "sinc": (np.sinc, 1), "i0": (np.i0, 1),
    "angle": (np.angle, 1), "nan_to_num": (np.nan_to_num, 1),
    "polygamma1": (lambda x: sp.polygamma(1, x), 1),
    "polygamma2": (lambda x: sp.polygamma(2, x), 1),
    "multigammaln": (lambda x: sp.multigammaln(np.exp(x) + 1.0, 3), 1),
    "factorial": (sp.factorial, 1), "comb": (sp.comb, 2), "perm": (sp.perm, 2),
    "lambertw": (lambda x: np.real(sp.lambertw(x * x)), 1),
    "softplus": (lambda x: np.logaddexp(0.0, x), 1),
    "unwrap": (lambda x: np.unwrap(np.stack([x, x + 1]), axis=0)[1], 1),
    "clip": (lambda x, y: np.clip(x, -1.5, y), 2), "cross": (lambda x, y: x * y - y * x, 2),
    "logsumexp": (_pair(sp.logsumexp), 2), "softmax": (lambda *z: _pair(sp.softmax)(*z)[0], 2),
    "log_softmax": (lambda *z: _pair(sp.log_softmax)(*z)[1], 2),
    "logaddexp.reduce": (_pair(np.logaddexp.reduce), 2),
    "hypot.reduce": (_pair(np.hypot.reduce), 2),
    "prod": (_pair(np.prod), 2), "cumprod": (lambda *z: _pair(np.cumprod)(*z)[2], 2),
    "multiply.accumulate": (lambda *z: _pair(np.multiply.accumulate)(*z)[1], 2),
    "mean": (_pair(np.mean), 2), "var": (_pair(np.var), 2), "std": (_pair(np.std), 2),
    "norm": (_pair(np.linalg.norm), 2),
    "norm1": (lambda *z: _pair(functools.partial(np.linalg.norm, ord=1))(*z), 2),
    "norm3": (lambda *z: _pair(functools.partial(np.linalg.norm, ord=3))(*z), 2),
    "norm4": (lambda *z: _pair(functools.partial(np.linalg.norm, ord=4))(*z) ** 4, 2),
    "norm2_squared": (lambda *z: _pair(np.linalg.norm)(*z) ** 2, 2),
    "std_squared": (lambda *z: np.cos(_pair(np.std)(*z)), 2),
    "trapezoid": (lambda x, y: np.trapezoid(np.stack([x, y]), np.stack([y, x * x]), axis=0), 2),
    "interp": (lambda x: np.interp(x, np.array([-1.5, 0.3, 0.8, 1.7]), np.arange(4.0)), 1),
    "polyval": (lambda x, y: np.polyval(np.stack([x, y, x]), y), 2),
    "power_by_integers": (lambda x: sum(np.power(x, np.array(k)) for k in range(5)), 1),
    "power_by_floats": (lambda x: sum(x**k for k in (0.0, 1.0, 2.0, 3.0, 4.0, -1.0, -2.0)), 1),
    "powers_of_numbers": (lambda x: 2.0**x + np.power(1.0, x) + np.power(3, x), 1),
    "matern52": (lambda x: (1 + np.abs(x) + x * x / 3) * np.exp(-np.abs(x)), 1),
    "abs_cubed": (lambda x: np.abs(x) * x * x * x, 1),
    "sigmoid": (lambda x: np.where(x >= 0, 1 / (1 + np.exp(-x)), np.exp(x) / (1 + np.exp(x))), 1),
}  # fmt: skip
"""Functions that are analytic but at seams, elementwise in one or two operands."""


@pytest.mark.filterwarnings("ignore::RuntimeWarning", "ignore::DeprecationWarning")
@pytest.mark.parametrize("name", FUNCTIONS)
def test_functions_at_seams(name: str) -> None:
    function, arity = FUNCTIONS[name]
    points = points_of([(0.0, 1.0)] * arity, ())
    assert check(function, points, range(arity))
