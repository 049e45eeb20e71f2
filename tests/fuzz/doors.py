"""Kinds of arrays through every door: NumPy's own value, or a refusal.

A program is a function, quadratic in x, its arguments by dtype, shape and layout, the tree that
they are passed in, and a door. Derivatives are central differences, which are exact for quadratic
functions.
"""

from __future__ import annotations

import dataclasses
import pickle
from collections.abc import Callable, Iterable
from typing import Any

import numba
import numpy as np

import jitad
from tests.fuzz.fuzzer import Fuzzer, register

FLOATS = ("float64", "float32", ">f8", "float16", "longdouble", "complex128")
OTHERS = (*FLOATS, "int64", "int32", "int8", "uint8", "uint16", "uint64", "bool", ">i4", ">f4")
SHAPES: tuple[tuple[int, ...], ...] = ((), (1,), (3,), (4, 3), (2, 1, 5), (0,), (3, 0))
LAYOUTS = ("plain", "fortran", "strided", "negative", "read-only", "unaligned")
TREES = ("apart", "tuple", "dict", "dict of another order", "dataclass")
DOORS = (
    *("jit", "again", "kernel", "out", "bind", "njit", "pickle", "vmap", "stream"),
    *("jvp", "vjp", "grad", "hvp"),
)

FUNCTIONS: list[Callable[[Any, Any], Any]] = [
    lambda x, c: x * 2.0 + np.sum(c * 1.0),
    lambda x, c: np.where(x.real > 2.9, x, -x) * np.float64(0.5),
    lambda x, c: {"b": x.ravel()[::-1] * 1.0, "a": np.sum(x * x)},
    lambda x, c: (x.T * 1.0, c.T),
    lambda x, c: np.concatenate([x.ravel(), x.ravel() * x.ravel()]),
    lambda x, c: np.sum(x * x) + 0.0 * np.sum(c.astype(float)),
    lambda x, c: c.ravel()[::2].astype(float) * np.sum(x),
    lambda x, c: x.reshape(-1, order="F") * np.float32(2),
]


@dataclasses.dataclass
class Pair:
    x: Any
    c: Any
    name: str = "pair"


def _array(spec: Any) -> np.ndarray:
    dtype, shape, layout, seed = spec
    rng = np.random.default_rng(seed)
    kind = np.dtype(dtype)
    if kind.kind == "c":
        x = rng.normal(size=shape) + 1j * rng.normal(size=shape)
    elif kind.kind == "f":
        x = rng.normal(size=shape)
    else:
        x = rng.integers(0, 2 if kind.kind == "b" else 100, shape)
    return _laid_out(np.asarray(x).astype(kind), layout)


def _laid_out(x: np.ndarray, layout: str) -> np.ndarray:
    if layout == "fortran":
        return np.asfortranarray(x)
    if layout == "strided" and x.ndim:
        return np.repeat(x, 2, axis=-1)[..., ::2]
    if layout == "negative" and x.ndim:
        return x[::-1].copy()[::-1]
    if layout == "read-only":
        x.flags.writeable = False
    if layout == "unaligned" and x.size:
        memory = np.zeros(x.nbytes + 1, np.uint8)
        memory[1:] = np.frombuffer(x.tobytes(), np.uint8)
        return memory[1:].view(x.dtype).reshape(x.shape)
    return x


def make(rng: np.random.Generator) -> dict[str, Any]:
    def spec(dtypes: Any) -> tuple[Any, ...]:
        shape = SHAPES[rng.integers(len(SHAPES))]
        return (str(rng.choice(dtypes)), shape, str(rng.choice(LAYOUTS)), int(rng.integers(1000)))

    return {
        "function": int(rng.integers(len(FUNCTIONS))),
        "x": spec(FLOATS if rng.random() < 0.6 else ("float64",)),
        "c": spec(OTHERS),
        "tree": str(rng.choice(TREES)),
        "door": str(rng.choice(DOORS)),
    }


def _of_tree(f: Callable[[Any, Any], Any], tree: str) -> tuple[Callable[..., Any], Any]:
    """The function of arguments in a tree, and what makes that tree of two arrays."""
    if tree == "apart":
        return f, lambda x, c: (x, c)
    if tree == "tuple":
        return lambda p: f(*p), lambda x, c: ((x, c),)
    if tree == "dataclass":
        return lambda p: f(p.x, p.c), lambda x, c: (Pair(x, c),)
    if tree == "dict":
        return lambda p: f(*p.values()), lambda x, c: ({"x": x, "c": c},)
    return lambda p: f(*reversed(p.values())), lambda x, c: ({"c": c, "x": x},)


def _flat(tree: Any) -> list[Any]:
    if isinstance(tree, dict):
        return [leaf for key in sorted(tree) for leaf in _flat(tree[key])]
    return [leaf for item in tree for leaf in _flat(item)] if isinstance(tree, tuple) else [tree]


def _differences(f: Callable[[Any, Any], Any], x: np.ndarray, c: np.ndarray, v: Any) -> Any:
    up, down = _flat(f(x + v, c)), _flat(f(x - v, c))
    return [(np.asarray(a) * 1.0 - b) / 2 for a, b in zip(up, down, strict=True)]


