"""Functions in plain Python loops with branches on what they compute: as people write programs.

Each has a maker of arguments from a size and a random generator; those are away from where the
function jumps, so that differences tell its derivative.
"""

from plain_programs import (
    arrays,
    branches,
    choices,
    closures,
    exceptions,
    iterations,
    keyed,
    library,
    lists,
    nests,
    recursing,
    selections,
    slices,
    states,
    tables,
    varying,
    ways_out,
)
from plain_programs.program import PROGRAMS, PlainProgram

__all__ = [
    "PROGRAMS",
    "PlainProgram",
    "arrays",
    "branches",
    "choices",
    "closures",
    "exceptions",
    "iterations",
    "keyed",
    "library",
    "lists",
    "nests",
    "recursing",
    "selections",
    "slices",
    "states",
    "tables",
    "varying",
    "ways_out",
]
