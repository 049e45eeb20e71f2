"""Sparse Jacobians and Hessians: their values beside CasADi, asdex and Numba, and their structure.

Values are written into arrays that are kept, as CasADi's buffers are: `kernel.bind(x)`. Structure
is found in a process of its own for each problem, with the peak of its memory.
"""

from __future__ import annotations

import multiprocessing
import resource
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

import numba
import numpy as np
from scipy.sparse import coo_array, csc_array, csr_array

import jitad
from benchmarks.gradbench import ba
from benchmarks.harness import Table, interleave, main, peer, verdict
from benchmarks.many_tangents import broyden_over
from benchmarks.programs import rosenbrock_over

_SECONDS = {"tiny": 0.01, "quick": 0.2, "full": 2.0}
_LARGEST = {"tiny": 100, "quick": 10_000, "full": 10**9}
_LARGEST_IN_C = {"tiny": 0, "quick": 100, "full": 1_000}
_LARGEST_IN_CASADI = 100_000
_MOST_OF_FUNCTION = {1: 1.5, 2: 2.0}
_MOST_SECONDS = 1.0

Over = Callable[[Any], Callable[[Any], Any]]


class Problem(NamedTuple):
    """A function over NumPy, jax.numpy or CasADi; by hand: from x and `data` into `data`."""

    name: str
    order: int
    over: Over
    x: np.ndarray
    by_hand: Any = None


def run(size: str) -> list[Table]:
    """The values, bundle adjustment, and the structure."""
    problems = [p for p in _problems() if p.x.size <= _LARGEST[size]]
    return [_values(problems, size), _adjustment(size), _structures(size)]


# -- functions -------------------------------------------------------------------------------------


def _wood_over(np: Any) -> Callable[[Any], Any]:
    """The chained Wood function (Toint, IMA Journal of Numerical Analysis 3 (1983), 123)."""

    def wood(x: Any) -> Any:
        a, b, c, d = x[:-3:2], x[1:-2:2], x[2:-1:2], x[3::2]
        first = 100 * (b - a**2) ** 2 + (1 - a) ** 2 + 90 * (d - c**2) ** 2 + (1 - c) ** 2
        return np.sum(first + 10 * (b + d - 2) ** 2 + 0.1 * (b - d) ** 2)

    return wood


def _surface_over(np: Any) -> Callable[[Any], Any]:
    """The area of a surface over a square grid, by the diagonals of its cells."""

    def area(x: Any) -> Any:
        n = round(x.shape[0] ** 0.5)
        u = np.reshape(x, (n, n))
        d, e = u[1:, 1:] - u[:-1, :-1], u[1:, :-1] - u[:-1, 1:]
        return np.sum(np.sqrt(1 + (d**2 + e**2) / 2))

    return area


@numba.njit
def _broyden_by_hand(x: np.ndarray, data: np.ndarray) -> None:
    n = x.size
    data[0], data[1] = 3.0 - 4.0 * x[0], -2.0
    for i in range(1, n - 1):
        data[3 * i - 1], data[3 * i], data[3 * i + 1] = -1.0, 3.0 - 4.0 * x[i], -2.0
    data[3 * n - 4], data[3 * n - 3] = -1.0, 3.0 - 4.0 * x[n - 1]


@numba.njit
def _rosenbrock_by_hand(x: np.ndarray, data: np.ndarray) -> None:
    n = x.size
    data[0], data[1] = 1200.0 * x[0] * x[0] - 400.0 * x[1] + 2.0, -400.0 * x[0]
    for i in range(1, n - 1):
        data[3 * i - 1] = -400.0 * x[i - 1]
        data[3 * i] = 1200.0 * x[i] * x[i] - 400.0 * x[i + 1] + 202.0
        data[3 * i + 1] = -400.0 * x[i]
    data[3 * n - 4], data[3 * n - 3] = -400.0 * x[n - 2], 200.0


