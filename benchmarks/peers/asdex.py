"""asdex: sparse matrices for JAX, by colouring; `jit` of its transforms, float64, on the CPU."""

from __future__ import annotations

from importlib.metadata import version

import asdex
import jax

from benchmarks.peers.jax import NUMPY
from benchmarks.suite.problem import Declined, Peer, Problem, Ready, of


def peers() -> list[Peer]:
    """One, where a sparse matrix is wanted."""
    return [Peer("asdex", version("asdex"), _prepare)]


def _prepare(problem: Problem) -> Ready:
    if not problem.sparse:
        raise Declined("takes part where the matrix is sparse")
    transform = of(problem, jacobian=asdex.jacobian, hessian=asdex.hessian)
    x = jax.numpy.asarray(problem.x)
    compiled = jax.jit(transform(problem.written()(NUMPY), x))
    return Ready(lambda: compiled(x).block_until_ready(), (), lambda matrix: matrix.todense())
