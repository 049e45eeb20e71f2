"""Random functions with sparse Jacobians and Hessians: against the dense ones, entry by entry.

A program is a list of statements on a growing pool of arrays, and a door. Its sparse matrix has the
values of the dense one at several points, and no entry that the dense one lacks at all of them,
where no statement decides by values which entries there are.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import numpy.typing as npt

import jitad
from tests.fuzz.fuzzer import Fuzzer, register
from tests.fuzz.sparse_steps import EXACT, MOST, STEPS, is_allowed

Statement = tuple[str, int, int, int]
"""An operation, the two arrays that it reads, a number that it makes of what it likes."""

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Program:
    """Inputs by shape, their dtype and order; statements; the number of results; the order of the
    derivatives; by which door they are asked for."""

    inputs: tuple[tuple[int, ...], ...]
    dtype: str
    layout: str
    statements: tuple[Statement, ...]
    results: int
    order: int
    door: str
    seed: int


DOORS = ("call", "call", "njit", "njit_out", "vmap", "jit", "product", "tree", "aux", "jacrev")
SHAPES: tuple[tuple[int, ...], ...] = (
    *((1,), (2,), (5,), (7,), (12,), (40,), (3, 4), (1, 6), (5, 1), (2, 3, 2)),
    *((0,), (0, 3)),
)


def _make(rng: np.random.Generator) -> Program:
    shapes = [SHAPES[rng.integers(len(SHAPES) - 2 * (rng.random() < 0.9))] for _ in range(2)]
    names = list(STEPS if rng.random() < 0.4 else EXACT)
    statements = tuple(
        (str(rng.choice(names)), *(int(k) for k in rng.integers(0, 1000, size=3)))
        for _ in range(rng.integers(1, 7))
    )
    return Program(
        tuple(shapes[: rng.integers(1, 3)]),
        "float32" if rng.random() < 0.1 else "float64",
        "F" if rng.random() < 0.15 else "C",
        statements,
        int(rng.integers(1, 3)),
        1 if rng.random() < 0.7 else 2,
        str(rng.choice(DOORS)),
        int(rng.integers(10**6)),
    )


def _points(program: Program, count: int) -> list[list[Array]]:
    rng = np.random.default_rng(program.seed)
    return [
        [
            np.asarray(rng.normal(size=shape).astype(program.dtype), order=program.layout)  # type: ignore[call-overload]
            for shape in program.inputs
        ]
        for _ in range(count)
    ]


def _run(program: Program, pool: Iterable[Any], i: Any, chosen: list[bool]) -> list[Any]:
    """The results; `chosen` are the statements that were run, found out where it is empty."""
    pool, find = list(pool), not chosen
    for number, (name, left, right, k) in enumerate(program.statements):
        x, y = pool[left % len(pool)], pool[right % len(pool)]
        if find:
            chosen.append(_runs(name, x, y, i, k))
        if chosen[number]:
            pool.append(STEPS[name](x, y, i, k))
    return pool[-program.results :]


def _runs(name: str, x: Any, y: Any, i: Any, k: int) -> bool:
    if not is_allowed(x) or not x.size or not y.size:
        return False
    made = np.asarray(STEPS[name](x, y, i, k))
    return 0 < made.size <= MOST and made.ndim < 4 and bool(np.all(np.abs(made) < 9))


def _scalar(results: Iterable[Any]) -> Any:
    total: Any = 0.0
    for n, v in enumerate(results):
        w = np.cos(np.arange(v.size) * 1.0 + n).reshape(v.shape)
        total = total + np.sum(np.sin(v * 0.7 + 0.2) * w)
    return total


# -- what is right ---------------------------------------------------------------------------------


def _check(program: Program) -> str:
    points, chosen = _points(program, 4), list[bool]()
    i = np.random.default_rng(program.seed).integers(0, 1000, 5)
    with np.errstate(all="ignore"):
        _run(program, [x.copy() for x in points[0]], i, chosen)

    def f(*xs: Any) -> Any:
        results = tuple(_run(program, xs, i, chosen))
        return results if program.order == 1 else _scalar(results)

    places = tuple(range(len(program.inputs)))
    plain = jitad.jacobian if program.order == 1 else jitad.hessian
    dense = jitad.jit(plain(f, places))
    wanted = [_blocks(dense(*point), program) for point in points]
    try:
        pattern = _flat(jitad.sparsity(f, *points[0], argnums=places, order=program.order))
    except jitad.DifferentiationError as error:
        refused = program.order == 2 and "a loop that ends when values say so" in str(error)
        return "" if refused else str(error)
    ask = _door(program.door, f, places, program.order)
    for point, blocks in zip(points[:2], wanted, strict=False):
        for k, (got, block) in enumerate(zip(ask(point, pattern), blocks, strict=True)):
            said = _wrong_block(got, block, pattern[k], program)
            if said:
                return f"block {k}: {said}"
    names = {name for (name, *_), runs in zip(program.statements, chosen, strict=True) if runs}
    if program.order == 1 and names <= EXACT.keys():
        return _too_many(pattern, wanted)
    return ""


def _wrong_block(got: Any, block: Array, pattern: Any, program: Program) -> str:
    got = got.toarray() if hasattr(got, "toarray") else pattern.matrix(got).toarray()
    if got.shape != block.shape or (program.dtype == "float64" and got.dtype != block.dtype):
        return f"{got.dtype}{got.shape}, right is {block.dtype}{block.shape}"
    tolerance = (2e-4 if program.dtype == "float32" else 1e-10) * (
        1 + np.max(np.abs(block), initial=0)
    )
    if not np.allclose(got, block, 0, tolerance):
        where = np.unravel_index(np.argmax(np.abs(got - block)), block.shape)
        return f"{got[where]} at {tuple(map(int, where))}, right is {block[where]}"
    return ""


def _too_many(patterns: list[Any], wanted: list[list[Array]]) -> str:
    for k, pattern in enumerate(patterns):
        count = np.count_nonzero(np.any([blocks[k] for blocks in wanted], axis=0))
        if count != pattern.nnz:
            return f"block {k} has {pattern.nnz} entries, {count} are not 0"
    return ""


def _blocks(result: Any, program: Program) -> list[Array]:
    """The blocks of dense derivatives as matrices."""
    columns = [math.prod(shape) for shape in program.inputs]
    found: list[Array] = []
    for row in result:
        blocks = [np.asarray(block) for block in row]
        inner = [
            x.shape[x.ndim - len(shape) :] for x, shape in zip(blocks, program.inputs, strict=True)
        ]
        assert inner == list(program.inputs)
        for x, shape, n in zip(blocks, program.inputs, columns, strict=True):
            found.append(x.reshape(math.prod(x.shape[: x.ndim - len(shape)]), n))
    return found


def _flat(tree: Any) -> list[Any]:
    return [block for row in tree for block in row]


Door = Callable[[list[Array], Any], list[Any]]


def _door(name: str, f: Any, places: tuple[int, ...], order: int) -> Door:
    """From a point, and the patterns, to the blocks or their data."""
    plain = jitad.jacobian if order == 1 else jitad.hessian
    derivative = plain(f, places, sparse=True)
    if name == "njit":
        return lambda point, _: _tuple(jitad.compile(derivative, *point).njit(*point))
    if name == "njit_out":
        return lambda point, _: _written(derivative, point)
    if name == "vmap":
        every = jitad.vmap(lambda *xs: [m.data for m in _flat(derivative(*xs))])
        return lambda point, _: [d[1] for d in every(*(np.stack([x * 0.5, x]) for x in point))]
    if name == "jit":
        whole = jitad.jit(lambda *xs: [m.toarray() for m in _flat(derivative(*xs))])
        return lambda point, _: [_Dense(x) for x in whole(*point)]
    if name == "product":
        return lambda point, _: _by_products(derivative, point)
    if name == "tree":
        tree = plain(lambda t: f(*t["xs"]), sparse=True)
        if order == 2:
            return lambda point, _: [m for row in tree({"xs": point})["xs"] for m in row["xs"]]
        return lambda point, _: [m for row in tree({"xs": point}) for m in row["xs"]]
    if name == "aux":
        both = plain(lambda *xs: (f(*xs), {"sum": xs[0].sum()}), places, has_aux=True, sparse=True)
        return lambda point, _: _flat(both(*point)[0])
    if name == "jacrev" and order == 1:
        other = jitad.jacrev(f, places, sparse=True)
        return lambda point, _: _flat(other(*point))
    return lambda point, _: _flat(derivative(*point))


@dataclass(frozen=True)
class _Dense:
    array: Array

    def toarray(self) -> Array:
        return self.array


def _tuple(x: Any) -> list[Any]:
    return list(x) if isinstance(x, tuple) else [x]


def _written(derivative: Any, point: list[Array]) -> list[Any]:
    kernel = jitad.compile(derivative, *point)
    out = [np.full_like(m.data, np.nan) for m in _flat(kernel(*point))]
    kernel.njit_out(*point, *out)
    return out


def _by_products(derivative: Any, point: list[Array]) -> list[Any]:
    """Each block column by column, as products with unit vectors, and its transposed row by row."""

    def products(*xs: Any) -> list[Any]:
        found = []
        for k, m in enumerate(_flat(derivative(*xs))):
            found.append(m @ np.eye(m.shape[1]) if k % 2 else (m.T @ np.eye(m.shape[0])).T)
        return found

    return [_Dense(x.astype(point[0].dtype)) for x in jitad.jit(products)(*point)]


def _smaller(program: Program) -> Iterable[Program]:
    for k in range(len(program.statements)):
        rest = program.statements[:k] + program.statements[k + 1 :]
        yield replace(program, statements=rest)
    if program.results > 1:
        yield replace(program, results=1)
    for name, plain in (("door", "call"), ("layout", "C"), ("dtype", "float64"), ("order", 1)):
        if getattr(program, name) != plain:
            yield replace(program, **{name: plain})
    if len(program.inputs) > 1:
        yield replace(program, inputs=program.inputs[:1])
    for k, shape in enumerate(program.inputs):
        for shorter in (tuple(n // 2 + n % 2 for n in shape), (3,)):
            if shorter != shape and int(np.prod(shorter)) < int(np.prod(shape)):
                inputs = (*program.inputs[:k], shorter, *program.inputs[k + 1 :])
                yield replace(program, inputs=inputs)


register(Fuzzer("sparse", _make, _check, _smaller))
