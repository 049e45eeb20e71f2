"""The same small derivative at many points: `jit(vmap(...))` against JAX and loops by hand.

Each table is measured twice, in processes that may use one core and all of them. JAX is given the
faster of the programs that compute the same, of float64 as ours. The loops by hand, in Numba, are
vectorised by LLVM with the same vector functions of libmvec.
"""

from __future__ import annotations

import multiprocessing
import os
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from typing import Any

import numpy as np

from benchmarks.harness import Call, Table, main, measure, peer, pin, thread_limits, verdict

_SECONDS = {"tiny": 0.01, "quick": 0.1, "full": 1.5}
_SHARE = {"tiny": 1000, "quick": 1, "full": 1}
"""What part of the points is taken."""

_LEAST_OF_JAX = (5.0, 4.0, 4.0, 4.0)
_MOST_OF_HAND = (None, 1.5, 1.5, 1.5)
_MOST_NANOSECONDS = (6.0, None, None, None)
_LEAST_OF_SINGLE = 1.7


_LEAST_SPEEDUP = 1.8
"""Of two threads, where memory is not what they wait for."""

_MEMORY_BOUND = 0.5
"""Of a copy's rate: a loop that reads and writes as fast waits for memory."""


def run(size: str) -> list[Table]:
    """A table for one core, in full runs one for all, and one of threads."""
    cores = os.cpu_count() or 1
    tables = [_apart(_table, count, size) for count in ((1, cores) if size == "full" else (1,))]
    return [*tables, _apart(_threads, cores, size)]


def _apart(function: Callable[..., Table], cores: int, *args: Any) -> Table:
    """Call a function in a process of its own that may use so many cores."""
    with ProcessPoolExecutor(
        1, multiprocessing.get_context("spawn"), initializer=_confine, initargs=(cores,)
    ) as pool:
        return pool.submit(function, cores, *args).result()


def _confine(cores: int) -> None:
    """Before any library starts threads."""
    pin(cores)
    os.environ.update(thread_limits(cores))


