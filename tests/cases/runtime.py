"""Doors of kernels: arguments of any layout, very many of them, and what has no result."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from cases import case

_X = np.linspace(0.5, 1.5, 12)


@case
def numba_copies_what_is_strided() -> tuple[Any, Any]:
    kernel = jitad.compile(lambda x: np.cumsum(x) * 2, _X[::3])
    return kernel.njit(_X[::3]), np.cumsum(_X[::3]) * 2


@case
def a_kernel_that_fails_in_numba_is_nan() -> tuple[Any, Any]:
    kernel = jitad.compile(lambda x: x * 2 if x[0] > 0 else -x, _X, on_failure="nan")
    return (kernel.njit(-_X), kernel.failures), (np.full(12, np.nan), 1)


@case
def numbers_by_the_hundred() -> tuple[Any, Any]:
    xs = [float(k) for k in range(150)]
    gradient = jitad.grad(lambda xs: sum(np.sin(x) * x for x in xs))(xs)
    return gradient, [np.sin(x) + x * np.cos(x) for x in xs]


@case
def arrays_by_the_hundred() -> tuple[Any, Any]:
    xs = [np.linspace(0, 1, 1 + k % 4) + k for k in range(120)]
    gradient = jitad.grad(lambda xs: sum(np.sum(x * x) for x in xs))(xs)
    return gradient, tuple(2 * x for x in xs)


@case
def numbers_of_all_kinds_by_the_hundred() -> tuple[Any, Any]:
    def f(d: Any) -> Any:
        rows = zip(d["x"], d["b"], d["z"], strict=True)
        return [(np.where(b, x * 2, x), (z * z).real, ~b) for x, b, z in rows]

    n = 40
    x = [_X * k for k in range(n)]
    b, z = [np.bool_(k % 2) for k in range(n)], [complex(k, 1) for k in range(n)]
    rows = zip(x, b, z, strict=True)
    right = tuple((x * (2.0 if b else 1.0), (z * z).real, not b) for x, b, z in rows)
    return jitad.jit(f)({"x": x, "b": b, "z": z}), right


@case
def an_index_out_of_bounds_is_an_index_error() -> tuple[Any, Any]:
    kernel = jitad.compile(lambda x, i: np.sin(x)[i], _X, np.array([0, 1]))
    try:
        kernel(_X, np.array([0, 12]))
    except IndexError as error:
        return (isinstance(error, jitad.ShapeError), "runtime.py" in str(error)), (True, True)
    return None, "an error"
