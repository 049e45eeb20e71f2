"""Function + its program -> callable: traces at new shapes, keeps the kernels, calls them."""

from __future__ import annotations

import threading
import warnings
import weakref
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from jitad.codegen.status import GUARD_FAILED
from jitad.frontend.operands import innermost, lift
from jitad.frontend.pytree import Structure, flatten, unflatten, with_statics
from jitad.frontend.trace import TRACEABLE, leaf_type
from jitad.ir.builder import inline
from jitad.ir.errors import CompileError, TraceError
from jitad.ir.value import Value
from jitad.runtime.debug import check_finite, debugging, is_debugging
from jitad.runtime.kernel import Kernel
from jitad.runtime.plan import Plan
from jitad.runtime.surroundings import Surroundings, surroundings

Build = Callable[[Sequence[Any], Structure], Plan]
"""From the leaves of the arguments and the structure of (args, kwargs) to a program."""

MAX_KERNELS = 128
"""Shapes for which a function keeps kernels; the longest unused one goes first."""

RECENT = 4
"""Kernels that a call tries in turn before it looks its arguments' types up."""

Recent = tuple[Callable[..., Any], Callable[[Any], Any] | None, Surroundings | None]
"""A kernel's entry, what it does to the result, and what must be as it was for it to be right."""

MAX_PATHS = 64
"""Paths through a function's branches that are kept for one shape."""


_transformed: weakref.WeakSet[Transformed] = weakref.WeakSet()


@contextmanager
def debug_nans() -> Iterator[None]:
    """Within this block, results that are not finite raise an error that says where that began.

    Every result is checked. Where one is infinite or NaN, the program is run again op by op, and
    the first op that made such a number out of finite ones is named, with the line of your code,
    and whether it belongs to the value or to a derivative.

    Raises:
        NonFiniteError: a FloatingPointError.

    >>> import numpy as np, jitad
    >>> with jitad.debug_nans():
    ...     jitad.grad(np.sqrt)(4.0)
    np.float64(0.25)
    """
    for function in tuple(_transformed):
        function.forget_recent()
    with debugging():
        yield


