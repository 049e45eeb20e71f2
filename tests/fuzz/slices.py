"""Random programs that read, write and reduce slices at places that turns and data say.

Values are compared with the function as it is, gradients with central differences; forward
mode, points at once and Numba's door have to agree.
"""

from __future__ import annotations

import linecache
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import numba
import numpy as np

import jitad
from tests.fuzz.fuzzer import Fuzzer, register

SIZES = (1, 2, 3, 5, 9, 24)

SOME = (
    ":i + 1",
    "i:",
    "max(0, i - 2):i + 2",
    ":m + 1",
    "m:",
    "i:i + 3",
    "-i - 1:",
    "i::-1",
    "i::2",
)
"""Slices with at least one element."""

ANY = (*SOME, ":i", "i + 1:", ":m", "m:i", "i:m", "i - 1:i + 1", "-i:", "n - i:", "i:n - 1")

READS = (
    "x[{s}]", "y[{s}]", "np.tanh(y[{s}])", "x[{s}] * y[{s}]", "a[i, {s}]", "a[{s}, m]",
    "0.5 * x[{s}] + y[{s}]", "np.where(x[{s}] > 0.1, y[{s}], 0.2)", "np.exp(-x[{s}] ** 2)",
    "a[{s}, {s}] @ x[{s}]", "y[{s}] @ a[{s}, {s}]", "a[{s}].sum(axis=1)", "x[{s}] - x[i]",
    "np.cumsum(y[{s}])", "np.sort(x[{s}])", "np.roll(y[{s}], 1)", "shifted(y[{s}], x[i])",
    "x[np.argsort(y[{s}])]", "x[{s}][::-1]", "np.abs(y[{s}])", "np.maximum(x[{s}], y[{s}])",
)  # fmt: skip
"""Vectors of the elements of a slice."""

OTHERS = (
    "np.append(y[{s}], x[i])", "np.concatenate((x[{s}], y[i:]))", "np.insert(x[{s}], 0, y[i])",
    "np.delete(y, i)", "np.insert(y, i, x[m])", "np.delete(x[m:], 0)", "np.hstack((y[:i], x[i:]))",
    "np.zeros(i) + x[:i]", "np.ones(i + 1) * y[: i + 1]", "np.arange(i + 1) * y[: i + 1]",
    "np.linspace(0.0, x[i], m + 1)", "np.diff(y[{s}])", "np.linalg.solve(e[:i, :i], x[:i])",
    "np.linalg.inv(e[i:, i:])[0]", "x[i:][:2]", "y[1:][:i]", "x[::-1][:i]",
)  # fmt: skip
"""Vectors of other lengths."""

TOTALS = (
    "np.sum({v})", "({v}).sum()", "({v}) @ x[{s}]", "np.dot(y[{s}], {v})", "len(x[{s}]) * y[i]",
    "np.sum(({v})[1:])", "np.sum(({v}) ** 2)", "np.sum(np.outer({v}, x[{s}]))",
    "np.sum(a[{s}, {s}])", "sum({v})", "np.linalg.norm(1.0 + ({v}) ** 2)",
    "np.sum(({v})[({v}) > 0.05])", "np.max({v}, initial=0.1)", "np.linalg.det(e[:i, :i])",
    "np.sum({v}, initial=x[i])", "sum(u * u for u in {v})", "total({v})",
    "np.sum(np.stack((x[{s}], y[{s}])) ** 2)", "np.einsum('i,i->', x[{s}], y[{s}])",
)  # fmt: skip
"""Numbers that are made of vectors."""

EXTREMES = (
    "np.max({v})", "({v}).min()", "np.mean({v})", "np.var({v})", "({v})[0]", "({v})[-1]",
    "np.median({v})", "y[np.argmax({v}) % n]", "x[np.argmin({v}) % n]", "np.std({v})",
    "np.quantile({v}, 0.3)", "np.ptp({v})",
)  # fmt: skip
"""Numbers that are made of vectors of one element at least."""

WRITES = (
    "y[{s}] = np.tanh({v})", "y[{s}] += 0.1 * ({v})", "y[{s}] *= 0.9", "y[{s}] = 0.3 * x[i]",
    "a[i, {s}] = np.tanh({v})", "a[{s}, m] -= 0.2 * np.tanh({v})", "a[{s}, {s}] *= 0.8",
    "a[{s}, {t}] -= 0.1 * np.outer(np.tanh(y[{s}]), x[{t}])", "y[i] = np.tanh({total})",
    "b[{s}] = np.tanh({v})", "y = np.tanh(b + 0.5 * y)", "w = y[{s}]; w -= 0.1 * x[i]",
    "a[{s}] += 0.1 * y", "a[m, i] = np.tanh({total})", "t = np.tanh({total})",
)  # fmt: skip

ENDS = (
    "i", "i % 3", "n - 1 - i", "int(np.abs(x[i]) * 4.0) % n", "min(i + 1, n - 1)",
)  # fmt: skip
"""What m is, a place in the arrays."""

DOORS = ("jvp", "vmap", "njit", "hvp")


@dataclass(frozen=True)
class Sliced:
    """A program: its size, the place m, lines of its loop, the numbers it adds up, and a door."""

    n: int
    m: str
    lines: tuple[str, ...]
    totals: tuple[str, ...]
    door: str
    seed: int


