"""JAX: `jit` of its transforms, float64, on the CPU; results are NumPy arrays without a copy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy
import jax.scipy.linalg
import numpy as np

from benchmarks.suite.problem import Peer, Problem, Ready, faster, of

jax.config.update("jax_enable_x64", True)

NUMPY = SimpleNamespace(
    **vars(jax.numpy),
    scan=jax.lax.scan,
    lower_solve=lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=True),
)


def peers() -> list[Peer]:
    """One."""
    return [Peer("JAX", jax.__version__, _prepare)]


def _prepare(problem: Problem) -> Ready:
    function, x = problem.written()(NUMPY), problem.x
    if problem.wanted == "jacobian":
        return faster(_matrix(jax.jacfwd(function), x), _matrix(jax.jacrev(function), x))
    if problem.wanted == "hessian":
        return _matrix(jax.hessian(function), x)
    compiled = jax.jit(of(problem, gradient=jax.value_and_grad)(function))

    def value_and_gradient(x: np.ndarray) -> tuple[Any, np.ndarray]:
        value, gradient = compiled(x)
        return np.asarray(value), np.asarray(gradient)

    return Ready(value_and_gradient, (x,))


def _matrix(function: Any, x: np.ndarray) -> Ready:
    compiled = jax.jit(function)
    return Ready(lambda x: np.asarray(compiled(x)), (x,))
