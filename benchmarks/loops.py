"""Structured loops: an LSTM by scan, its memory with few states kept, a scalar recurrence, a while.

Memory is measured in a process of its own for each policy, as the rise of the peak of its resident
memory while the gradient is computed, after it has been compiled and the arguments made.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import numba
import numpy as np

import jitad
from benchmarks.harness import Table, main, measure, once, peer, verdict

_HIDDEN = 14
_STEPS = {"tiny": 200, "quick": 100_000, "full": 100_000}
_TURNS = {"tiny": 1000, "quick": 1_000_000, "full": 1_000_000}
_SECONDS = {"tiny": 0.01, "quick": 0.5, "full": 6.0}
_POLICIES = (None, "binomial", "sqrt")
_MOST_COMPILING = 3.0
_MOST_OF_JAX = 1.0
_MOST_MEMORY = 0.05
_MOST_TIME = 3.0
_ROOT = Path(__file__).parent.parent


def run(size: str) -> list[Table]:
    """A table for each of the four."""
    steps, seconds = _STEPS[size], _SECONDS[size]
    return [
        _lstm_table(steps, seconds),
        _memory_table(steps, seconds, has_bounds=size != "tiny"),
        _recurrence_table(_TURNS[size], seconds),
        _newton_table(seconds),
    ]


# -- the LSTM --------------------------------------------------------------------------------------


def lstm(np: Any, scan: Any, **options: Any) -> Any:
    """The squared distance of an LSTM's states from targets.

    Source: S. Hochreiter & J. Schmidhuber, Long short-term memory, Neural Computation 9 (1997)
    1735-1780, with the forget gate of F. Gers, J. Schmidhuber & F. Cummins (2000).
    """

    def logistic(x: Any) -> Any:
        return 1 / (1 + np.exp(-x))

    def loss(weights: Any, bias: Any, xs: Any, targets: Any) -> Any:
        def step(carry: Any, row: Any) -> Any:
            (h, c), (x, target) = carry, row
            gates = weights @ np.concatenate([x, h]) + bias
            i, f, o, g = (gates[k * _HIDDEN : (k + 1) * _HIDDEN] for k in range(4))
            c = logistic(f) * c + logistic(i) * np.tanh(g)
            h = logistic(o) * np.tanh(c)
            return (h, c), np.sum((h - target) ** 2)

        start = np.zeros(_HIDDEN), np.zeros(_HIDDEN)
        return np.sum(scan(step, start, (xs, targets), **options)[1])

    return loss


def _lstm_arguments(steps: int) -> tuple[np.ndarray, ...]:
    rng = np.random.default_rng(0)
    n = _HIDDEN
    return (
        0.3 * rng.normal(size=(4 * n, 2 * n)),
        0.1 * rng.normal(size=4 * n),
        rng.normal(size=(steps, n)),
        0.1 * rng.normal(size=(steps, n)),
    )


def _lstm_table(steps: int, seconds: float) -> Table:
    args = _lstm_arguments(steps)
    compiling, calls = {}, {}
    for name, value_and_grad in _lstm_gradients().items():
        compiling[name] = once(lambda f=value_and_grad: f(*args))
        calls[name] = value_and_grad, args
    timings = measure(calls, seconds=seconds, repeats=3, rtol=1e-8)
    own = timings["jitad"].best
    rows: list[Any] = []
    for name in ("jitad", "jax"):
        if name not in timings:
            rows.append((name, None, None, None, "not installed"))
            continue
        ratio = own / timings[name].best
        bound = verdict(ratio, most=_MOST_OF_JAX)
        if name == "jitad":
            bound = f"first call {verdict(compiling[name], most=_MOST_COMPILING)}"
        rows.append((name, compiling[name], timings[name].best, ratio, bound))
    columns = ("gradient by", "first call (s)", "a call (s)", "jitad's part of it", "bound")
    return Table(f"An LSTM of hidden size {_HIDDEN} over {steps:,} steps", columns, rows)


def _lstm_gradients() -> dict[str, Any]:
    found: dict[str, Any] = {"jitad": jitad.value_and_grad(lstm(np, jitad.scan), (0, 1))}
    jax: Any = peer("jax")
    if jax is not None:
        jax.config.update("jax_enable_x64", True)
        loss = lstm(peer("jax.numpy"), jax.lax.scan)
        compiled = jax.jit(jax.value_and_grad(loss, (0, 1)))

        def by_jax(*args: np.ndarray) -> Any:
            value, slopes = compiled(*args)
            return np.asarray(value), tuple(np.asarray(x) for x in slopes)

        found["jax"] = by_jax
    return found


# -- few states kept -------------------------------------------------------------------------------


def _memory_table(steps: int, seconds: float, *, has_bounds: bool) -> Table:
    args = _lstm_arguments(steps)
    functions = {policy: _checkpointed(policy) for policy in _POLICIES}
    calls: Any = {str(policy): (f, args) for policy, f in functions.items()}
    timings = measure(calls, seconds=seconds, repeats=3, rtol=1e-9)
    memory = {policy: _memory_of(policy, steps) for policy in _POLICIES}
    rows: list[Any] = []
    for policy in _POLICIES:
        time, part = timings[str(policy)].best, memory[policy] / max(memory[None], 1e-9)
        ratio = time / timings["None"].best
        bound = None
        if policy is not None and has_bounds:
            bound = f"memory {verdict(part, most=_MOST_MEMORY)}; time "
            bound += verdict(ratio, most=_MOST_TIME)
        rows.append((str(policy), memory[policy], part, time, ratio, bound))
    columns = ("checkpoint", "memory, MB", "part of all", "a call (s)", "times all kept", "bound")
    return Table(f"The LSTM's gradient over {steps:,} steps, few states kept", columns, rows)


def _checkpointed(policy: str | None) -> Any:
    return jitad.value_and_grad(lstm(np, jitad.scan, checkpoint=policy), (0, 1))


def _memory_of(policy: str | None, steps: int) -> float:
    """The rise of the peak in MB, from a process of its own."""
    code = f"from benchmarks.loops import print_memory; print_memory({policy!r}, {steps})"
    done = subprocess.run(
        [sys.executable, "-c", code], check=True, capture_output=True, cwd=_ROOT, text=True
    )
    return float(json.loads(done.stdout.splitlines()[-1]))


def print_memory(policy: str | None, steps: int) -> None:
    """Compute the gradient once; print by how many MB the peak of resident memory rose."""
    args = _lstm_arguments(steps)
    kernel = jitad.compile(_checkpointed(policy), *args)
    before = _peak()
    kernel(*args)
    print(json.dumps((_peak() - before) / 1e6))


def _peak() -> int:
    """The peak of this process's resident memory in bytes.

    Linux counts in `ru_maxrss` what the process was before it became this program.
    """
    status = Path("/proc/self/status")
    if status.exists():
        peaks = (line for line in status.read_text().splitlines() if line.startswith("VmHWM:"))
        return 1024 * int(next(peaks).split()[1])
    found = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return found if sys.platform == "darwin" else 1024 * found


# -- a scalar recurrence ---------------------------------------------------------------------------


def _logistic_map(x: Any, rate: Any, turns: int) -> Any:
    return jitad.scan(lambda x, _: (rate * x * (1 - x), None), x, length=turns)[0]


@numba.njit
def _logistic_map_by_hand(x: float, rate: float, turns: int) -> tuple[float, tuple[float, float]]:
    """Value and both derivatives, with every state kept."""
    states = np.empty(turns)
    for i in range(turns):
        states[i] = x
        x = rate * x * (1 - x)
    by_x, by_rate = 1.0, 0.0
    for i in range(turns - 1, -1, -1):
        s = states[i]
        by_rate += by_x * s * (1 - s)
        by_x *= rate * (1 - 2 * s)
    return x, (by_x, by_rate)


def _recurrence_table(turns: int, seconds: float) -> Table:
    gradient = jitad.value_and_grad(lambda x, rate: _logistic_map(x, rate, turns), (0, 1))
    args = (0.3, 3.2)
    first = once(lambda: gradient(*args))
    calls: Any = {
        "by hand, Numba": (_logistic_map_by_hand, (*args, turns)),
        "jitad": (gradient, args),
    }
    timings = measure(calls, seconds=seconds / 4, repeats=5, rtol=1e-8)
    base = timings["by hand, Numba"].best
    rows: list[Any] = [
        (name, first if name == "jitad" else None, x.best, x.best / turns, x.best / base)
        for name, x in timings.items()
    ]
    columns = ("gradient", "first call (s)", "a call (s)", "a turn (s)", "times by hand")
    return Table(f"The logistic map, {turns:,} turns: value and two derivatives", columns, rows)


# -- a while loop ----------------------------------------------------------------------------------


def _kepler(anomaly: Any, eccentricity: Any) -> Any:
    """E of E - e sin E = M by Newton's method, until a step is tiny."""

    def step(carry: Any) -> Any:
        angle, _ = carry
        move = (angle - eccentricity * np.sin(angle) - anomaly) / (1 - eccentricity * np.cos(angle))
        return angle - move, np.abs(move)

    return jitad.while_loop(lambda carry: carry[1] > 1e-10, step, (anomaly, 1.0 + 0 * anomaly))[0]


