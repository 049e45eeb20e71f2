"""Python's branches within structured loops and batches, and structured loops within branches."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from unrolled import either

import jitad
from control_flow.program import program, turns
from jitad.frontend.active import depth


def batch(f: Callable[..., Any], *columns: Any) -> Any:
    """jitad.vmap where something is traced, else one point at a time."""
    if depth():
        return jitad.vmap(f)(*columns)
    return np.stack([f(*row) for row in zip(*columns, strict=True)])


@turns(
    mixed=(np.array([1.0, -2.0, 0.5, 3.0]),),
    positive=(np.array([1.0, 2.0, 0.5, 3.0]),),
    negative=(np.array([-1.0, -2.0, -0.5, -3.0]),),
)
def branch_in_scan(x: Any) -> Any:
    def step(total: Any, v: Any) -> Any:
        total = total + v**3 if v > 0 else 0.5 * total * v
        return total, total * v

    return either.scan(step, x[0], x)


@turns(
    small=(np.array([0.1, 0.2, 0.3]),),
    grows=(np.array([2.0, 3.0, 1.5]),),
    dies=(np.array([2.0, -3.0, 0.5]),),
)
def branch_on_the_carry(x: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        if c > 3.0:
            c = c / v
        elif c < 0:
            c = np.sin(c) + v
        else:
            c = c * v + v
        return c, c * c

    last, all_of_them = either.scan(step, x[0], x)
    return {"last": last, "squares": all_of_them}


@turns(
    short=(np.array([0.5, 0.25, 0.75]), 2.5),
    long=(np.array([3.5, 0.25, 12.5]), 2.5),
    mixed=(np.array([3.5, 5.25, 0.5]), 1.5),
)
def while_within_scan(x: Any, limit: Any) -> Any:
    def step(total: Any, v: Any) -> Any:
        while v > limit:
            v = 0.5 * v
        total = total + v * v
        return total, v

    return either.scan(step, 0.0 * limit, x)


@program(forward=(1.0, np.array([0.5, 1.5, 2.0])), none=(-1.0, np.array([0.5, 1.5, 2.0])))
def scan_within_a_branch(a: Any, x: Any) -> Any:
    if a < 0:
        return np.sum(x * a)
    return either.scan(lambda c, v: (np.tanh(c + v), None), a, x)[0]


@turns(few=(5.0, 2.0), many=(300.0, 2.0), none=(0.5, 2.0))
def while_loop_with_a_branch(x: Any, base: Any) -> Any:
    def halve(state: Any) -> Any:
        y, total = state
        return (y / base, total + np.log(y)) if y < 20.0 else (np.sqrt(y), total + 1.0 / y)

    y, total = either.while_loop(lambda state: state[0] > 1.0, halve, (x, 0.0 * x))
    return y * y + total


@turns(
    low=(np.array([0.3, 1.25]),),
    high=(np.array([2.3, 1.25]),),
    other=(np.array([1.3, -1.25]),),
)
def switch_then_branch(x: Any) -> Any:
    y = either.switch(x[0].astype(int), [np.sin, np.cos, lambda v: v**3], x[1])
    return either.cond(y > 0, lambda v: v * v, lambda v: -v, y) if x[1] > 0 else y * x[0]


@turns(
    mixed=(np.array([1.0, -2.0, 0.5, 3.0]),),
    positive=(np.array([1.0, 2.0, 0.5, 3.0]),),
    negative=(np.array([-1.0, -2.0, -0.5, -3.0]),),
)
def branch_in_vmap(x: Any) -> Any:
    return batch(lambda v: np.log1p(v) * v if v > 0 else v**3, x)


@turns(
    mixed=(np.array([0.5, 7.0, 30.0]), np.array([2.0, 2.5, 3.0])),
    none=(np.array([0.5, 0.25, 0.125]), np.array([2.0, 2.5, 3.0])),
    same=(np.array([5.0, 4.5, 3.5]), np.array([3.0, 2.5, 2.0])),
)
def while_in_vmap(x: Any, y: Any) -> Any:
    def shrink(v: Any, w: Any) -> Any:
        turns = 0
        while v > 1.0:
            v, turns = v / w, turns + 1
        return v * v + turns * w

    return batch(shrink, x, y)


@turns(
    in_order=(np.array([[1.0, 2.0, 3.0], [0.5, 1.0, 1.5]]),),
    one_swapped=(np.array([[1.0, 2.0, 3.0], [1.5, 1.0, 0.5]]),),
    different=(np.array([[3.0, 1.0, 2.0], [1.0, 3.0, 2.0]]),),
)
def sort_in_vmap(rows: Any) -> Any:
    return batch(lambda row: sum((k + 1) * v**2 for k, v in enumerate(sorted(row))), rows)


@turns(
    mixed=(np.array([[1.0, -2.0, 0.5], [0.5, 1.0, -1.5]]),),
    negative=(np.array([[-1.0, -2.0, -0.5], [-0.5, -1.0, -1.5]]),),
)
def scan_in_vmap_with_a_branch(rows: Any) -> Any:
    def accumulate(row: Any) -> Any:
        return either.scan(lambda c, v: (c * v if v > 0 else c - v, None), row[0], row)[0]

    return batch(accumulate, rows)


@turns(
    mixed=(np.array([1.5, -2.0, 0.5]),),
    outside=(np.array([1.5, -2.0, 3.5]),),
    inside=(np.array([0.5, -0.25, 0.75]),),
)
def gradient_of_a_branch_in_vmap(x: Any) -> Any:
    def slope(v: Any) -> Any:
        if depth():
            return jitad.grad(lambda u: u**3 if abs(u) > 1.0 else np.sin(u))(v)
        return 3.0 * v * v if abs(v) > 1.0 else np.cos(v)

    return batch(slope, x)


@turns(
    mixed=(np.array([0.9, 0.2, 0.4, 1.5]), 0.3),
    below=(np.array([0.1, 0.2, 0.1, 0.25]), 0.3),
    above=(np.array([0.9, 0.6, 0.4, 1.5]), 0.3),
)
def checkpointed_turns(x: Any, limit: Any) -> Any:
    def step(c: Any, v: Any) -> Any:
        return (c + np.sqrt(v - limit), None) if v > limit else (c * (1.0 + v), None)

    return either.scan(step, limit * limit, x, checkpoint="sqrt")[0]
