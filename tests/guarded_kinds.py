"""Functions of every kind, with arguments by size, for `python -m tests.guard_pages`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import jitad
from jitad.frontend.pytree import flatten
from jitad.scipy import special

Kind = tuple[Callable[..., Any], Callable[[int, np.random.Generator], tuple[Any, ...]]]


def _vector(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.5, 1.5, n),)


def _two(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.uniform(0.5, 1.5, n), rng.uniform(0.5, 1.5, n)


def _single(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.5, 1.5, n).astype(np.float32),)


def _complex(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.normal(size=n) + 1j * rng.normal(size=n),)


def _whole(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.integers(0, 9, n),)


def _truth(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.integers(0, 2, n) > 0,)


def _points(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.5, 1.5, (n, 3)),)


def _bytes(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.integers(0, 9, n).astype(np.uint8), rng.integers(-9, 9, n).astype(np.int16)


def _half(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.uniform(0.5, 1.5, (n, 5)).astype(np.float32),)


def _complex_points(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.normal(size=(3, n)) + 1j * rng.normal(size=(3, n)),)


def _square(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return (rng.normal(size=(n, n)) + 2 * n * np.eye(n),)


def _twice(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(2 * n, n + 1)), rng.normal(size=(n + 1, 3))


def _small(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    n = min(n, 12)
    return (rng.normal(size=(n, n)) + 2 * n * np.eye(n),)


def _tall(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.normal(size=(n + 3, 3)), rng.normal(size=n + 3)


def _hundred(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    """More arguments than a body takes by themselves: it gets tables of them."""
    return tuple(rng.uniform(0.5, 1.5, n) for _ in range(100))


def _all_kinds(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    makers = (_vector, _complex, _whole, _truth, _single, _points)
    numbers = (np.asarray(1.5), np.asarray(2), np.asarray(True), np.asarray(1 - 2j))
    return (*[make(n, rng)[0] for make in makers for _ in range(16)], *numbers)


def _matrix(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    n = min(n, 40)
    return (rng.normal(size=(n, n)) + 2 * n * np.eye(n),)


def _chosen(n: int, rng: np.random.Generator) -> tuple[Any, ...]:
    return rng.uniform(0.5, 1.5, n), rng.integers(0, n, n)


def _distance(p: Any) -> Any:
    return np.sqrt(p[0] ** 2 + p[1] * np.exp(p[2]))


def _path(p: Any) -> Any:
    return jitad.cond(p[0] > 1, lambda: np.sin(p[1]) * p[2], lambda: p[1] / p[2])


def _while(p: Any) -> Any:
    return jitad.while_loop(lambda x: x < 4, lambda x: x * (1 + p[1]) + p[0], p[2])


def _scanned(x: Any) -> Any:
    return jitad.scan(lambda c, row: (c * 0.5 + row, np.sin(c) * row), x[0], x)


def _table(x: Any) -> Any:
    return jitad.fori_loop(0, len(x), lambda i, t: t.at[i].add(np.sin(x[i])), x * 0.0)


def _vector_while(x: Any) -> Any:
    return jitad.while_loop(lambda s: s[0] < 3, lambda s: (s[0] + 1, np.sin(s[1]) * x), (0, x))


def _vector_cond(x: Any) -> Any:
    return jitad.cond(x[0] > 1, lambda: (np.sin(x), x[::-1]), lambda: (x * x, np.roll(x, 1)))


def _nested(x: Any) -> Any:
    def turn(i: Any, t: Any) -> Any:
        return jitad.fori_loop(0, 3, lambda j, t: t.at[i].add(np.sin(x[i]) * x[j % len(x)]), t)

    return jitad.fori_loop(0, len(x), turn, x * 0.0)


def _stacked(p: Any) -> Any:
    return jitad.scan(lambda c, row: (c + row[::-1], (np.outer(c, row), c > row)), p[0], p)


def _products_of_all(*args: Any) -> Any:
    return args[0] * args[-1], tuple(np.sin(x) * args[1] for x in args)


def _some_of_all(*args: Any) -> Any:
    *arrays, number, count, truth, z = args
    return [x * number if x.dtype.kind == "f" else x for x in arrays], z * count, ~truth


def _many(x: Any) -> Any:
    return tuple(np.sin((k + 1) * x) for k in range(40))


def _straight(x: Any) -> Any:
    return [np.sin(x[k]) * x[k - 1] for k in range(len(x))]


def _scattered(x: Any, i: Any) -> Any:
    y = jitad.numpy.zeros(len(x))
    y[i] = x
    return y


KINDS: dict[str, Kind] = {
    "elementwise": (lambda x, y: np.sin(x) * y + np.where(x > 1, y, x), _two),
    "single precision": (lambda x: np.exp(x) * x + np.sum(x), _single),
    "complex": (lambda z: (z * z).real + np.abs(z), _complex),
    "complex result": (lambda z: np.exp(z) / (z + 3), _complex),
    "integers": (lambda i: (i * 3 - 1, i // 2, i % 3 > 0), _whole),
    "conditions": (lambda b: (~b, b & b[::-1], np.any(b), np.sum(b)), _truth),
    "reductions": (lambda x: (np.sum(x), np.max(x), np.prod(x), np.argmax(x)), _vector),
    "reductions of rows": (lambda p: (np.sum(p, 0), np.max(p, 1), np.mean(p, 1)), _points),
    "sums so far": (lambda x: np.cumsum(x) * np.cumprod(x), _vector),
    "views": (lambda x: (x[::-1] * x, x[1:] - x[:-1], x[::2] * 2), _vector),
    "joins": (lambda x: np.concatenate([x, x[::-1] * 2, np.roll(x, 1)]), _vector),
    "columns": (lambda p: np.stack([p[:, 2], p[:, 0] * p[:, 1]], axis=1), _points),
    "stencil": (lambda x: np.convolve(np.sin(x), np.array([1.0, -2.0, 1.0]), "same"), _vector),
    "outer": (lambda x: np.exp(-np.abs(x[:, None] - x[None, :])), _vector),
    "products": (lambda a: (a @ a, a @ a[0], a[0] @ a[0]), _matrix),
    "narrow products": (lambda p: (p @ p.T, p.T @ p), _points),
    "gather": (lambda x, i: x[i] * np.sin(x), _chosen),
    "scatter": (_scattered, _chosen),
    "sort": (lambda x: (np.sort(x), np.argsort(x)), _vector),
    "factorisation": (lambda a: (np.linalg.solve(a, a[0]), np.linalg.inv(a)), _matrix),
    "points": (jitad.vmap(_distance), _points),
    "gradients at points": (jitad.vmap(jitad.grad(_distance)), _points),
    "Hessians at points": (jitad.vmap(jitad.hessian(_distance)), _points),
    "paths of points": (jitad.vmap(jitad.value_and_grad(_path)), _points),
    "loops of points": (jitad.vmap(jitad.value_and_grad(_while)), _points),
    "scan": (_scanned, _vector),
    "table": (_table, _vector),
    "many results": (_many, _vector),
    "straight line": (_straight, _vector),
    "bytes": (lambda i, j: (i.astype(float) * 2, j.astype(int) + 1, i.astype(bool)), _bytes),
    "single products": (lambda p: (p @ p.T, p.T @ p, p.T[::-1] * 2), _half),
    "complex rows": (lambda z: (z @ z.T, np.cumsum(z, 1), np.conj(z[:, ::-1]).T), _complex_points),
    "complex sums": (lambda z: (np.sum(z * z), np.prod(z), z.imag[::-1] * z.real), _complex),
    "transposed": (lambda p: (p.T * 2, p.T[::-1] @ p, p[::-1, 1:] * p[:, :2]), _points),
    "broadcasts": (
        lambda x: (np.broadcast_to(x, (3, len(x))), np.tile(x, 2), np.repeat(x, 3)),
        _vector,
    ),
    "edges": (
        lambda x: (np.pad(x, 2, "wrap"), np.diff(np.append(x, 0.0)), np.trapezoid(x)),
        _vector,
    ),
    "triangles": (lambda a: (np.tril(a), np.diagonal(a), np.trace(a), np.triu(a, 1).T), _square),
    "BLAS products": (lambda a, b: (a @ b, a @ (a.T @ a[:, 0]), b.T @ b), _twice),
    "rows in order": (
        lambda p: (np.sort(p, 0), np.sort(p, 1), np.argmax(p, 0), np.argmin(p, 1)),
        _points,
    ),
    "quantiles": (lambda x: (np.median(x), np.quantile(x, [0.1, 0.9]), np.ptp(x)), _vector),
    "interpolation": (
        lambda x, i: (np.interp(x, np.arange(4.0), np.ones(4)), np.take(x, i)),
        _chosen,
    ),
    "two indices": (lambda x, i: np.outer(x, x)[i, i[::-1]], _chosen),
    "least squares": (lambda a, b: np.linalg.lstsq(a, b, rcond=None)[0], _tall),
    "decompositions": (lambda a: (np.linalg.qr(a), np.linalg.cholesky(a @ a.T)), _small),
    "spectra": (lambda a: (np.linalg.eigh(a + a.T), np.linalg.svd(a)[1], np.linalg.det(a)), _small),
    "transform": (lambda x: (np.fft.rfft(x), np.fft.ifft(x).real), _vector),
    "special functions": (
        lambda x: (special.gammaln(x), special.erf(x), special.digamma(x)),
        _vector,
    ),
    "sorted points": (jitad.vmap(lambda p: (np.sort(p), np.cumsum(p), np.argmax(p))), _points),
    "solved points": (
        jitad.vmap(lambda p: np.linalg.solve(np.outer(p, p) + np.eye(3), p)),
        _points,
    ),
    "mapped rows": (lambda p: jitad.map(lambda row: np.sin(row) * np.sum(row), p), _points),
    "stacked scan": (_stacked, _points),
    "while": (_vector_while, _vector),
    "cond": (_vector_cond, _vector),
    "nested loops": (_nested, _vector),
    "a hundred arguments": (_products_of_all, _hundred),
    "arguments of all kinds": (_some_of_all, _all_kinds),
}

STREAMS: dict[str, Kind] = {
    "points": (_distance, _points),
    "gradients": (jitad.grad(_distance), _points),
    "numbers": (lambda x: (np.sin(x) * x, x > 1), _vector),
    "single precision": (lambda p: np.cumsum(p) * np.float32(2), _half),
    "conditions": (lambda b: ~b, _truth),
}
"""Functions of a point, which `stream` maps over all."""


NO_GRADIENT = ("points", "spectra", "quantiles")
"""Kinds by parts of their names that are transformed already, or that have none at all sizes."""


def forms(name: str) -> list[tuple[str, Callable[..., Any]]]:
    """A kind's function, and its gradient where there is one."""
    f, make = KINDS[name]
    without = (_whole, _truth, _complex, _complex_points, _bytes, _all_kinds)
    if make in without or any(part in name for part in NO_GRADIENT):
        return [(name, f)]
    return [(name, f), (f"gradient of {name}", jitad.grad(lambda *args: _total(f(*args))))]


def _total(results: Any) -> Any:
    leaves = [x for x in flatten(results)[0] if hasattr(x, "dtype")]
    real = sum(np.sum(x * x) for x in leaves if x.dtype.kind == "f")
    return real + sum(np.sum(x.real * x.imag) for x in leaves if x.dtype.kind == "c")
