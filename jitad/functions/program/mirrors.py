"""SciPy's functions and distributions, by names or addresses: what they are for traced values.

`jitad.scipy` mirrors modules of SciPy; on plain arrays its functions are SciPy's own. It stands
above this package, and is imported, by name, where a program first calls something that it has.
"""

from __future__ import annotations

import ctypes
import functools
import importlib
import re
import sys
from typing import Any

from numba import typeof
from numba.core.types import WrapperAddressProtocol
from numba.extending import get_cython_function_address

_MODULES = ("fft", "integrate", "linalg", "optimize", "signal", "special", "stats")


def of_scipy(f: Any) -> Any:
    """What a function of SciPy's is in a program; anything else is what it is."""
    module = getattr(f, "__module__", None)
    if type(module) is not str or not module.startswith("scipy."):
        return f
    owner = getattr(f, "__self__", None)
    known = _mirrored(f if owner is None else owner)
    if known is None:
        return f
    return known if owner is None else getattr(known, f.__name__)


def _mirrored(x: Any) -> Any:
    """What mirrors a function or a distribution of SciPy's that has a public name; else None."""
    module = (getattr(x, "__module__", None) or type(x).__module__).split(".")
    if module[0] != "scipy" or module[1] not in _MODULES:
        return None
    name = getattr(x, "__name__", None) or getattr(x, "name", None)
    public = sys.modules.get(f"scipy.{module[1]}")
    if not isinstance(name, str) or getattr(public, name, None) is not x:
        return None
    return getattr(importlib.import_module(f"jitad.scipy.{module[1]}"), name)


# -- by addresses ----------------------------------------------------------------------------------

BY_ADDRESS = (WrapperAddressProtocol, ctypes.CFUNCTYPE(None).__mro__[1])
"""The classes of functions that Numba calls by their addresses."""


def at_address(x: Any) -> tuple[Any, Any]:
    """The mirror of what SciPy exports to C at a function's address, None of others; its types."""
    if isinstance(x, WrapperAddressProtocol):
        address, signature = x.__wrapper_address__(), x.signature()
    else:
        kind: Any = typeof(x)
        address, signature = ctypes.cast(x, ctypes.c_void_p).value, kind.sig
    name = _exported().get(address or 0)
    if name is None:
        return None, signature
    return getattr(importlib.import_module("jitad.scipy.special"), name), signature


@functools.lru_cache(maxsize=1)
def _exported() -> dict[int, str]:
    """The names of `scipy.special` by addresses; of a name for several types, each has its own."""
    module = importlib.import_module("scipy.special.cython_special")
    names = {name: re.sub(r"^__pyx_fuse_(\d_?)+", "", name) for name in module.__pyx_capi__}
    public = importlib.import_module("scipy.special").__all__
    return {
        get_cython_function_address(module.__name__, exported): name
        for exported, name in names.items()
        if name in public
    }
