"""Jacobians by forward mode are written row by row: no transpose of a large array is left."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import jitad
from jitad.ops import structural as st
from jitad.passes.pipeline import optimise
from jitad.programs.jacobian import jacobian
from jitad.runtime.arguments import take_apart

X = np.linspace(-1.0, 1.0, 60)
A = np.random.default_rng(0).standard_normal((12, 9))


def tridiagonal(x: Any) -> Any:
    left, right = np.concatenate([np.zeros(1), x[:-1]]), np.concatenate([x[1:], np.zeros(1)])
    return (3 - 2 * x) * x - left - 2 * right + 1


def shared(x: Any) -> Any:
    y = np.sin(x)
    return y * x[::-1] + np.sum(x * y), np.cos(y[:5])


def matrix(x: Any) -> Any:
    return np.tanh(x[1:] * x[:-1]) + x[:-1].sum(axis=1, keepdims=True)


def product(x: Any) -> Any:
    return (x @ x.T) @ np.sin(x)


@pytest.mark.parametrize(
    ("f", "x"), [(tridiagonal, X), (shared, X), (matrix, A), (product, A[:, :5])]
)
def test_both_modes_agree(f: Callable[..., Any], x: np.ndarray) -> None:
    forward, reverse = jitad.jacfwd(f)(x), jitad.jacrev(f)(x)
    if not isinstance(forward, tuple):
        forward, reverse = (forward,), (reverse,)
    for a, b in zip(forward, reverse, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12, atol=1e-12)


def test_no_transpose_is_left() -> None:
    build = jacobian(tridiagonal, 0, False, False, "forward")
    tape = build(*take_apart((X,), {})[:2]).tape

    def turned(tape: Any) -> bool:
        """Whether a square is transposed, and not only a row made a column."""
        return any(i.op is st.transpose and i.shape == (60, 60) for i in tape.instrs)

    assert turned(tape)
    assert not turned(optimise(tape))
