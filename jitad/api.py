"""The public transforms: each names a program, and the runtime compiles and keeps it.

Names and semantics are JAX's. Functions take and return arrays, numbers, and pytrees of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ParamSpec, TypeVar

from jitad.codegen.options import Options
from jitad.frontend.pytree import flatten, unflatten
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.programs.call import Argnums, Function, plain, static
from jitad.programs.gradient import gradient, value_and_gradient
from jitad.programs.stages import Linear, Pullback, linear, pullback
from jitad.programs.tangent import tangent
from jitad.runtime.launch import Transformed, transformed

P = ParamSpec("P")
R = TypeVar("R")


def grad(
    fun: Callable[P, Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    roll: bool = True,
) -> Transformed[P, Any]:
    """The gradient of a scalar function, by reverse mode.

    Args:
        fun: takes arrays, numbers or pytrees of them; returns a scalar of floating point (with
            `has_aux`, a pair of it and anything else).
        argnums: which positional arguments to differentiate; of a tuple, a tuple of gradients.
        has_aux: `fun` returns `(value, aux)`; the result is then `(gradient, aux)`.
        holomorphic: argument and result are complex, and the result is f'(z). Without it the
            result is real, and the gradient at a complex argument x + iy is df/dx - i df/dy.
        roll: as of `jit`.

    Returns:
        A function of the same arguments; its result has the argument's structure, shapes, dtypes.

    Raises:
        DifferentiationError: the result is not a scalar of floating point, or the argument is one
            of integers.

    Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 3.

    >>> import numpy as np, jitad
    >>> jitad.grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    options = static(argnums), has_aux, holomorphic
    return transformed(fun, gradient, options)


def value_and_grad(
    fun: Callable[P, Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    roll: bool = True,
) -> Transformed[P, tuple[Any, Any]]:
    """A scalar function's value and gradient together; arguments as of `grad`.

    Returns:
        A function whose result is `(value, gradient)`, with `has_aux` `((value, aux), gradient)`.

    >>> import numpy as np, jitad
    >>> jitad.value_and_grad(lambda x: np.sum(x**2))(np.array([1.0, 2.0]))
    (np.float64(5.0), array([2., 4.]))
    """
    options = static(argnums), has_aux, holomorphic
    return transformed(fun, value_and_gradient, options)


# -- compiling as it is ----------------------------------------------------------------------------


def jit(
    fun: Callable[P, R],
    roll: bool = True,
    parallel: bool = False,
    fastmath: bool = False,
    *,
    static_argnums: None = None,
    static_argnames: None = None,
    donate_argnums: None = None,
) -> Transformed[P, R]:
    """The function itself, compiled: traced at new shapes and paths, then run as machine code.

    What it raises, the call raises: the same exception, of one program for all values. Where it
    writes to an array that is an argument, the caller's array changes at the end of the call.

    Args:
        fun: a function of arrays, numbers and pytrees of them.
        roll: has no effect any more, since long Python loops are read as loops.
        parallel: run long loops on several threads (see `set_num_threads`). Results have the same
            bits for any number of them; sums are added in another order than without.
        fastmath: let LLVM reorder arithmetic as if there were no rounding, NaN, infinity or sign
            of zero.
        static_argnums, static_argnames, donate_argnums: JAX's, which nothing needs here:
            arguments that are no numbers are static, and memory is not donated.

    Raises:
        TraceError: one of those is given.
        CompileError: `parallel` where there are no POSIX threads.

    >>> import numpy as np, jitad
    >>> jitad.jit(lambda x, y: np.sum(x * y))(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
    if static_argnums is not None or static_argnames is not None or donate_argnums is not None:
        raise TraceError(
            "jit has neither static arguments nor donated ones",
            remedy="leave static_argnums, static_argnames and donate_argnums out: arguments that "
            "are no numbers are static, and whole numbers may be sizes",
        )
    return transformed(fun, plain, (), Options(parallel, fastmath))


# -- tangents and adjoints of given directions -----------------------------------------------------


def jvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> Any:
    """Value and directional derivative, by forward mode: J v.

    Args:
        fun: any function of arrays, numbers and pytrees of them.
        primals: its arguments, a tuple or list.
        tangents: for each argument a direction of its structure, shapes and dtypes; or, for many
            directions at once, arrays with one more, leading, axis of K: the values and elemental
            partials are then computed once, and K linear sweeps.
        has_aux: `fun` returns `(value, aux)`, and aux is returned undifferentiated.

    Returns:
        `(value, tangent)`, with `has_aux` `(value, tangent, aux)`; of K directions the tangent
        has a leading axis of K.

    Source: Griewank & Walther, Evaluating Derivatives, section 3.1 (vector mode).

    >>> import jitad
    >>> jitad.jvp(lambda x: x**3, (2.0,), (1.0,))
    (np.float64(8.0), np.float64(12.0))
    """
    if not isinstance(primals, (tuple, list)) or not isinstance(tangents, (tuple, list)):
        raise ShapeError(
            "jvp takes tuples of primals and tangents", remedy="write jvp(f, (x,), (v,))"
        )
    if len(primals) != len(tangents):
        raise ShapeError(
            f"{len(primals)} primals and {len(tangents)} tangents",
            remedy="give each argument a tangent",
        )
    return transformed(fun, tangent, (has_aux,))(*primals, *tangents)


def vjp(fun: Function, *primals: Any, has_aux: bool = False) -> Any:
    """Value and pullback: a function from the result's adjoint to the arguments' adjoints.

    Args:
        fun: any function of arrays, numbers and pytrees of them.
        primals: its arguments.
        has_aux: `fun` returns `(value, aux)`, and aux is returned undifferentiated.

    Returns:
        `(value, pullback)`, with `has_aux` `(value, pullback, aux)`; `pullback(y_bar)` is a tuple
        of one adjoint for each argument. The values that it needs are kept, not computed again.

    Source: Griewank & Walther, Evaluating Derivatives, section 3.2.

    >>> import numpy as np, jitad
    >>> value, pullback = jitad.vjp(np.sin, 0.0)
    >>> pullback(2.0)
    (np.float64(2.0),)
    """
    (value, residuals, aux), plan = transformed(fun, pullback, (has_aux,)).run(primals, {})
    pull = Pullback(plan.companion, residuals, value)
    return (value, pull, aux) if has_aux else (value, pull)


def linearize(fun: Function, *primals: Any) -> tuple[Any, Linear]:
    """Value and linear map: the derivative at `primals` as a function of tangents.

    Returns:
        `(value, linear)`; `linear(*tangents)` is J v, from values that are kept.

    >>> import jitad
    >>> value, linear = jitad.linearize(lambda x: x**2, 3.0)
    >>> linear(1.0)
    np.float64(6.0)
    """
    (value, residuals, _), plan = transformed(fun, linear).run(primals, {})
    return value, Linear(plan.companion, residuals, primals)


# -- constants ------------------------------------------------------------------------------------


def stop_gradient(x: Any) -> Any:
    """`x` with derivative zero; any pytree.

    >>> import jitad
    >>> jitad.grad(lambda x: x * jitad.stop_gradient(x))(3.0)
    np.float64(3.0)
    """
    leaves, structure = flatten(x)
    stopped = [ew.stop_gradient(leaf) if isinstance(leaf, Value) else leaf for leaf in leaves]
    return unflatten(structure, stopped)
