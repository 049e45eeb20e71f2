"""Value and gradient of the Rosenbrock function, called from Python on a NumPy array.

The gradients by hand compute everything in one loop; in Numba they allocate their outputs, as jitad
does. n = 126 is the function of 1,000 scalar operations.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from benchmarks.harness import Section, Table, main, verdict
from benchmarks.programs import rosenbrock_by_numba, rosenbrock_by_numpy, rosenbrock_over
from benchmarks.suite.contest import contests
from benchmarks.suite.problem import Function, Problem
from benchmarks.suite.record import Contest

_LENGTHS = {
    "tiny": (2, 10),
    "quick": (2, 10, 126, 1000, 100_000),
    "full": (2, 10, 126, 1000, 100_000),
}
_LEAST_OF_JAX = {2: 8.0, 10: 8.0, 1000: 10.0, 100_000: 1.5}
_LEAST_OF_PYTHON = {126: 500.0}
"""1,000 scalar operations."""

_MOST_OF_NUMBA = {1000: 1.5}

THOUSAND, _OF_ITS_SIZE = 126, " (1,000 operations)"
_BOUND_BUFFERS = (
    "its call has no arguments: it reads and writes arrays that were bound before, where jitad "
    "checks its argument and allocates the result; `jitad bound` does neither"
)
_SQUARE = "n tangents through n operations are n² work"


def scalar_rosenbrock_over(_: Any) -> Function:
    """The Rosenbrock function of a list, eight operations a term."""

    def rosenbrock(x: Sequence[Any]) -> Any:
        total = 0.0
        for a, b in pairwise(x):
            residual, distance = b - a * a, 1 - a
            total = total + 100 * (residual * residual) + distance * distance
        return total

    return rosenbrock


ROSENBROCK_IN_C = """
void f(long n, const double *x, double *value, double *gradient) {
    double total = 0.0, carried = 0.0;
    for (long i = 0; i < n - 1; i++) {
        double a = x[i + 1] - x[i] * x[i], b = 1.0 - x[i];
        total += 100.0 * (a * a) + b * b;
        gradient[i] = carried - 400.0 * (a * x[i]) - 2.0 * b;
        carried = 200.0 * a;
    }
    gradient[n - 1] = carried;
    *value = total;
}
"""


def rosenbrock(n: int) -> Problem:
    """Rosenbrock's function of n variables, value and gradient."""
    declined = {}
    if n > 1000:
        declined = {"Python duals": _SQUARE, "differences": "2 n evaluations",
                    "CasADi C": "gcc takes minutes for code that long"}  # fmt: skip
    return Problem(
        f"Rosenbrock's function, n = {n:,}{_OF_ITS_SIZE if n == THOUSAND else ''}",
        np.linspace(0.5, 1.5, n),
        arrays=rosenbrock_over,
        scalars=scalar_rosenbrock_over,
        numpy=rosenbrock_by_numpy,
        numba=rosenbrock_by_numba,
        c=ROSENBROCK_IN_C,
        declined=declined,
        long=("CasADi C",) if n > 126 else (),
        why={"CasADi VM": _BOUND_BUFFERS, "CasADi C": _BOUND_BUFFERS, "C by hand": _BOUND_BUFFERS},
    )


def problems(size: str) -> list[Problem]:
    """One for each length of x."""
    return [rosenbrock(n) for n in _LENGTHS[size]]


def run(size: str) -> Section:
    """The contests, and what was promised of them."""
    section = contests("benchmarks.latency", problems(size), size)
    rows: list[Any] = []
    for n, contest in zip(_LENGTHS[size], section.contests, strict=True):
        rows += _bounds(n, contest)
    note = "" if rows else "Nothing of these lengths with the tools that are installed."
    table = Table("What was promised of these", ("jitad's speed", "times", "bound"), rows, note)
    return Section([table], section.contests)


def _bounds(n: int, contest: Contest) -> list[Any]:
    ratios = {entry.peer: entry.ratio for entry in contest.entries if entry.ratio is not None}
    rows: list[Any] = []
    for peer, bounds in (("JAX", _LEAST_OF_JAX), ("Python tape", _LEAST_OF_PYTHON),
                         ("Python duals", _LEAST_OF_PYTHON)):  # fmt: skip
        if n in bounds and peer in ratios:
            ratio = ratios[peer]
            rows.append((f"against {peer}, n = {n:,}", ratio, verdict(ratio, least=bounds[n])))
    if n in _MOST_OF_NUMBA and "Numba by hand" in ratios:
        # jitad may take 1.5 times as long.
        ratio = ratios["Numba by hand"]
        bound = verdict(ratio, least=1 / _MOST_OF_NUMBA[n])
        rows.append((f"against Numba by hand, n = {n:,}", ratio, bound))
    return rows


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
