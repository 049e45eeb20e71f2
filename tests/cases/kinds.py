"""Kinds of arrays and numbers as arguments and constants: right, or refused with what to write."""

from __future__ import annotations

import dataclasses
import os
import pickle
import subprocess
import sys
import tempfile
from functools import cached_property
from typing import Any

import numpy as np

import jitad
from cases import case

X, N = np.array([1.0, 2.0, 3.0]), np.arange(3)


def _or_refused(f: Any) -> Any:
    """The value, or the class of the refusal."""
    try:
        return f()
    except jitad.JitadError as error:
        assert "Remedy: " in str(error)
        return type(error).__name__


@case
def big_endian_into_a_kernel() -> Any:
    big = X.astype(">f8")
    kernel = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), X)
    out = np.empty(3)
    given = [
        kernel(big), kernel(big[::-1]), kernel(big, out=out), jitad.grad(lambda x: x @ x)(big),
        jitad.vmap(lambda x: 2 * x)(big), jitad.stream(lambda x: 2 * x, big, block=2),
        jitad.vjp(lambda x: x * x, big)[1](big / big)[0],
        jitad.jvp(lambda x: x * x, (big,), (big / big,))[1],
    ]  # fmt: skip
    return given, [2 * X, 2 * X[::-1], *[2 * X] * 6]


@case
def big_endian_where_no_copies_are_made() -> Any:
    big = X.astype(">f8")
    kernel = jitad.compile(lambda x: 2 * x, X)
    return " ".join(
        [_or_refused(lambda: kernel.bind(big)()), _or_refused(lambda: kernel(X, out=big.copy()))]
    ), "ShapeError ShapeError"


@case
def matrices_are_refused() -> Any:
    m, v = np.array([[1.0, 2.0], [3.0, 4.0]]).view(np.matrix), X[:2]
    uses = [
        lambda v: m * v, lambda v: v * m, lambda v: m @ v, lambda v: v @ m, lambda v: np.dot(m, v),
        lambda v: np.where(m > 1, v, 0.0), lambda v: np.stack([m[0], v]), lambda v: m.dot(v),
        lambda v: np.einsum("ij,j", m, v), lambda v: np.linalg.solve(m, v),
    ]  # fmt: skip
    given = [_or_refused(lambda f=f: jitad.jit(f)(v)) for f in uses]
    given += [_or_refused(lambda: jitad.jit(lambda m, v: m * v)(m, v))]
    return " ".join(map(str, given)), " ".join(["TraceError"] * 11)


@case
def masked_arrays_are_refused() -> Any:
    m = np.ma.array(X, mask=[False, True, False])
    uses = [
        lambda x: np.sum(x * m), lambda x: np.sum(m * x), lambda x: np.where(m > 1, x, 0.0),
        lambda x: x[np.ma.array([0, 1], mask=[False, True])], lambda x: np.ma.sum(x),
        lambda x: x + np.ma.masked, lambda x: np.dot(m, x), lambda x: np.maximum(m, x),
    ]  # fmt: skip
    given = [_or_refused(lambda f=f: jitad.jit(f)(X)) for f in uses]
    given += [_or_refused(lambda: jitad.grad(np.sum)(m))]
    return " ".join(map(str, given)), " ".join(["TraceError"] * 9)


@case
def other_subclasses_are_refused() -> Any:
    class Metres(np.ndarray):
        pass

    given = X.view(Metres)
    return " ".join(
        [
            _or_refused(lambda: jitad.jit(lambda x: x * given)(X)),
            _or_refused(lambda: jitad.jit(lambda x: x * x)(given)),
            _or_refused(lambda: jitad.compile(lambda x: x * x, X)(given)),
        ]
    ), "TraceError TraceError TraceError"


@case
def subclasses_of_numbers() -> Any:
    class Float(float):
        pass

    class Complex(complex):
        pass

    kernel = jitad.compile(lambda x: x * x, 1.0)
    other = jitad.compile(lambda x: x * x, np.float64(1.0))
    long = np.arange(3, dtype=np.longlong)
    return [
        jitad.grad(lambda x: x**3)(Float(2.0)),
        jitad.jit(lambda z: z.imag)(Complex(1 + 2j)),
        *(kernel(x) for x in (Float(3.0), np.float64(3.0), np.array(3.0), 3.0)),
        *(other(x) for x in (Float(3.0), np.float64(3.0), np.array(3.0), 3.0)),
        jitad.jit(lambda n: n @ n)(long),
        jitad.jit(lambda n: n + n)(np.longlong(4)),
    ], [12.0, 2.0, *[9.0] * 8, 5, 8]


