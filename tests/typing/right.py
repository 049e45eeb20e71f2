"""What a checker of types takes: none of these lines is an error."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
import jitad.numpy as jnp
from jitad.scipy import special

Array = np.ndarray[Any, np.dtype[np.float64]]


def loss(params: dict[str, Array], inputs: Array, *, scale: float = 1.0) -> float:
    """The mean of squares."""
    return scale * float(np.mean((inputs @ params["w"]) ** 2))


x = np.ones((3, 2))
params = {"w": np.ones(2)}

slopes: dict[str, Array] = jitad.grad(loss)(params, x)
value, both = jitad.value_and_grad(loss, argnums=(0, 1))(params, x, scale=2.0)
number: float = jitad.jit(loss)(params, x)
gradient_of_gradient = jitad.grad(lambda x: np.sum(jitad.grad(np.sum)(x)))(x)
matrix = jitad.jacobian(lambda x: np.sin(x), mode="reverse")(x)
curvature = jitad.hessian(loss)(params, x)
value, tangent = jitad.jvp(np.sin, (x,), (x,))
value, pullback = jitad.vjp(np.sin, x)
(adjoint,) = pullback(x)
points = jitad.vmap(jitad.grad(np.linalg.norm))(x)
kernel = jitad.compile(jitad.grad(np.sum), x, parallel=True)
slope = kernel(x)
carry, ys = jitad.scan(lambda c, x: (c + x, c), 0.0, x[:, 0])
pattern = jitad.sparsity(np.sin, x[0])
shape: tuple[int, ...] = pattern.shape
trace = jitad.trace(np.sin, 1.0)
text: str = str(trace.evaluation_trace())
root = jitad.implicit.root(lambda y, t: y**2 - t, 1.0, 2.0)
array = jnp.zeros(3)
gamma = special.gammaln(x)


@jitad.jit
def compiled(x: Array, count: int = 2) -> Array:
    """A decorated function keeps its signature."""
    return x * count


doubled: Array = compiled(x, count=2)


@jitad.custom_jvp
def ruled(x: Array) -> Array:
    """A function with a rule of its own."""
    return np.sin(x)


ruled.defjvp(lambda primals, tangents: (ruled(*primals), np.cos(primals[0]) * tangents[0]))
try:
    jitad.grad(loss)(params, x)
except jitad.JitadError as error:
    print(error.what, error.remedy)