def _kepler_unrolled(turns: int) -> Any:
    def kepler(anomaly: Any, eccentricity: Any) -> Any:
        angle = anomaly
        for _ in range(turns):
            angle = angle - (angle - eccentricity * np.sin(angle) - anomaly) / (
                1 - eccentricity * np.cos(angle)
            )
        return angle

    return kepler


def _newton_table(seconds: float) -> Table:
    args = (0.8, 0.6)
    turns = _newton_turns(*args)
    functions = {
        f"unrolled, {turns} turns": _kepler_unrolled(turns),
        "while_loop": _kepler,
    }
    calls: Any = {name: (jitad.value_and_grad(f, (0, 1)), args) for name, f in functions.items()}
    timings = measure(calls, seconds=seconds / 4)
    base = next(iter(timings.values())).best
    rows: list[Any] = [(name, x.best, x.median, x.best / base) for name, x in timings.items()]
    columns = ("written as", "best (s)", "median (s)", "times unrolled")
    return Table("Newton's method for Kepler's equation, differentiated through", columns, rows)


def _newton_turns(anomaly: float, eccentricity: float) -> int:
    angle, move, turns = anomaly, 1.0, 0
    while abs(move) > 1e-10:
        move = (angle - eccentricity * np.sin(angle) - anomaly) / (1 - eccentricity * np.cos(angle))
        angle, turns = angle - move, turns + 1
    return turns


if __name__ == "__main__":
    main(run, __doc__)
