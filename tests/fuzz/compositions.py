"""Transforms of transforms: random compositions, against dual numbers within dual numbers.

A program is a function of a vector x and a number p, and a tuple of transforms of such functions,
the innermost first. Both sides run the same Python: `lib` is jitad's transforms, or the oracle's.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import numpy as np

import jitad
from tests.fuzz import tower
from tests.fuzz.fuzzer import Fuzzer, register

Function = Callable[[Any, Any], Any]


def _with_own_tangent(f: Function) -> Function:
    g = jitad.custom_jvp(f)
    g.defjvp(lambda primals, tangents: jitad.jvp(f, primals, tangents))
    return g


def _with_own_adjoint(f: Function) -> Function:
    g = jitad.custom_vjp(f)
    g.defvjp(lambda x, p: (f(x, p), (x, p)), lambda kept, y_bar: jitad.vjp(f, *kept)[1](y_bar))
    return g


LIB = SimpleNamespace(
    **{name: getattr(np, name) for name in ("sin", "cos", "exp", "tanh", "stack")},
    **{
        name: getattr(jitad, name)
        for name in (
            *("grad", "value_and_grad", "jacfwd", "jacrev", "hessian", "jvp", "vjp", "linearize"),
            *("vmap", "jit", "checkpoint", "cond", "fori_loop", "scan", "stop_gradient"),
        )
    },
    with_own_tangent=_with_own_tangent,
    with_own_adjoint=_with_own_adjoint,
)

# -- functions -------------------------------------------------------------------------------------

STEPS: dict[str, Callable[..., Any]] = {
    "sin": lambda lib, y, x, p: lib.sin(y),
    "tanh": lambda lib, y, x, p: lib.tanh(y * p),
    "exp": lambda lib, y, x, p: lib.exp(lib.sin(y)),
    "square": lambda lib, y, x, p: 0.5 * y * y,
    "times x": lambda lib, y, x, p: y * x,
    "times x0": lambda lib, y, x, p: y * x[0],
    "plus p": lambda lib, y, x, p: y + p * 0.7,
    "reversed": lambda lib, y, x, p: y[::-1] * 0.9,
    "running sum": lambda lib, y, x, p: np.cumsum(y) * 0.5,
    "dot": lambda lib, y, x, p: lib.sin(np.dot(y, x)) * y,
    "sum": lambda lib, y, x, p: lib.cos(np.sum(y)) + x,
    "rotated": lambda lib, y, x, p: np.concatenate([y[1:], y[:1]]),
    "looked up": lambda lib, y, x, p: y[np.arange(y.shape[0]) * 3 % y.shape[0]] - x,
    "sine of x": lambda lib, y, x, p: y + lib.sin(x),
}


def function(lib: Any, steps: tuple[str, ...]) -> Function:
    """The vector function of these steps."""

    def f(x: Any, p: Any) -> Any:
        y = x
        for step in steps:
            y = STEPS[step](lib, y, x, p)
        return y

    return f


# -- transforms ------------------------------------------------------------------------------------


def _total(f: Function) -> Function:
    """Its results weighted and added, so that it has a gradient."""

    def total(x: Any, p: Any) -> Any:
        y = f(x, p)
        weights = np.cos(np.arange(float(y.size))).reshape(y.shape) if y.shape else 0.5
        return np.sum(y * weights)

    return total


def _narrow(f: Function, n: int) -> Function:
    """Its results as a vector of n, whatever their shape."""

    def narrow(x: Any, p: Any) -> Any:
        y = f(x, p)
        flat = y.reshape(-1)
        rows = [flat[k : k + n] for k in range(0, flat.shape[0] - n + 1, n)]
        if not rows:
            return x * np.sum(flat)
        total = rows[0]
        for row in rows[1:]:
            total = total * 0.5 + row
        return total

    return narrow


def _grad(lib: Any, f: Function, n: int) -> Function:
    return lambda x, p: lib.grad(_total(f))(x, p)


def _grad_by_number(lib: Any, f: Function, n: int) -> Function:
    return lambda x, p: x * lib.grad(_total(f), 1)(x, p)


def _value_and_grad(lib: Any, f: Function, n: int) -> Function:
    def both(x: Any, p: Any) -> Any:
        value, slopes = lib.value_and_grad(_total(f))(x, p)
        return value + slopes

    return both


def _hessian(lib: Any, f: Function, n: int) -> Function:
    return lambda x, p: lib.hessian(_total(f))(x, p)


def _jvp(lib: Any, f: Function, n: int) -> Function:
    return lambda x, p: lib.jvp(f, (x, p), (lib.cos(x), p * 0.5))[1]


def _jvp_by_one(lib: Any, f: Function, n: int) -> Function:
    """A direction that x alone has: what f closes over is constant."""
    return lambda x, p: lib.jvp(lambda v: f(v, lib.sin(p) + x[0]), (x,), (x * 0.3,))[1]


def _vjp(lib: Any, f: Function, n: int) -> Function:
    def pulled(x: Any, p: Any) -> Any:
        y, pullback = lib.vjp(f, x, p)
        x_bar, p_bar = pullback(lib.sin(y))
        return x_bar + p_bar

    return pulled


def _linearize(lib: Any, f: Function, n: int) -> Function:
    def moved(x: Any, p: Any) -> Any:
        y, tangent = lib.linearize(lambda v: f(v, p), x)
        return tangent(x * 0.5 + 1.0) + 0.1 * y

    return moved


def _vmap_scaled(lib: Any, f: Function, n: int) -> Function:
    return lambda x, p: lib.vmap(lambda s: f(x * s, p))(np.array([0.5, -0.25, 1.0]))


def _vmap(lib: Any, f: Function, n: int) -> Function:
    def at_points(x: Any, p: Any) -> Any:
        points = lib.stack([x, x * 0.5 + 0.1, -x])
        return lib.vmap(f, in_axes=(0, None), out_axes=0)(points, p)

    return at_points


def _vmap_columns(lib: Any, f: Function, n: int) -> Function:
    def at_points(x: Any, p: Any) -> Any:
        columns = lib.stack([x, x * 0.5]).T
        return lib.vmap(f, in_axes=(1, 0), out_axes=1)(columns, lib.stack([p, p * 0.8]))

    return at_points


def _cond(lib: Any, f: Function, n: int) -> Function:
    return lambda x, p: lib.cond(x[0] > 0.2, lambda: f(x, p), lambda: f(-0.5 * x, p + 0.3))


def _fori_loop(lib: Any, f: Function, n: int) -> Function:
    return lambda x, p: lib.fori_loop(0, 3, lambda i, c: lib.sin(c + f(c * 0.5, p)), x)


def _scan(lib: Any, f: Function, n: int) -> Function:
    def recurrence(x: Any, p: Any) -> Any:
        def turn(c: Any, r: Any) -> Any:
            c = lib.tanh(c + r * f(x, p))
            return c, c * r

        carry, rows = lib.scan(turn, x, lib.stack([p, p * 0.5]))
        return carry + np.sum(rows, axis=0)

    return recurrence


def _stopped(lib: Any, f: Function, n: int) -> Function:
    return lambda x, p: f(lib.stop_gradient(x), p) * x + f(x, lib.stop_gradient(p))


VECTORS: tuple[str, ...] = ("fori_loop", "scan", "stopped", "custom_jvp", "custom_vjp")
"""Transforms of functions that give a vector as long as x."""

TRANSFORMS: dict[str, tuple[int, Callable[[Any, Function, int], Function]]] = {
    "grad": (1, _grad),
    "grad by p": (1, _grad_by_number),
    "value_and_grad": (1, _value_and_grad),
    "jacfwd": (1, lambda lib, f, n: lambda x, p: lib.jacfwd(f)(x, p)),
    "jacrev": (1, lambda lib, f, n: lambda x, p: lib.jacrev(f)(x, p)),
    "jacrev by p": (1, lambda lib, f, n: lambda x, p: lib.jacrev(f, 1)(x, p)),
    "hessian": (2, _hessian),
    "jvp": (1, _jvp),
    "jvp by one": (1, _jvp_by_one),
    "vjp": (1, _vjp),
    "linearize": (1, _linearize),
    "vmap scaled": (0, _vmap_scaled),
    "vmap": (0, _vmap),
    "vmap columns": (0, _vmap_columns),
    "jit": (0, lambda lib, f, n: lib.jit(f)),
    "checkpoint": (0, lambda lib, f, n: lib.checkpoint(f)),
    "cond": (0, _cond),
    "fori_loop": (0, _fori_loop),
    "scan": (0, _scan),
    "stopped": (0, _stopped),
    "custom_jvp": (0, lambda lib, f, n: lib.with_own_tangent(f)),
    "custom_vjp": (0, lambda lib, f, n: lib.with_own_adjoint(f)),
}
"""By name: how many times it differentiates, and how it is made."""

MOST_ORDERS = 4


@dataclass(frozen=True)
class Composition:
    """The steps of the innermost function, the transforms of it, and the point."""

    steps: tuple[str, ...]
    transforms: tuple[str, ...]
    x: tuple[float, ...]
    p: float


def composed(lib: Any, program: Composition) -> Function:
    f, n = function(lib, program.steps), len(program.x)
    for name in program.transforms:
        if name in VECTORS:
            f = _narrow(f, n)
        f = TRANSFORMS[name][1](lib, f, n)
    return f


def make(rng: np.random.Generator) -> Composition:
    steps = tuple(rng.choice(list(STEPS), rng.integers(1, 5)).tolist())
    names, left, chosen = list(TRANSFORMS), MOST_ORDERS, []
    for name in rng.choice(names, rng.integers(1, 5)).tolist():
        if TRANSFORMS[name][0] <= left:
            left -= TRANSFORMS[name][0]
            chosen.append(name)
    x = rng.uniform(-1.5, 1.5, rng.integers(1, 4)).round(3)
    return Composition(steps, tuple(chosen), tuple(x.tolist()), round(rng.uniform(0.3, 1.2), 3))


def check(program: Composition) -> str:
    x, p = np.array(program.x), program.p
    want = np.asarray(composed(tower, program)(x.astype(object), p))
    want = np.vectorize(tower.number, otypes=[float])(want)
    try:
        got = np.asarray(composed(LIB, program)(x, p))
    except jitad.DifferentiationError as error:
        # As JAX has it: forward mode has nothing to go by.
        refused = "custom_vjp" in program.transforms and "reverse mode alone" in error.what
        return "" if refused else f"{error}"
    except Exception as error:
        return f"{type(error).__name__}: {error}"
    if got.shape != want.shape:
        return f"gives the shape {got.shape}, right is {want.shape}"
    scale = max(1.0, float(np.abs(want).max(initial=0)))
    if not np.allclose(got, want, rtol=1e-9, atol=1e-9 * scale):
        return f"gives {got.tolist()}, right is {want.tolist()}"
    return ""


def smaller(program: Composition) -> Iterator[Composition]:
    for name in ("transforms", "steps", "x"):
        items = getattr(program, name)
        for k in range(len(items)):
            if len(items) > (name != "transforms"):
                yield replace(program, **{name: (*items[:k], *items[k + 1 :])})


register(Fuzzer("compositions", make, check, smaller))