def take_apart(args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[list[Any], Structure]:
    """The numbers and arrays among the arguments; all else (strings, functions) is structure."""
    leaves, structure = flatten((args, kwargs))
    if all(isinstance(x, TRACEABLE) for x in leaves):
        return leaves, structure
    for x in leaves:
        if not isinstance(x, (*TRACEABLE, Hashable)):
            raise TraceError(
                f"an argument of type {type(x).__name__} is neither a number nor hashable",
                remedy="arguments are arrays, numbers, pytrees of them, and constants, which hash; "
                "close over what is none of these",
            )
    return flatten(with_statics((args, kwargs), lambda x: isinstance(x, TRACEABLE)))


class Transformed:
    """A function under a transform; compiled when it is called, once for every shape and path.

    Where an argument belongs to a function that is being traced, the transformed program becomes
    part of that function's tape.
    """

    def __init__(
        self, function: Callable[..., Any], program: Callable[..., Build], options: tuple[Any, ...]
    ) -> None:
        self.__wrapped__ = function
        self.__name__ = getattr(function, "__name__", type(function).__name__)
        self.__doc__ = getattr(function, "__doc__", None)
        self._recipe = (function, program, options)
        self._build = program(function, *options)
        self._kernels: OrderedDict[Any, list[Kernel]] = OrderedDict()
        self._lock = threading.RLock()
        self._recent: tuple[Recent, ...] = ()
        _transformed.add(self)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        if not kwargs:
            for entry, finish, seen in self._recent:
                if seen is not None and not seen.hold():
                    continue
                result = entry(*args)
                if type(result) is not int:
                    return result if finish is None else finish(result)
        return self.run(args, kwargs)[0]

    def run(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> tuple[Any, Plan]:
        """The result, and the program that computed it."""
        leaves, structure = take_apart(args, kwargs)
        if any(isinstance(x, Value) for x in leaves):
            plan = self._build(leaves, structure)
            return self._inline(plan, leaves), plan
        key = (structure, tuple([leaf_type(x) for x in leaves]))
        for kernel in tuple(self._kernels.get(key, ())):
            if kernel.surroundings is not None and not kernel.surroundings.hold():
                continue
            result = kernel.call(leaves)
            if type(result) is not int:
                self._done(key, kernel, kwargs, leaves, result)
                return result, kernel.plan
            if result != GUARD_FAILED:
                raise CompileError(f"a kernel refused arguments that it was compiled for: {key}")
        return self._compile(key, leaves, structure, kwargs)

    def _compile(
        self, key: Any, leaves: list[Any], structure: Structure, kwargs: Any
    ) -> tuple[Any, Plan]:
        seen = surroundings(self.__wrapped__)
        plan = self._build(leaves, structure)
        if any(isinstance(x, Value) for x in plan.captured):
            return self._inline(plan, leaves), plan
        drew = seen.drew()  # before the call, in which SciPy itself may draw
        kernel = Kernel(plan)
        kernel.surroundings = seen.left_alone()
        result = kernel.call(leaves)
        if type(result) is int:
            raise CompileError("a new kernel refused the arguments that it was compiled for")
        if drew:
            # A kernel would give the same numbers again.
            warnings.warn(
                f"{self.__name__} draws random numbers, and so is traced and compiled at each "
                "call; pass them, or draw them outside of the function",
                RuntimeWarning,
                stacklevel=4,
            )
        self._done(key, kernel, kwargs, leaves, result, keep=not drew)
        return result, plan

    def _done(
        self,
        key: Any,
        kernel: Kernel,
        kwargs: Any,
        leaves: Sequence[Any],
        result: Any,
        *,
        keep: bool = True,
    ) -> None:
        if is_debugging():
            check_finite(result, kernel.plan, leaves)
        if keep:
            self._keep(key, kernel, kwargs)

    def _keep(self, key: Any, kernel: Kernel, kwargs: Any) -> None:
        """Make a kernel the first to be tried for its shapes, and evict what is long unused."""
        with self._lock:
            paths = [kernel, *(k for k in self._kernels.get(key, ()) if k is not kernel)]
            self._kernels[key] = paths[:MAX_PATHS]
            self._kernels.move_to_end(key)
            while len(self._kernels) > MAX_KERNELS:
                self._kernels.popitem(last=False)
            # A kernel for a Python int takes an np.int64 too, which promotes otherwise.
            leaves = kernel.plan.leaves
            strict = all(leaf.dtype.kind in "fc" or not leaf.weak for leaf in leaves)
            # The entry sees leaves only: f((x,)) and f(x) would be one to it.
            flat = all(child.is_leaf() for child in key[0].children()[0].children())
            if not kwargs and flat and strict and not is_debugging():
                finish = None if kernel.is_plain else kernel.finish
                mine = (kernel.entry, finish, kernel.surroundings)
                others = (pair for pair in self._recent if pair[0] is not kernel.entry)
                self._recent = (mine, *others)[:RECENT]

    def forget_recent(self) -> None:
        """Have the next call take the long way, on which results are checked."""
        self._recent = ()

    def kernel(self, args: tuple[Any, ...], kwargs: dict[str, Any], *, debug: bool) -> Kernel:
        """The kernel for arguments like these."""
        return Kernel(self.plan(*args, **kwargs), debug=debug)

    def plan(self, *args: Any, **kwargs: Any) -> Plan:
        """The program for arguments like these, before any pass."""
        leaves, structure = take_apart(args, kwargs)
        return self._build(leaves, structure)

    # -- within another trace ----------------------------------------------------------------------

    def _inline(self, plan: Plan, leaves: list[Any]) -> Any:
        """Put the program onto the tape that the arguments or captured values belong to."""
        operands = [*leaves, *plan.captured]
        builder = innermost(operands)
        results = inline(builder, plan.tape, [lift(builder, x) for x in operands])
        return unflatten(plan.structure, results)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: bound to the instance."""
        if instance is None:
            return self
        return lambda *args, **kwargs: self(instance, *args, **kwargs)

    def __reduce__(self) -> tuple[Any, ...]:
        return (Transformed, self._recipe)

    def __repr__(self) -> str:
        function, program, _ = self._recipe
        return f"<{program.__name__} of {function!r}>"
