"""The registries -> the reference: `python -m jitad.reference` prints examples/reference.md.

A test compares them, and another one demands that each function in it is among the calls that the
table tests make.
"""

from __future__ import annotations

import importlib
import inspect
from types import ModuleType
from typing import Any

import numpy as np

import jitad
from jitad.functions.arrays.refusing import REFUSED
from jitad.ir.value import FUNCTIONS, UFUNCS
from jitad.scipy import MODULES, stats
from jitad.scipy.readable import READ
from jitad.scipy.stats.continuous import CONTINUOUS
from jitad.scipy.stats.discrete import DISCRETE
from jitad.scipy.stats.multivariate import MULTIVARIATE
from jitad.scipy.stats.read import ROWS

NAMESPACES = {
    "numpy": "np",
    "numpy.linalg": "np.linalg",
    "numpy.fft": "np.fft",
    "numpy.lib.stride_tricks": "np.lib.stride_tricks",
    "scipy.special": "scipy.special",
    "scipy.linalg": "jitad.scipy.linalg",
    "scipy.fft": "jitad.scipy.fft",
    "scipy.signal": "jitad.scipy.signal",
    "scipy.ndimage": "jitad.scipy.ndimage",
    "scipy.spatial.distance": "jitad.scipy.spatial.distance",
    "scipy.optimize": "jitad.scipy.optimize",
    "scipy.integrate": "jitad.scipy.integrate",
}
"""Where the functions are defined, and how a function to be differentiated reaches them."""

_MIRRORS = tuple(f"scipy.{name}" for name in MODULES if name != "stats")

UFUNC_METHODS = ("reduce", "accumulate", "outer", "reduceat")


def supported() -> dict[str, list[str]]:
    """The names in each namespace that record on traced values."""
    for module in _MIRRORS:
        importlib.import_module(f"jitad.{module}")  # fills the registries
    found: dict[str, list[str]] = {}
    for module, shown in NAMESPACES.items():
        names = {
            name
            for name, item in vars(importlib.import_module(module)).items()
            if not name.startswith("_") and _records(item)
        }
        if module in _MIRRORS:
            names |= _own(importlib.import_module(f"jitad.{module}"))
            names |= READ.get(module.removeprefix("scipy."), frozenset())
        found[shown] = sorted(names)
    found["np.ufunc"] = list(UFUNC_METHODS)
    return found


def _own(mirror: ModuleType) -> set[str]:
    """The functions that a mirror has in the place of SciPy's."""
    listed = set(getattr(mirror, "__all__", ()))
    return listed | {
        name
        for name, item in vars(mirror).items()
        if not name.startswith("_")
        and not isinstance(item, type)
        and getattr(item, "__module__", "") == mirror.__name__
    }


def _records(item: Any) -> bool:
    if not callable(item):
        return False
    if isinstance(item, np.ufunc):
        return item in UFUNCS
    try:
        return item in FUNCTIONS and item not in REFUSED
    except TypeError:  # an object that does not hash is no function
        return False


def distributions() -> dict[str, tuple[str, ...]]:
    """The distributions of jitad.scipy.stats, each with its methods."""
    names = sorted({*CONTINUOUS, *DISCRETE, *MULTIVARIATE, *ROWS})
    return {name: getattr(stats, name).methods for name in names}


def names() -> str:
    """jitad's public names as a Markdown table, each with the first sentence of its docstring."""
    rows = ["| name | |", "| --- | --- |"]
    for name in sorted(jitad.__all__, key=lambda name: (name[0].isupper(), name)):
        says = inspect.getdoc(getattr(jitad, name)) or ""
        first = says.split("\n\n")[0].replace("\n", " ").replace("|", "\\|")
        rows.append(f"| `{name}` | {first} |")
    return "\n".join(rows)


def functions() -> str:
    """The functions that take traced values as a Markdown table."""
    rows = ["| from | functions |", "| --- | --- |"]
    for namespace, found in supported().items():
        rows.append(f"| `{namespace}` | {', '.join(f'`{name}`' for name in found)} |")
    families = ", ".join(f"`{name}` ({', '.join(m)})" for name, m in distributions().items())
    rows.append(f"| `jitad.scipy.stats` | {families} |")
    others = ", ".join(f"`{name}`" for name in sorted(READ["stats"]))
    rows.append(f"| `jitad.scipy.stats` | {others} |")
    return "\n".join(rows)


def page() -> str:
    """The whole reference, as Markdown."""
    return _PAGE.format(names=names(), functions=functions())


_PAGE = """\
# Reference

Written by `python -m jitad.reference`; do not edit.

## Names

`help` of each gives its arguments, shapes, errors and an example that runs.

{names}

## Functions of NumPy and SciPy

These take traced values. Each is tested in both modes and to second order, against NumPy's and
SciPy's own values. What is not in the table raises an error that names the nearest that is; so does
a derivative that is not known, of a Bessel function by its order, say, when it is asked for.

{functions}
"""


if __name__ == "__main__":
    print(page(), end="")
