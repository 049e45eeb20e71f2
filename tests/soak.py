"""Does memory stay flat? Each load is turned over many times, and resident memory compared.

    python -m tests.soak                  every load in full: 10^6 calls of a door, 2,000 programs
    python -m tests.soak --scale 0.01     a hundredth of that
    python -m tests.soak calls errors     loads whose names begin so

Memory is read after a warm-up (caches have bounds, and are to be full) and at the end. A load is
flat where it has not grown by more than the allowance: 2 MiB, and for each program that is
compiled 2 KiB, which LLVM's pass builders leave.
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
def calls_from_numba() -> Turn:
    kernel = jitad.compile(jitad.value_and_grad(lambda x: np.sum(x**2)), X).njit
    wide = np.linspace(0, 1, 6)

    @numba.njit
    def both(x: Any, wide: Any) -> Any:
        return kernel(x)[0] + kernel(wide[::2])[0]

    return lambda k: both(X, wide)


# -- errors and paths ------------------------------------------------------------------------------


@load(CALLS // 10, 1_000)
def errors_of_shapes() -> Turn:
    kernel = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), X)
    return lambda k: _expect(jitad.ShapeError, kernel, POINTS)


@load(CALLS // 10, 1_000)
def errors_of_singular_matrices() -> Turn:
    inverse = jitad.jit(np.linalg.inv)
    inverse(np.eye(3))
    return lambda k: _expect(jitad.LinearAlgebraError, inverse, np.zeros((3, 3)))


@load(CALLS // 10, 1_000)
def errors_of_other_paths() -> Turn:
    kernel = jitad.compile(lambda x: np.sin(x) if x[0] > 0 else np.cos(x), X)
    return lambda k: _expect(jitad.TraceError, kernel, -X)


@load(CALLS // 10, 1_000)
def errors_from_numba() -> Turn:
    kernel = jitad.compile(lambda x: (np.sin(x), np.sum(x)) if x[0] > 0 else (x, x[0]), X).njit

    @numba.njit
    def call(x: Any) -> Any:
        return kernel(x)[1]

    return lambda k: _expect(jitad.TraceError, call, -X)


@load(CALLS // 100, 100)
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


@load(PROGRAMS, 200, each=2048)
def programs_of_one_function_by_shape() -> Turn:
    df = jitad.grad(lambda x: np.sum(x**2))
    return lambda k: df(np.ones(1 + k))


@load(PROGRAMS // 10, 20, each=4096)
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
