"""Some of the programs of `plain_loops` in JAX's own loops: what JAX's user would write."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax.lax import fori_loop, scan

jax.config.update("jax_enable_x64", True)


def gradient(name: str) -> Callable[..., Any] | None:
    """The compiled gradient of a program, None of one that is not written here."""
    function = _FUNCTIONS.get(name)
    if function is None:
        return None
    compiled = jax.jit(jax.grad(function))
    return lambda *args: np.asarray(compiled(*args))


def _sum_of_squares(x: Any) -> Any:
    return scan(lambda s, v: (s + v * v, None), 0.0, x)[0]


def _autoregression(x: Any) -> Any:
    def turn(carry: Any, v: Any) -> Any:
        s, y = carry
        y = 0.9 * y + v
        return (s + y * y, y), None

    return scan(turn, (0.0, 0.0), x)[0][0]


def _heat(u: Any) -> Any:
    def turn(u: Any, _: Any) -> Any:
        around = u[2:, 1:-1] + u[:-2, 1:-1] + u[1:-1, 2:] + u[1:-1, :-2]
        return u.at[1:-1, 1:-1].add(0.2 * (around - 4.0 * u[1:-1, 1:-1])), None

    u, _ = scan(turn, u, None, length=100)
    return jnp.sum(u * u)


def _product(a: Any, b: Any) -> Any:
    n = a.shape[0]

    def element(i: Any, j: Any) -> Any:
        return scan(lambda s, k: (s + a[i, k] * b[k, j], None), 0.0, jnp.arange(n))[0]

    places = jnp.arange(n)
    c = jax.vmap(lambda i: jax.vmap(lambda j: element(i, j))(places))(places)
    return jnp.sum(c * c)


def _cholesky(a: Any) -> Any:
    """By columns, as it can be reversed: JAX's loops of turns that vary cannot."""
    n = a.shape[0]
    rows = jnp.arange(n)

    def turn(k: Any, carry: Any) -> Any:
        c, s = carry
        column = a[:, k] - c @ c[k]
        root = jnp.sqrt(column[k])
        return c.at[:, k].set(jnp.where(rows >= k, column / root, 0.0)), s + jnp.log(root)

    return fori_loop(0, n, turn, (jnp.zeros((n, n)), 0.0))[1]


def _warping(x: Any, y: Any) -> Any:
    def row(before: Any, v: Any) -> Any:
        def element(left: Any, over: Any) -> Any:
            w, above, corner = over
            here = (v - w) ** 2 + jnp.minimum(jnp.minimum(above, left), corner)
            return here, here

        _, now = scan(element, jnp.inf, (y, before[1:], before[:-1]))
        return jnp.concatenate([jnp.full(1, jnp.inf), now]), None

    start = jnp.full(y.size + 1, jnp.inf).at[0].set(0.0)
    return scan(row, start, x)[0][-1]


_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "sum_of_squares": _sum_of_squares,
    "autoregression": _autoregression,
    "heat": _heat,
    "product": _product,
    "cholesky": _cholesky,
    "warping": _warping,
}
