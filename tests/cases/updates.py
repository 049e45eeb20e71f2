"""Elements that are set, and rows for one place: what was overwritten has no adjoint."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
import jitad.numpy
from cases import case

X = np.array([0.5, -1.0, 2.0, 0.25, 1.5])
WEIGHTS = np.array([1.0, 2.0, 3.0, 4.0, 5.0])


@case
def what_was_set_has_no_adjoint() -> Any:
    def f(x: Any) -> Any:
        return np.sum(WEIGHTS * x.at[1:3].set(2.0 * x[3:]))

    return jitad.grad(f)(X), [1.0, 0.0, 0.0, 4.0 + 2 * 2.0, 5.0 + 2 * 3.0]


@case
def of_rows_for_one_place_the_last_has_the_adjoint() -> Any:
    places = np.array([1, 4, 1])

    def f(x: Any, i: Any) -> Any:
        return np.sum(WEIGHTS * x.at[i].set(x[:3] ** 2))

    got = jitad.grad(f)(X, places)
    return got, [1.0, 5.0 * 2 * X[1], 3.0 + 2.0 * 2 * X[2], 4.0, 0.0]


@case
def a_part_of_what_was_set_is_read() -> Any:
    def f(x: Any) -> Any:
        y = x.at[1:4].set(x[:3] * 2.0)
        stripes = jitad.numpy.concatenate([x, x]).at[::2].set(9.0)
        return y[2], y[3:], y[0], stripes[1::3], stripes[1::2][::2]

    right = 2 * X[1], np.array([2 * X[2], X[4]]), X[0], [X[1], 9.0, X[2]], [X[1], X[0], X[4]]
    return jitad.jit(f)(X), right


@case
def a_zero_of_the_other_sign_is_set() -> Any:
    def f(x: Any) -> Any:
        zeros = jitad.numpy.zeros(3)
        return np.copysign(x[:3], zeros.at[1].set(-0.0))

    return jitad.jit(f)(X), [0.5, -1.0, 2.0]


@case
def what_an_update_leaves_alone() -> Any:
    x = np.linspace(-1.0, 1.0, 5000)

    def f(x: Any) -> Any:
        ones = jitad.numpy.ones(5000)
        return x.at[10:4000].set(0.5), ones.at[20:30].add(x[:10]), x.at[7:].add(x[7:])

    one, two, three = x.copy(), np.ones(5000), x.copy()
    one[10:4000] = 0.5
    two[20:30] += x[:10]
    three[7:] *= 2
    return jitad.jit(f)(x), (one, two, three)


@case
def a_loop_that_changes_an_argument() -> Any:
    def f(x: Any) -> Any:
        return jitad.fori_loop(1, 3, lambda i, y: y.at[i].set(y[i - 1] * 2), x)

    x = np.linspace(-1.0, 1.0, 5)
    return jitad.jit(f)(x), [-1.0, -2.0, -4.0, 0.5, 1.0]
