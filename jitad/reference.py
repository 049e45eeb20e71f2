"""The registries -> the reference: `python -m jitad.reference` prints examples/reference.md.

A test compares them, and another one demands that each function in it is among the calls that the
table tests make.
"""

from __future__ import annotations

import functools
import importlib
import inspect
from types import ModuleType
from typing import Any

import numpy as np

import jitad
from jitad.frontend.traceable import PLAIN
from jitad.functions.arrays.refusing import INSTEAD, REFUSED
from jitad.functions.readable import as_program
from jitad.ir.value import FUNCTIONS, UFUNCS
from jitad.scipy import MODULES, states, stats
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


def _of_numpy(module: str, name: str) -> tuple[str, str]:
    """The state of a public name of NumPy's, and the reason of a refusal."""
    function = getattr(importlib.import_module(module), name)
    if function in REFUSED:
        return "refused", INSTEAD.get(function, "its dtype depends on values")
    if _records(function):
        return "native", ""
    if PLAIN.has(function) or as_program(function) is not None:
        return "traced", ""
    return "constant", ""


def states_of(module: str) -> dict[str, list[tuple[str, str]]]:
    """By states the public names of a module of NumPy's or SciPy's, each with a reason."""
    library, _, rest = module.partition(".")
    state = functools.partial(*(
        (states.state, rest) if library == "scipy" else (_of_numpy, module)
    ))  # fmt: skip
    found: dict[str, list[tuple[str, str]]] = {name: [] for name in states.STATES}
    for name in states.public(module):
        kind, reason = state(name)
        found[kind].append((name, reason))
    return found


STATED = ("numpy", "numpy.linalg", "numpy.fft", *(f"scipy.{name}" for name in states.MODULES))
"""The modules of which each public name has a state."""


def stated() -> str:
    """How many names of each module are in each state, and all that are not above."""
    rows = ["| module | " + " | ".join(states.STATES) + " |", "| --- " * 6 + "|"]
    table = {module: states_of(module) for module in STATED}
    for module, found in table.items():
        rows.append(f"| `{module}` | {' | '.join(str(len(x)) for x in found.values())} |")
    totals = [sum(len(x[kind]) for x in table.values()) for kind in states.STATES]
    rows += [f"| all | {' | '.join(map(str, totals))} |", "", "| module | state | names |"]
    rows.append("| --- | --- | --- |")
    for module, found in table.items():
        for kind in ("traced", "constant", "refused", "unknown"):
            by_reason: dict[str, list[str]] = {}
            for name, reason in found[kind]:
                by_reason.setdefault(reason, []).append(f"`{name}`")
            for reason, these in by_reason.items():
                said = f"{kind}: {reason}" if reason else kind
                rows.append(f"| `{module}` | {said} | {', '.join(these)} |")
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
    return _PAGE.format(names=names(), functions=functions(), stated=stated())


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

## Every public name, and its state

- *native*: a rule records it; those that are not listed below are of this state.
- *traced*: formulas, SciPy's own or ours, are read as programs.
- *constant*: nothing that has a derivative is in what it gives, which it computes of plain numbers.
- *refused*: of traced values it raises an error that says why, and what to write.
- *unknown*: it may be read as a program; else an error names the nearest that works.

{stated}
"""


if __name__ == "__main__":
    print(page(), end="")
