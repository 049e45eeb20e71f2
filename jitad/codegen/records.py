"""Vectors to and from memory: neighbouring elements, or fields of the records that lanes stand for.

Rows of an (n, s) array are read and written whole, and transposed in registers, in log2 W steps in
which halves are exchanged (Eklundh, IEEE Transactions on Computers C-21 (1972), 801).
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from typing import NamedTuple, TypeVar

from jitad.codegen.body import memory_type
from jitad.codegen.elements import Elements
from jitad.codegen.index import Index
from jitad.codegen.writer import Writer
from jitad.ir.op import BOOL

_AHEAD = 4
"""Vectors of records from those that are read to those that are fetched."""

_LINE = 64
"""Bytes of a cache line."""

_PAGE = 4096
"""Bytes beyond which the processor does not fetch ahead what a transposition will write."""

_KeyT = TypeVar("_KeyT", bound=Hashable)


class RecordAccess(NamedTuple):
    """The elements of a value that lanes read or write: lane 0's, and how far they lie apart."""

    value: int
    place: Index
    step: int


class Scattered(NamedTuple):
    """Elements of rows that lanes have looked up.

    `rows` is the register of where the lanes' rows of `size` elements begin, from which the element
    is `field` away.
    """

    value: int
    rows: str
    size: int
    field: int


class _Record(NamedTuple):
    """Records of `size` fields, one a lane: where the first begins."""

    value: int
    origin: Index
    size: int


def _field(access: RecordAccess) -> tuple[_Record, int]:
    """The record that an element belongs to, and which field of it it is."""
    value, place, step = access
    field = place.const % step
    return _Record(value, Index(place.const - field, place.terms), step), field


def _by_record(accesses: Sequence[RecordAccess]) -> dict[_Record, list[int]]:
    """Which of the accesses are to fields of the same records."""
    records: dict[_Record, list[int]] = {}
    for k, access in enumerate(accesses):
        if access.step > 1:
            records.setdefault(_field(access)[0], []).append(k)
    return records


