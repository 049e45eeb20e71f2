"""Functions that jitad cannot read: run by Python where they stand, or given a meaning by users.

`callback` runs a function outside of the program; its derivative is a rule of the user's, or one of
differences. `extend` enters what a function of another library records on traced values.
"""

from __future__ import annotations

from collections.abc import Callable
from types import FunctionType
from typing import Any, final

import numpy as np

from jitad.custom import custom_jvp, custom_vjp, elemental
from jitad.frontend.active import depth
from jitad.frontend.pytree import flatten, unflatten
from jitad.frontend.roads import Reader
from jitad.frontend.traceable import PLAIN, check_functions
from jitad.functions.control.opaque import run_outside
from jitad.ir.errors import TraceError
from jitad.ir.value import FUNCTIONS, UFUNCS, Value


@final
class callback(Reader):
    """A function that Python runs at each call: on plain arrays, outside of the program.

    Args:
        fun: a function of arrays that returns arrays. It must depend on its arguments alone: calls
            may be merged, left out, and made from several threads.
        result_shape: the shape of its result, which is float64 then; or an array, or a pytree of
            arrays, whose shapes and dtypes are those of the result; or a function that makes one of
            these of the arguments.
        derivative: None, or "differences": central differences of fourth order. `fun` is then
            called four times for each number in the arguments, up to max(1, |x|) / 256 away from
            it, and must be smooth there.

    Rules are set by `f.defjvp(rule)` or `f.defvjp(fwd, bwd)`, as those of `jitad.custom_jvp` and
    `jitad.custom_vjp`; without one, a derivative raises `DifferentiationError`. `jitad.vmap` calls
    the function for one point after the other.

    Raises:
        TraceError: `derivative` is neither; or a call has no array among its arguments.
        ShapeError: at a call, `fun` returns other shapes, dtypes or numbers of arrays than
            `result_shape` says.

    >>> import numpy as np, jitad
    >>> f = jitad.callback(lambda x: np.sin(x), lambda x: x)
    >>> rule = f.defjvp(lambda primals, tangents: (f(*primals), np.cos(primals[0]) * tangents[0]))
    >>> jitad.grad(lambda x: 2 * f(x))(0.0)
    np.float64(2.0)
    >>> g = jitad.callback(lambda x: np.array([x @ x]), (1,), derivative="differences")
    >>> jitad.jacobian(g)(np.array([1.0, 2.0])).round(8)
    array([[2., 4.]])
    """

    def __init__(
        self, fun: Callable[..., Any], result_shape: Any, derivative: str | None = None
    ) -> None:
        if derivative not in (None, "differences"):
            raise TraceError(
                f"derivative={derivative!r} of a callback",
                remedy='give None, or "differences"; rules are set by .defjvp or .defvjp',
            )
        check_functions(fun)
        self._fun, self._shape = fun, result_shape
        self.__name__ = getattr(fun, "__name__", type(fun).__name__)
        self._made: Any = elemental(_Differences(self)) if derivative else custom_jvp(self._outside)

    @property
    def reads(self) -> Any:
        """The function and its rule, which are compared before a kernel is used again."""
        return [self._fun, *self._made.reads[1:]]

    def defjvp(self, jvp: Callable[..., Any]) -> Callable[..., Any]:
        """Set the rule: `jvp(primals, tangents)` gives (result, tangent)."""
        self._made = custom_jvp(self._outside)
        return self._made.defjvp(jvp)

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Set the rule: `fwd(*args)` gives (result, residuals), `bwd(residuals, y_bar)` the
        adjoints."""
        self._made = custom_vjp(self._outside)
        self._made.defvjp(fwd, bwd)

    def __call__(self, *args: Any) -> Any:
        return self._made(*args) if depth() else self._fun(*args)

    def _outside(self, *args: Any) -> Any:
        return run_outside(self.__name__, self._fun, self._like(args), args)

    def _like(self, args: Any) -> Any:
        """Arrays of the shapes and dtypes of the results."""
        found = self._shape(*args) if callable(self._shape) else self._shape
        if isinstance(found, tuple) and all(isinstance(n, int) for n in found):
            return np.broadcast_to(0.0, found)
        leaves, structure = flatten(found)
        return unflatten(structure, [_template(x) for x in leaves])


def _template(x: Any) -> Any:
    """An array of that shape and dtype, integers for no more than the shape of numbers."""
    if not isinstance(x, Value) and not hasattr(x, "shape"):
        x = np.asarray(x)
    dtype = np.dtype(x.dtype)
    return np.broadcast_to(np.zeros((), dtype), tuple(x.shape))


class _Differences:
    """A function with partials by differences, whose own partials are such again."""

    def __init__(self, function: callback) -> None:
        self._function = function

    def f(self, *xs: Any) -> Any:
        """The value."""
        return self._function._outside(*xs)

    def df(self, *xs: Any) -> Any:
        """The partials, each by a callback."""
        return tuple(self._partial(k)(*xs) for k in range(len(xs)))

    def _partial(self, k: int) -> callback:
        function = self._function

        def slope(*xs: Any) -> Any:
            return _difference(function._fun, xs, k)

        def shape(*xs: Any) -> Any:
            like = function._like(xs)
            return np.broadcast_to(np.zeros((), like.dtype), (*like.shape, *np.shape(xs[k])))

        return callback(slope, shape, derivative="differences")


_STEP = 2.0**-9


def _difference(f: Callable[..., Any], xs: Any, k: int) -> Any:
    """The partial by argument k, of the shape of the value and that of the argument."""
    x = np.asarray(xs[k], float)
    columns = []
    for i in range(x.size):
        unit = np.zeros(x.size)
        unit[i] = _STEP * max(1.0, abs(x.flat[i]))
        step = np.reshape(unit, x.shape)

        def at(times: float, step: np.ndarray = step) -> Any:
            return np.asarray(f(*xs[:k], (x + times * step)[()], *xs[k + 1 :]))

        columns.append((8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * unit[i]))
    found = np.stack(columns, axis=-1) if columns else np.zeros((*np.shape(f(*xs)), 0))
    return np.reshape(found, (*found.shape[:-1], *x.shape))


def extend(function: Any) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Let a function of a library mean, on traced values, what the decorated one computes.

    Args:
        function: a function or ufunc of NumPy's, SciPy's or another library; it is known by its
            identity, by whatever name a program calls it.

    Returns:
        A decorator. What it decorates takes the same arguments; it is read as a program, and may
        use all of NumPy, a `jitad.callback`, or a function by `jitad.custom_jvp`. On plain arrays,
        outside of programs, the library's own function runs.

    Raises:
        TraceError: if the function has a meaning on traced values already.

    >>> import numpy as np, jitad
    >>> from scipy.special.cython_special import elliprc
    >>> @jitad.extend(elliprc)
    ... def rule(x, y):
    ...     return np.arctan(np.sqrt((y - x) / x)) / np.sqrt(y - x)
    >>> jitad.grad(lambda y: elliprc(1.0, y))(2.0).round(8)
    np.float64(-0.14269908)
    """
    if not callable(function):
        raise TraceError(f"{function!r} is no function", remedy="give the function itself")

    def enter(rule: Callable[..., Any]) -> Callable[..., Any]:
        check_functions(rule)
        is_ufunc = isinstance(function, np.ufunc)
        table: dict[Any, Any] = UFUNCS if is_ufunc else FUNCTIONS
        if function in table or PLAIN.has(function):
            raise TraceError(
                f"{getattr(function, '__name__', function)} has a meaning on traced values",
                remedy="write a function of your own with jitad.custom_jvp, and call that",
            )
        meaning = PLAIN.reader(rule) if isinstance(rule, FunctionType) else rule
        table[function] = meaning
        if not is_ufunc:
            PLAIN.add(function, meaning)
        return rule

    return enter
