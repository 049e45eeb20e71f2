"""SciPy's modules for traced values: `jitad.scipy.special` is `scipy.special`, and so on.

On plain arrays the functions are SciPy's own; where an operand is traced they record. Nothing of
SciPy is imported before one of the modules is.
"""

import importlib
from types import ModuleType

from jitad.functions.program import mirrors

MODULES = tuple(sorted({name.split(".")[0] for name in mirrors.MODULES}))


def __getattr__(name: str) -> ModuleType:
    if name in MODULES:
        return importlib.import_module(f"jitad.scipy.{name}")
    raise AttributeError(f"jitad.scipy has the modules {', '.join(MODULES)}, and no {name!r}")


def __dir__() -> list[str]:
    return [*MODULES]
