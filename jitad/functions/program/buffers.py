"""What stands in lists in place of items of which nobody knows how many there are.

While a turn is recorded in which a list grows, that begins with an `Earlier`. A list whose length
depends on traced values has a `Buffer` as its only item. That does not change: another takes its
place, so that it flows through control ops leaf by leaf, as a tuple does.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from jitad.frontend.active import innermost_trace, is_copying, memos
from jitad.frontend.parts import home
from jitad.frontend.regions import Changed, NeedsNumber, Unrecorded
from jitad.ir.value import Value
from jitad.ops import structural as st


def refuse(*_: Any, **__: Any) -> Any:
    """Refuse to say anything of items of which nobody knows how many there are."""
    builder = innermost_trace()
    if builder is not None and builder.region is None:
        raise Changed  # the trace is made without buffers then
    raise NeedsNumber("a list is read in a loop in which it grows")


class Unasked:
    """What nobody may ask for anything."""

    __self__ = None  # of a method: of which holds_tracers asks
    __getattr__ = __array__ = __bool__ = __iter__ = __len__ = __repr__ = __format__ = refuse
    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __hash__ = __copy__ = refuse  # type: ignore[assignment]
    __add__ = __radd__ = __mul__ = __rmul__ = __float__ = __int__ = __index__ = refuse
    __reduce_ex__ = __deepcopy__ = refuse


class Buffer(Unasked):
    """So many items as `count` says, in arrays with room for `size`.

    Attributes:
        form: how an item is made of leaves; None where nobody knows yet.
        rows: the leaves of all items, each in one array.
        free: how many more there is room for, whatever the count is.
    """

    def __init__(self, form: Any, rows: list[Value], count: Value, size: int, free: int) -> None:
        self.form, self.rows, self.count = form, rows, count
        self.size, self.free = size, free


class Buffered(NamedTuple):
    """The form of a buffer, by that of an item."""

    form: Any
    size: int
    free: int


def common_size(a: Buffered, b: Buffered) -> tuple[int, int]:
    """The size that both fit, and for how many more there is room then."""
    size = max(a.size, b.size)
    return size, min(a.free + size - a.size, b.free + size - b.size)


def padded(x: Value, size: int) -> Value:
    """An array with room for so many items."""
    more = size - x.shape[0]
    if not more:
        return x
    room = x.builder.const(0, (more, *x.shape[1:]), x.dtype)
    return st.concatenate(x, room, axis=0) if x.shape[0] else room


class Earlier(Unasked):
    """In place of the items that a list has before a turn of a loop in which it grows: so many.

    Where the loop carries them they are in `array`, of which `carried` knows more.
    """

    def __init__(self, count: Any, array: Any = None, carried: Any = None) -> None:
        self.count = count
        self.array = array
        self.carried = carried


def has_earlier(x: Any) -> bool:
    """Whether a list grows in a turn that is being recorded."""
    return type(x) is list and len(x) > 0 and type(x[0]) is Earlier


def is_growing(x: Any) -> bool:
    """Whether nobody knows how many items a list has."""
    return type(x) is list and len(x) > 0 and type(x[0]) in (Earlier, Buffer)


def is_varying(x: Any) -> bool:
    """Whether a traced number says how many items a list has."""
    return type(x) is list and len(x) == 1 and type(x[0]) is Buffer


# -- how it turns out -----------------------------------------------------------------------------


class Varies(Unrecorded):
    """How long a list is, made further out, depends on traced values; `form` is that of an item."""

    def __init__(self, x: Any, form: Any = None) -> None:
        super().__init__()
        self.list, self.form = x, form


class Refused:
    """Lists that cannot be buffers."""

    def __init__(self) -> None:
        self.lists: dict[int, Any] = {}

    def forget(self) -> None:
        """Let them go."""
        self.lists = {}


def varies(x: Any, form: Any = None) -> Unrecorded:
    """What is to be raised where it turns out what a container has depends on traced values."""
    refused = any(Refused in memo and id(x) in memo[Refused].lists for memo in memos())
    if refused or not is_copying() or home(x) is None:
        return NeedsNumber("how long a list becomes depends on traced values")
    return Varies(x, form)
