"""Many arguments and results by loops over tables, in place of code for each of them.

LLVM takes more than linear time in the length of a function that may end after each of thousands
of checks; and such code would be run once a call, from memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitad.codegen.routine import Routine, Scalar
from jitad.runtime.cpython import python
from jitad.runtime.services import STACK_ARENA, arenas, service_symbol, shelf

WIDE = 8
"""Arguments and results together, up to which each has code of its own."""


Row = tuple[str, str, Sequence[int] | None, int, int]
"""What an object is to be: symbols of type and dtype, shape (None of a number), flags, bytes of an
element."""


class Tables:
    """The arguments of a call, and its results, where they are many.

    For each object there are 16 bytes for its data's place, or the number itself; for each result
    also the object that is made, and 16 bytes for a number.
    """

    def __init__(
        self, r: Routine, args: Scalar, arguments: Sequence[Row], results: Sequence[Row]
    ) -> None:
        self.r = r
        self.count = len(results)
        self.results = _table(r, results)
        values = 16 * (len(arguments) + len(results))
        self.size = values + 24 * len(results)
        self.memory = take_arena(r, self.size, "none")
        self.values = self.memory + 16 * len(arguments)
        self.objects = self.memory + values
        self.numbers = self.memory + (values + 8 * len(results))
        r.call(service_symbol("wipe"), self.memory, self.size, kind="void")
        self._require("check", args, *_table(r, arguments), self.memory, otherwise="mismatch")

    def _require(self, name: str, *given: Scalar, otherwise: str) -> None:
        self.r.require(self.r.call(service_symbol(name), *given, kind="i1"), otherwise)

    def as_they_are(self) -> list[Scalar]:
        """The tables of the arguments and the results for a body that takes them so."""
        self._make()
        return [self.memory, self.values]

    def make(self) -> list[Scalar]:
        """Make the results; where the data of each are to be."""
        self._make()
        return [self.r.load(self.values + 16 * k, "ptr") for k in range(self.count)]

    def _make(self) -> None:
        places = self.objects, self.values, self.numbers
        self._require("make", *self.results, *places, otherwise="error")

    def pack(self) -> Scalar:
        """The results as a tuple; one alone as it is."""
        r = self.r
        given = *self.results, self.objects, self.values
        packed = r.call(service_symbol("pack"), *given, kind="ptr")
        r.require(packed.differs(0), "error")
        give_arena(r, self.size, self.memory)
        if self.count != 1:
            return packed
        item = r.call(python("PyTuple_GetItem"), packed, 0, kind="ptr")
        r.call(python("Py_IncRef"), item, kind="void")
        r.call(python("Py_DecRef"), packed, kind="void")
        return item

    def drop(self) -> None:
        """Free what was made, and the tables."""
        self.r.call(service_symbol("drop_objects"), self.objects, self.count, kind="void")
        give_arena(self.r, self.size, self.memory)


def take_arena(r: Routine, size: int, otherwise: str) -> Scalar:
    """Memory of that size, from the stack if it is small; at a place where there is none."""
    if size <= STACK_ARENA:
        return r.room(size, align=64) if size else r.scalar(0).pointer()
    place, room = shelf(size)
    memory = r.call(service_symbol("take"), _slots(r, place), room, kind="ptr")
    r.require(memory.differs(0), otherwise)
    return memory


def roomy(size: int) -> int:
    """The size, rounded up to one of a few, so that many kernels share a door."""
    if size > STACK_ARENA:
        return shelf(size)[1]
    return min(1 << (size - 1).bit_length(), STACK_ARENA) if size else 0


def give_arena(r: Routine, size: int, memory: Scalar) -> None:
    """Give back what was taken."""
    if size > STACK_ARENA:
        place, room = shelf(size)
        r.call(service_symbol("give"), _slots(r, place), room, memory, kind="void")


def _slots(r: Routine, place: int) -> Scalar:
    return r.address(arenas()) + place


def in_tables(r: Routine, arguments: Sequence[Scalar], inputs: int) -> list[Scalar]:
    """Arguments as a body takes them that has too many for parameters: as two tables."""
    tables = [r.room(16 * n, align=16) for n in (inputs, len(arguments) - inputs)]
    for k, x in enumerate(arguments):
        table, place = (tables[0], k) if k < inputs else (tables[1], k - inputs)
        value = Scalar(r, r.line(f"zext {x} to i8"), "i8") if x.kind == "i1" else x
        r.store(table + 16 * place, value)
    return tables


def _table(r: Routine, rows: Sequence[Row]) -> tuple[Scalar, Scalar, Scalar]:
    """A constant table: its rows, all their sizes, and how many rows there are."""
    fields: list[int | str] = []
    sizes: list[int] = []
    for kind, dtype, shape, flags, size in rows:
        rank = -1 if shape is None else len(shape)
        fields += (kind, dtype, rank, 8 * len(sizes), flags, size)
        sizes += shape or ()
    return r.constants(fields), r.constants(sizes), r.scalar(len(rows))
