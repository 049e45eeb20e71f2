"""What a checker of types refuses: each line that has a comment is an error for that reason.

A comment on a line without that error is itself one.
"""

# pyright: reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from typing import Any

import numpy as np

import jitad

Array = np.ndarray[Any, np.dtype[np.float64]]


def loss(w: Array, inputs: Array, *, scale: float = 1.0) -> float:
    """The mean of squares."""
    return scale * float(np.mean((inputs @ w) ** 2))


@jitad.jit
def compiled(x: Array, count: int = 2) -> Array:
    """A decorated function keeps its signature."""
    return x * count


w, x = np.ones(2), np.ones((3, 2))

jitad.grad(loss)(w)  # pyright: ignore[reportCallIssue]
jitad.grad(loss)(w, x, 2.0)  # pyright: ignore[reportCallIssue]
jitad.grad(loss)(w, x, scales=2.0)  # pyright: ignore[reportCallIssue]
jitad.grad(loss)(w, "x")  # pyright: ignore[reportArgumentType]
jitad.grad(loss, argnum=1)  # pyright: ignore[reportCallIssue]
jitad.grad(loss(w, x))  # pyright: ignore[reportArgumentType]
jitad.grad(loss, "w")  # pyright: ignore[reportArgumentType]
jitad.hessian(loss)(w)  # pyright: ignore[reportCallIssue]
jitad.jacobian(loss, mode="sideways")  # pyright: ignore[reportArgumentType]
jitad.gradient(loss)  # pyright: ignore[reportAttributeAccessIssue]
jitad.jit(loss, static_argnums=0)  # pyright: ignore[reportArgumentType]
a, b, c = jitad.value_and_grad(loss)(w, x)  # pyright: ignore[reportAssignmentType]
text: str = compiled(x)  # pyright: ignore[reportAssignmentType]
compiled(x, times=2)  # pyright: ignore[reportCallIssue]
compiled(x, 2.5)  # pyright: ignore[reportArgumentType]
jitad.compile(loss, w, x, target=3)  # pyright: ignore[reportArgumentType]
jitad.check_grads(loss, w, 2, 3)  # pyright: ignore[reportArgumentType]
jitad.scan(loss)  # pyright: ignore[reportCallIssue]
