"""Random nests of loops and branches, by every door, against hyper-dual numbers in plain Python.

A program works on a state: two numbers, a counter and, as a rule, a table. Its body is a tuple of
statements, some of which hold bodies. It is run three times: with jitad, with jitad by another
door, which must give the same bits, and in plain Python on numbers that carry two derivatives.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np

import jitad
from tests import unrolled
from tests.fuzz.fuzzer import Fuzzer, register
from tests.fuzz.hyperdual import Hyper, UndecidedError

KINDS = ("value", "jvp", "grad", "jvp of grad", "vmap of grad", "grad of vmap")
DOORS = ("python", "njit", "parallel", "parallel", "bind", "bind", "bind", "bind")
POLICIES = (None, None, None, "binomial", "sqrt", 1, 3)
POINTS = 3


@dataclass(frozen=True)
class Nest:
    """A program: the derivative and the door that are asked for, sizes, data, statements.

    `table` is the table's shape, () where there is none; `from_x` says that it begins as data.
    """

    kind: str
    door: str
    dtype: str
    n: int
    table: tuple[int, ...]
    from_x: bool
    seed: int
    body: tuple[Any, ...]


class State(NamedTuple):
    """What statements change: two numbers, a counter, a table or None."""

    c: Any
    d: Any
    k: Any
    t: Any


# -- random programs -------------------------------------------------------------------------------


class _Maker:
    """Draws statements and expressions; `loops` is how many indices are in scope."""

    def __init__(self, rng: np.random.Generator, table: tuple[int, ...]) -> None:
        self.rng = rng
        self.table = table

    def pick(self, *items: Any) -> Any:
        return items[self.rng.integers(len(items))]

    def body(self, loops: int, rows: bool, depth: int, budget: int) -> tuple[Any, ...]:
        count = int(self.rng.random() < 0.2) + 1 if depth else 0
        holding = [self.holding(loops, rows, depth, budget) for _ in range(count)]
        plain = [
            self.plain(loops, rows) for _ in range(int(self.rng.integers(0 if depth else 1, 3)))
        ]
        every = [*holding, *plain]
        self.rng.shuffle(order := list(range(len(every))))
        return tuple(every[k] for k in order)

    def holding(self, loops: int, rows: bool, depth: int, budget: int) -> tuple[Any, ...]:
        """A statement that holds statements."""
        most = max(1, min(40, budget))
        count = int(self.rng.integers(1, most + 1)) if most > 3 else most
        below = depth - 1, max(1, budget // max(1, count))
        several = "fori", "fori", "fori", "scan", "scan", "while", "cond", "switch", "again"
        what = "if" if self.rng.random() < 0.05 else self.pick(*several)
        if what == "fori":
            bounds = [count, count, "data", "perhaps", *["triangle"] * min(loops, 1)]
            bound = self.pick(*bounds)
            return what, bound, self.body(loops + 1, rows, *below)
        if what == "scan":
            options = bool(self.rng.integers(2)), self.pick(*POLICIES)
            return what, count, *options, self.body(loops, True, *below)
        if what == "while":
            return what, count, self.body(loops, rows, *below)
        if what == "again":
            return what, self.body(loops, rows, depth - 1, budget)
        branches = [
            self.body(loops, rows, self.pick(0, depth - 1), budget) for _ in range(self.pick(2, 3))
        ]
        test = self.pick("c", "k", *["i"] * min(loops, 2))
        return what, test, tuple(branches if what == "switch" else branches[:2])

    def plain(self, loops: int, rows: bool) -> tuple[Any, ...]:
        """A statement without others in it."""
        choices = ["c", "c", "d", "k", "solve", "look"]
        choices += ["set", "add", "set", "add"] if self.table else []
        choices += ["whole", "row"] if len(self.table) == 2 else ["whole"] if self.table else []
        what = self.pick(*choices)
        if what == "k":
            return (what, int(self.rng.integers(1, 4)))
        term = self.term(loops, rows)
        if what in ("set", "add"):
            return what, tuple(self.place(loops) for _ in self.table), term
        if what == "row":
            return what, self.place(loops), self.place(loops), term
        return what, term

    def term(self, loops: int, rows: bool, depth: int = 2) -> Any:
        """An expression; its value stays within a few units."""
        if depth == 0 or self.rng.random() < 0.15:
            choices: list[Any] = [
                ("c",),
                ("c",),
                ("d",),
                ("x", self.place(loops)),
                ("x", self.place(loops)),
                0.5,
            ]
            choices += [("row",)] * 2 if rows else []
            choices += (
                [("t", tuple(self.place(loops) for _ in self.table))] * 2 if self.table else []
            )
            choices += [("sum", self.place(loops))] if len(self.table) == 2 else []
            return self.pick(*choices)
        name = self.pick(*FUNCTIONS)
        arity = FUNCTIONS[name][0]
        return name, *(self.term(loops, rows, depth - 1) for _ in range(arity))

    def place(self, loops: int) -> Any:
        """Where in an array: a number, an index of a loop (from the outermost), or the counter."""
        what = int(self.rng.integers(-1, loops + 1))
        shift = int(self.rng.integers(0, 3))
        if what == loops:
            return "k" if self.rng.random() < 0.5 else shift
        if what < 0:
            return shift
        return self.pick("+", "-"), what, shift


FUNCTIONS: dict[str, tuple[int, Callable[..., Any]]] = {
    "sin": (1, np.sin),
    "cos": (1, np.cos),
    "tanh": (1, np.tanh),
    "bell": (1, lambda a: np.exp(-a * a)),
    "root": (1, lambda a: np.sqrt(a * a + 0.5)),
    "mix": (2, lambda a, b: 0.7 * a + 0.3 * b),
    "less": (2, lambda a, b: 0.6 * a - 0.4 * b),
    "product": (2, lambda a, b: np.sin(a * b)),
    "ratio": (2, lambda a, b: a / (b * b + 1.0)),
    "larger": (2, np.maximum),
    "smaller": (2, np.minimum),
}


def make(rng: np.random.Generator) -> Nest:
    n = int(rng.integers(1, 41))
    size = int(rng.integers(2, 12))
    tables = [(), (n + 1,), (size,), (size, size), (3, 4)]
    table = tables[rng.integers(len(tables))]
    depth = int(rng.choice([1, 2, 3], p=[0.45, 0.35, 0.2]))
    body = _Maker(rng, table).body(0, False, depth, 150)
    kind = KINDS[rng.integers(len(KINDS))]
    door = DOORS[rng.integers(len(DOORS))]
    dtype = "float32" if rng.random() < 0.2 else "float64"
    return Nest(kind, door, dtype, n, table, bool(rng.integers(2)), int(rng.integers(1000)), body)


# -- running a program -----------------------------------------------------------------------------


class _Run:
    """A program on an argument x, with the functions of a module of control flow."""

    def __init__(self, nest: Nest, module: Any, x: Any) -> None:
        self.nest, self.module, self.x = nest, module, x

    def result(self) -> State:
        nest, x = self.nest, self.x
        table = self.module.table(x, nest.table, nest.from_x, nest.dtype) if nest.table else None
        state = State(0.5 * x[0], 0.3 * x[-1], 0, table)
        return self.body(nest.body, state, (), None)

    def body(self, body: Any, s: State, index: tuple[Any, ...], row: Any) -> State:
        for what, *rest in body:
            s = getattr(self, f"_{what}")(s, index, row, *rest)
        return s

    # -- statements that hold statements ---

    def _fori(self, s: State, index: Any, row: Any, bound: Any, body: Any) -> State:
        first = -(s.k % 2) if bound == "perhaps" else 0
        if bound == "triangle":
            bound = index[-1] + 1
        elif bound == "data":
            bound = self.module.positive(s.c) + 2
        elif bound == "perhaps":  # also no turn
            bound = s.k % 3
        return self.module.fori_loop(
            first, bound, lambda i, s: self.body(body, s, (*index, i), row), s
        )

    def _scan(
        self, s: State, index: Any, row: Any, count: int, reverse: bool, policy: Any, body: Any
    ) -> State:
        def step(s: State, v: Any) -> tuple[State, Any]:
            after = self.body(body, s, index, v)
            return after, after.c * v

        rows = self.x[: min(count, self.nest.n)]
        s, ys = self.module.scan(step, s, rows, reverse=reverse, checkpoint=policy)
        return s._replace(d=0.5 * s.d + np.sin(ys[0] + ys[-1]))

    def _while(self, s: State, index: Any, row: Any, most: int, body: Any) -> State:
        def turn(carry: Any) -> Any:
            return carry[0] + 1, self.body(body, carry[1], index, row)

        def goes_on(carry: Any) -> Any:
            s = carry[1]
            return (carry[0] < most) & (s.c * s.c - 0.3 * s.d < 1.2)

        return self.module.while_loop(goes_on, turn, (0, s))[1]

    def _again(self, s: State, index: Any, row: Any, body: Any) -> State:
        return self.module.checkpoint(lambda s: self.body(body, s, index, row))(s)

    def _cond(
        self, s: State, index: Any, row: Any, test: str, bodies: Any, python: bool = False
    ) -> State:
        decided = {"c": s.c > s.d, "k": s.k % 2 == 0, "i": bool(index) and index[-1] % 3 != 0}[test]
        one, other = bodies
        if python:
            return self.body(one if decided else other, s, index, row)
        return self.module.cond(
            decided,
            lambda s: self.body(one, s, index, row),
            lambda s: self.body(other, s, index, row),
            s,
        )

    def _if(self, s: State, index: Any, row: Any, test: str, bodies: Any) -> State:
        return self._cond(s, index, row, test, bodies, python=True)

    def _switch(self, s: State, index: Any, row: Any, test: str, bodies: Any) -> State:
        number = {"c": self.module.positive(s.c), "k": s.k % 3, "i": index[-1] % 3 if index else 0}
        branches = [lambda s, b=b: self.body(b, s, index, row) for b in bodies]
        return self.module.switch(number[test], branches, s)

    # -- others ---

    def _c(self, s: State, index: Any, row: Any, term: Any) -> State:
        return s._replace(c=self.value(term, s, index, row))

    def _d(self, s: State, index: Any, row: Any, term: Any) -> State:
        return s._replace(d=self.value(term, s, index, row))

    def _solve(self, s: State, index: Any, row: Any, term: Any) -> State:
        """Equations whose matrix is singular where the branch is not taken."""
        v, m = self.value(term, s, index, row), s.k % 3
        c = self.module.cond(m > 0, lambda: self.module.solved(m, v), lambda: 0.5 * v)
        return s._replace(c=c)

    def _look(self, s: State, index: Any, row: Any, term: Any) -> State:
        """A place that is out of bounds where the branch is not taken."""
        v = self.value(term, s, index, row)
        d = self.module.cond(s.k < self.nest.n, lambda: self.x[s.k] * v, lambda: 0.5 * v)
        return s._replace(d=np.sin(d))

    def _k(self, s: State, index: Any, row: Any, more: int) -> State:
        return s._replace(k=(s.k + more) % 7)

    def _set(self, s: State, index: Any, row: Any, places: Any, term: Any) -> State:
        at = self.at(s, index, places)
        return s._replace(t=s.t.at[at].set(self.value(term, s, index, row)))

    def _add(self, s: State, index: Any, row: Any, places: Any, term: Any) -> State:
        at = self.at(s, index, places)
        return s._replace(t=s.t.at[at].add(0.5 * self.value(term, s, index, row)))

    def _whole(self, s: State, index: Any, row: Any, term: Any) -> State:
        return s._replace(t=0.8 * s.t + 0.1 * self.value(term, s, index, row))

    def _row(self, s: State, index: Any, row: Any, to: Any, of: Any, term: Any) -> State:
        to, of = self.at(s, index, (to,))[0], self.at(s, index, (of,))[0]
        new = 0.5 * s.t[of] + 0.1 * self.value(term, s, index, row)
        return s._replace(t=s.t.at[to].set(new))

    # -- expressions ---

    def value(self, term: Any, s: State, index: Any, row: Any) -> Any:
        if isinstance(term, float):
            return np.dtype(self.nest.dtype).type(term)
        name, *rest = term
        if name in ("c", "d"):
            return getattr(s, name)
        if name == "row":
            return row
        if name == "x":
            return self.x[self.place(rest[0], s, index, self.nest.n)]
        if name == "t":
            return s.t[self.at(s, index, rest[0])]
        if name == "sum":
            return 0.2 * self.module.sum(s.t[self.at(s, index, rest)[0]])
        return FUNCTIONS[name][1](*(self.value(x, s, index, row) for x in rest))

    def at(self, s: State, index: Any, places: Any) -> Any:
        return tuple(
            self.place(place, s, index, n)
            for place, n in zip(places, self.nest.table, strict=False)
        )

    def place(self, place: Any, s: State, index: Any, n: int) -> Any:
        if place == "k":
            return s.k % n
        if isinstance(place, int):
            return place % n
        sign, k, shift = place
        return (index[k] + shift) % n if sign == "+" else (n - 1 + shift - index[k]) % n


class _Jitad:
    """What a program asks of jitad."""

    fori_loop = staticmethod(jitad.fori_loop)
    scan = staticmethod(jitad.scan)
    while_loop = staticmethod(jitad.while_loop)
    cond = staticmethod(jitad.cond)
    switch = staticmethod(jitad.switch)
    checkpoint = staticmethod(jitad.checkpoint)
    sum = staticmethod(np.sum)

    @staticmethod
    def positive(x: Any) -> Any:
        return (x > 0).astype(int)

    @staticmethod
    def solved(m: Any, v: Any) -> Any:
        """The first unknown of [[m, 1/2], [0, 1]] z = (v, v)."""
        number = v.dtype.type
        m = m.astype(v.dtype) if hasattr(m, "astype") else number(m)
        rows = [np.stack([m, number(0.5)]), np.array([0, 1], v.dtype)]
        return np.linalg.solve(np.stack(rows), np.stack([v, v]))[0]

    @staticmethod
    def table(x: Any, shape: tuple[int, ...], from_x: bool, dtype: str) -> Any:
        if from_x:
            places = np.arange(math.prod(shape)) % x.shape[0]
            return 0.5 * np.reshape(x[places], shape)
        return jitad.numpy.full(shape, 0.1, dtype)


class _Table:
    """An array of hyper-dual numbers with JAX's `.at`."""

    def __init__(self, numbers: np.ndarray) -> None:
        self.numbers = numbers

    def __getitem__(self, place: Any) -> Any:
        found = self.numbers[place]
        return _Table(found) if isinstance(found, np.ndarray) else found

    def __add__(self, other: Any) -> _Table:
        if isinstance(other, _Table):
            return _Table(self.numbers + other.numbers)
        return _Table(np.array([x + other for x in self.numbers.flat]).reshape(self.numbers.shape))

    def __rmul__(self, other: float) -> _Table:
        return _Table(other * self.numbers)

    at = property(lambda self: _Places(self))


