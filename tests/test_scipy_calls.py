"""SciPy by its own names: values are SciPy's, derivatives are those of its differences.

The interpreter runs the tapes: that tapes are compiled right, others test.
"""

from __future__ import annotations

import inspect
import re
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import scipy_calls
from oracle import directions, is_float, leaves, plain
from scipy_calls import CALLS

import jitad
from jitad.frontend.pytree import flatten
from jitad.ir.builder import evaluate
from jitad.scipy.readable import READ

STEP = 2.0**-13
STENCIL = ((1, 3 / 4), (2, -3 / 20), (3, 1 / 60))


def _weighted(f: Callable[..., Any], weights: Any) -> Callable[..., Any]:
    """The sum of all numbers that f gives, each with a weight."""

    def total(*xs: Any) -> Any:
        found = [y for y in flatten(f(*xs))[0] if np.asarray(y).dtype.kind in "fc"]
        parts = [np.real(y) + np.imag(y) for y in found]
        return sum(np.sum(w * part) for w, part in zip(weights, parts, strict=True))

    return total


def _is_active(x: Any) -> bool:
    return isinstance(x, np.ndarray) and is_float(x)


def _moved(xs: Any, dxs: Any, step: float) -> list[Any]:
    return [x + step * dx if _is_active(x) else x for x, dx in zip(xs, dxs, strict=True)]


def _difference(f: Callable[[float], Any]) -> Any:
    return sum(w * (f(k * STEP) - f(-k * STEP)) for k, w in STENCIL) / STEP


def _name(row: tuple[Any, ...]) -> str:
    f = row[0]
    return f.__name__ if f.__name__ != "<lambda>" else inspect.getsource(f)[5:60].strip()


def test_all_that_is_read_is_called() -> None:
    text = inspect.getsource(scipy_calls)
    missing = {
        f"{module}.{name}"
        for module, names in READ.items()
        for name in names
        if not re.search(rf"\b{module}\.{name}\(", text)
    }
    assert missing == {"signal.argrelextrema", "signal.iirfilter"}  # which others call


@pytest.mark.parametrize("row", CALLS, ids=_name)
def test_call(row: tuple[Any, ...]) -> None:
    f, *xs = row
    rng = np.random.default_rng(1)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        want = plain(f, xs)
    floats = [y for y in want if is_float(y)]
    weights = [rng.normal(size=y.shape) for y in floats]
    total, dxs = _weighted(f, weights), directions(rng, [np.asarray(x) for x in xs])
    active = [k for k, x in enumerate(xs) if _is_active(x)]

    def slope(*xs: Any) -> Any:
        return jitad.jvp(total, xs, tuple(dxs))[1]

    def everything(*xs: Any) -> Any:
        gradient = jitad.grad(total, argnums=tuple(active))(*xs)
        return f(*xs), slope(*xs), gradient, jitad.jvp(slope, xs, tuple(dxs))[1]

    program = jitad.trace(everything if floats and active else lambda *xs: (f(*xs),), *xs)

    def run(step: float) -> list[Any]:
        return evaluate(program.tape, [*_moved(xs, dxs, step), *program.plan.captured])

    results = run(0.0)
    for got, known in zip(results, want, strict=False):
        assert (np.shape(got), np.asarray(got).dtype) == (known.shape, known.dtype)
        np.testing.assert_allclose(got, known, rtol=1e-12, atol=1e-13)
    if not (floats and active):
        return
    tangent, *gradient, second = results[len(want) :]

    def value(step: float) -> Any:
        found = [y for y in leaves(f(*_moved(xs, dxs, step))) if is_float(y)]
        pairs = zip(weights, found, strict=True)
        return sum(np.sum(w * (np.real(y) + np.imag(y))) for w, y in pairs)

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        np.testing.assert_allclose(tangent, _difference(value), rtol=1e-6, atol=1e-6)
    products = [np.sum(g * dxs[k]) for g, k in zip(gradient, active, strict=True)]
    np.testing.assert_allclose(sum(products), tangent, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(
        second, _difference(lambda step: run(step)[len(want)]), rtol=1e-5, atol=1e-5
    )
