"""Memory without elements of its own: a view at a traced place, and one of several arrays.

Elements are read anew whenever the arrays that they belong to have changed, and what is written
goes there at once: aliasing is NumPy's.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from jitad.frontend.operands import innermost, lift
from jitad.frontend.storage import Places, Storage
from jitad.ir.builder import Builder
from jitad.ir.value import Value
from jitad.ops import elementwise as ew
from jitad.ops import structural as st


class Shown(Storage):
    """The memory behind an array that shares elements with the `arrays`."""

    __slots__ = ("_seen", "arrays")

    def __init__(self, arrays: Sequence[Any]) -> None:
        self.arrays = tuple(arrays)
        self._order = None
        self._seen: tuple[Any, Value] | None = None
        found = self.contents()
        self.shape, self.dtype = found.shape, found.dtype

    @property
    def roots(self) -> tuple[Storage, ...]:
        """The memories that elements are in."""
        return tuple(dict.fromkeys(root for x in self.arrays for root in x.storage.roots))

    @property
    def builder(self) -> Builder:  # type: ignore[override]  # derived here
        """The tape that the elements are on."""
        return max((x.builder for x in self.arrays), key=lambda builder: builder.level)

    def contents(self) -> Value:
        """The elements as they are now."""
        now = [x.freeze() for x in self.arrays]
        key = self.builder.recording, [(x.builder, x.index) for x in now]
        if self._seen is not None and self._seen[0] == key:
            return self._seen[1]
        found = self._shown(now)
        self._seen = key, found
        return found

    def _shown(self, now: list[Value]) -> Value:
        """What is shown of the arrays, whose elements are these."""
        raise NotImplementedError

    def _put(self, new: Value) -> None:
        """Have other elements shown."""
        raise NotImplementedError

    def _copy(self) -> Storage:
        return Storage(self.builder.recording, self.contents())

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
        self._put(copy.contents())

    def scatter(self, places: Value, new: Value, op: Any = st.scatter_set) -> None:
        copy = self._copy()
        copy.scatter(places, new, op)
        self._put(copy.contents())


class Window(Shown):
    """What `array[index]` shows."""

    __slots__ = ("index",)

    def __init__(self, array: Any, index: Any) -> None:
        self.index = index
        super().__init__([array])

    def _shown(self, now: list[Value]) -> Value:
        return now[0][self.index]

    def _put(self, new: Value) -> None:
        self.arrays[0][self.index] = new


class Either(Shown):
    """The one of the arrays, all of one shape and dtype, that a traced number says."""

    __slots__ = ("number",)

    def __init__(self, number: Value, arrays: Sequence[Any]) -> None:
        self.number = number
        super().__init__(arrays)

    @property
    def builder(self) -> Builder:  # type: ignore[override]  # derived here
        """The tape that the elements are on."""
        return max(super().builder, self.number.builder, key=lambda builder: builder.level)

    def _is(self, k: int, x: Value) -> Value:
        number = lift(innermost((x, self.number)).recording, self.number)
        return st.broadcast(ew.eq(number, k), shape=x.shape)

    def _shown(self, now: list[Value]) -> Value:
        found: Any = now[0]
        for k, x in enumerate(now[1:], start=1):
            found = np.where(self._is(k, x), x, found)
        return found

    def _put(self, new: Value) -> None:
        for k, x in enumerate(self.arrays):
            x[...] = np.where(self._is(k, new), new, x.freeze())
