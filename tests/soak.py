"""Does memory stay flat? Each load is turned over many times, and resident memory compared.

    python -m tests.soak                  every load in full: 10^6 calls of a door, 2,000 programs
    python -m tests.soak --scale 0.01     a hundredth of that
    python -m tests.soak calls errors     loads whose names begin so

Memory is read after a warm-up (caches have bounds, and are to be full) and at the end. A load is
flat where it has not grown by more than the allowance: 2 MiB, and for each program that is
compiled 2 KiB, which LLVM's pass builders leave (llvmlite makes callbacks for each that nothing
frees). Numba keeps the code of each function that it compiles, also where the function is dropped:
1.2 MiB of one that multiplies an array by a number, and so 1 MiB of a kernel's door for Numba.
"""

from __future__ import annotations

import argparse
import ctypes
import gc
import os
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numba
import numpy as np

import jitad
from jitad import implicit

X = np.array([0.25, 0.5, 0.75])
POINTS = np.linspace(0.1, 1.2, 12).reshape(4, 3)
CALLS, PROGRAMS = 1_000_000, 2_000
MIB = 1 << 20

Turn = Callable[[int], Any]


@dataclass(frozen=True)
class Load:
    """What is done over and over: `make()` gives a function of the turn's number."""

    make: Callable[[], Turn]
    count: int
    warm: int
    each: int
    """Bytes that a turn may leave behind."""


LOADS: dict[str, Load] = {}


def load(count: int, warm: int, each: int = 0) -> Callable[[Callable[[], Turn]], None]:
    """Enter a load into the table."""

    def enter(make: Callable[[], Turn]) -> None:
        LOADS[make.__name__] = Load(make, count, warm, each)

    return enter


def resident() -> int:
    """Bytes of this process in memory, after what is free has been given back."""
    gc.collect()
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def soak(name: str, scale: float = 1.0) -> tuple[int, int, int]:
    """How many turns were made, bytes before and bytes after."""
    chosen = LOADS[name]
    turn, count = chosen.make(), max(1, int(chosen.count * scale))
    warm = max(3, int(chosen.warm * min(1.0, 100 * scale)))
    for k in range(warm):
        turn(k)
    before = resident()
    for k in range(warm, warm + count):
        turn(k)
    return count, before, resident()


def is_flat(name: str, count: int, growth: int) -> bool:
    """Whether a load that has grown by so much has not grown."""
    return growth <= 2 * MIB + count * LOADS[name].each


def _expect(kind: type[BaseException], f: Callable[..., Any], *args: Any) -> None:
    try:
        f(*args)
    except kind:
        return
    raise AssertionError(f"no {kind.__name__}")


# -- calls -----------------------------------------------------------------------------------------


@load(CALLS, 10_000)
def calls_of_a_gradient() -> Turn:
    df = jitad.grad(lambda x: np.sum(x**2))
    return lambda k: df(X)


@load(CALLS, 10_000)
def calls_of_a_gradient_written_out() -> Turn:
    def f(x: Any) -> Any:
        return np.sum(x**2)

    return lambda k: jitad.grad(f)(X)


@load(CALLS, 10_000)
def calls_with_trees() -> Turn:
    df = jitad.value_and_grad(lambda tree: np.sum(tree["a"]) * tree["b"][0])
    tree = {"a": X, "b": (2.0, X)}
    return lambda k: df(tree)


@load(CALLS, 10_000)
def calls_with_strided_arrays() -> Turn:
    df, wide = jitad.grad(lambda x: np.sum(x**2)), np.linspace(0, 1, 6)
    return lambda k: df(wide[::2])


@load(CALLS, 10_000)
def calls_of_a_method() -> Turn:
    class Model:
        weights = X

        def loss(self, x: Any) -> Any:
            return np.sum(self.weights * x**2)

    model = Model()
    return lambda k: jitad.grad(model.loss)(X)


@load(CALLS, 10_000)
def calls_of_vmap() -> Turn:
    f = jitad.vmap(lambda x: np.sum(np.sin(x)))
    return lambda k: f(POINTS)


@load(CALLS, 10_000)
def calls_of_a_pullback() -> Turn:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x))

    return lambda k: jitad.vjp(f, X)[1](1.0)


