"""Loops within loops, and batches of loops whose numbers of turns differ."""

from __future__ import annotations

from typing import Any

import numpy as np
from plain_programs.lists import items_that_move_in_turn

import jitad
from cases import case
from jitad.runtime.interpret import interpret
from jitad.textbook import dual


def _slopes(f: Any, x: np.ndarray, h: float = 1e-4) -> np.ndarray:
    """Differences of fourth order of a plain function of an array."""
    steps = np.eye(x.size) * h
    near = np.array([f(x + d) - f(x - d) for d in steps])
    far = np.array([f(x + 2 * d) - f(x - 2 * d) for d in steps])
    return (8 * near - far) / (12 * h)


# -- two buffers that change places, in a loop that LLVM unrolls -----------------------------------


@case
def nested_loops_over_eight() -> Any:
    def f(x: Any) -> Any:
        n = x.size

        def row(i: Any, c: Any) -> Any:
            return jitad.fori_loop(0, n, lambda j, c: np.sin(c * x[i]) + x[j], c)

        return jitad.fori_loop(0, n, row, 1.0)

    def plain(x: np.ndarray) -> float:
        c = 1.0
        for a in x:
            for b in x:
                c = np.sin(c * a) + b
        return c

    x = np.random.default_rng(0).standard_normal(8)
    return jitad.grad(f)(x).round(6), _slopes(plain, x).round(6)


def _warp(x: Any) -> Any:
    """Dynamic time warping of a series and its reverse: a table that two loops fill."""
    n = x.size

    def row(i: Any, c: Any) -> Any:
        def column(j: Any, c: Any) -> Any:
            m = np.minimum(np.minimum(c[i, j + 1], c[i + 1, j]), c[i, j])
            return c.at[i + 1, j + 1].set((x[i] - x[n - 1 - j]) ** 2 + m)

        return jitad.fori_loop(0, n, column, c)

    start = jitad.numpy.full((n + 1, n + 1), 1e10).at[0, 0].set(0.0)
    return jitad.fori_loop(0, n, row, start)[n, n]


def _plain_warp(x: np.ndarray) -> float:
    n = x.size
    c = np.full((n + 1, n + 1), 1e10)
    c[0, 0] = 0.0
    for i in range(n):
        for j in range(n):
            m = min(c[i, j + 1], c[i + 1, j], c[i, j])
            c[i + 1, j + 1] = (x[i] - x[n - 1 - j]) ** 2 + m
    return c[n, n]


@case
def the_njit_door_of_a_table() -> Any:
    x = np.random.default_rng(0).standard_normal(16)
    kernel = jitad.compile(jitad.grad(_warp), x)
    right = _slopes(_plain_warp, x).round(6)
    return (kernel.njit(x).round(6), kernel(x).round(6)), (right, right)


@case
def the_njit_door_of_three_loops() -> Any:
    def turn(c: Any, x: Any, j: Any, k: Any) -> Any:
        return np.sin(c * x[j]) + 0.1 * (np.cos(c) * x[k] + x[j])

    def f(x: Any) -> Any:
        def middle(i: Any, c: Any) -> Any:
            def inner(j: Any, c: Any) -> Any:
                return jitad.fori_loop(0, 3, lambda k, c: turn(c, x, j, k), c)

            return jitad.fori_loop(0, i + 1, inner, c)

        return jitad.fori_loop(0, x.size, middle, x[0] * 0.5)

    def plain(x: np.ndarray) -> float:
        c = x[0] * 0.5
        for i in range(x.size):
            for j in range(i + 1):
                for k in range(3):
                    c = turn(c, x, j, k)
        return c

    x = np.random.default_rng(27).standard_normal(3) * 0.8
    kernel = jitad.compile(jitad.grad(f), x)
    right = _slopes(plain, x).round(6)
    return (kernel.njit(x).round(6), kernel(x).round(6)), (right, right)