class _Places:
    """`table.at`, then `table.at[place]`."""

    def __init__(self, table: _Table, place: Any = None) -> None:
        self.table, self.place = table, place

    def __getitem__(self, place: Any) -> _Places:
        return _Places(self.table, place)

    def set(self, x: Any) -> _Table:
        numbers = self.table.numbers.copy()
        numbers[self.place] = x.numbers if isinstance(x, _Table) else x
        return _Table(numbers)

    def add(self, x: Any) -> _Table:
        return self.set(self.table[self.place] + x)


class _Plain:
    """What a program asks of plain Python."""

    while_loop = staticmethod(unrolled.while_loop)
    fori_loop = staticmethod(unrolled.fori_loop)
    cond = staticmethod(unrolled.cond)
    switch = staticmethod(unrolled.switch)
    checkpoint = staticmethod(unrolled.checkpoint)

    @staticmethod
    def scan(step: Any, s: Any, rows: Any, reverse: bool, checkpoint: Any) -> Any:
        ys = []
        for v in reversed(rows) if reverse else rows:
            s, y = step(s, v)
            ys.append(y)
        return s, ys[::-1] if reverse else ys

    @staticmethod
    def sum(x: _Table) -> Any:
        return sum(x.numbers.flat, start=Hyper(0.0))

    @staticmethod
    def positive(x: Any) -> int:
        return int(x > 0)

    @staticmethod
    def solved(m: int, v: Any) -> Any:
        return 0.5 * v / m

    @staticmethod
    def table(x: Any, shape: tuple[int, ...], from_x: bool, dtype: str) -> _Table:
        numbers = np.empty(math.prod(shape), object)
        start = Hyper(float(np.full((), 0.1, dtype)))
        numbers[:] = [0.5 * x[k % len(x)] if from_x else start for k in range(len(numbers))]
        return _Table(numbers.reshape(shape))


