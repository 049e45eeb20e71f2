"""The public transforms: each names a program, and the runtime compiles and keeps it.

Names and semantics are JAX's. Functions take and return arrays, numbers, and pytrees of them.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, TypeVar

import numpy as np

from jitad.codegen.options import Options
from jitad.frontend.pytree import flatten, unflatten
from jitad.ir.errors import DifferentiationError, ShapeError
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.programs.call import Argnums, Function, plain
from jitad.programs.gradient import gradient, value_and_gradient
from jitad.programs.jacobian import jacobian as jacobian_program
from jitad.programs.laplacian import laplacian as laplacian_program
from jitad.programs.sparse import sparse_hessian, sparse_jacobian
from jitad.programs.stages import Linear, Pullback, linear, pullback
from jitad.programs.tangent import tangent
from jitad.runtime.launch import Transformed, transformed
from jitad.sparse.matrix import patterns
from jitad.sparse.pattern import Pattern

P = ParamSpec("P")
R = TypeVar("R")
Mode = Literal["auto", "forward", "fwd", "reverse", "rev", "eliminate"]
Format = Literal["csr", "csc", "coo"]

_MODES = {
    "auto": "auto", "forward": "forward", "fwd": "forward", "reverse": "reverse", "rev": "reverse",
    "eliminate": "eliminate",
}  # fmt: skip


def _static(argnums: Argnums) -> Argnums:
    if type(argnums) is int:
        return argnums
    several = isinstance(argnums, (tuple, list, range, np.ndarray)) and np.ndim(argnums) == 1
    places: Any = argnums if several else (argnums,)
    whole = all(isinstance(k, (int, np.integer)) and not isinstance(k, bool) for k in places)
    if not whole or not len(places):
        raise ShapeError(
            f"argnums={argnums!r}",
            remedy="give the place of an argument, an int, or a tuple of them",
        )
    return tuple(int(k) for k in places) if several else int(places[0])


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
    options = _static(argnums), has_aux, holomorphic
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
    options = _static(argnums), has_aux, holomorphic
    return transformed(fun, value_and_gradient, options)


# -- compiling as it is ----------------------------------------------------------------------------


def jit(
    fun: Callable[P, R], roll: bool = True, parallel: bool = False, fastmath: bool = False
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

    Raises:
        CompileError: `parallel` where there are no POSIX threads.

    >>> import numpy as np, jitad
    >>> jitad.jit(lambda x, y: np.sum(x * y))(np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    np.float64(11.0)
    """
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


# -- whole Jacobians and Hessians ------------------------------------------------------------------


