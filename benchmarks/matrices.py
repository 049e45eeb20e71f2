"""Jacobians and Hessians, dense, and of functions whose matrices are nearly empty.

Of these jitad and CasADi compute what may be other than zero, into arrays that the next call
overwrites; all others compute the whole matrix. Results are compared as dense matrices, but not
made dense when timed.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numba
import numpy as np

from benchmarks import arrays as array_programs
from benchmarks.harness import Section, main
from benchmarks.latency import scalar_rosenbrock_over
from benchmarks.many_tangents import broyden_over
from benchmarks.programs import rosenbrock_over
from benchmarks.suite.contest import contests
from benchmarks.suite.problem import Function, Problem

_SMALL = {"tiny": 8, "quick": 100, "full": 100}
_LARGE = {"tiny": 12, "quick": 1000, "full": 1000}


def problems(size: str) -> list[Problem]:
    """Sparse matrices of two sizes, a dense one."""
    small, large = _SMALL[size], _LARGE[size]
    dense = array_programs.problems(size)[0]
    return [
        _jacobian(small),
        _jacobian(large),
        _hessian(small),
        _hessian(large),
        replace(dense, name=f"Hessian, dense: {dense.name}", wanted="hessian", numpy=None),
    ]


def run(size: str) -> Section:
    """The contests."""
    return contests("benchmarks.matrices", problems(size), size)


def _broyden_of_scalars(_: Any) -> Function:
    def broyden(x: Any) -> Any:
        padded = [0.0, *x, 0.0]
        return [
            (3 - 2 * b) * b - a - 2 * c + 1 for a, b, c in zip(padded, x, padded[2:], strict=False)
        ]

    return broyden


def _long(n: int) -> tuple[str, ...]:
    return ("CasADi C",) if n > 100 else ()


@numba.njit
def _broyden_by_hand(x: np.ndarray) -> np.ndarray:
    n = x.size
    matrix = np.zeros((n, n))
    for i in range(n):
        matrix[i, i] = 3.0 - 4.0 * x[i]
        if i:
            matrix[i, i - 1] = -1.0
        if i < n - 1:
            matrix[i, i + 1] = -2.0
    return matrix


def _jacobian(n: int) -> Problem:
    declined = {"autograd": "n sweeps in Python", "Python duals": "n² numbers in lists",
                "Python tape": "n sweeps of the tape"} if n > 100 else {}  # fmt: skip
    return Problem(f"Jacobian, sparse: Broyden's {n:,} functions", np.linspace(-1.0, 1.0, n),
                   arrays=broyden_over, scalars=_broyden_of_scalars, numba=_broyden_by_hand,
                   wanted="jacobian", sparse=True, declined=declined, long=_long(n))  # fmt: skip


@numba.njit
def _rosenbrock_by_hand(x: np.ndarray) -> np.ndarray:
    n = x.size
    matrix = np.zeros((n, n))
    for i in range(n - 1):
        matrix[i, i] += 1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 2.0
        matrix[i + 1, i + 1] += 200.0
        matrix[i, i + 1] = matrix[i + 1, i] = -400.0 * x[i]
    return matrix


def _hessian(n: int) -> Problem:
    declined = {"autograd": "n sweeps in Python"} if n > 100 else {}
    return Problem(f"Hessian, sparse: Rosenbrock's function, n = {n:,}", np.linspace(0.5, 1.5, n),
                   arrays=rosenbrock_over, scalars=scalar_rosenbrock_over,
                   numba=_rosenbrock_by_hand, wanted="hessian", sparse=True, declined=declined,
                   long=_long(n))  # fmt: skip


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
