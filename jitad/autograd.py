"""The operators that HIPS autograd has beside JAX's, under its names: for scripts written for it.

    from jitad import elementwise_grad, grad, make_hvp

`grad`, `value_and_grad`, `jacobian` and `hessian` are those of `jitad` itself; `argnum` counts as
`argnums` does there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import numpy as np

from jitad.api import grad, hvp, jvp, vjp
from jitad.frontend.pytree import flatten, unflatten
from jitad.programs.call import Argnums, Function
from jitad.runtime.launch import Transformed


def elementwise_grad(fun: Function, argnum: Argnums = 0) -> Transformed:
    """The sum of each column of the Jacobian: of a function of each element, its derivative there.

    >>> import numpy as np, jitad
    >>> jitad.elementwise_grad(np.tanh)(np.zeros(2))
    array([1., 1.])
    """

    def total(*args: Any, **kwargs: Any) -> Any:
        return np.sum(fun(*args, **kwargs))

    return grad(total, argnum)


deriv = elementwise_grad


def holomorphic_grad(fun: Function, argnum: Argnums = 0) -> Transformed:
    """f'(z) of a holomorphic function of one complex number."""
    return grad(fun, argnum, holomorphic=True)


def grad_and_aux(fun: Function, argnum: Argnums = 0) -> Transformed:
    """(gradient, aux) of a function that returns (value, aux)."""
    return grad(fun, argnum, has_aux=True)


def multigrad_dict(fun: Function) -> Callable[..., dict[str, Any]]:
    """The gradients with respect to all arguments, by their names.

    >>> import jitad
    >>> jitad.multigrad_dict(lambda x, y: x * y)(2.0, 3.0)
    {'x': np.float64(3.0), 'y': np.float64(2.0)}
    """
    signature = inspect.signature(fun)

    def gradients(*args: Any, **kwargs: Any) -> dict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        return grad(lambda named: fun(**named))(dict(bound.arguments))

    return gradients


def make_vjp(fun: Function, argnum: int = 0) -> Callable[..., tuple[Callable[..., Any], Any]]:
    """A function of the arguments that gives (pullback, value), for one of the arguments.

    >>> import numpy as np, jitad
    >>> pullback, value = jitad.make_vjp(np.sin)(0.0)
    >>> pullback(2.0)
    np.float64(2.0)
    """

    def at(*args: Any, **kwargs: Any) -> tuple[Callable[..., Any], Any]:
        value, pullback = vjp(_of_one(fun, argnum, args, kwargs), args[argnum])
        return lambda y_bar: pullback(y_bar)[0], value

    return at


def make_jvp(fun: Function, argnum: int = 0) -> Callable[..., Callable[[Any], tuple[Any, Any]]]:
    """A function of the arguments that gives the map from a tangent to (value, tangent).

    >>> import numpy as np, jitad
    >>> jitad.make_jvp(np.sin)(0.0)(2.0)
    (np.float64(0.0), np.float64(2.0))
    """

    def at(*args: Any, **kwargs: Any) -> Callable[[Any], tuple[Any, Any]]:
        inner = _of_one(fun, argnum, args, kwargs)
        return lambda tangent: jvp(inner, (args[argnum],), (tangent,))

    return at


def make_hvp(fun: Function, argnum: int = 0) -> Callable[..., tuple[Callable[[Any], Any], Any]]:
    """A function of the arguments that gives (Hessian-vector product, gradient)."""

    def at(*args: Any, **kwargs: Any) -> tuple[Callable[[Any], Any], Any]:
        inner, x = _of_one(fun, argnum, args, kwargs), args[argnum]
        return lambda vector: hvp(inner, (x,), (vector,)), grad(inner)(x)

    return at


def hessian_tensor_product(fun: Function, argnum: int = 0) -> Callable[..., Any]:
    """A function of the arguments and a tensor: the Hessian contracted with the tensor.

    >>> import numpy as np, jitad
    >>> product = jitad.hessian_vector_product(lambda x: np.sum(x**3))
    >>> product(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """

    def product(*args: Any, **kwargs: Any) -> Any:
        *rest, tensor = args
        return hvp(_of_one(fun, argnum, rest, kwargs), (rest[argnum],), (tensor,))

    return product


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Callable[..., Any]:
    """A function of the arguments and a tensor: the tensor contracted with the Jacobian."""

    def product(*args: Any, **kwargs: Any) -> Any:
        *rest, tensor = args
        return vjp(_of_one(fun, argnum, rest, kwargs), rest[argnum])[1](tensor)[0]

    return product


vector_jacobian_product = tensor_jacobian_product


def make_ggnvp(
    fun: Function, g: Function = lambda x: 0.5 * np.sum(x**2), f_argnum: int = 0
) -> Callable[..., Callable[[Any], Any]]:
    """A function of the arguments that gives the generalised Gauss-Newton product J^T H J v.

    J is the Jacobian of `fun`, and H the Hessian of `g` at its value. Source: Schraudolph, Fast
    curvature matrix-vector products for second-order gradient descent, Neural Computation 14
    (2002).
    """

    def at(*args: Any, **kwargs: Any) -> Callable[[Any], Any]:
        inner, x = _of_one(fun, f_argnum, args, kwargs), args[f_argnum]
        value, pullback = vjp(inner, x)

        def product(vector: Any) -> Any:
            tangent = jvp(inner, (x,), (vector,))[1]
            return pullback(hvp(g, (value,), (tangent,)))[0]

        return product

    return at


def _of_one(fun: Function, argnum: int, args: Any, kwargs: dict[str, Any]) -> Function:
    """The function of one of its arguments, the others held."""

    def inner(x: Any) -> Any:
        filled = list(args)
        filled[argnum] = x
        return fun(*filled, **kwargs)

    return inner


def flatten_tree(tree: Any) -> tuple[np.ndarray, Callable[[Any], Any]]:
    """All numbers of a tree in one vector, and the way back: autograd.misc.flatten.

    >>> import numpy as np, jitad
    >>> vector, back = jitad.autograd.flatten_tree({"a": np.ones(2), "b": 3.0})
    >>> back(2 * vector)["b"]
    np.float64(6.0)
    """
    leaves, structure = flatten(tree)
    shapes = [np.shape(x) for x in leaves]
    stops = np.cumsum([int(np.prod(shape)) for shape in shapes])
    vector = np.concatenate([np.ravel(x) for x in leaves]) if leaves else np.zeros(0)

    def back(values: Any) -> Any:
        parts = np.split(values, stops[:-1]) if leaves else []
        shaped = [np.reshape(x, s)[()] for x, s in zip(parts, shapes, strict=True)]
        return unflatten(structure, shaped)

    return vector, back