def _table(cores: int, size: str) -> Table:
    from benchmarks.points import PROBLEMS

    rows: list[Any] = []
    notes: list[str] = []
    for k, problem in enumerate(PROBLEMS):
        points = problem.draw(max(64, problem.count // _SHARE[size]))
        timings = {name: t.best for name, t in _measured(problem, points, size).items()}
        n = len(points[0])
        own = min(t for name, t in timings.items() if name.startswith("jitad "))
        by_jax = [t for name, t in timings.items() if name.startswith("jax ")]
        by_hand = timings.get("by hand")
        single = timings["float32"]
        rows.append((
            problem.name, n, own / n * 1e9, single / n * 1e9,
            min(by_jax) / own if by_jax else None, by_hand / own if by_hand else None,
        ))  # fmt: skip
        if cores == 1:
            bounds = [
                (own / n * 1e9, "most", _MOST_NANOSECONDS[k], "ns a point"),
                (own / single, "least", _LEAST_OF_SINGLE if k == 0 else None, "of float32"),
            ]
            if by_hand:
                bounds.append((own / by_hand, "most", _MOST_OF_HAND[k], "of the loop by hand"))
            if by_jax:
                bounds.append((min(by_jax) / own, "least", _LEAST_OF_JAX[k], "times JAX's speed"))
            notes += [f"{k + 1}: {value:.2f} {what} ({verdict(value, **{side: bound})})."
                      for value, side, bound, what in bounds if bound is not None]  # fmt: skip
    columns = ("at each point", "points", "ns a point", "ns in float32",
               "JAX's time / ours", "time by hand / ours")  # fmt: skip
    title = f"Derivatives at many points, on {cores} core{'s' if cores > 1 else ''}"
    return Table(title, columns, rows, " ".join(notes))


def _threads(cores: int, size: str) -> Table:
    """`parallel=True`: one thread against all, results written to given arrays."""
    import scipy.special

    import jitad
    from benchmarks.points import PROBLEMS, Library

    own = Library(np, scipy.special.erf, jitad.value_and_grad, jitad.jacfwd, jitad.jacrev)
    copied = _copy_rate(cores, size)
    rows: list[Any] = []
    notes: list[str] = []
    for problem in PROBLEMS:
        points = problem.draw(max(64, problem.count // _SHARE[size]))
        function = jitad.vmap(next(iter(problem.ways(own).values())))
        kernel = jitad.compile(function, *points, parallel=True)
        out = jitad.jit(function)(*points)
        moved = sum(x.nbytes for x in (*points, *(out if isinstance(out, tuple) else (out,))))
        calls = {str(n): (_on(n, kernel, out), points) for n in {1, cores}}
        timings = measure(calls, seconds=_SECONDS[size], rtol=None)
        best = {n: timings[str(n)].best for n in (1, cores)}
        speedup, rate = best[1] / best[cores], moved / best[cores] / 1e9
        share = rate / copied
        bound = "-"
        if share < _MEMORY_BOUND and cores > 1:
            bound = verdict(speedup, least=_LEAST_SPEEDUP) if cores == 2 else "-"
        rows.append((problem.name, best[1], best[cores], speedup, bound, rate, share))
    notes.append(f"A copy by as many threads moves {copied:.1f} GB/s.")
    columns = ("at each point", "1 thread (s)", f"{cores} threads (s)", "speed-up", "bound",
               "GB/s", "part of a copy's")  # fmt: skip
    return Table(f"The same on {cores} threads", columns, rows, " ".join(notes))


def _on(threads: int, kernel: Any, out: Any) -> Callable[..., Any]:
    """A kernel's call on so many threads."""
    import jitad

    def call(*points: Any) -> Any:
        jitad.set_num_threads(threads)
        return kernel(*points, out=out)

    return call


def _copy_rate(cores: int, size: str) -> float:
    """GB/s, read and written, of a copy by all cores that does not fit into a cache."""
    import jitad

    x = np.ones((256 << 20) // 8 // _SHARE[size])  # zeros would all be one page
    jitad.set_num_threads(cores)
    kernel = jitad.compile(lambda x: x + 0.5, x, parallel=True)
    out = np.empty_like(x)
    call = {"copy": (lambda: kernel(x, out=out), ())}
    return 2 * x.nbytes / measure(call, seconds=_SECONDS[size], rtol=None)["copy"].best / 1e9


def _measured(problem: Any, points: tuple[np.ndarray, ...], size: str) -> Any:
    """Best times by name: ours, JAX's, the loop by hand; and ours in single precision."""
    import scipy.special

    import jitad
    from benchmarks.points import Library

    own = Library(np, scipy.special.erf, jitad.value_and_grad, jitad.jacfwd, jitad.jacrev)
    calls: dict[str, Call] = {
        f"jitad {way}": (jitad.jit(jitad.vmap(f)), points) for way, f in problem.ways(own).items()
    }
    calls["by hand"] = (problem.by_hand, points)
    if (jax := peer("jax")) is not None:
        jax.config.update("jax_enable_x64", True)
        other = Library(jax.numpy, jax.scipy.special.erf, jax.value_and_grad, jax.jacfwd,
                        jax.jacrev)  # fmt: skip
        arrays = tuple(jax.numpy.asarray(x) for x in points)
        for way, f in problem.ways(other).items():
            calls[f"jax {way}"] = (_waiting(jax, jax.jit(jax.vmap(f))), arrays)
    timings = measure(calls, seconds=_SECONDS[size], rtol=1e-8)
    floats = tuple(x.astype(np.float32) for x in points)
    single = {way: (f, floats) for way, (f, _) in calls.items() if way.startswith("jitad ")}
    best = measure(single, seconds=_SECONDS[size], rtol=None)
    timings["float32"] = min(best.values(), key=lambda timing: timing.best)
    return timings


def _waiting(jax: Any, function: Callable[..., Any]) -> Callable[..., Any]:
    """A call of JAX that returns when the result is there."""
    return lambda *args: jax.block_until_ready(function(*args))


if __name__ == "__main__":
    main(run, __doc__)
