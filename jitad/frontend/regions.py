"""Sides of branches and turns of loops, while they are recorded: what there is around that they
change, and what they must not ask.

A region has a tape of its own, and runs for more than one value. So it must not ask for a number;
and an array from around it has its elements on the region's tape from the first write on, until
the region ends: then the array is what it was, and the control op says what becomes of it. So is
a container, or an object, whose parts are others in the region.
"""

from __future__ import annotations

from typing import Any

from jitad.frontend.active import innermost_trace
from jitad.frontend.parts import Parts, is_copied, is_copy, is_new, parts, refill
from jitad.frontend.storage import Storage
from jitad.ir.builder import Builder
from jitad.ir.errors import SourceLine
from jitad.ir.raised import Raised
from jitad.ir.value import Value


class Unrecorded(BaseException):  # no Exception: no handler of the user's is to take it
    """A region cannot be recorded so, at that line; whoever records it goes another way."""

    line: SourceLine | None = None


class NeedsNumber(Unrecorded):
    """Python has asked a value for its number where that may differ: in a branch or a loop."""


class FirstTurn(NeedsNumber):
    """The first turn of a loop leaves something that is made otherwise than what was before it."""


class Again(Unrecorded):
    """The carries are of other types than the turn was recorded with."""


class NotCarried(Unrecorded):
    """A turn of a loop changes an array, or a container, of which the loop does not know yet.

    A list may grow alone; `rows` says that it is asked for items at traced places, or for its
    length; `parts` that a container, or an object, has other parts.
    """

    def __init__(self, changed: Any, *, rows: bool = False, parts: bool = False) -> None:
        super().__init__()
        self.changed = changed
        self.rows = rows
        self.parts = parts


class Changed(Unrecorded):
    """What has a copy, or is one, is changed: the trace is to be made without."""

    def __init__(self) -> None:
        super().__init__("an object is changed that is perhaps another one's, too")


def check_alone(x: Any) -> None:
    """Refuse to change what has a copy, or is one: the other one would have to change with it."""
    if is_copy(x) or is_copied(x):
        builder = innermost_trace()
        if builder is not None and builder.region is not None:
            raise NeedsNumber(str(Changed()))
        raise Changed


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
        self._held: dict[int, tuple[Any, Parts, int]] = {}
        self._changed: set[int] = set()
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

    # -- containers and objects --------------------------------------------------------------------

    def grow(self, x: list[Any]) -> None:
        """A list is about to grow."""
        if is_new(x) or id(x) in self._held:
            return
        if self.is_turn:
            raise NotCarried(x)
        self.hold(x)

    def change(self, x: Any) -> None:
        """A container, or an object, is about to have other parts."""
        if is_new(x) or id(x) in self._changed:
            return
        if self.is_turn:
            raise NotCarried(x, parts=True)
        self.hold(x)
        self._changed.add(id(x))

    def hold(self, x: Any, found: Parts | None = None, *, changed: bool = False) -> None:
        """Have a container, or an object, from around consist of these parts in the region."""
        if id(x) not in self._held:
            before = parts(x)
            assert before is not None
            self._held[id(x)] = x, before, len((found or before).items)
        if found is not None:
            refill(x, found)
        if changed:
            self._changed.add(id(x))

    def grown(self) -> list[tuple[list[Any], list[Any]]]:
        """The lists from around that have grown alone, and the items that have been added."""
        held = (found for k, found in self._held.items() if k not in self._changed)
        return [(x, x[count:]) for x, _, count in held]

    def parts_before(self, x: Any) -> Parts | None:
        """What something from around consisted of before the region, where it has changed."""
        return self._held[id(x)][1] if id(x) in self._held else None

    def changed(self) -> list[tuple[Any, Parts]]:
        """The containers and objects that have other parts, and what these were before."""
        return [(x, before) for k, (x, before, _) in self._held.items() if k in self._changed]

    def release(self) -> None:
        """Make all arrays, containers and objects what they were before."""
        for storage, state in reversed(self._before):
            storage.restore(state)
        for x, before, _ in self._held.values():
            refill(x, before)
