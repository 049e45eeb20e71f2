"""A function's kernel, its tape, its stages: what `compile`, `trace` and `explain` give."""

from __future__ import annotations

from typing import Any

from numba.core.errors import NumbaTypeError
from numba.extending import typeof_impl

from jitad.api import jit
from jitad.codegen.options import Options
from jitad.frontend.fallbacks import noted
from jitad.frontend.pytree import flatten
from jitad.ir.errors import CompileError
from jitad.programs.call import Function
from jitad.report import Trace, describe_stages
from jitad.runtime.cuda import CudaKernel
from jitad.runtime.cuda_function import CudaFunction
from jitad.runtime.launch import Transformed


def compile(
    fun: Function,
    *args: Any,
    target: str = "cpu",
    parallel: bool = False,
    fastmath: bool = False,
    debug: bool = False,
    on_failure: str = "raise",
    arch: str | None = None,
    device: bool = False,
    **kwargs: Any,
) -> Any:
    """A kernel for arguments of these shapes and dtypes.

    Args:
        fun: a function, plain or made by a transform such as `value_and_grad(f)`.
        args, kwargs: example arguments.
        target: "cpu", or "cuda" for an NVIDIA GPU: what `vmap` makes of a function of one point,
            elementwise arithmetic and sums over the last axes.
        parallel, fastmath: as of `jit`.
        debug: a call whose result is infinite or NaN raises NonFiniteError, which names the first
            op where that began and the line of your code (see `debug_nans`).
        on_failure: what `.njit` and `.njit_out` do where there is no result (a branch that was not
            compiled, an array of another shape, a singular matrix): "raise" an error, or "nan":
            the results are NaN, `kernel.failures` counts, `kernel.last_failure` says what it was.
            Numba loses errors of what its parallel loops (`prange`) call.
        arch: of "cuda" the architecture, such as "sm_90"; by itself that of the GPU at hand.
        device: of "cuda" a function for one thread, to be called in `@cuda.jit` code.

    Returns:
        A `Kernel`: callable from Python; `kernel.njit` is callable from Numba code. Of "cuda" a
        `CudaKernel`: callable with arrays of the device or of the host; or a `CudaFunction`, whose
        `.jit` is callable in `@cuda.jit` code.

    Raises:
        CompileError: the target has no code for one of the operations.

    >>> import numpy as np, jitad
    >>> kernel = jitad.compile(jitad.grad(lambda x: np.sum(x**2)), np.zeros(3))
    >>> kernel(np.ones(3))
    array([2., 2., 2.])
    """
    if target not in ("cpu", "cuda"):
        raise CompileError(f"target={target!r}", remedy='give "cpu" or "cuda"')
    if on_failure not in ("raise", "nan"):
        raise CompileError(f"on_failure={on_failure!r}", remedy='give "raise" or "nan"')
    function = jit(fun, parallel=parallel, fastmath=fastmath)
    if target == "cpu":
        if device:
            raise CompileError("device=True is for GPUs", remedy='give target="cuda"')
        return function.kernel(args, kwargs, debug=debug, on_failure=on_failure)
    kind = CudaFunction if device else CudaKernel
    return kind(function.plan(*args, **kwargs), Options(fastmath=fastmath), arch)


def trace(fun: Function, *args: Any, **kwargs: Any) -> Trace:
    """The tape that the function leaves when it is run at these arguments.

    Returns:
        A `Trace`: prints as the tape; `.evaluation_trace()` is the textbooks' table of values,
        tangents and adjoints, `.to_dot()` the computational graph; notebooks show it as a table.

    >>> import numpy as np, jitad
    >>> print(jitad.trace(lambda x, y: np.log(x) + x * y, 2.0, 5.0))  # doctest: +ELLIPSIS
    tape(x0: f64, x1: f64):
      v2: f64 = log(x0)...
      v3: f64 = mul(x0, x1)...
      v4: f64 = add(v2, v3)...
      return v4
    """
    leaves, structure = flatten((args, kwargs))
    plan = jit(fun).plan(*args, **kwargs)
    return Trace(fun, plan, structure, tuple(leaves))


def explain(fun: Function, *args: Any, **kwargs: Any) -> str:
    """Every stage from the tape to LLVM IR, as text; then the paths through branches.

    First comes which branches are a path each, and which loops are unrolled, and why.

    Among them is how each loop is compiled: in how many lanes, and in how many blocks on threads.
    Of a function that a transform has made, and of `jit(fun)` where `fun` is a plain one, those
    are shown that calls with arguments of these shapes have taken: what each branch was found to
    be, and how often the path was run from Python.
    """
    shown = fun if isinstance(fun, Transformed) else jit(fun)
    with noted() as notes:
        plan = shown.plan(*args, **kwargs)
    return describe_stages(plan, notes, shown.trees(args, kwargs), shown.options)


@typeof_impl.register(Transformed)  # type: ignore[untyped-decorator]  # numba has no types
def _refuse_in_numba(x: Transformed, _: Any) -> Any:
    raise NumbaTypeError(
        f"{x!r} is called from Python\n  Remedy: outside of Numba's function write "
        "`kernel = jitad.compile(jitad.grad(f), x).njit`, for arguments of the shapes of x, and "
        "call kernel(x) in it"
    )
