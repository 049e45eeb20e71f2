"""Short axes: programs on arrays of points, whose loops run over the points alone."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import oracle
import pytest

import jitad
from jitad.frontend.trace import trace
from jitad.ops import structural as st
from jitad.passes.components import components
from jitad.passes.pipeline import optimise
from jitad.passes.short_axes import LONG, SUMMED

_rng = np.random.default_rng(0)
POINTS = _rng.normal(size=(LONG + 6, 3))
FIRST = np.ascontiguousarray(POINTS.T)
FRAMES = _rng.normal(size=(LONG + 2, 3, 3))
WEIGHTS = _rng.normal(size=LONG + 6)


def pairs(x: Any) -> Any:
    apart = x[:, None, :] - x[None, :, :]
    return -np.sum(1.0 / np.sqrt(np.sum(apart * apart, axis=-1) + 0.01))


def softmax(x: Any) -> Any:
    shifted = x - np.max(x, axis=1, keepdims=True)
    return shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))


def axis_in_front(x: Any) -> Any:
    return x / np.sqrt(np.sum(x * x, axis=0) + 1.0)


def one_coordinate(x: Any) -> Any:
    y = np.sin(x)
    return np.sum(y * y, axis=1) * y[:, 1] + np.prod(y, axis=1) * y[:, -1]


def joined(x: Any) -> Any:
    a, b, c = np.sin(x[:, 0]), np.cos(x[:, 1]) * WEIGHTS, x[:, 2] ** 2
    y = np.stack([a, b, c], axis=-1)
    z = np.concatenate([y, y[:, :2] * 2], axis=1)
    return np.sum(y * y, axis=1), np.sum(z * z[:, ::-1], axis=1)


def sliced(x: Any) -> Any:
    y = np.exp(-x * x)
    return np.sum(y[:, 1:] * y[:, :-1], axis=1) + np.sum(y[::-1] * x, axis=1)


def written(x: Any) -> Any:
    y = jitad.numpy.array(np.sin(x))
    y[:, 1] = y[:, 0] * 2.0
    y[3:9] += y[4:10]
    return np.sum(y * y, axis=1)


def in_rows(x: Any) -> Any:
    """Rows of an array with a short axis are taken out, and their adjoints put back."""
    y = np.sin(x).reshape(-1, 2, 3)
    first, second = y[:, 0], y[:, 1]
    return np.sum(first * second, axis=1), first[:, ::2] - second[:, 1:]


def nested(x: Any) -> Any:
    """Matrices of matrices, joined along one axis after the other."""
    rows = [np.stack([np.sin(x[:, 0]) * k, x[:, k] ** 2], axis=1) for k in range(3)]
    table = np.stack([*rows, rows[0] * rows[1]], axis=1)
    return np.sum(table * table, axis=2), np.concatenate([table, table[:, :1] * 3.0], axis=1)


def largest(x: Any) -> Any:
    y = np.sin(x) * 3
    return np.max(y, axis=1) - np.min(y, axis=1), np.any(y > 1.0, axis=1) * np.sum(y, axis=1)


def over_both(x: Any) -> Any:
    """Both axes of the frames are short, and one of them is summed with the points."""
    y = np.tanh(x)
    return np.sum(y * y, axis=(1, 2)), np.sum(np.sum(y, axis=2) ** 2, axis=(0, 1))


def turned(x: Any) -> Any:
    """One array is summed along one of its axes and read along the other."""
    y = np.sin(x)
    gram = np.sum(y[:, :, None, :] * y[:, None, :, :], axis=-1)
    return np.sum(y * y.transpose(0, 2, 1), axis=2), np.sum(gram * gram.transpose(0, 2, 1), axis=1)


def products(x: Any) -> Any:
    """The whole array is read by a matrix product as well."""
    y = np.cos(x)
    return np.sum(y * y, axis=1) + (y @ POINTS.T) @ WEIGHTS, y.T @ y


def reshaped(x: Any) -> Any:
    y = np.sin(x).reshape(-1, 1, 3, 1)
    flat = np.sum(y * y, axis=2).reshape(-1)
    return flat, np.sum(y.reshape(-1) ** 3)


def nearest(x: Any) -> Any:
    """Each point's nearest corner, and what is looked up there; of two that are as near the first.

    Where a coordinate is large the distances are NaN, which is nearest.
    """
    corners = np.array([[-1.0, 0.0, 1.0], [1.0, 0.5, -1.0], [1.0, 0.5, -1.0], [0.0, -2.0, 0.3]])
    distances = np.sum((x[:, None, :] - corners) ** 2, axis=2)
    distances = np.where(x[:, :1] > 1.5, np.nan, distances)
    first, last = np.argmin(distances, axis=1), np.argmax(distances, axis=1)
    table = np.concatenate([corners, x[:1]])
    return np.sum((x - table[first]) ** 2), np.sum(x * table[last]) + np.sum(first * 1.0)


PROGRAMS: dict[Callable[..., Any], np.ndarray] = {
    **dict.fromkeys((pairs, softmax, one_coordinate, joined, sliced, written, largest), POINTS),
    **dict.fromkeys((products, reshaped, in_rows, nested, nearest), POINTS),
    axis_in_front: FIRST,
    **dict.fromkeys((over_both, turned), FRAMES),
}


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_values_and_derivatives(f: Callable[..., Any]) -> None:
    x = PROGRAMS[f]
    oracle.assert_same(jitad.jit(f)(x), oracle.leaves(f(x)), 1e-12)
    jitad.check_grads(f, (x,), order=2)


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_short_axes_are_gone(f: Callable[..., Any]) -> None:
    """No sum is left that runs over a short axis of computed values."""
    tape = trace(lambda values: f(values[0]), [PROGRAMS[f]], ["x"]).tape
    assert any(instr.op in (st.reduce_sum, st.reduce_max) for instr in tape.instrs)
    after = components(tape)
    for instr in after.instrs:
        if instr.op is st.reduce_sum and np.prod(instr.shape) >= LONG:
            shape = after.instrs[instr.args[0]].shape
            assert not any(1 < shape[axis] <= SUMMED for axis in instr.params[0])


def test_pairs_meet_in_registers() -> None:
    """Of the (n, n, 3) distances and the (n, n) potentials nothing is stored."""
    tape = optimise(trace(lambda values: pairs(values[0]), [POINTS], ["x"]).tape)
    sizes = [len(instr.shape) for instr in tape.instrs]
    assert max(sizes) == 2


def bump(p: Any) -> Any:
    """Two numbers of four, with parts in common that cost something."""
    r = np.sqrt(p[0] ** 2 + p[1] ** 2 + 1.0)
    return np.stack([np.sin(r) * p[2], np.exp(-r) * p[3] / r])


@pytest.mark.parametrize("transform", [jitad.jacfwd, jitad.jacrev])
def test_jacobians_at_points_are_one_loop(transform: Any) -> None:
    """What all rows, or all columns, have in common is not stored for a second loop."""
    points = np.random.default_rng(1).uniform(-1, 1, (1000, 4))
    jacobians = jitad.vmap(transform(bump))
    kernel = jitad.compile(jacobians, points)
    assert kernel.code.arena == 0
    eye, step = np.eye(4), 1e-6
    want = [(bump((points + step * e).T) - bump((points - step * e).T)) / (2 * step) for e in eye]
    np.testing.assert_allclose(kernel(points), np.transpose(want, (2, 1, 0)), atol=1e-8)


def test_wide_rows_stay_loops() -> None:
    """A Hessian of 16 x 16 numbers at each point is computed by rows."""
    points = np.random.default_rng(2).uniform(-1, 1, (100, 16))
    kernel = jitad.compile(jitad.vmap(jitad.hessian(lambda p: np.prod(np.sin(p)))), points)
    assert any(instr.op.name == "mul" and 16 in instr.shape for instr in kernel.tape.instrs)
    x = points[3]
    product, cot = np.prod(np.sin(x)), 1 / np.tan(x)
    want = product * (np.outer(cot, cot) - np.diag(cot**2) - np.eye(16))
    np.testing.assert_allclose(kernel(points)[3], want, rtol=1e-9, atol=1e-15)