@case
def what_is_read_only_once_is_refused() -> Any:
    f = jitad.jit(lambda x, items: x * sum(items))
    given = [
        lambda: f(1.0, (k for k in (1.0, 2.0))), lambda: f(1.0, iter([1.0])),
        lambda: f(1.0, map(abs, [1.0])), lambda: f(1.0, zip([1.0], [2.0], strict=True)),
        lambda: f(1.0, {1.0: 2.0}.values()), lambda: f(1.0, memoryview(b"ab")),
        lambda: f(1.0, {1.0}),
    ]  # fmt: skip
    return " ".join(str(_or_refused(g)) for g in given), " ".join(["TraceError"] * 7)


@case
def ranges_are_constants() -> Any:
    f = jitad.jit(lambda x, r: x * sum(r))
    return [f(1.0, range(3)), f(1.0, range(4)), f(1.0, range(3))], [3.0, 6.0, 3.0]


@case
def integers_of_more_than_64_bits() -> Any:
    uses = [
        lambda: jitad.jit(lambda x: x + 1)(2**63), lambda: jitad.jit(lambda x: x + 1)(-(2**70)),
        lambda: jitad.jit(lambda x: x + 2**64)(1), lambda: jitad.jit(lambda n: n * 2**63)(N),
    ]  # fmt: skip
    whole = jitad.jit(lambda x: x * 2**64)(X)
    return (" ".join(str(_or_refused(f)) for f in uses), whole), (
        " ".join(["TraceError"] * 4), X * 2.0**64
    )  # fmt: skip


@case
def results_into_a_mapped_file() -> Any:
    with tempfile.NamedTemporaryFile() as file:
        out = np.memmap(file.name, float, "w+", shape=(3,))
        jitad.compile(lambda x: x * 2, X)(X, out=out)
        return np.array(out), 2 * X


# -- dataclasses -----------------------------------------------------------------------------------


@dataclasses.dataclass(frozen=True)
class Frozen:
    x: Any
    name: str = "a"

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", len(self.x))
        object.__setattr__(self, "twice", self.x * 2)

    @cached_property
    def squares(self) -> Any:
        return self.x**2


@dataclasses.dataclass(slots=True)
class Slotted:
    x: Any
    scale: float = 2.0
    label: str = "b"


@dataclasses.dataclass
class Derived:
    x: Any
    factor: dataclasses.InitVar[float] = 2.0
    offset: float = dataclasses.field(init=False, default=3.0)

    def __post_init__(self, factor: float) -> None:
        self.scaled = self.x * factor


@case
def a_dataclass_whose_field_is_its_class_s() -> Any:
    return jitad.jit(lambda d: d.scaled + d.offset)(Derived(X, 5.0)), X * 5 + 3


def _of_frozen(d: Any) -> Any:
    return np.sum(d.x * d.twice) * d.count if d.name == "a" else np.sum(d.x)


@case
def frozen_dataclasses() -> Any:
    moved = jitad.grad(_of_frozen)(Frozen(X))
    other = jitad.jit(_of_frozen)(Frozen(X, "z"))
    again = jitad.jit(lambda d: dataclasses.replace(d, x=d.x * 2))(Frozen(X))
    assert isinstance(again, Frozen) and again.name == "a"
    found: Any = (moved.x, moved.twice, other, again.x, again.twice)
    return found, (6 * X, 3 * X, 6.0, 2 * X, 4 * X)


@case
def what_a_dataclass_computes_when_asked() -> Any:
    given = Frozen(X)
    assert given.squares.sum() == 14.0
    return jitad.grad(lambda d: np.sum(d.squares) + 0 * np.sum(d.twice))(given).x, 2 * X


@case
def dataclasses_with_slots() -> Any:
    f = jitad.grad(lambda s: np.sum(s.x) * s.scale * len(s.label))
    one, other = f(Slotted(X)), f(Slotted(X, 3.0, "bb"))
    return (one.x, other.x, one.scale), ([2.0] * 3, [6.0] * 3, 6.0)


_FRESH = """
import pickle, sys
kernel, argument = pickle.loads(bytes.fromhex(sys.stdin.read()))
print(*kernel(argument).x)
"""


@case
def a_kernel_of_a_dataclass_in_another_process() -> Any:
    kernel = jitad.compile(lambda s: Slotted(s.x * s.scale, 1.0), Slotted(X))
    text = pickle.dumps((kernel, Slotted(X))).hex()
    done = subprocess.run(
        [sys.executable, "-c", _FRESH],
        input=text, capture_output=True, text=True, check=False,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )  # fmt: skip
    return done.stdout.strip() or done.stderr, "2.0 4.0 6.0"


# -- dtypes that arrays have in memory, and that are cast ------------------------------------------

_SMALL = [np.int8, np.int16, np.uint8, np.uint16, np.uint32, np.uint64, np.float16]


