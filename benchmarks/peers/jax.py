"""JAX: `jit` of its transforms, float64, on the CPU; the results are NumPy arrays without a copy."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import jax
import jax.numpy
import jax.scipy.linalg
import numpy as np

from benchmarks.suite.problem import Peer, Problem, Ready, of

jax.config.update("jax_enable_x64", True)

NUMPY = SimpleNamespace(
    **vars(jax.numpy),
    scan=jax.lax.scan,
    lower_solve=lambda a, b: jax.scipy.linalg.solve_triangular(a, b, lower=True),
)


def peers() -> list[Peer]:
    """One."""
    return [Peer("JAX", jax.__version__, _prepare, compiles=True)]


def _prepare(problem: Problem) -> Ready:
    transform = of(
        problem, gradient=jax.value_and_grad, jacobian=_jacobian(problem), hessian=jax.hessian
    )
    compiled = jax.jit(transform(problem.written()(NUMPY)))
    if problem.wanted != "gradient":
        return Ready(lambda x: np.asarray(compiled(x)), (problem.x,))

    def value_and_gradient(x: np.ndarray) -> tuple[Any, np.ndarray]:
        value, gradient = compiled(x)
        return np.asarray(value), np.asarray(gradient)

    return Ready(value_and_gradient, (problem.x,))


def _jacobian(problem: Problem) -> Any:
    """The mode that fits the shape, which JAX leaves to its users."""
    if problem.wanted != "jacobian":
        return None
    outputs = jax.eval_shape(problem.written()(NUMPY), problem.x).size
    return jax.jacfwd if outputs >= problem.x.size else jax.jacrev