def _problems() -> Iterator[Problem]:
    for n in (100, 1_000, 10_000, 100_000):
        x = np.linspace(-1.0, 1.0, n)
        yield Problem(f"Broyden, n = {n:,}", 1, broyden_over, x, _broyden_by_hand)
    for n in (100, 1_000, 10_000):
        x = np.linspace(0.5, 1.5, n)
        yield Problem(f"Rosenbrock, n = {n:,}", 2, rosenbrock_over, x, _rosenbrock_by_hand)
    for n in (100, 10_000):
        yield Problem(f"chained Wood, n = {n:,}", 2, _wood_over, np.linspace(-1.0, 1.0, n))
    u = np.random.default_rng(0).normal(size=300 * 300)
    yield Problem("minimal surface, 300 x 300", 2, _surface_over, u)


# -- values ----------------------------------------------------------------------------------------


class Ready(NamedTuple):
    """A call without arguments, and the matrix that it has left."""

    call: Callable[[], Any]
    matrix: Callable[[], csr_array]


def _values(problems: list[Problem], size: str) -> Table:
    columns = ("derivative of", "function or gradient (s)", "jitad (s)", "times that", "bound",
               "jitad, a csr_array (s)", "CasADi VM (s)", "CasADi C (s)", "asdex (s)",
               "Numba by hand (s)")  # fmt: skip
    names = ("jitad", "csr_array", "CasADi VM", "CasADi C", "asdex", "by hand")
    rows: list[Any] = []
    for problem in problems:
        ready = dict(zip(names, (prepare(problem, size) for prepare in _PEERS), strict=True))
        found = {name: x for name, x in ready.items() if x is not None}
        for name, x in found.items():
            _check(problem, name, x, found["jitad"])
        calls = {name: (x.call, ()) for name, x in found.items()}
        timings = interleave({"base": (_base(problem), ()), **calls}, seconds=_SECONDS[size])
        best = {name: timing.best for name, timing in timings.items()}
        ratio = best["jitad"] / best["base"]
        bound = verdict(ratio, most=_MOST_OF_FUNCTION[problem.order])
        others = [best.get(name) for name in names[1:]]
        rows.append((problem.name, best["base"], best["jitad"], ratio, bound, *others))
    note = "Broyden's are Jacobians, beside the function's time; the others are Hessians."
    return Table("Values of sparse matrices", columns, rows, note)


def _check(problem: Problem, name: str, one: Ready, other: Ready) -> None:
    one.call()
    other.call()
    a, b = one.matrix(), other.matrix()
    if np.max(np.abs((a - b).data), initial=0.0) > 1e-9 * np.max(np.abs(b.data)):
        raise AssertionError(f"{problem.name}: {name} has other values")


def _base(problem: Problem) -> Callable[[], Any]:
    function = problem.over(np)
    wanted = function if problem.order == 1 else jitad.grad(function)
    return jitad.compile(wanted, problem.x).bind(problem.x)


def _derivative(problem: Problem) -> Any:
    transform = jitad.jacobian if problem.order == 1 else jitad.hessian
    return transform(problem.over(np), sparse=True)


def _own(problem: Problem, _: str) -> Ready:
    bound = jitad.compile(_derivative(problem), problem.x).bind(problem.x)
    return Ready(bound, bound)


def _own_matrix(problem: Problem, _: str) -> Ready:
    derivative = _derivative(problem)
    return Ready(lambda: derivative(problem.x), lambda: derivative(problem.x))


def _by_hand(problem: Problem, _: str) -> Ready | None:
    if problem.by_hand is None:
        return None
    kept = _derivative(problem)(problem.x)
    return Ready(lambda: problem.by_hand(problem.x, kept.data), lambda: kept)


def _casadi_vm(problem: Problem, _: str) -> Ready | None:
    if problem.x.size > _LARGEST_IN_CASADI or (casadi := peer("casadi")) is None:
        return None
    return _buffered(problem, _casadi_function(problem, casadi))


def _casadi_c(problem: Problem, size: str) -> Ready | None:
    if problem.x.size > _LARGEST_IN_C[size] or (casadi := peer("casadi")) is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        generator: Any = casadi.CodeGenerator("derivative.c")
        generator.add(_casadi_function(problem, casadi))
        generator.generate(f"{folder}/")
        library = str(Path(folder, "derivative.so"))
        command = ["gcc", "-O3", "-march=native", "-shared", "-fPIC", "-w", "-lm", "-o", library]
        subprocess.run([*command, f"{folder}/derivative.c"], check=True)
        return _buffered(problem, casadi.external("derivative", library))


