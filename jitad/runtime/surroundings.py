"""What a function read from outside of itself when it was traced, and whether that is still so.

Where what was read (jitad/frontend/reads.py) is another object since, or a container holds other
items, the function is traced again. What arrays hold is no matter where traced values meet them:
they are inputs by reference. An array whose numbers the function asked for is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from jitad.frontend.roads import ABSENT, Read, alike, attribute_of, contents_of, item_of, layout_of


class Surroundings:
    """What a function saw outside of itself when it was traced: `reads`, by how they are looked at.

    Those that stand before most calls are looked at in lines of their own.
    """

    def __init__(self, reads: Sequence[Read]) -> None:
        self.reads = reads
        self._cells = [(r.x, r.content) for r in reads if r.of is contents_of]
        self._names = [(r.x, r.name, r.content) for r in reads if _is_name(r)]
        self._attributes = [(r.x, r.name, r.content) for r in reads if r.of is attribute_of]
        arrays = [r.x for r in reads if r.of is layout_of]
        self._arrays = [(x, x.shape, x.strides, x.dtype) for x in arrays]
        own = (contents_of, attribute_of, layout_of)
        self._others = [r for r in reads if r.of not in own and not _is_name(r)]

    def watched(self) -> set[tuple[Any, ...]]:
        """What is looked at, whatever it was."""
        return {read.key for read in self.reads}

    def hold(self) -> bool:
        """Whether all of it is as it was: identity first, for this stands before every call."""
        try:
            for cell, seen in self._cells:
                if cell.cell_contents is not seen and not alike(cell.cell_contents, seen):
                    return False
            for names, name, seen in self._names:
                if (now := names.get(name, ABSENT)) is not seen and not alike(now, seen):
                    return False
            for x, name, seen in self._attributes:
                if (now := getattr(x, name, ABSENT)) is not seen and not alike(now, seen):
                    return False
            for x, shape, strides, dtype in self._arrays:
                if x.shape != shape or x.strides != strides or x.dtype is not dtype:
                    return False
            return not self._others or all(read.holds() for read in self._others)
        except Exception:  # a cell emptied by `del`, a property that raises
            return False


def _is_name(read: Read) -> bool:
    return read.of is item_of and type(read.x) is dict
