"""Random array programs: values against NumPy, derivatives against differences and each other.

A program is a list of statements on a growing pool of arrays, run by one interpreter on NumPy's
arrays and on traced ones. Of a sum of functions of all results forward and reverse mode agree, the
slope along a line is that of differences of NumPy's values, and the second one that of differences
of our gradients, which were found right.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any
from unittest import mock

import numpy as np

import jitad
import jitad.passes.scalarize
from jitad.codegen import chunks
from tests.fuzz.array_steps import MOST, ONE, TWO, Statement, is_allowed, step
from tests.fuzz.fuzzer import Fuzzer, register


@dataclass(frozen=True)
class Program:
    """Inputs by shape, dtype and layout; statements; how many of the last values are results.

    `path` is how it is compiled: small arrays as numbers or loops, in functions of a few loops.
    """

    inputs: tuple[tuple[tuple[int, ...], str, str], ...]
    statements: tuple[Statement, ...]
    results: int
    order: int
    path: str
    seed: int


def run(program: Program, values: Iterable[Any], chosen: list[bool] | None = None) -> list[Any]:
    """The results; `chosen` are the statements that were run, found out where it is empty."""
    pool = list(values)
    find = chosen is not None and not chosen
    for number, statement in enumerate(program.statements):
        if find:
            chosen.append(_runs(statement, pool))
        if chosen is None or chosen[number]:
            pool.append(step(statement, pool))
    return pool[-program.results :]


def _runs(statement: Statement, pool: list[Any]) -> bool:
    name, left, right, k = statement
    x, y = (np.asarray(pool[j % len(pool)]) for j in (left, right))
    if not is_allowed(name, x, y, k):
        return False
    made = np.asarray(step(statement, pool))
    return made.size <= MOST and made.ndim < 4 and bool(np.all(np.abs(made) < 50))


# -- random programs -------------------------------------------------------------------------------

_SIZES = (0, 1, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 40, 63, 64, 65, 70)
_DTYPES = ("float64",) * 5 + ("float32", "complex128", "int64", "bool")
_PATHS = ("plain", "plain", "loops", "loops", "functions", "loops in functions")


def _input(rng: np.random.Generator) -> tuple[tuple[int, ...], str, str]:
    n, rank = int(rng.choice(_SIZES)), int(rng.choice([0, 1, 1, 2, 2, 3]))
    shape = ((), (n,), (n, int(rng.integers(1, 8))), (2, int(rng.integers(1, 5)), n))[rank]
    shape = shape[::-1] if rank == 2 and rng.random() < 0.5 else shape
    return shape, str(rng.choice(_DTYPES)), str(rng.choice(["dense", "dense", "strided", "back"]))


def _make(rng: np.random.Generator) -> Program:
    inputs = tuple(_input(rng) for _ in range(rng.integers(1, 4)))
    names = [*ONE, *TWO, *TWO, *TWO]
    statements = tuple(
        (str(rng.choice(names)), *(int(k) for k in rng.integers(0, 1000, size=3)))
        for _ in range(rng.integers(2, 12))
    )
    return Program(
        inputs, statements, int(rng.integers(1, 4)), int(rng.integers(4)), str(rng.choice(_PATHS)),
        int(rng.integers(10**6)),
    )  # fmt: skip


def _values(program: Program) -> list[Any]:
    rng = np.random.default_rng(program.seed)
    values: list[Any] = []
    for shape, dtype, layout in program.inputs:
        x = rng.normal(size=shape)
        z: Any = x + 1j * rng.normal(size=shape) if dtype == "complex128" else x * 2
        z = np.asarray(z > 0 if dtype == "bool" else z).astype(dtype)
        if layout == "strided" and shape:
            wide = np.zeros((*shape[:-1], 2 * shape[-1]), dtype)
            wide[..., ::2] = z
            z = wide[..., ::2]
        values.append(z[::-1] if layout == "back" and shape else z)
    return values


@contextmanager
def _compiled_by(path: str) -> Iterator[None]:
    small = -(10**9) if "loops" in path else jitad.passes.scalarize.SMALL
    chunk = 60 if "functions" in path else chunks.CHUNK
    with (
        mock.patch.object(jitad.passes.scalarize, "SMALL", small),
        mock.patch.object(chunks, "CHUNK", chunk),
    ):
        yield


# -- what is right ---------------------------------------------------------------------------------


def _check(program: Program) -> str:
    values, chosen = _values(program), list[bool]()
    with np.errstate(all="ignore"):
        want = run(program, values, chosen)

        def f(*xs: Any) -> Any:
            return tuple(run(program, xs, chosen))

        short = any(np.asarray(x).dtype == np.float32 for x in values) or any(
            name == "float32" for (name, *_), is_run in zip(program.statements, chosen, strict=True)
            if is_run
        )  # fmt: skip
        with _compiled_by(program.path):
            active = [k for k, x in enumerate(values) if x.dtype.kind in "fc" and x.size]
            if program.order == 0 or short or not active:
                return _wrong_values(jitad.jit(f)(*values), want, 2e-4 if short else 1e-10)
            return _wrong_slopes(f, values, active, program)


def _wrong_values(got: Any, want: Any, tolerance: float) -> str:
    for k, (a, b) in enumerate(zip(got, want, strict=True)):
        a, b = np.asarray(a), np.asarray(b)
        if a.shape != b.shape or a.dtype != b.dtype:
            return f"result {k} is {a.dtype}{a.shape}, right is {b.dtype}{b.shape}"
        exact = a.dtype.kind in "bi"
        size = 1 + float(np.max(np.abs(b), initial=0))
        if not (np.array_equal(a, b) if exact else np.allclose(a, b, 0, tolerance * size)):
            return f"result {k} is {a.ravel()[:6]}, right is {b.ravel()[:6]}"
    return ""


def _total(results: Iterable[Any]) -> Any:
    total: Any = 0.0
    for k, v in enumerate(results):
        if v.dtype.kind in "fc":
            total = total + np.sum(np.sin((k + 1) * np.real(v) + 0.5))
        if v.dtype.kind == "c":
            total = total + np.sum(np.cos(np.imag(v)))
    return total


def _wrong_slopes(f: Any, values: list[Any], active: list[int], program: Program) -> str:
    rng = np.random.default_rng(program.seed + 1)
    lines = [rng.normal(size=values[k].shape) for k in active]
    lines = [v + 1j * v[::-1] if values[k].dtype.kind == "c" and v.ndim else v
             for k, v in zip(active, lines, strict=True)]  # fmt: skip
    lines = [np.asarray(v).astype(values[k].dtype) for k, v in zip(active, lines, strict=True)]

    def moved(h: float) -> list[Any]:
        return [values[k] + h * v for k, v in zip(active, lines, strict=True)]

    def total(*xs: Any) -> Any:
        whole = list(values)
        for k, x in zip(active, xs, strict=True):
            whole[k] = x
        return _total(f(*whole)) + 0 * np.real(np.sum(xs[0]))

    def slope(g: Iterable[Any]) -> float:
        return float(sum(np.sum(np.real(a * v)) for a, v in zip(g, lines, strict=True)))

    places = tuple(range(len(active)))
    second: Any = None
    if program.order == 1:
        gradient = jitad.grad(total, places)
        first = slope(gradient(*moved(0.0)))
    elif program.order == 2:
        first = float(jitad.jvp(total, tuple(moved(0.0)), tuple(lines))[1])
    else:
        both = jitad.jit(lambda *xs: jitad.jvp(jitad.grad(total, places), xs, tuple(lines)))
        g, h = both(*moved(0.0))
        first, second = slope(g), slope(h)
    said = _far("slope", first, lambda h: (total(*moved(h)) - total(*moved(-h))) / (2 * h))
    if said or second is None:
        return said
    return _far(
        "curvature",
        second,
        lambda h: (slope(both(*moved(h))[0]) - slope(both(*moved(-h))[0])) / (2 * h),
    )


def _far(what: str, got: float, difference: Callable[[float], float]) -> str:
    """A fault where no difference is near: one may lie across a kink."""
    found: list[float] = []
    for h in (1e-6, 1e-5, 1e-7):
        found.append(float(difference(h)))
        if abs(found[-1] - got) <= 1e-4 * (1 + abs(got)):
            return ""
    return f"{what} is {got}, by differences {found}"


def _smaller(program: Program) -> Iterable[Program]:
    for k in range(len(program.statements)):
        rest = program.statements[:k] + program.statements[k + 1 :]
        yield replace(program, statements=rest)
    if program.results > 1:
        yield replace(program, results=program.results - 1)
    if program.path != "plain":
        yield replace(program, path="plain")
    for k, (shape, dtype, layout) in enumerate(program.inputs):
        rest = [(shape, dtype, "dense"), (tuple(n // 2 + n % 2 for n in shape), dtype, layout)]
        for item in rest:
            if item != program.inputs[k]:
                yield replace(program, inputs=(*program.inputs[:k], item, *program.inputs[k + 1 :]))
    if len(program.inputs) > 1:
        yield replace(program, inputs=program.inputs[:-1])


register(Fuzzer("arrays", _make, _check, _smaller))