def _through(door: str, f: Callable[..., Any], given: Any, x: Any, c: Any) -> tuple[Any, Any]:
    """What the door gives, and what is right."""
    args, plain = given(x, c), FUNCTIONS_OF[f]
    if door in ("jit", "again"):
        g = jitad.jit(f)
        got = g(*args)
        return _flat(g(*args) if door == "again" else got), _flat(plain(x, c))
    if door in ("vmap", "stream"):
        both = [np.stack([y, y, y]) for y in (x, c)]
        mapped = jitad.vmap(f) if door == "vmap" else lambda *a: jitad.stream(f, *a, block=2)
        rows = _flat(plain(x, c))
        return _flat(mapped(*given(*both))), [np.stack([row] * 3) for row in rows]
    if door in ("kernel", "pickle", "out", "bind", "njit"):
        kernel = jitad.compile(f, *args)
        kernel = pickle.loads(pickle.dumps(kernel)) if door == "pickle" else kernel
        right = _flat(plain(x, c))
        if door == "out":
            like = plain(x, c)
            out = _like(like)
            return _flat(kernel(*args, out=out)), right
        if door == "bind":
            return _flat(kernel.bind(*args)()), right
        if door == "njit":
            # The leaves of a dict are in the order of its keys.
            found = kernel.njit(*((c, x) if isinstance(args[0], dict) else (x, c)))
            return list(found) if isinstance(found, tuple) else [found], right
        return _flat(kernel(*args)), right
    v = np.asarray(np.random.default_rng(7).normal(size=x.shape) / 100, x.dtype)
    if door == "jvp":
        moved = jitad.jvp(lambda y: plain(y, c), (x,), (v,))[1]
        return _flat(moved), _differences(plain, x, c, v)
    total = _total(plain, c)
    if door == "vjp":
        got = jitad.vjp(total, x)[1](1.0)[0]
    elif door == "grad":
        got = jitad.grad(total)(x)
    if door != "hvp":
        return [np.sum(got * v)], _differences(lambda y, _: total(y), x, c, v)
    second = total(x + v) - 2 * total(x) + total(x - v)
    return [np.sum(jitad.hvp(total, (x,), (v,)) * v)], [second]


FUNCTIONS_OF: dict[Any, Callable[[Any, Any], Any]] = {}


def _total(f: Callable[[Any, Any], Any], c: Any) -> Callable[[Any], Any]:
    return lambda x: sum(np.sum(y * 1.0) for y in _flat(f(x, c)))


def _like(tree: Any) -> Any:
    if isinstance(tree, dict):
        return {key: _like(item) for key, item in tree.items()}
    if isinstance(tree, tuple):
        return tuple(map(_like, tree))
    return np.zeros(np.shape(tree), np.asarray(tree).dtype)


def check(program: dict[str, Any]) -> str:
    plain = FUNCTIONS[program["function"]]
    x, c = _array(program["x"]), _array(program["c"])
    if x.dtype.kind == "c" and program["door"] in ("vjp", "grad", "hvp"):
        return ""  # of numbers, derivatives of complex functions have a test of their own
    f, given = _of_tree(plain, program["tree"])
    FUNCTIONS_OF[f] = plain
    try:
        with np.errstate(all="ignore"):
            got, right = _through(program["door"], f, given, x, c)
    except jitad.JitadError as error:
        return "" if "Remedy: " in str(error) else f"no remedy: {error}"
    except (numba.core.errors.NumbaError, NotImplementedError):
        return "" if program["door"] == "njit" else "an error of Numba's"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    finally:
        del FUNCTIONS_OF[f]
    derivative = program["door"] in ("jvp", "vjp", "grad", "hvp")
    single = min(np.dtype(t).itemsize for t in (x.dtype, c.dtype) if t.kind in "fc" or t is x.dtype)
    loose = 2e-2 if single < 8 and derivative else 2e-5 if single < 8 else 1e-9
    return _compare(got, right, loose, derivative or program["door"] == "njit")


def _compare(got: list[Any], right: list[Any], loose: float, any_dtype: bool) -> str:
    if len(got) != len(right):
        return f"{len(got)} results, and {len(right)} are right"
    for a, b in zip(map(np.asarray, got), map(np.asarray, right), strict=True):
        kind = b.dtype.newbyteorder("=")
        if a.shape != b.shape or (a.dtype != kind and not any_dtype):
            return f"gives {a.dtype}{a.shape}, right is {kind}{b.shape}"
        if not np.allclose(a, b, rtol=loose, atol=loose, equal_nan=True):
            return f"gives {a}, right is {b}"
    return ""


def smaller(program: dict[str, Any]) -> Iterable[dict[str, Any]]:
    for name in ("x", "c"):
        dtype, shape, layout, seed = program[name]
        simple = [("float64", shape, layout, seed), (dtype, (), layout, seed)]
        simple += [(dtype, (3,), layout, seed), (dtype, shape, "plain", seed)]
        for spec in simple:
            if spec != program[name] and (len(spec[1]) <= len(shape)):
                yield {**program, name: spec}
    if program["tree"] != "apart":
        yield {**program, "tree": "apart"}


FUZZER = register(Fuzzer("doors", make, check, smaller))
