"""Variables that functions share: those of a function that functions made in it close over.

What such a name is bound to stands with all other names of the call, so that branches and loops
carry it; and in a cell of Python's, which the made functions have. The cell is filled before each
block, and what they bind is read from it after. A call of a made function that binds one has its
name, too, for as long as it lasts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from types import CellType, FunctionType
from typing import Any

from jitad.frontend.effects import note_store
from jitad.frontend.reads import note_shared
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.roads import contents_of
from jitad.frontend.traceable import OWNERS
from jitad.functions.program.data import Names, current


class Shared:
    """The cells of one call of a function.

    Attributes:
        cells: those of the names that the call has.
        outer: those of functions around.
        owners: whose they are; nobody's where that function was called outside of the trace.
    """

    def __init__(
        self, function: FunctionType, names: frozenset[str], bound: frozenset[str]
    ) -> None:
        free = function.__code__.co_freevars
        self.outer = dict(zip(free, function.__closure__ or (), strict=True))
        self.cells = {v: self.outer[v] if v in self.outer else CellType() for v in names}
        self.bound = bound
        self.begun = current()
        self.owners: Mapping[str, Shared] = function.__dict__.get(OWNERS, {})
        self.builder: Any = None

    def begin(self, names: Names) -> None:
        """Have names of functions around bound to what they are there."""
        self._collect(names, self.bound & self.outer.keys())

    def fill(self, names: Names) -> None:
        """Have the cells hold what names are bound to."""
        if not self.cells:
            return
        self.builder = current()
        for v, cell in self.cells.items():
            if v in names:
                cell.cell_contents = names[v]
            else:
                del cell.cell_contents

    def collect(self, names: Names) -> None:
        """Have names bound to what other functions have bound them to."""
        self._collect(names, self.bound)

    def _collect(self, names: Names, which: Iterable[str]) -> None:
        for v in which:
            try:
                names[v] = self.cells[v].cell_contents
            except ValueError:  # not bound yet
                names.pop(v, None)

    def cell(self, name: str) -> CellType:
        """The cell of a name."""
        return self.cells[name] if name in self.cells else self.outer[name]

    def read(self, name: str, counts: bool = False) -> Any:
        """What a name is bound to; it `counts` on if it is bound to a number more then."""
        try:
            found = self.cell(name).cell_contents
            if name in self.outer:
                note_shared(self.outer[name], name, found, counts)
            return found
        except ValueError:
            raise NameError(f"cannot access variable {name!r}, which is not bound yet") from None

    def outside(self) -> Iterator[Any]:
        """What variables of functions around are bound to."""
        for cell in self.outer.values():
            with suppress(ValueError):  # not bound yet
                yield cell.cell_contents

    def write(self, name: str, x: Any) -> Any:
        """Bind a name; not that of a function that is not in this branch or turn itself."""
        if name in self.outer:
            owner = self.owners.get(name)
            here = current().region is None if owner is None else owner.builder is self.begun
            if not here:
                raise NeedsNumber(f"{name}, of a function around, is bound")
            if owner is None:
                note_store(self.outer[name], contents_of, name)
        self.cell(name).cell_contents = x
        return x

    def of_made(self, code: Any) -> dict[str, Shared]:
        """Whose variables a function closes over that is made in this call."""
        found = {v: self if v in self.cells else self.owners.get(v) for v in code.co_freevars}
        return {v: owner for v, owner in found.items() if owner is not None}
