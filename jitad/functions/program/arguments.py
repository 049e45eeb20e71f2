"""The arguments of a call -> what the function's names are bound to as it begins."""

from __future__ import annotations

import inspect
from inspect import CO_VARARGS, CO_VARKEYWORDS
from types import FunctionType
from typing import Any

from jitad.frontend.reads import note_contents, note_function


def by_name(f: FunctionType, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    """What each parameter of f is, as the code names them."""
    if _fits(f, args, kwargs):
        return _named_one_by_one(f, args)
    note_function(f, "__defaults__", "__kwdefaults__")
    note_contents(f.__kwdefaults__)
    return _bound(f, args, kwargs)


def _fits(f: FunctionType, args: Any, kwargs: dict[str, Any]) -> bool:
    """Whether the arguments are those of the function, one by one."""
    code = f.__code__
    simple = not code.co_kwonlyargcount and not code.co_flags & (CO_VARARGS | CO_VARKEYWORDS)
    return simple and not kwargs and len(args) == code.co_argcount


def _named_one_by_one(f: FunctionType, args: Any) -> dict[str, Any]:
    return dict(zip(f.__code__.co_varnames, args, strict=False))


def _bound(f: FunctionType, args: Any, kwargs: dict[str, Any]) -> dict[str, Any]:
    try:
        given = inspect.Signature.from_callable(_bare(f), follow_wrapped=False).bind(
            *args, **kwargs
        )
    except TypeError:
        return f(*args, **kwargs)  # which Python refuses, in its own words
    given.apply_defaults()
    return {_named(name): x for name, x in given.arguments.items()}


def _bare(f: FunctionType) -> FunctionType:
    """The function without the signature that a decorator says it has."""
    if "__signature__" not in f.__dict__:
        return f
    bare = FunctionType(f.__code__, f.__globals__, f.__name__, f.__defaults__, f.__closure__)
    bare.__kwdefaults__ = f.__kwdefaults__
    return bare


def _named(name: str) -> str:
    """The name of a parameter in the code: that of a comprehension is none for inspect."""
    return f".{name.removeprefix('implicit')}" if name.startswith("implicit") else name
