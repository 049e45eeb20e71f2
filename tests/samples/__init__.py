"""Calls of every function in the table of NumPy's functions, one module for each of the frontend's.

A module here has a dict `SAMPLES`: the function, and the calls of it that are tested.
"""

from __future__ import annotations

from typing import Any

from samples import (
    arithmetic,
    choosing,
    contractions,
    indexing,
    reductions,
    selecting,
    shaping,
)
from samples.arrays import Call

MODULES = (reductions, shaping, choosing, selecting, indexing, contractions, arithmetic)

SAMPLES: dict[Any, list[Call]] = {
    function: calls for module in MODULES for function, calls in module.SAMPLES.items()
}

__all__ = ["MODULES", "SAMPLES", "Call"]
