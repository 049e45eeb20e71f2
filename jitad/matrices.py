"""The public transforms that give whole matrices, products with them, and sums of their entries.

Names and semantics are JAX's, as those of `api`; sparse matrices are SciPy's.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Literal, ParamSpec, overload

from jitad.api import grad, jvp
from jitad.ir.errors import DifferentiationError, ShapeError
from jitad.programs.call import Argnums, Function, static
from jitad.programs.jacobian import jacobian as jacobian_program
from jitad.programs.laplacian import laplacian as laplacian_program
from jitad.programs.recorded import compiled
from jitad.programs.sparse import sparse_hessian, sparse_jacobian
from jitad.runtime.launch import Transformed, transformed
from jitad.sparse.matrix import patterns
from jitad.sparse.pattern import Pattern

P = ParamSpec("P")
Mode = Literal["auto", "forward", "fwd", "reverse", "rev", "eliminate"]
Format = Literal["csr", "csc", "coo"]

_FORMATS = ("csr", "csc", "coo")

_MODES = {
    "auto": "auto", "forward": "forward", "fwd": "forward", "reverse": "reverse", "rev": "reverse",
    "eliminate": "eliminate",
}  # fmt: skip


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
    options = static(argnums), has_aux, holomorphic, known
    return transformed(fun, jacobian_program, options)


def _sparse(
    fun: Callable[P, Any], program: Any, argnums: Argnums, has_aux: bool, holomorphic: bool,
    sparse: Any, format: str,
) -> Transformed[P, Any]:  # fmt: skip
    if format not in _FORMATS:
        raise ShapeError(f"format={format!r}", remedy="give csr, csc or coo")
    if sparse is False:
        raise ShapeError(f"format={format!r} of a dense matrix", remedy="give sparse=True with it")
    if holomorphic:
        raise DifferentiationError(
            "sparse derivatives of complex functions", remedy="leave sparse or holomorphic out"
        )
    if sparse is not True and not isinstance(sparse, Pattern):
        remedy = "give True, or a pattern, as of jitad.sparsity"
        if sparse in _FORMATS:
            remedy = f"write sparse=True, format={sparse!r}"
        raise ShapeError(f"sparse={sparse!r}", remedy=remedy)
    pattern = None if sparse is True else sparse
    return transformed(fun, program, (static(argnums), has_aux, pattern, format))


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
    plan = transformed(fun, program, (static(argnums), False, None, "csr")).plan(*args, **kwargs)
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


@overload
def hvp(fun: Function) -> Transformed[..., Any]: ...


@overload
def hvp(
    fun: Function, primals: Sequence[Any], tangents: Sequence[Any], argnums: Argnums = 0
) -> Any: ...


def hvp(
    fun: Function,
    primals: Sequence[Any] | None = None,
    tangents: Sequence[Any] | None = None,
    argnums: Argnums = 0,
) -> Any:
    """The Hessian of a scalar function times a vector, without the Hessian: forward over reverse.

    Args:
        fun: a scalar function.
        primals: its arguments.
        tangents: a direction for each argument, or K of them along a leading axis, as in `jvp`.
        argnums: the arguments whose gradient is differentiated.

    Returns:
        The derivative of `grad(fun, argnums)` at `primals` in the direction `tangents`. Of `fun`
        alone a function `(x, p, *args)`: the Hessian by x, at `(x, *args)`, times p, which is what
        SciPy's optimisers take as `hessp=`.

    Raises:
        ShapeError: primals without tangents, or other places than the first without both.

    Source: Pearlmutter, Fast exact multiplication by the Hessian, Neural Computation 6 (1994).

    >>> import numpy as np, jitad
    >>> jitad.hvp(lambda x: np.sum(x**3), (np.array([1.0, 2.0]),), (np.array([1.0, 0.0]),))
    array([6., 0.])
    >>> jitad.hvp(lambda x: np.sum(x**3))(np.array([1.0, 2.0]), np.array([1.0, 0.0]))
    array([6., 0.])
    """
    if primals is None and tangents is None and static(argnums) == 0:
        return compiled(_hessian_times, (fun,))
    if primals is None or tangents is None:
        raise ShapeError(
            "hvp has no primals, or no tangents",
            remedy="write hvp(f, (x,), (v,)), or hvp(f) for a function of x, p and f's others",
        )
    return jvp(grad(fun, argnums), primals, tangents)[1]


def _hessian_times(functions: Sequence[Function], _: Any, x: Any, p: Any, *args: Any) -> Any:
    return jvp(lambda x: grad(functions[0])(x, *args), (x,), (p,))[1]


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
    return transformed(fun, laplacian_program, (static(argnums), has_aux, False))


def value_and_laplacian(
    fun: Callable[P, Any], argnums: Argnums = 0, has_aux: bool = False
) -> Transformed[P, tuple[Any, Any]]:
    """A function's value and its Laplacian together; arguments as of `laplacian`.

    >>> import numpy as np, jitad
    >>> jitad.value_and_laplacian(lambda x: np.sum(x**3))(np.array([1.0, 2.0]))
    (np.float64(9.0), np.float64(18.0))
    """
    return transformed(fun, laplacian_program, (static(argnums), has_aux, True))
