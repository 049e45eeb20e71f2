"""Reads -> rows of a table, and the C function that compares them with what is there now.

Most of what a function reads is a pointer at a fixed place: what a cell holds, the code of a
function, where the items of a list stand. Those are compared where they lie. Names in dicts and
attributes are asked of CPython. What is expected at an address must be kept alive, so that no
other object comes to be there.
"""

from __future__ import annotations

import ctypes
from collections.abc import Callable, Iterator
from functools import lru_cache
from types import CellType, FunctionType, ModuleType
from typing import Any

import numpy as np

from jitad.codegen.routine import Routine, Scalar, Variable, routine
from jitad.frontend.roads import (
    ABSENT,
    Read,
    attribute_of,
    contents_of,
    item_of,
    items_of,
    layout_of,
    numbers_of,
)
from jitad.runtime.cpython import DATA, DIMENSIONS, DTYPE, HEADER, RANK, none, python

Row = tuple[int, int, int, int, Any]
"""A kind, an address, two numbers more, and what is expected: a number, or an array for bytes."""

WORD, HALF, BLOCK, ITEM, ENTRIES, ATTRIBUTE, NOTHING, NEVER = range(8)
"""Kinds of rows. At the address stand 8 bytes; 4 bytes; where to find so many bytes, the second
number, the first one further on. The dict there has that item by a name; those entries, so many.
The object there has that attribute. Nothing is looked at; nothing would be as expected."""

FIELDS = 5

_STRIDES = DIMENSIONS + 8
_SIZE, _ITEMS = HEADER, HEADER + 8
"""Of a list."""

_USED, _MASK, _TABLE = HEADER + 8, HEADER + 16, HEADER + 24
"""Of a set: how many items it has, the last place of its table, and where that is."""

_TYPE, _MANAGED, _IS_MANAGED = HEADER - 8, -24, 1 << 4
"""Of an object: its class; its dict, where it stands before it, which a flag of the class says."""

_TAG = 384
"""Of a class: a number that no class has had that held anything else."""


# -- the function ----------------------------------------------------------------------------------


def watching() -> str:
    """The function that looks at a table."""
    return f"declare i32 @memcmp(ptr, ptr, i64)\n{routine(first_changed)}"


def first_changed(r: Routine, this: Scalar, nothing: Scalar) -> None:
    """The first row of a table that is not as it was, None where all are.

    The memory of `this` has the table: how many rows, then the rows.
    """
    memory = r.load(this + DATA)
    with r.each(memory[0]) as k:
        row = memory + k * (8 * FIELDS) + 8
        kind, place, one, two, wanted = (row[field] for field in range(FIELDS))
        found = r.variable(wanted)
        with r.when(kind.equals(WORD)):
            found.now = place[0]
        with r.when(kind.equals(ITEM)):
            found.now = r.call(python("PyDict_GetItemWithError"), place, one)
            _without_error(r, found)
        with r.when(kind.equals(HALF)):
            found.now = r.load(place, "i32").word()
        with r.when(kind.equals(BLOCK)):
            ends = (place[0] + one).pointer(), wanted.pointer()
            differ = r.call("@memcmp", *ends, two, kind="i32").word()
            found.now = r.choose(differ.equals(0), wanted, 0)
        with r.when(kind.equals(ENTRIES)):
            _compare_entries(r, place, one, wanted, found)
        with r.when(kind.equals(ATTRIBUTE)):
            _ask_attribute(r, place, one, found)
        with r.when(kind.equals(NEVER) | found.now.differs(wanted)):
            r.leave(r.call(python("PyLong_FromLongLong"), k, kind="ptr"))
    r.call(python("Py_IncRef"), none(), kind="void")
    r.leave(none())


def _without_error(r: Routine, found: Variable) -> None:
    """Have nothing found be something else where that is because of an error."""
    with r.when(found.now.equals(0)):
        error = r.call(python("PyErr_Occurred"))
        with r.when(error.differs(0)):
            r.call(python("PyErr_Clear"), kind="void")
            found.now = -1


def _compare_entries(r: Routine, x: Scalar, count: Scalar, wanted: Scalar, found: Variable) -> None:
    at, key, value = places = [r.room(8) for _ in range(3)]
    at[0] = 0
    with r.each() as k:
        goes_on = r.call(python("PyDict_Next"), x, *places, kind="i32").word()
        with r.when(goes_on.equals(0)):
            found.now = r.choose(k.equals(count), wanted, 0)
            r.stop()
        with r.when(k >= count):
            found.now = 0
            r.stop()
        pair = wanted + k * 16
        with r.when(key[0].differs(pair[0]) | value[0].differs(pair[1])):
            found.now = 0
            r.stop()


_GET = "PyObject_GetOptionalAttr"  # from 3.13 on, before that under another name
_GET = _GET if hasattr(ctypes.pythonapi, _GET) else "_PyObject_LookupAttr"


def _ask_attribute(r: Routine, x: Scalar, name: Scalar, found: Variable) -> None:
    answer = r.room(8)
    given = r.call(python(_GET), x, name, answer, kind="i32").word()
    found.now = answer[0]
    with r.when(found.now.differs(0)):
        r.call(python("Py_DecRef"), found.now, kind="void")
    with r.when(given < 0):
        r.call(python("PyErr_Clear"), kind="void")
        found.now = -1


# -- rows ------------------------------------------------------------------------------------------


def rows_of(read: Read) -> list[Row]:
    """How C looks at what was read; no rows where that is left to Python."""
    found = _ROWS.get(read.of)
    return [] if found is None else list(found(read.x, read.name, read.content))


def _cell(x: CellType, name: Any, content: Any) -> Iterator[Row]:
    yield WORD, id(x) + HEADER, 0, 0, _address(content)


