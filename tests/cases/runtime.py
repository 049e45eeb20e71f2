"""Doors of kernels: arguments of any layout, very many of them, and what has no result."""

from __future__ import annotations

import tracemalloc
from typing import Any

import numpy as np

import jitad
import jitad.numpy
from cases import case

_X = np.linspace(0.5, 1.5, 12)


@case
def numba_copies_what_is_strided() -> tuple[Any, Any]:
    kernel = jitad.compile(lambda x: np.cumsum(x) * 2, _X[::3])
    matrix = np.arange(48.0).reshape(6, 8)[::2, ::3]
    other = jitad.compile(lambda x: x * 2, matrix)
    right = np.cumsum(_X[::3]) * 2, matrix * 2
    return (kernel.njit(_X[::3]), other.njit(matrix)), right


@case
def a_kernel_that_fails_in_numba_is_nan() -> tuple[Any, Any]:
    f = lambda x: x * 2 if len(np.zeros(int(x[0] > 0))) else -x  # noqa: E731
    kernel = jitad.compile(f, _X, on_failure="nan")
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


def _kind(f: Any, *args: Any) -> str:
    try:
        f(*args)
    except Exception as error:
        return type(error).__name__
    return "none"


@case
def the_first_failure_is_reported() -> tuple[Any, Any]:
    def looks_up_first(a: Any, i: Any) -> Any:
        return np.linalg.inv(a + 0.0 * np.sum(a[i]))

    def inverts_first(a: Any, i: Any) -> Any:
        b = np.linalg.inv(a)
        return np.sin(b)[i + (b[0, 0] > np.inf)]

    a, i = np.zeros((3, 3)), np.array([7, 0])
    found = [_kind(jitad.jit(f), a, i) for f in (looks_up_first, inverts_first)]
    return " ".join(found), "OutOfBoundsError LinearAlgebraError"


@case
def results_of_a_call_that_fails_are_freed() -> tuple[Any, Any]:
    f = jitad.jit(lambda x, i: (np.sin(x) + x[i], x * 2.0))
    x, i = np.zeros(20_000), np.array([20_000])
    f(x, i - 1)
    tracemalloc.start()
    try:
        kinds = {_kind(f, x, i) for _ in range(50)}
        return (" ".join(kinds), tracemalloc.get_traced_memory()[0] < x.nbytes), (
            "OutOfBoundsError", True,
        )  # fmt: skip
    finally:
        tracemalloc.stop()


@case
def rows_are_scattered_on_one_thread() -> tuple[Any, Any]:
    places = np.arange(1_000_000) % 7
    x, before = np.arange(1.0, 1_000_001.0), jitad.get_num_threads()
    f = jitad.jit(lambda x: jitad.numpy.zeros(7).at[places].add(x), parallel=True)
    jitad.set_num_threads(4)
    try:
        return f(x), np.bincount(places, x)
    finally:
        jitad.set_num_threads(before)


@case
def a_row_out_of_bounds_among_many() -> tuple[Any, Any]:
    x, i = np.arange(300.0).reshape(50, 6), np.arange(64) % 50
    f = jitad.jit(lambda x, i: (x[i, 0] * x[i, 1] + x[i, 2] * x[i, 3]) * x[i, 5])
    rows = x[i]
    right = (rows[:, 0] * rows[:, 1] + rows[:, 2] * rows[:, 3]) * rows[:, 5]
    found = [_kind(f, x, np.where(np.arange(64) == k, 50, i)) for k in (0, 17, 63)]
    return (f(x, i), " ".join(found)), (right, "OutOfBoundsError " * 2 + "OutOfBoundsError")


@case
def read_only_arrays_receive_nothing() -> tuple[Any, Any]:
    kernel, out = jitad.compile(lambda x: x * 2, _X), np.zeros(12)
    out.flags.writeable = False
    return (_kind(lambda: kernel(_X, out=out)), out), ("ShapeError", np.zeros(12))