def _extremes(kind: Any) -> Any:
    if kind is np.float16:
        return np.array([0.0, -0.0, -2.5, 65504, 6e-8, 6.1e-5, np.inf, np.nan, 0.1], kind)
    limits = np.iinfo(kind)
    return np.array([0, 1, 2, 3, limits.max, limits.min, limits.max - 1, 7, 100], kind)


def _same(got: Any, right: Any) -> bool:
    got, right = np.asarray(got), np.asarray(right)
    return got.dtype == right.dtype and np.array_equal(got, right, equal_nan=right.dtype != bool)


_USES: list[Any] = [
    lambda x, c: x * c,
    lambda x, c: x.astype(np.float32) + c,
    lambda x, c: x - c * 2.0 if c.dtype != np.float16 else x - c,
    lambda x, c: (x * 1j) * c,
    lambda x, c: c.astype(float),
    lambda x, c: c.astype(bool),
    lambda x, c: c[::-1].reshape(1, -1),
    lambda x, c: np.concatenate([c, c])[2:9],
    lambda x, c: np.where(c.astype(float) > 1, x, c),
]


@case
def small_numbers_are_promoted_as_numpy_promotes_them() -> Any:
    x, wrong = np.linspace(-1.0, 1.0, 9), []
    with np.errstate(all="ignore"):
        for kind in _SMALL:
            c = _extremes(kind)
            for k, f in enumerate(_USES):
                right = f(x, c)
                given = {
                    "argument": jitad.jit(f)(x, c),
                    "constant": jitad.jit(lambda x, f=f, c=c: f(x, c))(x),
                    "kernel": jitad.compile(f, x, c)(x, c),
                    "bound": jitad.compile(f, x, c).bind(x, c)(),
                }
                wrong += [(kind, k, how) for how, got in given.items() if not _same(got, right)]
    return str(wrong), "[]"


@case
def small_integers_are_reduced_and_compared() -> Any:
    wrong: list[Any] = []
    with np.errstate(all="ignore"):
        for kind in _SMALL[:5]:
            c = _extremes(kind)
            uses: list[Any] = [np.sum, np.max, np.min, np.sort, np.argmax, np.any, np.prod]
            uses += [lambda c: c > 2, lambda c: c == c[::-1], np.cumsum]
            wrong += [(kind, k) for k, f in enumerate(uses) if not _same(jitad.jit(f)(c), f(c))]
            if abs(jitad.jit(np.mean)(c) / np.mean(c) - 1) > 1e-15:
                wrong.append((kind, "mean"))
    return str(wrong), "[]"


@case
def small_numbers_beside_derivatives() -> Any:
    got = []
    for kind in _SMALL:
        c = np.array([1, 2, 3], kind)
        got += [
            jitad.grad(lambda x, c=c: np.sum(x**2 * c))(X),
            jitad.grad(lambda x, c: np.sum(x**2 * c))(X, c),
            np.diagonal(jitad.hessian(lambda x, c=c: np.sum(x**3 * c))(X)),
            jitad.vmap(jitad.grad(lambda x, c: x * x * c), in_axes=(0, 0))(X, c),
            jitad.jvp(lambda x, c=c: x * c, (X,), (X,))[1],
            jitad.vjp(lambda x, c=c: x * c, X)[1](X)[0],
        ]
    once = [2 * X * X, 2 * X * X, 6 * X * X, 2 * X * X, X * X, X * X]
    return np.array(got), np.array(once * len(_SMALL))


@case
def what_has_no_derivative_or_no_arithmetic_is_refused() -> Any:
    half, long = X.astype(np.float16), X.astype(np.longdouble)
    uses: list[Any] = [
        lambda: jitad.grad(np.sum)(half), lambda: jitad.grad(lambda x: x * 1.0)(np.float16(1)),
        lambda: jitad.jit(lambda x: x * 2.0)(half), lambda: jitad.jit(lambda x: x + x)(half),
        lambda: jitad.jit(lambda x: x.astype(np.float16))(X), lambda: jitad.grad(np.sum)(long),
        lambda: jitad.jit(lambda x: x * long)(X), lambda: jitad.jit(np.sum)(half),
        lambda: jitad.jit(lambda x: x * X.astype(">f8"))(X),
        lambda: jitad.jit(lambda n: n + n)(np.arange(3, dtype=np.uint8)),
        lambda: jitad.jvp(lambda x: x * 1.0, (half,), (half,)),
    ]  # fmt: skip
    return " ".join(str(_or_refused(f)) for f in uses), (
        "DifferentiationError DifferentiationError "
        + " ".join(["TraceError"] * 8)
        + " DifferentiationError"
    )
