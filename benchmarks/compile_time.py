"""From a new function object to its first gradient, for straight-line programs of growing length.

The function is a Python loop over a random program of scalar operations, so that tracing it is part
of what is measured. Every repeat makes a new function object. JAX gets the same functions in
a process of its own, which is given up when it takes too long; `--long-jax` goes on to 3,000
operations, with ten times the patience.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

import jitad
from benchmarks.harness import Table, arguments, finish, once, peer, verdict
from benchmarks.programs import (
    Step,
    straight_line,
    straight_line_function,
    straight_line_point,
)
from jitad.passes.pipeline import optimise
from jitad.runtime.compile import lower
from jitad.runtime.kernel import Kernel

_LENGTHS = {"tiny": (30, 60), "quick": (300, 1000, 3000), "full": (300, 1000, 3000, 10_000)}
_REPEATS = {"tiny": 1, "quick": 1, "full": 5}
_MOST = {1000: 0.5, 10_000: 4.0}
_MOST_GROWTH = 4.5
_LONGEST_FOR_JAX = {"tiny": 1000, "quick": 300, "full": 1000}
_PATIENCE = 60.0
"""Seconds that JAX gets for one function."""

_ONE_CALL = "first gradient (s)"
_STAGES = ("trace (s)", "transform (s)", "passes (s)", "schedule, emit (s)", "LLVM (s)")


def run(size: str, *, long_jax: bool = False) -> list[Table]:
    """The whole, against JAX; and the stages of jitad."""
    longest, patience = _LONGEST_FOR_JAX[size], _PATIENCE
    if long_jax:
        longest, patience = 3 * longest, 10 * patience
    has_jax = peer("jax") is not None
    programs = {n: straight_line(n) for n in _LENGTHS[size]}
    totals = {n: _best(_REPEATS[size], lambda p=p: _first_gradient(p)) for n, p in programs.items()}
    stages = {n: _stages(p, _REPEATS[size]) for n, p in programs.items()}
    rows: list[Any] = []
    before: int | None = None
    for n in programs:
        growth = None if before is None else totals[n] / totals[before]
        bounds = [verdict(totals[n], most=_MOST[n]) + " (s)"] if n in _MOST else []
        if before == 3000 and growth is not None:
            bounds.append("growth " + verdict(growth, most=_MOST_GROWTH))
        by_jax = _by_jax(n, patience) if has_jax and n <= longest else None
        ratio: Any = None
        if isinstance(by_jax, str):
            ratio = f"over {patience / totals[n]:.0f}"
        elif by_jax is not None:
            ratio = by_jax / totals[n]
        rows.append((f"{n:,}", totals[n], growth, "; ".join(bounds) or None, by_jax, ratio))
        before = n
    columns = ("operations", _ONE_CALL, "growth", "bound", "JAX (s)", "JAX times jitad's")
    missing = "" if has_jax else "JAX is not installed."
    parts = [(f"{n:,}", *stages[n]) for n in programs]
    return [
        Table("From a new function to its first gradient", columns, rows, missing),
        Table("The stages of that", ("operations", *_STAGES), parts, repeated=False),
    ]


def _best(repeats: int, sample: Callable[[], float]) -> float:
    return min(sample() for _ in range(repeats))


def _first_gradient(program: Sequence[Step]) -> float:
    function, x = straight_line_function(program), straight_line_point()
    value, gradient = jitad.value_and_grad(straight_line_function(program))(x)
    _check(function, x, value, gradient)
    return once(lambda: jitad.value_and_grad(function)(x))


def _check(function: Any, x: np.ndarray, value: Any, gradient: np.ndarray) -> None:
    """The value as NumPy computes it; the gradient against a central difference."""
    direction = np.cos(np.arange(x.size))
    step = 1e-6
    difference = (function(x + step * direction) - function(x - step * direction)) / (2 * step)
    if not np.isclose(value, function(x)) or not np.isclose(
        gradient @ direction, difference, rtol=1e-3, atol=1e-6 * np.abs(gradient).max()
    ):
        raise AssertionError(f"gradient {gradient @ direction}, difference quotient {difference}")


def _stages(program: Sequence[Step], repeats: int) -> list[float]:
    """Each stage's seconds, as the difference to a run that ends one stage earlier."""
    samples = [_until_each_stage(program) for _ in range(repeats)]
    trace, plan, passes, lowered, whole = (min(x) for x in zip(*samples, strict=True))
    parts = (trace, plan - trace, passes, lowered - passes, whole - lowered)
    return [max(0.0, part) for part in parts]


def _until_each_stage(program: Sequence[Step]) -> tuple[float, ...]:
    """Seconds to the tape and the gradient's tape; from there to simpler tape, LLVM IR, kernel."""
    x = straight_line_point()
    transformed = jitad.value_and_grad(straight_line_function(program))
    plan = transformed.plan(x)
    return (
        once(lambda: jitad.trace(straight_line_function(program), x)),
        once(lambda: transformed.plan(x)),
        once(lambda: optimise(plan.tape)),
        once(lambda: lower(plan.tape)),
        once(lambda: Kernel(plan)),
    )


def _by_jax(length: int, patience: float) -> float | str:
    """Seconds to JAX's first gradient, in a process that can be given up."""
    command = [sys.executable, "-m", "benchmarks.compile_time", "--only-jax", str(length)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, timeout=patience + 10)
    except subprocess.TimeoutExpired:
        return f"over {patience:.0f} s"
    return float(done.stdout.split()[-1])


def _print_jax(length: int) -> None:
    jax: Any = peer("jax")
    jax.config.update("jax_enable_x64", True)
    x = straight_line_point()
    make = straight_line_function
    first = jax.jit(jax.value_and_grad(make(straight_line(10 + 2), np=peer("jax.numpy"))))
    first(x)  # what only the first compilation of a process costs
    compiled = jax.jit(jax.value_and_grad(make(straight_line(length), np=peer("jax.numpy"))))
    print(once(lambda: np.asarray(compiled(x)[1])))


if __name__ == "__main__":
    parser = arguments(__doc__)
    parser.add_argument("--long-jax", action="store_true", help="JAX at 3,000 operations too")
    parser.add_argument("--only-jax", type=int, metavar="LENGTH", help="print JAX's seconds")
    options = parser.parse_args()
    if options.only_jax is not None:
        _print_jax(options.only_jax)
    else:
        finish(run(options.size, long_jax=options.long_jax), options)
