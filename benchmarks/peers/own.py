"""jitad: plain NumPy, with `jitad.scan` for loops; and with its arrays bound before the call."""

from __future__ import annotations

from types import ModuleType

import numpy as np

import jitad
import jitad.scipy.linalg
from benchmarks.suite.problem import Declined, Peer, Problem, Ready, faster, of

NUMPY = ModuleType("numpy_and_more")
"""A module, as in users' code; its names are NumPy's, and two."""

NUMPY.__dict__.update({name: x for name, x in vars(np).items() if not name.startswith("__")})
NUMPY.__dict__.update(
    scan=jitad.scan,
    lower_solve=lambda a, b: jitad.scipy.linalg.solve_triangular(a, b, lower=True),
)


def peers() -> list[Peer]:
    """The call with an argument, and the one without."""
    return [
        Peer("jitad", jitad.__version__, _prepare),
        Peer("jitad bound", jitad.__version__, _bound),
    ]


def _prepare(problem: Problem) -> Ready:
    function = problem.written()(NUMPY)
    if problem.sparse:
        transform = of(problem, jacobian=jitad.jacobian, hessian=jitad.hessian)
        kernel = jitad.compile(transform(function, sparse=True), problem.x)
        return Ready(kernel.bind(problem.x), (), lambda matrix: matrix.toarray())
    if problem.wanted == "jacobian":
        ways = (Ready(mode(function), (problem.x,)) for mode in (jitad.jacfwd, jitad.jacrev))
        return faster(*ways)
    transform = of(problem, gradient=jitad.value_and_grad, hessian=jitad.hessian)
    return Ready(transform(function), (problem.x,))


def _bound(problem: Problem) -> Ready:
    """Its results are overwritten by the next call."""
    if problem.sparse:
        raise Declined("sparse matrices are bound in any case")
    prepared = _prepare(problem)
    return Ready(jitad.compile(prepared.function, *prepared.args).bind(*prepared.args))
