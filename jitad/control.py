"""Structured control flow with JAX's names and signatures: loops that are compiled as loops.

While a function is traced they are recorded; called with plain arrays they are compiled and run.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from jitad.frontend.active import depth
from jitad.frontend.traceable import check_functions
from jitad.functions.control import batches, branches, loops
from jitad.ir.errors import ShapeError, TraceError
from jitad.programs.recorded import Recorded, compiled, run_first

Functions = Sequence[Callable[..., Any]]


def scan(
    f: Callable[..., Any],
    init: Any,
    xs: Any = None,
    length: int | None = None,
    reverse: bool = False,
    checkpoint: str | int | None = None,
) -> tuple[Any, Any]:
    """Carry a value over the rows of arrays: `carry, y = f(carry, x)` for each row x, in order.

    Args:
        f: from (carry, x) to (carry, y); carry keeps its structure, shapes and dtypes.
        init: the first carry, a pytree.
        xs: a pytree of arrays with one length of their leading axes; None with `length`.
        length: the number of turns, where xs is None.
        reverse: go from the last row to the first; ys are stacked in the order of xs.
        checkpoint: how many carries reverse mode keeps, running the turns between them again:
            "binomial" about 4 log2(n), "sqrt" about sqrt(2 n), or a number; None for what the
            return sweep reads of every turn, which is fastest.

    Returns:
        `(carry, ys)`: the last carry, and the y of all turns, stacked along a leading axis.

    Compile time does not depend on the length. Reverse mode keeps, for each turn, what the return
    sweep reads of it.

    Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, sections 4.1, 12.3.

    >>> import numpy as np, jitad
    >>> jitad.scan(lambda c, x: (c + x, c * x), 0.0, np.array([1.0, 2.0, 3.0]))
    (np.float64(6.0), array([0., 2., 9.]))
    """
    check_functions(f)
    if depth():
        return loops.scan(f, init, xs, length, reverse, checkpoint)
    return compiled(_scan, (f,), length, reverse, checkpoint)(init, xs)


def _scan(functions: Functions, options: Any, init: Any, xs: Any) -> Any:
    return loops.scan(functions[0], init, xs, *options)


def fori_loop(lower: Any, upper: Any, body_fun: Callable[..., Any], init_val: Any) -> Any:
    """`val = body_fun(i, val)` for i from `lower` to `upper - 1`.

    The bounds may be traced: the number of turns is then known only when the kernel runs.

    >>> import jitad
    >>> jitad.fori_loop(0, 4, lambda i, total: total + i, 0)
    np.int64(6)
    """
    check_functions(body_fun)
    if depth():
        return loops.fori_loop(lower, upper, body_fun, init_val)
    return compiled(_fori_loop, (body_fun,))(lower, upper, init_val)


def _fori_loop(functions: Functions, _: Any, lower: Any, upper: Any, init: Any) -> Any:
    return loops.fori_loop(lower, upper, functions[0], init)


def while_loop(cond_fun: Callable[..., Any], body_fun: Callable[..., Any], init_val: Any) -> Any:
    """`val = body_fun(val)` for as long as `cond_fun(val)`.

    Both modes differentiate it: in reverse mode the number of turns is counted as the loop runs,
    and what the return sweep reads is kept on stacks that grow with it.

    >>> import jitad
    >>> jitad.grad(lambda x: jitad.while_loop(lambda y: y < 100, lambda y: y * x, 1.0))(3.0)
    np.float64(405.0)
    """
    check_functions(cond_fun, body_fun)
    if depth():
        return loops.while_loop(cond_fun, body_fun, init_val)
    return compiled(_while_loop, (cond_fun, body_fun))(init_val)


def _while_loop(functions: Functions, _: Any, init: Any) -> Any:
    condition, f = functions
    return loops.while_loop(condition, f, init)


def map(f: Callable[..., Any], xs: Any) -> Any:
    """f of each row of xs, the results stacked along a leading axis.

    >>> import numpy as np, jitad
    >>> jitad.map(lambda x: x * x, np.array([1.0, 2.0]))
    array([1., 4.])
    """
    check_functions(f)
    return _map((f,), (), xs) if depth() else compiled(_map, (f,))(xs)


def _map(functions: Functions, _: Any, xs: Any) -> Any:
    return loops.scan(lambda _, x: ((), run_first(functions, x)), (), xs, None, False)[1]


def cond(
    pred: Any, true_fun: Callable[..., Any], false_fun: Callable[..., Any], *operands: Any
) -> Any:
    """`true_fun(*operands)` where `pred` holds, else `false_fun(*operands)`.

    One kernel has both branches, and only the one that is taken runs. The results of both have one
    structure and one shape; dtypes are promoted.

    >>> import numpy as np, jitad
    >>> jitad.grad(lambda x: jitad.cond(x > 0, np.sin, np.cos, x))(0.0)
    np.float64(-0.0)
    """
    check_functions(true_fun, false_fun)
    if depth():
        return branches.cond(pred, true_fun, false_fun, operands)
    return compiled(_cond, (true_fun, false_fun))(pred, operands)


def _cond(functions: Functions, _: Any, pred: Any, operands: Any) -> Any:
    true_fun, false_fun = functions
    return branches.cond(pred, true_fun, false_fun, operands)


def switch(index: Any, functions: Sequence[Callable[..., Any]], *operands: Any) -> Any:
    """`functions[index](*operands)`; an index out of range means the first or the last.

    >>> import numpy as np, jitad
    >>> jitad.switch(1, [np.sin, np.cos], 0.0)
    np.float64(1.0)
    """
    if not isinstance(functions, (list, tuple)):
        raise TraceError(
            f"the functions of switch are a {type(functions).__name__}",
            remedy="give a list of them",
        )
    check_functions(*functions)
    if depth():
        return branches.switch(index, functions, operands)
    if not functions:
        raise ShapeError("switch without branches", remedy="give at least one function")
    return compiled(_switch, tuple(functions))(index, operands)


def _switch(functions: Functions, _: Any, index: Any, operands: Any) -> Any:
    return branches.switch(index, functions, operands)


def checkpoint(fun: Callable[..., Any]) -> Callable[..., Any]:
    """The same function, of which reverse mode keeps the arguments and not what is between.

    The return sweep computes it again: memory for time.

    Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, chapter 12.

    >>> import numpy as np, jitad
    >>> jitad.grad(jitad.checkpoint(lambda x: np.sin(np.sin(x))))(0.0)
    np.float64(1.0)
    """
    check_functions(fun)
    return Recorded(_checkpoint, (fun,))


def _checkpoint(functions: Functions, _: Any, *args: Any, **kwargs: Any) -> Any:
    (fun,) = functions
    return branches.checkpoint(fun, args, kwargs) if depth() else fun(*args, **kwargs)


def vmap(fun: Callable[..., Any], in_axes: Any = 0, out_axes: Any = 0) -> Callable[..., Any]:
    """The function over one more axis of its arguments: at many points at once.

    Args:
        fun: a function of arrays, numbers and pytrees of them.
        in_axes: the axis of each argument that the points are along, None for an argument that all
            share; an int for all arguments, or a tuple whose items may be pytrees.
        out_axes: the same for the results.

    Returns:
        A function of the same arguments; of those that are named the points are along the first
        axis. Where `fun` branches on values in Python, and where its loops differ in how often
        they turn, each point takes its own path.

    >>> import numpy as np, jitad
    >>> jitad.vmap(jitad.grad(lambda x: x**2 if x > 0 else -x))(np.array([-1.0, 3.0]))
    array([-1.,  6.])
    """
    check_functions(fun)
    return compiled(_vmap, (fun,), in_axes, out_axes, direct=True)


def _vmap(functions: Functions, axes: tuple[Any, Any], *args: Any, **named: Any) -> Any:
    return batches.vmap(functions[0], *axes, args, named)