def _casadi_function(problem: Problem, casadi: Any) -> Any:
    x = casadi.SX.sym("x", problem.x.size)
    y = _OF_CASADI[problem.over](casadi, x)
    matrix = casadi.jacobian(y, x) if problem.order == 1 else casadi.hessian(y, x)[0]
    return casadi.Function("derivative", [x], [matrix])


def _surface_of_casadi(casadi: Any, x: Any) -> Any:
    n = round(x.shape[0] ** 0.5)
    u = casadi.reshape(x, n, n).T
    d, e = u[1:, 1:] - u[:-1, :-1], u[1:, :-1] - u[:-1, 1:]
    return casadi.sum1(casadi.vec(casadi.sqrt(1 + (d**2 + e**2) / 2)))


class _Names(NamedTuple):
    """The names that functions of vectors need."""

    sum: Any
    concatenate: Any
    zeros: Any


def _of_vectors(over: Over) -> Callable[[Any, Any], Any]:
    def function(casadi: Any, x: Any) -> Any:
        names = _Names(casadi.sum1, lambda parts: casadi.vertcat(*parts), casadi.DM.zeros)
        return over(names)(x)

    return function


_OF_CASADI = {
    _surface_over: _surface_of_casadi,
    **{over: _of_vectors(over) for over in (broyden_over, rosenbrock_over, _wood_over)},
}


def _buffered(problem: Problem, function: Any) -> Ready:
    buffer, call = function.buffer()
    pattern = function.sparsity_out(0)
    values = np.zeros(pattern.nnz())
    buffer.set_arg(0, memoryview(problem.x))
    buffer.set_res(0, memoryview(values))
    indptr, indices = np.array(pattern.colind()), np.array(pattern.row())

    def matrix(kept: Any = buffer) -> csr_array:
        return csc_array((values, indices, indptr), shape=pattern.shape).tocsr()

    return Ready(call, matrix)


def _asdex(problem: Problem, _: str) -> Ready | None:
    if (jax := peer("jax")) is None or (asdex := peer("asdex")) is None:
        return None
    jax.config.update("jax_enable_x64", True)
    function = problem.over(peer("jax.numpy"))
    x: Any = jax.numpy.asarray(problem.x)
    transform = asdex.jacobian if problem.order == 1 else asdex.hessian
    compiled: Any = jax.jit(transform(function, x))

    def matrix() -> csr_array:
        found = compiled(x)
        rows, columns = np.asarray(found.indices).T
        return coo_array((np.asarray(found.data), (rows, columns)), shape=found.shape).tocsr()

    return Ready(lambda: compiled(x).block_until_ready(), matrix)


_PEERS = (_own, _own_matrix, _casadi_vm, _casadi_c, _asdex, _by_hand)


# -- bundle adjustment -----------------------------------------------------------------------------


def _errors(
    cameras: Any, points: Any, weights: Any, features: Any, by_camera: Any, by_point: Any
) -> Any:
    """All errors of GradBench's problem at once, without a function of one observation."""
    camera = cameras[by_camera]
    r, y = camera[:, :3], points[by_point] - camera[:, 3:6]
    square = np.sum(r * r, axis=1, keepdims=True)
    angle = np.sqrt(np.where(square > 0, square, 1.0))
    v = r / angle
    along = np.sum(v * y, axis=1, keepdims=True) * (1 - np.cos(angle))
    turned = y * np.cos(angle) + np.cross(v, y) * np.sin(angle) + v * along
    p = np.where(square > 0, turned, y + np.cross(r, y))
    q = p[:, :2] / p[:, 2:]
    size = np.sum(q * q, axis=1, keepdims=True)
    seen = q * (1 + size * (camera[:, 9:10] + camera[:, 10:] * size)) * camera[:, 6:7]
    return weights[:, None] * (seen + camera[:, 7:9] - features), 1 - weights * weights


