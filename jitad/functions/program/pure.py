"""What may be called in branches and loops: programs, and what only computes."""

from __future__ import annotations

import builtins
import functools
import inspect
import math
from types import BuiltinMethodType, FunctionType, MethodType, MethodWrapperType
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import is_raising
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.traceable import is_users
from jitad.frontend.unseen import CHANGING
from jitad.functions.program.data import NUMBERS
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame

_PURE = frozenset(
    (
        *("abs", "all", "any", "bool", "callable", "complex", "dict", "divmod", "enumerate"),
        *("filter", "float", "frozenset", "getattr", "hasattr", "int", "isinstance", "iter"),
        *("issubclass", "len", "list", "map", "max", "min", "pow", "range", "repr", "reversed"),
        *("round", "set", "slice", "sorted", "str", "sum", "super", "tuple", "type", "zip"),
    )
)
"""Functions of Python's that only compute."""

_OF_NAMED_TUPLES = ("_replace", "_asdict", "_make")

_LIBRARIES = ("numpy", "scipy", "jitad", "math", "cmath", "operator", "_operator", "functools")


def pure(frame: Frame, f: Any) -> Any:
    """What is called in a branch or a loop in place of f, which must do nothing but compute."""
    if isinstance(f, functools.partial):
        return functools.partial(pure(frame, f.func), *f.args, **f.keywords)
    if isinstance(f, MethodType) and isinstance(f.__func__, FunctionType):
        if f.__name__ in _OF_NAMED_TUPLES:
            return f
        return MethodType(pure(frame, f.__func__), f.__self__)
    if is_program(f):
        return f
    if is_users(f):
        read = frame.read(f)
        if read is not None:
            return read
        raise NeedsNumber(f"{f.__name__} is called, which is not read as a program")
    if _only_computes(f):
        return f
    raise NeedsNumber(f"{f!r} is called")


def _only_computes(f: Any) -> bool:
    owner = getattr(f, "__self__", None)
    name = getattr(f, "__name__", "")
    if isinstance(f, (BuiltinMethodType, MethodWrapperType)) and not _is_module(owner):
        inner = isinstance(owner, (Value, np.ndarray, *NUMBERS, str, bytes, tuple, list, dict))
        return inner and name not in CHANGING
    if isinstance(f, type) and issubclass(f, (tuple, BaseException)):
        # A named tuple, or an exception; what the user has written for it may do more.
        return is_raising() or not isinstance(f.__init__, FunctionType)
    module = (getattr(f, "__module__", None) or type(f).__module__ or "").split(".")
    if module[0] == "builtins":
        return getattr(builtins, name, None) is inspect.unwrap(f) and name in _PURE
    if module[:2] == ["numpy", "random"] or name in ("seed", "set_num_threads"):
        return False
    return (
        module[0] in _LIBRARIES
        or isinstance(f, np.ufunc)
        or type(f).__module__.startswith(("jitad", "numba"))
    )


def _is_module(x: Any) -> bool:
    return isinstance(x, type(math))


def is_program(f: Any) -> bool:
    """Whether a function, or a method, runs as a program."""
    return "program" in getattr(getattr(f, "__func__", f), "__dict__", ())
