"""Arrays that loops carry and write to element by element, beside the value in Numba's njit.

Each program is written once for jitad and JAX, whose loops have the same names, and once in plain
loops for Numba, which has no gradients: its value is the measure of both.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numba
import numpy as np

import jitad
from benchmarks.harness import Table, check_equal, main, measure, once, peer, verdict

_SIZES = {"tiny": 0, "quick": 1, "full": 1}
_SECONDS = {"tiny": 0.01, "quick": 0.3, "full": 2.0}
_MOST_OF_NUMBA = 1.2
_MOST_OF_VALUE = 4.0


class Program(NamedTuple):
    """A program for a library that has jitad's names, the one for Numba, and shapes: tiny, full."""

    name: str
    loops: Callable[[Any, Any], Any]
    plain: Callable[[np.ndarray], float]
    shapes: tuple[tuple[int, ...], tuple[int, ...]]


class Library(NamedTuple):
    """What the programs call."""

    np: Any
    fori_loop: Any
    cond: Any


def run(size: str) -> list[Table]:
    """Two tables: the values and the gradients."""
    rows: dict[str, list[Any]] = {"value": [], "gradient": []}
    for program in PROGRAMS:
        for kind, row in _measured(program, size).items():
            rows[kind].append(row)
    columns = ("program", "Numba's value (s)", "jitad: first call (s)", "a call (s)",
               "times Numba's value", "JAX: a call (s)", "bound")  # fmt: skip
    return [Table(f"Arrays carried: the {kind}", columns, found) for kind, found in rows.items()]


def _measured(program: Program, size: str) -> dict[str, Any]:
    x = np.random.default_rng(0).normal(size=program.shapes[_SIZES[size]])
    plain = numba.njit(program.plain)
    found: dict[str, Any] = {}
    for kind in ("value", "gradient"):
        functions = _functions(program, kind)
        first = once(lambda f=functions["jitad"]: f(x))
        if kind == "value":
            check_equal(program.name, functions["jitad"](x), plain(x), 1e-10)
        calls = {name: (f, (x,)) for name, f in functions.items()}
        timings = measure(calls, seconds=_SECONDS[size], repeats=5, rtol=1e-8)
        base = measure({"Numba": (plain, (x,))}, seconds=_SECONDS[size], repeats=5)["Numba"].best
        own = timings["jitad"].best
        jax = timings["jax"].best if "jax" in timings else None
        most = _MOST_OF_NUMBA if kind == "value" else _MOST_OF_VALUE
        bound = None if size == "tiny" else verdict(own / base, most=most)
        found[kind] = (program.name, base, first, own, own / base, jax, bound)
    return found


def _functions(program: Program, kind: str) -> dict[str, Any]:
    own = Library(np, jitad.fori_loop, jitad.cond)
    transform = jitad.jit if kind == "value" else jitad.grad
    found: dict[str, Any] = {"jitad": transform(lambda x: program.loops(own, x))}
    jax: Any = peer("jax")
    if jax is not None:
        jax.config.update("jax_enable_x64", True)
        lib = Library(peer("jax.numpy"), jax.lax.fori_loop, jax.lax.cond)

        def function(x: Any) -> Any:
            return program.loops(lib, x)

        compiled = jax.jit(function if kind == "value" else jax.grad(function))
        found["jax"] = lambda x: np.asarray(compiled(x))
    return found


# -- the programs ----------------------------------------------------------------------------------


def _two_reads(lib: Any, x: Any) -> Any:
    def turn(i: Any, o: Any) -> Any:
        return o.at[i].set(0.5 * o[i - 1] - 0.3 * o[i - 2] + x[i])

    return lib.fori_loop(2, x.shape[0], turn, lib.np.zeros(x.shape[0]))[-1]


def _two_reads_plainly(x: np.ndarray) -> float:
    o = np.zeros(x.shape[0])
    for i in range(2, x.shape[0]):
        o[i] = 0.5 * o[i - 1] - 0.3 * o[i - 2] + x[i]
    return o[-1]


def _neighbours(lib: Any, x: Any) -> Any:
    return lib.fori_loop(1, x.shape[0], lambda i, s: 0.99 * s + x[i] * x[i - 1], 0.0)


def _neighbours_plainly(x: np.ndarray) -> float:
    s = 0.0
    for i in range(1, x.shape[0]):
        s = 0.99 * s + x[i] * x[i - 1]
    return s


def _under_if(lib: Any, x: Any) -> Any:
    def turn(i: Any, o: Any) -> Any:
        return lib.cond(x[i] > 0, lambda: o.at[i].set(x[i] * x[i]), lambda: o)

    return lib.np.sum(lib.fori_loop(0, x.shape[0], turn, lib.np.zeros(x.shape[0])))


