"""Control flow with the user's functions -> a function of arrays, compiled as any other is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from types import FunctionType, MethodType
from typing import Any

from jitad.codegen.options import Options
from jitad.frontend.pytree import flatten
from jitad.frontend.roads import Reader
from jitad.frontend.traceable import traceable
from jitad.programs.call import plain
from jitad.runtime.keeping import Same
from jitad.runtime.launch import Transformed, transformed
from jitad.runtime.pickling import by_name


class Recorded(Reader):
    """What a module-level function of ours records of functions of the user's.

    `record(functions, options, *args, **kwargs)` runs while it is traced.
    """

    def __init__(
        self,
        record: Callable[..., Any],
        functions: tuple[Callable[..., Any], ...],
        options: tuple[Any, ...] = (),
    ) -> None:
        self.record = record
        self.reads = functions
        self.options = options
        self.__wrapped__ = functions[0]
        self.__name__ = getattr(functions[0], "__name__", type(functions[0]).__name__)
        self.__doc__ = getattr(functions[0], "__doc__", None)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.record(self.reads, self.options, *args, **kwargs)

    def __get__(self, instance: Any, owner: Any = None) -> Any:
        """As a method: bound to the instance."""
        return self if instance is None else MethodType(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        made = Recorded, (self.record, self.reads, self.options)
        return by_name(self, self.__wrapped__) or made

    def __repr__(self) -> str:
        return f"<{self.record.__name__.lstrip('_')} of {', '.join(map(repr, self.reads))}>"


def compiled(
    record: Callable[..., Any],
    functions: tuple[Callable[..., Any], ...],
    *options: Any,
    direct: bool = False,
    parallel: bool = False,
) -> Transformed[..., Any]:
    """A recorder with its functions and options, compiled; found again as long as they live."""
    owner = next((f for f in reversed(functions) if _is_closure(f)), functions[0])
    others = tuple(None if f is owner else _mark(f) for f in functions)
    known = record, others, tuple(map(_mark, options))
    recorded = Recorded(record, functions, options)
    code = Options(parallel)
    return transformed(recorded, plain, (), code, direct=direct, owner=owner, request=known)


def run_first(functions: Sequence[Callable[..., Any]], *args: Any, **kwargs: Any) -> Any:
    """What the user's first function returns, read as a program: with its loops, and what it
    reads from outside."""
    return traceable(functions[0])(*args, **kwargs)


def _mark(x: Any) -> Any:
    """What tells one option from another: 1, 1.0 and True are three; of objects, which it is."""
    if isinstance(x, (int, float, str)):
        return type(x), x
    if isinstance(x, Transformed):
        return x.known
    leaves, structure = flatten(x)
    return Same(x) if structure.is_leaf() else (structure, tuple(map(_mark, leaves)))


def _is_closure(f: Any) -> bool:
    """Whether f may live shorter than its module: of several functions it then keeps what is known,
    which holds the others."""
    return isinstance(f, MethodType) or (isinstance(f, FunctionType) and "<" in f.__qualname__)
