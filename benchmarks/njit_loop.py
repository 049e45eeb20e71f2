"""Gradient descent inside `@njit`, around a kernel and around a gradient written by hand."""

from __future__ import annotations

from typing import Any

import numba
import numpy as np

import jitad
from benchmarks.harness import Table, main, measure, verdict
from benchmarks.programs import rosenbrock, rosenbrock_by_fast_numba, rosenbrock_by_numba

_STEPS = {"tiny": 20, "quick": 20_000, "full": 20_000}
_SECONDS = {"tiny": 0.01, "quick": 0.5, "full": 3.0}
_MOST = 1.5
_BY_HAND = "by hand, Numba"


def run(size: str) -> list[Table]:
    """Times of the whole loop."""
    n, steps = 10, _STEPS[size]
    x = np.linspace(0.5, 1.5, n)
    kernel = jitad.compile(jitad.value_and_grad(rosenbrock), x)
    gradients: dict[str, Any] = {
        _BY_HAND: rosenbrock_by_numba,
        "by hand, Numba fastmath": rosenbrock_by_fast_numba,
        "kernel.njit": kernel.njit,
    }
    calls: Any = {name: (_loop_around(g), (x, steps)) for name, g in gradients.items()}
    timings = measure(calls, seconds=_SECONDS[size], rtol=1e-6)
    base = timings[_BY_HAND].best
    rows: list[Any] = []
    for name, timing in timings.items():
        ratio = timing.best / base
        bound = verdict(ratio, most=_MOST) if name == "kernel.njit" else None
        rows.append((name, timing.best, timing.median, timing.best / steps, ratio, bound))
    columns = ("gradient", "best (s)", "median (s)", "a step (s)", "times by hand", "bound")
    title = f"{steps:,} steps of gradient descent on Rosenbrock's function, n = {n}, in @njit"
    return [Table(title, columns, rows)]


def _loop_around(value_and_grad: Any) -> Any:
    @numba.njit
    def descend(start: np.ndarray, steps: int) -> tuple[float, np.ndarray]:
        x = start.copy()
        value = 0.0
        for _ in range(steps):
            value, gradient = value_and_grad(x)
            for i in range(x.size):
                x[i] -= 1e-4 * gradient[i]
        return value, x

    return descend


if __name__ == "__main__":
    main(run, __doc__)
