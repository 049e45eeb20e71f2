"""What syntax calls of the user's classes: special methods and properties.

Python would run these by itself, on tracers; called by the executor they are read as programs.
"""

from __future__ import annotations

import builtins
import functools
import operator
from types import BuiltinFunctionType, MethodType, ModuleType
from typing import TYPE_CHECKING, Any

from jitad.frontend.active import holds_traced
from jitad.frontend.reads import note_special
from jitad.frontend.traceable import is_users
from jitad.functions.program import keyed
from jitad.ir.value import Value

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame

_METHODS = {
    **{getattr(builtins, name): f"__{name}__" for name in ("len", "abs", "bool", "iter", "next")},
    **{getattr(operator, name): f"__{name}__" for name in ("neg", "pos", "invert", "contains")},
    **{kind: f"__{kind.__name__}__" for kind in (int, float, complex)},
    **{round: "__round__", reversed: "__reversed__", divmod: "__divmod__"},
    **{operator.getitem: "__getitem__", operator.setitem: "__setitem__"},
}
"""By functions of Python's the method that they call of their first argument."""

_SWAPPED = {"lt": "gt", "le": "ge", "eq": "eq", "ne": "ne"}
_SWAPPED |= {swapped: name for name, swapped in _SWAPPED.items()}


def special(x: Any, name: str) -> MethodType | None:
    """The user's method of that name, bound, of what is no class; None where there is none."""
    if type(x) in keyed.KINDS:
        return keyed.method(x, name)
    method = getattr(type(x), name, None)
    if not is_users(method):
        return None
    note_special(x, name)
    return MethodType(method, x)


def called(f: Any, args: Any) -> tuple[Any, Any]:
    """The function and arguments in place of f(*args), where that calls a method of the user's."""
    owner = getattr(f, "__self__", None)
    if type(owner) in keyed.KINDS:
        if keyed.asks(owner, f.__name__, args):
            keyed.keyed(owner)
        return keyed.method(owner, f.__name__) or f, args
    name = _METHODS.get(f) if args and isinstance(f, (BuiltinFunctionType, type)) else None
    method = special(args[0], name) if name else None
    if method is not None:
        return method, args[1:]
    return special(f, "__call__") or f, args


def operated(frame: Frame, operation: Any, a: Any, b: Any) -> Any:
    """What the user's methods make of an operator; NotImplemented where none is asked."""
    name = operation.__name__.strip("_")
    swapped = _SWAPPED.get(name, f"r{name}")
    ways = [(special(a, f"__{name}__"), b), (special(b, f"__{swapped}__"), a)]
    if type(a) is not type(b) and isinstance(b, type(a)):
        ways.reverse()
    for method, other in ways:
        result = NotImplemented if method is None else frame.call(method, (other,), {})
        if result is not NotImplemented:
            return result
    return NotImplemented


def attribute(frame: Frame, x: Any, name: str) -> Any:
    """x.name, where the user's functions may compute it."""
    kind = type(x)
    member = None if isinstance(x, (Value, ModuleType, type)) else getattr(kind, name, None)
    if type(member) is property and is_users(member.fget):
        return frame.call(member.fget, (x,), {})
    if type(member) is functools.cached_property and name not in vars(x):
        found = frame.call(member.func, (x,), {})
        if not holds_traced(found):
            vars(x)[name] = found
        return found
    return getattr(x, name)