@case
def a_number_and_a_table_in_two_loops() -> Any:
    def f(x: Any) -> Any:
        def inner(i: Any, s: Any) -> Any:
            def turn(j: Any, s: Any) -> Any:
                c, t = s
                new = c * 0.7 + x[i] + 0.1 * (np.cos(c) * x[j] + x[j])
                return new, t.at[j + 1].set(0.5 * t[j] + new)

            return jitad.fori_loop(0, 3, turn, s)

        start = x[0] * 0.5, jitad.numpy.zeros(x.size + 1) + 0.1
        c, t = jitad.fori_loop(0, x.size, inner, start)
        return c + np.sum(t**2)

    x = np.random.default_rng(58).standard_normal(19) * 0.8
    forward = np.array([jitad.jvp(f, (x,), (e,))[1] for e in np.eye(19)])
    return bool(np.abs(jitad.grad(f)(x) - forward).max() < 1e-12), True


# -- points whose numbers of turns differ ----------------------------------------------------------


@case
def vmap_of_fori_loop_with_traced_bound() -> Any:
    def f(x: Any) -> Any:
        return jitad.fori_loop(0, np.floor(x * 2).astype(int), lambda i, c: c * 1.1, x)

    x = np.array([0.3, 0.9, 2.1])
    return jitad.vmap(f)(x), [0.3, 0.9 * 1.1, 2.1 * 1.1**4]


@case
def vmap_of_the_gradient_of_a_while_loop() -> Any:
    def f(x: Any) -> Any:
        def turn(s: Any) -> Any:
            return 0.5 * s[0] + 0.1 * x[s[1] % 3], s[1] + 1

        start = x[0] * 5, 0
        return jitad.while_loop(lambda s: (np.abs(s[0]) > 0.5) & (s[1] < 30), turn, start)[0]

    xs = np.abs(np.random.default_rng(0).standard_normal((6, 3))) + 0.2
    return jitad.vmap(jitad.grad(f))(xs), np.stack([jitad.grad(f)(x) for x in xs])


def _fall(x: Any, n: Any) -> Any:
    """A loop of n turns in a scan, whose condition asks for the values of a point."""

    def step(c: Any, v: Any) -> Any:
        c = jitad.fori_loop(0, n, lambda i, c: c * x[i] + v, c)
        c = jitad.cond(c > 1, lambda c: np.sqrt(c), lambda c: c * c, c)
        return c, c

    return np.sum(jitad.scan(step, x[0], x)[1])


def _plain_fall(x: np.ndarray, n: int) -> float:
    c, total = x[0], 0.0
    for v in x:
        for i in range(n):
            c = c * x[i] + v
        c = np.sqrt(c) if c > 1 else c * c
        total += c
    return total


def _points() -> tuple[np.ndarray, np.ndarray]:
    return np.random.default_rng(1).random((5, 3)) + 0.2, np.array([0, 3, 1, 2, 3])


@case
def vmap_of_loops_within_a_scan() -> Any:
    xs, ns = _points()
    return jitad.vmap(_fall)(xs, ns), [_plain_fall(x, n) for x, n in zip(xs, ns, strict=True)]


@case
def gradients_of_loops_within_a_scan_at_points() -> Any:
    xs, ns = _points()
    right = np.array(
        [_slopes(lambda y, n=n: _plain_fall(y, n), x) for x, n in zip(xs, ns, strict=True)]
    )
    inside = jitad.vmap(jitad.grad(_fall))(xs, ns)
    outside = jitad.grad(lambda xs: np.sum(jitad.vmap(_fall)(xs, ns)))(xs)
    return (inside.round(6), outside.round(6)), (right.round(6), right.round(6))


@case
def vmap_of_vmap_of_a_traced_bound() -> Any:
    x, n = np.array([0.5, 2.0]), np.array([3, 0, 1])

    def f(x: Any, n: Any) -> Any:
        return jitad.fori_loop(0, n, lambda i, c: c * x + i, x)

    def plain(x: float, n: int) -> float:
        c = x
        for i in range(n):
            c = c * x + i
        return c

    got = jitad.vmap(jitad.vmap(f, (None, 0)), (0, None))(x, n)
    return got, [[plain(a, b) for b in n] for a in x]


