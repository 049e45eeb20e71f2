"""Minimal programs with right values, one module a kind of fault.

A case is a function without arguments that returns what jitad gives and what is right. The right
value is written out, comes from NumPy, SciPy or series in high precision, never from jitad.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from typing import Any

CASES: dict[str, Callable[[], tuple[Any, Any]]] = {}


def case(f: Callable[[], tuple[Any, Any]]) -> Callable[[], tuple[Any, Any]]:
    """Enter f into the table, by the module's and its own name."""
    name = f"{f.__module__.rpartition('.')[2]}.{f.__name__}"
    assert name not in CASES, f"two cases are named {name}"
    CASES[name] = f
    return f


def load() -> dict[str, Callable[[], tuple[Any, Any]]]:
    """The table of all cases."""
    names = [module.name for module in pkgutil.iter_modules(__path__)]
    for name in names:
        importlib.import_module(f"{__name__}.{name}")
    empty = {*names} - {name.partition(".")[0] for name in CASES} - {"pickled"}
    assert not empty, (
        f"{empty} enter no case: they import `case` from another module than {__name__}"
    )
    return CASES
