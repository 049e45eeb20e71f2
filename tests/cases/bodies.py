"""Work on outer values within the body of a control op belongs to that body."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
import jitad.numpy
from cases import case

SINGULAR = np.zeros((2, 2))
X = np.array([1.0, 2.0, 3.0])


def _inverse_or_itself(p: Any, a: Any) -> Any:
    return jitad.cond(p > 0, lambda: np.linalg.inv(a), lambda: a)


@case
def a_branch_not_taken_does_not_invert() -> Any:
    return jitad.jit(_inverse_or_itself)(-1.0, SINGULAR), SINGULAR


@case
def nor_does_its_gradient() -> Any:
    f = jitad.grad(lambda a, p: np.sum(_inverse_or_itself(p, a)))
    return f(SINGULAR, -1.0), np.ones((2, 2))


@case
def nor_does_its_tangent_of_the_gradient() -> Any:
    def f(a: Any) -> Any:
        return jitad.cond(a[0, 0] > 0, lambda: np.sum(np.linalg.inv(a)), lambda: np.sum(a**2))

    return jitad.jvp(jitad.grad(f), (SINGULAR,), (np.ones((2, 2)),))[1], np.full((2, 2), 2.0)


@case
def nor_does_a_point_of_vmap() -> Any:
    p = np.array([-1.0, 2.0, -3.0])
    a = np.stack([SINGULAR, 2 * np.eye(2), SINGULAR])
    return jitad.vmap(_inverse_or_itself)(p, a), np.stack([SINGULAR, np.eye(2) / 2, SINGULAR])


@case
def nor_does_the_gradient_of_a_point_of_vmap() -> Any:
    p = np.array([-1.0, 2.0])
    a = np.stack([SINGULAR, 2 * np.eye(2)])
    f = jitad.grad(lambda a, p: np.sum(_inverse_or_itself(p, a)))
    return jitad.vmap(f)(a, p), np.stack([np.ones((2, 2)), np.full((2, 2), -0.25)])


@case
def a_branch_not_taken_does_not_look_up() -> Any:
    def f(x: Any, i: Any) -> Any:
        return jitad.cond(i < 3, lambda: x[i] ** 2, lambda: 0.0 * x[0])

    return (jitad.jit(f)(X, 7), jitad.grad(f)(X, 7), jitad.grad(f)(X, 1)), (
        0.0,
        [0.0, 0.0, 0.0],
        [0.0, 4.0, 0.0],
    )


@case
def a_point_of_vmap_does_not_look_up() -> Any:
    def f(i: Any, x: Any) -> Any:
        return jitad.cond(i < 3, lambda: x[i], lambda: -x[0])

    return jitad.vmap(f, in_axes=(0, None))(np.array([7, 1, 2, 100]), X), [-1.0, 2.0, 3.0, -1.0]


@case
def the_default_of_a_switch_does_not_factorise() -> Any:
    def f(k: Any, a: Any) -> Any:
        sides = [lambda: np.linalg.cholesky(a)[0, 0], lambda: np.sum(a), lambda: 3.0]
        return jitad.switch(k, sides)

    return [jitad.jit(f)(k, -np.eye(2)) for k in (1, 2)], [-2.0, 3.0]


@case
def a_loop_of_no_turns_does_not_look_up() -> Any:
    def f(x: Any, n: Any, i: Any) -> Any:
        return jitad.fori_loop(0, n, lambda k, c: c + x[i], 0.0)

    return (jitad.jit(f)(X, 0, 9), jitad.grad(f)(X, 0, 9), jitad.grad(f)(X, 2, 1)), (
        0.0,
        [0.0, 0.0, 0.0],
        [0.0, 2.0, 0.0],
    )


@case
def a_while_loop_of_no_turns_does_not_invert() -> Any:
    def f(t: Any, a: Any) -> Any:
        return jitad.while_loop(lambda c: c < 1, lambda c: c + np.linalg.inv(a)[0, 0], t)

    return [jitad.jit(f)(2.0, SINGULAR), jitad.jit(f)(0.0, np.eye(2))], [2.0, 1.0]


@case
def a_root_within_a_branch_within_two_loops() -> Any:
    def f(x: Any) -> Any:
        def turn(i: Any, j: Any, t: Any) -> Any:
            s = x[i] * x[j]
            return t + jitad.cond(s > 0, lambda: np.sqrt(s), lambda: s)

        n = x.size
        return jitad.fori_loop(
            0, n, lambda i, t: jitad.fori_loop(0, n, lambda j, t: turn(i, j, t), t), 0.0
        )

    x = np.array([0.25, -0.3, 1.0])
    # sqrt(x0^2) + sqrt(x2^2) + 2 sqrt(x0 x2) + |x1| + 2 x1 (x0 + x2)
    slopes = [1 + 2 - 0.6, -1 + 2.5, 1 + 0.5 - 0.6]
    return (jitad.grad(f)(x), jitad.jit(f)(x)), (slopes, 0.25 + 1 + 1 + 0.3 - 0.6 * 1.25)


@case
def a_checkpoint_in_a_branch() -> Any:
    def f(x: Any, y: Any) -> Any:
        return jitad.cond(y > 0, lambda: jitad.checkpoint(lambda: np.log(y) * x)(), lambda: x * y)

    return (jitad.grad(f, argnums=(0, 1))(2.0, -1.0), jitad.grad(f)(2.0, np.e)), ((-1.0, 2.0), 1.0)


@case
def a_custom_rule_in_a_branch() -> Any:
    @jitad.custom_jvp
    def g(x: Any) -> Any:
        return np.sum(np.linalg.inv(x))

    g.defjvp(lambda xs, dxs: (g(xs[0]), np.sum(dxs[0]) * 7.0))

    def f(a: Any) -> Any:
        return jitad.cond(a[0, 0] > 0, lambda: g(a), lambda: np.sum(a) * 2)

    return (jitad.grad(f)(SINGULAR), jitad.grad(f)(np.eye(2))), (
        np.full((2, 2), 2.0),
        np.full((2, 2), 7.0),
    )


@case
def an_array_that_is_written_is_read_in_a_branch() -> Any:
    def f(x: Any) -> Any:
        table = jitad.numpy.zeros(3)
        for k in range(3):
            table[k] = x[k] ** 2

        y = jitad.cond(x[0] > 0, lambda: np.sum(table) + table[1], lambda: table[2])
        table[1] = x[0]
        return y + np.sum(table)

    def plain(x: Any) -> Any:
        a, b, c = x
        y = a**2 + 2 * b**2 + c**2 if a > 0 else c**2
        return y + a**2 + a + c**2

    slopes = [2 * 1 + 2 * 1 + 1, 8.0, 12.0]
    return (jitad.jit(f)(X), jitad.jit(f)(-X), jitad.grad(f)(X)), (plain(X), plain(-X), slopes)


def _inverses(a: Any, n: Any) -> Any:
    return np.sum(jitad.fori_loop(0, n, lambda i, c: c + np.linalg.inv(a), a))


@case
def the_sweep_back_of_a_loop_of_no_turns_does_not_invert() -> Any:
    def known(a: Any) -> Any:
        return np.sum(jitad.scan(lambda c, v: (c + np.linalg.inv(a) * v, v), a, np.zeros(0))[0])

    def asked(a: Any, t: Any) -> Any:
        turn = lambda s: (s[0] + 1, s[1] + np.linalg.inv(a))  # noqa: E731
        return np.sum(jitad.while_loop(lambda s: s[0] < 1, turn, (t, a))[1])

    slopes = jitad.grad(_inverses)
    got = slopes(SINGULAR, 0), slopes(np.eye(2), 3), jitad.grad(asked)(SINGULAR, 2.0)
    ones = np.ones((2, 2))
    return (*got, jitad.grad(known)(SINGULAR)), (ones, ones - 3, ones, ones)


@case
def nor_does_that_of_a_point_of_vmap() -> Any:
    a = np.stack([SINGULAR, np.eye(2), SINGULAR])
    right = np.multiply.outer([1.0, -1.0, 1.0], np.ones((2, 2)))
    return jitad.vmap(jitad.grad(_inverses))(a, np.array([0, 2, 0])), right


@case
def points_beyond_the_first_and_the_last_branch() -> Any:
    numbers, x = np.arange(-2, 5), np.arange(7.0) + 1
    one = jitad.vmap(lambda k, x: jitad.switch(k, [np.sin, np.cos, np.exp], x))(numbers, x)
    two = jitad.vmap(lambda k: jitad.switch(k, [lambda: 1.0, lambda: 2.0]))(numbers)
    right = [
        (np.sin, np.cos, np.exp)[max(0, min(k, 2))](y) for k, y in zip(numbers, x, strict=True)
    ]
    return (one, two), (right, [1.0, 1.0, 1.0, 2.0, 2.0, 2.0, 2.0])


@case
def a_rule_of_points_that_share_an_operand() -> Any:
    @jitad.custom_vjp
    def times(x: Any, p: Any) -> Any:
        return np.sin(x) * p

    times.defvjp(
        lambda x, p: (times(x, p), (x, p)),
        lambda kept, y_bar: (y_bar * np.cos(kept[0]) * kept[1], y_bar * np.sin(kept[0])),
    )
    x = np.array([0.3, -0.5, 2.0])
    return jitad.grad(lambda p: np.sum(jitad.vmap(times, (0, None))(x, p)))(2.0), np.sum(np.sin(x))
