"""How times grow: with the length of an array, of a loop, and of straight-line code (compiling).

A tool leaves a curve when its next point would take too long.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from typing import Any

from benchmarks import latency, recurrences, straight_line
from benchmarks.harness import Section, Table, check_equal, interleave, main
from benchmarks.peers import discover
from benchmarks.suite.problem import Declined, Problem, Ready
from benchmarks.suite.record import Curve, Growth

_LIMIT = {"tiny": 0.5, "quick": 0.7, "full": 1.8}
"""Seconds that the first derivative may take, if there is to be another point; a few times as much
may be foreseen for that."""

_SIZES = {
    "tiny": ((10, 30), (2, 4), (20, 40)),
    "quick": ((10, 100, 1000, 10_000, 100_000), (10, 100, 1000), (100, 300, 1000)),
    "full": (
        (10, 100, 1000, 10_000, 100_000, 1_000_000),
        (10, 100, 1000, 10_000),
        (100, 300, 1000, 3000, 10_000),
    ),
}
"""Variables, steps, operations."""

_SECONDS = {"tiny": 0.002, "quick": 0.02, "full": 0.3}
_QUICK_PEERS = (
    "jitad", "JAX", "PyTorch", "CasADi VM", "autograd", "Python tape", "Numba by hand",
)  # fmt: skip
_PEERS = (*_QUICK_PEERS, "CasADi C")

Family = Callable[[int], Problem]


def run(size: str) -> Section:
    """Three families of problems."""
    lengths, steps, operations = _SIZES[size]
    calls, _ = _grow(latency.rosenbrock, lengths, size)
    loops, _ = _grow(recurrences.lorenz, steps, size)
    _, compiling = _grow(straight_line.problem, operations, size)
    growths = [
        Growth("A call: gradient of Rosenbrock's function", "variables", calls),
        Growth("A call: gradient through Runge-Kutta steps", "steps", loops),
        Growth("First gradient of straight-line code, compiling", "operations", compiling),
    ]
    return Section([_table(growth) for growth in growths], growths=growths)


def _grow(family: Family, sizes: Sequence[int], size: str) -> tuple[list[Curve], list[Curve]]:
    """Curves of a call, and of the first."""
    calls: dict[str, dict[int, float]] = {}
    first: dict[str, dict[int, float]] = {}
    asked = _PEERS if size == "full" else _QUICK_PEERS
    left = {peer.name: peer for peer in discover()[0] if peer.name in asked}
    for k, n in enumerate(sizes):
        problem = family(n)
        ready: dict[str, Ready] = {}
        reference: Any = None
        for name, peer in list(left.items()):
            try:
                start = time.perf_counter()
                prepared = ready[name] = _declining(peer, problem)
                result = prepared.read(prepared.function(*prepared.args))
            except Declined:
                left.pop(name)
                continue
            seconds = first.setdefault(name, {})[n] = time.perf_counter() - start
            if reference is None:  # of the first tool that is left
                reference = result
            check_equal(f"{problem.name}: {name}", result, reference, problem.rtol)
            before = first[name].get(sizes[k - 1], seconds) if k else seconds
            if seconds > _LIMIT[size] or seconds * seconds / before > 5 * _LIMIT[size]:
                left.pop(name)
        timed = {name: (x.function, x.args) for name, x in ready.items()}
        for name, timing in interleave(timed, seconds=_SECONDS[size], repeats=6).items():
            calls.setdefault(name, {})[n] = timing.best
    return _curves(calls), _curves(first)


def _declining(peer: Any, problem: Problem) -> Ready:
    if peer.name in problem.declined:
        raise Declined(problem.declined[peer.name])
    return peer.prepare(problem)


def _curves(found: dict[str, dict[int, float]]) -> list[Curve]:
    return [Curve(name, list(points), list(points.values())) for name, points in found.items()]


def _table(growth: Growth) -> Table:
    sizes = sorted({n for curve in growth.curves for n in curve.sizes})
    rows: list[Any] = []
    for curve in growth.curves:
        points = dict(zip(curve.sizes, curve.seconds, strict=True))
        fitted = None if curve.exponent is None else f"{curve.exponent:.2f}"
        rows.append((curve.peer, *(points.get(n) for n in sizes), fitted))
    columns = ("", *(f"{n:,} (s)" for n in sizes), "exponent at the end")
    return Table(f"{growth.title}, by the number of {growth.axis}", columns, rows, repeated=False)


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