@load(CALLS, 10_000)
def calls_of_scan() -> Turn:
    def body(c: Any, x: Any) -> Any:
        return c + x, c * x

    return lambda k: jitad.scan(body, np.zeros(3), POINTS)


@load(CALLS // 10, 1_000)
def calls_of_stream() -> Turn:
    def f(x: Any) -> Any:
        return np.sum(x**2)

    return lambda k: jitad.stream(f, POINTS, reduce="sum")


@load(CALLS // 100, 100)
def calls_of_root() -> Turn:
    f = jitad.grad(lambda a: implicit.root(lambda z, a: z**2 - a, 1.0, a))
    return lambda k: f(2.0)


@load(CALLS, 10_000)
def calls_of_a_kernel() -> Turn:
    kernel, out = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), X), np.zeros(3)
    return lambda k: kernel(X, out=out) if k % 2 else kernel(X)


@load(CALLS, 10_000)
def calls_of_a_kernel_with_an_arena() -> Turn:
    wide = np.linspace(0, 1, 10_000)
    kernel = jitad.compile(jitad.grad(lambda x: np.sum(np.cumsum(np.sin(x)) ** 2)), wide)
    return lambda k: kernel(wide) if k % 100 == 0 else None


@load(CALLS, 10_000)
def calls_bound() -> Turn:
    bound = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), X).bind(X)
    return lambda k: bound()


@load(CALLS, 10_000)
def calls_by_address() -> Turn:
    kernel, out = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), X), np.zeros(3)
    arena = np.zeros(max(kernel.code.arena, 8), np.uint8)
    function = ctypes.CFUNCTYPE(ctypes.c_int64, *[ctypes.c_void_p] * 3)(kernel.address)
    places = [x.ctypes.data for x in (X, out, arena)]
    return lambda k: function(*places)


@load(CALLS, 10_000)
def calls_of_directions() -> Turn:
    def f(x: Any) -> Any:
        return np.sum(np.sin(x))

    return lambda k: (jitad.jvp(f, (X,), (X,)), jitad.hvp(f, (X,), (X,)))


@load(CALLS, 10_000)
def calls_from_numba() -> Turn:
    kernel = jitad.compile(jitad.value_and_grad(lambda x: np.sum(x**2)), X)
    function, into = kernel.njit, kernel.njit_out
    wide, value, gradient = np.linspace(0, 1, 6), np.zeros(()), np.zeros(3)

    @numba.njit
    def both(x: Any, wide: Any, value: Any, gradient: Any) -> Any:
        into(x, value, gradient)
        return function(x)[0] + function(wide[::2])[0]

    return lambda k: both(X, wide, value, gradient)


# -- errors and paths ------------------------------------------------------------------------------


@load(CALLS, 1_000)
def errors_of_arguments() -> Turn:
    kernel, shared = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), X), X.copy()
    errors: list[tuple[type[BaseException], Callable[[], Any]]] = [
        (jitad.ShapeError, lambda: kernel(POINTS)),
        (jitad.ShapeError, lambda: kernel(X, X)),
        (jitad.ShapeError, lambda: kernel(X + 0j)),
        (jitad.ShapeError, lambda: kernel(shared, out=shared)),
        (jitad.ShapeError, lambda: kernel.bind(POINTS)),
    ]
    return lambda k: _expect(*errors[k % len(errors)])


@load(CALLS, 1_000)
def errors_of_kernels() -> Turn:
    inverse = jitad.jit(np.linalg.inv)
    table, path = jitad.jit(lambda x, i: x[i]), jitad.compile(_path, X)
    finite = jitad.compile(np.log, X, debug=True)
    errors: list[tuple[type[BaseException], Callable[[], Any]]] = [
        (jitad.LinearAlgebraError, lambda: inverse(np.zeros((3, 3)))),
        (IndexError, lambda: table(X, np.array([1, 7]))),
        (jitad.TraceError, lambda: path(-X)),
        (jitad.NonFiniteError, lambda: finite(X * 0)),
    ]
    return lambda k: _expect(*errors[k % len(errors)])


