"""Functions that fill arrays in loops, as they would for Numba; each takes its namespace.

With NumPy one is the oracle, with `jitad.numpy` it is traced.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import numpy

PROGRAMS: list[Callable[[Any, Any], Any]] = []


def program(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], Any]:
    PROGRAMS.append(function)
    return function


@program
def fill(np: Any, x: Any) -> Any:
    out = np.zeros(x.shape[0], x.dtype)
    for i in range(x.shape[0]):
        out[i] = x[i] ** 2
    return out


@program
def fill_half(np: Any, x: Any) -> Any:
    out = np.ones(2 * len(x), x.dtype)
    for i in range(len(x)):
        out[2 * i] = np.sin(x[i])
    return out, out[::2].sum(), out[1:5]


@program
def stencil(np: Any, x: Any) -> Any:
    n = len(x)
    out = np.empty_like(x)
    out[0], out[-1] = x[0], x[n - 1]
    for i in range(1, n - 1):
        out[i] = x[i - 1] - 2 * x[i] + x[i + 1]
    return out


@program
def recurrence(np: Any, x: Any) -> Any:
    out = np.zeros(len(x), x.dtype)
    out[0] = x[0]
    for i in range(1, len(x)):
        out[i] = 0.5 * out[i - 1] + np.sin(x[i]) * out[0]
    return out


@program
def running_sum(np: Any, x: Any) -> Any:
    y = x.copy()
    for i in range(1, len(y)):
        y[i] += y[i - 1]
    return y, x


@program
def row_views(np: Any, x: Any) -> Any:
    a = np.zeros((3, len(x)), x.dtype)
    row = a[0]
    row[:] = 1
    a[1, :] = x
    last = a[-1]
    last += x * a[1]
    a[:, 0] *= 2.0
    for row in a:
        row[1] = row[2] * x[0]
    return a, last


@program
def rows_one_by_one(np: Any, x: Any) -> Any:
    a = np.empty((3, len(x)), x.dtype)
    for i in range(3):
        a[i] = x * x[i]
    return np.sin(a)


@program
def matrix(np: Any, x: Any) -> Any:
    n = len(x)
    a = np.empty((n, n), x.dtype)
    for i in range(n):
        for j in range(n):
            a[i, j] = x[i] * x[j] + (i == j)
    return a @ x


@program
def cholesky(np: Any, x: Any) -> Any:
    n = len(x)
    a = np.outer(x, x) + n * np.eye(n, dtype=x.dtype)
    low = np.zeros((n, n), x.dtype)
    for j in range(n):
        low[j, j] = np.sqrt(a[j, j] - np.sum(low[j, :j] ** 2))
        for i in range(j + 1, n):
            low[i, j] = (a[i, j] - np.dot(low[i, :j], low[j, :j])) / low[j, j]
    return low


@program
def elimination(np: Any, x: Any) -> Any:
    n = len(x)
    a = np.array(np.outer(np.sin(x), np.cos(x)) + n * np.eye(n, dtype=x.dtype))
    b = np.array(x)
    for k in range(n):
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i, k:] -= factor * a[k, k:]
            b[i] -= factor * b[k]
    y = np.zeros(n, x.dtype)
    for i in range(n - 1, -1, -1):
        y[i] = (b[i] - a[i, i + 1 :] @ y[i + 1 :]) / a[i, i]
    return y


@program
def heat(np: Any, x: Any) -> Any:
    u = np.array(x)
    for _ in range(4):
        u[1:-1] += 0.1 * (u[2:] - 2 * u[1:-1] + u[:-2])
        u[0] = u[-1] = 0.5 * u[1]
    return u


@program
def shifts_in_place(np: Any, x: Any) -> Any:
    u = np.array(x)
    u[1:] = u[:-1]
    u[:-2] += u[2:]
    u[::-1] = u * x
    return u


@program
def counts(np: Any, x: Any) -> Any:
    out = np.zeros(3, x.dtype)
    for i in range(len(x)):
        out[i % 3] += x[i]
    return out


@program
def masks(np: Any, x: Any) -> Any:
    out = np.array(x)
    out[x < 0] = 0.5
    out[out > 1] *= 2
    y = np.zeros_like(x)
    y[x > 0] = x[x > 0] ** 2
    b = np.outer(x, x)
    b[x > 0, 1] = x[1]
    b[x < 0] = x
    b[np.arange(len(x)) % 2 == 0] *= 3
    return out, y, b


@program
def integer_arrays(np: Any, x: Any) -> Any:
    out = np.zeros((4, len(x)), x.dtype)
    out[[0, 2, 0], 1] = x[:3]
    out[[1, 3]] = np.sin(x)
    out[:, [0, -1]] += x[1]
    places = np.arange(5) % 3
    out[places, places] = x[:5]
    return out


@program
def many_scattered(np: Any, x: Any) -> Any:
    out = np.zeros(2000, x.dtype)
    out[np.arange(700) * 7 % 1000] = np.repeat(x, 150)[:700]
    for i in range(60):
        out[i * i % 1999] = x[i % len(x)] * i
    np.add.at(out, np.arange(400) % 90, x[0])
    np.maximum.at(out, np.arange(60) % 50, x[1])
    return out[:100], np.sum(out**2)


@program
def no_axes(np: Any, x: Any) -> Any:
    out = np.zeros((), x.dtype)
    out[...] = np.sum(x)
    out += 1
    s = np.full(3, x[0])
    s[1] = out
    return s, out * 2


@program
def whole_arrays(np: Any, x: Any) -> Any:
    a = np.ones((2, len(x)), x.dtype)
    a *= 2
    a += x
    a[...] = a**2
    b = a.T
    b[0] = 7
    np.multiply(a, 2, out=a)
    np.sin(a, out=a, where=a > 3)
    a.reshape(-1)[3] = x[0]
    end = a.ravel()[::-2]
    end -= 1
    np.cumsum(a, axis=1, out=a)
    c = np.ones(3, x.dtype)
    c.fill(x[1])
    c.sort()
    return a, c


@program
def functions_that_write(np: Any, x: Any) -> Any:
    a = np.zeros((4, 4), x.dtype)
    np.copyto(a[0], x[:4])
    np.copyto(a[1], x[:4], where=x[:4] > 0)
    np.put(a, [5, 6, -1], x[:2])
    np.put(a, [17, 21], x[3], mode="wrap")
    np.fill_diagonal(a, x[1])
    np.putmask(a, a > 1, x[:3])
    np.place(a, a < 0, [x[0], 3.0])
    np.put_along_axis(a, np.array([[1], [0], [2], [3]]), x[2], axis=1)
    np.add.at(a, ([0, 0, 1], [1, 1, 2]), x[:3])
    np.multiply.at(a, ([0, 0, 1], [1, 1, 2]), x[:3])
    np.negative.at(a, (slice(None), 1))
    return a


@program
def views_of_views(np: Any, x: Any) -> Any:
    a = np.zeros((4, 6), x.dtype)
    a.flat[::7] = x[:4]
    a.flat[1] = x[0]
    part = np.split(a, 2)[1]
    part[0, 0] = x[2]
    np.rot90(a)[0] = x[:4] * 2
    a.reshape(2, 2, 6)[1].T[::2] = x[:2]
    np.moveaxis(a.reshape(2, 2, 2, 3), 0, -1)[1, :, 2, 1] += x[5]
    a[1:3][:, ::-2][0] = x[:3]
    np.squeeze(a[:, None])[3] -= x
    np.atleast_2d(a[0])[0, 1] = 5 * x[1]
    return a, a.diagonal(1)


@program
def copies_are_their_own(np: Any, x: Any) -> Any:
    a = np.array(x)
    b, c, d, e = a.copy(), a[[0, 1, 2]], a.astype(x.dtype), +a
    f, g = a.flatten(), copy.copy(a)
    h = a[:]
    a[0] = 2 * x[1]
    c[1] = x[5]
    return a, b, c, d, e, f, g, h


@program
def creation(np: Any, x: Any) -> Any:
    a = np.array([x[0], 2 * x[1], 3.0], x.dtype)
    a[2] *= x[2]
    b = np.array([[x[0], 1], [a[1], 2]], x.dtype)
    b[0] = b[1]
    c = np.asarray([a, a[::-1]], x.dtype)
    c[0, 0] = x[3]
    d = np.array(x, ndmin=2)
    e = np.linspace(x.dtype.type(0), 1, 3, dtype=x.dtype)
    e[1] = x[0]
    f = np.full((2, 2), x[1])
    f[0, 1] = 0
    g = np.zeros_like(a)
    g[1] = a[0]
    h = np.ones_like(x)
    h[1:3] = np.full_like(h, x[0])[:2]
    i = np.concatenate([np.zeros(1, x.dtype), np.eye(2, dtype=x.dtype)[0]])
    i[0] = x[4]
    return a, b, c, d, e, f, g, h, i


@program
def python_idioms(np: Any, x: Any) -> Any:
    first, *others = x
    out = np.array([v * v for v in x[:3]])
    total = sum(list(out)) + sum(x) + len(others)
    a, b, c = out
    k = np.zeros(2, int)
    k[0] = 1
    if k[0] and not k[1]:
        out[k[0]] = first
    return out.T @ out, total, a * b + c, np.stack([a, b]), max(out[0], out[1])


@program
def other_dtypes(np: Any, x: Any) -> Any:
    n = np.zeros(3, int)
    n[0] = x[0] * 100
    n[1:] = x[:2] * 10
    single = np.zeros(2, numpy.float32)
    single[0] = x[1]
    flags = np.zeros(3, bool)
    flags[1] = x[0] > -100
    flags[2] = x[1]
    y = np.array(x)
    y[:3][flags] *= 2
    return n, single, flags, y


@program
def where_and_joins(np: Any, x: Any) -> Any:
    a = np.zeros(6, x.dtype)
    a[2:4] = x[:2]
    b = np.where(a > 0, a, x)
    b[0] = x[5]
    return b, np.concatenate([a, b]), np.stack([a[1:3], b[1:3]]), np.sort(a)[::-1], a.max()
