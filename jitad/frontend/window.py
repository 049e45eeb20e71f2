"""A view at a traced place: it has no elements of its own, but reads and writes those it shows."""

from __future__ import annotations

from typing import Any

import numpy as np

from jitad.frontend.storage import SET, Places, Storage
from jitad.ir.builder import Builder
from jitad.ir.value import Value


class Window(Storage):
    """What `array[index]` shows, as the memory behind an array that shares elements with another.

    It is read anew whenever the other has changed, and what is written to it goes there at once.
    """

    __slots__ = ("_seen", "array", "index")

    def __init__(self, array: Any, index: Any, found: Value) -> None:
        self.array = array
        self.index = index
        self._order = None
        whole = array.freeze()
        self._seen: Any = (whole.builder, whole.index, whole.builder.recording), found
        self.shape, self.dtype = found.shape, found.dtype

    @property
    def root(self) -> Storage:
        """The memory that elements are in."""
        return self.array.storage.root

    @property
    def builder(self) -> Builder:  # type: ignore[override]  # derived here
        """The tape that the elements are on."""
        return self.root.builder

    def contents(self) -> Value:
        """The elements as they are now."""
        whole, recording = self.array.freeze(), self.builder.recording
        key = whole.builder, whole.index, recording
        if self._seen[0] == key:
            return self._seen[1]
        found = whole[self.index]
        self._seen = key, found
        return found

    def _copy(self) -> Storage:
        return Storage(self.builder.recording, self.contents())

    def _put(self, copy: Storage) -> None:
        self.array[self.index] = copy.contents()

    def is_plain(self, places: Places | None) -> bool:
        return False

    def plain(self, places: Places) -> np.ndarray | None:
        return None

    def element(self, place: int) -> Any:
        return self._copy().element(place)

    def read(self, places: Places) -> Value:
        return self._copy().read(places)

    def gather(self, places: Value) -> Value:
        return self._copy().gather(places)

    def write(self, places: Places, contents: Value | np.ndarray) -> None:
        copy = self._copy()
        copy.write(places, contents)
        self._put(copy)

    def scatter(self, places: Value, new: Value, op: Any = SET) -> None:
        copy = self._copy()
        copy.scatter(places, new, op)
        self._put(copy)