def _under_if_plainly(x: np.ndarray) -> float:
    o = np.zeros(x.shape[0])
    for i in range(x.shape[0]):
        if x[i] > 0:
            o[i] = x[i] * x[i]
    return o.sum()


def _rows(lib: Any, x: Any) -> Any:
    def turn(i: Any, o: Any) -> Any:
        return o.at[i].set(0.5 * o[i - 1] + lib.np.sin(x[i]))

    return lib.np.sum(lib.fori_loop(1, x.shape[0], turn, lib.np.zeros(x.shape)))


def _rows_plainly(x: np.ndarray) -> float:
    o = np.zeros(x.shape)
    for i in range(1, x.shape[0]):
        for j in range(x.shape[1]):
            o[i, j] = 0.5 * o[i - 1, j] + np.sin(x[i, j])
    return o.sum()


def _product(lib: Any, a: Any) -> Any:
    n = a.shape[0]

    def element(i: Any, j: Any, c: Any) -> Any:
        return lib.fori_loop(0, n, lambda k, c: c.at[i, j].add(a[i, k] * a[k, j]), c)

    def row(i: Any, c: Any) -> Any:
        return lib.fori_loop(0, n, lambda j, c: element(i, j, c), c)

    return lib.np.sum(lib.fori_loop(0, n, row, lib.np.zeros((n, n))))


def _product_plainly(a: np.ndarray) -> float:
    n = a.shape[0]
    c = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            for k in range(n):
                c[i, j] += a[i, k] * a[k, j]
    return c.sum()


def warping(lib: Any, x: Any) -> Any:
    """Dynamic time warping of a sequence and its cosines."""
    n, minimum = x.shape[0], lib.np.minimum

    def element(i: Any, j: Any, d: Any) -> Any:
        before = minimum(minimum(d[i - 1, j], d[i, j - 1]), d[i - 1, j - 1])
        return d.at[i, j].set((x[i - 1] - lib.np.cos(x[j - 1])) ** 2 + before)

    def row(i: Any, d: Any) -> Any:
        return lib.fori_loop(1, n + 1, lambda j, d: element(i, j, d), d)

    corner = np.full((n + 1, n + 1), 1e3)
    corner[0, 0] = 0.0
    return lib.fori_loop(1, n + 1, row, lib.np.asarray(corner))[n, n]


def warping_plainly(x: np.ndarray) -> float:
    """The same in plain loops."""
    n = x.shape[0]
    d = np.full((n + 1, n + 1), 1e3)
    d[0, 0] = 0.0
    for i in range(1, n + 1):
        for j in range(1, n + 1):
            before = min(d[i - 1, j], d[i, j - 1], d[i - 1, j - 1])
            d[i, j] = (x[i - 1] - np.cos(x[j - 1])) ** 2 + before
    return d[n, n]


def _sweeps(lib: Any, b: Any) -> Any:
    """Gauss and Seidel's method, 20 sweeps."""

    def sweep(_: Any, u: Any) -> Any:
        def turn(i: Any, u: Any) -> Any:
            return u.at[i].set(0.25 * (u[i - 1] + u[i + 1] + b[i]))

        return lib.fori_loop(1, b.shape[0] - 1, turn, u)

    return lib.np.sum(lib.fori_loop(0, 20, sweep, lib.np.zeros(b.shape[0])) ** 2)


def _sweeps_plainly(b: np.ndarray) -> float:
    u = np.zeros(b.shape[0])
    for _ in range(20):
        for i in range(1, b.shape[0] - 1):
            u[i] = 0.25 * (u[i - 1] + u[i + 1] + b[i])
    return (u**2).sum()


PROGRAMS = (
    Program("two reads, 20,000", _two_reads, _two_reads_plainly, ((20,), (20_000,))),
    Program("neighbours, 100,000", _neighbours, _neighbours_plainly, ((20,), (100_000,))),
    Program("a write under an if, 20,000", _under_if, _under_if_plainly, ((20,), (20_000,))),
    Program("rows, 1,000 x 8", _rows, _rows_plainly, ((5, 8), (1000, 8))),
    Program("matrix product by elements, 60", _product, _product_plainly, ((5, 5), (60, 60))),
    Program("warping, 200 x 200", warping, warping_plainly, ((5,), (200,))),
    Program("Gauss-Seidel, 1,000", _sweeps, _sweeps_plainly, ((9,), (1000,))),
)


if __name__ == "__main__":
    main(run, __doc__)
