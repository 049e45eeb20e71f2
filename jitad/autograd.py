"""The operators that HIPS autograd has beside JAX's, under its names: for scripts written for it.

    from jitad import elementwise_grad, grad, make_hvp

`grad`, `value_and_grad`, `jacobian` and `hessian` are those of `jitad` itself; `argnum` counts as
`argnums` does there.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, ParamSpec

import numpy as np

from jitad.api import grad, jvp, stop_gradient, vjp
from jitad.frontend.pytree import flatten, unflatten
from jitad.matrices import hvp
from jitad.programs.call import Argnums, Function
from jitad.programs.gradient import gradient
from jitad.programs.recorded import Recorded, compiled, run_first
from jitad.runtime.launch import Transformed, transformed

P = ParamSpec("P")
Functions = Sequence[Function]


def elementwise_grad(fun: Callable[P, Any], argnum: Argnums = 0) -> Transformed[P, Any]:
    """The sum of each column of the Jacobian: of a function of each element, its derivative there.

    >>> import numpy as np, jitad
    >>> jitad.elementwise_grad(np.tanh)(np.zeros(2))
    array([1., 1.])
    """

    options = argnum, False, False
    total = Recorded(_total, (fun,))
    return transformed(total, gradient, options, owner=fun, request=_total)


def _total(functions: Sequence[Function], _: Any, *args: Any, **kwargs: Any) -> Any:
    return np.sum(run_first(functions, *args, **kwargs))


deriv = elementwise_grad


def holomorphic_grad(fun: Callable[P, Any], argnum: Argnums = 0) -> Transformed[P, Any]:
    """f'(z) of a holomorphic function of one complex number."""
    return grad(fun, argnum, holomorphic=True)


def grad_and_aux(fun: Callable[P, Any], argnum: Argnums = 0) -> Transformed[P, Any]:
    """(gradient, aux) of a function that returns (value, aux)."""
    return grad(fun, argnum, has_aux=True)


def multigrad_dict(fun: Function) -> Callable[..., dict[str, Any]]:
    """The gradients with respect to all arguments, by their names.

    >>> import jitad
    >>> jitad.multigrad_dict(lambda x, y: x * y)(2.0, 3.0)
    {'x': np.float64(3.0), 'y': np.float64(2.0)}
    """
    return partial(_gradients, fun)


def _gradients(fun: Function, *args: Any, **kwargs: Any) -> dict[str, Any]:
    bound = inspect.signature(fun).bind(*args, **kwargs)
    bound.apply_defaults()
    named = Recorded(_called_by_name, (fun,))
    options = 0, False, False
    function = transformed(named, gradient, options, owner=fun, request=_called_by_name)
    return function(dict(bound.arguments))


def _called_by_name(functions: Sequence[Function], _: Any, named: dict[str, Any]) -> Any:
    return run_first(functions, **named)


def make_vjp(fun: Function, argnum: int = 0) -> Callable[..., tuple[Callable[..., Any], Any]]:
    """A function of the arguments that gives (pullback, value), for one of the arguments.

    >>> import numpy as np, jitad
    >>> pullback, value = jitad.make_vjp(np.sin)(0.0)
    >>> pullback(2.0)
    np.float64(2.0)
    """

    return partial(_vjp_at, fun, argnum)


