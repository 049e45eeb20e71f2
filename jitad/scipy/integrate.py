"""`scipy.integrate`, on traced values as well: initial value problems, and sums over samples."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import scipy.integrate
from scipy.optimize import OptimizeResult

from jitad.frontend.active import holds_traced, innermost_trace
from jitad.frontend.conversion import as_array
from jitad.frontend.operands import as_dtype, implements, innermost, lift
from jitad.frontend.pytree import flatten, unflatten
from jitad.frontend.trace import TRACEABLE, trace
from jitad.frontend.traceable import check_functions
from jitad.implicit.solvers import ConvergenceError
from jitad.ir.errors import ShapeError, TraceError
from jitad.ir.op import FLOAT64, Shape
from jitad.ir.value import FUNCTIONS, Value
from jitad.ops import structural as st
from jitad.scipy.initial_value import Solve, System, integrate
from jitad.scipy.mirror import mirror
from jitad.scipy.quadrature import dblquad, nquad, quad, quad_vec

__all__ = ["dblquad", "nquad", "odeint", "quad", "quad_vec", "solve_ivp"]

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
        options: of SciPy's function, but full_output. Where Dfun is given, the matrix that is
            derived from func stands for it.

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
    if innermost_trace() is not None and options.get("full_output"):
        raise TraceError(
            "odeint(..., full_output=) of traced values",
            remedy="leave it out: what it tells belongs to one run",
        )
    hints = ("Dfun", "col_deriv", "ml", "mu", "full_output")
    given: dict[str, Any] = {k: v for k, v in options.items() if v is not None and k not in hints}

    def solve(f: Any, matrix: Any, start: np.ndarray, times: np.ndarray) -> np.ndarray:
        derivative = matrix if options.get("Dfun") is not None else None
        return scipy.integrate.odeint(
            f, start, times, Dfun=derivative, rtol=rtol, atol=atol, **given
        )

    traced = _states(func, y0, t, args, tfirst, solve)
    if traced is None:
        return scipy.integrate.odeint(
            func, y0, t, args, tfirst=tfirst, rtol=rtol, atol=atol, **options
        )
    return traced


def solve_ivp(
    fun: Callable[..., Any], t_span: Any, y0: Any, method: str = "RK45", t_eval: Any = None,
    dense_output: bool = False, events: Any = None, vectorized: bool = False, args: Any = None,
    **options: Any,
) -> Any:  # fmt: skip
    """As scipy.integrate.solve_ivp, of traced values as well.

    Args:
        fun: the slope `fun(t, y, *args)`; it is traced.
        t_span: first and last time.
        y0: state at the first time, shape (n,).
        method: "RK45", "RK23", "DOP853", "Radau", "BDF" or "LSODA".
        t_eval: the times of the result, in order. Without it SciPy gives its own steps, whose
            number is not known while a function is traced: of traced values the first and the last
            state can be asked for, `y[:, 0]` and `y[:, -1]`.
        dense_output: of traced values `sol(t)` integrates from the first time to t.
        events: not of traced values.
        vectorized: of traced values `fun` is called with one state.
        args: further arguments of fun, a tuple.
        options: of SciPy's function: rtol, atol, max_step, first_step, min_step. Where jac is given
            the matrix that is derived from fun stands for it.

    Returns:
        SciPy's result object with `t`, `y` of shape (n, len(t)), `sol`, `success`.

    >>> import numpy as np, jitad
    >>> def last(rate):
    ...     fun = lambda t, y: -rate * y
    ...     return jitad.scipy.integrate.solve_ivp(fun, (0, 2), [1.0], rtol=1e-9).y[0, -1]
    >>> bool(np.isclose(jitad.grad(last)(0.5), -2 * np.exp(-1)))
    True
    """
    plain = functools.partial(
        scipy.integrate.solve_ivp, fun, t_span, y0, method, t_eval, dense_output, events,
        vectorized, args, **options,
    )  # fmt: skip
    if innermost_trace() is None:
        return plain()
    if np.shape(t_span) != (2,):
        raise ShapeError(
            f"t_span={t_span!r}", remedy="give the first and the last time, (0.0, 1.0)"
        )
    _check_times(t_span, t_eval)
    solve = _Integrator(method, options, t_span[1])

    def states(times: Any) -> Any:
        return _states(fun, y0, times, args or (), True, solve)

    ends = np.stack([t_span[0] * 1.0, t_span[1] * 1.0])
    found = states(ends if t_eval is None else np.concatenate([ends[:1], t_eval]))
    if found is None:
        return plain()
    if events is not None:
        raise TraceError(
            "solve_ivp with events= of traced values",
            remedy="find the time of an event by jitad.implicit.root of g(t, sol(t)), where sol is "
            "that of dense_output=True",
        )
    y = UnknownSteps(found.T) if t_eval is None else found[1:].T
    result = OptimizeResult(y=y, sol=None, success=True, status=0, message="done")
    result.t, result.t_events, result.y_events = t_eval, None, None
    if t_eval is None:
        result.t = UnknownSteps(ends)
    if dense_output:
        result.sol = functools.partial(_at_times, states, ends)
    return result


def _check_times(t_span: Any, t_eval: Any) -> None:
    """Refuse times that SciPy refuses, where they are known."""
    known = not any(isinstance(x, Value) for x in (*t_span, t_eval))
    if t_eval is None or not known:
        return
    times = np.asarray(t_eval, float)
    first, last = sorted(t_span)
    rising = np.diff(times) * np.sign(t_span[1] - t_span[0])
    if times.ndim != 1 or not times.size or times.min() < first or times.max() > last:
        raise ShapeError(
            "the times in t_eval are not within t_span",
            remedy="give an array of one axis of times between those of t_span",
        )
    if np.any(rising <= 0):
        raise ShapeError(
            "the times in t_eval are not in order", remedy="sort them from t_span[0] to t_span[1]"
        )


_IMPLICIT = ("Radau", "BDF", "LSODA")
_HINTS = ("jac", "jac_sparsity", "lband", "uband")
"""What says how derivatives are found, which are known."""


class _Integrator:
    """SciPy's solver with its options, as a problem and its derivatives' call it."""

    def __init__(self, method: Any, options: dict[str, Any], end: Any) -> None:
        self.method = method
        self.options = {k: x for k, x in options.items() if k not in _HINTS}
        self.has_matrix = method in _IMPLICIT and options.get("jac") is not None
        self.end = None if isinstance(end, Value) else end

    def __call__(self, f: Any, matrix: Any, start: np.ndarray, times: np.ndarray) -> np.ndarray:
        falls = times[-1] < times[0]
        order, places = np.unique(-times if falls else times, return_inverse=True)
        order = -order if falls else order
        if len(order) == 1:
            return np.tile(start, (len(times), 1))
        options: dict[str, Any] = dict(self.options)
        if self.has_matrix:
            options["jac"] = lambda t, y: matrix(y, t)
        beyond = self.end is not None and (self.end < order[-1] if falls else self.end > order[-1])
        found = scipy.integrate.solve_ivp(
            lambda t, y: f(y, t), (order[0], self.end if beyond else order[-1]), start,
            self.method, order, **options,
        )  # fmt: skip
        if not found.success:
            raise ConvergenceError(
                f"solve_ivp: {found.message}",
                remedy="loosen rtol and atol, or use another method, such as LSODA",
            )
        return found.y.T[places]


class UnknownSteps:
    """What is known at the first and the last step of how many there may be."""

    def __init__(self, known: Any) -> None:
        self._known = known

    def __getitem__(self, index: Any) -> Any:
        parts = index if isinstance(index, tuple) else (index,)
        whole = Ellipsis in parts or len(parts) == self._known.ndim
        if not whole or not isinstance(parts[-1], int) or parts[-1] not in (0, -1):
            raise self._unknown()
        return self._known[index]

    def __getattr__(self, name: str) -> Any:
        raise self._unknown()

    def __array__(self, dtype: Any = None, copy: Any = None) -> Any:
        raise self._unknown()

    def __iter__(self) -> Any:
        raise self._unknown()

    def _unknown(self) -> TraceError:
        return TraceError(
            "without t_eval the steps of solve_ivp are not known while a function is traced: only "
            "y[:, 0], y[:, -1], t[0] and t[-1] are",
            remedy="give t_eval=, the times at which the result is wanted",
        )


def _at_times(states: Callable[[Any], Any], ends: Any, t: Any) -> Any:
    """The states at a time, or at several in any order."""
    times = np.reshape(t * 1.0, (-1,))
    way = np.sign(ends[1] - ends[0])
    order = np.argsort(times * way)
    found = states(np.concatenate([ends[:1], times[order]]))[1:]
    found = found[np.argsort(order)].T
    return found if np.ndim(t) else found[:, 0]


def _states(
    func: Callable[..., Any], y0: Any, t: Any, args: Any, tfirst: bool, solve: Solve
) -> Any:
    """The states at the times t, the first of which is that of y0; None where nothing is traced."""
    if innermost_trace() is None:
        return None
    check_functions(func)
    args = args if isinstance(args, tuple) else (args,)
    leaves, structure = flatten(args)
    start, shape = _start(y0)
    size = start.size

    def slope(values: Sequence[Any]) -> Any:
        state, time, *rest = values
        state, given = state if shape else state[0], unflatten(structure, rest)
        return _as_state(func(time, state, *given) if tfirst else func(state, time, *given), size)

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


def _start(y0: Any) -> tuple[Any, Shape]:
    """The initial state as a vector of float64, and the shape that it was given in: (n,) or ()."""
    y0 = np.stack(list(y0)) if isinstance(y0, (list, tuple)) and holds_traced(y0) else y0
    shape = np.shape(y0)
    if len(shape) > 1:
        raise ShapeError(
            f"an initial state of shape {shape}", remedy="use y0.ravel(), and reshape in func"
        )
    start: Any = np.reshape(y0, (-1,)) * 1.0
    if start.dtype.kind == "c":
        raise ShapeError(
            "an initial state of complex numbers",
            remedy="let the state be the real and the imaginary parts, side by side",
        )
    return start.astype(np.float64), shape


def _kind(x: Any) -> str:
    return "an array" if isinstance(x, (Value, np.ndarray)) else f"a {type(x).__name__}"


def _as_state(slope: Any, size: int) -> Any:
    """What a function returns for the slope, as one axis."""
    slope = np.stack(list(slope)) if isinstance(slope, (list, tuple)) else slope
    if not issubclass(type(slope), TRACEABLE) or np.size(slope) != size:
        raise ShapeError(
            f"the slope is {_kind(slope)} of {np.size(slope)} elements, and the state has {size}",
            remedy="return an array of the state's shape",
        )
    return np.reshape(slope * 1.0, (size,))


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
