"""Rules of one's own for derivatives."""

from __future__ import annotations

from typing import Any

import numpy as np

import jitad
from bad_uses import X, f
from jitad import DifferentiationError, ShapeError, TraceError


def made(rule: Any) -> Any:
    """f with a rule for tangents."""
    g = jitad.custom_jvp(f)
    g.defjvp(rule)
    return g


def shares(*rules: Any) -> Any:
    """f with a rule for each argument."""
    g = jitad.custom_jvp(f)
    g.defjvps(*rules)
    return g


def halves(forward: Any, backward: Any) -> Any:
    """f with a rule for adjoints."""
    g = jitad.custom_vjp(f)
    g.defvjp(forward, backward)
    return g


def block(partials: Any) -> Any:
    """f with its partials."""
    kind = type("Block", (), {"f": staticmethod(f), "df": staticmethod(partials)})
    return jitad.elemental(kind())


# fmt: off
ROWS: list[Any] = [
    (lambda: jitad.custom_jvp(None), TraceError, 'None is not a function'),
    (lambda: jitad.custom_jvp(3.0), TraceError, '3.0 is not a function'),
    (lambda: jitad.custom_jvp(f)(X), 14.0),
    (lambda: jitad.grad(jitad.custom_jvp(f))(X), DifferentiationError, 'f has no derivative rule'),
    (lambda: jitad.grad(made(lambda p, t: None))(X), TraceError, 'the rule of f returned a NoneType'),
    (lambda: jitad.grad(made(lambda p, t: f(p[0])))(X), TraceError, 'the rule of f returned a traced value'),
    (lambda: jitad.grad(made(lambda p, t: (f(p[0]), "a")))(X), TraceError, 'the tangent from the rule of f is a str'),
    (lambda: jitad.grad(made(lambda p, t: (f(p[0]), X)))(X), ShapeError, 'the tangent from the rule of f is float64[3],'),
    (lambda: jitad.grad(made(lambda p, t: (f(p[0]), t[0])))(X), ShapeError, 'the tangent from the rule of f is float64[3],'),
    (lambda: jitad.grad(made(lambda p, t: (p[0], np.sum(t[0]))))(X), ShapeError, 'the result of the rule of f is float64[3], and'),
    (lambda: jitad.grad(made(lambda p, t: (f(p[0]), np.sum(t[0] ** 2))))(X), DifferentiationError, 'the tangent from the rule of f is not linear in'),
    (lambda: jitad.grad(made(lambda p: 1.0))(X), TypeError, '<lambda>() takes 1 positio'),
    (lambda: jitad.grad(made(lambda p, t: (f(p[0]), 1.0)))(X), [0.0, 0.0, 0.0]),
    (lambda: jitad.grad(made(None))(X), TraceError, 'None is not a function'),
    (lambda: jitad.grad(made("rule"))(X), TraceError, "'rule' is not a function"),
    (lambda: jitad.custom_jvp(f).defjvps(3.0), TraceError, '3.0 is not a function'),
    (lambda: jitad.grad(shares(lambda dx, v, x: "a"))(X), TypeError, "sum() can't sum strings [u"),
    (lambda: jitad.grad(shares(lambda dx, v: dx))(X), TypeError, '<lambda>() takes 2 positio'),
    (lambda: jitad.grad(shares())(X), TraceError, 'a function has 0 rules for 1 arguments'),
    (lambda: jitad.grad(shares(None))(X), [0.0, 0.0, 0.0]),
    (lambda: jitad.custom_jvp(f, nondiff_argnums=(5,))(X), 14.0),
    (lambda: jitad.custom_jvp(f, nondiff_argnums="a")(X), TraceError, "nondiff_argnums='a'"),
    (lambda: jitad.custom_jvp(f, nondiff_argnums=0)(X), TraceError, 'nondiff_argnums=0'),
    (lambda: jitad.custom_jvp(f, nondiff_argnums=(0,))(X), 14.0),
    (lambda: jitad.custom_vjp(None), TraceError, 'None is not a function'),
    (lambda: jitad.grad(jitad.custom_vjp(f))(X), DifferentiationError, 'f has no derivative rule'),
    (lambda: jitad.grad(halves(None, None))(X), TraceError, 'None is not a function'),
    (lambda: jitad.grad(halves(lambda x: f(x), lambda r, y: (y,)))(X), TraceError, 'the forward rule of f returned a traced value'),
    (lambda: jitad.grad(halves(lambda x: (f(x), x), lambda r, y: y))(X), TraceError, 'the backward rule of f returned one item'),
    (lambda: jitad.grad(halves(lambda x: (f(x), x), lambda r, y: None))(X), TraceError, 'the backward rule of f returned one item'),
    (lambda: jitad.grad(halves(lambda x: (f(x), x), lambda r, y: (y, y)))(X), TraceError, 'the backward rule of f returned 2 items'),
    (lambda: jitad.grad(halves(lambda x: (f(x), x), lambda r, y: (y,)))(X), ShapeError, 'an adjoint from the backward rule of f is'),
    (lambda: jitad.grad(halves(lambda x: (f(x), x), lambda r, y: ("a",)))(X), TraceError, 'an adjoint from the backward rule of f is a str'),
    (lambda: jitad.grad(halves(lambda x: (f(x), x), lambda r, y: (None,)))(X), [0.0, 0.0, 0.0]),
    (lambda: jitad.grad(halves(lambda x: (f(x), x), lambda r, y: [2 * r * y]))(X), [2.0, 4.0, 6.0]),
    (lambda: jitad.grad(halves(lambda x: (f(x), x), lambda y: (y,)))(X), TypeError, '<lambda>() takes 1 positio'),
    (lambda: jitad.grad(halves(lambda x: (f(x), "kept"), lambda r, y: (y * X,)))(X), [1.0, 2.0, 3.0]),
    (lambda: jitad.grad(halves(lambda x: (x, x), lambda r, y: (y,)))(X), ShapeError, 'the result of the forward rule of f is'),
    (lambda: jitad.jvp(halves(lambda x: (f(x), x), lambda r, y: (2 * r * y,)), (X,), (X,)), DifferentiationError, 'f has a rule for reverse mode alone'),
    (lambda: jitad.elemental(None), TraceError, 'a block of type NoneType has no method f'),
    (lambda: jitad.elemental(3.0), TraceError, 'a block of type float has no method f'),
    (lambda: jitad.elemental(type("Block", (), {"f": staticmethod(f)})()), TraceError, 'a block of type Block has no method df'),
    (lambda: jitad.grad(block(lambda x: "a"))(X), TraceError, 'Block.df returned a partial of shape (), and'),
    (lambda: jitad.grad(block(lambda x: X[:2]))(X), TraceError, 'Block.df returned a partial of shape (2,), and'),
    (lambda: jitad.grad(block(lambda x: (x, x)))(X), TraceError, 'Block.df returned 2 partials for 1 arguments'),
    (lambda: jitad.grad(block(lambda x: None))(X), TraceError, 'Block.df returned a partial of shape (), and'),
    (lambda: jitad.grad(block(lambda x: 2 * x))(X), [2.0, 4.0, 6.0]),
    (lambda: jitad.jacobian(halves(lambda x: (f(x), x), lambda r, y: (2 * r * y,)))(X[:1]), [2.0]),
    (lambda: jitad.jacobian(lambda x: X * halves(lambda x: (f(x), x), lambda r, y: (2 * r * y,))(x))(X[:1]), [[2.0], [4.0], [6.0]]),
    (lambda: jitad.jacobian(halves(lambda x: (f(x), x), lambda r, y: (2 * r * y,)), mode="forward")(X), DifferentiationError, 'f has a rule for reverse mode alone'),
    (lambda: jitad.check_grads(halves(lambda x: (f(x), x), lambda r, y: (2 * r * y,)), (X,), modes=("rev",)), None),
    (lambda: jitad.check_grads(halves(lambda x: (f(x), x), lambda r, y: (3 * r * y,)), (X,), order=1, modes=("rev",)), AssertionError, '<J^T y_bar, v> against'),
    (lambda: jitad.check_grads(halves(lambda x: (f(x), x), lambda r, y: (2 * r * y,)), (X,)), DifferentiationError, 'f has a rule for reverse mode alone'),
]
# fmt: on