@load(CALLS, 1_000)
def errors_from_numba() -> Turn:
    """A function of Numba's that calls the kernel keeps its own arguments where an error leaves it,
    whoever raises: so the kernel is called as it is."""
    path, silent = (jitad.compile(_path, X, on_failure=x).njit for x in ("raise", "nan"))
    table = jitad.compile(lambda x, i: (x[i], i), X, np.array([0, 1])).njit
    errors: list[tuple[type[BaseException], Callable[[], Any]]] = [
        (jitad.TraceError, lambda: path(-X)),
        (jitad.ShapeError, lambda: path(POINTS[0, :2])),
        (IndexError, lambda: table(X, np.array([1, 7]))),
    ]

    def turn(k: int) -> None:
        silent(-X)
        _expect(*errors[k % len(errors)])

    return turn


def _path(x: Any) -> Any:
    """One of two paths: a key of a dict is asked for."""
    which = ("first", "sum")[len(np.zeros(int(x[0] > 0)))]  # a path of its own
    return (np.sin(x), np.sum(x)) if which == "sum" else (x, x[0])


@load(CALLS // 100, 4_000)
def errors_while_tracing() -> Turn:
    df = jitad.grad(lambda x: np.sum(x) + X.nothing)  # type: ignore[attr-defined]
    return lambda k: _expect(AttributeError, df, X)


@load(CALLS, 10_000)
def paths_in_turn() -> Turn:
    df = jitad.grad(lambda x: np.sum(x**2) if x[0] > 0 else x[1] * x[2] if x[1] > 0 else x[0])
    points = [X, -X, X - 0.4]
    return lambda k: df(points[k % 3])


@load(CALLS // 100, 200)
def paths_without_end() -> Turn:
    def f(x: Any) -> Any:
        return x * int(x)

    return lambda k: jitad.grad(f)(float(k % 50))


@load(CALLS // 100, 100)
def states_in_turn() -> Turn:
    factor = 0.0

    def f(x: Any) -> Any:
        return factor * np.sum(x**2)

    df = jitad.grad(f)

    def turn(k: int) -> Any:
        nonlocal factor
        factor = float(k % 3)
        return df(X)

    return turn


# -- programs --------------------------------------------------------------------------------------


@load(PROGRAMS, 100)
def programs_written_out_at_every_call() -> Turn:
    return lambda k: jitad.vmap(lambda v: np.sum(np.sin(v)))(POINTS)


@load(PROGRAMS, 200, each=2048)
def programs_made_and_dropped() -> Turn:
    def turn(k: int) -> Any:
        data = np.full(100_000, 1.0 + k)
        return jitad.grad(lambda x: np.sum(data[:3] * x**2) * (1.0 + k))(X)

    return turn


@load(PROGRAMS, 200, each=6 * 1024)
def programs_with_loops_made_and_dropped() -> Turn:
    def turn(k: int) -> Any:
        def body(c: Any, x: Any) -> Any:
            return c + x * (1.0 + k) if x > 0.3 else c * (1.0 + k), c

        return jitad.grad(lambda x: jitad.scan(body, 0.0, x)[0])(X)

    return turn


@load(PROGRAMS, 900, each=2048)
def programs_of_one_function_by_shape() -> Turn:
    df = jitad.grad(lambda x: np.sum(x**2))
    return lambda k: df(np.ones(1 + k))


@load(PROGRAMS // 10, 20, each=3 * MIB // 2)
def programs_for_numba_made_and_dropped() -> Turn:
    return lambda k: jitad.compile(lambda x: np.sum(x) * (1.0 + k), X).njit(X)


def main() -> int:
    """Run the loads that are named, or all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", help="loads whose names begin so; all by default")
    parser.add_argument("--scale", type=float, default=1.0, help="times the number of turns")
    given = parser.parse_args()
    chosen = [x for x in LOADS if not given.names or x.startswith(tuple(given.names))]
    grown = 0
    for name in chosen:
        count, before, after = soak(name, given.scale)
        flat = is_flat(name, count, after - before)
        grown += not flat
        each = (after - before) / count
        print(
            f"{name:42} {count:>9,} turns  {before / MIB:7.1f} -> {after / MIB:7.1f} MiB "
            f"{each:9.1f} B a turn  {'flat' if flat else 'GROWS'}",
            flush=True,
        )
    print(f"{len(chosen)} loads, {grown} of which grow")
    return min(grown, 1)


if __name__ == "__main__":
    raise SystemExit(main())
