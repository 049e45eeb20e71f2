"""What a function read from outside of itself when it was traced, and whether that is still so.

A trace holds what the function's closure cells, globals, default arguments and the attributes of
its objects were when it was made (jitad/runtime/reach.py finds them). Where one has been bound to
another object since, or a container holds other items, the function is traced again. What arrays
hold is no matter where traced values meet them: they are inputs by reference. An array whose
numbers the function asked for by itself is compared.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import is_
from types import CellType, MappingProxyType
from typing import Any

import numpy as np

from jitad.frontend.reads import ABSENT, Read

_NUMBERS = (bool, int, float, complex, str, bytes, type(None))

Layout = tuple[Any, ...]
"""The shape, strides and dtype of an array."""


class Surroundings:
    """What a function saw outside of itself when it was traced.

    Attributes:
        cells: closure cells and what they held.
        names: tables of names, a name, and what it was bound to.
        attributes: objects (modules and classes too), a name, and what `getattr` gave.
        asked: what the trace has asked for that no name in the code says.
        contents: containers and what `items` gave.
        arrays: arrays and how they lay in memory.
        numbers: arrays that the function asked for numbers, and their bytes.
        has_data: whether there are any of the last three.
    """

    def __init__(self) -> None:
        self.cells: list[tuple[CellType, Any]] = []
        self.names: list[tuple[dict[str, Any], str, Any]] = []
        self.attributes: list[tuple[Any, str, Any]] = []
        self.asked: list[Read] = []
        self.contents: list[tuple[Any, list[Any]]] = []
        self.arrays: list[tuple[np.ndarray, Layout]] = []
        self.numbers: list[tuple[np.ndarray, bytes]] = []
        self.has_data = True

    def _parts(self) -> tuple[list[Any], ...]:
        return (
            self.cells,
            self.names,
            self.attributes,
            self.asked,
            self.contents,
            self.arrays,
            self.numbers,
        )

    def __bool__(self) -> bool:
        return any(self._parts())

    def is_more_than_code(self) -> bool:
        """Whether there is more than the code of a single function."""
        return sum(map(len, self._parts())) > 1 or self.attributes[:1] == []

    def watched(self) -> list[set[tuple[Any, ...]]]:
        """What is looked at, whatever it was: what is watched under a name is told by that too."""
        return [{(id(entry[0]), *entry[1:-1]) for entry in entries} for entries in self._parts()]

    def hold(self) -> bool:
        """Whether all of it is as it was: identity first, for this stands before every call."""
        try:
            for cell, seen in self.cells:
                if cell.cell_contents is not seen and not same_number(cell.cell_contents, seen):
                    return False
        except ValueError:  # a cell emptied by `del`
            return False
        for names, name, seen in self.names:
            if names.get(name, ABSENT) is not seen and not _same_name(names, name, seen):
                return False
        for x, name, seen in self.attributes:
            if getattr(x, name, ABSENT) is not seen and not _same_attribute(x, name, seen):
                return False
        if self.asked and not all(map(_same_read, self.asked)):
            return False
        return not self.has_data or self._data_hold()

    def _data_hold(self) -> bool:
        for container, seen in self.contents:
            if not same_contents(container, seen):
                return False
        for x, (shape, strides, dtype) in self.arrays:
            if x.shape != shape or x.strides != strides or x.dtype is not dtype:
                return False
        return not self.numbers or all(x.tobytes() == seen for x, seen in self.numbers)

    def left_alone(self) -> Surroundings | None:
        """The part that still is as it was; None where there is no such part.

        What a function changes while it is traced (a counter, a list that it writes to) is its
        result rather than what it depends on.
        """
        rest = Surroundings()
        rest.cells = [entry for entry in self.cells if _same_cell(*entry)]
        rest.names = [entry for entry in self.names if _same_name(*entry)]
        rest.attributes = [entry for entry in self.attributes if _same_attribute(*entry)]
        rest.asked = list(filter(_same_read, self.asked))
        rest.contents = [entry for entry in self.contents if same_contents(*entry)]
        rest.arrays = [(x, seen) for x, seen in self.arrays if layout(x) == seen]
        rest.numbers = [(x, seen) for x, seen in self.numbers if x.tobytes() == seen]
        rest.has_data = bool(rest.contents or rest.arrays or rest.numbers)
        return rest if rest else None


def layout(x: np.ndarray) -> Layout:
    """How an array lies in memory."""
    return x.shape, x.strides, x.dtype


def items(x: Any) -> list[Any]:
    """What a container holds, in its order: of a dict the keys, then the values."""
    return [*x, *x.values()] if isinstance(x, (dict, MappingProxyType)) else list(x)


def _same_cell(cell: CellType, seen: Any) -> bool:
    try:
        now = cell.cell_contents
    except ValueError:  # emptied by `del`
        return False
    return now is seen or same_number(now, seen)


def _same_name(names: dict[str, Any], name: str, seen: Any) -> bool:
    now = names.get(name, ABSENT)
    return now is seen or same_number(now, seen)


def _same_attribute(x: Any, name: str, seen: Any) -> bool:
    now = getattr(x, name, ABSENT)
    return now is seen or same_number(now, seen)


def _same_read(read: Read) -> bool:
    now = read.of(read.x, read.name)
    return now is read.content or same_number(now, read.content)


def same_number(now: Any, seen: Any) -> bool:
    """Whether a number or text has been bound again to the same."""
    return type(now) is type(seen) and isinstance(now, _NUMBERS) and repr(now) == repr(seen)


def same_contents(x: Any, seen: Sequence[Any]) -> bool:
    """Whether a container holds what it held, `seen` by `items`."""
    try:
        now = items(x)
    except RuntimeError:  # another thread changes it
        return False
    if len(now) != len(seen):
        return False
    if all(map(is_, now, seen)):
        return True
    return all(a is b or same_number(a, b) for a, b in zip(now, seen, strict=True))
