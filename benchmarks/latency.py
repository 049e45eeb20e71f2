"""Value and gradient of the Rosenbrock function, called from Python on a NumPy array.

Everyone returns NumPy results. JAX runs with x64 enabled; the gradients by hand in Numba allocate
their outputs as jitad does, in one fused loop, with and without fastmath.
"""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from benchmarks.harness import Call, Table, main, measure, peer, verdict
from benchmarks.programs import (
    rosenbrock,
    rosenbrock_by_fast_numba,
    rosenbrock_by_numba,
    rosenbrock_by_numpy,
    rosenbrock_over,
)

_LENGTHS = {"tiny": (2, 10), "quick": (2, 10, 1000, 100_000), "full": (2, 10, 1000, 100_000)}
_SECONDS = {"tiny": 0.01, "quick": 0.2, "full": 1.0}
_LEAST_OF_JAX = {2: 8.0, 10: 8.0, 1000: 10.0, 100_000: 1.5}
_MOST_OF_NUMBA = {1000: 1.5}
_MISSING = ("jax", "autograd")


def run(size: str) -> list[Table]:
    """One table for each length of x."""
    return [_table(n, _SECONDS[size]) for n in _LENGTHS[size]]


def _table(n: int, seconds: float) -> Table:
    x = np.linspace(0.5, 1.5, n)
    calls = _calls(x)
    timings = measure(calls, seconds=seconds)
    own = timings["jitad"].best
    rows: list[Any] = []
    for name in ("jitad", "jax", "autograd", *(k for k in calls if k not in ("jitad", *_MISSING))):
        if name not in timings:
            rows.append((name, None, None, None, "not installed"))
            continue
        timing = timings[name]
        ratio = timing.best / own
        rows.append((name, timing.best, timing.median, ratio, _bound(name, n, ratio)))
    columns = ("gradient by", "best (s)", "median (s)", "times jitad's", "bound")
    return Table(f"Value and gradient of Rosenbrock's function, n = {n:,}", columns, rows)


def _calls(x: np.ndarray) -> dict[str, Call]:
    functions: dict[str, Any] = {"jitad": jitad.value_and_grad(rosenbrock)}
    if (by_jax := _by_jax()) is not None:
        functions["jax"] = by_jax
    if (autograd := peer("autograd")) is not None:
        over = rosenbrock_over(peer("autograd.numpy"))
        functions["autograd"] = autograd.value_and_grad(over)
    functions["by hand, Numba"] = rosenbrock_by_numba
    functions["by hand, Numba fastmath"] = rosenbrock_by_fast_numba
    functions["by hand, NumPy"] = rosenbrock_by_numpy
    return {name: (function, (x,)) for name, function in functions.items()}


def _by_jax() -> Any:
    """jax.jit(jax.value_and_grad(rosenbrock)) with NumPy results; None where JAX is missing."""
    jax = peer("jax")
    if jax is None:
        return None
    jax.config.update("jax_enable_x64", True)
    compiled = jax.jit(jax.value_and_grad(rosenbrock_over(peer("jax.numpy"))))

    def value_and_grad(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        value, gradient = compiled(x)
        return np.asarray(value), np.asarray(gradient)

    return value_and_grad


def _bound(name: str, n: int, ratio: float) -> str | None:
    if name == "jax" and n in _LEAST_OF_JAX:
        return verdict(ratio, least=_LEAST_OF_JAX[n])
    if name == "by hand, Numba" and n in _MOST_OF_NUMBA:
        # jitad may take 1.5 times as long: Numba takes at least 1 / 1.5 of jitad's time.
        return verdict(1 / ratio, most=_MOST_OF_NUMBA[n]).replace("at most", "jitad's at most")
    return None


if __name__ == "__main__":
    main(run, __doc__)
