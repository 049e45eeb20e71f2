"""Functions that no program is made of, called as they are."""

from __future__ import annotations

import functools
from types import MethodType
from typing import Any

import numpy as np

from jitad.frontend.active import asking, holds_traced
from jitad.frontend.mutable import MutableArray
from jitad.functions.protocol import in_place_of
from jitad.ir.errors import JitadError, TraceError


def run_natively(f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """f(*args, **kwargs); an error where one of SciPy's wants numbers of what is traced."""
    library = _of_library(f)
    if library is None:
        return f(*args, **kwargs)
    if isinstance(f, type) and library[0].startswith("scipy.signal"):
        args = [_numbers(x) for x in args]  # which are kept, and locked
        kwargs = {name: _numbers(x) for name, x in kwargs.items()}
    try:
        with asking(library):
            return f(*args, **kwargs)
    except (TypeError, ValueError) as error:
        if isinstance(error, JitadError) or not holds_traced([*args, *kwargs.values()]):
            raise
        name, remedy = library
        raise TraceError(f"{name} met a traced value: {error}", remedy=remedy) from error


def _of_library(f: Any) -> tuple[str, str] | None:
    """The name of a function of SciPy's, and what to write in its place."""
    kind = f if hasattr(f, "__name__") else type(f)
    module = str(getattr(kind, "__module__", None)).split(".")
    if module[0] != "scipy" or len(module) == 1:
        return None
    name = f"scipy.{module[1]}.{kind.__name__}"
    return name, in_place_of(name)


def _numbers(x: Any) -> Any:
    """An array that nothing traced stands in, as NumPy's, which is not to be written to."""
    return np.asarray(x) if isinstance(x, MutableArray) and x.is_plain else x


_CACHED: Any = type(functools.lru_cache(len))


def uncached(f: Any) -> Any:
    """What a function with a cache calls, which is to be called itself with what is traced: that
    is no key. Any other function is what it is."""
    cached: Any = getattr(f, "__func__", f)
    if type(cached) is not _CACHED:
        return f
    return cached.__wrapped__ if cached is f else MethodType(cached.__wrapped__, f.__self__)
