"""SciPy's functions and distributions by their own names: what they are for traced values.

`jitad.scipy` mirrors modules of SciPy; on plain arrays its functions are SciPy's own. It stands
above this package, and is imported, by name, where a program first calls something that it has.
"""

from __future__ import annotations

import importlib
import sys
from typing import Any

_MODULES = ("fft", "integrate", "linalg", "signal", "special", "stats")


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
