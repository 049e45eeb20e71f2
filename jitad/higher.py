"""The public transforms of second and higher order."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec

from jitad.api import jvp, value_and_grad, vjp
from jitad.ir.errors import ShapeError
from jitad.programs.call import Argnums, Function, static
from jitad.programs.recorded import compiled
from jitad.programs.second import gauss_newton as gauss_newton_program
from jitad.programs.second import hessian_diagonal as diagonal_program
from jitad.programs.second import value_grad_hessian
from jitad.programs.taylor import taylor as taylor_program
from jitad.runtime.launch import Transformed, transformed

P = ParamSpec("P")


def taylor(fun: Function, x: Any, v: Any, order: int) -> Any:
    """The Taylor coefficients of t -> fun(x + t v) at t = 0, to any order, by one forward sweep.

    Coefficients, not derivatives: number k is the k-th derivative divided by k!, so that
    `numpy.polynomial.polynomial.polyval(t, coefficients)` is the Taylor polynomial. The cost grows
    with the square of the order, where nested derivatives double with each.

    Args:
        fun: a function of one argument, an array or a pytree; it returns real or complex arrays
            of floating point, in any pytree.
        x: the argument.
        v: the direction, of x's structure, shapes and dtypes.
        order: the highest power of t, at least 0.

    Returns:
        The structure of `fun(x)`, and for a result of shape s an array of shape (order + 1, *s):
        row 0 is the value, row 1 the directional derivative. Where `abs` or a norm is 0 on the way
        rows 2 and on are NaN, unless an even power of it is meant.

    Raises:
        ShapeError: v does not fit x, or the order is no whole number from 0.
        DifferentiationError: a result is not of floating point, or a rule on the way is for reverse
            mode alone.

    Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 13.

    >>> import numpy as np, jitad
    >>> jitad.taylor(lambda x: 1 / (1 - x), 0.0, 2.0, 4)
    array([ 1.,  2.,  4.,  8., 16.])
    """
    if isinstance(order, bool) or not isinstance(order, int) or order < 0:
        raise ShapeError(f"order={order!r}", remedy="give a whole number from 0 on")
    return transformed(fun, taylor_program, (order,))(x, v)


def value_grad_hess(
    fun: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False
) -> Transformed[P, tuple[Any, Any, Any]]:
    """A scalar function's value, gradient and Hessian together, forward over reverse.

    Values and gradient are computed once, beside one tangent of the gradient for each element.

    Args:
        fun: returns a real scalar (with `has_aux` a pair of it and aux).
        argnums: which positional arguments to differentiate: real arrays of floating point, in any
            pytree.
        has_aux: the value is then `(value, aux)`.

    Returns:
        A function of the same arguments; its results are as those of `value_and_grad` and
        `hessian`: for an argument of shape s the gradient has shape s, the Hessian s + s.

    Raises:
        DifferentiationError: the value is no scalar, or it or an argument is complex or of
            integers.

    >>> import numpy as np, jitad
    >>> value, gradient, hessian = jitad.value_grad_hess(lambda x: x[0] ** 2 * x[1])(np.ones(2))
    >>> print(value, gradient, hessian.tolist())
    1.0 [2. 1.] [[2.0, 2.0], [2.0, 0.0]]
    """
    return transformed(fun, value_grad_hessian, (static(argnums), has_aux))


def value_grad_hvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], argnums: Argnums = 0
) -> tuple[Any, Any, Any]:
    """A scalar function's value, its gradient, and its Hessian times a vector, in one program.

    Arguments and errors as of `hvp`; so is the last of the three results, the Hessian times
    `tangents`.

    >>> import numpy as np, jitad
    >>> f = lambda x: np.sum(x**3)
    >>> jitad.value_grad_hvp(f, (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    (np.float64(9.0), array([ 3., 12.]), array([6., 0.]))
    """
    (value, gradient), (_, product) = jvp(value_and_grad(fun, argnums), primals, tangents)
    return value, gradient, product


def hessian_diagonal(fun: Callable[P, Any], argnums: Argnums = 0) -> Transformed[P, Any]:
    """The second derivatives of a scalar function by each element of its argument alone.

    Forward mode of forward mode, one lane for each element: no Hessian is formed.

    Args:
        fun: returns a real scalar; what else it returns raises as in `value_grad_hess`.
        argnums: which positional arguments to differentiate.

    Returns:
        A function of the same arguments; its result has the structure, shapes and dtypes of those
        at `argnums`.

    >>> import numpy as np, jitad
    >>> jitad.hessian_diagonal(lambda x: np.sum(x**3) * x[0])(np.array([1.0, 2.0]))
    array([12., 12.])
    """
    return transformed(fun, diagonal_program, (static(argnums),))


def gauss_newton(fun: Callable[P, Any], argnums: Argnums = 0) -> Transformed[P, Any]:
    """The Gauss-Newton matrix J^T J of a function's Jacobian J, which is not stored.

    It is the Hessian of half the sum of squares of `fun`, without `fun`'s own second derivatives.
    The method that solves with it until x is found is `jitad.implicit.gauss_newton`.

    Args:
        fun: returns real arrays, in any pytree: the residuals.
        argnums: which positional arguments to differentiate.

    Returns:
        A function of the same arguments. For an argument of shape t its result has shape t + t;
        pytrees nest as those of `hessian`.

    Source: Nocedal & Wright, Numerical Optimization, 2nd ed., Springer 2006, section 10.3.

    >>> import numpy as np, jitad
    >>> jitad.gauss_newton(lambda x: np.stack([x[0] * x[1], x[0], x[1]]))(np.array([1.0, 2.0]))
    array([[5., 2.],
           [2., 2.]])
    """
    return transformed(fun, gauss_newton_program, (static(argnums),))


def gauss_newton_product(fun: Function, primals: Sequence[Any], tangents: Sequence[Any]) -> Any:
    """The Gauss-Newton matrix times a vector, J^T (J v), without either matrix.

    Args:
        fun: returns real arrays, in any pytree.
        primals: its arguments.
        tangents: for each argument a direction of its structure, shapes and dtypes.

    Returns:
        A tuple with, for each argument, its part of the product. `make_ggnvp` has J^T H J v.

    Source: Schraudolph, Fast curvature matrix-vector products for second-order gradient descent,
    Neural Computation 14 (2002).

    >>> import numpy as np, jitad
    >>> f = lambda x: np.stack([x[0] * x[1], x[0], x[1]])
    >>> jitad.gauss_newton_product(f, (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    (array([5., 2.]),)
    """
    return compiled(_product, (fun,))(tuple(primals), tuple(tangents))


def _product(functions: Sequence[Function], _: Any, primals: Any, tangents: Any) -> Any:
    moved = jvp(functions[0], primals, tangents)[1]
    return vjp(functions[0], *primals)[1](moved)
