"""A plain Python loop of Runge-Kutta steps: from a new function to its first gradient, and a call.

JAX unrolls the same loop; it gets it in a process of its own, which is given up when it takes too
long.
"""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import numpy as np

import jitad
from benchmarks.harness import Table, arguments, finish, measure, once, peer, verdict

_STEPS = {"tiny": (40,), "quick": (10, 30, 100, 1000), "full": (10, 30, 100, 1000, 20_000)}
_MOST = {20_000: 10.0}
_PATIENCE = {"tiny": 10.0, "quick": 5.0, "full": 300.0}
_START = np.array([1.0, 1.2, 20.0])


def lorenz(y: Any, module: Any) -> Any:
    """Lorenz's equations."""
    return module.stack([10 * (y[1] - y[0]), y[0] * (28 - y[2]) - y[1], y[0] * y[1] - 8 / 3 * y[2]])


def integrated(steps: int, module: Any) -> Any:
    """The sum of the state after so many steps of the classical Runge-Kutta method."""

    def total(y: Any) -> Any:
        h = 0.1 / steps
        for _ in range(steps):
            k1 = lorenz(y, module)
            k2 = lorenz(y + h / 2 * k1, module)
            k3 = lorenz(y + h / 2 * k2, module)
            k4 = lorenz(y + h * k3, module)
            y = y + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        return module.sum(y)

    return total


def run(size: str) -> list[Table]:
    """For growing numbers of steps."""
    rows: list[Any] = []
    gives_up = peer("jax") is None
    for steps in _STEPS[size]:
        function = jitad.grad(integrated(steps, np))
        first = once(lambda f=function: f(_START))
        _check(steps, function(_START))
        call = measure({"jitad": (function, (_START,))}, seconds=0.2)["jitad"].best
        by_jax = None if gives_up else _by_jax(steps, _PATIENCE[size])
        gives_up = gives_up or isinstance(by_jax, str)
        bound = verdict(first, most=_MOST[steps]) + " (s)" if steps in _MOST else None
        rows.append((f"{steps:,}", first, bound, call, by_jax))
    columns = ("steps", "first gradient (s)", "bound", "a call (s)", "JAX, first gradient (s)")
    missing = "JAX is not installed." if peer("jax") is None else ""
    return [Table("Runge-Kutta steps in a Python loop", columns, rows, missing, repeated=False)]


def _check(steps: int, gradient: np.ndarray) -> None:
    """Against a central difference of NumPy's values."""
    f, direction, h = integrated(steps, np), np.array([1.0, -0.5, 0.3]), 1e-6
    difference = (f(_START + h * direction) - f(_START - h * direction)) / (2 * h)
    if not np.isclose(gradient @ direction, difference, rtol=1e-6):
        raise AssertionError(f"gradient {gradient @ direction}, difference {difference}")


def _by_jax(steps: int, patience: float) -> float | str:
    """Seconds to JAX's first gradient, in a process that can be given up."""
    command = [sys.executable, "-m", "benchmarks.runge_kutta", "--jax-steps", str(steps)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=True)
    except subprocess.TimeoutExpired:
        return f"over {patience:.0f} s"
    return float(done.stdout)


def _time_jax(steps: int) -> float:
    import jax
    import jax.numpy

    jax.config.update("jax_enable_x64", True)
    gradient = jax.jit(jax.grad(integrated(steps, jax.numpy)))
    jax.block_until_ready(jax.jit(jax.grad(integrated(2, jax.numpy)))(_START))
    return once(lambda: jax.block_until_ready(gradient(_START)))


def main() -> None:
    """Print the tables."""
    parser = arguments(__doc__)
    parser.add_argument("--jax-steps", type=int, help="only time JAX at so many steps")
    options = parser.parse_args()
    if options.jax_steps is not None:
        print(_time_jax(options.jax_steps))
        return
    finish(run(options.size), options)


if __name__ == "__main__":
    main()