def _item(x: Any, name: Any, content: Any) -> Iterator[Row]:
    if type(x) is dict:
        yield ITEM, id(x), id(name), 0, _address(content)
    elif type(x) is list and type(name) is int and content is not ABSENT:
        yield WORD, id(x) + _SIZE, 0, 0, len(x)
        yield BLOCK, id(x) + _ITEMS, 8 * (name % len(x)), 8, _addresses([content])
    elif isinstance(x, np.ndarray) and isinstance(content, np.generic) and x.dtype != object:
        place = x[(*name, ...) if isinstance(name, tuple) else (name, ...)]
        offset = place.ctypes.data - x.ctypes.data
        yield BLOCK, id(x) + DATA, offset, place.nbytes, _bytes(place.tobytes())


def _items(x: Any, name: Any, content: Any) -> Iterator[Row]:
    if type(x) is list:
        yield WORD, id(x) + _SIZE, 0, 0, len(content)
        if content:
            yield BLOCK, id(x) + _ITEMS, 0, 8 * len(content), _addresses(content)
    elif type(x) is dict:
        count = len(content) // 2
        pairs = np.stack([_addresses(content[:count]), _addresses(content[count:])], axis=1)
        yield ENTRIES, id(x), count, 0, pairs
    elif type(x) is set:
        last = _word(id(x) + _MASK)
        table = ctypes.string_at(_word(id(x) + _TABLE), 16 * (last + 1))
        yield WORD, id(x) + _USED, 0, 0, len(content)
        yield WORD, id(x) + _MASK, 0, 0, last
        yield BLOCK, id(x) + _TABLE, 0, len(table), _bytes(table)


def _layout(x: np.ndarray, name: Any, content: Any) -> Iterator[Row]:
    yield HALF, id(x) + RANK, 0, 0, x.ndim
    yield WORD, id(x) + DTYPE, 0, 0, id(x.dtype)
    for place, numbers in ((DIMENSIONS, x.shape), (_STRIDES, x.strides)):
        if numbers:
            yield BLOCK, id(x) + place, 0, 8 * x.ndim, np.array(numbers, np.int64)


def _numbers(x: np.ndarray, name: Any, content: Any) -> Iterator[Row]:
    if x.size and x.flags.forc:
        yield BLOCK, id(x) + DATA, 0, x.nbytes, _bytes(x.tobytes("A"))


def _attribute(x: Any, name: str, content: Any) -> Iterator[Row]:
    kind, place = type(x), _slot(x, name)
    stands = 0 if place is None else _word(place)
    if place is not None and stands in (id(content), 0 if content is None else id(content)):
        yield WORD, place, 0, 0, stands
    elif not isinstance(x, type):
        if _is_plain(kind, object) or _is_plain(kind, ModuleType):
            yield ATTRIBUTE, id(x), id(name), 0, _address(content)
    elif _is_plain(kind, type) and not _is_own(kind, name):
        tags = [_half(id(each) + _TAG) for each in (x, kind)]
        if _has_tags() and all(tags):
            for each, tag in zip((x, kind), tags, strict=True):
                yield HALF, id(each) + _TAG, 0, 0, tag


_ROWS: dict[Any, Callable[..., Iterator[Row]]] = {
    contents_of: _cell,
    item_of: _item,
    items_of: _items,
    layout_of: _layout,
    numbers_of: _numbers,
    attribute_of: _attribute,
}


def _is_plain(kind: type, base: type) -> bool:
    """Whether attributes are looked up as those of instances of `base` are."""
    own: Any = kind.__getattribute__
    return own is base.__getattribute__ and not hasattr(kind, "__getattr__")


def _is_own(kind: type, name: str) -> bool:
    """Whether classes of this class have an attribute that does not stand where members do."""
    found = next((vars(base)[name] for base in kind.__mro__ if name in vars(base)), None)
    return hasattr(type(found), "__set__")


def _slot(x: Any, name: str) -> int | None:
    """Where the pointer to an attribute most likely stands."""
    kind = type(x)
    if name == "__class__":
        return id(x) + _TYPE
    if name == "__dict__" and kind.__flags__ & _IS_MANAGED:
        return id(x) + _MANAGED
    if name == "__dict__" and kind.__dictoffset__ > 0 and not isinstance(x, type):
        return id(x) + kind.__dictoffset__
    return id(x) + _slots()[name] if kind is FunctionType and name in _slots() else None


@lru_cache(maxsize=1)
def _slots() -> dict[str, int]:
    """Where functions keep what can be set."""

    def sample(x: Any = None, *, key: Any = None) -> None:
        """With defaults."""

    names = "__code__", "__defaults__", "__kwdefaults__"
    places = range(HEADER, FunctionType.__basicsize__, 8)
    found = {_word(id(sample) + place): place for place in places}
    return {name: found[id(getattr(sample, name))] for name in names}


@lru_cache(maxsize=1)
def _has_tags() -> bool:
    """Whether a class has, where we look for it, a number that changes with what it holds."""

    class Sample:
        x = 1

    tags = [Sample.x and _half(id(Sample) + _TAG)]
    for number in (2, 3):
        Sample.x = number
        tags += [_half(id(Sample) + _TAG), Sample.x and _half(id(Sample) + _TAG)]
    return tags[1] == tags[3] == 0 and len({0, *tags}) == 4


def _address(x: Any) -> int:
    return 0 if x is ABSENT else id(x)


def _addresses(items: Any) -> np.ndarray:
    return np.array([*map(id, items)], np.int64)


def _bytes(x: bytes) -> np.ndarray:
    return np.frombuffer(x, np.uint8)


def _word(address: int) -> int:
    return ctypes.c_int64.from_address(address).value


def _half(address: int) -> int:
    return ctypes.c_int32.from_address(address).value
