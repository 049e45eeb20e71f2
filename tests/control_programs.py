"""Programs of structured control flow, in terms of a namespace: jitad's, or plain Python's.

Derivatives of all kinds are asked of each. No carry changes its dtype where arguments do.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

Program = Callable[..., Any]

PROGRAMS: dict[str, tuple[Program, tuple[Any, ...]]] = {}
"""By name a function of the namespace of control flow and of arrays, and these arrays."""


def program(*args: Any) -> Callable[[Program], Program]:
    arrays = tuple(np.asarray(x, np.float32).astype(float) for x in args)

    def add(f: Program) -> Program:
        PROGRAMS[f.__name__] = f, arrays
        return f

    return add


RANDOM = np.random.default_rng(3)
X = RANDOM.normal(size=5)
ROWS = RANDOM.normal(size=(4, 3))
SQUARE = RANDOM.normal(size=(3, 3)) / 2
V = RANDOM.normal(size=3)


def like(constant: Any, x: Any) -> Any:
    """A constant in the dtype of what it meets: carries keep theirs."""
    return constant.astype(x.dtype)


class State(NamedTuple):
    """A carry with names."""

    place: Any
    speed: Any


# -- scan ------------------------------------------------------------------------------------------


@program(0.5, X)
def recurrence(lax: Any, a: Any, x: Any) -> Any:
    return lax.scan(lambda c, v: (np.sin(c * v) + a, c * c), a, x)


@program(V, ROWS)
def matrix_products(lax: Any, h: Any, rows: Any) -> Any:
    def step(h: Any, row: Any) -> Any:
        h = np.tanh(like(SQUARE, h) @ h + row)
        return h, np.sum(h * row)

    return lax.scan(step, h, rows)


@program(0.7, X)
def backwards(lax: Any, a: Any, x: Any) -> Any:
    return lax.scan(lambda c, v: (c * v + a, c - v), a, x, reverse=True)


@program(0.7, 1.25)
def without_rows(lax: Any, a: Any, b: Any) -> Any:
    return lax.scan(lambda c, _: (np.cos(c) * b, None), a, length=6)[0]


@program(X)
def without_carry(lax: Any, x: Any) -> Any:
    return lax.scan(lambda _, v: (None, v * np.exp(v)), None, x)[1]


@program(0.3, X)
def one_turn(lax: Any, a: Any, x: Any) -> Any:
    return lax.scan(lambda c, v: (c * v, c + v), a, x[:1])


@program(X, ROWS)
def trees(lax: Any, x: Any, rows: Any) -> Any:
    def step(carry: Any, item: Any) -> Any:
        a, state, nothing = carry["a"], carry["s"], carry["n"]
        place = state.place + state.speed * item["v"]
        speed = state.speed - np.sin(state.place) * item["row"]
        after = {"a": a * item["v"], "s": State(place, speed), "n": nothing}
        return after, (State(a, place.sum()), None, [speed])

    init = {"a": x[0], "s": State(rows[0], rows[1]), "n": None}
    return lax.scan(step, init, {"v": x[:4], "row": rows})


@program(1.5, X)
def carry_that_stays(lax: Any, a: Any, x: Any) -> Any:
    def step(carry: Any, v: Any) -> Any:
        c, held, counted = carry
        return (c * held + v, held, counted + 1), c

    (c, held, counted), ys = lax.scan(step, (a, a * a, 0.0), x)
    return c * counted + held, ys


@program(0.4, X)
def results_twice(lax: Any, a: Any, x: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        y = np.sin(c + v)
        return y, (y, y, c)

    c, (first, second, third) = lax.scan(step, a, x)
    return c, c, first, first + second, third


@program(0.4, X, V)
def unused_results(lax: Any, a: Any, x: Any, v: Any) -> Any:
    def step(carry: Any, u: Any) -> Any:
        c, dead = carry
        return (c * np.cos(u), dead @ dead * v), (c, np.exp(dead))

    return lax.scan(step, (a, v), x)[0][0]


@program(0.4, X)
def constant_results(lax: Any, a: Any, x: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        return a, (np.ones(2), v, 3.0)

    return lax.scan(step, 2 * a, x)


@program(V, ROWS)
def rotating_carries(lax: Any, v: Any, rows: Any) -> Any:
    return lax.scan(lambda c, r: ((c[1], c[2] * r, c[0]), c[1]), (v, 2 * v, v * v), rows)


@program(0.5, X)
def chained(lax: Any, a: Any, x: Any) -> Any:
    c, ys = lax.scan(lambda c, v: (c * v + a, c), a, x)
    return lax.scan(lambda d, v: (d + v * c, d * v), c, ys, reverse=True)


@program(V)
def elements_of_one(lax: Any, v: Any) -> Any:
    one = v[:1]
    return lax.scan(lambda c, x: (np.sin(c) + x * one, c * c), one, v.reshape(3, 1))


@program(V)
def empty_arrays(lax: Any, v: Any) -> Any:
    def step(c: Any, x: Any) -> Any:
        return (c[0] * x, c[1] * 2), (c[1], c[0] + c[1].sum())

    return lax.scan(step, (v[0], v[:0]), v)


@program(np.array([0.5, 0.25]))
def rows_of_matrices(lax: Any, a: Any) -> Any:
    stack = like(np.sin(np.arange(12.0).reshape(3, 2, 2)), a)
    return lax.scan(lambda c, m: (m @ c @ m.T + a, m @ a), np.outer(a, a), stack)


# -- what bodies do --------------------------------------------------------------------------------


@program(V, SQUARE)
def linear_solves(lax: Any, v: Any, a: Any) -> Any:
    matrix = a @ a.T + like(2 * np.eye(3), a)

    def step(c: Any, _: Any) -> Any:
        c = np.linalg.solve(matrix + np.outer(c, c), v + c)
        return c, c @ v

    return lax.scan(step, v, length=3)


@program(X)
def sorts(lax: Any, x: Any) -> Any:
    def step(c: Any, i: Any) -> Any:
        c = np.sort(c * like(np.array([1.0, -2.0, 3.0, 0.5, 1.5]), x) + x)
        return c, (np.cumsum(c)[2], np.max(c))

    return lax.scan(step, x, length=3)


@program(X)
def reductions(lax: Any, x: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        return np.sin(c) * np.mean(c * c) + v, (np.prod(c), np.sum(c * v), np.std(c))

    return lax.scan(step, x, x[:3])


@program(X)
def indices(lax: Any, x: Any) -> Any:
    def step(carry: Any, v: Any) -> Any:
        k, c = carry
        return ((k * 2 + 1) % 5, c * x[k] + x[k - 1]), x[(k + 2) % 5] * v

    (k, c), ys = lax.scan(step, (1, x[0]), x)
    return c + x[k], ys


@program(X)
def weak_numbers(lax: Any, x: Any) -> Any:
    a, _ = lax.scan(lambda c, v: (c + v * v, None), 0, x)
    b, _ = lax.scan(lambda c, v: (c * v, None), 1.0, x)
    return a * b


# -- the other loops -------------------------------------------------------------------------------


@program(ROWS)
def maps(lax: Any, rows: Any) -> Any:
    return lax.map(
        lambda r: {"sum": np.sum(r * r), "outer": np.outer(r, like(SQUARE, r) @ r)}, rows
    )


@program(0.5, V)
def fori(lax: Any, a: Any, v: Any) -> Any:
    return lax.fori_loop(2, 6, lambda i, c: np.sin(c) * v[i % 3] + i * a, a)


@program(V)
def fori_over_an_array(lax: Any, v: Any) -> Any:
    def body(i: Any, c: Any) -> Any:
        return c @ like(SQUARE, v) + v * i

    return lax.fori_loop(0, 4, body, v)


@program(0.7)
def fori_in_fori(lax: Any, a: Any) -> Any:
    def outer(i: Any, c: Any) -> Any:
        return lax.fori_loop(0, 3, lambda j, d: np.cos(d + i * a) + j, c)

    return lax.fori_loop(0, 3, outer, a)


@program(0.3, 2.0)
def while_below(lax: Any, a: Any, b: Any) -> Any:
    return lax.while_loop(lambda y: y < 40.0, lambda y: y * b + np.sin(a * y), a)


@program(2.5)
def newton(lax: Any, a: Any) -> Any:
    def step(state: Any) -> Any:
        x, _, turns = state
        return x - (x * x - a) / (2 * x), x, turns + 1

    start = (a, 2 * a + 1, 0)
    x, _, turns = lax.while_loop(lambda s: np.abs(s[0] - s[1]) > 1e-6, step, start)
    return x * turns


@program(V, 0.9)
def while_with_arrays(lax: Any, v: Any, a: Any) -> Any:
    def step(state: Any) -> Any:
        w, total = state
        return np.tanh(like(SQUARE, w) @ w) * a + 0.1 * v, total + w @ w

    return lax.while_loop(lambda s: s[1] < 3.0, step, (v, 0.0))


@program(0.5)
def while_without_a_turn(lax: Any, a: Any) -> Any:
    return lax.while_loop(lambda y: y > 2, lambda y: y * y, np.sin(a))


# -- branches and blocks ---------------------------------------------------------------------------


@program(V, 0.5)
def conds(lax: Any, v: Any, a: Any) -> Any:
    def one(v: Any, b: Any) -> Any:
        return np.sin(v) * a, b * v[1]

    def other(v: Any, b: Any) -> Any:
        return v * v, b + a

    return lax.cond(a > 0, one, other, v, 2.0), lax.cond(a > 1, one, other, v, a)


@program(V)
def switches(lax: Any, v: Any) -> Any:
    functions = [np.sin, lambda v: v * v, lambda v: np.exp(-v)]
    return [lax.switch((v[0] * 0).astype(int) + k, functions, v) for k in (-1, 0, 1, 2, 7)]


@program(V, 0.5)
def checkpoints(lax: Any, v: Any, a: Any) -> Any:
    def f(v: Any, *, b: Any) -> Any:
        return {"x": np.sin(like(SQUARE, v) @ np.sin(v * b)), "y": (b, a * b)}

    return lax.checkpoint(f)(np.cos(v), b=a)


# -- nested ----------------------------------------------------------------------------------------


@program(0.5, X)
def while_in_scan(lax: Any, a: Any, x: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        y, turns = lax.while_loop(
            lambda s: s[0] < 4.0, lambda s: (s[0] * 1.5 + a, s[1] + 1), (1 + np.abs(v), 0)
        )
        return c * 0.5 + y, y * turns

    return lax.scan(step, a, x)


@program(0.5, X)
def scan_in_while(lax: Any, a: Any, x: Any) -> Any:
    def turn(state: Any) -> Any:
        total, c = state
        c, ys = lax.scan(lambda c, v: (np.cos(c + v), c * a), c, x)
        return total + np.sum(ys * ys), c

    return lax.while_loop(lambda s: s[0] < 1.0, turn, (0.0, a))


@program(0.5, X)
def cond_in_scan(lax: Any, a: Any, x: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        c = lax.cond(v > 0, lambda c: np.sin(c) + v, lambda c: c * a, c)
        return c, c * v

    return lax.scan(step, a, x)


@program(0.5, X)
def scan_in_cond(lax: Any, a: Any, x: Any) -> Any:
    def long(a: Any) -> Any:
        return lax.scan(lambda c, v: (c * v + 1, np.sin(c)), a, x)

    def short(a: Any) -> Any:
        return a * a, np.cos(x) * a

    return lax.cond(a > 0, long, short, a), lax.cond(a > 1, long, short, a)


@program(V, ROWS)
def scan_in_scan(lax: Any, v: Any, rows: Any) -> Any:
    def outer(h: Any, row: Any) -> Any:
        total, ys = lax.scan(lambda c, x: (c * x + row[0], c + h[1]), h[0], row)
        return np.tanh(h + total * row), ys

    return lax.scan(outer, v, rows)


@program(V, ROWS)
def checkpoint_in_scan(lax: Any, v: Any, rows: Any) -> Any:
    @lax.checkpoint
    def cell(h: Any, row: Any) -> Any:
        return np.tanh(like(SQUARE, h) @ np.sin(h) + row)

    return lax.scan(lambda h, row: ((cell(h, row), 2.0 * h[0])), v, rows)


@program(V, ROWS)
def scan_in_checkpoint(lax: Any, v: Any, rows: Any) -> Any:
    return lax.checkpoint(lambda h: lax.scan(lambda h, r: (np.sin(h * r), h @ r), h, rows))(v * 2)


@program(V, ROWS)
def switch_in_while(lax: Any, v: Any, rows: Any) -> Any:
    parts = [lambda x: np.sin(x), lambda x: x * v, lambda x: x + rows[1]]
    return lax.while_loop(
        lambda s: s[0] < 6, lambda s: (s[0] + 1, lax.switch(s[0] % 3, parts, s[1])), (0, rows[0])
    )[1]


@program(0.5, ROWS)
def map_of_whiles(lax: Any, a: Any, rows: Any) -> Any:
    def one(row: Any) -> Any:
        return lax.while_loop(lambda y: np.sum(y * y) < 9.0, lambda y: y * (1.3 + a), row + a)

    return lax.map(one, rows)
