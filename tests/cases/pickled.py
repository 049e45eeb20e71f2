"""Functions under every kind of transform, for pickles: their names have to be found."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from jitad import implicit

X = np.array([0.25, 0.5])
POINTS = np.array([[0.1, 0.2], [0.3, 0.4], [0.5, 0.6]])


def f(x: Any) -> Any:
    return np.sum(np.sin(x) ** 2)


def residual(z: Any, a: Any) -> Any:
    return z**2 - a


def root(a: Any) -> Any:
    return implicit.root(residual, 1.0, a)


@jitad.jit
def decorated(x: Any) -> Any:
    return np.sum(x**2)


@jitad.grad
def gradient(x: Any) -> Any:
    return np.sum(x**3)


@jitad.vmap
def mapped(x: Any) -> Any:
    return x * x


@jitad.checkpoint
def checkpointed(x: Any) -> Any:
    return np.sin(np.sin(x))


@jitad.custom_jvp
def log1pexp(x: Any) -> Any:
    return np.log(1 + np.exp(x))


@log1pexp.defjvp
def _tangent(primals: Any, tangents: Any) -> Any:
    (x,), (dx,) = primals, tangents
    return log1pexp(x), (1 - 1 / (1 + np.exp(x))) * dx


@jitad.custom_vjp
def clipped(x: Any) -> Any:
    return x


def _ahead(x: Any) -> Any:
    return x, None


def _back(_: Any, y_bar: Any) -> Any:
    return (np.clip(y_bar, -1, 1),)


clipped.defvjp(_ahead, _back)


def _share(dx: Any, _: Any, x: Any) -> Any:
    return np.sum(2 * np.sin(x) * np.cos(x) * dx)


by_shares = jitad.custom_jvp(f)
by_shares.defjvps(_share)


class Distance:
    def f(self, x: Any) -> Any:
        return np.hypot(x, 1.0)

    def df(self, x: Any) -> Any:
        return x / np.hypot(x, 1.0)


class Model:
    factor = 3.0

    @jitad.jit
    def compiled(self, x: Any) -> Any:
        return x * self.factor

    def loss(self, x: Any) -> Any:
        return self.factor * np.sum(x**2)


def kinds() -> dict[str, tuple[Any, tuple[Any, ...]]]:
    """Functions and arguments by names."""
    elemental = jitad.elemental(Distance())
    return {
        "decorated by jit": (decorated, (X,)),
        "decorated by grad": (gradient, (X,)),
        "decorated by vmap": (mapped, (X,)),
        "decorated by checkpoint": (checkpointed, (X,)),
        "decorated method": (Model.compiled, (Model(), X)),
        "bound decorated method": (Model().compiled, (X,)),
        "method": (jitad.grad(Model().loss), (X,)),
        "custom_jvp": (log1pexp, (0.3,)),
        "grad of custom_jvp": (jitad.grad(log1pexp), (0.3,)),
        "grad of custom_vjp": (jitad.grad(clipped), (0.3,)),
        "grad of defjvps": (jitad.grad(by_shares), (X,)),
        "grad of elemental": (jitad.grad(elemental), (0.3,)),
        "grad": (jitad.grad(f), (X,)),
        "hessian": (jitad.hessian(f), (X,)),
        "vmap of grad": (jitad.vmap(jitad.grad(f)), (POINTS,)),
        "vmap along 1": (jitad.vmap(f, in_axes=1), (POINTS,)),
        "checkpoint": (jitad.grad(jitad.checkpoint(f)), (X,)),
        "pullback": (jitad.vjp(f, X)[1], (1.0,)),
        "linear": (jitad.linearize(f, X)[1], (X,)),
        "kernel": (jitad.compile(jitad.grad(f), X), (X,)),
        "kernel of vmap": (jitad.compile(jitad.vmap(jitad.grad(f)), POINTS), (POINTS,)),
        "kernel of root": (jitad.compile(jitad.grad(root), 2.0), (3.0,)),
        "kernel of custom_jvp": (jitad.compile(jitad.grad(log1pexp), 2.0), (3.0,)),
        "root": (jitad.jit(root), (2.0,)),
        "grad of root": (jitad.grad(root), (2.0,)),
        "grad of a ufunc": (jitad.grad(np.sin), (0.3,)),
        "elementwise_grad": (jitad.elementwise_grad(np.sin), (X,)),
        "holomorphic_grad": (jitad.holomorphic_grad(np.sin), (0.3 + 1j,)),
        "make_hvp": (jitad.make_hvp(f)(X)[0], (X,)),
        "make_ggnvp": (jitad.make_ggnvp(f)(X), (X,)),
    }