class _Vectors:
    """Loads and stores of vectors of `width` lanes."""

    def __init__(self, elements: Elements, width: int) -> None:
        self.elements = elements
        self.writer: Writer = elements.writer
        self.width = width

    def kind(self, i: int) -> str:
        """The LLVM type of a value's elements in memory."""
        return memory_type(self.elements.tape.instrs[i].dtype)

    def size(self, i: int) -> int:
        return self.elements.tape.instrs[i].dtype.itemsize

    def is_inside(self, record: _Record) -> bool:
        """Whether whole records lie in the array."""
        low, high = record.origin.bounds()
        return low >= 0 and high + record.size <= math.prod(
            self.elements.tape.instrs[record.value].shape
        )

    def pointer(self, i: int, place: Index) -> str:
        return self.elements.element(i, self.elements.index(place))

    # -- one element a lane ------------------------------------------------------------------------

    def load(self, access: RecordAccess) -> str:
        """The lanes' elements, as they are in memory."""
        w, (i, place, step) = self.writer, access
        kind, wide = self.kind(i), f"<{self.width} x {self.kind(i)}>"
        if abs(step) == 1:
            start = place if step == 1 else place + (1 - self.width)
            vector = w.line(f"load {wide}, ptr {self.pointer(i, start)}, align {self.size(i)}")
            return vector if step == 1 else self.reversed(vector, kind)
        base = self.pointer(i, place)
        vector = "poison"
        for lane in range(self.width):
            element = w.line(f"load {kind}, ptr {w.offset(base, lane * step * self.size(i))}")
            vector = w.line(f"insertelement {wide} {vector}, {kind} {element}, i64 {lane}")
        return vector

    def store(self, access: RecordAccess, vector: str) -> None:
        """Store the lanes' elements."""
        w, (i, place, step) = self.writer, access
        kind, wide = self.kind(i), f"<{self.width} x {self.kind(i)}>"
        if abs(step) == 1:
            start = place if step == 1 else place + (1 - self.width)
            vector = vector if step == 1 else self.reversed(vector, kind)
            w.do(f"store {wide} {vector}, ptr {self.pointer(i, start)}, align {self.size(i)}")
            return
        base = self.pointer(i, place)
        for lane in range(self.width):
            element = w.line(f"extractelement {wide} {vector}, i64 {lane}")
            w.do(f"store {kind} {element}, ptr {w.offset(base, lane * step * self.size(i))}")

    def reversed(self, vector: str, kind: str) -> str:
        return self.shuffled(vector, "poison", self.width, kind, range(self.width - 1, -1, -1))

    def shuffled(self, x: str, y: str, count: int, kind: str, picks: Sequence[int]) -> str:
        """Elements of two vectors of `count`, by their places in the two together."""
        wide = f"<{count} x {kind}>"
        mask = ", ".join(f"i32 {k}" for k in picks)
        return self.writer.line(
            f"shufflevector {wide} {x}, {wide} {y}, <{len(picks)} x i32> <{mask}>"
        )

    # -- records that are shorter than a vector: all lanes' records are one vector -----------------

    def load_short(self, record: _Record, fields: Sequence[int]) -> dict[int, str]:
        i, origin, size = record
        kind, count = self.kind(i), size * self.width
        base = self.pointer(i, origin)
        all_ = self.writer.line(f"load <{count} x {kind}>, ptr {base}, align {self.size(i)}")
        return {
            f: self.shuffled(all_, "poison", count, kind, range(f, count, size)) for f in fields
        }

    def store_short(self, record: _Record, vectors: Sequence[str]) -> None:
        i, origin, size = record
        kind, count = self.kind(i), size * self.width
        joined, length = list(vectors), self.width
        joined += ["poison"] * ((1 << (size - 1).bit_length()) - size)
        while len(joined) > 1:
            pairs = zip(joined[::2], joined[1::2], strict=True)
            joined = [self.shuffled(x, y, length, kind, range(2 * length)) for x, y in pairs]
            length *= 2
        picks = [field * self.width + lane for lane in range(self.width) for field in range(size)]
        mixed = self.shuffled(joined[0], "poison", length, kind, picks)
        base = self.pointer(i, origin)
        self.writer.do(f"store <{count} x {kind}> {mixed}, ptr {base}, align {self.size(i)}")

    # -- longer records: squares of as many fields as lanes, transposed ----------------------------

    def squares(self, size: int, fields: Sequence[int]) -> dict[int, list[int]]:
        """Where the squares begin that cover these fields; the last ones may overlap."""
        found: dict[int, list[int]] = {}
        for field in fields:
            start = min(field - field % self.width, size - self.width)
            found.setdefault(start, []).append(field)
        return found

    def rows(self, record: _Record, start: int) -> list[str]:
        """Pointers to that field of each lane's record."""
        base = self.pointer(record.value, record.origin)
        size = self.size(record.value)
        return [
            self.writer.offset(base, (lane * record.size + start) * size)
            for lane in range(self.width)
        ]

    def load_square(self, record: _Record, start: int) -> list[str]:
        return self.load_columns(record.value, self.rows(record, start))

    def load_columns(self, i: int, pointers: Sequence[str]) -> list[str]:
        """As many fields as lanes, which begin at a pointer of each lane."""
        kind, size = self.kind(i), self.size(i)
        wide = f"<{self.width} x {kind}>"
        rows = [self.writer.line(f"load {wide}, ptr {row}, align {size}") for row in pointers]
        return self.transposed(rows, kind)

    # -- rows that are looked up -------------------------------------------------------------------

    def row_pointers(self, i: int, rows: str) -> list[str]:
        """Where each lane's row begins."""
        w, kind, base = self.writer, self.kind(i), self.elements.body.pointer(i)
        places = [
            w.line(f"extractelement <{self.width} x i64> {rows}, i64 {lane}")
            for lane in range(self.width)
        ]
        return [w.line(f"getelementptr {kind}, ptr {base}, i64 {place}") for place in places]

    def pick(self, i: int, pointers: Sequence[str], field: int) -> str:
        """One field of each lane's row."""
        w, kind = self.writer, self.kind(i)
        vector = "poison"
        for lane, row in enumerate(pointers):
            element = w.line(f"load {kind}, ptr {w.offset(row, field * self.size(i))}")
            vector = w.line(
                f"insertelement <{self.width} x {kind}> {vector}, {kind} {element}, i64 {lane}"
            )
        return vector

    def store_square(self, record: _Record, start: int, columns: Sequence[str]) -> None:
        kind, size = self.kind(record.value), self.size(record.value)
        vectors = self.transposed(columns, kind)
        for row, vector in zip(self.rows(record, start), vectors, strict=True):
            self.writer.do(f"store <{self.width} x {kind}> {vector}, ptr {row}, align {size}")

    def prefetch(self, record: _Record, ahead: int, *, write: bool) -> None:
        """Have records that are so many vectors further brought into the cache: one transposition
        goes to and fro, and the processor does not see that memory is gone through in order."""
        w, name = self.writer, "llvm.prefetch.p0"
        w.declarations[name] = f"declare void @{name}(ptr, i32, i32, i32)"
        base, taken = self.pointer(record.value, record.origin), self.taken(record)
        for line in range(ahead * taken, (ahead + 1) * taken, _LINE):
            w.do(f"call void @{name}(ptr {w.offset(base, line)}, i32 {int(write)}, i32 3, i32 1)")

    def taken(self, record: _Record) -> int:
        """Bytes of all lanes' records."""
        return record.size * self.width * self.size(record.value)

    def transposed(self, rows: Sequence[str], kind: str) -> list[str]:
        """A square of vectors with rows and columns exchanged."""
        vectors, width = list(rows), self.width
        half = width // 2
        while half:
            low = [k if not k & half else width + k - half for k in range(width)]
            high = [k + half if not k & half else width + k for k in range(width)]
            for a in (k for k in range(width) if not k & half):
                x, y = vectors[a], vectors[a + half]
                vectors[a] = self.shuffled(x, y, width, kind, low)
                vectors[a + half] = self.shuffled(x, y, width, kind, high)
            half //= 2
        return vectors


