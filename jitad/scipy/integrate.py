"""`scipy.integrate`, on traced values as well: initial value problems, and sums over samples."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.integrate
from scipy.optimize import OptimizeResult

from jitad.frontend.active import innermost_trace
from jitad.frontend.conversion import as_array
from jitad.frontend.operands import as_dtype, implements, innermost, lift
from jitad.frontend.pytree import flatten, unflatten
from jitad.frontend.trace import trace
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import structural as st
from jitad.scipy.initial_value import Solve, System, integrate
from jitad.scipy.mirror import mirror

# -- initial value problems ------------------------------------------------------------------------


def odeint(
    func: Callable[..., Any], y0: Any, t: Any, args: Any = (), *, tfirst: bool = False,
    rtol: float = 1.49012e-8, atol: float = 1.49012e-8, **options: Any,
) -> Any:  # fmt: skip
    """As scipy.integrate.odeint (LSODA): y at the times t, shape (len(t), n).

    Args:
        func: the slope, `func(y, t, *args)` (with `tfirst` `func(t, y, *args)`); it is traced.
        y0: state at t[0], shape (n,) or a number.
        t: the times, increasing or decreasing.
        args: further arguments of func: arrays, numbers and pytrees of them.
        rtol, atol: tolerances of the integrator, for derivatives as well.
        options: of SciPy's function; those that ask for more results do not differentiate.

    Derivatives with respect to y0, t, args, and what func closes over, to any order: the
    linearised and the adjoint problem are integrated by the same method.

    Source: Hairer, Norsett & Wanner, Solving Ordinary Differential Equations I, section I.14.

    >>> import numpy as np, jitad
    >>> decay = lambda y, t, rate: -rate * y
    >>> def last(rate):
    ...     return jitad.scipy.integrate.odeint(decay, 1.0, np.array([0.0, 2.0]), (rate,))[-1, 0]
    >>> bool(np.isclose(jitad.grad(last)(0.5), -2 * np.exp(-1)))
    True
    """
    refused = innermost_trace() is not None and [
        k for k in ("Dfun", "full_output", "ml", "mu") if options.get(k) not in (None, 0)
    ]
    if refused:
        raise TraceError(
            f"odeint(..., {refused[0]}=) of traced values",
            remedy="leave it out: the derivatives come from func itself",
        )

    given = {k: v for k, v in options.items() if v is not None}

    def solve(f: Callable[..., Any], start: np.ndarray, times: np.ndarray) -> np.ndarray:
        return scipy.integrate.odeint(f, start, times, rtol=rtol, atol=atol, **given)

    traced = _states(func, y0, t, args, tfirst, solve)
    if traced is None:
        return scipy.integrate.odeint(
            func, y0, t, args, tfirst=tfirst, rtol=rtol, atol=atol, **options
        )
    return traced


def solve_ivp(
    fun: Callable[..., Any], t_span: Any, y0: Any, method: str = "RK45", t_eval: Any = None,
    args: Any = None, **options: Any,
) -> Any:  # fmt: skip
    """As scipy.integrate.solve_ivp, at the times t_eval, which must be given where it is traced.

    Args:
        fun: the slope `fun(t, y, *args)`; it is traced.
        t_span: first and last time.
        y0: state at the first time, shape (n,).
        method: "RK45", "RK23", "DOP853", "Radau", "BDF" or "LSODA".
        t_eval: the times of the result.
        args: further arguments of fun, a tuple.
        options: of SciPy's function: rtol, atol, max_step, first_step.

    Returns:
        SciPy's result object with `t`, `y` of shape (n, len(t)), `success`.
    """
    plain = functools.partial(
        scipy.integrate.solve_ivp, fun, t_span, y0, method, t_eval, args=args, **options
    )
    if innermost_trace() is None:
        return plain()
    unknown = sorted(set(options) - {"rtol", "atol", "max_step", "first_step"})
    if unknown:
        raise TraceError(
            f"solve_ivp with {unknown[0]}= of traced values", remedy="leave the option out"
        )
    if t_eval is None:
        raise TraceError(
            "solve_ivp of traced values takes steps whose number depends on them",
            remedy="give t_eval=, the times at which the result is wanted",
        )

    def solve(f: Callable[..., Any], start: np.ndarray, times: np.ndarray) -> np.ndarray:
        span = (times[0], times[-1])
        found = scipy.integrate.solve_ivp(
            lambda t, y: f(y, t), span, start, method, times, **options
        )
        if not found.success:
            raise RuntimeError(f"solve_ivp: {found.message}")
        return found.y.T

    times = np.concatenate([np.reshape(t_span[0], 1), t_eval])
    states = _states(fun, y0, times, args or (), True, solve)
    if states is None:
        return plain()
    return OptimizeResult(t=t_eval, y=states[1:].T, success=True, status=0, message="done")


def _states(
    func: Callable[..., Any], y0: Any, t: Any, args: Any, tfirst: bool, solve: Solve
) -> Any:
    """The states at the times t, the first of which is that of y0; None where nothing is traced."""
    if innermost_trace() is None:
        return None
    args = args if isinstance(args, tuple) else (args,)
    leaves, structure = flatten(args)
    shape = np.shape(y0)
    if len(shape) > 1:
        raise ShapeError(
            f"an initial state of shape {shape}", remedy="use y0.ravel(), and reshape in func"
        )
    size = shape[0] if shape else 1

    def slope(values: Sequence[Any]) -> Any:
        state, time, *rest = values
        state, given = state if shape else state[0], unflatten(structure, rest)
        result = func(time, state, *given) if tfirst else func(state, time, *given)
        result = np.stack(list(result)) if isinstance(result, (list, tuple)) else result
        return np.reshape(result * 1.0, (size,))

    start = np.reshape(y0, (size,)) * 1.0
    names = ["y", "t", *(f"a{k}" for k in range(len(leaves)))]
    traced = trace(slope, [start, t[0] * 1.0, *leaves], names)
    operands = [start, t, *leaves, *traced.captured]
    if not any(isinstance(x, Value) for x in operands):
        return None
    builder = innermost(operands)
    active = tuple(
        k for k, x in enumerate(operands[2:]) if isinstance(x, Value) and x.dtype == FLOAT64
    )
    start, times, *arguments = (lift(builder, x) for x in operands)
    times = as_dtype(times, FLOAT64)
    rest = builder.const(0, (times.shape[0] - 1, size), FLOAT64)
    jumps: Any = st.concatenate(st.reshape(start, shape=(1, size)), rest, axis=0)
    none = builder.const(0, (times.shape[0], 0), FLOAT64)
    system = System(traced.tape, solve, 0, active)
    return integrate(none, jumps, times, *arguments, system=system) + jumps


# -- sums over samples -----------------------------------------------------------------------------


@implements(scipy.integrate.trapezoid)
def _trapezoid(y: Any, x: Any = None, dx: float = 1.0, axis: int = -1) -> Any:
    return FUNCTIONS[np.trapezoid](y, x, dx, axis)


@implements(scipy.integrate.cumulative_trapezoid)
def _cumulative_trapezoid(
    y: Any, x: Any = None, dx: float = 1.0, axis: int = -1, initial: Any = None
) -> Any:
    y = FUNCTIONS[np.moveaxis](y, axis, -1)
    gaps = dx if x is None else _gaps(x, y, axis)
    result = np.cumsum(0.5 * gaps * (y[..., 1:] + y[..., :-1]), axis=-1)
    if initial is not None:
        result = np.concatenate(
            [np.full((*y.shape[:-1], 1), initial, result.dtype), result], axis=-1
        )
    return np.moveaxis(result, -1, axis)


def _gaps(x: Any, y: Any, axis: int) -> Any:
    x = as_array(x)
    return np.diff(x if x.ndim == 1 else np.moveaxis(x, axis, -1))


@implements(scipy.integrate.simpson)
def _simpson(y: Any, x: Any = None, *, dx: float = 1.0, axis: int = -1) -> Any:
    """Parabolas through three neighbours; for an even number of samples Cartwright's last interval.

    Source: Cartwright, Simpson's rule cumulative integration with MS Excel and irregularly-spaced
    data, Journal of Mathematical Sciences and Mathematics Education 12 (2017).
    """
    y = FUNCTIONS[np.moveaxis](y, axis, -1)
    count = y.shape[-1]
    gaps = np.full(count - 1, dx, y.real.dtype) if x is None else _gaps(x, y, axis)
    if count == 2:
        return np.sum(0.5 * gaps * (y[..., 1:] + y[..., :-1]), axis=-1)
    odd = count if count % 2 else count - 1
    total = _parabolas(y[..., :odd], gaps[..., : odd - 1])
    if odd == count:
        return total
    h, k = gaps[..., -2], gaps[..., -1]
    last = k * (2 * k + 3 * h) / (6 * (h + k)) * y[..., -1]
    middle = k * (k + 3 * h) / (6 * h) * y[..., -2]
    return total + last + middle - k**3 / (6 * h * (h + k)) * y[..., -3]


def _parabolas(y: Any, gaps: Any) -> Any:
    h, k = gaps[..., 0::2], gaps[..., 1::2]
    left, middle, right = y[..., 0:-2:2], y[..., 1:-1:2], y[..., 2::2]
    parts = (2 - k / h) * left + (h + k) ** 2 / (h * k) * middle + (2 - h / k) * right
    return np.sum((h + k) / 6 * parts, axis=-1)


__getattr__, __dir__ = mirror("scipy.integrate")
