"""What was not taken contributes exactly 0, though it be infinite or NaN there: all modes, orders.

A pick takes some elements of phi(x), phi being singular at the others, and returns the sum of what
it took with known weights; the derivatives are the weights times those of phi, and else 0.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

import jitad
from cases import case

X = np.array([1.0, 0.0, 4.0, 0.0, 2.25, 9.0])
TAKEN = np.array([True, False, True, False, True, True])
PLACES = np.flatnonzero(TAKEN)
GAPS = np.flatnonzero(~TAKEN)


def derivatives(phi: Callable[[Any], Any], pick: Callable[[Any], Any], x: Any) -> tuple[Any, ...]:
    """First derivatives by both modes, second ones by their nests, the third by three nests."""

    def f(x: Any) -> Any:
        return pick(phi(x))

    def along(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: jitad.jvp(f, (x,), (np.ones_like(x),))[1]

    def total(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        return lambda x: np.sum(f(x))

    def every(x: Any) -> list[Any]:
        first = jitad.grad(f)
        second = jitad.grad(total(first))
        return [
            first(x),
            jitad.jacfwd(f)(x),
            second(x),
            along(first)(x),
            jitad.grad(along(f))(x),
            along(along(along(f)))(x),
            along(second)(x),
            jitad.grad(total(second))(x),
        ]

    return tuple(jitad.jit(every)(x))


def expected(slopes: Callable[[Any, int], Any], weights: Any, x: Any) -> tuple[Any, ...]:
    """The same, from the derivatives of phi."""
    weights = np.asarray(weights, float)
    taken = weights != 0
    first, second, third = (
        np.where(taken, weights * slopes(np.where(taken, x, 1.0), n), 0.0) for n in (1, 2, 3)
    )
    return first, first, second, second, second, np.sum(third), third, third


def _root(x: Any, n: int) -> Any:
    """The derivative of sqrt of order n."""
    return math.prod(0.5 - k for k in range(n)) * x ** (0.5 - n)


PICKS: dict[str, tuple[Callable[[Any], Any], Any]] = {}
"""The function, and the weights of what it sums."""


def pick(*weights: float) -> Callable[[Callable[[Any], Any]], Callable[[Any], Any]]:
    """Enter a pick into the table, and its case: of square roots, at 0 where it does not take."""

    def enter(f: Callable[[Any], Any]) -> Callable[[Any], Any]:
        PICKS[f.__name__] = f, weights or TAKEN

        def test() -> tuple[Any, Any]:
            return derivatives(np.sqrt, f, X), expected(_root, weights or TAKEN, X)

        test.__name__, test.__module__ = f.__name__, __name__
        case(test)
        return f

    return enter


# -- taking ----------------------------------------------------------------------------------------


@pick()
def by_truth(r):
    return np.sum(r[TAKEN])


@pick()
def by_traced_truth(r):
    return np.sum(r[r > 0])


@pick(1, 0, 1, 0, 1, 0)
def by_slice(r):
    return np.sum(r[::2])


@pick(1, 0, 1, 0, 1, 0)
def by_slice_backward(r):
    return np.sum(r[-2::-2])


@pick(0, 0, 0, 0, 1, 1)
def by_tail(r):
    return np.sum(r[4:])


@pick(0, 0, 1, 0, 0, 0)
def by_number(r):
    return r[2]


@pick()
def by_places(r):
    return np.sum(r[PLACES])


@pick(2, 0, 0, 0, 0, 1)
def by_places_repeated(r):
    return np.sum(r[[0, 5, 0]])


@pick()
def by_take(r):
    return np.sum(np.take(r, PLACES))


@pick()
def by_compress(r):
    return np.sum(np.compress(TAKEN, r))


@pick()
def by_extract(r):
    return np.sum(np.extract(TAKEN, r))


@pick()
def by_delete(r):
    return np.sum(np.delete(r, GAPS))


@pick()
def by_take_along_axis(r):
    return np.sum(np.take_along_axis(r, PLACES, axis=0))


@pick(0, 0, 0, 0, 0, 1)
def by_argmax(r):
    return r[np.argmax(r)]


@pick(0, 0, 0, 0, 0, 1)
def by_max(r):
    return np.max(r)


@pick(1, 0, 1, 0, 0, 1)
def by_max_along_axis(r):
    return np.sum(np.max(r.reshape(3, 2)[[0, 1, 2]], axis=1)) - r[5] + r[5]


@pick(1, 0, 0, 0, 0, 0)
def by_min_where(r):
    return np.min(r, where=TAKEN, initial=100.0)


@pick()
def by_where(r):
    return np.sum(np.where(TAKEN, r, 0.0))


@pick()
def by_where_traced(r):
    return np.sum(np.where(r > 0.5, r, -r * 0.0 + 7.0)[TAKEN])


@pick()
def by_select(r):
    return np.sum(np.select([r > 5, r > 0.5], [r, r], 0.0))


@pick()
def by_choose(r):
    return np.sum(np.choose(TAKEN.astype(int), [np.zeros(6), r]))


@pick()
def by_piecewise(r):
    return np.sum(np.piecewise(r, [r > 0.5], [lambda r: r, 0.0]))


@pick()
def by_sum_where(r):
    return np.sum(r, where=TAKEN)


@pick(0.25, 0, 0.25, 0, 0.25, 0.25)
def by_mean_where(r):
    return np.mean(r, where=TAKEN)


@pick()
def by_clip(r):
    return np.sum(np.clip(r, 0.5, None))


@pick(1, 0, 1, 0, 1, 0)
def by_clip_both(r):
    return np.sum(np.clip(r, 0.5, 2.5))


@pick()
def by_maximum(r):
    return np.sum(np.maximum(r, 0.5))


@pick()
def by_fmax(r):
    return np.sum(np.fmax(0.5, r))


@pick(1, 0, 0, 0, 1, 0)
def by_minimum(r):
    return np.sum(np.minimum(r, 1.75)[[0, 4]])


@pick(0, 0, 1, 0, 0, 1)
def by_sort(r):
    return np.sum(np.sort(r)[-2:])


@pick(0, 0, 1, 0, 0, 1)
def by_partition(r):
    return np.sum(np.partition(r, 4)[4:])


@pick(1, 0, 0, 0, 0, 0)
def by_argsort(r):
    return r[np.argsort(r)[2]]


@pick(0, 0, 0, 0, 1, 0)
def by_median(r):
    return np.median(r[1:])


@pick(0, 0, 1, 0, 0, 0)
def by_diagonal(r):
    return np.sum(np.diagonal(r.reshape(2, 3), 2))


@pick(1, 0, 0, 0, 1, 0)
def by_trace(r):
    return np.trace(r.reshape(2, 3))


@pick(0, 0, 1, 0, 0, 1)
def by_triu(r):
    return (
        np.sum(np.triu(r.reshape(2, 3), 1)) - r[1] * 0 if False else np.sum(r.reshape(2, 3)[:, 2])
    )


@pick(1, 0, 0, 0, 0, 0)
def by_tril(r):
    return np.sum(np.tril(r[:4].reshape(2, 2), -1)[:1]) + np.sum(np.tril(r[:4].reshape(2, 2))[0])


@pick(0, 0, 1, 0, 0, 1)
def by_triu_indices(r):
    return np.sum(r.reshape(2, 3)[np.triu_indices(2, 2, 3)]) + r[5]


# -- overwriting -----------------------------------------------------------------------------------


@pick()
def by_setting(r):
    r = r.copy()
    r[~TAKEN] = 0.0
    return np.sum(r)


@pick()
def by_setting_traced(r):
    r = r.copy()
    r[r < 0.5] = 0.0
    return np.sum(r)


@pick()
def by_setting_places(r):
    r = r.copy()
    r[GAPS] = 1.0
    return np.sum(r)


@pick()
def by_setting_slice(r):
    r = r.copy()
    r[1:4:2] = 1.0
    return np.sum(r)


@pick()
def by_place(r):
    r = r.copy()
    np.place(r, ~TAKEN, [0.0])
    return np.sum(r)


@pick()
def by_putmask(r):
    r = r.copy()
    np.putmask(r, ~TAKEN, 0.0)
    return np.sum(r)


@pick()
def by_put(r):
    r = r.copy()
    np.put(r, GAPS, 0.0)
    return np.sum(r)


# -- and moved since -------------------------------------------------------------------------------


@pick()
def through_reshape(r):
    return np.sum(r.reshape(2, 3).T.ravel()[[0, 3, 4, 5]])


@pick()
def through_concatenate(r):
    return np.sum(np.concatenate([r[:3], r[3:]])[TAKEN])


@pick(2, 0, 2, 0, 2, 2)
def through_stack(r):
    return np.sum(np.stack([r, r])[:, TAKEN])


@pick(3, 0, 3, 0, 3, 3)
def through_broadcast(r):
    return np.sum(np.where(TAKEN, np.broadcast_to(r, (3, 6)), 0.0))


@pick(0, 0, 1, 0, 1, 1)
def through_roll(r):
    return np.sum(np.roll(r, 1)[[3, 5, 0]])


@pick()
def through_pad(r):
    return np.sum(np.pad(r, 2)[2:-2][TAKEN])


@pick()
def through_flip(r):
    return np.sum(np.flip(r)[TAKEN[::-1]])


@pick()
def through_transpose(r):
    return np.sum(np.where(TAKEN.reshape(2, 3).T, r.reshape(2, 3).T, 0.0))


@pick()
def through_repeat(r):
    return np.sum(np.repeat(r, 2)[::2][TAKEN])


@pick()
def through_tile(r):
    return np.sum(np.tile(r, 2)[6:][TAKEN])


@pick(4, 0, 3, 0, 2, 1)
def through_cumsum(r):
    return np.sum(np.cumsum(r[TAKEN]))


@pick(6, 0, 4, 0, 2, 1)
def through_cumsum_of_where(r):
    return np.sum(np.cumsum(np.where(TAKEN, r, 0.0)))


@pick(1, 0, 0, 0, 0, 0)
def through_cumsum_of_a_slice(r):
    return np.cumsum(r[:1].reshape(1, 1), axis=0)[0, 0]


@pick()
def through_products_with_numbers(r):
    return np.sum((-2.0 * (r / 2.0))[TAKEN] * -1.0)


@pick()
def through_data(r):
    w = np.array([2.0, np.nan, 2.0, np.inf, 2.0, 2.0])
    return np.sum((r * w)[TAKEN] / 2.0)


@pick()
def through_several_slices(r):
    return r[0] + np.sum(r[2:3]) + np.sum(r[4:])


# -- and through control ops -----------------------------------------------------------------------


@pick()
def through_scan(r):
    def body(total, x):
        return total + np.where(x > 0.5, x, 0.0), x

    return jitad.scan(body, 0.0, r)[0]


@pick()
def through_scan_of_few_states(r):
    def body(total, x):
        return total + np.where(x > 0.5, x, 0.0), None

    return jitad.scan(body, 0.0, r, checkpoint=2)[0]


@pick(2, 0, 1, 0, 2, 2)
def through_scan_rows(r):
    total, rows = jitad.scan(lambda t, x: (t + x, x), 0.0, r[TAKEN])
    return total + np.sum(rows[[0, 2, 3]])


@pick()
def through_scan_of_all(r):
    rows = jitad.scan(lambda t, x: (t, 1.0 * x), 0.0, r)[1]
    return np.sum(rows[TAKEN])


@pick(0, 0, 0, 0, 1, 1)
def through_fori_loop(r):
    return jitad.fori_loop(4, 6, lambda i, t: t + r[i], 0.0)


@pick()
def through_fori_loop_of_branches(r):
    def body(i, t):
        return t + jitad.cond(r[i] > 0.5, lambda: r[i], lambda: 0.0)

    return jitad.fori_loop(0, 6, body, 0.0)


@pick(1, 0, 1, 0, 0, 0)
def through_while_loop(r):
    def body(c):
        return c[0] + 2, c[1] + r[c[0]]

    return jitad.while_loop(lambda c: c[0] < 4, body, (0, 0.0))[1]


@pick(0, 0, 1, 0, 0, 0)
def through_cond(r):
    return jitad.cond(r[0] > 0.5, lambda r: r[2], lambda r: r[1], r)


@pick(1, 0, 0, 0, 0, 0)
def through_cond_without_it(r):
    return r[0] + jitad.cond(r[0] > 5, lambda: np.sum(r), lambda: 0.0)


@pick()
def through_checkpoint(r):
    return jitad.checkpoint(lambda r: np.sum(np.where(TAKEN, r, 0.0)))(r)


@pick()
def through_map(r):
    return np.sum(jitad.map(lambda x: np.where(x > 0.5, x, 0.0), r))


@pick()
def through_vmap(r):
    return np.sum(jitad.vmap(lambda x: np.where(x > 0.5, x, 0.0))(r))


@pick()
def through_custom_jvp(r):
    same = jitad.custom_jvp(lambda r: 1.0 * r)
    same.defjvp(lambda xs, dxs: (1.0 * xs[0], 1.0 * dxs[0]))
    return np.sum(same(r)[TAKEN])


@pick()
def through_python_branches(r):
    total = 0.0
    for x in r:
        if x > 0.5:
            total = total + x
    return total


# -- single programs -------------------------------------------------------------------------------


@case
def maximum_then_sqrt() -> tuple[Any, Any]:
    x = np.array([-1.0, 4.0])
    return derivatives(lambda x: np.maximum(x, 0.0), lambda r: np.sum(np.sqrt(r)), x), expected(
        _root, [0, 1], np.array([1.0, 4.0])
    )


@case
def third_derivative_of_masked_sqrt() -> tuple[Any, Any]:
    third = jitad.grad(jitad.grad(jitad.grad(lambda x: np.where(x > 0, np.sqrt(x), 0))))
    return [third(-3.0), third(0.0), third(4.0)], [0.0, 0.0, 0.375 / 32]
