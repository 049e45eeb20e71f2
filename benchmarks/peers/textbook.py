"""Pure Python: the dual numbers and the tape of `jitad.textbook`, on lists of floats."""

from __future__ import annotations

import platform
from typing import Any

import jitad.textbook
from benchmarks.suite.problem import Declined, Function, Peer, Problem, Ready, of
from jitad.textbook import dual, tape


def peers() -> list[Peer]:
    """Forward mode, all tangents at once, and reverse mode."""
    version = f"Python {platform.python_version()}"
    return [
        Peer("Python tape", version, _tape),
        Peer("Python duals", version, _dual),
    ]


def _dual(problem: Problem) -> Ready:
    return _ready(problem, gradient=dual.value_and_gradient, jacobian=_dual_jacobian)


def _tape(problem: Problem) -> Ready:
    return _ready(problem, gradient=tape.value_and_gradient, jacobian=_tape_jacobian)


def _ready(problem: Problem, **ways: Any) -> Ready:
    if problem.scalars is None:
        raise Declined("not written one scalar at a time")
    return Ready(of(problem, **ways), (problem.scalars(jitad.textbook), problem.x.tolist()))


def _dual_jacobian(f: Function, x: list[float]) -> list[list[float]]:
    n = len(x)
    directions = [[0.0] * j + [1.0] + [0.0] * (n - 1 - j) for j in range(n)]
    results = f([dual.VectorDual(*pair) for pair in zip(x, directions, strict=True)])
    return [list(y.tangents) for y in results]


def _tape_jacobian(f: Function, x: list[float]) -> list[list[float]]:
    remembered = tape.Tape()
    results = f([tape.Variable(value, remembered) for value in x])
    return [remembered.adjoints(y)[: len(x)] for y in results]