def _adjustment(size: str) -> Table:
    p = {"tiny": 60, "quick": 10_000, "full": 225_911}[size]
    n, m = max(p // 2000, 3), max(p // 4, 3)
    random = np.random.default_rng(0)
    given = (
        random.uniform(0.1, 1.0, (n, 11)),
        random.uniform(1.0, 3.0, (m, 3)) + np.array([0.0, 0.0, 5.0]),
        random.uniform(0.5, 1.0, p),
        random.normal(size=(p, 2)),
    )
    number = np.arange(p, dtype=np.int32)
    places = random.integers(0, n, p, dtype=np.int32), random.integers(0, m, p, dtype=np.int32)
    whole = jitad.jacobian(_errors, (0, 1, 2), sparse=True)
    calls = {
        "jacobian(sparse=True)": jitad.compile(whole, *given, *places).bind(*given, *places),
        "vmap of jacrev": jitad.compile(ba.jacobian, *given, number, *places).bind(
            *given, number, *places
        ),
    }
    ours, values = calls["jacobian(sparse=True)"](), calls["vmap of jacrev"]()[2]
    total = sum(matrix.data.sum() for row in ours for matrix in row)
    if abs(total - values.sum()) > 1e-9 * np.abs(values).sum():
        raise AssertionError("bundle adjustment: other values")
    timings = interleave({name: (f, ()) for name, f in calls.items()}, seconds=_SECONDS[size])
    ratio = timings["jacobian(sparse=True)"].best / timings["vmap of jacrev"].best
    row = (f"{p:,}", *(timings[name].best for name in calls), ratio, verdict(ratio, most=1.3))
    columns = "observations", *(f"{name} (s)" for name in calls), "times that", "bound"
    note = "The second is written by hand for one observation, and says itself where entries are."
    return Table("GradBench's bundle adjustment", columns, [row], note)


# -- structure -------------------------------------------------------------------------------------


def _heat_by_slices(u: Any) -> Any:
    out = 4 * u
    out[1:-1, 1:-1] -= u[:-2, 1:-1] + u[2:, 1:-1] + u[1:-1, :-2] + u[1:-1, 2:]
    return out + u**3


def _heat_by_roll(u: Any) -> Any:
    around = np.roll(u, 1, 0) + np.roll(u, -1, 0) + np.roll(u, 1, 1) + np.roll(u, -1, 1)
    return 4 * u - around + u**3


def _heat_by_padding(u: Any) -> Any:
    p = np.pad(u, 1)
    return 4 * u - p[:-2, 1:-1] - p[2:, 1:-1] - p[1:-1, :-2] - p[1:-1, 2:] + u**3


def _heat_by_cells(u: Any) -> Any:
    out = np.zeros(u.shape)
    for i in range(1, u.shape[0] - 1):
        for j in range(1, u.shape[1] - 1):
            around = u[i - 1, j] + u[i + 1, j] + u[i, j - 1] + u[i, j + 1]
            out[i, j] = 4 * u[i, j] - around + u[i, j] ** 3
    return out


_STRUCTURES = {
    "tridiagonal": broyden_over(np),
    "5 points by slices": _heat_by_slices,
    "5 points by np.roll": _heat_by_roll,
    "5 points by np.pad": _heat_by_padding,
    "5 points in loops": _heat_by_cells,
}


def _structures(size: str) -> Table:
    lengths = {"tiny": (100,), "quick": (10**4,), "full": (10**5, 10**6)}[size]
    first, *others = _STRUCTURES
    given = [(first, n) for n in lengths] + [(name, lengths[-1]) for name in others]
    spawn = multiprocessing.get_context("spawn")
    rows: list[Any] = []
    for name, n in given:
        with ProcessPoolExecutor(1, spawn) as pool:
            seconds, entries, memory = pool.submit(_structure, name, n).result()
        most = 2.0 if name != first else _MOST_SECONDS if n == 10**6 else _MOST_SECONDS / 10
        rows.append((f"{name}, n = {n:,}", seconds, verdict(seconds, most=most), entries, memory))
    columns = ("structure of", "time (s)", "bound", "entries", "peak memory (MB)")
    return Table("Structure of sparse matrices", columns, rows, repeated=False)


def _structure(name: str, n: int) -> tuple[float, int, int]:
    """Seconds, entries, and the most memory that the process has had, in MB."""
    function = _STRUCTURES[name]
    jitad.sparsity(function, np.ones(50) if name == "tridiagonal" else np.ones((10, 10)))
    x = np.ones(n) if name == "tridiagonal" else np.ones((round(n**0.5), round(n**0.5)))
    start = time.perf_counter()
    pattern = jitad.sparsity(function, x)
    seconds = time.perf_counter() - start
    return seconds, pattern.nnz, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main(run, __doc__, one_core=True)
