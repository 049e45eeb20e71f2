"""A module of SciPy -> the names of a module that takes traced values as well.

A mirror consists of `__getattr__, __dir__ = mirror("scipy.special")`, after the frontend's module
that says what the functions record.
"""

from __future__ import annotations

import difflib
import functools
import importlib
import inspect
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np

from jitad.frontend.active import holds_traced
from jitad.ir.errors import TraceError
from jitad.scipy import states
from jitad.scipy.readable import READ
from jitad.scipy.states import recorded


def mirror(name: str, *written: ModuleType) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` of a mirror of that module.

    What one of the modules `written` has of the same name is read as a program, of traced values.
    """
    module = importlib.import_module(name)
    known: dict[str, Any] = {}
    read = READ.get(name.removeprefix("scipy."), ())
    for own in written:
        of_programs = {
            n: x
            for n, x in vars(own).items()
            if n in _public(module) and getattr(x, "__module__", None) == own.__name__
        }
        known |= of_programs
        WRITTEN.setdefault(name, {}).update(of_programs)

    def lookup(attribute: str) -> Any:
        if attribute not in known:
            found = attribute in read and _is_readable(getattr(module, attribute, None))
            known[attribute] = (getattr if found else _mirrored)(module, attribute)
        return known[attribute]

    return lookup, functools.partial(_public, module)


WRITTEN: dict[str, dict[str, Any]] = {}
"""By modules of SciPy's what is read as a program in place of what they have."""


def _is_readable(function: Any) -> bool:
    """Whether a function is read, if another version of SciPy's has it."""
    return callable(function) and recorded(function) is None


def _public(module: ModuleType) -> list[str]:
    names = getattr(module, "__all__", None)
    return sorted(n for n in dir(module) if not n.startswith("_")) if names is None else list(names)


def _mirrored(module: ModuleType, name: str) -> Any:
    if name not in _public(module):
        raise AttributeError(f"{module.__name__} has no public name {name!r}")
    original = getattr(module, name)
    if not inspect.isroutine(original) and not isinstance(original, np.ufunc):
        return original

    @functools.wraps(original)
    def function(*args: Any, **kwargs: Any) -> Any:
        if not holds_traced([*args, *kwargs.values()]):
            return original(*args, **kwargs)
        record = recorded(original)
        if record is None:
            raise refusal(module.__name__.removeprefix("scipy."), name)
        try:
            args, kwargs = _given(original, args, kwargs)
            inspect.signature(record).bind(*args, **kwargs)
        except TypeError as error:
            raise TraceError(
                f"{module.__name__}.{name} of a traced value: {error}",
                remedy="leave out the arguments that are not supported on traced values",
            ) from error
        return record(*args, **kwargs)

    return function


def _given(original: Any, args: Any, kwargs: Any) -> tuple[Any, Any]:
    """The arguments by the signature that they are for, without hints."""
    if isinstance(original, np.ufunc):  # not all versions of NumPy have signatures of these
        return args, kwargs
    given = inspect.signature(original).bind(*args, **kwargs)
    for hint in filter(_is_hint, [*given.arguments]):
        del given.arguments[hint]
    return given.args, given.kwargs


_HINTS = ("check_finite", "driver", "lapack_driver", "lwork", "plan", "workers")


def _is_hint(name: str) -> bool:
    """Whether an argument says how SciPy is to compute, and nothing of what."""
    return name in _HINTS or name.startswith("overwrite_")


def refusal(module: str, name: str) -> TraceError:
    """The error of what takes no traced values: the reason, or supported names that are near."""
    rest = "compute it outside of the differentiated function, on plain arrays"
    reason = states.declared()[module].get(name)
    if reason is None:
        near = difflib.get_close_matches(name, states.works(module), n=3)
        reason = f"the nearest supported names are {', '.join(near)}" if near else ""
    rest += "; or give it a meaning by jitad.extend"
    given = f"{reason}; or {rest}" if reason else rest
    return TraceError(f"scipy.{module}.{name} of a traced value is not supported", remedy=given)
