"""Many arguments and results by loops over tables, in place of code for each of them.

LLVM takes more than linear time in the length of a function that may end after each of thousands
of checks; and such code would be run once a call, from memory.
"""

from __future__ import annotations

from collections.abc import Sequence

from jitad.runtime.cpython import Text, python
from jitad.runtime.services import STACK_ARENA, service, shelf

WIDE = 24
"""Arguments and results together, up to which each has code of its own."""


Row = tuple[int, int, Sequence[int] | None, int, int]
"""What an object is to be: type, dtype, shape (None of a number), flags, bytes of an element."""


class Tables:
    """The arguments of a call, and its results, where they are many.

    For each object there are 16 bytes for its data's place, or the number itself; for each result
    also the object that is made, and 16 bytes for a number.
    """

    def __init__(self, t: Text, arguments: Sequence[Row], results: Sequence[Row]) -> None:
        self.t = t
        self.count = len(results)
        self.arguments = _table(t, "arguments", arguments)
        self.results = _table(t, "results", results)
        values = 16 * (len(arguments) + len(results))
        self.size = values + 24 * len(results)
        self.memory = self._take()
        self.values = self._at(16 * len(arguments))
        self.objects = self._at(values)
        self.numbers = self._at(values + 8 * len(results))
        t.do(f"{_service('void', 'wipe')}(ptr {self.memory}, i64 {self.size})")
        checked = f"{_service('i1', 'check')}(ptr %args, {self.arguments}, ptr {self.memory})"
        t.require(t.line(checked))

    def _take(self) -> str:
        t = self.t
        if self.size <= STACK_ARENA:
            return t.line(f"alloca i8, i64 {self.size}, align 16")
        place, room = shelf(self.size)
        memory = t.line(f"{_service('ptr', 'take')}(ptr {_literal(place)}, i64 {room})")
        t.require(t.line(f"icmp ne ptr {memory}, null"), "none")
        return memory

    def _give(self) -> None:
        if self.size > STACK_ARENA:
            place, room = shelf(self.size)
            give = f"{_service('void', 'give')}(ptr {_literal(place)}, i64 {room}"
            self.t.do(f"{give}, ptr {self.memory})")

    def _at(self, offset: int) -> str:
        return self.t.line(f"getelementptr i8, ptr {self.memory}, i64 {offset}")

    def value(self, k: int, kind: str) -> str:
        """An argument's data, or a number of an LLVM type."""
        return self.t.field(self.memory, 16 * k, kind)

    def as_they_are(self) -> list[str]:
        """The tables of the arguments and the results for a body that takes them so."""
        self._make()
        return [f"ptr {self.memory}", f"ptr {self.values}"]

    def make(self) -> list[str]:
        """Make the results; where the data of each are to be."""
        self._make()
        return [self.t.field(self.values, 16 * k, "ptr") for k in range(self.count)]

    def _make(self) -> None:
        made = f"{_service('i1', 'make')}({self.results}, ptr {self.objects}, ptr {self.values}, "
        self.t.require(self.t.line(f"{made}ptr {self.numbers})"), "error")

    def pack(self) -> str:
        """The results as a tuple; one alone as it is."""
        places = f"ptr {self.objects}, ptr {self.values}"
        packed = self.t.line(f"{_service('ptr', 'pack')}({self.results}, {places})")
        self.t.require(self.t.line(f"icmp ne ptr {packed}, null"), "error")
        self._give()
        return packed if self.count != 1 else self._only(packed)

    def _only(self, packed: str) -> str:
        """What a tuple of one holds, which is let go."""
        item = self.t.line(f"call ptr {python('PyTuple_GetItem')}(ptr {packed}, i64 0)")
        self.t.do(f"call void {python('Py_IncRef')}(ptr {item})")
        self.t.do(f"call void {python('Py_DecRef')}(ptr {packed})")
        return item

    def drop(self) -> None:
        """Free what was made, and the tables."""
        drop = f"{_service('void', 'drop_objects')}(ptr {self.objects}, i64 {self.count})"
        self.t.do(drop)
        self._give()


def in_tables(t: Text, arguments: Sequence[str], inputs: int) -> list[str]:
    """Arguments as a body takes them that has too many for parameters: as two tables."""
    tables = [t.line(f"alloca [2 x i64], i64 {n}, align 16") for n in (inputs, len(arguments))]
    for k, argument in enumerate(arguments):
        table, place = (tables[0], k) if k < inputs else (tables[1], k - inputs)
        kind, value = argument.split(" ", 1) if not argument.startswith("{") else _complex(argument)
        if kind == "i1":
            kind, value = "i8", t.line(f"zext i1 {value} to i8")
        target = t.line(f"getelementptr i8, ptr {table}, i64 {16 * place}")
        t.do(f"store {kind} {value}, ptr {target}")
    return [f"ptr {table}" for table in tables]


def _complex(argument: str) -> tuple[str, str]:
    kind, _, value = argument.rpartition(" ")
    return kind, value


def _service(result: str, name: str) -> str:
    return f"call {result} {_literal(service(name))}"


def _literal(address: int) -> str:
    return f"inttoptr (i64 {address} to ptr)"


def _table(t: Text, name: str, rows: Sequence[Row]) -> str:
    """A constant table: its rows and all their sizes, as arguments of the services."""
    lines: list[str] = []
    sizes: list[int] = []
    for kind, dtype, shape, flags, size in rows:
        rank = -1 if shape is None else len(shape)
        fields = (kind, dtype, rank, 8 * len(sizes), flags, size)
        lines.append(f"[6 x i64] [{', '.join(f'i64 {x}' for x in fields)}]")
        sizes += shape or ()
    listed = ", ".join(f"i64 {n}" for n in (*sizes, 0))
    t.globals.append(f"@{name}_sizes = private constant [{len(sizes) + 1} x i64] [{listed}]")
    t.globals.append(f"@{name} = private constant [{len(lines)} x [6 x i64]] [{', '.join(lines)}]")
    return f"ptr @{name}, ptr @{name}_sizes, i64 {len(lines)}"
