"""Random functions that store what they compute in objects from outside: attributes, items, lists.

What is outside after each call is compared with what the function itself leaves there, called at
the same points in turn. What only counts, or appends constants, is not among the statements.
"""

from __future__ import annotations

import warnings
from collections import deque
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

import jitad
from tests.fuzz.fuzzer import Fuzzer, register

Statement = tuple[str, ...] | tuple[str, tuple[Any, ...], tuple[Any, ...]]
"""Lines; or the head of a branch or a loop, with the statements below it, and below its `else`."""

CALLS = 4

OUTSIDE = """
class State:
    def __init__(self, p, q):
        self.p, self.q = p, q

class Holder:
    pass

class Shared:
    last = 0.0

holder = Holder()
holder.a, holder.b, holder.items = 0.0, 1.0, []
history, table, recent, slots = [], {"inner": {}}, deque(maxlen=3), [0.0, 1.0]
latest = None
"""

NUMBERS = ("x[0]", "x[1]", "y", "x[0] * x[1]", "np.sin(y)", "np.sum(x)", "2.5 + x[0]")
THINGS = (*NUMBERS, "x", "x * 2", "(x[0], y)", "[y, x]", "{'a': y}", "State(y, x)")

LINES: tuple[tuple[str, ...], ...] = (
    ("history.append({thing})",),
    ("history.extend([{number}, {thing}])",),
    ("holder.{name} = {thing}",),
    ("holder.a = holder.b = {number}",),
    ("holder.a, holder.b = x",),
    ("holder.items.append({number})",),
    ("holder.items.clear()",),
    ("holder.state = State({number}, {thing})", "y = y + holder.state.p"),
    ("holder.word = 'high' if {number} > 0.3 else 'low'",),
    ("if hasattr(holder, 'seldom'): del holder.seldom", "holder.seldom = {thing}"),
    ("table[{key}] = {thing}",),
    ("table['inner']['v'] = {thing}",),
    ("table.update(a={thing})",),
    ("table.pop('k', None)",),
    ("Shared.last = {number}",),
    ("latest = {thing}",),
    ("recent.append({number})",),
    ("recent.appendleft({number})",),
    ("slots[0] = {number}",),
    ("if history: history[-1] = {thing}",),
    ("made = []", "for v in x: made.append(v * {number})", "holder.made = made",
     "made.append({number})"),
    ("row = x * 2", "holder.row = row", "row[0] = {number}"),
    ("large = [v for v in x if v > 0.2]", "holder.large = large", "y = y + len(large)"),
    ("def inner(t):", "    holder.c = t", "    history.append(t)", "    return t * 2",
     "y = y + inner({number})"),
    ("y = y + {number}",),
    ("y = y * 1.1 + 0.1 * {number}",),
)  # fmt: skip

HEADS = (
    *("if {number} > 0.5:", "if {number} > 0:", "for i{depth} in range(2):"),
    *("for i{depth} in range(12):", "for v{depth} in x:"),
)


def _filled(rng: np.random.Generator, line: str, depth: int) -> str:
    names = {"key": ("1", "'k'"), "name": tuple("abc"), "number": NUMBERS, "thing": THINGS}
    drawn = {name: str(rng.choice(values)) for name, values in names.items()}
    return line.format(**drawn, depth=depth)


def _statement(rng: np.random.Generator, depth: int) -> Statement:
    if depth < 2 and rng.random() < 0.25:
        head = _filled(rng, str(rng.choice(HEADS)), depth)
        below = tuple(_statement(rng, depth + 1) for _ in range(rng.integers(1, 3)))
        other = head.startswith("if") and rng.random() < 0.5
        return head, below, (_statement(rng, depth + 1),) if other else ()
    lines = LINES[rng.integers(len(LINES))]
    return tuple(_filled(rng, line, depth) for line in lines)


def _make(rng: np.random.Generator) -> tuple[Statement, ...]:
    return tuple(_statement(rng, 0) for _ in range(rng.integers(2, 8)))


def _lines(program: Iterable[Statement], indent: int) -> Iterator[str]:
    space = "    " * indent
    for node in program:
        if len(node) == 3 and isinstance(node[1], tuple):
            yield space + node[0]
            yield from _lines(node[1], indent + 1)
            if node[2]:
                yield space + "else:"
                yield from _lines(node[2], indent + 1)
        else:
            yield from (f"{space}{line}" for line in node)


def source(program: tuple[Statement, ...]) -> str:
    """The function, as Python."""
    body = "\n".join(_lines(program, 1))
    return f"def f(x):\n    global latest\n    y = x[0] * 1.0\n{body}\n    return y\n"


def _module(program: tuple[Statement, ...]) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "outside", "np": np, "deque": deque}
    exec(compile(OUTSIDE + source(program), "<program>", "exec"), names)
    return names


def _state(names: dict[str, Any]) -> Any:
    kept = ("history", "table", "recent", "slots", "latest")
    return [vars(names["holder"]), names["Shared"].last, *(names[name] for name in kept)]


def _seen(x: Any) -> Any:
    """Something as what can be compared: all numbers are floats."""
    if isinstance(x, dict):
        return {key: _seen(item) for key, item in x.items()}
    if isinstance(x, (list, tuple, deque)):
        return [type(x).__name__, *map(_seen, x)]
    if type(x).__name__ == "State":
        return ["State", _seen(x.p), _seen(x.q)]
    return np.asarray(x, float).tolist() if isinstance(x, (float, np.ndarray)) else x


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, dict):
        return isinstance(b, dict) and a.keys() == b.keys() and all(_alike(a[k], b[k]) for k in a)
    if isinstance(a, list):
        return isinstance(b, list) and len(a) == len(b) and all(map(_alike, a, b))
    if isinstance(a, float):
        return isinstance(b, float) and bool(np.isclose(a, b, rtol=1e-9, atol=1e-12))
    return bool(a == b)


def _check(program: tuple[Statement, ...]) -> str:
    plain = _module(program)
    points = np.random.default_rng(len(repr(program))).uniform(-1, 2, size=(CALLS, 2)).round(3)
    others = {name: _module(program) for name in ("jit", "grad")}
    doors = {name: getattr(jitad, name)(names["f"]) for name, names in others.items()}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for x in points:
            value, wanted = plain["f"](x.copy()), _seen(_state(plain))
            if not np.isclose(doors["jit"](x.copy()), value, rtol=1e-9):
                return f"at {x.tolist()}: {doors['jit'](x.copy())}, right is {value}"
            doors["grad"](x.copy())
            for name, names in others.items():
                if not _alike(_seen(_state(names)), wanted):
                    return f"{name} leaves {_seen(_state(names))}, right is {wanted}"
    return ""


def _smaller(program: tuple[Statement, ...]) -> Iterator[tuple[Statement, ...]]:
    """Without a statement, or with what stands below one in its place."""
    for k, node in enumerate(program):
        before, after = program[:k], program[k + 1 :]
        if before or after:
            yield (*before, *after)
        if len(node) == 3 and isinstance(node[1], tuple) and node[0].startswith("if"):
            yield (*before, *node[1], *after)
            if node[2]:
                yield (*before, *node[2], *after)


register(Fuzzer("effects", _make, _check, _smaller))
