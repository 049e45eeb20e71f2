"""Sides of branches and turns of loops, while they are recorded: arrays and lists from around that
they change, and what they must not ask.

A region has a tape of its own, and runs for more than one value. So it must not ask for a number;
and an array from around it has its elements on the region's tape from the first write on, until
the region ends: then the array is what it was, and the control op says what becomes of it. A list
from around grows in a region, and is what it was when the region ends.
"""

from __future__ import annotations

from typing import Any

from jitad.frontend.storage import Storage
from jitad.ir.builder import Builder
from jitad.ir.raised import Raised
from jitad.ir.value import Value


class Unrecorded(BaseException):  # no Exception: no handler of the user's is to take it
    """A region cannot be recorded so; whoever records it goes another way."""


class NeedsNumber(Unrecorded):
    """Python has asked a value for its number where that may differ: in a branch or a loop."""


class Again(Unrecorded):
    """The carries are of other types than the turn was recorded with."""


class NotCarried(Unrecorded):
    """A turn of a loop changes an array, or a list, of which the loop does not know yet.

    Of a list that grows `reads` says that its items are asked for, or replaced.
    """

    def __init__(self, changed: Storage | list[Any], *, reads: bool = False) -> None:
        super().__init__()
        self.changed = changed
        self.reads = reads


class Raises(Unrecorded):
    """The function raises at the values that it is traced at."""

    def __init__(self, what: Raised) -> None:
        super().__init__(what)
        self.what = what


class Raising:
    """All that is recorded now leads to an exception: nothing is to be known of values but what it
    says of them; `asked` where it says something."""

    def __init__(self) -> None:
        self.asked = False


class Region:
    """A side of a branch, which takes any array; or a turn, which takes those that it carries."""

    def __init__(self, builder: Builder, *, is_turn: bool = False) -> None:
        self.builder = builder
        self.is_turn = is_turn
        self._before: list[tuple[Storage, Any]] = []
        self._lists: dict[int, tuple[list[Any], list[Any], int]] = {}
        self._made: dict[int, Any] = {}
        self._replaced: dict[int, list[Any]] = {}
        builder.region = self

    @property
    def arrays(self) -> list[Storage]:
        """The arrays from around that are the region's own now."""
        return [storage for storage, _ in self._before]

    def take(self, storage: Storage, contents: Value) -> None:
        """Have the elements of an array on the region's tape, where they are `contents`."""
        self._before.append((storage, storage.state()))
        storage.begin(self.builder, contents)

    def adopt(self, storage: Storage) -> None:
        """The same of an array that is about to be written to."""
        if self.is_turn:
            raise NotCarried(storage)
        self.take(storage, storage.contents())

    # -- lists -------------------------------------------------------------------------------------

    def make(self, x: Any) -> Any:
        """A list or a dict that is made in the region."""
        self._made[id(x)] = x
        return x

    def has_made(self, x: Any) -> bool:
        """Whether a list or a dict is one of those."""
        return id(x) in self._made

    def grow(self, x: list[Any]) -> None:
        """A list is about to grow."""
        if id(x) in self._made or id(x) in self._lists:
            return
        if self.is_turn:
            raise NotCarried(x)
        self.hold(x, x)

    def replace(self, x: list[Any]) -> None:
        """Items of a list are about to be replaced."""
        if id(x) in self._made:
            return
        if self.is_turn:
            raise NotCarried(x, reads=True)
        self.grow(x)
        self._replaced[id(x)] = x

    def hold(self, x: list[Any], items: list[Any]) -> None:
        """Have a list from around with these items in the region."""
        self._lists[id(x)] = x, x[:], len(items)
        x[:] = items

    def grown(self) -> list[tuple[list[Any], list[Any]]]:
        """The lists from around that have grown alone, and the items that have been added."""
        lists = (found for k, found in self._lists.items() if k not in self._replaced)
        return [(x, x[count:]) for x, _, count in lists]

    def replaced(self) -> list[list[Any]]:
        """Those that have other items."""
        return list(self._replaced.values())

    def release(self) -> None:
        """Make all arrays and lists what they were before."""
        for storage, state in reversed(self._before):
            storage.restore(state)
        for x, before, _ in self._lists.values():
            x[:] = before
