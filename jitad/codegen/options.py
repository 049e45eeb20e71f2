"""How code is to be generated; part of what a kernel is kept under."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Options:
    """`parallel`: long loops over several cores. `fastmath`: as if arithmetic had no rounding, NaN,
    infinity or sign of zero."""

    parallel: bool = False
    fastmath: bool = False


DEFAULT = Options()
