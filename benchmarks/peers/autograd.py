"""HIPS autograd: NumPy functions, a tape made anew in every call, in Python."""

from __future__ import annotations

from importlib import metadata
from types import SimpleNamespace

import autograd
import autograd.numpy as anp
import autograd.scipy.linalg

from benchmarks.suite.problem import Peer, Problem, Ready, loop, of

NUMPY = SimpleNamespace(
    **vars(anp),
    scan=loop,
    lower_solve=lambda a, b: autograd.scipy.linalg.solve_triangular(a, b, lower=True),
)


def peers() -> list[Peer]:
    """One."""
    return [Peer("autograd", metadata.version("autograd"), _prepare)]


def _prepare(problem: Problem) -> Ready:
    transform = of(
        problem,
        gradient=autograd.value_and_grad,
        jacobian=autograd.jacobian,
        hessian=autograd.hessian,
    )
    return Ready(transform(problem.written()(NUMPY)), (problem.x,))