@case
def a_look_up_that_some_points_do_not_make() -> Any:
    def f(i: Any, table: Any) -> Any:
        read = jitad.cond(i < 3, lambda i: table[i], lambda i: 0.0, i)
        return read, jitad.while_loop(lambda j: j < 3, lambda j: j + 1 + (table[j] < 0), i)

    places, table = np.array([0, 2, 7]), np.arange(1.0, 4.0)
    return jitad.vmap(f, (0, None))(places, table), ([1.0, 3.0, 0.0], [3, 3, 7])


# -- loops of Python with branches -----------------------------------------------------------------


@case
def a_loop_with_a_branch_takes_its_own_path() -> Any:
    def f(x: Any) -> Any:
        y = x
        for _ in range(100):
            y = y * 0.9 - 0.1 * x if y[0] > 0.5 else y + 0.1 * np.cos(x)
        return np.sum(y)

    x = np.full(3, 0.1)
    gradient = jitad.grad(f)
    slope = gradient(x)
    (tree,) = gradient.trees((x,), {})
    return (slope.round(6), len(tree.paths), tree.interpreted), (_slopes(f, x, 1e-5).round(6), 1, 0)


@case
def places_that_turns_share_are_looked_up_in_numpy_too() -> Any:
    """Nothing of a turn is asked of the zeros that stand for its carries before the loop."""

    f = items_that_move_in_turn
    points = [np.linspace(a, 2.0, n) for a, n in ((0.0, 5), (1.0, 7))]
    got = [interpret(jitad.grad(f).plan(x), [x]) for x in points]
    return tuple(got), tuple(np.array(dual.value_and_gradient(f, x.tolist())[1]) for x in points)


@case
def a_loop_that_reads_nothing() -> Any:
    def f(x: Any) -> Any:
        def turn(c: Any) -> Any:
            inner = jitad.fori_loop(0, 3, lambda i, t: t + np.sin(1.5), 0.0)
            return c[0] + 1, c[1] * 0 + inner

        return x * jitad.while_loop(lambda c: c[0] < 2, turn, (0, 0.0))[1]

    return jitad.grad(f)(2.0), 3 * np.sin(1.5)


# -- branches of Python's in functions that are called within a loop or a batch --------------------


def _branching(c: Any) -> Any:
    y = np.sin(c)  # of which only one path has a use
    if c > 0.5:
        return y
    return c * 2


@jitad.custom_vjp
def _own_adjoint(c: Any) -> Any:
    return _branching(c)


_own_adjoint.defvjp(
    lambda c: (_branching(c), c), lambda c, bar: (bar * np.cos(c) if c > 0.5 else bar * 2,)
)


_WITHIN: dict[str, Any] = {
    "jit": jitad.jit(_branching),
    "grad": jitad.grad(_branching),
    "checkpoint": jitad.checkpoint(_branching),
    "cond": lambda c: jitad.cond(c > -1.0, _branching, np.cos, c),
    "switch": lambda c: jitad.switch(1, [np.cos, _branching], c),
    "custom_vjp": _own_adjoint,
    "vmap": lambda c: jitad.vmap(_branching)(np.stack([c, c]))[1],
}


def _slope(c: float) -> float:
    return np.cos(c) if c > 0.5 else 2.0


@case
def branching_functions_within_a_batch() -> Any:
    x = np.array([0.2, 0.7, 0.4, 0.9])
    right = np.array([_branching(c) for c in x]), np.array([_slope(c) for c in x])
    got = [jitad.vmap(f)(x) for f in _WITHIN.values()]
    return tuple(got), tuple(right[name == "grad"] for name in _WITHIN)


@case
def branching_functions_within_a_scan() -> Any:
    def last(f: Any, x: Any) -> Any:
        return jitad.scan(lambda c, v: (f(c) * 0.6 + v, None), x[0], x)[0]

    def plain(f: Any, x: np.ndarray) -> float:
        c = x[0]
        for v in x:
            c = f(c) * 0.6 + v
        return c

    x = np.array([0.2, 0.7, 0.1, 0.3])
    functions = [f for name, f in _WITHIN.items() if name not in ("grad", "vmap")]
    right = plain(_branching, x), _slopes(lambda x: plain(_branching, x), x).round(6)
    got = [(last(f, x), jitad.grad(lambda x, f=f: last(f, x))(x).round(6)) for f in functions]
    return tuple(got), (right,) * len(functions)


