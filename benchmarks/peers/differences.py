"""Numerical differences of NumPy's values: central ones, 2 n evaluations for n derivatives."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import scipy.linalg

from benchmarks.suite.problem import Function, Peer, Problem, Ready, loop, of

STEP = np.finfo(float).eps ** (1 / 3)

NUMPY = SimpleNamespace(
    **vars(np),
    scan=loop,
    lower_solve=lambda a, b: scipy.linalg.solve_triangular(a, b, lower=True),
)


def peers() -> list[Peer]:
    """One."""
    return [Peer("differences", np.__version__, _prepare, rtol=1e-4)]


def _prepare(problem: Problem) -> Ready:
    ways = of(problem, gradient=_value_and_gradient, jacobian=_jacobian)
    return Ready(ways, (problem.written()(NUMPY), problem.x))


def _jacobian(f: Function, x: np.ndarray) -> np.ndarray:
    columns = []
    for k in range(x.size):
        step = STEP * max(1.0, abs(x[k]))
        ahead, behind = x.copy(), x.copy()
        ahead[k] += step
        behind[k] -= step
        columns.append((np.asarray(f(ahead)) - np.asarray(f(behind))) / (ahead[k] - behind[k]))
    return np.array(columns).T


def _value_and_gradient(f: Function, x: np.ndarray) -> tuple[Any, np.ndarray]:
    return f(x), _jacobian(f, x)
