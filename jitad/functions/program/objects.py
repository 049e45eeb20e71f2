"""Objects that a function makes: their numbers are variables, which branches and loops carry.

An attribute of such an object that is set in a branch or a turn of a loop, and holds a number, is
a storage of one element: the control op carries it as it carries an array. The attribute itself
always is what it is at that point, so that whoever reads it needs to know nothing of this.
"""

from __future__ import annotations

import abc
from types import MethodType, SimpleNamespace
from typing import TYPE_CHECKING, Any

import numpy as np

from jitad.frontend.active import innermost_memo, memos
from jitad.frontend.operands import as_dtype, lift
from jitad.frontend.regions import NeedsNumber
from jitad.frontend.storage import Storage
from jitad.frontend.traceable import is_users
from jitad.functions.control.blocks import as_weak
from jitad.functions.program.data import Kind, current, fitted, is_data, kind, wider
from jitad.ir.builder import Builder

if TYPE_CHECKING:
    from jitad.functions.program.executor import Frame


class Field(Storage):
    """The number that an attribute of an object holds; `home` is the tape the object is made on."""

    def __init__(self, x: Any, name: str, home: Builder, kind: Kind) -> None:
        self.x, self.name, self.home, self.kind = x, name, home, kind
        with home.resumed():
            super().__init__(home, as_dtype(lift(home, getattr(x, name)), kind.dtype))

    def restore(self, state: Any) -> None:
        """Hold what it held before; the attribute says so."""
        super().restore(state)
        assert self.base is not None
        setattr(self.x, self.name, as_weak(self.base, self.kind.weak))

    def set(self, value: Any) -> None:
        """Hold another number, on the tape that records."""
        if self.builder is not current():
            current().region.adopt(self)
        self.become(fitted(value, self.kind))


class _Made:
    """The objects that a trace has made, with their tapes, and their numbers that are carried."""

    def __init__(self) -> None:
        self.objects: dict[int, tuple[Any, Builder]] = {}
        self.fields: dict[tuple[int, str], Field] = {}

    def forget(self) -> None:
        """Let them go."""
        self.objects, self.fields = {}, {}


def note_made(x: Any) -> None:
    """The function has made an object."""
    innermost_memo().setdefault(_Made, _Made()).objects[id(x)] = (x, current())


def _made_with(x: Any) -> _Made | None:
    """What the trace has made that has made x; None where x is from outside of all."""
    found = (memo[_Made] for memo in memos() if _Made in memo)
    return next((made for made in found if id(x) in made.objects), None)


def is_plain_class(f: Any) -> bool:
    """Whether f makes objects whose attributes are all that there is to them."""
    if type(f) not in (type, abc.ABCMeta) or f.__new__ is not object.__new__:
        return f is SimpleNamespace
    return is_users(f.__init__)


def construct(frame: Frame, f: Any, args: Any, kwargs: dict[str, Any]) -> Any:
    """f(*args, **kwargs) of a plain class, whose `__init__` is read."""
    if f is SimpleNamespace or f.__init__.__code__.co_filename == "<string>":
        x = f(*args, **kwargs)  # by dataclasses
        note_made(x)
        return x
    x = object.__new__(f)
    note_made(x)
    frame.call(MethodType(f.__init__, x), args, kwargs)
    return x


def set_attribute(frame: Frame, x: Any, name: str, value: Any) -> None:
    """x.name = value"""
    member = getattr(type(x), name, None)
    if type(member) is property and is_users(member.fset):
        frame.call(member.fset, (x, value), {})
        return
    made = _made_with(x)
    if made is None:
        frame.outside_of_regions(f"an attribute {name!r} is set")
        setattr(x, name, value)
        return
    key, home = (id(x), name), made.objects[id(x)][1]
    if home is current() or current().region is None:
        made.fields.pop(key, None)
        setattr(x, name, value)
        return
    field = made.fields.get(key)
    before = getattr(x, name, None)
    if not (_is_number(value) and _is_number(before)):
        raise NeedsNumber(f"an attribute {name!r} is set, which is no number")
    common = wider(kind(before) if field is None else field.kind, kind(value))
    if field is None or (field.kind != common and field.builder is home):
        field = made.fields[key] = Field(x, name, home, common)
    elif field.kind != common:
        raise NeedsNumber(f"an attribute {name!r} is set to a number of another type")
    field.set(value)


def _is_number(x: Any) -> bool:
    return is_data(x) and np.ndim(x) == 0 and not isinstance(x, (tuple, np.ndarray))