def _vjp_at(fun: Function, argnum: int, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    value, pullback = vjp(compiled(_held, (fun,), argnum), args, kwargs)
    return partial(_pulled, pullback, argnum), value


def _held(functions: Functions, options: Any, args: Any, kwargs: Any) -> Any:
    """A function of which one argument is differentiated, and the others are constants."""
    (argnum,) = options
    held = [x if k == argnum else stop_gradient(x) for k, x in enumerate(args)]
    return run_first(functions, *held, **stop_gradient(kwargs))


def _pulled(pullback: Callable[..., Any], argnum: int, y_bar: Any) -> Any:
    return pullback(y_bar)[0][argnum]


def make_jvp(fun: Function, argnum: int = 0) -> Callable[..., Callable[[Any], tuple[Any, Any]]]:
    """A function of the arguments that gives the map from a tangent to (value, tangent).

    >>> import numpy as np, jitad
    >>> jitad.make_jvp(np.sin)(0.0)(2.0)
    (np.float64(0.0), np.float64(2.0))
    """

    return partial(_jvp_at, fun, argnum)


def _jvp_at(fun: Function, argnum: int, *args: Any, **kwargs: Any) -> Callable[[Any], Any]:
    return partial(compiled(_pushed, (fun,), argnum), args, kwargs)


def _pushed(functions: Functions, options: Any, args: Any, kwargs: Any, tangent: Any) -> Any:
    inner, x = _of_one(functions[0], options[0], args, kwargs)
    return jvp(inner, (x,), (tangent,))


def make_hvp(fun: Function, argnum: int = 0) -> Callable[..., tuple[Callable[[Any], Any], Any]]:
    """A function of the arguments that gives (Hessian-vector product, gradient)."""

    return partial(_hvp_at, fun, argnum)


def _hvp_at(fun: Function, argnum: int, *args: Any, **kwargs: Any) -> tuple[Any, Any]:
    product = compiled(_hessian_product, (fun,), argnum)
    return partial(product, args, kwargs), grad(fun, argnum)(*args, **kwargs)


def _hessian_product(functions: Functions, options: Any, args: Any, kwargs: Any, v: Any) -> Any:
    inner, x = _of_one(functions[0], options[0], args, kwargs)
    return hvp(inner, (x,), (v,))


def hessian_tensor_product(fun: Function, argnum: int = 0) -> Callable[..., Any]:
    """A function of the arguments and a tensor: the Hessian contracted with the tensor.

    >>> import numpy as np, jitad
    >>> product = jitad.hessian_vector_product(lambda x: np.sum(x**3))
    >>> product(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """

    return partial(_with_last, compiled(_hessian_product, (fun,), argnum))


def _with_last(product: Function, *args: Any, **kwargs: Any) -> Any:
    return product(args[:-1], kwargs, args[-1])


hessian_vector_product = hessian_tensor_product


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Callable[..., Any]:
    """A function of the arguments and a tensor: the tensor contracted with the Jacobian."""

    return partial(_with_last, compiled(_jacobian_product, (fun,), argnum))


def _jacobian_product(functions: Functions, options: Any, args: Any, kwargs: Any, y: Any) -> Any:
    inner, x = _of_one(functions[0], options[0], args, kwargs)
    return vjp(inner, x)[1](y)[0]


vector_jacobian_product = tensor_jacobian_product


def _half_square(x: Any) -> Any:
    return 0.5 * np.sum(x**2)


def make_ggnvp(
    fun: Function, g: Function = _half_square, f_argnum: int = 0
) -> Callable[..., Callable[[Any], Any]]:
    """A function of the arguments that gives the generalised Gauss-Newton product J^T H J v.

    J is the Jacobian of `fun`, and H the Hessian of `g` at its value. Source: Schraudolph, Fast
    curvature matrix-vector products for second-order gradient descent, Neural Computation 14
    (2002).
    """

    return partial(_ggnvp_at, fun, g, f_argnum)


def _ggnvp_at(
    fun: Function, g: Function, argnum: int, *args: Any, **kwargs: Any
) -> Callable[[Any], Any]:
    return partial(compiled(_ggnvp, (fun, g), argnum), args, kwargs)


def _ggnvp(functions: Functions, options: Any, args: Any, kwargs: Any, v: Any) -> Any:
    inner, x = _of_one(functions[0], options[0], args, kwargs)
    value, pullback = vjp(inner, x)
    tangent = jvp(inner, (x,), (v,))[1]
    return pullback(hvp(functions[1], (value,), (tangent,)))[0]


def _of_one(fun: Function, argnum: int, args: Any, kwargs: dict[str, Any]) -> tuple[Function, Any]:
    """The function of one of its arguments, the others held, and that argument."""
    return partial(_with, fun, argnum, args, kwargs), args[argnum]


def _with(fun: Function, argnum: int, args: Any, kwargs: dict[str, Any], x: Any) -> Any:
    filled = list(args)
    filled[argnum] = x
    return fun(*filled, **kwargs)


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