@case
def plain_arrays_looked_up_by_the_number_of_an_outer_turn() -> Any:
    data = np.array([0.3, 0.7, 1.1])

    def f(x: Any) -> Any:
        def row(i: Any, c: Any) -> Any:
            return jitad.fori_loop(0, 2, lambda j, c: np.tanh(c * data[i] + x * data[j]), c)

        return jitad.fori_loop(0, 3, row, x)

    def plain(x: float) -> float:
        c = x
        for a in data:
            for b in data[:2]:
                c = np.tanh(c * a + x * b)
        return c

    return (f(0.5), jitad.grad(f)(0.5)), (
        plain(0.5),
        _slopes(lambda x: plain(x[0]), np.array([0.5]))[0],
    )


@case
def many_nests_before_a_branch() -> Any:
    """The pieces that long code is cut into have names of their own."""

    def f(x: Any) -> Any:
        total = 0.0
        for k in range(2, 40):
            total = total + np.sum(np.cumsum(np.sin(x[:k] + k)))
        return jitad.cond(total > 0, lambda x: total * x[0], lambda x: total * x[1], x)

    x = np.linspace(0.5, 1.0, 40)
    total = sum(np.sum(np.cumsum(np.sin(x[:k] + k))) for k in range(2, 40))
    return jitad.jit(f)(x), total * x[int(total <= 0)]


@case
def bounds_of_all_kinds_of_integers() -> Any:
    def f(first: Any, last: Any) -> Any:
        return jitad.fori_loop(first, last, lambda i, c: c + i, 0)

    pairs: list[tuple[Any, Any]] = [(0, 4), (-3, 2), (5, 2), (2**62, -(2**62) - 5)]
    pairs += [(np.int8(-2), np.uint8(3)), (np.int32(1), 2**0), (0, np.uint64(5))]
    right = [sum(range(int(a), int(b))) for a, b in pairs]
    known = [jitad.jit(lambda x, a=a, b=b: f(a, b) + x)(0) for a, b in pairs]
    return (known, [jitad.jit(f)(a, b) for a, b in pairs]), (right, right)


@case
def a_branch_by_a_small_integer() -> Any:
    f = jitad.jit(lambda k: jitad.switch(k, [lambda: 1.0, lambda: 2.0]))
    return [f(np.uint8(1)), f(np.int8(-1)), f(np.uint16(7))], [2.0, 1.0, 2.0]


@case
def points_that_are_done_stay_as_they_are() -> Any:
    def f(x: Any) -> Any:
        return jitad.while_loop(lambda c: c[0] < 10, lambda c: (c[0] * 2, c[1] + 1), (x, 0))

    return jitad.vmap(f)(np.array([1.0, 3.0, 7.0, 20.0])), ([16.0, 12.0, 14.0, 20.0], [4, 2, 1, 0])


@case
def rows_are_read_and_the_last_carry_is_not() -> Any:
    def rows(x: Any, lib: Any) -> Any:
        return lib(lambda c, v: (c * v, c), 1.0 + 0 * x[0], x)[1]

    def plainly(step: Any, carry: Any, xs: Any) -> Any:
        found = []
        for x in xs:
            carry, row = step(carry, x)
            found.append(row)
        return carry, np.stack(found)

    x = np.array([0.5, -2.0, 3.0, 1.5])
    steps = x + 1e-30j * np.eye(4)
    return jitad.grad(lambda x: np.sum(rows(x, jitad.scan)))(x), [
        np.sum(rows(z, plainly)).imag * 1e30 for z in steps
    ]


@case
def arrays_that_change_places_in_a_while_loop() -> Any:
    def step(s: Any) -> Any:
        return s[0][::-1] * 1.5 + s[0][0], s[1] + 1

    def plainly(x: Any, n: int) -> Any:
        for _ in range(n):
            x, _ = step((x, 0))
        return x

    x = np.linspace(-1.0, 2.0, 500)
    f = jitad.jit(lambda x, n: jitad.while_loop(lambda s: s[1] < n, step, (x, 0))[0])
    return [f(x, np.int64(n)) for n in range(5)], [plainly(x, n) for n in range(5)]
