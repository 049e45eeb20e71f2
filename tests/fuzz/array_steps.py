"""The statements of random array programs: operations on a pool of arrays, plain or traced."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import jitad
import jitad.numpy

Statement = tuple[str, int, int, int]
"""An operation, the two values that it reads, a number that it makes of what it likes."""

MOST = 2000
"""Elements of the largest array that is kept."""


def _places(x: Any, k: int) -> Any:
    """Computed places along the first axis: some are negative, some meet twice."""
    n = x.shape[0]
    return (jitad.numpy.arange(k % 9 + 1) * (k % 5 + 1) + k) % (2 * n) - n


def _order(x: Any) -> Any:
    return np.argsort(np.reshape(np.real(x), -1), kind="stable")


def _updated(x: Any, y: Any, k: int) -> Any:
    """x with other numbers at a place, a slice or several places."""
    n = x.shape[0]
    where: Any = (k % n, slice(k % n, None, 2), _places(x, k), slice(None, None, -1),
                  _order(x[:, None] if x.ndim == 1 else x)[: k % 3 + 1] % n)[k % 5]  # fmt: skip
    value: Any = np.real(np.sum(y)) * 0.01 + 0.3
    kind = ("set", "add", "multiply")[k // 5 % (2 if k % 5 == 4 else 3)]
    if hasattr(y, "at") and not hasattr(x, "at"):
        x = jitad.numpy.array(x)
    if not hasattr(x, "at"):
        x = x.copy()
        if kind == "set":
            x[where] = value
        else:
            (np.add if kind == "add" else np.multiply).at(x, where, value)
        return x
    return getattr(x.at[where], kind)(value)


def _point(row: Any) -> Any:
    s = np.sum(np.real(row)) * 0.3
    return np.sin(s) if s > 0.0123 else s * 0.5 + 0.1


def _points(x: Any, k: int) -> Any:
    """A branch that each row takes for itself."""
    return jitad.vmap(_point)(x) if hasattr(x, "at") else np.stack([_point(row) for row in x])


def _jacobian(x: Any, k: int) -> Any:
    """Of v times v backwards."""
    v = np.reshape(np.real(x), -1)[:44] * 1.0
    if hasattr(x, "at"):
        return jitad.jacfwd(lambda v: v * v[::-1])(v)
    return np.diag(v[::-1]) + np.diag(v)[:, ::-1]


def _joined(x: Any, y: Any, k: int) -> Any:
    if x.ndim != 2 or y.ndim != 2:
        return np.concatenate([np.reshape(x, -1), np.reshape(y, -1)])
    if x.shape == y.shape:
        return np.stack([x, y], axis=k % 3)
    axis = 0 if x.shape[1] == y.shape[1] else 1
    return np.concatenate([x, y], axis) if x.shape[1 - axis] == y.shape[1 - axis] else x


def _product(x: Any, y: Any, k: int) -> Any:
    if x.ndim == 2 and y.ndim == 2 and x.shape[1] == y.shape[1]:
        return x @ y.T if k % 2 else np.einsum("ij,kj->ik", x, y)
    if x.ndim == 2 and y.ndim == 1 and x.shape[1] == y.shape[0]:
        return x @ y if k % 2 else np.einsum("ij,j->i", x, y)
    if x.ndim == 1 and y.ndim == 1:
        return np.outer(x, y) if k % 2 else np.einsum("i,j->ji", x, y)
    return np.tensordot(x, x, x.ndim)


def _fit(x: Any, y: Any) -> Any:
    """y, or a number of it where its shape does not fit x."""
    try:
        fits = np.broadcast_shapes(x.shape, y.shape)
    except ValueError:
        fits = None
    return y if fits is not None and int(np.prod(fits)) <= MOST else np.sum(y) * 0.1


ONE: dict[str, Callable[[Any, int], Any]] = {
    "sin": lambda x, k: np.sin(x),
    "tanh": lambda x, k: np.tanh(x),
    "arctan": lambda x, k: np.arctan(np.real(x)),
    "exp": lambda x, k: np.exp(-x * x * 0.1),
    "sqrt": lambda x, k: np.sqrt(x * np.conj(x) + 0.5),
    "abs": lambda x, k: np.abs(x),
    "scale": lambda x, k: x * (k % 5 - 2),
    "shift": lambda x, k: x - k % 3,
    "halve": lambda x, k: x / 2,
    "square": lambda x, k: x * x * 0.3,
    "turn": lambda x, k: x * (0.6 + 0.8j),
    "parts": lambda x, k: np.real(x) * 1.0 - np.imag(x),
    "float32": lambda x, k: np.real(x).astype(np.float32),
    "int": lambda x, k: (np.real(x) * 3.3).astype(int),
    "positive": lambda x, k: np.real(x) > 0.0123,
    "not": lambda x, k: np.where(~(np.real(x) > 0.0123), x, x * 0.2),
    "slice": lambda x, k: x[k % x.shape[0] :: (1, 2, 3, -1, -2)[k // 7 % 5]],
    "inner": lambda x, k: x[..., :: (-1, 2, -2)[k % 3]],
    "one": lambda x, k: x[k % x.shape[0]],
    "ends": lambda x, k: x[[0, -1, 0]],
    "taken": lambda x, k: x[_places(x, k)],
    "permuted": lambda x, k: np.reshape(x, -1)[_order(x)],
    "table": lambda x, k: jitad.numpy.ones(x.size)[_order(x)] * np.reshape(x, -1),
    "transpose": lambda x, k: x.T,
    "flat": lambda x, k: x.reshape(-1),
    "column": lambda x, k: x.reshape(-1, 1),
    "rows": lambda x, k: x.reshape(-1)[: x.size // (k % 5 + 1) * (k % 5 + 1)].reshape(
        k % 5 + 1, -1
    ),
    "pad": lambda x, k: np.pad(x, 1 + k % 2),
    "roll": lambda x, k: np.roll(x, k % 7, axis=k % x.ndim),
    "rot90": lambda x, k: np.rot90(x, k % 4) if x.ndim > 1 else x[::-1],
    "sum": lambda x, k: np.sum(x, axis=k % x.ndim) * 0.2,
    "total": lambda x, k: np.sum(x) * 0.05,
    "kept": lambda x, k: np.sum(x, axis=k % x.ndim, keepdims=True) * 0.2,
    "mean": lambda x, k: np.mean(x, axis=-1),
    "max": lambda x, k: np.max(np.real(x), axis=k % x.ndim),
    "min": lambda x, k: np.min(np.real(x)),
    "cumsum": lambda x, k: np.cumsum(x, axis=k % x.ndim) * 0.2,
    "prod": lambda x, k: np.prod(np.tanh(x), axis=k % x.ndim),
    "sort": lambda x, k: np.sort(np.real(x), axis=k % x.ndim),
    "argmax": lambda x, k: np.argmax(np.real(x), axis=k % x.ndim),
    "diff": lambda x, k: np.diff(x, axis=k % x.ndim),
    "stencil": lambda x, k: x[2:] - 2 * x[1:-1] + x[:-2],
    "var": lambda x, k: np.var(x, axis=k % x.ndim),
    "any": lambda x, k: np.any(np.real(x) > 0.0123, axis=k % x.ndim),
    "wide": lambda x, k: np.broadcast_to(x, (k % 4, *x.shape)),
    "repeat": lambda x, k: np.repeat(x, 2, axis=k % x.ndim),
    "tile": lambda x, k: np.tile(x, 2),
    "still": lambda x, k: x * 1.0 + 0.0,
    "points": _points,
    "jacobian": _jacobian,
    "softmax": lambda x, k: np.exp(x) / np.sum(np.exp(x), axis=-1, keepdims=True),
}
TWO: dict[str, Callable[[Any, Any, int], Any]] = {
    "add": lambda x, y, k: x + _fit(x, y),
    "sub": lambda x, y, k: x - _fit(x, y) * 1.0,
    "mul": lambda x, y, k: x * _fit(x, y),
    "div": lambda x, y, k: x / (1.5 + _fit(x, y) * np.conj(_fit(x, y))),
    "where": lambda x, y, k: np.where(np.real(x) > 0.0123, x, _fit(x, y)),
    "maximum": lambda x, y, k: np.maximum(np.real(x), 0.7 * np.real(_fit(x, y)) + 0.01),
    "hypot": lambda x, y, k: np.hypot(np.real(x) + 2, np.real(_fit(x, y))),
    "update": _updated,
    "join": _joined,
    "product": lambda x, y, k: _product(x, y, k) * 0.1,
}


def step(statement: Statement, pool: list[Any]) -> Any:
    name, left, right, k = statement
    x, y = (pool[j % len(pool)] for j in (left, right))
    if name not in _OF_CONDITIONS:
        x, y = (v * 1.0 if v.dtype.kind == "b" else v for v in (x, y))
    return ONE[name](x, k) if name in ONE else TWO[name](x, y, k)


_OF_CONDITIONS = ("slice", "inner", "one", "ends", "taken", "flat", "column", "rows", "transpose",
                  "any", "sum", "total", "kept", "mean", "wide", "repeat", "tile",
                  "int")  # fmt: skip
"""What is asked of conditions as they are; other operations are given numbers."""


def is_allowed(name: str, x: Any, y: Any, k: int) -> bool:
    """Whether a statement can be run: there are axes, elements, numbers of the right kind."""
    needs_axes = name not in (
        "add",
        "sub",
        "mul",
        "div",
        "where",
        "maximum",
        "hypot",
        "wide",
        "still",
    )
    if needs_axes and (x.ndim == 0 or 0 in x.shape):
        return False
    if name in ("update", "sort", "max", "min", "argmax", "softmax", "permuted", "table"):
        return x.size > 0 and not (name in ("update", "softmax") and x.dtype.kind in "bi")
    if (
        name in ("sub", "diff", "stencil", "halve", "shift", "scale", "still")
        and x.dtype.kind == "b"
    ):
        return False
    if name == "stencil":
        return x.shape[0] > 2
    return name not in ("wide",) or x.ndim < 3
