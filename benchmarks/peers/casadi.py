"""CasADi: an expression graph, run by its virtual machine, or as generated C compiled by gcc.

Both are called as its documentation does where calls are many: through `buffer`, on arrays that
are bound once. So results are overwritten by the next call, which no other tool here does. Matrices
are sparse: only what may be other than zero is computed.
"""

from __future__ import annotations

import subprocess
import tempfile
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import casadi
import numpy as np

from benchmarks.suite.problem import Declined, Peer, Problem, Ready, loop

FLAGS = ("-O3", "-march=native", "-shared", "-fPIC", "-w")


def _total(x: Any) -> Any:
    return casadi.sum1(casadi.vec(x))


NUMPY = SimpleNamespace(
    **{name: getattr(casadi, name) for name in ("sin", "cos", "exp", "log", "sqrt", "tanh")},
    sum=_total,
    concatenate=lambda parts: casadi.vertcat(*parts),
    stack=lambda parts: casadi.vertcat(*parts),
    zeros=casadi.DM.zeros,
    array=casadi.DM,
    scan=loop,
)


def peers() -> list[Peer]:
    """The virtual machine, and C, where there is a compiler."""
    found = [
        Peer("CasADi VM", casadi.__version__, lambda problem: _bound(problem, _function(problem)))
    ]
    try:
        subprocess.run(["gcc", "--version"], check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError):
        return found
    return [*found, Peer("CasADi C", casadi.__version__, _compiled)]


def _function(problem: Problem) -> Any:
    """The derivative as a Function of x."""
    made = problem.casadi(casadi) if problem.casadi is not None else _expression(problem)
    if isinstance(made, casadi.Function):
        return made
    x, y = made
    if problem.wanted == "gradient":
        return casadi.Function("derivative", [x], [y, casadi.gradient(y, x)])
    if problem.wanted == "jacobian":
        return casadi.Function("derivative", [x], [casadi.jacobian(y, x)])
    return casadi.Function("derivative", [x], [casadi.hessian(y, x)[0]])


def _expression(problem: Problem) -> tuple[Any, Any]:
    """The problem's own code on scalars, which is what CasADi calls SX."""
    x = casadi.SX.sym("x", problem.x.size)
    try:
        y = problem.written()(NUMPY)(x)
    except AttributeError as error:
        raise Declined("not written for it") from error
    return x, casadi.vertcat(*y) if isinstance(y, (list, tuple)) else y


def _compiled(problem: Problem) -> Ready:
    """Through C; the library stays loaded when its folder is gone."""
    function = _function(problem)
    with tempfile.TemporaryDirectory() as folder:
        generator = casadi.CodeGenerator("derivative.c")
        generator.add(function)
        generator.generate(f"{folder}/")
        library = str(Path(folder, "derivative.so"))
        subprocess.run(["gcc", *FLAGS, f"{folder}/derivative.c", "-o", library, "-lm"], check=True)
        return _bound(problem, casadi.external("derivative", library))


def _bound(problem: Problem, function: Any) -> Ready:
    """A call without arguments, which leaves its results in arrays."""
    buffer, call = function.buffer()
    results = [np.zeros(function.nnz_out(k)) for k in range(function.n_out())]
    buffer.set_arg(0, memoryview(problem.x))
    for k, result in enumerate(results):
        buffer.set_res(k, memoryview(result))

    def read(_: Any) -> Any:
        kept = buffer  # as long as its call
        dense = [_dense(function.sparsity_out(k), x) for k, x in enumerate(results)]
        assert kept is not None
        return (dense[0][0, 0], dense[1][:, 0]) if problem.wanted == "gradient" else dense[0]

    return Ready(call, (), read)


def _dense(sparsity: Any, nonzeros: np.ndarray) -> np.ndarray:
    dense = np.zeros(sparsity.shape)
    rows, columns = sparsity.get_triplet()
    dense[rows, columns] = nonzeros
    return dense