def make(rng: np.random.Generator) -> Sliced:
    def pick(items: Any) -> Any:
        return items[rng.integers(len(items))]

    def total() -> str:
        if rng.random() < 0.3:
            form = pick([form for form in TOTALS if "{s}" not in form])
            return form.format(v=pick(OTHERS).format(s=pick(SOME)))
        if rng.random() < 0.3:
            s = pick(SOME)
            return pick(EXTREMES).format(v=pick(READS).format(s=s), s=s)
        s = pick(ANY)
        return pick(TOTALS).format(v=pick(READS).format(s=s), s=s)

    def line() -> str:
        s, t = pick(ANY), pick(ANY)
        return pick(WRITES).format(v=pick(READS).format(s=s), s=s, t=t, total=total())

    lines = tuple(line() for _ in range(rng.integers(0, 4)))
    totals = tuple(total() for _ in range(rng.integers(1, 3)))
    return Sliced(int(pick(SIZES)), pick(ENDS), lines, totals, pick(DOORS), int(rng.integers(1000)))


def smaller(p: Sliced) -> Iterator[Sliced]:
    for name in ("lines", "totals"):
        items = getattr(p, name)
        for k in range(len(items)):
            if len(items) > (name == "totals"):
                yield replace(p, **{name: items[:k] + items[k + 1 :]})
    for n in SIZES:
        if n < p.n:
            yield replace(p, n=n)
    if p.m != "i":
        yield replace(p, m="i")


def source(p: Sliced) -> str:
    lines = [f"m = {p.m}", *p.lines, *(f"s += {total}" for total in p.totals), "s += t"]
    body = "\n        ".join(lines)
    return f"""def shifted(v, p):
    return np.tanh(v) + p


def total(v):
    r = 0.0
    for u in v:
        r += u * u if u > 0.0 else 0.5 * u
    return r if len(v) > 1 else 0.3


def f(x, c):
    n, s, t = len(x), 0.0, 0.0
    y, a, b = 0.5 * x, np.outer(x, c) / n, np.zeros(n)
    e = 0.2 * np.outer(np.tanh(x), c) / n + np.eye(n)
    for i in range(1 + int(40.0 * c[0]) % n):
        {body}
    return s + np.sum(y * b) + np.sum(a * a)
"""


def function(p: Sliced) -> Any:
    text = source(p)
    name = f"<slices {hash(text)}>"
    linecache.cache[name] = len(text), None, text.splitlines(keepends=True), name
    namespace: dict[str, Any] = {"np": np}
    exec(compile(text, name, "exec"), namespace)
    return namespace["f"]


def _data(p: Sliced) -> list[tuple[np.ndarray, np.ndarray]]:
    rng = np.random.default_rng(p.seed)
    return [(rng.normal(size=p.n), rng.uniform(0.5, 1.5, size=p.n)) for _ in range(2)]


def _differences(f: Any, x: np.ndarray, c: np.ndarray, d: np.ndarray) -> Any:
    h = 1e-5
    return (f(x + h * d, c) - f(x - h * d, c)) / (2 * h)


def _apart(name: str, got: Any, right: Any, accuracy: float) -> str:
    size = 1.0 + float(np.max(np.abs(right)))
    if np.shape(got) != np.shape(right) or not np.allclose(
        got, right, atol=accuracy * size, rtol=0
    ):
        return f"{name} is {got}, right is {right}"
    return ""


def check(p: Sliced) -> str:
    f = function(p)
    value, gradient = jitad.jit(f), jitad.grad(f)
    for x, c in _data(p):
        right = _right(f, x, c)
        if right is None:
            return ""
        d = np.random.default_rng(p.seed).normal(size=p.n)
        fault = _apart("the value", value(x, c), right, 1e-11)
        fault = fault or _apart("the slope", gradient(x, c) @ d, _differences(f, x, c, d), 1e-6)
        fault = fault or _door(p, f, gradient, x, c, d)
        if fault:
            return fault
    return ""


def _right(f: Any, x: np.ndarray, c: np.ndarray) -> Any:
    """What NumPy gives; None where that is an error, or no finite number."""
    try:
        right = f(x, c)
    except (ValueError, IndexError, np.linalg.LinAlgError):
        return None
    return right if np.isfinite(right) else None


def _door(p: Sliced, f: Any, gradient: Any, x: Any, c: Any, d: Any) -> str:
    right = gradient(x, c)
    if p.door == "jvp":
        got = jitad.jvp(lambda x: f(x, c), (x,), (d,))[1]
        return _apart("jvp", got, right @ d, 1e-9)
    if p.door == "vmap":
        got = jitad.vmap(gradient, in_axes=(0, None))(np.stack([x, x]), c)
        return _apart("vmap", got[1], right, 1e-9)
    if p.door == "njit":
        kernel = jitad.compile(gradient, x, c).njit
        return _apart("njit", numba.njit(lambda x, c: kernel(x, c))(x, c), right, 1e-9)
    h = 1e-5
    got = jitad.hvp(lambda x: f(x, c), (x,), (d,))
    differences = (gradient(x + h * d, c) - gradient(x - h * d, c)) / (2 * h)
    return _apart("hvp", got, differences, 1e-4)


register(Fuzzer("slices", make, check, smaller))