# -- what is asked ---------------------------------------------------------------------------------


def _total(s: State, module: Any) -> Any:
    total = s.c + 0.5 * s.d
    return total if s.t is None else total + 0.3 * module.sum(s.t)


def _data(nest: Nest) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Points, directions and other directions, a row each."""
    rng = np.random.default_rng(nest.seed)
    x, v, w = rng.standard_normal((3, POINTS, nest.n)).astype(nest.dtype)
    return x, v, w


def _asked(nest: Nest) -> tuple[Callable[..., Any], list[np.ndarray]]:
    """What jitad is asked for, and at which arguments."""

    def f(x: Any) -> Any:
        return _total(_Run(nest, _Jitad, x).result(), _Jitad)

    def both(x: Any) -> Any:
        s = _Run(nest, _Jitad, x).result()
        return (_total(s, _Jitad), *(y for y in s if y is not None))

    x, v, _ = _data(nest)
    slope = jitad.grad(f)
    return {
        "value": (both, [x[0]]),
        "jvp": (lambda x, v: jitad.jvp(f, (x,), (v,))[1], [x[0], v[0]]),
        "grad": (slope, [x[0]]),
        "jvp of grad": (lambda x, v: jitad.jvp(slope, (x,), (v,))[1], [x[0], v[0]]),
        "vmap of grad": (jitad.vmap(slope), [x]),
        "grad of vmap": (jitad.grad(lambda x: np.sum(jitad.vmap(f)(x))), [x]),
    }[nest.kind]


def _right(nest: Nest) -> list[float]:
    """The value, or derivatives along directions, of each point that is asked for."""
    x, v, w = (a.astype(float) for a in _data(nest))
    Hyper.margin, Hyper.largest = (1e-9, 1e5) if nest.dtype == "float64" else (1e-4, 1e2)
    found = []
    for k in range(POINTS if "vmap" in nest.kind else 1):
        numbers = [Hyper(*each) for each in zip(x[k], v[k], w[k], strict=True)]
        y = _total(_Run(nest, _Plain, numbers).result(), _Plain) + Hyper(0.0)
        found.append({"value": y.value, "jvp": y.a, "jvp of grad": y.ab}.get(nest.kind, y.b))
    return found


def _along(nest: Nest, result: Any) -> list[float]:
    """What jitad found, along the same directions."""
    if nest.kind in ("value", "jvp"):
        return [float(result[0] if nest.kind == "value" else result)]
    slopes = np.atleast_2d(np.asarray(result, float))
    return [float(np.dot(a, b)) for a, b in zip(slopes, _data(nest)[2].astype(float), strict=False)]


def check(nest: Nest) -> str:
    """What is wrong with jitad's answers."""
    try:
        right = _right(nest)
    except UndecidedError:
        return ""
    asked, args = _asked(nest)
    kernel = jitad.compile(asked, *args)
    result = kernel(*args)
    got = _along(nest, result)
    close = 1e-9 if nest.dtype == "float64" else 3e-3
    if not np.allclose(got, right, rtol=close, atol=close):
        return f"gives {got}, right is {right}"
    other = {
        "python": lambda: jitad.jit(asked)(*args),
        "njit": lambda: kernel.njit(*args),
        "bind": lambda: kernel.bind(*args)(),
        "parallel": lambda: jitad.compile(asked, *args, parallel=True)(*args),
    }[nest.door]()
    every, others = (x if isinstance(x, tuple) else (x,) for x in (result, other))
    for a, b in zip(every, others, strict=True):
        same = np.asarray(b, np.asarray(a).dtype)  # Numba makes Python floats of float32
        if np.asarray(a).tobytes() != same.tobytes():
            return f"the door {nest.door} gives {b!r}, a call {a!r}"
    return ""


