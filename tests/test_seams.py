"""Derivatives at the seams of functions: zeros, ones, ties, whole numbers, and what rows name.

Rows and composites to third order, in all orders of the modes, judged by differences of NumPy's
values; nothing here knows an op by name. The interpreter runs the tapes: other tests compile them.
"""

from __future__ import annotations

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
