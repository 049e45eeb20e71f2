"""The tools that are compared, one small file each, found when the benchmarks run.

A file has a function `peers() -> list[Peer]`; where it raises ImportError, the tool is missing, and
the report says so. A new file is a new peer: nothing else lists them.
"""

from __future__ import annotations

import importlib
import pkgutil
import sys
from functools import cache

from benchmarks.suite.problem import Peer


@cache
def discover() -> tuple[tuple[Peer, ...], dict[str, str]]:
    """The peers that are installed, jitad first; and the names of the others with the reason."""
    found: list[Peer] = []
    missing: dict[str, str] = {}
    for name in sorted(module.name for module in pkgutil.iter_modules(__path__)):
        try:
            found += importlib.import_module(f"{__name__}.{name}").peers()
        except ImportError as error:
            missing[name] = str(error)
            print(f"MISSING: {name} ({error}); its rows say so", file=sys.stderr)
    return tuple(sorted(found, key=lambda peer: peer.name != "jitad")), missing