# -- smaller programs ------------------------------------------------------------------------------


def _smaller_bodies(body: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    """The body without a statement, with one's own body in its place, or with a smaller one."""
    for k, statement in enumerate(body):
        before, after = body[:k], body[k + 1 :]
        if len(body) > 1:
            yield before + after
        for new in _smaller_statements(statement):
            yield (*before, new, *after)


def _smaller_statements(statement: tuple[Any, ...]) -> Iterator[tuple[Any, ...]]:
    what, *rest, last = statement
    if what in ("fori", "scan", "while", "again"):
        if what == "again" and len(last) == 1:
            yield last[0]
        if what != "again" and isinstance(rest[0], int) and rest[0] > 1:
            yield (what, rest[0] // 2, *rest[1:], last)
            yield (what, rest[0] - 1, *rest[1:], last)
        yield from ((what, *rest, new) for new in _smaller_bodies(last))
    elif what in ("cond", "if", "switch"):
        for k, branch in enumerate(last):
            for new in _smaller_bodies(branch):
                yield (what, *rest, (*last[:k], new, *last[k + 1 :]))
    elif what != "k":
        yield from ((what, *rest, new) for new in _smaller_terms(last))


def _smaller_terms(term: Any) -> Iterator[Any]:
    if isinstance(term, tuple) and term[0] in FUNCTIONS:
        yield from term[1:]
        for k, operand in enumerate(term[1:], 1):
            yield from ((*term[:k], new, *term[k + 1 :]) for new in _smaller_terms(operand))
    elif isinstance(term, tuple):
        yield 0.5


def smaller(nest: Nest) -> Iterator[Nest]:
    """Programs a step smaller: fewer statements, turns, elements; a plainer derivative."""
    yield from (replace(nest, body=body) for body in _smaller_bodies(nest.body))
    yield from (replace(nest, n=n) for n in (nest.n // 2, nest.n - 1) if n > 0)
    place = KINDS.index(nest.kind)
    yield from (replace(nest, kind=kind) for kind in KINDS[:place])


register(Fuzzer("loops", make, check, smaller))