def load_records(
    elements: Elements, wanted: Mapping[_KeyT, RecordAccess], width: int
) -> dict[_KeyT, str]:
    """A vector for each access, by its key."""
    memory, keys, accesses = _Vectors(elements, width), list(wanted), list(wanted.values())
    found: dict[_KeyT, str] = {}
    for record, members in _by_record(accesses).items():
        fields = sorted({_field(accesses[k])[1] for k in members})
        if len(fields) < 2 or not memory.is_inside(record):
            continue
        vectors: dict[int, str] = {}
        if record.size < width:
            vectors = memory.load_short(record, fields)
        else:
            memory.prefetch(record, _AHEAD, write=False)
            for start, inside in memory.squares(record.size, fields).items():
                if len(inside) > 2:
                    square = memory.load_square(record, start)
                    vectors.update({field: square[field - start] for field in inside})
        for k in members:
            field = _field(accesses[k])[1]
            if field in vectors:
                found[keys[k]] = vectors[field]
    for key, access in wanted.items():
        vector = found[key] if key in found else memory.load(access)
        if elements.tape.instrs[access.value].dtype == BOOL:
            vector = elements.writer.line(f"icmp ne <{width} x i8> {vector}, zeroinitializer")
        found[key] = vector
    return found


def load_scattered(
    elements: Elements, wanted: Mapping[_KeyT, Scattered], width: int
) -> dict[_KeyT, str]:
    """A vector for each element of rows that were looked up, by its key."""
    memory = _Vectors(elements, width)
    groups: dict[tuple[int, str, int], dict[int, list[_KeyT]]] = {}
    for key, (value, rows, size, field) in wanted.items():
        groups.setdefault((value, rows, size), {}).setdefault(field, []).append(key)
    found: dict[_KeyT, str] = {}
    for (i, rows, size), keys in groups.items():
        pointers = memory.row_pointers(i, rows)
        vectors: dict[int, str] = {}
        for start, fields in memory.squares(size, sorted(keys)).items() if size >= width else ():
            if len(fields) > 2:
                w, offset = elements.writer, start * memory.size(i)
                columns = memory.load_columns(i, [w.offset(row, offset) for row in pointers])
                vectors.update({field: columns[field - start] for field in fields})
        for field, same in keys.items():
            vector = vectors[field] if field in vectors else memory.pick(i, pointers, field)
            if elements.tape.instrs[i].dtype == BOOL:
                vector = elements.writer.line(f"icmp ne <{width} x i8> {vector}, zeroinitializer")
            found.update(dict.fromkeys(same, vector))
    return found


def store_records(
    elements: Elements, stores: Sequence[tuple[RecordAccess, str]], width: int
) -> None:
    """Store vectors: records of which all fields are there as a whole."""
    memory = _Vectors(elements, width)
    accesses = [access for access, _ in stores]
    vectors = [_in_memory(elements, access, vector, width) for access, vector in stores]
    done: set[int] = set()
    for record, members in _by_record(accesses).items():
        fields = {_field(accesses[k])[1]: vectors[k] for k in members}
        if len(fields) < record.size or not memory.is_inside(record):
            continue
        columns = [fields[field] for field in range(record.size)]
        if record.size < width:
            memory.store_short(record, columns)
        else:
            if memory.taken(record) > _PAGE:
                memory.prefetch(record, 1, write=True)
            for start in memory.squares(record.size, range(record.size)):
                memory.store_square(record, start, columns[start : start + width])
        done.update(members)
    for k, access in enumerate(accesses):
        if k not in done:
            memory.store(access, vectors[k])


def _in_memory(elements: Elements, access: RecordAccess, vector: str, width: int) -> str:
    """A vector as it is stored: conditions are bytes."""
    if elements.tape.instrs[access.value].dtype != BOOL:
        return vector
    return elements.writer.line(f"zext <{width} x i1> {vector} to <{width} x i8>")
