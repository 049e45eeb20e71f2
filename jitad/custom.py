"""Functions that bring their own derivatives: custom_jvp, custom_vjp, and blocks with partials.

Names and semantics are JAX's. A rule is traced as the function itself is: it may use all of NumPy,
branch on values, close over arrays and call the function. Called outside of a trace, the function
is the plain function.
"""

from __future__ import annotations

import functools
import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from types import FunctionType, MethodType
from typing import Any, final

import numpy as np

from jitad.frontend.active import depth, holds_traced
from jitad.frontend.pytree import flatten, unflatten
from jitad.frontend.roads import Reader
from jitad.frontend.traceable import check_functions, traceable
from jitad.functions.control.custom import AdjointRule, TangentRule, call
from jitad.ir.errors import TraceError
from jitad.runtime.pickling import by_name


class _Custom(Reader, ABC):
    """Abstract: a function with a place for its rule."""

    def __init__(self, fun: Callable[..., Any], nondiff_argnums: Iterable[int] = ()) -> None:
        if not callable(fun):
            raise TraceError(
                f"{fun!r} is not a function",
                remedy="with options write @functools.partial(jitad.custom_jvp, "
                "nondiff_argnums=(0,))",
            )
        for name in functools.WRAPPER_ASSIGNMENTS:
            if (item := getattr(fun, name, None)) is not None:
                setattr(self, name, item)
        self._fun = fun
        # The function and its rules: what they read is compared before a kernel is used again.
        self.reads: list[Any] = [fun]
        self._name = getattr(fun, "__name__", type(fun).__name__)
        if isinstance(nondiff_argnums, (str, int)) or not all(
            isinstance(k, int) for k in nondiff_argnums
        ):
            raise TraceError(
                f"nondiff_argnums={nondiff_argnums!r}", remedy="give a tuple of ints, such as (0,)"
            )
        self.nondiff_argnums = tuple(sorted(nondiff_argnums))

    @property
    def __wrapped__(self) -> Callable[..., Any]:
        """The function itself."""
        return self._fun

    def __reduce__(self) -> tuple[Any, ...]:
        # A rule that calls the function leads back here: it is part of the state.
        return by_name(self, self._fun) or (object.__new__, (type(self),), vars(self))

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not depth():
            return self._fun(*args, **kwargs)
        if not _has_traced((args, kwargs)):
            result = self._fun(*args, **kwargs)
            if not _has_traced(result):
                return result
        arguments = self._positional(args, kwargs)
        count = len(arguments)
        fixed = {k + count if k < 0 else k for k in self.nondiff_argnums}
        if any(not 0 <= k < count for k in fixed):
            raise TraceError(
                f"nondiff_argnums={self.nondiff_argnums} of {self._name}, which is given {count} "
                "arguments",
                remedy="count arguments from 0, or from -1 backwards",
            )
        places = [k for k in range(count) if k not in fixed]
        nondiff = tuple(arguments[k] for k in range(count) if k in fixed)

        def whole(*primals: Any) -> list[Any]:
            filled = list(arguments)
            for k, x in zip(places, primals, strict=True):
                filled[k] = x
            return filled

        return call(
            self._name,
            lambda *primals: traceable(self._fun)(*whole(*primals)),
            self._rule(whole, nondiff),
            [arguments[k] for k in places],
        )

    @abstractmethod
    def _rule(self, whole: Callable[..., list[Any]], nondiff: tuple[Any, ...]) -> Any:
        """The rule for the arguments that are not `nondiff`; None where there is none yet."""

    def _positional(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> list[Any]:
        """All arguments by their positions, defaults included."""
        if not isinstance(inspect.unwrap(self._fun), (FunctionType, MethodType)) and not kwargs:
            return list(args)
        bound = inspect.signature(self._fun).bind(*args, **kwargs)
        bound.apply_defaults()
        if bound.kwargs:
            raise TraceError(
                f"{self._name} has a derivative rule, and takes {next(iter(bound.kwargs))!r} by "
                "name alone",
                remedy="let its parameters be positional ones: rules count them",
            )
        return list(bound.args)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: the instance is argument 0."""
        return self if instance is None else MethodType(self, instance)


def _has_traced(tree: Any) -> bool:
    return any(holds_traced(x) for x in flatten(tree)[0])


@final
class custom_jvp(_Custom):
    """A function with a derivative rule of its own, for tangents; both modes follow from it.

    Args:
        fun: the function.
        nondiff_argnums: the positions of arguments that are not differentiated, such as functions
            and options; the rule is given them first.

    The rule is set by `f.defjvp(rule)`, where `rule(primals, tangents)` gives (result, tangent of
    the result), or by `f.defjvps`. It must be linear in the tangents. `tangents` has zeros for
    arguments of integers; a tangent of None that is returned is zero.

    >>> import numpy as np, jitad
    >>> @jitad.custom_jvp
    ... def log1pexp(x):
    ...     return np.log(1 + np.exp(x))
    >>> @log1pexp.defjvp
    ... def rule(primals, tangents):
    ...     (x,), (dx,) = primals, tangents
    ...     return log1pexp(x), (1 - 1 / (1 + np.exp(x))) * dx
    >>> jitad.grad(log1pexp)(1000.0)
    np.float64(1.0)
    """

    def __init__(self, fun: Callable[..., Any], nondiff_argnums: Iterable[int] = ()) -> None:
        super().__init__(fun, nondiff_argnums)
        self._jvp: Callable[..., Any] | None = None

    def defjvp(self, jvp: Callable[..., Any]) -> Callable[..., Any]:
        """Set the rule: `jvp(*nondiff, primals, tangents)` gives (result, tangent)."""
        check_functions(jvp)
        self._jvp, self.reads[1:] = jvp, [jvp]
        return jvp

    def defjvps(self, *jvps: Callable[..., Any] | None) -> None:
        """Set the rule argument by argument: `jvp(dx, result, *primals)` is that one's share.

        None is for an argument on which the function does not depend.

        >>> import jitad
        >>> product = jitad.custom_jvp(lambda x, y: x * y)
        >>> product.defjvps(lambda dx, v, x, y: dx * y, lambda dy, v, x, y: x * dy)
        >>> jitad.grad(product, (0, 1))(2.0, 3.0)
        (np.float64(3.0), np.float64(2.0))
        """
        if self.nondiff_argnums:
            raise TraceError(
                "defjvps has no place for nondiff_argnums", remedy="use defjvp, one rule for all"
            )

        check_functions(*(rule for rule in jvps if rule is not None))
        self._jvp, self.reads[1:] = _Shares(self, jvps), jvps

    def _rule(
        self, whole: Callable[..., list[Any]], nondiff: tuple[Any, ...]
    ) -> TangentRule | None:
        jvp = self._jvp
        if jvp is None:
            return None
        source = next((rule for rule in self.reads[1:] if rule is not None), self._fun)
        return TangentRule(lambda *both: traceable(jvp)(*nondiff, *both), source)


@dataclass(frozen=True, eq=False)
class _Shares:
    """The rule of a function whose arguments have rules of their own."""

    function: custom_jvp
    rules: tuple[Callable[..., Any] | None, ...]

    def __call__(self, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        if len(self.rules) != len(primals):
            raise TraceError(
                f"a function has {len(self.rules)} rules for {len(primals)} arguments",
                remedy="give defjvps a rule, or None, for each argument",
            )
        result = self.function(*primals)
        shares = [
            traceable(rule)(dx, result, *primals)
            for rule, dx in zip(self.rules, tangents, strict=True)
            if rule is not None
        ]
        return result, _sum_of_trees(shares)


def _sum_of_trees(trees: Sequence[Any]) -> Any:
    """The sum of trees of one structure, None where there are none."""
    if not trees:
        return None
    leaves, structures = zip(*map(flatten, trees), strict=True)
    columns = zip(*leaves, strict=True)
    return unflatten(structures[0], [sum(column[1:], column[0]) for column in columns])


@final
class custom_vjp(_Custom):
    """A function with a derivative rule of its own, for adjoints: reverse mode alone has it.

    Args:
        fun: the function.
        nondiff_argnums: the positions of arguments that are not differentiated, such as functions
            and options; the backward rule is given them first.

    The rule is set by `f.defvjp(fwd, bwd)`. `fwd` takes the arguments of `fun` and returns
    (result, residuals), any pytree of residuals. `bwd(residuals, y_bar)` returns a tuple of an
    adjoint for each argument that is differentiated; None is zero, as for integers.

    >>> import numpy as np, jitad
    >>> @jitad.custom_vjp
    ... def clipped(x):
    ...     return x
    >>> clipped.defvjp(lambda x: (x, None), lambda _, x_bar: (np.clip(x_bar, -1, 1),))
    >>> jitad.grad(lambda x: 3 * clipped(x))(2.0)
    np.float64(1.0)
    """

    def __init__(self, fun: Callable[..., Any], nondiff_argnums: Iterable[int] = ()) -> None:
        super().__init__(fun, nondiff_argnums)
        self._halves: tuple[Callable[..., Any], Callable[..., Any]] | None = None

    def defvjp(self, fwd: Callable[..., Any], bwd: Callable[..., Any]) -> None:
        """Set the rule: `fwd(*args)` gives (result, residuals), `bwd(*nondiff, residuals, y_bar)`
        the adjoints."""
        check_functions(fwd, bwd)
        self._halves, self.reads[1:] = (fwd, bwd), [fwd, bwd]

    def _rule(
        self, whole: Callable[..., list[Any]], nondiff: tuple[Any, ...]
    ) -> AdjointRule | None:
        if self._halves is None:
            return None
        fwd, bwd = self._halves
        return AdjointRule(
            lambda *primals: traceable(fwd)(*whole(*primals)),
            lambda kept, y_bar: traceable(bwd)(*nondiff, kept, y_bar),
            self._halves,
        )


# -- blocks of a computational graph ---------------------------------------------------------------


def elemental(block: Any) -> custom_jvp:
    """A block of a computational graph, given by its value and its local partials, as a function.

    The name is Griewank & Walther's: a program is a composition of elemental functions, and its
    derivative the product of their elemental partials.

    Args:
        block: an object with `f(*xs)`, the value, an array; and `df(*xs)`, the partials: for each
            x an array of shape value.shape + x.shape, in a tuple, or that alone for a single x.

    Returns:
        The function f. Both modes take its derivatives from df, whose own derivatives are those
        of the next order.

    Source: Griewank & Walther, Evaluating Derivatives, 2nd ed., SIAM 2008, section 2.2.

    >>> import numpy as np, jitad
    >>> class Distance:
    ...     def f(self, x, y):
    ...         return np.hypot(x, y)
    ...     def df(self, x, y):
    ...         return x / np.hypot(x, y), y / np.hypot(x, y)
    >>> jitad.grad(jitad.elemental(Distance()), (0, 1))(3.0, 4.0)
    (np.float64(0.6), np.float64(0.8))
    """
    missing = [name for name in ("f", "df") if not callable(getattr(block, name, None))]
    if missing:
        raise TraceError(
            f"a block of type {type(block).__name__} has no method {missing[0]}",
            remedy="give it f(*xs), the value, and df(*xs), the partials",
        )
    function = custom_jvp(block.f)
    function._jvp, function.reads[1:] = _Partials(function, block), [block.df]
    return function


@dataclass(frozen=True, eq=False)
class _Partials:
    """The tangent of a block: the sum of its partials times the tangents of the arguments."""

    function: custom_jvp
    block: Any

    def __call__(self, primals: tuple[Any, ...], tangents: tuple[Any, ...]) -> tuple[Any, Any]:
        name = type(self.block).__name__
        value, found = self.function(*primals), traceable(self.block.df)(*primals)
        partials = found if isinstance(found, (tuple, list)) else (found,)
        if len(partials) != len(primals):
            raise TraceError(
                f"{name}.df returned {len(partials)} partials for {len(primals)} arguments",
                remedy="return a tuple with an array for each argument",
            )
        moved: Any = 0.0
        for x, dx, partial in zip(primals, tangents, partials, strict=True):
            wanted = np.shape(value) + np.shape(x)
            if np.shape(partial) != wanted:
                raise TraceError(
                    f"{name}.df returned a partial of shape {np.shape(partial)}, and {wanted} is "
                    "needed",
                    remedy="its shape is the value's followed by the argument's",
                )
            moved = moved + np.tensordot(partial, dx, axes=np.ndim(x))
        return value, moved
