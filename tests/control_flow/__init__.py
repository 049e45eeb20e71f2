"""Programs whose control flow depends on their data, each with a point on every path.

One module for each subject. All are plain Python and NumPy, but for `structured`, where they
branch within jitad's loops and batches.
"""

from __future__ import annotations

from control_flow import (
    arguments,
    branches,
    choices,
    failures,
    geometry,
    idioms,
    limits,
    loops,
    motion,
    piecewise,
    solvers,
    sorting,
    structured,
)
from control_flow.program import Program

MODULES = (
    branches,
    loops,
    sorting,
    idioms,
    piecewise,
    solvers,
    motion,
    choices,
    failures,
    geometry,
    arguments,
    structured,
    limits,
)

PROGRAMS: tuple[Program, ...] = tuple(
    entry for module in MODULES for entry in vars(module).values() if isinstance(entry, Program)
)

__all__ = ["MODULES", "PROGRAMS", "Program"]
