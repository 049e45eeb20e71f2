"""PyTorch on the CPU: eager, by its tape, and compiled, by `torch.compile` of `torch.func`."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import torch

from benchmarks.suite.problem import Peer, Problem, Ready, faster, loop, of

torch.set_default_dtype(torch.float64)


def _array(x: np.ndarray) -> Any:
    return torch.from_numpy(np.ascontiguousarray(x))


def _lower_solve(a: Any, b: Any) -> Any:
    return torch.linalg.solve_triangular(a, b[:, None], upper=False)[:, 0]


NUMPY = SimpleNamespace(**{**vars(torch), "array": _array, "asarray": _array}, scan=loop,
                        lower_solve=_lower_solve)  # fmt: skip


def peers() -> list[Peer]:
    """Eager and compiled."""
    return [
        Peer("PyTorch", torch.__version__, _eager),
        Peer("torch.compile", torch.__version__, _compiled),
    ]


def _eager(problem: Problem) -> Ready:
    function = problem.written()(NUMPY)
    if problem.wanted == "gradient":

        def value_and_gradient(a: np.ndarray) -> tuple[Any, np.ndarray]:
            x = torch.from_numpy(a).requires_grad_()
            value = function(x)
            (gradient,) = torch.autograd.grad(value, x)
            return value.item(), gradient.numpy()

        return Ready(value_and_gradient, (problem.x,))
    if problem.wanted == "hessian":
        return _matrix(torch.func.hessian(function), problem)
    modes = torch.func.jacfwd, torch.func.jacrev
    return faster(*(_matrix(mode(function), problem) for mode in modes))


def _matrix(function: Any, problem: Problem) -> Ready:
    return Ready(lambda a: function(torch.from_numpy(a)).detach().numpy(), (problem.x,))


def _compiled(problem: Problem) -> Ready:
    transform = of(
        problem,
        gradient=torch.func.grad_and_value,
        jacobian=torch.func.jacrev,
        hessian=torch.func.hessian,
    )
    torch._dynamo.reset()  # no limit on how many functions one process compiles
    derivative = torch.compile(transform(problem.written()(NUMPY)), dynamic=False)
    if problem.wanted != "gradient":
        return _matrix(derivative, problem)

    def value_and_gradient(a: np.ndarray) -> tuple[Any, np.ndarray]:
        gradient, value = derivative(torch.from_numpy(a))
        return value.numpy(), gradient.numpy()

    return Ready(value_and_gradient, (problem.x,))