def jacfwd(
    fun: Callable[P, Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    roll: bool = True,
    sparse: bool | Pattern = False,
    format: Format = "csr",
) -> Transformed[P, Any]:
    """The Jacobian by forward mode: one tangent for each element of the argument, all at once.

    Args:
        fun: returns arrays of floating point, in any pytree (with `has_aux` a pair of it and aux).
        argnums: which positional arguments to differentiate.
        has_aux: the result is then `(jacobian, aux)`.
        holomorphic: arguments and results are complex, and the function is holomorphic. Without
            it forward mode takes real arguments, and reverse mode real results.
        roll: as of `jit`.
        sparse, format: as of `jacobian`.

    Returns:
        A function of the same arguments. For a result of shape s and an argument of shape t its
        result has shape s + t; pytrees nest as in JAX: the result's structure outside.

    >>> import numpy as np, jitad
    >>> jitad.jacfwd(lambda x: np.stack([x[0] * x[1], x[0]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 0.]])
    """
    return jacobian(fun, argnums, has_aux, holomorphic, "forward", roll, sparse, format)


def jacrev(
    fun: Callable[P, Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    roll: bool = True,
    sparse: bool | Pattern = False,
    format: Format = "csr",
) -> Transformed[P, Any]:
    """The Jacobian by reverse mode: one adjoint for each element of the result, all at once.

    Arguments and result as of `jacfwd`.

    >>> import numpy as np, jitad
    >>> jitad.jacrev(lambda x: np.stack([x[0] * x[1], x[0]]))(np.array([2.0, 3.0]))
    array([[3., 2.],
           [1., 0.]])
    """
    return jacobian(fun, argnums, has_aux, holomorphic, "reverse", roll, sparse, format)


def jacobian(
    fun: Callable[P, Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    mode: Mode = "auto",
    roll: bool = True,
    sparse: bool | Pattern = False,
    format: Format = "csr",
) -> Transformed[P, Any]:
    """The Jacobian by the mode that costs less, or the one that is asked for.

    Arguments and result as of `jacfwd`. `mode` is "forward" ("fwd"), "reverse" ("rev") or "auto":
    forward costs about n sweeps, for n elements of the arguments, and reverse about 1.5 m, for m of
    the result. "eliminate" is for small functions that are called often: their scalars are
    eliminated one by one, in an order that multiplies at most as often as the better of both;
    `explain` shows counts and order.

    With `sparse=True` those entries alone are computed that may be other than 0, by their own
    partials, whatever the mode. For a result of m elements and an argument of n, in C order, the
    result is SciPy's `csr_array` of shape (m, n), with `format` "csc" or "coo" what its `asformat`
    makes of that, always of the same entries (`jitad.sparsity` has them by themselves); compiled
    code has the `data` of the first, and `kernel.njit_out` writes it into a given
    array. Within functions that are traced it is a `SparseArray`, with `data`, `T`, `toarray()` and
    `@`. Where integers say which elements are read, these belong to the path that is compiled.
    `sparse` may be a `Pattern` that is known: what is outside of it is left out.

    Raises:
        ShapeError: the matrix would have more than 2**28 entries.
        DifferentiationError: numbers are complex on the way to a sparse matrix or in elimination,
            which takes no long loops either.

    Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., section 7.1 (sparse vector mode)
        and chapter 9 (accumulation of Jacobians).

    >>> import numpy as np, jitad
    >>> jitad.jacobian(np.sin)(0.0)
    np.float64(1.0)
    >>> jitad.jacobian(lambda x: x[1:] * x[:-1], sparse=True)(np.ones(100_000)).nnz
    199998
    """
    known = _MODES.get(mode)
    if known is None:
        raise ShapeError(
            f"jacobian has no mode {mode!r}", remedy="auto, forward, reverse or eliminate"
        )
    if sparse is not False or format != "csr":
        return _sparse(fun, sparse_jacobian, argnums, has_aux, holomorphic, sparse, format)
    options = _static(argnums), has_aux, holomorphic, known
    return transformed(fun, jacobian_program, options)


def _sparse(
    fun: Callable[P, Any], program: Any, argnums: Argnums, has_aux: bool, holomorphic: bool,
    sparse: Any, format: str,
) -> Transformed[P, Any]:  # fmt: skip
    if format not in ("csr", "csc", "coo"):
        raise ShapeError(f"format={format!r}", remedy="give csr, csc or coo")
    if sparse is False:
        raise ShapeError(f"format={format!r} of a dense matrix", remedy="give sparse=True with it")
    if holomorphic:
        raise DifferentiationError(
            "sparse derivatives of complex functions", remedy="leave sparse or holomorphic out"
        )
    if sparse is not True and not isinstance(sparse, Pattern):
        raise ShapeError(
            f"sparse={sparse!r}", remedy="give True, or a pattern, as of jitad.sparsity"
        )
    pattern = None if sparse is True else sparse
    return transformed(fun, program, (_static(argnums), has_aux, pattern, format))


def sparsity(fun: Function, *args: Any, argnums: Argnums = 0, order: int = 1, **kwargs: Any) -> Any:
    """Which entries the Jacobian of a function may have other than 0, or its Hessian.

    Args:
        fun: as of `jacobian`; of order 2 a scalar function.
        args, kwargs: its arguments. All points on the path that they take have this pattern.
        argnums: which positional arguments to differentiate.
        order: 1, or 2 for second derivatives.

    Returns:
        A `Pattern` for each result and argument, in the structure of `jacobian(fun, argnums,
        sparse=True)`: it prints as a picture.

    >>> import numpy as np, jitad
    >>> jitad.sparsity(lambda x: x[1:] * x[:-1], np.ones(1000))
    <Pattern 999 x 1000, 1998 entries>
    """
    if order not in (1, 2):
        raise ShapeError(f"order={order!r}", remedy="give 1 or 2")
    program = sparse_jacobian if order == 1 else sparse_hessian
    plan = transformed(fun, program, (_static(argnums), False, None, "csr")).plan(*args, **kwargs)
    matrices = plan.result([0] * plan.structure.num_leaves)
    return patterns(matrices)


def hessian(
    fun: Callable[P, Any],
    argnums: Argnums = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
    roll: bool = True,
    sparse: bool | Pattern = False,
    format: Format = "csr",
) -> Transformed[P, Any]:
    """The matrix of second derivatives, forward over reverse.

    Arguments as of `jacfwd`. For a scalar function of an argument of shape t the result has
    shape t + t; with `sparse`, as of `jacobian`, it is a sparse matrix of the elements of t.

    >>> import numpy as np, jitad
    >>> jitad.hessian(lambda x: x[0] ** 2 * x[1])(np.array([2.0, 3.0]))
    array([[6., 4.],
           [4., 0.]])
    """
    if sparse is not False or format != "csr":
        return _sparse(fun, sparse_hessian, argnums, has_aux, holomorphic, sparse, format)
    inner = jacrev(fun, argnums, has_aux, holomorphic)
    return jacfwd(inner, argnums, has_aux, holomorphic)


def hvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], argnums: Argnums = 0
) -> Any:
    """The Hessian of a scalar function times a vector, without the Hessian: forward over reverse.

    Args:
        fun: a scalar function.
        primals: its arguments.
        tangents: a direction for each argument, or K of them along a leading axis, as in `jvp`.
        argnums: the arguments whose gradient is differentiated.

    Returns:
        The derivative of `grad(fun, argnums)` at `primals` in the direction `tangents`.

    Source: Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994).

    >>> import numpy as np, jitad
    >>> jitad.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    array([6., 0.])
    """
    return jvp(grad(fun, argnums), primals, tangents)[1]


def laplacian(
    fun: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False
) -> Transformed[P, Any]:
    """The sum of a function's second derivatives by each number in its arguments.

    One forward sweep carries values, gradients and Laplacians together: of n numbers it costs about
    as much as n tangents, and forms no Hessian.

    Args:
        fun: returns real numbers or arrays of them, in any pytree (with `has_aux` a pair of it and
            aux). Its Laplacian is that of each of them.
        argnums: which positional arguments are differentiated; of several it is the sum over all.
        has_aux: the result is then `(Laplacian, aux)`.

    Returns:
        A function of the same arguments; its result has the structure and shapes of `fun`'s.

    Source: Li et al., A computational framework for neural network-based variational Monte Carlo
    with Forward Laplacian, Nature Machine Intelligence 6 (2024).

    >>> import numpy as np, jitad
    >>> jitad.laplacian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    np.float64(18.0)
    """
    return transformed(fun, laplacian_program, (_static(argnums), has_aux, False))


def value_and_laplacian(
    fun: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False
) -> Transformed[P, tuple[Any, Any]]:
    """A function's value and its Laplacian together; arguments as of `laplacian`.

    >>> import numpy as np, jitad
    >>> jitad.value_and_laplacian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    (np.float64(9.0), np.float64(18.0))
    """
    return transformed(fun, laplacian_program, (_static(argnums), has_aux, True))


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
