"""jitad's transforms in plain Python, on dual numbers within dual numbers: an oracle.

Arrays are NumPy's, of Python objects. Each transform has a tag of its own, so that its
perturbations are not those of another one (Siskind & Pearlmutter, 2008).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

_tags = itertools.count()


class Dual:
    """x + dx e, with e^2 = 0; x and dx may be dual numbers with lower tags."""

    __slots__ = ("dx", "tag", "x")

    def __init__(self, x: Any, dx: Any, tag: int) -> None:
        self.x, self.dx, self.tag = x, dx, tag

    def __add__(self, other: Any) -> Any:
        return _binary(self, other, lambda x, y: x + y, lambda x, y, dx, dy: dx + dy)

    def __mul__(self, other: Any) -> Any:
        return _binary(self, other, lambda x, y: x * y, lambda x, y, dx, dy: dx * y + x * dy)

    __radd__, __rmul__ = __add__, __mul__

    def __neg__(self) -> Any:
        return self * -1.0

    def __sub__(self, other: Any) -> Any:
        return self + -1.0 * other

    def __rsub__(self, other: Any) -> Any:
        return other + self * -1.0

    def __gt__(self, other: Any) -> bool:
        return number(self) > number(other)

    def __lt__(self, other: Any) -> bool:
        return number(self) < number(other)


def _binary(a: Any, b: Any, value: Callable[..., Any], slope: Callable[..., Any]) -> Any:
    if isinstance(b, np.ndarray):
        return NotImplemented
    tag = max(x.tag for x in (a, b) if isinstance(x, Dual))
    (x, dx), (y, dy) = (_parts(v, tag) for v in (a, b))
    return Dual(value(x, y), slope(x, y, dx, dy), tag)


def _parts(x: Any, tag: int) -> tuple[Any, Any]:
    return (x.x, x.dx) if isinstance(x, Dual) and x.tag == tag else (x, 0.0)


def number(x: Any) -> float:
    """The float behind all perturbations."""
    while isinstance(x, Dual):
        x = x.x
    return float(x)


def _elementwise(plain: Callable[[float], float], slope: Callable[[Any], Any]) -> Any:
    def one(x: Any) -> Any:
        if isinstance(x, Dual):
            return Dual(one(x.x), slope(x.x) * x.dx, x.tag)
        return plain(x)

    over_array = np.frompyfunc(one, 1, 1)
    return lambda x: over_array(np.asarray(x, object))


sin: Any = _elementwise(math.sin, lambda x: cos(x))
cos: Any = _elementwise(math.cos, lambda x: sin(x) * -1.0)
exp: Any = _elementwise(math.exp, lambda x: exp(x))
tanh: Any = _elementwise(math.tanh, lambda x: 1.0 - tanh(x) * tanh(x))
stop_gradient: Any = np.frompyfunc(number, 1, 1)


def array(x: Any) -> np.ndarray:
    """As an array of objects."""
    return np.asarray(x, object)


def stack(xs: Sequence[Any]) -> np.ndarray:
    """Arrays along a new first axis."""
    return np.stack([array(x) for x in xs])


# -- derivatives: all by forward mode --------------------------------------------------------------


def jvp(f: Any, primals: Sequence[Any], tangents: Sequence[Any]) -> tuple[Any, Any]:
    tag = next(_tags)
    join = np.frompyfunc(lambda x, dx: Dual(x, dx, tag), 2, 1)
    y = array(f(*(join(array(x), array(dx)) for x, dx in zip(primals, tangents, strict=True))))
    first, second = (np.frompyfunc(lambda v, k=k: _parts(v, tag)[k], 1, 1) for k in (0, 1))
    return array(first(y)), array(second(y))


def jacfwd(f: Any, argnums: int = 0) -> Any:
    def jacobian(*args: Any) -> Any:
        x = array(args[argnums])
        columns = []
        for k in range(x.size):
            seed = np.zeros(x.size)
            seed[k] = 1.0
            tangents = [np.zeros(array(a).shape) for a in args]
            tangents[argnums] = seed.reshape(x.shape)
            columns.append(jvp(f, args, tangents)[1])
        rows = np.stack(columns, axis=-1)
        return rows.reshape((*rows.shape[:-1], *x.shape))

    return jacobian


jacrev = grad = jacfwd


def hessian(f: Any) -> Any:
    return jacfwd(jacfwd(f))


def value_and_grad(f: Any) -> Any:
    return lambda *args: (f(*args), grad(f)(*args))


def vjp(f: Any, *args: Any) -> tuple[Any, Any]:
    def pullback(y_bar: Any) -> Any:
        shares = []
        for k, x in enumerate(args):
            rows = jacfwd(f, k)(*args)
            axes = tuple(range(array(y_bar).ndim))
            shape = (*array(y_bar).shape, *(1,) * array(x).ndim)
            weighted = array(y_bar).reshape(shape) * rows
            shares.append(np.sum(weighted, axis=axes) if axes else weighted)
        return tuple(shares)

    return f(*args), pullback


def linearize(f: Any, *args: Any) -> tuple[Any, Any]:
    return f(*args), lambda *tangents: jvp(f, args, tangents)[1]


# -- the rest --------------------------------------------------------------------------------------


def vmap(f: Any, in_axes: Any = 0, out_axes: int = 0) -> Any:
    def mapped(*args: Any) -> Any:
        axes = in_axes if isinstance(in_axes, tuple) else (in_axes,) * len(args)
        size = next(array(a).shape[k] for a, k in zip(args, axes, strict=True) if k is not None)
        rows = []
        for i in range(size):
            pairs = zip(args, axes, strict=True)
            rows.append(f(*(a if k is None else np.take(array(a), i, k) for a, k in pairs)))
        return np.stack([array(row) for row in rows], axis=out_axes)

    return mapped


def jit(f: Any) -> Any:
    return f


checkpoint = jit


def cond(pred: Any, true_fun: Any, false_fun: Any, *operands: Any) -> Any:
    return (true_fun if pred else false_fun)(*operands)


def fori_loop(lower: int, upper: int, f: Any, init: Any) -> Any:
    for i in range(lower, upper):
        init = f(i, init)
    return init


def scan(f: Any, init: Any, xs: Any) -> tuple[Any, Any]:
    rows = []
    for x in xs:
        init, y = f(init, x)
        rows.append(y)
    return init, stack(rows)


def with_own_tangent(f: Any) -> Any:
    """What `custom_jvp` with the right rule means."""
    return f


with_own_adjoint = with_own_tangent
