"""Sides of branches and turns of loops, while they are recorded: arrays from around that they
write to, and what they must not ask.

A region has a tape of its own, and runs for more than one value. So it must not ask for a number;
and an array from around it has its elements on the region's tape from the first write on, until
the region ends: then the array is what it was, and the control op says what becomes of it.
"""

from __future__ import annotations

from typing import Any

from jitad.frontend.storage import Storage
from jitad.ir.builder import Builder
from jitad.ir.value import Value


class Unrecorded(BaseException):  # no Exception: no handler of the user's is to take it
    """A region cannot be recorded so; whoever records it goes another way."""


class NeedsNumber(Unrecorded):
    """Python has asked a value for its number where that may differ: in a branch or a loop."""


class NotCarried(Unrecorded):
    """A turn of a loop writes to an array that the loop does not carry yet."""

    def __init__(self, storage: Storage) -> None:
        super().__init__()
        self.storage = storage


class Region:
    """A side of a branch, which takes any array; or a turn, which takes those that it carries."""

    def __init__(self, builder: Builder, *, is_turn: bool = False) -> None:
        self.builder = builder
        self.is_turn = is_turn
        self._before: list[tuple[Storage, Any]] = []
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

    def release(self) -> None:
        """Make all arrays what they were before."""
        for storage, state in reversed(self._before):
            storage.restore(state)
