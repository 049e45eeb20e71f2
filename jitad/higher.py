"""The public transforms of second and higher order."""

from __future__ import annotations

from typing import Any

from jitad.ir.errors import ShapeError
from jitad.programs.call import Function
from jitad.programs.taylor import taylor as taylor_program
from jitad.runtime.launch import transformed


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
